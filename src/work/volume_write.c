/* Writing volumes, snapshots and actions. Each verb is told in the order in which it happens: what must hold,
 * what is written before the driver is asked, what when it is done. */
#include "work/hands.h"
#include "work/inner.h"
#include "work/volume_checks.h"
#include "work/volumes.h"

#include <string.h>

/* One verb under way: it goes from the caller's thread to the writer's and back. */
struct verb {
    const char *actor;
    const struct work_account *a;
    const struct work_volume_new *create; /* of a volume */
    const struct work_action_new *action;
    struct work_volume_new made; /* as it was made out of `create` and the snapshot */
    struct bl_str name, tags;    /* of a snapshot */
    bl_uuid id;                  /* of the volume or snapshot */
    struct work_operation op;
    struct driver_told told;
};

typedef enum bl_err step_fn(struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book);

static enum bl_err in_transaction(struct bl_ctx *x, struct work *w, struct verb *v, step_fn *fn)
{
    struct work_book *book = work_book_take(w);
    enum bl_err e = work_begin(x, w);
    if (e == BL_OK) {
        e = work_role_check(x, w, WORK_ROLE_VOLUMES);
        if (e == BL_OK)
            e = fn(x, w, v, book ? book->book : NULL);
        e = work_end(x, w, e);
    }
    work_book_give(w, book);
    return e;
}

/* The first transaction of a verb; when it comes to nothing, so does its operation. */
static enum bl_err begin(struct bl_ctx *x, struct work *w, struct verb *v, step_fn *fn)
{
    enum bl_err e = in_transaction(x, w, v, fn);
    if (e != BL_OK && v->op.n)
        work_operation_release(w, &v->op);
    return e;
}

static enum bl_err failed_driver(struct bl_ctx *x, const char *what)
{
    return bl_fail(x, BL_UNAVAILABLE, "The storage behind volumes could not do this. %s", what);
}

