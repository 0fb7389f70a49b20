/* The loop: listeners, answers that come from other threads, deadlines, stopping. */
#include "http/inner.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int64_t http_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void or_default(int64_t *v, int64_t d)
{
    *v = *v ? *v : d;
}

static void on_wake(uv_async_t *h);
static void on_sweep(uv_timer_t *t);
static void on_prepare(uv_prepare_t *p);
static void on_signal(uv_signal_t *s, int signum);

enum bl_err http_server_new(struct bl_ctx *x, const struct http_app *app, const struct http_limits *limits,
        struct http_server **ret)
{
    struct http_server *s = bl_xmalloc(sizeof *s);
    memset(s, 0, sizeof *s);
    s->app = *app;
    if (limits)
        s->limits = *limits;
    or_default(&s->limits.head_us, 10000000);
    or_default(&s->limits.idle_us, 60000000);
    or_default(&s->limits.body_grace_us, 10000000);
    or_default(&s->limits.body_rate, 1024);
    or_default(&s->limits.write_us, 30000000);
    or_default(&s->limits.drain_us, 8000000);
    or_default(&s->limits.bodies_max, (int64_t)512 << 20);
    if (!s->limits.connections_max)
        s->limits.connections_max = 10000;
    if (!s->limits.per_peer_max)
        s->limits.per_peer_max = 1000;
    if (uv_loop_init(&s->loop) != 0) {
        free(s);
        return bl_fail(x, BL_INTERNAL, "The event loop could not be made.");
    }
    uv_mutex_init(&s->lock);
    uv_async_init(&s->loop, &s->wake, on_wake);
    uv_timer_init(&s->loop, &s->sweep);
    uv_timer_init(&s->loop, &s->every);
    uv_prepare_init(&s->loop, &s->prepare);
    uv_signal_init(&s->loop, &s->term);
    uv_signal_init(&s->loop, &s->interrupt);
    s->wake.data = s->sweep.data = s->every.data = s->prepare.data = s->term.data = s->interrupt.data = s;
    s->thread = uv_thread_self();
    *ret = s;
    return BL_OK;
}

static void on_listener_closed(uv_handle_t *h)
{
    free(h->data);
}

static void listeners_close(struct http_server *s)
{
    for (struct listener *l = s->listeners, *next; l; l = next) {
        next = l->next;
        if (l->is_unix)
            unlink(l->path);
        uv_close(&l->uv.handle, on_listener_closed);
    }
    s->listeners = NULL;
}

void http_server_free(struct http_server *s)
{
    listeners_close(s);
    for (struct conn *c = s->conns; c; c = c->next)
        http_conn_close(c);
    while (s->pooled > 0) /* what runs in the pool may still answer */
        uv_run(&s->loop, UV_RUN_ONCE);
    uv_handle_t *own[] = {(uv_handle_t *)&s->wake, (uv_handle_t *)&s->sweep, (uv_handle_t *)&s->every,
            (uv_handle_t *)&s->prepare, (uv_handle_t *)&s->term, (uv_handle_t *)&s->interrupt};
    for (size_t i = 0; i < BL_COUNT(own); i++)
        if (!uv_is_closing(own[i]))
            uv_close(own[i], NULL);
    uv_run(&s->loop, UV_RUN_DEFAULT);
    uv_loop_close(&s->loop);
    while (s->answered) {
        struct http_exchange *e = s->answered;
        s->answered = e->next;
        http_exchange_drop(e);
    }
    while (s->free) {
        struct http_exchange *e = s->free;
        s->free = e->next;
        bl_ctx_release(&e->x);
        bl_buf_release(&e->body);
        bl_buf_release(&e->out);
        free(e);
    }
    SSL_CTX_free(s->tls);
    uv_mutex_destroy(&s->lock);
    free(s);
}

/* ---- listening */

static void on_connection(uv_stream_t *st, int status)
{
    if (status == 0)
        http_conn_accept(st->data);
}

