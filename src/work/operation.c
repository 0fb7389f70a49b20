/* Operations: what a driver is asked. Its row is written before the driver is asked and dropped in the
 * transaction that ends it, so whatever a crash leaves half done has a row. A row belongs to one thread at a
 * time, who has claimed it; a row that nobody has claimed is taken up by work_volumes_again. */
#include "work/hands.h"
#include "work/inner.h"
#include "work/volumes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_US (30 * BL_US)
#define STEP_MAX_US (2 * BL_US)

static const char *const op_names[] = {
        "create", "clone", "resize", "snapshot", "delete", "delete_snapshot", "attach", "detach"};

/* ---- who is at work on what */

struct claim {
    uint32_t bucket;
    int64_t n;
};
struct work_operations {
    pthread_mutex_t lock;
    struct claim *at;
    size_t n, cap;
    atomic_bool again; /* what was left is being gone through */
};

static bool claim(struct work *w, uint32_t bucket, int64_t n)
{
    struct work_operations *o = w->operations;
    bool mine = true;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->n; i++)
        mine = mine && !(o->at[i].bucket == bucket && o->at[i].n == n);
    if (mine && o->n == o->cap) {
        o->cap = o->cap ? 2 * o->cap : 16;
        o->at = bl_xrealloc(o->at, o->cap * sizeof *o->at);
    }
    if (mine)
        o->at[o->n++] = (struct claim){bucket, n};
    pthread_mutex_unlock(&o->lock);
    return mine;
}

void work_operation_release(struct work *w, const struct work_operation *op)
{
    struct work_operations *o = w->operations;
    pthread_mutex_lock(&o->lock);
    for (size_t i = 0; i < o->n; i++)
        if (o->at[i].bucket == op->bucket && o->at[i].n == op->n) {
            o->at[i] = o->at[--o->n];
            break;
        }
    pthread_mutex_unlock(&o->lock);
}

/* ---- rows */

int64_t work_operation_id(const struct work *w, uint32_t bucket, int64_t n)
{
    return n * store_buckets(w->store) + bucket;
}

static struct bl_str uuid_or_empty(bool has, const bl_uuid *u)
{
    return has ? store_uuid(u) : BL_STR("");
}

enum bl_err work_operation_put(
        struct bl_ctx *x, struct work *w, const struct work_account *a, struct work_operation *o)
{
    struct store_db *db = store_writer(w->store);
    struct q_operation_number_get last = {0};
    bool found = false;
    const struct driver_ask *k = &o->ask;
    BL_TRY(q_operation_number_get(x, db, a->bucket, &last, &found));
    o->bucket = a->bucket;
    o->account = a->uuid;
    o->n = (found ? last.n : 0) + 1;
    BL_TRY(q_operation_number_put(x, db, a->bucket, o->n));
    BL_TRY(q_operation_put(x, db, a->bucket, store_uuid(&a->uuid), o->n, bl_str_of(op_names[k->op]),
            bl_str_of(driver_kind_name(driver_kind(w->driver))), store_uuid(&k->id),
            uuid_or_empty(k->has_snapshot, &k->snapshot), k->gib, k->fs_type, k->fs_label,
            uuid_or_empty(k->op == DRIVER_ATTACH || k->op == DRIVER_DETACH, &o->droplet), k->droplet_id,
            k->region));
    o->ask.operation_id = bl_str_printf(&x->arena, "%lld", (long long)work_operation_id(w, o->bucket, o->n));
    claim(w, o->bucket, o->n);
    return BL_OK;
}

enum bl_err work_operation_drop(struct bl_ctx *x, struct work *w, const struct work_operation *o)
{
    return q_operation_drop(x, store_writer(w->store), o->bucket, store_uuid(&o->account), o->n);
}

enum bl_err work_operation_none(struct bl_ctx *x, struct work *w, const struct work_account *a,
        const bl_uuid *volume, const bl_uuid *snapshot)
{
    static const char *const of_volume[] = {"resize", "snapshot", "attach", "detach"};
    struct q_operation_list *row = NULL;
    size_t n = 0;
    BL_TRY(q_operation_list(x, store_writer(w->store), a->bucket, store_uuid(&a->uuid), &row, &n));
    for (size_t i = 0; i < n; i++) {
        bool busy =
                snapshot && bl_str_is(row[i].op, "clone") && bl_str_eq(row[i].snapshot, store_uuid(snapshot));
        for (size_t k = 0; volume && k < BL_COUNT(of_volume); k++)
            busy = busy ||
                   (bl_str_is(row[i].op, of_volume[k]) && bl_str_eq(row[i].volume, store_uuid(volume)));
        if (busy && snapshot)
            return bl_fail(
                    x, BL_CONFLICT, "A volume is being made of this snapshot; try again when it is done.");
        if (busy)
            return bl_fail(
                    x, BL_CONFLICT, "Something is being done with this volume; try again when it is done.");
    }
    return BL_OK;
}

