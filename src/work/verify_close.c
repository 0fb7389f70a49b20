/* What closes came to: their figures are counted again from closed periods and invoices, each digest that one
 * printed is made again from the heads it stands for, and who was named as parked was left open, nobody else.
 */
#include "work/verify.h"

#include <stdlib.h>
#include <string.h>

enum bl_err verify_total_differs(struct bl_ctx *x, bl_period p, const char *what)
{
    char text[8];
    bl_period_text(p, text);
    return bl_fail(x, BL_CONFLICT, "The figures kept of the close of %s are not those of %s.", text, what);
}

/* ---- figures */

struct figure {
    bl_period period;
    int64_t accounts, invoices, credit_notes;
    __int128 total;
};
struct figures {
    struct figure *at; /* ascending period */
    size_t n;
};

static int by_period(const void *l, const void *r)
{
    bl_period a = ((const struct figure *)l)->period, b = ((const struct figure *)r)->period;
    return (a > b) - (a < b);
}

static enum bl_err one_invoice(void *arg, const struct q_invoice_amounts *row)
{
    struct figures *f = arg;
    struct figure key = {.period = (bl_period)row->period};
    struct figure *at = f->n ? bsearch(&key, f->at, f->n, sizeof key, by_period) : NULL;
    if (!at)
        return BL_OK; /* the account's own check tells */
    at->invoices += row->amount >= 0;
    at->credit_notes += row->amount < 0;
    at->total += row->amount;
    return BL_OK;
}

static enum bl_err check_figures(
        struct bl_ctx *x, struct store_db *db, const struct q_close_total_list *total, size_t n)
{
    struct q_closed_count *closed = NULL;
    struct figures f = {0};
    BL_TRY(q_closed_count(x, db, &closed, &f.n));
    f.at = bl_alloc_array(&x->arena, f.n, sizeof *f.at);
    for (size_t i = 0; i < f.n; i++)
        f.at[i] = (struct figure){.period = (bl_period)closed[i].period, .accounts = closed[i].total};
    BL_TRY(q_invoice_amounts(x, db, one_invoice, &f));
    for (size_t i = 0; i < n; i++) {
        struct figure key = {.period = (bl_period)total[i].period};
        const struct figure *is = f.n ? bsearch(&key, f.at, f.n, sizeof key, by_period) : NULL;
        is = is ? is : &key;
        if (total[i].accounts != is->accounts || total[i].invoices != is->invoices ||
                total[i].credit_notes != is->credit_notes ||
                !bl_str_eq(total[i].total, work_whole_text(x, is->total)))
            return verify_total_differs(x, key.period, "its invoices");
    }
    for (size_t i = 0, at = 0; i < f.n; i++) {
        while (at < n && total[at].period < f.at[i].period)
            at++;
        if (at == n || total[at].period != f.at[i].period)
            return verify_total_differs(x, f.at[i].period, "any close");
    }
    return BL_OK;
}

/* ---- digests */

