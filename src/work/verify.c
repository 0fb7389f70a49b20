/* Verify: every issued invoice is drawn up again from its own arguments and compared byte for byte; every
 * entry's chain, balance and sum is checked; the log is compared with what is derived from it. Stops at the
 * first difference. Rows that stand beside those are for the files verify_*.c. */
#include "work/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct chain {
    struct verify_account *v;
    int64_t balance;
    uint8_t prev[32];
    __int128 sum;
    int64_t invoices, invoiced; /* entries of invoices and what they came to */
};

static enum bl_err entry_fits(struct chain *c, const struct q_entry_each *row, struct bl_entry *ret)
{
    struct verify_account *v = c->v;
    struct bl_entry e;
    long long n = row->n;
    if (bl_entry_unpack(v->x, row->body, &e) != BL_OK)
        return verify_differs(v, "an entry cannot be read");
    e.note = row->note;
    if (row->n != (int64_t)v->entry.n + 1 || e.n != (uint64_t)row->n || memcmp(e.prev, c->prev, 32) != 0 ||
            !bl_entry_hash_ok(v->x, &e))
        return verify_differs(v, "entry %lld does not follow the chain", n);
    if (!bl_entry_balanced(&e))
        return verify_differs(v, "entry %lld does not sum to zero", n);
    int64_t effect = bl_entry_receivable(&e).minor;
    bool same_ref = bl_str_eq(e.ref, row->ref);
    if (effect != row->receivable || c->balance + effect != row->balance || (int64_t)e.kind != row->kind ||
            e.at_us != row->at_us || !same_ref)
        return verify_differs(v, "entry %lld does not give the balance beside it", n);
    *ret = e;
    return BL_OK;
}

static enum bl_err entry_check(void *arg, const struct q_entry_each *row)
{
    struct chain *c = arg;
    struct verify_account *v = c->v;
    struct bl_entry e = {0};
    int64_t amount = 0;
    BL_TRY(entry_fits(c, row, &e));
    for (size_t i = 0; i < e.n_posting; i++) {
        c->sum += e.posting[i].amount.minor;
        amount += e.posting[i].amount.minor > 0 ? e.posting[i].amount.minor : 0;
    }
    if (e.kind == BL_ENTRY_INVOICE || e.kind == BL_ENTRY_CREDIT_NOTE) {
        c->invoices++;
        c->invoiced += row->receivable;
    }
    c->balance = row->balance;
    memcpy(c->prev, e.hash, 32);
    struct verify_entry *kept = BL_PUSH(&v->x->arena, v->entry);
    *kept = (struct verify_entry){
            .kind = e.kind,
            .at_us = e.at_us,
            .balance = row->balance,
            .seq = e.seq,
            .expires_us = e.expires_us,
            .amount = amount,
            .has_invoice = e.has_invoice,
            .invoice_uuid = e.invoice_uuid,
    };
    memcpy(kept->note_digest, e.note_digest, sizeof kept->note_digest);
    return BL_OK;
}

/* Credits as they stood before a period was closed: what earlier invoices had used is taken off. */
static struct bl_held *held_before(const struct verify_account *v, bl_period p, int64_t k, size_t *ret_n)
{
    struct bl_held *h = bl_alloc_array(&v->x->arena, v->n_held, sizeof *h);
    size_t n = 0;
    for (size_t i = 0; i < v->n_held; i++) {
        const struct q_held_all *row = &v->held[i];
        if (row->seq <= k)
            h[n++] = (struct bl_held){
                    (uint64_t)row->seq, row->granted_us, row->expires_us, {row->amount}, row->note};
    }
    for (size_t i = 0; n > 0 && i < v->n_inv && v->inv[i].period < p; i++) {
        const struct bl_bill *b = &v->bill[i];
        for (size_t r = 0; r < b->n_row; r++)
            for (size_t j = 0; b->row[r].kind == BL_ROW_CREDIT && j < n; j++)
                if (h[j].seq == b->row[r].seq)
                    h[j].left.minor += b->row[r].amount.minor;
    }
    *ret_n = n;
    return h;
}

static bool same_invoice(const struct q_invoice_all *have, const struct bl_bill *b)
{
    struct bl_buf body = {0};
    bl_bill_pack(&body, b);
    bool same = body.n == have->body.n && memcmp(body.p, have->body.p, body.n) == 0 &&
                have->amount == b->amount.minor && have->invoice_n == b->invoice_n &&
                bl_str_eq(have->invoice_uuid, store_uuid(&b->invoice_uuid));
    bl_buf_release(&body);
    return same;
}