enum bl_err work_operation_attaching(
        struct bl_ctx *x, struct work *w, const struct work_account *a, bl_uuid droplet, size_t *ret)
{
    struct q_operation_list *row = NULL;
    size_t n = 0;
    *ret = 0;
    BL_TRY(q_operation_list(x, store_writer(w->store), a->bucket, store_uuid(&a->uuid), &row, &n));
    for (size_t i = 0; i < n; i++)
        *ret += bl_str_is(row[i].op, "attach") && bl_str_eq(row[i].droplet, store_uuid(&droplet));
    return BL_OK;
}

/* The row again, for whoever has claimed its number. */
static enum bl_err fetch(struct bl_ctx *x, struct work *w, struct work_operation *o, bool *ret_found)
{
    struct q_operation_get row = {0};
    struct store_db *db = store_reader_take(w->store);
    enum bl_err e = q_operation_get(x, db, o->bucket, store_uuid(&o->account), o->n, &row, ret_found);
    store_reader_give(w->store, db);
    if (e != BL_OK || !*ret_found)
        return e;
    struct driver_ask *k = &o->ask;
    *k = (struct driver_ask){.gib = row.gib,
            .fs_type = row.fs_type,
            .fs_label = row.fs_label,
            .droplet_id = row.droplet_id,
            .region = row.region,
            .has_snapshot = row.snapshot.n == 16};
    k->operation_id = bl_str_printf(&x->arena, "%lld", (long long)work_operation_id(w, o->bucket, o->n));
    memcpy(k->id.b, row.volume.p, 16);
    if (k->has_snapshot)
        memcpy(k->snapshot.b, row.snapshot.p, 16);
    if (row.droplet.n == 16)
        memcpy(o->droplet.b, row.droplet.p, 16);
    k->op = bl_str_is(row.op, "undo_snapshot") ? DRIVER_SNAPSHOT : DRIVER_CREATE; /* undo_volume */
    for (size_t i = 0; i < BL_COUNT(op_names); i++)
        if (bl_str_is(row.op, op_names[i]))
            k->op = (enum driver_op)i;
    return BL_OK;
}

/* ---- asking */

enum driver_end work_operation_ask(
        struct bl_ctx *x, struct work *w, const struct work_operation *o, struct driver_told *ret)
{
    int64_t until_us = work_mono_us() + PATIENCE_US, step_us = BL_US / 10;
    enum driver_end end = driver_run(w->driver, x, &o->ask, ret);
    while (end == DRIVER_AGAIN && !o->once && !driver_stopping(w->driver) && work_mono_us() < until_us) {
        usleep((useconds_t)step_us);
        step_us = step_us * 2 < STEP_MAX_US ? step_us * 2 : STEP_MAX_US;
        end = driver_run(w->driver, x, &o->ask, ret);
    }
    if (end == DRIVER_FAILED)
        fprintf(stderr, "billow: the driver of volumes failed to %s (operation %.*s): %.*s\n",
                op_names[o->ask.op], BL_FMT(o->ask.operation_id), BL_FMT(ret->why));
    return end;
}

static enum bl_err drop_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, work_operation_drop(x, w, arg));
}

static enum bl_err mark_undo(struct bl_ctx *x, struct work *w, void *arg)
{
    const struct work_operation *o = arg;
    struct bl_str op = o->ask.op == DRIVER_SNAPSHOT ? BL_STR("undo_snapshot") : BL_STR("undo_volume");
    BL_TRY(work_begin(x, w));
    return work_end(
            x, w, q_operation_turn(x, store_writer(w->store), o->bucket, store_uuid(&o->account), o->n, op));
}

/* A write that fails leaves the row as it is: it is taken up again. */
static void turn_or_say(struct bl_ctx *x, struct work *w, work_turn_fn *fn, const struct work_operation *o)
{
    struct work_operation copy = *o;
    if (work_on_writer(x, w, fn, &copy) != BL_OK)
        fprintf(stderr, "billow: operation %.*s: %s\n", BL_FMT(o->ask.operation_id), x->why);
}

void work_operation_undo(struct bl_ctx *x, struct work *w, const struct work_operation *o)
{
    struct work_operation undo = *o;
    struct driver_told told;
    undo.ask.op = o->ask.op == DRIVER_SNAPSHOT ? DRIVER_DELETE_SNAPSHOT : DRIVER_DELETE;
    undo.ask.has_snapshot = o->ask.op == DRIVER_SNAPSHOT;
    undo.ask.operation_id = bl_str_printf(&x->arena, "%.*s-undo", BL_FMT(o->ask.operation_id));
    bool removed = work_operation_ask(x, w, &undo, &told) == DRIVER_DONE;
    turn_or_say(x, w, removed ? drop_turn : mark_undo, o);
}

void work_operation_go_on(struct bl_ctx *x, struct work *w, const struct work_operation *o)
{
    struct driver_told told;
    enum driver_end end;
    switch (o->ask.op) {
    case DRIVER_CREATE:
    case DRIVER_CLONE:
    case DRIVER_SNAPSHOT: /* whoever asked has had no answer, and gets none now */
        work_operation_undo(x, w, o);
        break;
    case DRIVER_DELETE:
    case DRIVER_DELETE_SNAPSHOT:
        if (work_operation_ask(x, w, o, &told) == DRIVER_DONE)
            turn_or_say(x, w, drop_turn, o);
        break;
    case DRIVER_RESIZE:
    case DRIVER_ATTACH:
    case DRIVER_DETACH:
        end = work_operation_ask(x, w, o, &told);
        if (end != DRIVER_AGAIN && work_action_end(x, w, o, end == DRIVER_DONE) != BL_OK)
            fprintf(stderr, "billow: operation %.*s: %s\n", BL_FMT(o->ask.operation_id), x->why);
        break;
    }
}

