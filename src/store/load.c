/* Reading an account's facts: sealed rows and the tail under one view. The view says which place of the log
 * it ends at (the bucket's row), which batches stand in rows (sealed_batch) and which runs count; the tail
 * gives the rest, filtered by the same place. Totals of a run are taken as they are when every fact of it
 * counts, else its facts are read. */
#include "store/inner.h"

#include <stdlib.h>
#include <string.h>

struct facts_list {
    struct bl_fact *at;
    size_t n, cap;
};
struct load {
    struct bl_ctx *x;
    struct bl_ctx scratch; /* of one row at a time */
    struct store *s;
    struct store_db *db;
    const struct store_want *want;
    struct account *a;
    uint64_t k;
    int64_t sealed_batch, run;
    int64_t from_us, before_us; /* of life facts */
    struct retracted retracted;
    struct bl_usage *usage;
    struct facts_list life, face, usage_fact;
    struct texts texts;
    int64_t next_us; /* earliest known fact that a later upto_us would take in */
};

void store_fact_copy(struct bl_ctx *x, struct bl_fact *f)
{
    f->source = bl_str_dup(&x->arena, f->source);
    f->id = bl_str_dup(&x->arena, f->id);
    for (int i = 0; i < BL_F_COUNT; i++)
        if (bl_is(f->field[i]))
            f->field[i] = bl_str_dup(&x->arena, f->field[i]);
}

static void come_later(struct load *l, uint64_t seq, int64_t time_us)
{
    if (seq <= l->k && time_us >= l->want->upto_us && time_us < l->next_us)
        l->next_us = time_us;
}

/* ---- facts that are no usage */

static enum bl_err keep(struct load *l, struct facts_list *list, struct bl_fact *f)
{
    store_fact_copy(l->x, f);
    *BL_PUSH(&l->x->arena, *list) = *f;
    return BL_OK;
}

static enum bl_err keep_row(struct load *l, struct facts_list *list, int64_t time_us, int64_t seq,
        int64_t run, struct bl_str body)
{
    if (retracted_has(&l->retracted, (uint64_t)seq))
        return BL_OK;
    struct bl_fact f;
    struct bl_fact_digests d;
    struct bl_rd r = bl_rd_of(body);
    BL_TRY(bl_fact_unpack(l->x, &r, &f, &d));
    f.account = l->a->uuid;
    f.time_us = time_us;
    f.seq = (uint64_t)seq;
    BL_TRY(texts_fill(l->x, l->db, l->a, &l->texts, run, &f, &d));
    return keep(l, list, &f);
}

static enum bl_err one_life(void *arg, const struct q_life_span *row)
{
    struct load *l = arg;
    return bl_fact_is_life((enum bl_fact_type)row->type)
                   ? keep_row(l, &l->life, row->time_us, row->seq, row->run_n, row->body)
                   : BL_OK;
}

static enum bl_err one_face(void *arg, const struct q_life_face *row)
{
    struct load *l = arg;
    return keep_row(l, &l->face, row->time_us, row->seq, row->run_n, row->body);
}

static enum bl_err life_of_tail(struct load *l, struct tail *t)
{
    for (uint32_t node = tail_life_first(t, l->want->acct); node; node = t->life[node - 1].next) {
        uint32_t at = t->life[node - 1].at;
        if (tail_batch(t, at) <= l->sealed_batch)
            break; /* newest first: from here on all of it is read as rows */
        const struct log_view *v = tail_view(t, at);
        struct log_head h;
        BL_TRY(log_head(l->x, v, at % LOG_FACTS_MAX, &h));
        come_later(l, h.seq, h.time_us);
        bool life = bl_fact_is_life(h.type) && h.time_us >= l->from_us && h.time_us < l->before_us;
        if (h.seq > l->k || !(life || h.type == BL_FACT_ACCOUNT) || retracted_has(&l->retracted, h.seq))
            continue;
        struct bl_fact f;
        struct bl_fact_digests d;
        BL_TRY(log_fact(l->x, v, at % LOG_FACTS_MAX, &f, &d));
        BL_TRY(texts_from_view(l->x, v, &f, &d));
        BL_TRY(keep(l, life ? &l->life : &l->face, &f));
    }
    return BL_OK;
}

/* ---- usage */

static enum bl_err count(struct load *l, const struct bl_fact *f)
{
    bl_period p = bl_period_of(f->time_us);
    if (f->seq > l->k || f->time_us >= l->want->upto_us || f->time_us < l->a->billing_from_us ||
            p < l->want->first || p > l->want->last || retracted_has(&l->retracted, f->seq))
        return BL_OK;
    BL_TRY(bl_usage_add(l->x, l->usage, f));
    if (l->want->usage_facts) {
        struct bl_fact *kept = BL_PUSH(&l->x->arena, l->usage_fact);
        *kept = *f;
        store_fact_copy(l->x, kept);
    }
    return BL_OK;
}

