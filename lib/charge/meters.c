/* Meters: a period's totals made into lines.
 *
 * Totals come per meter, resource and day; those of the period up to the bill's day are merged into one
 * figure per line, the pooled allowance is taken off, and the price's model prices the rest. Facts of a meter
 * that has no price in the period, or that the book no longer knows, make no line. */
#include "charge/parts.h"

#include <stdlib.h>

/* ---- merging */

struct gather {
    const struct bl_usage_total **at; /* by meter, resource, day */
    size_t n;
};

static int by_meter_resource_day(const void *a, const void *b)
{
    const struct bl_usage_total *l = *(const struct bl_usage_total *const *)a;
    const struct bl_usage_total *r = *(const struct bl_usage_total *const *)b;
    int c = bl_str_cmp(l->meter, r->meter);
    if (c == 0 && l->has_resource != r->has_resource)
        c = l->has_resource ? 1 : -1;
    if (c == 0 && l->has_resource)
        c = bl_uuid_cmp(l->resource, r->resource);
    return c != 0 ? c : (l->day > r->day) - (l->day < r->day);
}

static bool counts(const struct bill_span *b, const struct bl_usage_total *t)
{
    int64_t day_s = (int64_t)t->day * BL_DAY_S;
    return t->count > 0 && day_s < b->to_s && day_s + BL_DAY_S > b->from_s;
}

static void gather(struct bl_ctx *x, const struct bill_span *b, struct gather *ret)
{
    const struct bl_usage_total *u = b->in->usage;
    bool sorted = true;
    ret->at = bl_alloc_array(&x->arena, b->in->n_usage, sizeof *ret->at);
    ret->n = 0;
    for (size_t i = 0; i < b->in->n_usage; i++) {
        if (!counts(b, &u[i]))
            continue;
        ret->at[ret->n++] = &u[i];
        sorted = sorted &&
                 (ret->n < 2 || by_meter_resource_day(&ret->at[ret->n - 2], &ret->at[ret->n - 1]) <= 0);
    }
    if (!sorted)
        qsort(ret->at, ret->n, sizeof *ret->at, by_meter_resource_day);
}

static int mark_order(const struct bl_usage_mark *a, const struct bl_usage_mark *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    int c = bl_str_cmp(a->source, b->source);
    return c != 0 ? c : bl_str_cmp(a->id, b->id);
}

static const struct bl_usage_mark *last_of(const struct bl_usage_total **t, size_t n)
{
    const struct bl_usage_mark *last = &t[0]->last;
    for (size_t i = 1; i < n; i++)
        if (mark_order(&t[i]->last, last) > 0)
            last = &t[i]->last;
    return last;
}

static int by_bytes(const void *a, const void *b)
{
    return bl_str_cmp(*(const struct bl_str *)a, *(const struct bl_str *)b);
}

static uint64_t distinct(struct bl_ctx *x, const struct bl_usage_total **t, size_t n)
{
    if (n == 1)
        return t[0]->n_values;
    size_t all = 0, m = 0, k = 0;
    for (size_t i = 0; i < n; i++)
        all += t[i]->n_values;
    struct bl_str *v = bl_alloc_array(&x->arena, all, sizeof *v);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < t[i]->n_values; j++)
            v[m++] = t[i]->values[j];
    qsort(v, m, sizeof *v, by_bytes);
    for (size_t i = 0; i < m; i++)
        k += i == 0 || !bl_str_eq(v[i - 1], v[i]);
    return k;
}

static bl_dec whole(uint64_t n)
{
    return (bl_dec){(__int128)n * BL_DEC_ONE};
}

