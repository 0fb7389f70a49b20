/* Content and order of facts. */
#include "fact/fact.h"

static bool same_fields(const struct bl_fact *a, const struct bl_fact *b)
{
    for (size_t i = 0; i < BL_F_COUNT; i++)
        if (!bl_str_eq(a->field[i], b->field[i]))
            return false;
    return true;
}

bool bl_fact_same(const struct bl_fact *a, const struct bl_fact *b)
{
    return a->type == b->type && bl_uuid_cmp(a->account, b->account) == 0 && a->time_us == b->time_us &&
           a->has_resource == b->has_resource &&
           (!a->has_resource || bl_uuid_cmp(a->resource, b->resource) == 0) && a->reset == b->reset &&
           a->has_quantity == b->has_quantity && a->reset_quantity == b->reset_quantity &&
           (!a->has_quantity || bl_dec_cmp(a->quantity, b->quantity) == 0) &&
           a->has_resource_id == b->has_resource_id && a->reset_resource_id == b->reset_resource_id &&
           (!a->has_resource_id || a->resource_id == b->resource_id) && same_fields(a, b);
}

int bl_fact_order(const struct bl_fact *a, const struct bl_fact *b)
{
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    int by_source = bl_str_cmp(a->source, b->source);
    return by_source ? by_source : bl_str_cmp(a->id, b->id);
}
