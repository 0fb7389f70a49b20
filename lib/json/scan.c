/* The scanner. Strings are where the time goes: sixteen bytes at a time are looked at for a quote, a
 * backslash, a control character or a byte beyond ASCII (scan.h); what is found there beside a quote is dealt
 * with here. */
#include "json/scan.h"

#include <stdlib.h>
#include <string.h>

const char *json_refuse(struct bl_json_reader *r, const char *p, const char *what)
{
    r->p = p;
    bl_fail(r->x, BL_BAD_REQUEST, "JSON at byte %zu: %s.", (size_t)(p - r->start), what);
    return NULL;
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

/* A backslash at p: writes what it stands for. */
static const char *escape(struct bl_json_reader *r, const char *p, char *out, size_t *ret_n)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (r->end - p < 2)
        return json_refuse(r, p, "the string does not end");
    char c = p[1];
    const char *at = c ? strchr(names, c) : NULL;
    if (at) {
        out[0] = values[at - names];
        *ret_n = 1;
        return p + 2;
    }
    if (c != 'u')
        return json_refuse(r, p, "an unknown escape");
    int hi = r->end - p < 6 ? -1 : hex4(p + 2);
    if (hi < 0)
        return json_refuse(r, p, "\\u needs four hexadecimal digits");
    if (hi == 0)
        return json_refuse(r, p, "U+0000 is not accepted");
    if (hi < 0xd800 || hi > 0xdfff) {
        *ret_n = utf8_put(out, (unsigned)hi);
        return p + 6;
    }
    int lo = hi <= 0xdbff && r->end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8) : -1;
    if (lo < 0xdc00 || lo > 0xdfff)
        return json_refuse(r, p, "a lone surrogate");
    *ret_n = utf8_put(out, 0x10000u + ((unsigned)(hi - 0xd800) << 10) + (unsigned)(lo - 0xdc00));
    return p + 12;
}

/* The closing quote from p on, for sizing; NULL when there is none. */
static const char *closing(const char *p, const char *end)
{
    for (; p < end && *p != '"'; p++)
        if (*p == '\\')
            p++;
    return p < end ? p : NULL;
}

static const char *string_with_escapes(
        struct bl_json_reader *r, const char *begin, const char *p, struct bl_str *ret)
{
    const char *last = closing(p, r->end);
    if (!last)
        return json_refuse(r, p, "the string does not end");
    char *out = bl_alloc(&r->x->arena, (size_t)(last - begin) + 4);
    size_t n = (size_t)(p - begin), one = 0;
    memcpy(out, begin, n);
    while (p < r->end && *p != '"') {
        if (*p == '\\') {
            p = escape(r, p, out + n, &one);
            if (!p)
                return NULL;
            n += one;
            continue;
        }
        if ((unsigned char)*p < 0x20)
            return json_refuse(r, p, "a raw control character in a string");
        one = utf8_len(p, r->end);
        if (one == 0)
            return json_refuse(r, p, "bytes that are not UTF-8");
        memcpy(out + n, p, one);
        n += one;
        p += one;
    }
    if (p >= r->end)
        return json_refuse(r, p, "the string does not end");
    *ret = (struct bl_str){out, n};
    return p + 1;
}

const char *json_string_odd(struct bl_json_reader *r, const char *begin, const char *p, struct bl_str *ret)
{
    while (p < r->end && *p != '"') {
        if (*p == '\\')
            return string_with_escapes(r, begin, p, ret);
        if ((unsigned char)*p < 0x20)
            return json_refuse(r, p, "a raw control character in a string");
        size_t n = utf8_len(p, r->end);
        if (n == 0)
            return json_refuse(r, p, "bytes that are not UTF-8");
        p += n;
        if (p < r->end && (unsigned char)*p < 0x80)
            p = json_plain_end(r->start, p, r->end);
    }
    if (p >= r->end)
        return json_refuse(r, p, "the string does not end");
    *ret = (struct bl_str){begin, (size_t)(p - begin)};
    return p + 1;
}

static bool digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static const char *digits(const char *p, const char *end)
{
    while (digit(p, end))
        p++;
    return p;
}

static const char *number(struct bl_json_reader *r, const char *p, struct bl_str *ret)
{
    const char *begin = p, *end = r->end;
    p += *p == '-';
    if (!digit(p, end))
        return json_refuse(r, p, "a number without digits");
    p = *p == '0' ? p + 1 : digits(p, end);
    if (digit(p, end))
        return json_refuse(r, p, "a number with a leading zero");
    if (p < end && *p == '.') {
        p++;
        if (!digit(p, end))
            return json_refuse(r, p, "a decimal point without digits");
        p = digits(p, end);
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        if (!digit(p, end))
            return json_refuse(r, p, "an exponent without digits");
        p = digits(p, end);
    }
    *ret = (struct bl_str){begin, (size_t)(p - begin)};
    return p;
}

