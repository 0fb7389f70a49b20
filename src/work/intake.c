/* Events in. The first thing wrong with an event is its reason; a wrong one never stops the others. */
#include "work/intake.h"
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_US (35 * BL_DAY_S * BL_US)
#define KEPT_TEXT_MAX 65536 /* of a refused event's text */
#define PRUNE_STEP 2000
#define RETRY_STEP 1000

/* ---- reading */

static struct bl_str why_of(struct bl_ctx *x)
{
    return bl_str_dup(&x->arena, bl_str_of(x->why));
}

enum bl_err intake_read(struct bl_ctx *x, enum bl_batch_form form, struct bl_str body, int64_t now_us,
        struct intake_batch *ret)
{
    struct bl_batch_cut cut;
    BL_TRY(bl_batch_split(x, form, body, INTAKE_EVENTS_MAX, &cut));
    *ret = (struct intake_batch){.event = bl_alloc_array(&x->arena, cut.n, sizeof *ret->event), .n = cut.n};
    size_t broken = 0;
    for (size_t i = 0; i < cut.n; i++) {
        struct intake_event *e = &ret->event[i];
        e->raw = cut.each[i];
        if (bl_fact_parse(x, e->raw, now_us, &e->fact, &e->id) != BL_OK)
            e->reason = why_of(x);
        broken += bl_is(e->reason);
    }
    /* A body that is one event and no JSON at all is not a batch of one wrong event: it is no batch. */
    struct bl_json *tree = NULL;
    if (form == BL_BATCH_OBJECT && broken == 1 && bl_json_parse(x, body, &tree) != BL_OK)
        return bl_fail(x, BL_BAD_REQUEST, "%s", why_of(x).p);
    return BL_OK;
}

/* The event as it would have come in one piece, so that it can be tried again. */
static struct bl_str in_one_piece(struct bl_ctx *x, const struct bl_fact_attrs *a, struct bl_str data)
{
    const struct {
        const char *key;
        struct bl_str value;
    } each[] = {{"specversion", a->specversion}, {"id", a->id}, {"source", a->source}, {"type", a->type},
            {"subject", a->subject}, {"time", a->time}};
    struct bl_buf b = {0};
    struct bl_jw w;
    bl_jw_init(&w, &b);
    bl_jw_begin_object(&w);
    for (size_t i = 0; i < BL_COUNT(each); i++)
        if (bl_is(each[i].value) && bl_utf8_ok(each[i].value))
            bl_jw_kstr(&w, each[i].key, each[i].value);
    if (bl_is(data) && data.n) {
        bl_jw_key(&w, "data");
        bl_jw_raw(&w, data);
    }
    bl_jw_end_object(&w);
    struct bl_str text = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return text;
}

enum bl_err intake_read_binary(struct bl_ctx *x, const struct bl_fact_attrs *attrs, struct bl_str body,
        int64_t now_us, struct intake_batch *ret)
{
    *ret = (struct intake_batch){.event = bl_alloc(&x->arena, sizeof *ret->event), .n = 1};
    struct intake_event *e = ret->event;
    e->id = attrs->id;
    e->raw = in_one_piece(x, attrs, body);
    if (bl_fact_parse_binary(x, attrs, body, now_us, &e->fact) != BL_OK)
        e->reason = why_of(x);
    return BL_OK;
}

/* ---- checking against accounts and the book */

static bool worn_known(struct work *w, const struct bl_book *book, bool sku, int at)
{
    if (memcmp(w->worn.book_id, book->id, sizeof w->worn.book_id) != 0) {
        free(w->worn.flag);
        w->worn.flag = calloc(book->n_sku + book->n_meter + 1, 1);
        if (!w->worn.flag)
            abort();
        memcpy(w->worn.book_id, book->id, sizeof w->worn.book_id);
    }
    return w->worn.flag[sku ? (size_t)at : book->n_sku + (size_t)at];
}

