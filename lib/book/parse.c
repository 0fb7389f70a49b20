/* The shape of a price book: one table per kind of thing in it, and the checks that look at more than one
 * key. The tables of the root are read from the top, so that products and meters are known before SKUs name
 * them, and every check knows the node it speaks of. */
#include "book/read.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
#define TABLE(t) .fields = (t), .n_fields = BL_COUNT(t)
#define WORDS(w) .words = (w), .n_words = BL_COUNT(w)
#define LIST(type, array, count, shape) \
    .take = read_list, .offset = offsetof(type, array), .count_offset = offsetof(type, count), .list = &(shape)
#define FROM "from: 2026-01-01T00:00:00Z"
/* clang-format on */

static const char *shown(struct reader *r, struct bl_str s)
{
    return bl_shown(&r->tree.arena, s);
}

/* ---- names that must differ, and names of other things */

static enum bl_err names_differ(struct reader *r, const struct node *list, const char *key,
        const struct names *names, struct index *ret)
{
    size_t twin[2];
    if (index_make(&r->x->arena, r->book->index_key, names, ret, twin))
        return BL_OK;
    const struct node *later = node_at(list, twin[0]), *first = node_at(list, twin[1]);
    return node_fail(&r->tree, node_get(later, key),
            "\"%s\" is already used on line %" PRIu32 "; give each its own name",
            shown(r, name_at(names, twin[0])), node_get(first, key)->line);
}

static enum bl_err no_such(
        struct reader *r, const struct node *n, const char *what, const struct names *names)
{
    struct nearest near = nearest_to(n->text);
    for (size_t i = 0; i < names->n; i++)
        nearest_try(&near, name_at(names, i));
    return node_fail(&r->tree, n, "there is no %s \"%s\" in this book%s", what, shown(r, n->text),
            nearest_hint(r, &near));
}

static enum bl_err read_product(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(want_text(r, n, f));
    struct names names = {r->book->product, sizeof *r->book->product, r->book->n_product};
    int found = index_find(&r->products, r->book->index_key, &names, n->text);
    if (found < 0)
        return no_such(r, n, "product", &names);
    *(int *)at = found;
    return BL_OK;
}

static enum bl_err read_meter(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(want_text(r, n, f));
    int found = bl_book_meter(r->book, n->text);
    if (found < 0) {
        struct names names = {r->book->meter, sizeof *r->book->meter, r->book->n_meter};
        return no_such(r, n, "meter", &names);
    }
    *(int *)at = found;
    return BL_OK;
}

static enum bl_err read_currency(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(want_text(r, n, f));
    const struct bl_currency *c = bl_currency_find(n->text);
    if (c == NULL)
        return node_fail(
                &r->tree, n, "\"%s\" is not a currency's code (ISO 4217), such as USD", shown(r, n->text));
    memcpy(at, &c, sizeof c);
    return BL_OK;
}

/* Two things that `provide` the same: who asks for a volume must get one SKU. */
static enum bl_err provides_differ(struct reader *r, const struct node *list)
{
    const struct node *seen[8];
    size_t n_seen = 0;
    for (const struct node *n = list->first; n != NULL; n = n->next) {
        const struct node *p = node_get(n, "provides");
        if (p == NULL)
            continue;
        for (size_t i = 0; i < n_seen; i++)
            if (bl_str_eq(seen[i]->text, p->text))
                return node_fail(&r->tree, p, "\"%s\" is already provided on line %" PRIu32 "; only one can",
                        shown(r, p->text), seen[i]->line);
        assert(n_seen < BL_COUNT(seen)); /* there are fewer words */
        seen[n_seen++] = p;
    }
    return BL_OK;
}

/* ---- prices in order of the instant they hold from */

struct dated {
    int64_t from_s;
    size_t place;
};

static int dated_cmp(const void *l, const void *r)
{
    const struct dated *a = l, *b = r;
    return a->from_s != b->from_s ? (a->from_s > b->from_s) - (a->from_s < b->from_s)
                                  : (a->place > b->place) - (a->place < b->place);
}

_Static_assert(offsetof(struct bl_price, from_s) == 0 && offsetof(struct bl_meter_price, from_s) == 0,
        "prices begin with their instant");

