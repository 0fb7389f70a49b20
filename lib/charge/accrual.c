/* Accrual: what the parts of one resource are charged, second by second, until a cap is met.
 *
 * A resource accrues at its pace until what it has accrued this month reaches the dearest full price it has
 * worn so far (amount x cap_hours / per_hours x quantity), and goes on when a dearer one is put on. Parts
 * without a cap are charged in full and count for nothing. A price is worn when a step begins in it.
 *
 * The one idea: go through the parts in time, in phases in which the ceiling stands still. A phase that fits
 * under the ceiling is charged whole, without looking at its steps. Where one does not fit: a part alone the
 * phase is charged what was left below the ceiling; several at once    (a life's minimum time beside the
 * uuid's next life) the second at which the ceiling is met is found by halving; steps before it count whole,
 * those at it in order of birth until it is full.
 *
 * And almost no resource gets that far: while all its seconds fit the smallest cap_hours it wore, no ceiling
 * can be met, whatever the prices (accrued <= dearest pace x seconds <= dearest pace x its cap). */
#include "charge/parts.h"

#include <assert.h>
#include <stdlib.h>

bool pace_money(const struct part *p, int unused, struct pace *ret)
{
    (void)unused;
    *ret = (struct pace){p->price->amount, p->price->per_hours, p->price->cap_hours};
    return true;
}

bool pace_allowance(const struct part *p, int meter, struct pace *ret)
{
    for (size_t i = 0; i < p->price->n_allowance; i++) {
        const struct bl_allowance *a = &p->price->allowance[i];
        if (a->meter != meter)
            continue;
        int64_t cap = p->price->cap_hours;
        *ret = (struct pace){a->quantity, cap > 0 ? cap : p->price->per_hours, cap};
        return true;
    }
    return false;
}

/* d in whole units of so many 1e-12, when it is. */
static bool in_units(bl_dec d, uint64_t pico, int64_t *ret)
{
    if (d.pico < 0 || d.pico >> 62 != 0 || (uint64_t)d.pico % pico != 0)
        return false;
    *ret = (int64_t)((uint64_t)d.pico / pico);
    return true;
}

/* Whole cents times whole sizes is what prices are mostly made of: 64 bits do. */
static bool sum_in_cents(struct bl_ctx *x, struct pace c, bl_dec quantity, int64_t seconds, bl_rat *ret)
{
    int64_t cents, size, num, den;
    if (!in_units(c.amount, UINT64_C(10000000000), &cents) ||
            !in_units(quantity, UINT64_C(1000000000000), &size) ||
            __builtin_mul_overflow(cents, size, &num) || __builtin_mul_overflow(num, seconds, &num) ||
            __builtin_mul_overflow(c.per_hours, 100 * BL_HOUR_S, &den))
        return false;
    *ret = bl_rat_of_int(num);
    return bl_rat_div_int(x, ret, den) == BL_OK;
}

/* A price counts its seconds per hours of 3600. Both factors fit 64 bits, their product need not. */
enum bl_err pace_sum(struct bl_ctx *x, struct pace c, bl_dec quantity, int64_t seconds, bl_rat *ret)
{
    if (sum_in_cents(x, c, quantity, seconds, ret))
        return BL_OK;
    bl_rat r = bl_rat_of_dec(c.amount);
    BL_TRY(bl_rat_mul_dec(x, &r, quantity));
    BL_TRY(bl_rat_mul_int(x, &r, seconds));
    BL_TRY(bl_rat_div_int(x, &r, c.per_hours));
    BL_TRY(bl_rat_div_int(x, &r, BL_HOUR_S));
    *ret = r;
    return BL_OK;
}

static int by_time(const void *a, const void *b)
{
    const struct part *l = a, *r = b;
    if (l->first_s != r->first_s)
        return l->first_s < r->first_s ? -1 : 1;
    return (l->birth_s > r->birth_s) - (l->birth_s < r->birth_s);
}

void parts_sort_by_time(struct parts *p)
{
    for (size_t i = 1; i < p->n; i++)
        if (by_time(&p->at[i - 1], &p->at[i]) > 0) {
            qsort(p->at, p->n, sizeof *p->at, by_time);
            return;
        }
}

static int64_t last_step_s(const struct part *p)
{
    return p->first_s + (p->steps - 1) * p->price->increment_s;
}

static bool same_pace(const struct part *a, struct pace ac, const struct part *b, struct pace bc)
{
    return bl_dec_cmp(ac.amount, bc.amount) == 0 && ac.per_hours == bc.per_hours &&
           ac.cap_hours == bc.cap_hours && bl_dec_cmp(a->stretch->quantity, b->stretch->quantity) == 0;
}

