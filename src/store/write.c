/* A writing transaction: the engine's, and beside it notes of what memory already took, so that an abort
 * takes it back. Readers see nothing of it before the commit: what they find in memory they filter by what
 * their own view of the file says. Publishing afterwards only moves versions. */
#include "store/inner.h"

#include <assert.h>
#include <stdlib.h>

enum bl_err store_write_begin(struct bl_ctx *x, struct store *s)
{
    struct txn *t = &s->txn;
    assert(!t->open);
    if (s->read_only)
        return bl_fail(x, BL_CONFLICT, "The database was opened for reading only.");
    pthread_mutex_lock(&s->memory_lock);
    enum bl_err e = sql_control(x, s->writer, SQL_WRITE_BEGIN);
    if (e == BL_OK && (e = store_follow(x, s, s->writer)) != BL_OK)
        s->writer->engine->leave(s->writer);
    if (e != BL_OK) {
        pthread_mutex_unlock(&s->memory_lock);
        return e;
    }
    t->open = true;
    t->all = t->broken = false;
    t->n_touched = t->n_seq = t->n_ident = 0;
    t->accounts_n = atomic_load(&s->accounts.n);
    t->batch = atomic_load(&s->batch);
    t->tail = tail_mark(s->tails);
    t->facts = 0;
    return BL_OK;
}

static void end_notes(struct store *s)
{
    struct txn *t = &s->txn;
    for (size_t i = 0; i < t->n_touched; i++)
        account_at(&s->accounts, t->touched[i])->touched = false;
    for (size_t i = 0; i < t->n_seq; i++)
        s->seq_dirty[t->seq[i].bucket] = false;
    t->open = false;
    atomic_store(&s->ident_n, s->ident.n);
    atomic_store(&s->ident_bytes, ident_bytes(&s->ident));
}

static void publish(struct store *s)
{
    struct txn *t = &s->txn;
    atomic_fetch_add(&s->writes, 1); /* before any version: see store_view_newest */
    for (size_t i = 0; i < t->n_touched; i++) {
        struct account *a = account_at(&s->accounts, t->touched[i]);
        atomic_store(&a->closed, a->closed_next);
        atomic_fetch_add(&a->version, 1);
    }
    if (t->all)
        atomic_fetch_add(&s->accounts.all_version, 1);
    atomic_store(&s->accounts.published, atomic_load(&s->accounts.n));
    atomic_fetch_add(&s->facts, t->facts);
    end_notes(s);
}

enum bl_err store_write_end(struct bl_ctx *x, struct store *s)
{
    struct txn *t = &s->txn;
    assert(t->open);
    enum bl_err e = t->broken ? bl_fail(x, BL_INTERNAL, "The transaction could not be finished.") : BL_OK;
    for (size_t i = 0; e == BL_OK && i < t->n_seq; i++)
        e = q_bucket_put(x, s->writer, t->seq[i].bucket, (int64_t)s->seq[t->seq[i].bucket]);
    struct bl_buf change = {0};
    if (s->shared)
        store_change_pack(&change, s);
    s->writer->change = bl_buf_view(&change);
    if (e == BL_OK)
        e = sql_control(x, s->writer, SQL_COMMIT);
    bl_buf_release(&change);
    if (e != BL_OK) {
        store_write_abort(s);
        return e;
    }
    publish(s);
    if (s->shared)
        atomic_store(&s->known_writes, s->writer->writes + 1);
    pthread_mutex_unlock(&s->memory_lock);
    return BL_OK;
}

void store_write_abort(struct store *s)
{
    struct txn *t = &s->txn;
    assert(t->open);
    s->writer->engine->leave(s->writer);
    for (size_t i = t->n_ident; i-- > 0;)
        ident_remove(&s->ident, t->ident[i].fp, t->ident[i].place);
    pthread_rwlock_wrlock(&s->tails_lock);
    tail_back(s->tails, t->tail);
    pthread_rwlock_unlock(&s->tails_lock);
    atomic_store(&s->batch, t->batch);
    for (size_t i = 0; i < t->n_seq; i++)
        s->seq[t->seq[i].bucket] = t->seq[i].seq;
    for (size_t i = 0; i < t->n_touched; i++) {
        struct account *a = account_at(&s->accounts, t->touched[i]);
        a->closed_next = atomic_load(&a->closed);
    }
    end_notes(s);
    accounts_cut(&s->accounts, t->accounts_n);
    pthread_mutex_unlock(&s->memory_lock);
}

enum bl_err store_savepoint(struct bl_ctx *x, struct store *s)
{
    assert(s->txn.open);
    return sql_control(x, s->writer, SQL_PART_BEGIN);
}

enum bl_err store_savepoint_end(struct bl_ctx *x, struct store *s, bool keep)
{
    if (!keep)
        BL_TRY(sql_control(x, s->writer, SQL_PART_UNDO));
    return sql_control(x, s->writer, SQL_PART_KEEP);
}

void store_touch(struct store *s, store_acct acct)
{
    struct txn *t = &s->txn;
    struct account *a = account_at(&s->accounts, acct);
    assert(t->open);
    if (a->touched)
        return;
    a->touched = true;
    if (t->n_touched == t->cap_touched)
        t->touched = bl_xrealloc(
                t->touched, (t->cap_touched = t->cap_touched ? 2 * t->cap_touched : 64) * sizeof *t->touched);
    t->touched[t->n_touched++] = acct;
}

void store_touch_all(struct store *s)
{
    s->txn.all = true;
}

/* Remembers a bucket's place in the log before its first change in this transaction. */
void store_note_seq(struct store *s, uint32_t bucket)
{
    struct txn *t = &s->txn;
    if (s->seq_dirty[bucket])
        return;
    s->seq_dirty[bucket] = true;
    if (t->n_seq == t->cap_seq)
        t->seq = bl_xrealloc(t->seq, (t->cap_seq = t->cap_seq ? 2 * t->cap_seq : 64) * sizeof *t->seq);
    t->seq[t->n_seq++] = (struct seq_was){bucket, s->seq[bucket]};
}

enum bl_err store_next_seq(struct bl_ctx *x, struct store *s, uint32_t bucket, uint64_t *ret_seq)
{
    assert(s->txn.open && bucket < s->buckets);
    if (s->seq[bucket] == INT64_MAX)
        return bl_fail(x, BL_OVERFLOW, "The log has no further places.");
    store_note_seq(s, bucket);
    *ret_seq = ++s->seq[bucket];
    return BL_OK;
}

uint64_t store_seq_now(struct store *s, uint32_t bucket)
{
    return s->seq[bucket];
}

void store_account_added(struct store *s, bl_uuid account, bl_period closed)
{
    assert(s->txn.open);
    uint32_t bucket = store_bucket_of(s, account);
    struct q_bucket_account row = {0};
    bool found = false;
    bl_ctx_reset(&s->own, 0);
    enum bl_err e = q_bucket_account(&s->own, s->writer, bucket, store_uuid(&account), &row, &found);
    if (e != BL_OK || !found) /* its row was to be inserted before */
        s->txn.broken = true;
    store_touch(s, accounts_add_row(&s->accounts, account, bucket, row.billing_from_us, closed));
}

void store_account_closed(struct store *s, store_acct acct, bl_period closed)
{
    account_at(&s->accounts, acct)->closed_next = closed;
    store_touch(s, acct);
}
