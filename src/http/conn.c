/* One connection: bytes in, one request at a time, bytes out.
 *
 *     HEAD --head whole and sound--> BODY --whole--> HANDLING --answer--> WRITING --written--> HEAD ...
 *
 * Whatever is refused is answered with `connection: close`, and nothing behind it is read as a request.
 * Closing is done gently: the writing side first, then what the client still sends is thrown away for a
 * moment, so that the answer is not lost to a reset. */
#include "http/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_US 2000000

static void process(struct conn *c);
static void flush(struct conn *c);

/* ---- exchanges: kept and used again, their memory with them */

static struct http_exchange *exchange_new(struct conn *c)
{
    struct http_server *s = c->server;
    struct http_exchange *e = s->free;
    if (e) {
        s->free = e->next;
        s->n_free--;
    } else {
        e = bl_xmalloc(sizeof *e);
        memset(e, 0, sizeof *e);
        bl_ctx_init(&e->x, 0);
    }
    e->server = s;
    e->conn = c;
    e->request = (struct http_request){0};
    e->slot = NULL;
    e->next = NULL;
    e->head_only = e->keep = e->old = false;
    e->body.n = e->out.n = 0;
    return e;
}

void http_exchange_drop(struct http_exchange *e)
{
    struct http_server *s = e->server;
    if (s->n_free >= 256 || e->body.cap > (1 << 20) || e->out.cap > (1 << 20)) {
        bl_ctx_release(&e->x);
        bl_buf_release(&e->body);
        bl_buf_release(&e->out);
        free(e);
        return;
    }
    bl_ctx_reset(&e->x, 0);
    e->next = s->free;
    s->free = e;
    s->n_free++;
}

/* ---- opening and closing */

static struct peer_count **peer_find(struct http_server *s, const char *peer)
{
    struct peer_count **at = &s->peers[bl_crc32c(peer, strlen(peer)) % PEER_SLOTS];
    while (*at && strcmp((*at)->peer, peer) != 0)
        at = &(*at)->next;
    return at;
}

static bool peer_enter(struct conn *c)
{
    struct peer_count **at = peer_find(c->server, c->peer);
    if (!*at) {
        *at = bl_xmalloc(sizeof **at);
        **at = (struct peer_count){0};
        memcpy((*at)->peer, c->peer, sizeof c->peer);
    }
    if ((*at)->n >= c->server->limits.per_peer_max)
        return false;
    (*at)->n++;
    c->counted = *at;
    return true;
}

static void peer_leave(struct conn *c)
{
    if (!c->counted || --c->counted->n > 0)
        return;
    struct peer_count **at = peer_find(c->server, c->peer), *gone = *at;
    *at = gone->next;
    free(gone);
}

static void on_closed(uv_handle_t *h)
{
    struct conn *c = h->data;
    struct http_server *s = c->server;
    if (c->prev)
        c->prev->next = c->next;
    else
        s->conns = c->next;
    if (c->next)
        c->next->prev = c->prev;
    s->n_conns--;
    peer_leave(c);
    http_tls_end(c);
    bl_buf_release(&c->in);
    bl_buf_release(&c->sending);
    bl_buf_release(&c->flying);
    free(c->header);
    free(c);
}

void http_conn_close(struct conn *c)
{
    if (c->closed)
        return;
    c->closed = true;
    if (c->ex) {
        c->ex->conn = NULL; /* the application may still have it: its answer is dropped */
        if (c->state != CONN_HANDLING)
            http_exchange_drop(c->ex);
        c->ex = NULL;
    }
    c->state = CONN_CLOSING;
    uv_close(&c->uv.handle, on_closed);
}

static void on_shutdown(uv_shutdown_t *r, int status)
{
    (void)status;
    free(r);
}

static void linger(struct conn *c)
{
    uv_shutdown_t *r = bl_xmalloc(sizeof *r);
    c->state = CONN_CLOSING;
    c->since_us = http_mono_us();
    if (uv_shutdown(r, &c->uv.stream, on_shutdown) != 0) {
        free(r);
        http_conn_close(c);
    }
}

/* ---- writing */

