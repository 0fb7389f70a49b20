/* Packed forms. Texts and resources of a run repeat, so each stands once in a table at the head:
 *
 *     n texts  (text)*  n items  (item)*          an item names texts by their place, 0 for none
 *
 * Reading takes nothing that writing would not have written about a fact that was read, whatever the bytes
 * say. */
#include "usage/hash.h"
#include "usage/usage.h"

#include <assert.h>
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
    return usage_hash(USAGE_HASH_SEED, s.p, s.n);
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

static uint64_t resource_place(struct bl_ctx *x, struct texts *t, bool has, const bl_uuid *u)
{
    return has ? text_place(x, t, (struct bl_str){(const char *)u->b, sizeof u->b}) : 0;
}

static bool resource_get(struct bl_rd *r, const struct texts *t, bl_uuid *ret)
{
    struct bl_str s = text_get(r, t);
    if (!bl_is(s))
        return false;
    if (s.n != sizeof ret->b)
        r->bad = true;
    else
        memcpy(ret->b, s.p, s.n);
    return !r->bad;
}

/* Most quantities are whole: v << 1 for v whole units, v << 1 | 1 for v of their 10^-12. */
static void quantity_put(struct bl_buf *b, bl_dec q)
{
    unsigned __int128 v = (unsigned __int128)q.pico;
    assert(q.pico >= 0);
    bl_put_u128(b, q.pico % BL_DEC_ONE == 0 ? v / (unsigned __int128)BL_DEC_ONE << 1 : v << 1 | 1);
}

static bl_dec quantity_get(struct bl_rd *r)
{
    const __int128 most = (__int128)(~(unsigned __int128)0 >> 1);
    unsigned __int128 v = bl_get_u128(r);
    bl_dec q = {(__int128)(v >> 1)};
    if (v & 1) {
        r->bad = r->bad || q.pico % BL_DEC_ONE == 0;
        return q;
    }
    if (q.pico > most / BL_DEC_ONE) {
        r->bad = true;
        return (bl_dec){0};
    }
    return (bl_dec){q.pico * BL_DEC_ONE};
}

static bool time_ok(int64_t us)
{
    return us >= 0 && us < bl_period_start_s(12 * (10000 - 1970)) * BL_US;
}

/* How many items follow; each takes at least `least` bytes, which bounds what damaged bytes can ask for. */
static size_t items_get(struct bl_rd *r, size_t least)
{
    uint64_t n = bl_get_uv(r);
    if (r->bad || n > (uint64_t)(r->end - r->p) / least) {
        r->bad = true;
        return 0;
    }
    return (size_t)n;
}

static enum bl_err damaged(struct bl_ctx *x)
{
    return bl_fail(x, BL_INTERNAL, "A stored run of usage is damaged.");
}

/* ---- totals */

#define TOTAL_BYTES_LEAST 14

static void total_write(
        struct bl_ctx *x, struct bl_buf *b, struct texts *texts, const struct bl_usage_total *t)
{
    bl_put_uv(b, text_place(x, texts, t->meter));
    bl_put_uv(b, resource_place(x, texts, t->has_resource, &t->resource));
    bl_put_sv(b, t->day);
    bl_put_uv(b, t->count);
    quantity_put(b, t->sum);
    quantity_put(b, t->max);
    bl_put_sv(b, t->first_us);
    bl_put_sv(b, t->last.time_us);
    bl_put_uv(b, text_place(x, texts, t->last.source));
    bl_put_str(b, t->last.id);
    quantity_put(b, t->last.quantity);
    bl_put_uv(b, text_place(x, texts, t->last.region));
    bl_put_uv(b, text_place(x, texts, t->last.project));
    bl_put_uv(b, t->n_values);
    for (size_t v = 0; v < t->n_values; v++)
        bl_put_str(b, t->values[v]);
}

void bl_usage_pack_totals(struct bl_buf *b, const struct bl_usage_total *t, size_t n)
{
    struct bl_ctx x;
    struct texts texts = {0};
    struct bl_buf items = {0};
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < n; i++)
        total_write(&x, &items, &texts, &t[i]);
    texts_write(b, &texts);
    bl_put_uv(b, n);
    bl_buf_put(b, items.p, items.n);
    bl_buf_release(&items);
    bl_ctx_release(&x);
}

static void values_read(struct bl_ctx *x, struct bl_rd *r, struct bl_usage_total *t)
{
    t->n_values = items_get(r, 1);
    t->values = bl_alloc_array(&x->arena, t->n_values, sizeof *t->values);
    for (size_t v = 0; v < t->n_values; v++) {
        t->values[v] = bl_get_str(r);
        if (!bl_is(t->values[v]) || (v > 0 && bl_str_cmp(t->values[v - 1], t->values[v]) >= 0))
            r->bad = true;
    }
}

