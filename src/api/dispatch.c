/* The dispatcher: match, authenticate, count, scope, parse, call, answer. The order is the one a caller would
 * fix things in; every answer under /v2 carries the rate-limit headers, every answer a request id. */
#include "api/oauth.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static const struct api_route routes[] = {
#define R(method, path, dialect, scope, where, flags, body_max, handler)                                     \
    {method, path, dialect, scope, where, flags, body_max, handler},
#include "api/routes.def"
#undef R
};

struct api *api_new(struct work *w, const struct api_options *o)
{
    struct api *a = bl_xmalloc(sizeof *a);
    memset(a, 0, sizeof *a);
    a->work = w;
    a->o = *o;
    api_previews_open(a);
    api_limits_open(a);
    api_metrics_open(a);
    return a;
}

void api_free(struct api *a)
{
    api_previews_close(a);
    api_limits_close(a);
    api_metrics_close(a);
    free(a);
}

/* ---- finding the row */

static bool starts(struct bl_str s, const char *with)
{
    size_t n = strlen(with);
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* Customers' paths: whoever asks there is counted. */
static bool counted(struct bl_str path)
{
    return starts(path, "/v2/") || bl_str_is(path, "/v2") || starts(path, "/v1/");
}

static bool on_door(const struct api_route *r, enum api_door door)
{
    bool theirs = counted(bl_str_of(r->path));
    bool ours = strncmp(r->path, "/operator/", 10) == 0 || strcmp(r->path, "/metrics") == 0;
    return door == API_PUBLIC ? !ours : !theirs;
}

static bool method_is(const struct api_route *r, struct bl_str method)
{
    return bl_str_is(method, r->method) || (bl_str_is(method, "HEAD") && strcmp(r->method, "GET") == 0);
}

/* Does the path begin as the pattern does, up to its first {name}? What does not cannot match, and most rows
 * are told apart by it. */
static bool begins_alike(const char *pattern, struct bl_str path)
{
    size_t i = 0;
    while (i < path.n && pattern[i] && pattern[i] != '{' && pattern[i] == path.p[i])
        i++;
    return i == path.n || !pattern[i] || pattern[i] == '{';
}

const struct api_route *api_route_find(
        const struct api_request *in, enum api_where *ret_where, size_t *ret_body_max)
{
    *ret_where = API_LOOP;
    *ret_body_max = 1 << 20;
    for (size_t i = 0; i < BL_COUNT(routes); i++) {
        const struct api_route *r = &routes[i];
        if (!begins_alike(r->path, in->path) || !on_door(r, in->door) || !method_is(r, in->method) ||
                !api_path_match(NULL, r->path, in->path, NULL))
            continue;
        *ret_where = r->where;
        *ret_body_max = r->body_max;
        return r;
    }
    return NULL;
}

/* Methods that the path would answer; empty when the path is unknown. ret_shape: the dialect and the openness
 * of its rows. */
static struct bl_str allowed(struct bl_ctx *x, const struct api_request *in, struct api_route *ret_shape)
{
    struct bl_str list = BL_STR("");
    for (size_t i = 0; i < BL_COUNT(routes); i++) {
        const struct api_route *r = &routes[i];
        if (!on_door(r, in->door) || !api_path_match(NULL, r->path, in->path, NULL))
            continue;
        if (list.n == 0 && r->dialect != API_PLAIN)
            ret_shape->dialect = r->dialect;
        if (r->dialect != ret_shape->dialect && r->dialect != API_PLAIN)
            continue; /* the other dialect's row of a shared path */
        ret_shape->flags = r->flags & API_OPEN;
        list = bl_str_printf(&x->arena, "%.*s%s%s%s", BL_FMT(list), list.n ? ", " : "", r->method,
                strcmp(r->method, "GET") == 0 ? ", HEAD" : "");
    }
    return list;
}

static enum api_dialect dialect_of(const struct api_request *in)
{
    if (in->door != API_PUBLIC)
        return API_PROBLEM;
    for (size_t i = 0; i < BL_COUNT(routes); i++) /* of a shared path the first row speaks */
        if (on_door(&routes[i], in->door) && api_path_match(NULL, routes[i].path, in->path, NULL))
            return routes[i].dialect == API_PLAIN ? API_DO : routes[i].dialect;
    return API_DO;
}

/* ---- one call */

static void request_id(char ret[37])
{
    bl_uuid u;
    randombytes_buf(u.b, sizeof u.b);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    bl_uuid_text(u, ret);
}

struct bl_str api_bearer(const struct api_request *in)
{
    struct bl_str h = api_header(in, "authorization");
    if (h.n < 7 || strncasecmp(h.p, "bearer ", 7) != 0)
        return BL_ABSENT;
    struct bl_str t = {h.p + 7, h.n - 7};
    while (t.n > 0 && t.p[0] == ' ')
        t.p++, t.n--;
    while (t.n > 0 && t.p[t.n - 1] == ' ')
        t.n--;
    return t.n > 0 && t.n <= 256 ? t : BL_ABSENT;
}

static enum bl_err unauthorized(struct call *c)
{
    bool civo = c->route && c->route->dialect == API_CIVO;
    if (civo && !bl_is(api_bearer(c->in)))
        return bl_fail(c->x, BL_UNAUTHORIZED, "requires_authentication|");
    if (c->in->door == API_PUBLIC && c->route && !civo)
        return bl_fail(c->x, BL_UNAUTHORIZED, "%s", bl_err_text(BL_UNAUTHORIZED));
    return bl_fail(c->x, BL_UNAUTHORIZED, "A valid token is needed.");
}

/* Some paths belong to both dialects: a Civo key is answered by the Civo row. It only reads there. */
static enum bl_err take_civo_row(struct call *c)
{
    struct api_route *shape = NULL;
    for (size_t i = 0; i < BL_COUNT(routes); i++) {
        if (routes[i].dialect != API_CIVO || !api_path_match(NULL, routes[i].path, c->in->path, NULL))
            continue;
        if (method_is(&routes[i], c->in->method)) {
            c->route = &routes[i];
            return BL_OK;
        }
        shape = bl_alloc(&c->x->arena, sizeof *shape);
        *shape = routes[i];
    }
    if (!shape)
        return unauthorized(c);
    c->route = shape;
    return bl_fail(c->x, BL_FORBIDDEN, "This key can only read.");
}

static enum bl_err authenticate(struct call *c)
{
    struct bl_str token = api_bearer(c->in);
    if (!bl_is(token))
        return unauthorized(c);
    enum bl_err e = work_token_check(c->x, c->work, c->db, token, &c->token);
    if (e == BL_UNAUTHORIZED)
        return unauthorized(c);
    BL_TRY(e);
    enum work_dialect want = c->in->door != API_PUBLIC                   ? WORK_OPERATOR
                             : c->route && c->route->dialect == API_CIVO ? WORK_CIVO
                                                                         : WORK_DO;
    if (want == WORK_DO && c->token.dialect == WORK_CIVO)
        BL_TRY(take_civo_row(c));
    else if (c->token.dialect != want)
        return unauthorized(c);
    c->actor = c->token.id;
    return BL_OK;
}

static void rate_headers(struct call *c, const struct api_rate *r)
{
    struct bl_arena *m = &c->x->arena;
    api_reply_header(c, "ratelimit-limit", bl_str_printf(m, "%lld", (long long)r->limit));
    api_reply_header(c, "ratelimit-remaining", bl_str_printf(m, "%lld", (long long)r->remaining));
    api_reply_header(c, "ratelimit-reset", bl_str_printf(m, "%lld", (long long)r->reset_s));
    if (r->over)
        api_reply_header(c, "retry-after", bl_str_printf(m, "%lld", (long long)r->retry_after));
}

enum bl_err api_count(struct call *c, struct bl_str key)
{
    struct api_rate rate;
    api_rate_count(c->api, key, bl_floor_s(c->x->now_us), &rate);
    rate_headers(c, &rate);
    return rate.over ? bl_fail(c->x, BL_TOO_MANY, "%s", bl_err_text(BL_TOO_MANY)) : BL_OK;
}

/* Counted, but let through. */
static void count_headers(struct call *c, struct bl_str key)
{
    struct api_rate rate;
    api_rate_count(c->api, key, bl_floor_s(c->x->now_us), &rate);
    rate.over = false;
    rate_headers(c, &rate);
}

static enum bl_err load_account(struct call *c)
{
    if (!c->token.has_account)
        return BL_OK;
    BL_TRY(work_account_get(c->x, c->work, c->db, c->token.account, &c->account));
    c->has_account = true;
    return BL_OK;
}

static enum bl_err admit(struct call *c)
{
    bool open = c->route && (c->route->flags & API_OPEN);
    if (c->in->door == API_SOCKET || open) {
        c->actor = c->in->door == API_SOCKET ? "socket" : "-";
        return BL_OK;
    }
    enum bl_err e = authenticate(c);
    char *why = NULL;
    if (e != BL_OK)
        why = (char *)bl_str_dup(&c->x->arena, bl_str_of(c->x->why)).p;
    if (e != BL_OK && e != BL_UNAUTHORIZED && e != BL_FORBIDDEN) {
        if (counted(c->in->path)) /* whose it is cannot be told now: nobody is turned away for that */
            count_headers(c, c->in->peer);
        return bl_fail(c->x, e, "%s", why);
    }
    if (counted(c->in->path)) /* against its token, or its address when it has no valid one */
        BL_TRY(api_count(c, e != BL_UNAUTHORIZED ? bl_str_of(c->token.id) : c->in->peer));
    if (e != BL_OK)
        return bl_fail(c->x, e, "%s", why);
    if (c->route && c->route->scope && !(c->token.scopes & c->route->scope)) {
        /* An organization has no account: to it, what lies beyond its scopes is not there. */
        enum bl_err no = c->token.has_org ? BL_NOT_FOUND : BL_FORBIDDEN;
        return bl_fail(c->x, no, "%s", bl_err_text(no));
    }
    return BL_OK;
}

/* Both dialects begin with /v2/. What neither answers is told to each in its own words, so a good token must
 * decide; any other is refused when the call is admitted. */
static bool speaks_civo(struct call *c)
{
    struct work_token token;
    struct bl_str text = api_bearer(c->in);
    return c->in->door == API_PUBLIC && bl_is(text) &&
           work_token_check(c->x, c->work, c->db, text, &token) == BL_OK && token.dialect == WORK_CIVO;
}

static enum bl_err no_route(struct call *c)
{
    struct api_route *shape = bl_alloc(&c->x->arena, sizeof *shape);
    *shape = (struct api_route){.dialect = dialect_of(c->in)};
    struct bl_str list = allowed(c->x, c->in, shape);
    if (list.n == 0 && speaks_civo(c))
        shape->dialect = API_CIVO;
    c->route = shape;
    BL_TRY(admit(c));
    if (list.n == 0)
        return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    api_reply_header(c, "allow", list);
    return bl_fail(c->x, BL_METHOD, "This path answers %.*s.", BL_FMT(list));
}

/* A command beside a server may carry the time it was given; it moves a test clock forward. */
static enum bl_err move_clock(struct call *c)
{
    struct bl_str now = api_header(c->in, "billow-now");
    int64_t us = 0;
    if (c->in->door != API_SOCKET || !bl_is(now))
        return BL_OK;
    BL_TRY(bl_time_parse(c->x, now, &us));
    return work_clock_move(c->x, c->work, us);
}

static enum bl_err handle(struct call *c)
{
    if (!c->route)
        return no_route(c);
    BL_TRY(admit(c));
    if (!api_path_match(c->x, c->route->path, c->in->path, c->segment)) /* badly escaped: it names nothing */
        return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    BL_TRY(move_clock(c));
    if (!(c->route->flags & API_OPEN))
        BL_TRY(api_query_parse(c));
    if (c->route->flags & API_PAGED)
        BL_TRY(api_paging_parse(c));
    BL_TRY(load_account(c));
    return c->route->handler(c);
}

static void etag(struct call *c)
{
    uint8_t h[32];
    char hex[65];
    bl_sha256(c->body.p, c->body.n, h);
    bl_hex(h, 16, hex);
    struct bl_str tag = bl_str_printf(&c->x->arena, "\"%s\"", hex);
    struct bl_str have = api_header(c->in, "if-none-match");
    api_reply_header(c, "etag", tag);
    bool same = bl_str_is(have, "*");
    for (size_t i = 0; !same && have.n >= tag.n && i + tag.n <= have.n; i++)
        same = memcmp(have.p + i, tag.p, tag.n) == 0;
    if (same) {
        c->out->status = 304;
        c->body.n = 0;
    }
}

static void finish(struct call *c, enum bl_err e)
{
    if (e != BL_OK)
        api_error_write(c, e, c->x->why);
    else if (c->body.n > 0 && !api_header_set(c->out, "content-type"))
        api_reply_header(c, "content-type", BL_STR("application/json"));
    enum api_dialect d = c->route ? c->route->dialect : API_DO;
    if (e == BL_UNAUTHORIZED)
        api_reply_header(
                c, "www-authenticate", d == API_OAUTH ? BL_STR("Basic realm=\"billow\"") : BL_STR("Bearer"));
    if (d == API_OAUTH || d == API_PAGE)
        api_reply_header(c, "cache-control", BL_STR("no-store"));
    if (d == API_PAGE)
        oauth_page_headers(c);
    if (e == BL_UNAVAILABLE || e == BL_FULL)
        api_reply_header(c, "retry-after", BL_STR("1"));
    if (e == BL_OK && c->out->status == 200 && (c->route->flags & API_ETAG))
        etag(c);
    api_reply_header(c, "x-request-id", bl_str_of(c->out->request_id));
    if (c->in->tls)
        api_reply_header(c, "strict-transport-security", BL_STR("max-age=31536000"));
    c->out->body = bl_str_dup(&c->x->arena, c->body.n ? bl_buf_view(&c->body) : BL_STR(""));
    c->out->route = c->route && c->route->path ? c->route->path : "-";
}

void api_call_begin(struct call *c, struct api *a, struct bl_ctx *x, struct store_db *db,
        const struct api_route *r, const struct api_request *in, struct api_reply *out)
{
    *c = (struct call){.x = x,
            .api = a,
            .work = a->work,
            .db = db,
            .route = r,
            .in = in,
            .out = out,
            .page = 1,
            .per_page = 20};
    *out = (struct api_reply){.status = 200};
    request_id(out->request_id);
    bl_jw_init(&c->j, &c->body);
}

void api_run(struct api *a, struct bl_ctx *x, struct store_db *db, const struct api_route *r,
        const struct api_request *in, struct api_reply *ret)
{
    struct call c;
    api_call_begin(&c, a, x, db, r, in, ret);
    struct work_book *book = work_book_take(a->work);
    c.book = book ? book->book : NULL;
    finish(&c, handle(&c));
    bl_buf_release(&c.body);
    work_book_give(a->work, book);
}

bool api_turned_away(struct api *a, struct bl_ctx *x, struct store_db *db, const struct api_route *r,
        const struct api_request *in, struct api_reply *ret)
{
    struct call c;
    api_call_begin(&c, a, x, db, r, in, ret);
    enum bl_err e = r ? admit(&c) : no_route(&c);
    if (e != BL_OK)
        finish(&c, e);
    bl_buf_release(&c.body);
    return e != BL_OK;
}

enum bl_err api_call_admit(struct call *c)
{
    BL_TRY(admit(c));
    return move_clock(c);
}

void api_call_finish(struct call *c, enum bl_err e)
{
    finish(c, e);
    bl_buf_release(&c->body);
}

void api_refuse(struct api *a, struct bl_ctx *x, const struct api_request *in, enum bl_err e, const char *why,
        struct api_reply *ret)
{
    struct call c;
    struct api_route shape = {.dialect = dialect_of(in), .path = "-"};
    api_call_begin(&c, a, x, NULL, &shape, in, ret);
    if (counted(in->path))
        count_headers(&c, in->peer);
    e = bl_fail(x, e, "%s", why ? why : bl_err_text(e));
    finish(&c, e);
    bl_buf_release(&c.body);
    ret->route = "-";
}

void api_log(struct api *a, const struct api_request *in, const struct api_reply *out, int64_t took_us)
{
    api_metrics_count(a, out, took_us);
    if (!a->o.log)
        return;
    char time[32];
    struct bl_buf b = {0};
    struct bl_jw j;
    bl_time_text(work_now(a->work), time);
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "time", time);
    bl_jw_kz(&j, "level", out->status >= 500 ? "error" : "info");
    bl_jw_kstr(&j, "method", in->method);
    bl_jw_kstr(&j, "path", in->path);
    bl_jw_kint(&j, "status", out->status);
    bl_jw_kint(&j, "bytes", (int64_t)out->body.n);
    bl_jw_kint(&j, "took_us", took_us);
    bl_jw_kstr(&j, "peer", in->peer);
    bl_jw_kz(&j, "request_id", out->request_id);
    bl_jw_end_object(&j);
    bl_buf_byte(&b, '\n');
    fwrite(b.p, 1, b.n, stderr);
    bl_buf_release(&b);
}

void api_set_draining(struct api *a)
{
    atomic_store(&a->draining, true);
}

bool api_ready(struct api *a, const char **ret_why)
{
    *ret_why = "";
    if (store_is_away(work_store(a->work)))
        *ret_why = "the database cannot be reached";
    if (atomic_load(&a->draining))
        *ret_why = "draining";
    return !**ret_why;
}
