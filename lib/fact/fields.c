/* Which data member may stand where, and which are personal. */
#include "fact/fields.h"

#include <string.h>

const struct fact_field fact_fields[BL_F_COUNT] = {
#define FIELD(id, name, least, max, personal, carriers, shape)                                               \
    [BL_F_##id] = {BL_F_##id, name, sizeof(name) - 1, least, max, personal, carriers, shape},
#include "fact/fields.def"
#undef FIELD
};

bool bl_field_personal(enum bl_field f, enum bl_fact_type t)
{
    (void)t;
    return fact_fields[f].personal;
}

void bl_field_digest(struct bl_str text, uint8_t ret[16])
{
    uint8_t whole[32];
    bl_sha256(text.p, text.n, whole);
    memcpy(ret, whole, 16);
}
