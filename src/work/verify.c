/* Verify: every issued invoice is drawn up again from its own arguments and compared byte for byte; every
 * entry's chain, balance and sum is checked; the log is compared with what is derived from it. Stops at the
 * first difference. */
#include "work/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chain {
    struct bl_ctx *x;
    const struct work_account *a;
    int64_t n, balance;
    uint8_t prev[32];
    __int128 sum;
    int64_t invoices, invoiced; /* entries of invoices and what they came to */
    char urn[64];
};

static enum bl_err differs(struct bl_ctx *x, const char *urn, const char *what)
{
    return bl_fail(x, BL_CONFLICT, "%s: %s", urn, what);
}

static enum bl_err entry_check(void *arg, const struct q_entry_each *row)
{
    struct chain *c = arg;
    struct bl_entry e;
    char what[128];
    if (bl_entry_unpack(c->x, row->body, &e) != BL_OK)
        return differs(c->x, c->urn, "an entry cannot be read");
    e.note = row->note;
    snprintf(what, sizeof what, "entry %lld does not follow the chain", (long long)row->n);
    if (row->n != c->n + 1 || e.n != (uint64_t)row->n || memcmp(e.prev, c->prev, 32) != 0 ||
            !bl_entry_hash_ok(c->x, &e))
        return differs(c->x, c->urn, what);
    snprintf(what, sizeof what, "entry %lld does not sum to zero", (long long)row->n);
    if (!bl_entry_balanced(&e))
        return differs(c->x, c->urn, what);
    snprintf(what, sizeof what, "entry %lld does not give the balance beside it", (long long)row->n);
    int64_t effect = bl_entry_receivable(&e).minor;
    bool same_ref = bl_str_eq(e.ref, row->ref);
    if (effect != row->receivable || c->balance + effect != row->balance || (int64_t)e.kind != row->kind ||
            e.at_us != row->at_us || !same_ref)
        return differs(c->x, c->urn, what);
    for (size_t i = 0; i < e.n_posting; i++)
        c->sum += e.posting[i].amount.minor;
    if (e.kind == BL_ENTRY_INVOICE || e.kind == BL_ENTRY_CREDIT_NOTE) {
        c->invoices++;
        c->invoiced += effect;
    }
    c->n = row->n;
    c->balance = row->balance;
    memcpy(c->prev, e.hash, 32);
    return BL_OK;
}

/* Credits as they stood before a period was closed: what earlier invoices had used is taken off. */
static enum bl_err held_before(struct bl_ctx *x, const struct q_held_all *held, size_t n,
        const struct q_invoice_all *inv, size_t n_inv, bl_period p, uint64_t k, struct bl_held **ret,
        size_t *ret_n)
{
    struct bl_held *h = bl_alloc_array(&x->arena, n, sizeof *h);
    size_t got = 0;
    for (size_t i = 0; i < n; i++)
        if ((uint64_t)held[i].seq <= k)
            h[got++] = (struct bl_held){(uint64_t)held[i].seq, held[i].granted_us, held[i].expires_us,
                    {held[i].amount}, held[i].note};
    for (size_t i = 0; i < n_inv && inv[i].period < p; i++) {
        struct bl_bill b;
        BL_TRY(bl_bill_unpack(x, inv[i].body, &b));
        for (size_t r = 0; r < b.n_row; r++)
            for (size_t j = 0; b.row[r].kind == BL_ROW_CREDIT && j < got; j++)
                if (h[j].seq == b.row[r].seq)
                    h[j].left.minor += b.row[r].amount.minor;
    }
    *ret = h;
    *ret_n = got;
    return BL_OK;
}

static enum bl_err invoice_check(struct bl_ctx *x, struct work *w, struct store_db *db, const struct chain *c,
        const struct q_closed_list *closed, uint64_t prev_k, const struct q_invoice_all *inv, size_t n_inv,
        const struct q_held_all *held, size_t n_held, int64_t issued)
{
    bl_period p = (bl_period)closed->period;
    char what[128], text[8];
    bl_period_text(p, text);
    const struct q_invoice_all *have = NULL;
    for (size_t i = 0; i < n_inv; i++)
        if (inv[i].period == p)
            have = &inv[i];
    if (closed->rules != BL_RULES_VERSION) {
        snprintf(what, sizeof what, "%s was rated by rules %lld, which this program does not hold", text,
                (long long)closed->rules);
        return differs(x, c->urn, what);
    }
    struct bl_held *h = NULL;
    size_t n_h = 0;
    struct work_book *book = NULL;
    struct work_drawn drawn;
    BL_TRY(held_before(x, held, n_held, inv, n_inv, p, (uint64_t)closed->k, &h, &n_h));
    BL_TRY(work_book_by_id(x, w, db, closed->book_id, &book));
    struct work_draw d = {
            .a = c->a,
            .book = book->book,
            .period = p,
            .instant_s = closed->instant_s,
            .issued_s = bl_floor_s(closed->closed_us),
            .k = (uint64_t)closed->k,
            .prev_k = prev_k,
            .closed = p - 1,
            .invoice_n = issued + 1,
            .held = h,
            .n_held = n_h,
    };
    enum bl_err e = work_draw(x, w, db, &d, &drawn);
    bool issues = e == BL_OK && bl_bill_issues(&drawn.bill);
    bool same = issues == (have != NULL);
    struct bl_buf body = {0};
    if (e == BL_OK && issues && have) {
        drawn.bill.k = (uint64_t)closed->k;
        bl_bill_pack(&body, &drawn.bill);
        same = body.n == have->body.n && memcmp(body.p, have->body.p, body.n) == 0 &&
               have->amount == drawn.bill.amount.minor && have->invoice_n == drawn.bill.invoice_n &&
               memcmp(have->invoice_uuid.p, drawn.bill.invoice_uuid.b, 16) == 0;
    }
    if (e == BL_OK && !same) {
        char was[32] = "no invoice", is[32] = "no invoice";
        if (have)
            bl_amount_text((bl_amount){have->amount}, drawn.bill.digits, was);
        if (issues)
            bl_amount_text(drawn.bill.amount, drawn.bill.digits, is);
        snprintf(what, sizeof what, "the invoice of %s (%s) is not what its arguments give (%s)", text, was,
                is);
        e = differs(x, c->urn, what);
    }
    bl_buf_release(&body);
    work_book_give(w, book);
    return e;
}

