/* What changed between two books. A kind of thing is a table: how to list it by name, and how to show each of
 * its properties as text. Two lists sorted by name are walked side by side; what is in one alone was added or
 * removed, what is in both is compared property by property, and then its own children (prices) in the same
 * way. */
#include "book/book.h"

#include <inttypes.h>
#include <stdlib.h>

struct entry { /* one thing of a kind, by the name it is matched with */
    struct bl_str name;
    const void *thing;
};
struct property {
    const char *name;
    struct bl_str (*show)(struct bl_ctx *x, const struct bl_book *b, const void *at); /* absent: none */
    size_t offset; /* of the member it shows; 0 for those that take the whole thing */
};
struct kind {
    const char *word;
    const struct property *property;
    size_t n_property;
    /* the things of this kind in `parent` (the book, or the thing above); NULL has none */
    size_t (*list)(struct bl_ctx *x, const struct bl_book *b, const void *parent, struct entry **ret);
    const struct kind *child;
};
struct diff {
    struct bl_ctx *x;
    const struct bl_book *old, *new;
    struct bl_buf *out;
};

/* ---- properties as text; `at` points at the member a property names, of what its function says */

static struct bl_str text(struct bl_ctx *x, const char *z)
{
    return bl_str_dup(&x->arena, bl_str_of(z));
}

static struct bl_str show_text(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x, (void)b;
    return *(const struct bl_str *)at;
}

static struct bl_str show_prose(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)b;
    struct bl_str s = *(const struct bl_str *)at;
    if (!bl_is(s))
        return s;
    char *p = bl_alloc(&x->arena, s.n + 1);
    for (size_t i = 0; i < s.n; i++)
        p[i] = s.p[i] == '\n' || s.p[i] == '\t' ? ' ' : s.p[i];
    return (struct bl_str){p, s.n};
}

static struct bl_str show_whole(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)b;
    int64_t v = *(const int64_t *)at;
    return v == 0 ? BL_ABSENT : bl_str_printf(&x->arena, "%" PRId64, v);
}

static struct bl_str show_decimal(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)b;
    char shown[64];
    bl_dec_text(*(const bl_dec *)at, shown);
    return text(x, shown);
}

/* At least the currency's decimals: "5.00", but "0.008" whole. */
static struct bl_str show_money(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    char shown[64 + 8];
    size_t n = bl_dec_text(*(const bl_dec *)at, shown), point = 0;
    while (point < n && shown[point] != '.')
        point++;
    if (point == n && b->currency->digits > 0)
        shown[n++] = '.';
    while (n > point && n - point - 1 < (size_t)b->currency->digits)
        shown[n++] = '0';
    shown[n] = '\0';
    return text(x, shown);
}

static struct bl_str show_money_if_any(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    return ((const bl_dec *)at)->pico == 0 ? BL_ABSENT : show_money(x, b, at);
}

static struct bl_str show_product(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x;
    return b->product[*(const int *)at].name;
}

static struct bl_str show_span(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)b;
    int64_t s = *(const int64_t *)at;
    return s % BL_HOUR_S == 0 ? bl_str_printf(&x->arena, "%" PRId64 "h", s / BL_HOUR_S)
                              : bl_str_printf(&x->arena, "%" PRId64 "s", s);
}

static struct bl_str show_increment(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x, (void)b;
    int32_t s = *(const int32_t *)at;
    return s == 1 ? BL_STR("1s") : s == 60 ? BL_STR("1m") : BL_STR("1h");
}

static struct bl_str show_section(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x, (void)b;
    return *(const bool *)at ? BL_STR("overages") : BL_STR("items");
}

static struct bl_str show_by(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x, (void)b;
    return *(const bool *)at ? BL_STR("resource") : BL_STR("account");
}

static struct bl_str show_aggregate(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    static const char *const words[] = {"sum", "max", "last", "count", "unique"};
    (void)x, (void)b;
    return bl_str_of(words[*(const enum bl_aggregate *)at]);
}

static struct bl_str show_model(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    static const char *const words[] = {"unit", "package", "graduated", "volume"};
    (void)x, (void)b;
    return bl_str_of(words[*(const enum bl_model *)at]);
}

