/* insight: the cost of single days: a day's bill minus the bill of the day before, line by line, so that the
 * days of a month add up to the month's lines. */
#ifndef BILLOW_INSIGHT_H
#define BILLOW_INSIGHT_H

#include "charge/charge.h"

struct bl_point {
    bl_day day;
    struct bl_str region, sku, description,
            group; /* "" when none; sku: the SKU, for meters the meter's name */
    bool has_resource;
    bl_uuid resource;
    bl_amount amount;
};
struct bl_insight_in {
    const struct bl_book *book;
    int64_t from_s;     /* billing_from; INT64_MIN without */
    int64_t now_s;      /* no point after this second */
    bl_day first, last; /* inclusive, at most 32 days */
    const struct bl_lives *lives;
    const struct bl_usage_total *usage; /* days of every month touched, from the month's 1st */
    size_t n_usage;
};
/* Ordered by (day, description, region, sku, resource, key). */
BL_MUST_CHECK enum bl_err bl_insight(
        struct bl_ctx *x, const struct bl_insight_in *in, struct bl_point **ret, size_t *ret_n);

#endif
