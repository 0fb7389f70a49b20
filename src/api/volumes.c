/* Block storage as customers see it. What facts know is always listed; making and changing goes to the
 * driver, and without one is refused, so that nobody is billed for a volume that nobody made. */
#include "api/inner.h"

#include <string.h>
#include <strings.h>

enum bl_err api_volumes(struct call *c, struct work_volumes *ret)
{
    BL_TRY(api_need_account(c));
    BL_TRY(store_read_begin(c->x, c->db));
    enum bl_err e = work_volumes_load(c->x, c->work, c->db, &c->account, ret);
    store_read_end(c->db);
    return e;
}

static enum bl_err none(struct call *c)
{
    return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

enum bl_err api_volume_of_path(struct call *c, const struct work_volumes *all, const struct work_volume **ret)
{
    bl_uuid id;
    *ret = bl_uuid_parse(c->segment[0], &id) ? work_volume_find(all, id) : NULL;
    return *ret ? BL_OK : none(c);
}

bool api_in_region(struct bl_str have, struct bl_str wanted)
{
    return !bl_is(wanted) || (have.n == wanted.n && strncasecmp(have.p, wanted.p, have.n) == 0);
}

enum bl_err api_volume_by_name(struct call *c, const struct work_volumes *all, struct bl_str name,
        struct bl_str region, const struct work_volume **ret)
{
    *ret = NULL;
    for (size_t i = 0; i < all->n_volume; i++) {
        const struct work_volume *v = &all->volume[i];
        if (!bl_str_eq(v->name, name) || !api_in_region(v->region, region))
            continue;
        if (*ret)
            return bl_fail(c->x, BL_CONFLICT, "More than one volume has this name; give the region too.");
        *ret = v;
    }
    return *ret ? BL_OK : none(c);
}

enum bl_err api_volumes_on(struct call *c)
{
    if (work_volumes_driver(c->work) != DRIVER_OFF)
        return BL_OK;
    return bl_fail(c->x, BL_FORBIDDEN,
            "Volumes cannot be made or changed here: the operator has not started the server with "
            "--volumes.");
}

bool api_number(struct bl_str text, int64_t *ret)
{
    int64_t n = 0;
    if (text.n == 0 || text.n > 16 || text.p[0] == '0')
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        n = n * 10 + (text.p[i] - '0');
    }
    *ret = n;
    return true;
}

/* An unknown snapshot is told of before anything that is wrong with the rest. */
static enum bl_err snapshot_there(struct call *c, bl_uuid id)
{
    struct work_volumes all;
    BL_TRY(api_volumes(c, &all));
    const struct work_snapshot *s = work_snapshot_find(&all, id);
    return s && !s->has_number ? BL_OK : none(c);
}

/* An integer token: neither "10" nor 10.0. */
enum bl_err api_body_size(struct call *c, int64_t *ret)
{
    const struct bl_json *v = bl_json_get(c->json, "size_gigabytes");
    *ret = 0;
    if (!v || v->type == BL_JSON_NULL)
        return BL_OK;
    if (v->type == BL_JSON_NUMBER && api_number(v->text, ret) && *ret <= DRIVER_GIB_MAX)
        return BL_OK;
    return bl_fail(
            c->x, BL_INVALID, "size_gigabytes: a whole number from 1 to %d is wanted.", DRIVER_GIB_MAX);
}

enum bl_err api_body_tags(struct call *c, struct bl_str *ret)
{
    const struct bl_json *v = bl_json_get(c->json, "tags");
    struct bl_buf b = {0};
    bool ok = !v || v->type == BL_JSON_NULL || v->type == BL_JSON_ARRAY;
    *ret = BL_STR("");
    for (const struct bl_json *t = v && ok ? v->first : NULL; t && ok; t = t->next) {
        ok = t->type == BL_JSON_STRING && t->text.n > 0 && !memchr(t->text.p, '\n', t->text.n);
        if (b.n > 0)
            bl_buf_byte(&b, '\n');
        if (ok)
            bl_buf_str(&b, t->text);
    }
    if (b.n > 0)
        *ret = bl_str_dup(&c->x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return ok ? BL_OK : bl_fail(c->x, BL_INVALID, "tags: a list of words is wanted.");
}

void api_tags(struct call *c, struct bl_str tags)
{
    bl_jw_key(&c->j, "tags");
    bl_jw_begin_array(&c->j);
    while (tags.n > 0) {
        const char *end = memchr(tags.p, '\n', tags.n);
        size_t n = end ? (size_t)(end - tags.p) : tags.n;
        if (n > 0)
            bl_jw_str(&c->j, (struct bl_str){tags.p, n});
        n += end != NULL;
        tags.p += n;
        tags.n -= n;
    }
    bl_jw_end_array(&c->j);
}

void api_region(struct call *c, struct bl_str slug)
{
    struct bl_jw *j = &c->j;
    bl_jw_key(j, "region");
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "name", slug);
    bl_jw_kstr(j, "slug", slug);
    bl_jw_key(j, "sizes");
    bl_jw_begin_array(j);
    bl_jw_end_array(j);
    bl_jw_key(j, "features");
    bl_jw_begin_array(j);
    bl_jw_z(j, "storage");
    bl_jw_end_array(j);
    bl_jw_kbool(j, "available", true);
    bl_jw_end_object(j);
}