static enum bl_err in_order(struct reader *r, const struct node *list, void **array, size_t n, size_t each)
{
    struct dated *order = bl_alloc_array(&r->tree.arena, n, sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = (struct dated){*(const int64_t *)((const char *)*array + i * each), i};
    qsort(order, n, sizeof *order, dated_cmp);
    char *sorted = bl_alloc_array(&r->x->arena, n, each);
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && order[i].from_s == order[i - 1].from_s)
            return node_fail(&r->tree, node_get(node_at(list, order[i].place), "from"),
                    "another price holds from the same instant (line %" PRIu32 "); keep one",
                    node_get(node_at(list, order[i - 1].place), "from")->line);
        memcpy(sorted + i * each, (const char *)*array + order[i].place * each, each);
    }
    *array = sorted;
    return BL_OK;
}

/* ---- sellers, regions, products */

static const struct field address_fields[] = {
        {"address_line1", read_name, offsetof(struct bl_seller, address1),
                .example = "address_line1: 1 Harbour St"},
        {"address_line2", read_name, offsetof(struct bl_seller, address2),
                .example = "address_line2: Floor 2"},
        {"city", read_name, offsetof(struct bl_seller, city), .example = "city: Riga"},
        {"region", read_name, offsetof(struct bl_seller, region), .example = "region: NY"},
        {"postal_code", read_name, offsetof(struct bl_seller, postal_code),
                .example = "postal_code: LV-1001"},
        {"country", read_country, offsetof(struct bl_seller, country), .example = "country: LV"},
};

static const struct field seller_fields[] = {
        {"name", read_name, offsetof(struct bl_seller, name), .required = true,
                .example = "name: Example Cloud Ltd"},
        {"address", read_inner, .example = "address: {city: Riga, country: LV}", TABLE(address_fields)},
        {"tax_id", read_name, offsetof(struct bl_seller, tax_id), .example = "tax_id: LV40000000000"},
        {"bank", read_prose, offsetof(struct bl_seller, bank), .example = "bank: IBAN LV00 BANK 0000"},
        {"terms_days", read_whole, offsetof(struct bl_seller, terms_days), .most = 3650,
                .example = "terms_days: 14"},
        {"logo", read_name, offsetof(struct bl_seller, logo_file), .example = "logo: logo.png"},
        {"foot", read_prose, offsetof(struct bl_seller, foot), .example = "foot: Thank you"},
};

static enum bl_err sellers_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    struct index unused;
    return names_differ(r, list, "name", &(struct names){*array, sizeof(struct bl_seller), n}, &unused);
}

static const struct list_of sellers = {
        TABLE(seller_fields), .each = sizeof(struct bl_seller), .most = 1000, .finish = sellers_differ};

static bool same_letters(struct bl_str a, struct bl_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        unsigned char c = (unsigned char)a.p[i], d = (unsigned char)b.p[i];
        c = c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
        d = d >= 'A' && d <= 'Z' ? (unsigned char)(d + 32) : d;
        if (c != d)
            return false;
    }
    return true;
}

static enum bl_err regions_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    const struct bl_str *name = *array;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (same_letters(name[i], name[k]))
                return node_fail(&r->tree, node_at(list, i),
                        "\"%s\" is listed already (line %" PRIu32 "); letter case does not count",
                        shown(r, name[i]), node_at(list, k)->line);
    return BL_OK;
}

static const struct field region_field[] = {{NULL, read_name, .required = true, .example = "nyc3"}};
static const struct list_of regions = {TABLE(region_field), .values = true, .each = sizeof(struct bl_str),
        .most = 1000, .finish = regions_differ};

static const struct field product_fields[] = {
        {"name", read_name, offsetof(struct bl_product, name), .required = true, .example = "name: Droplets"},
        {"category", read_word, offsetof(struct bl_product, category), .example = "category: iaas"},
        {"tax", read_word, offsetof(struct bl_product, tax), .example = "tax: standard"},
};

static enum bl_err product_defaults(struct reader *r, const struct node *map, void *element)
{
    (void)r, (void)map;
    struct bl_product *p = element;
    if (!bl_is(p->category))
        p->category = BL_STR("iaas");
    if (!bl_is(p->tax))
        p->tax = BL_STR("standard");
    return BL_OK;
}