/* ---- on a hand */

/* It has been claimed; its texts are fetched. */
static void take_up(struct work *w, struct work_operation *o)
{
    struct bl_ctx x;
    bool found = false;
    bl_ctx_init(&x, work_now(w));
    if (fetch(&x, w, o, &found) == BL_OK && found)
        work_operation_go_on(&x, w, o);
    work_operation_release(w, o);
    bl_ctx_release(&x);
}

static void run_errand(struct work *w, void *arg)
{
    take_up(w, arg);
    free(arg);
}

void work_operation_submit(struct work *w, const struct work_operation *o)
{
    struct work_operation *copy = bl_xmalloc(sizeof *copy);
    *copy = *o;
    copy->ask = (struct driver_ask){0}; /* its texts are the caller's */
    work_hands_submit(w, run_errand, copy);
}

/* One after another on one hand, each asked once: what a driver puts off or fails at over and over keeps no
 * customer waiting. */
static void run_again(struct work *w, void *arg)
{
    struct bl_ctx x;
    struct q_operation_left *row = NULL;
    size_t n = 0;
    (void)arg;
    bl_ctx_init(&x, work_now(w));
    struct store_db *db = store_reader_take(w->store);
    enum bl_err e = q_operation_left(&x, db, bl_str_of(driver_kind_name(driver_kind(w->driver))), &row, &n);
    store_reader_give(w->store, db);
    for (size_t i = 0; e == BL_OK && i < n && !driver_stopping(w->driver); i++) {
        struct work_operation o = {.bucket = (uint32_t)row[i].bucket, .n = row[i].n, .once = true};
        memcpy(o.account.b, row[i].account.p, 16);
        if (claim(w, o.bucket, o.n))
            take_up(w, &o);
    }
    bl_ctx_release(&x);
    atomic_store(&w->operations->again, false);
}

void work_volumes_again(struct work *w)
{
    if (w->driver && !atomic_exchange(&w->operations->again, true))
        work_hands_submit(w, run_again, NULL);
}

/* ---- opening */

struct known {
    struct bl_ctx *x;
    struct {
        bl_uuid *at;
        size_t n, cap;
    } of[2]; /* volumes, snapshots */
};

static enum bl_err note(void *arg, const struct q_own_living *row)
{
    struct known *k = arg;
    bool volume = bl_str_is(row->kind, "volume"), snapshot = bl_str_is(row->kind, "snapshot");
    if (volume || snapshot)
        memcpy(BL_PUSH(&k->x->arena, k->of[snapshot])->b, row->resource.p, 16);
    return BL_OK;
}

static int uuid_order(const void *a, const void *b)
{
    return bl_uuid_cmp(*(const bl_uuid *)a, *(const bl_uuid *)b);
}

static bool is_known(void *arg, bool snapshot, bl_uuid id)
{
    struct known *k = arg;
    return k->of[snapshot].n > 0 &&
           bsearch(&id, k->of[snapshot].at, k->of[snapshot].n, sizeof id, uuid_order) != NULL;
}

static enum bl_err sweep(struct bl_ctx *x, struct work *w)
{
    struct known k = {.x = x};
    struct store_db *db = store_reader_take(w->store);
    enum bl_err e = q_own_living(x, db, bl_str_of(driver_kind_name(driver_kind(w->driver))), note, &k);
    store_reader_give(w->store, db);
    BL_TRY(e);
    for (size_t i = 0; i < BL_COUNT(k.of); i++)
        if (k.of[i].n > 1)
            qsort(k.of[i].at, k.of[i].n, sizeof(bl_uuid), uuid_order);
    return driver_sweep(w->driver, x, is_known, &k);
}

enum bl_err work_volumes_open(struct bl_ctx *x, struct work *w, const struct driver_options *o)
{
    if (o->kind == DRIVER_OFF)
        return BL_OK;
    BL_TRY(driver_open(x, o, &w->driver));
    w->operations = bl_xmalloc(sizeof *w->operations);
    *w->operations = (struct work_operations){0};
    pthread_mutex_init(&w->operations->lock, NULL);
    BL_TRY(sweep(x, w));
    work_volumes_again(w);
    return BL_OK;
}

void work_volumes_stop(struct work *w)
{
    if (w->driver)
        driver_stop(w->driver);
}

void work_volumes_close(struct work *w)
{
    driver_close(w->driver);
    w->driver = NULL;
    if (!w->operations)
        return;
    pthread_mutex_destroy(&w->operations->lock);
    free(w->operations->at);
    free(w->operations);
    w->operations = NULL;
}

enum driver_kind work_volumes_driver(struct work *w)
{
    return driver_kind(w->driver);
}
