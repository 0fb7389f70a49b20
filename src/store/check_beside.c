/* What stands beside the log and decides money or print: personal texts, marks of late facts, the places in
 * the log that were given. Each is held against the log itself. */
#include "store/check.h"

#include <stdlib.h>
#include <string.h>

static enum bl_err one_mark(void *arg, const struct q_account_marks *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    if (acct)
        c->marks[acct] = (struct marks){row->k, row->closed_period};
    return BL_OK;
}

enum bl_err check_marks(struct check *c)
{
    for (store_acct acct = 0; acct <= c->n_acct; acct++)
        c->marks[acct] = (struct marks){0, INT64_MIN};
    return q_account_marks(c->x, c->db, one_mark, c);
}

/* ---- texts */

struct digests {
    uint8_t (*at)[16];
    size_t n, cap;
};

static int by_bytes(const void *l, const void *r)
{
    return memcmp(l, r, 16);
}

static enum bl_err digests_of(struct check *c, const struct log_view *v, struct digests *ret)
{
    for (uint32_t i = 0; i < v->n; i++) {
        struct bl_fact f;
        struct bl_fact_digests d;
        BL_TRY(log_fact(c->x, v, i, &f, &d));
        for (uint32_t rest = d.has; rest; rest &= rest - 1)
            memcpy(*BL_PUSH(&c->x->arena, *ret), d.d[__builtin_ctz(rest)], 16);
    }
    if (ret->n > 1)
        qsort(ret->at, ret->n, 16, by_bytes);
    return BL_OK;
}

static enum bl_err texts_of(struct check *c, const struct log_view *v, struct digests *ret)
{
    for (uint32_t i = 0; i < v->n_text; i++)
        memcpy(*BL_PUSH(&c->x->arena, *ret), v->text[i].digest, 16);
    if (ret->n > 1)
        qsort(ret->at, ret->n, 16, by_bytes);
    return BL_OK;
}

/* Both sides hold one for each field that is a text. */
enum bl_err check_batch_texts(struct check *c, const struct log_view *v, int64_t batch)
{
    struct digests facts = {0}, texts = {0};
    struct q_batch_text_get row;
    struct log_view own = *v;
    bool found = false;
    BL_TRY(digests_of(c, v, &facts));
    BL_TRY(q_batch_text_get(c->x, c->db, 0, batch, &row, &found));
    own.text = NULL;
    own.n_text = 0;
    enum bl_err e = found ? log_texts_open(c->x, &own, row.body) : BL_OK;
    if (e == BL_OK)
        e = texts_of(c, &own, &texts);
    free(own.text);
    BL_TRY(e);
    if (facts.n != texts.n || (facts.n > 0 && memcmp(facts.at, texts.at, 16 * facts.n) != 0))
        return bl_fail(c->x, BL_CONFLICT,
                "The texts beside batch %lld of the log are not those of its facts.", (long long)batch);
    return BL_OK;
}

static enum bl_err sealed_row(void *arg, const struct q_text_all *row)
{
    struct check *c = arg;
    struct bl_rd r = bl_rd_of(row->body);
    store_acct acct = check_known(c, row->account);
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A row of texts names an unknown account.");
    while (r.p < r.end) {
        uint8_t is[16];
        const uint8_t *digest = bl_get_bytes(&r, 16);
        struct bl_str text = bl_get_str(&r);
        if (digest && bl_is(text))
            bl_field_digest(text, is);
        if (!digest || !bl_is(text) || memcmp(digest, is, 16) != 0)
            return check_differs(c, acct, "a text is not the one that its digest stands for");
    }
    return BL_OK;
}

enum bl_err check_sealed_texts(struct check *c)
{
    return q_text_all(c->x, c->db, sealed_row, c);
}

/* ---- late marks */

static enum bl_err is_marked(struct check *c, store_acct acct, int64_t time_us, uint64_t seq, bool life)
{
    struct account *a = account_at(&c->s->accounts, acct);
    struct q_late_get row;
    bool found = false;
    BL_TRY(q_late_get(
            c->x, c->db, a->bucket, store_uuid(&a->uuid), bl_period_of(time_us), (int64_t)seq, &row, &found));
    return found && row.life >= life ? BL_OK
                                     : check_differs(c, acct, "a late fact of a closed period is not marked");
}

enum bl_err check_late(struct check *c, store_acct acct, const struct bl_fact *f)
{
    const struct marks *m = &c->marks[acct];
    if (bl_period_of(f->time_us) > m->closed || (int64_t)f->seq <= m->k || f->type == BL_FACT_RETRACT)
        return BL_OK;
    return is_marked(c, acct, f->time_us, f->seq, bl_fact_is_life(f->type));
}

static enum bl_err one_retraction(void *arg, const struct q_retraction_met *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    const struct marks *m = &c->marks[acct];
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A retraction names an unknown account.");
    if (row->seq <= m->k || row->target_seq > row->seq || bl_period_of(row->target_us) > m->closed)
        return BL_OK;
    return is_marked(c, acct, row->target_us, (uint64_t)row->seq, false);
}

enum bl_err check_late_retractions(struct check *c)
{
    return q_retraction_met(c->x, c->db, one_retraction, c);
}

/* ---- places */

static enum bl_err beside(void *arg, const struct q_seqs_beside *row)
{
    struct check *c = arg;
    if (row->bucket < 0 || row->bucket >= c->s->buckets)
        return bl_fail(c->x, BL_CONFLICT, "A credit or an adjustment lies in a bucket that does not exist.");
    struct places *p = &c->places[row->bucket];
    p->taken += (uint64_t)row->n;
    p->last = (uint64_t)row->last > p->last ? (uint64_t)row->last : p->last;
    return BL_OK;
}

static enum bl_err one_bucket(void *arg, const struct q_bucket_all *row)
{
    struct check *c = arg;
    if (row->bucket < 0 || row->bucket >= c->s->buckets)
        return bl_fail(c->x, BL_CONFLICT, "There is a row of a bucket that does not exist.");
    struct places *p = &c->places[row->bucket];
    uint64_t given = (uint64_t)row->seq;
    if (given != p->last || given != p->taken)
        return bl_fail(c->x, BL_CONFLICT,
                "Bucket %lld has given %llu places in the log, but %llu facts, credits and adjustments are "
                "there, the last "
                "at %llu.",
                (long long)row->bucket, (unsigned long long)given, (unsigned long long)p->taken,
                (unsigned long long)p->last);
    p->last = 0;
    return BL_OK;
}

enum bl_err check_seqs(struct check *c)
{
    BL_TRY(q_seqs_beside(c->x, c->db, beside, c));
    BL_TRY(q_bucket_all(c->x, c->db, one_bucket, c));
    for (uint32_t b = 0; b < c->s->buckets; b++)
        if (c->places[b].last > 0)
            return bl_fail(c->x, BL_CONFLICT, "The row of bucket %u is missing.", b);
    return BL_OK;
}
