/* CSV of facts: fed at once or in pieces it gives the same lines, and each line is JSON unless a cell is no
 * text. The first byte of the input tells the size of the pieces. */
#include "fact/fact.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum bl_err feed(struct bl_str all, size_t step, struct bl_buf *ret)
{
    struct bl_ctx x, scratch;
    bl_ctx_init(&x, 0);
    bl_ctx_init(&scratch, 0);
    struct bl_csv_events *c = bl_csv_events_new(&x);
    size_t at = 0, have = 0, used = 0;
    enum bl_err e = BL_OK;
    for (bool last = false; e == BL_OK && !last; at += used) {
        last = have >= all.n;
        have = all.n - have > step ? have + step : all.n;
        bl_ctx_reset(&scratch, 0);
        e = bl_csv_events_feed(&scratch, c, (struct bl_str){all.p + at, have - at}, last, ret, &used);
        assert(e != BL_OK || used <= have - at);
        assert(e != BL_OK || !last || used == have - at);
    }
    assert(e == BL_OK || strncmp(scratch.why, "CSV row ", 8) == 0);
    bl_ctx_release(&scratch);
    bl_ctx_release(&x);
    return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct bl_str all = {(const char *)data + 1, size - 1};
    struct bl_buf whole = {0}, pieces = {0};
    enum bl_err e = feed(all, all.n + 1, &whole), in_pieces = feed(all, 1 + data[0] % 64u, &pieces);
    assert(e == in_pieces && bl_str_eq(bl_buf_view(&whole), bl_buf_view(&pieces)));
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_batch_cut cut;
    e = bl_batch_split(&x, BL_BATCH_NDJSON, bl_buf_view(&whole), SIZE_MAX, &cut);
    assert(e == BL_OK);
    for (size_t i = 0; bl_utf8_ok(all) && i < cut.n; i++) {
        struct bl_json *t = NULL;
        e = bl_json_parse(&x, cut.each[i], &t);
        assert(e == BL_OK && t->type == BL_JSON_OBJECT);
    }
    bl_buf_release(&whole);
    bl_buf_release(&pieces);
    bl_ctx_release(&x);
    return 0;
}