/* Heads as they stood then, from the entries that were last then. */
static enum bl_err heads_check(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest, struct bl_str heads)
{
    struct bl_rd r = bl_rd_of(heads);
    struct bl_sha256 h;
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_sha256_begin(&h);
    bl_ctx_init(&y, x->now_us);
    while (e == BL_OK && r.p < r.end && !r.bad) {
        bl_uuid u;
        struct q_entry_get at;
        struct bl_entry entry;
        bool found = false;
        const uint8_t *b = bl_get_bytes(&r, 16);
        int64_t n = (int64_t)bl_get_uv(&r);
        if (r.bad)
            break;
        memcpy(u.b, b, 16);
        bl_ctx_reset(&y, x->now_us);
        e = q_entry_get(&y, db, store_bucket_of(w->store, u), store_uuid(&u), n, &at, &found);
        if (e == BL_OK && !found)
            e = bl_fail(&y, BL_CONFLICT, "An entry that the digest %.*s covers is missing.", BL_FMT(digest));
        if (e == BL_OK)
            e = bl_entry_unpack(&y, at.body, &entry);
        if (e == BL_OK) {
            bl_sha256_add(&h, u.b, 16);
            bl_sha256_add(&h, entry.hash, 32);
        }
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    BL_TRY(e);
    uint8_t got[32];
    char hex[65];
    bl_sha256_end(&h, got);
    bl_hex(got, sizeof got, hex);
    if (r.bad || !bl_str_is(digest, hex))
        return bl_fail(x, BL_CONFLICT, "The heads that the digest %.*s covers have changed.", BL_FMT(digest));
    return BL_OK;
}

enum bl_err verify_digest(struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest)
{
    struct q_close_heads row;
    bool found = false;
    BL_TRY(q_close_heads(x, db, digest, &row, &found));
    if (!found)
        return bl_fail(x, BL_CONFLICT, "The digest is neither that of now nor one that a close stored.");
    return heads_check(x, w, db, digest, row.heads);
}

static enum bl_err check_digests(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct q_close_total_list *total, size_t n_total)
{
    struct q_close_digest_list *digest = NULL;
    size_t n = 0;
    BL_TRY(q_close_digest_list(x, db, &digest, &n));
    for (size_t i = 0; i < n; i++)
        BL_TRY(verify_digest(x, w, db, digest[i].digest));
    for (size_t i = 0; i < n_total; i++) {
        bool kept = total[i].digest.n == 0;
        for (size_t j = 0; j < n && !kept; j++)
            kept = bl_str_eq(digest[j].digest, total[i].digest);
        if (!kept)
            return verify_total_differs(x, (bl_period)total[i].period, "any digest");
    }
    return BL_OK;
}

/* ---- parked accounts */

static enum bl_err names_read(
        struct bl_ctx *x, const struct q_close_total_list *row, struct work *w, struct verify_total *ret)
{
    struct bl_str rest = row->parked;
    size_t n = 0;
    *ret = (struct verify_total){(bl_period)row->period, row->digest.n > 0, NULL, 0};
    ret->parked = bl_alloc_array(&x->arena, rest.n / 40 + 1, sizeof *ret->parked);
    while (rest.n > 0) {
        const char *blank = memchr(rest.p, ' ', rest.n);
        struct bl_str one = {rest.p, blank ? (size_t)(blank - rest.p) : rest.n};
        bl_uuid u;
        if (!bl_urn_parse(one, BL_URN_TEAM, &u) || !store_account_find(w->store, u))
            return verify_total_differs(x, ret->period, "its parked accounts");
        rest.p += one.n + (blank ? 1 : 0);
        rest.n -= one.n + (blank ? 1 : 0);
        if (blank && rest.n == 0)
            return verify_total_differs(x, ret->period, "its parked accounts");
        ret->parked[n++] = u;
    }
    ret->n_parked = n;
    return BL_OK;
}

enum bl_err verify_parked(const struct verify_account *v)
{
    int64_t born = v->a.row.billing_from_us == INT64_MIN ? -1 : bl_period_of(v->a.row.billing_from_us) - 1;
    for (size_t i = 0; i < v->n_total; i++) {
        const struct verify_total *t = &v->total[i];
        size_t named = 0, at = 0;
        for (size_t j = 0; j < t->n_parked; j++)
            named += bl_uuid_cmp(t->parked[j], v->a.uuid) == 0;
        while (at < v->n_closed && v->closed[at].period < t->period)
            at++; /* the row that closed it: its own, or the first */
        /* Whoever was there before the period ended was there when it was closed; who was parked may have
         * been closed since. */
        bool there = t->period > born && bl_period_of(v->a.row.created_us) <= t->period;
        if (named > 1 || (!named && t->finished && there && at == v->n_closed))
            return verify_total_differs(v->x, t->period, "its parked accounts");
    }
    return BL_OK;
}

/* ---- */

enum bl_err verify_closes(struct bl_ctx *x, struct work *w, struct store_db *db)
{
    struct q_close_total_list *total = NULL;
    size_t n = 0;
    BL_TRY(store_read_begin(x, db));
    enum bl_err e = q_close_total_list(x, db, &total, &n);
    if (e == BL_OK)
        e = check_figures(x, db, total, n);
    if (e == BL_OK)
        e = check_digests(x, w, db, total, n);
    store_read_end(db);
    return e;
}

enum bl_err verify_totals(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct verify_total **ret, size_t *ret_n)
{
    struct q_close_total_list *total = NULL;
    size_t n = 0;
    BL_TRY(q_close_total_list(x, db, &total, &n));
    *ret = bl_alloc_array(&x->arena, n, sizeof **ret);
    for (size_t i = 0; i < n; i++)
        BL_TRY(names_read(x, &total[i], w, &(*ret)[i]));
    *ret_n = n;
    return BL_OK;
}
