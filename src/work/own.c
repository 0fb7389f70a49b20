/* Facts made here, and the resources that the API made. A resource that a driver holds is billed by what was
 * done to it, so it is changed through the API alone: an event from elsewhere that names it is refused. */
#include "work/inner.h"

#include <sodium.h>
#include <string.h>

#define OWN_SOURCE BL_STR("billow:api")

bl_uuid work_uuid_random(void)
{
    bl_uuid u;
    randombytes_buf(u.b, sizeof u.b);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return u;
}

enum bl_err work_own_open(struct bl_ctx *x, struct work *w)
{
    struct q_own_any row = {0};
    bool found = false;
    BL_TRY(q_own_any(x, store_writer(w->store), &row, &found));
    w->owns = row.n > 0 || store_is_shared(w->store); /* another process may make the first */
    return BL_OK;
}

enum bl_err work_own_fact(struct bl_ctx *x, struct work *w, store_acct acct, struct bl_fact *f)
{
    uint32_t bucket = store_bucket_of(w->store, f->account);
    f->source = OWN_SOURCE;
    f->id = bl_str_printf(&x->arena, "%020llu", (unsigned long long)store_seq_now(w->store, bucket) + 1);
    struct store_append_item item = {.fact = f, .acct = acct};
    BL_TRY(store_append(x, w->store, &item, 1));
    if (item.verdict != STORE_ACCEPTED)
        return bl_fail(x, BL_INTERNAL, "A fact made here was not accepted by the log.");
    store_touch(w->store, acct);
    return BL_OK;
}

static enum bl_err append(struct bl_ctx *x, struct work *w, const struct work_account *a,
        enum bl_fact_type type, struct bl_fact *f)
{
    f->type = type;
    f->account = a->uuid;
    f->time_us = x->now_us;
    f->has_resource = true;
    return work_own_fact(x, w, a->acct, f);
}

enum bl_err work_own_create(struct bl_ctx *x, struct work *w, const struct work_account *a, const char *kind,
        const char *driver, struct bl_fact *f)
{
    struct store_db *db = store_writer(w->store);
    f->field[BL_F_KIND] = bl_str_of(kind);
    if (bl_is(f->field[BL_F_SKU])) /* a price book may not drop it from now on */
        BL_TRY(q_worn_put(x, db, BL_STR("sku"), f->field[BL_F_SKU], x->now_us));
    BL_TRY(q_own_put(x, db, a->bucket, store_uuid(&a->uuid), store_uuid(&f->resource), bl_str_of(kind),
            bl_str_of(driver)));
    w->owns = true;
    return append(x, w, a, BL_FACT_CREATE, f);
}

enum bl_err work_own_change(struct bl_ctx *x, struct work *w, const struct work_account *a, struct bl_fact *f)
{
    return append(x, w, a, BL_FACT_CHANGE, f);
}

enum bl_err work_own_delete(struct bl_ctx *x, struct work *w, const struct work_account *a, bl_uuid resource)
{
    struct bl_fact f = {.resource = resource};
    BL_TRY(q_own_gone(
            x, store_writer(w->store), a->bucket, store_uuid(&a->uuid), store_uuid(&resource), x->now_us));
    return append(x, w, a, BL_FACT_DELETE, &f);
}

/* Of the facts made here a retraction may name changes of the account that are known already; what is made of
 * a resource, now or later, is the API's. */
static enum bl_err names_own(
        struct bl_ctx *x, struct work *w, store_acct acct, struct bl_str id, bool *ret_ours)
{
    struct store_facts f = {0};
    struct store_want want = {.acct = acct, .first = 0, .last = -1, .upto_us = INT64_MIN, .k = UINT64_MAX};
    *ret_ours = true;
    BL_TRY(store_load(x, w->store, store_writer(w->store), &want, &f));
    for (size_t i = 0; i < f.n_face; i++)
        if (bl_str_eq(f.face[i].source, OWN_SOURCE) && bl_str_eq(f.face[i].id, id))
            *ret_ours = false;
    return BL_OK;
}

enum bl_err work_own_refuses(
        struct bl_ctx *x, struct work *w, store_acct acct, const struct bl_fact *f, struct bl_str *ret_why)
{
    bool ours = false;
    *ret_why = BL_ABSENT;
    if (f->type == BL_FACT_RETRACT && bl_str_eq(f->field[BL_F_TARGET_SOURCE], OWN_SOURCE)) {
        BL_TRY(names_own(x, w, acct, f->field[BL_F_TARGET_ID], &ours));
    } else if (w->owns && bl_fact_is_life(f->type)) {
        struct q_own_get row;
        uint32_t bucket = store_bucket_of(w->store, f->account);
        BL_TRY(q_own_get(x, store_writer(w->store), bucket, store_uuid(&f->account), store_uuid(&f->resource),
                &row, &ours));
    }
    if (ours)
        *ret_why = BL_STR("managed: this resource was made through the API and is changed through it alone");
    return BL_OK;
}
