/* book: what a price book may say, what is said about one that is wrong, and which price holds when. */
#include "unit.h"

#include "book/book.h"
#include "book_wrong.h"

static struct bl_ctx x;

static int start(void **state)
{
    (void)state;
    bl_ctx_init(&x, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    bl_ctx_release(&x);
    return 0;
}

static struct bl_book *parse(const char *yaml)
{
    struct bl_book *book = NULL;
    enum bl_err e = bl_book_parse(&x, BL_STR("p.yaml"), bl_str_of(yaml), &book);
    CHECK(e == BL_OK, "%s\n%s", x.why, yaml);
    return book;
}

static int64_t at_s(const char *text)
{
    int64_t us = 0;
    CHECK(bl_time_parse(&x, bl_str_of(text), &us) == BL_OK, "%s", x.why);
    return us / BL_US;
}

static const char *dec_text(bl_dec d)
{
    char *at = bl_alloc(&x.arena, 64);
    bl_dec_text(d, at);
    return at;
}

/* ---- wrong */

static void wrong_books_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < BL_COUNT(wrong_books); i++) {
        struct bl_book *book = NULL;
        enum bl_err e = bl_book_parse(&x, BL_STR("p.yaml"), bl_str_of(wrong_books[i].yaml), &book);
        CHECK(e == BL_INVALID && book == NULL, "accepted:\n%s", wrong_books[i].yaml);
        CHECK(strncmp(x.why, "p.yaml", 6) == 0, "%s", x.why);
        CHECK_TEXT(x.why + 6, wrong_books[i].why, wrong_books[i].yaml);
    }
}

/* `n` times `each` between two texts. */
static void many_are(const char *before, const char *each, size_t n, const char *after, enum bl_err wanted,
        const char *why)
{
    struct bl_buf b = {0};
    struct bl_book *book = NULL;
    bl_buf_z(&b, before);
    for (size_t i = 0; i < n; i++)
        bl_buf_z(&b, each);
    bl_buf_z(&b, after);
    enum bl_err e = bl_book_parse(&x, BL_STR("p.yaml"), bl_buf_view(&b), &book);
    CHECK(e == wanted, "%s x %zu: %d %s", each, n, e, x.why);
    if (wanted != BL_OK)
        CHECK_TEXT(x.why, why, before);
    bl_buf_release(&b);
    bl_ctx_reset(&x, 0);
}

static void too_much_is_refused(void **state)
{
    (void)state;
    static const char usd[] = "currency: USD\n";
    many_are(usd, "#", ((size_t)8 << 20) - strlen(usd), "", BL_OK, "");
    many_are(usd, "#", ((size_t)8 << 20) - strlen(usd), "#", BL_TOO_LARGE,
            "p.yaml: is larger than 8 MiB, the most a price book may have");
    many_are("currency: USD\nskus: [", "1,", 100001, "]", BL_INVALID,
            "p.yaml:2: skus: has 100001 elements; 100000 is the most");
    many_are("currency: USD\nmeters: [", "1,", 10001, "]", BL_INVALID,
            "p.yaml:2: meters: has 10001 elements; 10000 is the most");
    many_are("currency: USD\nskus: [", "1,", 1000000, "]", BL_INVALID,
            "p.yaml:2: more than 1000000 values; leave out what no customer uses");
    many_are("currency: USD\nfoo: ", "{a: ", 100000, "", BL_INVALID,
            "p.yaml:2: nested more than 16 deep; a book needs 7");
    many_are("", "[", 100000, "", BL_INVALID, "p.yaml:1: nested more than 16 deep; a book needs 7");
    many_are("currency: USD\nsellers: [{name: X, foot: \"", "a", 4000, "\"}]", BL_OK, "");
    many_are("currency: USD\nsellers: [{name: X, foot: \"", "a", 4001, "\"}]", BL_INVALID,
            "p.yaml:2: sellers[0].foot: is 4001 bytes long; 4000 is the most");
    many_are(HEAD "skus: [{sku: ", "n", 255, ", product: P, prices: [{" FROM "amount: 1, per_hours: 1}]}]",
            BL_OK, "");
    many_are("currency: USD\nproducts: [{name: ", "n", 256, "}]", BL_INVALID,
            "p.yaml:2: products[0].name: is 256 bytes long; 255 is the most");
    many_are("currency: USD\n", "k", 300, ": 1", BL_INVALID,
            "p.yaml:2: kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk...: unknown key; known "
            "here: "
            "currency, grace, sellers, regions, products, meters, skus, taxes");
    many_are("currency: USD\ngrace: \"\xff", "", 0, "\"", BL_INVALID,
            "p.yaml: is not UTF-8 text; save it in that encoding");
    many_are("%TAG !a! x\n", "", 0, "", BL_INVALID,
            "p.yaml:1: a line that begins with % is a directive; a price book has none");
    many_are("currency: USD\n", "%a\n", 1, "", BL_INVALID,
            "p.yaml:2: a line that begins with % is a directive; a price book has none");
}

