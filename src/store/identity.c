/* The table of identities: open addressing with linear probing inside a shard, filled to four fifths, growing
 * by half. A shard is chosen by the fingerprint's high bits, the slot by its low 32 scaled to the shard's
 * size, so sizes need not be powers of two. Removing shifts the rest of the cluster back: a removal leaves
 * the table as if what went had never come. */
#include "store/identity.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SHARD_BITS 10
#define FIRST_CAP 16

uint64_t ident_fp(const struct identities *t, bl_uuid account, struct bl_str source, struct bl_str id)
{
    uint8_t in[16 + 2 + 255 + 255]; /* both are at most 255 bytes */
    size_t n = 16;
    memcpy(in, account.b, 16);
    in[n++] = (uint8_t)source.n;
    memcpy(in + n, source.p, source.n < 255 ? source.n : 255);
    n += source.n < 255 ? source.n : 255;
    memcpy(in + n, id.p, id.n < 255 ? id.n : 255);
    n += id.n < 255 ? id.n : 255;
    uint64_t fp;
    crypto_shorthash((uint8_t *)&fp, in, n, t->key);
    return fp;
}

static struct ident_shard *shard_of(const struct identities *t, uint64_t fp)
{
    return (struct ident_shard *)&t->shard[fp >> (64 - SHARD_BITS)];
}

static inline uint32_t home(uint64_t fp, uint32_t cap)
{
    return (uint32_t)((fp & 0xffffffffu) * cap >> 32);
}

static void place_slot(struct ident_shard *h, struct ident_slot s)
{
    uint32_t at = home(s.fp, h->cap);
    while (h->slot[at].place)
        if (++at == h->cap)
            at = 0;
    h->slot[at] = s;
}

static void resize(struct ident_shard *h, uint32_t cap)
{
    struct ident_shard next = {.n = h->n, .cap = cap};
    next.slot = calloc(cap, sizeof *next.slot);
    if (!next.slot)
        next.slot = memset(bl_xmalloc(cap * sizeof *next.slot), 0, cap * sizeof *next.slot);
    for (uint32_t i = 0; i < h->cap; i++)
        if (h->slot[i].place)
            place_slot(&next, h->slot[i]);
    free(h->slot);
    *h = next;
}

void ident_reserve(struct identities *t, uint64_t n)
{
    uint64_t each = n / IDENT_SHARDS;
    uint64_t cap = each + each / 2 + 8;
    if (each < FIRST_CAP)
        return;
    for (int i = 0; i < IDENT_SHARDS; i++)
        if (t->shard[i].cap < cap)
            resize(&t->shard[i], (uint32_t)cap);
}

void ident_touch(const struct identities *t, uint64_t fp)
{
    const struct ident_shard *h = shard_of(t, fp);
    if (h->cap)
        __builtin_prefetch(&h->slot[home(fp, h->cap)]);
}

bool ident_next(const struct identities *t, uint64_t fp, uint32_t *at, uint64_t *ret_place)
{
    const struct ident_shard *h = shard_of(t, fp);
    if (h->cap == 0)
        return false;
    /* *at counts slots from home, so that it survives nothing but also needs nothing */
    for (uint32_t i = *at; i < h->cap; i++) {
        uint32_t slot = home(fp, h->cap) + i;
        if (slot >= h->cap)
            slot -= h->cap;
        if (!h->slot[slot].place)
            return false;
        if (h->slot[slot].fp == fp) {
            *at = i + 1;
            *ret_place = h->slot[slot].place;
            return true;
        }
    }
    return false;
}

void ident_add(struct identities *t, uint64_t fp, uint64_t place)
{
    struct ident_shard *h = shard_of(t, fp);
    if ((uint64_t)(h->n + 1) * 5 > (uint64_t)h->cap * 4)
        resize(h, h->cap < FIRST_CAP ? FIRST_CAP : h->cap + h->cap / 2);
    place_slot(h, (struct ident_slot){fp, place});
    h->n++;
    t->n++;
}

void ident_remove(struct identities *t, uint64_t fp, uint64_t place)
{
    struct ident_shard *h = shard_of(t, fp);
    uint32_t at = home(fp, h->cap);
    while (h->slot[at].fp != fp || h->slot[at].place != place)
        if (++at == h->cap)
            at = 0;
    h->n--;
    t->n--;
    for (uint32_t hole = at;;) {
        if (++at == h->cap)
            at = 0;
        if (!h->slot[at].place) {
            h->slot[hole] = (struct ident_slot){0, 0};
            return;
        }
        /* may it fill the hole? only when its home is not between the hole (exclusive) and itself */
        uint32_t from_home = at - home(h->slot[at].fp, h->cap), from_hole = at - hole;
        if (from_home > h->cap)
            from_home += h->cap;
        if (from_hole > h->cap)
            from_hole += h->cap;
        if (from_home >= from_hole) {
            h->slot[hole] = h->slot[at];
            hole = at;
        }
    }
}

void ident_release(struct identities *t)
{
    for (int i = 0; i < IDENT_SHARDS; i++)
        free(t->shard[i].slot);
}

uint64_t ident_bytes(const struct identities *t)
{
    uint64_t bytes = 0;
    for (int i = 0; i < IDENT_SHARDS; i++)
        bytes += t->shard[i].cap * sizeof(struct ident_slot);
    return bytes;
}

static void pending_put(struct pending *p, uint64_t fp)
{
    size_t at = fp & (p->cap - 1);
    while (p->slot[at] && p->slot[at] != fp)
        at = (at + 1) & (p->cap - 1);
    if (!p->slot[at])
        p->n++;
    p->slot[at] = fp;
}

void pending_add(struct pending *p, uint64_t fp)
{
    fp |= 1; /* never the empty slot */
    if (2 * (p->n + 1) > p->cap) {
        struct pending next = {.cap = p->cap ? 2 * p->cap : 64};
        next.slot = memset(bl_xmalloc(next.cap * sizeof *next.slot), 0, next.cap * sizeof *next.slot);
        for (size_t i = 0; i < p->cap; i++)
            if (p->slot[i])
                pending_put(&next, p->slot[i]);
        free(p->slot);
        *p = next;
    }
    pending_put(p, fp);
}

bool pending_has(const struct pending *p, uint64_t fp)
{
    fp |= 1;
    if (p->n == 0)
        return false;
    for (size_t at = fp & (p->cap - 1); p->slot[at]; at = (at + 1) & (p->cap - 1))
        if (p->slot[at] == fp)
            return true;
    return false;
}

void pending_release(struct pending *p)
{
    free(p->slot);
}