static void next_request(struct conn *c)
{
    struct http_exchange *e = c->ex;
    c->ex = NULL;
    bool keep = e->keep && !c->server->stopping;
    http_exchange_drop(e);
    if (!keep || c->close_after) {
        linger(c);
        return;
    }
    c->state = CONN_HEAD;
    c->since_us = c->moved_us = http_mono_us();
    c->scanned = 0;
    if (!c->processing)
        process(c);
}

static void written(struct conn *c)
{
    c->moved_us = http_mono_us();
    if (c->state == CONN_WRITING && c->sending.n == 0 && !c->writing)
        next_request(c);
}

static void on_written(uv_write_t *w, int status)
{
    struct conn *c = w->data;
    c->writing = false;
    c->flying.n = 0;
    if (c->closed)
        return;
    if (status < 0) {
        http_conn_close(c);
        return;
    }
    if (c->sending.n > 0)
        flush(c);
    else
        written(c);
}

static void flush(struct conn *c)
{
    if (c->writing || c->sending.n == 0 || c->closed)
        return;
    struct bl_buf spare = c->flying;
    c->flying = c->sending;
    c->sending = spare;
    c->sending.n = 0;
    uv_buf_t b = uv_buf_init(c->flying.p, (unsigned)c->flying.n);
    int n = uv_try_write(&c->uv.stream, &b, 1);
    if (n < 0 && n != UV_EAGAIN) {
        http_conn_close(c);
        return;
    }
    if (n == (int)c->flying.n) {
        c->flying.n = 0;
        written(c);
        return;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    b = uv_buf_init(c->flying.p + done, (unsigned)(c->flying.n - done));
    c->write.data = c;
    c->writing = true;
    if (uv_write(&c->write, &c->uv.stream, &b, 1, on_written) != 0) {
        c->writing = false;
        http_conn_close(c);
    }
}

static void send_plain(struct conn *c, struct bl_str s)
{
    if (!c->ssl)
        bl_buf_str(&c->sending, s);
    else if (!http_tls_write(c, s)) {
        http_conn_close(c);
        return;
    }
    flush(c);
}

void http_conn_answered(struct http_exchange *e)
{
    struct conn *c = e->conn;
    e->server->in_flight--;
    if (!c) {
        http_exchange_drop(e);
        return;
    }
    c->state = CONN_WRITING;
    c->since_us = c->moved_us = http_mono_us();
    struct bl_str out = bl_buf_view(&e->out);
    if (!c->ssl && c->sending.n == 0 && !c->writing) { /* the answer's own bytes fly */
        struct bl_buf spare = c->sending;
        c->sending = e->out;
        e->out = spare;
        flush(c);
        return;
    }
    send_plain(c, out);
}

/* ---- refusing */

static void refuse(struct conn *c, int status)
{
    struct http_exchange *e = c->ex ? c->ex : exchange_new(c);
    struct http_reply r = {.status = status};
    c->ex = e;
    if (!bl_is(e->request.method))
        e->request = (struct http_request){.method = BL_STR("GET"),
                .path = BL_STR("/"),
                .query = BL_STR(""),
                .peer = bl_str_of(c->peer),
                .tag = c->tag,
                .tls = c->tls};
    c->server->app.refuse(c->server->app.arg, &e->x, &e->request, status, &r);
    e->keep = false;
    c->close_after = true;
    http_reply_write(e, &r, false);
    c->server->in_flight++;
    http_conn_answered(e);
}

/* ---- the parser's callbacks */

static int on_header_field(http_parser *p, const char *at, size_t n)
{
    struct conn *c = p->data;
    if (c->complete || c->state == CONN_BODY) /* trailers are read and dropped */
        return 0;
    c->header[c->n_header].name = (struct bl_str){at, n};
    return 0;
}

static int on_header_value(http_parser *p, const char *at, size_t n)
{
    struct conn *c = p->data;
    if (c->complete || c->state == CONN_BODY)
        return 0;
    c->header[c->n_header++].value = (struct bl_str){at, n};
    return 0;
}

static int on_url(http_parser *p, const char *at, size_t n)
{
    struct conn *c = p->data;
    c->ex->request.path = (struct bl_str){at, n};
    return 0;
}

static int on_body(http_parser *p, const char *at, size_t n)
{
    struct conn *c = p->data;
    if (c->ex->body.n + n > c->body_max) {
        c->too_large = true;
        return 1;
    }
    bl_buf_put(&c->ex->body, at, n);
    return 0;
}

static int on_complete(http_parser *p)
{
    struct conn *c = p->data;
    c->complete = true;
    http_parser_pause(p, 1); /* what follows is the next request's */
    return 0;
}

static const http_parser_settings settings = {
        .on_url = on_url,
        .on_header_field = on_header_field,
        .on_header_value = on_header_value,
        .on_body = on_body,
        .on_message_complete = on_complete,
};

/* ---- reading a head */

/* The head moves into the exchange's memory, so that the request outlives the connection's buffer. */
static void take_head(struct conn *c, size_t n, struct bl_str *ret)
{
    struct http_exchange *e = c->ex;
    *ret = bl_str_dup(&e->x.arena, (struct bl_str){c->in.p, n});
    memmove(c->in.p, c->in.p + n, c->in.n - n);
    c->in.n -= n;
    c->scanned = 0;
}

static void lower(struct bl_str s)
{
    char *p = (char *)(uintptr_t)s.p; /* our own copy */
    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 0x20);
}