static void a_map_has_at_most_64_keys(void **state)
{
    (void)state;
    struct bl_buf b = {0};
    struct bl_book *book = NULL;
    for (int i = 1; i <= 65; i++)
        bl_buf_printf(&b, "k%d: 1\n", i);
    enum bl_err e = bl_book_parse(&x, BL_STR("p.yaml"), bl_buf_view(&b), &book);
    CHECK(e == BL_INVALID, "accepted");
    CHECK(strcmp(x.why, "p.yaml:65: more than 64 keys in one place; a book has no place with so many") == 0,
            "%s", x.why);
    bl_buf_release(&b);
}

/* ---- right */

static void odd_books_are_right(void **state)
{
    (void)state;
    static const char *const rows[] = {
            "currency: USD",
            "currency: 'USD'\n",
            "{currency: USD}\n",
            "{\"currency\": \"USD\", \"skus\": [], \"meters\": [], \"products\": [], \"taxes\": []}",
            "\xef\xbb\xbf"
            "currency: USD\n",
            "currency: USD\r\ngrace: 1h\r\n",
            "--- # a document\ncurrency: USD\n...\n",
            "taxes: []\ncurrency: JPY\n",
            "currency: USD\ngrace: 0s\n",
            "currency: USD\ngrace: 366d\n",
            "currency: USD\nsellers: [{name: \"null\"}, {name: \"~\"}]\n",
            "currency: USD\nsellers: [{name: A, address: {}}]\n",
            "currency: USD\nsellers: [{name: Caf\xc3\xa9 \xe2\x82\xac, foot: \"a\\nb\\tc\"}]\n",
            "currency: USD\nregions: []\n",
            "currency: USD\nregions: [nyc1, nyc2]\n",
            /* what another table names may stand below it */
            "skus: [{prices: [{per_hours: 1, amount: 1, " FROM "}], product: P, sku: a}]\n" HEAD,
            SKU("amount: 5, per_hours: 1"),
            SKU("amount: 0, per_hours: 100000"),
            SKU("amount: 1e8, per_hours: 672"),
            SKU("amount: \"999999999.999999999999\", per_hours: 672"),
            PRICE("cap_hours: 100000, minimum_seconds: 31622400, minimum_amount: 0, allowance: []"),
            HEAD "skus: [{sku: a, product: P, prices: [{from: \"2026-01-01t00:00:00.000+05:30\", amount: 1, "
                 "per_hours: 1}]}]\n",
            HEAD
            "skus: [{sku: a, product: P, prices: [{from: 1970-01-01T00:00:00Z, amount: 1, per_hours: 1}]}]\n",
            HEAD
            "skus: [{sku: a, product: P, prices: [{from: 9999-12-31T23:59:59Z, amount: 1, per_hours: 1}]}]\n",
            /* SKUs and meters have names of their own; two SKUs may show one code */
            HEAD "skus: [{sku: a, civo_code: c, product: P, prices: [{" FROM
                 "amount: 1, per_hours: 1}]}, {sku: b, "
                 "civo_code: c, product: P, prices: [{" FROM "amount: 1, per_hours: 1}]}]\n"
                 "meters: [{meter: a, product: P, prices: [{" FROM "model: unit, amount: 1}]}]\n",
            METER_PRICE("model: unit, amount: 1, per: \"0.000000000001\""),
            METER_PRICE("model: volume, tiers: [{amount: 1}]"),
            METER_PRICE("model: graduated, tiers: [{up_to: 1, amount: 5}, {up_to: 1.000000000001, amount: "
                        "0}, {amount: 9}]"),
            ALLOWANCE("", "{meter: m, quantity: 0}"),
            ALLOWANCE("aggregate: sum, by: account, section: overages, ",
                    "{meter: m, quantity: 999999999999999}"),
            TAX(FROM "country: DE, name: VAT, percent: 1000"),
            TAX(FROM "country: DE, name: VAT, percent: 0}\n  - {" FROM
                     "country: DE, name: Other, percent: 0}\n  - {" FROM
                     "country: DE, region: BY, name: VAT, percent: 0"),
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++)
        parse(rows[i]);
}

