/* Names to places. The hash is keyed with a digest of the book itself, so that nobody can write a book whose
 * names fall into one chain. */
#include "book/index.h"

#include <assert.h>

#include <sodium.h>

struct bl_str name_at(const struct names *names, size_t i)
{
    return *(const struct bl_str *)((const char *)names->base + i * names->each);
}

static size_t first_slot(const struct index *index, const uint8_t key[16], struct bl_str name)
{
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES && crypto_shorthash_KEYBYTES == 16, "SipHash-2-4");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)name.p, name.n, key);
    return (size_t)hash & (index->n_slot - 1);
}

bool index_make(struct bl_arena *a, const uint8_t key[16], const struct names *names, struct index *ret,
        size_t ret_twin[2])
{
    *ret = (struct index){0};
    if (names->n == 0)
        return true;
    assert(names->n < UINT32_MAX / 4);
    ret->n_slot = 8;
    while (ret->n_slot < names->n * 2)
        ret->n_slot *= 2;
    ret->slot = bl_alloc_array(a, ret->n_slot, sizeof *ret->slot);
    for (size_t i = 0; i < names->n; i++) {
        struct bl_str name = name_at(names, i);
        size_t s = first_slot(ret, key, name);
        for (; ret->slot[s] != 0; s = (s + 1) & (ret->n_slot - 1))
            if (bl_str_eq(name_at(names, ret->slot[s] - 1), name)) {
                ret_twin[0] = i;
                ret_twin[1] = ret->slot[s] - 1;
                return false;
            }
        ret->slot[s] = (uint32_t)i + 1;
    }
    return true;
}

int index_find(
        const struct index *index, const uint8_t key[16], const struct names *names, struct bl_str name)
{
    if (index->n_slot == 0 || !bl_is(name))
        return -1;
    for (size_t s = first_slot(index, key, name); index->slot[s] != 0; s = (s + 1) & (index->n_slot - 1))
        if (bl_str_eq(name_at(names, index->slot[s] - 1), name))
            return (int)(index->slot[s] - 1);
    return -1;
}
