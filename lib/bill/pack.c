/* The document as bytes, to be stored once and read for ever. The one idea: rows are sorted, so a column
 * repeats itself; each column remembers its last few different texts, and a text that is one of them costs
 * one byte.
 *
 *   text   0 absent | 1..15 the column's memory | 16 + n, and n bytes (which then take the oldest place)
 *
 * Numbers are differences to the period's start. Whatever is read back is checked, down to the sum of the
 * rows. */
#include "bill/parts.h"

#include <string.h>

enum { FORM = 1, SLOTS = 15 };
enum { HAS_RESOURCE = 1, HAS_RESOURCE_ID = 2 };
#define TIME_MAX_S INT64_C(253402300800) /* the first second of the year 10000: ends are half open */
#define PERIOD_MAX ((9999 - 1970 + 1) * 12 - 1)

/* clang-format off */
#define HEAD_TEXTS(F)                                                                                        \
    F(number) F(currency)                                                                                    \
    F(face.name) F(face.company) F(face.email) F(face.tax_id) F(face.zone) F(face.seller)                    \
    F(face.address1) F(face.address2) F(face.city) F(face.region) F(face.postal_code) F(face.country)        \
    F(seller.name) F(seller.tax_id) F(seller.bank) F(seller.foot)                                            \
    F(seller.address1) F(seller.address2) F(seller.city) F(seller.region) F(seller.postal_code)              \
    F(seller.country) F(seller.logo_file)
#define ROW_TEXTS(F)                                                                                         \
    F(product) F(category) F(group) F(description) F(project) F(region) F(sku) F(duration) F(quantity)       \
    F(unit) F(unit_price) F(exact) F(tags) F(kind_text) F(ledger)
#define TAX_TEXTS(F) F(tax_country) F(tax_region) F(tax_name) F(tax_percent) F(tax_note)
/* clang-format on */

struct column {
    struct bl_str seen[SLOTS];
    unsigned next;
};
struct columns {
#define COLUMN(name) struct column name;
    ROW_TEXTS(COLUMN)
    TAX_TEXTS(COLUMN)
#undef COLUMN
};

static void remember(struct column *c, struct bl_str s)
{
    c->seen[c->next] = s;
    c->next = (c->next + 1) % SLOTS;
}

static void put_text(struct bl_buf *b, struct column *c, struct bl_str s)
{
    if (!bl_is(s)) {
        bl_put_uv(b, 0);
        return;
    }
    for (unsigned i = 0; i < SLOTS; i++)
        if (bl_is(c->seen[i]) && c->seen[i].n == s.n && memcmp(c->seen[i].p, s.p, s.n) == 0) {
            bl_put_uv(b, i + 1);
            return;
        }
    bl_put_uv(b, (uint64_t)s.n + SLOTS + 1);
    bl_buf_put(b, s.p, s.n);
    remember(c, s);
}

static struct bl_str get_text(struct bl_rd *r, struct column *c)
{
    uint64_t code = bl_get_uv(r);
    if (r->bad || code == 0)
        return BL_ABSENT;
    if (code <= SLOTS) {
        if (!bl_is(c->seen[code - 1]))
            r->bad = true;
        return c->seen[code - 1];
    }
    uint64_t n = code - SLOTS - 1;
    if (n > (uint64_t)(r->end - r->p)) {
        r->bad = true;
        return BL_ABSENT;
    }
    struct bl_str s = {n > 0 ? (const char *)r->p : "", (size_t)n};
    r->p += n;
    remember(c, s);
    return s;
}

/* Differences may be of any two numbers: they wrap, there and back. */
static void put_from(struct bl_buf *b, int64_t v, int64_t base)
{
    bl_put_sv(b, (int64_t)((uint64_t)v - (uint64_t)base));
}

static int64_t get_from(struct bl_rd *r, int64_t base)
{
    return (int64_t)((uint64_t)bl_get_sv(r) + (uint64_t)base);
}

static int64_t get_instant(struct bl_rd *r, int64_t base)
{
    int64_t s = get_from(r, base);
    if (s < 0 || s > TIME_MAX_S)
        r->bad = true;
    return r->bad ? 0 : s;
}

/* ---- rows */

static void put_row(struct bl_buf *b, struct columns *c, const struct bl_row *r, int64_t first_s)
{
    unsigned flags = (r->has_resource ? HAS_RESOURCE : 0) | (r->has_resource_id ? HAS_RESOURCE_ID : 0);
    bl_put_uv(b, (unsigned)r->kind << 2 | flags);
#define PUT(name) put_text(b, &c->name, r->name);
    ROW_TEXTS(PUT)
    if (r->kind == BL_ROW_TAX) {
        TAX_TEXTS(PUT)
    }
#undef PUT
    if (r->has_resource)
        bl_buf_put(b, r->resource.b, sizeof r->resource.b);
    if (r->has_resource_id)
        bl_put_sv(b, r->resource_id);
    put_from(b, r->start_s, first_s);
    put_from(b, r->end_s, first_s);
    bl_put_sv(b, r->amount.minor);
    bl_put_uv(b, (uint64_t)(r->of_period + 1));
    bl_put_uv(b, r->seq);
}