static const char whole_book[] =
        "currency: EUR\n"
        "grace: 90m\n"
        "sellers:\n"
        "  - name: One Ltd\n"
        "    address: {address_line1: 1 St, address_line2: Floor 2, city: Riga, region: R, postal_code: "
        "0123, country: LV}\n"
        "    tax_id: T1\n"
        "    bank: |\n"
        "      Bank\n"
        "      IBAN\n"
        "    terms_days: 14\n"
        "    logo: logo.png\n"
        "    foot: Thanks\n"
        "  - {name: Two Ltd}\n"
        "regions: [nyc3, LON1]\n"
        "products:\n"
        "  - {name: P}\n"
        "  - {name: Q, category: paas, tax: reduced}\n"
        "skus:\n"
        "  - sku: a\n"
        "    product: Q\n"
        "    civo_code: c\n"
        "    provides: volume\n"
        "    unit: GiB\n"
        "    prices:\n"
        "      - {from: 2026-01-01T00:00:00Z, amount: 6, per_hours: 672, cap_hours: 700, increment: 1h, "
        "minimum_seconds: 60,\n"
        "         minimum_amount: 0.01, allowance: [{meter: n, quantity: 10.5}]}\n"
        "      - {from: 2025-01-01T00:00:00Z, amount: 5.125, per_hours: 1}\n"
        "meters:\n"
        "  - {meter: m, product: P, prices: [{from: 2026-01-01T00:00:00Z, model: unit, amount: 1}]}\n"
        "  - meter: n\n"
        "    product: Q\n"
        "    unit: bytes\n"
        "    provides: app_bandwidth\n"
        "    section: overages\n"
        "    prices:\n"
        "      - {from: 2026-02-01T00:00:00Z, model: graduated, per: 3, tiers: [{up_to: 10, amount: 2}, "
        "{amount: 1}]}\n"
        "      - {from: 2026-01-01T00:00:00Z, model: package, per: 100, amount: 7}\n"
        "  - {meter: o, product: P, aggregate: unique, by: resource, prices: [{from: 2026-01-01T00:00:00Z, "
        "model: unit, amount: 1}]}\n"
        "taxes:\n"
        "  - {from: 2026-01-01T00:00:00Z, country: DE, region: BY, name: VAT, percent: 19.5, tax: reduced, "
        "reverse_charge: Note}\n"
        "  - {from: 2026-01-01T00:00:00Z, country: FR, name: TVA, percent: 20}\n";

static void texts_are(const char *what, const struct bl_str *got, const char *const *wanted, size_t n)
{
    for (size_t i = 0; i < n; i++)
        CHECK(wanted[i] == NULL ? !bl_is(got[i]) : bl_str_is(got[i], wanted[i]),
                "%s %zu: \"%.*s\" for \"%s\"", what, i, BL_FMT(got[i]), wanted[i] ? wanted[i] : "(absent)");
}
#define TEXTS(what, got, ...)                                                                                \
    do {                                                                                                     \
        const char *const wanted_[] = {__VA_ARGS__};                                                         \
        struct bl_str got_[] = got;                                                                          \
        texts_are(what, got_, wanted_, BL_COUNT(wanted_));                                                   \
    } while (0)
#define THESE(...)                                                                                           \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }

