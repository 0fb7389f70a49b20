/* Closing one account: every open period up to the wanted one is drawn up at its last second with the facts
 * known now (K), issued with the next number of the account's series, posted, and marked closed: one piece of
 * one transaction.
 *
 * Drawing only reads, so it may be done beforehand on another thread (work_turn_draw). What was drawn holds
 * as long as nothing was published for the account since: its version tells. */
#include "work/inner.h"

static struct bl_tax_sum *taxes_of(struct bl_ctx *x, const struct bl_bill *b, bl_period p, size_t *ret_n)
{
    struct bl_tax_sum *t = bl_alloc_array(&x->arena, b->n_row, sizeof *t);
    size_t n = 0;
    for (size_t i = 0; i < b->n_row; i++) {
        const struct bl_row *r = &b->row[i];
        if (r->kind == BL_ROW_TAX && r->of_period == p)
            t[n++] = (struct bl_tax_sum){
                    r->tax_country, r->tax_region, r->tax_name, r->tax_percent, r->tax_note, r->amount};
    }
    *ret_n = n;
    return t;
}

static struct work_billed_row billed_row(
        struct bl_ctx *x, const struct bl_bill *b, bl_period p, bl_amount amount)
{
    size_t n = 0;
    struct bl_tax_sum *t = taxes_of(x, b, p, &n);
    struct bl_buf body = {0};
    work_tax_pack(&body, t, n);
    struct work_billed_row row = {p, amount, bl_str_dup(&x->arena, bl_buf_view(&body))};
    bl_buf_release(&body);
    return row;
}

enum bl_err work_billed_rows(
        struct bl_ctx *x, const struct bl_bill *b, struct work_billed_row **ret, size_t *ret_n)
{
    struct work_billed_row *row = bl_alloc_array(&x->arena, b->n_row + 1, sizeof *row);
    size_t n = 0;
    bl_amount own = {0};
    BL_TRY(bl_amount_add(x, b->items, b->overages, &own));
    row[n++] = billed_row(x, b, b->period, own);
    for (size_t i = 0; i < b->n_row; i++)
        if (b->row[i].kind == BL_ROW_ADJUSTMENT && b->row[i].of_period >= 0)
            row[n++] = billed_row(x, b, b->row[i].of_period, b->row[i].amount);
    *ret = row;
    *ret_n = n;
    return BL_OK;
}

static enum bl_err billed_all(
        struct bl_ctx *x, struct work *w, const struct work_account *a, const struct bl_bill *b)
{
    struct work_billed_row *row = NULL;
    size_t n = 0;
    BL_TRY(work_billed_rows(x, b, &row, &n));
    for (size_t i = 0; i < n; i++)
        BL_TRY(q_billed_insert(x, store_writer(w->store), a->bucket, store_uuid(&a->uuid), row[i].period,
                b->period, row[i].amount.minor, row[i].taxes));
    return BL_OK;
}

static enum bl_err credits_use(
        struct bl_ctx *x, struct work *w, const struct work_account *a, const struct bl_bill *b)
{
    struct store_db *db = store_writer(w->store);
    struct q_held_open *held = NULL;
    size_t n = 0;
    if (b->credits.minor == 0)
        return BL_OK;
    BL_TRY(q_held_open(x, db, a->bucket, store_uuid(&a->uuid), &held, &n));
    for (size_t i = 0; i < b->n_row; i++)
        for (size_t j = 0; b->row[i].kind == BL_ROW_CREDIT && j < n; j++)
            if ((uint64_t)held[j].seq == b->row[i].seq)
                BL_TRY(q_held_set(x, db, a->bucket, store_uuid(&a->uuid), held[j].seq,
                        held[j].used - b->row[i].amount.minor, 0));
    return BL_OK;
}

/* The rest of a grant goes back when the last period that its life touches is closed. */
static enum bl_err credits_expire(struct bl_ctx *x, struct work *w, struct work_account *a, bl_period p)
{
    struct store_db *db = store_writer(w->store);
    struct q_held_open *held = NULL;
    size_t n = 0;
    BL_TRY(q_held_open(x, db, a->bucket, store_uuid(&a->uuid), &held, &n));
    for (size_t i = 0; i < n; i++) {
        if (bl_period_of(held[i].expires_us - 1) > p)
            continue;
        bl_amount rest = {held[i].amount - held[i].used};
        BL_TRY(q_held_set(x, db, a->bucket, store_uuid(&a->uuid), held[i].seq, held[i].used, 1));
        if (rest.minor == 0)
            continue;
        struct bl_entry e;
        BL_TRY(bl_entry_simple(x, BL_ENTRY_EXPIRY, rest, x->now_us, &e));
        e.seq = (uint64_t)held[i].seq;
        BL_TRY(work_entry_write(x, w, a, &e, BL_STR("")));
    }
    return BL_OK;
}

static enum bl_err issue(struct bl_ctx *x, struct work *w, struct work_account *a, const struct bl_bill *b)
{
    struct store_db *db = store_writer(w->store);
    struct bl_buf body = {0};
    bl_bill_pack(&body, b);
    enum bl_err err = q_invoice_insert(x, db, a->bucket, store_uuid(&a->uuid), b->period,
            store_uuid(&b->invoice_uuid), b->invoice_n, b->amount.minor, bl_buf_view(&body));
    bl_buf_release(&body);
    BL_TRY(err);
    struct bl_entry e;
    BL_TRY(bl_entry_of_bill(x, b, x->now_us, &e));
    BL_TRY(work_entry_write(x, w, a, &e, BL_STR("")));
    BL_TRY(billed_all(x, w, a, b));
    BL_TRY(credits_use(x, w, a, b));
    a->row.invoice_n = b->invoice_n;
    return BL_OK;
}

