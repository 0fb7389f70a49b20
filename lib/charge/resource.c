/* One resource's lines: its parts, charged, put together by key.
 *
 *     lives --steps--> parts --accrual--> seconds and rests --key--> lines --minimum, rounding--> amounts
 *
 * Seconds of one key have one price and one size, so a line's exact charge is built once, from their sum. */
#include "charge/parts.h"

#include <assert.h>
#include <stdlib.h>

static int by_key(const void *a, const void *b, void *book_)
{
    const struct part *l = a, *r = b;
    const struct bl_book *book = book_;
    int c = l->sku == r->sku ? 0 : bl_str_cmp(book->sku[l->sku].sku, book->sku[r->sku].sku);
    if (c == 0 && l->price != r->price)
        c = l->price < r->price ? -1 : 1;
    if (c == 0)
        c = bl_dec_cmp_text(l->stretch->quantity, r->stretch->quantity);
    if (c == 0)
        c = bl_str_cmp(l->stretch->region, r->stretch->region);
    if (c == 0)
        c = bl_str_cmp(l->stretch->project, r->stretch->project);
    if (c == 0)
        c = bl_str_cmp(l->stretch->group, r->stretch->group);
    return c;
}

/* Within a key: in time; added time before real time of the same second, so that the last real one is shown.
 */
static int by_key_then_time(const void *a, const void *b, void *book)
{
    const struct part *l = a, *r = b;
    int c = by_key(l, r, book);
    if (c != 0)
        return c;
    if (l->added != r->added)
        return l->added ? -1 : 1;
    if (l->start_s != r->start_s)
        return l->start_s < r->start_s ? -1 : 1;
    return (l->birth_s > r->birth_s) - (l->birth_s < r->birth_s);
}

static bool sorted_by_key(const struct parts *p, const struct bl_book *book)
{
    for (size_t i = 1; i < p->n; i++)
        if (by_key_then_time(&p->at[i - 1], &p->at[i], (void *)book) > 0)
            return false;
    return true;
}

static int64_t min_s(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Parts [p, p + n) have one key and stand in the order of by_key_then_time. */
static enum bl_err line_of(struct bl_ctx *x, const struct bl_book *book, bl_uuid resource,
        const struct part *p, size_t n, struct bl_line *ret)
{
    const struct bl_sku *sku = &book->sku[p->sku];
    const struct bl_stretch *s = p[n - 1].stretch;
    ret->section = BL_ITEMS;
    ret->product = sku->product;
    ret->has_resource = true;
    ret->resource = resource;
    ret->sku = p->sku;
    ret->meter = -1;
    ret->version = (int)(p->price - sku->price);
    ret->quantity = s->quantity;
    ret->region = s->region;
    ret->project = s->project;
    ret->group = s->group;
    ret->name = s->name;
    ret->tags = s->tags;
    ret->kind = s->kind;
    ret->has_resource_id = s->has_resource_id;
    ret->resource_id = s->resource_id;

    int64_t billed_s = 0, end_s = INT64_MIN;
    ret->start_s = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        billed_s += p[i].billed_s;
        ret->start_s = min_s(ret->start_s, p[i].start_s);
        ret->seconds += p[i].end_s - p[i].start_s;
        if (!p[i].added && p[i].end_s > end_s)
            end_s = p[i].end_s;
    }
    ret->end_s = end_s == INT64_MIN ? ret->start_s : end_s;
    struct pace c;
    pace_money(p, 0, &c);
    BL_TRY(pace_sum(x, c, s->quantity, billed_s, &ret->exact));
    for (size_t i = 0; i < n; i++)
        if (p[i].has_rest)
            BL_TRY(bl_rat_add(x, &ret->exact, &p[i].rest, &ret->exact));
    return BL_OK;
}

static enum bl_err make_lines(struct bl_ctx *x, const struct bl_book *book, bl_uuid resource, struct parts *p,
        struct line_list *out)
{
    if (!sorted_by_key(p, book))
        qsort_r(p->at, p->n, sizeof *p->at, by_key_then_time, (void *)book);
    for (size_t i = 0, j; i < p->n; i = j) {
        for (j = i + 1; j < p->n && by_key(&p->at[i], &p->at[j], (void *)book) == 0;)
            j++;
        BL_TRY(line_of(x, book, resource, &p->at[i], j - i, BL_PUSH(&x->arena, *out)));
    }
    return BL_OK;
}