static void sellers_and_places_are_read(void **state)
{
    (void)state;
    const struct bl_book *b = parse(whole_book);
    CHECK_TEXT(b->currency->code, "EUR", "currency");
    CHECK(b->grace_s == 5400, "%d", (int)b->grace_s);
    CHECK(b->n_seller == 2 && b->n_region == 2 && b->n_product == 2, "counts");
    const struct bl_seller *s = &b->seller[0];
    TEXTS("seller",
            THESE(s->name, s->tax_id, s->bank, s->foot, s->address1, s->address2, s->city, s->region,
                    s->postal_code, s->country, s->logo, s->logo_file),
            "One Ltd", "T1", "Bank\nIBAN", "Thanks", "1 St", "Floor 2", "Riga", "R", "0123", "LV", NULL,
            "logo.png");
    assert_int_equal(s->terms_days, 14);
    s = &b->seller[1];
    TEXTS("second seller", THESE(s->name, s->tax_id, s->city, s->logo_file), "Two Ltd", NULL, NULL, NULL);
    assert_int_equal(s->terms_days, 0);
    TEXTS("products",
            THESE(b->product[0].name, b->product[0].category, b->product[0].tax, b->product[1].name,
                    b->product[1].category, b->product[1].tax),
            "P", "iaas", "standard", "Q", "paas", "reduced");
    assert_ptr_equal(bl_book_seller(b, BL_ABSENT), &b->seller[0]);
    assert_ptr_equal(bl_book_seller(b, BL_STR("Two Ltd")), &b->seller[1]);
    assert_null(bl_book_seller(b, BL_STR("Three Ltd")));
    assert_null(bl_book_seller(b, BL_STR("")));
    assert_true(bl_book_knows_region(b, BL_STR("NYC3")) && bl_book_knows_region(b, BL_STR("lon1")));
    assert_false(bl_book_knows_region(b, BL_STR("lon")) || bl_book_knows_region(b, BL_STR("lon11")) ||
                 bl_book_knows_region(b, BL_STR("")) || bl_book_knows_region(b, BL_ABSENT));
    const struct bl_book *bare = parse("currency: USD\n");
    assert_true(bl_book_knows_region(bare, BL_STR("anywhere")));
    assert_null(bl_book_seller(bare, BL_ABSENT));
    assert_int_equal(bare->grace_s, 86400);
}

static void prices_are_read(void **state)
{
    (void)state;
    const struct bl_book *b = parse(whole_book);
    const struct bl_sku *s = &b->sku[0];
    TEXTS("sku", THESE(s->sku, s->civo_code, s->provides, s->unit), "a", "c", "volume", "GiB");
    assert_int_equal(s->product, 1);
    assert_int_equal(s->n_price, 2);
    const struct bl_price *p = &s->price[0];
    CHECK(p->from_s == at_s("2025-01-01T00:00:00Z") && p->per_hours == 1 && p->cap_hours == 0 &&
                    p->increment_s == 1 && p->minimum_seconds == 0 && p->minimum_amount.pico == 0 &&
                    p->n_allowance == 0,
            "defaults of the earlier price");
    CHECK_TEXT(dec_text(p->amount), "5.125", "amount");
    p = &s->price[1];
    CHECK(p->from_s == at_s("2026-01-01T00:00:00Z") && p->per_hours == 672 && p->cap_hours == 700 &&
                    p->increment_s == 3600 && p->minimum_seconds == 60 && p->n_allowance == 1 &&
                    p->allowance[0].meter == 1,
            "the later price");
    CHECK_TEXT(dec_text(p->minimum_amount), "0.01", "minimum");
    CHECK_TEXT(dec_text(p->allowance[0].quantity), "10.5", "allowance");
}

