/* Sealing: facts of the tail become rows sorted by account, in steps that hold the writer for a few
 * milliseconds each.
 *
 *     tail:  batches 41..90          rows of run 7, hidden: readers take runs up to 6 and batches above 40
 *            step, step, step ...    one transaction each, accounts in the order of the tables' key
 *            last step               meta: sealed_batch 90, run 7 -- from here readers take the rows
 *
 * Which batches a run takes is written down before its first row. After a crash the same run is begun again
 * over the same batches and writes the same rows over those that are there. A tail is let go when no view
 * that began before the last step is left. Every few runs the small rows of an account and period are put
 * together, which changes nothing anyone can see and so needs no care.
 *
 * Where other processes write too, any of them may do the next step of a run: which batches it takes is
 * written down, the rows are the same whoever writes them, and the first to end it moves meta; the others
 * notice when their next transaction begins, and drop theirs. */
#include "store/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEAL_BYTES (64u << 20) /* begin when the tail is this large */
#define FETCH_AHEAD 6
#define DENSE_PART 64   /* or a 64th of that, with */
#define DENSE_FACTS 64  /* as many facts an account */
#define PART_FACTS 4096 /* usage facts in one row */
#define STEP_US 6000    /* of the processor a step takes about, */
#define STEP_WORK 60000 /* and this much work at most: a fact is 1, a row is ROW_WORK */
#define ROW_WORK 8
#define BEHIND_MAX 4  /* times its budget more when much has gathered meanwhile */
#define MERGE_EVERY 8 /* runs */
#define MERGE_ROWS 4  /* rows of one size that are worth putting together */

struct order {
    uint32_t bucket;
    bl_uuid uuid;
    store_acct acct;
};

static int by_key(const void *l, const void *r)
{
    const struct order *a = l, *b = r;
    if (a->bucket != b->bucket)
        return a->bucket < b->bucket ? -1 : 1;
    return bl_uuid_cmp(a->uuid, b->uuid);
}

void store_sealing_drop(struct store *s)
{
    if (!s->step_work) {
        s->seal_every = s->seal_bytes = SEAL_BYTES;
        s->seal_dense = SEAL_BYTES / DENSE_PART;
        s->step_work = STEP_WORK;
    }
    if (s->sealing.copy)
        tail_free(s->sealing.tail);
    free(s->sealing.acct);
    free(s->sealing.place);
    s->sealing = (struct sealing){0};
}

/* Lists the accounts that have facts in the tail. */
static void sealing_over(struct store *s, struct tail *t)
{
    struct sealing *g = &s->sealing;
    *g = (struct sealing){.tail = t};
    struct order *list = bl_xmalloc((t->n_head + 1) * sizeof *list);
    for (uint32_t acct = 1; acct < t->n_head; acct++)
        if (t->usage_head[acct] || t->life_head[acct]) {
            struct account *a = account_at(&s->accounts, acct);
            list[g->n++] = (struct order){a->bucket, a->uuid, acct};
        }
    qsort(list, g->n, sizeof *list, by_key);
    g->acct = bl_xmalloc((g->n + 1) * sizeof *g->acct);
    for (size_t i = 0; i < g->n; i++)
        g->acct[i] = list[i].acct;
    free(list);
}

enum bl_err store_sealing_resume(struct bl_ctx *x, struct store *s, int64_t sealing_to)
{
    struct tail *t = s->tails;
    while (t && tail_last_batch(t) != sealing_to)
        t = t->next;
    if (!t || t->n_chunk == 0)
        return bl_fail(x, BL_INTERNAL, "A batch is missing: the database is damaged, restore a backup.");
    if (t == s->tails) {
        struct tail *fresh = tail_new(sealing_to + 1);
        fresh->next = t;
        s->tails = fresh;
    }
    sealing_over(s, t);
    s->sealing.begun = true;
    return BL_OK;
}

/* ---- beginning */

static char *take_bytes(char **p)
{
    char *bytes = *p;
    *p = NULL;
    return bytes;
}

