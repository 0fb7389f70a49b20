/* Which driver, and what they have in common: the lock that children hold. */
#include "driver/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *driver_kind_name(enum driver_kind k)
{
    static const char *const name[] = {"off", "record", "image", "exec"};
    return name[k];
}

/* Every child holds a lock of its own on this file while it lives: as long as one of an earlier server runs,
 * the file cannot be locked whole, and two operations on one volume cannot meet. */
static enum bl_err children_wait(struct bl_ctx *x, struct driver *d, const char *path)
{
    struct flock all = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    d->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (d->lock_fd < 0)
        return bl_fail(x, BL_INVALID, "%s cannot be made: %s.", path, strerror(errno));
    if (fcntl(d->lock_fd, F_GETLK, &all) == 0 && all.l_type != F_UNLCK)
        fprintf(stderr,
                "billow: process %ld, which the last server began, is still at work; waiting for it\n",
                (long)all.l_pid);
    all = (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
    while (fcntl(d->lock_fd, F_SETLKW, &all) != 0)
        if (errno != EINTR)
            return bl_fail(x, BL_INTERNAL, "%s cannot be locked: %s.", path, strerror(errno));
    all.l_type = F_UNLCK; /* for the children to come */
    fcntl(d->lock_fd, F_SETLK, &all);
    return BL_OK;
}

/* A server that is started with the wrong database must not take another's volumes for strays. */
static void owner_look(struct driver *d)
{
    char was[65] = {0};
    ssize_t n = pread(d->lock_fd, was, sizeof was - 1, 0);
    d->foreign = n > 0 && d->owner && strcmp(was, d->owner) != 0;
}

static enum bl_err owner_note(struct bl_ctx *x, struct driver *d)
{
    size_t n = d->owner ? strlen(d->owner) : 0;
    if (n == 0 || (ftruncate(d->lock_fd, 0) == 0 && pwrite(d->lock_fd, d->owner, n, 0) == (ssize_t)n))
        return BL_OK;
    return bl_fail(x, BL_INTERNAL, "The lock file beside %s cannot be written: %s.", d->dir, strerror(errno));
}

static enum bl_err open_kind(struct bl_ctx *x, struct driver *d, const struct driver_options *o)
{
    if (o->kind == DRIVER_RECORD)
        return BL_OK;
    BL_TRY(children_wait(x, d, o->lock));
    if (o->kind == DRIVER_IMAGE) {
        owner_look(d);
        return image_open(x, d);
    }
    if (access(d->program, X_OK) != 0)
        return bl_fail(x, BL_INVALID, "--volumes-exec: %s cannot be run: %s.", d->program, strerror(errno));
    return BL_OK;
}

enum bl_err driver_open(struct bl_ctx *x, const struct driver_options *o, struct driver **ret)
{
    struct driver *d = bl_xmalloc(sizeof *d);
    *d = (struct driver){.kind = o->kind, .dir_fd = -1, .lock_fd = -1};
    d->timeout_us = o->timeout_us ? o->timeout_us : INT64_C(300000000);
    d->dir = o->dir ? strdup(o->dir) : NULL;
    d->program = o->program ? strdup(o->program) : NULL;
    d->owner = o->owner ? strdup(o->owner) : NULL;
    enum bl_err e = open_kind(x, d, o);
    if (e != BL_OK) {
        driver_close(d);
        return e;
    }
    *ret = d;
    return BL_OK;
}

void driver_close(struct driver *d)
{
    if (!d)
        return;
    if (d->dir_fd >= 0)
        close(d->dir_fd);
    if (d->lock_fd >= 0)
        close(d->lock_fd);
    free(d->mkfs_ext4);
    free(d->mkfs_xfs);
    free(d->e2label);
    free(d->xfs_db);
    free(d->dir);
    free(d->program);
    free(d->owner);
    free(d);
}

void driver_stop(struct driver *d)
{
    atomic_store(&d->stopping, true);
}

bool driver_stopping(const struct driver *d)
{
    return atomic_load(&d->stopping);
}

enum driver_kind driver_kind(const struct driver *d)
{
    return d ? d->kind : DRIVER_OFF;
}

bool driver_image_here(void)
{
    char *mkfs = child_find("mkfs.ext4");
    free(mkfs);
    return mkfs != NULL;
}

bool driver_formats(const struct driver *d, struct bl_str fs_type, const char **ret_why)
{
    *ret_why = "";
    if (d->kind != DRIVER_IMAGE || !bl_str_is(fs_type, "xfs") || (d->mkfs_xfs && d->xfs_db))
        return true;
    *ret_why = "xfs cannot be made here: mkfs.xfs is missing (Debian's package xfsprogs).";
    return false;
}

enum driver_end driver_run(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret)
{
    *ret = (struct driver_told){0};
    if (atomic_load(&d->stopping))
        return DRIVER_AGAIN;
    if (d->kind == DRIVER_IMAGE)
        return image_run(d, x, ask, ret);
    if (d->kind == DRIVER_EXEC)
        return exec_run(d, x, ask, ret);
    return DRIVER_DONE;
}

enum bl_err driver_sweep(struct driver *d, struct bl_ctx *x, driver_known_fn *known, void *arg)
{
    if (d->kind != DRIVER_IMAGE)
        return BL_OK;
    BL_TRY(image_sweep(d, x, known, arg));
    return owner_note(x, d);
}
