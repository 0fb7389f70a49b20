/* A checked head, parsed. The check has said how the body is framed; the parser must have read the same, or
 * the request is refused: two readers that disagree are what smuggling lives on. */
#include "http/inner.h"

#include <string.h>

struct parsing {
    struct http_header *header;
    size_t n;
    struct bl_str target;
    bool complete;
};

static int on_url(http_parser *p, const char *at, size_t n)
{
    struct parsing *r = p->data;
    r->target = (struct bl_str){at, n};
    return 0;
}

static int on_field(http_parser *p, const char *at, size_t n)
{
    struct parsing *r = p->data;
    if (r->n == HTTP_HEADERS_MAX)
        return 1;
    r->header[r->n].name = (struct bl_str){at, n};
    return 0;
}

static int on_value(http_parser *p, const char *at, size_t n)
{
    struct parsing *r = p->data;
    if (r->n == HTTP_HEADERS_MAX)
        return 1;
    r->header[r->n++].value = (struct bl_str){at, n};
    return 0;
}

static int on_headers_complete(http_parser *p)
{
    p->upgrade = 0; /* another protocol is never spoken: its offer is passed over */
    return 1;       /* the body is read elsewhere */
}

static int on_complete(http_parser *p)
{
    struct parsing *r = p->data;
    r->complete = true;
    return 0;
}

static void lower(struct bl_str s)
{
    char *p = (char *)(uintptr_t)s.p; /* the caller's own copy */
    for (size_t i = 0; i < s.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] | 0x20);
}

static void tidy(struct http_header *h)
{
    struct bl_str *v = &h->value;
    lower(h->name);
    while (v->n > 0 && (v->p[v->n - 1] == ' ' || v->p[v->n - 1] == '\t'))
        v->n--;
}

/* The parser knows some methods only, and reads some of them in ways of their own. Which methods a path
 * answers is for the application to say, so the parser is always shown the same one; the check has seen that
 * the word in its place is a method. */
static size_t parser_run(http_parser *parser, const http_parser_settings *settings, const char *p, size_t n,
        struct bl_str method)
{
    if (http_parser_execute(parser, settings, "POST", 4) != 4)
        return 0;
    return method.n + http_parser_execute(parser, settings, p + method.n, n - method.n);
}

/* Path and query, without the scheme and host of an absolute form (which the check has compared). */
static void target_split(struct bl_str t, struct http_request *r)
{
    if (t.p[0] != '/') {
        const char *host = (const char *)memchr(t.p, ':', t.n) + 3;
        const char *path = memchr(host, '/', t.n - (size_t)(host - t.p));
        t = (struct bl_str){path, t.n - (size_t)(path - t.p)};
    }
    const char *q = memchr(t.p, '?', t.n);
    r->path = (struct bl_str){t.p, q ? (size_t)(q - t.p) : t.n};
    r->query = q ? (struct bl_str){q + 1, t.n - r->path.n - 1} : BL_STR("");
}

int http_head_parse(
        char *p, size_t n, struct http_header *header, struct http_head *head, struct http_request *ret)
{
    static const http_parser_settings settings = {.on_url = on_url,
            .on_header_field = on_field,
            .on_header_value = on_value,
            .on_headers_complete = on_headers_complete,
            .on_message_complete = on_complete};
    int bad = http_head_check(p, n, head);
    if (bad)
        return bad;
    struct parsing r = {.header = header};
    http_parser parser;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &r;
    struct bl_str method = {p, (size_t)((const char *)memchr(p, ' ', n) - p)};
    size_t used = parser_run(&parser, &settings, p, n, method);
    enum http_errno err = HTTP_PARSER_ERRNO(&parser);
    bool chunked = parser.flags & F_CHUNKED, length = parser.flags & F_CONTENTLENGTH;
    if (err != HPE_OK || used != n || !r.complete || !r.target.n || chunked != head->chunked ||
            length != head->has_length || (length && parser.content_length != head->length))
        return 400;
    head->keep = http_should_keep_alive(&parser);
    head->head_only = bl_str_is(method, "HEAD");
    for (size_t i = 0; i < r.n; i++)
        tidy(&header[i]);
    ret->method = method;
    ret->header = header;
    ret->n_header = r.n;
    target_split(r.target, ret);
    return 0;
}