static int64_t cap_seconds(struct pace c)
{
    int64_t cap_s;
    return __builtin_mul_overflow(c.cap_hours, BL_HOUR_S, &cap_s) ? INT64_MAX : cap_s;
}

/* Charges by seconds alone, where that is exact: no ceiling can be met; or there is one pace, one part after
 * the other, and the ceiling is so many seconds of it. */
static bool charge_seconds(struct parts *p, pace_of pace, int what)
{
    int64_t capped_s = 0, smallest_s = INT64_MAX;
    const struct part *last = NULL;
    struct pace last_pace = {0};
    bool plain = true;
    for (size_t i = 0; i < p->n; i++) {
        struct part *t = &p->at[i];
        struct pace c;
        t->billed_s = 0;
        t->has_rest = false;
        if (t->steps == 0 || !pace(t, what, &c))
            continue;
        t->billed_s = t->steps * t->price->increment_s;
        if (c.cap_hours == 0)
            continue;
        int64_t cap_s = cap_seconds(c);
        if (cap_s < smallest_s)
            smallest_s = cap_s;
        plain = plain &&
                (last == NULL || (last_step_s(last) < t->first_s && same_pace(last, last_pace, t, c)));
        last = t;
        last_pace = c;
        if (plain && t->billed_s > cap_s - capped_s)
            t->billed_s = cap_s - capped_s;
        capped_s += t->billed_s;
    }
    return plain || capped_s <= smallest_s;
}

/* ---- phases */

/* A part on its way: what of it has been gone through. */
struct run {
    struct part *part;
    struct pace pace;
    int64_t done; /* steps gone through */
};
struct sweep {
    struct bl_ctx *x;
    struct run *run;
    size_t n; /* entered and not over */
    bl_rat accrued, ceiling;
    bool worn; /* ceiling is set */
};

static int64_t steps_before(const struct run *r, int64_t at_s)
{
    const struct part *p = r->part;
    if (at_s <= p->first_s)
        return 0;
    int64_t n = (at_s - p->first_s + p->price->increment_s - 1) / p->price->increment_s;
    return n < p->steps ? n : p->steps;
}

/* Sum of the steps not gone through that begin before at_s. */
static enum bl_err sum_before(const struct sweep *w, int64_t at_s, bl_rat *ret)
{
    bl_rat sum = w->accrued;
    for (size_t i = 0; i < w->n; i++) {
        const struct run *r = &w->run[i];
        int64_t n = steps_before(r, at_s) - r->done;
        if (n == 0)
            continue;
        bl_rat more;
        BL_TRY(pace_sum(w->x, r->pace, r->part->stretch->quantity, n * r->part->price->increment_s, &more));
        BL_TRY(bl_rat_add(w->x, &sum, &more, &sum));
    }
    *ret = sum;
    return BL_OK;
}

static enum bl_err fits(const struct sweep *w, const bl_rat *sum, bool *ret)
{
    int c = 0;
    BL_TRY(bl_rat_cmp(w->x, sum, &w->ceiling, &c));
    *ret = c <= 0;
    return BL_OK;
}

/* Goes through all steps before at_s: charged, or left out. */
static void pass(struct sweep *w, int64_t at_s, bool charged)
{
    for (size_t i = 0; i < w->n; i++) {
        struct run *r = &w->run[i];
        int64_t n = steps_before(r, at_s);
        if (charged)
            r->part->billed_s += (n - r->done) * r->part->price->increment_s;
        r->done = n;
    }
}

/* What is left below the ceiling goes to this part; then it is full. */
static enum bl_err fill(struct sweep *w, struct part *p)
{
    bl_rat left;
    BL_TRY(bl_rat_sub(w->x, &w->ceiling, &w->accrued, &left));
    w->accrued = w->ceiling;
    if (bl_rat_is_zero(&left))
        return BL_OK;
    if (p->has_rest)
        BL_TRY(bl_rat_add(w->x, &p->rest, &left, &left));
    p->rest = left;
    p->has_rest = true;
    return BL_OK;
}

static int run_by_birth(const void *a, const void *b)
{
    const struct part *l = ((const struct run *)a)->part, *r = ((const struct run *)b)->part;
    return l->birth_s != r->birth_s ? (l->birth_s < r->birth_s ? -1 : 1)
                                    : (l->first_s > r->first_s) - (l->first_s < r->first_s);
}

/* Steps that begin at the very second at which the ceiling is met: whole while they fit, the next fills it.
 */
