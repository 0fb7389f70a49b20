/* Postings from outside: payments, refunds, chargebacks, credits, adjustments. Each carries a reference that
 * is unique within the account and kind for ever: the same reference and amount is answered with the first
 * entry. */
#include "work/inner.h"

#include <string.h>

enum bl_err work_entry_write(
        struct bl_ctx *x, struct work *w, struct work_account *a, struct bl_entry *e, struct bl_str note)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str uuid = store_uuid(&a->uuid);
    bl_amount effect = bl_entry_receivable(e), balance = {0};
    BL_TRY(bl_amount_add(x, (bl_amount){a->row.receivable}, effect, &balance));
    e->note = bl_is(note) ? note : BL_STR("");
    uint8_t prev[32] = {0};
    for (size_t i = 0; i < sizeof prev && i < a->row.entry_hash.n; i++)
        prev[i] = (uint8_t)a->row.entry_hash.p[i];
    bl_entry_chain(x, e, (uint64_t)a->row.entry_n + 1, prev);
    struct bl_buf body = {0};
    bl_entry_pack(&body, e);
    enum bl_err err = q_entry_insert(x, db, a->bucket, uuid, (int64_t)e->n, e->kind, e->ref, e->at_us,
            effect.minor, balance.minor, e->note, bl_buf_view(&body));
    bl_buf_release(&body);
    BL_TRY(err);
    struct bl_str hash = bl_str_dup(&x->arena, (struct bl_str){(const char *)e->hash, sizeof e->hash});
    BL_TRY(q_account_head_set(x, db, a->bucket, uuid, (int64_t)e->n, hash, balance.minor));
    a->row.entry_n = (int64_t)e->n;
    a->row.entry_hash = hash;
    a->row.receivable = balance.minor;
    store_touch(w->store, a->acct);
    return BL_OK;
}

static enum bl_err check(struct bl_ctx *x, const struct work_post *in)
{
    bool adjust = in->kind == 0;
    if (in->amount.minor == 0 || (in->amount.minor < 0 && !adjust))
        return bl_fail(x, BL_INVALID, adjust ? "amount must not be zero." : "amount must be above zero.");
    bool needs_ref = in->kind == BL_ENTRY_PAYMENT || in->kind == BL_ENTRY_REFUND;
    if (needs_ref && in->ref.n == 0)
        return bl_fail(x, BL_INVALID, "ref is required: the reference of the payment outside.");
    if (in->ref.n > 255 || in->note.n > 1000)
        return bl_fail(x, BL_INVALID, "ref has at most 255 bytes and note at most 1000.");
    if (!bl_utf8_ok(in->ref) || !bl_utf8_ok(in->note))
        return bl_fail(x, BL_INVALID, "ref and note must be UTF-8 text without NUL.");
    return BL_OK;
}

static enum bl_err conflict(struct bl_ctx *x, struct bl_str ref)
{
    return bl_fail(x, BL_CONFLICT, "The reference %.*s was used before with another amount.", BL_FMT(ref));
}

/* Credits with and without an expiry are one kind to who names them: a reference is not used for both. */
static enum bl_err check_other_credit(
        struct bl_ctx *x, struct store_db *db, const struct work_account *a, const struct work_post *in)
{
    struct q_entry_by_ref row;
    bool found = false;
    if (!bl_is(in->ref) || (in->kind != BL_ENTRY_GRANT && in->kind != BL_ENTRY_CREDIT))
        return BL_OK;
    enum bl_entry_kind other = in->kind == BL_ENTRY_GRANT ? BL_ENTRY_CREDIT : BL_ENTRY_GRANT;
    BL_TRY(q_entry_by_ref(x, db, a->bucket, store_uuid(&a->uuid), other, in->ref, &row, &found));
    if (!found)
        return BL_OK;
    return bl_fail(x, BL_CONFLICT, "The reference %.*s was used before for a credit %s an expiry.",
            BL_FMT(in->ref), other == BL_ENTRY_GRANT ? "with" : "without");
}