static enum bl_err not_found(struct bl_ctx *x)
{
    return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

/* What the driver in use does not hold is not its to change. */
static enum bl_err held_here(struct bl_ctx *x, struct work *w, struct bl_str driver, const char *what)
{
    if (!bl_is(driver))
        return bl_fail(x, BL_CONFLICT,
                "This %s is known from events alone and is changed by events, not through this API.", what);
    if (!bl_str_is(driver, driver_kind_name(driver_kind(w->driver))))
        return bl_fail(x, BL_CONFLICT, "This %s is held by the driver %.*s, which is not in use.", what,
                BL_FMT(driver));
    return BL_OK;
}

static enum bl_err audit(
        struct bl_ctx *x, struct work *w, const struct verb *v, const char *action, bl_uuid id)
{
    char text[37], account[37];
    bl_uuid_text(id, text);
    bl_uuid_text(v->a->uuid, account);
    return work_audit(
            x, w, v->actor, action, bl_str_of(text), bl_str_printf(&x->arena, BL_URN_TEAM "%s", account));
}

static struct bl_str or_empty(struct bl_str s)
{
    return bl_is(s) ? s : BL_STR("");
}

/* ---- creating a volume */

/* What is not said comes from the snapshot; what is said must agree with it. */
static enum bl_err take_from_snapshot(
        struct bl_ctx *x, struct work *w, const struct work_volumes *all, struct work_volume_new *m)
{
    const struct work_snapshot *s = work_snapshot_find(all, m->snapshot);
    if (!s || s->has_number)
        return not_found(x);
    m->gib = m->gib ? m->gib : s->least_gib;
    if (m->gib < s->least_gib)
        return bl_fail(
                x, BL_INVALID, "size_gigabytes: the snapshot needs at least %lld.", (long long)s->least_gib);
    if (m->region.n > 0 && !bl_str_eq(m->region, s->region))
        return bl_fail(x, BL_INVALID, "region: the snapshot is in %.*s.", BL_FMT(s->region));
    m->region = s->region;
    if (m->fs_type.n > 0 && !bl_str_eq(m->fs_type, s->fs_type))
        return bl_fail(x, BL_INVALID, "filesystem_type: the snapshot has %.*s.",
                BL_FMT(s->fs_type.n > 0 ? s->fs_type : BL_STR("none")));
    m->fs_type = s->fs_type;
    BL_TRY(volume_fs_check(x, m->fs_type, m->fs_label));
    if (m->fs_label.n == 0)
        m->fs_label = s->fs_label;
    return held_here(x, w, s->driver, "snapshot");
}

static enum bl_err name_free(
        struct bl_ctx *x, const struct work_volumes *all, const struct work_volume_new *m)
{
    for (size_t i = 0; i < all->n_volume; i++)
        if (bl_str_eq(all->volume[i].name, m->name) && bl_str_eq(all->volume[i].region, m->region))
            return bl_fail(x, BL_CONFLICT, "There is a volume of this name in this region already.");
    return BL_OK;
}

static enum bl_err begin_create(struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    struct work_volumes all;
    struct work_volume_new *m = &v->made;
    struct bl_str sku;
    const char *why;
    *m = *v->create;
    m->fs_type = or_empty(m->fs_type);
    m->fs_label = or_empty(m->fs_label);
    m->region = or_empty(m->region);
    BL_TRY(work_volumes_load(x, w, store_writer(w->store), v->a, &all));
    const struct work_snapshot *from = m->has_snapshot ? work_snapshot_find(&all, m->snapshot) : NULL;
    if (m->has_snapshot && (!from || from->has_number))
        return not_found(x);
    BL_TRY(volume_name_check(x, m->name));
    BL_TRY(volume_tags_check(x, m->tags));
    BL_TRY(volume_description_check(x, m->description));
    if (m->gib || !from)
        BL_TRY(volume_size_check(x, m->gib));
    if (m->region.n > 0 || !from)
        BL_TRY(volume_region_check(x, book, m->region, &m->region));
    BL_TRY(volume_sku(x, book, "volume", bl_floor_s(x->now_us), &sku));
    if (from) {
        BL_TRY(take_from_snapshot(x, w, &all, m));
    } else {
        BL_TRY(volume_fs_check(x, m->fs_type, m->fs_label));
        if (!driver_formats(w->driver, m->fs_type, &why))
            return bl_fail(x, BL_INVALID, "filesystem_type: %s", why);
    }
    BL_TRY(name_free(x, &all, m));
    v->op.ask = (struct driver_ask){.op = from ? DRIVER_CLONE : DRIVER_CREATE,
            .id = v->id,
            .has_snapshot = from != NULL,
            .snapshot = m->snapshot,
            .gib = m->gib,
            .fs_type = m->fs_type,
            .fs_label = m->fs_label,
            .region = m->region};
    return work_operation_put(x, w, v->a, &v->op);
}

static enum bl_err end_create(struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    struct work_volumes all;
    struct work_volume_new *m = &v->made;
    struct store_db *db = store_writer(w->store);
    struct bl_fact f = {.resource = v->id, .has_quantity = true, .quantity = bl_dec_of(m->gib)};
    BL_TRY(work_volumes_load(x, w, db, v->a, &all));
    BL_TRY(name_free(x, &all, m)); /* another may have come first meanwhile */
    BL_TRY(volume_sku(x, book, "volume", bl_floor_s(x->now_us), &f.field[BL_F_SKU]));
    f.field[BL_F_REGION] = m->region;
    f.field[BL_F_NAME] = m->name;
    if (m->tags.n > 0)
        f.field[BL_F_TAGS] = m->tags;
    BL_TRY(work_own_create(x, w, v->a, "volume", driver_kind_name(driver_kind(w->driver)), &f));
    BL_TRY(q_volume_put(x, db, v->a->bucket, store_uuid(&v->a->uuid), store_uuid(&v->id),
            or_empty(m->description), m->fs_type, m->fs_label));
    BL_TRY(work_operation_drop(x, w, &v->op));
    return audit(x, w, v, "volume.create", v->id);
}

static enum bl_err begin_create_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return begin(x, w, arg, begin_create);
}

