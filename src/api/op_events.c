/* The operator's side: events in, and what was refused. */
#include "api/inner.h"

#include <strings.h>

struct api_events {
    struct call c;
    struct intake_batch batch;
};

static bool starts(struct bl_str s, const char *with, size_t n)
{
    return s.n >= n && strncasecmp(s.p, with, n) == 0;
}
#define STARTS(s, lit) starts((s), lit, sizeof(lit) - 1)

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch = (char)(ch | 0x20);
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

/* A header holds an attribute percent-encoded where it is beyond ASCII, sometimes in quotes: one round of
 * decoding. */
static struct bl_str attribute(struct call *c, struct bl_str h)
{
    if (!bl_is(h))
        return h;
    if (h.n >= 2 && h.p[0] == '"' && h.p[h.n - 1] == '"')
        h = (struct bl_str){h.p + 1, h.n - 2};
    char *out = bl_alloc(&c->x->arena, h.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < h.n; i++) {
        int hi = h.p[i] == '%' && i + 2 < h.n ? hex_digit(h.p[i + 1]) : -1;
        int lo = hi >= 0 ? hex_digit(h.p[i + 2]) : -1;
        out[n++] = lo >= 0 ? (char)(hi * 16 + lo) : h.p[i];
        i += lo >= 0 ? 2 : 0;
    }
    return (struct bl_str){out, n};
}

static enum bl_err read_binary(struct call *c, struct intake_batch *ret)
{
    static const char *const names[] = {
            "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time"};
    struct bl_fact_attrs a;
    struct bl_str *to[] = {&a.specversion, &a.id, &a.source, &a.type, &a.subject, &a.time};
    for (size_t i = 0; i < BL_COUNT(names); i++)
        *to[i] = attribute(c, api_header(c->in, names[i]));
    return intake_read_binary(c->x, &a, c->in->body, c->x->now_us, ret);
}

static char first_char(struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
            return s.p[i];
    return 0;
}

/* CloudEvents' three modes by content type, NDJSON, and plain JSON by what it begins with. */
static enum bl_err read_body(struct call *c, struct intake_batch *ret)
{
    struct bl_str type = api_header(c->in, "content-type"), body = c->in->body;
    int64_t now = c->x->now_us;
    if (bl_is(api_header(c->in, "ce-specversion")))
        return read_binary(c, ret);
    if (STARTS(type, "application/cloudevents-batch"))
        return intake_read(c->x, BL_BATCH_ARRAY, body, now, ret);
    if (STARTS(type, "application/cloudevents"))
        return intake_read(c->x, BL_BATCH_OBJECT, body, now, ret);
    if (STARTS(type, "application/x-ndjson") || STARTS(type, "application/ndjson") ||
            STARTS(type, "application/jsonl"))
        return intake_read(c->x, BL_BATCH_NDJSON, body, now, ret);
    if (bl_is(type) && !STARTS(type, "application/json") &&
            !STARTS(type, "application/x-www-form-urlencoded") && !STARTS(type, "text/plain"))
        return bl_fail(c->x, BL_BAD_REQUEST,
                "Send application/cloudevents+json, application/cloudevents-batch+json or "
                "application/x-ndjson.");
    if (first_char(body) == '[')
        return intake_read(c->x, BL_BATCH_ARRAY, body, now, ret);
    return intake_read(
            c->x, STARTS(type, "application/json") ? BL_BATCH_OBJECT : BL_BATCH_NDJSON, body, now, ret);
}

