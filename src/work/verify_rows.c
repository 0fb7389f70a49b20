/* Rows that stand beside an account's entries and invoices and say in other words what those say: what was
 * billed for each period, what is left of credits, where closing stands, lives carried over a period's start,
 * answers kept for request keys. None is believed: each is made again from the entries, whose chain holds,
 * and from the invoices as issued. */
#include "work/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum bl_err verify_differs(const struct verify_account *v, const char *what, ...)
{
    char text[200];
    va_list args;
    va_start(args, what);
    vsnprintf(text, sizeof text, what, args);
    va_end(args);
    return bl_fail(v->x, BL_CONFLICT, "%s: %s.", v->urn, text);
}

static struct bl_str uuid_of(const struct verify_account *v)
{
    return store_uuid(&v->a.uuid);
}

/* ---- closed periods */

static const struct verify_entry *entry_of(const struct verify_account *v, const struct bl_bill *b)
{
    for (size_t i = 0; i < v->entry.n; i++)
        if (v->entry.at[i].has_invoice && bl_uuid_cmp(v->entry.at[i].invoice_uuid, b->invoice_uuid) == 0)
            return &v->entry.at[i];
    return NULL;
}

static const struct bl_bill *bill_of(const struct verify_account *v, int64_t period)
{
    for (size_t i = 0; i < v->n_inv; i++)
        if (v->inv[i].period == period)
            return &v->bill[i];
    return NULL;
}

static enum bl_err check_closed_one(const struct verify_account *v, size_t i)
{
    const struct q_closed_list *c = &v->closed[i];
    const struct bl_bill *b = bill_of(v, c->period);
    const struct verify_entry *e = b ? entry_of(v, b) : NULL;
    char text[8];
    bl_period_text((bl_period)c->period, text);
    if (i > 0 && c->period != c[-1].period + 1)
        return verify_differs(v, "the periods before %s are not all closed", text);
    if (c->instant_s != work_period_last_s((bl_period)c->period))
        return verify_differs(v, "%s was not drawn up at its last second", text);
    if (c->k < 0 || (i > 0 && c->k < c[-1].k))
        return verify_differs(v, "%s was closed before what came before it", text);
    if (b && (!e || e->at_us != c->closed_us))
        return verify_differs(v, "%s was not closed when its invoice was posted", text);
    return BL_OK;
}

static enum bl_err check_closed(const struct verify_account *v)
{
    const struct q_account_get *a = &v->a.row;
    for (size_t i = 0; i < v->n_closed; i++)
        BL_TRY(check_closed_one(v, i));
    int64_t born = a->billing_from_us == INT64_MIN ? -1 : bl_period_of(a->billing_from_us) - 1;
    const struct q_closed_list *last = v->n_closed ? &v->closed[v->n_closed - 1] : NULL;
    if (a->closed_period != (last ? last->period : born) || (v->n_closed && v->closed[0].period <= born))
        return verify_differs(v, "the last closed period is not that of its closed periods");
    if (a->k != (last ? last->k : 0))
        return verify_differs(v, "its place in the log at the last closing is not that of the closed period");
    return BL_OK;
}

/* ---- what was billed */

static enum bl_err check_billed(const struct verify_account *v)
{
    struct q_billed_all *is = NULL;
    size_t n = 0, at = 0;
    BL_TRY(q_billed_all(v->x, v->db, v->a.bucket, uuid_of(v), &is, &n));
    for (size_t i = 0; i < v->n_inv; i++) {
        struct work_billed_row *want = NULL;
        size_t n_want = 0, first = at;
        char text[8];
        bl_period_text((bl_period)v->inv[i].period, text);
        BL_TRY(work_billed_rows(v->x, &v->bill[i], &want, &n_want));
        while (at < n && is[at].by_period == v->inv[i].period)
            at++;
        bool same = at - first == n_want;
        for (size_t j = 0; same && j < n_want; j++) {
            const struct q_billed_all *row = NULL;
            for (size_t k = first; k < at; k++)
                if (is[k].period == want[j].period)
                    row = &is[k];
            same = row && row->amount == want[j].amount.minor && bl_str_eq(row->taxes, want[j].taxes);
        }
        if (!same)
            return verify_differs(v, "the invoice of %s and what is noted as billed by it differ", text);
    }
    return at == n ? BL_OK
                   : verify_differs(v, "something is noted as billed by an invoice that is not there");
}

/* ---- held credits */

static int64_t used_of(const struct verify_account *v, uint64_t seq)
{
    int64_t used = 0;
    for (size_t i = 0; i < v->n_inv; i++)
        for (size_t r = 0; r < v->bill[i].n_row; r++)
            if (v->bill[i].row[r].kind == BL_ROW_CREDIT && v->bill[i].row[r].seq == seq)
                used -= v->bill[i].row[r].amount.minor;
    return used;
}

static const struct verify_entry *of_grant(
        const struct verify_account *v, enum bl_entry_kind kind, int64_t seq)
{
    for (size_t i = 0; i < v->entry.n; i++)
        if (v->entry.at[i].kind == kind && v->entry.at[i].seq == (uint64_t)seq)
            return &v->entry.at[i];
    return NULL;
}

/* A note that is there is the one that the entry hashed; it may have been erased. */
static bool note_fits(const struct verify_entry *e, struct bl_str note)
{
    uint8_t digest[32];
    bl_sha256(note.p, note.n, digest);
    return note.n == 0 || memcmp(digest, e->note_digest, sizeof digest) == 0;
}

