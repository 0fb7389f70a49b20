/* Stored ledger entries: whatever is accepted balances and has one form only, the bytes it came in. */
#include "ledger/ledger.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_entry e;
    struct bl_buf again = {0};
    bl_ctx_init(&x, 0);
    if (bl_entry_unpack(&x, (struct bl_str){(const char *)data, size}, &e) == BL_OK) {
        assert(bl_entry_balanced(&e));
        bl_entry_pack(&again, &e);
        assert(again.n == size && memcmp(again.p, data, size) == 0);
        bl_entry_hash_ok(&x, &e);
        bl_entry_history_type(e.kind);
    }
    bl_buf_release(&again);
    bl_ctx_release(&x);
    return 0;
}
