/* Stored documents: whatever is accepted adds up, packs to bytes that come back the same, posts a balanced
 * entry and can be printed. */
#include "ledger/ledger.h"
#include "render/render.h"

#include <assert.h>
#include <string.h>

static void check_sums(const struct bl_bill *b)
{
    int64_t sum = 0;
    for (size_t i = 0; i < b->n_row; i++)
        sum += b->row[i].amount.minor;
    assert(sum == b->amount.minor && b->credits.minor <= 0);
    assert(b->credit_note == (sum < 0));
}

static void check_round_trip(struct bl_ctx *x, const struct bl_bill *b)
{
    struct bl_buf once = {0}, twice = {0};
    struct bl_bill again;
    bl_bill_pack(&once, b);
    enum bl_err e = bl_bill_unpack(x, bl_buf_view(&once), &again);
    assert(e == BL_OK && again.n_row == b->n_row);
    bl_bill_pack(&twice, &again);
    assert(once.n == twice.n && memcmp(once.p, twice.p, once.n) == 0);
    bl_buf_release(&once);
    bl_buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_bill b;
    struct bl_entry e;
    struct bl_buf csv = {0};
    bl_ctx_init(&x, 0);
    if (bl_bill_unpack(&x, (struct bl_str){(const char *)data, size}, &b) == BL_OK) {
        check_sums(&b);
        check_round_trip(&x, &b);
        if (bl_entry_of_bill(&x, &b, 0, &e) == BL_OK)
            assert(bl_entry_balanced(&e) && bl_entry_receivable(&e).minor == b.amount.minor);
        bl_render_csv(&x, &b, &csv);
        assert(csv.n > 0 && csv.p[csv.n - 1] == '\n');
        struct bl_str name = bl_render_file_name(&x, &b, size & 1, "csv");
        for (size_t i = 0; i < name.n; i++)
            assert(name.p[i] >= ' ' && name.p[i] < 0x7f && name.p[i] != '"' && name.p[i] != '/');
    }
    bl_buf_release(&csv);
    bl_ctx_release(&x);
    return 0;
}
