/* civo: hours in use, one row per uninterrupted stretch of one SKU and size, clipped to a window.
 * Hours are completed hours, at least 1. */
#ifndef BILLOW_CIVO_H
#define BILLOW_CIVO_H

#include "charge/charge.h"

struct bl_civo_row {
    struct bl_str code, label, region;
    bl_uuid product_id;
    int64_t from_s, to_s;
    int64_t num_hours;
    bool has_size;
    int64_t size_gb;
};
struct bl_civo_in {
    const struct bl_book *book;
    const struct bl_lives *lives;
    int64_t billing_from_s; /* INT64_MIN without */
    int64_t from_s, to_s;   /* half open; to_s already clipped to now by the caller */
    struct bl_str region;   /* absent: all; compared without regard to letter case */
};
/* Ordered by from, code, product_id. */
BL_MUST_CHECK enum bl_err bl_civo_rows(
        struct bl_ctx *x, const struct bl_civo_in *in, struct bl_civo_row **ret, size_t *ret_n);

#endif