static void get_row(struct bl_rd *rd, struct columns *c, struct bl_row *r, int64_t first_s)
{
    uint64_t head = bl_get_uv(rd);
    if (head >> 2 > BL_ROW_CREDIT) {
        rd->bad = true;
        return;
    }
    r->kind = (enum bl_row_kind)(head >> 2);
    r->has_resource = (head & HAS_RESOURCE) != 0;
    r->has_resource_id = (head & HAS_RESOURCE_ID) != 0;
#define GET(name) r->name = get_text(rd, &c->name);
    ROW_TEXTS(GET)
    if (r->kind == BL_ROW_TAX) {
        TAX_TEXTS(GET)
    }
#undef GET
    const uint8_t *u = r->has_resource ? bl_get_bytes(rd, sizeof r->resource.b) : NULL;
    if (u != NULL)
        memcpy(r->resource.b, u, sizeof r->resource.b);
    if (r->has_resource_id)
        r->resource_id = bl_get_sv(rd);
    r->start_s = get_instant(rd, first_s);
    r->end_s = get_instant(rd, first_s);
    r->amount.minor = bl_get_sv(rd);
    uint64_t of = bl_get_uv(rd);
    if (of > PERIOD_MAX + 1)
        rd->bad = true;
    r->of_period = rd->bad ? -1 : (bl_period)of - 1;
    r->seq = bl_get_uv(rd);
}

/* ---- the whole */

void bl_bill_pack(struct bl_buf *b, const struct bl_bill *bill)
{
    int64_t first_s = bl_period_start_s(bill->period);
    struct columns c = {0};
    bl_put_uv(b, FORM);
    bl_put_uv(b, (uint64_t)bill->period);
    bl_put_uv(b, bill->rules);
    bl_put_uv(b, bill->k);
    bl_buf_put(b, bill->book_id, sizeof bill->book_id);
    bl_buf_put(b, bill->account.b, sizeof bill->account.b);
    bl_buf_put(b, bill->invoice_uuid.b, sizeof bill->invoice_uuid.b);
    bl_put_sv(b, bill->invoice_n);
    put_from(b, bill->instant_s, first_s);
    put_from(b, bill->issued_s, first_s);
    bl_put_uv(b, (uint64_t)bill->digits);
    bl_put_uv(b, bill->face.tax_exempt);
    bl_put_sv(b, bill->face.created_us);
    bl_put_sv(b, bill->face.updated_us);
    bl_put_sv(b, bill->seller.terms_days);
#define PUT(name) bl_put_str(b, bill->name);
    HEAD_TEXTS(PUT)
#undef PUT
    bl_put_uv(b, bill->n_row);
    for (size_t i = 0; i < bill->n_row; i++)
        put_row(b, &c, &bill->row[i], first_s);
    bl_put_sv(b, bill->amount.minor);
}

static void get_bytes(struct bl_rd *r, void *to, size_t n)
{
    const uint8_t *p = bl_get_bytes(r, n);
    if (p != NULL)
        memcpy(to, p, n);
}

static uint64_t get_upto(struct bl_rd *r, uint64_t most)
{
    uint64_t v = bl_get_uv(r);
    if (v > most)
        r->bad = true;
    return r->bad ? 0 : v;
}

static int64_t get_us(struct bl_rd *r)
{
    int64_t us = bl_get_sv(r);
    if (us < 0 || us > TIME_MAX_S * BL_US)
        r->bad = true;
    return r->bad ? 0 : us;
}

static void get_head(struct bl_rd *r, struct bl_bill *b)
{
    if (bl_get_uv(r) != FORM)
        r->bad = true;
    b->period = (bl_period)get_upto(r, PERIOD_MAX);
    b->rules = (uint32_t)get_upto(r, UINT32_MAX);
    b->k = bl_get_uv(r);
    get_bytes(r, b->book_id, sizeof b->book_id);
    get_bytes(r, b->account.b, sizeof b->account.b);
    get_bytes(r, b->invoice_uuid.b, sizeof b->invoice_uuid.b);
    b->invoice_n = bl_get_sv(r);
    b->instant_s = get_instant(r, bl_period_start_s(b->period));
    b->issued_s = get_instant(r, bl_period_start_s(b->period));
    b->digits = (int)get_upto(r, 4);
    b->face.tax_exempt = get_upto(r, 1) != 0;
    b->face.created_us = get_us(r);
    b->face.updated_us = get_us(r);
    b->seller.terms_days = bl_get_sv(r);
    if (b->seller.terms_days < 0 || b->seller.terms_days > INT32_MAX)
        r->bad = true;
#define GET(name) b->name = bl_get_str(r);
    HEAD_TEXTS(GET)
#undef GET
}

/* Credits only lower; a section never follows a later one. */
static bool row_fits(const struct bl_row *r, const struct bl_row *before)
{
    return (r->kind != BL_ROW_CREDIT || r->amount.minor <= 0) && (before == NULL || before->kind <= r->kind);
}

enum bl_err bl_bill_unpack(struct bl_ctx *x, struct bl_str body, struct bl_bill *ret)
{
    struct bl_rd r = bl_rd_of(body);
    struct bl_bill b = {0};
    struct columns c = {0};
    get_head(&r, &b);
    uint64_t n = bl_get_uv(&r);
    /* A row takes more than 20 bytes: no count can make us set aside much more than was sent. */
    if (n > (uint64_t)(r.end - r.p) / 20)
        r.bad = true;
    if (!r.bad)
        b.row = bl_alloc_array(&x->arena, (size_t)n, sizeof *b.row);
    for (; !r.bad && b.n_row < n; b.n_row++) {
        get_row(&r, &c, &b.row[b.n_row], bl_period_start_s(b.period));
        if (!row_fits(&b.row[b.n_row], b.n_row > 0 ? &b.row[b.n_row - 1] : NULL))
            r.bad = true;
    }
    int64_t amount = bl_get_sv(&r);
    if (r.bad || r.p != r.end || bill_sum(x, &b) != BL_OK || b.amount.minor != amount)
        return bl_fail(x, BL_INTERNAL, "A stored invoice is damaged; run billow verify.");
    *ret = b;
    return BL_OK;
}