/* Moves the chunks from n on into a new tail in front. */
static enum bl_err split_tail(struct bl_ctx *x, struct store *s, struct tail *t, size_t n)
{
    struct tail *fresh = tail_new(t->first_batch + (int64_t)n);
    for (size_t i = n; i < t->n_chunk; i++) {
        struct tail_chunk *c = &t->chunk[i];
        uint32_t handle[LOG_FACTS_MAX];
        for (uint32_t k = 0; k < c->view.n_account; k++)
            handle[k] = accounts_find(&s->accounts, log_account(&c->view, k));
        enum bl_err e = tail_add(x, fresh, take_bytes(&c->body), c->view.bytes, take_bytes(&c->texts),
                c->texts_bytes, handle, NULL, c->max_us);
        assert(e == BL_OK); /* it was read before */
        (void)e;
    }
    size_t keep_bytes = t->bytes - fresh->bytes;
    uint64_t keep_usage = t->n_usage - fresh->n_usage, keep_life = t->n_life - fresh->n_life;
    pthread_rwlock_wrlock(&s->tails_lock);
    tail_back(t, (struct tail_mark){n, keep_usage, keep_life, keep_bytes});
    fresh->next = t;
    s->tails = fresh;
    pthread_rwlock_unlock(&s->tails_lock);
    return BL_OK;
}

/* Enough for a sealing: much altogether, or much for each account in it. */
static bool is_due(const struct store *s)
{
    const struct tail *t = s->tails;
    return t->bytes >= s->seal_bytes ||
           (t->bytes >= s->seal_dense && t->n_usage + t->n_life >= DENSE_FACTS * t->n_acct);
}

static enum bl_err begin_sealing(struct bl_ctx *x, struct store *s, int64_t now_us, bool all)
{
    struct tail *t = s->tails;
    bool anyway = t->bytes >= 4 * s->seal_every;
    if (!all && !is_due(s))
        return BL_OK;
    size_t n = 0;
    while (n < t->n_chunk && (anyway || t->chunk[n].max_us < now_us))
        n++;
    if (n == 0 || (!all && n < t->n_chunk / 2)) {
        /* the future holds facts back: not again before more has come */
        s->seal_bytes = t->bytes + s->seal_every / 8;
        s->seal_dense = t->bytes + s->seal_every / DENSE_PART;
        return BL_OK;
    }
    BL_TRY(split_tail(x, s, t, n));
    s->seal_bytes = s->seal_every;
    s->seal_dense = s->seal_every / DENSE_PART;
    sealing_over(s, t);
    return BL_OK;
}

/* ---- beginning, where other processes write too: inside the transaction, over a copy, so that the tails
 * that readers walk stay as they are */

static const struct tail_chunk *chunk_of(const struct store *s, int64_t batch)
{
    for (const struct tail *t = s->tails; t; t = t->next)
        if (batch >= t->first_batch && batch <= tail_last_batch(t))
            return &t->chunk[batch - t->first_batch];
    return NULL;
}

/* The last batch before the first one that holds something of the future. */
static int64_t past_end(const struct store *s, int64_t now_us)
{
    bool anyway = s->tails->bytes >= 4 * s->seal_every;
    int64_t to = atomic_load(&s->sealed_batch);
    for (const struct tail_chunk *c; (c = chunk_of(s, to + 1)) && (anyway || c->max_us < now_us);)
        to++;
    return to;
}

static enum bl_err begin_copy(struct bl_ctx *x, struct store *s, int64_t now_us)
{
    struct q_meta_get meta;
    bool found = false;
    BL_TRY(q_meta_get(x, s->writer, &meta, &found));
    if (!found)
        return bl_fail(x, BL_INTERNAL, "The database has lost its first row: restore a backup.");
    int64_t from = meta.sealed_batch + 1, to = meta.sealing_to ? meta.sealing_to : past_end(s, now_us);
    s->seal_bytes = s->seal_every;
    s->seal_dense = s->seal_every / DENSE_PART;
    if (to < from) { /* not again before more has come */
        s->seal_bytes = s->tails->bytes + s->seal_every / 8;
        s->seal_dense = s->tails->bytes + s->seal_every / DENSE_PART;
        return BL_OK;
    }
    struct tail *t = tail_new(from);
    enum bl_err e = BL_OK;
    for (int64_t batch = from; batch <= to && e == BL_OK; batch++) {
        const struct tail_chunk *c = chunk_of(s, batch);
        uint32_t handle[LOG_FACTS_MAX];
        if (!c) {
            e = bl_fail(x, BL_INTERNAL, "A batch is missing: the database is damaged, restore a backup.");
            break;
        }
        for (uint32_t k = 0; k < c->view.n_account; k++)
            handle[k] = accounts_find(&s->accounts, log_account(&c->view, k));
        e = tail_add(x, t, store_heap_copy((struct bl_str){c->body, c->view.bytes}), c->view.bytes,
                c->texts ? store_heap_copy((struct bl_str){c->texts, c->texts_bytes}) : NULL, c->texts_bytes,
                handle, NULL, c->max_us);
    }
    if (e != BL_OK) {
        tail_free(t);
        return e;
    }
    sealing_over(s, t);
    s->sealing.copy = true;
    s->sealing.begun = meta.sealing_to != 0;
    s->sealing.run = atomic_load(&s->run) + 1;
    return BL_OK;
}

