/* Private to cal: transitions while a zone is being decoded, and the POSIX rule that continues them. */
#ifndef BILLOW_CAL_TZRULE_H
#define BILLOW_CAL_TZRULE_H

#include "cal/cal.h"

struct tz_change {
    int64_t at_s;
    int32_t offset_s;
};
struct tz_table {
    struct tz_change *at; /* at_s ascends */
    size_t n, cap;
    int32_t first_offset_s;
};

/* Appends what the rule ("GMT0BST,M3.5.0/1,M10.5.0") says from the last transition (or 1970) through the year
 * 2100. False when the text is not a rule. */
bool tz_rule_expand(struct bl_arena *a, struct bl_str rule, struct tz_table *t);

#endif