static enum bl_err account_check(struct bl_ctx *x, struct work *w, struct store_db *db, store_acct acct,
        struct work_verify *v, __int128 *sum)
{
    struct work_account a;
    BL_TRY(work_account_get(x, w, db, store_account_hot(w->store, acct).uuid, &a));
    struct bl_str uuid = store_uuid(&a.uuid);
    struct chain c = {.x = x, .a = &a};
    char text[37];
    bl_uuid_text(a.uuid, text);
    snprintf(c.urn, sizeof c.urn, BL_URN_TEAM "%s", text);
    BL_TRY(q_entry_each(x, db, a.bucket, uuid, entry_check, &c));
    if (c.n != a.row.entry_n || c.balance != a.row.receivable || a.row.entry_hash.n != 32 ||
            memcmp(c.prev, a.row.entry_hash.p, 32) != 0)
        return differs(x, c.urn, "the account's balance or head is not that of its entries");

    struct q_closed_list *closed = NULL;
    struct q_invoice_all *inv = NULL;
    struct q_held_all *held = NULL;
    size_t n_closed = 0, n_inv = 0, n_held = 0;
    BL_TRY(q_closed_list(x, db, a.bucket, uuid, &closed, &n_closed));
    BL_TRY(q_invoice_all(x, db, a.bucket, uuid, &inv, &n_inv));
    BL_TRY(q_held_all(x, db, a.bucket, uuid, &held, &n_held));
    int64_t issued = 0, invoiced = 0;
    uint64_t prev_k = 0;
    for (size_t i = 0; i < n_closed; i++) {
        BL_TRY(invoice_check(x, w, db, &c, &closed[i], prev_k, inv, n_inv, held, n_held, issued));
        for (size_t j = 0; j < n_inv; j++)
            issued += inv[j].period == closed[i].period;
        prev_k = (uint64_t)closed[i].k;
    }
    for (size_t i = 0; i < n_inv; i++)
        invoiced += inv[i].amount;
    if (issued != (int64_t)n_inv || issued != a.row.invoice_n || c.invoices != issued ||
            c.invoiced != invoiced)
        return differs(x, c.urn, "the invoices are not those that its closed periods and entries tell of");
    v->accounts++;
    v->invoices += n_inv;
    v->entries += (uint64_t)c.n;
    *sum += c.sum;
    return BL_OK;
}

/* A digest that a close printed: heads as they stood then, from the entries that were last then. */
static enum bl_err digest_check(struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest)
{
    struct q_close_heads row;
    bool found = false;
    BL_TRY(q_close_heads(x, db, digest, &row, &found));
    if (!found)
        return bl_fail(x, BL_CONFLICT, "The digest is neither that of now nor one that a close stored.");
    struct bl_rd r = bl_rd_of(row.heads);
    struct bl_sha256 h;
    bl_sha256_begin(&h);
    while (r.p < r.end && !r.bad) {
        bl_uuid u;
        struct q_entry_get at;
        struct bl_entry e;
        const uint8_t *b = bl_get_bytes(&r, 16);
        int64_t n = (int64_t)bl_get_uv(&r);
        if (r.bad)
            break;
        memcpy(u.b, b, 16);
        BL_TRY(q_entry_get(x, db, store_bucket_of(w->store, u), store_uuid(&u), n, &at, &found));
        if (!found)
            return bl_fail(x, BL_CONFLICT, "An entry that the digest covers is missing.");
        BL_TRY(bl_entry_unpack(x, at.body, &e));
        bl_sha256_add(&h, u.b, 16);
        bl_sha256_add(&h, e.hash, 32);
    }
    uint8_t got[32];
    char hex[65];
    bl_sha256_end(&h, got);
    bl_hex(got, sizeof got, hex);
    if (r.bad || !bl_str_is(digest, hex))
        return bl_fail(x, BL_CONFLICT, "The heads that the digest covers have changed.");
    return BL_OK;
}

enum bl_err work_verify(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest, struct work_verify *ret)
{
    struct work_verify v = {0};
    __int128 sum = 0;
    uint32_t n = 0;
    store_acct *all = store_accounts_placed(w->store, &n);
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    for (uint32_t i = 0; i < n && e == BL_OK; i++) {
        bl_ctx_reset(&y, x->now_us);
        e = store_read_begin(&y, db);
        if (e == BL_OK) {
            e = account_check(&y, w, db, all[i], &v, &sum);
            store_read_end(db);
        }
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    free(all);
    BL_TRY(e);
    v.sum = (int64_t)sum;
    if (sum != 0)
        return bl_fail(x, BL_CONFLICT, "The ledger's postings do not sum to zero.");
    BL_TRY(store_check(x, w->store, db, &v.facts));
    BL_TRY(work_heads_digest(x, w, db, v.digest));
    if (bl_is(digest) && !bl_str_is(digest, v.digest))
        BL_TRY(digest_check(x, w, db, digest));
    *ret = v;
    return BL_OK;
}
