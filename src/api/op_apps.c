/* The operator's side: apps made for customers, and deployments that a push or maintenance asks for. */
#include "api/inner.h"

#include <string.h>

static enum bl_err app_write(struct call *c, const struct work_app *a)
{
    struct bl_jw *j = &c->j;
    struct bl_str spec;
    char uuid[37];
    BL_TRY(work_spec_get(c->x, c->db, a, a->row.spec, &spec));
    bl_uuid_text(a->app, uuid);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "id", uuid);
    bl_jw_kstr(j, "account", api_urn(c->x, BL_URN_TEAM, a->owner->uuid));
    bl_jw_kstr(j, "name", a->row.name);
    bl_jw_kstr(j, "region", a->row.region);
    bl_jw_kstr(j, "tier_slug", a->row.tier_slug);
    bl_jw_key(j, "spec");
    bl_jw_raw(j, spec);
    bl_jw_kbool(j, "pinned", a->row.pin_n > 0);
    bl_jw_key(j, "active_deployment_id");
    if (a->row.active_n > 0) {
        struct work_deployment d;
        BL_TRY(work_deployment_nth(c->x, c->db, a, a->row.active_n, &d));
        bl_uuid_text(d.id, uuid);
        bl_jw_z(j, uuid);
    } else {
        bl_jw_null(j);
    }
    api_ktime_us(c, "created_at", a->row.created_us);
    bl_jw_end_object(j);
    return BL_OK;
}

static enum bl_err app_answer(struct call *c, const struct work_app *a)
{
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "app");
    BL_TRY(app_write(c, a));
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static enum bl_err app_of_path(struct call *c, struct work_app *ret)
{
    bl_uuid app;
    BL_TRY(api_uuid_of_path(c, 0, &app));
    return work_app_find(c->x, c->work, c->db, app, &c->account, ret);
}

static enum bl_err owner_read(struct call *c, struct bl_str urn)
{
    bl_uuid owner;
    if (!bl_urn_parse(urn, BL_URN_TEAM, &owner))
        return bl_fail(c->x, BL_INVALID, "account must have the form " BL_URN_TEAM "<uuid>.");
    return work_account_get(c->x, c->work, c->db, owner, &c->account);
}

enum bl_err apps_add(struct call *c)
{
    struct work_app_new in = {0};
    struct work_app a;
    struct bl_str owner;
    BL_TRY(api_need_apps(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "account", &owner));
    if (!bl_is(owner))
        return bl_fail(c->x, BL_INVALID, "account is required.");
    BL_TRY(owner_read(c, owner));
    BL_TRY(api_body_str(c, "name", &in.name));
    BL_TRY(api_body_str(c, "region", &in.region));
    BL_TRY(api_body_str(c, "tier_slug", &in.tier_slug));
    in.spec = bl_json_get(c->json, "spec");
    if (in.spec && in.spec->type == BL_JSON_NULL)
        in.spec = NULL;
    BL_TRY(work_app_add(c->x, c->work, c->actor, c->api->o.apps, &c->account, c->book, &in, &a));
    c->out->status = 201;
    return app_answer(c, &a);
}

enum bl_err apps_get(struct call *c)
{
    struct work_app a;
    BL_TRY(app_of_path(c, &a));
    return app_answer(c, &a);
}

enum bl_err apps_delete(struct call *c)
{
    struct work_app a;
    BL_TRY(app_of_path(c, &a));
    BL_TRY(api_need_apps(c));
    BL_TRY(work_app_drop(c->x, c->work, c->actor, &a));
    c->out->status = 204;
    return BL_OK;
}

enum bl_err apps_deploy(struct call *c)
{
    struct work_app a;
    struct work_deployment d;
    struct work_deployment_new in = {.type = BL_DEPLOYMENT_DEPLOY_ON_PUSH};
    struct bl_str type;
    BL_TRY(app_of_path(c, &a));
    BL_TRY(api_need_apps(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "deployment_type", &type));
    if (bl_is(type) && !bl_deployment_type_find(type, &in.type))
        return bl_fail(
                c->x, BL_INVALID, "deployment_type: there is no type %s.", bl_shown(&c->x->arena, type));
    BL_TRY(api_body_str(c, "cause", &in.cause));
    BL_TRY(api_body_bool(c, "force_build", &in.force_build));
    in.spec = bl_json_get(c->json, "spec");
    if (in.spec && in.spec->type == BL_JSON_NULL)
        in.spec = NULL;
    BL_TRY(work_deployment_add(c->x, c->work, c->actor, c->api->o.apps, &a, &in, &d));
    c->out->status = 201;
    return api_deployment_answer(c, &a, &d);
}

/* ---- the list */

static enum bl_err row_write(struct call *c, struct bl_str owner, struct bl_str app)
{
    struct work_app a;
    bl_uuid o, u;
    memcpy(o.b, owner.p, sizeof o.b);
    memcpy(u.b, app.p, sizeof u.b);
    BL_TRY(work_account_get(c->x, c->work, c->db, o, &c->account));
    BL_TRY(work_app_get(c->x, c->db, &c->account, u, &a));
    return app_write(c, &a);
}

static enum bl_err list_all(struct call *c, int64_t *ret_total)
{
    struct q_app_page *row = NULL;
    struct q_app_count count;
    size_t n = 0;
    bool found = false;
    BL_TRY(q_app_count(c->x, c->db, &count, &found));
    BL_TRY(q_app_page(c->x, c->db, c->per_page, (c->page - 1) * c->per_page, &row, &n));
    for (size_t i = 0; i < n; i++)
        BL_TRY(row_write(c, row[i].account, row[i].app));
    *ret_total = count.n;
    return BL_OK;
}

static enum bl_err list_of(struct call *c, struct bl_str urn, int64_t *ret_total)
{
    struct q_app_of_account_page *row = NULL;
    struct q_app_of_account_count count;
    size_t n = 0;
    bool found = false;
    BL_TRY(owner_read(c, urn));
    struct bl_str owner = store_uuid(&c->account.uuid);
    BL_TRY(q_app_of_account_count(c->x, c->db, c->account.bucket, owner, &count, &found));
    BL_TRY(q_app_of_account_page(
            c->x, c->db, c->account.bucket, owner, c->per_page, (c->page - 1) * c->per_page, &row, &n));
    for (size_t i = 0; i < n; i++)
        BL_TRY(row_write(c, row[i].account, row[i].app));
    *ret_total = count.n;
    return BL_OK;
}

static enum bl_err list(struct call *c)
{
    struct bl_str urn = api_query(c, "account");
    int64_t total = 0;
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "apps");
    bl_jw_begin_array(&c->j);
    BL_TRY(bl_is(urn) ? list_of(c, urn, &total) : list_all(c, &total));
    bl_jw_end_array(&c->j);
    api_links(c, total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err apps_list(struct call *c)
{
    BL_TRY(store_read_begin(c->x, c->db)); /* rows and what they name, in one view */
    enum bl_err e = list(c);
    store_read_end(c->db);
    return e;
}