/* ---- these take the whole thing */

static struct bl_str show_allowance(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    const struct bl_price *p = at;
    struct bl_str all = BL_ABSENT;
    for (size_t i = 0; i < p->n_allowance; i++) {
        const struct bl_allowance *a = &p->allowance[i];
        struct bl_str quantity = show_decimal(x, b, &a->quantity);
        all = bl_str_printf(&x->arena, "%.*s%s%.*s %.*s", BL_FMT(all), i > 0 ? " + " : "", BL_FMT(quantity),
                BL_FMT(b->meter[a->meter].meter));
    }
    return all;
}

static struct bl_str show_meter_amount(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    const struct bl_meter_price *p = at;
    return p->n_tier > 0 ? BL_ABSENT : show_money(x, b, &p->amount);
}

static struct bl_str show_tiers(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    const struct bl_meter_price *p = at;
    struct bl_str all = BL_ABSENT;
    for (size_t i = 0; i < p->n_tier; i++) {
        const struct bl_tier *t = &p->tier[i];
        struct bl_str to = t->open ? BL_STR("beyond") : show_decimal(x, b, &t->up_to);
        struct bl_str amount = show_money(x, b, &t->amount);
        all = bl_str_printf(&x->arena, "%.*s%s%s%.*s at %.*s", BL_FMT(all), i > 0 ? "; " : "",
                t->open ? "" : "to ", BL_FMT(to), BL_FMT(amount));
    }
    return all;
}

/* The file's name, and the picture itself where it is at hand. */
static struct bl_str show_logo(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)b;
    const struct bl_seller *s = at;
    if (!bl_is(s->logo))
        return s->logo_file;
    uint8_t digest[32];
    char hex[17];
    bl_sha256(s->logo.p, s->logo.n, digest);
    bl_hex(digest, 8, hex);
    return bl_str_printf(&x->arena, "%.*s (%s)", BL_FMT(s->logo_file), hex);
}

static struct bl_str show_first_seller(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x, (void)at;
    return b->n_seller > 0 ? b->seller[0].name : BL_ABSENT;
}

static struct bl_str show_currency(struct bl_ctx *x, const struct bl_book *b, const void *at)
{
    (void)x, (void)at;
    return bl_str_of(b->currency->code);
}

/* ---- lists */

#define ENTRIES(function, type, array, count, name_of)                                                       \
    static size_t function(                                                                                  \
            struct bl_ctx *x, const struct bl_book *b, const void *parent, struct entry **ret)               \
    {                                                                                                        \
        const struct type *p = parent;                                                                       \
        (void)b;                                                                                             \
        if (p == NULL)                                                                                       \
            return 0;                                                                                        \
        *ret = bl_alloc_array(&x->arena, p->count, sizeof **ret);                                            \
        for (size_t i = 0; i < p->count; i++)                                                                \
            (*ret)[i] = (struct entry){name_of, &p->array[i]};                                               \
        return p->count;                                                                                     \
    }

static struct bl_str price_name(struct bl_ctx *x, int64_t from_s)
{
    char at[32];
    bl_time_text_s(from_s, at);
    return text(x, at);
}

static struct bl_str tax_name(struct bl_ctx *x, const struct bl_tax *t)
{
    char from[32];
    bl_time_text_s(t->from_s, from);
    return bl_str_printf(&x->arena, "%.*s%s%.*s %.*s from %s", BL_FMT(t->country),
            bl_is(t->region) ? "/" : "", BL_FMT(t->region), BL_FMT(t->name), from);
}

ENTRIES(list_sellers, bl_book, seller, n_seller, p->seller[i].name)
ENTRIES(list_regions, bl_book, region, n_region, p->region[i])
ENTRIES(list_products, bl_book, product, n_product, p->product[i].name)
ENTRIES(list_skus, bl_book, sku, n_sku, p->sku[i].sku)
ENTRIES(list_prices, bl_sku, price, n_price, price_name(x, p->price[i].from_s))
ENTRIES(list_meters, bl_book, meter, n_meter, p->meter[i].meter)
ENTRIES(list_meter_prices, bl_meter, price, n_price, price_name(x, p->price[i].from_s))
ENTRIES(list_taxes, bl_book, tax, n_tax, tax_name(x, &p->tax[i]))