static struct bl_str unknown(struct bl_ctx *x, const char *what, struct bl_str name)
{
    return bl_str_printf(&x->arena, "the price book has no %s %s", what, bl_shown(&x->arena, name));
}

static struct bl_str usage_reason(struct bl_ctx *x, const struct bl_book *book, const struct bl_fact *f)
{
    int at = bl_book_meter(book, f->field[BL_F_METER]);
    if (at < 0)
        return unknown(x, "meter", f->field[BL_F_METER]);
    enum bl_aggregate a = book->meter[at].aggregate;
    if (a == BL_AGG_UNIQUE && !bl_is(f->field[BL_F_VALUE]))
        return BL_STR("data.value is required: the meter counts distinct values");
    if (a != BL_AGG_COUNT && a != BL_AGG_UNIQUE && !f->has_quantity)
        return BL_STR("data.quantity is required");
    return BL_ABSENT;
}

static struct bl_str reason_in_book(
        struct bl_ctx *x, struct work *w, const struct bl_book *book, struct intake_event *e)
{
    const struct bl_fact *f = &e->fact;
    e->acct = store_account_find(w->store, f->account);
    if (!e->acct) {
        char text[37];
        bl_uuid_text(f->account, text);
        return bl_str_printf(&x->arena, "there is no account " BL_URN_TEAM "%s", text);
    }
    bool priced = f->type == BL_FACT_USAGE || bl_is(f->field[BL_F_SKU]);
    if (priced && !book)
        return BL_STR("there is no price book yet");
    if (f->type == BL_FACT_USAGE)
        return usage_reason(x, book, f);
    if (bl_is(f->field[BL_F_SKU]) && bl_book_sku(book, f->field[BL_F_SKU]) < 0)
        return unknown(x, "SKU", f->field[BL_F_SKU]);
    return BL_ABSENT;
}

/* Into e->reason, when it has none yet. Fails only when the store does. */
static enum bl_err judge(struct bl_ctx *x, struct work *w, const struct bl_book *book, struct intake_event *e)
{
    if (!bl_is(e->reason))
        e->reason = reason_in_book(x, w, book, e);
    return bl_is(e->reason) ? BL_OK : work_own_refuses(x, w, e->acct, &e->fact, &e->reason);
}

/* Names that facts use for the first time are noted: a later price book may not drop them. */
static enum bl_err wear(struct bl_ctx *x, struct work *w, const struct bl_book *book, const struct bl_fact *f)
{
    bool usage = f->type == BL_FACT_USAGE;
    struct bl_str name = f->field[usage ? BL_F_METER : BL_F_SKU];
    if (!bl_is(name))
        return BL_OK;
    int at = usage ? bl_book_meter(book, name) : bl_book_sku(book, name);
    if (worn_known(w, book, !usage, at))
        return BL_OK;
    return q_worn_put(x, store_writer(w->store), bl_str_of(usage ? "meter" : "sku"), name, x->now_us);
}

static void wear_settled(struct work *w, const struct bl_book *book, const struct intake_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct bl_fact *f = &b->event[i].fact;
        bool usage = f->type == BL_FACT_USAGE;
        struct bl_str name = f->field[usage ? BL_F_METER : BL_F_SKU];
        if (bl_is(b->event[i].reason) || !bl_is(name) || !book)
            continue;
        int at = usage ? bl_book_meter(book, name) : bl_book_sku(book, name);
        if (!worn_known(w, book, !usage, at))
            w->worn.flag[usage ? book->n_sku + (size_t)at : (size_t)at] = 1;
    }
}

/* ---- refusals */

static enum bl_err rejects_prune(struct bl_ctx *x, struct work *w)
{
    struct store_db *db = store_writer(w->store);
    struct q_reject_oldest oldest;
    bool found = false;
    BL_TRY(q_reject_oldest(x, db, &oldest, &found));
    if (!found || oldest.at_us >= x->now_us - KEPT_US)
        return BL_OK;
    return q_reject_prune(x, db, oldest.n + PRUNE_STEP, x->now_us - KEPT_US);
}

