/* The audit rows, and what they alone bear witness to: they are chained, so they can be believed, and what
 * was made by hand is held against them: accounts, organizations, manual adjustments, price books, closes.
 *
 * Rows from before the chain are there, but hold no hash and tell less; what they do not tell is passed over.
 */
#include "work/verify.h"

#include <stdlib.h>
#include <string.h>

struct belongs { /* an account's organization, as told */
    enum { UNTOLD, NONE, ONE } is;
    bl_uuid org;
};
struct load { /* of a price book */
    char hex[65];
    int64_t at_us;
};
struct close { /* of a period */
    bl_period period;
    struct bl_str digest;
    int64_t at_us;
};
struct witness {
    struct bl_ctx *x; /* scratch; given back with each row */
    struct bl_ctx keep;
    struct work *w;
    struct store_db *db;
    int64_t n;
    bool chained; /* from here on */
    uint8_t prev[32];
    int64_t accounts, orgs, manuals;
    struct belongs *belongs; /* by account handle */
    store_acct n_acct;
    struct {
        struct load *at;
        size_t n, cap;
    } load;
    struct {
        struct close *at;
        size_t n, cap;
    } close;
};

static enum bl_err untrue(struct witness *t, const struct q_audit_each *row)
{
    return bl_fail(t->x, BL_CONFLICT, "Audit row %lld (%.*s %.*s) tells of something that is not so.",
            (long long)row->n, BL_FMT(row->action), BL_FMT(row->subject));
}

static enum bl_err account_of(struct witness *t, const struct q_audit_each *row, struct work_account *ret)
{
    bl_uuid u;
    bool known = bl_urn_parse(row->subject, BL_URN_TEAM, &u) &&
                 work_account_get(t->x, t->w, t->db, u, ret) == BL_OK;
    return known ? BL_OK : untrue(t, row);
}

static enum bl_err account_add(struct witness *t, const struct q_audit_each *row)
{
    struct work_account a;
    BL_TRY(account_of(t, row, &a));
    t->accounts++;
    bool same = a.row.created_us == row->at_us;
    if (t->chained) {
        same = same && bl_str_eq(row->detail, work_account_told(t->x, &a.row));
        if (a.acct <= t->n_acct) /* else it has just been made */
            t->belongs[a.acct].is = NONE;
    }
    return same ? BL_OK : untrue(t, row);
}

static enum bl_err account_org(struct witness *t, const struct q_audit_each *row)
{
    struct work_account a;
    BL_TRY(account_of(t, row, &a));
    if (a.acct > t->n_acct)
        return BL_OK;
    struct belongs *b = &t->belongs[a.acct];
    b->is = !t->chained ? UNTOLD : bl_urn_parse(row->detail, BL_URN_TEAMGROUP, &b->org) ? ONE : NONE;
    return BL_OK;
}

static enum bl_err org_add(struct witness *t, const struct q_audit_each *row)
{
    bl_uuid u;
    struct q_org_get org = {0};
    bool found = false;
    if (bl_urn_parse(row->subject, BL_URN_TEAMGROUP, &u))
        BL_TRY(q_org_get(t->x, t->db, store_uuid(&u), &org, &found));
    t->orgs++;
    bool same = found && org.created_us == row->at_us && (!t->chained || bl_str_eq(org.name, row->detail));
    return same ? BL_OK : untrue(t, row);
}

static enum bl_err adjustment_add(struct witness *t, const struct q_audit_each *row)
{
    struct work_account a;
    struct q_manual_at *m = NULL;
    size_t n = 0;
    bool same = false;
    BL_TRY(account_of(t, row, &a));
    BL_TRY(q_manual_at(t->x, t->db, a.bucket, store_uuid(&a.uuid), row->at_us, &m, &n));
    t->manuals++;
    for (size_t i = 0; i < n && !same; i++)
        same = bl_str_eq(
                row->detail, work_posting_told(t->x, a.row.currency, (bl_amount){m[i].amount}, m[i].ref));
    return same ? BL_OK : untrue(t, row);
}