static void answer(struct call *c, const struct intake_batch *b)
{
    struct bl_jw *j = &c->j;
    bl_jw_begin_object(j);
    bl_jw_kint(j, "accepted", (int64_t)b->accepted);
    bl_jw_kint(j, "duplicate", (int64_t)b->duplicate);
    bl_jw_kint(j, "void", (int64_t)b->void_);
    bl_jw_key(j, "rejected");
    bl_jw_begin_array(j);
    for (size_t i = 0; i < b->n; i++) {
        const struct intake_event *e = &b->event[i];
        if (!bl_is(e->reason))
            continue;
        bl_jw_begin_object(j);
        bl_jw_kint(j, "index", (int64_t)i);
        bl_jw_kstr(j, "id", e->id);
        bl_jw_kstr(j, "reason", e->reason);
        bl_jw_end_object(j);
    }
    bl_jw_end_array(j);
    bl_jw_end_object(j);
    c->out->status = b->n > 0 && b->rejected == b->n ? 422 : 200;
    api_metrics_events(c->api, b->accepted, b->duplicate, b->void_, b->rejected);
}

/* In one go, where there is no server. */
enum bl_err events_post(struct call *c)
{
    struct intake_batch b;
    struct intake_batch *one = &b;
    BL_TRY(read_body(c, &b));
    BL_TRY(intake_take(c->x, c->work, &one, 1));
    answer(c, &b);
    return BL_OK;
}

bool api_is_events(const struct api_route *r)
{
    return r->handler == events_post;
}

struct api_events *api_events_begin(struct api *a, struct bl_ctx *x, struct store_db *db,
        const struct api_route *r, const struct api_request *in, struct api_reply *ret)
{
    struct api_events *e = bl_alloc(&x->arena, sizeof *e);
    api_call_begin(&e->c, a, x, db, r, in, ret);
    enum bl_err err = api_call_admit(&e->c);
    if (err == BL_OK)
        err = read_body(&e->c, &e->batch);
    if (err == BL_OK)
        return e;
    api_call_finish(&e->c, err);
    return NULL;
}

void api_events_run(struct api *a, struct bl_ctx *x, struct api_events **list, size_t n)
{
    struct intake_batch **batch = bl_alloc_array(&x->arena, n, sizeof(struct intake_batch *));
    for (size_t i = 0; i < n; i++)
        batch[i] = &list[i]->batch;
    enum bl_err e = intake_take(x, a->work, batch, n);
    for (size_t i = 0; i < n; i++) {
        struct call *c = &list[i]->c;
        if (e == BL_OK)
            answer(c, batch[i]);
        else
            bl_fail(c->x, e, "%s", x->why);
        api_call_finish(c, e);
    }
}

/* ---- refusals */

static void reject_write(struct call *c, const struct q_reject_page *r)
{
    bl_jw_begin_object(&c->j);
    bl_jw_kint(&c->j, "n", r->n);
    api_ktime_us(c, "at", r->at_us);
    bl_jw_kint(&c->j, "index", r->idx);
    bl_jw_kstr(&c->j, "id", r->event_id);
    bl_jw_kstr(&c->j, "reason", r->reason);
    bl_jw_kstr(&c->j, "event", r->body);
    bl_jw_end_object(&c->j);
}

enum bl_err rejects_list(struct call *c)
{
    struct q_reject_count total = {0};
    struct q_reject_list *row = NULL;
    size_t n = 0;
    bool found = false;
    BL_TRY(q_reject_count(c->x, c->db, &total, &found));
    BL_TRY(q_reject_list(c->x, c->db, c->per_page, (c->page - 1) * c->per_page, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "rejects");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        struct q_reject_page r = {
                row[i].n, row[i].at_us, row[i].idx, row[i].event_id, row[i].reason, row[i].body};
        reject_write(c, &r);
    }
    bl_jw_end_array(&c->j);
    api_links(c, total.total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err rejects_retry(struct call *c)
{
    struct intake_batch b;
    BL_TRY(intake_retry(c->x, c->work, &b));
    bl_jw_begin_object(&c->j);
    bl_jw_kint(&c->j, "accepted", (int64_t)b.accepted);
    bl_jw_kint(&c->j, "duplicate", (int64_t)b.duplicate);
    bl_jw_kint(&c->j, "void", (int64_t)b.void_);
    bl_jw_kint(&c->j, "rejected", (int64_t)b.rejected);
    bl_jw_end_object(&c->j);
    return BL_OK;
}
