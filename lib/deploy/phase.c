/* Phases, types and progress: tables, and the few questions asked of them. */
#include "deploy/deploy.h"

#include <assert.h>

static const struct {
    const char *word;
    unsigned next;
} phases[] = {
#define P(name, next) {#name, next},
#include "deploy/phases.def"
#undef P
};

static const struct {
    const char *word, *cause;
} types[] = {
#define T(name, cause) {#name, cause},
#include "deploy/types.def"
#undef T
};

const char *bl_phase_word(enum bl_phase p)
{
    assert(p < BL_PHASE_COUNT);
    return phases[p].word;
}

bool bl_phase_find(struct bl_str word, enum bl_phase *ret)
{
    for (size_t i = 0; i < BL_COUNT(phases); i++)
        if (bl_str_is(word, phases[i].word)) {
            *ret = (enum bl_phase)i;
            return true;
        }
    return false;
}

bool bl_phase_may(enum bl_phase from, enum bl_phase to)
{
    assert(from < BL_PHASE_COUNT && to < BL_PHASE_COUNT);
    return (phases[from].next >> to) & 1;
}

bool bl_phase_open(enum bl_phase p)
{
    return bl_phase_may(p, BL_PHASE_ACTIVE);
}

bool bl_phase_is_step(enum bl_phase p)
{
    return bl_phase_open(p) || p == BL_PHASE_ACTIVE;
}

const char *bl_deployment_type_word(enum bl_deployment_type t)
{
    assert(t < BL_DEPLOYMENT_TYPE_COUNT);
    return types[t].word;
}

const char *bl_deployment_type_cause(enum bl_deployment_type t)
{
    assert(t < BL_DEPLOYMENT_TYPE_COUNT);
    return types[t].cause;
}

bool bl_deployment_type_find(struct bl_str word, enum bl_deployment_type *ret)
{
    for (size_t i = 0; i < BL_COUNT(types); i++)
        if (bl_str_is(word, types[i].word)) {
            *ret = (enum bl_deployment_type)i;
            return true;
        }
    return false;
}

/* ---- progress */

const char *bl_step_word(enum bl_step s)
{
    static const char *const words[] = {"PENDING", "RUNNING", "SUCCESS", "ERROR"};
    assert(s < BL_STEP_STATUS_COUNT);
    return words[s];
}

void bl_deploy_progress(enum bl_phase phase, enum bl_phase reached, struct bl_progress *ret)
{
    static const enum bl_step at[BL_PHASE_COUNT][BL_STEP_COUNT] = {
            [BL_PHASE_BUILDING] = {BL_STEP_RUNNING, BL_STEP_PENDING},
            [BL_PHASE_PENDING_DEPLOY] = {BL_STEP_SUCCESS, BL_STEP_PENDING},
            [BL_PHASE_DEPLOYING] = {BL_STEP_SUCCESS, BL_STEP_RUNNING},
            [BL_PHASE_ACTIVE] = {BL_STEP_SUCCESS, BL_STEP_SUCCESS},
    };
    assert(bl_phase_is_step(reached));
    struct bl_progress p = {0};
    bool ended = !bl_phase_is_step(phase);
    for (int i = 0; i < BL_STEP_COUNT; i++) {
        p.step[i] = at[reached][i];
        if (ended && p.step[i] != BL_STEP_SUCCESS) {
            p.step[i] = BL_STEP_ERROR;
            ended = false; /* the step it failed at; those after it never began */
        }
        p.count[p.step[i]]++;
    }
    *ret = p;
}