static enum bl_err prices_load(struct witness *t, const struct q_audit_each *row)
{
    struct load *l = BL_PUSH(&t->keep.arena, t->load);
    if (row->subject.n != sizeof l->hex - 1)
        return untrue(t, row);
    memcpy(l->hex, row->subject.p, row->subject.n);
    l->at_us = row->at_us;
    return BL_OK;
}

static enum bl_err period_close(struct witness *t, const struct q_audit_each *row)
{
    bl_period p = 0;
    if (bl_period_parse(t->x, row->subject, &p) != BL_OK)
        return untrue(t, row);
    *BL_PUSH(&t->keep.arena, t->close) =
            (struct close){p, bl_str_dup(&t->keep.arena, row->detail), row->at_us};
    return BL_OK;
}

static const struct {
    const char *action;
    enum bl_err (*bears)(struct witness *t, const struct q_audit_each *row);
} kinds[] = {
        {"account.add", account_add},
        {"account.org", account_org},
        {"adjustment.add", adjustment_add},
        {"org.add", org_add},
        {"period.close", period_close},
        {"prices.load", prices_load},
};

static enum bl_err one_row(void *arg, const struct q_audit_each *row)
{
    struct witness *t = arg;
    uint8_t hash[32];
    struct work_audit_row r = {row->n, row->at_us, row->actor, row->action, row->subject, row->detail};
    bl_ctx_reset(t->x, t->x->now_us);
    work_audit_hash(t->prev, &r, hash);
    t->chained = t->chained || row->hash.n > 0;
    if (row->n != ++t->n ||
            (t->chained && (row->hash.n != sizeof hash || memcmp(row->hash.p, hash, sizeof hash) != 0)))
        return bl_fail(t->x, BL_CONFLICT, "Audit row %lld does not follow the chain.", (long long)row->n);
    if (t->chained)
        memcpy(t->prev, hash, sizeof t->prev);
    for (size_t i = 0; i < BL_COUNT(kinds); i++)
        if (bl_str_is(row->action, kinds[i].action))
            return kinds[i].bears(t, row);
    return BL_OK;
}

/* ---- the other way round: what is there was told of */

static enum bl_err check_counts(struct witness *t)
{
    struct q_account_count a = {0};
    struct q_org_count o = {0};
    struct q_manual_count m = {0};
    bool found = false;
    BL_TRY(q_account_count(t->x, t->db, &a, &found));
    BL_TRY(q_org_count(t->x, t->db, &o, &found));
    BL_TRY(q_manual_count(t->x, t->db, &m, &found));
    const struct {
        const char *what;
        int64_t is, told;
    } each[] = {{"accounts", a.total, t->accounts}, {"organizations", o.total, t->orgs},
            {"adjustments", m.total, t->manuals}};
    for (size_t i = 0; i < BL_COUNT(each); i++)
        if (each[i].is != each[i].told)
            return bl_fail(t->x, BL_CONFLICT, "There are %lld %s, but audit rows tell of %lld.",
                    (long long)each[i].is, each[i].what, (long long)each[i].told);
    return BL_OK;
}

static enum bl_err check_orgs(struct witness *t)
{
    for (store_acct acct = 1; acct <= t->n_acct; acct++) {
        const struct belongs *b = &t->belongs[acct];
        struct work_account a;
        if (b->is == UNTOLD)
            continue;
        bl_ctx_reset(t->x, t->x->now_us);
        BL_TRY(work_account_get(t->x, t->w, t->db, store_account_hot(t->w->store, acct).uuid, &a));
        struct bl_str told = b->is == ONE ? store_uuid(&b->org) : BL_ABSENT;
        if (!bl_str_eq(a.row.org, told)) {
            char text[37];
            bl_uuid_text(a.uuid, text);
            return bl_fail(t->x, BL_CONFLICT,
                    BL_URN_TEAM "%s: its organization is not the one that audit rows tell of.", text);
        }
    }
    return BL_OK;
}

