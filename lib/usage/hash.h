/* Private to usage: a quick mixer for tables that live as long as a call. What is put into them was accepted
 * from the operator's own systems. */
#ifndef BILLOW_USAGE_HASH_H
#define BILLOW_USAGE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define USAGE_HASH_SEED UINT64_C(0x9e3779b97f4a7c15)

static inline uint64_t usage_mix(uint64_t h, uint64_t w)
{
    h = (h ^ w) * UINT64_C(0xff51afd7ed558ccd);
    return h ^ h >> 32;
}

static inline uint64_t usage_hash(uint64_t h, const void *p, size_t n)
{
    const unsigned char *b = p;
    uint64_t w = 0;
    h = usage_mix(h, n);
    for (; n >= sizeof w; n -= sizeof w, b += sizeof w) {
        memcpy(&w, b, sizeof w);
        h = usage_mix(h, w);
    }
    w = 0;
    if (n > 0)
        memcpy(&w, b, n);
    return n > 0 ? usage_mix(h, w) : h;
}

#endif
