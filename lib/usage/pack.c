/* Packed forms. Texts of a run repeat, so each stands once in a table at the head:
 *
 *     n texts  (text)*  n items  (item)*          an item names texts by their place, 0 for none */
#include "usage/usage.h"

#include <string.h>

/* ---- the table of texts */

struct texts {
    struct bl_str *at;
    size_t n, cap;
    uint32_t *table; /* place + 1 */
    size_t table_cap;
};

static uint64_t hash(struct bl_str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3u;
    return h ^ h >> 31;
}

static void texts_grow(struct bl_ctx *x, struct texts *t)
{
    size_t cap = t->table_cap ? 2 * t->table_cap : 64;
    uint32_t *table = bl_alloc_array(&x->arena, cap, sizeof *table);
    for (size_t i = 0; i < t->n; i++) {
        size_t at = hash(t->at[i]) & (cap - 1);
        while (table[at])
            at = (at + 1) & (cap - 1);
        table[at] = (uint32_t)i + 1;
    }
    t->table = table;
    t->table_cap = cap;
}

static uint64_t text_place(struct bl_ctx *x, struct texts *t, struct bl_str s)
{
    if (!bl_is(s))
        return 0;
    if (2 * (t->n + 1) > t->table_cap)
        texts_grow(x, t);
    size_t at = hash(s) & (t->table_cap - 1);
    for (; t->table[at]; at = (at + 1) & (t->table_cap - 1))
        if (bl_str_eq(t->at[t->table[at] - 1], s))
            return t->table[at];
    *BL_PUSH(&x->arena, *t) = s;
    t->table[at] = (uint32_t)t->n;
    return t->n;
}

static void texts_write(struct bl_buf *b, const struct texts *t)
{
    bl_put_uv(b, t->n);
    for (size_t i = 0; i < t->n; i++)
        bl_put_str(b, t->at[i]);
}

static bool texts_read(struct bl_ctx *x, struct bl_rd *r, struct texts *t)
{
    uint64_t n = bl_get_uv(r);
    if (r->bad || n > (uint64_t)(r->end - r->p))
        return false;
    t->at = bl_alloc_array(&x->arena, (size_t)n, sizeof *t->at);
    t->n = (size_t)n;
    for (size_t i = 0; i < t->n; i++)
        t->at[i] = bl_get_str(r);
    return !r->bad;
}

static struct bl_str text_get(struct bl_rd *r, const struct texts *t)
{
    uint64_t place = bl_get_uv(r);
    if (place > t->n)
        r->bad = true;
    return place == 0 || r->bad ? BL_ABSENT : t->at[place - 1];
}

static enum bl_err damaged(struct bl_ctx *x)
{
    return bl_fail(x, BL_INTERNAL, "A stored run of usage is damaged.");
}

/* ---- totals */

void bl_usage_pack_totals(struct bl_buf *b, const struct bl_usage_total *t, size_t n)
{
    struct bl_ctx x;
    struct texts texts = {0};
    struct bl_buf items = {0};
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < n; i++) {
        bl_put_uv(&items, text_place(&x, &texts, t[i].meter));
        bl_buf_byte(&items, t[i].has_resource);
        if (t[i].has_resource)
            bl_buf_put(&items, t[i].resource.b, sizeof t[i].resource.b);
        bl_put_sv(&items, t[i].day);
        bl_put_uv(&items, t[i].count);
        bl_put_u128(&items, (unsigned __int128)t[i].sum.pico);
        bl_put_u128(&items, (unsigned __int128)t[i].max.pico);
        bl_put_sv(&items, t[i].first_us);
        bl_put_sv(&items, t[i].last.time_us);
        bl_put_uv(&items, text_place(&x, &texts, t[i].last.source));
        bl_put_str(&items, t[i].last.id);
        bl_put_u128(&items, (unsigned __int128)t[i].last.quantity.pico);
        bl_put_uv(&items, text_place(&x, &texts, t[i].last.region));
        bl_put_uv(&items, text_place(&x, &texts, t[i].last.project));
        bl_put_uv(&items, t[i].n_values);
        for (size_t v = 0; v < t[i].n_values; v++)
            bl_put_str(&items, t[i].values[v]);
    }
    texts_write(b, &texts);
    bl_put_uv(b, n);
    bl_buf_put(b, items.p, items.n);
    bl_buf_release(&items);
    bl_ctx_release(&x);
}

static void total_read(struct bl_ctx *x, struct bl_rd *r, const struct texts *texts, struct bl_usage_total *t)
{
    t->meter = text_get(r, texts);
    const uint8_t *flag = bl_get_bytes(r, 1), *uuid = flag && *flag ? bl_get_bytes(r, 16) : NULL;
    t->has_resource = uuid != NULL;
    if (uuid)
        memcpy(t->resource.b, uuid, 16);
    t->day = (bl_day)bl_get_sv(r);
    t->count = bl_get_uv(r);
    t->sum.pico = (__int128)bl_get_u128(r);
    t->max.pico = (__int128)bl_get_u128(r);
    t->first_us = bl_get_sv(r);
    t->last.time_us = bl_get_sv(r);
    t->last.source = text_get(r, texts);
    t->last.id = bl_get_str(r);
    t->last.quantity.pico = (__int128)bl_get_u128(r);
    t->last.region = text_get(r, texts);
    t->last.project = text_get(r, texts);
    uint64_t n = bl_get_uv(r);
    if (r->bad || n > (uint64_t)(r->end - r->p)) {
        r->bad = true;
        return;
    }
    t->values = bl_alloc_array(&x->arena, (size_t)n, sizeof *t->values);
    t->n_values = (size_t)n;
    for (size_t v = 0; v < t->n_values; v++)
        t->values[v] = bl_get_str(r);
    if (t->sum.pico < 0 || t->max.pico < 0 || t->last.quantity.pico < 0 || !bl_is(t->meter))
        r->bad = true;
}

