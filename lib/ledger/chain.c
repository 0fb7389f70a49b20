/* The chain: entries as bytes, each with the hash of the one before. The one idea: every value has exactly
 * one packed form and all of it is hashed, so that no byte of an entry can change, nor an entry be left out
 * or moved, unseen.
 *
 *   packed = content, prev, hash        hash = SHA-256(prev, content) */
#include "ledger/ledger.h"

#include <string.h>

enum { FORM = 1 };
static const uint8_t no_digest[32];

static void put_content(struct bl_buf *b, const struct bl_entry *e)
{
    bool noted = memcmp(e->note_digest, no_digest, sizeof no_digest) != 0;
    bl_put_uv(b, FORM);
    bl_put_uv(b, e->n);
    bl_put_uv(b, (uint64_t)e->kind);
    bl_put_sv(b, e->at_us);
    bl_put_str(b, e->ref);
    bl_put_uv(b, noted);
    if (noted)
        bl_buf_put(b, e->note_digest, sizeof e->note_digest);
    bl_put_uv(b, e->has_invoice);
    if (e->has_invoice) {
        bl_buf_put(b, e->invoice_uuid.b, sizeof e->invoice_uuid.b);
        bl_put_str(b, e->invoice_id);
    }
    bl_put_uv(b, e->seq);
    bl_put_sv(b, e->expires_us);
    bl_put_uv(b, e->n_posting);
    for (size_t i = 0; i < e->n_posting; i++) {
        bl_put_str(b, e->posting[i].account);
        bl_put_sv(b, e->posting[i].amount.minor);
    }
}

static void hash_of(const struct bl_entry *e, uint8_t ret[32])
{
    struct bl_buf b = {0};
    bl_buf_put(&b, e->prev, sizeof e->prev);
    put_content(&b, e);
    bl_sha256(b.p, b.n, ret);
    bl_buf_release(&b);
}

static void digest_note(struct bl_str note, uint8_t ret[32])
{
    if (note.n > 0)
        bl_sha256(note.p, note.n, ret);
    else
        memcpy(ret, no_digest, sizeof no_digest);
}

void bl_entry_chain(struct bl_ctx *x, struct bl_entry *e, uint64_t n, const uint8_t prev_hash[32])
{
    (void)x;
    e->n = n;
    digest_note(e->note, e->note_digest);
    memcpy(e->prev, prev_hash, sizeof e->prev);
    hash_of(e, e->hash);
}

bool bl_entry_hash_ok(struct bl_ctx *x, const struct bl_entry *e)
{
    (void)x;
    uint8_t is[32];
    if (e->note.n > 0) {
        digest_note(e->note, is);
        if (memcmp(is, e->note_digest, sizeof is) != 0)
            return false;
    }
    hash_of(e, is);
    return memcmp(is, e->hash, sizeof is) == 0;
}

void bl_entry_pack(struct bl_buf *b, const struct bl_entry *e)
{
    put_content(b, e);
    bl_buf_put(b, e->prev, sizeof e->prev);
    bl_buf_put(b, e->hash, sizeof e->hash);
}

/* ---- reading back */

static void get_bytes(struct bl_rd *r, void *to, size_t n)
{
    const uint8_t *p = bl_get_bytes(r, n);
    if (p != NULL)
        memcpy(to, p, n);
}

static bool get_flag(struct bl_rd *r)
{
    uint64_t v = bl_get_uv(r);
    if (v > 1)
        r->bad = true;
    return v == 1;
}

static void get_head(struct bl_rd *r, struct bl_entry *e)
{
    if (bl_get_uv(r) != FORM)
        r->bad = true;
    e->n = bl_get_uv(r);
    uint64_t kind = bl_get_uv(r);
    if (kind < BL_ENTRY_INVOICE || kind > BL_ENTRY_REVERSAL)
        r->bad = true;
    e->kind = r->bad ? BL_ENTRY_INVOICE : (enum bl_entry_kind)kind;
    e->at_us = bl_get_sv(r);
    e->ref = bl_get_str(r);
    if (get_flag(r)) {
        get_bytes(r, e->note_digest, sizeof e->note_digest);
        if (memcmp(e->note_digest, no_digest, sizeof no_digest) == 0)
            r->bad = true;
    }
    e->has_invoice = get_flag(r);
    if (e->has_invoice) {
        get_bytes(r, e->invoice_uuid.b, sizeof e->invoice_uuid.b);
        e->invoice_id = bl_get_str(r);
    }
    e->seq = bl_get_uv(r);
    e->expires_us = bl_get_sv(r);
}

static void get_postings(struct bl_ctx *x, struct bl_rd *r, struct bl_entry *e)
{
    uint64_t n = bl_get_uv(r);
    if (n > (uint64_t)(r->end - r->p) / 2)
        r->bad = true;
    if (r->bad)
        return;
    e->posting = bl_alloc_array(&x->arena, (size_t)n, sizeof *e->posting);
    for (; e->n_posting < n && !r->bad; e->n_posting++) {
        e->posting[e->n_posting].account = bl_get_str(r);
        e->posting[e->n_posting].amount.minor = bl_get_sv(r);
    }
}

enum bl_err bl_entry_unpack(struct bl_ctx *x, struct bl_str body, struct bl_entry *ret)
{
    struct bl_rd r = bl_rd_of(body);
    struct bl_entry e = {0};
    get_head(&r, &e);
    get_postings(x, &r, &e);
    get_bytes(&r, e.prev, sizeof e.prev);
    get_bytes(&r, e.hash, sizeof e.hash);
    if (r.bad || r.p != r.end || !bl_entry_balanced(&e))
        return bl_fail(x, BL_INTERNAL, "A stored ledger entry is damaged; run billow verify.");
    *ret = e;
    return BL_OK;
}
