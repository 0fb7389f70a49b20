/* What the files about apps share; all inside a transaction. */
#ifndef BILLOW_WORK_APPS_INNER_H
#define BILLOW_WORK_APPS_INNER_H

#include "work/apps.h"
#include "work/inner.h"

struct bl_str work_uuid_str(struct bl_ctx *x, bl_uuid u);
/* apps.c: keeps a spec's text; one without a name is given one after this. */
BL_MUST_CHECK enum bl_err work_spec_put(struct bl_ctx *x, struct work *w, const struct work_account *owner,
        const struct bl_json *spec, struct bl_str name, struct bl_str *ret_digest);

/* apps.c: an app, gone or not, whoever's. */
BL_MUST_CHECK enum bl_err work_app_find_any(struct bl_ctx *x, struct work *w, struct store_db *db,
        bl_uuid app, struct work_account *ret_owner, struct work_app *ret);
/* The same app as it stands now: what a verb decides by is read inside its transaction. */
BL_MUST_CHECK enum bl_err work_app_again(
        struct bl_ctx *x, struct work *w, const struct work_app *a, struct work_app *ret);
/* leases.c */
void work_lease_forget(struct work *w, bl_uuid app, int64_t n);

/* deployments.c: the app's row as it becomes (a is kept up to date); makes the next deployment, which
 * supersedes what has not finished. spec: digest of a text kept; from: what it is cloned from, or NULL. */
BL_MUST_CHECK enum bl_err work_app_set(struct bl_ctx *x, struct work *w, struct work_app *a);
BL_MUST_CHECK enum bl_err work_deploy(struct bl_ctx *x, struct work *w, enum work_apps mode,
        struct work_app *a, const struct work_deployment_new *in, struct bl_str spec,
        const struct work_deployment *from, struct work_deployment *ret);
/* Ends what has not finished, if there is such a one. */
BL_MUST_CHECK enum bl_err work_deploy_stop(
        struct bl_ctx *x, struct work *w, const struct work_app *a, enum bl_phase as);
/* To a phase that the table of moves allows, with all that follows from it. */
BL_MUST_CHECK enum bl_err work_deploy_move(struct bl_ctx *x, struct work *w, struct work_app *a,
        struct work_deployment *d, enum bl_phase to, struct bl_str error);

#endif
