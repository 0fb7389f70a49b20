/* zone: time zones by name, read from the system's zone files once and kept. */
#ifndef BILLOW_ZONE_H
#define BILLOW_ZONE_H

#include "cal/cal.h"

/* *ret stays valid for the process; NULL for "UTC" and for an absent name. BL_INVALID when there is no such
 * zone. */
BL_MUST_CHECK enum bl_err zone_find(struct bl_ctx *x, struct bl_str name, const struct bl_zone **ret);

#endif