/* ---- names. Few are compared with each other as they come. Of many a list is kept and sorted when the
 * object ends: no choice of names makes that slow, as it would a table under a hash that everybody can
 * compute. */

static bool twice(struct bl_json_reader *r, const char *p, struct bl_str key)
{
    r->p = p;
    bl_fail(r->x, BL_BAD_REQUEST, "JSON at byte %zu: the object has the name \"%s\" twice.",
            (size_t)(p - r->start), bl_shown(&r->x->arena, key));
    return false;
}

bool json_keys_add_odd(struct bl_json_reader *r, const char *p, struct bl_json_keys *k, struct bl_str key)
{
    if (k->n < BL_COUNT(k->few)) {
        for (size_t i = 0; i < k->n; i++)
            if (k->few[i].n == key.n && memcmp(k->few[i].p, key.p, key.n) == 0)
                return twice(r, p, key);
        k->few[k->n++] = key;
        return true;
    }
    if (k->n >= JSON_MEMBERS_MAX)
        return json_refuse(r, p, "an object of more than 10,000 members");
    if (k->n >= k->cap) {
        size_t cap = 4 * k->n;
        struct bl_str *many = bl_alloc_array(&r->x->arena, cap, sizeof *many);
        memcpy(many, k->many ? k->many : k->few, k->n * sizeof *many);
        k->many = many;
        k->cap = cap;
    }
    k->many[k->n++] = key;
    return true;
}

static int key_cmp(const void *a, const void *b)
{
    return bl_str_cmp(*(const struct bl_str *)a, *(const struct bl_str *)b);
}

bool json_keys_many_end(struct bl_json_reader *r, const char *p, struct bl_json_keys *k)
{
    qsort(k->many, k->n, sizeof *k->many, key_cmp);
    for (size_t i = 1; i < k->n; i++)
        if (bl_str_eq(k->many[i - 1], k->many[i]))
            return twice(r, p, k->many[i]);
    return true;
}

/* ---- values */

const char *json_deeper(struct bl_json_reader *r, const char *p)
{
    if (++r->depth > JSON_DEPTH_MAX)
        return json_refuse(r, p, "deeper than 64");
    return p + 1;
}

/* An array or object that nobody reads: checked whole, nothing kept. */
static const char *nested(struct bl_json_reader *r, const char *p, char close)
{
    struct bl_json_keys keys;
    struct bl_json_value v;
    struct bl_str key;
    bool first = true, more = false;
    json_keys_begin(&keys);
    p = json_deeper(r, p);
    while (p) {
        p = json_another(r, p, &first, close, &more);
        if (!p || !more)
            break;
        if (close == '}')
            p = json_key(r, p, &keys, &key);
        p = p ? json_value(r, p, &v) : NULL;
    }
    r->depth--;
    return p && json_keys_end(r, p, &keys) ? p : NULL;
}

static const char *word(struct bl_json_reader *r, const char *p, const char *w, size_t n, struct bl_str *ret)
{
    if ((size_t)(r->end - p) < n || memcmp(p, w, n) != 0)
        return json_refuse(r, p, "an unknown word");
    *ret = (struct bl_str){p, n};
    return p + n;
}

const char *json_value(struct bl_json_reader *r, const char *p, struct bl_json_value *ret)
{
    const char *begin = p;
    if (p >= r->end)
        return json_refuse(r, p, "a value is missing");
    ret->truth = false;
    switch (*p) {
    case '"':
        ret->type = BL_JSON_STRING;
        return json_string(r, p, &ret->text);
    case '{':
    case '[':
        ret->type = *p == '{' ? BL_JSON_OBJECT : BL_JSON_ARRAY;
        p = nested(r, p, *p == '{' ? '}' : ']');
        ret->text = (struct bl_str){begin, p ? (size_t)(p - begin) : 0};
        return p;
    case 't':
        ret->type = BL_JSON_BOOL;
        ret->truth = true;
        return word(r, p, "true", 4, &ret->text);
    case 'f':
        ret->type = BL_JSON_BOOL;
        return word(r, p, "false", 5, &ret->text);
    case 'n':
        ret->type = BL_JSON_NULL;
        p = word(r, p, "null", 4, &ret->text);
        ret->text = BL_ABSENT;
        return p;
    default:
        ret->type = BL_JSON_NUMBER;
        if (*p != '-' && !digit(p, r->end))
            return json_refuse(r, p, "a value is missing");
        return number(r, p, &ret->text);
    }
}