static int by_start(const void *a, const void *b, void *lines)
{
    uint32_t l = *(const uint32_t *)a, r = *(const uint32_t *)b;
    const struct bl_line *at = lines;
    if (at[l].start_s != at[r].start_s)
        return at[l].start_s < at[r].start_s ? -1 : 1;
    return (l > r) - (l < r); /* they stand in key order */
}

static uint32_t *in_time(struct bl_ctx *x, struct bl_line *l, size_t n)
{
    assert(n < UINT32_MAX);
    uint32_t *order = bl_alloc_array(&x->arena, n, sizeof *order);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    qsort_r(order, n, sizeof *order, by_start, l);
    return order;
}

/* The least a resource is charged in a period: the largest it has worn, when it is charged anything at all.
 * It stands on the first line. */
static enum bl_err minimum(
        struct bl_ctx *x, const struct bl_book *book, struct bl_line *l, size_t n, size_t first)
{
    bl_dec least = {0};
    for (size_t i = 0; i < n; i++) {
        bl_dec d = book->sku[l[i].sku].price[l[i].version].minimum_amount;
        if (bl_dec_cmp(d, least) > 0)
            least = d;
    }
    if (least.pico == 0)
        return BL_OK;
    bl_rat sum = bl_rat_zero(), floor = bl_rat_of_dec(least);
    int below = 0;
    for (size_t i = 0; i < n; i++)
        BL_TRY(bl_rat_add(x, &sum, &l[i].exact, &sum));
    BL_TRY(bl_rat_cmp(x, &sum, &floor, &below));
    if (bl_rat_is_zero(&sum) || below >= 0)
        return BL_OK;
    for (size_t i = 0; i < n; i++)
        l[i].exact = i == first ? floor : bl_rat_zero();
    return BL_OK;
}

enum bl_err round_lines(struct bl_ctx *x, struct bl_line *l, const uint32_t *order, size_t n, int digits)
{
    if (n == 1)
        return bl_rat_round(x, &l->exact, digits, &l->amount);
    bl_rat sum = bl_rat_zero();
    bl_amount before = {0};
    for (size_t i = 0; i < n; i++) {
        struct bl_line *at = &l[order != NULL ? order[i] : i];
        bl_amount with;
        BL_TRY(bl_rat_add(x, &sum, &at->exact, &sum));
        BL_TRY(bl_rat_round(x, &sum, digits, &with));
        at->amount.minor = with.minor - before.minor;
        before = with;
    }
    return BL_OK;
}

static enum bl_err rate(
        struct bl_ctx *x, const struct bill_span *b, bl_uuid resource, struct parts *p, struct line_list *out)
{
    size_t before = out->n;
    BL_TRY(accrue(x, p, pace_money, 0));
    BL_TRY(make_lines(x, b->in->book, resource, p, out));
    struct bl_line *l = &out->at[before];
    size_t n = out->n - before;
    uint32_t *order = n > 1 ? in_time(x, l, n) : NULL;
    BL_TRY(minimum(x, b->in->book, l, n, order != NULL ? order[0] : 0));
    return round_lines(x, l, order, n, b->digits);
}

enum bl_err rate_resource(struct bl_ctx *x, const struct bill_span *b, const struct bl_life *l, size_t n,
        struct parts *scratch, struct line_list *out)
{
    scratch->n = 0;
    for (size_t i = 0; i < n; i++)
        parts_of_life(x, b->in->book, &l[i], b->in->instant_s, b->from_s, b->to_s, scratch);
    if (scratch->n == 0)
        return BL_OK;
    enum bl_err e = rate(x, b, l->resource, scratch, out);
    if (e != BL_OVERFLOW)
        return e;
    char uuid[37], period[8];
    bl_uuid_text(l->resource, uuid);
    bl_period_text(b->in->period, period);
    return bl_fail(x, e, "the charge of resource %s in %s leaves the range that can be computed exactly",
            uuid, period);
}
