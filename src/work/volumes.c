/* Reading volumes, snapshots and actions: facts, and the rows beside them. */
#include "work/volumes.h"
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>

struct beside { /* an account's rows, each list ordered by its uuid */
    struct q_own_list *own;
    struct q_volume_list *volume;
    struct q_snapshot_list *snapshot;
    size_t n_own, n_volume, n_snapshot;
    const struct work_living **living; /* by their uuids */
};

static enum bl_err beside_load(
        struct bl_ctx *x, struct store_db *db, const struct work_account *a, struct beside *ret)
{
    struct bl_str account = store_uuid(&a->uuid);
    BL_TRY(q_own_list(x, db, a->bucket, account, &ret->own, &ret->n_own));
    BL_TRY(q_volume_list(x, db, a->bucket, account, &ret->volume, &ret->n_volume));
    return q_snapshot_list(x, db, a->bucket, account, &ret->snapshot, &ret->n_snapshot);
}

/* The row of a uuid in a list whose rows begin with it. */
static const void *row_of(const void *list, size_t n, size_t each, bl_uuid id)
{
    size_t lo = 0, hi = n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        const struct bl_str *key = (const void *)((const char *)list + mid * each);
        int c = memcmp(key->p, id.b, 16);
        if (c == 0)
            return key;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}
#define ROW_OF(b, noun, id) row_of((b)->noun, (b)->n_##noun, sizeof *(b)->noun, (id))

static struct bl_str or_empty(struct bl_str s)
{
    return bl_is(s) ? s : BL_STR("");
}

static int64_t rounded_up(bl_dec quantity)
{
    return (int64_t)((quantity.pico + BL_DEC_ONE - 1) / BL_DEC_ONE);
}

static struct bl_str name_of(struct bl_ctx *x, const struct work_living *r)
{
    char text[37];
    bl_uuid_text(r->resource, text);
    return r->now->name.n > 0 ? r->now->name : bl_str_dup(&x->arena, bl_str_of(text));
}

static int living_order(const void *l, const void *r)
{
    const struct work_living *const *a = l, *const *b = r;
    return bl_uuid_cmp((*a)->resource, (*b)->resource);
}

static void living_sort(struct bl_ctx *x, const struct work_volumes *all, struct beside *b)
{
    b->living = bl_alloc_array(&x->arena, all->n_living + 1, sizeof *b->living);
    for (size_t i = 0; i < all->n_living; i++)
        b->living[i] = &all->living[i];
    if (all->n_living > 1)
        qsort(b->living, all->n_living, sizeof *b->living, living_order);
}

static const struct work_living *living_find(
        struct bl_ctx *x, const struct work_volumes *all, struct beside *b, bl_uuid resource)
{
    const struct work_living key = {.resource = resource}, *at = &key, **found;
    if (!b->living)
        living_sort(x, all, b);
    found = bsearch(&at, b->living, all->n_living, sizeof *b->living, living_order);
    return found ? *found : NULL;
}

/* A droplet that has died has let go of its volumes. */
static void attach(struct bl_ctx *x, const struct work_volumes *all, struct beside *b,
        const struct q_volume_list *row, struct work_volume *ret)
{
    if (row->droplet.n != 16)
        return;
    memcpy(ret->droplet.b, row->droplet.p, 16);
    const struct work_living *d = living_find(x, all, b, ret->droplet);
    ret->attached = d && d->birth_s <= bl_floor_s(row->attached_us);
    ret->droplet_id = ret->attached && d->now->has_resource_id ? d->now->resource_id : 0;
}

static struct work_volume volume_of(
        struct bl_ctx *x, const struct work_volumes *all, struct beside *b, const struct work_living *r)
{
    const struct q_own_list *own = ROW_OF(b, own, r->resource);
    const struct q_volume_list *row = ROW_OF(b, volume, r->resource);
    struct work_volume v = {
            .id = r->resource,
            .name = name_of(x, r),
            .region = or_empty(r->now->region),
            .tags = or_empty(r->now->tags),
            .gib = rounded_up(r->now->quantity),
            .created_s = r->birth_s,
            .description = row ? row->description : BL_STR(""),
            .fs_type = row ? row->fs_type : BL_STR(""),
            .fs_label = row ? row->fs_label : BL_STR(""),
            .driver = own ? own->driver : BL_ABSENT,
            .snapped_us = row ? row->snapped_us : 0,
    };
    if (row)
        attach(x, all, b, row, &v);
    return v;
}

static struct work_snapshot snapshot_of(struct bl_ctx *x, const struct beside *b, const struct work_living *r)
{
    const struct q_own_list *own = ROW_OF(b, own, r->resource);
    const struct q_snapshot_list *row = ROW_OF(b, snapshot, r->resource);
    struct work_snapshot s = {
            .id = r->resource,
            .has_number = r->now->has_resource_id,
            .number = r->now->resource_id,
            .name = name_of(x, r),
            .region = or_empty(r->now->region),
            .tags = or_empty(r->now->tags),
            .size = r->now->quantity,
            .least_gib = row && row->least_gib > 0 ? row->least_gib : rounded_up(r->now->quantity),
            .created_s = r->birth_s,
            .has_volume = row != NULL,
            .fs_type = row ? row->fs_type : BL_STR(""),
            .fs_label = row ? row->fs_label : BL_STR(""),
            .driver = own ? own->driver : BL_ABSENT,
    };
    if (row)
        memcpy(s.volume.b, row->volume.p, 16);
    return s;
}