static void request_fill(struct conn *c)
{
    struct http_exchange *e = c->ex;
    struct http_request *r = &e->request;
    struct bl_str url = r->path;
    if (url.n > 0 && url.p[0] != '/') { /* absolute form: the check has matched its host */
        const char *p = memchr(url.p + 8, '/', url.n - 8);
        if (p)
            url = (struct bl_str){p, url.n - (size_t)(p - url.p)};
    }
    const char *q = memchr(url.p, '?', url.n);
    r->path = (struct bl_str){url.p, q ? (size_t)(q - url.p) : url.n};
    r->query = q ? (struct bl_str){q + 1, url.n - r->path.n - 1} : BL_STR("");
    r->method = bl_str_of(http_method_str((enum http_method)c->parser.method));
    r->peer = bl_str_of(c->peer);
    r->tag = c->tag;
    r->tls = c->tls;
    struct http_header *h = bl_alloc_array(&e->x.arena, c->n_header, sizeof *h);
    for (size_t i = 0; i < c->n_header; i++) {
        h[i] = c->header[i];
        lower(h[i].name);
        while (h[i].value.n > 0 &&
                (h[i].value.p[h[i].value.n - 1] == ' ' || h[i].value.p[h[i].value.n - 1] == '\t'))
            h[i].value.n--;
    }
    r->header = h;
    r->n_header = c->n_header;
    e->head_only = c->parser.method == HTTP_HEAD;
    e->old = c->parser.http_minor == 0;
    e->keep = http_should_keep_alive(&c->parser);
}