enum bl_err work_carry_of(struct bl_ctx *x, const struct bl_book *book, const struct bl_lives *lives,
        bl_period p, struct bl_str *ret)
{
    struct bl_lives carried;
    *ret = BL_ABSENT;
    if (lives->n == 0)
        return BL_OK;
    BL_TRY(bl_lives_carry(x, book, lives, bl_period_start_s(p + 1), &carried));
    struct bl_buf body = {0};
    bl_lives_pack(&body, &carried);
    *ret = bl_str_dup(&x->arena, bl_buf_view(&body));
    bl_buf_release(&body);
    return BL_OK;
}

/* What is read and computed of a period's closing. */
static enum bl_err draw_period(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const struct bl_book *book, bl_period p, uint64_t k,
        struct work_turn_drawn *ret)
{
    struct bl_held *held = NULL;
    size_t n_held = 0;
    BL_TRY(work_held_open(x, db, a, &held, &n_held));
    struct work_draw d = {
            .a = a,
            .book = book,
            .period = p,
            .instant_s = work_period_last_s(p),
            .issued_s = bl_floor_s(x->now_us),
            .k = k,
            .prev_k = (uint64_t)a->row.k,
            .closed = p - 1,
            .invoice_n = a->row.invoice_n + 1,
            .held = held,
            .n_held = n_held,
            .carry = true,
    };
    BL_TRY(work_draw(x, w, db, &d, &ret->drawn));
    return work_carry_of(x, book, &ret->drawn.lives, p, &ret->carry);
}

/* And what is written of it. Facts of other accounts may have come since it was drawn, and time has passed:
 * place and date are those of the writing. */
static enum bl_err write_period(struct bl_ctx *x, struct work *w, struct work_account *a,
        const struct bl_book *book, bl_period p, uint64_t k, struct work_turn_drawn *t,
        struct work_turn_period *ret)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str book_id = {(const char *)book->id, 32};
    t->drawn.bill.k = k;
    t->drawn.bill.issued_s = bl_floor_s(x->now_us);
    *ret = (struct work_turn_period){0};
    if (bl_bill_issues(&t->drawn.bill)) {
        BL_TRY(issue(x, w, a, &t->drawn.bill));
        *ret = (struct work_turn_period){
                !t->drawn.bill.credit_note, t->drawn.bill.credit_note, t->drawn.bill.amount};
    }
    BL_TRY(q_closed_insert(x, db, a->bucket, store_uuid(&a->uuid), p, (int64_t)k, book_id, BL_RULES_VERSION,
            work_period_last_s(p), x->now_us));
    if (bl_is(t->carry))
        BL_TRY(q_carry_put(x, db, a->bucket, store_uuid(&a->uuid), p + 1, (int64_t)k, book_id,
                BL_RULES_VERSION, t->carry));
    BL_TRY(credits_expire(x, w, a, p));
    a->row.k = (int64_t)k;
    a->row.closed_period = p;
    return BL_OK;
}

enum bl_err work_first_open(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, bl_period upto, bl_period *ret)
{
    bl_period p = (bl_period)a->row.closed_period + 1, first = 0, made = bl_period_of(a->row.created_us);
    bool found = false;
    *ret = p;
    if (p >= upto)
        return BL_OK;
    /* Without a start of billing there is no bound: begin where the account or its facts do. */
    BL_TRY(store_first_period(x, w->store, db, a->acct, &first, &found));
    if (!found || first > made)
        first = made;
    if (first > upto)
        first = upto;
    *ret = p > first ? p : first;
    return BL_OK;
}

enum bl_err work_turn_draw(struct bl_ctx *x, struct work *w, struct store_db *db, store_acct acct,
        const struct bl_book *book, bl_period target, struct work_turn_drawn *ret)
{
    struct work_account a;
    bl_period p = 0;
    BL_TRY(work_account_get(x, w, db, store_account_hot(w->store, acct).uuid, &a));
    BL_TRY(work_first_open(x, w, db, &a, target, &p));
    return draw_period(x, w, db, &a, book, p, UINT64_MAX, ret);
}

enum bl_err work_close_account(struct bl_ctx *x, struct work *w, store_acct acct, const struct bl_book *book,
        bl_period target, struct work_turn_drawn *drawn, struct work_turn *ret)
{
    struct store_db *db = store_writer(w->store);
    struct work_account a;
    struct work_turn turn = {0};
    struct work_turn_drawn here;
    BL_TRY(work_account_get(x, w, db, store_account_hot(w->store, acct).uuid, &a));
    uint64_t k = store_seq_now(w->store, a.bucket);
    BL_TRY(work_first_open(x, w, db, &a, target, &turn.first));
    turn.n = (size_t)(target - turn.first + 1);
    turn.period = bl_alloc_array(&x->arena, turn.n, sizeof *turn.period);
    for (size_t i = 0; i < turn.n; i++) {
        bl_period p = turn.first + (bl_period)i;
        if (i > 0 || !drawn) { /* what a later period owes depends on what the earlier one writes */
            drawn = &here;
            BL_TRY(draw_period(x, w, db, &a, book, p, k, drawn));
        }
        BL_TRY(write_period(x, w, &a, book, p, k, drawn, &turn.period[i]));
    }
    BL_TRY(q_account_close_set(x, db, a.bucket, store_uuid(&a.uuid), target, (int64_t)k, a.row.invoice_n));
    store_account_closed(w->store, acct, target);
    store_touch(w->store, acct);
    *ret = turn;
    return BL_OK;
}
