/* What the readers and the writer share: one scanner over bytes. A function takes the place p where its thing
 * begins and gives the place behind it; NULL means that the text was refused and the context says why. Places
 * travel in registers, not in the reader: that is worth a third of the time. What is called for every name
 * and value stands here, to be inlined. */
#ifndef BILLOW_JSON_SCAN_H
#define BILLOW_JSON_SCAN_H

#include "json/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define JSON_DEPTH_MAX 64
#define JSON_MEMBERS_MAX 10000

/* Fails at p; gives NULL. */
const char *json_refuse(struct bl_json_reader *r, const char *p, const char *what);
/* The rest of a string that began at `begin`, from its first byte p on that is not plain and no quote. */
const char *json_string_odd(struct bl_json_reader *r, const char *begin, const char *p, struct bl_str *ret);
/* Any value; an array or object is checked whole. */
const char *json_value(struct bl_json_reader *r, const char *p, struct bl_json_value *ret);
/* Past a { or [. */
const char *json_deeper(struct bl_json_reader *r, const char *p);
bool json_keys_many_end(struct bl_json_reader *r, const char *p, struct bl_json_keys *k);
/* False when the object has the name already. */
bool json_keys_add_odd(struct bl_json_reader *r, const char *p, struct bl_json_keys *k, struct bl_str key);

#ifdef __SSE2__
/* Bit a byte that is not plain: a quote, a backslash, below 0x20 or above 0x7f. As signed bytes, controls and
 * bytes above 0x7f are both below a blank. */
static inline unsigned json_odd16(const char *p)
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i hit = _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), _mm_or_si128(quote, slash));
    return (unsigned)_mm_movemask_epi8(hit);
}
#endif

/* First byte of [p, end) that is not plain; else end. All of [start, end) may be read. */
static inline const char *json_plain_end(const char *start, const char *p, const char *end)
{
#ifdef __SSE2__
    for (; end - p >= 16; p += 16) {
        unsigned odd = json_odd16(p);
        if (odd)
            return p + (unsigned)__builtin_ctz(odd);
    }
    if (end - start >= 16 && p < end) { /* the last sixteen, without those before p */
        unsigned odd = json_odd16(end - 16) >> (16 - (end - p));
        return odd ? p + (unsigned)__builtin_ctz(odd) : end;
    }
#endif
    (void)start;
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
        p++;
    return p;
}

static inline const char *json_blanks(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p <= ' ' && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

/* A string, p at its opening quote. One without escapes is borrowed. */
static inline const char *json_string(struct bl_json_reader *r, const char *p, struct bl_str *ret)
{
    const char *begin = p + 1, *end = r->end;
    p = json_plain_end(r->start, begin, end);
    if (p >= end || *p != '"')
        return json_string_odd(r, begin, p, ret);
    *ret = (struct bl_str){begin, (size_t)(p - begin)};
    return p + 1;
}

/* Before a member or element: past the comma, or past the closing mark when there is none. `first` starts
 * true. */
static inline const char *json_another(
        struct bl_json_reader *r, const char *p, bool *first, char close, bool *ret_more)
{
    const char *end = r->end;
    p = json_blanks(p, end);
    char c = p < end ? *p : 0;
    bool was_first = *first;
    *first = false;
    *ret_more = c != close;
    if (c == close)
        return p + 1;
    if (was_first)
        return p;
    if (c != ',')
        return json_refuse(r, p, close == '}' ? "a comma or } is missing" : "a comma or ] is missing");
    return json_blanks(p + 1, end);
}

/* ---- names of one object, collected to refuse a second of the same */

static inline void json_keys_begin(struct bl_json_keys *k)
{
    k->seen = 0;
    k->n = k->cap = 0;
    k->many = NULL;
}

/* One of 64 bits by length, first and last byte: a name whose bit no other has set needs no comparing. */
static inline uint64_t json_key_bit(struct bl_str key)
{
    unsigned h = (unsigned)key.n;
    if (key.n > 0)
        h += 5u * (unsigned char)key.p[0] + 11u * (unsigned char)key.p[key.n - 1];
    return UINT64_C(1) << (h & 63);
}

/* A name and its colon; p is left at the value. */
static inline const char *json_key(
        struct bl_json_reader *r, const char *p, struct bl_json_keys *k, struct bl_str *ret)
{
    const char *end = r->end;
    struct bl_str key;
    if (p >= end || *p != '"')
        return json_refuse(r, p, "a member needs a name in quotes");
    p = json_string(r, p, &key);
    if (!p)
        return NULL;
    uint64_t bit = json_key_bit(key);
    if (k->n < BL_COUNT(k->few) && !(k->seen & bit)) {
        k->seen |= bit;
        k->few[k->n++] = key;
    } else if (!json_keys_add_odd(r, p, k, key)) {
        return NULL;
    }
    *ret = key;
    p = json_blanks(p, end);
    if (p >= end || *p != ':')
        return json_refuse(r, p, "a colon is missing");
    return json_blanks(p + 1, end);
}

static inline bool json_keys_end(struct bl_json_reader *r, const char *p, struct bl_json_keys *k)
{
    return k->n <= BL_COUNT(k->few) || json_keys_many_end(r, p, k);
}

#endif