static void meters_are_read(void **state)
{
    (void)state;
    const struct bl_book *b = parse(whole_book);
    const struct bl_meter *m = b->meter;
    CHECK(m[0].product == 0 && !m[0].overages && !m[0].by_resource && m[0].aggregate == BL_AGG_SUM &&
                    !bl_is(m[0].unit),
            "defaults");
    CHECK_TEXT(dec_text(m[0].price[0].per), "1", "per");
    CHECK(m[1].product == 1 && m[1].overages && bl_str_is(m[1].unit, "bytes"), "n");
    CHECK(m[2].by_resource && m[2].aggregate == BL_AGG_UNIQUE, "o");
    const struct bl_meter_price *p = m[1].price;
    CHECK(m[1].n_price == 2 && p[0].model == BL_MODEL_PACKAGE && p[1].model == BL_MODEL_GRADUATED &&
                    p[1].n_tier == 2 && !p[1].tier[0].open && p[1].tier[1].open && p[0].n_tier == 0,
            "models");
    CHECK_TEXT(dec_text(p[0].amount), "7", "package");
    CHECK_TEXT(dec_text(p[0].per), "100", "package");
    CHECK_TEXT(dec_text(p[1].per), "3", "graduated");
    CHECK_TEXT(dec_text(p[1].tier[0].up_to), "10", "tier");
    CHECK_TEXT(dec_text(p[1].tier[1].amount), "1", "tier");
    assert_int_equal(bl_book_sku_providing(b, "volume"), 0);
    assert_int_equal(bl_book_sku_providing(b, "app"), -1);
    assert_int_equal(bl_book_meter_providing(b, "app_bandwidth"), 1);
    assert_int_equal(bl_book_meter_providing(b, "volume"), -1);
    const struct bl_tax *t = b->tax;
    TEXTS("taxes", THESE(t->country, t->region, t->name, t->tax, t->note, t[1].region, t[1].tax, t[1].note),
            "DE", "BY", "VAT", "reduced", "Note", NULL, "standard", NULL);
    CHECK_TEXT(dec_text(t->percent), "19.5", "percent");
}

/* The text may go once the book is read, and the id is its digest. */
static void a_book_stands_alone(void **state)
{
    (void)state;
    size_t n = strlen(whole_book);
    char *text = malloc(n);
    uint8_t digest[32];
    assert_non_null(text);
    memcpy(text, whole_book, n);
    struct bl_book *b = NULL;
    enum bl_err e = bl_book_parse(&x, BL_STR("p.yaml"), (struct bl_str){text, n}, &b);
    CHECK(e == BL_OK, "%s", x.why);
    bl_sha256(text, n, digest);
    memset(text, '#', n);
    free(text);
    assert_memory_equal(b->id, digest, 32);
    assert_int_equal(bl_book_sku(b, BL_STR("a")), 0);
    assert_true(bl_str_is(b->seller[0].bank, "Bank\nIBAN"));
    assert_int_equal(bl_book_meter(b, BL_STR("o")), 2);
}

/* ---- look-ups */

static void names_are_found(void **state)
{
    (void)state;
    struct bl_buf b = {0};
    struct bl_book *book = NULL;
    bl_buf_z(&b, HEAD "skus:\n");
    for (int i = 0; i < 3000; i++)
        bl_buf_printf(&b, "- {sku: s-%d, product: P, prices: [{" FROM "amount: 1, per_hours: 1}]}\n", i);
    enum bl_err e = bl_book_parse(&x, BL_STR("p.yaml"), bl_buf_view(&b), &book);
    CHECK(e == BL_OK, "%s", x.why);
    for (int i = -1; i <= 3000; i++) {
        char name[32];
        snprintf(name, sizeof name, "s-%d", i);
        assert_int_equal(bl_book_sku(book, bl_str_of(name)), i < 3000 ? i : -1);
    }
    assert_int_equal(bl_book_sku(book, BL_STR("")), -1);
    assert_int_equal(bl_book_sku(book, BL_STR("S-1")), -1);
    assert_int_equal(bl_book_sku(book, BL_ABSENT), -1);
    assert_int_equal(bl_book_meter(book, BL_STR("s-1")), -1);
    /* the key stays when the id is replaced for a book with a picture */
    memset(book->id, 7, sizeof book->id);
    assert_int_equal(bl_book_sku(book, BL_STR("s-2999")), 2999);
    bl_buf_release(&b);
}

static void prices_hold_from_their_instant(void **state)
{
    (void)state;
    const struct bl_book *b = parse(HEAD "skus: [{sku: a, product: P, prices: ["
                                         "{from: 2026-03-01T00:00:00Z, amount: 3, per_hours: 1},"
                                         "{from: 2026-01-01T00:00:00Z, amount: 1, per_hours: 1},"
                                         "{from: 2026-01-15T12:30:01Z, amount: 2, per_hours: 1},"
                                         "{from: 2026-03-01T00:00:01Z, amount: 4, per_hours: 1}]}]\n");
    static const struct {
        const char *at;
        int amount; /* 0: none yet */
    } rows[] = {{"1970-01-01T00:00:00Z", 0}, {"2025-12-31T23:59:59Z", 0}, {"2026-01-01T00:00:00Z", 1},
            {"2026-01-15T12:30:00Z", 1}, {"2026-01-15T12:30:01Z", 2}, {"2026-02-28T23:59:59Z", 2},
            {"2026-03-01T00:00:00Z", 3}, {"2026-03-01T00:00:01Z", 4}, {"9999-12-31T23:59:59Z", 4}};
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        const struct bl_price *p = bl_sku_price_at(&b->sku[0], at_s(rows[i].at));
        CHECK(p == NULL ? rows[i].amount == 0 : bl_dec_cmp(p->amount, bl_dec_of(rows[i].amount)) == 0, "%s",
                rows[i].at);
    }
}

