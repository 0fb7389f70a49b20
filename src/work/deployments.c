/* Deployments: made, moved from phase to phase, ended. Every change of phase goes through work_deploy_move,
 * which asks the table of moves and does what follows: who becomes ACTIVE supersedes the one that was, who
 * has finished waits for no agent any more.
 *
 * Their uuids ascend as they are made, so that lists ordered by time and uuid show an app's deployments in
 * the order of their numbers, also on a clock that stands still. */
#include "work/apps_inner.h"

#include <assert.h>
#include <string.h>

#define NEVER INT64_MIN

struct bl_str work_uuid_str(struct bl_ctx *x, bl_uuid u)
{
    char text[37];
    bl_uuid_text(u, text);
    return bl_str_dup(&x->arena, bl_str_of(text));
}

/* ---- looking */

enum bl_err work_deployment_nth(struct bl_ctx *x, struct store_db *db, const struct work_app *a, int64_t n,
        struct work_deployment *ret)
{
    bool found = false;
    BL_TRY(q_deployment_get(
            x, db, a->owner->bucket, store_uuid(&a->owner->uuid), store_uuid(&a->app), n, &ret->row, &found));
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    memcpy(ret->id.b, ret->row.deployment.p, sizeof ret->id.b);
    if (!bl_phase_find(ret->row.phase, &ret->phase) || !bl_phase_find(ret->row.reached, &ret->reached))
        return bl_fail(x, BL_INTERNAL, "A deployment has a phase that this program does not know.");
    return BL_OK;
}

enum bl_err work_deployment_get(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        bl_uuid deployment, struct work_deployment *ret)
{
    struct q_deployment_find row;
    bool found = false;
    BL_TRY(q_deployment_find(x, db, a->owner->bucket, store_uuid(&a->owner->uuid), store_uuid(&a->app),
            store_uuid(&deployment), &row, &found));
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    return work_deployment_nth(x, db, a, row.n, ret);
}

struct numbers {
    int64_t *at;
    size_t n, cap;
};
struct chosen {
    struct bl_ctx *x;
    uint32_t types;
    int64_t limit, offset, total;
    struct numbers numbers;
};

static enum bl_err choose(void *arg, const struct q_deployment_types *row)
{
    struct chosen *c = arg;
    enum bl_deployment_type type;
    if (!bl_deployment_type_find(row->type, &type) || !(c->types & 1u << type))
        return BL_OK;
    if (c->total >= c->offset && c->total < c->offset + c->limit)
        *BL_PUSH(&c->x->arena, c->numbers) = row->n;
    c->total++;
    return BL_OK;
}

static enum bl_err list_all(struct bl_ctx *x, struct store_db *db, const struct work_app *a, struct chosen *c)
{
    struct q_deployment_count count;
    struct q_deployment_page *row = NULL;
    size_t n = 0;
    bool found = false;
    struct bl_str owner = store_uuid(&a->owner->uuid), app = store_uuid(&a->app);
    BL_TRY(q_deployment_count(x, db, a->owner->bucket, owner, app, &count, &found));
    BL_TRY(q_deployment_page(x, db, a->owner->bucket, owner, app, c->limit, c->offset, &row, &n));
    c->total = count.n;
    for (size_t i = 0; i < n; i++)
        *BL_PUSH(&x->arena, c->numbers) = row[i].n;
    return BL_OK;
}

enum bl_err work_deployment_list(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        uint32_t types, int64_t limit, int64_t offset, int64_t **ret, size_t *ret_n, int64_t *ret_total)
{
    struct chosen c = {.x = x, .types = types, .limit = limit, .offset = offset};
    if (types == 0)
        BL_TRY(list_all(x, db, a, &c));
    else
        BL_TRY(q_deployment_types(
                x, db, a->owner->bucket, store_uuid(&a->owner->uuid), store_uuid(&a->app), choose, &c));
    *ret = c.numbers.at;
    *ret_n = c.numbers.n;
    *ret_total = c.total;
    return BL_OK;
}

/* ---- moving */

enum bl_err work_app_set(struct bl_ctx *x, struct work *w, struct work_app *a)
{
    return q_app_set(x, store_writer(w->store), a->owner->bucket, store_uuid(&a->owner->uuid),
            store_uuid(&a->app), a->row.spec, a->row.last_n, a->row.active_n, a->row.pin_n, a->row.pin_spec);
}

static enum bl_err supersede_active(struct bl_ctx *x, struct work *w, struct work_app *a)
{
    struct work_deployment was;
    if (a->row.active_n == 0)
        return BL_OK;
    BL_TRY(work_deployment_nth(x, store_writer(w->store), a, a->row.active_n, &was));
    return work_deploy_move(x, w, a, &was, BL_PHASE_SUPERSEDED, BL_STR(""));
}

enum bl_err work_deploy_move(struct bl_ctx *x, struct work *w, struct work_app *a, struct work_deployment *d,
        enum bl_phase to, struct bl_str error)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str owner = store_uuid(&a->owner->uuid), app = store_uuid(&a->app);
    if (!bl_phase_may(d->phase, to))
        return bl_fail(x, BL_CONFLICT, "The deployment is %s and cannot become %s.", bl_phase_word(d->phase),
                bl_phase_word(to));
    bool was_open = bl_phase_open(d->phase);
    d->phase = to;
    if (bl_phase_is_step(to))
        d->reached = to;
    BL_TRY(q_deployment_move(x, db, a->owner->bucket, owner, app, d->row.n, bl_str_of(bl_phase_word(to)),
            bl_str_of(bl_phase_word(d->reached)), error, x->now_us));
    if (was_open && !bl_phase_open(to)) {
        BL_TRY(q_app_work_drop(x, db, a->owner->bucket, owner, app));
        work_lease_forget(w, a->app, d->row.n);
    }
    if (to == BL_PHASE_ACTIVE) {
        BL_TRY(supersede_active(x, w, a));
        a->row.active_n = d->row.n;
        BL_TRY(work_app_set(x, w, a));
    }
    d->row.phase_us = x->now_us;
    d->row.error = error;
    return BL_OK;
}

