/* Events: whatever the bytes, a fact that keeps its promises or a reason; and a fact is itself again from its
 * packed form. */
#include "fact/fact.h"

#include <assert.h>

#define NOW_US INT64_C(1793000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void promises(struct bl_ctx *x, const struct bl_fact *f)
{
    assert(f->type >= BL_FACT_CREATE && f->type <= BL_FACT_RETRACT);
    assert(f->time_us >= 0 && f->time_us <= NOW_US + 300 * BL_US);
    assert(f->id.n >= 1 && f->id.n <= 255 && f->source.n >= 1 && f->source.n <= 255);
    assert(f->quantity.pico >= 0 && f->quantity.pico < bl_dec_of(1000000000000000).pico);
    assert(!bl_fact_is_life(f->type) || f->has_resource);
    assert(f->resource_id >= 0 && f->resource_id <= INT64_C(1) << 53);
    for (int i = 0; i < BL_F_COUNT; i++) {
        assert(f->field[i].n <= 64 * 256);
        assert(!bl_is(f->field[i]) || (bl_utf8_ok(f->field[i]) && !(f->reset >> i & 1)));
    }
    struct bl_buf b = {0};
    struct bl_fact back;
    struct bl_fact_digests d;
    bl_fact_pack(&b, f);
    struct bl_rd r = bl_rd_of(bl_buf_view(&b));
    enum bl_err e = bl_fact_unpack(x, &r, &back, &d);
    assert(e == BL_OK && r.p == r.end);
    back.account = f->account;
    for (int i = 0; i < BL_F_COUNT; i++)
        if (d.has >> i & 1)
            back.field[i] = f->field[i];
    assert(bl_fact_same(f, &back) && bl_fact_order(f, &back) == 0);
    bl_buf_release(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_str text = {(const char *)data, size}, id = BL_ABSENT;
    struct bl_fact f;
    const struct bl_fact_attrs attrs = {.specversion = BL_STR("1.0"),
            .id = BL_STR("1"),
            .source = BL_STR("s"),
            .type = BL_STR("resource.change"),
            .subject = BL_STR("do:team:0c0a1b2c-1111-4222-8333-444455556666"),
            .time = BL_STR("2026-10-05T00:00:00Z")};
    bl_ctx_init(&x, NOW_US);
    enum bl_err e = bl_fact_parse(&x, text, NOW_US, &f, &id);
    assert(e == BL_OK || (e == BL_INVALID && x.why[0] != 0));
    if (e == BL_OK) {
        assert(bl_str_eq(id, f.id));
        promises(&x, &f);
    }
    e = bl_fact_parse_binary(&x, &attrs, text, NOW_US, &f);
    assert(e == BL_OK || (e == BL_INVALID && x.why[0] != 0));
    if (e == BL_OK)
        promises(&x, &f);
    bl_ctx_release(&x);
    return 0;
}
