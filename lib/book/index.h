/* index: look-up by name in an array of structs that begin with their name. Open addressing, at most half
 * full; a slot holds place + 1, 0 is free. */
#ifndef BILLOW_BOOK_INDEX_H
#define BILLOW_BOOK_INDEX_H

#include "base/base.h"

struct names {
    const void *base; /* the first struct */
    size_t each, n;
};
struct index {
    uint32_t *slot;
    size_t n_slot; /* a power of two; 0: empty */
};

struct bl_str name_at(const struct names *names, size_t i);
/* True when all names differ; else ret_twin tells two that are equal, the later first. */
bool index_make(struct bl_arena *a, const uint8_t key[16], const struct names *names, struct index *ret,
        size_t ret_twin[2]);
int index_find(
        const struct index *index, const uint8_t key[16], const struct names *names, struct bl_str name);

#endif