static enum bl_err fill_at(struct sweep *w, int64_t at_s)
{
    qsort(w->run, w->n, sizeof *w->run, run_by_birth);
    for (size_t i = 0; i < w->n; i++) {
        struct run *r = &w->run[i];
        if (steps_before(r, at_s + 1) == r->done)
            continue;
        bl_rat one, sum;
        bool whole = false;
        BL_TRY(pace_sum(w->x, r->pace, r->part->stretch->quantity, r->part->price->increment_s, &one));
        BL_TRY(bl_rat_add(w->x, &w->accrued, &one, &sum));
        BL_TRY(fits(w, &sum, &whole));
        if (!whole)
            return fill(w, r->part);
        w->accrued = sum;
        r->part->billed_s += r->part->price->increment_s;
        r->done++;
    }
    return BL_OK;
}

/* Goes through the steps of one phase, [from_s, to_s): the ceiling stands still, all runs have entered. */
static enum bl_err phase(struct sweep *w, int64_t from_s, int64_t to_s)
{
    bl_rat sum;
    bool whole = false;
    BL_TRY(sum_before(w, to_s, &sum));
    BL_TRY(fits(w, &sum, &whole));
    if (whole) {
        w->accrued = sum;
        pass(w, to_s, true);
        return BL_OK;
    }
    if (w->n == 1) {
        BL_TRY(fill(w, w->run[0].part));
        pass(w, to_s, false);
        return BL_OK;
    }
    int64_t low = from_s, high = to_s; /* the steps before low fit, those before high do not */
    while (high - low > 1) {
        int64_t mid = low + (high - low) / 2;
        BL_TRY(sum_before(w, mid, &sum));
        BL_TRY(fits(w, &sum, &whole));
        if (whole)
            low = mid;
        else
            high = mid;
    }
    BL_TRY(sum_before(w, low, &w->accrued));
    pass(w, low, true);
    BL_TRY(fill_at(w, low));
    pass(w, to_s, false);
    return BL_OK;
}

/* Puts a part on: true when it raises the ceiling. */
static enum bl_err ceiling_of(struct sweep *w, const struct part *p, struct pace c, bool *ret_raised)
{
    int more = 1;
    bl_rat full = bl_rat_of_dec(c.amount);
    BL_TRY(bl_rat_mul_dec(w->x, &full, p->stretch->quantity));
    BL_TRY(bl_rat_mul_int(w->x, &full, c.cap_hours));
    BL_TRY(bl_rat_div_int(w->x, &full, c.per_hours));
    if (w->worn)
        BL_TRY(bl_rat_cmp(w->x, &full, &w->ceiling, &more));
    *ret_raised = more > 0;
    if (more > 0)
        w->ceiling = full;
    w->worn = true;
    return BL_OK;
}

static void drop_finished(struct sweep *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->n; i++)
        if (w->run[i].done < w->run[i].part->steps)
            w->run[n++] = w->run[i];
    w->n = n;
}

static enum bl_err sweep_parts(struct bl_ctx *x, struct parts *p, pace_of pace, int what)
{
    struct sweep w = {.x = x,
            .run = bl_alloc_array(&x->arena, p->n, sizeof *w.run),
            .accrued = bl_rat_zero(),
            .ceiling = bl_rat_zero()};
    int64_t at_s = INT64_MIN, end_s = INT64_MIN; /* gone through up to; last step of what has entered */
    for (size_t i = 0; i < p->n; i++) {
        struct part *t = &p->at[i];
        struct pace c;
        if (t->steps == 0 || !pace(t, what, &c) || c.cap_hours == 0)
            continue;
        t->billed_s = 0;
        /* Where the ceiling moves, or where all that ran before is over, what lies behind is gone through
         * first. */
        struct sweep before = w;
        bool raised = false;
        BL_TRY(ceiling_of(&w, t, c, &raised));
        if (w.n > 0 && (raised || end_s < t->first_s) && at_s < t->first_s) {
            bl_rat ceiling = w.ceiling;
            w.ceiling = before.ceiling;
            BL_TRY(phase(&w, at_s, t->first_s));
            w.ceiling = ceiling;
            drop_finished(&w);
            at_s = t->first_s;
        }
        if (w.n == 0)
            at_s = t->first_s;
        w.run[w.n++] = (struct run){t, c, 0};
        if (last_step_s(t) > end_s)
            end_s = last_step_s(t);
    }
    return w.n > 0 ? phase(&w, at_s, end_s + 1) : BL_OK;
}

enum bl_err accrue(struct bl_ctx *x, struct parts *p, pace_of pace, int what)
{
    if (charge_seconds(p, pace, what))
        return BL_OK;
    parts_sort_by_time(p);
    return sweep_parts(x, p, pace, what);
}
