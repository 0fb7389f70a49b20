/* The bill before taxes: every resource's lines and every meter's, in the order they are printed in. */
#include "charge/parts.h"

#include <string.h>

static int64_t min_s(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_s(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static enum bl_err add_sums(struct bl_ctx *x, struct bl_lines *l)
{
    l->items = l->overages = (bl_amount){0};
    for (size_t i = 0; i < l->n; i++) {
        bl_amount *sum = l->line[i].section == BL_OVERAGES ? &l->overages : &l->items;
        BL_TRY(bl_amount_add(x, *sum, l->line[i].amount, sum));
    }
    return BL_OK;
}

/* Room for a line a stretch that the window touches, within reason: lines are large, and moving them as a
 * list grows is most of what a long bill would cost. */
enum { ROOM_MAX = 4096 };
static void set_room(struct bl_ctx *x, const struct bill_span *b, struct line_list *out)
{
    const struct bl_lives *lives = b->in->lives;
    size_t n = 0;
    for (size_t i = 0; i < lives->n; i++) {
        const struct bl_life *l = &lives->life[i];
        for (size_t k = l->n_stretch; k > 0 && l->stretch[k - 1].end_s > b->from_s; k--)
            n += l->stretch[k - 1].start_s < b->to_s;
    }
    out->cap = n < ROOM_MAX ? n : ROOM_MAX;
    out->at = bl_alloc_array(&x->arena, out->cap, sizeof *out->at);
}

static enum bl_err rate_lives(struct bl_ctx *x, const struct bill_span *b, struct line_list *out)
{
    const struct bl_lives *lives = b->in->lives;
    struct parts scratch = {0};
    if (lives == NULL || b->to_s <= b->from_s)
        return BL_OK;
    set_room(x, b, out);
    for (size_t i = 0, j; i < lives->n; i = j) {
        const struct bl_life *l = &lives->life[i];
        for (j = i + 1;
                j < lives->n && memcmp(&l->resource, &lives->life[j].resource, sizeof l->resource) == 0;)
            j++;
        BL_TRY(rate_resource(x, b, l, j - i, &scratch, out));
    }
    return BL_OK;
}

static enum bl_err charge(
        struct bl_ctx *x, const struct bl_charge_in *in, bool print_order, struct bl_lines *ret)
{
    struct bl_charge_in clipped = *in;
    struct bill_span b = {
            .in = &clipped, .end_s = bl_period_start_s(in->period + 1), .digits = in->book->currency->digits};
    clipped.instant_s = min_s(in->instant_s, b.end_s - 1);
    b.from_s = max_s(bl_period_start_s(in->period), in->from_s);
    b.to_s = clipped.instant_s + 1;

    struct line_list l = {0};
    BL_TRY(rate_lives(x, &b, &l));
    BL_TRY(rate_meters(x, &b, &l));
    if (print_order)
        lines_print_order(x, in->book, &l);
    struct bl_lines all = {.line = l.at, .n = l.n};
    BL_TRY(add_sums(x, &all));
    *ret = all;
    return BL_OK;
}

enum bl_err bl_charge(struct bl_ctx *x, const struct bl_charge_in *in, struct bl_lines *ret)
{
    return charge(x, in, true, ret);
}

enum bl_err bl_charge_by_key(struct bl_ctx *x, const struct bl_charge_in *in, struct bl_lines *ret)
{
    return charge(x, in, false, ret);
}