static enum bl_err count_facts(void *arg, const struct q_run_facts *row)
{
    struct load *l = arg;
    struct bl_fact *f = NULL;
    size_t n = 0;
    bl_ctx_reset(&l->scratch, 0);
    if (bl_usage_unpack_facts(&l->scratch, row->facts, l->a->uuid, &f, &n) != BL_OK)
        return bl_fail(l->x, l->scratch.err, "%s", l->scratch.why);
    for (size_t i = 0; i < n; i++)
        BL_TRY(count(l, &f[i]));
    return BL_OK;
}

static enum bl_err one_run(void *arg, const struct q_run_totals *row)
{
    struct load *l = arg;
    int64_t upto_us = l->want->upto_us;
    bool whole = row->max_us < upto_us;
    bool by_day = bl_floor_s(upto_us) * BL_US == upto_us && bl_floor_s(upto_us) % BL_DAY_S == 0;
    if (row->max_us >= upto_us)
        come_later(l, (uint64_t)row->seq_lo, row->min_us > upto_us ? row->min_us : upto_us);
    if (row->min_us >= upto_us)
        return BL_OK;
    if (l->want->usage_facts || (uint64_t)row->seq_hi > l->k || !(whole || by_day) ||
            retracted_within(
                    &l->retracted, (uint64_t)row->seq_lo, (uint64_t)row->seq_hi, (bl_period)row->period))
        return q_run_facts(l->x, l->db, l->a->bucket, store_uuid(&l->a->uuid), row->period, row->run,
                row->part, count_facts, l);
    struct bl_usage_total *t = NULL;
    size_t n = 0;
    bl_ctx_reset(&l->scratch, 0);
    if (bl_usage_unpack_totals(&l->scratch, row->totals, &t, &n) != BL_OK)
        return bl_fail(l->x, l->scratch.err, "%s", l->scratch.why);
    for (size_t i = 0; i < n; i++)
        if (whole || t[i].day * BL_DAY_S * BL_US < upto_us)
            BL_TRY(bl_usage_merge(l->x, l->usage, &t[i]));
    return BL_OK;
}

static enum bl_err usage_of_tail(struct load *l, struct tail *t)
{
    for (uint32_t node = tail_usage_first(t, l->want->acct); node; node = t->usage[node - 1].next) {
        uint32_t at = t->usage[node - 1].at;
        if (tail_batch(t, at) <= l->sealed_batch)
            break;
        struct bl_fact f;
        struct bl_fact_digests d;
        BL_TRY(log_fact(l->x, tail_view(t, at), at % LOG_FACTS_MAX, &f, &d));
        BL_TRY(texts_from_view(l->x, tail_view(t, at), &f, &d));
        come_later(l, f.seq, f.time_us);
        BL_TRY(count(l, &f));
    }
    return BL_OK;
}

/* ---- the whole */

/* A carry is good when it was made under this book and these rules, from facts up to a place not beyond ours,
 * and no fact about a life came for a time before it since. */
static enum bl_err take_carry(struct load *l, struct store_facts *ret)
{
    const struct store_want *w = l->want;
    struct bl_str uuid = store_uuid(&l->a->uuid);
    struct q_carry_get row = {0};
    struct q_late_life_before late = {0};
    bool found = false;
    if (!w->book_id)
        return BL_OK;
    BL_TRY(q_carry_get(l->x, l->db, l->a->bucket, uuid, w->first, &row, &found));
    if (!found || (uint64_t)row.k > l->k || row.rules != BL_RULES_VERSION || row.book_id.n != 32 ||
            memcmp(row.book_id.p, w->book_id, 32) != 0)
        return BL_OK;
    int64_t k = l->k > INT64_MAX ? INT64_MAX : (int64_t)l->k;
    BL_TRY(q_late_life_before(l->x, l->db, l->a->bucket, uuid, w->first, row.k, k, &late, &found));
    if (found)
        return BL_OK;
    BL_TRY(bl_lives_unpack(l->x, row.body, &ret->carried));
    ret->has_carry = true;
    l->from_us = bl_period_start_s(w->first) * BL_US;
    return BL_OK;
}

static enum bl_err place_of_view(struct load *l)
{
    if (l->db->writer) {
        l->k = l->s->seq[l->a->bucket];
        l->sealed_batch = atomic_load(&l->s->sealed_batch);
        l->run = atomic_load(&l->s->run);
    } else {
        struct q_bucket_seq row = {0};
        bool found = false;
        BL_TRY(q_bucket_seq(l->x, l->db, l->a->bucket, &row, &found));
        l->k = found ? (uint64_t)row.seq : 0;
        l->sealed_batch = l->db->sealed_batch;
        l->run = l->db->run;
    }
    if (l->want->k < l->k)
        l->k = l->want->k;
    return BL_OK;
}

static enum bl_err from_tails(struct load *l)
{
    enum bl_err e = BL_OK;
    pthread_rwlock_rdlock(&l->s->tails_lock);
    for (struct tail *t = l->s->tails; t && e == BL_OK; t = t->next) {
        if (tail_last_batch(t) <= l->sealed_batch)
            continue;
        e = life_of_tail(l, t);
        if (e == BL_OK)
            e = usage_of_tail(l, t);
    }
    pthread_rwlock_unlock(&l->s->tails_lock);
    return e;
}

