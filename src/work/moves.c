/* What a new price book moves in closed periods, drawn by threads that only read, while the writer goes on.
 *
 *     all accounts     drawn under both books, a share a thread
 *     those written    looked at again, until few are left: a fact of an open month moves nothing, one of a
 *     meanwhile        closed month has left a mark, and a close has moved the account on
 *     on the writer    the last few, where nothing can come between; now the moves are what they are
 *
 * For each account the version is kept that was looked at before it was drawn, and the place of the log that
 * was seen: what tells that it must be looked at again, and whether anything came that matters. */
#include "work/moves.h"

#include <stdlib.h>
#include <string.h>

#define ON_WRITER_MAX 1000 /* accounts the writer looks at again, at some microseconds each */
#define ROUNDS_MAX 50      /* then it looks at all that are left: facts come faster than they are looked at */
#define THREADS_MAX 8

struct drawn { /* of an account */
    uint32_t version;
    bool done;
    bl_period closed;
    int64_t k;
    struct work_moved *at;
    size_t n;
};
struct work_moves {
    struct work *w;
    const struct bl_book *old, *new;
    int64_t from_s;
    struct drawn *drawn; /* by account handle */
    store_acct n;
    const store_acct *row; /* what is drawn now, by share */
    uint32_t n_row;
    _Atomic uint32_t next;
    pthread_mutex_t lock;
    enum bl_err e; /* the first thing that failed, and why */
    char why[sizeof((struct bl_ctx *)0)->why];
    int rounds;
};

/* ---- one account */

static enum bl_err taxes_move(
        struct bl_ctx *y, const struct work_charged *a, const struct work_charged *b, bool *ret)
{
    struct bl_tax_sum *t = NULL;
    size_t n = 0;
    BL_TRY(bl_tax_diff(y, a->tax, a->n_tax, b->tax, b->n_tax, &t, &n));
    *ret = n > 0;
    return BL_OK;
}

/* Where an account's closed periods begin that a book from from_s on may move. Late facts are billed for
 * periods that were never closed one by one, too: what counts is where its facts begin. */
static enum bl_err first_moved(struct bl_ctx *y, const struct work_moves *m, struct store_db *db,
        const struct work_account *a, bl_period *ret, bool *ret_found)
{
    bl_period at = m->from_s > 0 ? bl_period_of(m->from_s * BL_US) : 0, first = 0;
    BL_TRY(store_first_period(y, m->w->store, db, a->acct, &first, ret_found));
    if (first > at)
        at = first;
    if (a->row.billing_from_us != INT64_MIN && bl_period_of(a->row.billing_from_us) > at)
        at = bl_period_of(a->row.billing_from_us);
    *ret = at;
    return BL_OK;
}

struct moved_list {
    struct work_moved *at;
    size_t n, cap;
};

static enum bl_err period_moves(struct bl_ctx *y, const struct work_moves *m, struct store_db *db,
        const struct work_account *a, bl_period p, struct moved_list *list)
{
    struct work_charged is = {0}, was = {0};
    int64_t last_s = work_period_last_s(p);
    bool taxes = false;
    BL_TRY(work_charge(y, m->w, db, a, m->old, p, last_s, UINT64_MAX, false, &was));
    BL_TRY(work_charge(y, m->w, db, a, m->new, p, last_s, UINT64_MAX, false, &is));
    BL_TRY(taxes_move(y, &is, &was, &taxes));
    int64_t amount =
            is.lines.items.minor + is.lines.overages.minor - was.lines.items.minor - was.lines.overages.minor;
    if (amount != 0 || taxes)
        *BL_PUSH(&y->arena, *list) = (struct work_moved){a->acct, p, amount};
    return BL_OK;
}

static enum bl_err account_moves(struct bl_ctx *y, const struct work_moves *m, struct store_db *db,
        const struct work_account *a, struct moved_list *list)
{
    bl_period p = 0;
    bool found = false;
    if (bl_period_start_s((bl_period)a->row.closed_period + 1) <= m->from_s)
        return BL_OK;
    BL_TRY(first_moved(y, m, db, a, &p, &found));
    for (; found && p <= (bl_period)a->row.closed_period; p++)
        BL_TRY(period_moves(y, m, db, a, p, list));
    return BL_OK;
}