enum bl_err bl_usage_unpack_totals(
        struct bl_ctx *x, struct bl_str body, struct bl_usage_total **ret, size_t *ret_n)
{
    struct bl_rd r = bl_rd_of(body);
    struct texts texts = {0};
    if (!texts_read(x, &r, &texts))
        return damaged(x);
    uint64_t n = bl_get_uv(&r);
    if (r.bad || n > (uint64_t)(r.end - r.p))
        return damaged(x);
    struct bl_usage_total *t = bl_alloc_array(&x->arena, (size_t)n, sizeof *t);
    for (size_t i = 0; i < n && !r.bad; i++)
        total_read(x, &r, &texts, &t[i]);
    if (r.bad || r.p != r.end)
        return damaged(x);
    *ret = t;
    *ret_n = (size_t)n;
    return BL_OK;
}

/* ---- facts of a run: times and places in the log as differences from the one before */

enum { HAS_RESOURCE = 1, HAS_QUANTITY = 2 };

void bl_usage_pack_facts(struct bl_buf *b, const struct bl_fact *f, size_t n)
{
    struct bl_ctx x;
    struct texts texts = {0};
    struct bl_buf items = {0};
    int64_t time = 0;
    uint64_t seq = 0;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < n; i++) {
        bl_put_sv(&items, f[i].time_us - time);
        bl_put_sv(&items, (int64_t)(f[i].seq - seq));
        time = f[i].time_us;
        seq = f[i].seq;
        bl_put_uv(&items, text_place(&x, &texts, f[i].source));
        bl_put_str(&items, f[i].id);
        bl_buf_byte(&items,
                (uint8_t)((f[i].has_resource ? HAS_RESOURCE : 0) | (f[i].has_quantity ? HAS_QUANTITY : 0)));
        if (f[i].has_resource)
            bl_buf_put(&items, f[i].resource.b, sizeof f[i].resource.b);
        if (f[i].has_quantity)
            bl_put_u128(&items, (unsigned __int128)f[i].quantity.pico);
        bl_put_uv(&items, text_place(&x, &texts, f[i].field[BL_F_METER]));
        bl_put_uv(&items, text_place(&x, &texts, f[i].field[BL_F_REGION]));
        bl_put_uv(&items, text_place(&x, &texts, f[i].field[BL_F_PROJECT]));
        bl_put_str(&items, f[i].field[BL_F_VALUE]);
    }
    texts_write(b, &texts);
    bl_put_uv(b, n);
    bl_buf_put(b, items.p, items.n);
    bl_buf_release(&items);
    bl_ctx_release(&x);
}

enum bl_err bl_usage_unpack_facts(
        struct bl_ctx *x, struct bl_str body, bl_uuid account, struct bl_fact **ret, size_t *ret_n)
{
    struct bl_rd r = bl_rd_of(body);
    struct texts texts = {0};
    if (!texts_read(x, &r, &texts))
        return damaged(x);
    uint64_t n = bl_get_uv(&r);
    if (r.bad || n > (uint64_t)(r.end - r.p))
        return damaged(x);
    struct bl_fact *list = bl_alloc_array(&x->arena, (size_t)n, sizeof *list);
    uint64_t time = 0, seq = 0;
    for (size_t i = 0; i < n && !r.bad; i++) {
        struct bl_fact *f = &list[i];
        f->type = BL_FACT_USAGE;
        f->account = account;
        time += (uint64_t)bl_get_sv(&r);
        seq += (uint64_t)bl_get_sv(&r);
        f->time_us = (int64_t)time;
        f->seq = seq;
        f->source = text_get(&r, &texts);
        f->id = bl_get_str(&r);
        const uint8_t *flags = bl_get_bytes(&r, 1),
                      *uuid = flags && (*flags & HAS_RESOURCE) ? bl_get_bytes(&r, 16) : NULL;
        f->has_resource = uuid != NULL;
        if (uuid)
            memcpy(f->resource.b, uuid, 16);
        f->has_quantity = flags && (*flags & HAS_QUANTITY);
        if (f->has_quantity)
            f->quantity.pico = (__int128)bl_get_u128(&r);
        f->field[BL_F_METER] = text_get(&r, &texts);
        f->field[BL_F_REGION] = text_get(&r, &texts);
        f->field[BL_F_PROJECT] = text_get(&r, &texts);
        f->field[BL_F_VALUE] = bl_get_str(&r);
        if (f->quantity.pico < 0 || !bl_is(f->field[BL_F_METER]))
            r.bad = true;
    }
    if (r.bad || r.p != r.end)
        return damaged(x);
    *ret = list;
    *ret_n = (size_t)n;
    return BL_OK;
}
