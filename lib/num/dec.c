/* Decimals: reading and writing numbers exactly. One scanner reads the text of every number (JSON's grammar,
 * digits taken as they stand, never through a double) and tells where its first and last digits that count
 * lie; whether those fit is then a comparison, before anything is multiplied.
 *
 *     "120.50e1"   first '1', worth 10^3; last '5', worth 10^0: fits 15 before the point and 12 behind it */
#include "num/scan.h"

#include <assert.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Far beyond any number that fits, far below where arithmetic on positions could overflow. */
#define EXPONENT_FAR INT64_C(1000000000000)

static bool scan_exponent(const char *p, const char *end, int64_t *ret)
{
    if (p == end) {
        *ret = 0;
        return true;
    }
    if (*p != 'e' && *p != 'E')
        return false;
    p++;
    bool neg = p < end && *p == '-';
    if (p < end && (*p == '-' || *p == '+'))
        p++;
    if (p == end)
        return false;
    int64_t e = 0;
    for (; p < end; p++) {
        if (!is_digit(*p))
            return false;
        if (e < EXPONENT_FAR)
            e = e * 10 + (*p - '0');
    }
    *ret = neg ? -e : e;
    return true;
}

bool num_scan(struct bl_str text, struct num_scan *ret)
{
    const char *p = text.p, *end = p + text.n;
    if (p == end)
        return false;
    struct num_scan s = {.neg = *p == '-', .zero = true};
    p += s.neg;
    const char *digits = p, *first = NULL, *last = NULL, *point = NULL;
    for (; p < end && (is_digit(*p) || (*p == '.' && point == NULL)); p++) {
        if (*p == '.') {
            point = p;
        } else if (*p != '0') {
            first = first ? first : p;
            last = p;
        }
    }
    const char *after = p;
    point = point ? point : after;
    /* at least one digit before a point and behind it; no zero before other digits */
    if (point == digits || after == point + 1 || (*digits == '0' && point - digits > 1))
        return false;
    int64_t exponent;
    if (!scan_exponent(after, end, &exponent))
        return false;
    if (first != NULL) {
        s.zero = false;
        s.first = first;
        s.last = last;
        s.high = (first < point ? point - first - 1 : point - first) + exponent;
        s.low = (last < point ? point - last - 1 : point - last) + exponent;
    }
    *ret = s;
    return true;
}

unsigned __int128 num_scan_value(const struct num_scan *s, int scale)
{
    if (s->zero)
        return 0;
    assert(s->low + scale >= 0 && s->high + scale < 38);
    unsigned __int128 v = 0;
    for (const char *p = s->first; p <= s->last; p++)
        if (*p != '.')
            v = v * 10 + (unsigned)(*p - '0');
    for (int64_t i = s->low + scale; i > 0; i--)
        v *= 10;
    return v;
}

enum bl_err bl_dec_parse(struct bl_ctx *x, struct bl_str text, enum bl_dec_kind kind, bl_dec *ret)
{
    const int whole_most = kind == BL_DEC_PRICE ? 9 : 15;
    struct num_scan s;
    if (!bl_is(text) || !num_scan(text, &s))
        return bl_fail(x, BL_INVALID, "\"%s\" is not a number", bl_shown(&x->arena, text));
    if (s.neg && !s.zero)
        return bl_fail(x, BL_INVALID, "\"%s\" is negative", bl_shown(&x->arena, text));
    if (!s.zero && s.high >= whole_most)
        return bl_fail(x, BL_INVALID, "\"%s\" has more than %d digits before the point",
                bl_shown(&x->arena, text), whole_most);
    if (!s.zero && s.low < -12)
        return bl_fail(x, BL_INVALID, "\"%s\" has more than 12 decimals", bl_shown(&x->arena, text));
    *ret = (bl_dec){(__int128)num_scan_value(&s, 12)};
    return BL_OK;
}

size_t num_text(bool neg, unsigned __int128 v, int decimals, bool shortest, char *ret)
{
    char digits[48]; /* from the last to the first */
    size_t n = 0;
    int left = decimals;
    if (shortest)
        for (; left > 0 && v % 10 == 0; left--)
            v /= 10;
    for (int i = 0; i < left; i++, v /= 10)
        digits[n++] = (char)('0' + (int)(v % 10));
    if (left > 0)
        digits[n++] = '.';
    do {
        digits[n++] = (char)('0' + (int)(v % 10));
        v /= 10;
    } while (v != 0);
    if (neg)
        digits[n++] = '-';
    for (size_t i = 0; i < n; i++)
        ret[i] = digits[n - 1 - i];
    ret[n] = '\0';
    return n;
}

size_t bl_dec_text(bl_dec d, char ret[64])
{
    bool neg = d.pico < 0;
    unsigned __int128 v = (unsigned __int128)d.pico;
    return num_text(neg, neg ? -v : v, 12, true, ret);
}

int bl_dec_cmp_text(bl_dec a, bl_dec b)
{
    if (bl_dec_cmp(a, b) == 0)
        return 0;
    char l[64], r[64];
    size_t n_l = bl_dec_text(a, l), n_r = bl_dec_text(b, r);
    return bl_str_cmp((struct bl_str){l, n_l}, (struct bl_str){r, n_r});
}

enum bl_err bl_dec_add(struct bl_ctx *x, bl_dec a, bl_dec b, bl_dec *ret)
{
    const __int128 most = (__int128)(~(unsigned __int128)0 >> 1);
    if (b.pico > 0 ? a.pico > most - b.pico : a.pico < -most - 1 - b.pico)
        return bl_fail(x, BL_OVERFLOW, "a sum of quantities leaves the range that can be computed exactly");
    ret->pico = a.pico + b.pico;
    return BL_OK;
}
