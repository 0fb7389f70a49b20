/* What the readers and the writer share: one scanner over bytes. Each function starts at r->p and leaves it
 * behind what it read. What is called for every name and value stands here, to be inlined. */
#ifndef BILLOW_JSON_SCAN_H
#define BILLOW_JSON_SCAN_H

#include "json/json.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define JSON_DEPTH_MAX 64
#define JSON_MEMBERS_MAX 10000

BL_MUST_CHECK enum bl_err json_fail(struct bl_json_reader *r, const char *what);
/* A string whose first byte that is not plain stands at r->p and is no quote. */
BL_MUST_CHECK enum bl_err json_string_odd(struct bl_json_reader *r, const char *begin, struct bl_str *ret);
BL_MUST_CHECK enum bl_err json_deeper(struct bl_json_reader *r); /* past a { or [ */
/* A name and its colon; the names of one object are collected in k, to refuse a second of the same. */
BL_MUST_CHECK enum bl_err json_key(struct bl_json_reader *r, struct bl_json_keys *k, struct bl_str *ret);
BL_MUST_CHECK enum bl_err json_keys_many_end(struct bl_json_reader *r, struct bl_json_keys *k);

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
            return p + __builtin_ctz(odd);
    }
    if (end - start >= 16 && p < end) { /* the last sixteen, without those before p */
        unsigned odd = json_odd16(end - 16) >> (16 - (end - p));
        return odd ? p + __builtin_ctz(odd) : end;
    }
#endif
    (void)start;
    while (p < end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
        p++;
    return p;
}

static inline void json_blanks(struct bl_json_reader *r)
{
    while (r->p < r->end && (unsigned char)*r->p <= ' ' &&
            (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
        r->p++;
}

/* A string whose opening quote stands at r->p. One without escapes is borrowed. */
BL_MUST_CHECK static inline enum bl_err json_string(struct bl_json_reader *r, struct bl_str *ret)
{
    const char *begin = r->p + 1;
    r->p = json_plain_end(r->start, begin, r->end);
    if (r->p >= r->end || *r->p != '"')
        return json_string_odd(r, begin, ret);
    *ret = (struct bl_str){begin, (size_t)(r->p - begin)};
    r->p++;
    return BL_OK;
}

/* Before a member or element: past the comma, or past the closing mark when there is none. `first` starts
 * true. */
BL_MUST_CHECK static inline enum bl_err json_another(
        struct bl_json_reader *r, bool *first, char close, bool *ret_more)
{
    json_blanks(r);
    bool closes = r->p < r->end && *r->p == close, comma = r->p < r->end && *r->p == ',';
    if (!closes && !comma && !*first)
        return json_fail(r, close == '}' ? "a comma or } is missing" : "a comma or ] is missing");
    if (closes || !*first)
        r->p++;
    if (!closes && !*first)
        json_blanks(r);
    *first = false;
    *ret_more = !closes;
    return BL_OK;
}

static inline void json_keys_begin(struct bl_json_keys *k)
{
    k->seen = 0;
    k->n = k->cap = 0;
    k->many = NULL;
}

BL_MUST_CHECK static inline enum bl_err json_keys_end(struct bl_json_reader *r, struct bl_json_keys *k)
{
    return k->n <= BL_COUNT(k->few) ? BL_OK : json_keys_many_end(r, k);
}

#endif