static void meter_prices_hold_from_a_month(void **state)
{
    (void)state;
    const struct bl_book *b = parse(METER "    prices:\n"
                                          "      - {from: 2026-02-01T00:00:00Z, model: unit, amount: 2}\n"
                                          "      - {from: 2025-12-31T23:59:59Z, model: unit, amount: 1}\n"
                                          "      - {from: 2026-02-01T00:00:01Z, model: unit, amount: 3}\n"
                                          "      - {from: 2026-05-10T00:00:00Z, model: unit, amount: 4}\n"
                                          "      - {from: 2026-05-20T00:00:00Z, model: unit, amount: 5}\n");
    static const struct {
        const char *period;
        int amount;
    } rows[] = {{"1970-01", 0}, {"2025-12", 0}, {"2026-01", 1}, {"2026-02", 2}, {"2026-03", 3},
            {"2026-05", 3}, {"2026-06", 5}, {"9999-12", 5}};
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        bl_period period;
        CHECK(bl_period_parse(&x, bl_str_of(rows[i].period), &period) == BL_OK, "%s", x.why);
        const struct bl_meter_price *p = bl_meter_price_for(&b->meter[0], period);
        CHECK(p == NULL ? rows[i].amount == 0 : bl_dec_cmp(p->amount, bl_dec_of(rows[i].amount)) == 0, "%s",
                rows[i].period);
    }
}

/* ---- remarks */

static void remarks_are(const char *yaml, const char *wanted)
{
    struct bl_buf b = {0};
    bl_book_remarks(&x, parse(yaml), &b);
    bl_buf_byte(&b, 0);
    CHECK_TEXT(b.p, wanted, yaml);
    bl_buf_release(&b);
}

#define SELLER "sellers: [{name: S}]\n"
#define USED "skus: [{sku: a, product: P, prices: [{" FROM "amount: 1, per_hours: 1}]}]\n"

static void remarks_are_made(void **state)
{
    (void)state;
    remarks_are(HEAD SELLER USED, "");
    remarks_are(HEAD USED, "sellers: none; invoices will not say who issued them\n");
    remarks_are(HEAD SELLER, "product P: no SKU and no meter belongs to it\n");
    remarks_are(SELLER METER "    prices: [{from: 2026-01-15T00:00:00Z, model: unit, amount: 1}]\n",
            "meter m: the price from 2026-01-15T00:00:00Z holds from 2026-02; facts before that make no "
            "line\n");
    remarks_are(SELLER METER "    prices: [{from: 2026-01-01T00:00:00Z, model: unit, amount: 1}, "
                             "{from: 2026-12-01T00:00:01Z, model: unit, amount: 1}]\n",
            "meter m: the price from 2026-12-01T00:00:01Z holds from 2027-01\n");
    remarks_are(SELLER METER "    prices: [{from: 2026-01-02T00:00:00Z, model: unit, amount: 1}, "
                             "{from: 2026-02-01T00:00:00Z, model: unit, amount: 1}]\n",
            "meter m: the price from 2026-01-02T00:00:00Z never holds: a newer one is there when 2026-02 "
            "begins\n");
    remarks_are(SELLER METER "    prices: [{from: 9999-12-02T00:00:00Z, model: unit, amount: 1}]\n",
            "meter m: the price from 9999-12-02T00:00:00Z never holds: no month begins after it\n");
    remarks_are(HEAD SELLER "skus: [{sku: a, product: P, prices: [{" FROM "amount: 1, per_hours: 1}, "
                            "{from: 2026-02-01T00:00:00Z, amount: 1.0, per_hours: 1, increment: 1s}, "
                            "{from: 2026-03-01T00:00:00Z, amount: 1.0, per_hours: 1, increment: 1m}]}]\n",
            "sku a: the price from 2026-02-01T00:00:00Z is the one before it again; it only begins a new "
            "line\n");
    remarks_are(SELLER USED TAX(FROM "country: DE, name: VAT, percent: 7, tax: reduced"),
            "tax VAT in DE: no product has tax: reduced\n");
}

