/* Rate limits: sixty minute-counters a key (a token, or the address of who has none), on the monotonic clock.
 * The hour's sum is the hourly limit's figure, the running minute's counter the burst's. A table of fixed
 * size: when it is full the key that was quiet longest makes room, so that nobody grows it. */
#include "api/inner.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SETS 2048
#define WAYS 4
#define MINUTES 60

struct counter {
    uint64_t key;
    int64_t minute; /* the newest one counted */
    uint32_t sum;
    uint32_t n[MINUTES]; /* by minute mod 60; none before minute - 59 */
};
struct api_limits {
    pthread_mutex_t lock;
    uint8_t secret[crypto_shorthash_KEYBYTES];
    struct counter set[SETS][WAYS];
};

static int64_t mono_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec + BL_DAY_S; /* never near zero */
}

void api_limits_open(struct api *a)
{
    a->limits = calloc(1, sizeof *a->limits); /* untouched pages cost nothing */
    if (!a->limits)
        abort();
    pthread_mutex_init(&a->limits->lock, NULL);
    randombytes_buf(a->limits->secret, sizeof a->limits->secret);
}

void api_limits_close(struct api *a)
{
    pthread_mutex_destroy(&a->limits->lock);
    free(a->limits);
}

static void forget_old(struct counter *c, int64_t minute)
{
    int64_t gap = minute - c->minute;
    for (int64_t m = c->minute + 1; m <= minute && gap < MINUTES; m++) {
        c->sum -= c->n[m % MINUTES];
        c->n[m % MINUTES] = 0;
    }
    if (gap >= MINUTES) {
        memset(c->n, 0, sizeof c->n);
        c->sum = 0;
    }
    c->minute = minute;
}

static struct counter *find(struct api_limits *l, struct bl_str key, int64_t minute)
{
    uint64_t h = 0;
    crypto_shorthash((unsigned char *)&h, (const unsigned char *)key.p, key.n, l->secret);
    h |= 1; /* zero is an empty place */
    struct counter *set = l->set[(h >> 1) % SETS], *oldest = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == h) {
            forget_old(&set[i], minute);
            return &set[i];
        }
        if (set[i].minute < oldest->minute)
            oldest = &set[i];
    }
    *oldest = (struct counter){.key = h, .minute = minute};
    return oldest;
}

static int64_t oldest_end_s(const struct counter *c)
{
    for (int64_t m = c->minute - MINUTES + 1; m <= c->minute; m++)
        if (c->n[m % MINUTES] > 0)
            return (m + 1) * 60;
    return (c->minute + 1) * 60;
}

void api_rate_count(struct api *a, struct bl_str key, int64_t now_s, struct api_rate *ret)
{
    int64_t hour = a->o.rate_hour, burst = a->o.rate_minute, at = mono_s(), minute = at / 60;
    if (hour == 0) {
        *ret = (struct api_rate){.limit = 5000, .remaining = 5000, .reset_s = now_s + BL_HOUR_S};
        return;
    }
    pthread_mutex_lock(&a->limits->lock);
    struct counter *c = find(a->limits, key, minute);
    uint32_t *n = &c->n[minute % MINUTES];
    bool over_hour = c->sum >= hour, over_burst = *n >= burst;
    if (!over_hour && !over_burst) {
        c->sum++;
        (*n)++;
    }
    int64_t expires = oldest_end_s(c) + BL_HOUR_S - 60; /* when that minute leaves the window */
    *ret = (struct api_rate){
            .limit = hour,
            .remaining = hour - c->sum,
            .reset_s = now_s + (expires - at),
            .over = over_hour || over_burst,
            .retry_after = over_hour ? expires - at : (minute + 1) * 60 - at,
    };
    pthread_mutex_unlock(&a->limits->lock);
    if (ret->retry_after < 1)
        ret->retry_after = 1;
}
