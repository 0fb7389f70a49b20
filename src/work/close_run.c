/* Closing a period: account by account, in the order their rows lie in, in chunks that hold the writer a few
 * milliseconds.
 *
 *     walk    each account that is still open has its turn, drawn ahead by other threads; figures are added
 * up by period beside it heads   all chains' heads go into one digest, in the order of the accounts' uuids
 *
 * What was done is in the store, so a close can be stopped anywhere and started again; a finished one only
 * reads. */
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK_US 12000   /* of writing; the commit comes on top */
#define JOBS_USUAL_MAX 8 /* threads that draw, when nobody says how many */

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

/* ---- figures by period. A turn may close several periods; each has its own figures, so that closing an
 * earlier one afterwards prints what it came to. */

struct figures {
    bl_period period;
    struct q_close_total_get row;
    __int128 total;
};
struct figures_list {
    struct figures *at;
    size_t n, cap;
};

/* The sum over a million accounts may pass 64 bits: it is kept as decimal text of minor units. */
struct bl_str work_whole_text(struct bl_ctx *x, __int128 v)
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

static enum bl_err figures_read(
        struct bl_ctx *x, struct work *w, bl_period p, struct figures *ret, bool *ret_found)
{
    *ret = (struct figures){.period = p};
    BL_TRY(q_close_total_get(x, store_writer(w->store), p, &ret->row, ret_found));
    if (!*ret_found)
        ret->row =
                (struct q_close_total_get){.total = BL_STR("0"), .digest = BL_STR(""), .parked = BL_STR("")};
    ret->total = whole_read(ret->row.total);
    return BL_OK;
}

static enum bl_err figures_write(struct bl_ctx *x, struct work *w, struct figures *f)
{
    f->row.total = work_whole_text(x, f->total);
    return q_close_total_put(x, store_writer(w->store), f->period, f->row.closed_us, f->row.accounts,
            f->row.invoices, f->row.credit_notes, f->row.total, f->row.digest, f->row.parked);
}

static enum bl_err figures_of(
        struct bl_ctx *x, struct work *w, struct figures_list *list, bl_period p, size_t *ret)
{
    bool found = false;
    for (*ret = 0; *ret < list->n; (*ret)++)
        if (list->at[*ret].period == p)
            return BL_OK;
    return figures_read(x, w, p, BL_PUSH(&x->arena, *list), &found);
}

static enum bl_err figures_add(
        struct bl_ctx *x, struct work *w, struct figures_list *list, const struct work_turn *t)
{
    for (size_t i = 0; i < t->n; i++) {
        size_t at = 0;
        BL_TRY(figures_of(x, w, list, t->first + (bl_period)i, &at));
        struct figures *f = &list->at[at];
        f->row.accounts++;
        f->row.invoices += t->period[i].invoices;
        f->row.credit_notes += t->period[i].credit_notes;
        f->total += t->period[i].amount.minor;
    }
    return BL_OK;
}

/* ---- the walk */

uint32_t work_threads(uint32_t jobs)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN), usual = cores - 1; /* the writer keeps one busy */
    if (jobs > 0)
        return jobs;
    return usual < 1 ? 1 : usual > JOBS_USUAL_MAX ? JOBS_USUAL_MAX : (uint32_t)usual;
}

static void run_begin(struct work *w, struct work_book *book, const struct work_close_ask *ask)
{
    struct work_close_run *run = &w->close;
    if (run->accounts && run->period == ask->period && run->book == book)
        return;
    work_close_forget(w);
    run->period = ask->period;
    run->book = work_book_take(w); /* the current one: only this thread changes it */
    run->accounts = store_accounts_sorted(w->store, &run->n);
    run->turns = store_accounts_placed(w->store, &run->n);
    run->ahead = work_ahead_begin(w, book->book, ask->period, run->turns, run->n, work_threads(ask->jobs));
    bl_sha256_begin(&run->sha);
}

void work_close_forget(struct work *w)
{
    struct work_close_run *run = &w->close;
    work_ahead_end(run->ahead);
    work_book_give(w, run->book);
    free(run->accounts);
    free(run->turns);
    bl_buf_release(&run->heads);
    bl_buf_release(&run->parked);
    *run = (struct work_close_run){0};
}

static void park(struct bl_ctx *x, struct work *w, store_acct acct, const char *why)
{
    struct store_account_hot hot = store_account_hot(w->store, acct);
    struct work_account a;
    if (work_account_get(x, w, store_writer(w->store), hot.uuid, &a) == BL_OK &&
            bl_str_is(a.row.parked, why)) /* parked before, and for the same reason */
        return;
    if (q_account_park(x, store_writer(w->store), hot.bucket, store_uuid(&hot.uuid), bl_str_of(why)) == BL_OK)
        store_touch(w->store, acct);
}