/* ---- differences */

static void diff_is(const char *old, const char *new, const char *wanted)
{
    struct bl_buf b = {0};
    enum bl_err e = bl_book_diff(&x, parse(old), parse(new), &b);
    CHECK(e == BL_OK, "%s", x.why);
    bl_buf_byte(&b, 0);
    CHECK_TEXT(b.p, wanted, new);
    bl_buf_release(&b);
}

static void differences_are_shown(void **state)
{
    (void)state;
    static const char bare[] = "currency: USD\n";
    diff_is(whole_book, whole_book, "");
    diff_is(bare, "# same\ngrace: 1d\ncurrency: USD\nskus: []\n", "");
    diff_is(bare, "currency: EUR\ngrace: 90m\n", "currency USD -> EUR\ngrace 24h -> 5400s\n");
    diff_is(bare, "currency: USD\nregions: [b, a]\n", "region a: added\nregion b: added\n");
    diff_is(HEAD, bare, "product P: removed\n");
    diff_is(HEAD, "currency: USD\nproducts: [{name: Q}, {name: P, tax: exempt}]\n",
            "product P: tax standard -> exempt\nproduct Q: added: category iaas, tax standard\n");
    diff_is(SKU("amount: 5.00, per_hours: 672"), PRICE(""), "");
    diff_is(SKU("amount: 5, per_hours: 672"),
            SKU("amount: 6.125, per_hours: 672, cap_hours: 672, increment: 1h"),
            "sku a: price from 2026-01-01T00:00:00Z: amount 5.00 -> 6.125\n"
            "sku a: price from 2026-01-01T00:00:00Z: cap_hours none -> 672\n"
            "sku a: price from 2026-01-01T00:00:00Z: increment 1s -> 1h\n");
    diff_is(PRICE("cap_hours: 672}\n      - {from: 2025-01-01T00:00:00Z, amount: 1, per_hours: 1"),
            PRICE("minimum_seconds: 60, minimum_amount: 0.01}\n      - {from: 2025-02-01T00:00:00Z, amount: "
                  "1, per_hours: 1"),
            "sku a: price from 2025-01-01T00:00:00Z: removed\n"
            "sku a: price from 2025-02-01T00:00:00Z: added: amount 1.00, per_hours 1, increment 1s\n"
            "sku a: price from 2026-01-01T00:00:00Z: cap_hours 672 -> none\n"
            "sku a: price from 2026-01-01T00:00:00Z: minimum_seconds none -> 60\n"
            "sku a: price from 2026-01-01T00:00:00Z: minimum_amount none -> 0.01\n");
    diff_is(ALLOWANCE("", "{meter: m, quantity: 1}"),
            ALLOWANCE("section: overages, ", "{meter: m, quantity: 2.5}"),
            "meter m: section items -> overages\n"
            "sku a: price from 2026-01-01T00:00:00Z: allowance 1 m -> 2.5 m\n");
    diff_is(METER_PRICE("model: unit, amount: 1"),
            METER_PRICE("model: volume, per: 1000, tiers: [{up_to: 10, amount: 0.5}, {amount: 0.001}]"),
            "meter m: price from 2026-01-01T00:00:00Z: model unit -> volume\n"
            "meter m: price from 2026-01-01T00:00:00Z: amount 1.00 -> none\n"
            "meter m: price from 2026-01-01T00:00:00Z: per 1 -> 1000\n"
            "meter m: price from 2026-01-01T00:00:00Z: tiers none -> to 10 at 0.50; beyond at 0.001\n");
    diff_is(TAX(FROM "country: US, region: NY, name: SALES TAX, percent: 6"),
            TAX(FROM "country: US, region: NY, name: SALES TAX, percent: 6.25}\n  - {" FROM
                     "country: DE, name: VAT, percent: 19, reverse_charge: Note"),
            "tax DE VAT from 2026-01-01T00:00:00Z: added: percent 19, tax standard, reverse_charge Note\n"
            "tax US/NY SALES TAX from 2026-01-01T00:00:00Z: percent 6 -> 6.25\n");
    diff_is("currency: USD\nsellers: [{name: A}, {name: B, foot: old}]\n",
            "currency: USD\nsellers: [{name: B, foot: \"a\\nb\", terms_days: 7}, {name: A}]\n",
            "first seller A -> B\nseller B: terms_days none -> 7\nseller B: foot old -> a b\n");
}