/* True when there is more to do with what was read. */
static bool read_head(struct conn *c)
{
    while (c->in.n >= 2 && c->in.p[0] == '\r' && c->in.p[1] == '\n' &&
            c->scanned == 0) { /* a blank line before */
        memmove(c->in.p, c->in.p + 2, c->in.n - 2);
        c->in.n -= 2;
    }
    if (c->in.n == 0)
        return false;
    size_t from = c->scanned > 3 ? c->scanned - 3 : 0;
    char *end = memmem(c->in.p + from, c->in.n - from, "\r\n\r\n", 4);
    /* A head that ends its lines otherwise never ends by our reading: it is refused as soon as it shows. */
    char *bare = memchr(c->in.p + from, '\n', c->in.n - from);
    while (!end && bare && bare > c->in.p && bare[-1] == '\r')
        bare = memchr(bare + 1, '\n', c->in.n - (size_t)(bare + 1 - c->in.p));
    size_t n = end ? (size_t)(end + 4 - c->in.p) : c->in.n;
    if (!end && bare) {
        refuse(c, 400);
        return false;
    }
    if (n > HTTP_HEAD_MAX) {
        const char *line = memchr(c->in.p, '\n', HTTP_HEAD_MAX);
        refuse(c, line && line - c->in.p <= HTTP_URI_MAX + 64 ? 431 : 414);
        return false;
    }
    if (!end) {
        c->scanned = c->in.n;
        return false;
    }
    bool expect = false;
    struct bl_str head;
    int bad = http_head_check(c->in.p, n, &expect);
    c->ex = exchange_new(c);
    take_head(c, n, &head);
    if (bad) {
        refuse(c, bad);
        return false;
    }
    http_parser_init(&c->parser, HTTP_REQUEST);
    c->parser.data = c;
    c->n_header = 0;
    c->complete = c->too_large = false;
    size_t parsed = http_parser_execute(&c->parser, &settings, head.p, head.n);
    enum http_errno err = HTTP_PARSER_ERRNO(&c->parser);
    bool all = parsed == head.n || (c->complete && parsed + 1 >= head.n);
    if ((err != HPE_OK && err != HPE_PAUSED) || !all || c->parser.upgrade) {
        refuse(c, err == HPE_INVALID_METHOD ? 501 : 400);
        return false;
    }
    request_fill(c);
    c->body_max = c->server->app.body_max(c->server->app.arg, &c->ex->request);
    if (!c->complete && c->parser.content_length != UINT64_MAX && c->parser.content_length > c->body_max) {
        refuse(c, 413);
        return false;
    }
    c->state = CONN_BODY;
    c->since_us = c->moved_us = http_mono_us();
    c->body_seen = 0;
    if (expect && !c->complete && c->in.n == 0)
        send_plain(c, BL_STR("HTTP/1.1 100 Continue\r\n\r\n"));
    return !c->closed;
}

/* ---- reading a body */

static void hand_over(struct conn *c)
{
    struct http_exchange *e = c->ex;
    e->request.body = bl_buf_view(&e->body);
    if (!bl_is(e->request.body))
        e->request.body = BL_STR("");
    if (http_is_gzip(e->request.body)) {
        struct bl_buf plain = {0};
        int bad = http_inflate(e->request.body, c->body_max, &plain);
        bl_buf_release(&e->body);
        e->body = plain;
        if (bad) {
            refuse(c, bad);
            return;
        }
        e->request.body = plain.n ? bl_buf_view(&plain) : BL_STR("");
    }
    c->state = CONN_HANDLING;
    e->begun_us = http_mono_us();
    c->server->in_flight++;
    c->server->app.handle(c->server->app.arg, e);
}

static bool read_body(struct conn *c)
{
    if (!c->complete) {
        if (c->in.n == 0)
            return false;
        size_t used = http_parser_execute(&c->parser, &settings, c->in.p, c->in.n);
        enum http_errno err = HTTP_PARSER_ERRNO(&c->parser);
        c->body_seen += used;
        if (err != HPE_OK && err != HPE_PAUSED) {
            refuse(c, c->too_large ? 413 : 400);
            return false;
        }
        if (c->complete && err == HPE_PAUSED && used < c->in.n && c->in.p[used] == '\n' && used > 0 &&
                c->in.p[used - 1] == '\r')
            used++; /* the pause comes before the chunked body's last byte */
        memmove(c->in.p, c->in.p + used, c->in.n - used);
        c->in.n -= used;
        if (c->body_seen > c->body_max + (c->body_max >> 1) + HTTP_HEAD_MAX && !c->complete) {
            refuse(c, 413); /* chunk framing and trailers have a bound too */
            return false;
        }
        if (!c->complete)
            return false;
    }
    hand_over(c);
    return true;
}

static void process(struct conn *c)
{
    c->processing = true;
    bool more = true;
    while (more && !c->closed) {
        if (c->state == CONN_HEAD)
            more = read_head(c);
        else if (c->state == CONN_BODY)
            more = read_body(c);
        else
            more = false;
    }
    c->processing = false;
}

/* ---- reading from the network */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
    struct conn *c = h->data;
    (void)suggested;
    *ret = uv_buf_init(c->server->read_buf, sizeof c->server->read_buf);
}

