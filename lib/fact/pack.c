/* The packed form of a fact:
 *
 *     type  time  source  id  flags  [resource]  [quantity]  [resource_id]  reset  has  (field)*
 *
 * `has` has a bit a field that follows; a personal field follows as 16 bytes of digest, another as text. */
#include "fact/fields.h"

#include <string.h>

enum { RESOURCE = 1, QUANTITY = 2, QUANTITY_RESET = 4, ID = 8, ID_RESET = 16 };

void bl_fact_pack(struct bl_buf *b, const struct bl_fact *f)
{
    uint32_t has = 0;
    for (size_t i = 0; i < BL_F_COUNT; i++)
        has |= bl_is(f->field[i]) ? 1u << i : 0;
    unsigned flags = (f->has_resource ? RESOURCE : 0u) | (f->has_quantity ? QUANTITY : 0u) |
                     (f->reset_quantity ? QUANTITY_RESET : 0u) | (f->has_resource_id ? ID : 0u) |
                     (f->reset_resource_id ? ID_RESET : 0u);
    bl_buf_byte(b, (uint8_t)f->type);
    bl_put_sv(b, f->time_us);
    bl_put_str(b, f->source);
    bl_put_str(b, f->id);
    bl_buf_byte(b, (uint8_t)flags);
    if (f->has_resource)
        bl_buf_put(b, f->resource.b, sizeof f->resource.b);
    if (f->has_quantity)
        bl_put_u128(b, (unsigned __int128)f->quantity.pico);
    if (f->has_resource_id)
        bl_put_uv(b, (uint64_t)f->resource_id);
    bl_put_uv(b, f->reset);
    bl_put_uv(b, has);
    for (size_t i = 0; i < BL_F_COUNT; i++) {
        uint8_t digest[16];
        if (!bl_is(f->field[i]))
            continue;
        if (fact_fields[i].personal) {
            bl_field_digest(f->field[i], digest);
            bl_buf_put(b, digest, sizeof digest);
        } else {
            bl_put_str(b, f->field[i]);
        }
    }
}

/* What was packed from a fact that was read: nothing else is taken, whatever the bytes say. */
static bool plausible(const struct bl_fact *f, unsigned flags, uint64_t reset, uint64_t has)
{
    const int64_t year_10000_us = bl_period_start_s(12 * (10000 - 1970)) * BL_US;
    return f->type >= BL_FACT_CREATE && f->type <= BL_FACT_RETRACT && f->time_us >= 0 &&
           f->time_us < year_10000_us && bl_is(f->source) && bl_is(f->id) && flags < 2 * ID_RESET &&
           reset >> BL_F_COUNT == 0 && has >> BL_F_COUNT == 0 && f->quantity.pico >= 0;
}

static void unpack_fields(struct bl_rd *r, uint64_t has, struct bl_fact *f, struct bl_fact_digests *d)
{
    for (size_t i = 0; i < BL_F_COUNT && !r->bad; i++) {
        if (!(has >> i & 1))
            continue;
        if (!fact_fields[i].personal) {
            f->field[i] = bl_get_str(r);
            r->bad = r->bad || !bl_is(f->field[i]);
            continue;
        }
        const uint8_t *digest = bl_get_bytes(r, 16);
        if (digest) {
            memcpy(d->d[i], digest, 16);
            d->has |= 1u << i;
        }
    }
}

enum bl_err bl_fact_unpack(
        struct bl_ctx *x, struct bl_rd *r, struct bl_fact *ret, struct bl_fact_digests *ret_digests)
{
    const uint8_t *type = bl_get_bytes(r, 1);
    memset(ret, 0, sizeof *ret);
    ret_digests->has = 0;
    ret->type = type ? (enum bl_fact_type) * type : 0;
    ret->time_us = bl_get_sv(r);
    ret->source = bl_get_str(r);
    ret->id = bl_get_str(r);
    const uint8_t *flag_byte = bl_get_bytes(r, 1);
    unsigned flags = flag_byte ? *flag_byte : 0;
    const uint8_t *uuid = flags & RESOURCE ? bl_get_bytes(r, 16) : NULL;
    if (uuid)
        memcpy(ret->resource.b, uuid, 16);
    ret->has_resource = uuid != NULL;
    ret->has_quantity = flags & QUANTITY;
    ret->reset_quantity = flags & QUANTITY_RESET;
    ret->has_resource_id = flags & ID;
    ret->reset_resource_id = flags & ID_RESET;
    if (ret->has_quantity)
        ret->quantity.pico = (__int128)bl_get_u128(r);
    if (ret->has_resource_id)
        ret->resource_id = (int64_t)bl_get_uv(r);
    uint64_t reset = bl_get_uv(r), has = bl_get_uv(r);
    ret->reset = (uint32_t)reset;
    unpack_fields(r, has, ret, ret_digests);
    if (r->bad || !plausible(ret, flags, reset, has))
        return bl_fail(x, BL_INTERNAL, "A stored fact is damaged.");
    return BL_OK;
}