/* ---- kinds */

static const struct property price_properties[] = {
        {"amount", show_money, offsetof(struct bl_price, amount)},
        {"per_hours", show_whole, offsetof(struct bl_price, per_hours)},
        {"cap_hours", show_whole, offsetof(struct bl_price, cap_hours)},
        {"increment", show_increment, offsetof(struct bl_price, increment_s)},
        {"minimum_seconds", show_whole, offsetof(struct bl_price, minimum_seconds)},
        {"minimum_amount", show_money_if_any, offsetof(struct bl_price, minimum_amount)},
        {"allowance", show_allowance, 0},
};
static const struct property meter_price_properties[] = {
        {"model", show_model, offsetof(struct bl_meter_price, model)},
        {"amount", show_meter_amount, 0},
        {"per", show_decimal, offsetof(struct bl_meter_price, per)},
        {"tiers", show_tiers, 0},
};
static const struct property seller_properties[] = {
        {"address_line1", show_text, offsetof(struct bl_seller, address1)},
        {"address_line2", show_text, offsetof(struct bl_seller, address2)},
        {"city", show_text, offsetof(struct bl_seller, city)},
        {"region", show_text, offsetof(struct bl_seller, region)},
        {"postal_code", show_text, offsetof(struct bl_seller, postal_code)},
        {"country", show_text, offsetof(struct bl_seller, country)},
        {"tax_id", show_text, offsetof(struct bl_seller, tax_id)},
        {"bank", show_prose, offsetof(struct bl_seller, bank)},
        {"terms_days", show_whole, offsetof(struct bl_seller, terms_days)},
        {"logo", show_logo, 0},
        {"foot", show_prose, offsetof(struct bl_seller, foot)},
};
static const struct property product_properties[] = {
        {"category", show_text, offsetof(struct bl_product, category)},
        {"tax", show_text, offsetof(struct bl_product, tax)},
};
static const struct property sku_properties[] = {
        {"product", show_product, offsetof(struct bl_sku, product)},
        {"civo_code", show_text, offsetof(struct bl_sku, civo_code)},
        {"provides", show_text, offsetof(struct bl_sku, provides)},
        {"unit", show_text, offsetof(struct bl_sku, unit)},
};
static const struct property meter_properties[] = {
        {"product", show_product, offsetof(struct bl_meter, product)},
        {"section", show_section, offsetof(struct bl_meter, overages)},
        {"unit", show_text, offsetof(struct bl_meter, unit)},
        {"provides", show_text, offsetof(struct bl_meter, provides)},
        {"aggregate", show_aggregate, offsetof(struct bl_meter, aggregate)},
        {"by", show_by, offsetof(struct bl_meter, by_resource)},
};
static const struct property tax_properties[] = {
        {"percent", show_decimal, offsetof(struct bl_tax, percent)},
        {"tax", show_text, offsetof(struct bl_tax, tax)},
        {"reverse_charge", show_text, offsetof(struct bl_tax, note)},
};
static const struct property book_properties[] = {
        {"currency", show_currency, 0},
        {"grace", show_span, offsetof(struct bl_book, grace_s)},
        {"first seller", show_first_seller, 0},
};

#define PROPERTIES(p) (p), BL_COUNT(p)
static const struct kind sku_price = {"price from", PROPERTIES(price_properties), list_prices, NULL};
static const struct kind meter_price = {
        "price from", PROPERTIES(meter_price_properties), list_meter_prices, NULL};
static const struct kind kinds[] = {
        {"seller", PROPERTIES(seller_properties), list_sellers, NULL},
        {"region", NULL, 0, list_regions, NULL},
        {"product", PROPERTIES(product_properties), list_products, NULL},
        {"meter", PROPERTIES(meter_properties), list_meters, &meter_price},
        {"sku", PROPERTIES(sku_properties), list_skus, &sku_price},
        {"tax", PROPERTIES(tax_properties), list_taxes, NULL},
};

