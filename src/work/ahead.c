/* Turns of a close, drawn ahead of the writer: a ring of slots over the row of accounts.
 *
 *     row   . . . . . . . . . . . . . . .
 *               |         |
 *               passed    next            passed <= taken by the writer < next <= passed + SLOTS
 *
 * Threads draw at `next` and leave what they drew in its slot; the writer takes at `passed`. A turn holds
 * only while nothing was published for its account since before it was drawn; one that went stale is drawn
 * again. Slots and bytes are bounded: who draws waits for the writer. */
#include "work/inner.h"

#include <stdlib.h>
#include <time.h>

#define SLOTS 128
#define WORTH_WAKING (SLOTS / 4)    /* so much room, before one who waits for it is woken */
#define HELD_MAX ((size_t)64 << 20) /* bytes of what is drawn and not written; one turn may be larger */
#define STALE_MAX 3 /* then the writer draws it itself, for between two of its transactions nothing comes */

enum slot_state { EMPTY, AGAIN, DRAWING, DRAWN };
struct slot {
    enum slot_state state;
    int stale;
    size_t bytes;
    uint32_t version; /* of the account, looked at before drawing */
    struct work_ahead_turn turn;
};
struct work_ahead {
    struct work *w;
    const struct bl_book *book;
    bl_period target;
    const store_acct *row;
    uint32_t n;
    pthread_mutex_t lock;
    pthread_cond_t room, drawn; /* for those who draw; for the writer */
    uint32_t next, passed;
    bool ends, writer_waits, heavy; /* heavy: one who draws waits for bytes */
    size_t held;
    struct slot slot[SLOTS];
    uint32_t n_thread;
    pthread_t thread[WORK_JOBS_MAX];
};

/* What is to be drawn next; waits for room, without a view. False: it is over. */
static bool next_turn(struct work_ahead *h, struct store_db *db, bool *view, uint32_t *ret)
{
    pthread_mutex_lock(&h->lock);
    for (;;) {
        struct slot *first = &h->slot[h->passed % SLOTS];
        if (h->ends)
            break;
        if (first->state == AGAIN) {
            *ret = h->passed;
            break;
        }
        bool room = h->next < h->n && h->next - h->passed < SLOTS;
        if (room && (h->held < HELD_MAX || h->next == h->passed)) {
            *ret = h->next++;
            break;
        }
        h->heavy = h->heavy || room;
        if (*view)
            store_read_end(db);
        *view = false;
        pthread_cond_wait(&h->room, &h->lock);
    }
    if (h->ends && *view)
        store_read_end(db);
    bool go = !h->ends;
    if (go)
        h->slot[*ret % SLOTS].state = DRAWING;
    pthread_mutex_unlock(&h->lock);
    return go;
}

enum bl_err work_view_now(struct bl_ctx *x, struct store_db *db, bool *open)
{
    if (*open && store_view_newest(db))
        return BL_OK;
    if (*open)
        store_read_end(db);
    enum bl_err e = store_read_begin(x, db);
    *open = e == BL_OK;
    return e;
}

static void draw(struct work_ahead *h, struct store_db *db, bool *view, uint32_t at)
{
    struct slot *s = &h->slot[at % SLOTS];
    struct work_ahead_turn *t = &s->turn;
    struct store_account_hot hot = store_account_hot(h->w->store, h->row[at]);
    bl_ctx_reset(&t->x, work_now(h->w));
    s->version = hot.version;
    t->e = hot.closed < h->target ? work_view_now(&t->x, db, view) : BL_OK;
    if (t->e == BL_OK && hot.closed < h->target)
        t->e = work_turn_draw(&t->x, h->w, db, h->row[at], h->book, h->target, &t->drawn);
    pthread_mutex_lock(&h->lock);
    s->state = DRAWN;
    s->bytes = t->x.arena.used;
    h->held += s->bytes;
    if (at == h->passed && h->writer_waits)
        pthread_cond_signal(&h->drawn);
    pthread_mutex_unlock(&h->lock);
}

