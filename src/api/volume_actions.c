/* Actions: attaching, detaching and growing volumes. An answer of 202 says that it has begun; the list says
 * where it stands. */
#include "api/inner.h"

static void action_write(struct call *c, const struct work_action *a)
{
    struct bl_jw *j = &c->j;
    bl_jw_begin_object(j);
    bl_jw_kint(j, "id", a->id);
    bl_jw_kstr(j, "status", a->status);
    bl_jw_kstr(j, "type", a->type);
    api_ktime_us(c, "started_at", a->started_us);
    if (a->completed_us == INT64_MAX)
        bl_jw_kstr(j, "completed_at", BL_ABSENT);
    else
        api_ktime_us(c, "completed_at", a->completed_us);
    bl_jw_kstr(j, "resource_id", BL_ABSENT); /* published as an integer, which a volume's id is not */
    bl_jw_kz(j, "resource_type", "volume");
    api_region(c, a->region);
    bl_jw_kstr(j, "region_slug", a->region);
    bl_jw_end_object(j);
}

static void one(struct call *c, const struct work_action *a)
{
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "action");
    action_write(c, a);
    bl_jw_end_object(&c->j);
}

static enum bl_err list(struct call *c, const bl_uuid *volume)
{
    struct work_action *a = NULL;
    size_t n = 0;
    int64_t total = 0;
    BL_TRY(store_read_begin(c->x, c->db));
    enum bl_err e = work_actions(c->x, c->work, c->db, &c->account, volume, (c->page - 1) * c->per_page,
            c->per_page, &a, &n, &total);
    store_read_end(c->db);
    BL_TRY(e);
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "actions");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++)
        action_write(c, &a[i]);
    bl_jw_end_array(&c->j);
    api_links(c, total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static enum bl_err get(struct call *c, struct bl_str text, struct work_action *ret)
{
    int64_t id = 0;
    if (!api_number(text, &id))
        return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    return work_action_get(c->x, c->work, c->db, &c->account, id, ret);
}

enum bl_err actions_list(struct call *c)
{
    BL_TRY(api_need_account(c));
    return list(c, NULL);
}

enum bl_err actions_get(struct call *c)
{
    struct work_action a;
    BL_TRY(api_need_account(c));
    BL_TRY(get(c, c->segment[0], &a));
    one(c, &a);
    return BL_OK;
}

enum bl_err volume_actions_list(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    return list(c, &v->id);
}

enum bl_err volume_actions_get(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    struct work_action a;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    BL_TRY(get(c, c->segment[1], &a));
    if (bl_uuid_cmp(a.volume, v->id) != 0)
        return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    one(c, &a);
    return BL_OK;
}

/* ---- beginning one */

static enum bl_err read_type(struct call *c, bool by_name, struct work_action_new *ret)
{
    static const struct {
        const char *word;
        enum driver_op op;
        bool by_name;
    } known[] = {{"attach", DRIVER_ATTACH, true}, {"detach", DRIVER_DETACH, true},
            {"resize", DRIVER_RESIZE, false}};
    struct bl_str type;
    BL_TRY(api_body_str(c, "type", &type));
    for (size_t i = 0; i < BL_COUNT(known); i++)
        if (bl_str_is(type, known[i].word) && (known[i].by_name || !by_name)) {
            ret->op = known[i].op;
            return BL_OK;
        }
    return bl_fail(c->x, BL_INVALID, "type: %s is wanted.",
            by_name ? "attach or detach" : "attach, detach or resize");
}

/* One that is unknown is told of before anything that is wrong with the rest. */
static enum bl_err read_droplet(struct call *c, const struct work_volumes *all, int64_t *ret)
{
    const struct bl_json *v = bl_json_get(c->json, "droplet_id");
    if (!v || v->type != BL_JSON_NUMBER || !api_number(v->text, ret))
        return bl_fail(c->x, BL_INVALID, "droplet_id: the number of a Droplet is wanted.");
    return work_droplet_find(all, *ret) ? BL_OK
                                        : bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

static enum bl_err read_action(
        struct call *c, const struct work_volumes *all, bool by_name, struct work_action_new *ret)
{
    struct bl_str tags;
    *ret = (struct work_action_new){0};
    BL_TRY(read_type(c, by_name, ret));
    if (ret->op != DRIVER_RESIZE)
        BL_TRY(read_droplet(c, all, &ret->droplet_id));
    BL_TRY(api_body_str(c, "region", &ret->region));
    BL_TRY(api_body_tags(c, &tags)); /* published, without an effect */
    if (ret->op != DRIVER_RESIZE)
        return BL_OK;
    BL_TRY(api_body_size(c, &ret->gib));
    return ret->gib ? BL_OK : bl_fail(c->x, BL_INVALID, "size_gigabytes is required.");
}

static enum bl_err begin(struct call *c, const struct work_volume *v, const struct work_action_new *in)
{
    struct work_action a;
    BL_TRY(work_action_begin(c->x, c->work, c->actor, &c->account, v->id, in, &a));
    c->out->status = 202;
    one(c, &a);
    return BL_OK;
}

enum bl_err volume_actions_post_by_id(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    struct work_action_new in;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    BL_TRY(api_volumes_on(c));
    BL_TRY(api_body(c));
    BL_TRY(read_action(c, &all, false, &in));
    return begin(c, v, &in);
}

enum bl_err volume_actions_post(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    struct work_action_new in;
    struct bl_str name;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volumes_on(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "volume_name", &name));
    if (!bl_is(name))
        return bl_fail(c->x, BL_INVALID, "volume_name: the name of the volume is required.");
    const struct bl_json *region = bl_json_get(c->json, "region");
    in.region = region && region->type == BL_JSON_STRING && region->text.n > 0 ? region->text : BL_ABSENT;
    enum bl_err e = api_volume_by_name(c, &all, name, in.region, &v);
    if (e == BL_NOT_FOUND)
        return e;
    BL_TRY(read_action(c, &all, true, &in));
    if (e != BL_OK)
        return api_volume_by_name(c, &all, name, in.region, &v); /* for its sentence */
    return begin(c, v, &in);
}
