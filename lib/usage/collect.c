/* The collector: a hash table over (meter, resource, day) in the arena; sums, maxima and last marks merge in
 * any order. */
#include "usage/usage.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct bl_usage_total t;
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

static uint64_t mix(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ b[i]) * 0x100000001b3u;
    return h;
}

static uint64_t key_hash(struct bl_str meter, bool has_resource, bl_uuid resource, bl_day day)
{
    uint64_t h = mix(0xcbf29ce484222325u, meter.p, meter.n);
    if (has_resource)
        h = mix(h, resource.b, sizeof resource.b);
    h = mix(h, &day, sizeof day);
    return h ^ h >> 31;
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
    e->t.last.time_us = INT64_MIN;
    u->table[at] = e;
    u->n++;
    return e;
}

/* ---- distinct values */

static bool value_put(struct bl_str *table, size_t cap, struct bl_str text)
{
    size_t at = mix(0xcbf29ce484222325u, text.p, text.n);
    at ^= at >> 31;
    for (at &= cap - 1; table[at].p; at = (at + 1) & (cap - 1))
        if (bl_str_eq(table[at], text))
            return false;
    table[at] = text;
    return true;
}

static void value_add(struct bl_ctx *x, struct entry *e, struct bl_str text)
{
    if (!bl_is(text))
        return;
    if (2 * (e->t.n_values + 1) > e->value_cap) {
        size_t cap = e->value_cap ? 2 * e->value_cap : 8;
        struct bl_str *table = bl_alloc_array(&x->arena, cap, sizeof *table);
        for (size_t i = 0; i < e->value_cap; i++)
            if (e->value_table[i].p)
                value_put(table, cap, e->value_table[i]);
        e->value_table = table;
        e->value_cap = cap;
    }
    struct bl_str kept = bl_str_dup(&x->arena, text);
    if (value_put(e->value_table, e->value_cap, kept))
        e->t.n_values++;
}

/* ---- adding */

static int mark_cmp(const struct bl_usage_mark *a, int64_t time_us, struct bl_str source, struct bl_str id)
{
    if (a->time_us != time_us)
        return a->time_us < time_us ? -1 : 1;
    int by_source = bl_str_cmp(a->source, source);
    return by_source ? by_source : bl_str_cmp(a->id, id);
}

static void mark_later(struct bl_ctx *x, struct bl_usage_mark *m, int64_t time_us, struct bl_str source,
        struct bl_str id, bl_dec quantity, struct bl_str region, struct bl_str project)
{
    if (mark_cmp(m, time_us, source, id) >= 0)
        return;
    *m = (struct bl_usage_mark){time_us, bl_str_dup(&x->arena, source), bl_str_dup(&x->arena, id), quantity,
            bl_is(region) ? bl_str_dup(&x->arena, region) : BL_ABSENT,
            bl_is(project) ? bl_str_dup(&x->arena, project) : BL_ABSENT};
}

enum bl_err bl_usage_add(struct bl_ctx *x, struct bl_usage *u, const struct bl_fact *f)
{
    struct entry *e = find(
            x, u, f->field[BL_F_METER], f->has_resource, f->resource, bl_day_of_s(bl_floor_s(f->time_us)));
    bl_dec q = f->has_quantity ? f->quantity : (bl_dec){0};
    e->t.count++;
    BL_TRY(bl_dec_add(x, e->t.sum, q, &e->t.sum));
    if (bl_dec_cmp(q, e->t.max) > 0)
        e->t.max = q;
    if (f->time_us < e->t.first_us)
        e->t.first_us = f->time_us;
    mark_later(x, &e->t.last, f->time_us, f->source, f->id, q, f->field[BL_F_REGION], f->field[BL_F_PROJECT]);
    value_add(x, e, f->field[BL_F_VALUE]);
    return BL_OK;
}

enum bl_err bl_usage_merge(struct bl_ctx *x, struct bl_usage *u, const struct bl_usage_total *t)
{
    struct entry *e = find(x, u, t->meter, t->has_resource, t->resource, t->day);
    e->t.count += t->count;
    BL_TRY(bl_dec_add(x, e->t.sum, t->sum, &e->t.sum));
    if (bl_dec_cmp(t->max, e->t.max) > 0)
        e->t.max = t->max;
    if (t->first_us < e->t.first_us)
        e->t.first_us = t->first_us;
    mark_later(x, &e->t.last, t->last.time_us, t->last.source, t->last.id, t->last.quantity, t->last.region,
            t->last.project);
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
            if (e->value_table[v].p)
                e->t.values[at++] = e->value_table[v];
        if (at > 1)
            qsort(e->t.values, at, sizeof(struct bl_str), text_cmp);
        list[n++] = e->t;
    }
    if (n > 1)
        qsort(list, n, sizeof *list, total_cmp);
    *ret = list;
    *ret_n = n;
}
