/* Snapshots under their two paths. One of a volume has a uuid; one of a droplet, which only events tell of,
 * has the number that the cloud gave it. */
#include "api/inner.h"

static enum bl_err none(struct call *c)
{
    return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

static void snapshot_write(struct call *c, const struct work_snapshot *s)
{
    struct bl_jw *j = &c->j;
    char id[37], size[64];
    bl_uuid_text(s->id, id);
    bl_jw_begin_object(j);
    if (s->has_number)
        bl_jw_kstr(j, "id", bl_str_printf(&c->x->arena, "%lld", (long long)s->number));
    else
        bl_jw_kz(j, "id", id);
    bl_jw_kstr(j, "name", s->name);
    api_ktime_s(c, "created_at", s->created_s);
    bl_jw_key(j, "regions");
    bl_jw_begin_array(j);
    if (s->region.n > 0)
        bl_jw_str(j, s->region);
    bl_jw_end_array(j);
    bl_uuid_text(s->volume, id);
    bl_jw_kz(j, "resource_id", s->has_volume ? id : "");
    bl_jw_kz(j, "resource_type", s->has_number ? "droplet" : "volume");
    bl_jw_kint(j, "min_disk_size", s->least_gib);
    bl_jw_key(j, "size_gigabytes");
    bl_dec_text(s->size, size);
    bl_jw_raw(j, bl_str_of(size));
    api_tags(c, s->tags);
    bl_jw_end_object(j);
}

static void one(struct call *c, const struct work_snapshot *s)
{
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "snapshot");
    snapshot_write(c, s);
    bl_jw_end_object(&c->j);
}

typedef bool wanted_fn(const struct work_snapshot *s, const bl_uuid *volume);

static void list(struct call *c, const struct work_volumes *all, wanted_fn *wanted, const bl_uuid *volume)
{
    int64_t total = 0, first = (c->page - 1) * c->per_page;
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "snapshots");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < all->n_snapshot; i++) {
        if (!wanted(&all->snapshot[i], volume))
            continue;
        if (total >= first && total < first + c->per_page)
            snapshot_write(c, &all->snapshot[i]);
        total++;
    }
    bl_jw_end_array(&c->j);
    api_links(c, total);
    bl_jw_end_object(&c->j);
}

static bool any(const struct work_snapshot *s, const bl_uuid *volume)
{
    (void)s, (void)volume;
    return true;
}

static bool of_droplets(const struct work_snapshot *s, const bl_uuid *volume)
{
    (void)volume;
    return s->has_number;
}

static bool of_volumes(const struct work_snapshot *s, const bl_uuid *volume)
{
    (void)volume;
    return !s->has_number;
}

static bool of_volume(const struct work_snapshot *s, const bl_uuid *volume)
{
    return s->has_volume && bl_uuid_cmp(s->volume, *volume) == 0;
}

enum bl_err snapshots_list(struct call *c)
{
    struct work_volumes all;
    struct bl_str type = api_query(c, "resource_type");
    wanted_fn *wanted = !bl_is(type) ? any : bl_str_is(type, "droplet") ? of_droplets : of_volumes;
    if (wanted == of_volumes && !bl_str_is(type, "volume"))
        return bl_fail(c->x, BL_INVALID, "resource_type: droplet or volume is wanted.");
    BL_TRY(api_volumes(c, &all));
    list(c, &all, wanted, NULL);
    return BL_OK;
}

/* By the segment: a uuid, or the number of a droplet's snapshot. NULL: none. */
static const struct work_snapshot *named(const struct work_volumes *all, struct bl_str text, bool numbers)
{
    bl_uuid id;
    int64_t number = 0;
    if (bl_uuid_parse(text, &id)) {
        const struct work_snapshot *s = work_snapshot_find(all, id);
        return s && !s->has_number ? s : NULL;
    }
    if (!numbers || !api_number(text, &number))
        return NULL;
    for (size_t i = 0; i < all->n_snapshot; i++)
        if (all->snapshot[i].has_number && all->snapshot[i].number == number)
            return &all->snapshot[i];
    return NULL;
}

/* Something else of this account goes by that id. */
static bool names_other(const struct work_volumes *all, struct bl_str text)
{
    bl_uuid id;
    int64_t number = 0;
    bool is_uuid = bl_uuid_parse(text, &id), is_number = api_number(text, &number);
    for (size_t i = 0; i < all->n_living; i++) {
        const struct work_living *r = &all->living[i];
        if (bl_str_is(r->now->kind, "snapshot"))
            continue;
        if ((is_uuid && bl_uuid_cmp(r->resource, id) == 0) ||
                (is_number && r->now->has_resource_id && r->now->resource_id == number))
            return true;
    }
    return false;
}

static enum bl_err find(struct call *c, const struct work_volumes *all, const struct work_snapshot **ret)
{
    *ret = named(all, c->segment[0], true);
    if (*ret)
        return BL_OK;
    return names_other(all, c->segment[0]) ? bl_fail(c->x, BL_BAD_REQUEST, "the resource is not a snapshot")
                                           : none(c);
}

enum bl_err snapshots_get(struct call *c)
{
    struct work_volumes all;
    const struct work_snapshot *s;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(find(c, &all, &s));
    one(c, s);
    return BL_OK;
}

static enum bl_err drop(struct call *c, const struct work_snapshot *s)
{
    BL_TRY(api_volumes_on(c));
    BL_TRY(work_snapshot_delete(c->x, c->work, c->actor, &c->account, s->id));
    c->out->status = 204;
    return BL_OK;
}

enum bl_err snapshots_delete(struct call *c)
{
    struct work_volumes all;
    const struct work_snapshot *s;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(find(c, &all, &s));
    return drop(c, s);
}

enum bl_err volume_snapshots_get_by_id(struct call *c)
{
    struct work_volumes all;
    BL_TRY(api_volumes(c, &all));
    const struct work_snapshot *s = named(&all, c->segment[0], false);
    if (!s)
        return none(c);
    one(c, s);
    return BL_OK;
}

enum bl_err volume_snapshots_delete_by_id(struct call *c)
{
    struct work_volumes all;
    BL_TRY(api_volumes(c, &all));
    const struct work_snapshot *s = named(&all, c->segment[0], false);
    return s ? drop(c, s) : none(c);
}

enum bl_err volume_snapshots_list(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    list(c, &all, of_volume, &v->id);
    return BL_OK;
}

enum bl_err volume_snapshots_create(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    struct bl_str name, tags;
    bl_uuid id;
    BL_TRY(api_volumes(c, &all));
    BL_TRY(api_volume_of_path(c, &all, &v));
    BL_TRY(api_volumes_on(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "name", &name));
    BL_TRY(api_body_tags(c, &tags));
    BL_TRY(work_snapshot_create(c->x, c->work, c->actor, &c->account, v->id, name, tags, &id));
    BL_TRY(api_volumes(c, &all));
    const struct work_snapshot *s = work_snapshot_find(&all, id);
    if (!s)
        return none(c);
    c->out->status = 201;
    one(c, s);
    return BL_OK;
}
