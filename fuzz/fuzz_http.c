/* HTTP bytes from outside: wherever the stream is cut, a head ends at the same place, is refused with the
 * same status and means the same; a chunked body comes to the same bytes; what passes the check is read alike
 * by the parser (the code under test refuses what is not). The first byte says where to cut. */
#include "http/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX 1000

struct seen {
    int status;
    size_t end;
    struct bl_buf body;
};

static void scan(const char *p, size_t n, size_t step, struct seen *ret)
{
    struct http_scan s = {0};
    for (size_t at = 0; at < n && !ret->status && !ret->end;) {
        at = n - at < step ? n : at + step;
        ret->status = http_head_scan(&s, p, at, &ret->end);
    }
}

static void unchunk(const char *p, size_t n, size_t step, struct seen *ret)
{
    struct http_chunk k = {0};
    while (ret->end < n && !ret->status && !k.done) {
        size_t take = n - ret->end < step ? n - ret->end : step, used = 0;
        ret->status = http_chunk_read(&k, p + ret->end, take, BODY_MAX, &ret->body, &used);
        assert(ret->status || used == take || k.done);
        ret->end += used;
    }
    assert(ret->body.n <= BODY_MAX);
}

static void parse(const char *p, size_t n)
{
    static struct http_header header[HTTP_HEADERS_MAX];
    struct http_head head = {0};
    struct http_request r = {0};
    char *own = bl_xmalloc(n);
    memcpy(own, p, n);
    if (http_head_parse(own, n, header, &head, &r) == 0) {
        assert(r.n_header <= HTTP_HEADERS_MAX && r.path.n > 0 && r.path.p[0] == '/');
        assert(!head.chunked || !head.has_length);
        for (size_t i = 0; i < r.n_header; i++)
            for (size_t k = 0; k < r.header[i].value.n; k++)
                assert(r.header[i].value.p[k] != '\r' && r.header[i].value.p[k] != '\n' &&
                        r.header[i].value.p[k] != 0);
    }
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    size_t step = data[0] % 32 + 1, n = size - 1;
    const char *p = (const char *)data + 1;
    struct seen a = {0}, b = {0};
    scan(p, n, n, &a);
    scan(p, n, step, &b);
    assert(a.status == b.status && a.end == b.end);
    if (!a.status && a.end)
        parse(p, a.end);
    const char *rest = p + a.end;
    n -= a.end;
    a = b = (struct seen){0};
    unchunk(rest, n, n, &a);
    unchunk(rest, n, step, &b);
    assert(a.status == b.status);
    assert(a.status || (a.end == b.end && a.body.n == b.body.n));
    assert(a.status || a.body.n == 0 || memcmp(a.body.p, b.body.p, a.body.n) == 0);
    bl_buf_release(&a.body);
    bl_buf_release(&b.body);
    struct bl_buf plain = {0};
    if (http_is_gzip((struct bl_str){rest, n}) &&
            http_inflate((struct bl_str){rest, n}, BODY_MAX, &plain) == 0)
        assert(plain.n <= BODY_MAX);
    bl_buf_release(&plain);
    return 0;
}
