/* Marks of what came late, and notes of what is retracted: both follow from the log and from where closings
 * stood, and are made again here.
 *
 * A fact is late when its period was closed at a lower place of the log than its own. Periods before the
 * first that was closed for itself were closed with it, or with the account's making. */
#include "store/check.h"

#include <stdlib.h>
#include <string.h>

#define CLOSINGS_MIN 1024u
#define CLOSINGS_MAX (1u << 20)

/* ---- where a period was closed */

static enum bl_err closed_at(struct check *c, store_acct acct, bl_period p, int64_t *ret_k)
{
    uint32_t h = (acct * 0x9e3779b1u + (uint32_t)p * 0x85ebca6bu) & c->closing_mask;
    struct closing *at = &c->closing[h];
    if (at->acct != acct || at->period != p) {
        struct account *a = account_at(&c->s->accounts, acct);
        struct q_closed_from row = {0};
        bool found = false;
        bool born = a->billing_from_us != INT64_MIN && p < bl_period_of(a->billing_from_us);
        if (!born)
            BL_TRY(q_closed_from(c->x, c->db, a->bucket, store_uuid(&a->uuid), p, &row, &found));
        *at = (struct closing){acct, p, found ? row.k : 0};
    }
    *ret_k = at->k;
    return BL_OK;
}

static enum bl_err is_late(struct check *c, store_acct acct, int64_t time_us, int64_t seq, bool *ret)
{
    int64_t k = 0;
    bl_period p = bl_period_of(time_us);
    *ret = false;
    if (p > c->marks[acct].closed)
        return BL_OK;
    BL_TRY(closed_at(c, acct, p, &k));
    *ret = seq > k;
    return BL_OK;
}

static enum bl_err is_marked(struct check *c, store_acct acct, int64_t time_us, int64_t seq, bool life)
{
    struct account *a = account_at(&c->s->accounts, acct);
    struct q_late_get row;
    bool found = false;
    BL_TRY(q_late_get(
            c->x, c->db, a->bucket, store_uuid(&a->uuid), bl_period_of(time_us), seq, &row, &found));
    c->late++;
    return found && row.life == life
                   ? BL_OK
                   : check_differs(c, acct, "a late fact of a closed period is not marked as what it is");
}

static enum bl_err one_mark(void *arg, const struct q_account_marks *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    if (acct)
        c->marks[acct] = (struct marks){row->k, row->closed_period};
    return BL_OK;
}

enum bl_err check_late(struct check *c, store_acct acct, const struct bl_fact *f)
{
    bool late = false;
    if (f->type == BL_FACT_RETRACT)
        return BL_OK;
    BL_TRY(is_late(c, acct, f->time_us, (int64_t)f->seq, &late));
    return late ? is_marked(c, acct, f->time_us, (int64_t)f->seq, bl_fact_is_life(f->type)) : BL_OK;
}

/* ---- retractions */

