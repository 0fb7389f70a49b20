/* volumes: volumes, their snapshots and their actions. What is listed is what is billed: a volume is a living
 * resource of kind "volume" in the facts, whoever told of it; rows beside them hold what facts do not say.
 *
 *   create, snapshot   operation begins | driver | record and fact, in one transaction
 *   delete             record gone and fact, in one transaction | driver
 *   action             shown as in-progress | driver | completed: record and fact, in one transaction
 *
 * What is between two transactions stands in table `operation`, so that a crash there is found: creates and
 * snapshots are undone, deletes are finished, actions are asked again under the same id. */
#ifndef BILLOW_WORK_VOLUMES_H
#define BILLOW_WORK_VOLUMES_H

#include "driver/driver.h"
#include "work/work.h"

/* ---- reading */
struct work_volume {
    bl_uuid id;
    struct bl_str name, region, tags; /* tags: joined by '\n' */
    int64_t gib, created_s;
    struct bl_str description, fs_type, fs_label;
    bool attached;
    bl_uuid droplet; /* the resource it is attached to, alive */
    int64_t droplet_id;
    struct bl_str driver; /* what holds it; absent: known from events alone */
    int64_t snapped_us;   /* 0: never */
};
struct work_snapshot {
    bl_uuid id;
    bool has_number; /* of a droplet, known from events: its id is this number */
    int64_t number;
    struct bl_str name, region, tags;
    bl_dec size;       /* GiB, as billed */
    int64_t least_gib; /* of a volume made of it: what its own volume had */
    int64_t created_s;
    bool has_volume;
    bl_uuid volume; /* what it was made of */
    struct bl_str fs_type, fs_label, driver;
};
struct work_volumes { /* of one account, newest first, then by id, the highest first */
    struct work_volume *volume;
    size_t n_volume;
    struct work_snapshot *snapshot;
    size_t n_snapshot;
    struct work_living *living; /* everything that lives */
    size_t n_living;
};
BL_MUST_CHECK enum bl_err work_volumes_load(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, struct work_volumes *ret);
const struct work_volume *work_volume_find(const struct work_volumes *v, bl_uuid id);      /* NULL: none */
const struct work_snapshot *work_snapshot_find(const struct work_volumes *v, bl_uuid id);  /* NULL: none */
const struct work_living *work_droplet_find(const struct work_volumes *v, int64_t number); /* NULL: none */

struct work_action {
    int64_t id; /* unique in the installation */
    struct bl_str type, region, status;
    bl_uuid volume;
    int64_t started_us, completed_us; /* INT64_MAX: not yet */
};
/* volume: NULL: of all of the account's. BL_NOT_FOUND by id. */
BL_MUST_CHECK enum bl_err work_actions(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, const bl_uuid *volume, int64_t first, int64_t n,
        struct work_action **ret, size_t *ret_n, int64_t *ret_total);
BL_MUST_CHECK enum bl_err work_action_get(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *a, int64_t id, struct work_action *ret);

/* ---- writing: on a thread of hands.h, never on the writer's; each returns when it is done */
enum driver_kind work_volumes_driver(struct work *w);
struct work_volume_new {
    struct bl_str name, description, region, fs_type, fs_label, tags;
    int64_t gib; /* 0: the snapshot's */
    bool has_snapshot;
    bl_uuid snapshot;
};
BL_MUST_CHECK enum bl_err work_volume_create(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_account *a, const struct work_volume_new *in, bl_uuid *ret);
BL_MUST_CHECK enum bl_err work_volume_delete(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account *a, bl_uuid id);
BL_MUST_CHECK enum bl_err work_snapshot_create(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_account *a, bl_uuid volume, struct bl_str name, struct bl_str tags, bl_uuid *ret);
BL_MUST_CHECK enum bl_err work_snapshot_delete(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account *a, bl_uuid id);
/* Begins an action; it goes on by itself when this has returned. */
struct work_action_new {
    enum driver_op op;    /* ATTACH, DETACH, RESIZE */
    struct bl_str region; /* absent: not given */
    int64_t gib, droplet_id;
};
BL_MUST_CHECK enum bl_err work_action_begin(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_account *a, bl_uuid volume, const struct work_action_new *in,
        struct work_action *ret); /* as it begins: in-progress */

/* ---- the process */
/* Opens the driver, drops files that no record names, and starts on what an earlier process left. After
 * work_writer_start and work_hands_start. */
BL_MUST_CHECK enum bl_err work_volumes_open(struct bl_ctx *x, struct work *w, const struct driver_options *o);
void work_volumes_again(struct work *w); /* now and then: what a driver put off is asked again */
void work_volumes_stop(struct work *w);  /* before work_hands_stop */
void work_volumes_close(struct work *w); /* after it */

#endif
