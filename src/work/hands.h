/* hands: threads for what takes long and is no reading: asking drivers. Few, so that what is behind a driver
 * is not asked more at once than it bears; what waits, waits in line. */
#ifndef BILLOW_WORK_HANDS_H
#define BILLOW_WORK_HANDS_H

#include "work/work.h"

typedef void work_hand_fn(struct work *w, void *arg);
BL_MUST_CHECK enum bl_err work_hands_start(struct bl_ctx *x, struct work *w);
void work_hands_submit(struct work *w, work_hand_fn *fn, void *arg);
/* Does what is in line and returns when nothing runs. Call it after driver_stop, before work_writer_stop. */
void work_hands_stop(struct work *w);
/* Is work_hands_stop waiting? What takes long on such a thread asks, and gives up. */
bool work_hands_stopping(struct work *w);

/* On such a thread (or any other that is not the writer's): runs a writing verb on the writer thread and
 * waits for it. The context is the caller's. */
typedef enum bl_err work_turn_fn(struct bl_ctx *x, struct work *w, void *arg);
BL_MUST_CHECK enum bl_err work_on_writer(struct bl_ctx *x, struct work *w, work_turn_fn *fn, void *arg);

#endif
