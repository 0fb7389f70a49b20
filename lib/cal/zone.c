/* Local time: a table of "from this instant on, this offset", looked up by halves. */
#include "cal/cal.h"

#define SEARCH_S (26 * BL_HOUR_S) /* no offset is larger */

/* How many transitions have happened at utc_s; it is also the index of the next one. */
static size_t happened(const struct bl_zone *z, int64_t utc_s)
{
    size_t low = 0, high = z->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (z->at_s[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int32_t bl_zone_offset_s(const struct bl_zone *z, int64_t utc_s)
{
    if (z == NULL)
        return 0;
    size_t n = happened(z, utc_s);
    return n == 0 ? z->first_offset_s : z->offset_s[n - 1];
}

/* The first instant whose local clock shows `local_s` or later. Clocks jump, so each stretch of one offset
 * around it is asked in turn: within one, local = utc + offset. */
static int64_t first_showing(const struct bl_zone *z, int64_t local_s)
{
    int64_t from = local_s - SEARCH_S;
    for (size_t i = happened(z, from);; i++) {
        int64_t at = local_s - bl_zone_offset_s(z, from);
        if (at < from)
            at = from; /* the hour was skipped: the jump itself */
        if (i >= z->n || at < z->at_s[i])
            return at;
        from = z->at_s[i];
    }
}

int64_t bl_zone_month_start_s(const struct bl_zone *z, int64_t utc_s)
{
    int64_t local_s = utc_s + bl_zone_offset_s(z, utc_s);
    int64_t month_s = bl_period_start_s(bl_period_of(local_s * BL_US));
    return z == NULL ? month_s : first_showing(z, month_s);
}