static enum bl_err products_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    return names_differ(r, list, "name", &(struct names){*array, sizeof(struct bl_product), n}, &r->products);
}

static const struct list_of products = {TABLE(product_fields), .each = sizeof(struct bl_product),
        .most = 10000, .check = product_defaults, .finish = products_differ};

/* ---- meters */

static const struct field tier_fields[] = {
        {"up_to", read_above_zero, offsetof(struct bl_tier, up_to), .example = "up_to: \"10240\""},
        {"amount", read_money, offsetof(struct bl_tier, amount), .required = true,
                .example = "amount: \"0.01\""},
};

static enum bl_err tiers_ascend(struct reader *r, const struct node *list, void **array, size_t n)
{
    struct bl_tier *tier = *array;
    size_t i = 0;
    for (const struct node *t = list->first; t != NULL; t = t->next, i++) {
        const struct node *up_to = node_get(t, "up_to");
        tier[i].open = i + 1 == n;
        if (tier[i].open && up_to != NULL)
            return node_fail(
                    &r->tree, up_to, "the last tier has no end; leave up_to out, or add a tier after it");
        if (!tier[i].open && up_to == NULL)
            return key_fail(&r->tree, t, "up_to",
                    "missing; every tier but the last ends somewhere, such as up_to: 1000");
        if (!tier[i].open && i > 0 && bl_dec_cmp(tier[i].up_to, tier[i - 1].up_to) <= 0)
            return node_fail(&r->tree, up_to, "%s is not above the %s of the tier before; tiers ascend",
                    shown(r, up_to->text), shown(r, node_get(node_at(list, i - 1), "up_to")->text));
    }
    return BL_OK;
}

static const struct list_of tiers = {
        TABLE(tier_fields), .each = sizeof(struct bl_tier), .least = 1, .most = 100, .finish = tiers_ascend};

static const struct word models[] = {{"unit", BL_MODEL_UNIT}, {"package", BL_MODEL_PACKAGE},
        {"graduated", BL_MODEL_GRADUATED}, {"volume", BL_MODEL_VOLUME}};

static const struct field meter_price_fields[] = {
        {"from", read_instant, offsetof(struct bl_meter_price, from_s), .required = true, .example = FROM},
        {"model", read_choice, offsetof(struct bl_meter_price, model), .required = true,
                .example = "model: unit", WORDS(models)},
        {"amount", read_money, offsetof(struct bl_meter_price, amount), .example = "amount: \"0.40\""},
        {"per", read_above_zero, offsetof(struct bl_meter_price, per), .example = "per: \"1000000\""},
        {"tiers", LIST(struct bl_meter_price, tier, n_tier, tiers),
                .example = "tiers: [{up_to: \"10240\", amount: \"0.01\"}, {amount: \"0.008\"}]"},
};

/* Which keys a model needs and which it has no use for. */
static enum bl_err model_keys(struct reader *r, const struct node *map, void *element)
{
    struct bl_meter_price *p = element;
    const char *model = models[p->model].word;
    const struct node *amount = node_get(map, "amount"), *list = node_get(map, "tiers");
    bool tiered = p->model == BL_MODEL_GRADUATED || p->model == BL_MODEL_VOLUME;
    if (tiered && amount != NULL)
        return node_fail(&r->tree, amount, "model %s has an amount in every tier; leave this one out", model);
    if (tiered && list == NULL)
        return key_fail(&r->tree, map, "tiers", "missing; model %s needs them, such as %s", model,
                "tiers: [{up_to: \"10240\", amount: \"0.01\"}, {amount: \"0.008\"}]");
    if (!tiered && list != NULL)
        return node_fail(&r->tree, list, "model %s has no tiers; use model graduated or volume", model);
    if (!tiered && amount == NULL)
        return key_fail(
                &r->tree, map, "amount", "missing; model %s needs one, such as amount: \"0.40\"", model);
    if (p->model == BL_MODEL_PACKAGE && node_get(map, "per") == NULL)
        return key_fail(&r->tree, map, "per", "missing; model package needs its size, such as per: \"1000\"");
    if (p->per.pico == 0)
        p->per = bl_dec_of(1);
    return BL_OK;
}

static enum bl_err meter_prices_in_order(struct reader *r, const struct node *list, void **array, size_t n)
{
    return in_order(r, list, array, n, sizeof(struct bl_meter_price));
}

