/* A sparse raw file a volume, formatted when asked. What is being made has an ending of its own and gets its
 * name when it is whole, so that a file under a volume's name is always a volume. */
#include "driver/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define GIB INT64_C(1073741824)
#define NAME_MAX_LEN 64
#define COPY_STEP (INT64_C(64) << 20)

static void file_name(char ret[NAME_MAX_LEN], bool snapshot, bl_uuid id, const char *ending)
{
    char text[37];
    bl_uuid_text(id, text);
    snprintf(ret, NAME_MAX_LEN, "%s-%s.%s", snapshot ? "snapshot" : "volume", text, ending);
}

enum bl_err image_open(struct bl_ctx *x, struct driver *d)
{
    d->mkfs_ext4 = child_find("mkfs.ext4");
    d->e2label = child_find("e2label");
    d->mkfs_xfs = child_find("mkfs.xfs");
    d->xfs_db = child_find("xfs_db");
    if (!d->mkfs_ext4 || !d->e2label)
        return bl_fail(
                x, BL_INVALID, "--volumes image needs mkfs.ext4, and it is not here: install e2fsprogs.");
    if (mkdir(d->dir, 0700) != 0 && errno != EEXIST)
        return bl_fail(x, BL_INVALID, "The folder %s cannot be made: %s.", d->dir, strerror(errno));
    d->dir_fd = open(d->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dir_fd < 0)
        return bl_fail(x, BL_INVALID, "%s cannot be opened: %s.", d->dir, strerror(errno));
    if (flock(d->dir_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) /* it would sweep them away */
        return bl_fail(x, BL_CONFLICT, "Another server keeps its volumes in %s: give --volumes-dir.", d->dir);
    return BL_OK;
}

static enum driver_end failed(struct bl_ctx *x, struct driver_told *ret, const char *what, const char *name)
{
    ret->why = bl_str_printf(&x->arena, "%s %s: %s", what, name, strerror(errno));
    return DRIVER_FAILED;
}

/* ---- making a file whole before it gets its name */

static int part_open(struct driver *d, const char *part)
{
    return openat(d->dir_fd, part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
}

static enum driver_end publish(struct driver *d, struct bl_ctx *x, int fd, const char *part, const char *name,
        struct driver_told *ret)
{
    if (fsync(fd) != 0 || renameat(d->dir_fd, part, d->dir_fd, name) != 0 || fsync(d->dir_fd) != 0)
        return failed(x, ret, "cannot keep", name);
    return DRIVER_DONE;
}

static enum driver_end tool(
        struct driver *d, struct bl_ctx *x, const char *const *argv, struct driver_told *ret)
{
    int code = child_run(d, x, argv, BL_ABSENT, NULL);
    if (code == CHILD_STOPPED)
        return DRIVER_AGAIN;
    if (code == 0)
        return DRIVER_DONE;
    ret->why = bl_str_printf(&x->arena, "%s ended with %d", argv[0], code);
    return DRIVER_FAILED;
}

static enum driver_end format(struct driver *d, struct bl_ctx *x, const struct driver_ask *ask,
        const char *part, struct driver_told *ret)
{
    const char *path = bl_str_printf(&x->arena, "%s/%s", d->dir, part).p;
    const char *label = bl_str_printf(&x->arena, "%.*s", BL_FMT(ask->fs_label)).p;
    /* The file reads as zeros, so nothing needs to be written to be zero. */
    static const char lazy[] = "lazy_itable_init=1,lazy_journal_init=1";
    const char *const ext4[] = {d->mkfs_ext4, "-q", "-F", "-E", lazy, "-L", label, path, NULL};
    const char *const xfs[] = {d->mkfs_xfs, "-q", "-f", "-L", label, path, NULL};
    const char *const xfs_bare[] = {d->mkfs_xfs, "-q", "-f", path, NULL};
    if (bl_str_is(ask->fs_type, "ext4"))
        return tool(d, x, ext4, ret);
    if (bl_str_is(ask->fs_type, "xfs") && d->mkfs_xfs)
        return tool(d, x, *label ? xfs : xfs_bare, ret);
    return DRIVER_DONE;
}

static enum driver_end relabel(struct driver *d, struct bl_ctx *x, const struct driver_ask *ask,
        const char *part, struct driver_told *ret)
{
    const char *path = bl_str_printf(&x->arena, "%s/%s", d->dir, part).p;
    const char *label = bl_str_printf(&x->arena, "%.*s", BL_FMT(ask->fs_label)).p;
    const char *const ext4[] = {d->e2label, path, label, NULL};
    /* Not xfs_admin: that is a shell script, to which a customer's label would be program text. */
    const char *const xfs[] = {
            d->xfs_db, "-x", "-c", bl_str_printf(&x->arena, "label %s", label).p, path, NULL};
    if (!*label)
        return DRIVER_DONE;
    if (bl_str_is(ask->fs_type, "ext4"))
        return tool(d, x, ext4, ret);
    if (bl_str_is(ask->fs_type, "xfs") && d->xfs_db)
        return tool(d, x, xfs, ret);
    return DRIVER_DONE;
}

static enum driver_end create(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret)
{
    char name[NAME_MAX_LEN], part[NAME_MAX_LEN];
    file_name(name, false, ask->id, "img");
    file_name(part, false, ask->id, "part");
    int fd = part_open(d, part);
    if (fd < 0)
        return failed(x, ret, "cannot make", part);
    enum driver_end e = DRIVER_DONE;
    if (ftruncate(fd, ask->gib * GIB) != 0)
        e = failed(x, ret, "cannot give its size to", part);
    if (e == DRIVER_DONE)
        e = format(d, x, ask, part, ret);
    if (e == DRIVER_DONE)
        e = publish(d, x, fd, part, name, ret);
    close(fd);
    return e;
}

/* ---- copying: by reference where the file system can, else what is no hole */

static bool copy_range(int from, int to, int64_t at, int64_t end)
{
    static const size_t room_n = 1 << 20;
    char *room = NULL;
    while (at < end) {
        off_t in = at, out = at;
        ssize_t n = room ? -1 : copy_file_range(from, &in, to, &out, (size_t)(end - at), 0);
        if (n < 0 && !room)
            room = bl_xmalloc(room_n);
        if (n < 0) {
            size_t want = (int64_t)room_n < end - at ? room_n : (size_t)(end - at);
            n = pread(from, room, want, at);
            if (n > 0 && pwrite(to, room, (size_t)n, at) != n)
                n = -1;
        }
        if (n <= 0) {
            free(room);
            return n == 0; /* the file ends here */
        }
        at += n;
    }
    free(room);
    return true;
}

static bool copy_sparse(struct driver *d, int from, int to, int64_t size)
{
    int64_t at = 0;
    if (ftruncate(to, size) != 0)
        return false;
    while (at < size) {
        int64_t data = lseek(from, at, SEEK_DATA);
        if (data < 0)
            return errno == ENXIO; /* nothing but a hole is left */
        int64_t hole = lseek(from, data, SEEK_HOLE);
        if (hole < 0)
            return false;
        for (at = data; at < hole; at += COPY_STEP) {
            int64_t end = at + COPY_STEP < hole ? at + COPY_STEP : hole;
            if (atomic_load(&d->stopping) || !copy_range(from, to, at, end))
                return false;
        }
        at = hole;
    }
    return true;
}

static enum driver_end copy(struct driver *d, struct bl_ctx *x, const struct driver_ask *ask,
        bool to_snapshot, struct driver_told *ret)
{
    char source[NAME_MAX_LEN], name[NAME_MAX_LEN], part[NAME_MAX_LEN];
    file_name(source, !to_snapshot, to_snapshot ? ask->id : ask->snapshot, "img");
    file_name(name, to_snapshot, to_snapshot ? ask->snapshot : ask->id, "img");
    file_name(part, to_snapshot, to_snapshot ? ask->snapshot : ask->id, "part");
    int from = openat(d->dir_fd, source, O_RDONLY | O_CLOEXEC);
    if (from < 0)
        return failed(x, ret, "cannot read", source);
    int to = part_open(d, part);
    if (to < 0) {
        close(from);
        return failed(x, ret, "cannot make", part);
    }
    struct stat st;
    enum driver_end e = DRIVER_DONE;
    bool ok =
            fstat(from, &st) == 0 && (ioctl(to, FICLONE, from) == 0 || copy_sparse(d, from, to, st.st_size));
    if (!ok)
        e = atomic_load(&d->stopping) ? DRIVER_AGAIN : failed(x, ret, "cannot copy", source);
    if (ok && ask->gib * GIB > st.st_size && ftruncate(to, ask->gib * GIB) != 0)
        e = failed(x, ret, "cannot give its size to", part);
    if (e == DRIVER_DONE && !to_snapshot)
        e = relabel(d, x, ask, part, ret);
    if (e == DRIVER_DONE)
        e = publish(d, x, to, part, name, ret);
    close(from);
    close(to);
    return e;
}

static enum driver_end resize(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret)
{
    char name[NAME_MAX_LEN];
    struct stat st;
    file_name(name, false, ask->id, "img");
    int fd = openat(d->dir_fd, name, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return failed(x, ret, "cannot open", name);
    bool ok = fstat(fd, &st) == 0 && (st.st_size >= ask->gib * GIB || ftruncate(fd, ask->gib * GIB) == 0) &&
              fsync(fd) == 0;
    enum driver_end e = ok ? DRIVER_DONE : failed(x, ret, "cannot grow", name);
    close(fd);
    return e;
}

static enum driver_end drop(
        struct driver *d, struct bl_ctx *x, bool snapshot, bl_uuid id, struct driver_told *ret)
{
    static const char *const ending[] = {"part", "img"};
    for (size_t i = 0; i < BL_COUNT(ending); i++) {
        char name[NAME_MAX_LEN];
        file_name(name, snapshot, id, ending[i]);
        if (unlinkat(d->dir_fd, name, 0) != 0 && errno != ENOENT)
            return failed(x, ret, "cannot remove", name);
    }
    return fsync(d->dir_fd) == 0 ? DRIVER_DONE : failed(x, ret, "cannot write", d->dir);
}

enum driver_end image_run(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret)
{
    switch (ask->op) {
    case DRIVER_CREATE:
        return create(d, x, ask, ret);
    case DRIVER_CLONE:
        return copy(d, x, ask, false, ret);
    case DRIVER_RESIZE:
        return resize(d, x, ask, ret);
    case DRIVER_SNAPSHOT:
        return copy(d, x, ask, true, ret);
    case DRIVER_DELETE:
        return drop(d, x, false, ask->id, ret);
    case DRIVER_DELETE_SNAPSHOT:
        return drop(d, x, true, ask->snapshot, ret);
    case DRIVER_ATTACH:
    case DRIVER_DETACH:
        break; /* a hypervisor takes the file as it is */
    }
    return DRIVER_DONE;
}

/* ---- at the start: files that no record names */

/* Is this a name of ours? */
static bool name_read(const char *name, bool *ret_snapshot, bl_uuid *ret_id, bool *ret_part)
{
    static const char *const first[] = {"volume-", "snapshot-"};
    for (size_t i = 0; i < BL_COUNT(first); i++) {
        size_t n = strlen(first[i]);
        if (strncmp(name, first[i], n) != 0 || strlen(name) < n + 36)
            continue;
        *ret_snapshot = i == 1;
        *ret_part = strcmp(name + n + 36, ".part") == 0;
        bool whole = strcmp(name + n + 36, ".img") == 0;
        return (whole || *ret_part) && bl_uuid_parse((struct bl_str){name + n, 36}, ret_id);
    }
    return false;
}

static enum bl_err sweep_foreign(struct driver *d, struct bl_ctx *x, driver_known_fn *known, void *arg)
{
    DIR *dir = opendir(d->dir);
    size_t strays = 0;
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        bool snapshot = false, part = false;
        bl_uuid id;
        strays += name_read(e->d_name, &snapshot, &id, &part) && !part && !known(arg, snapshot, id);
    }
    if (dir)
        closedir(dir);
    if (strays == 0)
        return BL_OK;
    return bl_fail(x, BL_CONFLICT,
            "%s holds %zu images of another database: give --volumes-dir, or remove them and start again.",
            d->dir, strays);
}

enum bl_err image_sweep(struct driver *d, struct bl_ctx *x, driver_known_fn *known, void *arg)
{
    if (d->foreign)
        BL_TRY(sweep_foreign(d, x, known, arg));
    DIR *dir = opendir(d->dir);
    if (!dir)
        return bl_fail(x, BL_INVALID, "%s cannot be read: %s.", d->dir, strerror(errno));
    for (struct dirent *e = readdir(dir); e; e = readdir(dir)) {
        bool snapshot = false, part = false;
        bl_uuid id;
        if (!name_read(e->d_name, &snapshot, &id, &part) || (!part && known(arg, snapshot, id)))
            continue;
        bool gone = unlinkat(d->dir_fd, e->d_name, 0) == 0;
        fprintf(stderr, "billow: %s/%s belongs to no %s: %s%s\n", d->dir, e->d_name,
                snapshot ? "snapshot" : "volume",
                gone ? "removed" : "it could not be removed: ", gone ? "" : strerror(errno));
    }
    closedir(dir);
    return BL_OK;
}
