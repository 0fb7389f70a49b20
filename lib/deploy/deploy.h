/* deploy: what may become of an app's deployment, how far it has come, and what a rollback may go back to.
 * Pure tables over plain structs; a spec is the app's own JSON. */
#ifndef BILLOW_DEPLOY_H
#define BILLOW_DEPLOY_H

#include "json/json.h"

enum bl_phase {
#define P(name, next) BL_PHASE_##name,
#include "deploy/phases.def"
#undef P
    BL_PHASE_COUNT
};
const char *bl_phase_word(enum bl_phase p); /* as the wire has it: "PENDING_BUILD" */
bool bl_phase_find(struct bl_str word, enum bl_phase *ret);
bool bl_phase_open(enum bl_phase p);                     /* it has not finished */
bool bl_phase_may(enum bl_phase from, enum bl_phase to); /* the table of moves: never to itself */
bool bl_phase_is_step(enum bl_phase p); /* PENDING_BUILD to ACTIVE: the way a good one goes */

enum bl_deployment_type {
#define T(name, cause) BL_DEPLOYMENT_##name,
#include "deploy/types.def"
#undef T
    BL_DEPLOYMENT_TYPE_COUNT
};
const char *bl_deployment_type_word(enum bl_deployment_type t);
bool bl_deployment_type_find(struct bl_str word, enum bl_deployment_type *ret);
const char *bl_deployment_type_cause(enum bl_deployment_type t); /* what is said when nobody says why */

/* ---- progress: two steps, building and deploying, as the phase tells them.
 * reached: the furthest of the phases from PENDING_BUILD to ACTIVE. What ended before it was ACTIVE (an
 * error, cancelled, superseded) has failed at the step it had come to, so that who waits for it waits no
 * longer. */
enum bl_step { BL_STEP_PENDING, BL_STEP_RUNNING, BL_STEP_SUCCESS, BL_STEP_ERROR, BL_STEP_STATUS_COUNT };
enum { BL_STEP_BUILD, BL_STEP_DEPLOY, BL_STEP_COUNT };
struct bl_progress {
    enum bl_step step[BL_STEP_COUNT];
    int count[BL_STEP_STATUS_COUNT]; /* of each status; they sum to BL_STEP_COUNT */
};
void bl_deploy_progress(enum bl_phase phase, enum bl_phase reached, struct bl_progress *ret);
const char *bl_step_word(enum bl_step s); /* "PENDING" */

/* ---- rollback */
enum bl_rollback {
    BL_ROLLBACK_OK,
#define C(name, word) BL_ROLLBACK_##name,
#include "deploy/conditions.def"
#undef C
};
const char *bl_rollback_word(enum bl_rollback c); /* "app_pinned"; "" when all is well */
struct bl_rollback_to {
    bool pinned;                      /* the app is, by an earlier rollback */
    enum bl_phase phase;              /* of the deployment to go back to */
    bool was_active;                  /* it is or has been */
    int64_t back;                     /* how many that have been ACTIVE are newer than it */
    struct bl_str tier;               /* of the app */
    const struct bl_json *spec, *now; /* its own; that of what is ACTIVE now, NULL: nothing is */
};
/* The first condition that fails, in the order of the table; *ret_limit: how far back this tier may go. */
enum bl_rollback bl_rollback_check(const struct bl_rollback_to *to, int64_t *ret_limit);

/* ---- specs */
bool bl_json_same(
        const struct bl_json *a, const struct bl_json *b); /* key order does not count; NULL is absent */
extern const char *const bl_spec_kinds[];                  /* "services", ...; NULL ends it */
/* A spec must be an object; what is read here must have its type: name and region strings, each list of
 * components an array of objects whose names are strings and whose image is an object. BL_INVALID says which
 * is not. */
BL_MUST_CHECK enum bl_err bl_spec_check(struct bl_ctx *x, const struct bl_json *spec);
/* Names of the components that a rollback's warning is about; what has no name is counted under "". Arena. */
struct bl_spec_names {
    struct bl_str *at;
    size_t n, cap;
};
void bl_spec_static_sites(struct bl_ctx *x, const struct bl_json *spec, struct bl_spec_names *ret);
void bl_spec_images_without_digest(struct bl_ctx *x, const struct bl_json *spec, struct bl_spec_names *ret);

#endif