static struct listener *listener_new(struct http_server *s, int tag)
{
    struct listener *l = bl_xmalloc(sizeof *l);
    memset(l, 0, sizeof *l);
    l->server = s;
    l->tag = tag;
    return l;
}

static bool address_parse(const char *text, struct sockaddr_storage *ret)
{
    char host[64];
    const char *colon = strrchr(text, ':');
    if (!colon || colon == text || (size_t)(colon - text) >= sizeof host)
        return false;
    memcpy(host, text, (size_t)(colon - text));
    host[colon - text] = 0;
    char *end = NULL;
    long port = strtol(colon + 1, &end, 10);
    if (end == colon + 1 || *end || port < 0 || port > 65535)
        return false;
    size_t n = strlen(host);
    if (host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = 0;
        return uv_ip6_addr(host + 1, (int)port, (struct sockaddr_in6 *)ret) == 0;
    }
    if (strcmp(host, "localhost") == 0)
        memcpy(host, "127.0.0.1", 10);
    return uv_ip4_addr(host, (int)port, (struct sockaddr_in *)ret) == 0;
}

enum bl_err http_listen(
        struct bl_ctx *x, struct http_server *s, const char *address, int tag, bool tls, int *ret_port)
{
    struct sockaddr_storage a;
    memset(&a, 0, sizeof a);
    if (!address_parse(address, &a))
        return bl_fail(
                x, BL_INVALID, "%s is no address to listen on; give one such as 127.0.0.1:8080.", address);
    struct listener *l = listener_new(s, tag);
    l->tls = tls;
    uv_tcp_init(&s->loop, &l->uv.tcp);
    l->uv.handle.data = l;
    int err = uv_tcp_bind(&l->uv.tcp, (const struct sockaddr *)&a, 0);
    if (err == 0)
        err = uv_listen(&l->uv.stream, 1024, on_connection);
    if (err != 0) {
        uv_close(&l->uv.handle, on_listener_closed);
        return bl_fail(x, BL_CONFLICT, "%s cannot be listened on: %s.", address, uv_strerror(err));
    }
    int n = sizeof a;
    uv_tcp_getsockname(&l->uv.tcp, (struct sockaddr *)&a, &n);
    *ret_port = ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
                                             : ((struct sockaddr_in6 *)&a)->sin6_port);
    l->next = s->listeners;
    s->listeners = l;
    return BL_OK;
}

static bool somebody_answers(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof a) == 0;
    close(fd);
    return yes;
}

enum bl_err http_listen_unix(struct bl_ctx *x, struct http_server *s, const char *path, int tag)
{
    struct stat st;
    struct listener *l = listener_new(s, tag);
    if (strlen(path) >= sizeof((struct sockaddr_un *)0)->sun_path || strlen(path) >= sizeof l->path) {
        free(l);
        return bl_fail(x, BL_INVALID,
                "%s is too long for the path of a socket; move the database to a shorter one.", path);
    }
    l->is_unix = true;
    strcpy(l->path, path);
    bool stale = lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) && !somebody_answers(path);
    if (stale)
        unlink(path);
    uv_pipe_init(&s->loop, &l->uv.pipe, 0);
    l->uv.handle.data = l;
    mode_t was = umask(0177);
    int err = uv_pipe_bind(&l->uv.pipe, path);
    umask(was);
    if (err == 0)
        err = uv_listen(&l->uv.stream, 128, on_connection);
    if (err != 0) {
        uv_close(&l->uv.handle, on_listener_closed);
        return bl_fail(x, BL_CONFLICT, "%s cannot be listened on: %s.", path, uv_strerror(err));
    }
    l->next = s->listeners;
    s->listeners = l;
    return BL_OK;
}

/* ---- answers */

static void stop_begin(struct http_server *s)
{
    if (s->stopping)
        return;
    s->stopping = true;
    s->stop_us = http_mono_us();
    listeners_close(s);
    if (s->on_stopping)
        s->on_stopping(s->stopping_arg);
}

