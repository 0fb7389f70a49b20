/* The client: one connection over a Unix socket, one call after another, blocking. */
#include "http/inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_MAX (64u << 20)
#define WAIT_S 3600 /* a verify of a large database takes its time */

struct http_client {
    int fd;
    bool used;
    char path[108];
};

static int dial(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = WAIT_S};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    strncpy(a.sun_path, path, sizeof a.sun_path - 1);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
        return fd;
    close(fd);
    return -1;
}

enum bl_err http_client_open(struct bl_ctx *x, const char *socket_path, struct http_client **ret)
{
    struct http_client *c = bl_xmalloc(sizeof *c);
    memset(c, 0, sizeof *c);
    if (strlen(socket_path) >= sizeof c->path || (c->fd = dial(socket_path)) < 0) {
        free(c);
        return bl_fail(x, BL_UNAVAILABLE, "No server answers at %s.", socket_path);
    }
    strcpy(c->path, socket_path);
    *ret = c;
    return BL_OK;
}

void http_client_close(struct http_client *c)
{
    if (c->fd >= 0)
        close(c->fd);
    free(c);
}

static bool send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

struct reading {
    struct bl_ctx *x;
    struct http_answer *answer;
    struct bl_buf body;
    struct {
        struct http_header *at;
        size_t n, cap;
    } headers;
    struct bl_str name;
    bool complete;
};

static int on_field(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;
    /* Pieces of one name may come apart; headers here are small, so they come whole or are joined. */
    r->name = bl_is(r->name) ? bl_str_printf(&r->x->arena, "%.*s%.*s", BL_FMT(r->name), (int)n, at)
                             : bl_str_dup(&r->x->arena, (struct bl_str){at, n});
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;
    if (bl_is(r->name)) {
        *BL_PUSH(&r->x->arena, r->headers) =
                (struct http_header){r->name, bl_str_dup(&r->x->arena, (struct bl_str){at, n})};
        r->name = BL_ABSENT;
    } else if (r->headers.n > 0) {
        struct bl_str *v = &r->headers.at[r->headers.n - 1].value;
        *v = bl_str_printf(&r->x->arena, "%.*s%.*s", BL_FMT(*v), (int)n, at);
    }
    return 0;
}

static int on_piece(http_parser *p, const char *at, size_t n)
{
    struct reading *r = p->data;
    if (r->body.n + n > ANSWER_MAX)
        return 1;
    bl_buf_put(&r->body, at, n);
    return 0;
}

static int on_whole(http_parser *p)
{
    struct reading *r = p->data;
    r->complete = true;
    http_parser_pause(p, 1);
    return 0;
}

static bool receive(struct http_client *c, struct reading *r, int *ret_status, bool *ret_keep)
{
    static const http_parser_settings settings = {.on_header_field = on_field,
            .on_header_value = on_value,
            .on_body = on_piece,
            .on_message_complete = on_whole};
    http_parser p;
    char buf[65536];
    http_parser_init(&p, HTTP_RESPONSE);
    p.data = r;
    while (!r->complete) {
        ssize_t n = recv(c->fd, buf, sizeof buf, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n == 0 && p.status_code == 0))
            return false;
        http_parser_execute(&p, &settings, buf, (size_t)n);
        enum http_errno e = HTTP_PARSER_ERRNO(&p);
        if (e != HPE_OK && e != HPE_PAUSED)
            return false;
        if (n == 0 && !r->complete)
            return false;
    }
    http_parser_pause(&p, 0);
    *ret_status = p.status_code;
    *ret_keep = http_should_keep_alive(&p);
    return true;
}

static bool try_once(struct bl_ctx *x, struct http_client *c, const struct bl_buf *head, struct bl_str body,
        struct http_answer *ret)
{
    struct reading r = {.x = x, .answer = ret};
    bool keep = false;
    bool ok = c->fd >= 0 && send_all(c->fd, head->p, head->n) && send_all(c->fd, body.p, body.n) &&
              receive(c, &r, &ret->status, &keep);
    if (ok) {
        ret->header = r.headers.at;
        ret->n_header = r.headers.n;
        for (size_t i = 0; i < ret->n_header; i++)
            for (size_t k = 0; k < ret->header[i].name.n; k++) {
                char *ch = (char *)(uintptr_t)&ret->header[i].name.p[k];
                if (*ch >= 'A' && *ch <= 'Z')
                    *ch = (char)(*ch | 0x20);
            }
        ret->body = r.body.n ? bl_str_dup(&x->arena, bl_buf_view(&r.body)) : BL_STR("");
    }
    bl_buf_release(&r.body);
    if ((!ok || !keep) && c->fd >= 0) {
        close(c->fd);
        c->fd = -1;
    }
    return ok;
}

enum bl_err http_client_call(struct bl_ctx *x, struct http_client *c, const char *method,
        struct bl_str path_and_query, const struct http_header *header, size_t n_header, struct bl_str body,
        struct http_answer *ret)
{
    struct bl_buf head = {0};
    bl_buf_printf(&head, "%s %.*s HTTP/1.1\r\nhost: billow\r\ncontent-length: %zu\r\n", method,
            BL_FMT(path_and_query), body.n);
    for (size_t i = 0; i < n_header; i++)
        bl_buf_printf(&head, "%.*s: %.*s\r\n", BL_FMT(header[i].name), BL_FMT(header[i].value));
    bl_buf_z(&head, "\r\n");
    bool had = c->fd >= 0;
    if (!had)
        c->fd = dial(c->path);
    bool ok = try_once(x, c, &head, body, ret);
    if (!ok && had && c->used &&
            (c->fd = dial(c->path)) >= 0) /* it was kept too long: what we ask is idempotent */
        ok = try_once(x, c, &head, body, ret);
    c->used = true;
    bl_buf_release(&head);
    return ok ? BL_OK : bl_fail(x, BL_UNAVAILABLE, "The server at %s did not answer.", c->path);
}
