/* The process: its store, its clock, its transactions.
 *
 * The clock never goes back: the highest now is stored with every writing transaction that moves it by a
 * second or more, and a clock that falls behind is held there. A database is born real or test at its first
 * write. */
#include "work/inner.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_us(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * BL_US + t.tv_nsec / 1000;
}

int64_t work_mono_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

static const char *kind_name(const struct work *w)
{
    return w->clock == WORK_CLOCK_REAL ? "real" : "test";
}

static enum bl_err check_kind(struct bl_ctx *x, const struct work *w, struct bl_str kind)
{
    if (kind.n == 0 || bl_str_is(kind, kind_name(w)))
        return BL_OK;
    if (w->clock == WORK_CLOCK_REAL)
        return bl_fail(x, BL_CONFLICT, "This is a test database: give --now TIME.");
    return bl_fail(x, BL_CONFLICT, "This is a real database: --now is for test databases only.");
}

/* What other processes wrote and this one holds: the clock, the current book, tokens. */
static enum bl_err work_follow(void *arg, struct bl_ctx *x, struct store_db *db)
{
    struct work *w = arg;
    struct q_clock_get meta = {0};
    bool found = false;
    BL_TRY(q_clock_get(x, db, &meta, &found));
    if (!found)
        return BL_OK;
    BL_TRY(check_kind(x, w, meta.kind));
    w->born = meta.kind.n > 0;
    w->stored_us = meta.clock_us;
    long long high = atomic_load(&w->high_us);
    while (w->clock != WORK_CLOCK_REAL && meta.clock_us > high)
        if (atomic_compare_exchange_weak(&w->high_us, &high, meta.clock_us))
            break;
    work_token_cache_drop(w);
    return work_book_follow(x, w, db, meta.book_id);
}

enum bl_err work_fresh(struct bl_ctx *x, struct work *w, struct store_db *db)
{
    if (!store_is_shared(w->store))
        return BL_OK;
    BL_TRY(store_fresh(x, db));
    x->now_us = work_now(w);
    return BL_OK;
}

enum bl_err work_open(struct bl_ctx *x, const struct work_options *o, struct work **ret)
{
    struct work *w = bl_xmalloc(sizeof *w);
    *w = (struct work){.clock = o->clock, .process = work_uuid_random()};
    struct store_options so = {
            .path = o->path, .create = o->create, .read_only = o->read_only, .identities = o->identities};
    enum bl_err e = store_open(x, &so, &w->store);
    if (e != BL_OK) {
        free(w);
        return e;
    }
    pthread_mutex_init(&w->book_lock, NULL);
    pthread_mutex_init(&w->queue_lock, NULL);
    pthread_cond_init(&w->queue_wake, NULL);
    w->queue_last = &w->queue_first;
    work_cache_open(w);
    work_token_cache_open(w);
    work_leases_open(w);

    struct q_clock_get meta = {0};
    bool found = false;
    e = q_clock_get(x, store_writer(w->store), &meta, &found);
    if (e == BL_OK && found) {
        w->stored_us = meta.clock_us;
        w->born = meta.kind.n > 0;
        /* A reading command on a test database takes the clock it finds there; so does every process where
         * others may work on it. */
        if ((o->read_only || store_is_shared(w->store)) && o->clock == WORK_CLOCK_REAL &&
                bl_str_is(meta.kind, "test")) {
            w->clock = WORK_CLOCK_STANDS;
            atomic_store(&w->high_us, meta.clock_us);
        }
        e = check_kind(x, w, meta.kind);
    }
    if (e == BL_OK) {
        int64_t start = o->clock == WORK_CLOCK_REAL ? clock_us(CLOCK_REALTIME) : o->now_us;
        if (w->clock == WORK_CLOCK_STANDS && o->clock == WORK_CLOCK_REAL)
            start = w->stored_us;
        if (start < w->stored_us)
            start = w->stored_us;
        atomic_store(&w->high_us, start);
        w->run_base_us = start;
        w->run_mono_us = clock_us(CLOCK_MONOTONIC);
        x->now_us = start;
        e = work_books_open(x, w, meta.book_id);
        if (e == BL_OK)
            e = work_own_open(x, w);
    }
    if (e != BL_OK) {
        work_close(w);
        return e;
    }
    store_on_follow(w->store, work_follow, w);
    *ret = w;
    return BL_OK;
}

