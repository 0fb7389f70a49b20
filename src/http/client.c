/* The client: one connection over a Unix socket, one call after another, blocking.
 *
 * A connection that was kept too long is noticed before anything is sent on it and made anew. Once a request
 * is under way it is not repeated, unless it only reads: what was asked for may have been done. */
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
    bool head_only;
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

static int on_head(http_parser *p)
{
    return ((struct reading *)p->data)->head_only; /* 1: the length is told, the body is not sent */
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
            .on_headers_complete = on_head,
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

static bool try_once(struct bl_ctx *x, struct http_client *c, bool head_only, const struct bl_buf *head,
        struct bl_str body, struct http_answer *ret)
{
    struct reading r = {.x = x, .head_only = head_only};
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

/* Nothing is owed to us between two calls: what can be read is the end. */
static bool ended(int fd)
{
    char byte;
    ssize_t n = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static bool breaks_line(struct bl_str s, bool blank_too)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0 || (blank_too && s.p[i] == ' '))
            return true;
    return false;
}

static enum bl_err head_write(struct bl_ctx *x, struct bl_buf *b, const char *method, struct bl_str target,
        const struct http_header *header, size_t n_header, size_t body_n)
{
    bool bad = breaks_line(target, true);
    for (size_t i = 0; i < n_header; i++)
        bad = bad || breaks_line(header[i].name, true) || breaks_line(header[i].value, false);
    if (bad)
        return bl_fail(x, BL_INVALID, "A path or a header of a request holds the end of a line or a blank.");
    bl_buf_printf(
            b, "%s %.*s HTTP/1.1\r\nhost: billow\r\ncontent-length: %zu\r\n", method, BL_FMT(target), body_n);
    for (size_t i = 0; i < n_header; i++)
        bl_buf_printf(b, "%.*s: %.*s\r\n", BL_FMT(header[i].name), BL_FMT(header[i].value));
    bl_buf_z(b, "\r\n");
    return BL_OK;
}

enum bl_err http_client_call(struct bl_ctx *x, struct http_client *c, const char *method,
        struct bl_str path_and_query, const struct http_header *header, size_t n_header, struct bl_str body,
        struct http_answer *ret)
{
    struct bl_buf head = {0};
    bool head_only = strcmp(method, "HEAD") == 0, reads = head_only || strcmp(method, "GET") == 0;
    BL_TRY(head_write(x, &head, method, path_and_query, header, n_header, body.n));
    if (c->fd >= 0 && ended(c->fd)) {
        close(c->fd);
        c->fd = -1;
    }
    bool kept = c->fd >= 0;
    if (!kept)
        c->fd = dial(c->path);
    bool ok = try_once(x, c, head_only, &head, body, ret);
    if (!ok && kept && reads && (c->fd = dial(c->path)) >= 0)
        ok = try_once(x, c, head_only, &head, body, ret);
    bl_buf_release(&head);
    return ok ? BL_OK : bl_fail(x, BL_UNAVAILABLE, "The server at %s did not answer.", c->path);
}