static enum bl_err check_book(struct witness *t, struct bl_str id, int64_t loaded_us)
{
    struct q_book_get row;
    bool found = false;
    uint8_t is[32];
    char hex[65];
    BL_TRY(q_book_get(t->x, t->db, id, &row, &found));
    work_book_id(row.body, row.logos, is);
    bl_hex(is, sizeof is, hex);
    size_t first = 0;
    while (first < t->load.n && strcmp(t->load.at[first].hex, hex) != 0)
        first++;
    if (id.n == sizeof is && memcmp(id.p, is, sizeof is) == 0 && first < t->load.n &&
            t->load.at[first].at_us == loaded_us)
        return BL_OK;
    return bl_fail(t->x, BL_CONFLICT, "A price book in the store is not one that was loaded.");
}

static enum bl_err check_books(struct witness *t)
{
    struct q_book_list *book = NULL;
    struct q_clock_get meta = {0};
    size_t n = 0;
    bool found = false;
    char hex[65] = "";
    BL_TRY(q_book_list(&t->keep, t->db, &book, &n));
    for (size_t i = 0; i < n; i++) {
        bl_ctx_reset(t->x, t->x->now_us);
        BL_TRY(check_book(t, book[i].book_id, book[i].loaded_us));
    }
    BL_TRY(q_clock_get(t->x, t->db, &meta, &found));
    if (meta.book_id.n == 32)
        bl_hex((const uint8_t *)meta.book_id.p, 32, hex);
    const char *last = t->load.n > 0 ? t->load.at[t->load.n - 1].hex : "";
    return strcmp(hex, last) == 0 && meta.book_n == (int64_t)t->load.n
                   ? BL_OK
                   : bl_fail(t->x, BL_CONFLICT,
                             "The current price book is not the one that was loaded last.");
}

/* The newest close of a period says its digest and its date; the oldest with a digest, the digest's. */
static enum bl_err check_closes(struct witness *t)
{
    struct q_close_total_list *total = NULL;
    struct q_close_digest_list *digest = NULL;
    size_t n_total = 0, n_digest = 0;
    BL_TRY(q_close_total_list(&t->keep, t->db, &total, &n_total));
    BL_TRY(q_close_digest_list(&t->keep, t->db, &digest, &n_digest));
    for (size_t i = 0; i < n_total; i++) {
        const struct close *said = NULL;
        for (size_t j = 0; j < t->close.n; j++)
            if (t->close.at[j].period == total[i].period)
                said = &t->close.at[j];
        bool under_way = total[i].digest.n == 0; /* or closed with a later one, and never for itself */
        if (total[i].closed_us != (said ? said->at_us : 0) ||
                (!under_way && (!said || !bl_str_eq(said->digest, total[i].digest))))
            return verify_total_differs(t->x, (bl_period)total[i].period, "its close");
    }
    for (size_t i = 0; i < n_digest; i++) {
        const struct close *said = NULL;
        for (size_t j = t->close.n; j > 0; j--)
            if (bl_str_eq(t->close.at[j - 1].digest, digest[i].digest))
                said = &t->close.at[j - 1];
        if (!said || said->period != digest[i].period || said->at_us != digest[i].closed_us)
            return bl_fail(t->x, BL_CONFLICT, "The digest %.*s was printed by no close, or by another.",
                    BL_FMT(digest[i].digest));
    }
    return BL_OK;
}

static enum bl_err check_all(struct witness *t)
{
    BL_TRY(q_audit_each(t->x, t->db, one_row, t));
    BL_TRY(check_counts(t));
    BL_TRY(check_orgs(t));
    BL_TRY(check_books(t));
    return check_closes(t);
}

enum bl_err verify_audit(struct bl_ctx *x, struct work *w, struct store_db *db)
{
    struct bl_ctx y;
    struct witness t = {.x = &y, .w = w, .db = db};
    BL_TRY(store_read_begin(x, db));
    t.n_acct = store_account_count(w->store);
    t.belongs = calloc(t.n_acct + 1, sizeof *t.belongs);
    if (!t.belongs)
        abort();
    bl_ctx_init(&y, x->now_us);
    bl_ctx_init(&t.keep, x->now_us);
    enum bl_err e = check_all(&t);
    if (e != BL_OK)
        bl_fail(x, e, "%s", y.why[0] ? y.why : t.keep.why);
    store_read_end(db);
    free(t.belongs);
    bl_ctx_release(&t.keep);
    bl_ctx_release(&y);
    return e;
}
