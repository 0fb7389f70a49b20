/* One connection: bytes in, one request at a time, bytes out.
 *
 *     HEAD --head whole and sound--> BODY --whole--> HANDLING --answer--> WRITING --written--> HEAD ...
 *
 * Closing is done gently: the writing side first, then what the client still sends is thrown away for a
 * moment, so that the answer is not lost to a reset. */
#include "http/inner.h"

#include <stdlib.h>
#include <string.h>

#define KEPT_BYTES 8192 /* a connection at rest holds no larger buffer */

static void flush(struct conn *c);
static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret);
static void on_read(uv_stream_t *st, ssize_t n, const uv_buf_t *b);

/* ---- opening and closing */

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
    http_peer_leave(c);
    http_tls_end(c);
    bl_buf_release(&c->in);
    bl_buf_release(&c->sending);
    bl_buf_release(&c->flying);
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
    (void)r;
    (void)status;
}

static void read_on(struct conn *c)
{
    if (c->reading || c->eof || c->closed)
        return;
    c->reading = uv_read_start(&c->uv.stream, on_alloc, on_read) == 0;
    if (!c->reading)
        http_conn_close(c);
}

static void read_off(struct conn *c)
{
    uv_read_stop(&c->uv.stream);
    c->reading = false;
}

static void linger(struct conn *c)
{
    c->state = CONN_CLOSING;
    c->since_us = http_mono_us();
    if (c->ssl) {
        http_tls_bye(c);
        flush(c);
    }
    if (c->closed)
        return;
    if (c->eof || uv_shutdown(&c->shut, &c->uv.stream, on_shutdown) != 0)
        http_conn_close(c);
    else
        read_on(c);
}

/* ---- writing */

static void rest(struct bl_buf *b)
{
    if (b->n == 0 && b->cap > KEPT_BYTES)
        bl_buf_release(b);
}

static void next_request(struct conn *c)
{
    struct http_exchange *e = c->ex;
    bool keep = e->keep && !c->server->stopping;
    c->ex = NULL;
    http_exchange_drop(e);
    if (!keep) {
        linger(c);
        return;
    }
    c->state = CONN_HEAD;
    c->since_us = http_mono_us();
    c->blank = false;
    rest(&c->in);
    rest(&c->sending);
    rest(&c->flying);
    if (!c->processing)
        http_conn_process(c);
}

static void written(struct conn *c)
{
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
    c->unsent = SIZE_MAX;
    if (uv_write(&c->write, &c->uv.stream, &b, 1, on_written) != 0) {
        c->writing = false;
        http_conn_close(c);
    }
}

void http_conn_send(struct conn *c, struct bl_str s)
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
    http_conn_send(c, out);
}

/* ---- reading */

void http_conn_process(struct conn *c)
{
    bool more = true;
    c->processing = true;
    while (more && !c->closed)
        more = c->state == CONN_HEAD   ? http_request_head(c)
               : c->state == CONN_BODY ? http_request_body(c)
                                       : false;
    c->processing = false;
    if (c->closed || c->state == CONN_HANDLING || c->state == CONN_WRITING)
        return;
    if (c->eof) /* what it began it will not end */
        http_conn_close(c);
    else
        read_on(c);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *ret)
{
    struct conn *c = h->data;
    (void)suggested;
    *ret = uv_buf_init(c->server->read_buf, sizeof c->server->read_buf);
}

/* Used bytes make room before new ones come. */
static void compact(struct conn *c)
{
    if (c->in_at == 0)
        return;
    memmove(c->in.p, c->in.p + c->in_at, c->in.n - c->in_at);
    c->in.n -= c->in_at;
    c->in_at = 0;
}

static void take(struct conn *c, const char *p, size_t n)
{
    compact(c);
    if (!c->tls) {
        bl_buf_put(&c->in, p, n);
        return;
    }
    bool was = c->handshaken;
    enum http_tls_state state = http_tls_read(c, p, n);
    flush(c); /* the handshake's next words, or an alert */
    if (state == HTTP_TLS_BROKEN)
        http_conn_close(c);
    if (state == HTTP_TLS_END)
        c->eof = true;
    if (!was && c->handshaken)
        c->since_us = http_mono_us();
}

static void on_read(uv_stream_t *st, ssize_t n, const uv_buf_t *b)
{
    struct conn *c = st->data;
    if (n == 0 || c->closed)
        return;
    if (n < 0 && n != UV_EOF) {
        http_conn_close(c);
        return;
    }
    bool was_empty = http_conn_unread(c).n == 0;
    if (n == UV_EOF)
        c->eof = true; /* it said all it had to say, and may wait for an answer */
    else if (c->state != CONN_CLOSING)
        take(c, b->base, (size_t)n);
    if (c->closed)
        return;
    size_t unread = http_conn_unread(c).n;
    if (c->state == CONN_HEAD && was_empty && unread > 0)
        c->since_us = http_mono_us();
    if (c->eof || (unread > HTTP_READ_AHEAD && c->state >= CONN_HANDLING))
        read_off(c);
    http_conn_process(c);
}

static bool peer_name(struct conn *c)
{
    struct sockaddr_storage a;
    int n = sizeof a;
    if (c->is_unix) {
        memcpy(c->peer, "unix", 5);
        return true;
    }
    if (uv_tcp_getpeername(&c->uv.tcp, (struct sockaddr *)&a, &n) != 0)
        return false; /* gone already */
    if (a.ss_family == AF_INET)
        return uv_ip4_name((struct sockaddr_in *)&a, c->peer, sizeof c->peer) == 0;
    return uv_ip6_name((struct sockaddr_in6 *)&a, c->peer, sizeof c->peer) == 0;
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
    if (uv_accept(&l->uv.stream, &c->uv.stream) != 0 || !peer_name(c)) {
        http_conn_close(c);
        return;
    }
    if (!l->is_unix)
        uv_tcp_nodelay(&c->uv.tcp, 1);
    bool full = s->n_conns > s->limits.connections_max || s->stopping;
    if (full || (!l->is_unix && !http_peer_enter(c)) || (c->tls && !http_tls_begin(c))) {
        http_conn_close(c);
        return;
    }
    read_on(c);
}
