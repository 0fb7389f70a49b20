/* Private to bill: rows while they are being made. */
#ifndef BILLOW_BILL_PARTS_H
#define BILLOW_BILL_PARTS_H

#include "bill/bill.h"

/* A rated line as the document shows it. */
BL_MUST_CHECK enum bl_err row_of_line(
        struct bl_ctx *x, const struct bl_book *book, const struct bl_line *l, struct bl_row *ret);
/* Sums of the rows by section, and the amount. BL_OVERFLOW when one leaves the range of an amount. */
BL_MUST_CHECK enum bl_err bill_sum(struct bl_ctx *x, struct bl_bill *b);

static inline struct bl_str or_empty(struct bl_str s)
{
    return bl_is(s) ? s : BL_STR("");
}

#endif