static enum bl_err adjust(struct bl_ctx *x, struct work *w, struct work_account *a,
        const struct work_post *in, struct work_posted *ret)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str uuid = store_uuid(&a->uuid);
    if (bl_is(in->ref)) {
        struct q_manual_by_ref row;
        bool found = false;
        BL_TRY(q_manual_by_ref(x, db, a->bucket, uuid, in->ref, &row, &found));
        if (found && row.amount != in->amount.minor)
            return conflict(x, in->ref);
        if (found) {
            *ret = (struct work_posted){.repeated = true,
                    .at_us = row.at_us,
                    .n = (uint64_t)row.seq,
                    .receivable = {a->row.receivable}};
            return BL_OK;
        }
    }
    uint64_t seq = 0;
    BL_TRY(store_next_seq(x, w->store, a->bucket, &seq));
    BL_TRY(q_manual_insert(x, db, a->bucket, uuid, (int64_t)seq, x->now_us, in->amount.minor, in->ref,
            bl_is(in->note) ? in->note : BL_STR("")));
    store_touch(w->store, a->acct);
    *ret = (struct work_posted){.at_us = x->now_us, .n = seq, .receivable = {a->row.receivable}};
    return BL_OK;
}

static enum bl_err post(struct bl_ctx *x, struct work *w, struct work_account *a, const struct work_post *in,
        struct work_posted *ret)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str uuid = store_uuid(&a->uuid);
    if (in->kind == 0)
        return adjust(x, w, a, in, ret);
    struct bl_entry e;
    BL_TRY(bl_entry_simple(x, in->kind, in->amount, x->now_us, &e));
    if (bl_is(in->ref)) {
        struct q_entry_by_ref row;
        struct bl_entry first;
        bool found = false;
        BL_TRY(q_entry_by_ref(x, db, a->bucket, uuid, in->kind, in->ref, &row, &found));
        if (found) {
            BL_TRY(bl_entry_unpack(x, row.body, &first));
            if (first.n_posting == 0 || first.posting[0].amount.minor != e.posting[0].amount.minor)
                return conflict(x, in->ref);
            *ret = (struct work_posted){.repeated = true,
                    .at_us = row.at_us,
                    .n = (uint64_t)row.n,
                    .receivable = {a->row.receivable}};
            return BL_OK;
        }
    }
    BL_TRY(check_other_credit(x, db, a, in));
    e.ref = in->ref;
    if (in->kind == BL_ENTRY_GRANT) {
        /* Only here: what was granted once is answered again, however late it is asked. */
        if (in->expires_us <= x->now_us)
            return bl_fail(x, BL_INVALID, "expires is past: a credit that has expired is not granted.");
        BL_TRY(store_next_seq(x, w->store, a->bucket, &e.seq));
        e.expires_us = in->expires_us;
        BL_TRY(q_held_insert(x, db, a->bucket, uuid, (int64_t)e.seq, x->now_us, in->expires_us,
                in->amount.minor, bl_is(in->note) ? in->note : BL_STR("")));
    }
    BL_TRY(work_entry_write(x, w, a, &e, in->note));
    *ret = (struct work_posted){.at_us = e.at_us, .n = e.n, .receivable = {a->row.receivable}};
    return BL_OK;
}

static const char *action_of(enum bl_entry_kind kind)
{
    switch (kind) {
    case BL_ENTRY_PAYMENT:
        return "payment.add";
    case BL_ENTRY_REFUND:
        return "refund.add";
    case BL_ENTRY_CHARGEBACK:
        return "chargeback.add";
    case BL_ENTRY_CREDIT:
    case BL_ENTRY_GRANT:
        return "credit.add";
    default:
        return "adjustment.add";
    }
}

/* ---- request keys: kept in the account's own transaction, so that a key and its posting stand or fall
 * together */

#define KEY_KEPT_US (35 * BL_DAY_S * BL_US)

