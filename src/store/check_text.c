/* Personal texts stand apart from the facts that hold their digests: beside their batch until it is sealed,
 * then in a row for each account, sealing and part. Each text must be one that a fact there asks for, in the
 * facts' order; of sealed ones some may be missing, for they may be erased. */
#include "store/check.h"

#include <stdlib.h>
#include <string.h>

#define KEY 32 /* bytes: account, digest */
struct keys {
    uint8_t (*at)[KEY];
    size_t n, cap;
};

static int by_bytes(const void *l, const void *r)
{
    return memcmp(l, r, KEY);
}

static void sort(struct keys *k)
{
    if (k->n > 1)
        qsort(k->at, k->n, KEY, by_bytes);
}

static void put(struct check *c, struct keys *k, const uint8_t account[16], const uint8_t digest[16])
{
    uint8_t *at = *BL_PUSH(&c->x->arena, *k);
    memcpy(at, account, 16);
    memcpy(at + 16, digest, 16);
}

/* ---- of a batch */

static enum bl_err keys_of_facts(struct check *c, const struct log_view *v, struct keys *ret)
{
    for (uint32_t i = 0; i < v->n; i++) {
        struct bl_fact f;
        struct bl_fact_digests d;
        BL_TRY(log_fact(c->x, v, i, &f, &d));
        for (uint32_t rest = d.has; rest; rest &= rest - 1)
            put(c, ret, f.account.b, d.d[__builtin_ctz(rest)]);
    }
    sort(ret);
    return BL_OK;
}

static bool keys_of_texts(struct check *c, struct bl_str body, struct keys *ret)
{
    struct bl_rd r = bl_rd_of(body);
    while (r.p < r.end) {
        uint8_t digest[16];
        const uint8_t *account = bl_get_bytes(&r, 16);
        struct bl_str text = bl_get_str(&r);
        if (!account || !bl_is(text))
            return false;
        bl_field_digest(text, digest);
        put(c, ret, account, digest);
    }
    sort(ret);
    return true;
}

enum bl_err check_batch_texts(struct check *c, const struct log_view *v, int64_t batch)
{
    struct keys facts = {0}, texts = {0};
    struct q_batch_text_get row = {0};
    bool found = false;
    BL_TRY(keys_of_facts(c, v, &facts));
    BL_TRY(q_batch_text_get(c->x, c->db, 0, batch, &row, &found));
    c->texts += found;
    bool read = !found || keys_of_texts(c, row.body, &texts);
    if (read && facts.n == texts.n && (facts.n == 0 || memcmp(facts.at, texts.at, KEY * facts.n) == 0))
        return BL_OK;
    return bl_fail(c->x, BL_CONFLICT, "The texts beside batch %lld of the log are not those of its facts.",
            (long long)batch);
}

/* ---- of a sealing */

struct wanted { /* digests that the facts of an account and sealing ask for, in order */
    struct check *c;
    int64_t facts;
    struct {
        struct wanted_one {
            uint8_t digest[16];
            int64_t part;
        } * at;
        size_t n, cap;
    } list;
};

static enum bl_err want(void *arg, const struct q_life_of_run *row)
{
    struct wanted *w = arg;
    struct bl_rd r = bl_rd_of(row->body);
    struct bl_fact f;
    struct bl_fact_digests d;
    BL_TRY(bl_fact_unpack(w->c->x, &r, &f, &d));
    for (uint32_t rest = d.has; rest; rest &= rest - 1) {
        struct wanted_one *one = BL_PUSH(&w->c->x->arena, w->list);
        memcpy(one->digest, d.d[__builtin_ctz(rest)], 16);
        one->part = w->facts / SEAL_LIFE_PART;
    }
    w->facts++;
    return BL_OK;
}

static enum bl_err sealed_row(void *arg, const struct q_text_all *row)
{
    struct check *c = arg;
    struct bl_rd r = bl_rd_of(row->body);
    struct wanted w = {.c = c};
    size_t at = 0;
    store_acct acct = check_known(c, row->account);
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A row of texts names an unknown account.");
    if (row->run_n > c->run && c->meta.sealing_to)
        return BL_OK; /* of a sealing that is under way */
    bl_ctx_reset(c->x, c->x->now_us);
    BL_TRY(q_life_of_run(c->x, c->db, row->bucket, row->account, row->run_n, want, &w));
    while (r.p < r.end) {
        uint8_t is[16];
        const uint8_t *digest = bl_get_bytes(&r, 16);
        struct bl_str text = bl_get_str(&r);
        if (digest && bl_is(text))
            bl_field_digest(text, is);
        if (!digest || !bl_is(text) || memcmp(digest, is, 16) != 0)
            return check_differs(c, acct, "a text is not the one that its digest stands for");
        while (at < w.list.n && (w.list.at[at].part < row->part || memcmp(w.list.at[at].digest, is, 16) != 0))
            at++;
        if (at == w.list.n || w.list.at[at++].part != row->part)
            return check_differs(c, acct, "a text is kept that no fact of its sealing asks for");
    }
    return BL_OK;
}

enum bl_err check_texts(struct check *c)
{
    struct q_batch_text_count row = {0};
    bool found = false;
    BL_TRY(q_batch_text_count(c->x, c->db, &row, &found));
    if (row.total != c->texts)
        return bl_fail(c->x, BL_CONFLICT, "Texts stand beside a batch of the log that has none.");
    return q_text_all(c->x, c->db, sealed_row, c);
}
