/* apps: what an operator runs for customers, and what is deployed of each.
 *
 *     app  -->  deployment 1, 2, 3 ...   one at most has not finished, one at most is ACTIVE
 *
 * A new deployment supersedes the one that has not finished; one that becomes ACTIVE supersedes the one that
 * was. Who deploys is an agent that takes work and reports (see below), or nobody: where deployments are only
 * recorded, each is ACTIVE as soon as it is made. An app is billed by facts made here.
 *
 * Verbs that write open and end their own transaction, as everywhere in work. */
#ifndef BILLOW_WORK_APPS_H
#define BILLOW_WORK_APPS_H

#include "deploy/deploy.h"
#include "work/work.h"

enum work_apps { WORK_APPS_OFF, WORK_APPS_RECORD, WORK_APPS_AGENT };

struct work_app {
    const struct work_account *owner;
    bl_uuid app;
    struct q_app_get row;
};
struct work_deployment {
    bl_uuid id;
    enum bl_phase phase, reached;
    struct q_deployment_get row;
};

/* ---- looking. Whatever of these is unknown, another account's, or gone: BL_NOT_FOUND. */
BL_MUST_CHECK enum bl_err work_app_get(struct bl_ctx *x, struct store_db *db,
        const struct work_account *owner, bl_uuid app, struct work_app *ret);
/* For the operator, who need not say whose it is: *ret_owner is filled and lent to *ret. */
BL_MUST_CHECK enum bl_err work_app_find(struct bl_ctx *x, struct work *w, struct store_db *db, bl_uuid app,
        struct work_account *ret_owner, struct work_app *ret);
BL_MUST_CHECK enum bl_err work_deployment_get(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        bl_uuid deployment, struct work_deployment *ret);
BL_MUST_CHECK enum bl_err work_deployment_nth(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        int64_t n, struct work_deployment *ret);
BL_MUST_CHECK enum bl_err work_spec_get(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        struct bl_str digest, struct bl_str *ret_json);
/* Numbers of an app's deployments, newest first. types: bits (1 << type); 0: all. */
BL_MUST_CHECK enum bl_err work_deployment_list(struct bl_ctx *x, struct store_db *db,
        const struct work_app *a, uint32_t types, int64_t limit, int64_t offset, int64_t **ret, size_t *ret_n,
        int64_t *ret_total);

/* ---- apps */
struct work_app_new {
    struct bl_str name, region, tier_slug; /* absent: the spec's name, the spec's region or "", "basic" */
    const struct bl_json *spec;            /* NULL: of nothing but the name */
};
/* Makes it with its first deployment. BL_INVALID also when the price book knows what an app costs, but not at
 * this instant. */
BL_MUST_CHECK enum bl_err work_app_add(struct bl_ctx *x, struct work *w, const char *actor,
        enum work_apps mode, const struct work_account *owner, const struct bl_book *book,
        const struct work_app_new *in, struct work_app *ret);
/* What has not finished of it is cancelled. */
BL_MUST_CHECK enum bl_err work_app_drop(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *a);

/* ---- deployments. ret: as it is answered, in PENDING_BUILD, also where it is ACTIVE at the next look. */
struct work_deployment_new {
    enum bl_deployment_type type;
    struct bl_str cause; /* absent: the type's own words */
    bool force_build;
    const struct bl_json *spec; /* NULL: the app's as it is */
};
/* BL_CONFLICT: a rollback pins the app. */
BL_MUST_CHECK enum bl_err work_deployment_add(struct bl_ctx *x, struct work *w, const char *actor,
        enum work_apps mode, const struct work_app *a, const struct work_deployment_new *in,
        struct work_deployment *ret);
/* BL_CONFLICT: it has finished. */
BL_MUST_CHECK enum bl_err work_deployment_cancel(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_app *a, bl_uuid deployment, struct work_deployment *ret);

/* ---- rollbacks */
struct work_rollback {
    enum bl_rollback failing;           /* BL_ROLLBACK_OK: it may be gone back to */
    const char *why;                    /* a sentence about it */
    struct bl_spec_names sites, images; /* what a rollback rebuilds, and what it may find changed */
};
BL_MUST_CHECK enum bl_err work_rollback_check(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        bl_uuid deployment, struct work_rollback *ret);
/* BL_CONFLICT: pinned already; BL_INVALID: another condition fails, its word begins the sentence. */
BL_MUST_CHECK enum bl_err work_rollback_add(struct bl_ctx *x, struct work *w, const char *actor,
        enum work_apps mode, const struct work_app *a, bl_uuid deployment, bool skip_pin,
        struct work_deployment *ret);
/* The rollback stays and the app is free again. BL_CONFLICT: nothing pins it, or the rollback does not run.
 */
BL_MUST_CHECK enum bl_err work_rollback_commit(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *a);
/* Deploys the spec before the rollback, and the app is free again. BL_CONFLICT: nothing pins it. */
BL_MUST_CHECK enum bl_err work_rollback_revert(struct bl_ctx *x, struct work *w, const char *actor,
        enum work_apps mode, const struct work_app *a, struct work_deployment *ret);

/* ---- work for agents. A lease lasts a minute on the monotonic clock, every report renews it, and what a
 * lapsed one held is handed out again. It stands in the store: any process of the database takes its reports,
 * and a restart ends none. */
enum { WORK_LEASE_S = 60, WORK_LEASE_DIGITS = 64 };
struct work_task {
    char lease[WORK_LEASE_DIGITS + 1];
    struct work_account owner;
    struct work_app app;
    struct work_deployment deployment;
};
/* At most `max` of what waits and nobody works at, the oldest first; none is no failure. */
BL_MUST_CHECK enum bl_err work_tasks_take(
        struct bl_ctx *x, struct work *w, size_t max, struct work_task **ret, size_t *ret_n);
/* How many there are, up to max (which is not 0). Any thread. */
BL_MUST_CHECK enum bl_err work_tasks_waiting(
        struct bl_ctx *x, struct work *w, struct store_db *db, size_t max, size_t *ret_n);
/* How far an agent has come, or BL_PHASE_ERROR with what went wrong. *ret_cancel: the deployment has ended
 * meanwhile, nothing more is to be done for it. BL_CONFLICT: the lease has lapsed, or the phase lies behind;
 * BL_NOT_FOUND: this is no lease. The same phase again only renews. */
BL_MUST_CHECK enum bl_err work_task_report(struct bl_ctx *x, struct work *w, const char *actor,
        struct bl_str lease, enum bl_phase phase, struct bl_str error, bool *ret_cancel);

/* ---- traffic: what one UTC day's facts of the meter that provides app_bandwidth say of an app, in whole
 * bytes, as text. Facts after now_us are not known yet; without such a meter every app has "0". */
struct work_traffic {
    const struct bl_usage_total *usage; /* of that meter and day */
    size_t n;
    bool gib; /* its unit */
};
BL_MUST_CHECK enum bl_err work_traffic_load(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *owner, const struct bl_book *book, bl_day day, int64_t now_us,
        struct work_traffic *ret);
struct bl_str work_traffic_bytes(struct bl_ctx *x, const struct work_traffic *t, bl_uuid app);

#endif