static int by_time(const void *l, const void *r)
{
    const struct bl_fact *a = l, *b = r;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static void sort(struct facts_list *list)
{
    if (list->n > 1)
        qsort(list->at, list->n, sizeof *list->at, by_time);
}

static enum bl_err load_under_view(struct load *l, struct store_facts *ret)
{
    const struct store_want *w = l->want;
    struct bl_str uuid = store_uuid(&l->a->uuid);
    BL_TRY(place_of_view(l));
    BL_TRY(store_retracted(l->x, l->s, l->db, w->acct, l->k, &l->retracted));
    l->from_us = INT64_MIN;
    l->before_us = bl_period_start_s(w->last + 1) * BL_US;
    if (w->upto_us < l->before_us)
        l->before_us = w->upto_us;
    BL_TRY(take_carry(l, ret));
    l->usage = bl_usage_new(l->x);
    int64_t k = l->k > INT64_MAX ? INT64_MAX : (int64_t)l->k;
    BL_TRY(q_life_span(l->x, l->db, l->a->bucket, uuid, l->from_us, l->before_us, k, l->run, one_life, l));
    if (w->upto_us <= atomic_load(&l->s->sealed_max_us)) {
        struct q_life_next next = {0};
        bool found = false;
        BL_TRY(q_life_next(l->x, l->db, l->a->bucket, uuid, w->upto_us, k, l->run, &next, &found));
        if (found)
            come_later(l, (uint64_t)next.seq, next.time_us);
    }
    BL_TRY(q_life_face(l->x, l->db, l->a->bucket, uuid, k, l->run, one_face, l));
    BL_TRY(q_run_totals(l->x, l->db, l->a->bucket, uuid, w->first, w->last, l->run, one_run, l));
    BL_TRY(from_tails(l));
    sort(&l->life);
    sort(&l->face);
    sort(&l->usage_fact);
    return BL_OK;
}

enum bl_err store_load(struct bl_ctx *x, struct store *s, struct store_db *db, const struct store_want *w,
        struct store_facts *ret)
{
    struct load l = {.x = x,
            .s = s,
            .db = db,
            .want = w,
            .a = account_at(&s->accounts, w->acct),
            .next_us = INT64_MAX};
    *ret = (struct store_facts){.billing_from_us = l.a->billing_from_us};
    BL_TRY(store_read_begin(x, db));
    bl_ctx_init(&l.scratch, 0);
    enum bl_err e = load_under_view(&l, ret);
    bl_ctx_release(&l.scratch);
    store_read_end(db);
    BL_TRY(e);
    ret->k = l.k;
    ret->next_us = l.next_us;
    ret->life = l.life.at;
    ret->n_life = l.life.n;
    ret->face = l.face.at;
    ret->n_face = l.face.n;
    bl_usage_list(x, l.usage, &ret->usage, &ret->n_usage);
    ret->usage_fact = l.usage_fact.at;
    ret->n_usage_fact = l.usage_fact.n;
    return BL_OK;
}

/* ---- where an account's facts begin */

static enum bl_err first_of_tails(struct bl_ctx *x, struct store *s, store_acct acct, int64_t *first_us)
{
    for (struct tail *t = s->tails; t; t = t->next) {
        for (uint32_t node = tail_life_first(t, acct); node; node = t->life[node - 1].next) {
            struct log_head h;
            uint32_t at = t->life[node - 1].at;
            BL_TRY(log_head(x, tail_view(t, at), at % LOG_FACTS_MAX, &h));
            if (bl_fact_is_life(h.type) && h.time_us < *first_us)
                *first_us = h.time_us;
        }
        for (uint32_t node = tail_usage_first(t, acct); node; node = t->usage[node - 1].next) {
            struct log_head h;
            uint32_t at = t->usage[node - 1].at;
            BL_TRY(log_head(x, tail_view(t, at), at % LOG_FACTS_MAX, &h));
            if (h.time_us < *first_us)
                *first_us = h.time_us;
        }
    }
    return BL_OK;
}

enum bl_err store_first_period(struct bl_ctx *x, struct store *s, struct store_db *db, store_acct acct,
        bl_period *ret, bool *ret_found)
{
    struct account *a = account_at(&s->accounts, acct);
    struct bl_str uuid = store_uuid(&a->uuid);
    struct q_life_first life = {0};
    struct q_run_first run = {0};
    bool has_life = false, has_run = false;
    int64_t first_us = INT64_MAX;
    BL_TRY(q_life_first(x, db, a->bucket, uuid, &life, &has_life));
    BL_TRY(q_run_first(x, db, a->bucket, uuid, &run, &has_run));
    pthread_rwlock_rdlock(&s->tails_lock);
    enum bl_err e = first_of_tails(x, s, acct, &first_us);
    pthread_rwlock_unlock(&s->tails_lock);
    BL_TRY(e);
    if (has_life && life.time_us < first_us)
        first_us = life.time_us;
    *ret_found = first_us != INT64_MAX || has_run;
    bl_period p = first_us == INT64_MAX ? INT32_MAX : bl_period_of(first_us);
    *ret = has_run && run.period < p ? (bl_period)run.period : p;
    return BL_OK;
}
