/* Accounts in memory: what every reading and every appended fact asks about one. Entries never move, so a
 * handle needs no lock; only the look-up by uuid does. */
#include "store/inner.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void accounts_open(struct accounts *a)
{
    *a = (struct accounts){0};
    a->segment = bl_xmalloc(ACCOUNT_SEGMENTS_MAX * sizeof *a->segment);
    randombytes_buf(a->secret, sizeof a->secret);
    pthread_rwlock_init(&a->lock, NULL);
}

void accounts_release(struct accounts *a)
{
    for (size_t i = 0; i < a->n_segment; i++)
        free(a->segment[i]);
    free(a->segment);
    free(a->slot);
    pthread_rwlock_destroy(&a->lock);
}

struct account *account_at(struct accounts *a, store_acct acct)
{
    return &a->segment[(acct - 1) / ACCOUNT_SEGMENT][(acct - 1) % ACCOUNT_SEGMENT];
}

/* Uuids may be anything, a row of numbers too: every bit of one decides, under a secret of the process. */
static size_t slot_of(const struct accounts *a, const bl_uuid *u)
{
    uint64_t lo, hi;
    memcpy(&lo, u->b, 8);
    memcpy(&hi, u->b + 8, 8);
    unsigned __int128 m = (unsigned __int128)(lo ^ a->secret[0]) * (hi ^ a->secret[1]);
    uint64_t h = (uint64_t)m ^ (uint64_t)(m >> 64);
    return (size_t)((h ^ h >> 32) * 0x9e3779b97f4a7c15u >> 32) & (a->n_slot - 1);
}

static size_t find_slot(struct accounts *a, const bl_uuid *uuid)
{
    size_t at = slot_of(a, uuid);
    while (a->slot[at] && memcmp(account_at(a, a->slot[at])->uuid.b, uuid->b, 16) != 0)
        at = (at + 1) & (a->n_slot - 1);
    return at;
}

store_acct accounts_find(struct accounts *a, bl_uuid uuid)
{
    pthread_rwlock_rdlock(&a->lock);
    store_acct found = a->n_slot ? a->slot[find_slot(a, &uuid)] : 0;
    pthread_rwlock_unlock(&a->lock);
    return found;
}

/* Makes the look-up anew for handles 1..n. */
static void rehash(struct accounts *a, size_t n_slot, uint32_t n)
{
    free(a->slot);
    a->n_slot = n_slot;
    a->slot = bl_xmalloc(n_slot * sizeof *a->slot);
    memset(a->slot, 0, n_slot * sizeof *a->slot);
    for (store_acct i = 1; i <= n; i++)
        a->slot[find_slot(a, &account_at(a, i)->uuid)] = i;
}

static void segment_room(struct accounts *a, uint32_t n)
{
    if (n < a->n_segment * ACCOUNT_SEGMENT)
        return;
    if (a->n_segment == ACCOUNT_SEGMENTS_MAX)
        abort();
    struct account *s = bl_xmalloc(ACCOUNT_SEGMENT * sizeof *s);
    memset(s, 0, ACCOUNT_SEGMENT * sizeof *s);
    a->segment[a->n_segment++] = s;
}

store_acct accounts_add_row(
        struct accounts *a, bl_uuid uuid, uint32_t bucket, int64_t billing_from_us, bl_period closed)
{
    pthread_rwlock_wrlock(&a->lock);
    uint32_t n = atomic_load(&a->n);
    segment_room(a, n);
    store_acct acct = n + 1;
    struct account *at = account_at(a, acct);
    at->uuid = uuid;
    at->bucket = bucket;
    at->billing_from_us = billing_from_us;
    at->closed_next = closed;
    at->touched = false;
    atomic_store(&at->closed, closed);
    atomic_store(&at->retracted, false);
    if (2 * ((size_t)n + 1) > a->n_slot)
        rehash(a, a->n_slot ? 2 * a->n_slot : 256, n);
    a->slot[find_slot(a, &uuid)] = acct;
    atomic_store(&a->n, acct);
    pthread_rwlock_unlock(&a->lock);
    return acct;
}

void accounts_cut(struct accounts *a, uint32_t n)
{
    if (n == atomic_load(&a->n))
        return;
    pthread_rwlock_wrlock(&a->lock);
    rehash(a, a->n_slot, n);
    atomic_store(&a->n, n);
    pthread_rwlock_unlock(&a->lock);
}

/* ---- what others see */

store_acct store_account_find(struct store *s, bl_uuid account)
{
    return accounts_find(&s->accounts, account);
}

struct store_account_hot store_account_hot(struct store *s, store_acct acct)
{
    struct account *a = account_at(&s->accounts, acct);
    return (struct store_account_hot){
            .uuid = a->uuid,
            .bucket = a->bucket,
            .closed = atomic_load(&a->closed),
            .version = atomic_load(&a->version) + atomic_load(&s->accounts.all_version),
    };
}

uint32_t store_account_count(struct store *s)
{
    return atomic_load(&s->accounts.published);
}

static int by_uuid(const void *l, const void *r, void *accounts)
{
    return bl_uuid_cmp(account_at(accounts, *(const store_acct *)l)->uuid,
            account_at(accounts, *(const store_acct *)r)->uuid);
}

static int by_place(const void *l, const void *r, void *accounts)
{
    uint32_t a = account_at(accounts, *(const store_acct *)l)->bucket;
    uint32_t b = account_at(accounts, *(const store_acct *)r)->bucket;
    if (a != b)
        return a < b ? -1 : 1;
    return by_uuid(l, r, accounts);
}

static store_acct *list_of(struct store *s, int (*order)(const void *, const void *, void *), uint32_t *ret_n)
{
    uint32_t n = store_account_count(s);
    store_acct *list = bl_xmalloc((n ? n : 1) * sizeof *list);
    for (uint32_t i = 0; i < n; i++)
        list[i] = i + 1;
    qsort_r(list, n, sizeof *list, order, &s->accounts);
    *ret_n = n;
    return list;
}

store_acct *store_accounts_sorted(struct store *s, uint32_t *ret_n)
{
    return list_of(s, by_uuid, ret_n);
}

store_acct *store_accounts_placed(struct store *s, uint32_t *ret_n)
{
    return list_of(s, by_place, ret_n);
}