static enum bl_err rejects_keep(struct bl_ctx *x, struct work *w, const struct intake_batch *b, int64_t *n)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct intake_event *e = &b->event[i];
        if (!bl_is(e->reason))
            continue;
        struct bl_str raw = e->raw, id = e->id;
        if (raw.n > KEPT_TEXT_MAX)
            raw.n = KEPT_TEXT_MAX;
        if (!bl_utf8_ok(raw))
            raw = bl_str_of(bl_shown(&x->arena, raw));
        if (!bl_utf8_ok(id))
            id = BL_ABSENT;
        BL_TRY(q_reject_put(x, store_writer(w->store), ++*n, x->now_us, (int64_t)i, id, e->reason, raw));
    }
    return BL_OK;
}

static enum bl_err rejects_write(struct bl_ctx *x, struct work *w, struct intake_batch **batch, size_t n)
{
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || batch[i]->rejected > 0;
    if (!any)
        return BL_OK;
    struct q_reject_last last = {0};
    bool found = false;
    BL_TRY(rejects_prune(x, w));
    BL_TRY(q_reject_last(x, store_writer(w->store), &last, &found));
    int64_t at = found ? last.n : 0;
    for (size_t i = 0; i < n; i++)
        BL_TRY(rejects_keep(x, w, batch[i], &at));
    return BL_OK;
}

/* ---- taking in */

static void settle(struct intake_batch *b, struct intake_event *e, enum store_verdict v)
{
    switch (v) {
    case STORE_ACCEPTED:
        b->accepted++;
        break;
    case STORE_VOID:
        b->void_++;
        break;
    case STORE_DUPLICATE:
        b->duplicate++;
        break;
    case STORE_CONFLICT:
        e->judged = true;
        e->reason = BL_STR("conflict: this source and id were used for an event with other content");
        break;
    }
}

static enum bl_err take(
        struct bl_ctx *x, struct work *w, const struct bl_book *book, struct intake_batch **batch, size_t n)
{
    size_t total = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        total += batch[i]->n;
    struct store_append_item *item = bl_alloc_array(&x->arena, total, sizeof *item);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < batch[i]->n; k++) {
            struct intake_event *e = &batch[i]->event[k];
            BL_TRY(judge(x, w, book, e));
            if (!bl_is(e->reason))
                item[at++] = (struct store_append_item){.fact = &e->fact, .acct = e->acct};
        }
    BL_TRY(store_append(x, w->store, item, at));
    at = 0;
    for (size_t i = 0; i < n; i++) {
        struct intake_batch *b = batch[i];
        for (size_t k = 0; k < b->n; k++) {
            struct intake_event *e = &b->event[k];
            if (!bl_is(e->reason)) {
                enum store_verdict v = item[at++].verdict;
                settle(b, e, v);
                if (v == STORE_ACCEPTED || v == STORE_VOID)
                    BL_TRY(wear(x, w, book, &e->fact));
            }
            b->rejected += bl_is(e->reason);
        }
    }
    return rejects_write(x, w, batch, n);
}

/* As they were before a transaction that did not happen. */
static void unjudge(struct intake_batch *b)
{
    b->accepted = b->void_ = b->duplicate = b->rejected = 0;
    for (size_t i = 0; i < b->n; i++)
        if (b->event[i].judged) {
            b->event[i].reason = BL_ABSENT;
            b->event[i].judged = false;
        }
}

static enum bl_err take_once(struct bl_ctx *x, struct work *w, struct intake_batch **batch, size_t n)
{
    BL_TRY(work_begin(x, w));
    struct work_book *held = work_book_take(w); /* in it: the one that is current there */
    const struct bl_book *book = held ? held->book : NULL;
    enum bl_err e = work_end(x, w, take(x, w, book, batch, n));
    for (size_t i = 0; i < n && e == BL_OK; i++)
        wear_settled(w, book, batch[i]);
    work_book_give(w, held);
    return e;
}

