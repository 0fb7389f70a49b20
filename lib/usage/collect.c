/* The collector: a hash table over (meter, resource, day) in the arena; sums, maxima and last marks merge in
 * any order. */
#include "usage/hash.h"
#include "usage/usage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_LEAST 32

struct kept { /* room for a text of the mark */
    char *p;
    size_t cap;
};
struct entry {
    struct bl_usage_total t;
    struct kept kept[4];
    bool marked;
    struct bl_str *value_table; /* distinct, open addressing */
    size_t value_cap;
    uint64_t hash;
};
struct bl_usage {
    struct entry **table;
    size_t n, cap;
};

struct bl_usage *bl_usage_new(struct bl_ctx *x)
{
    struct bl_usage *u = bl_alloc(&x->arena, sizeof *u);
    u->cap = 16;
    u->table = bl_alloc_array(&x->arena, u->cap, sizeof(struct entry *));
    return u;
}

static uint64_t key_hash(struct bl_str meter, bool has_resource, bl_uuid resource, bl_day day)
{
    uint64_t h = usage_hash(USAGE_HASH_SEED, meter.p, meter.n);
    if (has_resource)
        h = usage_hash(h, resource.b, sizeof resource.b);
    return usage_mix(h, (uint64_t)day);
}

static bool is_key(const struct entry *e, uint64_t h, struct bl_str meter, bool has_resource,
        bl_uuid resource, bl_day day)
{
    return e->hash == h && e->t.day == day && e->t.has_resource == has_resource &&
           bl_str_eq(e->t.meter, meter) && (!has_resource || bl_uuid_cmp(e->t.resource, resource) == 0);
}

static void grow(struct bl_ctx *x, struct bl_usage *u)
{
    size_t cap = 2 * u->cap;
    struct entry **table = bl_alloc_array(&x->arena, cap, sizeof *table);
    for (size_t i = 0; i < u->cap; i++) {
        struct entry *e = u->table[i];
        if (!e)
            continue;
        size_t at = e->hash & (cap - 1);
        while (table[at])
            at = (at + 1) & (cap - 1);
        table[at] = e;
    }
    u->table = table;
    u->cap = cap;
}

static struct entry *find(struct bl_ctx *x, struct bl_usage *u, struct bl_str meter, bool has_resource,
        bl_uuid resource, bl_day day)
{
    uint64_t h = key_hash(meter, has_resource, resource, day);
    size_t at = h & (u->cap - 1);
    for (; u->table[at]; at = (at + 1) & (u->cap - 1))
        if (is_key(u->table[at], h, meter, has_resource, resource, day))
            return u->table[at];
    if (2 * (u->n + 1) > u->cap) {
        grow(x, u);
        for (at = h & (u->cap - 1); u->table[at]; at = (at + 1) & (u->cap - 1))
            ;
    }
    struct entry *e = bl_alloc(&x->arena, sizeof *e);
    e->hash = h;
    e->t.meter = bl_str_dup(&x->arena, meter);
    e->t.has_resource = has_resource;
    e->t.resource = resource;
    e->t.day = day;
    e->t.first_us = INT64_MAX;
    u->table[at] = e;
    u->n++;
    return e;
}

/* ---- distinct values */

/* Where the text stands, or would stand. */
static struct bl_str *value_slot(struct bl_str *table, size_t cap, struct bl_str text)
{
    size_t at = usage_hash(USAGE_HASH_SEED, text.p, text.n) & (cap - 1);
    while (bl_is(table[at]) && !bl_str_eq(table[at], text))
        at = (at + 1) & (cap - 1);
    return &table[at];
}

static void value_add(struct bl_ctx *x, struct entry *e, struct bl_str text)
{
    if (!bl_is(text))
        return;
    if (2 * (e->t.n_values + 1) > e->value_cap) {
        size_t cap = e->value_cap ? 2 * e->value_cap : 8;
        struct bl_str *table = bl_alloc_array(&x->arena, cap, sizeof *table);
        for (size_t i = 0; i < e->value_cap; i++)
            if (bl_is(e->value_table[i]))
                *value_slot(table, cap, e->value_table[i]) = e->value_table[i];
        e->value_table = table;
        e->value_cap = cap;
    }
    struct bl_str *slot = value_slot(e->value_table, e->value_cap, text);
    if (bl_is(*slot))
        return;
    *slot = bl_str_dup(&x->arena, text);
    e->t.n_values++;
}

/* ---- adding */

static int mark_cmp(const struct bl_usage_mark *a, const struct bl_usage_mark *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    int by_source = bl_str_cmp(a->source, b->source);
    return by_source ? by_source : bl_str_cmp(a->id, b->id);
}