/* ---- rows */

/* place[0..n): facts that are no usage. Their personal texts become one row. */
static enum bl_err seal_life(struct bl_ctx *x, struct store *s, struct tail *t, const struct account *a,
        const uint32_t *place, size_t n, int64_t run, int64_t part)
{
    struct bl_buf body = {0}, texts = {0};
    enum bl_err e = BL_OK;
    for (size_t i = 0; i < n && e == BL_OK; i++) {
        const struct log_view *v = tail_view(t, place[i]);
        struct bl_fact f;
        struct bl_fact_digests d;
        e = log_fact(x, v, place[i] % LOG_FACTS_MAX, &f, &d);
        if (e == BL_OK)
            e = texts_from_view(x, v, &f, &d);
        if (e != BL_OK)
            break;
        for (uint32_t rest = d.has; rest; rest &= rest - 1) {
            bl_buf_put(&texts, d.d[__builtin_ctz(rest)], 16);
            bl_put_str(&texts, f.field[__builtin_ctz(rest)]);
        }
        body.n = 0;
        bl_fact_pack(&body, &f);
        struct bl_str resource = f.has_resource ? store_uuid(&f.resource) : BL_STR("");
        e = q_life_put(x, s->writer, a->bucket, store_uuid(&a->uuid), f.time_us, (int64_t)f.seq, f.type, run,
                resource, bl_buf_view(&body));
    }
    if (e == BL_OK && texts.n)
        e = q_text_put(x, s->writer, a->bucket, store_uuid(&a->uuid), run, part, bl_buf_view(&texts));
    bl_buf_release(&body);
    bl_buf_release(&texts);
    return e;
}

struct run_row {
    int64_t seq_lo, seq_hi, min_us, max_us;
};

static enum bl_err put_run(struct bl_ctx *x, struct store *s, const struct account *a, bl_period p,
        int64_t run, int64_t part, const struct bl_fact *f, size_t n, const struct bl_usage_total *total,
        size_t n_total)
{
    struct run_row r = {INT64_MAX, 0, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < n; i++) {
        r.seq_lo = (int64_t)f[i].seq < r.seq_lo ? (int64_t)f[i].seq : r.seq_lo;
        r.seq_hi = (int64_t)f[i].seq > r.seq_hi ? (int64_t)f[i].seq : r.seq_hi;
        r.min_us = f[i].time_us < r.min_us ? f[i].time_us : r.min_us;
        r.max_us = f[i].time_us > r.max_us ? f[i].time_us : r.max_us;
    }
    struct bl_buf totals = {0}, facts = {0};
    bl_usage_pack_totals(&totals, total, n_total);
    bl_usage_pack_facts(&facts, f, n);
    enum bl_err e = q_run_put(x, s->writer, a->bucket, store_uuid(&a->uuid), p, run, part, r.seq_lo, r.seq_hi,
            r.min_us, r.max_us, (int64_t)n, bl_buf_view(&totals), bl_buf_view(&facts));
    bl_buf_release(&totals);
    bl_buf_release(&facts);
    return e;
}

/* f[0..n): usage facts of one period. */
static enum bl_err seal_period(struct bl_ctx *x, struct store *s, const struct account *a,
        const struct bl_fact *f, size_t n, int64_t run, int64_t part, size_t *work)
{
    struct bl_usage *u = bl_usage_new(x);
    struct bl_usage_total *total = NULL;
    size_t n_total = 0;
    for (size_t i = 0; i < n; i++)
        if (f[i].time_us >= a->billing_from_us)
            BL_TRY(bl_usage_add(x, u, &f[i]));
    bl_usage_list(x, u, &total, &n_total);
    *work += n + ROW_WORK;
    return put_run(x, s, a, bl_period_of(f[0].time_us), run, part, f, n, total, n_total);
}