/* ---- the walk */

static int entry_cmp(const void *l, const void *r)
{
    return bl_str_cmp(((const struct entry *)l)->name, ((const struct entry *)r)->name);
}

static size_t sorted(const struct diff *d, const struct kind *k, const struct bl_book *b, const void *parent,
        struct entry **ret)
{
    size_t n = k->list(d->x, b, parent, ret);
    if (n > 1)
        qsort(*ret, n, sizeof **ret, entry_cmp);
    return n;
}

static struct bl_str show(
        const struct diff *d, const struct property *p, const struct bl_book *b, const void *thing)
{
    return p->show(d->x, b, (const char *)thing + p->offset);
}

static struct bl_str or_none(struct bl_str s)
{
    return bl_is(s) ? s : BL_STR("none");
}

/* `head` is all that stands before the property: "sku s-1vcpu-1gb: price from 2026-01-01T00:00:00Z: ". */
static void changed(const struct diff *d, const struct property *property, size_t n, struct bl_str head,
        const void *old, const void *new)
{
    for (size_t i = 0; i < n; i++) {
        struct bl_str was = show(d, &property[i], d->old, old), is = show(d, &property[i], d->new, new);
        if (bl_str_eq(was, is))
            continue;
        was = or_none(was);
        is = or_none(is);
        bl_buf_printf(
                d->out, "%.*s%s %.*s -> %.*s\n", BL_FMT(head), property[i].name, BL_FMT(was), BL_FMT(is));
    }
}

static void added(const struct diff *d, const struct kind *k, struct bl_str head, const void *new)
{
    bl_buf_printf(d->out, "%.*sadded", BL_FMT(head));
    const char *between = ": ";
    for (size_t i = 0; i < k->n_property; i++) {
        struct bl_str is = show(d, &k->property[i], d->new, new);
        if (!bl_is(is))
            continue;
        bl_buf_printf(d->out, "%s%s %.*s", between, k->property[i].name, BL_FMT(is));
        between = ", ";
    }
    bl_buf_byte(d->out, '\n');
}

static void walk(
        const struct diff *d, const struct kind *k, struct bl_str above, const void *old, const void *new);

static void one(const struct diff *d, const struct kind *k, struct bl_str above, const struct entry *old,
        const struct entry *new)
{
    struct bl_str name = old ? old->name : new->name;
    struct bl_str head = bl_str_printf(&d->x->arena, "%.*s%s %.*s: ", BL_FMT(above), k->word, BL_FMT(name));
    if (new == NULL)
        bl_buf_printf(d->out, "%.*sremoved\n", BL_FMT(head));
    else if (old == NULL)
        added(d, k, head, new->thing);
    else
        changed(d, k->property, k->n_property, head, old->thing, new->thing);
    if (new != NULL && k->child != NULL)
        walk(d, k->child, head, old ? old->thing : NULL, new->thing);
}

static void walk(
        const struct diff *d, const struct kind *k, struct bl_str above, const void *old, const void *new)
{
    struct entry *was = NULL, *is = NULL;
    size_t n_was = sorted(d, k, d->old, old, &was), n_is = sorted(d, k, d->new, new, &is);
    for (size_t i = 0, j = 0; i < n_was || j < n_is;) {
        int c = i == n_was ? 1 : j == n_is ? -1 : bl_str_cmp(was[i].name, is[j].name);
        one(d, k, above, c <= 0 ? &was[i] : NULL, c >= 0 ? &is[j] : NULL);
        i += c <= 0;
        j += c >= 0;
    }
}

enum bl_err bl_book_diff(
        struct bl_ctx *x, const struct bl_book *old, const struct bl_book *new, struct bl_buf *ret)
{
    struct diff d = {x, old, new, ret};
    changed(&d, book_properties, BL_COUNT(book_properties), BL_STR(""), old, new);
    for (size_t i = 0; i < BL_COUNT(kinds); i++)
        walk(&d, &kinds[i], BL_STR(""), old, new);
    return BL_OK;
}