static enum bl_err end_create_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return in_transaction(x, w, arg, end_create);
}

/* Asks the driver, then ends the verb; whatever goes wrong is undone and said. */
static enum bl_err make(struct bl_ctx *x, struct work *w, struct verb *v, work_turn_fn *end)
{
    enum bl_err e = BL_UNAVAILABLE;
    if (work_operation_ask(x, w, &v->op, &v->told) == DRIVER_DONE)
        e = work_on_writer(x, w, end, v);
    else
        e = failed_driver(x, "Nothing was made, and nothing is billed.");
    if (e != BL_OK) {
        struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
        work_operation_undo(x, w, &v->op);
        e = bl_fail(x, e, "%.*s", BL_FMT(why));
    }
    work_operation_release(w, &v->op);
    return e;
}

enum bl_err work_volume_create(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_account *a, const struct work_volume_new *in, bl_uuid *ret)
{
    struct verb v = {.actor = actor, .a = a, .create = in, .id = work_uuid_random()};
    BL_TRY(work_on_writer(x, w, begin_create_turn, &v));
    *ret = v.id;
    return make(x, w, &v, end_create_turn);
}

/* ---- a snapshot */

static enum bl_err snapshot_allowed(
        struct bl_ctx *x, const struct work_volumes *all, const struct work_volume *volume)
{
    size_t n = 0;
    for (size_t i = 0; i < all->n_snapshot; i++)
        n += all->snapshot[i].has_volume && bl_uuid_cmp(all->snapshot[i].volume, volume->id) == 0;
    if (n >= VOLUME_SNAPSHOTS_MAX)
        return bl_fail(x, BL_INVALID, "This volume has %d snapshots already; delete one first.",
                VOLUME_SNAPSHOTS_MAX);
    if (volume->snapped_us != 0 && x->now_us < volume->snapped_us + VOLUME_SNAPSHOT_EVERY_S * BL_US)
        return bl_fail(x, BL_INVALID, "A volume can have one snapshot made in ten minutes.");
    return BL_OK;
}

static enum bl_err begin_snapshot(
        struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    struct work_volumes all;
    struct bl_str sku;
    bl_uuid of = v->op.ask.id;
    BL_TRY(work_volumes_load(x, w, store_writer(w->store), v->a, &all));
    const struct work_volume *volume = work_volume_find(&all, of);
    if (!volume)
        return not_found(x);
    BL_TRY(snapshot_name_check(x, v->name));
    BL_TRY(volume_tags_check(x, v->tags));
    BL_TRY(snapshot_allowed(x, &all, volume));
    BL_TRY(volume_sku(x, book, "volume_snapshot", bl_floor_s(x->now_us), &sku));
    BL_TRY(held_here(x, w, volume->driver, "volume"));
    BL_TRY(work_operation_none(x, w, v->a, &of, NULL));
    v->made.region = volume->region;
    v->op.ask = (struct driver_ask){.op = DRIVER_SNAPSHOT,
            .id = of,
            .has_snapshot = true,
            .snapshot = v->id,
            .gib = volume->gib,
            .fs_type = volume->fs_type,
            .fs_label = volume->fs_label,
            .region = volume->region};
    return work_operation_put(x, w, v->a, &v->op);
}

