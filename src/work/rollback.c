/* Rollbacks: a deployment of an earlier one's spec. It pins the app, so that nothing else is deployed before
 * somebody has said that it stays (commit) or that it goes (revert); the pin outlives a rollback that fails.
 */
#include "work/apps_inner.h"

static enum bl_err spec_tree(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        struct bl_str digest, struct bl_json **ret)
{
    struct bl_str text;
    BL_TRY(work_spec_get(x, db, a, digest, &text));
    return bl_json_parse(x, text, ret);
}

static const char *sentence(struct bl_ctx *x, enum bl_rollback failing, const struct work_app *a,
        const struct work_deployment *d, int64_t limit)
{
    struct bl_arena *m = &x->arena;
    const char *phase = bl_phase_word(d->phase);
    switch (failing) {
    case BL_ROLLBACK_APP_PINNED:
        return "A rollback pins this app already: commit or revert it first.";
    case BL_ROLLBACK_INCOMPATIBLE_PHASE:
        if (d->phase == BL_PHASE_ACTIVE)
            return "This deployment is the one that runs now.";
        return bl_str_printf(m, "This deployment is %s: it has not finished.", phase).p;
    case BL_ROLLBACK_INCOMPATIBLE_RESULT:
        return bl_str_printf(m, "This deployment ended as %s and never ran.", phase).p;
    case BL_ROLLBACK_EXCEEDED_REVISION_LIMIT:
        return bl_str_printf(m,
                "The tier \"%.*s\" keeps %lld earlier deployments to go back to, and this one is older.",
                BL_FMT(a->row.tier_slug), (long long)limit)
                .p;
    case BL_ROLLBACK_REGION_CONFLICT:
        return "This deployment ran in another region than the app does now.";
    case BL_ROLLBACK_DATABASE_CONFIG_CONFLICT:
        return "This deployment had other databases than the app has now.";
    default:
        return "";
    }
}

static enum bl_err check(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        const struct work_deployment *d, struct work_rollback *ret)
{
    struct q_deployment_back row;
    struct bl_json *spec = NULL, *now = NULL;
    struct work_deployment runs;
    bool found = false;
    int64_t limit = 0;
    BL_TRY(q_deployment_back(x, db, a->owner->bucket, store_uuid(&a->owner->uuid), store_uuid(&a->app),
            d->row.n, &row, &found));
    BL_TRY(spec_tree(x, db, a, d->row.spec, &spec));
    if (a->row.active_n > 0) {
        BL_TRY(work_deployment_nth(x, db, a, a->row.active_n, &runs));
        BL_TRY(spec_tree(x, db, a, runs.row.spec, &now));
    }
    struct bl_rollback_to to = {
            .pinned = a->row.pin_n > 0,
            .phase = d->phase,
            .was_active = d->reached == BL_PHASE_ACTIVE,
            .back = row.back,
            .tier = a->row.tier_slug,
            .spec = spec,
            .now = now,
    };
    ret->failing = bl_rollback_check(&to, &limit);
    ret->why = sentence(x, ret->failing, a, d, limit);
    bl_spec_static_sites(x, spec, &ret->sites);
    bl_spec_images_without_digest(x, spec, &ret->images);
    return BL_OK;
}

enum bl_err work_rollback_check(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        bl_uuid deployment, struct work_rollback *ret)
{
    struct work_deployment d;
    BL_TRY(work_deployment_get(x, db, a, deployment, &d));
    return check(x, db, a, &d, ret);
}

static enum bl_err unpin(struct bl_ctx *x, struct work *w, struct work_app *a)
{
    a->row.pin_n = 0;
    a->row.pin_spec = BL_STR("");
    return work_app_set(x, w, a);
}

static enum bl_err go_back(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_app *seen, bl_uuid deployment, bool skip_pin, struct work_deployment *ret)
{
    struct store_db *db = store_writer(w->store);
    struct work_rollback verdict;
    struct work_deployment to;
    struct work_app a;
    BL_TRY(work_app_again(x, w, seen, &a));
    BL_TRY(work_deployment_get(x, db, &a, deployment, &to));
    BL_TRY(check(x, db, &a, &to, &verdict));
    if (verdict.failing != BL_ROLLBACK_OK)
        return bl_fail(x, verdict.failing == BL_ROLLBACK_APP_PINNED ? BL_CONFLICT : BL_INVALID, "%s: %s",
                bl_rollback_word(verdict.failing), verdict.why);
    struct bl_str before = a.row.spec;
    struct work_deployment_new in = {
            .type = BL_DEPLOYMENT_MANUAL_ROLLBACK,
            .cause = bl_str_printf(&x->arena, "rolled back to %.*s", BL_FMT(work_uuid_str(x, to.id))),
    };
    BL_TRY(work_deploy(x, w, mode, &a, &in, to.row.spec, &to, ret));
    if (!skip_pin) {
        a.row.pin_n = ret->row.n;
        a.row.pin_spec = before;
        BL_TRY(work_app_set(x, w, &a));
    }
    return work_audit(x, w, actor, "deployment.rollback", work_uuid_str(x, ret->id), in.cause);
}

enum bl_err work_rollback_add(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_app *a, bl_uuid deployment, bool skip_pin, struct work_deployment *ret)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, go_back(x, w, actor, mode, a, deployment, skip_pin, ret));
}

static enum bl_err pinned(struct bl_ctx *x, struct work *w, const struct work_app *seen, struct work_app *ret)
{
    BL_TRY(work_app_again(x, w, seen, ret));
    return ret->row.pin_n > 0 ? BL_OK : bl_fail(x, BL_CONFLICT, "No rollback pins this app.");
}

static enum bl_err commit(struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *seen)
{
    struct work_app a;
    BL_TRY(pinned(x, w, seen, &a));
    if (a.row.pin_n != a.row.active_n)
        return bl_fail(x, BL_CONFLICT, "The rollback does not run: wait until it is ACTIVE, or revert it.");
    BL_TRY(unpin(x, w, &a));
    return work_audit(x, w, actor, "deployment.commit", work_uuid_str(x, a.app), a.row.name);
}

enum bl_err work_rollback_commit(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *a)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, commit(x, w, actor, a));
}

static enum bl_err revert(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_app *seen, struct work_deployment *ret)
{
    struct work_deployment_new in = {.cause = BL_STR("a rollback was reverted")};
    struct work_app a;
    BL_TRY(pinned(x, w, seen, &a));
    struct bl_str before = a.row.pin_spec;
    BL_TRY(unpin(x, w, &a));
    BL_TRY(work_deploy(x, w, mode, &a, &in, before, NULL, ret));
    return work_audit(x, w, actor, "deployment.revert", work_uuid_str(x, ret->id), in.cause);
}

enum bl_err work_rollback_revert(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_app *a, struct work_deployment *ret)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, revert(x, w, actor, mode, a, ret));
}