enum bl_err work_volumes_load(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, struct work_volumes *ret)
{
    struct beside b = {0};
    *ret = (struct work_volumes){0};
    BL_TRY(beside_load(x, db, a, &b));
    BL_TRY(work_living(x, w, db, a, x->now_us, &ret->living, &ret->n_living));
    ret->volume = bl_alloc_array(&x->arena, ret->n_living + 1, sizeof *ret->volume);
    ret->snapshot = bl_alloc_array(&x->arena, ret->n_living + 1, sizeof *ret->snapshot);
    for (size_t i = ret->n_living; i-- > 0;) { /* living ones come oldest first, then by uuid */
        const struct work_living *r = &ret->living[i];
        if (bl_str_is(r->now->kind, "volume"))
            ret->volume[ret->n_volume++] = volume_of(x, ret, &b, r);
        else if (bl_str_is(r->now->kind, "snapshot"))
            ret->snapshot[ret->n_snapshot++] = snapshot_of(x, &b, r);
    }
    return BL_OK;
}

const struct work_volume *work_volume_find(const struct work_volumes *v, bl_uuid id)
{
    for (size_t i = 0; i < v->n_volume; i++)
        if (bl_uuid_cmp(v->volume[i].id, id) == 0)
            return &v->volume[i];
    return NULL;
}

const struct work_snapshot *work_snapshot_find(const struct work_volumes *v, bl_uuid id)
{
    for (size_t i = 0; i < v->n_snapshot; i++)
        if (bl_uuid_cmp(v->snapshot[i].id, id) == 0)
            return &v->snapshot[i];
    return NULL;
}

const struct work_living *work_droplet_find(const struct work_volumes *v, int64_t number)
{
    for (size_t i = 0; i < v->n_living; i++) {
        const struct bl_stretch *now = v->living[i].now;
        if (bl_str_is(now->kind, "droplet") && now->has_resource_id && now->resource_id == number)
            return &v->living[i];
    }
    return NULL;
}

/* ---- actions: an operation's number within its bucket, and the bucket, make the id */

static struct work_action action_of(struct work *w, const struct work_account *a, int64_t n,
        struct bl_str volume, struct bl_str type, struct bl_str region, struct bl_str status,
        int64_t started_us, int64_t completed_us)
{
    struct work_action ret = {
            work_operation_id(w, a->bucket, n), type, region, status, {{0}}, started_us, completed_us};
    memcpy(ret.volume.b, volume.p, 16);
    return ret;
}
#define ACTION_OF(w, a, r)                                                                                   \
    action_of(w, a, (r).n, (r).volume, (r).type, (r).region, (r).status, (r).started_us, (r).completed_us)

static enum bl_err actions_of_volume(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const bl_uuid *volume, int64_t first, int64_t n,
        struct work_action **ret, size_t *ret_n, int64_t *ret_total)
{
    struct q_action_of_volume_page *row = NULL;
    struct q_action_of_volume_count count = {0};
    bool found = false;
    struct bl_str account = store_uuid(&a->uuid), v = store_uuid(volume);
    BL_TRY(q_action_of_volume_page(x, db, a->bucket, account, v, n, first, &row, ret_n));
    BL_TRY(q_action_of_volume_count(x, db, a->bucket, account, v, &count, &found));
    *ret_total = count.n;
    *ret = bl_alloc_array(&x->arena, *ret_n + 1, sizeof **ret);
    for (size_t i = 0; i < *ret_n; i++)
        (*ret)[i] = ACTION_OF(w, a, row[i]);
    return BL_OK;
}

enum bl_err work_actions(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        const bl_uuid *volume, int64_t first, int64_t n, struct work_action **ret, size_t *ret_n,
        int64_t *ret_total)
{
    struct q_action_page *row = NULL;
    struct q_action_count count = {0};
    bool found = false;
    if (volume)
        return actions_of_volume(x, w, db, a, volume, first, n, ret, ret_n, ret_total);
    BL_TRY(q_action_page(x, db, a->bucket, store_uuid(&a->uuid), n, first, &row, ret_n));
    BL_TRY(q_action_count(x, db, a->bucket, store_uuid(&a->uuid), &count, &found));
    *ret_total = count.n;
    *ret = bl_alloc_array(&x->arena, *ret_n + 1, sizeof **ret);
    for (size_t i = 0; i < *ret_n; i++)
        (*ret)[i] = ACTION_OF(w, a, row[i]);
    return BL_OK;
}

enum bl_err work_action_get(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, int64_t id, struct work_action *ret)
{
    struct q_action_get row = {0};
    bool found = false;
    int64_t buckets = store_buckets(w->store);
    if (id > 0 && id % buckets == a->bucket)
        BL_TRY(q_action_get(x, db, a->bucket, store_uuid(&a->uuid), id / buckets, &row, &found));
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    *ret = ACTION_OF(w, a, row);
    return BL_OK;
}
