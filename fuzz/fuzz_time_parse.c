/* Time text: what is accepted lies in 1970 to 9999 and comes back from its own text as the same instant; the
 * lax reading accepts all that the strict one does, with the same outcome. */
#include "cal/cal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_str text = {(const char *)data, size};
    int64_t us, again, lax;
    char shown[32];
    bl_period period;
    bl_day day;
    bl_ctx_init(&x, 0);
    bool strict = bl_time_parse(&x, text, &us) == BL_OK;
    if (bl_time_parse_lax(&x, text, &lax) == BL_OK) {
        bl_time_text(lax, shown);
        enum bl_err e = bl_time_parse(&x, bl_str_of(shown), &again);
        assert(e == BL_OK && again == lax && lax >= 0);
        assert(!strict || us == lax);
        assert(bl_civil_us(bl_civil_of(lax)) == lax);
    } else {
        assert(!strict);
    }
    if (bl_period_parse(&x, text, &period) == BL_OK) {
        bl_period_text(period, shown);
        assert(bl_str_is(text, shown));
    }
    if (bl_day_parse(&x, text, &day) == BL_OK) {
        bl_day_text(day, shown);
        assert(bl_str_is(text, shown));
    }
    bl_ctx_release(&x);
    return 0;
}
