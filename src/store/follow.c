/* What other processes wrote, taken into memory. Each writing transaction leaves a row behind that says which
 * accounts it touched and what memory keeps of them, and which places of the log it gave; facts come from the
 * log itself.
 *
 *     known 41   db at 44      rows 42, 43, 44   -> accounts, places
 *                              batches after ours -> tail, identities, waiting retractions
 *                              meta               -> what is sealed by now
 *
 * It runs under the memory lock, in a transaction or view, so all of it is of one instant. Nothing of it is
 * undone: a part that was taken is taken, and taking it again changes nothing. */
#include "store/inner.h"

#include <string.h>

struct following {
    struct store *s;
    struct store_db *db;
    struct bl_ctx own; /* a row's memory */
    uint32_t handle[LOG_FACTS_MAX];
};

/* ---- what a transaction says of itself */

void store_change_pack(struct bl_buf *b, struct store *s)
{
    struct txn *t = &s->txn;
    bl_put_uv(b, t->all);
    bl_put_uv(b, t->n_touched);
    for (size_t i = 0; i < t->n_touched; i++) {
        const struct account *a = account_at(&s->accounts, t->touched[i]);
        bl_buf_put(b, a->uuid.b, sizeof a->uuid.b);
        bl_put_sv(b, a->closed_next);
        bl_put_sv(b, a->billing_from_us);
    }
    bl_put_uv(b, t->n_seq);
    for (size_t i = 0; i < t->n_seq; i++) {
        bl_put_uv(b, t->seq[i].bucket);
        bl_put_uv(b, s->seq[t->seq[i].bucket]);
    }
}

static void take_account(struct store *s, bl_uuid uuid, bl_period closed, int64_t billing_from_us)
{
    store_acct acct = accounts_find(&s->accounts, uuid);
    if (!acct) {
        accounts_add_row(&s->accounts, uuid, store_bucket_of(s, uuid), billing_from_us, closed);
        return;
    }
    struct account *a = account_at(&s->accounts, acct);
    a->closed_next = closed;
    atomic_store(&a->closed, closed);
    atomic_fetch_add(&a->version, 1);
}

static enum bl_err bad_change(struct bl_ctx *x)
{
    return bl_fail(x, BL_INTERNAL, "A record of a transaction cannot be read: the database is damaged.");
}

static enum bl_err one_change(void *arg, struct bl_str change)
{
    struct following *f = arg;
    struct store *s = f->s;
    struct bl_rd r = bl_rd_of(change);
    if (bl_get_uv(&r))
        atomic_fetch_add(&s->accounts.all_version, 1);
    for (uint64_t n = bl_get_uv(&r); n > 0 && !r.bad; n--) {
        bl_uuid uuid = {0};
        const uint8_t *bytes = bl_get_bytes(&r, sizeof uuid.b);
        int64_t closed = bl_get_sv(&r), billing_from_us = bl_get_sv(&r);
        if (r.bad)
            return bad_change(&f->own);
        memcpy(uuid.b, bytes, sizeof uuid.b);
        take_account(s, uuid, (bl_period)closed, billing_from_us);
    }
    for (uint64_t n = bl_get_uv(&r); n > 0 && !r.bad; n--) {
        uint64_t bucket = bl_get_uv(&r), seq = bl_get_uv(&r);
        if (r.bad || bucket >= s->buckets)
            return bad_change(&f->own);
        s->seq[bucket] = seq;
    }
    return r.bad || r.p != r.end ? bad_change(&f->own) : BL_OK;
}

/* ---- when the rows that say so are gone: all accounts and places again */

static enum bl_err every_account(void *arg, const struct q_bucket_accounts *row)
{
    struct following *f = arg;
    bl_uuid uuid;
    if (row->account.n != sizeof uuid.b)
        return bad_change(&f->own);
    memcpy(uuid.b, row->account.p, sizeof uuid.b);
    take_account(f->s, uuid, (bl_period)row->closed_period, row->billing_from_us);
    return BL_OK;
}

static enum bl_err every_bucket(void *arg, const struct q_bucket_all *row)
{
    struct following *f = arg;
    if (row->bucket < 0 || row->bucket >= f->s->buckets)
        return bad_change(&f->own);
    f->s->seq[row->bucket] = (uint64_t)row->seq;
    return BL_OK;
}

static enum bl_err take_everything(struct following *f)
{
    BL_TRY(q_bucket_all(&f->own, f->db, every_bucket, f));
    return q_bucket_accounts(&f->own, f->db, every_account, f);
}

/* ---- facts */

static enum bl_err one_retraction(void *arg, const struct q_retraction_list *row)
{
    struct following *f = arg;
    bl_uuid uuid;
    memcpy(uuid.b, row->account.p, sizeof uuid.b);
    store_acct acct = accounts_find(&f->s->accounts, uuid);
    if (row->target_seq > 0)
        atomic_store(&account_at(&f->s->accounts, acct)->retracted, true);
    else
        pending_add(&f->s->pending, ident_fp(&f->s->ident, uuid, row->target_source, row->target_id));
    return BL_OK;
}

