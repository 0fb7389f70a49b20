/* Who is billed, as of an instant. The one idea: the face is a fold over dated facts, in the order of their
 * times and identities, so that it does not matter when or in which order they became known. Which field goes
 * where is a table. */
#include "bill/bill.h"

#include <stdlib.h>

static const struct {
    enum bl_field field;
    bool address;
    size_t at; /* of the text in the face */
} places[] = {
        {BL_F_NAME, false, offsetof(struct bl_face, name)},
        {BL_F_COMPANY, false, offsetof(struct bl_face, company)},
        {BL_F_EMAIL, false, offsetof(struct bl_face, email)},
        {BL_F_TAX_ID, false, offsetof(struct bl_face, tax_id)},
        {BL_F_ZONE, false, offsetof(struct bl_face, zone)},
        {BL_F_SELLER, false, offsetof(struct bl_face, seller)},
        {BL_F_ADDRESS1, true, offsetof(struct bl_face, address1)},
        {BL_F_ADDRESS2, true, offsetof(struct bl_face, address2)},
        {BL_F_CITY, true, offsetof(struct bl_face, city)},
        {BL_F_ADDRESS_REGION, true, offsetof(struct bl_face, region)},
        {BL_F_POSTAL_CODE, true, offsetof(struct bl_face, postal_code)},
        {BL_F_COUNTRY, true, offsetof(struct bl_face, country)},
};

static int by_order(const void *a, const void *b)
{
    return bl_fact_order(*(const struct bl_fact *const *)a, *(const struct bl_fact *const *)b);
}

/* Nothing and an empty text read alike on paper. */
static bool differs(struct bl_str a, struct bl_str b)
{
    return a.n + b.n > 0 && !bl_str_eq(a, b);
}

static void apply(struct bl_face *face, const struct bl_fact *f)
{
    for (size_t i = 0; i < BL_COUNT(places); i++) {
        bool reset = f->reset >> places[i].field & 1;
        struct bl_str to = f->field[places[i].field];
        if (!reset && !bl_is(to))
            continue;
        struct bl_str *text = (struct bl_str *)((char *)face + places[i].at);
        if (reset)
            to = BL_ABSENT;
        if (places[i].address && differs(*text, to) && f->time_us > face->updated_us)
            face->updated_us = f->time_us;
        *text = to;
    }
    if (f->reset >> BL_F_TAX_EXEMPT & 1)
        face->tax_exempt = false;
    else if (bl_is(f->field[BL_F_TAX_EXEMPT]))
        face->tax_exempt = bl_str_is(f->field[BL_F_TAX_EXEMPT], "true");
}

enum bl_err bl_face_fold(struct bl_ctx *x, const struct bl_fact *f, size_t n, int64_t at_us,
        int64_t created_us, struct bl_face *ret)
{
    const struct bl_fact **known = bl_alloc_array(&x->arena, n, sizeof *known);
    size_t n_known = 0;
    for (size_t i = 0; i < n; i++)
        if (f[i].type == BL_FACT_ACCOUNT && f[i].time_us <= at_us)
            known[n_known++] = &f[i];
    if (n_known > 1)
        qsort(known, n_known, sizeof *known, by_order);
    struct bl_face face = {.created_us = created_us, .updated_us = created_us};
    for (size_t i = 0; i < n_known; i++)
        apply(&face, known[i]);
    *ret = face;
    return BL_OK;
}