/* place[0..n): usage facts. A row for each period among them; mostly it is one. */
static enum bl_err seal_usage(struct bl_ctx *x, struct store *s, struct tail *t, const struct account *a,
        const uint32_t *place, size_t n, int64_t run, int64_t part, size_t *work)
{
    struct bl_fact *f = bl_alloc_array(&x->arena, n, sizeof *f);
    int64_t start_us = 0, end_us = 0;
    bool mixed = false;
    for (size_t i = 0; i < n; i++) {
        struct bl_fact_digests d;
        if (i + 2 * FETCH_AHEAD < n)
            log_touch_index(
                    tail_view(t, place[i + 2 * FETCH_AHEAD]), place[i + 2 * FETCH_AHEAD] % LOG_FACTS_MAX);
        if (i + FETCH_AHEAD < n)
            log_touch_fact(tail_view(t, place[i + FETCH_AHEAD]), place[i + FETCH_AHEAD] % LOG_FACTS_MAX);
        BL_TRY(log_fact(x, tail_view(t, place[i]), place[i] % LOG_FACTS_MAX, &f[i], &d));
        BL_TRY(texts_from_view(x, tail_view(t, place[i]), &f[i], &d));
        if (i == 0) {
            start_us = bl_period_start_s(bl_period_of(f[0].time_us)) * BL_US;
            end_us = bl_period_start_s(bl_period_of(f[0].time_us) + 1) * BL_US;
        }
        mixed = mixed || f[i].time_us < start_us || f[i].time_us >= end_us;
    }
    if (!mixed)
        return seal_period(x, s, a, f, n, run, part, work);
    struct bl_fact *of_one = bl_alloc_array(&x->arena, n, sizeof *of_one);
    while (n > 0) {
        bl_period p = bl_period_of(f[0].time_us);
        size_t here = 0, left = 0;
        for (size_t i = 0; i < n; i++)
            if (bl_period_of(f[i].time_us) == p)
                of_one[here++] = f[i];
            else
                f[left++] = f[i];
        BL_TRY(seal_period(x, s, a, of_one, here, run, part, work));
        n = left;
    }
    return BL_OK;
}

/* Newest first becomes oldest first. */
static void list_places(struct sealing *g, store_acct acct)
{
    struct tail *t = g->tail;
    size_t life = 0, usage = 0;
    for (uint32_t node = tail_life_first(t, acct); node; node = t->life[node - 1].next)
        life++;
    for (uint32_t node = tail_usage_first(t, acct); node; node = t->usage[node - 1].next)
        usage++;
    g->place = bl_xrealloc(g->place, (life + usage + 1) * sizeof *g->place);
    g->n_life = life;
    g->n_place = life + usage;
    g->at_place = 0;
    for (uint32_t node = tail_life_first(t, acct); node; node = t->life[node - 1].next)
        g->place[--life] = t->life[node - 1].at;
    for (uint32_t node = tail_usage_first(t, acct); node; node = t->usage[node - 1].next)
        g->place[g->n_life + --usage] = t->usage[node - 1].at;
}

/* ---- putting small rows together */

static int size_class(int64_t n)
{
    int c = 0;
    for (; n >= 64; n /= 8)
        c++;
    return c;
}

static enum bl_err keep_facts(void *arg, const struct q_run_facts *row)
{
    bl_buf_str(arg, row->facts);
    return BL_OK;
}

struct totals_of {
    struct bl_ctx *x;
    struct bl_usage *usage;
    const struct q_run_sizes *row;
    size_t n;
};

static enum bl_err merge_totals(void *arg, const struct q_run_totals *row)
{
    struct totals_of *m = arg;
    for (size_t i = 0; i < m->n; i++) {
        if (m->row[i].run != row->run || m->row[i].part != row->part)
            continue;
        struct bl_usage_total *t = NULL;
        size_t n = 0;
        BL_TRY(bl_usage_unpack_totals(m->x, bl_str_dup(&m->x->arena, row->totals), &t, &n));
        for (size_t k = 0; k < n; k++)
            BL_TRY(bl_usage_merge(m->x, m->usage, &t[k]));
    }
    return BL_OK;
}

static int by_seq(const void *l, const void *r)
{
    uint64_t a = ((const struct bl_fact *)l)->seq, b = ((const struct bl_fact *)r)->seq;
    return (a > b) - (a < b);
}