static enum bl_err check_held(const struct verify_account *v)
{
    size_t grants = 0;
    for (size_t i = 0; i < v->entry.n; i++)
        grants += v->entry.at[i].kind == BL_ENTRY_GRANT;
    if (grants != v->n_held)
        return verify_differs(v, "its credits are not those that its entries grant");
    for (size_t i = 0; i < v->n_held; i++) {
        const struct q_held_all *h = &v->held[i];
        const struct verify_entry *g = of_grant(v, BL_ENTRY_GRANT, h->seq);
        const struct verify_entry *back = of_grant(v, BL_ENTRY_EXPIRY, h->seq);
        if (!g || g->at_us != h->granted_us || g->expires_us != h->expires_us || g->amount != h->amount ||
                !note_fits(g, h->note))
            return verify_differs(v, "the credit at %lld is not what was granted", (long long)h->seq);
        if (h->used != used_of(v, (uint64_t)h->seq))
            return verify_differs(
                    v, "what was used of the credit at %lld is not what invoices took", (long long)h->seq);
        /* Periods before the start of billing are closed, but never were. */
        bool over = v->n_closed > 0 && bl_period_of(h->expires_us - 1) <= v->a.row.closed_period;
        int64_t rest = over ? h->amount - h->used : 0;
        if (h->done != over || rest != (back ? back->amount : 0))
            return verify_differs(v, "the rest of the credit at %lld did not go back when its life ended",
                    (long long)h->seq);
    }
    return BL_OK;
}

/* ---- carried lives */

enum bl_err verify_carry(struct verify_account *v, const struct q_closed_list *closed,
        const struct bl_book *book, const struct bl_lives *lives)
{
    struct q_carry_get row;
    struct bl_str want;
    bool found = false;
    BL_TRY(q_carry_get(v->x, v->db, v->a.bucket, uuid_of(v), closed->period + 1, &row, &found));
    if (!found)
        return BL_OK; /* a cache may lack */
    v->n_carry++;
    BL_TRY(work_carry_of(v->x, book, lives, (bl_period)closed->period, &want));
    if (row.k == closed->k && row.rules == closed->rules && bl_str_eq(row.book_id, closed->book_id) &&
            bl_is(want) && bl_str_eq(row.body, want))
        return BL_OK;
    char text[8];
    bl_period_text((bl_period)closed->period, text);
    return verify_differs(v, "the lives carried beyond %s are not those that it ended with", text);
}

enum bl_err verify_carries(const struct verify_account *v)
{
    struct q_carry_count row = {0};
    bool found = false;
    BL_TRY(q_carry_count(v->x, v->db, v->a.bucket, uuid_of(v), &row, &found));
    return row.total == v->n_carry
                   ? BL_OK
                   : verify_differs(v, "lives are carried beyond a period that is not closed");
}

/* ---- answers kept for request keys */

/* A balance that the account has had. Of several processes' clocks one may be behind, so instants do not tell
 * which. */
static bool was_balance(const struct verify_account *v, int64_t balance)
{
    for (size_t i = 0; i < v->entry.n; i++)
        if (v->entry.at[i].balance == balance)
            return true;
    return balance == 0;
}

static enum bl_err check_answer(const struct verify_account *v, const struct q_idempotency_all *row)
{
    struct bl_rd r = bl_rd_of(row->answer);
    uint64_t repeated = bl_get_uv(&r);
    int64_t at_us = bl_get_sv(&r);
    uint64_t n = bl_get_uv(&r);
    int64_t receivable = bl_get_sv(&r);
    struct q_manual_get manual = {0};
    bool is_manual = false;
    if (!r.bad)
        BL_TRY(q_manual_get(v->x, v->db, v->a.bucket, uuid_of(v), (int64_t)n, &manual, &is_manual));
    bool is_entry = n >= 1 && n <= v->entry.n && v->entry.at[n - 1].at_us == at_us;
    is_manual = is_manual && manual.at_us == at_us;
    bool then = repeated || row->at_us == at_us;
    bool balance = is_entry && !is_manual && !repeated ? v->entry.at[n - 1].balance == receivable
                                                       : was_balance(v, receivable);
    if (r.bad || r.p != r.end || repeated > 1 || row->request.n != 32 || !then || !(is_entry || is_manual) ||
            !balance)
        return verify_differs(v, "the answer kept for a request key is not one that was given");
    return BL_OK;
}

static enum bl_err check_answers(const struct verify_account *v)
{
    struct q_idempotency_all *row = NULL;
    size_t n = 0;
    BL_TRY(q_idempotency_all(v->x, v->db, v->a.bucket, uuid_of(v), &row, &n));
    for (size_t i = 0; i < n; i++)
        BL_TRY(check_answer(v, &row[i]));
    return BL_OK;
}

/* ---- the account's own row */

static enum bl_err check_account(const struct verify_account *v)
{
    const struct q_account_get *a = &v->a.row;
    struct q_number_get number;
    bool found = false;
    BL_TRY(q_number_get(v->x, v->db, a->number, &number, &found));
    if (!found || number.bucket != v->a.bucket || !bl_str_eq(number.account, uuid_of(v)))
        return verify_differs(v, "its customer number is not noted as its own");
    struct q_org_get org;
    if (bl_is(a->org))
        BL_TRY(q_org_get(v->x, v->db, a->org, &org, &found));
    if (bl_is(a->org) && !found)
        return verify_differs(v, "it belongs to an organization that is not there");
    struct work_book *book = work_book_take(v->w);
    bool same = !book || bl_str_is(a->currency, book->book->currency->code);
    work_book_give(v->w, book);
    return same ? BL_OK : verify_differs(v, "its currency is not the price book's");
}

enum bl_err verify_rows(const struct verify_account *v)
{
    BL_TRY(check_account(v));
    BL_TRY(check_closed(v));
    BL_TRY(check_billed(v));
    BL_TRY(check_held(v));
    return check_answers(v);
}