static enum bl_err key_find(struct bl_ctx *x, struct store_db *db, const struct work_account *a,
        const struct work_post *in, struct work_posted *ret, bool *ret_found)
{
    struct q_idempotency_get row;
    *ret_found = false;
    if (in->key.n > 255)
        return bl_fail(x, BL_INVALID, "Idempotency-Key has at most 255 bytes.");
    BL_TRY(q_idempotency_get(x, db, a->bucket, store_uuid(&a->uuid), in->key, &row, ret_found));
    if (*ret_found && row.at_us <= x->now_us - KEY_KEPT_US)
        *ret_found = false;
    if (!*ret_found)
        return BL_OK;
    if (row.request.n != sizeof in->request || memcmp(row.request.p, in->request, sizeof in->request) != 0)
        return bl_fail(x, BL_CONFLICT, "This Idempotency-Key was used for another request.");
    struct bl_rd r = bl_rd_of(row.answer);
    ret->repeated = bl_get_uv(&r) != 0;
    ret->at_us = bl_get_sv(&r);
    ret->n = bl_get_uv(&r);
    ret->receivable.minor = bl_get_sv(&r);
    return r.bad ? bl_fail(x, BL_INTERNAL, "A stored answer is damaged.") : BL_OK;
}

static enum bl_err key_keep(struct bl_ctx *x, struct store_db *db, const struct work_account *a,
        const struct work_post *in, const struct work_posted *p)
{
    struct bl_buf b = {0};
    bl_put_uv(&b, p->repeated);
    bl_put_sv(&b, p->at_us);
    bl_put_uv(&b, p->n);
    bl_put_sv(&b, p->receivable.minor);
    struct bl_str uuid = store_uuid(&a->uuid), request = {(const char *)in->request, sizeof in->request};
    enum bl_err e = q_idempotency_forget(x, db, a->bucket, uuid, x->now_us - KEY_KEPT_US);
    if (e == BL_OK)
        e = q_idempotency_put(x, db, a->bucket, uuid, in->key, request, bl_buf_view(&b), x->now_us);
    bl_buf_release(&b);
    return e;
}

/* "65.37 USD, reference bank-2026-02-02": read by people, so as they write amounts. */
struct bl_str work_posting_told(struct bl_ctx *x, struct bl_str currency, bl_amount amount, struct bl_str ref)
{
    const struct bl_currency *c = bl_currency_find(currency);
    char text[32];
    bl_amount_text(amount, c != NULL ? c->digits : 2, text);
    if (ref.n == 0)
        return bl_str_printf(&x->arena, "%s %.*s", text, BL_FMT(currency));
    return bl_str_printf(&x->arena, "%s %.*s, reference %.*s", text, BL_FMT(currency), BL_FMT(ref));
}

static enum bl_err post_audited(struct bl_ctx *x, struct work *w, const char *actor, bl_uuid account,
        const struct work_post *in, struct work_posted *ret)
{
    struct work_account a;
    struct store_db *db = store_writer(w->store);
    bool found = false;
    BL_TRY(work_account_get(x, w, db, account, &a));
    if (in->key.n > 0)
        BL_TRY(key_find(x, db, &a, in, ret, &found));
    if (found)
        return BL_OK;
    BL_TRY(post(x, w, &a, in, ret));
    if (in->key.n > 0)
        BL_TRY(key_keep(x, db, &a, in, ret));
    if (ret->repeated)
        return BL_OK;
    char text[37];
    bl_uuid_text(account, text);
    return work_audit(x, w, actor, action_of(in->kind), bl_str_printf(&x->arena, BL_URN_TEAM "%s", text),
            work_posting_told(x, a.row.currency, in->amount, in->ref));
}

enum bl_err work_post(struct bl_ctx *x, struct work *w, const char *actor, bl_uuid account,
        const struct work_post *in, struct work_posted *ret)
{
    BL_TRY(check(x, in));
    BL_TRY(work_begin(x, w));
    return work_end(x, w, post_audited(x, w, actor, account, in, ret));
}
