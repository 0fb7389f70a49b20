/* Bytes being written, and the alphabet of the packed forms: LEB128 numbers and length-prefixed bytes. Every
 * value has exactly one packed form (a longer spelling of the same number reads as bad), so equal packs are
 * equal contents. */
#include "base/base.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bl_buf_reserve(struct bl_buf *b, size_t more)
{
    if (more <= b->cap - b->n)
        return;
    size_t need = b->n + more;
    if (need < more || need > SIZE_MAX / 2)
        need = SIZE_MAX; /* realloc refuses, and says so */
    size_t cap = b->cap < 128 ? 256 : b->cap > SIZE_MAX / 4 ? need : b->cap * 2;
    if (cap < need)
        cap = need;
    b->p = bl_xrealloc(b->p, cap);
    b->cap = cap;
}

void bl_buf_put(struct bl_buf *b, const void *bytes, size_t n)
{
    if (n == 0)
        return;
    bl_buf_reserve(b, n);
    memcpy(b->p + b->n, bytes, n);
    b->n += n;
}

void bl_buf_str(struct bl_buf *b, struct bl_str s)
{
    bl_buf_put(b, s.p, s.n);
}
void bl_buf_z(struct bl_buf *b, const char *z)
{
    bl_buf_put(b, z, strlen(z));
}

void bl_buf_byte(struct bl_buf *b, uint8_t c)
{
    bl_buf_reserve(b, 1);
    b->p[b->n++] = (char)c;
}

void bl_buf_printf(struct bl_buf *b, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(n >= 0);
    bl_buf_reserve(b, (size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(b->p + b->n, (size_t)n + 1, fmt, args);
    va_end(args);
    b->n += (size_t)n;
}

void bl_buf_release(struct bl_buf *b)
{
    free(b->p);
    *b = (struct bl_buf){0};
}

struct bl_str bl_buf_view(const struct bl_buf *b)
{
    return (struct bl_str){b->p ? b->p : "", b->n};
}

void bl_put_uv(struct bl_buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    bl_buf_put(b, bytes, n);
}

void bl_put_sv(struct bl_buf *b, int64_t v)
{
    bl_put_uv(b, ((uint64_t)v << 1) ^ (v < 0 ? UINT64_MAX : 0));
}

void bl_put_u128(struct bl_buf *b, unsigned __int128 v)
{
    uint8_t bytes[19];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7)
        bytes[n++] = (uint8_t)(v | 0x80);
    bytes[n++] = (uint8_t)v;
    bl_buf_put(b, bytes, n);
}

void bl_put_str(struct bl_buf *b, struct bl_str s)
{
    if (!bl_is(s)) {
        bl_put_uv(b, 0);
        return;
    }
    bl_put_uv(b, (uint64_t)s.n + 1);
    bl_buf_put(b, s.p, s.n);
}

struct bl_rd bl_rd_of(struct bl_str s)
{
    const uint8_t *p = (const uint8_t *)(s.p ? s.p : "");
    return (struct bl_rd){p, p + s.n, false};
}

unsigned __int128 bl_get_u128(struct bl_rd *r)
{
    unsigned __int128 v = 0;
    for (unsigned shift = 0; !r->bad && r->p < r->end && shift < 128; shift += 7) {
        uint8_t c = *r->p++;
        unsigned __int128 part = (unsigned __int128)(c & 0x7f) << shift;
        if (part >> shift != (c & 0x7f))
            break; /* more than 128 bits */
        v |= part;
        if (c & 0x80)
            continue;
        if (c == 0 && shift > 0)
            break; /* not the shortest form */
        return v;
    }
    r->bad = true;
    return 0;
}

uint64_t bl_get_uv(struct bl_rd *r)
{
    if (!r->bad && r->p < r->end && *r->p < 0x80)
        return *r->p++;
    unsigned __int128 v = bl_get_u128(r);
    if (v > UINT64_MAX) {
        r->bad = true;
        return 0;
    }
    return (uint64_t)v;
}

int64_t bl_get_sv(struct bl_rd *r)
{
    uint64_t z = bl_get_uv(r);
    return (int64_t)((z >> 1) ^ (z & 1 ? UINT64_MAX : 0));
}

const uint8_t *bl_get_bytes(struct bl_rd *r, size_t n)
{
    if (r->bad || (size_t)(r->end - r->p) < n) {
        r->bad = true;
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += n;
    return p;
}

struct bl_str bl_get_str(struct bl_rd *r)
{
    uint64_t n = bl_get_uv(r);
    if (r->bad || n == 0)
        return BL_ABSENT;
    const uint8_t *p = bl_get_bytes(r, (size_t)(n - 1));
    return p == NULL ? BL_ABSENT : (struct bl_str){(const char *)p, (size_t)(n - 1)};
}
