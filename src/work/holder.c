#include "work/holder.h"
#include "work/inner.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LOOK_US 250000

static const char *const role_names[] = {"volumes"};

static struct bl_str me(struct work *w)
{
    return (struct bl_str){(const char *)w->process.b, sizeof w->process.b};
}

static enum bl_err look(
        struct bl_ctx *x, struct work *w, enum work_role role, struct q_holder_get *ret, bool *ret_found)
{
    return q_holder_get(x, store_writer(w->store), bl_str_of(role_names[role]), ret, ret_found);
}

/* Takes it when it is nobody's, or still stands as it was seen. */
static enum bl_err take(struct bl_ctx *x, struct work *w, enum work_role role,
        const struct q_holder_get *seen, bool *ret_mine)
{
    struct q_holder_get now = {0};
    bool found = false;
    BL_TRY(look(x, w, role, &now, &found));
    *ret_mine = !found || (seen && bl_str_eq(seen->process, now.process) && seen->beat == now.beat);
    if (!*ret_mine)
        return BL_OK;
    return q_holder_put(x, store_writer(w->store), bl_str_of(role_names[role]), me(w));
}

static enum bl_err try_take(struct bl_ctx *x, struct work *w, enum work_role role,
        const struct q_holder_get *seen, bool *ret_mine)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, take(x, w, role, seen, ret_mine));
}

enum bl_err work_role_take(struct bl_ctx *x, struct work *w, enum work_role role)
{
    struct q_holder_get first = {0}, now = {0};
    bool mine = false, found = false;
    if (!store_is_shared(w->store))
        return BL_OK;
    BL_TRY(try_take(x, w, role, NULL, &mine));
    if (!mine)
        BL_TRY(look(x, w, role, &first, &found));
    for (int64_t until_us = work_mono_us() + WORK_HOLDER_SILENT_US; !mine && work_mono_us() < until_us;) {
        usleep(LOOK_US);
        BL_TRY(look(x, w, role, &now, &found));
        if (found && (!bl_str_eq(now.process, first.process) || now.beat != first.beat))
            return bl_fail(x, BL_CONFLICT,
                    "Another server of this database has --%s; one at a time can have it.", role_names[role]);
    }
    if (!mine)
        BL_TRY(try_take(x, w, role, &first, &mine));
    if (!mine)
        return bl_fail(x, BL_CONFLICT, "Another server has taken --%s just now.", role_names[role]);
    w->role[role] = true;
    return BL_OK;
}

enum bl_err work_role_check(struct bl_ctx *x, struct work *w, enum work_role role)
{
    struct q_holder_get now = {0};
    bool found = false;
    if (!store_is_shared(w->store))
        return BL_OK;
    BL_TRY(look(x, w, role, &now, &found));
    if (found && bl_str_eq(now.process, me(w)))
        return BL_OK;
    return bl_fail(x, BL_UNAVAILABLE, "Another server has taken --%s over.", role_names[role]);
}

static enum bl_err beat(struct bl_ctx *x, struct work *w)
{
    for (int i = 0; i < WORK_ROLE_COUNT; i++) {
        int64_t n = 1;
        if (w->role[i])
            BL_TRY(q_holder_beat(x, store_writer(w->store), bl_str_of(role_names[i]), me(w), &n));
        if (n == 0)
            fprintf(stderr, "billow: another server has taken --%s over\n", role_names[i]);
        w->role[i] = w->role[i] && n > 0;
    }
    return BL_OK;
}

static void beat_job(struct bl_ctx *x, struct work *w, void *arg)
{
    (void)arg;
    enum bl_err e = work_begin(x, w);
    if (e == BL_OK)
        e = work_end(x, w, beat(x, w));
    if (e != BL_OK)
        fprintf(stderr, "billow: keeping a role: %s\n", x->why);
}

static bool any_role(const struct work *w)
{
    bool any = false;
    for (int i = 0; i < WORK_ROLE_COUNT; i++)
        any = any || w->role[i];
    return any;
}

void work_roles_beat(struct work *w)
{
    if (store_is_shared(w->store))
        work_writer_submit(w, beat_job, NULL);
}

static enum bl_err drop(struct bl_ctx *x, struct work *w)
{
    for (int i = 0; i < WORK_ROLE_COUNT; i++)
        if (w->role[i])
            BL_TRY(q_holder_drop(x, store_writer(w->store), bl_str_of(role_names[i]), me(w)));
    return BL_OK;
}

void work_roles_give(struct bl_ctx *x, struct work *w)
{
    if (!any_role(w))
        return;
    enum bl_err e = work_begin(x, w);
    if (e == BL_OK)
        e = work_end(x, w, drop(x, w));
    if (e != BL_OK)
        fprintf(stderr, "billow: giving a role back: %s\n", x->why);
    memset(w->role, 0, sizeof w->role);
}
