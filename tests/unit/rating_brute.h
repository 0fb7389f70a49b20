/* Rating second by second: the same rules with no closed form anywhere, for comparing with on short
 * histories.
 *
 * A resource's state is written down for every second of a few hours; steps are walked one after the other;
 * money is added step by step. Slow, and short enough to be seen to be right. */
#ifndef BILLOW_RATING_BRUTE_H
#define BILLOW_RATING_BRUTE_H

#include "rating.h"

struct br_second { /* what a resource is in one second; life 0: absent */
    int life;
    struct bl_str sku, region, project, group, name;
    bl_dec quantity;
};
struct br_line {
    struct br_second state; /* its key, and the last name */
    int sku, version;
    bool real;
    int64_t start_s, end_s, seconds;
    bl_rat exact;
    bl_amount amount;
};
struct br_step {
    int64_t at_s, birth_s;
    int line;
    const struct bl_price *price;
    bl_dec quantity;
};
struct br_lines {
    struct br_line *at;
    size_t n, cap;
};
struct br_steps {
    struct br_step *at;
    size_t n, cap;
};

static inline void br_take(struct bl_str *to, const struct bl_fact *f, enum bl_field field)
{
    if (f->reset >> field & 1)
        *to = BL_ABSENT;
    if (f->field[field].p != NULL)
        *to = f->field[field];
}

static inline void br_apply(struct br_second *s, const struct bl_fact *f, int *lives)
{
    if (f->type == BL_FACT_DELETE || (f->type == BL_FACT_CHANGE && s->life == 0)) {
        if (f->type == BL_FACT_DELETE)
            *s = (struct br_second){0};
        return;
    }
    if (s->life == 0)
        *s = (struct br_second){.life = ++*lives, .quantity = {BL_DEC_ONE}};
    br_take(&s->sku, f, BL_F_SKU);
    br_take(&s->region, f, BL_F_REGION);
    br_take(&s->project, f, BL_F_PROJECT);
    br_take(&s->group, f, BL_F_GROUP);
    br_take(&s->name, f, BL_F_NAME);
    if (f->reset_quantity)
        s->quantity = (bl_dec){BL_DEC_ONE};
    if (f->has_quantity)
        s->quantity = f->quantity;
}

static inline int br_order(const void *a, const void *b)
{
    return bl_fact_order(*(const struct bl_fact *const *)a, *(const struct bl_fact *const *)b);
}

/* States of [start_s, end_s), index by second. */
static inline struct br_second *br_states(struct bl_ctx *x, const struct bl_fact *f, size_t n,
        bl_uuid resource, int64_t start_s, int64_t end_s, int *ret_lives)
{
    const struct bl_fact **at = bl_alloc_array(&x->arena, n, sizeof *at);
    size_t m = 0, next = 0;
    for (size_t i = 0; i < n; i++)
        if (memcmp(&f[i].resource, &resource, sizeof resource) == 0)
            at[m++] = &f[i];
    qsort(at, m, sizeof *at, br_order);
    struct br_second *all = bl_alloc_array(&x->arena, (size_t)(end_s - start_s), sizeof *all), now = {0};
    *ret_lives = 0;
    for (int64_t s = start_s; s < end_s; s++) {
        for (; next < m && bl_floor_s(at[next]->time_us) <= s; next++)
            br_apply(&now, at[next], ret_lives);
        all[s - start_s] = now;
    }
    return all;
}

static inline const struct bl_price *br_price(
        const struct bl_book *b, struct bl_str sku, int64_t at_s, int *ret_sku)
{
    *ret_sku = -1;
    for (size_t i = 0; sku.p != NULL && i < b->n_sku; i++)
        if (bl_str_eq(b->sku[i].sku, sku))
            *ret_sku = (int)i;
    const struct bl_price *p = NULL;
    for (size_t i = 0; *ret_sku >= 0 && i < b->sku[*ret_sku].n_price; i++)
        if (b->sku[*ret_sku].price[i].from_s <= at_s)
            p = &b->sku[*ret_sku].price[i];
    return p;
}

static inline bool br_same_key(const struct br_line *l, const struct br_second *s, int sku, int version)
{
    return l->sku == sku && l->version == version && l->state.quantity.pico == s->quantity.pico &&
           bl_str_eq(l->state.region, s->region) && bl_str_eq(l->state.project, s->project) &&
           bl_str_eq(l->state.group, s->group);
}

static inline int br_line_at(
        struct bl_ctx *x, struct br_lines *v, const struct br_second *s, int sku, int version, int64_t at_s)
{
    for (size_t i = 0; i < v->n; i++)
        if (br_same_key(&v->at[i], s, sku, version)) {
            if (at_s < v->at[i].start_s)
                v->at[i].start_s = at_s;
            return (int)i;
        }
    struct br_line *l = BL_PUSH(&x->arena, *v);
    *l = (struct br_line){
            .state = *s, .sku = sku, .version = version, .start_s = at_s, .exact = bl_rat_zero()};
    return (int)v->n - 1;
}

