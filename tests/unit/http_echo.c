/* A server for tests/drive_http_echo.py: says how it understood each request, in one line of JSON, so that a
 * test sees the reading and not only the status. Paths choose the way of the answer:
 *
 *     /thread?N  from another thread after N ms      /pool    from the worker pool
 *     /big?N     N bytes                             /small   a body of at most 10 bytes
 *     /early     answered before a large body        /evil    a header that would break the line
 *     /last      with connection: close              others   at once
 */
#include "http/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct http_server *server;
static _Atomic int calls, waits; /* of handle; of before_wait when something was handled since the last */
static bool handled;

static void put_json(struct bl_buf *b, struct bl_str s)
{
    bl_buf_byte(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            bl_buf_printf(b, "\\u%04x", c);
        else
            bl_buf_byte(b, c);
    }
    bl_buf_byte(b, '"');
}

static void describe(const struct http_request *r, struct bl_buf *b)
{
    bl_buf_printf(b,
            "{\"calls\": %d, \"waits\": %d, \"tag\": %d, \"tls\": %s, \"peer\": \"%.*s\", \"method\": ",
            calls, waits, r->tag, r->tls ? "true" : "false", BL_FMT(r->peer));
    put_json(b, r->method);
    bl_buf_z(b, ", \"path\": ");
    put_json(b, r->path);
    bl_buf_z(b, ", \"query\": ");
    put_json(b, r->query);
    bl_buf_printf(
            b, ", \"length\": %zu, \"crc\": %u, \"body\": ", r->body.n, bl_crc32c(r->body.p, r->body.n));
    put_json(b, (struct bl_str){r->body.p, r->body.n < 200 ? r->body.n : 200});
    bl_buf_z(b, ", \"headers\": [");
    for (size_t i = 0; i < r->n_header; i++) {
        bl_buf_z(b, i ? ", [" : "[");
        put_json(b, r->header[i].name);
        bl_buf_z(b, ", ");
        put_json(b, r->header[i].value);
        bl_buf_z(b, "]");
    }
    bl_buf_z(b, "]}\n");
}

static void answer(struct http_exchange *e)
{
    const struct http_request *r = http_exchange_request(e);
    static const struct http_header fine[] = {{BL_STR("content-type"), BL_STR("application/json")}};
    static const struct http_header evil[] = {{BL_STR("x-evil"), BL_STR("a\r\nx-more: b")}};
    struct bl_buf b = {0};
    struct http_reply reply = {.status = 200, .header = fine, .n_header = 1};
    if (bl_str_is(r->path, "/big"))
        for (int n = atoi(r->query.n ? r->query.p : "0"); n > 0; n--)
            bl_buf_byte(&b, (uint8_t)('a' + n % 26));
    else
        describe(r, &b);
    if (bl_str_is(r->path, "/evil"))
        reply.header = evil;
    reply.close = bl_str_is(r->path, "/last");
    reply.body = bl_buf_view(&b);
    http_answer(e, &reply);
    bl_buf_release(&b);
}

static void *on_thread(void *arg)
{
    struct http_exchange *e = arg;
    struct bl_str q = http_exchange_request(e)->query;
    usleep((useconds_t)(q.n ? atoi(q.p) : 0) * 1000);
    answer(e);
    return NULL;
}

static void in_pool(void *arg)
{
    answer(arg);
}

static void handle(void *arg, struct http_exchange *e)
{
    const struct http_request *r = http_exchange_request(e);
    pthread_t t;
    (void)arg;
    calls++;
    handled = true;
    if (bl_str_is(r->path, "/pool")) {
        http_in_pool(server, in_pool, e);
    } else if (!bl_str_is(r->path, "/thread")) {
        answer(e);
    } else if (pthread_create(&t, NULL, on_thread, e) == 0) {
        pthread_detach(t);
    }
}

static size_t body_max(void *arg, const struct http_request *r)
{
    (void)arg;
    return bl_str_is(r->path, "/small") ? 10 : bl_str_is(r->path, "/large") ? 32u << 20 : 1u << 20;
}

static bool early(void *arg, struct bl_ctx *x, const struct http_request *r, struct http_reply *ret)
{
    (void)arg;
    (void)x;
    *ret = (struct http_reply){.status = 401, .body = BL_STR("early\n")};
    return bl_str_is(r->path, "/early");
}

static void refuse(
        void *arg, struct bl_ctx *x, const struct http_request *r, int status, struct http_reply *ret)
{
    (void)arg;
    (void)r;
    ret->body = bl_str_printf(&x->arena, "refused with %d\n", status);
}

static void before_wait(void *arg)
{
    (void)arg;
    waits += handled;
    handled = false;
}

static void stopping(void *arg)
{
    (void)arg;
    fprintf(stderr, "stopping\n");
}

static void must(struct bl_ctx *x, enum bl_err e)
{
    if (e == BL_OK)
        return;
    fprintf(stderr, "%s\n", x->why);
    exit(1);
}

/* http_echo [name=value]...: limits in ms, connections, per_peer, bodies; unix=PATH; cert=F key=F */
int main(int argc, char **argv)
{
    struct bl_ctx x;
    struct http_limits l = {0};
    const char *path = NULL, *cert = NULL, *key = NULL;
    int port = 0, tls_port = 0;
    struct {
        const char *name;
        int64_t *at, unit;
    } numbers[] = {{"head", &l.head_us, 1000}, {"idle", &l.idle_us, 1000}, {"grace", &l.body_grace_us, 1000},
            {"rate", &l.body_rate, 1}, {"write", &l.write_us, 1000}, {"drain", &l.drain_us, 1000},
            {"bodies", &l.bodies_max, 1}};
    for (int i = 1; i < argc; i++) {
        const char *eq = strchr(argv[i], '=');
        if (!eq)
            return 2;
        size_t n = (size_t)(eq - argv[i]);
        for (size_t k = 0; k < BL_COUNT(numbers); k++)
            if (strlen(numbers[k].name) == n && memcmp(numbers[k].name, argv[i], n) == 0)
                *numbers[k].at = atoll(eq + 1) * numbers[k].unit;
        if (strncmp(argv[i], "connections=", 12) == 0)
            l.connections_max = atoi(eq + 1);
        if (strncmp(argv[i], "per_peer=", 9) == 0)
            l.per_peer_max = atoi(eq + 1);
        path = strncmp(argv[i], "unix=", 5) == 0 ? eq + 1 : path;
        cert = strncmp(argv[i], "cert=", 5) == 0 ? eq + 1 : cert;
        key = strncmp(argv[i], "key=", 4) == 0 ? eq + 1 : key;
    }
    struct http_app app = {.body_max = body_max,
            .early = early,
            .handle = handle,
            .refuse = refuse,
            .before_wait = before_wait};
    bl_ctx_init(&x, 0);
    must(&x, http_server_new(&x, &app, &l, &server));
    must(&x, http_listen(&x, server, "127.0.0.1:0", 1, false, &port));
    if (path)
        must(&x, http_listen_unix(&x, server, path, 3));
    if (cert && key) {
        must(&x, http_server_tls(&x, server, cert, key));
        must(&x, http_listen(&x, server, "127.0.0.1:0", 2, true, &tls_port));
    }
    printf("%d %d\n", port, tls_port);
    fflush(stdout);
    http_run(server, stopping, NULL);
    http_server_free(server);
    bl_ctx_release(&x);
    return 0;
}