static int by_place(const void *l, const void *r)
{
    const struct retraction_row *a = l, *b = r;
    if (a->acct != b->acct)
        return a->acct < b->acct ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static int by_target(const void *l, const void *r)
{
    const struct retraction_row *a = *(struct retraction_row *const *)l;
    const struct retraction_row *b = *(struct retraction_row *const *)r;
    return (a->fp > b->fp) - (a->fp < b->fp);
}

static enum bl_err one_row(void *arg, const struct q_retraction_each *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A retraction names an unknown account.");
    bl_uuid uuid = account_at(&c->s->accounts, acct)->uuid;
    struct retraction_row *at = BL_PUSH(&c->keep.arena, c->retraction);
    *at = (struct retraction_row){
            .acct = acct,
            .fp = ident_fp(&c->s->ident, uuid, row->target_source, row->target_id),
            .seq = row->seq,
            .target_seq = row->target_seq,
            .target_us = row->target_us,
            .effective_seq = row->effective_seq,
    };
    pending_add(&c->targets, at->fp);
    return BL_OK;
}

static enum bl_err noted_otherwise(struct check *c, store_acct acct)
{
    return check_differs(c, acct, "a retraction is not noted as the log says it");
}

/* The first row whose target has this fingerprint. */
static size_t first_of(const struct check *c, uint64_t fp)
{
    size_t lo = 0, hi = c->retraction.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (c->by_target[mid]->fp < fp)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* A fact that is named by retractions: those that came before it waited for it. A retraction cannot be
 * unsaid: one that is named by a later one has no row there. */
static enum bl_err meet(struct check *c, store_acct acct, const struct bl_fact *f, uint64_t fp)
{
    int64_t seq = (int64_t)f->seq;
    for (size_t i = first_of(c, fp); i < c->retraction.n && c->by_target[i]->fp == fp; i++) {
        struct retraction_row *r = c->by_target[i];
        bool unsayable = f->type == BL_FACT_RETRACT;
        int64_t effective = r->seq > seq ? r->seq : seq;
        if (unsayable ? seq <= r->seq
                      : r->target_seq != seq || r->target_us != f->time_us || r->effective_seq != effective)
            return noted_otherwise(c, acct);
        r->met = r->met || !unsayable;
        r->life = bl_fact_is_life(f->type);
    }
    return BL_OK;
}

enum bl_err check_retraction(struct check *c, store_acct acct, const struct bl_fact *f, uint64_t fp)
{
    if (pending_has(&c->targets, fp))
        BL_TRY(meet(c, acct, f, fp));
    if (f->type != BL_FACT_RETRACT)
        return BL_OK;
    *BL_PUSH(&c->keep.arena, c->said) = (struct retraction_own){fp, f->seq};
    uint64_t names =
            ident_fp(&c->s->ident, f->account, f->field[BL_F_TARGET_SOURCE], f->field[BL_F_TARGET_ID]);
    struct retraction_row key = {.acct = acct, .seq = (int64_t)f->seq};
    struct retraction_row *row =
            c->retraction.n ? bsearch(&key, c->retraction.at, c->retraction.n, sizeof key, by_place) : NULL;
    if (!row) {
        *BL_PUSH(&c->keep.arena, c->bare) = (struct retraction_own){names, f->seq};
        return BL_OK;
    }
    if (row->fp != names)
        return noted_otherwise(c, acct);
    row->said = true;
    return BL_OK;
}

static int by_fp(const void *l, const void *r)
{
    const struct retraction_own *a = l, *b = r;
    return (a->fp > b->fp) - (a->fp < b->fp);
}

/* A retraction without a row must name one that was said before it, or itself. */
static enum bl_err check_bare(struct check *c)
{
    if (c->said.n > 1)
        qsort(c->said.at, c->said.n, sizeof *c->said.at, by_fp);
    for (size_t i = 0; i < c->bare.n; i++) {
        const struct retraction_own *own =
                bsearch(&c->bare.at[i], c->said.at, c->said.n, sizeof *c->said.at, by_fp);
        if (!own || own->seq > c->bare.at[i].seq)
            return bl_fail(c->x, BL_CONFLICT, "A retraction in the log is not noted.");
    }
    return BL_OK;
}

static enum bl_err check_noted(struct check *c, const struct retraction_row *r)
{
    bool late = false;
    if (!r->said || r->met != (r->target_seq > 0) ||
            (!r->met && (r->target_us != 0 || r->effective_seq != r->seq)))
        return noted_otherwise(c, r->acct);
    if (!r->met || r->target_seq > r->seq)
        return BL_OK;
    BL_TRY(is_late(c, r->acct, r->target_us, r->seq, &late));
    return late ? is_marked(c, r->acct, r->target_us, r->seq, r->life) : BL_OK;
}

/* ---- all of them */

enum bl_err check_late_begin(struct check *c)
{
    for (store_acct acct = 0; acct <= c->n_acct; acct++)
        c->marks[acct] = (struct marks){0, INT64_MIN};
    BL_TRY(q_account_marks(c->x, c->db, one_mark, c));
    BL_TRY(q_retraction_each(c->x, c->db, one_row, c));
    size_t n = c->retraction.n;
    if (n > 1)
        qsort(c->retraction.at, n, sizeof *c->retraction.at, by_place);
    c->by_target = bl_alloc_array(&c->keep.arena, n, sizeof *c->by_target);
    for (size_t i = 0; i < n; i++)
        c->by_target[i] = &c->retraction.at[i];
    if (n > 1)
        qsort(c->by_target, n, sizeof *c->by_target, by_target);
    uint32_t slots = CLOSINGS_MIN;
    while (slots < CLOSINGS_MAX && slots < 4 * c->n_acct)
        slots *= 2;
    c->closing_mask = slots - 1;
    c->closing = memset(bl_xmalloc(slots * sizeof *c->closing), 0, slots * sizeof *c->closing);
    return BL_OK;
}

/* A mark that a price book made lies at a place of its own, for a period that was closed then. */
static enum bl_err one_of_book(void *arg, const struct q_late_of_books *row)
{
    struct check *c = arg;
    store_acct acct = check_known(c, row->account);
    int64_t k = 0;
    if (!acct)
        return bl_fail(c->x, BL_CONFLICT, "A mark of what is late names an unknown account.");
    BL_TRY(closed_at(c, acct, (bl_period)row->period, &k));
    return row->period <= c->marks[acct].closed && row->seq > k
                   ? BL_OK
                   : check_differs(c, acct, "a price book is noted to have moved a period that was open");
}

enum bl_err check_late_end(struct check *c)
{
    struct q_late_count row = {0};
    bool found = false;
    for (size_t i = 0; i < c->retraction.n; i++)
        BL_TRY(check_noted(c, &c->retraction.at[i]));
    BL_TRY(check_bare(c));
    BL_TRY(q_late_of_books(c->x, c->db, one_of_book, c));
    BL_TRY(q_late_count(c->x, c->db, &row, &found));
    return (uint64_t)row.total == c->late
                   ? BL_OK
                   : bl_fail(c->x, BL_CONFLICT, "A fact is marked as late that is not.");
}
