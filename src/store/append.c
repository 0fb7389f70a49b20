/* Appending facts to the log. For each fact, in order: is its identity new? (a fingerprint that is known is
 * settled by the stored fact, or by the one still being packed) -- then it gets its seq, its identity a
 * place, and it is packed. Full batches go into the file and into the tail at once; `void` is judged at the
 * end, when all of them are there. */
#include "store/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FETCH_AHEAD 8

/* The fact under a fingerprint that has this identity. From the batch being packed it is the item itself. */
struct found {
    bool is;
    bool open;
    struct bl_fact fact;
    struct bl_fact_digests digests;
};

struct append {
    struct bl_ctx *x;
    struct store *s;
    struct store_append_item *item;
    uint64_t *fp;
    uint32_t open[LOG_FACTS_MAX]; /* items in the batch being packed */
    struct found known;           /* of the fact in hand; large, so there is one */
};

/* ---- stored facts */

enum bl_err store_batch_view(struct bl_ctx *x, struct store *s, int64_t batch, struct log_view *ret)
{
    for (struct tail *t = s->tails; t; t = t->next)
        if (batch >= t->first_batch && batch <= tail_last_batch(t)) {
            *ret = t->chunk[batch - t->first_batch].view;
            return BL_OK;
        }
    struct cached_chunk *c = &s->cache[(uint64_t)batch % CHUNK_CACHE];
    if (c->batch != batch) {
        struct q_batch_get row = {0};
        bool found = false;
        BL_TRY(q_batch_get(x, s->writer, 0, batch, &row, &found));
        if (!found)
            return bl_fail(x, BL_INTERNAL,
                    "Batch %lld is missing: the database is damaged, restore a backup.", (long long)batch);
        c->body = bl_xrealloc(c->body, row.body.n ? row.body.n : 1);
        memcpy(c->body, row.body.p, row.body.n);
        c->n = row.body.n;
        c->batch = batch;
    }
    return log_open(x, (struct bl_str){c->body, c->n}, ret);
}

static bool same_identity(const struct bl_fact *a, const struct bl_fact *b)
{
    return memcmp(a->account.b, b->account.b, 16) == 0 && bl_str_eq(a->source, b->source) &&
           bl_str_eq(a->id, b->id);
}

/* Content against a stored fact, whose personal texts are digests. */
static bool same_as_stored(
        const struct bl_fact *fresh, const struct bl_fact *stored, const struct bl_fact_digests *d)
{
    if (fresh->type != stored->type)
        return false;
    struct bl_fact f = *fresh;
    for (int i = 0; i < BL_F_COUNT; i++) {
        if (!bl_field_personal((enum bl_field)i, f.type))
            continue;
        if (bl_is(f.field[i]) != (bool)(d->has & 1u << i))
            return false;
        uint8_t digest[16];
        if (bl_is(f.field[i])) {
            bl_field_digest(f.field[i], digest);
            if (memcmp(digest, d->d[i], 16) != 0)
                return false;
        }
        f.field[i] = BL_ABSENT;
    }
    return bl_fact_same(&f, stored);
}

static enum bl_err find(struct append *a, const struct bl_fact *who, uint64_t fp, struct found *ret)
{
    struct store *s = a->s;
    uint32_t at = 0;
    uint64_t place;
    ret->is = false;
    while (ident_next(&s->ident, fp, &at, &place)) {
        ret->open = place_batch(place) == atomic_load(&s->batch) + 1;
        if (ret->open) {
            ret->fact = *a->item[a->open[place_index(place)]].fact;
            ret->digests.has = 0;
        } else {
            struct log_view v;
            BL_TRY(store_batch_view(a->x, s, place_batch(place), &v));
            BL_TRY(log_fact(a->x, &v, place_index(place), &ret->fact, &ret->digests));
        }
        if (same_identity(&ret->fact, who)) {
            ret->is = true;
            return BL_OK;
        }
    }
    return BL_OK;
}

/* ---- marks */