struct br_in {
    const struct bl_book *book;
    const struct bl_fact *fact;
    size_t n;
    bl_uuid resource;
    int64_t start_s, end_s;       /* of the seconds looked at: everything that happens lies within */
    int64_t from_s, to_s;         /* window: period, billing_from, instant */
    int64_t instant_s, live_to_s; /* the living are followed to live_to_s */
};

/* One life: its lines touched, its steps added. */
static inline void br_life(struct bl_ctx *x, const struct br_in *in, const struct br_second *all, int life,
        struct br_lines *lines, struct br_steps *steps)
{
    int64_t birth_s = INT64_MAX, last_s = INT64_MIN;
    for (int64_t s = in->start_s; s < in->end_s && s <= in->instant_s; s++)
        if (all[s - in->start_s].life == life) {
            birth_s = s < birth_s ? s : birth_s;
            last_s = s;
        }
    if (birth_s == INT64_MAX)
        return;
    int sku;
    bool alive = last_s == in->instant_s;
    int64_t real_end_s = alive ? in->live_to_s : last_s + 1, end_s = real_end_s;
    const struct br_second *last = &all[last_s - in->start_s];
    const struct bl_price *p = br_price(in->book, last->sku, last_s, &sku);
    if (!alive && p != NULL && birth_s + p->minimum_seconds > end_s)
        end_s = birth_s + p->minimum_seconds;

    int64_t to_s = alive ? in->live_to_s : in->to_s, step_s = birth_s;
    for (int64_t s = birth_s; s < end_s && s < to_s; s++) {
        const struct br_second *now = s <= last_s ? &all[s - in->start_s] : last;
        p = br_price(in->book, now->sku, s, &sku);
        bool begins = s == step_s;
        if (begins)
            step_s += p == NULL ? 1 : p->increment_s;
        if (p == NULL || s < in->from_s)
            continue;
        int line = br_line_at(x, lines, now, sku, (int)(p - in->book->sku[sku].price), s);
        struct br_line *l = &lines->at[line];
        if (s < real_end_s) {
            l->seconds++;
            if (!l->real || s >= l->end_s) {
                l->end_s = s + 1;
                l->state.name = now->name;
            }
            l->real = true;
        }
        if (begins)
            *BL_PUSH(&x->arena, *steps) = (struct br_step){s, birth_s, line, p, now->quantity};
    }
}

static inline int br_step_order(const void *a, const void *b)
{
    const struct br_step *l = a, *r = b;
    if (l->at_s != r->at_s)
        return l->at_s < r->at_s ? -1 : 1;
    return (l->birth_s > r->birth_s) - (l->birth_s < r->birth_s);
}

static inline void br_ok(struct bl_ctx *x, enum bl_err e)
{
    CHECK(e == BL_OK, "%s", x->why);
}

static inline bl_rat br_product(struct bl_ctx *x, bl_dec amount, bl_dec quantity, int64_t by, int64_t over)
{
    bl_rat r = bl_rat_of_dec(amount);
    br_ok(x, bl_rat_mul_dec(x, &r, quantity));
    br_ok(x, bl_rat_mul_int(x, &r, by));
    br_ok(x, bl_rat_div_int(x, &r, over));
    return r;
}

/* What a step charges: money (meter -1), or a meter's allowance. */
static inline bool br_pace(const struct br_step *t, int meter, bl_dec *amount, int64_t *per, int64_t *cap)
{
    *amount = t->price->amount;
    *per = t->price->per_hours;
    *cap = t->price->cap_hours;
    if (meter < 0)
        return true;
    for (size_t i = 0; i < t->price->n_allowance; i++)
        if (t->price->allowance[i].meter == meter) {
            *amount = t->price->allowance[i].quantity;
            *per = *cap > 0 ? *cap : *per;
            return true;
        }
    return false;
}

