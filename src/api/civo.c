/* What Civo's clients ask for around charges: whether the key is good, where things can be, whose account it
 * is, and which instances live. All of it is read from what is known for billing; nothing is limited here, so
 * every limit is 0. */
#include "api/inner.h"

#include <string.h>
#include <strings.h>

enum bl_err civo_ping(struct call *c)
{
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "result", "success");
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err civo_regions(struct call *c)
{
    size_t n = c->book ? c->book->n_region : 0;
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_jw_begin_object(&c->j);
        bl_jw_kstr(&c->j, "code", c->book->region[i]);
        bl_jw_kstr(&c->j, "name", c->book->region[i]);
        bl_jw_kz(&c->j, "type", "civostack");
        bl_jw_kbool(&c->j, "out_of_capacity", false);
        bl_jw_kz(&c->j, "country", "");
        bl_jw_kz(&c->j, "country_name", "");
        bl_jw_key(&c->j, "features");
        bl_jw_begin_object(&c->j);
        bl_jw_kbool(&c->j, "iaas", true);
        bl_jw_kbool(&c->j, "volume", true);
        bl_jw_end_object(&c->j);
        bl_jw_kbool(&c->j, "default", i == 0);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_array(&c->j);
    return BL_OK;
}

static void account_write(struct call *c, const struct bl_face *f)
{
    struct bl_jw *j = &c->j;
    char uuid[37];
    bl_uuid_text(c->account.uuid, uuid);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "id", uuid);
    bl_jw_kstr(j, "label", bl_is(f->name) ? f->name : BL_STR(""));
    bl_jw_kstr(j, "email_address", bl_is(f->email) ? f->email : BL_STR(""));
    bl_jw_kstr(j, "timezone", f->zone.n > 0 ? f->zone : BL_STR("UTC"));
    bl_jw_kz(j, "status", "active");
    bl_jw_kz(j, "flags", "");
    bl_jw_kbool(j, "enabled", true);
    bl_jw_kbool(j, "email_confirmed", true);
    api_ktime_us(c, "created_at", c->account.row.created_us);
    bl_jw_end_object(j);
}

static void page_begin(struct call *c, int64_t total)
{
    bl_jw_begin_object(&c->j);
    bl_jw_kint(&c->j, "page", c->page);
    bl_jw_kint(&c->j, "per_page", c->per_page);
    bl_jw_kint(&c->j, "pages", (total + c->per_page - 1) / c->per_page);
    bl_jw_key(&c->j, "items");
    bl_jw_begin_array(&c->j);
}

static void page_end(struct call *c)
{
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
}

enum bl_err civo_accounts(struct call *c)
{
    struct bl_face f;
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &f));
    page_begin(c, 1);
    if (c->page == 1)
        account_write(c, &f);
    page_end(c);
    return BL_OK;
}

/* The key's own account alone: no customer is told of another. */
enum bl_err civo_organisation_accounts(struct call *c)
{
    struct bl_face f;
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &f));
    bl_jw_begin_array(&c->j);
    account_write(c, &f);
    bl_jw_end_array(&c->j);
    return BL_OK;
}

/* An account that belongs to no organization is its own. */
enum bl_err civo_organisation(struct call *c)
{
    struct bl_face f;
    struct q_org_get org;
    bool found = false;
    bl_uuid id = c->account.uuid;
    char uuid[37];
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &f));
    struct bl_str name = bl_is(f.name) ? f.name : BL_STR("");
    if (c->account.row.org.n == 16) {
        BL_TRY(q_org_get(c->x, c->db, c->account.row.org, &org, &found));
        memcpy(id.b, c->account.row.org.p, sizeof id.b);
        if (found)
            name = org.name;
    }
    bl_uuid_text(id, uuid);
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "id", uuid);
    bl_jw_kstr(&c->j, "name", name);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err civo_quota(struct call *c)
{
    static const struct {
        const char *kind, *other, *limit, *usage;
    } counted[] = {
            {"droplet", "instance", "instance_count_limit", "instance_count_usage"},
            {"volume", "volume", "disk_volume_count_limit", "disk_volume_count_usage"},
            {"snapshot", "snapshot", "disk_snapshot_count_limit", "disk_snapshot_count_usage"},
            {"ip", "ip", "public_ip_address_limit", "public_ip_address_usage"},
    };
    struct bl_face f;
    struct work_living *r = NULL;
    size_t n = 0;
    char uuid[37];
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &f));
    BL_TRY(work_living(c->x, c->work, c->db, &c->account, c->x->now_us, &r, &n));
    bl_uuid_text(c->account.uuid, uuid);
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "id", uuid);
    bl_jw_kz(&c->j, "default_user_id", uuid);
    bl_jw_kstr(&c->j, "default_user_email_address", bl_is(f.email) ? f.email : BL_STR(""));
    for (size_t k = 0; k < BL_COUNT(counted); k++) {
        int64_t sum = 0;
        for (size_t i = 0; i < n; i++)
            sum += bl_str_is(r[i].now->kind, counted[k].kind) || bl_str_is(r[i].now->kind, counted[k].other);
        bl_jw_kint(&c->j, counted[k].limit, 0);
        bl_jw_kint(&c->j, counted[k].usage, sum);
    }
    bl_jw_end_object(&c->j);
    return BL_OK;
}

