/* Wrong books and, word for word, what is said about them (after the file's name). */
#ifndef BILLOW_BOOK_WRONG_H
#define BILLOW_BOOK_WRONG_H

#define HEAD "currency: USD\nproducts: [{name: P}]\n"
#define FROM "from: 2026-01-01T00:00:00Z, "
#define SKU(keys) HEAD "skus:\n  - sku: a\n    product: P\n    prices:\n      - {" FROM keys "}\n"
#define PRICE(keys) SKU("amount: \"5\", per_hours: 672, " keys)
#define METER HEAD "meters:\n  - meter: m\n    product: P\n"
#define METER_PRICE(keys) METER "    prices: [{" FROM keys "}]\n"
#define ALLOWANCE(meter, allowance)                                                                          \
    HEAD "meters: [{meter: m, product: P, " meter "prices: [{" FROM "model: unit, amount: 1}]}]\n"           \
         "skus:\n  - sku: a\n    product: P\n    prices:\n      - {" FROM                                    \
         "amount: \"5\", per_hours: 672, allowance: [" allowance "]}\n"
#define TAX(keys) HEAD "taxes:\n  - {" keys "}\n"

static const struct wrong_book {
    const char *yaml, *why;
} wrong_books[] = {
        {"", ": is empty; a price book has at least \"currency: USD\""},
        {"# nothing here\n", ": is empty; a price book has at least \"currency: USD\""},
        {"just a word\n", ":1: a price book is a map of keys, the first of them such as \"currency: USD\""},
        {"- currency: USD\n",
                ":1: a price book is a map of keys, the first of them such as \"currency: USD\""},
        {"currency: USD\n---\ncurrency: EUR\n", ":2: a second document begins; a price book is one document"},
        {"currency: [USD\n", ":2: this is not YAML: did not find expected ',' or ']'"},
        {"currency: USD\n  grace: 24h\n",
                ":2: this is not YAML: mapping values are not allowed in this context"},
        {"currency: USD\ngrace: \"24h\n", ":3: this is not YAML: found unexpected end of stream"},
        {"currency: \"a\\x00b\"\n", ":1: currency: has a zero character; take it out"},
        {"currency: &c USD\n",
                ":1: anchors (&name) are not allowed in a price book; write the value out where it is used"},
        {"currency: USD\ngrace: *g\n",
                ":2: aliases (*name) are not allowed in a price book; write the value out where it is used"},
        {"currency: !!str USD\n",
                ":1: tags (!name) are not allowed in a price book; every value is read as text"},
        {"products: &p []\ncurrency: USD\n",
                ":1: anchors (&name) are not allowed in a price book; write the value out where it is used"},
        {"currency: USD\n<<: {grace: 24h}\n", ":2: <<: unknown key; known here: currency, grace, sellers, "
                                              "regions, products, meters, skus, taxes"},
        {"currency: USD\ngrace: 24h\ncurrency: EUR\n",
                ":3: currency: given twice (first on line 1); keep one"},
        {"? [currency]\n: USD\n", ":1: a key must be a word, not a list or a map"},
        {"currency: [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]\n",
                ":1: nested more than 16 deep; a book needs 7"},
        {"grace: 24h\n", ":1: currency: missing; give it, such as currency: USD"},
        {"currency: USD\ncurency: EUR\n", ":2: curency: unknown key; did you mean currency?"},
        {"currency: USD\nfrobnicate: 1\n", ":2: frobnicate: unknown key; known here: currency, grace, "
                                           "sellers, regions, products, meters, skus, taxes"},
        {"currency: usd\n", ":1: currency: \"usd\" is not a currency's code (ISO 4217), such as USD"},
        {"currency: XXQ\n", ":1: currency: \"XXQ\" is not a currency's code (ISO 4217), such as USD"},
        {"currency:\n", ":1: currency: has no value; give one, such as currency: USD"},
        {"currency: {code: USD}\n", ":1: currency: must be one value, such as currency: USD"},
        {"currency: ~\n", ":1: currency: has no value; give one, such as currency: USD"},
        {"currency: USD\ngrace: 24\n",
                ":2: grace: \"24\" is not a number of d, h, m or s, such as grace: 24h"},
        {"currency: USD\ngrace: 1w\n",
                ":2: grace: \"1w\" is not a number of d, h, m or s, such as grace: 24h"},
        {"currency: USD\ngrace: h\n", ":2: grace: \"h\" is not a number of d, h, m or s, such as grace: 24h"},
        {"currency: USD\ngrace: -1h\n",
                ":2: grace: \"-1h\" is not a number of d, h, m or s, such as grace: 24h"},
        {"currency: USD\ngrace: 1.5h\n",
                ":2: grace: \"1.5h\" is not a number of d, h, m or s, such as grace: 24h"},
        {"currency: USD\ngrace: 367d\n", ":2: grace: \"367d\" is more than the 366 days that are allowed"},
        {"currency: USD\ngrace: 999999999999d\n",
                ":2: grace: \"999999999999d\" is more than the 366 days that are allowed"},
        {"currency: USD\nsellers: {name: X}\n",
                ":2: sellers: must be a list, such as sellers: [{name: Example Cloud Ltd}]"},
        {"currency: USD\nsellers: [{tax_id: X}]\n",
                ":2: sellers[0].name: missing; give it, such as name: Example Cloud Ltd"},
        {"currency: USD\nsellers: [{name: X}, {name: X}]\n",
                ":2: sellers[1].name: \"X\" is already used on line 2; give each its own name"},
        {"currency: USD\nsellers: [{name: X, adress: {city: Riga}}]\n",
                ":2: sellers[0].adress: unknown key; did you mean address?"},
        {"currency: USD\nsellers: [{name: X, address: {country: Latvia}}]\n",
                ":2: sellers[0].address.country: \"Latvia\" is not a country's two capital letters (ISO "
                "3166), such as country: LV"},
        {"currency: USD\nsellers: [{name: X, address: {zip: 1001}}]\n",
                ":2: sellers[0].address.zip: unknown key; known here: address_line1, address_line2, city, "
                "region, postal_code, country"},
        {"currency: USD\nsellers: [{name: X, address: Riga}]\n",
                ":2: sellers[0].address: must be a map of keys, such as {address_line1: 1 Harbour St}"},
        {"currency: USD\nsellers: [{name: X, terms_days: two weeks}]\n",
                ":2: sellers[0].terms_days: \"two weeks\" is not a whole number from 0 to 3650, such as "
                "terms_days: 14"},
        {"currency: USD\nsellers: [{name: X, terms_days: -1}]\n",
                ":2: sellers[0].terms_days: \"-1\" is not a whole number from 0 to 3650, such as terms_days: "
                "14"},
        {"currency: USD\nsellers: [{name: X, terms_days: 3651}]\n",
                ":2: sellers[0].terms_days: \"3651\" is not a whole number from 0 to 3650, such as "
                "terms_days: 14"},
        {"currency: USD\nregions: nyc3\n", ":2: regions: must be a list, such as regions: [nyc3, lon1]"},
        {"currency: USD\nregions: [nyc3, {name: lon1}]\n", ":2: regions[1]: must be one value, such as nyc3"},
        {"currency: USD\nregions: [nyc1, lon1, NYC1]\n",
                ":2: regions[2]: \"NYC1\" is listed already (line 2); letter case does not count"},
        {"currency: USD\nregions: [\"\"]\n", ":2: regions[0]: is empty; give a value, such as nyc3"},
        {"currency: USD\nregions: [\" nyc1\"]\n",
                ":2: regions[0]: begins or ends with a blank; take it away"},
        {"currency: USD\nregions: [nyc1, ]\n  \n- x\n", ":4: this is not YAML: did not find expected key"},
        {"currency: USD\nproducts:\n  - name: P\n  - name: P\n",
                ":4: products[1].name: \"P\" is already used on line 3; give each its own name"},
        {"currency: USD\nproducts: [P]\n",
                ":2: products[0]: must be a map of keys, such as {name: Droplets}"},
        {"currency: USD\nproducts: [{name: \"a\\tb\"}]\n",
                ":2: products[0].name: has a control character; take it out"},
        {"currency: USD\nproducts: [{name: P, category: cloud things}]\n",
                ":2: products[0].category: \"cloud things\" is not one word of letters, digits, \"_\" and "
                "\"-\", such as category: iaas"},
        {"currency: USD\nproducts: [{name: P, tax: [x]}]\n",
                ":2: products[0].tax: must be one value, such as tax: standard"},
        {"currency: USD\nproducts: [{name: "
         "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
         "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
         "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn}]\n",
                ":2: products[0].name: is 256 bytes long; 255 is the most"},
        {HEAD "skus: [{sku: a, product: Q, prices: []}]\n",
                ":3: skus[0].product: there is no product \"Q\" in this book"},
        {"currency: USD\nproducts: [{name: Droplets}]\nskus: [{sku: a, product: droplet}]\n",
                ":3: skus[0].product: there is no product \"droplet\" in this book; did you mean Droplets?"},
        {HEAD "skus: [{sku: a, product: P}]\n",
                ":3: skus[0].prices: missing; give it, such as prices: [{from: 2026-01-01T00:00:00Z, amount: "
                "\"5.00\", per_hours: 672}]"},
        {HEAD "skus: [{sku: a, product: P, prices: []}]\n",
                ":3: skus[0].prices: is empty; give at least one, such as prices: [{from: "
                "2026-01-01T00:00:00Z, amount: \"5.00\", per_hours: 672}]"},
        {HEAD "skus: [{product: P}]\n", ":3: skus[0].sku: missing; give it, such as sku: s-1vcpu-1gb"},
        {HEAD "skus: [{sku: a, product: P, prices: {amount: 1}}]\n",
                ":3: skus[0].prices: must be a list, such as prices: [{from: 2026-01-01T00:00:00Z, amount: "
                "\"5.00\", per_hours: 672}]"},
        {SKU("per_hours: 672"), ":7: skus[0].prices[0].amount: missing; give it, such as amount: \"5.00\""},
        {SKU("amount: \"5\""), ":7: skus[0].prices[0].per_hours: missing; give it, such as per_hours: 672"},
        {SKU("amount: \"5\", per_hours: 0"), ":7: skus[0].prices[0].per_hours: \"0\" is not a whole number "
                                             "from 1 to 100000, such as per_hours: 672"},
        {SKU("amount: \"5\", per_hours: 100001"), ":7: skus[0].prices[0].per_hours: \"100001\" is not a "
                                                  "whole number from 1 to 100000, such as per_hours: 672"},
        {SKU("amount: \"5\", per_hours: 672.0"), ":7: skus[0].prices[0].per_hours: \"672.0\" is not a whole "
                                                 "number from 1 to 100000, such as per_hours: 672"},
        {SKU("amount: \"5\", per_hour: 672"),
                ":7: skus[0].prices[0].per_hour: unknown key; did you mean per_hours?"},
        {SKU("amount: 1e9, per_hours: 672"), ":7: skus[0].prices[0].amount: \"1e9\" has more than 9 digits "
                                             "before the point; write it such as amount: \"5.00\""},
        {SKU("amount: $5, per_hours: 672"),
                ":7: skus[0].prices[0].amount: \"$5\" is not a number; write it such as amount: \"5.00\""},
        {SKU("amount: \"-5\", per_hours: 672"),
                ":7: skus[0].prices[0].amount: \"-5\" is negative; write it such as amount: \"5.00\""},
        {SKU("amount: \"0.0000000000001\", per_hours: 672"),
                ":7: skus[0].prices[0].amount: \"0.0000000000001\" has more than 12 decimals; write it such "
                "as amount: \"5.00\""},
        {SKU("amount: \"5,00\", per_hours: 672"),
                ":7: skus[0].prices[0].amount: \"5,00\" is not a number; write it such as amount: \"5.00\""},
        {SKU("amount: , per_hours: 672"),
                ":7: skus[0].prices[0].amount: has no value; give one, such as amount: \"5.00\""},
        {SKU("amount: \"\", per_hours: 672"),
                ":7: skus[0].prices[0].amount: \"\" is not a number; write it such as amount: \"5.00\""},
        {PRICE("cap_hours: 0"), ":7: skus[0].prices[0].cap_hours: \"0\" is not a whole number from 1 to "
                                "100000, such as cap_hours: 672"},
        {PRICE("cap_hours: none"), ":7: skus[0].prices[0].cap_hours: \"none\" is not a whole number from 1 "
                                   "to 100000, such as cap_hours: 672"},
        {PRICE("increment: 1d"), ":7: skus[0].prices[0].increment: \"1d\" is not one of 1s, 1m, 1h"},
        {PRICE("increment: 60"), ":7: skus[0].prices[0].increment: \"60\" is not one of 1s, 1m, 1h"},
        {PRICE("minimum_seconds: 1m"), ":7: skus[0].prices[0].minimum_seconds: \"1m\" is not a whole number "
                                       "from 0 to 31622400, such as minimum_seconds: 60"},
        {PRICE("minimum_amount: free"), ":7: skus[0].prices[0].minimum_amount: \"free\" is not a number; "
                                        "write it such as minimum_amount: \"0.01\""},
        {PRICE("minimum_amounts: 1"),
                ":7: skus[0].prices[0].minimum_amounts: unknown key; did you mean minimum_amount?"},
        {HEAD "skus: [{sku: a, product: P, prices: [{amount: 1, per_hours: 1}]}]\n",
                ":3: skus[0].prices[0].from: missing; give it, such as from: 2026-01-01T00:00:00Z"},
        {HEAD "skus: [{sku: a, product: P, prices: [{from: 2026-01-01, amount: 1, per_hours: 1}]}]\n",
                ":3: skus[0].prices[0].from: \"2026-01-01\" is not a time such as 2026-10-31T23:59:59Z; "
                "write it such as from: 2026-01-01T00:00:00Z"},
        {HEAD "skus: [{sku: a, product: P, prices: [{from: 2026-02-30T00:00:00Z, amount: 1, per_hours: "
              "1}]}]\n",
                ":3: skus[0].prices[0].from: \"2026-02-30T00:00:00Z\" names a day that does not exist; write "
                "it such as from: 2026-01-01T00:00:00Z"},
        {HEAD "skus: [{sku: a, product: P, prices: [{from: 2026-01-01T00:00:00.5Z, amount: 1, per_hours: "
              "1}]}]\n",
                ":3: skus[0].prices[0].from: \"2026-01-01T00:00:00.5Z\" has a fraction of a second; prices "
                "hold from whole seconds"},
        {HEAD "skus:\n  - sku: a\n    product: P\n    prices:\n      - {from: 2026-01-01T00:00:00Z, amount: "
              "1, per_hours: 1}\n      - {from: 2025-01-01T00:00:00Z, amount: 1, per_hours: 1}\n      - "
              "{from: 2026-01-01T01:00:00+01:00, amount: 2, per_hours: 1}\n",
                ":9: skus[0].prices[2].from: another price holds from the same instant (line 7); keep one"},
        {HEAD "skus:\n  - {sku: a, product: P, prices: [{from: 2026-01-01T00:00:00Z, amount: 1, per_hours: "
              "1}]}\n  - {sku: b, product: P, prices: [{from: 2026-01-01T00:00:00Z, amount: 1, per_hours: "
              "1}]}\n  - {sku: a, product: P, prices: [{from: 2026-01-01T00:00:00Z, amount: 1, per_hours: "
              "1}]}\n",
                ":6: skus[2].sku: \"a\" is already used on line 4; give each its own name"},
        {HEAD "skus:\n  - {sku: a, provides: volume, product: P, prices: [{from: 2026-01-01T00:00:00Z, "
              "amount: 1, per_hours: 1}]}\n  - {sku: b, provides: volume, product: P, prices: [{from: "
              "2026-01-01T00:00:00Z, amount: 1, per_hours: 1}]}\n",
                ":5: skus[1].provides: \"volume\" is already provided on line 4; only one can"},
        {HEAD "skus: [{sku: a, product: P, provides: volumes, prices: []}]\n",
                ":3: skus[0].provides: \"volumes\" is not one of volume, volume_snapshot, app; did you mean "
                "volume?"},
        {ALLOWANCE("", "{meter: n, quantity: 1}"),
                ":8: skus[0].prices[0].allowance[0].meter: there is no meter \"n\" in this book"},
        {ALLOWANCE("", "{meter: m}"),
                ":8: skus[0].prices[0].allowance[0].quantity: missing; give it, such as quantity: \"1000\""},
        {ALLOWANCE("", "{quantity: 1}"),
                ":8: skus[0].prices[0].allowance[0].meter: missing; give it, such as meter: bandwidth_out"},
        {ALLOWANCE("aggregate: max, ", "{meter: m, quantity: 1}"),
                ":8: skus[0].prices[0].allowance[0].meter: an allowance needs a meter with aggregate: sum; m "
                "has max"},
        {ALLOWANCE("by: resource, ", "{meter: m, quantity: 1}"),
                ":8: skus[0].prices[0].allowance[0].meter: an allowance needs a meter with by: account; m "
                "has by: resource"},
        {ALLOWANCE("", "{meter: m, quantity: 1}, {meter: m, quantity: 2}"),
                ":8: skus[0].prices[0].allowance[1].meter: \"m\" has an allowance in this price already; "
                "keep one"},
        {ALLOWANCE("", "{meter: m, quantity: -1}"), ":8: skus[0].prices[0].allowance[0].quantity: \"-1\" is "
                                                    "negative; write it such as quantity: \"1000\""},
        {ALLOWANCE("", "{meter: m, quantity: 1e15}"),
                ":8: skus[0].prices[0].allowance[0].quantity: \"1e15\" has more than 15 digits before the "
                "point; write it such as quantity: \"1000\""},
        {HEAD "meters: [{product: P}]\n",
                ":3: meters[0].meter: missing; give it, such as meter: bandwidth_out"},
        {METER "    section: overage\n    prices: []\n",
                ":6: meters[0].section: \"overage\" is not one of items, overages; did you mean overages?"},
        {METER "    aggregate: average\n    prices: []\n",
                ":6: meters[0].aggregate: \"average\" is not one of sum, max, last, count, unique"},
        {METER "    by: team\n    prices: []\n",
                ":6: meters[0].by: \"team\" is not one of account, resource"},
        {METER "    prices: []\n", ":6: meters[0].prices: is empty; give at least one, such as prices: "
                                   "[{from: 2026-01-01T00:00:00Z, model: unit, amount: \"0.01\"}]"},
        {METER "", ":4: meters[0].prices: missing; give it, such as prices: [{from: 2026-01-01T00:00:00Z, "
                   "model: unit, amount: \"0.01\"}]"},
        {METER "    provides: app_bandwidth\n    unit: MB\n    prices: [{from: 2026-01-01T00:00:00Z, model: "
               "unit, amount: 1}]\n",
                ":7: meters[0].unit: a meter that provides app_bandwidth counts in bytes or GiB; write unit: "
                "GiB"},
        {METER "    provides: app_bandwidth\n    prices: [{from: 2026-01-01T00:00:00Z, model: unit, amount: "
               "1}]\n",
                ":4: meters[0].unit: missing; a meter that provides app_bandwidth counts in bytes or GiB; "
                "write unit: GiB"},
        {METER "    provides: volume\n", ":6: meters[0].provides: \"volume\" is not app_bandwidth"},
        {HEAD "meters:\n  - {meter: m, product: P, prices: [{from: 2026-01-01T00:00:00Z, model: unit, "
              "amount: 1}]}\n  - {meter: m, product: P, prices: [{from: 2026-01-01T00:00:00Z, model: unit, "
              "amount: 1}]}\n",
                ":5: meters[1].meter: \"m\" is already used on line 4; give each its own name"},
        {METER_PRICE("amount: 1"), ":6: meters[0].prices[0].model: missing; give it, such as model: unit"},
        {METER_PRICE("model: flat, amount: 1"),
                ":6: meters[0].prices[0].model: \"flat\" is not one of unit, package, graduated, volume"},
        {METER_PRICE("model: unit"),
                ":6: meters[0].prices[0].amount: missing; model unit needs one, such as amount: \"0.40\""},
        {METER_PRICE("model: unit, amount: 1, per: 0"),
                ":6: meters[0].prices[0].per: is 0; it must be more, such as per: \"1000000\""},
        {METER_PRICE("model: unit, amount: 1, tiers: [{amount: 1}]"),
                ":6: meters[0].prices[0].tiers: model unit has no tiers; use model graduated or volume"},
        {METER_PRICE("model: package, amount: 1"),
                ":6: meters[0].prices[0].per: missing; model package needs its size, such as per: \"1000\""},
        {METER_PRICE("model: package, per: 10"),
                ":6: meters[0].prices[0].amount: missing; model package needs one, such as amount: \"0.40\""},
        {METER_PRICE("model: graduated"),
                ":6: meters[0].prices[0].tiers: missing; model graduated needs them, such as tiers: [{up_to: "
                "\"10240\", amount: \"0.01\"}, {amount: \"0.008\"}]"},
        {METER_PRICE("model: graduated, amount: 1, tiers: [{amount: 1}]"),
                ":6: meters[0].prices[0].amount: model graduated has an amount in every tier; leave this one "
                "out"},
        {METER_PRICE("model: volume, tiers: []"),
                ":6: meters[0].prices[0].tiers: is empty; give at least one, such as tiers: [{up_to: "
                "\"10240\", amount: \"0.01\"}, {amount: \"0.008\"}]"},
        {METER_PRICE("model: volume, tiers: [{up_to: 10, amount: 1}]"),
                ":6: meters[0].prices[0].tiers[0].up_to: the last tier has no end; leave up_to out, or add a "
                "tier after it"},
        {METER_PRICE("model: volume, tiers: [{up_to: 10, amount: 1}, {up_to: 20, amount: 1}]"),
                ":6: meters[0].prices[0].tiers[1].up_to: the last tier has no end; leave up_to out, or add a "
                "tier after it"},
        {METER_PRICE("model: volume, tiers: [{amount: 1}, {amount: 1}]"),
                ":6: meters[0].prices[0].tiers[0].up_to: missing; every tier but the last ends somewhere, "
                "such as up_to: 1000"},
        {METER_PRICE("model: volume, tiers: [{up_to: 10, amount: 1}, {up_to: 10.0, amount: 1}, {amount: 1}]"),
                ":6: meters[0].prices[0].tiers[1].up_to: 10.0 is not above the 10 of the tier before; tiers "
                "ascend"},
        {METER_PRICE("model: volume, tiers: [{up_to: 10, amount: 1}, {up_to: 9, amount: 1}, {amount: 1}]"),
                ":6: meters[0].prices[0].tiers[1].up_to: 9 is not above the 10 of the tier before; tiers "
                "ascend"},
        {METER_PRICE("model: volume, tiers: [{up_to: 0, amount: 1}, {amount: 1}]"),
                ":6: meters[0].prices[0].tiers[0].up_to: is 0; it must be more, such as up_to: \"10240\""},
        {METER_PRICE("model: volume, tiers: [{up_to: 10}, {amount: 1}]"),
                ":6: meters[0].prices[0].tiers[0].amount: missing; give it, such as amount: \"0.01\""},
        {METER_PRICE("model: volume, tiers: [{upto: 10, amount: 1}, {amount: 1}]"),
                ":6: meters[0].prices[0].tiers[0].upto: unknown key; did you mean up_to?"},
        {METER_PRICE("model: unit, amount: 1}, {from: 2026-01-01T00:00:00Z, model: unit, amount: 2"),
                ":6: meters[0].prices[1].from: another price holds from the same instant (line 6); keep one"},
        {TAX("from: 2026-01-01T00:00:00Z, name: VAT, percent: 19"),
                ":4: taxes[0].country: missing; give it, such as country: DE"},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 19%"),
                ":4: taxes[0].percent: \"19%\" is not a number; write it such as percent: \"19\""},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 1000.1"),
                ":4: taxes[0].percent: \"1000.1\" is above 1000; 19 % is written percent: \"19\""},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 0.0000000000001"),
                ":4: taxes[0].percent: \"0.0000000000001\" has more than 12 decimals; write it such as "
                "percent: \"19\""},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 19, tax: exempt"),
                ":4: taxes[0].tax: exempt products are never taxed; name another kind, such as tax: "
                "standard"},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 19, reverse_charge: "),
                ":4: taxes[0].reverse_charge: has no value; leave the key out, or give one, such as "
                "reverse_charge: Reverse charge"},
        {TAX("from: 2026-01-01T00:00:00Z, country: de, name: VAT, percent: 19"),
                ":4: taxes[0].country: \"de\" is not a country's two capital letters (ISO 3166), such as "
                "country: DE"},
        {TAX("from: 2026-01-01T00:00:00Z, country: DEU, name: VAT, percent: 19"),
                ":4: taxes[0].country: \"DEU\" is not a country's two capital letters (ISO 3166), such as "
                "country: DE"},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 19}\n  - {from: "
             "2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 20"),
                ":5: taxes[1]: the same country, region, name and from as on line 4; keep one"},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 19, region: A}\n  - {from: "
             "2026-01-01T00:00:00Z, country: DE, name: VAT, percent: 19}\n  - {from: 2026-01-01T00:00:00Z, "
             "country: DE, name: VAT, percent: 20, region: A"),
                ":6: taxes[2]: the same country, region, name and from as on line 4; keep one"},
        {TAX("country: DE, name: VAT, percent: 19"),
                ":4: taxes[0].from: missing; give it, such as from: 2026-01-01T00:00:00Z"},
        {TAX("from: 2026-01-01T00:00:00Z, country: DE, name: VAT, rate: 19"),
                ":4: taxes[0].rate: unknown key; known here: from, country, region, name, percent, tax, "
                "reverse_charge"},
};

#endif
