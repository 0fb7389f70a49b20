/* Number text: what is accepted must come back from its own shortest text as the same value, within its
 * digits. */
#include "num/num.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_str text = {(const char *)data, size};
    bl_ctx_init(&x, 0);
    for (int kind = BL_DEC_QUANTITY; kind <= BL_DEC_PRICE; kind++) {
        bl_dec d, again;
        char shown[64];
        if (bl_dec_parse(&x, text, (enum bl_dec_kind)kind, &d) != BL_OK)
            continue;
        assert(d.pico >= 0 && d.pico < bl_dec_of(kind == BL_DEC_PRICE ? 1000000000 : 1000000000000000).pico);
        size_t n = bl_dec_text(d, shown);
        enum bl_err e = bl_dec_parse(&x, (struct bl_str){shown, n}, (enum bl_dec_kind)kind, &again);
        assert(e == BL_OK && bl_dec_cmp(d, again) == 0);
    }
    for (int digits = 0; digits <= 4; digits++) {
        bl_amount a, again;
        char shown[32];
        if (bl_amount_parse(&x, text, digits, &a) != BL_OK)
            continue;
        size_t n = bl_amount_text(a, digits, shown);
        enum bl_err e = bl_amount_parse(&x, (struct bl_str){shown, n}, digits, &again);
        assert(e == BL_OK && a.minor == again.minor);
    }
    bl_ctx_release(&x);
    return 0;
}
