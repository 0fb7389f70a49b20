/* Writing and reading the body of a batch. What repeats between neighbours (accounts, sources, meters, SKUs,
 * regions) is written once and named by its index; look-ups while writing probe a few slots and then give up
 * and write the string in place, so that no input can make them slow. */
#include "store/log.h"

#include <stdlib.h>
#include <string.h>

#define PROBES_MAX 8
#define HEADER_BYTES 28

/* The byte after the seq: type in the low three bits, then what follows. */
enum { HAS_RESOURCE = 8, HAS_FIELDS = 16, HAS_QUANTITY = 32, WHOLE_QUANTITY = 64, HAS_MORE = 128 };
/* The byte of HAS_MORE. */
enum { HAS_RESOURCE_ID = 1, RESET_RESOURCE_ID = 2, RESET_QUANTITY = 4, RESET_FIELDS = 8 };

#define BIT(f) (1u << (f))
/* Few values, many facts. */
static const uint32_t interned = BIT(BL_F_KIND) | BIT(BL_F_SKU) | BIT(BL_F_REGION) | BIT(BL_F_PROJECT) |
                                 BIT(BL_F_GROUP) | BIT(BL_F_METER) | BIT(BL_F_ZONE) | BIT(BL_F_SELLER) |
                                 BIT(BL_F_COUNTRY) | BIT(BL_F_TARGET_SOURCE);