/* row[0..n): they become one, under the key of the last. */
static enum bl_err merge_rows(struct bl_ctx *x, struct store *s, const struct account *a, bl_period p,
        const struct q_run_sizes *row, size_t n)
{
    struct bl_str uuid = store_uuid(&a->uuid);
    struct totals_of m = {.x = x, .usage = bl_usage_new(x), .row = row, .n = n};
    BL_TRY(q_run_totals(x, s->writer, a->bucket, uuid, p, p, row[n - 1].run, merge_totals, &m));
    struct bl_fact *all = NULL;
    size_t n_all = 0;
    for (size_t i = 0; i < n; i++) {
        struct bl_buf bytes = {0};
        enum bl_err e =
                q_run_facts(x, s->writer, a->bucket, uuid, p, row[i].run, row[i].part, keep_facts, &bytes);
        struct bl_str held = bl_str_dup(&x->arena, bl_buf_view(&bytes));
        bl_buf_release(&bytes);
        BL_TRY(e);
        struct bl_fact *f = NULL;
        size_t n_f = 0;
        BL_TRY(bl_usage_unpack_facts(x, held, a->uuid, &f, &n_f));
        struct bl_fact *more = bl_alloc_array(&x->arena, n_all + n_f, sizeof *more);
        if (n_all)
            memcpy(more, all, n_all * sizeof *more);
        memcpy(more + n_all, f, n_f * sizeof *more);
        all = more;
        n_all += n_f;
        BL_TRY(q_run_drop(x, s->writer, a->bucket, uuid, p, row[i].run, row[i].part));
    }
    qsort(all, n_all, sizeof *all, by_seq);
    struct bl_usage_total *total = NULL;
    size_t n_total = 0;
    bl_usage_list(x, m.usage, &total, &n_total);
    return put_run(x, s, a, p, row[n - 1].run, row[n - 1].part, all, n_all, total, n_total);
}

/* Rows of published runs only. At most one row is made a call, of at most PART_FACTS facts. */
static enum bl_err merge_small(struct bl_ctx *x, struct store *s, store_acct acct, bl_period p, size_t *work)
{
    struct account *a = account_at(&s->accounts, acct);
    struct q_run_sizes *row = NULL, *group = NULL;
    size_t n = 0;
    BL_TRY(q_run_sizes(x, s->writer, a->bucket, store_uuid(&a->uuid), p, atomic_load(&s->run), &row, &n));
    *work += ROW_WORK;
    if (n < MERGE_ROWS)
        return BL_OK;
    group = bl_alloc_array(&x->arena, n, sizeof *group);
    for (int class = 0; class <= size_class(PART_FACTS / 2); class ++) {
        size_t n_group = 0;
        int64_t facts = 0;
        for (size_t i = 0; i < n; i++)
            if (size_class(row[i].n) == class && facts + row[i].n <= PART_FACTS) {
                group[n_group++] = row[i];
                facts += row[i].n;
            }
        if (n_group < MERGE_ROWS)
            continue;
        *work += (size_t)facts * 2 + ROW_WORK * (n_group + 1);
        return merge_rows(x, s, a, p, group, n_group);
    }
    return BL_OK;
}

/* ---- steps */

/* The next part of the account in hand. */
static enum bl_err seal_part(struct bl_ctx *x, struct store *s, int64_t run, size_t *work)
{
    struct sealing *g = &s->sealing;
    store_acct acct = g->acct[g->at];
    const struct account *a = account_at(&s->accounts, acct);
    const uint32_t *place = g->place + g->at_place;
    if (g->at_place < g->n_life) {
        size_t n = g->n_life - g->at_place, part = g->at_place / SEAL_LIFE_PART;
        n = n < SEAL_LIFE_PART ? n : SEAL_LIFE_PART;
        g->at_place += n;
        *work += n * ROW_WORK;
        return seal_life(x, s, g->tail, a, place, n, run, (int64_t)part);
    }
    size_t n = g->n_place - g->at_place, part = (g->at_place - g->n_life) / PART_FACTS;
    n = n < PART_FACTS ? n : PART_FACTS;
    g->at_place += n;
    BL_TRY(seal_usage(x, s, g->tail, a, place, n, run, (int64_t)part, work));
    if (part > 0 || run % MERGE_EVERY != 0)
        return BL_OK;
    struct log_head h;
    BL_TRY(log_head(x, tail_view(g->tail, place[0]), place[0] % LOG_FACTS_MAX, &h));
    return merge_small(x, s, acct, bl_period_of(h.time_us), work);
}

static int64_t cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * BL_US + t.tv_nsec / 1000;
}

