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

enum bl_err bl_fact_unpack(
        struct bl_ctx *x, struct bl_rd *r, struct bl_fact *ret, struct bl_fact_digests *ret_digests)
{
    const uint8_t *type = bl_get_bytes(r, 1);
    *ret = (struct bl_fact){.type = type ? (enum bl_fact_type) * type : 0};
    ret_digests->has = 0;
    ret->time_us = bl_get_sv(r);
    ret->source = bl_get_str(r);
    ret->id = bl_get_str(r);
    const uint8_t *flags = bl_get_bytes(r, 1);
    unsigned have = flags ? *flags : 0;
    const uint8_t *uuid = have & RESOURCE ? bl_get_bytes(r, 16) : NULL;
    if (uuid)
        memcpy(ret->resource.b, uuid, 16);
    ret->has_resource = uuid != NULL;
    ret->has_quantity = have & QUANTITY;
    ret->reset_quantity = have & QUANTITY_RESET;
    ret->has_resource_id = have & ID;
    ret->reset_resource_id = have & ID_RESET;
    if (ret->has_quantity)
        ret->quantity.pico = (__int128)bl_get_u128(r);
    if (ret->has_resource_id)
        ret->resource_id = (int64_t)bl_get_uv(r);
    ret->reset = (uint32_t)bl_get_uv(r);
    uint64_t has = bl_get_uv(r);
    for (size_t i = 0; i < BL_F_COUNT && !r->bad; i++) {
        if (!(has & (1u << i)))
            continue;
        if (!fact_fields[i].personal) {
            ret->field[i] = bl_get_str(r);
            continue;
        }
        const uint8_t *digest = bl_get_bytes(r, 16);
        if (digest) {
            memcpy(ret_digests->d[i], digest, 16);
            ret_digests->has |= 1u << i;
        }
    }
    bool known = ret->type >= BL_FACT_CREATE && ret->type <= BL_FACT_RETRACT && ret->quantity.pico >= 0;
    if (r->bad || !known || has >> BL_F_COUNT || !bl_is(ret->source) || !bl_is(ret->id))
        return bl_fail(x, BL_INTERNAL, "A stored fact is damaged.");
    return BL_OK;
}
