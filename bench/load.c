/* The client of the measurements: plain sockets that block, everything to be sent made beforehand, so that a
 * request costs it two system calls. Prints wall seconds and the CPU seconds of the server's process, those
 * included that it went on for after the last answer.
 *
 *     load events PORT PID ACCOUNTS BATCH CONNECTIONS FIRST COUNT
 *     load lives PORT PID ACCOUNTS RESOURCES MONTH settled|mixed FIRST-ACCOUNT
 *     load rows ACCOUNTS FIRST COUNT             the same events as text for COPY
 *     load stretches ACCOUNTS RESOURCES MONTH    the same lives as text for COPY */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "make.h"

#define ANSWER_MAX 65536

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "load: %s\n", what);
    exit(1);
}

static double clock_s(clockid_t which)
{
    struct timespec t;
    if (clock_gettime(which, &t) != 0)
        fail("the server has ended");
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct message {
    char *bytes;
    size_t n;
};
static struct message *message;
static size_t n_message, n_room;
static atomic_size_t next_message;
static atomic_ulong accepted, duplicate;
static int port;

/* ---- what is sent */

static void message_add(const char *body, size_t n)
{
    char head[256];
    int at = snprintf(head, sizeof head,
            "POST /operator/v1/events HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer " MAKE_OPERATOR
            "\r\nContent-Type: application/x-ndjson\r\nContent-Length: %zu\r\n\r\n",
            n);
    if (n_message == n_room)
        message = bl_xrealloc(message, (n_room = n_room ? 2 * n_room : 64) * sizeof *message);
    char *bytes = bl_xmalloc((size_t)at + n);
    memcpy(bytes, head, (size_t)at);
    memcpy(bytes + at, body, n);
    message[n_message++] = (struct message){bytes, (size_t)at + n};
}

static void events_make(uint64_t first, uint64_t count, uint32_t accounts, uint64_t batch)
{
    char *body = bl_xmalloc(batch * MAKE_LINE_MAX);
    for (uint64_t i = 0; i < count; i += batch) {
        size_t n = 0;
        for (uint64_t k = 0; k < batch && i + k < count; k++)
            n += make_event(first + i + k, accounts, body + n);
        message_add(body, n);
    }
    free(body);
}

static uint64_t lives_make(
        uint64_t first, uint64_t accounts, uint64_t resources, bl_period month, bool settled)
{
    enum { LIVES = 5000 };
    char *body = bl_xmalloc((LIVES + 1) * 2 * MAKE_LINE_MAX);
    uint64_t made = 0;
    size_t n = 0;
    for (uint64_t i = 0; i < accounts * resources; i++) {
        n += make_life(first + i / resources, i % resources, month, settled, body + n);
        if (++made % LIVES == 0 || made == accounts * resources) {
            message_add(body, n);
            n = 0;
        }
    }
    free(body);
    return made;
}

/* ---- sending */

static int dial(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
        fail("there is no server at this port");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
        if (sent <= 0)
            fail("the server hung up");
        p += sent;
        n -= (size_t)sent;
    }
}

static unsigned long figure(const char *body, const char *name)
{
    const char *at = strstr(body, name);
    if (!at)
        fail(body);
    return strtoul(at + strlen(name), NULL, 10);
}

static void read_answer(int fd)
{
    char answer[ANSWER_MAX + 1], *end = NULL;
    size_t n = 0, whole = 0;
    while (!end || n < whole) {
        ssize_t got = recv(fd, answer + n, ANSWER_MAX - n, 0);
        if (got <= 0)
            fail("an answer was cut off, or too long");
        n += (size_t)got;
        answer[n] = 0;
        if (!end && (end = strstr(answer, "\r\n\r\n"))) {
            const char *length = strcasestr(answer, "content-length:");
            whole = (size_t)(end + 4 - answer) + (length ? strtoul(length + 15, NULL, 10) : 0);
        }
    }
    if (strncmp(answer + 9, "200", 3) != 0 || !strstr(end, "\"rejected\":[]"))
        fail(answer);
    accepted += figure(end, "\"accepted\":");
    duplicate += figure(end, "\"duplicate\":");
}

static void *sender(void *arg)
{
    int fd = dial();
    (void)arg;
    for (size_t i; (i = next_message++) < n_message;) {
        send_all(fd, message[i].bytes, message[i].n);
        read_answer(fd);
    }
    close(fd);
    return NULL;
}

/* The server's CPU once it has come to rest. */
static double rested_s(clockid_t server)
{
    double last = clock_s(server), now;
    for (;;) {
        usleep(50000);
        now = clock_s(server);
        if (now - last < 0.002)
            return now;
        last = now;
    }
}

static void run(int pid, int connections, uint64_t events)
{
    clockid_t server;
    if (clock_getcpuclockid(pid, &server) != 0)
        fail("there is no such process");
    pthread_t *thread = bl_xmalloc((size_t)connections * sizeof *thread);
    double cpu = rested_s(server), wall = clock_s(CLOCK_MONOTONIC), own = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < connections; i++)
        if (pthread_create(&thread[i], NULL, sender, NULL) != 0)
            fail("a thread could not be started");
    for (int i = 0; i < connections; i++)
        pthread_join(thread[i], NULL);
    wall = clock_s(CLOCK_MONOTONIC) - wall;
    own = clock_s(CLOCK_PROCESS_CPUTIME_ID) - own;
    printf("{\"events\": %llu, \"wall_s\": %.6f, \"server_cpu_s\": %.6f, \"client_cpu_s\": %.6f, "
           "\"accepted\": %lu, "
           "\"duplicate\": %lu}\n",
            (unsigned long long)events, wall, rested_s(server) - cpu, own, accepted, duplicate);
    free(thread);
}

static uint64_t number(const char *text)
{
    return strtoull(text, NULL, 10);
}

int main(int argc, char **argv)
{
    char line[2 * MAKE_LINE_MAX];
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "rows") == 0 && argc == 5) {
        for (uint64_t i = 0, n = number(argv[4]); i < n; i++)
            fwrite(line, make_event_row(number(argv[3]) + i, (uint32_t)number(argv[2]), line), 1, stdout);
        return 0;
    }
    if (strcmp(what, "stretches") == 0 && argc == 5) {
        uint64_t each = number(argv[3]);
        for (uint64_t i = 0, n = number(argv[2]) * each; i < n; i++)
            fwrite(line, make_life_row(i / each, i % each, (bl_period)number(argv[4]), line), 1, stdout);
        return 0;
    }
    if (argc != 9 || (strcmp(what, "events") != 0 && strcmp(what, "lives") != 0)) {
        fprintf(stderr, "load events|lives|rows|stretches ...: bench/load.c says with what\n");
        return 2;
    }
    port = atoi(argv[2]);
    uint64_t events = number(argv[8]);
    if (what[0] == 'e')
        events_make(number(argv[7]), events, (uint32_t)number(argv[4]), number(argv[5]));
    else
        events = lives_make(
                events, number(argv[4]), number(argv[5]), (bl_period)number(argv[6]), argv[7][0] == 's');
    run(atoi(argv[3]), what[0] == 'e' ? atoi(argv[6]) : 1, events);
    return 0;
}
