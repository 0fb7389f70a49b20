/* render: a bill as CSV, and the names of its files. PDF is the program's (src/pdf), since fonts are files.
 */
#ifndef BILLOW_RENDER_H
#define BILLOW_RENDER_H

#include "bill/bill.h"

/* product,group_description,description,hours,start,end,USD,project_name,category; all rows; LF line ends,
 * also after the last; the money column is named by the currency, "$" only for USD, "-$1.00"; quoted as RFC
 * 4180 says where a cell needs it; text cells beginning = + - @ TAB CR get a leading ', so that no
 * spreadsheet takes them for a formula. */
void bl_render_csv(struct bl_ctx *x, const struct bl_bill *b, struct bl_buf *ret);
/* "-$1.00", "1.00" in currencies other than USD. */
struct bl_str bl_render_money(struct bl_ctx *x, const struct bl_bill *b, bl_amount a);
/* "Invoice 2020 Jul (6173678-418).csv"; a preview's number part is "preview". Only ASCII letters, digits,
 * blank, -, (, ), and the dot before the ending. */
struct bl_str bl_render_file_name(
        struct bl_ctx *x, const struct bl_bill *b, bool preview, const char *ending);

#endif