static enum bl_err seal_some(struct bl_ctx *x, struct store *s, int64_t run)
{
    struct sealing *g = &s->sealing;
    /* What comes in meanwhile must not gather faster than it is sealed. */
    int64_t behind = (int64_t)(s->tails->bytes / (s->seal_every / 4 + 1)), start_us = cpu_us();
    int64_t budget_us = STEP_US * (1 + (behind < BEHIND_MAX ? behind : BEHIND_MAX));
    size_t work = 0;
    while (g->at < g->n && work < s->step_work && cpu_us() - start_us < budget_us) {
        if (!g->listed) {
            list_places(g, g->acct[g->at]);
            g->listed = true;
        }
        bl_ctx_reset(&s->own, x->now_us);
        if (g->at_place < g->n_place)
            BL_TRY(seal_part(&s->own, s, run, &work));
        if (g->at_place == g->n_place) {
            g->at++;
            g->listed = false;
        }
    }
    return BL_OK;
}

static void ended(struct store *s, int64_t to, int64_t max_us, int64_t run)
{
    struct sealing *g = &s->sealing;
    if (g->copy) {
        store_sealed_moved(s, to, max_us, run);
        return;
    }
    pthread_rwlock_wrlock(&s->tails_lock);
    g->tail->last_run = run;
    pthread_rwlock_unlock(&s->tails_lock);
    pthread_mutex_lock(&s->views_lock); /* a view that begins now sees the rows */
    atomic_store(&s->run, run);
    atomic_store(&s->sealed_batch, to);
    pthread_mutex_unlock(&s->views_lock);
}

/* In the transaction, where memory knows what all have written. */
static enum bl_err look_again(struct bl_ctx *x, struct store *s, int64_t now_us)
{
    struct sealing *g = &s->sealing;
    if (g->tail && (!g->begun || g->run != atomic_load(&s->run) + 1))
        store_sealing_drop(s);
    return g->tail ? BL_OK : begin_copy(x, s, now_us);
}

static enum bl_err step(struct bl_ctx *x, struct store *s, int64_t now_us)
{
    struct sealing *g = &s->sealing;
    BL_TRY(store_write_begin(x, s));
    enum bl_err e = s->shared ? look_again(x, s, now_us) : BL_OK;
    if (e != BL_OK || !g->tail) {
        store_write_abort(s);
        return e;
    }
    int64_t run = atomic_load(&s->run) + 1, to = tail_last_batch(g->tail);
    size_t was_at = g->at;
    int64_t max_us = atomic_load(&s->sealed_max_us);
    for (size_t i = 0; i < g->tail->n_chunk; i++)
        max_us = g->tail->chunk[i].max_us > max_us ? g->tail->chunk[i].max_us : max_us;
    atomic_store(&s->sealed_max_us, max_us); /* before any view can see the rows */
    e = g->begun ? BL_OK : q_meta_sealing_set(x, s->writer, to);
    if (e == BL_OK && (e = seal_some(x, s, run)) != BL_OK)
        bl_fail(x, e, "%s", s->own.why);
    bool last = g->at == g->n;
    if (e == BL_OK && last)
        e = q_meta_sealed_set(x, s->writer, to, max_us, run);
    if (e == BL_OK && last)
        e = q_batch_text_drop(x, s->writer, 0, to);
    if (e == BL_OK)
        e = store_write_end(x, s);
    else
        store_write_abort(s);
    if (e != BL_OK) { /* the next step writes this account's rows again */
        g->at = was_at;
        g->listed = false;
        return e;
    }
    g->begun = true;
    if (!last)
        return BL_OK;
    ended(s, to, max_us, run);
    store_sealing_drop(s);
    store_views_trim(s);
    return BL_OK;
}

bool store_seal_due(struct store *s)
{
    return s->sealing.tail || is_due(s);
}

enum bl_err store_seal(struct bl_ctx *x, struct store *s, int64_t now_us, bool all)
{
    assert(!s->txn.open);
    if (s->read_only)
        return BL_OK;
    store_views_trim(s);
    int64_t sealed;
    bool more;
    do {
        sealed = atomic_load(&s->sealed_batch);
        if (!s->sealing.tail && !s->shared)
            BL_TRY(begin_sealing(x, s, now_us, all));
        if (s->sealing.tail || (s->shared && (all || is_due(s))))
            BL_TRY(step(x, s, now_us));
        /* a run that another process had begun may have ended before all was in it */
        more = s->sealing.tail || (s->shared && atomic_load(&s->sealed_batch) != sealed);
    } while (all && more);
    return BL_OK;
}
