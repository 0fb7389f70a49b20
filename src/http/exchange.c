/* Exchanges: one request on its way to one answer. They are kept and used again, their memory with them. An
 * exchange belongs to its connection, but for the time the application has it: then it outlives a connection
 * that goes away, and its answer is dropped when it comes. */
#include "http/inner.h"

#include <stdlib.h>
#include <string.h>

#define FREE_MAX 64      /* kept for use again */
#define KEPT_BYTES 32768 /* a larger buffer is given back */

struct http_exchange *http_exchange_new(struct conn *c)
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
    e->request = (struct http_request){
            .peer = bl_str_dup(&e->x.arena, bl_str_of(c->peer)), .tag = c->tag, .tls = c->tls};
    e->slot = NULL;
    e->next = NULL;
    e->head_only = e->keep = e->old = false;
    e->body.n = e->out.n = e->counted = 0;
    return e;
}

void http_exchange_drop(struct http_exchange *e)
{
    struct http_server *s = e->server;
    s->body_bytes -= e->counted;
    if (s->n_free >= FREE_MAX || e->body.cap > KEPT_BYTES || e->out.cap > KEPT_BYTES) {
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

bool http_exchange_count(struct http_exchange *e)
{
    struct http_server *s = e->server;
    s->body_bytes += e->body.n - e->counted;
    e->counted = e->body.n;
    return s->body_bytes <= (size_t)s->limits.bodies_max;
}

const struct http_request *http_exchange_request(const struct http_exchange *e)
{
    return &e->request;
}

struct bl_ctx *http_exchange_ctx(struct http_exchange *e)
{
    return &e->x;
}

void **http_exchange_slot(struct http_exchange *e)
{
    return &e->slot;
}

bool http_exchange_gone(const struct http_exchange *e)
{
    return !e->conn || e->conn->eof;
}

int64_t http_exchange_age_us(const struct http_exchange *e)
{
    return http_mono_us() - e->begun_us;
}

void http_answer(struct http_exchange *e, const struct http_reply *r)
{
    struct http_server *s = e->server;
    if (r->close)
        e->keep = false;
    uv_thread_t self = uv_thread_self();
    if (uv_thread_equal(&self, &s->thread)) {
        e->keep = e->keep && !s->stopping;
        http_reply_write(e, r, e->keep);
        http_conn_answered(e);
        return;
    }
    uv_mutex_lock(&s->lock);
    e->keep = e->keep && !s->stop_wanted;
    uv_mutex_unlock(&s->lock);
    http_reply_write(e, r, e->keep); /* by the thread that has the answer, so that the loop only sends */
    uv_mutex_lock(&s->lock);
    e->next = s->answered;
    s->answered = e;
    uv_mutex_unlock(&s->lock);
    uv_async_send(&s->wake);
}
