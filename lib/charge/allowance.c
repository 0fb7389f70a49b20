/* Pooled allowances: what an account's resources bring of a meter.
 *
 * An allowance grows as money does, step by step, up to the largest its resource has worn; so it is accrual
 * with other figures. Resources alive at the instant are followed to the period's end at what they wear then,
 * so that a bill drawn up early shows no overage that later vanishes. The sum over all resources is cut once.
 */
#include "charge/parts.h"

static enum bl_err add_resource(struct bl_ctx *x, const struct bill_span *b, int meter,
        const struct bl_life *l, size_t n, struct parts *scratch, bl_rat *sum)
{
    const struct bl_charge_in *in = b->in;
    scratch->n = 0;
    for (size_t i = 0; i < n; i++) {
        bool ended = bl_life_ended(&l[i], in->instant_s);
        parts_of_life(x, in->book, &l[i], in->instant_s, b->from_s, ended ? b->to_s : b->end_s, scratch);
    }
    BL_TRY(accrue(x, scratch, pace_allowance, meter));
    for (size_t i = 0; i < scratch->n; i++) {
        const struct part *p = &scratch->at[i];
        struct pace c;
        bl_rat more;
        if (!pace_allowance(p, meter, &c))
            continue;
        BL_TRY(pace_sum(x, c, p->stretch->quantity, p->billed_s, &more));
        BL_TRY(bl_rat_add(x, sum, &more, sum));
        if (p->has_rest)
            BL_TRY(bl_rat_add(x, sum, &p->rest, sum));
    }
    return BL_OK;
}

static bool is_brought(const struct bl_book *b, int meter)
{
    for (size_t i = 0; i < b->n_sku; i++)
        for (size_t k = 0; k < b->sku[i].n_price; k++)
            for (size_t a = 0; a < b->sku[i].price[k].n_allowance; a++)
                if (b->sku[i].price[k].allowance[a].meter == meter)
                    return true;
    return false;
}

enum bl_err pool_allowance(struct bl_ctx *x, const struct bill_span *b, int meter, bl_dec *ret)
{
    const struct bl_lives *lives = b->in->lives;
    struct parts scratch = {0};
    bl_rat sum = bl_rat_zero();
    if (is_brought(b->in->book, meter) && lives != NULL)
        for (size_t i = 0, j; i < lives->n; i = j) {
            for (j = i + 1;
                    j < lives->n && bl_uuid_cmp(lives->life[i].resource, lives->life[j].resource) == 0;)
                j++;
            BL_TRY(add_resource(x, b, meter, &lives->life[i], j - i, &scratch, &sum));
        }
    return bl_rat_cut(x, &sum, ret);
}