static void total_read(struct bl_ctx *x, struct bl_rd *r, const struct texts *texts, struct bl_usage_total *t)
{
    t->meter = text_get(r, texts);
    t->has_resource = resource_get(r, texts, &t->resource);
    int64_t day = bl_get_sv(r);
    t->day = (bl_day)day;
    t->count = bl_get_uv(r);
    t->sum = quantity_get(r);
    t->max = quantity_get(r);
    t->first_us = bl_get_sv(r);
    t->last.time_us = bl_get_sv(r);
    t->last.source = text_get(r, texts);
    t->last.id = bl_get_str(r);
    t->last.quantity = quantity_get(r);
    t->last.region = text_get(r, texts);
    t->last.project = text_get(r, texts);
    values_read(x, r, t);
    bool whole = bl_is(t->meter) && bl_is(t->last.source) && bl_is(t->last.id) && t->count > 0;
    if (!whole || day != t->day || !time_ok(t->first_us) || !time_ok(t->last.time_us))
        r->bad = true;
}

enum bl_err bl_usage_unpack_totals(
        struct bl_ctx *x, struct bl_str body, struct bl_usage_total **ret, size_t *ret_n)
{
    struct bl_rd r = bl_rd_of(body);
    struct texts texts = {0};
    if (!texts_read(x, &r, &texts))
        return damaged(x);
    size_t n = items_get(&r, TOTAL_BYTES_LEAST);
    struct bl_usage_total *t = bl_alloc_array(&x->arena, n, sizeof *t);
    for (size_t i = 0; i < n && !r.bad; i++)
        total_read(x, &r, &texts, &t[i]);
    if (r.bad || r.p != r.end)
        return damaged(x);
    *ret = t;
    *ret_n = n;
    return BL_OK;
}

/* ---- facts of a run: times and places in the log as differences from the one before */

#define FACT_BYTES_LEAST 10

static void fact_write(struct bl_ctx *x, struct bl_buf *b, struct texts *texts, const struct bl_fact *f,
        const struct bl_fact *before)
{
    bl_put_sv(b, f->time_us - before->time_us);
    bl_put_sv(b, (int64_t)(f->seq - before->seq));
    bl_put_uv(b, text_place(x, texts, f->source));
    bl_put_str(b, f->id);
    bl_put_uv(b, resource_place(x, texts, f->has_resource, &f->resource));
    bl_buf_byte(b, f->has_quantity);
    if (f->has_quantity)
        quantity_put(b, f->quantity);
    bl_put_uv(b, text_place(x, texts, f->field[BL_F_METER]));
    bl_put_uv(b, text_place(x, texts, f->field[BL_F_REGION]));
    bl_put_uv(b, text_place(x, texts, f->field[BL_F_PROJECT]));
    bl_put_str(b, f->field[BL_F_VALUE]);
}

void bl_usage_pack_facts(struct bl_buf *b, const struct bl_fact *f, size_t n)
{
    static const struct bl_fact nothing = {0};
    struct bl_ctx x;
    struct texts texts = {0};
    struct bl_buf items = {0};
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < n; i++)
        fact_write(&x, &items, &texts, &f[i], i > 0 ? &f[i - 1] : &nothing);
    texts_write(b, &texts);
    bl_put_uv(b, n);
    bl_buf_put(b, items.p, items.n);
    bl_buf_release(&items);
    bl_ctx_release(&x);
}

static void fact_read(
        struct bl_rd *r, const struct texts *texts, const struct bl_fact *before, struct bl_fact *f)
{
    f->type = BL_FACT_USAGE;
    f->time_us = (int64_t)((uint64_t)before->time_us + (uint64_t)bl_get_sv(r));
    f->seq = before->seq + (uint64_t)bl_get_sv(r);
    f->source = text_get(r, texts);
    f->id = bl_get_str(r);
    f->has_resource = resource_get(r, texts, &f->resource);
    const uint8_t *has = bl_get_bytes(r, 1);
    f->has_quantity = has && *has == 1;
    if (f->has_quantity)
        f->quantity = quantity_get(r);
    f->field[BL_F_METER] = text_get(r, texts);
    f->field[BL_F_REGION] = text_get(r, texts);
    f->field[BL_F_PROJECT] = text_get(r, texts);
    f->field[BL_F_VALUE] = bl_get_str(r);
    if (!has || *has > 1 || !time_ok(f->time_us) || !bl_is(f->source) || !bl_is(f->id) ||
            !bl_is(f->field[BL_F_METER]))
        r->bad = true;
}

enum bl_err bl_usage_unpack_facts(
        struct bl_ctx *x, struct bl_str body, bl_uuid account, struct bl_fact **ret, size_t *ret_n)
{
    static const struct bl_fact nothing = {0};
    struct bl_rd r = bl_rd_of(body);
    struct texts texts = {0};
    if (!texts_read(x, &r, &texts))
        return damaged(x);
    size_t n = items_get(&r, FACT_BYTES_LEAST);
    struct bl_fact *list = bl_alloc_array(&x->arena, n, sizeof *list);
    for (size_t i = 0; i < n && !r.bad; i++) {
        list[i].account = account;
        fact_read(&r, &texts, i > 0 ? &list[i - 1] : &nothing, &list[i]);
    }
    if (r.bad || r.p != r.end)
        return damaged(x);
    *ret = list;
    *ret_n = n;
    return BL_OK;
}
