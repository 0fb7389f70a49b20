/* What was unsaid, and what a resource was before a fact: both are asked of the file's rows and of the tail
 * together.
 *
 * Alive or not: creates and deletes alone decide it, and the last of them before the fact in the order of
 * (time, source, id) says which, since a create among the living and a delete among the absent change
 * nothing. */
#include "store/inner.h"

#include <string.h>

#define CHAIN_MAX                                                                                            \
    1000 /* creates and deletes of one resource that are looked at in the tail; `void` only informs */

enum bl_err store_retracted(struct bl_ctx *x, struct store *s, struct store_db *db, store_acct acct,
        uint64_t k, struct retracted *ret)
{
    struct account *a = account_at(&s->accounts, acct);
    *ret = (struct retracted){0};
    if (!atomic_load(&a->retracted))
        return BL_OK;
    return q_retraction_of(x, db, a->bucket, store_uuid(&a->uuid), k > INT64_MAX ? INT64_MAX : (int64_t)k,
            &ret->at, &ret->n);
}

/* The first target at or after a place. */
static size_t lower(const struct retracted *r, uint64_t seq)
{
    size_t lo = 0, hi = r->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if ((uint64_t)r->at[mid].target_seq < seq)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

bool retracted_has(const struct retracted *r, uint64_t seq)
{
    size_t at = lower(r, seq);
    return at < r->n && (uint64_t)r->at[at].target_seq == seq;
}

bool retracted_within(const struct retracted *r, uint64_t lo, uint64_t hi, bl_period p)
{
    for (size_t at = lower(r, lo); at < r->n && (uint64_t)r->at[at].target_seq <= hi; at++)
        if (bl_period_of(r->at[at].target_us) == p)
            return true;
    return false;
}

struct before {
    struct bl_ctx *x;
    struct store *s;
    const struct account *a;
    const struct bl_fact *fact;
    struct retracted retracted;
    bool any;
    bool bare; /* of best only time, seq and type are known: it is sealed, and nothing at its instant asked
                  for more */
    struct bl_fact best;
};

/* f: time_us and seq known; the whole is asked for only when it may count. */
static bool may_count(const struct before *b, int64_t time_us, uint64_t seq)
{
    return time_us <= b->fact->time_us && seq < b->fact->seq && (!b->any || time_us >= b->best.time_us) &&
           !retracted_has(&b->retracted, seq);
}

static void consider(struct before *b, const struct bl_fact *f)
{
    if (bl_fact_order(f, b->fact) >= 0 || (b->any && bl_fact_order(f, &b->best) <= 0))
        return;
    b->any = true;
    b->bare = false;
    b->best = *f;
    store_fact_copy(b->x, &b->best);
}

static enum bl_err whole(struct before *b, int64_t time_us, int64_t seq, struct bl_fact *ret)
{
    struct q_life_body row = {0};
    struct bl_fact_digests d;
    bool found = false;
    BL_TRY(q_life_body(
            b->x, b->s->writer, b->a->bucket, store_uuid(&b->a->uuid), time_us, seq, &row, &found));
    if (!found)
        return bl_fail(
                b->x, BL_INTERNAL, "A life row is missing: the database is damaged, restore a backup.");
    struct bl_rd r = bl_rd_of(row.body);
    BL_TRY(bl_fact_unpack(b->x, &r, ret, &d));
    ret->seq = (uint64_t)seq;
    return BL_OK;
}

/* Rows come last first. Source and id are only looked up where an instant does not decide. */
static enum bl_err one_row(void *arg, const struct q_life_of_resource *row)
{
    struct before *b = arg;
    if (b->any && row->time_us < b->best.time_us)
        return BL_METHOD; /* no further one can count: leaves the list */
    if (!may_count(b, row->time_us, (uint64_t)row->seq))
        return BL_OK;
    if (row->time_us < b->fact->time_us && (!b->any || row->time_us > b->best.time_us)) {
        b->any = b->bare = true;
        b->best = (struct bl_fact){
                .type = (enum bl_fact_type)row->type, .time_us = row->time_us, .seq = (uint64_t)row->seq};
        return BL_OK;
    }
    struct bl_fact f;
    if (b->bare)
        BL_TRY(whole(b, b->best.time_us, (int64_t)b->best.seq, &b->best));
    b->bare = false;
    BL_TRY(whole(b, row->time_us, row->seq, &f));
    consider(b, &f);
    return BL_OK;
}

static enum bl_err from_tail(struct before *b, struct tail *t, store_acct acct)
{
    uint32_t hash, looked = 0;
    uint32_t node = tail_resource_first(t, acct, &b->fact->resource, &hash);
    for (; node && looked < CHAIN_MAX; node = t->life[node - 1].next_resource) {
        const struct tail_life *l = &t->life[node - 1];
        if (l->hash != hash || l->acct != acct)
            continue;
        looked++;
        const struct log_view *v = tail_view(t, l->at);
        struct log_head h;
        BL_TRY(log_head(b->x, v, l->at % LOG_FACTS_MAX, &h));
        if (memcmp(h.resource.b, b->fact->resource.b, 16) != 0 || !may_count(b, h.time_us, h.seq))
            continue;
        struct bl_fact f;
        struct bl_fact_digests d;
        BL_TRY(log_fact(b->x, v, l->at % LOG_FACTS_MAX, &f, &d));
        consider(b, &f);
    }
    return BL_OK;
}

enum bl_err store_alive_before(
        struct bl_ctx *x, struct store *s, store_acct acct, const struct bl_fact *f, bool *ret_alive)
{
    struct account *a = account_at(&s->accounts, acct);
    struct before b = {.x = x, .s = s, .a = a, .fact = f};
    BL_TRY(store_retracted(x, s, s->writer, acct, f->seq, &b.retracted));
    for (struct tail *t = s->tails; t; t = t->next)
        if (!t->last_run)
            BL_TRY(from_tail(&b, t, acct));
    enum bl_err e = q_life_of_resource(x, s->writer, a->bucket, store_uuid(&a->uuid),
            store_uuid(&f->resource), f->time_us, atomic_load(&s->run), one_row, &b);
    if (e != BL_OK && e != BL_METHOD)
        return e;
    *ret_alive = b.any && b.best.type == BL_FACT_CREATE;
    return BL_OK;
}