static enum bl_err aggregate(
        struct bl_ctx *x, enum bl_aggregate how, const struct bl_usage_total **t, size_t n, bl_dec *ret)
{
    bl_dec sum = {0}, max = {0};
    uint64_t count = 0;
    switch (how) {
    case BL_AGG_SUM:
        for (size_t i = 0; i < n; i++)
            BL_TRY(bl_dec_add(x, sum, t[i]->sum, &sum));
        *ret = sum;
        return BL_OK;
    case BL_AGG_MAX:
        for (size_t i = 0; i < n; i++)
            if (bl_dec_cmp(t[i]->max, max) > 0)
                max = t[i]->max;
        *ret = max;
        return BL_OK;
    case BL_AGG_LAST:
        *ret = last_of(t, n)->quantity;
        return BL_OK;
    case BL_AGG_COUNT:
        for (size_t i = 0; i < n; i++)
            count += t[i]->count;
        *ret = whole(count);
        return BL_OK;
    case BL_AGG_UNIQUE:
        *ret = whole(distinct(x, t, n));
        return BL_OK;
    }
    return bl_fail(x, BL_INTERNAL, "aggregate %d is unknown", (int)how);
}

/* ---- lines */

static bool pools(const struct bl_meter *m)
{
    return m->aggregate == BL_AGG_SUM && !m->by_resource;
}

static enum bl_err line_of(struct bl_ctx *x, const struct bill_span *b, int meter,
        const struct bl_meter_price *price, const struct bl_usage_total **t, size_t n, struct bl_line *ret)
{
    const struct bl_meter *m = &b->in->book->meter[meter];
    ret->section = m->overages ? BL_OVERAGES : BL_ITEMS;
    ret->product = m->product;
    ret->sku = -1;
    ret->meter = meter;
    ret->version = (int)(price - m->price);
    ret->start_s = bl_period_start_s(b->in->period);
    ret->end_s = b->end_s;
    for (size_t i = 0; i < n; i++)
        ret->facts += t[i]->count;
    if (m->by_resource) {
        const struct bl_usage_mark *last = last_of(t, n);
        ret->has_resource = t[0]->has_resource;
        ret->resource = t[0]->resource;
        ret->region = last->region;
        ret->project = last->project;
    }
    BL_TRY(aggregate(x, m->aggregate, t, n, &ret->quantity));
    if (pools(m)) {
        bl_dec pool;
        BL_TRY(pool_allowance(x, b, meter, &pool));
        ret->allowed = bl_dec_cmp(pool, ret->quantity) < 0 ? pool : ret->quantity;
    }
    return model_price(x, price, (bl_dec){ret->quantity.pico - ret->allowed.pico}, &ret->exact);
}

static bool same_resource(const struct bl_usage_total *a, const struct bl_usage_total *b)
{
    return a->has_resource == b->has_resource &&
           (!a->has_resource || bl_uuid_cmp(a->resource, b->resource) == 0);
}

/* All totals of one meter. */
static enum bl_err rate_meter(struct bl_ctx *x, const struct bill_span *b, int meter,
        const struct bl_usage_total **t, size_t n, struct line_list *out)
{
    const struct bl_meter *m = &b->in->book->meter[meter];
    const struct bl_meter_price *price = bl_meter_price_for(m, b->in->period);
    size_t before = out->n;
    if (price == NULL)
        return BL_OK;
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && (!m->by_resource || same_resource(t[i], t[j]));)
            j++;
        BL_TRY(line_of(x, b, meter, price, &t[i], j - i, BL_PUSH(&x->arena, *out)));
    }
    return round_lines(x, &out->at[before], NULL, out->n - before, b->digits);
}

enum bl_err rate_meters(struct bl_ctx *x, const struct bill_span *b, struct line_list *out)
{
    struct gather g;
    gather(x, b, &g);
    for (size_t i = 0, j; i < g.n; i = j) {
        for (j = i + 1; j < g.n && bl_str_eq(g.at[i]->meter, g.at[j]->meter);)
            j++;
        int meter = bl_book_meter(b->in->book, g.at[i]->meter);
        if (meter < 0)
            continue;
        enum bl_err e = rate_meter(x, b, meter, &g.at[i], j - i, out);
        if (e == BL_OVERFLOW) {
            char period[8];
            bl_period_text(b->in->period, period);
            return bl_fail(x, e, "the charge of meter %s in %s leaves the range that can be computed exactly",
                    bl_shown(&x->arena, g.at[i]->meter), period);
        }
        BL_TRY(e);
    }
    return BL_OK;
}
