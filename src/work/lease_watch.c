/* A sorted array: leases are as many as there are agents at work. */
#include "work/lease_watch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define FORGOTTEN_US (3600 * BL_US)

void lease_watch_release(struct lease_watch *w)
{
    free(w->at);
    *w = (struct lease_watch){0};
}

/* The first that is not before. */
static size_t place(const struct lease_watch *w, bl_uuid app, int64_t n)
{
    size_t lo = 0, hi = w->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = bl_uuid_cmp(w->at[mid].app, app);
        if (c < 0 || (c == 0 && w->at[mid].n < n))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static bool stands(const struct lease_watch *w, size_t i, bl_uuid app, int64_t n)
{
    return i < w->n && bl_uuid_cmp(w->at[i].app, app) == 0 && w->at[i].n == n;
}

bool lease_watch_lapsed(struct lease_watch *w, bl_uuid app, int64_t n, int64_t beat, int64_t now_us)
{
    if (beat == 0)
        return true;
    size_t i = place(w, app, n);
    if (stands(w, i, app, n)) {
        if (w->at[i].beat == beat)
            return now_us - w->at[i].since_us >= WORK_LEASE_S * BL_US;
        w->at[i].beat = beat;
        w->at[i].since_us = now_us;
        return false;
    }
    if (w->n == w->cap) {
        w->cap = w->cap ? 2 * w->cap : 16;
        w->at = bl_xrealloc(w->at, w->cap * sizeof *w->at);
    }
    memmove(&w->at[i + 1], &w->at[i], (w->n - i) * sizeof *w->at);
    w->at[i] = (struct lease_seen){.app = app, .n = n, .beat = beat, .since_us = now_us};
    w->n++;
    return false;
}

void lease_watch_forget(struct lease_watch *w, bl_uuid app, int64_t n)
{
    size_t i = place(w, app, n);
    if (!stands(w, i, app, n))
        return;
    memmove(&w->at[i], &w->at[i + 1], (w->n - i - 1) * sizeof *w->at);
    w->n--;
}

void lease_watch_sweep(struct lease_watch *w, int64_t now_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n; i++)
        if (now_us - w->at[i].since_us < FORGOTTEN_US)
            w->at[kept++] = w->at[i];
    w->n = kept;
}

void lease_text(const struct lease_name *l, char ret[WORK_LEASE_DIGITS + 1])
{
    uint8_t b[WORK_LEASE_DIGITS / 2];
    memcpy(b, l->app.b, 16);
    for (int i = 0; i < 4; i++)
        b[16 + i] = (uint8_t)(l->n >> (24 - 8 * i));
    memcpy(b + 20, l->secret, LEASE_SECRET);
    bl_hex(b, sizeof b, ret);
}

bool lease_read(struct bl_str text, struct lease_name *ret)
{
    uint8_t b[WORK_LEASE_DIGITS / 2];
    size_t n = 0;
    if (text.n != WORK_LEASE_DIGITS || sodium_hex2bin(b, sizeof b, text.p, text.n, NULL, &n, NULL) != 0 ||
            n != sizeof b)
        return false;
    *ret = (struct lease_name){0};
    memcpy(ret->app.b, b, 16);
    for (int i = 0; i < 4; i++)
        ret->n = ret->n << 8 | b[16 + i];
    memcpy(ret->secret, b + 20, LEASE_SECRET);
    return true;
}