static enum bl_err drawn_check(struct verify_account *v, const struct q_closed_list *closed,
        const struct q_invoice_all *have, struct work_drawn *drawn)
{
    char was[32] = "no invoice", is[32] = "no invoice", text[8];
    bool issues = bl_bill_issues(&drawn->bill);
    drawn->bill.k = (uint64_t)closed->k;
    if (issues == (have != NULL) && (!have || same_invoice(have, &drawn->bill)))
        return BL_OK;
    bl_period_text((bl_period)closed->period, text);
    if (have)
        bl_amount_text((bl_amount){have->amount}, drawn->bill.digits, was);
    if (issues)
        bl_amount_text(drawn->bill.amount, drawn->bill.digits, is);
    return verify_differs(v, "the invoice of %s (%s) is not what its arguments give (%s)", text, was, is);
}

/* One closed period drawn up again: its invoice, or none, and the lives that it carried on. */
static enum bl_err period_check(
        struct verify_account *v, const struct q_closed_list *closed, uint64_t prev_k, int64_t issued)
{
    bl_period p = (bl_period)closed->period;
    const struct q_invoice_all *have = NULL;
    struct work_book *book = NULL;
    struct work_drawn drawn;
    size_t n_held = 0;
    char text[8];
    for (size_t i = 0; i < v->n_inv; i++)
        if (v->inv[i].period == p)
            have = &v->inv[i];
    bl_period_text(p, text);
    if (closed->rules != BL_RULES_VERSION)
        return verify_differs(v, "%s was rated by rules %lld, which this program does not hold", text,
                (long long)closed->rules);
    struct bl_held *held = held_before(v, p, closed->k, &n_held);
    BL_TRY(work_book_by_id(v->x, v->w, v->db, closed->book_id, &book));
    struct work_draw d = {
            .a = &v->a,
            .book = book->book,
            .period = p,
            .instant_s = closed->instant_s,
            .issued_s = bl_floor_s(closed->closed_us),
            .k = (uint64_t)closed->k,
            .prev_k = prev_k,
            .closed = p - 1,
            .invoice_n = issued + 1,
            .held = held,
            .n_held = n_held,
    };
    enum bl_err e = work_draw(v->x, v->w, v->db, &d, &drawn);
    if (e == BL_OK)
        e = drawn_check(v, closed, have, &drawn);
    if (e == BL_OK)
        e = verify_carry(v, closed, book->book, &drawn.lives);
    work_book_give(v->w, book);
    return e;
}

static enum bl_err account_load(struct verify_account *v, store_acct acct)
{
    char text[37];
    bl_uuid uuid = store_account_hot(v->w->store, acct).uuid;
    bl_uuid_text(uuid, text);
    snprintf(v->urn, sizeof v->urn, BL_URN_TEAM "%s", text);
    if (work_account_get(v->x, v->w, v->db, uuid, &v->a) != BL_OK)
        return verify_differs(v, "its row does not lie in its bucket");
    struct bl_str id = store_uuid(&v->a.uuid);
    BL_TRY(q_closed_list(v->x, v->db, v->a.bucket, id, &v->closed, &v->n_closed));
    BL_TRY(q_invoice_all(v->x, v->db, v->a.bucket, id, &v->inv, &v->n_inv));
    BL_TRY(q_held_all(v->x, v->db, v->a.bucket, id, &v->held, &v->n_held));
    v->bill = bl_alloc_array(&v->x->arena, v->n_inv, sizeof *v->bill);
    for (size_t i = 0; i < v->n_inv; i++) {
        bl_period_text((bl_period)v->inv[i].period, text);
        if (bl_bill_unpack(v->x, v->inv[i].body, &v->bill[i]) != BL_OK)
            return verify_differs(v, "the invoice of %s cannot be read", text);
    }
    return BL_OK;
}

static enum bl_err account_check(
        struct verify_account *v, store_acct acct, struct work_verify *ret, __int128 *sum)
{
    struct chain c = {.v = v};
    BL_TRY(account_load(v, acct));
    BL_TRY(q_entry_each(v->x, v->db, v->a.bucket, store_uuid(&v->a.uuid), entry_check, &c));
    const struct q_account_get *a = &v->a.row;
    if ((int64_t)v->entry.n != a->entry_n || c.balance != a->receivable || a->entry_hash.n != 32 ||
            memcmp(c.prev, a->entry_hash.p, 32) != 0)
        return verify_differs(v, "the account's balance or head is not that of its entries");

    BL_TRY(verify_rows(v)); /* drawing up again reads some of them */
    int64_t issued = 0, invoiced = 0;
    uint64_t prev_k = 0;
    for (size_t i = 0; i < v->n_closed; i++) {
        BL_TRY(period_check(v, &v->closed[i], prev_k, issued));
        for (size_t j = 0; j < v->n_inv; j++)
            issued += v->inv[j].period == v->closed[i].period;
        prev_k = (uint64_t)v->closed[i].k;
    }
    for (size_t i = 0; i < v->n_inv; i++)
        invoiced += v->inv[i].amount;
    if (issued != (int64_t)v->n_inv || issued != a->invoice_n || c.invoices != issued ||
            c.invoiced != invoiced)
        return verify_differs(v, "the invoices are not those that its closed periods and entries tell of");
    BL_TRY(verify_carries(v));
    BL_TRY(verify_parked(v));
    ret->accounts++;
    ret->invoices += v->n_inv;
    ret->entries += v->entry.n;
    *sum += c.sum;
    return BL_OK;
}

