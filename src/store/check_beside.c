/* Places in the log and sealings: which numbers were given, which rows belong to which sealing, and what the
 * database's first row says of both. */
#include "store/check.h"

#include <stdlib.h>
#include <string.h>

/* ---- places: 1 to the last, each once. Their sum tells when one was changed for another. */

static enum bl_err beside(void *arg, const struct q_seqs_beside *row)
{
    struct check *c = arg;
    if (row->bucket < 0 || row->bucket >= c->s->buckets)
        return bl_fail(c->x, BL_CONFLICT, "A credit or an adjustment lies in a bucket that does not exist.");
    struct places *p = &c->places[row->bucket];
    p->taken += (uint64_t)row->n;
    p->sum += (uint64_t)row->seq;
    p->last = (uint64_t)row->seq > p->last ? (uint64_t)row->seq : p->last;
    return BL_OK;
}

static enum bl_err one_bucket(void *arg, const struct q_bucket_all *row)
{
    struct check *c = arg;
    if (row->bucket < 0 || row->bucket >= c->s->buckets)
        return bl_fail(c->x, BL_CONFLICT, "There is a row of a bucket that does not exist.");
    struct places *p = &c->places[row->bucket];
    uint64_t given = (uint64_t)row->seq;
    uint64_t sum = (uint64_t)((unsigned __int128)given * (given + 1) / 2);
    if (given != p->last || given != p->taken)
        return bl_fail(c->x, BL_CONFLICT,
                "Bucket %lld has given %llu places in the log, but %llu facts, credits and adjustments are "
                "there, the last at %llu.",
                (long long)row->bucket, (unsigned long long)given, (unsigned long long)p->taken,
                (unsigned long long)p->last);
    if (sum != p->sum)
        return bl_fail(c->x, BL_CONFLICT,
                "Of the places in the log that bucket %lld has given, one is there twice and one is not.",
                (long long)row->bucket);
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

/* ---- sealings: each takes what lies above the one before it in every bucket's log */

static bool spans_ascend(const struct spans *s)
{
    int64_t hi = 0;
    for (int64_t i = 0; i < s->n; i++) {
        if (s->at[i].hi == 0)
            continue;
        if (s->at[i].lo <= hi)
            return false;
        hi = s->at[i].hi;
    }
    return true;
}

enum bl_err check_spans_end(struct check *c)
{
    bool ascend = spans_ascend(&c->spans);
    free(c->spans.at);
    c->spans = (struct spans){0};
    return ascend ? BL_OK
                  : bl_fail(c->x, BL_CONFLICT,
                            "A row is noted under another sealing than the one that wrote it.");
}

enum bl_err check_run_of(struct check *c, store_acct acct, int64_t run, int64_t seq)
{
    struct spans *s = &c->spans;
    int64_t bucket = account_at(&c->s->accounts, acct)->bucket;
    if (run < 1 || seq < 1)
        return check_differs(c, acct, "a row is noted under no sealing");
    if (s->n > 0 && s->bucket != bucket)
        BL_TRY(check_spans_end(c));
    if (run >= s->n) {
        s->at = bl_xrealloc(s->at, (size_t)(run + 1) * sizeof *s->at);
        memset(s->at + s->n, 0, (size_t)(run + 1 - s->n) * sizeof *s->at);
        s->n = run + 1;
    }
    s->bucket = bucket;
    c->max_run = run > c->max_run ? run : c->max_run;
    s->at[run].lo = s->at[run].hi == 0 || seq < s->at[run].lo ? seq : s->at[run].lo;
    s->at[run].hi = seq > s->at[run].hi ? seq : s->at[run].hi;
    return BL_OK;
}

enum bl_err check_sealings(struct check *c)
{
    const struct q_meta_get *m = &c->meta;
    if (c->max_run != c->run || m->sealed_max_us != c->sealed_max_us)
        return bl_fail(c->x, BL_CONFLICT, "What the first row says of sealings is not what is sealed.");
    if (m->sealing_to && (m->sealing_to <= c->db->sealed_batch || m->sealing_to >= c->next_batch))
        return bl_fail(c->x, BL_CONFLICT, "The first row tells of a sealing of batches that are not there.");
    return BL_OK;
}