static enum bl_err place_of(struct bl_ctx *y, const struct work_moves *m, struct store_db *db,
        const struct work_account *a, int64_t *ret)
{
    struct q_bucket_seq row = {0};
    bool found = false;
    if (db == store_writer(m->w->store)) {
        *ret = (int64_t)store_seq_now(m->w->store, a->bucket);
        return BL_OK;
    }
    BL_TRY(q_bucket_seq(y, db, a->bucket, &row, &found));
    *ret = found ? row.seq : 0;
    return BL_OK;
}

/* Under a view that knows of what the version tells. May it stay as it was drawn? */
static enum bl_err stays(
        struct bl_ctx *y, struct store_db *db, const struct work_account *a, const struct drawn *d, bool *ret)
{
    struct q_late_fact_after late;
    bool found = false;
    *ret = d->done && d->closed == (bl_period)a->row.closed_period;
    if (*ret)
        BL_TRY(q_late_fact_after(y, db, a->bucket, store_uuid(&a->uuid), d->k, &late, &found));
    *ret = *ret && !found;
    return BL_OK;
}

static enum bl_err draw(struct bl_ctx *y, const struct work_moves *m, struct store_db *db, store_acct acct,
        uint32_t version, struct drawn *d)
{
    struct work_account a;
    struct moved_list list = {0};
    bool same = false;
    int64_t k = 0;
    BL_TRY(work_account_get(y, m->w, db, store_account_hot(m->w->store, acct).uuid, &a));
    BL_TRY(place_of(y, m, db, &a, &k));
    BL_TRY(stays(y, db, &a, d, &same));
    if (!same) {
        BL_TRY(account_moves(y, m, db, &a, &list));
        d->at = bl_xrealloc(d->at, (list.n + 1) * sizeof *d->at);
        if (list.n > 0)
            memcpy(d->at, list.at, list.n * sizeof *d->at);
        d->n = list.n;
    }
    d->done = true;
    d->closed = (bl_period)a.row.closed_period;
    d->k = k;
    d->version = version;
    return BL_OK;
}

/* ---- many, by threads */

static void failed(struct work_moves *m, enum bl_err e, const char *why)
{
    pthread_mutex_lock(&m->lock);
    if (m->e == BL_OK) {
        m->e = e;
        memcpy(m->why, why, sizeof m->why);
    }
    pthread_mutex_unlock(&m->lock);
    atomic_store(&m->next, m->n_row);
}

static void *drawer(void *arg)
{
    struct work_moves *m = arg;
    struct store_db *db = store_reader_take(m->w->store);
    struct bl_ctx y;
    bool view = false;
    uint32_t at;
    bl_ctx_init(&y, work_now(m->w));
    while ((at = atomic_fetch_add(&m->next, 1)) < m->n_row) {
        bl_ctx_reset(&y, work_now(m->w));
        uint32_t version = store_account_hot(m->w->store, m->row[at]).version; /* before the view */
        enum bl_err e = work_hands_stopping(m->w)
                                ? bl_fail(&y, BL_UNAVAILABLE, "The server is stopping: nothing was loaded.")
                                : work_view_now(&y, db, &view);
        if (e == BL_OK)
            e = draw(&y, m, db, m->row[at], version, &m->drawn[m->row[at]]);
        if (e != BL_OK)
            failed(m, e, y.why);
    }
    if (view)
        store_read_end(db);
    bl_ctx_release(&y);
    store_reader_give(m->w->store, db);
    return NULL;
}

static enum bl_err draw_all(struct bl_ctx *x, struct work_moves *m, const store_acct *row, uint32_t n)
{
    pthread_t thread[THREADS_MAX];
    uint32_t want = work_threads(0), n_thread = 0;
    m->row = row;
    m->n_row = n;
    atomic_store(&m->next, 0);
    while (n_thread + 1 < want && n_thread < THREADS_MAX && n_thread * 64 < n &&
            pthread_create(&thread[n_thread], NULL, drawer, m) == 0)
        n_thread++;
    drawer(m);
    for (uint32_t i = 0; i < n_thread; i++)
        pthread_join(thread[i], NULL);
    return m->e == BL_OK ? BL_OK : bl_fail(x, m->e, "%s", m->why);
}