static const struct list_of meter_prices = {TABLE(meter_price_fields), .each = sizeof(struct bl_meter_price),
        .least = 1, .most = 1000, .check = model_keys, .finish = meter_prices_in_order};

static const struct word sections[] = {{"items", 0}, {"overages", 1}};
static const struct word bys[] = {{"account", 0}, {"resource", 1}};
static const struct word aggregates[] = {{"sum", BL_AGG_SUM}, {"max", BL_AGG_MAX}, {"last", BL_AGG_LAST},
        {"count", BL_AGG_COUNT}, {"unique", BL_AGG_UNIQUE}};
static const struct word meter_provides[] = {{"app_bandwidth", 0}};

static const struct field meter_fields[] = {
        {"meter", read_name, offsetof(struct bl_meter, meter), .required = true,
                .example = "meter: bandwidth_out"},
        {"product", read_product, offsetof(struct bl_meter, product), .required = true,
                .example = "product: Bandwidth"},
        {"section", read_flag, offsetof(struct bl_meter, overages), .example = "section: overages",
                WORDS(sections)},
        {"unit", read_name, offsetof(struct bl_meter, unit), .example = "unit: GiB"},
        {"provides", read_one_of, offsetof(struct bl_meter, provides), .example = "provides: app_bandwidth",
                WORDS(meter_provides)},
        {"aggregate", read_choice, offsetof(struct bl_meter, aggregate), .example = "aggregate: sum",
                WORDS(aggregates)},
        {"by", read_flag, offsetof(struct bl_meter, by_resource), .example = "by: account", WORDS(bys)},
        {"prices", LIST(struct bl_meter, price, n_price, meter_prices), .required = true,
                .example = "prices: [{" FROM ", model: unit, amount: \"0.01\"}]"},
};

static enum bl_err bandwidth_unit(struct reader *r, const struct node *map, void *element)
{
    const struct bl_meter *m = element;
    if (!bl_is(m->provides) || bl_str_is(m->unit, "bytes") || bl_str_is(m->unit, "GiB"))
        return BL_OK;
    const char *why = "a meter that provides app_bandwidth counts in bytes or GiB; write unit: GiB";
    const struct node *unit = node_get(map, "unit");
    return unit ? node_fail(&r->tree, unit, "%s", why) : key_fail(&r->tree, map, "unit", "missing; %s", why);
}

static enum bl_err meters_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    struct index index;
    BL_TRY(names_differ(r, list, "meter", &(struct names){*array, sizeof(struct bl_meter), n}, &index));
    r->book->meter_index = index.slot;
    r->book->n_meter_index = index.n_slot;
    return provides_differ(r, list);
}

static const struct list_of meters = {TABLE(meter_fields), .each = sizeof(struct bl_meter), .most = 10000,
        .check = bandwidth_unit, .finish = meters_differ};

/* ---- SKUs */

static const struct field allowance_fields[] = {
        {"meter", read_meter, offsetof(struct bl_allowance, meter), .required = true,
                .example = "meter: bandwidth_out"},
        {"quantity", read_quantity, offsetof(struct bl_allowance, quantity), .required = true,
                .example = "quantity: \"1000\""},
};

static enum bl_err allowance_pools(struct reader *r, const struct node *map, void *element)
{
    const struct bl_allowance *a = element;
    const struct bl_meter *m = &r->book->meter[a->meter];
    const struct node *n = node_get(map, "meter");
    if (m->aggregate != BL_AGG_SUM)
        return node_fail(&r->tree, n, "an allowance needs a meter with aggregate: sum; %s has %s",
                shown(r, m->meter), aggregates[m->aggregate].word);
    if (m->by_resource)
        return node_fail(&r->tree, n, "an allowance needs a meter with by: account; %s has by: resource",
                shown(r, m->meter));
    return BL_OK;
}

static enum bl_err allowances_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    const struct bl_allowance *a = *array;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (a[i].meter == a[k].meter)
                return node_fail(&r->tree, node_get(node_at(list, i), "meter"),
                        "\"%s\" has an allowance in this price already; keep one",
                        shown(r, r->book->meter[a[i].meter].meter));
    return BL_OK;
}

