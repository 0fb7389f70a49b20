/* Lines as rows of a document: every figure and price becomes the text that is printed, so that an issued
 * document can be shown for ever without the price book it was made with. */
#include "bill/parts.h"

#include <string.h>

/* At least as many decimals as the currency has: "5.00", "0.0089". */
static struct bl_str price_text(struct bl_ctx *x, bl_dec price, int digits)
{
    char text[64 + 8];
    size_t n = bl_dec_text(price, text);
    const char *point = memchr(text, '.', n);
    size_t decimals = point ? n - (size_t)(point - text) - 1 : 0;
    if (decimals < (size_t)digits && point == NULL)
        text[n++] = '.';
    for (; decimals < (size_t)digits; decimals++)
        text[n++] = '0';
    return bl_str_dup(&x->arena, (struct bl_str){text, n});
}

static struct bl_str dec_text(struct bl_ctx *x, bl_dec d)
{
    char text[64];
    return bl_str_dup(&x->arena, (struct bl_str){text, bl_dec_text(d, text)});
}

static struct bl_str sku_price(struct bl_ctx *x, const struct bl_sku *s, const struct bl_price *p, int digits)
{
    struct bl_str amount = price_text(x, p->amount, digits);
    const char *per = s->unit.n > 0 ? " per " : "";
    if (p->per_hours == 1)
        return bl_str_printf(&x->arena, "%.*s%s%.*s per hour", BL_FMT(amount), per, BL_FMT(s->unit));
    return bl_str_printf(&x->arena, "%.*s%s%.*s per %lld hours", BL_FMT(amount), per, BL_FMT(s->unit),
            (long long)p->per_hours);
}

static struct bl_str meter_price(
        struct bl_ctx *x, const struct bl_meter *m, const struct bl_meter_price *p, int digits)
{
    if (p->model == BL_MODEL_GRADUATED)
        return BL_STR("graduated");
    if (p->model == BL_MODEL_VOLUME)
        return BL_STR("volume");
    struct bl_str amount = price_text(x, p->amount, digits), per = dec_text(x, p->per);
    struct bl_str unit = m->unit.n > 0 ? m->unit : BL_STR("unit");
    const char *started = p->model == BL_MODEL_PACKAGE ? "started " : "";
    if (bl_str_is(per, "1"))
        return bl_str_printf(&x->arena, "%.*s per %s%.*s", BL_FMT(amount), started, BL_FMT(unit));
    return bl_str_printf(
            &x->arena, "%.*s per %s%.*s %.*s", BL_FMT(amount), started, BL_FMT(per), BL_FMT(unit));
}

static void sku_figures(struct bl_ctx *x, const struct bl_book *b, const struct bl_line *l, struct bl_row *r)
{
    const struct bl_sku *s = &b->sku[l->sku];
    r->sku = s->sku;
    r->unit_price = sku_price(x, s, &s->price[l->version], b->currency->digits);
    if (s->unit.n == 0 && bl_dec_cmp(l->quantity, bl_dec_of(1)) == 0) {
        r->quantity = r->duration;
        r->unit = BL_STR("Hours");
        return;
    }
    r->quantity = dec_text(x, l->quantity);
    r->unit = or_empty(s->unit);
}

static void meter_figures(
        struct bl_ctx *x, const struct bl_book *b, const struct bl_line *l, struct bl_row *r)
{
    const struct bl_meter *m = &b->meter[l->meter];
    r->sku = m->meter;
    r->unit_price = meter_price(x, m, &m->price[l->version], b->currency->digits);
    r->quantity = dec_text(x, l->quantity);
    r->unit = or_empty(m->unit);
}

enum bl_err row_of_line(
        struct bl_ctx *x, const struct bl_book *book, const struct bl_line *l, struct bl_row *ret)
{
    const struct bl_product *p = &book->product[l->product];
    bl_dec exact;
    BL_TRY(bl_rat_show(x, &l->exact, &exact));
    struct bl_row r = {
            .kind = l->section == BL_OVERAGES ? BL_ROW_OVERAGE : BL_ROW_ITEM,
            .product = or_empty(p->name),
            .category = or_empty(p->category),
            .group = or_empty(l->group),
            .description = bl_line_description(x, book, l),
            .project = or_empty(l->project),
            .region = or_empty(l->region),
            .has_resource = l->has_resource,
            .resource = l->resource,
            .has_resource_id = l->has_resource_id,
            .resource_id = l->resource_id,
            .duration = bl_line_duration(x, l),
            .start_s = l->start_s,
            .end_s = l->end_s,
            .exact = dec_text(x, exact),
            .tags = or_empty(l->tags),
            .kind_text = or_empty(l->kind),
            .amount = l->amount,
            .of_period = -1,
            .ledger = or_empty(p->name),
    };
    if (l->meter >= 0)
        meter_figures(x, book, l, &r);
    else
        sku_figures(x, book, l, &r);
    *ret = r;
    return BL_OK;
}
