/* Work for agents: deployments that wait, taken under a lease, and reports of how far they have come. */
#include "api/inner.h"

#define WAIT_MAX 60
#define TAKE_MAX 100
#define ERROR_MAX 4096

/* A whole number of a body, written without point and exponent. */
static enum bl_err whole_read(
        struct call *c, const char *key, int64_t least, int64_t most, int64_t fallback, int64_t *ret)
{
    const struct bl_json *v = bl_json_get(c->json, key);
    *ret = fallback;
    if (!v || v->type == BL_JSON_NULL)
        return BL_OK;
    bool good = v->type == BL_JSON_NUMBER && v->text.n > 0 && v->text.n < 10;
    int64_t n = 0;
    for (size_t i = 0; good && i < v->text.n; i++) {
        good = v->text.p[i] >= '0' && v->text.p[i] <= '9';
        n = n * 10 + (v->text.p[i] - '0');
    }
    if (!good || n < least || n > most)
        return bl_fail(c->x, BL_INVALID, "%s must be a whole number from %lld to %lld.", key,
                (long long)least, (long long)most);
    *ret = n;
    return BL_OK;
}

static enum bl_err task_write(struct call *c, const struct work_task *t)
{
    const struct work_deployment *d = &t->deployment;
    struct bl_jw *j = &c->j;
    struct bl_str spec;
    char uuid[37];
    BL_TRY(work_spec_get(c->x, c->db, &t->app, d->row.spec, &spec));
    bl_jw_begin_object(j);
    bl_jw_kz(j, "lease", t->lease);
    bl_uuid_text(d->id, uuid);
    bl_jw_kz(j, "deployment_id", uuid);
    bl_uuid_text(t->app.app, uuid);
    bl_jw_kz(j, "app_id", uuid);
    bl_jw_kstr(j, "account", api_urn(c->x, BL_URN_TEAM, t->owner.uuid));
    bl_jw_kz(j, "phase", bl_phase_word(d->phase));
    bl_jw_key(j, "spec");
    bl_jw_raw(j, spec);
    bl_jw_kbool(j, "force_build", d->row.force_build != 0);
    bl_jw_key(j, "cloned_from");
    bl_jw_str(j, api_uuid_or_absent(c->x, d->row.cloned_from));
    api_ktime_us(c, "expires_at", c->x->now_us + WORK_LEASE_S * BL_US);
    bl_jw_end_object(j);
    return BL_OK;
}

enum bl_err work_take(struct call *c)
{
    struct work_task *task = NULL;
    int64_t wait_s = 0, max = 1;
    size_t n = 0;
    const char *why;
    BL_TRY(api_need_apps(c));
    BL_TRY(api_body(c));
    if (bl_json_get(c->json, "phase")) /* its lease was empty, and the path without it asks for work */
        return bl_fail(c->x, BL_INVALID, "A report names its lease: POST /operator/v1/work/{lease}.");
    BL_TRY(whole_read(c, "wait", 0, WAIT_MAX, 0, &wait_s));
    BL_TRY(whole_read(c, "max", 1, TAKE_MAX, 1, &max));
    bool ready = api_ready(c->api, &why); /* who stops hands out nothing: nobody may hear of it */
    if (ready)
        BL_TRY(work_tasks_take(c->x, c->work, (size_t)max, &task, &n));
    if (n == 0 && wait_s > 0 && ready && c->in->may_wait) {
        c->out->status = 0;
        c->out->wait_s = wait_s;
        return BL_OK;
    }
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "work");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++)
        BL_TRY(task_write(c, &task[i]));
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err work_report(struct call *c)
{
    struct bl_str word, error;
    enum bl_phase phase;
    bool cancel = false;
    BL_TRY(api_need_apps(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "phase", &word));
    BL_TRY(api_body_str(c, "error", &error));
    if (!bl_is(word))
        return bl_fail(c->x, BL_INVALID, "phase is required.");
    if (!bl_phase_find(word, &phase) || !(bl_phase_is_step(phase) || phase == BL_PHASE_ERROR))
        return bl_fail(c->x, BL_INVALID,
                "phase must be PENDING_BUILD, BUILDING, PENDING_DEPLOY, DEPLOYING, ACTIVE or ERROR.");
    if (error.n > ERROR_MAX)
        return bl_fail(c->x, BL_INVALID, "error: at most %d bytes.", ERROR_MAX);
    if (!bl_is(error) || phase != BL_PHASE_ERROR)
        error = BL_STR("");
    BL_TRY(work_task_report(c->x, c->work, c->actor, c->segment[0], phase, error, &cancel));
    bl_jw_begin_object(&c->j);
    bl_jw_kbool(&c->j, "cancel", cancel);
    bl_jw_end_object(&c->j);
    return BL_OK;
}
