/* The log against what is derived from it. Both sides are added up per account as sums of keyed hashes over
 * whole facts, which come out equal exactly when both hold the same facts, in whatever order; totals of runs
 * are made again and compared byte by byte. One pass over each side, a few words of memory an account. What
 * stands beside the log is for the files check_*.c. */
#include "store/check.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum bl_err check_differs(struct check *c, store_acct acct, const char *what)
{
    char uuid[37] = "?";
    if (acct)
        bl_uuid_text(account_at(&c->s->accounts, acct)->uuid, uuid);
    return bl_fail(c->x, BL_CONFLICT, "Account %s: %s.", uuid, what);
}

static void add(struct check *c, struct sums *to, const struct bl_fact *f, const struct bl_fact_digests *d)
{
    uint64_t h;
    c->packed.n = 0;
    bl_fact_pack(&c->packed, f);
    bl_put_uv(&c->packed, f->seq);
    for (uint32_t rest = d ? d->has : 0; rest; rest &= rest - 1)
        bl_buf_put(&c->packed, d->d[__builtin_ctz(rest)], 16);
    crypto_shorthash((uint8_t *)&h, (const uint8_t *)c->packed.p, c->packed.n, c->s->ident.key);
    if (f->type == BL_FACT_USAGE) {
        to->usage_n++;
        to->usage += h;
    } else {
        to->life_n++;
        to->life += h;
    }
}

store_acct check_known(struct check *c, struct bl_str uuid)
{
    bl_uuid u;
    if (uuid.n != sizeof u.b)
        return 0;
    memcpy(u.b, uuid.p, sizeof u.b);
    store_acct acct = accounts_find(&c->s->accounts, u);
    return acct <= c->n_acct ? acct : 0;
}

static enum bl_err log_row(void *arg, const struct q_batch_after *row)
{
    struct check *c = arg;
    struct log_view v;
    if (row->batch != c->next_batch++)
        return bl_fail(
                c->x, BL_CONFLICT, "Batch %lld of the log is missing.", (long long)(c->next_batch - 1));
    bl_ctx_reset(c->x, c->x->now_us);
    BL_TRY(log_open(c->x, row->body, &v));
    if (v.n != row->n || row->keys.n != 8u * (v.n + 1))
        return bl_fail(
                c->x, BL_CONFLICT, "Batch %lld of the log has lost facts or keys.", (long long)row->batch);
    uint64_t sum = log_sum(row->body);
    if (memcmp(&sum, row->keys.p + 8u * v.n, 8) != 0)
        return bl_fail(c->x, BL_CONFLICT,
                "Batch %lld of the log is not what was written: its checksum differs.",
                (long long)row->batch);
    int64_t min_us = INT64_MAX, max_us = INT64_MIN;
    bool texts = false;
    for (uint32_t i = 0; i < v.n; i++) {
        struct bl_fact f;
        struct bl_fact_digests d;
        BL_TRY(log_fact(c->x, &v, i, &f, &d));
        store_acct acct = accounts_find(&c->s->accounts, f.account);
        if (!acct || acct > c->n_acct)
            return bl_fail(c->x, BL_CONFLICT, "Batch %lld of the log names an unknown account.",
                    (long long)row->batch);
        struct places *places = &c->places[account_at(&c->s->accounts, acct)->bucket];
        uint64_t fp = ident_fp(&c->s->ident, f.account, f.source, f.id), *last = &places->last;
        if (memcmp(&fp, row->keys.p + 8u * i, 8) != 0)
            return check_differs(c, acct, "a fact in the log does not fit its key");
        if (f.seq <= *last)
            return check_differs(c, acct, "the places in the log do not ascend");
        *last = f.seq;
        places->taken++;
        places->sum += f.seq;
        min_us = f.time_us < min_us ? f.time_us : min_us;
        max_us = f.time_us > max_us ? f.time_us : max_us;
        texts |= d.has != 0;
        BL_TRY(check_late(c, acct, &f));
        BL_TRY(check_retraction(c, acct, &f, fp));
        check_name(c, &f);
        if (row->batch <= c->db->sealed_batch)
            add(c, &c->log[acct], &f, &d);
        c->facts++;
    }
    if (min_us != row->min_us || max_us != row->max_us)
        return bl_fail(c->x, BL_CONFLICT, "Batch %lld of the log does not have the span of time beside it.",
                (long long)row->batch);
    if (row->batch <= c->db->sealed_batch && max_us > c->sealed_max_us)
        c->sealed_max_us = max_us;
    return texts && row->batch > c->db->sealed_batch ? check_batch_texts(c, &v, row->batch) : BL_OK;
}

