/* Deployments and rollbacks of a customer's apps. */
#include "api/inner.h"

/* Unknown, another's, gone, ill-formed: all the same to who asks. */
enum bl_err api_app_of_path(struct call *c, struct work_app *ret)
{
    bl_uuid app;
    BL_TRY(api_need_account(c));
    BL_TRY(api_uuid_of_path(c, 0, &app));
    return work_app_get(c->x, c->db, &c->account, app, ret);
}

/* What every write begins with, in the order in which a caller would mend things. */
static enum bl_err app_to_write(struct call *c, struct work_app *ret)
{
    BL_TRY(api_app_of_path(c, ret));
    BL_TRY(api_need_apps(c));
    return api_body(c);
}

/* Types asked for: the parameter may come many times, in either spelling, or hold several parted by commas.
 */
static enum bl_err types_read(struct call *c, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < c->n_query; i++) {
        struct bl_str v = c->query[i].value;
        if (!bl_str_is(c->query[i].key, "deployment_types") &&
                !bl_str_is(c->query[i].key, "deployment_types[]"))
            continue;
        for (size_t at = 0; at < v.n;) {
            size_t end = at;
            enum bl_deployment_type type;
            while (end < v.n && v.p[end] != ',')
                end++;
            struct bl_str word = {v.p + at, end - at};
            at = end + 1;
            if (word.n == 0)
                continue;
            if (!bl_deployment_type_find(word, &type))
                return bl_fail(c->x, BL_INVALID, "deployment_types: there is no type %s.",
                        bl_shown(&c->x->arena, word));
            *ret |= 1u << type;
        }
    }
    return BL_OK;
}

static enum bl_err list(struct call *c, const struct work_app *a, uint32_t types)
{
    int64_t *number = NULL, total = 0;
    size_t n = 0;
    BL_TRY(work_deployment_list(
            c->x, c->db, a, types, c->per_page, (c->page - 1) * c->per_page, &number, &n, &total));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "deployments");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        struct work_deployment d;
        BL_TRY(work_deployment_nth(c->x, c->db, a, number[i], &d));
        BL_TRY(api_deployment_write(c, a, &d));
    }
    bl_jw_end_array(&c->j);
    api_links(c, total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err apps_list_deployments(struct call *c)
{
    struct work_app a;
    uint32_t types = 0;
    BL_TRY(store_read_begin(c->x, c->db));
    enum bl_err e = api_app_of_path(c, &a);
    if (e == BL_OK)
        e = types_read(c, &types);
    if (e == BL_OK)
        e = list(c, &a, types);
    store_read_end(c->db);
    return e;
}

enum bl_err apps_get_deployment(struct call *c)
{
    struct work_app a;
    struct work_deployment d;
    bl_uuid id;
    BL_TRY(api_app_of_path(c, &a));
    BL_TRY(api_uuid_of_path(c, 1, &id));
    BL_TRY(work_deployment_get(c->x, c->db, &a, id, &d));
    return api_deployment_answer(c, &a, &d);
}

enum bl_err apps_create_deployment(struct call *c)
{
    struct work_app a;
    struct work_deployment d;
    struct work_deployment_new in = {.type = BL_DEPLOYMENT_MANUAL};
    BL_TRY(app_to_write(c, &a));
    BL_TRY(api_body_bool(c, "force_build", &in.force_build));
    BL_TRY(work_deployment_add(c->x, c->work, c->actor, c->api->o.apps, &a, &in, &d));
    return api_deployment_answer(c, &a, &d);
}

enum bl_err apps_cancel_deployment(struct call *c)
{
    struct work_app a;
    struct work_deployment d;
    bl_uuid id;
    BL_TRY(api_app_of_path(c, &a));
    BL_TRY(api_uuid_of_path(c, 1, &id));
    BL_TRY(work_deployment_get(c->x, c->db, &a, id, &d));
    BL_TRY(api_need_apps(c));
    BL_TRY(work_deployment_cancel(c->x, c->work, c->actor, &a, id, &d));
    return api_deployment_answer(c, &a, &d);
}

/* ---- rollbacks */

/* The deployment a body names; of another app it is as unknown as one that never was. */
static enum bl_err target_read(struct call *c, bl_uuid *ret)
{
    struct bl_str s;
    BL_TRY(api_body_str(c, "deployment_id", &s));
    if (!bl_is(s))
        return bl_fail(c->x, BL_INVALID, "deployment_id is required.");
    if (!bl_uuid_parse(s, ret))
        return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    return BL_OK;
}

enum bl_err apps_create_rollback(struct call *c)
{
    struct work_app a;
    struct work_deployment d;
    bl_uuid target;
    bool skip_pin = false;
    BL_TRY(app_to_write(c, &a));
    BL_TRY(api_body_bool(c, "skip_pin", &skip_pin));
    BL_TRY(target_read(c, &target));
    BL_TRY(work_rollback_add(c->x, c->work, c->actor, c->api->o.apps, &a, target, skip_pin, &d));
    return api_deployment_answer(c, &a, &d);
}

static void condition(
        struct call *c, enum bl_rollback code, const char *message, const struct bl_spec_names *names)
{
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "code", bl_rollback_word(code));
    bl_jw_kz(&c->j, "message", message);
    if (names) {
        bl_jw_key(&c->j, "components");
        bl_jw_begin_array(&c->j);
        for (size_t i = 0; i < names->n; i++)
            bl_jw_str(&c->j, names->at[i]);
        bl_jw_end_array(&c->j);
    }
    bl_jw_end_object(&c->j);
}

enum bl_err apps_validate_rollback(struct call *c)
{
    struct work_app a;
    struct work_rollback r;
    bl_uuid target;
    bool skip_pin = false;
    BL_TRY(api_app_of_path(c, &a));
    BL_TRY(api_body(c)); /* it asks and changes nothing: it is answered whoever deploys */
    BL_TRY(api_body_bool(c, "skip_pin", &skip_pin));
    BL_TRY(target_read(c, &target));
    BL_TRY(work_rollback_check(c->x, c->db, &a, target, &r));
    bl_jw_begin_object(&c->j);
    bl_jw_kbool(&c->j, "valid", r.failing == BL_ROLLBACK_OK);
    if (r.failing != BL_ROLLBACK_OK) {
        bl_jw_key(&c->j, "error");
        condition(c, r.failing, r.why, NULL);
    }
    bl_jw_key(&c->j, "warnings");
    bl_jw_begin_array(&c->j);
    if (r.sites.n > 0)
        condition(c, BL_ROLLBACK_STATIC_SITE_REQUIRES_REBUILD,
                "Static sites are built again, which takes its time.", &r.sites);
    if (r.images.n > 0)
        condition(c, BL_ROLLBACK_IMAGE_SOURCE_MISSING_DIGEST,
                "Images without a digest may hold something else by now.", &r.images);
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err apps_commit_rollback(struct call *c)
{
    struct work_app a;
    BL_TRY(app_to_write(c, &a));
    return work_rollback_commit(c->x, c->work, c->actor, &a);
}

enum bl_err apps_revert_rollback(struct call *c)
{
    struct work_app a;
    struct work_deployment d;
    BL_TRY(app_to_write(c, &a));
    BL_TRY(work_rollback_revert(c->x, c->work, c->actor, c->api->o.apps, &a, &d));
    return api_deployment_answer(c, &a, &d);
}
