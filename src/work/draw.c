/* The one way from stored facts to a bill: previews, closes, corrections and verify all come through here, so
 * that for equal arguments (facts up to k, book, rules, instant) they cannot differ.
 *
 *   store_load -> bl_lives_fold -> bl_charge -> lines --+
 *   account.change facts -> face --------------------- +--> bl_bill_draw -> bill
 *   closed periods that late facts moved: the same lines again, minus what was billed
 *   manual adjustments, held credits ------------------+ */
#include "work/inner.h"

#include <assert.h>

enum bl_err work_charge(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        const struct bl_book *book, bl_period period, int64_t instant_s, uint64_t k, bool carry,
        struct work_charged *ret)
{
    struct store_facts f = {0};
    struct store_want want = {
            .acct = a->acct,
            .first = period,
            .last = period,
            .upto_us = (instant_s + 1) * BL_US,
            .k = k,
            .book_id = carry ? book->id : NULL,
    };
    BL_TRY(store_load(x, w->store, db, &want, &f));
    BL_TRY(bl_lives_fold(x, f.has_carry ? &f.carried : NULL, f.life, f.n_life, &ret->lives));
    struct bl_charge_in in = {
            .book = book,
            .period = period,
            .instant_s = instant_s,
            .from_s = f.billing_from_us == INT64_MIN ? INT64_MIN : bl_floor_s(f.billing_from_us),
            .lives = &ret->lives,
            .usage = f.usage,
            .n_usage = f.n_usage,
    };
    BL_TRY(bl_charge(x, &in, &ret->lines));
    BL_TRY(bl_face_fold(x, f.face, f.n_face, (instant_s + 1) * BL_US - 1, a->row.created_us, &ret->face));
    BL_TRY(bl_taxes(x, book, &ret->lines, &ret->face, instant_s, &ret->tax, &ret->n_tax));
    ret->k = f.k;
    return BL_OK;
}

void work_tax_pack(struct bl_buf *b, const struct bl_tax_sum *t, size_t n)
{
    bl_put_uv(b, n);
    for (size_t i = 0; i < n; i++) {
        bl_put_str(b, t[i].country);
        bl_put_str(b, t[i].region);
        bl_put_str(b, t[i].name);
        bl_put_str(b, t[i].percent);
        bl_put_str(b, t[i].note);
        bl_put_sv(b, t[i].amount.minor);
    }
}

enum bl_err work_tax_unpack(struct bl_ctx *x, struct bl_str body, struct bl_tax_sum **ret, size_t *ret_n)
{
    struct bl_rd r = bl_rd_of(body);
    uint64_t n = bl_get_uv(&r);
    if (r.bad || n > body.n)
        return bl_fail(x, BL_INTERNAL, "Stored taxes are damaged.");
    struct bl_tax_sum *t = bl_alloc_array(&x->arena, (size_t)n, sizeof *t);
    for (size_t i = 0; i < n; i++) {
        t[i].country = bl_get_str(&r);
        t[i].region = bl_get_str(&r);
        t[i].name = bl_get_str(&r);
        t[i].percent = bl_get_str(&r);
        t[i].note = bl_get_str(&r);
        t[i].amount.minor = bl_get_sv(&r);
    }
    if (r.bad)
        return bl_fail(x, BL_INTERNAL, "Stored taxes are damaged.");
    *ret = t;
    *ret_n = (size_t)n;
    return BL_OK;
}

enum bl_err work_billed(struct bl_ctx *x, struct store_db *db, const struct work_account *a, bl_period period,
        bl_period before, bl_amount *ret, struct bl_tax_sum **ret_tax, size_t *ret_n)
{
    struct q_billed_before *row = NULL;
    size_t n = 0;
    BL_TRY(q_billed_before(x, db, a->bucket, store_uuid(&a->uuid), period, before, &row, &n));
    bl_amount sum = {0};
    struct bl_tax_sum *tax = NULL;
    size_t n_tax = 0;
    for (size_t i = 0; i < n; i++) {
        struct bl_tax_sum *one = NULL;
        size_t n_one = 0;
        BL_TRY(bl_amount_add(x, sum, (bl_amount){row[i].amount}, &sum));
        BL_TRY(work_tax_unpack(x, row[i].taxes, &one, &n_one));
        BL_TRY(bl_tax_add(x, tax, n_tax, one, n_one, &tax, &n_tax));
    }
    *ret = sum;
    *ret_tax = tax;
    *ret_n = n_tax;
    return BL_OK;
}

/* An issued past that its own arguments no longer give cannot be corrected to the cent: the account is
 * parked. */
static enum bl_err check_issued(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, bl_period period, const struct q_closed_get *closed)
{
    struct work_book *book = NULL;
    struct work_charged was = {0};
    bl_amount billed = {0};
    struct bl_tax_sum *tax = NULL;
    size_t n_tax = 0;
    BL_TRY(work_book_by_id(x, w, db, closed->book_id, &book));
    enum bl_err e = work_charge(
            x, w, db, a, book->book, period, work_period_last_s(period), (uint64_t)closed->k, false, &was);
    if (e == BL_OK)
        e = work_billed(x, db, a, period, period + 1, &billed, &tax, &n_tax);
    work_book_give(w, book);
    BL_TRY(e);
    if (was.lines.items.minor + was.lines.overages.minor != billed.minor) {
        char text[8];
        bl_period_text(period, text);
        return bl_fail(x, BL_OVERFLOW,
                "The invoice of %s cannot be recomputed to the cent; run billow verify.", text);
    }
    return BL_OK;
}

