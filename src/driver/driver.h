/* driver: what really holds a volume. One operation at a time is asked, and asked again under the same
 * operation id after a crash: the same id has one effect.
 *
 *   record  nothing: for trying clients
 *   image   a sparse raw file a volume in a folder
 *   exec    the operator's own program, asked in JSON
 *
 * It knows nothing of accounts, money or the store; any number of threads may ask at once. */
#ifndef BILLOW_DRIVER_H
#define BILLOW_DRIVER_H

#include "base/base.h"
#include "num/num.h"

#define DRIVER_GIB_MAX 16384

enum driver_kind { DRIVER_OFF, DRIVER_RECORD, DRIVER_IMAGE, DRIVER_EXEC };
const char *driver_kind_name(enum driver_kind k); /* "off", "record", "image", "exec" */

enum driver_op {
    DRIVER_CREATE,          /* id, size, file system and label, region */
    DRIVER_CLONE,           /* the same, from snapshot */
    DRIVER_RESIZE,          /* id, new size */
    DRIVER_SNAPSHOT,        /* of id, into snapshot */
    DRIVER_DELETE,          /* id; what is not there is deleted already */
    DRIVER_DELETE_SNAPSHOT, /* snapshot; the same */
    DRIVER_ATTACH,          /* id, droplet */
    DRIVER_DETACH           /* id, droplet */
};
struct driver_ask {
    enum driver_op op;
    struct bl_str operation_id;
    bl_uuid id; /* of the volume */
    bool has_snapshot;
    bl_uuid snapshot;
    int64_t gib;                     /* 0: does not matter */
    struct bl_str fs_type, fs_label; /* empty: none */
    int64_t droplet_id;              /* 0: none */
    struct bl_str region;
};
struct driver_told {
    bool has_size;
    bl_dec size;       /* GiB of a snapshot, when the driver says so: above 0, at most two decimals */
    struct bl_str why; /* of a failure: a sentence for the operator */
};
enum driver_end { DRIVER_DONE, DRIVER_AGAIN, DRIVER_FAILED };

struct driver;
struct driver_options {
    enum driver_kind kind;
    const char *dir;     /* image: made when it is not there */
    const char *program; /* exec */
    const char *lock;    /* a file that running children hold; the next start waits for them */
    const char *owner;   /* image: whose folder it is, at most 64 bytes; kept in the lock file */
    int64_t timeout_us;  /* a child that runs longer is killed; 0: five minutes */
};
/* BL_INVALID with a sentence when the driver cannot work here, such as without mkfs.ext4. Waits until the
 * children of an earlier process have ended. */
BL_MUST_CHECK enum bl_err driver_open(struct bl_ctx *x, const struct driver_options *o, struct driver **ret);
void driver_close(struct driver *d);
void driver_stop(struct driver *d); /* kills what runs: from now on operations end as DRIVER_AGAIN */
bool driver_stopping(const struct driver *d);
enum driver_kind driver_kind(const struct driver *d);
bool driver_image_here(void); /* has this machine what image needs? */
/* Can it format this file system? Else *ret_why says what is missing. */
bool driver_formats(const struct driver *d, struct bl_str fs_type, const char **ret_why);
enum driver_end driver_run(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret);

/* Before the first operation: the driver forgets what no record names. BL_CONFLICT when that would empty the
 * folder of another database. living: does this volume (or snapshot)
 * have a record? */
typedef bool driver_known_fn(void *arg, bool snapshot, bl_uuid id);
BL_MUST_CHECK enum bl_err driver_sweep(struct driver *d, struct bl_ctx *x, driver_known_fn *known, void *arg);

#endif
