/* Carried lives come back from a store: any bytes must be read or refused, and what was read must rate, be
 * carried on and be written again without a finding. What is written reads back to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "civo/civo.h"
#include "insight/insight.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char prices[] =
        "currency: USD\n"
        "products: [{name: P}]\n"
        "skus:\n"
        "  - sku: a\n"
        "    product: P\n"
        "    prices:\n"
        "      - {from: 2020-01-01T00:00:00Z, amount: \"5\", per_hours: 672, cap_hours: 672, "
        "minimum_seconds: 60}\n"
        "      - {from: 2026-10-10T00:00:00Z, amount: \"7\", per_hours: 672, cap_hours: 672, increment: 1h}\n"
        "  - sku: b\n"
        "    product: P\n"
        "    prices: [{from: 2020-01-01T00:00:00Z, amount: \"0.1\", per_hours: 1, increment: 1m}]\n";

static void look(struct bl_ctx *x, const struct bl_book *book, const struct bl_lives *l)
{
    bl_period period = 681; /* 2026-10 */
    struct bl_lives on;
    struct bl_lines lines;
    struct bl_charge_in in = {.book = book,
            .period = period,
            .instant_s = bl_period_start_s(period + 1) - 1,
            .from_s = INT64_MIN,
            .lives = l};
    /* sizes at the limit may be too much for a bill; nothing else may fail */
    if (bl_charge(x, &in, &lines) != BL_OK && x->err != BL_OVERFLOW)
        abort();
    if (bl_lives_carry(x, book, l, bl_period_start_s(period + 1), &on) != BL_OK)
        abort();
    struct bl_civo_in window = {.book = book,
            .lives = l,
            .billing_from_s = INT64_MIN,
            .from_s = bl_period_start_s(period),
            .to_s = bl_period_start_s(period + 1)};
    struct bl_civo_row *row;
    size_t n;
    if (bl_civo_rows(x, &window, &row, &n) != BL_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_book *book;
    struct bl_lives l, again;
    bl_ctx_init(&x, 0);
    if (bl_book_parse(&x, BL_STR("prices"), BL_STR(prices), &book) != BL_OK)
        abort();
    if (bl_lives_unpack(&x, (struct bl_str){(const char *)data, size}, &l) == BL_OK) {
        struct bl_buf one = {0}, two = {0};
        bl_lives_pack(&one, &l);
        if (bl_lives_unpack(&x, bl_buf_view(&one), &again) != BL_OK)
            abort();
        bl_lives_pack(&two, &again);
        if (one.n != two.n || memcmp(one.p, two.p, one.n) != 0)
            abort();
        look(&x, book, &l);
        bl_buf_release(&one);
        bl_buf_release(&two);
    }
    bl_ctx_release(&x);
    return 0;
}