static enum bl_err mark_late(
        struct append *a, store_acct acct, enum bl_fact_type type, int64_t time_us, uint64_t seq)
{
    struct account *at = account_at(&a->s->accounts, acct);
    bl_period p = bl_period_of(time_us);
    if (p > at->closed_next || type == BL_FACT_RETRACT)
        return BL_OK;
    return q_late_mark(
            a->x, a->s->writer, at->bucket, store_uuid(&at->uuid), p, (int64_t)seq, bl_fact_is_life(type));
}

/* A retraction: what it names has come, or will. *ret_void: it names nothing yet, or a retraction. */
static enum bl_err retract(struct append *a, store_acct acct, const struct bl_fact *f, bool *ret_void)
{
    struct store *s = a->s;
    struct account *at = account_at(&s->accounts, acct);
    struct bl_fact named = {
            .account = f->account, .source = f->field[BL_F_TARGET_SOURCE], .id = f->field[BL_F_TARGET_ID]};
    uint64_t fp = ident_fp(&s->ident, named.account, named.source, named.id);
    struct found target;
    BL_TRY(find(a, &named, fp, &target));
    *ret_void = !target.is || target.fact.type == BL_FACT_RETRACT;
    if (target.is && target.fact.type == BL_FACT_RETRACT)
        return BL_OK;
    BL_TRY(q_retraction_put(a->x, s->writer, at->bucket, store_uuid(&at->uuid), named.source, named.id,
            (int64_t)f->seq, target.is ? (int64_t)target.fact.seq : 0, target.is ? target.fact.time_us : 0,
            (int64_t)f->seq));
    if (!target.is) {
        pending_add(&s->pending, fp);
        return BL_OK;
    }
    atomic_store(&at->retracted, true);
    return mark_late(a, acct, target.fact.type, target.fact.time_us, f->seq);
}

/* A fact that a retraction was waiting for. */
static enum bl_err meet(struct append *a, store_acct acct, const struct bl_fact *f)
{
    if (f->type == BL_FACT_RETRACT)
        return BL_OK;
    struct account *at = account_at(&a->s->accounts, acct);
    int64_t changes = 0;
    BL_TRY(q_retraction_meet(a->x, a->s->writer, at->bucket, store_uuid(&at->uuid), f->source, f->id,
            (int64_t)f->seq, f->time_us, &changes));
    if (changes)
        atomic_store(&at->retracted, true);
    return BL_OK;
}

/* ---- packing */

static enum bl_err write_batch(struct append *a)
{
    struct store *s = a->s;
    struct log_builder *b = s->builder;
    if (b->n == 0)
        return BL_OK;
    int64_t batch = atomic_load(&s->batch) + 1;
    struct bl_buf body = {0}, texts = {0};
    log_finish(b, &body);
    b->fp[b->n] = log_sum(bl_buf_view(&body));
    enum bl_err e = q_batch_insert(a->x, s->writer, 0, batch, b->n, b->min_us, b->max_us,
            (struct bl_str){(const char *)b->fp, 8u * (b->n + 1)}, bl_buf_view(&body));
    if (e == BL_OK && b->texts.n) {
        bl_buf_put(&texts, b->texts.p, b->texts.n);
        e = q_batch_text_put(a->x, s->writer, 0, batch, bl_buf_view(&texts));
    }
    if (e != BL_OK) {
        bl_buf_release(&body);
        bl_buf_release(&texts);
        return e;
    }
    pthread_rwlock_wrlock(&s->tails_lock);
    e = tail_add(a->x, s->tails, body.p, body.n, texts.p, texts.n, b->handle, b->head,
            b->max_us); /* owns both now */
    pthread_rwlock_unlock(&s->tails_lock);
    BL_TRY(e);
    atomic_store(&s->batch, batch);
    log_start(b);
    return BL_OK;
}

