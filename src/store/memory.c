/* What is made again from the file at start: accounts, places of the log, waiting retractions, identities
 * (from the batches' keys), and the tail (from the batches above the last sealed one). */
#include "store/inner.h"

#include <stdlib.h>
#include <string.h>

struct loading {
    struct bl_ctx *x;
    struct store *s;
    int64_t sealing_to;
    uint32_t handle[LOG_FACTS_MAX];
};

static enum bl_err damaged(struct bl_ctx *x, const char *what)
{
    return bl_fail(x, BL_INTERNAL, "%s cannot be read: the database is damaged, restore a backup.", what);
}

static enum bl_err one_bucket(void *arg, const struct q_bucket_all *row)
{
    struct loading *l = arg;
    if (row->bucket < 0 || row->bucket >= l->s->buckets)
        return damaged(l->x, "A bucket");
    l->s->seq[row->bucket] = (uint64_t)row->seq;
    return BL_OK;
}

static enum bl_err one_account(void *arg, const struct q_bucket_accounts *row)
{
    struct loading *l = arg;
    bl_uuid u;
    if (row->account.n != sizeof u.b || row->bucket < 0 || row->bucket >= l->s->buckets)
        return damaged(l->x, "An account");
    memcpy(u.b, row->account.p, sizeof u.b);
    accounts_add_row(
            &l->s->accounts, u, (uint32_t)row->bucket, row->billing_from_us, (bl_period)row->closed_period);
    return BL_OK;
}

static enum bl_err one_retraction(void *arg, const struct q_retraction_all *row)
{
    struct loading *l = arg;
    bl_uuid u;
    if (row->account.n != sizeof u.b)
        return damaged(l->x, "A retraction");
    memcpy(u.b, row->account.p, sizeof u.b);
    store_acct acct = accounts_find(&l->s->accounts, u);
    if (!acct)
        return damaged(l->x, "A retraction");
    if (row->target_seq > 0)
        atomic_store(&account_at(&l->s->accounts, acct)->retracted, true);
    else
        pending_add(&l->s->pending, ident_fp(&l->s->ident, u, row->target_source, row->target_id));
    return BL_OK;
}

static enum bl_err one_keys(void *arg, const struct q_batch_keys *row)
{
    struct loading *l = arg;
    struct identities *t = &l->s->ident;
    if (row->n < 0 || row->n > LOG_FACTS_MAX || row->keys.n != 8u * ((size_t)row->n + 1))
        return damaged(l->x, "A batch's keys");
    uint64_t fp[LOG_FACTS_MAX + 1];
    memcpy(fp, row->keys.p, row->keys.n);
    for (int64_t i = 0; i < row->n; i++)
        ident_touch(t, fp[i]);
    for (int64_t i = 0; i < row->n; i++)
        ident_add(t, fp[i], place_of(row->batch, (uint32_t)i));
    l->s->facts += (uint64_t)row->n;
    return BL_OK;
}

char *store_heap_copy(struct bl_str s)
{
    char *p = bl_xmalloc(s.n ? s.n : 1);
    memcpy(p, s.p, s.n);
    return p;
}

static enum bl_err one_unsealed(void *arg, const struct q_batch_after *row)
{
    struct loading *l = arg;
    struct store *s = l->s;
    if (row->batch > l->sealing_to && tail_last_batch(s->tails) == l->sealing_to && l->sealing_to &&
            s->tails->n_chunk) {
        struct tail *t = tail_new(row->batch); /* what was being sealed stays a tail of its own */
        t->next = s->tails;
        s->tails = t;
    }
    if (row->batch != tail_last_batch(s->tails) + 1)
        return damaged(l->x, "The row of batches");
    struct log_view v;
    BL_TRY(log_open(l->x, row->body, &v));
    for (uint32_t i = 0; i < v.n_account; i++) {
        l->handle[i] = accounts_find(&s->accounts, log_account(&v, i));
        if (!l->handle[i])
            return damaged(l->x, "A batch's account");
    }
    struct q_batch_text_get text = {0};
    bool found = false;
    BL_TRY(q_batch_text_get(l->x, s->writer, 0, row->batch, &text, &found));
    enum bl_err e = tail_add(l->x, s->tails, store_heap_copy(row->body), row->body.n,
            found ? store_heap_copy(text.body) : NULL, found ? text.body.n : 0, l->handle, NULL, row->max_us);
    if (e == BL_OK) /* else its sentence is still to be told */
        bl_ctx_reset(l->x, l->x->now_us);
    return e;
}

enum bl_err store_identities_load(struct bl_ctx *x, struct store *s)
{
    struct loading l = {.x = x, .s = s};
    uint64_t places = 0;
    for (uint32_t i = 0; i < s->buckets; i++)
        places += s->seq[i];
    ident_reserve(&s->ident, places);
    atomic_store(&s->facts, 0);
    BL_TRY(q_batch_keys(x, s->writer, 0, one_keys, &l));
    s->ident_known = true;
    return BL_OK;
}

enum bl_err store_load_memory(struct bl_ctx *x, struct store *s, bool now)
{
    struct bl_ctx own; /* many rows pass: their memory is given back as they do */
    struct q_meta_get meta = {0};
    struct q_batch_last last = {0};
    bool found = false;
    BL_TRY(q_meta_get(x, s->writer, &meta, &found));
    if (!found || meta.hash_key.n != sizeof s->ident.key || meta.buckets < 1)
        return damaged(x, "The first row");
    memcpy(s->ident.key, meta.hash_key.p, sizeof s->ident.key);
    s->buckets = (uint32_t)meta.buckets;
    s->seq = memset(bl_xmalloc(s->buckets * sizeof *s->seq), 0, s->buckets * sizeof *s->seq);
    s->seq_dirty =
            memset(bl_xmalloc(s->buckets * sizeof *s->seq_dirty), 0, s->buckets * sizeof *s->seq_dirty);
    BL_TRY(q_batch_last(x, s->writer, 0, &last, &found));
    atomic_store(&s->batch, last.batch);
    atomic_store(&s->known_writes, s->writer->writes);
    atomic_store(&s->sealed_batch, meta.sealed_batch);
    atomic_store(&s->sealed_max_us, meta.sealed_max_us);
    atomic_store(&s->run, meta.run);
    s->tails = tail_new(meta.sealed_batch + 1);

    bl_ctx_init(&own, x->now_us);
    struct loading l = {.x = &own, .s = s, .sealing_to = s->shared ? 0 : meta.sealing_to};
    enum bl_err e = q_bucket_all(&own, s->writer, one_bucket, &l);
    if (e == BL_OK)
        e = q_bucket_accounts(&own, s->writer, one_account, &l);
    atomic_store(&s->accounts.published, atomic_load(&s->accounts.n));
    if (e == BL_OK)
        e = q_retraction_all(&own, s->writer, one_retraction, &l);
    if (e == BL_OK && !s->read_only && now) /* shared: many a process never asks for them */
        e = store_identities_load(&own, s);
    if (e == BL_OK)
        e = q_batch_after(&own, s->writer, 0, meta.sealed_batch, one_unsealed, &l);
    if (e == BL_OK && meta.sealing_to && !s->read_only && !s->shared)
        e = store_sealing_resume(&own, s, meta.sealing_to);
    if (e != BL_OK)
        bl_fail(x, e, "%s", own.why);
    bl_ctx_release(&own);
    atomic_store(&s->ident_n, s->ident.n);
    atomic_store(&s->ident_bytes, ident_bytes(&s->ident));
    return e;
}