/* An account whose figures fail to close is parked: its turn is undone, the others go on. ahead: what was
 * drawn of it, NULL when it is to be drawn here. */
static enum bl_err one_turn(struct bl_ctx *x, struct bl_ctx *y, struct work *w, store_acct acct,
        struct work_ahead_turn *ahead, struct figures_list *list, bool *ret_parked)
{
    struct work_turn turn;
    struct bl_ctx *said = ahead && ahead->e != BL_OK ? &ahead->x : y;
    enum bl_err e = ahead ? ahead->e : BL_OK;
    *ret_parked = false;
    if (e == BL_OK) {
        BL_TRY(store_savepoint(x, w->store));
        e = work_close_account(
                y, w, acct, w->close.book->book, w->close.period, ahead ? &ahead->drawn : NULL, &turn);
        BL_TRY(store_savepoint_end(x, w->store, e == BL_OK));
    }
    if (e == BL_OK)
        return figures_add(x, w, list, &turn);
    if (e != BL_OVERFLOW)
        return bl_fail(x, e, "%s", said->why);
    park(x, w, acct, said->why);
    *ret_parked = true;
    return BL_OK;
}

static void parked_add(struct work *w, store_acct acct)
{
    char text[37];
    struct bl_buf *b = &w->close.parked;
    bl_uuid_text(store_account_hot(w->store, acct).uuid, text);
    bl_buf_printf(b, "%s" BL_URN_TEAM "%s", b->n ? " " : "", text);
}

static enum bl_err walk(struct bl_ctx *x, struct work *w, int64_t until, struct figures_list *list)
{
    struct work_close_run *run = &w->close;
    struct bl_ctx y; /* an account's memory, forgotten after its turn */
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    while (e == BL_OK && run->at < run->n && work_mono_us() < until) {
        store_acct acct = run->turns[run->at];
        struct work_ahead_turn *ahead = NULL;
        bool parked = false, open = store_account_hot(w->store, acct).closed < run->period;
        enum work_ahead_state state = work_ahead_take(run->ahead, run->at, until, &ahead);
        if (state == WORK_AHEAD_WAIT)
            break;
        bl_ctx_reset(&y, x->now_us);
        if (open)
            e = one_turn(x, &y, w, acct, state == WORK_AHEAD_DRAWN ? ahead : NULL, list, &parked);
        if (parked)
            parked_add(w, acct);
        else if (open)
            run->turned = true;
        work_ahead_pass(run->ahead, run->at++);
    }
    bl_ctx_release(&y);
    return e;
}

/* ---- heads */

/* One account's head into a digest: 16 bytes of uuid, 32 of the last entry's hash; nothing without entries.
 */
static enum bl_err head_add(struct bl_ctx *x, struct work *w, struct store_db *db, store_acct acct,
        struct bl_sha256 *h, struct bl_buf *heads)
{
    struct work_account a;
    BL_TRY(work_account_get(x, w, db, store_account_hot(w->store, acct).uuid, &a));
    if (a.row.entry_n == 0)
        return BL_OK;
    bl_sha256_add(h, a.uuid.b, 16);
    bl_sha256_add(h, a.row.entry_hash.p, a.row.entry_hash.n);
    if (heads) {
        bl_buf_put(heads, a.uuid.b, 16);
        bl_put_uv(heads, (uint64_t)a.row.entry_n);
    }
    return BL_OK;
}

static struct bl_str digest_end(struct bl_ctx *x, struct bl_sha256 *h)
{
    uint8_t digest[32];
    char hex[65];
    bl_sha256_end(h, digest);
    bl_hex(digest, sizeof digest, hex);
    return bl_str_dup(&x->arena, bl_str_of(hex));
}