/* Steps in order of time; gives the sum, and adds to lines when there are any. */
static inline bl_rat br_accrue(struct bl_ctx *x, struct br_steps *s, int meter, struct br_lines *lines)
{
    bl_rat total = bl_rat_zero(), accrued = bl_rat_zero(), ceiling = bl_rat_zero();
    if (s->n > 0)
        qsort(s->at, s->n, sizeof *s->at, br_step_order);
    bl_dec amount;
    int64_t per, cap;
    for (size_t i = 0, worn = 0; i < s->n; i++) {
        for (; worn < s->n && s->at[worn].at_s == s->at[i].at_s; worn++) {
            int more;
            if (!br_pace(&s->at[worn], meter, &amount, &per, &cap) || cap == 0)
                continue;
            bl_rat full = br_product(x, amount, s->at[worn].quantity, cap, per);
            br_ok(x, bl_rat_cmp(x, &full, &ceiling, &more));
            if (more > 0)
                ceiling = full;
        }
        if (!br_pace(&s->at[i], meter, &amount, &per, &cap))
            continue;
        bl_rat charge = br_product(x, amount, s->at[i].quantity, s->at[i].price->increment_s, per * 3600);
        if (cap != 0) {
            bl_rat left;
            int more;
            br_ok(x, bl_rat_sub(x, &ceiling, &accrued, &left));
            br_ok(x, bl_rat_cmp(x, &charge, &left, &more));
            if (more > 0)
                charge = left;
            br_ok(x, bl_rat_add(x, &accrued, &charge, &accrued));
        }
        br_ok(x, bl_rat_add(x, &total, &charge, &total));
        if (lines != NULL) {
            struct br_line *l = &lines->at[s->at[i].line];
            br_ok(x, bl_rat_add(x, &l->exact, &charge, &l->exact));
        }
    }
    return total;
}

static inline int br_text_order(bl_dec l, bl_dec r)
{
    char a[64], b[64];
    a[bl_dec_text(l, a)] = b[bl_dec_text(r, b)] = '\0';
    return strcmp(a, b);
}
static const struct bl_book *br_sorting; /* qsort has no argument for it */
static inline int br_key_order(const struct br_line *l, const struct br_line *r)
{
    int c = bl_str_cmp(br_sorting->sku[l->sku].sku, br_sorting->sku[r->sku].sku);
    c = c ? c : l->version - r->version;
    c = c ? c : br_text_order(l->state.quantity, r->state.quantity);
    c = c ? c : bl_str_cmp(l->state.region, r->state.region);
    c = c ? c : bl_str_cmp(l->state.project, r->state.project);
    return c ? c : bl_str_cmp(l->state.group, r->state.group);
}
static inline int br_by_key(const void *a, const void *b)
{
    return br_key_order(a, b);
}
static inline int br_by_start(const void *a, const void *b)
{
    const struct br_line *l = a, *r = b;
    if (l->start_s != r->start_s)
        return l->start_s < r->start_s ? -1 : 1;
    return br_key_order(l, r);
}

static inline void br_rate(
        struct bl_ctx *x, const struct br_in *in, struct br_lines *lines, struct br_steps *steps)
{
    int lives;
    struct br_second *all = br_states(x, in->fact, in->n, in->resource, in->start_s, in->end_s, &lives);
    for (int life = 1; life <= lives; life++)
        br_life(x, in, all, life, lines, steps);
}

/* A resource's lines in key order, amounts and all. */
static inline struct br_lines br_resource(struct bl_ctx *x, const struct br_in *in)
{
    struct br_lines lines = {0};
    struct br_steps steps = {0};
    br_rate(x, in, &lines, &steps);
    if (lines.n == 0)
        return lines;
    bl_rat sum = br_accrue(x, &steps, -1, &lines), least = bl_rat_zero();
    br_sorting = in->book;
    qsort(lines.at, lines.n, sizeof *lines.at, br_by_start);
    for (size_t i = 0; i < lines.n; i++) {
        bl_rat m = bl_rat_of_dec(in->book->sku[lines.at[i].sku].price[lines.at[i].version].minimum_amount);
        int more;
        br_ok(x, bl_rat_cmp(x, &m, &least, &more));
        if (more > 0)
            least = m;
        if (!lines.at[i].real)
            lines.at[i].end_s = lines.at[i].start_s;
    }
    int below;
    br_ok(x, bl_rat_cmp(x, &sum, &least, &below));
    if (!bl_rat_is_zero(&sum) && below < 0)
        for (size_t i = 0; i < lines.n; i++)
            lines.at[i].exact = i == 0 ? least : bl_rat_zero();
    sum = bl_rat_zero();
    int64_t before = 0;
    for (size_t i = 0; i < lines.n; i++) {
        bl_amount with;
        br_ok(x, bl_rat_add(x, &sum, &lines.at[i].exact, &sum));
        br_ok(x, bl_rat_round(x, &sum, in->book->currency->digits, &with));
        lines.at[i].amount.minor = with.minor - before;
        before = with.minor;
    }
    qsort(lines.at, lines.n, sizeof *lines.at, br_by_key);
    return lines;
}

/* A resource's share of a meter's pool, before the cut. */
static inline bl_rat br_allowance(struct bl_ctx *x, const struct br_in *in, int meter)
{
    struct br_lines lines = {0};
    struct br_steps steps = {0};
    br_rate(x, in, &lines, &steps);
    return br_accrue(x, &steps, meter, NULL);
}

#endif