static void put_u32(struct bl_buf *b, uint32_t v)
{
    uint8_t raw[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    bl_buf_put(b, raw, sizeof raw);
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

void log_start(struct log_builder *b)
{
    b->n = b->n_account = b->n_string = 0;
    b->strings.n = b->facts.n = b->texts.n = 0;
    memset(b->account_slot, 0, sizeof b->account_slot);
    memset(b->string_slot, 0, sizeof b->string_slot);
}

bool log_full(const struct log_builder *b)
{
    return b->n == LOG_FACTS_MAX || b->facts.n >= LOG_BYTES_FULL;
}

static uint32_t account_index(struct log_builder *b, const bl_uuid *uuid, uint32_t handle)
{
    uint32_t at = handle * 2654435761u >> 22; /* 10 bits: as many slots as twice the facts */
    _Static_assert(2 * LOG_FACTS_MAX == 1024, "slots and shift go together");
    while (b->account_slot[at] && b->handle[b->account_slot[at] - 1] != handle)
        at = (at + 1) % (2 * LOG_FACTS_MAX);
    if (!b->account_slot[at]) {
        b->handle[b->n_account] = handle;
        b->account[b->n_account] = *uuid;
        b->account_slot[at] = (uint16_t)++b->n_account;
    }
    return b->account_slot[at] - 1u;
}

static uint32_t text_hash(struct bl_str s)
{
    uint64_t h = s.n * 0x9e3779b97f4a7c15u;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        uint64_t w;
        memcpy(&w, s.p + i, 8);
        h = (h ^ w) * 0x9fb21c651e98df25u;
        h ^= h >> 32;
    }
    for (; i < s.n; i++)
        h = (h ^ (uint8_t)s.p[i]) * 0x100000001b3u;
    h ^= h >> 29;
    return (uint32_t)h;
}

static struct bl_str built_string(const struct log_builder *b, uint32_t i)
{
    uint32_t from = i ? b->string_end[i - 1] : 0;
    return (struct bl_str){b->strings.p + from, b->string_end[i] - from};
}

/* Writes the string's index + 1, or 0 and the string. */
static void put_interned(struct log_builder *b, struct bl_str s)
{
    uint32_t at = text_hash(s) % (2 * LOG_STRINGS_MAX);
    for (int probe = 0; probe < PROBES_MAX; probe++, at = (at + 1) % (2 * LOG_STRINGS_MAX)) {
        if (!b->string_slot[at]) {
            if (b->n_string == LOG_STRINGS_MAX)
                break;
            bl_buf_put(&b->strings, s.p, s.n);
            b->string_end[b->n_string] = (uint32_t)b->strings.n;
            b->string_slot[at] = (uint16_t)++b->n_string;
        }
        struct bl_str have = built_string(b, b->string_slot[at] - 1u);
        if (have.n == s.n && memcmp(have.p, s.p, s.n) == 0) {
            bl_put_uv(&b->facts, b->string_slot[at]);
            return;
        }
    }
    bl_put_uv(&b->facts, 0);
    bl_put_str(&b->facts, s);
}

static void put_field(struct log_builder *b, const struct bl_fact *f, enum bl_field field, uint32_t account)
{
    struct bl_str s = f->field[field];
    if (bl_field_personal(field, f->type)) {
        uint8_t digest[16];
        bl_field_digest(s, digest);
        bl_buf_put(&b->facts, digest, 16);
        bl_buf_put(&b->texts, b->account[account].b, 16);
        bl_put_str(&b->texts, s);
    } else if (interned & BIT(field)) {
        put_interned(b, s);
    } else {
        bl_put_str(&b->facts, s);
    }
}

void log_add(struct log_builder *b, const struct bl_fact *f, uint32_t handle, uint64_t fp)
{
    if (b->n == 0) {
        b->first_us = b->min_us = b->max_us = f->time_us;
    } else {
        b->min_us = f->time_us < b->min_us ? f->time_us : b->min_us;
        b->max_us = f->time_us > b->max_us ? f->time_us : b->max_us;
    }
    uint32_t fields = 0;
    for (int i = 0; i < BL_F_COUNT; i++)
        fields |= bl_is(f->field[i]) ? BIT(i) : 0;
    bool whole = f->has_quantity && f->quantity.pico >= 0 && (uint64_t)(f->quantity.pico >> 64) == 0 &&
                 (uint64_t)f->quantity.pico % (uint64_t)BL_DEC_ONE == 0;
    int more = (f->has_resource_id ? HAS_RESOURCE_ID : 0) | (f->reset_resource_id ? RESET_RESOURCE_ID : 0) |
               (f->reset_quantity ? RESET_QUANTITY : 0) | (f->reset ? RESET_FIELDS : 0);
    int flags = (int)f->type | (f->has_resource ? HAS_RESOURCE : 0) | (fields ? HAS_FIELDS : 0) |
                (f->has_quantity ? HAS_QUANTITY : 0) | (whole ? WHOLE_QUANTITY : 0) | (more ? HAS_MORE : 0);

    struct bl_buf *o = &b->facts;
    uint32_t account = account_index(b, &f->account, handle);
    bl_put_uv(o, account);
    bl_put_uv(o, f->seq);
    bl_buf_byte(o, (uint8_t)flags);
    bl_put_sv(o, f->time_us - b->first_us);
    if (f->has_resource)
        bl_buf_put(o, f->resource.b, 16);
    put_interned(b, f->source);
    bl_put_str(o, f->id);
    if (fields) {
        bl_put_uv(o, fields);
        for (uint32_t rest = fields; rest; rest &= rest - 1)
            put_field(b, f, (enum bl_field)__builtin_ctz(rest), account);
    }
    if (f->has_quantity)
        bl_put_u128(
                o, (unsigned __int128)(whole ? (__int128)((uint64_t)f->quantity.pico / (uint64_t)BL_DEC_ONE)
                                             : f->quantity.pico));
    if (more) {
        bl_buf_byte(o, (uint8_t)more);
        if (f->has_resource_id)
            bl_put_sv(o, f->resource_id);
        if (f->reset)
            bl_put_uv(o, f->reset);
    }
    b->head[b->n] = (struct log_head){.account = account,
            .seq = f->seq,
            .type = f->type,
            .time_us = f->time_us,
            .has_resource = f->has_resource,
            .resource = f->resource};
    b->fp[b->n] = fp;
    b->fact_end[b->n++] = (uint32_t)o->n;
}

void log_finish(const struct log_builder *b, struct bl_buf *o)
{
    o->n = 0;
    bl_buf_reserve(
            o, HEADER_BYTES + 16u * b->n_account + 4u * (b->n_string + b->n) + b->strings.n + b->facts.n);
    put_u32(o, b->n);
    put_u32(o, b->n_account);
    put_u32(o, b->n_string);
    put_u32(o, (uint32_t)b->strings.n);
    put_u32(o, (uint32_t)b->facts.n);
    put_u32(o, (uint32_t)b->first_us);
    put_u32(o, (uint32_t)((uint64_t)b->first_us >> 32));
    bl_buf_put(o, b->account, 16u * b->n_account);
    for (uint32_t i = 0; i < b->n_string; i++)
        put_u32(o, b->string_end[i]);
    for (uint32_t i = 0; i < b->n; i++)
        put_u32(o, b->fact_end[i]);
    bl_buf_put(o, b->strings.p, b->strings.n);
    bl_buf_put(o, b->facts.p, b->facts.n);
}

/* Four lanes of words; each step can be undone, so that no change within a word is lost. */
uint64_t log_sum(struct bl_str body)
{
    uint64_t h[4] = {body.n, 1, 2, 3}, w[4];
    for (size_t i = 0; i < body.n; i += sizeof w) {
        size_t n = body.n - i < sizeof w ? body.n - i : sizeof w;
        if (n < sizeof w)
            memset(w, 0, sizeof w);
        memcpy(w, body.p + i, n);
        for (int k = 0; k < 4; k++) {
            h[k] = (h[k] ^ w[k]) * 0x9fb21c651e98df25u;
            h[k] ^= h[k] >> 29;
        }
    }
    for (int k = 1; k < 4; k++) {
        h[0] = (h[0] ^ h[k]) * 0x9e3779b97f4a7c15u;
        h[0] ^= h[0] >> 32;
    }
    return h[0];
}

void log_release(struct log_builder *b)
{
    bl_buf_release(&b->strings);
    bl_buf_release(&b->facts);
    bl_buf_release(&b->texts);
}

/* ---- reading */

static enum bl_err bad(struct bl_ctx *x)
{
    return bl_fail(
            x, BL_INTERNAL, "A batch of the log cannot be read: the database is damaged, restore a backup.");
}

enum bl_err log_open(struct bl_ctx *x, struct bl_str body, struct log_view *ret)
{
    const uint8_t *p = (const uint8_t *)body.p;
    if (!p || body.n < HEADER_BYTES)
        return bad(x);
    struct log_view v = {.body = body.p, .bytes = body.n};
    v.n = get_u32(p);
    v.n_account = get_u32(p + 4);
    v.n_string = get_u32(p + 8);
    v.strings_bytes = get_u32(p + 12);
    v.facts_bytes = get_u32(p + 16);
    v.first_us = (int64_t)((uint64_t)get_u32(p + 24) << 32 | get_u32(p + 20));
    if (v.n > LOG_FACTS_MAX || v.n_account > LOG_FACTS_MAX || v.n_string > LOG_STRINGS_MAX ||
            HEADER_BYTES + 16u * v.n_account + 4u * (v.n_string + v.n) + v.strings_bytes + v.facts_bytes !=
                    body.n)
        return bad(x);
    v.account = p + HEADER_BYTES;
    v.string_end = v.account + 16u * v.n_account;
    v.fact_end = v.string_end + 4u * v.n_string;
    v.strings = (const char *)(v.fact_end + 4u * v.n);
    v.facts = v.strings + v.strings_bytes;
    *ret = v;
    return BL_OK;
}

bl_uuid log_account(const struct log_view *v, uint32_t index)
{
    bl_uuid u;
    memcpy(u.b, v->account + 16u * index, 16);
    return u;
}

static bool span_of(const uint8_t *end, uint32_t i, size_t bytes, uint32_t *ret_from, uint32_t *ret_to)
{
    *ret_from = i ? get_u32(end + 4u * (i - 1)) : 0;
    *ret_to = get_u32(end + 4u * i);
    return *ret_from <= *ret_to && *ret_to <= bytes;
}

static struct bl_str get_interned(const struct log_view *v, struct bl_rd *r)
{
    uint64_t i = bl_get_uv(r);
    if (i == 0)
        return bl_get_str(r);
    uint32_t from, to;
    if (i > v->n_string || !span_of(v->string_end, (uint32_t)(i - 1), v->strings_bytes, &from, &to)) {
        r->bad = true;
        return BL_ABSENT;
    }
    return (struct bl_str){v->strings + from, to - from};
}

static bool open_head(
        const struct log_view *v, uint32_t i, struct bl_rd *r, struct log_head *h, uint8_t *ret_flags)
{
    uint32_t from, to;
    if (i >= v->n || !span_of(v->fact_end, i, v->facts_bytes, &from, &to))
        return false;
    *r = bl_rd_of((struct bl_str){v->facts + from, to - from});
    uint64_t account = bl_get_uv(r);
    h->seq = bl_get_uv(r);
    const uint8_t *flags = bl_get_bytes(r, 1);
    h->time_us = (int64_t)((uint64_t)v->first_us + (uint64_t)bl_get_sv(r));
    if (r->bad || account >= v->n_account)
        return false;
    h->account = (uint32_t)account;
    *ret_flags = *flags;
    h->type = (enum bl_fact_type)(*flags & 7);
    h->has_resource = *flags & HAS_RESOURCE;
    if (h->has_resource) {
        const uint8_t *p = bl_get_bytes(r, 16);
        if (!p)
            return false;
        memcpy(h->resource.b, p, 16);
    }
    return h->type >= BL_FACT_CREATE && h->type <= BL_FACT_RETRACT;
}

void log_touch_index(const struct log_view *v, uint32_t i)
{
    __builtin_prefetch(v->fact_end + 4u * i);
}

void log_touch_fact(const struct log_view *v, uint32_t i)
{
    uint32_t from, to;
    if (i < v->n && span_of(v->fact_end, i, v->facts_bytes, &from, &to))
        __builtin_prefetch(v->facts + from);
}

enum bl_err log_head(struct bl_ctx *x, const struct log_view *v, uint32_t i, struct log_head *ret)
{
    struct bl_rd r;
    uint8_t flags;
    return open_head(v, i, &r, ret, &flags) ? BL_OK : bad(x);
}

static void get_fields(
        const struct log_view *v, struct bl_rd *r, struct bl_fact *f, struct bl_fact_digests *d)
{
    uint64_t fields = bl_get_uv(r);
    if (fields >> BL_F_COUNT) {
        r->bad = true;
        return;
    }
    for (uint32_t rest = (uint32_t)fields; rest && !r->bad; rest &= rest - 1) {
        enum bl_field field = (enum bl_field)__builtin_ctz(rest);
        if (bl_field_personal(field, f->type)) {
            const uint8_t *p = bl_get_bytes(r, 16);
            if (!p)
                return;
            d->has |= BIT(field);
            memcpy(d->d[field], p, 16);
        } else {
            f->field[field] = interned & BIT(field) ? get_interned(v, r) : bl_get_str(r);
        }
    }
}

enum bl_err log_fact(struct bl_ctx *x, const struct log_view *v, uint32_t i, struct bl_fact *ret,
        struct bl_fact_digests *ret_digests)
{
    struct bl_rd r;
    struct log_head h = {0};
    uint8_t flags;
    if (!open_head(v, i, &r, &h, &flags))
        return bad(x);
    *ret = (struct bl_fact){.type = h.type,
            .account = log_account(v, h.account),
            .time_us = h.time_us,
            .seq = h.seq,
            .has_resource = h.has_resource,
            .resource = h.resource};
    ret_digests->has = 0;
    ret->source = get_interned(v, &r);
    ret->id = bl_get_str(&r);
    if (flags & HAS_FIELDS)
        get_fields(v, &r, ret, ret_digests);
    if (flags & HAS_QUANTITY) {
        ret->has_quantity = true;
        ret->quantity.pico = (__int128)bl_get_u128(&r);
        if (flags & WHOLE_QUANTITY)
            ret->quantity.pico *= BL_DEC_ONE;
    }
    if (flags & HAS_MORE) {
        const uint8_t *more = bl_get_bytes(&r, 1);
        int m = more ? *more : 0;
        ret->has_resource_id = m & HAS_RESOURCE_ID;
        ret->reset_resource_id = m & RESET_RESOURCE_ID;
        ret->reset_quantity = m & RESET_QUANTITY;
        if (ret->has_resource_id)
            ret->resource_id = bl_get_sv(&r);
        if (m & RESET_FIELDS)
            ret->reset = (uint32_t)bl_get_uv(&r);
    }
    return r.bad || r.p != r.end ? bad(x) : BL_OK;
}

enum bl_err log_texts_open(struct bl_ctx *x, struct log_view *v, struct bl_str body)
{
    struct bl_rd r = bl_rd_of(body);
    uint32_t cap = 0;
    while (r.p < r.end) {
        const uint8_t *account = bl_get_bytes(&r, 16);
        struct bl_str text = bl_get_str(&r);
        if (!account || !bl_is(text))
            return bad(x);
        if (v->n_text == cap)
            v->text = bl_xrealloc(v->text, (cap = cap ? 2 * cap : 16) * sizeof *v->text);
        struct log_text *t = &v->text[v->n_text++];
        *t = (struct log_text){.text = text};
        bl_field_digest(text, t->digest);
    }
    return BL_OK;
}

struct bl_str log_text_find(const struct log_view *v, const uint8_t digest[16])
{
    for (uint32_t i = 0; i < v->n_text; i++)
        if (memcmp(v->text[i].digest, digest, 16) == 0)
            return v->text[i].text;
    return BL_ABSENT;
}
