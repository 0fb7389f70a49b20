/* Byte strings: a pointer and a length, where a null pointer means "not there", which is not the same as
 * empty. */
#include "base/base.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct bl_str bl_str_of(const char *z)
{
    return z == NULL ? BL_ABSENT : (struct bl_str){z, strlen(z)};
}

bool bl_str_eq(struct bl_str a, struct bl_str b)
{
    if (!bl_is(a) || !bl_is(b))
        return bl_is(a) == bl_is(b);
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

int bl_str_cmp(struct bl_str a, struct bl_str b)
{
    if (!bl_is(a) || !bl_is(b))
        return (int)bl_is(a) - (int)bl_is(b);
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);
    if (c != 0)
        return c < 0 ? -1 : 1;
    return (a.n > b.n) - (a.n < b.n);
}

bool bl_str_is(struct bl_str a, const char *z)
{
    return bl_str_eq(a, bl_str_of(z));
}

struct bl_str bl_str_dup(struct bl_arena *a, struct bl_str s)
{
    if (!bl_is(s))
        return s;
    assert(s.n < SIZE_MAX);
    char *p = bl_alloc(a, s.n + 1);
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    return (struct bl_str){p, s.n};
}

struct bl_str bl_str_printf(struct bl_arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    char *p = bl_alloc(a, (size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, args);
    va_end(args);
    return (struct bl_str){p, (size_t)n};
}

const char *bl_shown(struct bl_arena *a, struct bl_str s)
{
    enum { LONGEST = 60 };
    size_t n = s.n < LONGEST ? s.n : LONGEST;
    char *p = bl_alloc(a, LONGEST + 4);
    for (size_t i = 0; i < n; i++)
        p[i] = s.p[i] >= ' ' && s.p[i] <= '~' ? s.p[i] : '?';
    if (s.n > LONGEST)
        memcpy(p + n, "...", 4);
    return p;
}

/* Eight bytes at a time while they are plain: no high bit, and none of them zero. */
static size_t plain_run(const uint8_t *p, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), highs = UINT64_C(0x8080808080808080);
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        if ((w & highs) != 0 || ((w - ones) & ~w & highs) != 0)
            break;
    }
    return i;
}

bool bl_utf8_ok(struct bl_str s)
{
    const uint8_t *p = (const uint8_t *)s.p;
    for (size_t i = plain_run(p, s.n); i < s.n;) {
        uint8_t c = p[i];
        if (c < 0x80) {
            if (c == 0)
                return false;
            i++;
            continue;
        }
        size_t more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
        if (c < 0xc2 || c > 0xf4 || s.n - i <= more)
            return false;
        /* The second byte's range shuts out longer spellings, surrogates, and what lies beyond U+10FFFF. */
        uint8_t least = c == 0xe0   ? 0xa0
                        : c == 0xf0 ? 0x90
                                    : 0x80,
                most = c == 0xed   ? 0x9f
                       : c == 0xf4 ? 0x8f
                                   : 0xbf;
        if (p[i + 1] < least || p[i + 1] > most)
            return false;
        for (size_t k = 2; k <= more; k++)
            if ((p[i + k] & 0xc0) != 0x80)
                return false;
        i += more + 1;
    }
    return true;
}
