/* Running a program: input in, output out, a deadline. It gets a process group of its own, so that it can be
 * killed whole and is not hit by a terminal's interrupt, and it holds the driver's lock while it lives. */
#include "driver/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIPE_HOLDS 65536
#define STEP_MS 2
#define CHILD_NO_PROGRAM 127

extern char **environ;

static int64_t mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

char *child_find(const char *name)
{
    const char *path = getenv("PATH");
    struct bl_buf b = {0};
    char *found = NULL;
    bl_buf_printf(&b, "%s:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", path ? path : "");
    bl_buf_byte(&b, 0);
    for (char *at = b.p, *end; at && !found; at = end) {
        char full[4096];
        end = strchr(at, ':');
        if (end)
            *end++ = 0;
        int n = snprintf(full, sizeof full, "%s/%s", at, name);
        if (*at == '/' && n > 0 && (size_t)n < sizeof full && access(full, X_OK) == 0)
            found = strdup(full);
    }
    bl_buf_release(&b);
    return found;
}

/* Pipes: the child reads in[0] and writes out[1]. */
struct pipes {
    int in[2], out[2];
};

static void pipes_close(struct pipes *p)
{
    const int all[] = {p->in[0], p->in[1], p->out[0], p->out[1]};
    for (size_t i = 0; i < BL_COUNT(all); i++)
        if (all[i] >= 0)
            close(all[i]);
}

static bool pipes_open(struct pipes *p)
{
    *p = (struct pipes){{-1, -1}, {-1, -1}};
    if (pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0)
        return true;
    pipes_close(p);
    return false;
}

/* In the new process, until it is the program: only calls that may follow a fork in a threaded process. A
 * record lock belongs to this process and to no child of it, so a daemon that the program leaves behind does
 * not hold it; closing any descriptor of the file would end it, so the one that is here is kept open. */
static _Noreturn void become(
        struct driver *d, const char *const *argv, const struct pipes *p, bool keep_output)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    bool ok = dup2(p->in[0], STDIN_FILENO) >= 0 &&
              dup2(keep_output ? p->out[1] : STDERR_FILENO, STDOUT_FILENO) >= 0 &&
              fcntl(d->lock_fd, F_SETFD, 0) == 0 && fcntl(d->lock_fd, F_SETLK, &lock) == 0;
    if (ok)
        execve(argv[0], (char *const *)(const void *)argv, environ);
    _exit(CHILD_NO_PROGRAM);
}

static bool start(
        struct driver *d, const char *const *argv, const struct pipes *p, bool keep_output, pid_t *ret)
{
    *ret = fork();
    if (*ret == 0)
        become(d, argv, p, keep_output);
    if (*ret > 0)
        setpgid(*ret, *ret); /* whichever of the two comes first */
    return *ret > 0;
}

/* What is there now; false: nothing will come any more. */
static bool drain(int fd, struct bl_buf *out)
{
    char part[4096];
    for (int i = 0; i < PIPE_HOLDS / (int)sizeof part;
            i++) { /* one that never ends is looked at in between */
        ssize_t n = read(fd, part, sizeof part);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return false;
        if (n < 0)
            return true;
        if (out->n <= CHILD_OUTPUT_MAX)
            bl_buf_put(out, part, (size_t)n);
    }
    return true;
}

/* Until the child has ended, whoever else may hold its output; false: it was stopped or ran too long. */
static bool attend(struct driver *d, pid_t pid, int fd, struct bl_buf *out, int *ret_status)
{
    int64_t until_us = mono_us() + d->timeout_us;
    bool more = true;
    for (;;) {
        more = more && drain(fd, out);
        pid_t got = waitpid(pid, ret_status, WNOHANG);
        if (got == pid) {
            if (more)
                drain(fd, out);
            return true;
        }
        if (atomic_load(&d->stopping) || mono_us() > until_us)
            return false;
        struct pollfd p = {.fd = more ? fd : -1, .events = POLLIN};
        poll(&p, 1, STEP_MS);
    }
}

int child_run(
        struct driver *d, struct bl_ctx *x, const char *const *argv, struct bl_str input, struct bl_str *ret)
{
    struct pipes p;
    struct bl_buf out = {0};
    pid_t pid = 0;
    int status = 0;
    if (!pipes_open(&p))
        return CHILD_NONE;
    if (!start(d, argv, &p, ret != NULL, &pid)) {
        pipes_close(&p);
        return CHILD_NONE;
    }
    close(p.in[0]);
    close(p.out[1]);
    p.in[0] = p.out[1] = -1;
    /* Less than what a pipe holds, so it never waits. One who does not read it is no reason to fail. */
    if (bl_is(input) && write(p.in[1], input.p, input.n) < 0)
        status = 0;
    close(p.in[1]);
    p.in[1] = -1;
    fcntl(p.out[0], F_SETFL, O_NONBLOCK);
    bool whole = attend(d, pid, p.out[0], &out, &status);
    if (!whole) {
        kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    pipes_close(&p);
    if (ret)
        *ret = bl_str_dup(&x->arena, out.n ? bl_buf_view(&out) : BL_STR(""));
    bl_buf_release(&out);
    if (!whole)
        return atomic_load(&d->stopping) ? CHILD_STOPPED : CHILD_KILLED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_KILLED;
}
