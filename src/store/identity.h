/* Private to store: which identities (account, source, id) have come, in memory.
 *
 * A slot holds a keyed 64-bit fingerprint and the place of the fact in the log, 16 bytes. A hit is a
 * suspicion, to be settled by the stored fact; look-ups go on past one that was not the same. The table is
 * cut by the fingerprint's first bits into shards that grow on their own, so that no growth takes long. */
#ifndef BILLOW_STORE_IDENTITY_H
#define BILLOW_STORE_IDENTITY_H

#include "base/base.h"

#define IDENT_SHARDS 1024
struct ident_slot {
    uint64_t fp, place; /* place 0: empty */
};
struct ident_shard {
    struct ident_slot *slot;
    uint32_t n, cap;
};
struct identities {
    uint8_t key[16];
    uint64_t n;
    struct ident_shard shard[IDENT_SHARDS];
};
/* A place: batch (from 1), and which of its facts. */
#define PLACE_BITS 16
static inline uint64_t place_of(int64_t batch, uint32_t index)
{
    return (uint64_t)batch << PLACE_BITS | index;
}
static inline int64_t place_batch(uint64_t place)
{
    return (int64_t)(place >> PLACE_BITS);
}
static inline uint32_t place_index(uint64_t place)
{
    return (uint32_t)(place & ((1u << PLACE_BITS) - 1));
}

uint64_t ident_fp(const struct identities *t, bl_uuid account, struct bl_str source, struct bl_str id);
void ident_reserve(struct identities *t, uint64_t n);      /* room for n in all, evenly spread */
void ident_touch(const struct identities *t, uint64_t fp); /* soon to be looked up: fetch its line */
/* Walks the places under a fingerprint: *at starts at 0; false: no more. */
bool ident_next(const struct identities *t, uint64_t fp, uint32_t *at, uint64_t *ret_place);
void ident_add(struct identities *t, uint64_t fp, uint64_t place);
void ident_remove(struct identities *t, uint64_t fp, uint64_t place); /* must be there */
void ident_release(struct identities *t);
uint64_t ident_bytes(const struct identities *t);

/* A small set of fingerprints; false positives are fine, what is in stays in. */
struct pending {
    uint64_t *slot;
    size_t n, cap;
};
void pending_add(struct pending *p, uint64_t fp);
bool pending_has(const struct pending *p, uint64_t fp);
void pending_release(struct pending *p);

#endif