static enum bl_err end_snapshot(struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    const struct driver_ask *k = &v->op.ask;
    struct store_db *db = store_writer(w->store);
    struct bl_str account = store_uuid(&v->a->uuid);
    struct bl_fact f = {.resource = v->id,
            .has_quantity = true,
            .quantity = v->told.has_size ? v->told.size : bl_dec_of(k->gib)};
    BL_TRY(volume_sku(x, book, "volume_snapshot", bl_floor_s(x->now_us), &f.field[BL_F_SKU]));
    f.field[BL_F_REGION] = k->region;
    f.field[BL_F_NAME] = v->name;
    if (v->tags.n > 0)
        f.field[BL_F_TAGS] = v->tags;
    BL_TRY(work_own_create(x, w, v->a, "snapshot", driver_kind_name(driver_kind(w->driver)), &f));
    BL_TRY(q_snapshot_put(x, db, v->a->bucket, account, store_uuid(&v->id), store_uuid(&k->id), k->fs_type,
            k->fs_label, k->gib));
    BL_TRY(q_volume_snapped(x, db, v->a->bucket, account, store_uuid(&k->id), x->now_us));
    BL_TRY(work_operation_drop(x, w, &v->op));
    return audit(x, w, v, "snapshot.create", v->id);
}

static enum bl_err begin_snapshot_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return begin(x, w, arg, begin_snapshot);
}

static enum bl_err end_snapshot_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return in_transaction(x, w, arg, end_snapshot);
}

enum bl_err work_snapshot_create(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_account *a, bl_uuid volume, struct bl_str name, struct bl_str tags, bl_uuid *ret)
{
    struct verb v = {.actor = actor, .a = a, .id = work_uuid_random(), .name = name, .tags = tags};
    v.op.ask.id = volume;
    BL_TRY(work_on_writer(x, w, begin_snapshot_turn, &v));
    *ret = v.id;
    return make(x, w, &v, end_snapshot_turn);
}

/* ---- deleting: the bill ends first, then the driver is asked, as often as it takes */

static enum bl_err begin_delete(struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    struct work_volumes all;
    (void)book;
    BL_TRY(work_volumes_load(x, w, store_writer(w->store), v->a, &all));
    const struct work_volume *volume = work_volume_find(&all, v->id);
    if (!volume)
        return not_found(x);
    BL_TRY(held_here(x, w, volume->driver, "volume"));
    if (volume->attached)
        return bl_fail(x, BL_CONFLICT, "This volume is attached; detach it first.");
    BL_TRY(work_operation_none(x, w, v->a, &v->id, NULL));
    v->op.ask = (struct driver_ask){
            .op = DRIVER_DELETE, .id = v->id, .fs_type = volume->fs_type, .fs_label = volume->fs_label};
    v->op.ask.region = volume->region;
    v->op.ask.gib = volume->gib;
    BL_TRY(q_volume_drop(
            x, store_writer(w->store), v->a->bucket, store_uuid(&v->a->uuid), store_uuid(&v->id)));
    BL_TRY(work_own_delete(x, w, v->a, v->id));
    BL_TRY(work_operation_put(x, w, v->a, &v->op));
    return audit(x, w, v, "volume.delete", v->id);
}

static enum bl_err begin_delete_snapshot(
        struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    struct work_volumes all;
    (void)book;
    BL_TRY(work_volumes_load(x, w, store_writer(w->store), v->a, &all));
    const struct work_snapshot *s = work_snapshot_find(&all, v->id);
    if (!s)
        return not_found(x);
    BL_TRY(held_here(x, w, s->driver, "snapshot"));
    BL_TRY(work_operation_none(x, w, v->a, NULL, &v->id));
    v->op.ask = (struct driver_ask){.op = DRIVER_DELETE_SNAPSHOT,
            .id = s->volume,
            .has_snapshot = true,
            .snapshot = v->id,
            .fs_type = s->fs_type,
            .fs_label = s->fs_label,
            .region = s->region};
    BL_TRY(q_snapshot_drop(
            x, store_writer(w->store), v->a->bucket, store_uuid(&v->a->uuid), store_uuid(&v->id)));
    BL_TRY(work_own_delete(x, w, v->a, v->id));
    BL_TRY(work_operation_put(x, w, v->a, &v->op));
    return audit(x, w, v, "snapshot.delete", v->id);
}

