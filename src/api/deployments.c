/* A deployment in the contract's words, and what calls about apps have in common. */
#include "api/inner.h"

#include <string.h>

enum bl_err api_uuid_of_path(struct call *c, int segment, bl_uuid *ret)
{
    if (bl_uuid_parse(c->segment[segment], ret))
        return BL_OK;
    return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

struct bl_str api_uuid_or_absent(struct bl_ctx *x, struct bl_str bytes)
{
    bl_uuid u;
    char text[37];
    if (bytes.n != sizeof u.b)
        return BL_ABSENT;
    memcpy(u.b, bytes.p, sizeof u.b);
    bl_uuid_text(u, text);
    return bl_str_dup(&x->arena, bl_str_of(text));
}

enum bl_err api_need_apps(struct call *c)
{
    if (c->api->o.apps != WORK_APPS_OFF)
        return BL_OK;
    return bl_fail(c->x, BL_FORBIDDEN,
            "Apps can be read here, not written: this server runs without --apps agent or --apps record.");
}

/* {"name": ...} of each component that the spec names. */
static void components(struct call *c, const struct bl_json *spec)
{
    for (size_t i = 0; bl_spec_kinds[i]; i++) {
        const struct bl_json *list = bl_json_get(spec, bl_spec_kinds[i]);
        bl_jw_key(&c->j, bl_spec_kinds[i]);
        bl_jw_begin_array(&c->j);
        for (const struct bl_json *m = list ? list->first : NULL; m; m = m->next) {
            struct bl_str name = bl_json_str(m, "name");
            bl_jw_begin_object(&c->j);
            bl_jw_kstr(&c->j, "name", bl_is(name) ? name : BL_STR(""));
            bl_jw_end_object(&c->j);
        }
        bl_jw_end_array(&c->j);
    }
}

static void step(struct call *c, const struct bl_progress *p, int at, const struct work_deployment *d)
{
    static const struct {
        const char *name, *message;
    } steps[] = {
            [BL_STEP_BUILD] = {"build", "Building"},
            [BL_STEP_DEPLOY] = {"deploy", "Deploying"},
    };
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "name", steps[at].name);
    bl_jw_kz(&c->j, "status", bl_step_word(p->step[at]));
    bl_jw_kz(&c->j, "message_base", steps[at].message);
    if (p->step[at] == BL_STEP_ERROR) {
        bl_jw_key(&c->j, "reason");
        bl_jw_begin_object(&c->j);
        bl_jw_kz(&c->j, "code", bl_phase_word(d->phase));
        bl_jw_kstr(&c->j, "message", d->row.error);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_object(&c->j);
}

static void progress(struct call *c, const struct work_deployment *d)
{
    struct bl_progress p;
    bl_deploy_progress(d->phase, d->reached, &p);
    bl_jw_key(&c->j, "progress");
    bl_jw_begin_object(&c->j);
    bl_jw_kint(&c->j, "pending_steps", p.count[BL_STEP_PENDING]);
    bl_jw_kint(&c->j, "running_steps", p.count[BL_STEP_RUNNING]);
    bl_jw_kint(&c->j, "success_steps", p.count[BL_STEP_SUCCESS]);
    bl_jw_kint(&c->j, "error_steps", p.count[BL_STEP_ERROR]);
    bl_jw_kint(&c->j, "total_steps", BL_STEP_COUNT);
    bl_jw_key(&c->j, "steps");
    bl_jw_begin_array(&c->j);
    for (int i = 0; i < BL_STEP_COUNT; i++)
        step(c, &p, i, d);
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
}

enum bl_err api_deployment_write(struct call *c, const struct work_app *a, const struct work_deployment *d)
{
    struct bl_jw *j = &c->j;
    struct bl_str text;
    struct bl_json *spec = NULL;
    char uuid[37];
    bool moved = d->row.phase_us != INT64_MIN;
    BL_TRY(work_spec_get(c->x, c->db, a, d->row.spec, &text));
    BL_TRY(bl_json_parse(c->x, text, &spec));
    bl_uuid_text(d->id, uuid);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "id", uuid);
    bl_jw_key(j, "spec");
    bl_jw_raw(j, text);
    components(c, spec);
    bl_jw_kstr(j, "cause", d->row.cause);
    struct bl_str from = api_uuid_or_absent(c->x, d->row.cloned_from);
    if (bl_is(from))
        bl_jw_kstr(j, "cloned_from", from);
    progress(c, d);
    bl_jw_kz(j, "phase", bl_phase_word(d->phase));
    if (moved) /* before the first change: the zero of the clients' own clock */
        api_ktime_us(c, "phase_last_updated_at", d->row.phase_us);
    else
        bl_jw_kz(j, "phase_last_updated_at", "0001-01-01T00:00:00Z");
    bl_jw_kstr(j, "tier_slug", d->row.tier_slug);
    api_ktime_us(c, "created_at", d->row.created_us);
    api_ktime_us(c, "updated_at", moved ? d->row.phase_us : d->row.created_us);
    bl_jw_end_object(j);
    return BL_OK;
}

enum bl_err api_deployment_answer(struct call *c, const struct work_app *a, const struct work_deployment *d)
{
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "deployment");
    BL_TRY(api_deployment_write(c, a, d));
    bl_jw_end_object(&c->j);
    return BL_OK;
}