static void *drawer(void *arg)
{
    struct work_ahead *h = arg;
    struct store_db *db = store_reader_take(h->w->store);
    bool view = false;
    for (uint32_t at = 0; next_turn(h, db, &view, &at);)
        draw(h, db, &view, at);
    store_reader_give(h->w->store, db);
    return NULL;
}

struct work_ahead *work_ahead_begin(struct work *w, const struct bl_book *book, bl_period target,
        const store_acct *row, uint32_t n, uint32_t threads)
{
    struct work_ahead *h = calloc(1, sizeof *h);
    if (!h)
        abort();
    h->w = w;
    h->book = book;
    h->target = target;
    h->row = row;
    h->n = n;
    for (uint32_t i = 0; i < SLOTS; i++)
        bl_ctx_init(&h->slot[i].turn.x, 0);
    pthread_condattr_t mono;
    pthread_condattr_init(&mono);
    pthread_condattr_setclock(&mono, CLOCK_MONOTONIC);
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->room, NULL);
    pthread_cond_init(&h->drawn, &mono);
    pthread_condattr_destroy(&mono);
    while (h->n_thread < threads && h->n_thread < WORK_JOBS_MAX &&
            pthread_create(&h->thread[h->n_thread], NULL, drawer, h) == 0)
        h->n_thread++;
    return h;
}

void work_ahead_end(struct work_ahead *h)
{
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->ends = true;
    pthread_cond_broadcast(&h->room);
    pthread_mutex_unlock(&h->lock);
    for (uint32_t i = 0; i < h->n_thread; i++)
        pthread_join(h->thread[i], NULL);
    for (uint32_t i = 0; i < SLOTS; i++)
        bl_ctx_release(&h->slot[i].turn.x);
    pthread_cond_destroy(&h->drawn);
    pthread_cond_destroy(&h->room);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

static void let_go(struct work_ahead *h, struct slot *s, enum slot_state state)
{
    h->held -= s->bytes;
    s->bytes = 0;
    s->state = state;
}

enum work_ahead_state work_ahead_take(
        struct work_ahead *h, uint32_t at, int64_t until_us, struct work_ahead_turn **ret)
{
    struct slot *s = &h->slot[at % SLOTS];
    struct timespec until = {until_us / BL_US, until_us % BL_US * 1000};
    enum work_ahead_state state = WORK_AHEAD_WAIT;
    if (h->n_thread == 0)
        return WORK_AHEAD_HERE;
    pthread_mutex_lock(&h->lock);
    for (int late = 0; state == WORK_AHEAD_WAIT;) {
        if (s->state == DRAWN) {
            if (s->version == store_account_hot(h->w->store, h->row[at]).version)
                state = WORK_AHEAD_DRAWN;
            else if (++s->stale == STALE_MAX)
                state = WORK_AHEAD_HERE;
            else
                let_go(h, s, AGAIN);
            if (s->state == AGAIN)
                pthread_cond_signal(&h->room);
        } else if (late) {
            break;
        } else {
            h->writer_waits = true;
            late = pthread_cond_timedwait(&h->drawn, &h->lock, &until);
            h->writer_waits = false;
        }
    }
    pthread_mutex_unlock(&h->lock);
    *ret = &s->turn;
    return state;
}

void work_ahead_pass(struct work_ahead *h, uint32_t at)
{
    struct slot *s = &h->slot[at % SLOTS];
    bl_ctx_reset(&s->turn.x, 0);
    pthread_mutex_lock(&h->lock);
    let_go(h, s, EMPTY);
    s->stale = 0;
    h->passed = at + 1;
    if (h->heavy && (h->held < HELD_MAX || h->next == h->passed)) {
        h->heavy = false;
        pthread_cond_broadcast(&h->room);
    }
    if (SLOTS - (h->next - h->passed) >= WORTH_WAKING)
        pthread_cond_signal(&h->room);
    pthread_mutex_unlock(&h->lock);
}