static enum bl_err begin_delete_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return begin(x, w, arg, begin_delete);
}

static enum bl_err begin_delete_snapshot_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return begin(x, w, arg, begin_delete_snapshot);
}

static enum bl_err drop_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, work_operation_drop(x, w, arg));
}

static enum bl_err remove_one(struct bl_ctx *x, struct work *w, struct verb *v, work_turn_fn *begin_fn)
{
    BL_TRY(work_on_writer(x, w, begin_fn, v));
    enum bl_err e = BL_OK;
    if (work_operation_ask(x, w, &v->op, &v->told) == DRIVER_DONE)
        e = work_on_writer(x, w, drop_turn, &v->op);
    else
        e = failed_driver(x, "It is deleted and no longer billed; what is left of it is removed later.");
    work_operation_release(w, &v->op);
    return e;
}

enum bl_err work_volume_delete(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account *a, bl_uuid id)
{
    struct verb v = {.actor = actor, .a = a, .id = id};
    return remove_one(x, w, &v, begin_delete_turn);
}

enum bl_err work_snapshot_delete(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account *a, bl_uuid id)
{
    struct verb v = {.actor = actor, .a = a, .id = id};
    return remove_one(x, w, &v, begin_delete_snapshot_turn);
}

/* ---- actions */

static const char *action_type(enum driver_op op)
{
    return op == DRIVER_ATTACH ? "attach_volume" : op == DRIVER_DETACH ? "detach_volume" : "resize_volume";
}

static enum bl_err attach_allowed(struct bl_ctx *x, const struct work_volumes *all,
        const struct work_volume *volume, const struct work_living *droplet, size_t attaching)
{
    size_t n = attaching;
    for (size_t i = 0; i < all->n_volume; i++)
        n += all->volume[i].attached && bl_uuid_cmp(all->volume[i].droplet, droplet->resource) == 0;
    struct bl_str region = droplet->now->region;
    if (!bl_is(region) || !bl_str_eq(region, volume->region))
        return bl_fail(x, BL_INVALID, "droplet_id: the Droplet is in another region than the volume.");
    if (n >= DROPLET_VOLUMES_MAX)
        return bl_fail(x, BL_INVALID, "droplet_id: the Droplet has %d volumes already.", DROPLET_VOLUMES_MAX);
    if (volume->attached)
        return bl_fail(x, BL_CONFLICT, "This volume is attached already.");
    return BL_OK;
}

static enum bl_err action_allowed(struct bl_ctx *x, struct work *w, const struct work_account *a,
        const struct work_volumes *all, const struct work_volume *volume, const struct work_action_new *in,
        bl_uuid *ret_droplet)
{
    size_t attaching = 0;
    const struct work_living *droplet = NULL;
    if (in->op != DRIVER_RESIZE) {
        droplet = work_droplet_find(all, in->droplet_id);
        if (!droplet)
            return not_found(x);
        *ret_droplet = droplet->resource;
        BL_TRY(work_operation_attaching(x, w, a, droplet->resource, &attaching));
    }
    bool here = volume->attached && droplet && bl_uuid_cmp(volume->droplet, droplet->resource) == 0;
    if (in->op == DRIVER_DETACH && !here)
        return not_found(x);
    if (in->region.n > 0 && !volume_region_is(volume->region, in->region))
        return bl_fail(x, BL_INVALID, "region: the volume is in %.*s.", BL_FMT(volume->region));
    if (in->op == DRIVER_ATTACH)
        return attach_allowed(x, all, volume, droplet, attaching);
    if (in->op == DRIVER_DETACH)
        return BL_OK;
    BL_TRY(volume_size_check(x, in->gib));
    if (in->gib <= volume->gib)
        return bl_fail(x, BL_INVALID, "size_gigabytes: a volume can only grow, and this one has %lld.",
                (long long)volume->gib);
    return BL_OK;
}

