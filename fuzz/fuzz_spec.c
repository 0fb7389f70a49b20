/* Specs: one that is accepted names its parts as strings, is the same as itself however it is written, and
 * may be gone back to from itself; what is read of a spec does not depend on its having been accepted. */
#include "deploy/deploy.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_names(struct bl_ctx *x, const struct bl_json *spec)
{
    struct bl_spec_names sites, images;
    bl_spec_static_sites(x, spec, &sites);
    bl_spec_images_without_digest(x, spec, &images);
    for (size_t i = 0; i < sites.n; i++)
        assert(bl_is(sites.at[i]));
    for (size_t i = 0; i < images.n; i++)
        assert(bl_is(images.at[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_json *spec = NULL, *again = NULL;
    struct bl_buf b = {0};
    struct bl_jw w;
    int64_t limit = 0;
    bl_ctx_init(&x, 0);
    if (bl_json_parse(&x, (struct bl_str){(const char *)data, size}, &spec) == BL_OK) {
        enum bl_err e = bl_spec_check(&x, spec);
        read_names(&x, spec);
        bl_jw_init(&w, &b);
        bl_jw_json(&w, spec);
        e = bl_json_parse(&x, bl_buf_view(&b), &again) == BL_OK ? e : BL_INTERNAL;
        assert(e != BL_INTERNAL);
        assert(bl_json_same(spec, again));
        struct bl_rollback_to to = {
                .phase = BL_PHASE_SUPERSEDED, .was_active = true, .spec = spec, .now = again};
        if (e == BL_OK)
            assert(bl_rollback_check(&to, &limit) == BL_ROLLBACK_OK);
    }
    bl_buf_release(&b);
    bl_ctx_release(&x);
    return 0;
}
