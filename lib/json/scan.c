/* The scanner. Strings are where the time goes: sixteen bytes at a time are looked at for a quote, a
 * backslash, a control character or a byte beyond ASCII (scan.h); what is found there beside a quote is dealt
 * with here. */
#include "json/scan.h"

#include <stdlib.h>
#include <string.h>

enum bl_err json_fail(struct bl_json_reader *r, const char *what)
{
    return bl_fail(r->x, BL_BAD_REQUEST, "JSON at byte %zu: %s.", (size_t)(r->p - r->start), what);
}

/* Length of the well-formed UTF-8 sequence at p, 0 when it is none (overlong, surrogate, beyond U+10FFFF,
 * cut). */
static size_t utf8_len(const char *s, const char *end)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t left = (size_t)(end - s);
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        if (left < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
            return 0;
        bool overlong = p[0] == 0xe0 && p[1] < 0xa0, surrogate = p[0] == 0xed && p[1] >= 0xa0;
        return overlong || surrogate ? 0 : 3;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        if (left < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
            return 0;
        bool overlong = p[0] == 0xf0 && p[1] < 0x90, beyond = p[0] == 0xf4 && p[1] >= 0x90;
        return overlong || beyond ? 0 : 4;
    }
    return 0;
}

static int hex4(const char *p)
{
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
        if (d < 0)
            return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t utf8_put(char *out, unsigned cp)
{
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xc0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xe0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        out[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    out[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

/* A backslash at r->p: writes what it stands for. */
static enum bl_err escape(struct bl_json_reader *r, char *out, size_t *ret_n)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (r->end - r->p < 2)
        return json_fail(r, "the string does not end");
    char c = r->p[1];
    const char *at = c ? strchr(names, c) : NULL;
    if (at) {
        out[0] = values[at - names];
        r->p += 2;
        *ret_n = 1;
        return BL_OK;
    }
    if (c != 'u')
        return json_fail(r, "an unknown escape");
    int hi = r->end - r->p < 6 ? -1 : hex4(r->p + 2);
    if (hi < 0)
        return json_fail(r, "\\u needs four hexadecimal digits");
    if (hi == 0)
        return json_fail(r, "U+0000 is not accepted");
    if (hi < 0xd800 || hi > 0xdfff) {
        r->p += 6;
        *ret_n = utf8_put(out, (unsigned)hi);
        return BL_OK;
    }
    int lo = hi <= 0xdbff && r->end - r->p >= 12 && r->p[6] == '\\' && r->p[7] == 'u' ? hex4(r->p + 8) : -1;
    if (lo < 0xdc00 || lo > 0xdfff)
        return json_fail(r, "a lone surrogate");
    r->p += 12;
    *ret_n = utf8_put(out, 0x10000u + ((unsigned)(hi - 0xd800) << 10) + (unsigned)(lo - 0xdc00));
    return BL_OK;
}

/* Where a string's raw bytes end: behind the closing quote, for sizing; NULL when it does not. */
static const char *raw_end(const char *p, const char *end)
{
    for (; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p : NULL;
}

static enum bl_err string_with_escapes(struct bl_json_reader *r, const char *begin, struct bl_str *ret)
{
    const char *last = raw_end(r->p, r->end);
    if (!last)
        return json_fail(r, "the string does not end");
    char *out = bl_alloc(&r->x->arena, (size_t)(last - begin) + 4);
    size_t n = (size_t)(r->p - begin), one = 0;
    memcpy(out, begin, n);
    while (r->p < r->end && *r->p != '"') {
        if (*r->p == '\\') {
            BL_TRY(escape(r, out + n, &one));
            n += one;
            continue;
        }
        if ((unsigned char)*r->p < 0x20)
            return json_fail(r, "a raw control character in a string");
        one = utf8_len(r->p, r->end);
        if (one == 0)
            return json_fail(r, "bytes that are not UTF-8");
        memcpy(out + n, r->p, one);
        n += one;
        r->p += one;
    }
    if (r->p >= r->end)
        return json_fail(r, "the string does not end");
    r->p++;
    *ret = (struct bl_str){out, n};
    return BL_OK;
}

enum bl_err json_string_odd(struct bl_json_reader *r, const char *begin, struct bl_str *ret)
{
    while (r->p < r->end && *r->p != '"') {
        if (*r->p == '\\')
            return string_with_escapes(r, begin, ret);
        if ((unsigned char)*r->p < 0x20)
            return json_fail(r, "a raw control character in a string");
        size_t n = utf8_len(r->p, r->end);
        if (n == 0)
            return json_fail(r, "bytes that are not UTF-8");
        r->p += n;
        if (r->p < r->end && (unsigned char)*r->p < 0x80)
            r->p = json_plain_end(r->start, r->p, r->end);
    }
    if (r->p >= r->end)
        return json_fail(r, "the string does not end");
    *ret = (struct bl_str){begin, (size_t)(r->p - begin)};
    r->p++;
    return BL_OK;
}

static bool digit(const struct bl_json_reader *r)
{
    return r->p < r->end && *r->p >= '0' && *r->p <= '9';
}

static enum bl_err number(struct bl_json_reader *r, struct bl_str *ret)
{
    const char *begin = r->p;
    r->p += *r->p == '-';
    if (!digit(r))
        return json_fail(r, "a number without digits");
    if (*r->p == '0')
        r->p++;
    else
        while (digit(r))
            r->p++;
    if (digit(r))
        return json_fail(r, "a number with a leading zero");
    if (r->p < r->end && *r->p == '.') {
        r->p++;
        if (!digit(r))
            return json_fail(r, "a decimal point without digits");
        while (digit(r))
            r->p++;
    }
    if (r->p < r->end && (*r->p == 'e' || *r->p == 'E')) {
        r->p++;
        r->p += r->p < r->end && (*r->p == '+' || *r->p == '-');
        if (!digit(r))
            return json_fail(r, "an exponent without digits");
        while (digit(r))
            r->p++;
    }
    *ret = (struct bl_str){begin, (size_t)(r->p - begin)};
    return BL_OK;
}

static bool word(struct bl_json_reader *r, const char *w, size_t n)
{
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, w, n) != 0)
        return false;
    r->p += n;
    return true;
}

/* ---- keys. Few are compared with each other as they come. Of many a list is kept and sorted when the object
 * ends: no choice of names makes that slow, as it would a table under a hash that everybody can compute. */

static enum bl_err twice(struct bl_json_reader *r, struct bl_str key)
{
    return bl_fail(r->x, BL_BAD_REQUEST, "JSON at byte %zu: the object has the name \"%s\" twice.",
            (size_t)(r->p - r->start), bl_shown(&r->x->arena, key));
}

static enum bl_err keys_add_many(struct bl_json_reader *r, struct bl_json_keys *k, struct bl_str key)
{
    if (k->n >= JSON_MEMBERS_MAX)
        return json_fail(r, "an object of more than 10,000 members");
    if (k->n >= k->cap) {
        size_t cap = 4 * k->n;
        struct bl_str *many = bl_alloc_array(&r->x->arena, cap, sizeof *many);
        memcpy(many, k->many ? k->many : k->few, k->n * sizeof *many);
        k->many = many;
        k->cap = cap;
    }
    k->many[k->n++] = key;
    return BL_OK;
}

/* One of 64 bits by length, first and last byte: a name whose bit no other has set needs no comparing. */
static uint64_t key_bit(struct bl_str key)
{
    unsigned h = (unsigned)key.n;
    if (key.n > 0)
        h += 5u * (unsigned char)key.p[0] + 11u * (unsigned char)key.p[key.n - 1];
    return UINT64_C(1) << (h & 63);
}

static inline enum bl_err keys_add(struct bl_json_reader *r, struct bl_json_keys *k, struct bl_str key)
{
    uint64_t bit = key_bit(key);
    if (k->n >= BL_COUNT(k->few))
        return keys_add_many(r, k, key);
    for (size_t i = 0; (k->seen & bit) && i < k->n; i++)
        if (k->few[i].n == key.n && memcmp(k->few[i].p, key.p, key.n) == 0)
            return twice(r, key);
    k->seen |= bit;
    k->few[k->n++] = key;
    return BL_OK;
}

static int key_cmp(const void *a, const void *b)
{
    return bl_str_cmp(*(const struct bl_str *)a, *(const struct bl_str *)b);
}

enum bl_err json_keys_many_end(struct bl_json_reader *r, struct bl_json_keys *k)
{
    qsort(k->many, k->n, sizeof *k->many, key_cmp);
    for (size_t i = 1; i < k->n; i++)
        if (bl_str_eq(k->many[i - 1], k->many[i]))
            return twice(r, k->many[i]);
    return BL_OK;
}

enum bl_err json_key(struct bl_json_reader *r, struct bl_json_keys *k, struct bl_str *ret)
{
    if (r->p >= r->end || *r->p != '"')
        return json_fail(r, "a member needs a name in quotes");
    BL_TRY(json_string(r, ret));
    BL_TRY(keys_add(r, k, *ret));
    json_blanks(r);
    if (r->p >= r->end || *r->p != ':')
        return json_fail(r, "a colon is missing");
    r->p++;
    json_blanks(r);
    return BL_OK;
}

/* ---- values */

enum bl_err json_deeper(struct bl_json_reader *r)
{
    if (++r->depth > JSON_DEPTH_MAX)
        return json_fail(r, "deeper than 64");
    r->p++;
    return BL_OK;
}

/* An array or object that nobody reads: checked whole, nothing kept. */
static enum bl_err nested(struct bl_json_reader *r, char close)
{
    struct bl_json_keys keys;
    struct bl_json_value v;
    struct bl_str key;
    bool first = true, more = false;
    json_keys_begin(&keys);
    BL_TRY(json_deeper(r));
    for (;;) {
        BL_TRY(json_another(r, &first, close, &more));
        if (!more)
            break;
        if (close == '}')
            BL_TRY(json_key(r, &keys, &key));
        BL_TRY(bl_json_take(r, &v));
    }
    r->depth--;
    return close == '}' ? json_keys_end(r, &keys) : BL_OK;
}

enum bl_err bl_json_take(struct bl_json_reader *r, struct bl_json_value *ret)
{
    const char *begin = r->p;
    if (r->p >= r->end)
        return json_fail(r, "a value is missing");
    ret->truth = false;
    switch (*r->p) {
    case '"':
        ret->type = BL_JSON_STRING;
        return json_string(r, &ret->text);
    case '{':
    case '[':
        ret->type = *r->p == '{' ? BL_JSON_OBJECT : BL_JSON_ARRAY;
        BL_TRY(nested(r, *r->p == '{' ? '}' : ']'));
        ret->text = (struct bl_str){begin, (size_t)(r->p - begin)};
        return BL_OK;
    case 't':
    case 'f':
        ret->type = BL_JSON_BOOL;
        ret->truth = *r->p == 't';
        if (!(ret->truth ? word(r, "true", 4) : word(r, "false", 5)))
            return json_fail(r, "an unknown word");
        ret->text = (struct bl_str){begin, (size_t)(r->p - begin)};
        return BL_OK;
    case 'n':
        ret->type = BL_JSON_NULL;
        ret->text = BL_ABSENT;
        return word(r, "null", 4) ? BL_OK : json_fail(r, "an unknown word");
    default:
        ret->type = BL_JSON_NUMBER;
        if (*r->p != '-' && !digit(r))
            return json_fail(r, "a value is missing");
        return number(r, &ret->text);
    }
}
