/* Personal texts stand apart from facts, which hold their digests: while unsealed beside their batch,
 * afterwards in a row for each account and sealing. A reader that meets a digest fetches the whole row of
 * that sealing, once, since the facts around need their texts from there too. */
#include "store/inner.h"

#include <stdlib.h>
#include <string.h>

struct texts_of_run {
    struct texts_of_run *next;
    struct bl_ctx *x;
    int64_t run;
    struct log_text *at; /* ascending digest */
    size_t n, cap;
};

static enum bl_err one_row(void *arg, const struct q_text_of_run *row)
{
    struct texts_of_run *t = arg;
    struct bl_rd r = bl_rd_of(bl_str_dup(&t->x->arena, row->body));
    while (r.p < r.end) {
        const uint8_t *digest = bl_get_bytes(&r, 16);
        struct bl_str text = bl_get_str(&r);
        if (!digest || !bl_is(text))
            return bl_fail(t->x, BL_INTERNAL,
                    "Stored texts cannot be read: the database is damaged, restore a backup.");
        struct log_text *one = BL_PUSH(&t->x->arena, *t);
        memcpy(one->digest, digest, 16);
        one->text = text;
    }
    return BL_OK;
}

static int by_digest(const void *l, const void *r)
{
    return memcmp(((const struct log_text *)l)->digest, ((const struct log_text *)r)->digest, 16);
}

static enum bl_err of_run(struct bl_ctx *x, struct store_db *db, const struct account *a, struct texts *t,
        int64_t run, struct texts_of_run **ret)
{
    struct texts_of_run *at = t->first;
    while (at && at->run != run)
        at = at->next;
    if (!at) {
        at = bl_alloc(&x->arena, sizeof *at);
        *at = (struct texts_of_run){.x = x, .run = run, .next = t->first};
        BL_TRY(q_text_of_run(x, db, a->bucket, store_uuid(&a->uuid), run, one_row, at));
        if (at->n > 1)
            qsort(at->at, at->n, sizeof *at->at, by_digest);
        t->first = at;
    }
    *ret = at;
    return BL_OK;
}

enum bl_err texts_fill(struct bl_ctx *x, struct store_db *db, const struct account *a, struct texts *t,
        int64_t run, struct bl_fact *f, const struct bl_fact_digests *d)
{
    for (uint32_t rest = d->has; rest; rest &= rest - 1) {
        int field = __builtin_ctz(rest);
        struct texts_of_run *all = NULL;
        struct log_text key;
        BL_TRY(of_run(x, db, a, t, run, &all));
        memcpy(key.digest, d->d[field], 16);
        const struct log_text *found = all->n ? bsearch(&key, all->at, all->n, sizeof key, by_digest) : NULL;
        f->field[field] = found ? found->text : BL_STR("");
    }
    return BL_OK;
}

enum bl_err texts_from_view(
        struct bl_ctx *x, const struct log_view *v, struct bl_fact *f, const struct bl_fact_digests *d)
{
    for (uint32_t rest = d->has; rest; rest &= rest - 1) {
        int field = __builtin_ctz(rest);
        f->field[field] = log_text_find(v, d->d[field]);
        if (!bl_is(f->field[field]))
            return bl_fail(x, BL_INTERNAL, "A text is missing: the database is damaged, restore a backup.");
    }
    return BL_OK;
}