static void know(struct append *a, uint64_t fp, uint64_t place)
{
    struct txn *t = &a->s->txn;
    ident_add(&a->s->ident, fp, place);
    if (t->n_ident == t->cap_ident)
        t->ident = bl_xrealloc(
                t->ident, (t->cap_ident = t->cap_ident ? 2 * t->cap_ident : 1024) * sizeof *t->ident);
    t->ident[t->n_ident++] = (struct ident_added){fp, place};
}

static enum bl_err take(struct append *a, uint32_t i)
{
    struct store *s = a->s;
    struct store_append_item *item = &a->item[i];
    struct bl_fact *f = item->fact;
    struct account *at = account_at(&s->accounts, item->acct);
    struct log_builder *b = s->builder;
    assert(memcmp(f->account.b, at->uuid.b, 16) == 0);
    BL_TRY(store_next_seq(a->x, s, at->bucket, &f->seq));
    a->open[b->n] = i;
    know(a, a->fp[i], place_of(atomic_load(&s->batch) + 1, b->n));
    log_add(b, f, item->acct, a->fp[i]);
    item->verdict = STORE_ACCEPTED;
    s->txn.facts++;
    store_touch(s, item->acct);

    bool is_void = false;
    if (f->type == BL_FACT_RETRACT)
        BL_TRY(retract(a, item->acct, f, &is_void));
    if (is_void)
        item->verdict = STORE_VOID;
    if (pending_has(&s->pending, a->fp[i]))
        BL_TRY(meet(a, item->acct, f));
    BL_TRY(mark_late(a, item->acct, f->type, f->time_us, f->seq));
    return log_full(b) ? write_batch(a) : BL_OK;
}

static enum bl_err one(struct append *a, uint32_t i)
{
    struct store_append_item *item = &a->item[i];
    struct found *known = &a->known;
    BL_TRY(find(a, item->fact, a->fp[i], known));
    if (!known->is)
        return take(a, i);
    bool same = known->open ? bl_fact_same(item->fact, &known->fact)
                            : same_as_stored(item->fact, &known->fact, &known->digests);
    item->verdict = same ? STORE_DUPLICATE : STORE_CONFLICT;
    return BL_OK;
}

static enum bl_err judge(struct append *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct store_append_item *item = &a->item[i];
        enum bl_fact_type type = item->fact->type;
        if (item->verdict != STORE_ACCEPTED || (type != BL_FACT_CHANGE && type != BL_FACT_DELETE))
            continue;
        bool alive = true;
        BL_TRY(store_alive_before(a->x, a->s, item->acct, item->fact, &alive));
        if (!alive)
            item->verdict = STORE_VOID;
    }
    return BL_OK;
}

static enum bl_err append_all(struct append *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        a->fp[i] = ident_fp(
                &a->s->ident, a->item[i].fact->account, a->item[i].fact->source, a->item[i].fact->id);
        ident_touch(&a->s->ident, a->fp[i]);
    }
    for (size_t i = 0; i < n; i++) {
        if (i + FETCH_AHEAD < n) /* from the far cache, where a large batch's lines are by now */
            ident_touch(&a->s->ident, a->fp[i + FETCH_AHEAD]);
        BL_TRY(one(a, (uint32_t)i));
    }
    BL_TRY(write_batch(a));
    return judge(a, n);
}

enum bl_err store_append(struct bl_ctx *x, struct store *s, struct store_append_item *item, size_t n)
{
    assert(s->txn.open);
    if (n > UINT32_MAX / 2)
        return bl_fail(x, BL_TOO_LARGE, "Too many events at once.");
    if (!s->builder) {
        s->builder = bl_xmalloc(sizeof *s->builder);
        memset(s->builder, 0, sizeof *s->builder);
    }
    if (!s->ident_known && store_identities_load(x, s) != BL_OK) {
        s->txn.broken = true;
        return x->err;
    }
    log_start(s->builder);
    struct append a = {.x = x, .s = s, .item = item};
    a.fp = bl_alloc_array(&x->arena, n ? n : 1, sizeof *a.fp);
    enum bl_err e = append_all(&a, n);
    if (e != BL_OK)
        s->txn.broken = true;
    return e;
}
