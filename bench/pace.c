/* Requests at a steady pace, as clients who know nothing of each other make them: each has its moment, and
 * its wait is counted from there, whether the server was ready for it or not.
 *
 *     pace PORT PATH TOKENS-FILE PER-SECOND SECONDS CONNECTIONS */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

struct connection {
    int fd;
    bool busy;
    double due_s;
    size_t got, whole;
    char in[16384];
};
static struct connection *all;
static struct bl_str *request;
static size_t n_request;

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "pace: %s\n", what);
    exit(1);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void requests_make(const char *path, const char *tokens)
{
    char token[256], text[1024];
    FILE *f = fopen(tokens, "r");
    if (!f)
        fail("the tokens could not be read");
    for (size_t room = 0; fgets(token, sizeof token, f);) {
        token[strcspn(token, "\n")] = 0;
        int n = snprintf(text, sizeof text,
                "GET %s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", path, token);
        if (n_request == room)
            request = bl_xrealloc(request, (room = room ? 2 * room : 64) * sizeof *request);
        char *copy = bl_xmalloc((size_t)n);
        memcpy(copy, text, (size_t)n);
        request[n_request++] = (struct bl_str){copy, (size_t)n};
    }
    fclose(f);
    if (n_request == 0)
        fail("there are no tokens");
}

static int dial(int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("there is no server at this port");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

/* Reads what is there; true when the answer is whole. */
static bool take(struct connection *c)
{
    ssize_t got = recv(c->fd, c->in + c->got, sizeof c->in - 1 - c->got, 0);
    if (got <= 0)
        fail("the server hung up");
    c->got += (size_t)got;
    c->in[c->got] = 0;
    char *end = c->whole ? NULL : strstr(c->in, "\r\n\r\n");
    if (end) {
        const char *length = strcasestr(c->in, "content-length:");
        c->whole = (size_t)(end + 4 - c->in) + (length ? strtoul(length + 15, NULL, 10) : 0);
    }
    if (!c->whole || c->got < c->whole)
        return false;
    if (strncmp(c->in + 9, "200", 3) != 0)
        fail(c->in);
    return true;
}

static int by_value(const void *l, const void *r)
{
    double a = *(const double *)l, b = *(const double *)r;
    return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
    if (argc != 7) {
        fprintf(stderr, "pace PORT PATH TOKENS-FILE PER-SECOND SECONDS CONNECTIONS\n");
        return 2;
    }
    requests_make(argv[2], argv[3]);
    double rate = atof(argv[4]), step_s = 1 / rate;
    size_t total = (size_t)(rate * atof(argv[5])), n_all = (size_t)atoi(argv[6]), sent = 0, done = 0, idle;
    double *wait_s = bl_xmalloc(total * sizeof *wait_s);
    all = bl_xmalloc(n_all * sizeof *all);
    int *free_list = bl_xmalloc(n_all * sizeof *free_list), poll = epoll_create1(0);
    for (idle = 0; idle < n_all; idle++) {
        all[idle] = (struct connection){.fd = dial(atoi(argv[1]))};
        free_list[idle] = (int)idle;
        struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)idle};
        epoll_ctl(poll, EPOLL_CTL_ADD, all[idle].fd, &e);
    }
    double start_s = now_s();
    while (done < total) {
        double now = now_s();
        while (sent < total && idle > 0 && start_s + (double)sent * step_s <= now) {
            struct connection *c = &all[free_list[--idle]];
            c->due_s = start_s + (double)sent * step_s;
            c->got = c->whole = 0;
            struct bl_str r = request[sent++ % n_request];
            if (send(c->fd, r.p, r.n, MSG_NOSIGNAL) != (ssize_t)r.n)
                fail("the server hung up");
        }
        struct epoll_event ready[64];
        int n = epoll_wait(poll, ready, 64, sent < total && idle > 0 ? 0 : 100);
        for (int i = 0; i < n; i++) {
            struct connection *c = &all[ready[i].data.u32];
            if (!take(c))
                continue;
            wait_s[done++] = now_s() - c->due_s;
            free_list[idle++] = (int)ready[i].data.u32;
        }
    }
    double took_s = now_s() - start_s;
    qsort(wait_s, total, sizeof *wait_s, by_value);
    printf("{\"requests\": %zu, \"per_second\": %.0f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"most_ms\": "
           "%.3f}\n",
            total, (double)total / took_s, wait_s[total / 2] * 1e3, wait_s[total - 1 - total / 100] * 1e3,
            wait_s[total - 1] * 1e3);
    return 0;
}
