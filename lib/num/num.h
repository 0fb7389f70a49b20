/* num: exact decimals, exact rationals, amounts of money and the one place where money is rounded.
 *
 *   bl_dec     what was used, and unit prices: a 128-bit count of 1e-12; quantities have at most 15 integer
 *              and 12 fractional digits, prices 9 and 12
 *   bl_rat     an exact charge: numerator over denominator, 512 over 256 bits, sign apart; never rounded on
 *              its way
 *   bl_amount  what is owed: the currency's minor unit, 64 bit
 *
 * A charge is built from decimals by multiplying and dividing, added up as rationals, and rounded once, half
 * away from zero. No floating point; everything that can leave its range answers BL_OVERFLOW (the account is
 * parked). */
#ifndef BILLOW_NUM_H
#define BILLOW_NUM_H

#include "base/base.h"

typedef struct {
    __int128 pico;
} bl_dec;
typedef struct {
    int64_t minor;
} bl_amount;

#define BL_DEC_ONE ((__int128)1000000000000)
#define BL_AMOUNT_MAX INT64_C(1000000000000000) /* 10^15 minor units: beyond it an account is parked */
static inline bl_dec bl_dec_of(int64_t whole)
{
    return (bl_dec){(__int128)whole * BL_DEC_ONE};
}
static inline int bl_dec_cmp(bl_dec a, bl_dec b)
{
    return (a.pico > b.pico) - (a.pico < b.pico);
}

enum bl_dec_kind {
    BL_DEC_QUANTITY, /* >= 0, 15 integer and 12 fractional digits */
    BL_DEC_PRICE,    /* >= 0, 9 and 12 */
};
/* Reads decimal text ("5", "5.0", "1e3", "-0"): an exponent is allowed when the value fits. Trailing zeros do
 * not count as digits. A sign "-" is allowed only for zero. Fails BL_INVALID with a sentence that says what
 * is wrong
 * ("more than 12 decimals", "negative", "not a number"). Never rounds. */
BL_MUST_CHECK enum bl_err bl_dec_parse(
        struct bl_ctx *x, struct bl_str text, enum bl_dec_kind kind, bl_dec *ret);
/* Shortest exact text: "5", "0.25", "-1.5". ret needs 64 bytes. Returns its length. */
size_t bl_dec_text(bl_dec d, char ret[64]);
/* The order of those texts as bytes, as everything else in a key is ordered: "10" before "9". */
int bl_dec_cmp_text(bl_dec a, bl_dec b);
BL_MUST_CHECK enum bl_err bl_dec_add(struct bl_ctx *x, bl_dec a, bl_dec b, bl_dec *ret);

/* ---- currencies (ISO 4217): minor digits 0, 2, 3 or 4 */
struct bl_currency {
    char code[4];
    int digits;
};
const struct bl_currency *bl_currency_find(
        struct bl_str code); /* NULL when unknown; currencies.def is the table */
/* "12.34", "-1.00", for JPY "1234": as the wire shows money. ret needs 32 bytes. */
size_t bl_amount_text(bl_amount a, int digits, char ret[32]);
/* Decimal text to minor units, sign allowed; BL_INVALID when it has more decimals than the currency or passes
 * BL_AMOUNT_MAX. */
BL_MUST_CHECK enum bl_err bl_amount_parse(struct bl_ctx *x, struct bl_str text, int digits, bl_amount *ret);
/* BL_OVERFLOW when the sum passes +-BL_AMOUNT_MAX. */
BL_MUST_CHECK enum bl_err bl_amount_add(struct bl_ctx *x, bl_amount a, bl_amount b, bl_amount *ret);

/* ---- exact charges */
typedef struct {
    uint64_t num[8], den[4]; /* little-endian limbs; den > 0 */
    bool neg;                /* never for zero */
} bl_rat;

bl_rat bl_rat_zero(void);
bl_rat bl_rat_of_dec(bl_dec d); /* the value d (d.pico / 1e12), reduced of powers of ten where cheap */
bl_rat bl_rat_of_int(int64_t v);
BL_MUST_CHECK enum bl_err bl_rat_mul_dec(struct bl_ctx *x, bl_rat *r, bl_dec by);
BL_MUST_CHECK enum bl_err bl_rat_mul_int(struct bl_ctx *x, bl_rat *r, int64_t by);
BL_MUST_CHECK enum bl_err bl_rat_div_dec(struct bl_ctx *x, bl_rat *r, bl_dec by); /* by != 0 (assert) */
BL_MUST_CHECK enum bl_err bl_rat_div_int(struct bl_ctx *x, bl_rat *r, int64_t by);
BL_MUST_CHECK enum bl_err bl_rat_add(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bl_rat *ret);
BL_MUST_CHECK enum bl_err bl_rat_sub(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bl_rat *ret);
BL_MUST_CHECK enum bl_err bl_rat_cmp(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, int *ret);
BL_MUST_CHECK enum bl_err bl_rat_mul(struct bl_ctx *x, const bl_rat *a, const bl_rat *b, bl_rat *ret);
bool bl_rat_is_zero(const bl_rat *r);
/* ceiling and floor to an integer (for steps and packages); BL_OVERFLOW beyond int64 */
BL_MUST_CHECK enum bl_err bl_rat_ceil(struct bl_ctx *x, const bl_rat *r, int64_t *ret);
BL_MUST_CHECK enum bl_err bl_rat_floor(struct bl_ctx *x, const bl_rat *r, int64_t *ret);
/* Rounded half away from zero to `digits` decimals, as an amount in units of 10^-digits. The one rounding. */
BL_MUST_CHECK enum bl_err bl_rat_round(struct bl_ctx *x, const bl_rat *r, int digits, bl_amount *ret);
/* Rounded half away from zero to 12 decimals, for showing an exact charge. */
BL_MUST_CHECK enum bl_err bl_rat_show(struct bl_ctx *x, const bl_rat *r, bl_dec *ret);
/* Cut (toward zero) to 12 decimals (pooled allowances). */
BL_MUST_CHECK enum bl_err bl_rat_cut(struct bl_ctx *x, const bl_rat *r, bl_dec *ret);

#endif