static void volume_write(struct call *c, const struct work_volume *v)
{
    struct bl_jw *j = &c->j;
    char id[37];
    bl_uuid_text(v->id, id);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "id", id);
    api_region(c, v->region);
    bl_jw_key(j, "droplet_ids");
    bl_jw_begin_array(j);
    if (v->attached)
        bl_jw_int(j, v->droplet_id);
    bl_jw_end_array(j);
    bl_jw_kstr(j, "name", v->name);
    bl_jw_kstr(j, "description", v->description);
    bl_jw_kint(j, "size_gigabytes", v->gib);
    api_ktime_s(c, "created_at", v->created_s);
    bl_jw_kstr(j, "filesystem_type", v->fs_type);
    bl_jw_kstr(j, "filesystem_label", v->fs_label);
    api_tags(c, v->tags);
    bl_jw_end_object(j);
}

static enum bl_err volume_answer(struct call *c, bl_uuid id)
{
    struct work_volumes all;
    BL_TRY(api_volumes(c, &all));
    const struct work_volume *v = work_volume_find(&all, id);
    if (!v)
        return none(c);
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "volume");
    volume_write(c, v);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err volumes_list(struct call *c)
{
    struct work_volumes all;
    int64_t total = 0, first = (c->page - 1) * c->per_page;
    struct bl_str name = api_query(c, "name"), region = api_query(c, "region");
    BL_TRY(api_volumes(c, &all));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "volumes");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < all.n_volume; i++) {
        const struct work_volume *v = &all.volume[i];
        if ((bl_is(name) && !bl_str_eq(v->name, name)) || !api_in_region(v->region, region))
            continue;
        if (total >= first && total < first + c->per_page)
            volume_write(c, v);
        total++;
    }
    bl_jw_end_array(&c->j);
    api_links(c, total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err volumes_get(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "volume");
    volume_write(c, v);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err volumes_create(struct call *c)
{
    struct work_volume_new in = {0};
    struct bl_str snapshot;
    bl_uuid id;
    BL_TRY(api_need_account(c));
    BL_TRY(api_volumes_on(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "snapshot_id", &snapshot));
    in.has_snapshot = bl_is(snapshot);
    if (in.has_snapshot && !bl_uuid_parse(snapshot, &in.snapshot))
        return none(c);
    if (in.has_snapshot)
        BL_TRY(snapshot_there(c, in.snapshot));
    BL_TRY(api_body_str(c, "name", &in.name));
    BL_TRY(api_body_str(c, "description", &in.description));
    BL_TRY(api_body_str(c, "region", &in.region));
    BL_TRY(api_body_str(c, "filesystem_type", &in.fs_type));
    BL_TRY(api_body_str(c, "filesystem_label", &in.fs_label));
    BL_TRY(api_body_size(c, &in.gib));
    BL_TRY(api_body_tags(c, &in.tags));
    BL_TRY(work_volume_create(c->x, c->work, c->actor, &c->account, &in, &id));
    c->out->status = 201;
    return volume_answer(c, id);
}

enum bl_err volumes_delete(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    BL_TRY(api_volumes_on(c));
    BL_TRY(work_volume_delete(c->x, c->work, c->actor, &c->account, v->id));
    c->out->status = 204;
    return BL_OK;
}

enum bl_err volumes_delete_by_name(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v = NULL;
    struct bl_str name = api_query(c, "name");
    BL_TRY(api_volumes(c, &all));
    enum bl_err e = bl_is(name) ? api_volume_by_name(c, &all, name, api_query(c, "region"), &v) : BL_OK;
    if (e == BL_NOT_FOUND)
        return e;
    BL_TRY(api_volumes_on(c));
    if (!bl_is(name))
        return bl_fail(c->x, BL_INVALID, "name: the name of the volume to delete is required.");
    if (e != BL_OK)
        return api_volume_by_name(c, &all, name, api_query(c, "region"), &v); /* for its sentence */
    BL_TRY(work_volume_delete(c->x, c->work, c->actor, &c->account, v->id));
    c->out->status = 204;
    return BL_OK;
}
