/* What the files of driver share. */
#ifndef BILLOW_DRIVER_INNER_H
#define BILLOW_DRIVER_INNER_H

#include "driver/driver.h"

#include <stdatomic.h>

struct driver {
    enum driver_kind kind;
    char *dir, *program;
    int dir_fd; /* image; else -1 */
    char *owner;
    bool foreign; /* the folder was another's when it was used last */
    int lock_fd;  /* children lock its first byte */
    int64_t timeout_us;
    atomic_bool stopping;
    char *mkfs_ext4, *mkfs_xfs, *e2label, *xfs_db; /* NULL: not on this machine */
};

/* child.c: one program, run to its end.
 *   input  to its standard input, at most 64 KiB; absent: none
 *   ret    its standard output, or more than CHILD_OUTPUT_MAX bytes of one that is longer; NULL: joined with
 *          standard error
 *   gives  its exit status, or CHILD_KILLED (a signal, or too long), CHILD_STOPPED (driver_stop), CHILD_NONE
 */
#define CHILD_OUTPUT_MAX 65536
enum { CHILD_KILLED = -1, CHILD_STOPPED = -2, CHILD_NONE = -3 };
int child_run(
        struct driver *d, struct bl_ctx *x, const char *const *argv, struct bl_str input, struct bl_str *ret);
char *child_find(const char *name); /* malloc'ed path of a program; NULL: there is none */

/* image.c, exec.c */
BL_MUST_CHECK enum bl_err image_open(struct bl_ctx *x, struct driver *d);
enum driver_end image_run(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret);
BL_MUST_CHECK enum bl_err image_sweep(struct driver *d, struct bl_ctx *x, driver_known_fn *known, void *arg);
enum driver_end exec_run(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret);

#endif
