/* holder: roles that one process at a time has on a shared database, such as asking the driver of volumes. On
 * a file there is one process anyway, and all of this does nothing. */
#ifndef BILLOW_WORK_HOLDER_H
#define BILLOW_WORK_HOLDER_H

#include "work/work.h"

enum work_role { WORK_ROLE_VOLUMES, WORK_ROLE_COUNT };

/* Takes the role, before the process serves anything. Waits until a holder that is silent can be taken for
 * gone (WORK_HOLDER_SILENT_US); BL_CONFLICT when it is not. */
#define WORK_HOLDER_SILENT_US (10 * BL_US)
#define WORK_HOLDER_BEAT_US (2 * BL_US)
BL_MUST_CHECK enum bl_err work_role_take(struct bl_ctx *x, struct work *w, enum work_role role);
/* Inside a transaction: is it still ours? BL_UNAVAILABLE when another process has it meanwhile. */
BL_MUST_CHECK enum bl_err work_role_check(struct bl_ctx *x, struct work *w, enum work_role role);
void work_roles_beat(struct work *w);                   /* every WORK_HOLDER_BEAT_US; any thread */
void work_roles_give(struct bl_ctx *x, struct work *w); /* at the end; alone with the store */

#endif
