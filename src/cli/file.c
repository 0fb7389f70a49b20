/* Files that are read whole because they are small by their nature. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum bl_err read_fd(struct cli *c, int fd, const char *name, size_t most, struct bl_str *ret)
{
    struct stat st;
    if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
        return bl_fail(&c->x, BL_INVALID, "%s is a folder: name a file.", name);
    char *p = bl_alloc(&c->x.arena, most + 1);
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, p + n, most + 1 - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return bl_fail(&c->x, BL_UNAVAILABLE, "%s could not be read: %s.", name, strerror(errno));
        if (got == 0)
            break;
        n += (size_t)got;
        if (n > most)
            return bl_fail(&c->x, BL_TOO_LARGE, "%s is larger than %zu KiB.", name, most / 1024);
    }
    *ret = (struct bl_str){p, n};
    return BL_OK;
}

enum bl_err cli_read_file(struct cli *c, const char *name, size_t most, struct bl_str *ret)
{
    if (strcmp(name, "-") == 0)
        return read_fd(c, STDIN_FILENO, "Standard input", most, ret);
    int fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return bl_fail(&c->x, BL_NOT_FOUND, "%s could not be opened: %s.", name, strerror(errno));
    enum bl_err e = read_fd(c, fd, name, most, ret);
    close(fd);
    return e;
}
