/* A sorted array: leases are as many as there are agents at work. What has lapsed is forgotten before others
 * are claimed, so that the array does not grow with time. */
#include "work/lease_table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void lease_table_release(struct lease_table *l)
{
    free(l->at);
    *l = (struct lease_table){0};
}

/* The first that is not before. */
static size_t place(const struct lease_table *l, const struct lease *one)
{
    size_t lo = 0, hi = l->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = bl_uuid_cmp(l->at[mid].app, one->app);
        if (c < 0 || (c == 0 && l->at[mid].n < one->n))
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static struct lease *find(const struct lease_table *l, const struct lease *one)
{
    size_t i = place(l, one);
    bool is = i < l->n && bl_uuid_cmp(l->at[i].app, one->app) == 0 && l->at[i].n == one->n;
    return is ? &l->at[i] : NULL;
}

bool lease_claim(struct lease_table *l, struct lease *one, int64_t now_us)
{
    struct lease *held = find(l, one);
    if (held && held->until_us > now_us)
        return false;
    one->until_us = now_us + WORK_LEASE_S * BL_US;
    if (held) {
        *held = *one;
        return true;
    }
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 16;
        l->at = bl_xrealloc(l->at, l->cap * sizeof *l->at);
    }
    size_t i = place(l, one);
    memmove(&l->at[i + 1], &l->at[i], (l->n - i) * sizeof *l->at);
    l->at[i] = *one;
    l->n++;
    return true;
}

bool lease_renew(struct lease_table *l, struct lease *one, int64_t now_us)
{
    struct lease *held = find(l, one);
    if (!held || held->until_us <= now_us ||
            sodium_memcmp(held->secret, one->secret, sizeof one->secret) != 0)
        return false;
    held->until_us = now_us + WORK_LEASE_S * BL_US;
    *one = *held;
    return true;
}

void lease_end(struct lease_table *l, const struct lease *one)
{
    struct lease *held = find(l, one);
    if (held)
        held->until_us = INT64_MIN;
}

void lease_forget_lapsed(struct lease_table *l, int64_t now_us)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++)
        if (l->at[i].until_us > now_us)
            l->at[kept++] = l->at[i];
    l->n = kept;
}

void lease_text(const struct lease *one, char ret[WORK_LEASE_DIGITS + 1])
{
    uint8_t b[WORK_LEASE_DIGITS / 2];
    memcpy(b, one->app.b, 16);
    for (int i = 0; i < 4; i++)
        b[16 + i] = (uint8_t)(one->n >> (24 - 8 * i));
    memcpy(b + 20, one->secret, sizeof one->secret);
    bl_hex(b, sizeof b, ret);
}

bool lease_read(struct bl_str text, struct lease *ret)
{
    uint8_t b[WORK_LEASE_DIGITS / 2];
    size_t n = 0;
    if (text.n != WORK_LEASE_DIGITS || sodium_hex2bin(b, sizeof b, text.p, text.n, NULL, &n, NULL) != 0 ||
            n != sizeof b)
        return false;
    *ret = (struct lease){0};
    memcpy(ret->app.b, b, 16);
    for (int i = 0; i < 4; i++)
        ret->n = ret->n << 8 | b[16 + i];
    memcpy(ret->secret, b + 20, sizeof ret->secret);
    return true;
}