enum bl_err work_deploy_stop(struct bl_ctx *x, struct work *w, const struct work_app *a, enum bl_phase as)
{
    struct store_db *db = store_writer(w->store);
    struct q_app_work_get open;
    struct work_deployment d;
    struct work_app mine = *a;
    bool found = false;
    BL_TRY(q_app_work_get(
            x, db, a->owner->bucket, store_uuid(&a->owner->uuid), store_uuid(&a->app), &open, &found));
    if (!found)
        return BL_OK;
    BL_TRY(work_deployment_nth(x, db, a, open.n, &d));
    return work_deploy_move(x, w, &mine, &d, as, BL_STR(""));
}

/* ---- making one */

/* Version 7: milliseconds, then the number within the app, then chance. */
static bl_uuid deployment_uuid(int64_t now_us, int64_t n)
{
    bl_uuid u = work_uuid_random();
    uint64_t ms = (uint64_t)(now_us / 1000);
    for (int i = 0; i < 6; i++)
        u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    u.b[6] = (uint8_t)(0x70 | ((n >> 26) & 0x0f));
    u.b[7] = (uint8_t)(n >> 18);
    u.b[8] = (uint8_t)(0x80 | ((n >> 12) & 0x3f));
    u.b[9] = (uint8_t)(n >> 4);
    u.b[10] = (uint8_t)(((n & 0x0f) << 4) | (u.b[10] & 0x0f));
    return u;
}

enum bl_err work_deploy(struct bl_ctx *x, struct work *w, enum work_apps mode, struct work_app *a,
        const struct work_deployment_new *in, struct bl_str spec, const struct work_deployment *from,
        struct work_deployment *ret)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str owner = store_uuid(&a->owner->uuid), app = store_uuid(&a->app);
    int64_t n = a->row.last_n + 1;
    bl_uuid id = deployment_uuid(x->now_us, n);
    struct bl_str cause = bl_is(in->cause) ? in->cause : bl_str_of(bl_deployment_type_cause(in->type));
    struct bl_str start = bl_str_of(bl_phase_word(BL_PHASE_PENDING_BUILD));
    if (n >= 1 << 30)
        return bl_fail(x, BL_CONFLICT, "This app has had all the deployments that can be numbered.");
    BL_TRY(work_deploy_stop(x, w, a, BL_PHASE_SUPERSEDED));
    a->row.last_n = n;
    a->row.spec = spec;
    BL_TRY(work_app_set(x, w, a));
    BL_TRY(q_deployment_put(x, db, a->owner->bucket, owner, app, n, store_uuid(&id),
            bl_str_of(bl_deployment_type_word(in->type)), cause, in->force_build,
            from ? store_uuid(&from->id) : BL_STR(""), a->row.tier_slug, spec, start, start, x->now_us,
            NEVER));
    BL_TRY(q_app_work_put(x, db, a->owner->bucket, owner, app, n, x->now_us));
    BL_TRY(work_deployment_nth(x, db, a, n, ret));
    if (mode == WORK_APPS_AGENT)
        return BL_OK;
    struct work_deployment at_once = *ret;
    return work_deploy_move(x, w, a, &at_once, BL_PHASE_ACTIVE, BL_STR(""));
}

static enum bl_err add(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_app *seen, const struct work_deployment_new *in, struct work_deployment *ret)
{
    struct work_app now, *a = &now;
    BL_TRY(work_app_again(x, w, seen, a));
    struct bl_str spec = a->row.spec;
    if (a->row.pin_n > 0)
        return bl_fail(x, BL_CONFLICT,
                "A rollback pins this app: commit or revert it, and it can be deployed again.");
    if (in->spec)
        BL_TRY(work_spec_put(x, w, a->owner, in->spec, a->row.name, &spec));
    BL_TRY(work_deploy(x, w, mode, a, in, spec, NULL, ret));
    return work_audit(x, w, actor, "deployment.add", work_uuid_str(x, ret->id), ret->row.cause);
}

enum bl_err work_deployment_add(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_app *a, const struct work_deployment_new *in, struct work_deployment *ret)
{
    if (in->spec)
        BL_TRY(bl_spec_check(x, in->spec));
    if (in->cause.n > 255)
        return bl_fail(x, BL_INVALID, "cause: at most 255 bytes.");
    BL_TRY(work_begin(x, w));
    return work_end(x, w, add(x, w, actor, mode, a, in, ret));
}

static enum bl_err cancel(struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *a,
        bl_uuid deployment, struct work_deployment *ret)
{
    struct work_app now;
    BL_TRY(work_app_again(x, w, a, &now));
    BL_TRY(work_deployment_get(x, store_writer(w->store), &now, deployment, ret));
    if (!bl_phase_open(ret->phase))
        return bl_fail(x, BL_CONFLICT, "The deployment is %s: there is nothing to cancel.",
                bl_phase_word(ret->phase));
    BL_TRY(work_deploy_move(x, w, &now, ret, BL_PHASE_CANCELED, BL_STR("")));
    return work_audit(x, w, actor, "deployment.cancel", work_uuid_str(x, ret->id), BL_ABSENT);
}

enum bl_err work_deployment_cancel(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_app *a, bl_uuid deployment, struct work_deployment *ret)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, cancel(x, w, actor, a, deployment, ret));
}