/* ---- who was written since: malloc'ed; the writer's alone knows that it stays so */

static store_acct *stale_of(struct work_moves *m, uint32_t *ret_n)
{
    store_acct count = store_account_count(m->w->store);
    uint32_t n = 0, cap = 0;
    store_acct *list = NULL;
    if (count > m->n) { /* made meanwhile */
        m->drawn = bl_xrealloc(m->drawn, ((size_t)count + 1) * sizeof *m->drawn);
        memset(m->drawn + m->n + 1, 0, ((size_t)count - m->n) * sizeof *m->drawn);
        m->n = count;
    }
    for (store_acct acct = 1; acct <= m->n; acct++) {
        const struct drawn *d = &m->drawn[acct];
        if (d->done && d->version == store_account_hot(m->w->store, acct).version)
            continue;
        if (n == cap)
            list = bl_xrealloc(list, (cap = cap ? 2 * cap : 256) * sizeof *list);
        list[n++] = acct;
    }
    *ret_n = n;
    return list;
}

struct work_moves *work_moves_begin(
        struct work *w, const struct bl_book *old, const struct bl_book *new, int64_t from_s)
{
    struct work_moves *m = calloc(1, sizeof *m);
    if (!m)
        abort();
    *m = (struct work_moves){.w = w, .old = old, .new = new, .from_s = from_s};
    m->drawn = calloc(1, sizeof *m->drawn);
    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void work_moves_end(struct work_moves *m)
{
    if (!m)
        return;
    for (store_acct acct = 1; acct <= m->n; acct++)
        free(m->drawn[acct].at);
    free(m->drawn);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

enum bl_err work_moves_draw(struct bl_ctx *x, struct work_moves *m)
{
    uint32_t n = 0;
    store_acct *list = stale_of(m, &n);
    enum bl_err e = draw_all(x, m, list, n);
    m->rounds++;
    free(list);
    return e;
}

enum bl_err work_moves_settle(struct bl_ctx *x, struct work_moves *m, bool *ret_settled)
{
    uint32_t n = 0;
    store_acct *list = stale_of(m, &n);
    struct store_db *db = store_writer(m->w->store);
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    bool here = n <= ON_WRITER_MAX || m->rounds >= ROUNDS_MAX;
    for (uint32_t i = 0; here && e == BL_OK && i < n; i++) {
        struct drawn *d = &m->drawn[list[i]];
        struct work_account a;
        bool same = false;
        bl_ctx_reset(&y, x->now_us);
        e = work_account_get(&y, m->w, db, store_account_hot(m->w->store, list[i]).uuid, &a);
        if (e == BL_OK)
            e = stays(&y, db, &a, d, &same);
        here = same || m->rounds >= ROUNDS_MAX; /* what must be drawn again is not drawn here */
        if (e == BL_OK && here)
            e = draw(&y, m, db, list[i], store_account_hot(m->w->store, list[i]).version, d);
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    free(list);
    *ret_settled = here;
    return e;
}

static int by_account(const void *l, const void *r, void *store)
{
    const struct work_moved *a = l, *b = r;
    if (a->acct != b->acct)
        return bl_uuid_cmp(store_account_hot(store, a->acct).uuid, store_account_hot(store, b->acct).uuid);
    return (a->period > b->period) - (a->period < b->period);
}

const struct work_moved *work_moves_list(struct bl_ctx *x, const struct work_moves *m, size_t *ret_n)
{
    size_t n = 0, at = 0;
    for (store_acct acct = 1; acct <= m->n; acct++)
        n += m->drawn[acct].n;
    struct work_moved *list = bl_alloc_array(&x->arena, n, sizeof *list);
    for (store_acct acct = 1; acct <= m->n; acct++)
        for (size_t i = 0; i < m->drawn[acct].n; i++)
            list[at++] = m->drawn[acct].at[i];
    if (n > 1)
        qsort_r(list, n, sizeof *list, by_account, m->w->store);
    *ret_n = n;
    return list;
}
