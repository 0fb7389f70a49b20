/* Zone files are found under the system's zoneinfo folder. Names are checked before they become a path:
 * letters, digits,
 * "+-_" and single inner slashes, so that no name leads out of the folder. What was read is kept for ever;
 * there are some six hundred zones, which bounds it. */
#include "zone/zone.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES 65536

struct known {
    char name[64];
    struct bl_ctx x;
    struct bl_zone zone;
    struct known *next;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct known *all;

static bool name_ok(struct bl_str n)
{
    if (n.n == 0 || n.n >= 64 || n.p[0] == '/' || n.p[n.n - 1] == '/')
        return false;
    for (size_t i = 0; i < n.n; i++) {
        char c = n.p[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '+' && c != '-' && c != '_' && !(c == '/' && n.p[i + 1] != '/'))
            return false;
    }
    return true;
}

static enum bl_err load(struct bl_ctx *x, struct bl_str name, struct known **ret)
{
    char path[128];
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", BL_FMT(name));
    FILE *f = fopen(path, "rb");
    if (!f)
        return bl_fail(x, BL_INVALID, "zone: there is no time zone %.*s here.", BL_FMT(name));
    char *bytes = bl_xmalloc(FILE_MAX_BYTES);
    size_t n = fread(bytes, 1, FILE_MAX_BYTES, f);
    fclose(f);
    struct known *k = bl_xmalloc(sizeof *k);
    *k = (struct known){0};
    bl_ctx_init(&k->x, 0);
    memcpy(k->name, name.p, name.n);
    struct bl_str kept = bl_str_dup(&k->x.arena, (struct bl_str){bytes, n});
    free(bytes);
    enum bl_err e = bl_zone_decode(&k->x, kept, &k->zone);
    if (e != BL_OK) {
        e = bl_fail(x, BL_INVALID, "zone: %.*s is no time zone.", BL_FMT(name));
        bl_ctx_release(&k->x);
        free(k);
        return e;
    }
    *ret = k;
    return BL_OK;
}

enum bl_err zone_find(struct bl_ctx *x, struct bl_str name, const struct bl_zone **ret)
{
    *ret = NULL;
    if (!bl_is(name) || bl_str_is(name, "UTC"))
        return BL_OK;
    if (!name_ok(name))
        return bl_fail(x, BL_INVALID, "zone: %.*s is no name of a time zone; give one such as Europe/Riga.",
                BL_FMT(name));
    pthread_mutex_lock(&lock);
    struct known *k = all;
    while (k && !bl_str_is(name, k->name))
        k = k->next;
    enum bl_err e = BL_OK;
    if (!k) {
        e = load(x, name, &k);
        if (e == BL_OK) {
            k->next = all;
            all = k;
        }
    }
    pthread_mutex_unlock(&lock);
    if (e == BL_OK)
        *ret = &k->zone;
    return e;
}
