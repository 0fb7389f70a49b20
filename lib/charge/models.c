/* Meter price models: what is left after the allowance, priced. One function and one row each. */
#include "charge/parts.h"

#include <assert.h>

/* quantity x amount / per */
static enum bl_err per(
        struct bl_ctx *x, const struct bl_meter_price *p, bl_dec quantity, bl_dec amount, bl_rat *ret)
{
    bl_rat r = bl_rat_of_dec(quantity);
    BL_TRY(bl_rat_mul_dec(x, &r, amount));
    BL_TRY(bl_rat_div_dec(x, &r, p->per));
    *ret = r;
    return BL_OK;
}

static enum bl_err unit(struct bl_ctx *x, const struct bl_meter_price *p, bl_dec rest, bl_rat *ret)
{
    return per(x, p, rest, p->amount, ret);
}

/* Started packages. */
static enum bl_err package(struct bl_ctx *x, const struct bl_meter_price *p, bl_dec rest, bl_rat *ret)
{
    bl_rat r = bl_rat_of_dec(rest);
    int64_t packages;
    BL_TRY(bl_rat_div_dec(x, &r, p->per));
    BL_TRY(bl_rat_ceil(x, &r, &packages));
    r = bl_rat_of_int(packages);
    BL_TRY(bl_rat_mul_dec(x, &r, p->amount));
    *ret = r;
    return BL_OK;
}

/* Each tier prices what lies in it; up_to is inclusive and counted from zero. */
static enum bl_err graduated(struct bl_ctx *x, const struct bl_meter_price *p, bl_dec rest, bl_rat *ret)
{
    bl_rat sum = bl_rat_zero();
    bl_dec below = {0};
    for (size_t i = 0; i < p->n_tier && bl_dec_cmp(below, rest) < 0; i++) {
        const struct bl_tier *t = &p->tier[i];
        bl_dec top = t->open || bl_dec_cmp(rest, t->up_to) <= 0 ? rest : t->up_to;
        bl_rat more;
        BL_TRY(per(x, p, (bl_dec){top.pico - below.pico}, t->amount, &more));
        BL_TRY(bl_rat_add(x, &sum, &more, &sum));
        below = top;
    }
    *ret = sum;
    return BL_OK;
}

/* Everything at the price of the tier it falls in. */
static enum bl_err volume(struct bl_ctx *x, const struct bl_meter_price *p, bl_dec rest, bl_rat *ret)
{
    const struct bl_tier *t = p->tier;
    assert(p->n_tier > 0 && p->tier[p->n_tier - 1].open);
    while (!t->open && bl_dec_cmp(rest, t->up_to) > 0)
        t++;
    return per(x, p, rest, t->amount, ret);
}

enum bl_err model_price(struct bl_ctx *x, const struct bl_meter_price *p, bl_dec rest, bl_rat *ret)
{
    typedef enum bl_err (*model)(struct bl_ctx *, const struct bl_meter_price *, bl_dec, bl_rat *);
    static const model of[] = {
            [BL_MODEL_UNIT] = unit,
            [BL_MODEL_PACKAGE] = package,
            [BL_MODEL_GRADUATED] = graduated,
            [BL_MODEL_VOLUME] = volume,
    };
    assert((size_t)p->model < BL_COUNT(of) && p->per.pico > 0 && rest.pico >= 0);
    return of[p->model](x, p, rest, ret);
}