enum bl_err work_heads_digest(struct bl_ctx *x, struct work *w, struct store_db *db, char ret[65])
{
    uint32_t n = 0;
    store_acct *all = store_accounts_sorted(w->store, &n);
    struct bl_sha256 h;
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_sha256_begin(&h);
    bl_ctx_init(&y, x->now_us);
    for (uint32_t i = 0; i < n && e == BL_OK; i++) {
        bl_ctx_reset(&y, x->now_us);
        e = head_add(&y, w, db, all[i], &h, NULL);
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    memcpy(ret, digest_end(x, &h).p, 65);
    bl_ctx_release(&y);
    free(all);
    return e;
}

static enum bl_err heads(struct bl_ctx *x, struct work *w, int64_t until)
{
    struct work_close_run *run = &w->close;
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    while (e == BL_OK && run->head_at < run->n && work_mono_us() < until) {
        bl_ctx_reset(&y, x->now_us);
        e = head_add(&y, w, store_writer(w->store), run->accounts[run->head_at++], &run->sha, &run->heads);
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    return e;
}

/* ---- a chunk */

static void state_fill(struct work *w, const struct figures *f, bool done, struct work_close_state *ret)
{
    uint32_t all = store_account_count(w->store);
    *ret = (struct work_close_state){
            .period = f->period,
            .done = done,
            .accounts_total = all,
            .accounts_done = done ? all : w->close.at,
            .accounts = f->row.accounts,
            .invoices = f->row.invoices,
            .credit_notes = f->row.credit_notes,
            .total = f->row.total,
            .digest = f->row.digest,
            .parked = f->row.parked,
    };
}

static bool all_closed(struct work *w, bl_period p)
{
    for (store_acct i = 1; i <= store_account_count(w->store); i++)
        if (store_account_hot(w->store, i).closed < p)
            return false;
    return true;
}

static enum bl_err finish(
        struct bl_ctx *x, struct work *w, const char *actor, struct figures *f, struct bl_str parked)
{
    struct work_close_run *run = &w->close;
    char text[8];
    bl_period_text(f->period, text);
    f->row.digest = digest_end(x, &run->sha);
    f->row.closed_us = x->now_us;
    f->row.parked = parked;
    BL_TRY(q_close_digest_put(x, store_writer(w->store), f->row.digest, f->period, x->now_us,
            run->heads.n > 0 ? bl_buf_view(&run->heads) : BL_STR("")));
    return work_audit(x, w, actor, "period.close", bl_str_of(text), f->row.digest);
}

/* The wanted period's figures are the first of the list. They have a digest as long as nothing was closed
 * since: accounts that are parked still, and nothing else, leave a close as it was said. */
static enum bl_err run_chunk(struct bl_ctx *x, struct work *w, const char *actor, struct work_book *book,
        const struct work_close_ask *ask, struct figures_list *list, bool *ret_done)
{
    struct work_close_run *run = &w->close;
    struct figures *f = &list->at[0];
    int64_t until = work_mono_us() + CHUNK_US;
    run_begin(w, book, ask);
    BL_TRY(walk(x, w, until, list));
    f = &list->at[0]; /* the list may have moved */
    if (run->turned)
        f->row.digest = BL_STR("");
    struct bl_str parked = run->parked.n > 0 ? bl_buf_view(&run->parked) : BL_STR("");
    bool walked = run->at == run->n;
    if (walked && f->row.digest.n > 0 && bl_str_eq(parked, f->row.parked)) {
        *ret_done = true;
        return BL_OK;
    }
    if (walked)
        BL_TRY(heads(x, w, until));
    *ret_done = walked && run->head_at == run->n;
    if (*ret_done)
        BL_TRY(finish(x, w, actor, f, bl_str_dup(&x->arena, parked)));
    for (size_t i = 0; i < list->n; i++)
        BL_TRY(figures_write(x, w, &list->at[i]));
    return BL_OK;
}

static enum bl_err close_chunk(struct bl_ctx *x, struct work *w, const char *actor, struct work_book *book,
        const struct work_close_ask *ask, struct work_close_state *ret)
{
    struct figures_list list = {0};
    bool found = false, done = false;
    BL_TRY(work_begin(x, w)); /* figures are read in it: another process may be closing too */
    enum bl_err e = figures_read(x, w, ask->period, BL_PUSH(&x->arena, list), &found);
    const struct q_close_total_get *have = &list.at[0].row;
    if (e == BL_OK && found && have->digest.n > 0 && have->parked.n == 0 && all_closed(w, ask->period)) {
        store_write_abort(w->store);
        state_fill(w, &list.at[0], true, ret); /* told again, within the grace too */
        return BL_OK;
    }
    if (e == BL_OK)
        e = check_due(x, book->book, ask->period, ask->grace);
    if (e == BL_OK)
        e = run_chunk(x, w, actor, book, ask, &list, &done);
    e = work_end(x, w, e);
    if (e == BL_OK)
        state_fill(w, &list.at[0], done, ret);
    if (e != BL_OK || done)
        work_close_forget(w); /* what failed did not happen: the next chunk walks from the start */
    return e;
}

enum bl_err work_close_chunk(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_close_ask *ask, struct work_close_state *ret)
{
    struct work_book *book = work_book_take(w);
    if (!book)
        return bl_fail(x, BL_CONFLICT, "There is no price book; load one with billow prices load FILE.");
    enum bl_err e = close_chunk(x, w, actor, book, ask, ret);
    work_book_give(w, book);
    return e;
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