enum bl_err intake_take(struct bl_ctx *x, struct work *w, struct intake_batch **batch, size_t n)
{
    struct work_again again = {.limit_us = WORK_AGAIN_REQUEST_US};
    enum bl_err e;
    while ((e = take_once(x, w, batch, n)) == BL_UNAVAILABLE && work_again(w, &again))
        for (size_t i = 0; i < n; i++)
            unjudge(batch[i]);
    return e;
}

/* ---- trying again */

struct retry {
    int64_t *n;
    size_t count;
};

static enum bl_err retry_drop(
        struct bl_ctx *x, struct work *w, const struct intake_batch *b, const struct retry *r)
{
    BL_TRY(work_begin(x, w));
    enum bl_err e = BL_OK;
    for (size_t i = 0; i < r->count && e == BL_OK; i++)
        if (!bl_is(b->event[i].reason))
            e = q_reject_drop(x, store_writer(w->store), r->n[i]);
    return work_end(x, w, e);
}

/* The step's events go through the same way as fresh ones; refused again, they stay as they were kept. */
static enum bl_err retry_step(struct bl_ctx *x, struct work *w, const struct bl_book *book, int64_t *after,
        struct intake_batch *sum, bool *ret_more)
{
    struct q_reject_page *row = NULL;
    size_t n = 0;
    BL_TRY(q_reject_page(x, store_writer(w->store), *after, RETRY_STEP, &row, &n));
    *ret_more = n == RETRY_STEP;
    if (n == 0)
        return BL_OK;
    struct intake_batch b = {.event = bl_alloc_array(&x->arena, n, sizeof *b.event), .n = n};
    struct retry r = {.n = bl_alloc_array(&x->arena, n, sizeof *r.n), .count = n};
    size_t fresh = 0;
    struct store_append_item *item = bl_alloc_array(&x->arena, n, sizeof *item);
    for (size_t i = 0; i < n; i++) {
        struct intake_event *e = &b.event[i];
        r.n[i] = row[i].n;
        if (bl_fact_parse(x, row[i].body, x->now_us, &e->fact, &e->id) != BL_OK)
            e->reason = why_of(x);
        BL_TRY(judge(x, w, book, e));
        if (!bl_is(e->reason))
            item[fresh++] = (struct store_append_item){.fact = &e->fact, .acct = e->acct};
    }
    BL_TRY(work_begin(x, w));
    enum bl_err err = store_append(x, w->store, item, fresh);
    for (size_t i = 0, at = 0; i < n && err == BL_OK; i++) {
        if (!bl_is(b.event[i].reason))
            settle(&b, &b.event[i], item[at++].verdict);
        if (!bl_is(b.event[i].reason))
            err = wear(x, w, book, &b.event[i].fact);
        b.rejected += bl_is(b.event[i].reason);
    }
    BL_TRY(work_end(x, w, err));
    wear_settled(w, book, &b);
    BL_TRY(retry_drop(x, w, &b, &r));
    sum->accepted += b.accepted;
    sum->duplicate += b.duplicate;
    sum->void_ += b.void_;
    sum->rejected += b.rejected;
    *after = row[n - 1].n;
    return BL_OK;
}

enum bl_err intake_retry(struct bl_ctx *x, struct work *w, struct intake_batch *ret)
{
    struct work_book *book = work_book_take(w);
    int64_t after = 0;
    bool more = true;
    enum bl_err e = BL_OK;
    struct bl_ctx y;
    bl_ctx_init(&y, x->now_us);
    *ret = (struct intake_batch){0};
    while (more && e == BL_OK) {
        bl_ctx_reset(&y, x->now_us);
        e = retry_step(&y, w, book ? book->book : NULL, &after, ret, &more);
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    work_book_give(w, book);
    return e;
}
