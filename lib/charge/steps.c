/* Steps: which seconds of a life are billed, and where they fall.
 *
 * From a life's birth steps follow one another; each is as long as the increment of the price in force at its
 * first second and belongs whole to that second. The one idea: inside a span of one stretch and one price all
 * steps are equally long, so the steps of a span, and those of them that begin in a window, are counted by
 * division, and all that a span hands to the next is the second at which the next step begins.
 *
 *     increment 60      |----60----|----60----|----60----|            <- the third reaches over the end
 *     span              [birth .............. change)
 *     next span, 1 s                               .....|1|1|1|..     <- begins where the third ends */
#include "charge/parts.h"

#include <assert.h>

static int64_t min_s(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t max_s(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t add_s(int64_t a, int64_t b)
{
    int64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

static int sku_of(const struct bl_book *book, const struct bl_stretch *s)
{
    return bl_is(s->sku) ? bl_book_sku(book, s->sku) : -1;
}

int64_t life_billed_end_s(const struct bl_book *book, const struct bl_life *l)
{
    assert(l->n_stretch > 0 && l->death_s != INT64_MAX);
    int sku = sku_of(book, &l->stretch[l->n_stretch - 1]);
    const struct bl_price *p = sku < 0 ? NULL : bl_sku_price_at(&book->sku[sku], l->death_s - 1);
    return p == NULL ? l->death_s : max_s(l->death_s, add_s(l->birth_s, p->minimum_seconds));
}

struct span_walk span_walk_of(
        const struct bl_book *book, const struct bl_life *l, int64_t instant_s, int64_t live_to_s)
{
    struct span_walk w = {.book = book, .life = l, .instant_s = instant_s, .from_s = l->stretch[0].start_s};
    bool ended = bl_life_ended(l, instant_s);
    w.real_end_s = ended ? l->death_s : live_to_s;
    w.billed_end_s = ended ? life_billed_end_s(book, l) : live_to_s;
    return w;
}

/* The last stretch known goes on to the end of the life, and beyond it for the minimum time. */
static bool is_last_known(const struct span_walk *w)
{
    return w->at + 1 == w->life->n_stretch || w->life->stretch[w->at + 1].start_s > w->instant_s;
}

bool span_next(struct span_walk *w, struct span *ret)
{
    const struct bl_stretch *s = &w->life->stretch[w->at];
    bool last = is_last_known(w);
    if (!last && w->from_s >= s->end_s) {
        s = &w->life->stretch[++w->at];
        w->entered = false;
        last = is_last_known(w);
    }
    if (w->from_s >= w->billed_end_s)
        return false;
    if (!w->entered) {
        w->sku = sku_of(w->book, s);
        w->entered = true;
    }
    bool added = w->from_s >= w->real_end_s;
    int64_t end_s = added ? w->billed_end_s : last ? w->real_end_s : min_s(s->end_s, w->real_end_s);
    const struct bl_price *price = NULL;
    if (w->sku >= 0) {
        const struct bl_sku *sku = &w->book->sku[w->sku];
        price = bl_sku_price_at(sku, w->from_s);
        size_t following = price == NULL ? 0 : (size_t)(price - sku->price) + 1;
        if (following < sku->n_price)
            end_s = min_s(end_s, sku->price[following].from_s);
    }
    assert(end_s > w->from_s);
    *ret = (struct span){s, price, w->sku, added, w->from_s, end_s};
    w->from_s = end_s;
    return true;
}

static int64_t steps_between(int64_t from_s, int64_t to_s, int64_t each_s)
{
    return each_s == 1 ? to_s - from_s : (to_s - from_s + each_s - 1) / each_s;
}

int64_t steps_take(int64_t *next_s, const struct span *s, int64_t from_s, int64_t to_s, int64_t *ret_first_s)
{
    int64_t begin_s = *next_s, each_s = s->price == NULL ? 1 : s->price->increment_s;
    if (begin_s >= s->end_s)
        return 0;
    assert(begin_s >= s->start_s || begin_s >= from_s);
    *next_s = begin_s + steps_between(begin_s, s->end_s, each_s) * each_s;
    if (begin_s < from_s)
        begin_s += steps_between(begin_s, from_s, each_s) * each_s;
    int64_t end_s = min_s(s->end_s, to_s);
    if (begin_s >= end_s)
        return 0;
    *ret_first_s = begin_s;
    return steps_between(begin_s, end_s, each_s);
}

void parts_of_life(struct bl_ctx *x, const struct bl_book *book, const struct bl_life *l, int64_t instant_s,
        int64_t from_s, int64_t to_s, struct parts *ret)
{
    if (l->birth_s > instant_s || l->birth_s >= to_s)
        return;
    struct span_walk w = span_walk_of(book, l, instant_s, to_s);
    if (w.billed_end_s <= from_s)
        return;
    int64_t next_s = steps_origin(l);
    for (struct span s; span_next(&w, &s) && s.start_s < to_s;) {
        int64_t first_s = 0, steps = steps_take(&next_s, &s, from_s, to_s, &first_s);
        if (s.price == NULL || s.end_s <= from_s)
            continue;
        struct part *p = BL_PUSH(&x->arena, *ret);
        p->stretch = s.stretch;
        p->price = s.price;
        p->sku = s.sku;
        p->birth_s = l->birth_s;
        p->start_s = max_s(s.start_s, from_s);
        p->end_s = s.added ? p->start_s : min_s(s.end_s, to_s);
        p->added = s.added;
        p->first_s = first_s;
        p->steps = steps;
        p->billed_s = 0;
        p->has_rest = false;
    }
}