/* Rows of a sealing that is under way stand above the last that ended; nothing reads them yet. */
static enum bl_err is_hidden(struct check *c, int64_t run, bool *ret)
{
    *ret = run > c->run;
    return *ret && !c->meta.sealing_to
                   ? bl_fail(c->x, BL_CONFLICT, "There are rows of a sealing that has not begun.")
                   : BL_OK;
}

static enum bl_err life_row(void *arg, const struct q_life_all *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    struct bl_rd r = bl_rd_of(row->body);
    struct bl_fact f;
    struct bl_fact_digests d;
    bool hidden = false;
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A life row names an unknown account.");
    BL_TRY(is_hidden(c, row->run_n, &hidden));
    if (hidden)
        return BL_OK;
    BL_TRY(check_run_of(c, acct, row->run_n, row->seq));
    bl_ctx_reset(c->x, c->x->now_us);
    BL_TRY(bl_fact_unpack(c->x, &r, &f, &d));
    if (r.p != r.end || f.time_us != row->time_us || (int64_t)f.type != row->type ||
            row->resource.n != (f.has_resource ? 16u : 0u) ||
            (f.has_resource && memcmp(row->resource.p, f.resource.b, 16) != 0))
        return check_differs(c, acct, "a life row does not fit the fact in it");
    f.account = account_at(&c->s->accounts, acct)->uuid;
    f.seq = (uint64_t)row->seq;
    add(c, &c->rows[acct], &f, &d);
    return BL_OK;
}

static enum bl_err check_totals(
        struct check *c, store_acct acct, const struct q_run_all *row, const struct bl_fact *f, size_t n)
{
    struct account *a = account_at(&c->s->accounts, acct);
    struct bl_usage *u = bl_usage_new(c->x);
    int64_t seq_lo = INT64_MAX, seq_hi = INT64_MIN, min_us = INT64_MAX, max_us = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        seq_lo = (int64_t)f[i].seq < seq_lo ? (int64_t)f[i].seq : seq_lo;
        seq_hi = (int64_t)f[i].seq > seq_hi ? (int64_t)f[i].seq : seq_hi;
        min_us = f[i].time_us < min_us ? f[i].time_us : min_us;
        max_us = f[i].time_us > max_us ? f[i].time_us : max_us;
        if (bl_period_of(f[i].time_us) != row->period)
            return check_differs(c, acct, "a run of usage holds a fact that does not belong there");
        if (f[i].time_us >= a->billing_from_us)
            BL_TRY(bl_usage_add(c->x, u, &f[i]));
    }
    if (n > 0 && (seq_lo != row->seq_lo || seq_hi != row->seq_hi || min_us != row->min_us ||
                         max_us != row->max_us))
        return check_differs(c, acct, "a run of usage does not hold the span that is written beside it");
    struct bl_usage_total *t = NULL;
    size_t n_t = 0;
    bl_usage_list(c->x, u, &t, &n_t);
    c->packed.n = 0;
    bl_usage_pack_totals(&c->packed, t, n_t);
    if (c->packed.n != row->totals.n || memcmp(c->packed.p, row->totals.p, c->packed.n) != 0)
        return check_differs(c, acct, "the totals of a run of usage differ from its facts");
    return BL_OK;
}

