/* Time zone files: whatever is accepted has ascending transitions and offsets a clock can have, and a month
 * of it begins at or before the instant asked about. */
#include "cal/cal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t instants[] = {0, 951782400, 1793404800, 4102444799, INT64_C(253402300799)};
    struct bl_ctx x;
    struct bl_zone z;
    char shown[32];
    bl_ctx_init(&x, 0);
    if (bl_zone_decode(&x, (struct bl_str){(const char *)data, size}, &z) == BL_OK) {
        for (size_t i = 0; i < z.n; i++) {
            assert(i == 0 || z.at_s[i] > z.at_s[i - 1]);
            assert(z.offset_s[i] >= -93600 && z.offset_s[i] <= 93600);
        }
        for (size_t i = 0; i < BL_COUNT(instants); i++) {
            int64_t start = bl_zone_month_start_s(&z, instants[i]);
            assert(start <= instants[i] && start > instants[i] - 40 * BL_DAY_S);
            bl_time_text_zone(&z, instants[i], shown);
        }
    }
    bl_ctx_release(&x);
    return 0;
}