/* What facts and books between prev_k and k changed in periods that were closed before `before`. */
static enum bl_err find_late(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_draw *d,
        uint64_t k, struct bl_late **ret, size_t *ret_n)
{
    const struct work_account *a = d->a;
    struct q_late_first mark;
    bool found = false;
    int64_t upto = k > INT64_MAX ? INT64_MAX : (int64_t)k;
    BL_TRY(q_late_first(x, db, a->bucket, store_uuid(&a->uuid), (int64_t)d->prev_k, upto, &mark, &found));
    if (!found)
        return BL_OK;
    struct {
        struct bl_late *at;
        size_t n, cap;
    } late = {0};
    bl_period from = (bl_period)mark.period;
    if (a->row.billing_from_us != INT64_MIN && from < bl_period_of(a->row.billing_from_us))
        from = bl_period_of(a->row.billing_from_us);
    for (bl_period p = from; p <= d->closed && p < d->period; p++) {
        struct q_closed_get closed;
        BL_TRY(q_closed_get(x, db, a->bucket, store_uuid(&a->uuid), p, &closed, &found));
        if (found)
            BL_TRY(check_issued(x, w, db, a, p, &closed));
        struct work_charged now = {0};
        bl_amount billed = {0}, is = {0};
        struct bl_tax_sum *tax = NULL, *moved = NULL;
        size_t n_tax = 0, n_moved = 0;
        BL_TRY(work_charge(x, w, db, a, d->book, p, work_period_last_s(p), k, false, &now));
        BL_TRY(work_billed(x, db, a, p, d->period, &billed, &tax, &n_tax));
        BL_TRY(bl_tax_diff(x, now.tax, now.n_tax, tax, n_tax, &moved, &n_moved));
        BL_TRY(bl_amount_add(x, now.lines.items, now.lines.overages, &is));
        if (is.minor == billed.minor && n_moved == 0)
            continue;
        *BL_PUSH(&x->arena, late) = (struct bl_late){
                .period = p, .amount = {is.minor - billed.minor}, .tax = moved, .n_tax = n_moved};
    }
    *ret = late.at;
    *ret_n = late.n;
    return BL_OK;
}

static enum bl_err find_manual(struct bl_ctx *x, struct store_db *db, const struct work_draw *d, uint64_t k,
        struct bl_manual **ret, size_t *ret_n)
{
    struct q_manual_between *row = NULL;
    size_t n = 0;
    int64_t upto = k > INT64_MAX ? INT64_MAX : (int64_t)k;
    BL_TRY(q_manual_between(
            x, db, d->a->bucket, store_uuid(&d->a->uuid), (int64_t)d->prev_k, upto, &row, &n));
    struct bl_manual *m = bl_alloc_array(&x->arena, n, sizeof *m);
    for (size_t i = 0; i < n; i++)
        m[i] = (struct bl_manual){
                .seq = (uint64_t)row[i].seq, .amount = {row[i].amount}, .note = row[i].note};
    *ret = m;
    *ret_n = n;
    return BL_OK;
}

enum bl_err work_held_open(struct bl_ctx *x, struct store_db *db, const struct work_account *a,
        struct bl_held **ret, size_t *ret_n)
{
    struct q_held_open *row = NULL;
    size_t n = 0;
    BL_TRY(q_held_open(x, db, a->bucket, store_uuid(&a->uuid), &row, &n));
    struct bl_held *h = bl_alloc_array(&x->arena, n, sizeof *h);
    for (size_t i = 0; i < n; i++)
        h[i] = (struct bl_held){
                .seq = (uint64_t)row[i].seq,
                .granted_us = row[i].granted_us,
                .expires_us = row[i].expires_us,
                .left = {row[i].amount - row[i].used},
                .note = row[i].note,
        };
    *ret = h;
    *ret_n = n;
    return BL_OK;
}

enum bl_err work_draw(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_draw *d,
        struct work_drawn *ret)
{
    struct work_charged c = {0};
    struct bl_late *late = NULL;
    struct bl_manual *manual = NULL;
    size_t n_late = 0, n_manual = 0;
    BL_TRY(work_charge(x, w, db, d->a, d->book, d->period, d->instant_s, d->k, d->carry, &c));
    BL_TRY(find_late(x, w, db, d, d->k, &late, &n_late));
    BL_TRY(find_manual(x, db, d, d->k, &manual, &n_manual));
    struct bl_bill_in in = {
            .book = d->book,
            .account = d->a->uuid,
            .created_us = d->a->row.created_us,
            .number = d->a->row.number,
            .invoice_uuid = bl_invoice_uuid(d->a->uuid, d->period, (uint16_t)d->a->bucket),
            .invoice_n = d->invoice_n,
            .period = d->period,
            .instant_s = d->instant_s,
            .issued_s = d->issued_s,
            .k = c.k,
            .lines = &c.lines,
            .face = &c.face,
            .late = late,
            .n_late = n_late,
            .manual = manual,
            .n_manual = n_manual,
            .held = d->held,
            .n_held = d->n_held,
    };
    BL_TRY(bl_bill_draw(x, &in, &ret->bill));
    ret->lines = c.lines;
    ret->lives = c.lives;
    ret->k = c.k;
    return BL_OK;
}