static enum bl_err orphan_check(struct bl_ctx *x, struct store_db *db)
{
    struct q_account_orphan row;
    struct q_reject_astray astray = {0};
    struct q_token_astray token = {0};
    bool found = false;
    BL_TRY(q_reject_astray(x, db, &astray, &found));
    if (astray.total > 0)
        return bl_fail(x, BL_CONFLICT, "A refused event lies in a bucket where none is looked for.");
    BL_TRY(q_token_astray(x, db, &token, &found));
    if (token.total > 0)
        return bl_fail(x, BL_CONFLICT, "A token belongs to no account or organization that is there.");
    BL_TRY(q_account_orphan(x, db, &row, &found));
    return found ? bl_fail(x, BL_CONFLICT, "A row of the table %.*s belongs to no account.",
                           BL_FMT(row.place))
                 : BL_OK;
}

/* Names that facts wear are noted, and nothing else is. While facts come: what was noted before the log was
 * read is in it, what is in it is noted by now. */
static bool worn_by(const struct q_worn_list *worn, const struct store_checked *checked)
{
    for (size_t i = 0; i < checked->n_name; i++)
        if (bl_str_is(worn->kind, checked->name[i].meter ? "meter" : "sku") &&
                bl_str_eq(worn->name, checked->name[i].name))
            return true;
    return false;
}

static enum bl_err worn_check(struct bl_ctx *x, struct store_db *db, const struct q_worn_list *before,
        size_t n_before, const struct store_checked *checked)
{
    struct q_worn_list *now = NULL;
    size_t n = 0, worn = 0;
    bool same = true;
    BL_TRY(q_worn_list(x, db, &now, &n));
    for (size_t i = 0; i < n_before && same; i++)
        same = worn_by(&before[i], checked);
    for (size_t i = 0; i < n; i++)
        worn += worn_by(&now[i], checked);
    return same && worn == checked->n_name
                   ? BL_OK
                   : bl_fail(x, BL_CONFLICT,
                             "The SKUs and meters noted as worn are not those that facts name.");
}

static enum bl_err accounts_check(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct work_verify *v, __int128 *sum)
{
    struct verify_total *total = NULL;
    size_t n_total = 0;
    uint32_t n = 0;
    BL_TRY(verify_totals(x, w, db, &total, &n_total));
    store_acct *all = store_accounts_placed(w->store, &n);
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    for (uint32_t i = 0; i < n && e == BL_OK; i++) {
        bl_ctx_reset(&y, x->now_us);
        struct verify_account a = {.x = &y, .w = w, .db = db, .total = total, .n_total = n_total};
        e = store_read_begin(&y, db);
        if (e == BL_OK) {
            e = account_check(&a, all[i], v, sum);
            store_read_end(db);
        }
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    free(all);
    return e;
}

/* The log first, for all else is drawn from it; then what each account says of itself; then what is said of
 * many. */
static enum bl_err verify_all(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest, struct work_verify *ret)
{
    struct work_verify v = {0};
    struct store_checked checked;
    __int128 sum = 0;
    struct q_worn_list *worn = NULL;
    size_t n_worn = 0;
    BL_TRY(q_worn_list(x, db, &worn, &n_worn));
    BL_TRY(store_check(x, w->store, db, &checked));
    v.facts = checked.facts;
    BL_TRY(orphan_check(x, db));
    BL_TRY(worn_check(x, db, worn, n_worn, &checked));
    BL_TRY(accounts_check(x, w, db, &v, &sum));
    v.sum = (int64_t)sum;
    if (sum != 0)
        return bl_fail(x, BL_CONFLICT, "The ledger's postings do not sum to zero.");
    BL_TRY(verify_closes(x, w, db));
    BL_TRY(verify_audit(x, w, db));
    BL_TRY(work_heads_digest(x, w, db, v.digest));
    if (bl_is(digest) && !bl_str_is(digest, v.digest))
        BL_TRY(verify_digest(x, w, db, digest));
    *ret = v;
    return BL_OK;
}

/* What cannot be read is a difference, too; only what the machine lacks is not. */
enum bl_err work_verify(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest, struct work_verify *ret)
{
    enum bl_err e = verify_all(x, w, db, digest, ret);
    bool lacks = e == BL_OK || e == BL_UNAVAILABLE || e == BL_FULL;
    return lacks ? e : bl_fail(x, BL_CONFLICT, "%s", bl_str_dup(&x->arena, bl_str_of(x->why)).p);
}
