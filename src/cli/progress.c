/* A bar on one line of standard error, redrawn ten times a second, only where a person can see it. */
#include "cli/cli.h"

#include <unistd.h>

#include "cal/cal.h"

#define BAR 28
#define EVERY_US INT64_C(100000)

void cli_progress_begin(struct cli_progress *p)
{
    *p = (struct cli_progress){.on = isatty(STDERR_FILENO), .start_us = cli_mono_us()};
}

/* 1234567 as 1,234,567. */
static const char *grouped(uint64_t v, char ret[32])
{
    char *at = ret + 31;
    int n = 0;
    *at = 0;
    do {
        if (n > 0 && n % 3 == 0)
            *--at = ',';
        *--at = (char)('0' + v % 10);
        v /= 10;
        n++;
    } while (v > 0);
    return at;
}

void cli_progress(struct cli_progress *p, uint64_t done, uint64_t of, const char *what, uint64_t count)
{
    int64_t now = cli_mono_us();
    char text[32], rate[32], bar[BAR + 1] = "";
    if (!p->on || now - p->shown_us < EVERY_US)
        return;
    p->shown_us = now;
    uint64_t took_ms = (uint64_t)(now - p->start_us) / 1000 + 1;
    fputs("\r\033[K", stderr);
    if (of > 0) {
        uint64_t share = done >= of ? 100 : done * 100 / of;
        for (unsigned i = 0; i < BAR; i++)
            bar[i] = i * 100 < share * BAR ? '#' : '-';
        fprintf(stderr, "[%s] %3u %%  ", bar, (unsigned)share);
    }
    fprintf(stderr, "%s %s, %s a second", grouped(count, text), what, grouped(count * 1000 / took_ms, rate));
    fflush(stderr);
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->on && p->shown_us)
        fputs("\r\033[K", stderr);
    p->on = false;
}