static void stop_check(struct http_server *s)
{
    if (!s->stopping)
        return;
    bool late = http_mono_us() - s->stop_us > s->limits.drain_us;
    bool busy = s->in_flight > 0;
    for (struct conn *c = s->conns; c; c = c->next) {
        bool idle = c->state == CONN_HEAD && http_conn_unread(c).n == 0;
        if (idle || late)
            http_conn_close(c);
        else if (!c->closed && c->state != CONN_CLOSING)
            busy = true;
    }
    if (!busy || late)
        uv_stop(&s->loop);
}

static void on_wake(uv_async_t *h)
{
    struct http_server *s = h->data;
    if (s->app.before_wait) /* what was read together ends before an answer tells of something newer */
        s->app.before_wait(s->app.arg);
    uv_mutex_lock(&s->lock);
    struct http_exchange *list = s->answered, *order = NULL;
    s->answered = NULL;
    bool stop = s->stop_wanted;
    uv_mutex_unlock(&s->lock);
    while (list) { /* oldest first */
        struct http_exchange *e = list;
        list = e->next;
        e->next = order;
        order = e;
    }
    while (order) {
        struct http_exchange *e = order;
        order = e->next;
        e->next = NULL;
        http_conn_answered(e);
    }
    if (stop)
        stop_begin(s);
    stop_check(s);
}

static void on_sweep(uv_timer_t *t)
{
    struct http_server *s = t->data;
    http_conn_sweep(s);
    stop_check(s);
}

static void on_prepare(uv_prepare_t *p)
{
    struct http_server *s = p->data;
    if (s->app.before_wait)
        s->app.before_wait(s->app.arg);
}

static void on_signal(uv_signal_t *sig, int signum)
{
    (void)signum;
    http_stop(sig->data);
}

void http_stop(struct http_server *s)
{
    uv_mutex_lock(&s->lock);
    s->stop_wanted = true;
    uv_mutex_unlock(&s->lock);
    uv_async_send(&s->wake);
}

static void on_every(uv_timer_t *t)
{
    struct http_server *s = t->data;
    s->every_fn(s->every_arg);
}

void http_every(struct http_server *s, int64_t every_us, void (*fn)(void *arg), void *arg)
{
    s->every_fn = fn;
    s->every_arg = arg;
    uint64_t ms = (uint64_t)(every_us / 1000);
    uv_timer_start(&s->every, on_every, ms, ms);
}

struct pooled {
    uv_work_t work;
    struct http_server *server;
    void (*fn)(void *), (*after)(void *);
    void *arg;
};

static void pool_run(uv_work_t *w)
{
    struct pooled *p = w->data;
    p->fn(p->arg);
}

static void pool_done(uv_work_t *w, int status)
{
    struct pooled *p = w->data;
    (void)status;
    p->server->pooled--;
    if (p->after)
        p->after(p->arg);
    free(p);
}

void http_pool_run(struct http_server *s, void (*fn)(void *arg), void (*after)(void *arg), void *arg)
{
    struct pooled *p = bl_xmalloc(sizeof *p);
    *p = (struct pooled){.server = s, .fn = fn, .after = after, .arg = arg};
    p->work.data = p;
    s->pooled++;
    int err = uv_queue_work(&s->loop, &p->work, pool_run, pool_done);
    assert(err == 0); /* it has no way to fail but a missing function */
    (void)err;
}

void http_in_pool(struct http_server *s, void (*fn)(void *arg), void *arg)
{
    http_pool_run(s, fn, NULL, arg);
}

void http_run(struct http_server *s, void (*on_stopping)(void *arg), void *arg)
{
    s->on_stopping = on_stopping;
    s->stopping_arg = arg;
    s->thread = uv_thread_self();
    uv_timer_start(&s->sweep, on_sweep, 250, 250);
    uv_prepare_start(&s->prepare, on_prepare);
    uv_signal_start(&s->term, on_signal, SIGTERM);
    uv_signal_start(&s->interrupt, on_signal, SIGINT);
    signal(SIGPIPE, SIG_IGN);
    uv_run(&s->loop, UV_RUN_DEFAULT);
}
