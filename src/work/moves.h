/* Private to work: what a price book moves in closed periods. */
#ifndef BILLOW_WORK_MOVES_H
#define BILLOW_WORK_MOVES_H

#include "work/inner.h"

struct work_moved {
    store_acct acct;
    bl_period period;
    int64_t amount; /* 0: only taxes move */
};
struct work_moves;
/* Both books must outlast it; from_s: nothing before moves. */
struct work_moves *work_moves_begin(
        struct work *w, const struct bl_book *old, const struct bl_book *new, int64_t from_s);
void work_moves_end(struct work_moves *m); /* NULL is fine */
/* On any thread but the writer's: draws who was not drawn yet, or was written since. */
BL_MUST_CHECK enum bl_err work_moves_draw(struct bl_ctx *x, struct work_moves *m);
/* On the writer: are they what they are now? False: draw again, then ask again. A few milliseconds. */
BL_MUST_CHECK enum bl_err work_moves_settle(struct bl_ctx *x, struct work_moves *m, bool *ret_settled);
/* In the order of the accounts' uuids, then of periods. Into the arena. */
const struct work_moved *work_moves_list(struct bl_ctx *x, const struct work_moves *m, size_t *ret_n);

#endif
