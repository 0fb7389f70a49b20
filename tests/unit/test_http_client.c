/* The client against a server of a few prepared lines: what it sends, what it makes of the answer, and that
 * it repeats a request only when that can do no harm. Each row is one connection's worth of answer; an empty
 * one closes without a word. */
#include "unit.h"

#include "http/http.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct script {
    const char *const
            *answers; /* one a connection, NULL-terminated; '|' parts the answers of one connection */
    int listener;
    char heard[4096]; /* all request lines, each ended by a blank */
};

/* Reads one request (its body is short and comes with it); false at the end. */
static bool hear(struct script *s, int fd)
{
    char buf[4096];
    size_t n = 0;
    for (;;) {
        ssize_t k = recv(fd, buf + n, sizeof buf - 1 - n, 0);
        if (k <= 0)
            return false;
        n += (size_t)k;
        buf[n] = 0;
        const char *end = strstr(buf, "\r\n\r\n"), *length = strstr(buf, "content-length: ");
        if (end && length && (size_t)(buf + n - (end + 4)) >= (size_t)atoi(length + 16))
            break;
    }
    strncat(s->heard, buf, strcspn(buf, "\r"));
    strcat(s->heard, " ");
    return true;
}

static void *serve(void *arg)
{
    struct script *s = arg;
    for (const char *const *a = s->answers; *a; a++) {
        int fd = accept(s->listener, NULL, NULL);
        const char *at = *a;
        while (fd >= 0 && hear(s, fd) && *at) {
            size_t n = strcspn(at, "|");
            send(fd, at, n, MSG_NOSIGNAL);
            at += n;
            if (*at != '|')
                break;
            at++;
        }
        close(fd);
    }
    return NULL;
}

static pthread_t begin(struct script *s, const char *const *answers, char path[100])
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    pthread_t t;
    *s = (struct script){.answers = answers, .listener = socket(AF_UNIX, SOCK_STREAM, 0)};
    snprintf(path, 100, "/tmp/billow-test-client-%d.sock", (int)getpid());
    strcpy(a.sun_path, path);
    unlink(path);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->listener, 8), 0);
    assert_int_equal(pthread_create(&t, NULL, serve, s), 0);
    return t;
}

#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: B\r\n\r\n" body

static void calls(void **state)
{
    static const struct {
        const char *name;
        const char *answers[4];
        const char *methods[4]; /* asked one after another */
        const char *got[4];     /* body of each answer; NULL: none came */
        const char *heard;
    } rows[] = {
            {"two on one connection", {OK("aa") "|" OK("bb")}, {"GET", "POST"}, {"aa", "bb"},
                    "GET /p HTTP/1.1 POST /p HTTP/1.1 "},
            {"an ended connection is noticed before a POST", {OK("aa"), OK("bb")}, {"POST", "POST"},
                    {"aa", "bb"}, "POST /p HTTP/1.1 POST /p HTTP/1.1 "},
            {"a POST is not repeated", {OK("aa") "|", OK("bb")}, {"POST", "POST"}, {"aa", NULL},
                    "POST /p HTTP/1.1 POST /p HTTP/1.1 "},
            {"a GET is", {OK("aa") "|", OK("bb")}, {"GET", "GET"}, {"aa", "bb"},
                    "GET /p HTTP/1.1 GET /p HTTP/1.1 GET /p HTTP/1.1 "},
            {"connection: close is kept to",
                    {"HTTP/1.1 200 OK\r\nconnection: close\r\nContent-Length: 2\r\n\r\naa|", OK("bb")},
                    {"POST", "POST"}, {"aa", "bb"}, "POST /p HTTP/1.1 POST /p HTTP/1.1 "},
            {"chunks",
                    {"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n"},
                    {"GET"}, {"abc"}, "GET /p HTTP/1.1 "},
            {"until the end", {"HTTP/1.1 200 OK\r\n\r\nabc"}, {"GET"}, {"abc"}, "GET /p HTTP/1.1 "},
            {"HEAD has no body", {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n|" OK("bb")}, {"HEAD", "GET"},
                    {"", "bb"}, "HEAD /p HTTP/1.1 GET /p HTTP/1.1 "},
            {"an answer that is cut", {"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"}, {"POST"}, {NULL},
                    "POST /p HTTP/1.1 "},
            {"no HTTP", {"hello\r\n\r\n"}, {"POST"}, {NULL}, "POST /p HTTP/1.1 "},
    };
    (void)state;
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_ctx x;
        struct script s;
        struct http_client *c = NULL;
        char path[100];
        bl_ctx_init(&x, 0);
        pthread_t t = begin(&s, rows[i].answers, path);
        CHECK(http_client_open(&x, path, &c) == BL_OK, "%s: %s", rows[i].name, x.why);
        for (int k = 0; rows[i].methods[k]; k++) {
            struct http_header h = {BL_STR("x-b"), BL_STR("c")};
            struct http_answer a = {0};
            enum bl_err e =
                    http_client_call(&x, c, rows[i].methods[k], BL_STR("/p"), &h, 1, BL_STR("body"), &a);
            CHECK((e == BL_OK) == (rows[i].got[k] != NULL), "%s: call %d: %s", rows[i].name, k, x.why);
            if (e == BL_OK)
                CHECK(bl_str_is(a.body, rows[i].got[k]) && a.status == 200, "%s: call %d: %.*s", rows[i].name,
                        k, BL_FMT(a.body));
            usleep(20000); /* an end on the other side arrives */
        }
        http_client_close(c);
        shutdown(s.listener, SHUT_RDWR); /* connections not asked for are not waited for */
        pthread_join(t, NULL);
        close(s.listener);
        unlink(path);
        CHECK(strcmp(s.heard, rows[i].heard) == 0, "%s: heard %.200s", rows[i].name, s.heard);
        bl_ctx_release(&x);
    }
}

static void refusals(void **state)
{
    static const char *const none[] = {"", NULL};
    struct bl_ctx x;
    struct script s;
    struct http_client *c = NULL;
    struct http_answer a;
    char path[100];
    struct http_header evil = {BL_STR("x-b"), BL_STR("c\r\nx-d: e")};
    (void)state;
    bl_ctx_init(&x, 0);
    assert_int_equal(http_client_open(&x, "/tmp/billow-nobody.sock", &c), BL_UNAVAILABLE);
    pthread_t t = begin(&s, none, path);
    assert_int_equal(http_client_open(&x, path, &c), BL_OK);
    assert_int_equal(http_client_call(&x, c, "GET", BL_STR("/a b"), NULL, 0, BL_STR(""), &a), BL_INVALID);
    assert_int_equal(
            http_client_call(&x, c, "GET", BL_STR("/a\r\nx: y"), NULL, 0, BL_STR(""), &a), BL_INVALID);
    assert_int_equal(http_client_call(&x, c, "GET", BL_STR("/a"), &evil, 1, BL_STR(""), &a), BL_INVALID);
    http_client_close(c);
    pthread_join(t, NULL);
    close(s.listener);
    unlink(path);
    assert_string_equal(s.heard, "");
    bl_ctx_release(&x);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(calls), cmocka_unit_test(refusals)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