/* A later fact comes with every second add: its texts go where the old ones were, as long as there is room.
 */
static void keep(struct bl_ctx *x, struct kept *k, struct bl_str *to, struct bl_str text)
{
    *to = text;
    if (!bl_is(text))
        return;
    if (text.n > k->cap || !k->p) {
        k->cap = text.n < KEPT_LEAST ? KEPT_LEAST : 2 * text.n;
        k->p = bl_alloc(&x->arena, k->cap);
    }
    if (text.n > 0)
        memcpy(k->p, text.p, text.n);
    to->p = k->p;
}

static void mark_later(struct bl_ctx *x, struct entry *e, const struct bl_usage_mark *m)
{
    struct bl_usage_mark *last = &e->t.last;
    if (e->marked && mark_cmp(last, m) >= 0)
        return;
    e->marked = true;
    last->time_us = m->time_us;
    last->quantity = m->quantity;
    keep(x, &e->kept[0], &last->source, m->source);
    keep(x, &e->kept[1], &last->id, m->id);
    keep(x, &e->kept[2], &last->region, m->region);
    keep(x, &e->kept[3], &last->project, m->project);
}

static enum bl_err put(
        struct bl_ctx *x, struct entry *e, uint64_t count, bl_dec sum, bl_dec max, int64_t first_us)
{
    BL_TRY(bl_dec_add(x, e->t.sum, sum, &e->t.sum));
    e->t.count += count;
    if (bl_dec_cmp(max, e->t.max) > 0)
        e->t.max = max;
    if (first_us < e->t.first_us)
        e->t.first_us = first_us;
    return BL_OK;
}

enum bl_err bl_usage_add(struct bl_ctx *x, struct bl_usage *u, const struct bl_fact *f)
{
    assert(f->type == BL_FACT_USAGE && bl_is(f->field[BL_F_METER]));
    bl_dec q = f->has_quantity ? f->quantity : (bl_dec){0};
    struct bl_usage_mark m = {.time_us = f->time_us,
            .source = f->source,
            .id = f->id,
            .quantity = q,
            .region = f->field[BL_F_REGION],
            .project = f->field[BL_F_PROJECT]};
    struct entry *e = find(
            x, u, f->field[BL_F_METER], f->has_resource, f->resource, bl_day_of_s(bl_floor_s(f->time_us)));
    BL_TRY(put(x, e, 1, q, q, f->time_us));
    mark_later(x, e, &m);
    value_add(x, e, f->field[BL_F_VALUE]);
    return BL_OK;
}

enum bl_err bl_usage_merge(struct bl_ctx *x, struct bl_usage *u, const struct bl_usage_total *t)
{
    struct entry *e = find(x, u, t->meter, t->has_resource, t->resource, t->day);
    BL_TRY(put(x, e, t->count, t->sum, t->max, t->first_us));
    mark_later(x, e, &t->last);
    for (size_t i = 0; i < t->n_values; i++)
        value_add(x, e, t->values[i]);
    return BL_OK;
}

/* ---- listing */

static int total_cmp(const void *l, const void *r)
{
    const struct bl_usage_total *a = l, *b = r;
    int d = bl_str_cmp(a->meter, b->meter);
    if (d == 0)
        d = (int)a->has_resource - (int)b->has_resource;
    if (d == 0 && a->has_resource)
        d = bl_uuid_cmp(a->resource, b->resource);
    return d != 0 ? d : (a->day > b->day) - (a->day < b->day);
}

static int text_cmp(const void *l, const void *r)
{
    return bl_str_cmp(*(const struct bl_str *)l, *(const struct bl_str *)r);
}

void bl_usage_list(struct bl_ctx *x, struct bl_usage *u, struct bl_usage_total **ret, size_t *ret_n)
{
    struct bl_usage_total *list = bl_alloc_array(&x->arena, u->n, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < u->cap; i++) {
        struct entry *e = u->table[i];
        if (!e)
            continue;
        e->t.values = bl_alloc_array(&x->arena, e->t.n_values, sizeof(struct bl_str));
        size_t at = 0;
        for (size_t v = 0; v < e->value_cap; v++)
            if (bl_is(e->value_table[v]))
                e->t.values[at++] = e->value_table[v];
        if (at > 1)
            qsort(e->t.values, at, sizeof(struct bl_str), text_cmp);
        list[n++] = e->t;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, total_cmp);
    assert(n == u->n);
    *ret = list;
    *ret_n = n;
}