static const struct list_of allowances = {TABLE(allowance_fields), .each = sizeof(struct bl_allowance),
        .most = 100, .check = allowance_pools, .finish = allowances_differ};

static const struct word increments[] = {{"1s", 1}, {"1m", 60}, {"1h", 3600}};

static const struct field price_fields[] = {
        {"from", read_instant, offsetof(struct bl_price, from_s), .required = true, .example = FROM},
        {"amount", read_money, offsetof(struct bl_price, amount), .required = true,
                .example = "amount: \"5.00\""},
        {"per_hours", read_whole, offsetof(struct bl_price, per_hours), .required = true, .least = 1,
                .most = 100000, .example = "per_hours: 672"},
        {"cap_hours", read_whole, offsetof(struct bl_price, cap_hours), .least = 1, .most = 100000,
                .example = "cap_hours: 672"},
        {"increment", read_choice, offsetof(struct bl_price, increment_s), .example = "increment: 1h",
                WORDS(increments)},
        {"minimum_seconds", read_whole, offsetof(struct bl_price, minimum_seconds), .most = 366 * 86400,
                .example = "minimum_seconds: 60"},
        {"minimum_amount", read_money, offsetof(struct bl_price, minimum_amount),
                .example = "minimum_amount: \"0.01\""},
        {"allowance", LIST(struct bl_price, allowance, n_allowance, allowances),
                .example = "allowance: [{meter: bandwidth_out, quantity: \"1000\"}]"},
};

static enum bl_err price_defaults(struct reader *r, const struct node *map, void *element)
{
    (void)r, (void)map;
    struct bl_price *p = element;
    if (p->increment_s == 0)
        p->increment_s = 1;
    return BL_OK;
}

static enum bl_err prices_in_order(struct reader *r, const struct node *list, void **array, size_t n)
{
    return in_order(r, list, array, n, sizeof(struct bl_price));
}

static const struct list_of prices = {TABLE(price_fields), .each = sizeof(struct bl_price), .least = 1,
        .most = 1000, .check = price_defaults, .finish = prices_in_order};

static const struct word sku_provides[] = {{"volume", 0}, {"volume_snapshot", 0}, {"app", 0}};

static const struct field sku_fields[] = {
        {"sku", read_name, offsetof(struct bl_sku, sku), .required = true, .example = "sku: s-1vcpu-1gb"},
        {"product", read_product, offsetof(struct bl_sku, product), .required = true,
                .example = "product: Droplets"},
        {"civo_code", read_name, offsetof(struct bl_sku, civo_code),
                .example = "civo_code: instance-g3.small"},
        {"provides", read_one_of, offsetof(struct bl_sku, provides), .example = "provides: volume",
                WORDS(sku_provides)},
        {"unit", read_name, offsetof(struct bl_sku, unit), .example = "unit: GiB"},
        {"prices", LIST(struct bl_sku, price, n_price, prices), .required = true,
                .example = "prices: [{" FROM ", amount: \"5.00\", per_hours: 672}]"},
};

static enum bl_err skus_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    struct index index;
    BL_TRY(names_differ(r, list, "sku", &(struct names){*array, sizeof(struct bl_sku), n}, &index));
    r->book->sku_index = index.slot;
    r->book->n_sku_index = index.n_slot;
    return provides_differ(r, list);
}

static const struct list_of skus = {
        TABLE(sku_fields), .each = sizeof(struct bl_sku), .most = 100000, .finish = skus_differ};

/* ---- taxes */

static const struct field tax_fields[] = {
        {"from", read_instant, offsetof(struct bl_tax, from_s), .required = true, .example = FROM},
        {"country", read_country, offsetof(struct bl_tax, country), .required = true,
                .example = "country: DE"},
        {"region", read_name, offsetof(struct bl_tax, region), .example = "region: NY"},
        {"name", read_name, offsetof(struct bl_tax, name), .required = true, .example = "name: VAT"},
        {"percent", read_money, offsetof(struct bl_tax, percent), .required = true,
                .example = "percent: \"19\""},
        {"tax", read_word, offsetof(struct bl_tax, tax), .example = "tax: standard"},
        {"reverse_charge", read_name, offsetof(struct bl_tax, note),
                .example = "reverse_charge: Reverse charge"},
};

