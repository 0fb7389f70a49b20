/* What was read, turned into requests: the head is taken whole, checked and parsed; then its body is read up
 * to the limit the application gave; then the application has it. Whatever is refused is answered with
 * `connection: close`, and nothing behind it is read as a request. */
#include "http/inner.h"

#include <stdlib.h>
#include <string.h>

static void consume(struct conn *c, size_t n)
{
    c->in_at += n;
    if (c->in_at == c->in.n)
        c->in_at = c->in.n = 0;
}

/* The last answer of a connection whose request was not read to its end. */
static void turn_away(struct conn *c, const struct http_reply *r)
{
    c->ex->keep = false;
    http_reply_write(c->ex, r, false);
    c->server->in_flight++;
    http_conn_answered(c->ex);
}

void http_request_refuse(struct conn *c, int status)
{
    struct http_reply r = {.status = status};
    if (!c->ex)
        c->ex = http_exchange_new(c);
    struct http_request *q = &c->ex->request;
    if (!bl_is(q->method)) {
        q->method = BL_STR("GET");
        q->path = BL_STR("/");
        q->query = BL_STR("");
    }
    q->body = BL_STR("");
    c->server->app.refuse(c->server->app.arg, &c->ex->x, q, status, &r);
    turn_away(c, &r);
}

/* ---- head */

/* An empty line is what some clients send behind a body; one is passed over. */
static bool skip_blank(struct conn *c)
{
    struct bl_str in = http_conn_unread(c);
    if (in.n < 2 || in.p[0] != '\r' || in.p[1] != '\n' || c->blank)
        return false;
    c->blank = true;
    consume(c, 2);
    return true;
}

/* The head moves into the exchange's memory, so that the request outlives the connection's buffer. */
static int take_head(struct conn *c, size_t n, struct http_head *head)
{
    struct http_exchange *e = c->ex = http_exchange_new(c);
    struct http_server *s = c->server;
    struct bl_str text = bl_str_dup(&e->x.arena, (struct bl_str){c->in.p + c->in_at, n});
    consume(c, n);
    c->scan = (struct http_scan){0};
    int bad = http_head_parse((char *)(uintptr_t)text.p, n, s->header, head, &e->request);
    if (bad)
        return bad;
    size_t k = e->request.n_header;
    struct http_header *own = bl_alloc_array(&e->x.arena, k, sizeof *own);
    memcpy(own, s->header, k * sizeof *own);
    e->request.header = own;
    e->head_only = head->head_only;
    e->old = head->old;
    e->keep = head->keep;
    return 0;
}

static void body_begin(struct conn *c, const struct http_head *head)
{
    c->state = CONN_BODY;
    c->chunked = head->chunked;
    c->chunk = (struct http_chunk){0};
    c->left = head->length;
    c->body_seen = c->window_seen = 0;
    c->since_us = c->window_us = http_mono_us();
    if (head->expect && (head->chunked || head->length > 0) && http_conn_unread(c).n == 0)
        http_conn_send(c, BL_STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

bool http_request_head(struct conn *c)
{
    struct http_app *app = &c->server->app;
    struct http_head head;
    struct http_reply early = {0};
    size_t n = 0;
    skip_blank(c);
    struct bl_str in = http_conn_unread(c);
    if (in.n == 0 || (in.n == 1 && in.p[0] == '\r' && !c->blank))
        return false;
    int bad = http_head_scan(&c->scan, in.p, in.n, &n);
    if (!bad && n == 0)
        return false;
    if (!bad)
        bad = take_head(c, n, &head);
    if (bad) {
        http_request_refuse(c, bad);
        return true;
    }
    c->body_max = app->body_max(app->arg, &c->ex->request);
    if (head.has_length && head.length > c->body_max) {
        http_request_refuse(c, 413);
        return true;
    }
    if ((head.chunked || head.expect || head.length > HTTP_BODY_SMALL) && app->early &&
            app->early(app->arg, &c->ex->x, &c->ex->request, &early)) {
        turn_away(c, &early);
        return true;
    }
    body_begin(c, &head);
    return true;
}

/* ---- body */

static void hand_over(struct conn *c)
{
    struct http_exchange *e = c->ex;
    e->request.body = e->body.n ? bl_buf_view(&e->body) : BL_STR("");
    c->state = CONN_HANDLING;
    e->begun_us = http_mono_us();
    c->server->in_flight++;
    c->server->app.handle(c->server->app.arg, e);
}

/* Inflating takes its time: it is done by the pool. */
struct inflating {
    struct http_exchange *e;
    size_t max;
    struct bl_buf plain;
    int bad;
};

static void inflate_run(void *arg)
{
    struct inflating *i = arg;
    i->bad = http_inflate(bl_buf_view(&i->e->body), i->max, &i->plain);
}

static void inflate_done(void *arg)
{
    struct inflating *i = arg;
    struct http_exchange *e = i->e;
    struct conn *c = e->conn;
    int bad = i->bad;
    bl_buf_release(&e->body);
    e->body = i->plain;
    free(i);
    e->server->in_flight--;
    if (!c)
        http_exchange_drop(e);
    else if (bad)
        http_request_refuse(c, bad);
    else if (!http_exchange_count(e))
        http_request_refuse(c, 503);
    else
        hand_over(c);
}

static void inflate_later(struct conn *c)
{
    struct inflating *i = bl_xmalloc(sizeof *i);
    *i = (struct inflating){.e = c->ex, .max = c->body_max};
    c->state = CONN_HANDLING;
    c->server->in_flight++;
    http_pool_run(c->server, inflate_run, inflate_done, i);
}

bool http_request_body(struct conn *c)
{
    struct http_exchange *e = c->ex;
    struct bl_str in = http_conn_unread(c);
    size_t used = in.n < c->left ? in.n : (size_t)c->left;
    int bad = 0;
    if (c->chunked) {
        bad = http_chunk_read(&c->chunk, in.p, in.n, c->body_max, &e->body, &used);
    } else {
        bl_buf_put(&e->body, in.p, used);
        c->left -= used;
    }
    if (!bad && !http_exchange_count(e))
        bad = 503;
    if (bad) {
        http_request_refuse(c, bad);
        return true;
    }
    c->body_seen += used;
    consume(c, used);
    if (c->chunked ? !c->chunk.done : c->left > 0)
        return false;
    if (http_is_gzip(bl_buf_view(&e->body)))
        inflate_later(c);
    else
        hand_over(c);
    return true;
}
