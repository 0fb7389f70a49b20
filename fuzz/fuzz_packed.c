/* Packed forms: damaged bytes are told, and what is taken for good packs and unpacks as itself. */
#include "usage/usage.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void one_fact(struct bl_ctx *x, struct bl_str body)
{
    struct bl_rd r = bl_rd_of(body);
    struct bl_fact f, back;
    struct bl_fact_digests d, none;
    struct bl_buf b = {0};
    if (bl_fact_unpack(x, &r, &f, &d) != BL_OK)
        return;
    bl_fact_pack(&b, &f); /* without what was digested */
    struct bl_rd again = bl_rd_of(bl_buf_view(&b));
    enum bl_err e = bl_fact_unpack(x, &again, &back, &none);
    assert(e == BL_OK && none.has == 0 && again.p == again.end);
    assert(bl_fact_same(&f, &back) && bl_fact_order(&f, &back) == 0);
    assert(d.has || (b.n == (size_t)((const char *)r.p - body.p) && memcmp(b.p, body.p, b.n) == 0));
    bl_buf_release(&b);
}

static void facts(struct bl_ctx *x, struct bl_str body)
{
    struct bl_fact *f = NULL, *back = NULL;
    size_t n = 0, n_back = 0;
    struct bl_buf b = {0};
    if (bl_usage_unpack_facts(x, body, (bl_uuid){{1}}, &f, &n) != BL_OK)
        return;
    bl_usage_pack_facts(&b, f, n);
    enum bl_err e = bl_usage_unpack_facts(x, bl_buf_view(&b), (bl_uuid){{1}}, &back, &n_back);
    assert(e == BL_OK && n == n_back);
    struct bl_usage *u = bl_usage_new(x);
    for (size_t i = 0; i < n; i++) {
        assert(bl_fact_same(&f[i], &back[i]) && f[i].seq == back[i].seq);
        e = bl_usage_add(x, u, &f[i]);
        assert(e == BL_OK || e == BL_OVERFLOW);
    }
    struct bl_usage_total *t = NULL;
    bl_usage_list(x, u, &t, &n);
    bl_buf_release(&b);
}

static void totals(struct bl_ctx *x, struct bl_str body)
{
    struct bl_usage_total *t = NULL, *back = NULL;
    size_t n = 0, n_back = 0;
    struct bl_buf b = {0}, again = {0};
    if (bl_usage_unpack_totals(x, body, &t, &n) != BL_OK)
        return;
    bl_usage_pack_totals(&b, t, n);
    enum bl_err e = bl_usage_unpack_totals(x, bl_buf_view(&b), &back, &n_back);
    assert(e == BL_OK && n == n_back);
    bl_usage_pack_totals(&again, back, n_back);
    assert(bl_str_eq(bl_buf_view(&b), bl_buf_view(&again)));
    struct bl_usage *u = bl_usage_new(x);
    for (size_t i = 0; i < n; i++) {
        e = bl_usage_merge(x, u, &t[i]);
        assert(e == BL_OK || e == BL_OVERFLOW);
    }
    bl_usage_list(x, u, &back, &n_back);
    assert(n_back <= n);
    bl_buf_release(&b);
    bl_buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_str body = {(const char *)data, size};
    bl_ctx_init(&x, 0);
    one_fact(&x, body);
    facts(&x, body);
    totals(&x, body);
    bl_ctx_release(&x);
    return 0;
}