static enum bl_err begin_action(struct bl_ctx *x, struct work *w, struct verb *v, const struct bl_book *book)
{
    struct work_volumes all;
    const struct work_action_new *in = v->action;
    (void)book;
    BL_TRY(work_volumes_load(x, w, store_writer(w->store), v->a, &all));
    const struct work_volume *volume = work_volume_find(&all, v->id);
    if (!volume)
        return not_found(x);
    BL_TRY(action_allowed(x, w, v->a, &all, volume, in, &v->op.droplet));
    BL_TRY(held_here(x, w, volume->driver, "volume"));
    BL_TRY(work_operation_none(x, w, v->a, &v->id, NULL));
    v->op.ask = (struct driver_ask){.op = in->op,
            .id = v->id,
            .gib = in->op == DRIVER_RESIZE ? in->gib : volume->gib,
            .fs_type = volume->fs_type,
            .fs_label = volume->fs_label,
            .droplet_id = in->op == DRIVER_RESIZE ? 0 : in->droplet_id,
            .region = volume->region};
    BL_TRY(work_operation_put(x, w, v->a, &v->op));
    BL_TRY(q_action_put(x, store_writer(w->store), v->a->bucket, store_uuid(&v->a->uuid), v->op.n,
            store_uuid(&v->id), bl_str_of(action_type(in->op)), volume->region, x->now_us));
    return audit(x, w, v, action_type(in->op), v->id);
}

static enum bl_err begin_action_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    return begin(x, w, arg, begin_action);
}

enum bl_err work_action_begin(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_account *a, bl_uuid volume, const struct work_action_new *in,
        struct work_action *ret)
{
    struct verb v = {.actor = actor, .a = a, .id = volume, .action = in};
    BL_TRY(work_on_writer(x, w, begin_action_turn, &v));
    *ret = (struct work_action){.id = work_operation_id(w, v.op.bucket, v.op.n),
            .type = bl_str_of(action_type(in->op)),
            .region = v.op.ask.region,
            .status = BL_STR("in-progress"),
            .volume = volume,
            .started_us = x->now_us,
            .completed_us = INT64_MAX};
    work_operation_submit(w, &v.op);
    return BL_OK;
}

struct ending {
    const struct work_operation *o;
    bool done;
};

static enum bl_err end_action(struct bl_ctx *x, struct work *w, const struct ending *g)
{
    const struct work_operation *o = g->o;
    struct store_db *db = store_writer(w->store);
    struct work_account a;
    struct bl_str account = store_uuid(&o->account), volume = store_uuid(&o->ask.id);
    struct bl_fact f = {.resource = o->ask.id, .has_quantity = true, .quantity = bl_dec_of(o->ask.gib)};
    BL_TRY(work_role_check(x, w, WORK_ROLE_VOLUMES));
    BL_TRY(work_account_get(x, w, db, o->account, &a));
    if (g->done && o->ask.op == DRIVER_RESIZE)
        BL_TRY(work_own_change(x, w, &a, &f));
    if (g->done && o->ask.op == DRIVER_ATTACH)
        BL_TRY(q_volume_droplet(x, db, a.bucket, account, volume, store_uuid(&o->droplet), x->now_us));
    if (g->done && o->ask.op == DRIVER_DETACH)
        BL_TRY(q_volume_droplet(x, db, a.bucket, account, volume, BL_STR(""), 0));
    BL_TRY(q_action_end(
            x, db, a.bucket, account, o->n, g->done ? BL_STR("completed") : BL_STR("errored"), x->now_us));
    return work_operation_drop(x, w, o);
}

static enum bl_err end_action_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, end_action(x, w, arg));
}

enum bl_err work_action_end(struct bl_ctx *x, struct work *w, const struct work_operation *o, bool done)
{
    struct ending g = {o, done};
    return work_on_writer(x, w, end_action_turn, &g);
}