static enum bl_err run_row(void *arg, const struct q_run_all *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A run of usage names an unknown account.");
    struct bl_fact *f = NULL;
    size_t n = 0;
    bool hidden = false;
    BL_TRY(is_hidden(c, row->run_n, &hidden));
    if (hidden)
        return BL_OK;
    BL_TRY(check_run_of(c, acct, row->run_n, row->seq_hi));
    bl_ctx_reset(c->x, c->x->now_us);
    BL_TRY(bl_usage_unpack_facts(c->x, row->facts, account_at(&c->s->accounts, acct)->uuid, &f, &n));
    if ((int64_t)n != row->n)
        return check_differs(c, acct, "a run of usage has lost facts");
    for (size_t i = 0; i < n; i++)
        add(c, &c->rows[acct], &f[i], NULL);
    return check_totals(c, acct, row, f, n);
}

static enum bl_err check_all(struct check *c)
{
    BL_TRY(c->db->engine->sound(c->x, c->db));
    bool found = false;
    BL_TRY(q_meta_get(c->x, c->db, &c->meta, &found));
    c->run = c->db->writer ? atomic_load(&c->s->run) : c->db->run;
    BL_TRY(check_late_begin(c));
    BL_TRY(q_batch_after(c->x, c->db, 0, 0, log_row, c));
    BL_TRY(check_seqs(c));
    BL_TRY(check_late_end(c));
    BL_TRY(check_texts(c));
    BL_TRY(q_life_all(c->x, c->db, life_row, c));
    BL_TRY(check_spans_end(c));
    BL_TRY(q_run_all(c->x, c->db, run_row, c));
    BL_TRY(check_spans_end(c));
    BL_TRY(check_sealings(c));
    for (store_acct acct = 1; acct <= c->n_acct; acct++) {
        const struct sums *l = &c->log[acct], *r = &c->rows[acct];
        if (l->life_n != r->life_n || l->life != r->life)
            return check_differs(c, acct, "its life rows differ from the log");
        if (l->usage_n != r->usage_n || l->usage != r->usage)
            return check_differs(c, acct, "its runs of usage differ from the log");
    }
    return BL_OK;
}

enum bl_err store_check(struct bl_ctx *x, struct store *s, struct store_db *db, struct store_checked *ret)
{
    struct bl_ctx own;
    BL_TRY(store_read_begin(x, db));
    if (db->writer)
        db->sealed_batch = atomic_load(&s->sealed_batch);
    bl_ctx_init(&own, x->now_us);
    struct check c = {.x = &own, .s = s, .db = db, .next_batch = 1, .n_acct = atomic_load(&s->accounts.n)};
    size_t bytes = ((size_t)c.n_acct + 1) * sizeof *c.log, buckets = s->buckets * sizeof *c.places;
    c.log = memset(bl_xmalloc(bytes), 0, bytes);
    c.rows = memset(bl_xmalloc(bytes), 0, bytes);
    c.places = memset(bl_xmalloc(buckets), 0, buckets);
    c.marks = bl_xmalloc(((size_t)c.n_acct + 1) * sizeof *c.marks);
    bl_ctx_init(&c.keep, x->now_us);
    enum bl_err e = check_all(&c);
    if (e != BL_OK)
        bl_fail(x, e, "%s", own.why);
    else
        *ret = (struct store_checked){.facts = c.facts};
    if (e == BL_OK)
        check_names_give(&c, x, ret);
    store_read_end(db);
    check_names_release(&c);
    pending_release(&c.targets);
    free(c.closing);
    free(c.spans.at);
    free(c.log);
    free(c.rows);
    free(c.places);
    free(c.marks);
    bl_buf_release(&c.packed);
    bl_ctx_release(&c.keep);
    bl_ctx_release(&own);
    return e;
}