/* ---- the example */

static void the_example_shows_everything(void **state)
{
    (void)state;
    const char *root = getenv("SOURCE_ROOT");
    char path[4096];
    snprintf(path, sizeof path, "%s/examples/prices.yaml", root ? root : ".");
    FILE *f = fopen(path, "rb");
    CHECK(f != NULL, "%.300s cannot be opened", path);
    char *text = malloc(1 << 20);
    assert_non_null(text);
    size_t n = fread(text, 1, 1 << 20, f);
    fclose(f);
    struct bl_book *b = NULL;
    enum bl_err e = bl_book_parse(&x, BL_STR("prices.yaml"), (struct bl_str){text, n}, &b);
    CHECK(e == BL_OK, "%s", x.why);
    free(text);
    struct bl_buf remarks = {0};
    bl_book_remarks(&x, b, &remarks);
    CHECK(remarks.n == 0, "%.*s", BL_FMT(bl_buf_view(&remarks)));
    unsigned models = 0, aggregates = 0;
    for (size_t i = 0; i < b->n_meter; i++) {
        aggregates |= 1u << b->meter[i].aggregate;
        for (size_t k = 0; k < b->meter[i].n_price; k++)
            models |= 1u << b->meter[i].price[k].model;
    }
    CHECK(models == 0xf && aggregates == 0x1f, "models %x, aggregates %x", models, aggregates);
    CHECK(b->n_product >= 20 && b->n_seller == 2, "%zu products", b->n_product);
    static const char *const provided[] = {"volume", "volume_snapshot", "app"};
    for (size_t i = 0; i < BL_COUNT(provided); i++)
        CHECK(bl_book_sku_providing(b, provided[i]) >= 0, "%s", provided[i]);
    CHECK(bl_book_meter_providing(b, "app_bandwidth") >= 0, "app_bandwidth");
    int droplet = bl_book_sku(b, BL_STR("s-1vcpu-1gb"));
    assert_true(droplet >= 0);
    const struct bl_price *p = bl_sku_price_at(&b->sku[droplet], at_s("2025-12-31T23:59:59Z"));
    CHECK(p != NULL && p->increment_s == 3600 && bl_dec_cmp(p->amount, bl_dec_of(6)) == 0,
            "before the change");
    p = bl_sku_price_at(&b->sku[droplet], at_s("2026-01-01T00:00:00Z"));
    CHECK(p != NULL && p->increment_s == 1 && p->minimum_seconds == 60 && p->cap_hours == 672,
            "after the change");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(wrong_books_are_refused, start, stop),
            cmocka_unit_test_setup_teardown(too_much_is_refused, start, stop),
            cmocka_unit_test_setup_teardown(a_map_has_at_most_64_keys, start, stop),
            cmocka_unit_test_setup_teardown(odd_books_are_right, start, stop),
            cmocka_unit_test_setup_teardown(sellers_and_places_are_read, start, stop),
            cmocka_unit_test_setup_teardown(prices_are_read, start, stop),
            cmocka_unit_test_setup_teardown(meters_are_read, start, stop),
            cmocka_unit_test_setup_teardown(a_book_stands_alone, start, stop),
            cmocka_unit_test_setup_teardown(names_are_found, start, stop),
            cmocka_unit_test_setup_teardown(prices_hold_from_their_instant, start, stop),
            cmocka_unit_test_setup_teardown(meter_prices_hold_from_a_month, start, stop),
            cmocka_unit_test_setup_teardown(remarks_are_made, start, stop),
            cmocka_unit_test_setup_teardown(differences_are_shown, start, stop),
            cmocka_unit_test_setup_teardown(the_example_shows_everything, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