static void on_read(uv_stream_t *st, ssize_t n, const uv_buf_t *b)
{
    struct conn *c = st->data;
    if (n == 0 || c->closed)
        return;
    bool gone = n < 0;
    if (gone && n == UV_EOF && (c->state == CONN_HANDLING || c->state == CONN_WRITING)) {
        c->close_after = true; /* it said all it had to say and waits for its answer */
        uv_read_stop(st);
        c->reading = false;
        return;
    }
    if (gone) {
        http_conn_close(c);
        return;
    }
    if (c->state == CONN_CLOSING)
        return;
    bool was_empty = c->in.n == 0;
    if (c->tls) {
        if (!http_tls_read(c, b->base, (size_t)n)) {
            flush(c);
            http_conn_close(c);
            return;
        }
        flush(c);
    } else {
        bl_buf_put(&c->in, b->base, (size_t)n);
    }
    if (c->closed)
        return;
    if (c->state == CONN_HEAD && was_empty && c->in.n > 0)
        c->since_us = http_mono_us();
    if (c->state == CONN_BODY)
        c->moved_us = http_mono_us();
    if (c->in.n > HTTP_READ_AHEAD && c->state >= CONN_HANDLING) {
        http_conn_close(c); /* nobody sends this much ahead in good faith */
        return;
    }
    process(c);
}

static void peer_name(struct conn *c)
{
    struct sockaddr_storage a;
    int n = sizeof a;
    if (c->is_unix || uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&a, &n) != 0) {
        memcpy(c->peer, "unix", 5);
        return;
    }
    if (a.ss_family == AF_INET)
        uv_ip4_name((struct sockaddr_in *)&a, c->peer, sizeof c->peer);
    else
        uv_ip6_name((struct sockaddr_in6 *)&a, c->peer, sizeof c->peer);
}

void http_conn_accept(struct listener *l)
{
    struct http_server *s = l->server;
    struct conn *c = bl_xmalloc(sizeof *c);
    memset(c, 0, sizeof *c);
    c->server = s;
    c->tag = l->tag;
    c->tls = l->tls;
    c->is_unix = l->is_unix;
    c->header = bl_xmalloc((HTTP_HEADERS_MAX + 1) * sizeof *c->header);
    c->since_us = c->moved_us = http_mono_us();
    if (l->is_unix)
        uv_pipe_init(&s->loop, &c->uv.pipe, 0);
    else
        uv_tcp_init(&s->loop, &c->uv.tcp);
    c->uv.handle.data = c;
    c->next = s->conns;
    if (s->conns)
        s->conns->prev = c;
    s->conns = c;
    s->n_conns++;
    if (uv_accept(&l->uv.stream, &c->uv.stream) != 0) {
        http_conn_close(c);
        return;
    }
    peer_name(c);
    if (!l->is_unix)
        uv_tcp_nodelay(&c->uv.tcp, 1);
    bool full = s->n_conns > s->limits.connections_max || s->stopping;
    if (full || (!l->is_unix && !peer_enter(c)) || (c->tls && !http_tls_begin(c))) {
        http_conn_close(c);
        return;
    }
    c->reading = uv_read_start(&c->uv.stream, on_alloc, on_read) == 0;
    if (!c->reading)
        http_conn_close(c);
}

/* ---- deadlines: one walk over all connections, four times a second */

static bool overdue(const struct conn *c, int64_t now)
{
    const struct http_limits *l = &c->server->limits;
    int64_t in_state = now - c->since_us;
    switch (c->state) {
    case CONN_HEAD:
        if (c->in.n > 0 || (c->tls && !c->handshaken))
            return in_state > l->head_us;
        return in_state > l->idle_us || c->server->stopping;
    case CONN_BODY:
        if (in_state <= l->body_grace_us)
            return false;
        return (int64_t)c->body_seen < l->body_rate * (in_state / 1000000);
    case CONN_WRITING:
        return now - c->moved_us > l->write_us;
    case CONN_CLOSING:
        return in_state > LINGER_US;
    default:
        return false;
    }
}

void http_conn_sweep(struct http_server *s)
{
    int64_t now = http_mono_us();
    for (struct conn *c = s->conns, *next; c; c = next) {
        next = c->next;
        if (c->closed || !overdue(c, now))
            continue;
        bool owed = (c->state == CONN_HEAD && c->in.n > 0) || c->state == CONN_BODY;
        if (owed && !(c->tls && !c->handshaken))
            refuse(c, 408);
        else
            http_conn_close(c);
    }
}
