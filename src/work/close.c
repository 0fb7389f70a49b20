/* Closing a period: account by account, in the order of their uuids, in chunks that hold the writer a few
 * milliseconds.
 *
 * An account's turn is one piece of one transaction: every open period up to the wanted one is drawn up at
 * its last second with the facts known now (K), issued with the next number of the account's series, posted,
 * and marked closed. What was done is in the store, so a close can be stopped anywhere and started again; a
 * finished one only reads. */
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CHUNK_US 12000 /* of writing; the commit comes on top */

static int64_t mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * BL_US + t.tv_nsec / 1000;
}

/* ---- one account */

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

static enum bl_err billed_write(struct bl_ctx *x, struct work *w, const struct work_account *a,
        const struct bl_bill *b, bl_period p, bl_amount amount)
{
    size_t n = 0;
    struct bl_tax_sum *t = taxes_of(x, b, p, &n);
    struct bl_buf body = {0};
    work_tax_pack(&body, t, n);
    enum bl_err e = q_billed_insert(x, store_writer(w->store), a->bucket, store_uuid(&a->uuid), p, b->period,
            amount.minor, bl_buf_view(&body));
    bl_buf_release(&body);
    return e;
}

/* What the invoice billed, by the period it was for: its own, and each it corrects. */
static enum bl_err billed_all(
        struct bl_ctx *x, struct work *w, const struct work_account *a, const struct bl_bill *b)
{
    bl_amount own = {0};
    BL_TRY(bl_amount_add(x, b->items, b->overages, &own));
    BL_TRY(billed_write(x, w, a, b, b->period, own));
    for (size_t i = 0; i < b->n_row; i++)
        if (b->row[i].kind == BL_ROW_ADJUSTMENT && b->row[i].of_period >= 0)
            BL_TRY(billed_write(x, w, a, b, b->row[i].of_period, b->row[i].amount));
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

static enum bl_err carry_write(struct bl_ctx *x, struct work *w, const struct work_account *a,
        const struct bl_book *book, const struct bl_lives *lives, bl_period next, uint64_t k)
{
    struct bl_lives carried;
    BL_TRY(bl_lives_carry(x, book, lives, bl_period_start_s(next), &carried));
    struct bl_buf body = {0};
    bl_lives_pack(&body, &carried);
    enum bl_err e = q_carry_put(x, store_writer(w->store), a->bucket, store_uuid(&a->uuid), next, (int64_t)k,
            (struct bl_str){(const char *)book->id, 32}, BL_RULES_VERSION, bl_buf_view(&body));
    bl_buf_release(&body);
    return e;
}

static enum bl_err close_period(struct bl_ctx *x, struct work *w, struct work_account *a,
        const struct bl_book *book, bl_period p, uint64_t k, struct q_close_total_get *sum, __int128 *total,
        bool wanted)
{
    struct store_db *db = store_writer(w->store);
    struct bl_held *held = NULL;
    size_t n_held = 0;
    struct work_drawn drawn;
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
    BL_TRY(work_draw(x, w, db, &d, &drawn));
    if (bl_bill_issues(&drawn.bill)) {
        BL_TRY(issue(x, w, a, &drawn.bill));
        if (wanted) {
            sum->invoices += !drawn.bill.credit_note;
            sum->credit_notes += drawn.bill.credit_note;
            *total += drawn.bill.amount.minor;
        }
    }
    BL_TRY(q_closed_insert(x, db, a->bucket, store_uuid(&a->uuid), p, (int64_t)k,
            (struct bl_str){(const char *)book->id, 32}, BL_RULES_VERSION, d.instant_s, x->now_us));
    if (drawn.lives.n > 0)
        BL_TRY(carry_write(x, w, a, book, &drawn.lives, p + 1, k));
    BL_TRY(credits_expire(x, w, a, p));
    a->row.k = (int64_t)k;
    a->row.closed_period = p;
    return BL_OK;
}

static enum bl_err first_open(
        struct bl_ctx *x, struct work *w, const struct work_account *a, bl_period target, bl_period *ret)
{
    bl_period p = (bl_period)a->row.closed_period + 1, first = 0;
    bool found = false;
    *ret = p;
    if (p >= target)
        return BL_OK;
    /* Without a start of billing there is no bound: begin where the account's facts do. */
    BL_TRY(store_first_period(x, w->store, store_writer(w->store), a->acct, &first, &found));
    if (!found || first > target)
        first = target;
    *ret = p > first ? p : first;
    return BL_OK;
}

static enum bl_err close_account(struct bl_ctx *x, struct work *w, store_acct acct,
        const struct bl_book *book, bl_period target, struct q_close_total_get *sum, __int128 *total)
{
    struct work_account a;
    bl_period p = 0;
    BL_TRY(work_account_get(x, w, store_writer(w->store), store_account_hot(w->store, acct).uuid, &a));
    uint64_t k = store_seq_now(w->store, a.bucket);
    BL_TRY(first_open(x, w, &a, target, &p));
    for (; p <= target; p++)
        BL_TRY(close_period(x, w, &a, book, p, k, sum, total, p == target));
    BL_TRY(q_account_close_set(
            x, store_writer(w->store), a.bucket, store_uuid(&a.uuid), target, (int64_t)k, a.row.invoice_n));
    store_account_closed(w->store, acct, target);
    store_touch(w->store, acct);
    sum->accounts++;
    return BL_OK;
}

/* ---- the run */

static enum bl_err check_due(struct bl_ctx *x, const struct bl_book *book, bl_period p, bool grace)
{
    char text[8], when[32];
    int64_t end = bl_period_start_s(p + 1), due = end + (grace ? book->grace_s : 0);
    bl_period_text(p, text);
    if (bl_floor_s(x->now_us) < end) {
        bl_time_text_s(end, when);
        return bl_fail(x, BL_CONFLICT, "%s is not over: it ends at %s.", text, when);
    }
    if (bl_floor_s(x->now_us) < due) {
        bl_time_text_s(due, when);
        return bl_fail(
                x, BL_CONFLICT, "%s closes after its grace, at %s; --no-grace closes it now.", text, when);
    }
    return BL_OK;
}

static void run_begin(struct work *w, bl_period p)
{
    if (w->close.accounts && w->close.period == p && w->close.at < w->close.n)
        return;
    free(w->close.accounts);
    w->close = (struct work_close_run){.period = p};
    w->close.accounts = store_accounts_sorted(w->store, &w->close.n);
}

enum bl_err work_heads_digest(
        struct bl_ctx *x, struct work *w, struct store_db *db, char ret[65], struct bl_buf *ret_heads)
{
    (void)x;
    uint32_t n = 0;
    store_acct *all = store_accounts_sorted(w->store, &n);
    struct bl_sha256 h;
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_sha256_begin(&h);
    bl_ctx_init(&y, x->now_us);
    for (uint32_t i = 0; i < n && e == BL_OK; i++) {
        struct work_account a;
        bl_ctx_reset(&y, x->now_us);
        e = work_account_get(&y, w, db, store_account_hot(w->store, all[i]).uuid, &a);
        if (e != BL_OK || a.row.entry_n == 0)
            continue;
        bl_sha256_add(&h, a.uuid.b, 16);
        bl_sha256_add(&h, a.row.entry_hash.p, a.row.entry_hash.n);
        if (ret_heads) {
            bl_buf_put(ret_heads, a.uuid.b, 16);
            bl_put_uv(ret_heads, (uint64_t)a.row.entry_n);
        }
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    uint8_t digest[32];
    bl_sha256_end(&h, digest);
    bl_hex(digest, sizeof digest, ret);
    bl_ctx_release(&y);
    free(all);
    return e;
}

/* The sum over a million accounts may pass 64 bits: it is kept as decimal text of minor units. */
static struct bl_str whole_text(struct bl_ctx *x, __int128 v)
{
    char text[48], *at = text + sizeof text;
    unsigned __int128 u = v < 0 ? -(unsigned __int128)v : (unsigned __int128)v;
    *--at = 0;
    do
        *--at = (char)('0' + (int)(u % 10));
    while ((u /= 10) > 0);
    if (v < 0)
        *--at = '-';
    return bl_str_dup(&x->arena, bl_str_of(at));
}

static __int128 whole_read(struct bl_str s)
{
    __int128 v = 0;
    for (size_t i = s.n > 0 && s.p[0] == '-'; i < s.n; i++)
        v = v * 10 + (s.p[i] - '0');
    return s.n > 0 && s.p[0] == '-' ? -v : v;
}

static enum bl_err sum_write(struct bl_ctx *x, struct work *w, bl_period p, const struct q_close_total_get *s,
        __int128 total, struct bl_str heads)
{
    return q_close_total_put(x, store_writer(w->store), p, s->closed_us, s->accounts, s->invoices,
            s->credit_notes, whole_text(x, total), s->digest, s->parked, heads);
}

static void park(struct bl_ctx *x, struct work *w, store_acct acct, const char *why)
{
    struct store_account_hot hot = store_account_hot(w->store, acct);
    if (q_account_park(x, store_writer(w->store), hot.bucket, store_uuid(&hot.uuid), bl_str_of(why)) == BL_OK)
        store_touch(w->store, acct);
}

/* An account that fails to close on figures is parked in a transaction of its own, since its turn was undone.
 */
static enum bl_err one_turn(struct bl_ctx *x, struct bl_ctx *y, struct work *w, store_acct acct,
        const struct bl_book *book, bl_period p, struct q_close_total_get *sum, __int128 *total,
        bool *ret_parked)
{
    struct q_close_total_get before = *sum;
    __int128 before_total = *total;
    *ret_parked = false;
    BL_TRY(store_savepoint(x, w->store));
    enum bl_err e = close_account(y, w, acct, book, p, sum, total);
    if (e == BL_OK)
        return store_savepoint_end(x, w->store, true);
    BL_TRY(store_savepoint_end(x, w->store, false));
    if (e != BL_OVERFLOW)
        return bl_fail(x, e, "%s", y->why);
    *sum = before;
    *total = before_total;
    park(x, w, acct, y->why);
    *ret_parked = true;
    return BL_OK;
}

static struct bl_str parked_add(struct bl_ctx *x, struct work *w, struct bl_str parked, store_acct acct)
{
    char text[37];
    bl_uuid_text(store_account_hot(w->store, acct).uuid, text);
    struct bl_str urn = bl_str_printf(&x->arena, BL_URN_TEAM "%s", text);
    if (parked.n == 0)
        return urn;
    return bl_str_printf(&x->arena, "%.*s %.*s", BL_FMT(parked), BL_FMT(urn));
}

static enum bl_err chunk(struct bl_ctx *x, struct work *w, const struct bl_book *book, bl_period p,
        struct q_close_total_get *sum, __int128 *total)
{
    struct work_close_run *run = &w->close;
    int64_t until = mono_us() + CHUNK_US;
    struct bl_ctx y; /* an account's memory, forgotten after its turn */
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    while (e == BL_OK && run->at < run->n && mono_us() < until) {
        store_acct acct = run->accounts[run->at];
        bool parked = false;
        bl_ctx_reset(&y, x->now_us);
        if (store_account_hot(w->store, acct).closed < p)
            e = one_turn(x, &y, w, acct, book, p, sum, total, &parked);
        if (parked)
            sum->parked = parked_add(x, w, sum->parked, acct);
        run->at++;
    }
    bl_ctx_release(&y);
    return e;
}

static void state_fill(struct bl_ctx *x, struct work *w, bl_period p, const struct q_close_total_get *s,
        bool done, struct work_close_state *ret)
{
    (void)x;
    *ret = (struct work_close_state){
            .period = p,
            .done = done,
            .accounts_total = store_account_count(w->store),
            .accounts_done = done ? store_account_count(w->store) : w->close.at,
            .accounts = s->accounts,
            .invoices = s->invoices,
            .credit_notes = s->credit_notes,
            .total = s->total,
            .digest = s->digest,
            .parked = s->parked,
    };
}

static bool all_closed(struct work *w, bl_period p)
{
    uint32_t n = 0;
    store_acct *all = store_accounts_sorted(w->store, &n);
    bool open = false;
    for (uint32_t i = 0; i < n && !open; i++)
        open = store_account_hot(w->store, all[i]).closed < p;
    free(all);
    return !open;
}

static enum bl_err run_chunk(struct bl_ctx *x, struct work *w, const char *actor, const struct bl_book *book,
        bl_period p, struct q_close_total_get *sum, bool *ret_done)
{
    __int128 total = whole_read(sum->total);
    run_begin(w, p);
    if (w->close.at == 0)
        sum->parked = BL_STR(""); /* those who were parked get another turn */
    BL_TRY(chunk(x, w, book, p, sum, &total));
    *ret_done = w->close.at >= w->close.n;
    struct bl_buf heads = {0};
    enum bl_err e = BL_OK;
    if (*ret_done) {
        char digest[65], text[8];
        e = work_heads_digest(x, w, store_writer(w->store), digest, &heads);
        sum->digest = bl_str_dup(&x->arena, bl_str_of(digest));
        sum->closed_us = x->now_us;
        bl_period_text(p, text);
        if (e == BL_OK)
            e = work_audit(x, w, actor, "period.close", bl_str_of(text), sum->digest);
    }
    if (e == BL_OK)
        e = sum_write(x, w, p, sum, total, bl_is(bl_buf_view(&heads)) ? bl_buf_view(&heads) : BL_STR(""));
    bl_buf_release(&heads);
    sum->total = whole_text(x, total);
    return e;
}

enum bl_err work_close_chunk(struct bl_ctx *x, struct work *w, const char *actor, bl_period period,
        bool grace, struct work_close_state *ret)
{
    struct q_close_total_get sum = {0};
    bool found = false, done = false;
    struct work_book *book = work_book_take(w);
    if (!book)
        return bl_fail(x, BL_CONFLICT, "There is no price book; load one with billow prices load FILE.");
    enum bl_err e = check_due(x, book->book, period, grace);
    if (e == BL_OK)
        e = q_close_total_get(x, store_writer(w->store), period, &sum, &found);
    if (!found)
        sum = (struct q_close_total_get){.total = BL_STR("0"), .digest = BL_STR(""), .parked = BL_STR("")};
    bool finished = e == BL_OK && found && sum.digest.n > 0 && sum.parked.n == 0 && all_closed(w, period);
    if (e == BL_OK && finished) {
        state_fill(x, w, period, &sum, true, ret);
        work_book_give(w, book);
        return BL_OK;
    }
    if (e == BL_OK)
        e = work_begin(x, w);
    if (e == BL_OK) {
        e = work_end(x, w, run_chunk(x, w, actor, book->book, period, &sum, &done));
        if (e != BL_OK)
            w->close.at = w->close.n; /* nothing of the chunk happened: the next one walks from the start */
    }
    work_book_give(w, book);
    BL_TRY(e);
    state_fill(x, w, period, &sum, done, ret);
    return BL_OK;
}

bool work_close_due(struct work *w, int64_t now_us, bl_period *ret)
{
    struct work_book *book = work_book_take(w);
    if (!book)
        return false;
    *ret = bl_period_of(now_us - book->book->grace_s * BL_US) - 1;
    work_book_give(w, book);
    return *ret >= 0;
}
