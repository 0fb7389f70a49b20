/* Bodies cut into events: pieces lie inside the body, in order and apart, never more than asked for; and what
 * is sound as a whole is cut into what its tree holds. */
#include "fact/fact.h"

#include <assert.h>

#define MOST 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_str body = {(const char *)data, size};
    bl_ctx_init(&x, 0);
    for (int form = BL_BATCH_NDJSON; form <= BL_BATCH_OBJECT; form++) {
        struct bl_batch_cut cut;
        struct bl_json *t = NULL;
        enum bl_err e = bl_batch_split(&x, (enum bl_batch_form)form, body, MOST, &cut);
        assert(e == BL_OK || e == BL_BAD_REQUEST || e == BL_TOO_LARGE);
        bool sound =
                form == BL_BATCH_ARRAY && bl_json_parse(&x, body, &t) == BL_OK && t->type == BL_JSON_ARRAY;
        assert(!sound || e == (t->n > MOST ? BL_TOO_LARGE : BL_OK));
        if (e != BL_OK)
            continue;
        assert(cut.n <= MOST && (!sound || cut.n == t->n));
        const char *at = body.p;
        for (size_t i = 0; i < cut.n; i++) {
            assert(cut.each[i].n > 0 && cut.each[i].p >= at &&
                    cut.each[i].p + cut.each[i].n <= body.p + body.n);
            at = cut.each[i].p + cut.each[i].n;
        }
    }
    bl_ctx_release(&x);
    return 0;
}
