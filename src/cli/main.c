/* billow: the program. Reads the command line, runs one command, prints at most one sentence on standard
 * error. */
#include "cli/cli.h"

#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who read the output has read enough (`billow ... | head`): that is no news to anybody. */
static bool reader_left(void)
{
    struct pollfd out = {.fd = STDOUT_FILENO};
    return ferror(stdout) && poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

static int finish(struct cli *c, enum bl_err e)
{
    cli_hang_up(c);
    if (fflush(stdout) != 0 && e == BL_OK)
        e = bl_fail(&c->x, BL_UNAVAILABLE, "Standard output could not be written.");
    int status = c->exit ? c->exit : e != BL_OK;
    if (e != BL_OK && !(e == BL_UNAVAILABLE && reader_left())) {
        fputs("billow: ", stderr);
        cli_say(stderr, bl_str_of(c->x.why));
        fputc('\n', stderr);
    }
    bl_ctx_release(&c->call);
    bl_ctx_release(&c->x);
    return status;
}

/* What is answered before any command is looked for. */
static bool answered_at_once(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)) {
        puts("billow " BILLOW_VERSION);
        return true;
    }
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        cli_help_all(stdout);
        return true;
    }
    return false;
}

/* A call's memory comes in pieces of up to a mebibyte and goes back whole when the call ends. What went back
 * stays with the process for the next call: fetched from the kernel anew, page by page, it costs more than
 * the call's work. */
static void keep_memory(void)
{
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 32 << 20);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_TOP_PAD, 1 << 20);
#endif
}

int main(int argc, char **argv)
{
    struct cli c = {.x = {.now_us = 0}};
    keep_memory();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file too large for this process is an error like any other */
    umask(077);               /* a database holds personal data and digests of tokens: its owner's alone */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "");
    bl_ctx_init(&c.x, 0);
    bl_ctx_init(&c.call, 0);
    if (answered_at_once(argc, argv))
        return finish(&c, BL_OK);
    enum bl_err e = cli_parse(&c, argc, argv);
    if (e == BL_OK && !c.command) {
        bool asked = cli_flag(&c, "help");
        cli_help_all(asked ? stdout : stderr);
        c.exit = asked ? 0 : 2;
        return finish(&c, BL_OK);
    }
    if (e == BL_OK && cli_flag(&c, "help"))
        cli_help_command(stdout, c.command);
    else if (e == BL_OK)
        e = c.command->run(&c);
    return finish(&c, e);
}
