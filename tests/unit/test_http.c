/* The parts of the HTTP layer that read bytes: where a head ends, what it may hold, chunks, gzip; and the
 * answer as bytes. Each input is also given in pieces, cut at every place, and must come to the same. */
#include "unit.h"

#include "http/inner.h"

#include <zlib.h>

#define H "Host: x\r\n"

/* ---- heads */

/* The scan in one go or in two, then the parse; the status, or 0 with the head. -1: no end yet. */
static int head_read(const char *text, size_t n, size_t cut, struct http_head *head, struct http_request *r)
{
    static struct http_header header[HTTP_HEADERS_MAX];
    static char own[HTTP_HEAD_MAX + 1];
    struct http_scan s = {0};
    size_t end = 0;
    int bad = http_head_scan(&s, text, cut, &end);
    if (!bad && end == 0)
        bad = http_head_scan(&s, text, n, &end);
    if (bad)
        return bad;
    if (end == 0)
        return -1;
    memcpy(own, text, end);
    return http_head_parse(own, end, header, head, r);
}

static void heads(void **state)
{
    static const struct {
        const char *text;
        int status;
        bool keep, chunked, expect;
        int64_t length; /* -1: none */
    } rows[] = {
            {"GET / HTTP/1.1\r\n" H "\r\n", 0, true, false, false, -1},
            {"GET / HTTP/1.1\r\n" H "Connection: close\r\n\r\n", 0, false, false, false, -1},
            {"GET / HTTP/1.1\r\n" H "Connection: x, Close\r\n\r\n", 0, false, false, false, -1},
            {"GET / HTTP/1.0\r\n\r\n", 0, false, false, false, -1},
            {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 0, true, false, false, -1},
            {"PUT / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", 0, true, false, false, 0},
            {"PUT / HTTP/1.1\r\n" H "Content-Length: 999999999999999999\r\n\r\n", 0, true, false, false,
                    999999999999999999},
            {"PUT / HTTP/1.1\r\n" H "Content-Length: 1000000000000000000\r\n\r\n", 400, 0, 0, 0, 0},
            {"PUT / HTTP/1.1\r\n" H "Transfer-Encoding: \t chunked \r\n\r\n", 0, true, true, false, -1},
            {"PUT / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n", 0, true, false, true,
                    1},
            {"PUT / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", 0, false, false, false,
                    1},
            {"GET / HTTP/1.1\r\n" H "\r", -1, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\n" H, -1, 0, 0, 0, 0},
            {"", -1, 0, 0, 0, 0},
            {"G", -1, 0, 0, 0, 0},
            {"g", 400, 0, 0, 0, 0},
            {"\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\n" H "\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\n\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, 0, 0,
                    0},
            {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunkedx\r\n\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/3.0\r\n" H "\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1 \r\n" H "\r\n", 400, 0, 0, 0, 0},
            {"BREW / HTTP/1.1\r\n" H "\r\n", 0, true, false, false, -1},
            {"BREW / HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n", 0, true, false, false, 2},
            {"CONNECT / HTTP/1.1\r\n" H "Connection: upgrade\r\nUpgrade: x\r\n\r\n", 0, true, false, false,
                    -1},
            {"CONNECT x:1 HTTP/1.1\r\n" H "\r\n", 400, 0, 0, 0, 0},
            {"ABCDEFGHIJKLMNOP / HTTP/1.1\r\n" H "\r\n", 0, true, false, false, -1},
            {"ABCDEFGHIJKLMNOPQ / HTTP/1.1\r\n" H "\r\n", 400, 0, 0, 0, 0},
            {"GET / HTTP/1.1\r\n" H "Expect: x\r\n\r\n", 417, 0, 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT(rows); i++)
        for (size_t cut = 0; cut <= strlen(rows[i].text); cut++) {
            struct http_head head = {0};
            struct http_request r = {0};
            size_t n = strlen(rows[i].text);
            char *exact = bl_xmalloc(n); /* so that one byte too many is seen */
            memcpy(exact, rows[i].text, n);
            int got = head_read(exact, n, cut, &head, &r);
            free(exact);
            CHECK(got == rows[i].status, "%s cut at %zu: %d", rows[i].text, cut, got);
            if (got != 0)
                continue;
            int64_t length = head.has_length ? (int64_t)head.length : -1;
            CHECK(head.keep == rows[i].keep && head.chunked == rows[i].chunked &&
                            head.expect == rows[i].expect && length == rows[i].length,
                    "%s", rows[i].text);
        }
}

static void targets(void **state)
{
    static const struct {
        const char *target, *path, *query; /* path NULL: refused */
    } rows[] = {
            {"/", "/", ""},
            {"/a/b", "/a/b", ""},
            {"/a?", "/a", ""},
            {"/a?b=c", "/a", "b=c"},
            {"/a?b?c", "/a", "b?c"},
            {"//a", "//a", ""},
            {"/:80", "/:80", ""},
            {"/http://y/", "/http://y/", ""},
            {"http://x/a?b", "/a", "b"},
            {"HTTPS://X/", "/", ""},
            {"http://x//a", "//a", ""},
            {"http://x", NULL, NULL},
            {"http://x?a/b", NULL, NULL},
            {"http://xx/a", NULL, NULL},
            {"http://x:80/a", NULL, NULL},
            {"http:///a", NULL, NULL},
            {"http:/x/a", NULL, NULL},
            {"*", NULL, NULL},
            {"x:80", NULL, NULL},
            {"a", NULL, NULL},
            {"/a#b", NULL, NULL},
            {"/a\tb", NULL, NULL},
            {"/\x7f", NULL, NULL},
            {"/\xc3\xa4", NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        char text[200];
        struct http_head head = {0};
        struct http_request r = {0};
        int n = snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" H "\r\n", rows[i].target);
        int got = head_read(text, (size_t)n, 0, &head, &r);
        CHECK(got == (rows[i].path ? 0 : 400), "%s: %d", rows[i].target, got);
        if (rows[i].path)
            CHECK(bl_str_is(r.path, rows[i].path) && bl_str_is(r.query, rows[i].query), "%s: %.*s ? %.*s",
                    rows[i].target, BL_FMT(r.path), BL_FMT(r.query));
    }
}

static void head_sizes(void **state)
{
    static char text[HTTP_HEAD_MAX + 4096];
    struct http_head head;
    struct http_request r = {0};
    (void)state;
    for (int at = 0; at < 2; at++) { /* the largest target, and one more */
        int target = HTTP_URI_MAX + at;
        int n = snprintf(text, sizeof text, "GET /%0*d HTTP/1.1\r\n" H "\r\n", target - 1, 0);
        CHECK(head_read(text, (size_t)n, 0, &head, &r) == (at ? 414 : 0), "a target of %d", target);
    }
    for (int at = 0; at < 2; at++) { /* the most fields, and one more */
        size_t n = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" H);
        for (int i = 1; i < HTTP_HEADERS_MAX + at; i++)
            n += (size_t)snprintf(text + n, sizeof text - n, "a: b\r\n");
        n += (size_t)snprintf(text + n, sizeof text - n, "\r\n");
        CHECK(head_read(text, n, 0, &head, &r) == (at ? 431 : 0), "%d fields", HTTP_HEADERS_MAX + at);
        CHECK(at || r.n_header == HTTP_HEADERS_MAX, "%zu fields", r.n_header);
    }
    for (int at = 0; at < 2; at++) { /* the largest head, and one more */
        static const char begin[] = "GET / HTTP/1.1\r\n" H "a: ", end[] = "\r\n\r\n";
        size_t value = HTTP_HEAD_MAX + (size_t)at - (sizeof begin - 1) - (sizeof end - 1);
        memcpy(text, begin, sizeof begin - 1);
        memset(text + sizeof begin - 1, 'b', value);
        memcpy(text + sizeof begin - 1 + value, end, sizeof end - 1);
        size_t n = HTTP_HEAD_MAX + (size_t)at;
        CHECK(head_read(text, n, 0, &head, &r) == (at ? 431 : 0), "a head of %zu", n);
        CHECK(head_read(text, n, n / 2, &head, &r) == (at ? 431 : 0), "a head of %zu in two", n);
    }
    memset(text, 'A', sizeof text);
    CHECK(head_read(text, 9000, 0, &head, &r) == 414, "a line without end");
    CHECK(head_read(text, 8000, 0, &head, &r) == -1, "a line whose end may come");
}

static void fields(void **state)
{
    static char text[] =
            "GET / HTTP/1.1\r\nHOST:x\r\nX-Empty:\r\nX-Pad: \t a b \t\r\nx-dup: 1\r\nX-Dup: 2\r\n\r\n";
    static const char *wanted[][2] = {
            {"host", "x"}, {"x-empty", ""}, {"x-pad", "a b"}, {"x-dup", "1"}, {"x-dup", "2"}};
    struct http_head head;
    struct http_request r = {0};
    (void)state;
    CHECK(head_read(text, sizeof text - 1, 0, &head, &r) == 0, "sound");
    assert_int_equal(r.n_header, BL_COUNT(wanted));
    for (size_t i = 0; i < BL_COUNT(wanted); i++)
        CHECK(bl_str_is(r.header[i].name, wanted[i][0]) && bl_str_is(r.header[i].value, wanted[i][1]),
                "field %zu is %.*s: %.*s", i, BL_FMT(r.header[i].name), BL_FMT(r.header[i].value));
}

/* ---- chunks */

static int chunks_read(const char *p, size_t n, size_t cut, size_t max, struct bl_buf *body, size_t *ret_used,
        bool *ret_done)
{
    struct http_chunk k = {0};
    size_t used = 0, more = 0;
    int bad = http_chunk_read(&k, p, cut, max, body, &used);
    if (!bad && used == cut)
        bad = http_chunk_read(&k, p + cut, n - cut, max, body, &more);
    *ret_used = used + more;
    *ret_done = k.done;
    return bad;
}

static void chunks(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *body; /* NULL: its end is not there yet */
    } rows[] = {
            {"0\r\n\r\n", 0, ""},
            {"3\r\nabc\r\n0\r\n\r\n", 0, "abc"},
            {"3\r\nabc\r\n2\r\nde\r\n000\r\n\r\n", 0, "abcde"},
            {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", 0, "01234567890123456789"},
            {"3;\r\nabc\r\n0\r\n\r\n", 0, "abc"},
            {"3;a=\"b;\tc\"\r\nabc\r\n0;d\r\n\r\n", 0, "abc"},
            {"0\r\nA: b\r\nC:\r\n\r\n", 0, ""},
            {"5\r\n0\r\n\r\n\r\n0\r\n\r\n", 0, "0\r\n\r\n"},
            {"000000000000003\r\nabc\r\n0\r\n\r\n", 0, "abc"},
            {"0000000000000003\r\nabc\r\n0\r\n\r\n", 400, NULL},
            {"fffffffffffffff\r\n", 413, NULL},
            {"1000000000000000\r\n", 400, NULL},
            {"15\r\n", 413, NULL},
            {"14\r\n", 0, NULL},
            {"10\r\n0123456789abcdef\r\n5\r\n", 413, NULL},
            {"3\r\nab", 0, NULL},
            {"", 0, NULL},
            {"\r\n", 400, NULL},
            {";\r\n", 400, NULL},
            {"g\r\n", 400, NULL},
            {"0x3\r\n", 400, NULL},
            {" 3\r\n", 400, NULL},
            {"3 \r\n", 400, NULL},
            {"3\n", 400, NULL},
            {"3\rx", 400, NULL},
            {"3;a\nb", 400, NULL},
            {"3;a\rb", 400, NULL},
            {"3;\x7f", 400, NULL},
            {"3\r\nabcd", 400, NULL},
            {"3\r\nabc\n", 400, NULL},
            {"3\r\nabc\rx", 400, NULL},
            {"0\r\nA\r\n", 400, NULL},
            {"0\r\nA : b\r\n", 400, NULL},
            {"0\r\n: b\r\n", 400, NULL},
            {"0\r\nA: b\n", 400, NULL},
            {"0\r\nA: b\r\n c", 400, NULL},
            {"0\r\n\n", 400, NULL},
            {"0\r\n\rx", 400, NULL},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        size_t n = strlen(rows[i].text);
        char with_more[200];
        snprintf(with_more, sizeof with_more, "%s%s", rows[i].text, rows[i].body ? "GET /" : "");
        for (size_t cut = 0; cut <= n; cut++) {
            struct bl_buf body = {0};
            size_t used = 0;
            bool done = false;
            int got = chunks_read(with_more, strlen(with_more), cut, 20, &body, &used, &done);
            CHECK(got == rows[i].status, "%s cut at %zu: %d", rows[i].text, cut, got);
            CHECK(done == (rows[i].body != NULL), "%s cut at %zu: done %d", rows[i].text, cut, done);
            if (done)
                CHECK(used == n && body.n == strlen(rows[i].body) &&
                                (body.n == 0 || memcmp(body.p, rows[i].body, body.n) == 0),
                        "%s cut at %zu", rows[i].text, cut);
            bl_buf_release(&body);
        }
    }
}

/* ---- gzip */

static size_t pack(const void *p, size_t n, unsigned char *out, size_t cap)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

static void inflating(void **state)
{
    static char plain[200000];
    static unsigned char packed[4000];
    (void)state;
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (char)('a' + i % 7);
    size_t n = pack(plain, sizeof plain, packed, sizeof packed);
    struct bl_str body = {(const char *)packed, n};
    struct bl_buf got = {0};
    assert_true(http_is_gzip(body));
    assert_false(http_is_gzip((struct bl_str){"\x1f\x8b", 2}));
    assert_false(http_is_gzip(BL_ABSENT));
    assert_int_equal(http_inflate(body, sizeof plain, &got), 0);
    assert_int_equal(got.n, sizeof plain);
    assert_memory_equal(got.p, plain, sizeof plain);
    got.n = 0;
    assert_int_equal(http_inflate(body, sizeof plain - 1, &got), 413);
    for (size_t cut = 3; cut < n; cut++) {
        got.n = 0;
        CHECK(http_inflate((struct bl_str){body.p, cut}, sizeof plain, &got) == 400, "cut at %zu", cut);
    }
    memcpy(packed + n, packed, n); /* two members are one body */
    got.n = 0;
    assert_int_equal(http_inflate((struct bl_str){body.p, 2 * n}, 2 * sizeof plain, &got), 0);
    assert_int_equal(got.n, 2 * sizeof plain);
    got.n = 0;
    assert_int_equal(http_inflate((struct bl_str){body.p, n + 1}, sizeof plain, &got), 400);
    packed[n - 5] ^= 1; /* the checksum */
    got.n = 0;
    assert_int_equal(http_inflate(body, sizeof plain, &got), 400);
    bl_buf_release(&got);
}

/* ---- answers */

static void replies(void **state)
{
    static const struct http_header one[] = {{BL_STR("x-a"), BL_STR("b")}};
    static const struct http_header evil[] = {{BL_STR("x-a"), BL_STR("b\r\nx-c: d")},
            {BL_STR("x-b"), BL_STR("\n")}, {BL_STR("x-e"), {"f\0g", 3}}, {BL_STR("x\r\n"), BL_STR("y")},
            {BL_STR("x-none"), BL_ABSENT}};
    static const struct {
        struct http_reply r;
        bool head_only, old, keep;
        const char *wanted;
    } rows[] = {
            {{200, one, 1, BL_STR("hi"), false}, false, false, true,
                    "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 2\r\n\r\nhi"},
            {{200, one, 1, BL_STR("hi"), false}, true, false, true,
                    "HTTP/1.1 200 OK\r\nx-a: b\r\ncontent-length: 2\r\n\r\n"},
            {{200, NULL, 0, BL_ABSENT, false}, false, false, true,
                    "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"},
            {{404, NULL, 0, BL_STR("no"), false}, false, false, false,
                    "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno"},
            {{200, NULL, 0, BL_STR("a"), false}, false, true, true,
                    "HTTP/1.1 200 OK\r\ncontent-length: 1\r\nconnection: keep-alive\r\n\r\na"},
            {{204, NULL, 0, BL_ABSENT, false}, false, false, true, "HTTP/1.1 204 No Content\r\n\r\n"},
            {{304, one, 1, BL_STR("dropped"), false}, false, false, true,
                    "HTTP/1.1 304 Not Modified\r\nx-a: b\r\n\r\n"},
            {{200, evil, 5, BL_STR("a"), false}, false, false, true,
                    "HTTP/1.1 200 OK\r\nx-none: \r\ncontent-length: 1\r\n\r\na"},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct http_exchange e = {.head_only = rows[i].head_only, .old = rows[i].old};
        http_reply_write(&e, &rows[i].r, rows[i].keep);
        bl_buf_byte(&e.out, 0);
        CHECK_TEXT(e.out.p, rows[i].wanted, "an answer");
        bl_buf_release(&e.out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
            cmocka_unit_test(heads),
            cmocka_unit_test(targets),
            cmocka_unit_test(head_sizes),
            cmocka_unit_test(fields),
            cmocka_unit_test(chunks),
            cmocka_unit_test(inflating),
            cmocka_unit_test(replies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