static enum bl_err tax_makes_sense(struct reader *r, const struct node *map, void *element)
{
    struct bl_tax *t = element;
    if (bl_dec_cmp(t->percent, bl_dec_of(1000)) > 0)
        return node_fail(&r->tree, node_get(map, "percent"),
                "\"%s\" is above 1000; 19 %% is written percent: \"19\"",
                shown(r, node_get(map, "percent")->text));
    if (bl_str_is(t->tax, "exempt"))
        return node_fail(&r->tree, node_get(map, "tax"),
                "exempt products are never taxed; name another kind, such as "
                "tax: standard");
    if (!bl_is(t->tax))
        t->tax = BL_STR("standard");
    return BL_OK;
}

struct tax_place {
    const struct bl_tax *tax;
    size_t place;
};

static int tax_identity_cmp(const struct bl_tax *a, const struct bl_tax *b)
{
    int c = bl_str_cmp(a->country, b->country);
    c = c != 0 ? c : bl_str_cmp(a->region, b->region);
    c = c != 0 ? c : bl_str_cmp(a->name, b->name);
    return c != 0 ? c : (a->from_s > b->from_s) - (a->from_s < b->from_s);
}

static int tax_place_cmp(const void *l, const void *r)
{
    const struct tax_place *a = l, *b = r;
    int c = tax_identity_cmp(a->tax, b->tax);
    return c != 0 ? c : (a->place > b->place) - (a->place < b->place);
}

static enum bl_err taxes_differ(struct reader *r, const struct node *list, void **array, size_t n)
{
    const struct bl_tax *tax = *array;
    struct tax_place *order = bl_alloc_array(&r->tree.arena, n, sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = (struct tax_place){&tax[i], i};
    if (n > 0)
        qsort(order, n, sizeof *order, tax_place_cmp);
    for (size_t i = 1; i < n; i++)
        if (tax_identity_cmp(order[i].tax, order[i - 1].tax) == 0)
            return node_fail(&r->tree, node_at(list, order[i].place),
                    "the same country, region, name and from as on "
                    "line %" PRIu32 "; keep one",
                    node_at(list, order[i - 1].place)->line);
    return BL_OK;
}

static const struct list_of taxes = {TABLE(tax_fields), .each = sizeof(struct bl_tax), .most = 10000,
        .check = tax_makes_sense, .finish = taxes_differ};

/* ---- the book: the order matters, a row may name things of those above it */

static const struct field book_fields[] = {
        {"currency", read_currency, offsetof(struct bl_book, currency), .required = true,
                .example = "currency: USD"},
        {"grace", read_span, offsetof(struct bl_book, grace_s), .most = 366 * BL_DAY_S,
                .example = "grace: 24h"},
        {"sellers", LIST(struct bl_book, seller, n_seller, sellers),
                .example = "sellers: [{name: Example Cloud Ltd}]"},
        {"regions", LIST(struct bl_book, region, n_region, regions), .example = "regions: [nyc3, lon1]"},
        {"products", LIST(struct bl_book, product, n_product, products),
                .example = "products: [{name: Droplets}]"},
        {"meters", LIST(struct bl_book, meter, n_meter, meters),
                .example = "meters: [{meter: bandwidth_out, ...}]"},
        {"skus", LIST(struct bl_book, sku, n_sku, skus), .example = "skus: [{sku: s-1vcpu-1gb, ...}]"},
        {"taxes", LIST(struct bl_book, tax, n_tax, taxes), .example = "taxes: [{country: DE, ...}]"},
};

enum bl_err bl_book_parse(struct bl_ctx *x, struct bl_str file, struct bl_str yaml, struct bl_book **ret)
{
    struct reader r = {.x = x};
    enum bl_err e = tree_read(x, file, yaml, &r.tree);
    if (e == BL_OK) {
        r.book = bl_alloc(&x->arena, sizeof *r.book);
        bl_sha256(yaml.p, yaml.n, r.book->id);
        memcpy(r.book->index_key, r.book->id, sizeof r.book->index_key);
        r.book->grace_s = 24 * BL_HOUR_S;
        e = read_map(&r, r.tree.root, book_fields, BL_COUNT(book_fields), r.book);
    }
    if (e == BL_OK)
        *ret = r.book;
    tree_release(&r.tree);
    return e;
}