void work_close(struct work *w)
{
    work_writer_stop(w);
    work_close_forget(w);
    work_cache_close(w);
    work_token_cache_close(w);
    work_leases_close(w);
    work_books_close(w);
    free(w->worn.flag);
    store_close(w->store);
    pthread_mutex_destroy(&w->book_lock);
    pthread_mutex_destroy(&w->queue_lock);
    pthread_cond_destroy(&w->queue_wake);
    free(w);
}

struct store *work_store(struct work *w)
{
    return w->store;
}

bool work_is_test(struct work *w)
{
    return w->clock != WORK_CLOCK_REAL;
}

int64_t work_now(struct work *w)
{
    long long high = atomic_load(&w->high_us);
    long long now = high;
    if (w->clock == WORK_CLOCK_REAL)
        now = clock_us(CLOCK_REALTIME);
    else if (w->clock == WORK_CLOCK_RUNS)
        now = w->run_base_us + (clock_us(CLOCK_MONOTONIC) - w->run_mono_us);
    while (now > high)
        if (atomic_compare_exchange_weak(&w->high_us, &high, now))
            return now;
    return high;
}

enum bl_err work_clock_move(struct bl_ctx *x, struct work *w, int64_t now_us)
{
    if (w->clock == WORK_CLOCK_REAL)
        return bl_fail(x, BL_CONFLICT, "This is a real database: --now is for test databases only.");
    long long high = atomic_load(&w->high_us);
    while (now_us > high)
        if (atomic_compare_exchange_weak(&w->high_us, &high, now_us))
            break;
    x->now_us = work_now(w);
    return BL_OK;
}

enum bl_err work_begin(struct bl_ctx *x, struct work *w)
{
    BL_TRY(store_write_begin(x, w->store));
    int64_t high = atomic_load(&w->high_us);
    bool moved = w->clock == WORK_CLOCK_REAL ? high >= w->stored_us + BL_US : high > w->stored_us;
    w->writing_us = w->stored_us;
    if (w->born && !moved)
        return BL_OK;
    w->writing_us = high;
    enum bl_err e = q_clock_set(x, store_writer(w->store), bl_str_of(kind_name(w)), high);
    if (e != BL_OK) {
        store_write_abort(w->store);
        return e;
    }
    return BL_OK;
}

enum bl_err work_end(struct bl_ctx *x, struct work *w, enum bl_err so_far)
{
    if (so_far != BL_OK) {
        store_write_abort(w->store);
        return so_far;
    }
    BL_TRY(store_write_end(x, w->store));
    w->born = true;
    w->away_us = 0;
    w->stored_us = w->writing_us;
    return BL_OK;
}

bool work_again(struct work *w, struct work_again *again)
{
    int64_t now = work_mono_us();
    int64_t wait = (again->limit_us >> 8) << again->tries; /* together the limit, after eight */
    if (!store_is_shared(w->store) || again->tries++ == 8)
        return false;
    if (!w->away_us || now - w->away_asked_us > again->limit_us)
        w->away_us = now;
    w->away_asked_us = now;
    if (now + wait - w->away_us > again->limit_us)
        return false;
    usleep((useconds_t)(wait / 2 + now % (wait / 2 + 1)));
    return true;
}

enum bl_err work_stamp(struct bl_ctx *x, struct work *w, bool birth)
{
    if (!w->born && !birth)
        return BL_OK;
    x->now_us = work_now(w);
    if (w->born && x->now_us <= w->stored_us)
        return BL_OK;
    BL_TRY(work_begin(x, w));
    return work_end(x, w, BL_OK);
}
