/* An answer as bytes. */
#include "http/inner.h"

#include <string.h>

static const char *phrase(int status)
{
    static const struct {
        int status;
        const char *text;
    } all[] = {{200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {303, "See Other"},
            {304, "Not Modified"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"},
            {404, "Not Found"}, {405, "Method Not Allowed"}, {408, "Request Timeout"}, {409, "Conflict"},
            {413, "Content Too Large"}, {414, "URI Too Long"}, {417, "Expectation Failed"},
            {422, "Unprocessable Content"}, {429, "Too Many Requests"},
            {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
            {503, "Service Unavailable"}, {507, "Insufficient Storage"}};
    for (size_t i = 0; i < BL_COUNT(all); i++)
        if (all[i].status == status)
            return all[i].text;
    return "Answer";
}

static bool safe(struct bl_str s)
{
    return s.n == 0 || (!memchr(s.p, '\r', s.n) && !memchr(s.p, '\n', s.n) && !memchr(s.p, 0, s.n));
}

static void put_uint(struct bl_buf *b, size_t v)
{
    char text[24], *at = text + sizeof text;
    do
        *--at = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    bl_buf_put(b, at, (size_t)(text + sizeof text - at));
}

void http_reply_write(struct http_exchange *e, const struct http_reply *r, bool keep)
{
    struct bl_buf *b = &e->out;
    b->n = 0;
    bl_buf_reserve(b, 512 + r->body.n);
    bl_buf_z(b, "HTTP/1.1 ");
    put_uint(b, (size_t)r->status);
    bl_buf_byte(b, ' ');
    bl_buf_z(b, phrase(r->status));
    bl_buf_z(b, "\r\n");
    for (size_t i = 0; i < r->n_header; i++) {
        if (!safe(r->header[i].value) || !safe(r->header[i].name))
            continue;
        bl_buf_str(b, r->header[i].name);
        bl_buf_z(b, ": ");
        bl_buf_str(b, r->header[i].value);
        bl_buf_z(b, "\r\n");
    }
    bool bodiless = r->status == 204 || r->status == 304 || r->status < 200;
    if (!bodiless) {
        bl_buf_z(b, "content-length: ");
        put_uint(b, r->body.n);
        bl_buf_z(b, "\r\n");
    }
    if (!keep)
        bl_buf_z(b, "connection: close\r\n");
    else if (e->old)
        bl_buf_z(b, "connection: keep-alive\r\n");
    bl_buf_z(b, "\r\n");
    if (!bodiless && !e->head_only)
        bl_buf_str(b, r->body);
}
