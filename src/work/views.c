/* What readers are shown: the preview, an issued invoice, days, hours. Each is work_draw or the same library
 * calls on what store_load gives. */
#include "work/inner.h"

#include <stdlib.h>

static enum bl_err not_parked(struct bl_ctx *x, const struct work_account *a)
{
    if (a->row.parked.n == 0)
        return BL_OK;
    return bl_fail(x, BL_CONFLICT, "This account is parked: %.*s", BL_FMT(a->row.parked));
}

/* Months that are over and not closed yet come first: their invoices will take what is held. */
static enum bl_err held_after(struct bl_ctx *x, struct work *w, struct store_db *db, struct work_draw d,
        bl_period first, struct bl_held *held)
{
    struct work_drawn drawn;
    bl_period open = d.period;
    for (d.period = first; d.period < open; d.period++) {
        d.instant_s = work_period_last_s(d.period);
        BL_TRY(work_draw(x, w, db, &d, &drawn));
        for (size_t i = 0; i < drawn.bill.n_row; i++)
            for (size_t j = 0; drawn.bill.row[i].kind == BL_ROW_CREDIT && j < d.n_held; j++)
                if (held[j].seq == drawn.bill.row[i].seq)
                    held[j].left.minor += drawn.bill.row[i].amount.minor;
        d.prev_k = INT64_MAX; /* what is late went on the first of them */
    }
    return BL_OK;
}

enum bl_err work_preview(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        const struct bl_book *book, int64_t now_us, struct bl_bill *ret)
{
    struct bl_held *held = NULL;
    size_t n_held = 0;
    struct work_drawn drawn;
    BL_TRY(not_parked(x, a));
    BL_TRY(work_held_open(x, db, a, &held, &n_held));
    struct work_draw d = {
            .a = a,
            .book = book,
            .period = bl_period_of(now_us),
            .instant_s = bl_floor_s(now_us),
            .issued_s = bl_floor_s(now_us),
            .k = UINT64_MAX,
            .prev_k = (uint64_t)a->row.k,
            .closed = (bl_period)a->row.closed_period,
            .invoice_n = a->row.invoice_n + 1,
            .held = held,
            .n_held = n_held,
            .carry = true,
    };
    bl_period first = d.period;
    BL_TRY(work_first_open(x, w, db, a, d.period, &first));
    if (first < d.period && n_held > 0)
        BL_TRY(held_after(x, w, db, d, first, held));
    if (first < d.period)
        d.prev_k = INT64_MAX;
    BL_TRY(work_draw(x, w, db, &d, &drawn));
    *ret = drawn.bill;
    return BL_OK;
}

enum bl_err work_invoice(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        bl_uuid invoice_uuid, struct bl_bill *ret)
{
    (void)w;
    struct q_invoice_by_uuid row;
    bool found = false;
    BL_TRY(q_invoice_by_uuid(
            x, db, a->bucket, store_uuid(&a->uuid), store_uuid(&invoice_uuid), &row, &found));
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    return bl_bill_unpack(x, row.body, ret);
}

enum bl_err work_insight(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        const struct bl_book *book, bl_day first, bl_day last, int64_t now_us, struct bl_point **ret,
        size_t *ret_n)
{
    struct store_facts f = {0};
    int64_t now_s = bl_floor_s(now_us);
    bl_period p0 = bl_period_of(first * BL_DAY_S * BL_US), p1 = bl_period_of(last * BL_DAY_S * BL_US);
    int64_t upto_s = (last + 1) * BL_DAY_S;
    struct store_want want = {
            .acct = a->acct,
            .first = p0,
            .last = p1,
            .upto_us = (upto_s < now_s + 1 ? upto_s : now_s + 1) * BL_US,
            .k = UINT64_MAX,
            .book_id = book->id,
    };
    BL_TRY(store_load(x, w->store, db, &want, &f));
    struct bl_lives lives;
    BL_TRY(bl_lives_fold(x, f.has_carry ? &f.carried : NULL, f.life, f.n_life, &lives));
    struct bl_insight_in in = {
            .book = book,
            .from_s = f.billing_from_us == INT64_MIN ? INT64_MIN : bl_floor_s(f.billing_from_us),
            .now_s = now_s,
            .first = first,
            .last = last,
            .lives = &lives,
            .usage = f.usage,
            .n_usage = f.n_usage,
    };
    return bl_insight(x, &in, ret, ret_n);
}

enum bl_err work_civo(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        const struct bl_book *book, int64_t from_s, int64_t to_s, struct bl_str region,
        struct bl_civo_row **ret, size_t *ret_n)
{
    struct store_facts f = {0};
    struct bl_lives lives;
    /* Rows break where carried timelines forget: the whole past is read, and no period's usage. */
    bl_period last = bl_period_of((to_s - 1) * BL_US);
    struct store_want want = {
            .acct = a->acct, .first = last + 1, .last = last, .upto_us = to_s * BL_US, .k = UINT64_MAX};
    BL_TRY(store_load(x, w->store, db, &want, &f));
    BL_TRY(bl_lives_fold(x, NULL, f.life, f.n_life, &lives));
    struct bl_civo_in in = {
            .book = book,
            .lives = &lives,
            .billing_from_s = f.billing_from_us == INT64_MIN ? INT64_MIN : bl_floor_s(f.billing_from_us),
            .from_s = from_s,
            .to_s = to_s,
            .region = region,
    };
    return bl_civo_rows(x, &in, ret, ret_n);
}

static int living_cmp(const void *l, const void *r)
{
    const struct work_living *a = l, *b = r;
    if (a->birth_s != b->birth_s)
        return a->birth_s < b->birth_s ? -1 : 1;
    return bl_uuid_cmp(a->resource, b->resource);
}

enum bl_err work_living(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        int64_t at_us, struct work_living **ret, size_t *ret_n)
{
    struct store_facts f = {0};
    struct bl_lives lives;
    int64_t at_s = bl_floor_s(at_us);
    /* Births are wanted, which carried timelines forget: the whole past is read, and no period's usage. */
    bl_period last = bl_period_of(at_us);
    struct store_want want = {
            .acct = a->acct, .first = last + 1, .last = last, .upto_us = (at_s + 1) * BL_US, .k = UINT64_MAX};
    BL_TRY(store_load(x, w->store, db, &want, &f));
    BL_TRY(bl_lives_fold(x, NULL, f.life, f.n_life, &lives));
    struct work_living *list = bl_alloc_array(&x->arena, lives.n + 1, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < lives.n; i++) {
        const struct bl_life *l = &lives.life[i];
        if (l->birth_s <= at_s && l->death_s > at_s)
            list[n++] = (struct work_living){l->resource, l->birth_s, &l->stretch[l->n_stretch - 1]};
    }
    if (n > 0)
        qsort(list, n, sizeof *list, living_cmp);
    *ret = list;
    *ret_n = n;
    return BL_OK;
}
