/* Exact charges: rationals on fixed limbs. The one idea: almost every number met in rating fits 128 bits over
 * 128 bits, where the compiler's own arithmetic does; whatever does not goes the wide way, through GMP's mpn
 * functions on arrays large enough for any product of two rationals, and is reduced to lowest terms only when
 * it would not fit otherwise. Whether a result fits therefore depends on its value alone, never on how the
 * operands happened to be written.
 *
 *     small   num, den <= 2 limbs        checked 128-bit arithmetic
 *     wide    num <= 16, den <= 8 limbs  mpn; stored back in 8 over 4 limbs, or BL_OVERFLOW */
#include "num/num.h"

#include <assert.h>
#include <gmp.h>
#include <string.h>

_Static_assert(
        GMP_NUMB_BITS == 64 && sizeof(mp_limb_t) == sizeof(uint64_t), "limbs are 64 bits, without nails");

typedef unsigned __int128 u128;

enum { NUM = 8, DEN = 4, WIDE_NUM = 20, WIDE_DEN = 8 };

#define NOT_ZEROED __attribute__((uninitialized))
#if defined(__has_attribute)
#if !__has_attribute(uninitialized)
#undef NOT_ZEROED
#define NOT_ZEROED
#endif
#endif

/* A result before it is stored: any limbs, sizes beside them, leading zeros allowed. */
struct wide {
    mp_limb_t num[WIDE_NUM], den[WIDE_DEN];
    mp_size_t num_n, den_n;
    bool neg;
};

static enum bl_err too_large(struct bl_ctx *x)
{
    return bl_fail(x, BL_OVERFLOW, "a charge leaves the range that can be computed exactly");
}

/* ---- small: both halves in 128 bits */

static u128 low128(const uint64_t *limbs)
{
    return (u128)limbs[1] << 64 | limbs[0];
}

