/* Insights: what single days cost.
 *
 * The one idea: a day is the bill at its last second minus the bill at the last second of the day before,
 * line by line (on the 1st: minus nothing). Both bills come in the order of their lines' keys, so that the
 * difference is one walk over two lists; and as every cent of a month's bill appears on the day it is first
 * in, the days add up to the month. A day's lines are forgotten when the next day has been compared with
 * them: two memories, used in turn. */
#include "insight/insight.h"

#include <stdlib.h>
#include <string.h>

struct days {
    struct bl_ctx *x;
    const struct bl_insight_in *in;
    struct bl_ctx memory[2]; /* of a day's bill and of the one before */
    int turn;
    struct bl_lines before;
    struct {
        struct bl_point *at;
        size_t n, cap;
    } point;
};

static enum bl_err bill_of_day(struct days *d, bl_period period, int64_t instant_s, struct bl_lines *ret)
{
    const struct bl_insight_in *in = d->in;
    d->turn ^= 1;
    struct bl_ctx *y = &d->memory[d->turn];
    bl_ctx_reset(y, d->x->now_us);
    struct bl_charge_in c = {.book = in->book,
            .period = period,
            .instant_s = instant_s,
            .from_s = in->from_s,
            .lives = in->lives,
            .usage = in->usage,
            .n_usage = in->n_usage};
    enum bl_err e = bl_charge_by_key(y, &c, ret);
    return e == BL_OK ? BL_OK : bl_fail(d->x, e, "%s", y->why);
}

struct ranked {
    struct bl_point point;
    const struct bl_line *line;
};

static struct bl_str or_empty(struct bl_str s)
{
    return bl_is(s) ? s : BL_STR("");
}

static struct bl_point point_of(struct days *d, bl_day day, const struct bl_line *l, bl_amount amount)
{
    const struct bl_book *b = d->in->book;
    return (struct bl_point){.day = day,
            .region = or_empty(l->region),
            .sku = l->meter >= 0 ? b->meter[l->meter].meter : b->sku[l->sku].sku,
            .description = bl_line_description(d->x, b, l),
            .group = or_empty(l->group),
            .has_resource = l->has_resource,
            .resource = l->resource,
            .amount = amount};
}

static int by_rank(const void *a, const void *b, void *book)
{
    const struct ranked *l = a, *r = b;
    int c = bl_str_cmp(l->point.description, r->point.description);
    if (c == 0)
        c = bl_str_cmp(l->point.region, r->point.region);
    if (c == 0)
        c = bl_str_cmp(l->point.sku, r->point.sku);
    if (c == 0 && l->point.has_resource != r->point.has_resource)
        c = l->point.has_resource ? 1 : -1;
    if (c == 0 && l->point.has_resource)
        c = bl_uuid_cmp(l->point.resource, r->point.resource);
    return c != 0 ? c : bl_line_key_cmp(book, l->line, r->line);
}

/* Lines of the day before that come first in key order: they have no counterpart today. Bills only gain lines
 * as time passes, so there are none; passing over them keeps the walk right if that ever changes. */
static const struct bl_line *counterpart(
        const struct bl_book *book, const struct bl_lines *before, size_t *at, const struct bl_line *l)
{
    int c = -1;
    while (*at < before->n && (c = bl_line_key_cmp(book, &before->line[*at], l)) < 0)
        ++*at;
    return *at < before->n && c == 0 ? &before->line[(*at)++] : NULL;
}

/* Room for n points more; when there is none, for as many on each day to come: they are large, and there are
 * many. */
static struct bl_point *add_points(struct days *d, bl_day day, size_t n)
{
    if (d->point.cap - d->point.n < n) {
        d->point.cap = d->point.n + n * (size_t)(d->in->last - day + 1);
        struct bl_point *at = bl_alloc_array(&d->x->arena, d->point.cap, sizeof *at);
        if (d->point.n > 0)
            memcpy(at, d->point.at, d->point.n * sizeof *at);
        d->point.at = at;
    }
    d->point.n += n;
    return &d->point.at[d->point.n - n];
}

static void compare(struct days *d, bl_day day, const struct bl_lines *now)
{
    const struct bl_book *book = d->in->book;
    struct ranked *r = bl_alloc_array(&d->memory[d->turn].arena, now->n, sizeof *r);
    size_t n = 0, at = 0;
    for (size_t i = 0; i < now->n; i++) {
        const struct bl_line *l = &now->line[i], *was = counterpart(book, &d->before, &at, l);
        bl_amount amount = l->amount;
        int64_t seconds = l->seconds;
        uint64_t facts = l->facts;
        if (was != NULL) {
            amount.minor -= was->amount.minor;
            seconds -= was->seconds;
            facts -= was->facts;
        }
        if (amount.minor != 0 || seconds != 0 || facts != 0)
            r[n++] = (struct ranked){point_of(d, day, l, amount), l};
    }
    qsort_r(r, n, sizeof *r, by_rank, (void *)book);
    struct bl_point *to = n > 0 ? add_points(d, day, n) : NULL;
    for (size_t i = 0; i < n; i++)
        to[i] = r[i].point;
}

static enum bl_err walk(struct days *d)
{
    const struct bl_insight_in *in = d->in;
    for (bl_day day = in->first; day <= in->last && (int64_t)day * BL_DAY_S <= in->now_s; day++) {
        int64_t start_s = (int64_t)day * BL_DAY_S, end_s = start_s + BL_DAY_S - 1;
        bl_period period = bl_period_of(start_s * BL_US);
        if (start_s == bl_period_start_s(period))
            d->before = (struct bl_lines){0};
        else if (day == in->first)
            BL_TRY(bill_of_day(d, period, start_s - 1, &d->before));
        struct bl_lines now;
        BL_TRY(bill_of_day(d, period, end_s < in->now_s ? end_s : in->now_s, &now));
        compare(d, day, &now);
        d->before = now;
    }
    return BL_OK;
}

/* A memory's first piece stays when the rest is given back: made large enough for a day, the same pages serve
 * them all. */
static void set_memory(struct days *d)
{
    const struct bl_insight_in *in = d->in;
    size_t lines = (in->lives != NULL ? in->lives->n : 0) + in->n_usage / 8 + 16;
    for (int i = 0; i < 2; i++) {
        bl_ctx_init(&d->memory[i], d->x->now_us);
        bl_alloc(&d->memory[i].arena, lines * (sizeof(struct bl_line) + sizeof(struct ranked) + 64));
        bl_ctx_reset(&d->memory[i], d->x->now_us);
    }
}

enum bl_err bl_insight(struct bl_ctx *x, const struct bl_insight_in *in, struct bl_point **ret, size_t *ret_n)
{
    struct days d = {.x = x, .in = in};
    set_memory(&d);
    enum bl_err e = walk(&d);
    bl_ctx_release(&d.memory[0]);
    bl_ctx_release(&d.memory[1]);
    BL_TRY(e);
    *ret = d.point.at;
    *ret_n = d.point.n;
    return BL_OK;
}
