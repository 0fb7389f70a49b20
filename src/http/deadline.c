/* Deadlines: one walk over all connections, four times a second, instead of a timer for each. */
#include "http/inner.h"

/* A body's rate is measured over one window after another, not since its beginning: who sent much at first
 * has no credit to fall asleep on. */
static bool body_stalls(struct conn *c, int64_t now)
{
    const struct http_limits *l = &c->server->limits;
    if (now - c->window_us < l->body_grace_us)
        return false;
    int64_t wanted = l->body_rate * (l->body_grace_us / 1000) / 1000;
    bool stalls = (int64_t)(c->body_seen - c->window_seen) < wanted;
    c->window_us = now;
    c->window_seen = c->body_seen;
    return stalls;
}

static bool write_stalls(struct conn *c, int64_t now)
{
    size_t unsent = uv_stream_get_write_queue_size(&c->uv.stream);
    if (unsent < c->unsent)
        c->moved_us = now;
    c->unsent = unsent;
    return now - c->moved_us > c->server->limits.write_us;
}

static bool overdue(struct conn *c, int64_t now)
{
    const struct http_limits *l = &c->server->limits;
    int64_t in_state = now - c->since_us;
    switch (c->state) {
    case CONN_HEAD:
        if (http_conn_unread(c).n > 0 || (c->tls && !c->handshaken))
            return in_state > l->head_us;
        return in_state > l->idle_us || c->server->stopping;
    case CONN_BODY:
        return body_stalls(c, now);
    case CONN_WRITING:
        return write_stalls(c, now);
    case CONN_CLOSING:
        return in_state > 2000000;
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
        bool owed = (c->state == CONN_HEAD && http_conn_unread(c).n > 0) || c->state == CONN_BODY;
        if (owed && !(c->tls && !c->handshaken))
            http_request_refuse(c, 408);
        else
            http_conn_close(c);
    }
}