static u128 magnitude(int64_t v)
{
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

static bool is_small(const bl_rat *r)
{
    return (r->num[2] | r->num[3] | r->num[4] | r->num[5] | r->num[6] | r->num[7] | r->den[2] | r->den[3]) ==
           0;
}

static void set_num(bl_rat *r, u128 num)
{
    r->num[0] = (uint64_t)num;
    r->num[1] = (uint64_t)(num >> 64);
}

static void set_den(bl_rat *r, u128 den)
{
    r->den[0] = (uint64_t)den;
    r->den[1] = (uint64_t)(den >> 64);
}

static bl_rat of_small(bool neg, u128 num, u128 den)
{
    bl_rat r = {.neg = neg && num != 0};
    set_num(&r, num);
    set_den(&r, num == 0 ? 1 : den);
    return r;
}

/* u128 / u128 costs a call into the compiler's library; most divisors are one limb and most dividends are
 * too. */
static bool divides(u128 den, u128 by, u128 *ret_times)
{
    if (den >> 64 == 0 && by >> 64 == 0) {
        uint64_t q = (uint64_t)den / (uint64_t)by;
        *ret_times = q;
        return q * (uint64_t)by == (uint64_t)den;
    }
    *ret_times = den / by;
    return *ret_times * by == den;
}

/* ---- wide */

static mp_size_t trim(const mp_limb_t *p, mp_size_t n)
{
    while (n > 0 && p[n - 1] == 0)
        n--;
    return n;
}

/* r = a x b with room for an + bn limbs; gives the trimmed size. */
static mp_size_t mul(mp_limb_t *r, const mp_limb_t *a, mp_size_t an, const mp_limb_t *b, mp_size_t bn)
{
    if (an == 0 || bn == 0)
        return 0;
    if (an >= bn)
        mpn_mul(r, a, an, b, bn);
    else
        mpn_mul(r, b, bn, a, an);
    return trim(r, an + bn);
}

static int compare(const mp_limb_t *a, mp_size_t an, const mp_limb_t *b, mp_size_t bn)
{
    if (an != bn)
        return an < bn ? -1 : 1;
    return an == 0 ? 0 : mpn_cmp(a, b, an);
}

static mp_size_t shift_right(mp_limb_t *p, mp_size_t n, mp_bitcnt_t bits)
{
    mp_size_t limbs = (mp_size_t)(bits / 64);
    if (limbs > 0) {
        memmove(p, p + limbs, (size_t)(n - limbs) * sizeof *p);
        n -= limbs;
    }
    if (bits % 64 != 0)
        mpn_rshift(p, p, n, (unsigned)(bits % 64));
    return trim(p, n);
}

/* Divides both by what they share. a and b are not zero; at most WIDE_NUM limbs each. */
static void strip_common(mp_limb_t *a, mp_size_t *an, mp_limb_t *b, mp_size_t *bn)
{
    mp_bitcnt_t a2 = mpn_scan1(a, 0), b2 = mpn_scan1(b, 0), both = a2 < b2 ? a2 : b2;
    *an = shift_right(a, *an, both);
    *bn = shift_right(b, *bn, both);

    mp_limb_t u[WIDE_NUM], v[WIDE_NUM], g[WIDE_NUM], q[WIDE_NUM + 1], rest[WIDE_NUM];
    memcpy(u, a, (size_t)*an * sizeof *u);
    memcpy(v, b, (size_t)*bn * sizeof *v);
    mp_size_t gn = *an >= *bn ? mpn_gcd(g, u, *an, v, *bn) : mpn_gcd(g, v, *bn, u, *an);
    if (gn == 1 && g[0] == 1)
        return;
    mpn_tdiv_qr(q, rest, 0, a, *an, g, gn);
    *an = trim(q, *an - gn + 1);
    memcpy(a, q, (size_t)*an * sizeof *a);
    mpn_tdiv_qr(q, rest, 0, b, *bn, g, gn);
    *bn = trim(q, *bn - gn + 1);
    memcpy(b, q, (size_t)*bn * sizeof *b);
}

static enum bl_err store(struct bl_ctx *x, struct wide *w, bl_rat *ret)
{
    w->num_n = trim(w->num, w->num_n);
    w->den_n = trim(w->den, w->den_n);
    assert(w->den_n > 0);
    if (w->num_n == 0) {
        *ret = bl_rat_zero();
        return BL_OK;
    }
    if (w->num_n > NUM || w->den_n > DEN)
        strip_common(w->num, &w->num_n, w->den, &w->den_n);
    if (w->num_n > NUM || w->den_n > DEN)
        return too_large(x);
    bl_rat r = {.neg = w->neg};
    memcpy(r.num, w->num, (size_t)w->num_n * sizeof *r.num);
    memcpy(r.den, w->den, (size_t)w->den_n * sizeof *r.den);
    *ret = r;
    return BL_OK;
}

/* num and den each times a factor of one or two limbs. */
static enum bl_err scale(struct bl_ctx *x, bl_rat *r, bool neg, u128 num_by, u128 den_by)
{
    const mp_limb_t nb[2] = {(uint64_t)num_by, (uint64_t)(num_by >> 64)};
    const mp_limb_t db[2] = {(uint64_t)den_by, (uint64_t)(den_by >> 64)};
    struct wide w NOT_ZEROED;
    w.neg = r->neg != neg;
    w.num_n = mul(w.num, r->num, trim(r->num, NUM), nb, trim(nb, 2));
    w.den_n = mul(w.den, r->den, trim(r->den, DEN), db, trim(db, 2));
    return store(x, &w, r);
}

static enum bl_err scale_any(struct bl_ctx *x, bl_rat *r, bool neg, u128 num_by, u128 den_by)
{
    u128 num, den;
    if (is_small(r) && !__builtin_mul_overflow(low128(r->num), num_by, &num) &&
            !__builtin_mul_overflow(low128(r->den), den_by, &den)) {
        *r = of_small(r->neg != neg, num, den);
        return BL_OK;
    }
    return scale(x, r, neg, num_by, den_by);
}

/* ---- building */

bl_rat bl_rat_zero(void)
{
    return (bl_rat){.den = {1}};
}

bl_rat bl_rat_of_int(int64_t v)
{
    return of_small(v < 0, magnitude(v), 1);
}

/* d as num / den, without the powers of ten they share: equal denominators are what the fast sums live on,
 * and prices are written with few decimals. */
static u128 fraction_of(bl_dec d, u128 *ret_den)
{
    static const uint64_t tens[] = {100000000, 10000, 100, 10};
    u128 num = d.pico < 0 ? -(u128)d.pico : (u128)d.pico;
    uint64_t den = (uint64_t)BL_DEC_ONE;
    if (num == 0)
        den = 1;
    if (num >> 64 == 0) {
        uint64_t small = (uint64_t)num;
        for (size_t i = 0; i < BL_COUNT(tens); i++)
            if (den % tens[i] == 0 && small % tens[i] == 0) {
                small /= tens[i];
                den /= tens[i];
            }
        num = small;
    } else {
        for (size_t i = 0; i < BL_COUNT(tens); i++)
            if (den % tens[i] == 0 && num % tens[i] == 0) {
                num /= tens[i];
                den /= tens[i];
            }
    }
    *ret_den = den;
    return num;
}

bl_rat bl_rat_of_dec(bl_dec d)
{
    u128 den, num = fraction_of(d, &den);
    return of_small(d.pico < 0, num, den);
}

enum bl_err bl_rat_mul_dec(struct bl_ctx *x, bl_rat *r, bl_dec by)
{
    u128 den, num = fraction_of(by, &den);
    return scale_any(x, r, by.pico < 0, num, den);
}

enum bl_err bl_rat_div_dec(struct bl_ctx *x, bl_rat *r, bl_dec by)
{
    assert(by.pico != 0);
    u128 den, num = fraction_of(by, &den);
    return scale_any(x, r, by.pico < 0, den, num);
}

enum bl_err bl_rat_mul_int(struct bl_ctx *x, bl_rat *r, int64_t by)
{
    return scale_any(x, r, by < 0, magnitude(by), 1);
}

enum bl_err bl_rat_div_int(struct bl_ctx *x, bl_rat *r, int64_t by)
{
    assert(by != 0);
    return scale_any(x, r, by < 0, 1, magnitude(by));
}

enum bl_err bl_rat_mul(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bl_rat *ret)
{
    if (is_small(b)) {
        bl_rat r = *a;
        BL_TRY(scale_any(x, &r, b->neg, low128(b->num), low128(b->den)));
        *ret = r;
        return BL_OK;
    }
    struct wide w NOT_ZEROED;
    w.neg = a->neg != b->neg;
    w.num_n = mul(w.num, a->num, trim(a->num, NUM), b->num, trim(b->num, NUM));
    w.den_n = mul(w.den, a->den, trim(a->den, DEN), b->den, trim(b->den, DEN));
    return store(x, &w, ret);
}

/* ---- adding */

/* Adds signed magnitudes of n limbs; the result has n + 1. */
static void add_signed(
        struct wide *w, const mp_limb_t *a, bool a_neg, const mp_limb_t *b, bool b_neg, mp_size_t n)
{
    w->num_n = n + 1;
    w->num[n] = 0;
    w->neg = a_neg;
    if (a_neg == b_neg) {
        w->num[n] = mpn_add_n(w->num, a, b, n);
    } else if (mpn_cmp(a, b, n) >= 0) {
        mpn_sub_n(w->num, a, b, n);
    } else {
        w->neg = b_neg;
        mpn_sub_n(w->num, b, a, n);
    }
}

static bool add_small(const bl_rat *a, const bl_rat *b, bool b_neg, bl_rat *ret)
{
    u128 an = low128(a->num), ad = low128(a->den), bn = low128(b->num), bd = low128(b->den), den = ad, times;
    if (ad != bd) {
        /* One denominator often divides the other: a price of whole cents, a quantity with decimals. */
        if (divides(ad, bd, &times)) {
            if (__builtin_mul_overflow(bn, times, &bn))
                return false;
        } else if (divides(bd, ad, &times)) {
            if (__builtin_mul_overflow(an, times, &an))
                return false;
            den = bd;
        } else if (__builtin_mul_overflow(an, bd, &an) || __builtin_mul_overflow(bn, ad, &bn) ||
                   __builtin_mul_overflow(ad, bd, &den)) {
            return false;
        }
    }
    u128 num;
    bool neg = a->neg;
    if (a->neg == b_neg) {
        if (__builtin_add_overflow(an, bn, &num))
            return false;
    } else if (an >= bn) {
        num = an - bn;
    } else {
        num = bn - an;
        neg = b_neg;
    }
    *ret = of_small(neg, num, den);
    return true;
}

/* a / ad + b / bd over the least common denominator: with g = gcd(ad, bd), (a x bd/g + b x ad/g) / (ad/g x
 * bd). */
static enum bl_err add_wide(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bool b_neg, bl_rat *ret)
{
    struct wide w NOT_ZEROED;
    if (memcmp(a->den, b->den, sizeof a->den) == 0) {
        add_signed(&w, a->num, a->neg, b->num, b_neg, NUM);
        memcpy(w.den, a->den, sizeof a->den);
        w.den_n = DEN;
        return store(x, &w, ret);
    }
    mp_limb_t ad[DEN], bd[DEN], left[NUM + DEN] = {0}, right[NUM + DEN] = {0};
    memcpy(ad, a->den, sizeof ad);
    memcpy(bd, b->den, sizeof bd);
    mp_size_t ad_n = trim(ad, DEN), bd_n = trim(bd, DEN);
    strip_common(ad, &ad_n, bd, &bd_n);
    mul(left, a->num, trim(a->num, NUM), bd, bd_n);
    mul(right, b->num, trim(b->num, NUM), ad, ad_n);
    add_signed(&w, left, a->neg, right, b_neg, NUM + DEN);
    w.den_n = mul(w.den, ad, ad_n, b->den, trim(b->den, DEN));
    return store(x, &w, ret);
}

static enum bl_err add(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bool b_neg, bl_rat *ret)
{
    if (is_small(a) && is_small(b) && add_small(a, b, b_neg, ret))
        return BL_OK;
    return add_wide(x, a, b, b_neg, ret);
}

enum bl_err bl_rat_add(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bl_rat *ret)
{
    return add(x, a, b, b->neg, ret);
}

enum bl_err bl_rat_sub(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bl_rat *ret)
{
    return add(x, a, b, !b->neg, ret);
}

/* ---- comparing */

bool bl_rat_is_zero(const bl_rat *r)
{
    return trim(r->num, NUM) == 0;
}

static int compare_magnitudes(const bl_rat *a, const bl_rat *b)
{
    u128 left, right;
    if (is_small(a) && is_small(b) && !__builtin_mul_overflow(low128(a->num), low128(b->den), &left) &&
            !__builtin_mul_overflow(low128(b->num), low128(a->den), &right))
        return (left > right) - (left < right);
    mp_limb_t l[NUM + DEN] NOT_ZEROED, r[NUM + DEN] NOT_ZEROED;
    mp_size_t ln = mul(l, a->num, trim(a->num, NUM), b->den, trim(b->den, DEN));
    mp_size_t rn = mul(r, b->num, trim(b->num, NUM), a->den, trim(a->den, DEN));
    int c = compare(l, ln, r, rn);
    return (c > 0) - (c < 0);
}

enum bl_err bl_rat_cmp(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, int *ret)
{
    (void)x; /* the products have room for any operands: comparing cannot fail */
    if (a->neg != b->neg) {
        *ret = a->neg ? -1 : 1;
        return BL_OK;
    }
    int c = compare_magnitudes(a, b);
    *ret = a->neg ? -c : c;
    return BL_OK;
}

/* ---- leaving the rationals: floor, ceiling, rounding */

enum how { CUT, AWAY_ANY, AWAY_HALF };

/* |r| x times, to an integer: CUT drops the rest, AWAY_ANY counts any rest as one, AWAY_HALF one of a half or
 * more. False when the result needs more than 128 bits. */
static bool quotient(const bl_rat *r, uint64_t times, enum how how, u128 *ret)
{
    u128 n, q, rest, den = low128(r->den);
    if (is_small(r) && !__builtin_mul_overflow(low128(r->num), (u128)times, &n)) {
        if (n >> 64 == 0 && den >> 64 == 0) {
            q = (uint64_t)n / (uint64_t)den;
            rest = (uint64_t)n % (uint64_t)den;
        } else {
            q = n / den;
            rest = n - q * den;
        }
        bool up = how == AWAY_ANY ? rest != 0 : how == AWAY_HALF ? rest >= den - rest : false;
        return !__builtin_add_overflow(q, (u128)up, ret);
    }
    mp_limb_t num[NUM + 1] NOT_ZEROED, whole[NUM + 1] NOT_ZEROED, left[DEN] NOT_ZEROED,
            missing[DEN] NOT_ZEROED;
    num[NUM] = mpn_mul_1(num, r->num, NUM, times);
    mp_size_t den_n = trim(r->den, DEN), num_n = trim(num, NUM + 1);
    if (num_n < den_n) {
        memset(whole, 0, sizeof whole);
        memset(left, 0, sizeof left);
        memcpy(left, num, (size_t)num_n * sizeof *left);
        num_n = 1;
    } else {
        mpn_tdiv_qr(whole, left, 0, num, num_n, r->den, den_n);
        num_n = num_n - den_n + 1;
    }
    mpn_sub_n(missing, r->den, left, den_n);
    bool up = how == AWAY_ANY    ? trim(left, den_n) != 0
              : how == AWAY_HALF ? mpn_cmp(left, missing, den_n) >= 0
                                 : false;
    num_n = trim(whole, num_n);
    if (num_n > 2)
        return false;
    q = (num_n > 1 ? (u128)whole[1] << 64 : 0) | (num_n > 0 ? whole[0] : 0);
    return !__builtin_add_overflow(q, (u128)up, ret);
}

static enum bl_err to_int64(struct bl_ctx *x, const bl_rat *r, enum how how, int64_t *ret)
{
    u128 q;
    if (!quotient(r, 1, how, &q) || q > (u128)INT64_MAX)
        return bl_fail(
                x, BL_OVERFLOW, "a count of steps or packages leaves the range that can be computed exactly");
    *ret = r->neg ? -(int64_t)q : (int64_t)q;
    return BL_OK;
}

enum bl_err bl_rat_ceil(struct bl_ctx *x, const bl_rat *r, int64_t *ret)
{
    return to_int64(x, r, r->neg ? CUT : AWAY_ANY, ret);
}

enum bl_err bl_rat_floor(struct bl_ctx *x, const bl_rat *r, int64_t *ret)
{
    return to_int64(x, r, r->neg ? AWAY_ANY : CUT, ret);
}

enum bl_err bl_rat_round(struct bl_ctx *x, const bl_rat *r, int digits, bl_amount *ret)
{
    static const uint64_t tens[] = {
            1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
    assert(digits >= 0 && digits < (int)BL_COUNT(tens));
    u128 q;
    if (!quotient(r, tens[digits], AWAY_HALF, &q) || q > (u128)BL_AMOUNT_MAX)
        return bl_fail(x, BL_OVERFLOW, "an amount passes 10^15 minor units, the most an account may reach");
    ret->minor = r->neg ? -(int64_t)q : (int64_t)q;
    return BL_OK;
}

static enum bl_err to_dec(struct bl_ctx *x, const bl_rat *r, enum how how, bl_dec *ret)
{
    u128 q;
    if (!quotient(r, (uint64_t)BL_DEC_ONE, how, &q) || q >> 127 != 0)
        return bl_fail(x, BL_OVERFLOW, "an exact charge is too large to be written with 12 decimals");
    ret->pico = r->neg ? -(__int128)q : (__int128)q;
    return BL_OK;
}

enum bl_err bl_rat_show(struct bl_ctx *x, const bl_rat *r, bl_dec *ret)
{
    return to_dec(x, r, AWAY_HALF, ret);
}
enum bl_err bl_rat_cut(struct bl_ctx *x, const bl_rat *r, bl_dec *ret)
{
    return to_dec(x, r, CUT, ret);
}
