/* The table of fields.def as data. */
#ifndef BILLOW_FACT_FIELDS_H
#define BILLOW_FACT_FIELDS_H

#include "fact/fact.h"

enum fact_carrier { L = 1, U = 2, A = 4, R = 8 };
enum fact_shape { TEXT, TAGS, FLAG, COUNTRY };
struct fact_field {
    enum bl_field field;
    const char *name;
    size_t name_n, least, max;
    bool personal;
    int carriers;
    enum fact_shape shape;
};
extern const struct fact_field fact_fields[BL_F_COUNT];

#endif
