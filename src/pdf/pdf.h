/* pdf: a bill as a PDF document, A4, in any script for which the machine has a font.
 *
 * Equal bills give equal bytes on one machine: dates come from the bill, nothing from the clock. Which fonts
 * are there is the machine's; Noto and DejaVu are asked for. */
#ifndef BILLOW_PDF_H
#define BILLOW_PDF_H

#include "bill/bill.h"

/* Appends the document to `ret`. `preview` says that it is none that was issued: it is titled so and asks for
 * no payment. The seller's logo is drawn when its bytes are a PNG of at most 4 million pixels, else left out.
 * May be called from any thread; documents are made one at a time. BL_INTERNAL when the drawing library
 * fails. */
BL_MUST_CHECK enum bl_err pdf_invoice(
        struct bl_ctx *x, const struct bl_bill *b, bool preview, struct bl_buf *ret);

#endif
