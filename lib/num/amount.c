/* Amounts: whole counts of a currency's minor unit, and the table that says how many make one. */
#include "num/scan.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

static const struct bl_currency currencies[] = {
#define CURRENCY(code, digits) {#code, digits},
#include "num/currencies.def"
#undef CURRENCY
};

const struct bl_currency *bl_currency_find(struct bl_str code)
{
    if (!bl_is(code) || code.n != 3)
        return NULL;
    for (size_t i = 0; i < BL_COUNT(currencies); i++)
        if (memcmp(currencies[i].code, code.p, 3) == 0)
            return &currencies[i];
    return NULL;
}

size_t bl_amount_text(bl_amount a, int digits, char ret[32])
{
    assert(digits >= 0 && digits <= 9);
    bool neg = a.minor < 0;
    uint64_t v = (uint64_t)a.minor;
    return num_text(neg, neg ? 0 - v : v, digits, false, ret);
}

enum bl_err bl_amount_parse(struct bl_ctx *x, struct bl_str text, int digits, bl_amount *ret)
{
    assert(digits >= 0 && digits <= 9);
    struct num_scan s;
    if (!bl_is(text) || !num_scan(text, &s))
        return bl_fail(x, BL_INVALID, "\"%s\" is not an amount", bl_shown(&x->arena, text));
    if (!s.zero && s.low < -digits)
        return bl_fail(x, BL_INVALID, "\"%s\" has more decimals than the currency, which has %d",
                bl_shown(&x->arena, text), digits);
    if (s.high + digits > 15 || num_scan_value(&s, digits) > (unsigned __int128)BL_AMOUNT_MAX)
        return bl_fail(x, BL_INVALID, "\"%s\" is larger than any amount can be", bl_shown(&x->arena, text));
    int64_t minor = (int64_t)num_scan_value(&s, digits);
    ret->minor = s.neg ? -minor : minor;
    return BL_OK;
}

enum bl_err bl_amount_add(struct bl_ctx *x, bl_amount a, bl_amount b, bl_amount *ret)
{
    int64_t sum;
    if (__builtin_add_overflow(a.minor, b.minor, &sum) || sum > BL_AMOUNT_MAX || sum < -BL_AMOUNT_MAX)
        return bl_fail(x, BL_OVERFLOW,
                "%" PRId64 " + %" PRId64 " minor units is more than the 10^15 an account may reach", a.minor,
                b.minor);
    ret->minor = sum;
    return BL_OK;
}