/* A retraction that came, or what one was waiting for: its account's are read again. */
static enum bl_err take_fact(
        struct following *f, const struct log_view *v, uint32_t i, uint64_t fp, store_acct acct)
{
    struct log_head h;
    BL_TRY(log_head(&f->own, v, i, &h));
    if (h.type != BL_FACT_RETRACT && !pending_has(&f->s->pending, fp))
        return BL_OK;
    const struct account *a = account_at(&f->s->accounts, acct);
    return q_retraction_list(&f->own, f->db, a->bucket, store_uuid(&a->uuid), one_retraction, f);
}

static enum bl_err take_batch(struct following *f, const struct q_batch_after *row)
{
    struct store *s = f->s;
    struct log_view v;
    uint64_t fp[LOG_FACTS_MAX + 1];
    if (row->batch != atomic_load(&s->batch) + 1 || row->n < 0 || row->n > LOG_FACTS_MAX ||
            row->keys.n != 8u * ((size_t)row->n + 1))
        return bad_change(&f->own);
    BL_TRY(log_open(&f->own, row->body, &v));
    memcpy(fp, row->keys.p, row->keys.n);
    for (uint32_t i = 0; i < v.n_account; i++)
        if (!(f->handle[i] = accounts_find(&s->accounts, log_account(&v, i))))
            return bad_change(&f->own);
    for (uint32_t i = 0; i < v.n; i++) {
        struct log_head h;
        BL_TRY(log_head(&f->own, &v, i, &h));
        BL_TRY(take_fact(f, &v, i, fp[i], f->handle[h.account]));
    }
    struct q_batch_text_get text = {0};
    bool found = false;
    BL_TRY(q_batch_text_get(&f->own, f->db, 0, row->batch, &text, &found));
    pthread_rwlock_wrlock(&s->tails_lock);
    enum bl_err e = tail_add(&f->own, s->tails, store_heap_copy(row->body), row->body.n,
            found ? store_heap_copy(text.body) : NULL, found ? text.body.n : 0, f->handle, NULL, row->max_us);
    pthread_rwlock_unlock(&s->tails_lock);
    BL_TRY(e);
    for (uint32_t i = 0; i < v.n && s->ident_known; i++)
        ident_add(&s->ident, fp[i], place_of(row->batch, i));
    atomic_fetch_add(&s->facts, v.n);
    atomic_store(&s->batch, row->batch);
    return BL_OK;
}

static enum bl_err one_batch(void *arg, const struct q_batch_after *row)
{
    struct following *f = arg;
    BL_TRY(take_batch(f, row));
    bl_ctx_reset(&f->own, f->own.now_us);
    return BL_OK;
}

/* ---- the whole */

/* Batches of tails that stand in rows by now are read there (views tell which); from here on facts gather in
 * a fresh one. */
void store_sealed_moved(struct store *s, int64_t sealed_batch, int64_t sealed_max_us, int64_t run)
{
    atomic_store(&s->sealed_max_us, sealed_max_us); /* before any view can see the rows */
    pthread_rwlock_wrlock(&s->tails_lock);
    if (s->tails->n_chunk > 0) {
        struct tail *fresh = tail_new(tail_last_batch(s->tails) + 1);
        fresh->next = s->tails;
        s->tails = fresh;
    }
    for (struct tail *t = s->tails->next; t; t = t->next)
        if (!t->last_run && tail_last_batch(t) <= sealed_batch)
            t->last_run = run;
    pthread_rwlock_unlock(&s->tails_lock);
    pthread_mutex_lock(&s->views_lock);
    atomic_store(&s->run, run);
    atomic_store(&s->sealed_batch, sealed_batch);
    pthread_mutex_unlock(&s->views_lock);
}

static enum bl_err follow(struct following *f)
{
    struct store *s = f->s;
    struct q_meta_get meta;
    uint64_t since = atomic_load(&s->known_writes), n = 0;
    bool found = false;
    BL_TRY(f->db->engine->changes_since(&f->own, f->db, since, one_change, f, &n));
    if (n != f->db->writes - since)
        BL_TRY(take_everything(f));
    atomic_store(&s->accounts.published, atomic_load(&s->accounts.n));
    BL_TRY(q_batch_after(&f->own, f->db, 0, atomic_load(&s->batch), one_batch, f));
    BL_TRY(q_meta_get(&f->own, f->db, &meta, &found));
    if (!found)
        return bad_change(&f->own);
    if (meta.run != atomic_load(&s->run))
        store_sealed_moved(s, meta.sealed_batch, meta.sealed_max_us, meta.run);
    if (s->on_follow)
        BL_TRY(s->on_follow(s->on_follow_arg, &f->own, f->db));
    return BL_OK;
}

enum bl_err store_follow(struct bl_ctx *x, struct store *s, struct store_db *db)
{
    if (db->writes <= atomic_load(&s->known_writes))
        return BL_OK;
    struct following f = {.s = s, .db = db};
    bl_ctx_init(&f.own, x->now_us);
    atomic_fetch_add(&s->writes, 1); /* before any version: see store_view_newest */
    enum bl_err e = follow(&f);
    if (e != BL_OK)
        bl_fail(x, e, "%s", f.own.why);
    bl_ctx_release(&f.own);
    BL_TRY(e);
    atomic_store(&s->known_writes, db->writes);
    return BL_OK;
}

void store_on_follow(struct store *s, store_follow_fn *fn, void *arg)
{
    s->on_follow = fn;
    s->on_follow_arg = arg;
}