/* ---- instances: living resources of the two kinds that are machines */

static bool is_instance(const struct work_living *r)
{
    return bl_str_is(r->now->kind, "droplet") || bl_str_is(r->now->kind, "instance");
}

static void instance_write(struct call *c, const struct work_living *r)
{
    struct bl_jw *j = &c->j;
    char id[37];
    bl_uuid_text(r->resource, id);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "id", id);
    bl_jw_kstr(j, "hostname", r->now->name.n > 0 ? r->now->name : bl_str_of(id));
    bl_jw_kstr(j, "size", bl_is(r->now->sku) ? r->now->sku : BL_STR(""));
    bl_jw_kstr(j, "region", bl_is(r->now->region) ? r->now->region : BL_STR(""));
    bl_jw_kz(j, "status", "ACTIVE");
    api_ktime_s(c, "created_at", r->birth_s);
    api_tags(c, r->now->tags);
    bl_jw_end_object(j);
}

enum bl_err civo_instances(struct call *c)
{
    struct work_living *r = NULL;
    size_t n = 0;
    int64_t total = 0, first = (c->page - 1) * c->per_page;
    struct bl_str region = api_query(c, "region");
    BL_TRY(work_living(c->x, c->work, c->db, &c->account, c->x->now_us, &r, &n));
    for (size_t i = 0; i < n; i++) /* those that are shown move to the front */
        if (is_instance(&r[i]) && api_in_region(r[i].now->region, region))
            r[total++] = r[i];
    page_begin(c, total);
    for (int64_t i = first; i < total && i < first + c->per_page; i++)
        instance_write(c, &r[i]);
    page_end(c);
    return BL_OK;
}

enum bl_err civo_instance(struct call *c)
{
    struct work_living *r = NULL;
    size_t n = 0;
    bl_uuid id;
    bool known = bl_uuid_parse(c->segment[0], &id);
    BL_TRY(work_living(c->x, c->work, c->db, &c->account, c->x->now_us, &r, &n));
    for (size_t i = 0; known && i < n; i++)
        if (is_instance(&r[i]) && bl_uuid_cmp(r[i].resource, id) == 0) {
            instance_write(c, &r[i]);
            return BL_OK;
        }
    return bl_fail(c->x, BL_NOT_FOUND, "database_instance_not_found|There is no such instance");
}

/* ---- volumes */

static void volume_write(struct call *c, const struct work_volume *v)
{
    struct bl_jw *j = &c->j;
    char id[37], droplet[37];
    bl_uuid_text(v->id, id);
    bl_uuid_text(v->droplet, droplet);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "id", id);
    bl_jw_kstr(j, "name", v->name);
    bl_jw_kz(j, "instance_id", v->attached ? droplet : "");
    bl_jw_kz(j, "cluster_id", "");
    bl_jw_kz(j, "network_id", "");
    bl_jw_kz(j, "mountpoint", "");
    bl_jw_kz(j, "status", v->attached ? "attached" : "available");
    bl_jw_kz(j, "volume_type", "");
    bl_jw_kint(j, "size_gb", v->gib);
    bl_jw_kbool(j, "bootable", false);
    api_ktime_s(c, "created_at", v->created_s);
    bl_jw_end_object(j);
}

enum bl_err civo_volumes(struct call *c)
{
    struct work_volumes all;
    struct bl_str region = api_query(c, "region");
    BL_TRY(api_volumes(c, &all));
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < all.n_volume; i++)
        if (api_in_region(all.volume[i].region, region))
            volume_write(c, &all.volume[i]);
    bl_jw_end_array(&c->j);
    return BL_OK;
}

enum bl_err civo_volume(struct call *c)
{
    struct work_volumes all;
    const struct work_volume *v;
    BL_TRY(api_volumes(c, &all));
    if (api_volume_of_path(c, &all, &v) != BL_OK)
        return bl_fail(c->x, BL_NOT_FOUND, "database_volume_not_found|There is no such volume");
    volume_write(c, v);
    return BL_OK;
}
