#include "work/volume_checks.h"
#include "driver/driver.h"

#include <string.h>
#include <strings.h>

static bool lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

enum bl_err volume_name_check(struct bl_ctx *x, struct bl_str name)
{
    bool ok = name.n >= 1 && name.n <= 64 && lower(name.p[0]);
    for (size_t i = 0; ok && i < name.n; i++)
        ok = lower(name.p[i]) || digit(name.p[i]) || name.p[i] == '-' || name.p[i] == '_';
    if (ok)
        return BL_OK;
    return bl_fail(x, BL_INVALID,
            "name: 1 to 64 lower-case letters, digits, - and _ are wanted, the first of them a letter.");
}

enum bl_err volume_size_check(struct bl_ctx *x, int64_t gib)
{
    if (gib >= 1 && gib <= DRIVER_GIB_MAX)
        return BL_OK;
    return bl_fail(x, BL_INVALID, "size_gigabytes: a whole number from 1 to %d is wanted.", DRIVER_GIB_MAX);
}

/* Every list of volumes reads them all. */
enum bl_err volume_description_check(struct bl_ctx *x, struct bl_str description)
{
    if (description.n <= VOLUME_DESCRIPTION_MAX)
        return BL_OK;
    return bl_fail(x, BL_INVALID, "description: at most %d bytes are kept.", VOLUME_DESCRIPTION_MAX);
}

bool volume_region_is(struct bl_str slug, struct bl_str said)
{
    return slug.n == said.n && strncasecmp(slug.p, said.p, said.n) == 0;
}

enum bl_err volume_region_check(
        struct bl_ctx *x, const struct bl_book *book, struct bl_str region, struct bl_str *ret)
{
    if (!bl_is(region) || region.n == 0)
        return bl_fail(x, BL_INVALID, "region: the slug of a region is required.");
    for (size_t i = 0; book && i < book->n_region; i++)
        if (volume_region_is(book->region[i], region)) {
            *ret = bl_str_dup(&x->arena, book->region[i]);
            return BL_OK;
        }
    bool ok = (!book || book->n_region == 0) && region.n <= 32;
    for (size_t i = 0; ok && i < region.n; i++)
        ok = lower(region.p[i]) || digit(region.p[i]) || region.p[i] == '-';
    if (!ok)
        return bl_fail(x, BL_INVALID, "region: there is no region %s.", bl_shown(&x->arena, region));
    *ret = region;
    return BL_OK;
}

enum bl_err volume_fs_check(struct bl_ctx *x, struct bl_str type, struct bl_str label)
{
    bool ext4 = bl_str_is(type, "ext4"), xfs = bl_str_is(type, "xfs");
    if (type.n > 0 && !ext4 && !xfs)
        return bl_fail(x, BL_INVALID, "filesystem_type: ext4 or xfs is wanted.");
    if (label.n > 0 && type.n == 0)
        return bl_fail(x, BL_INVALID, "filesystem_label: a label wants a filesystem_type.");
    bool ok = label.n <= (xfs ? 12u : 16u);
    for (size_t i = 0; ok && i < label.n; i++)
        ok = label.p[i] > ' ' && label.p[i] < 0x7f && label.p[i] != '/';
    if (ok)
        return BL_OK;
    return bl_fail(x, BL_INVALID,
            "filesystem_label: at most %d printable ASCII characters, no blank and no /, are wanted.",
            xfs ? 12 : 16);
}

enum bl_err snapshot_name_check(struct bl_ctx *x, struct bl_str name)
{
    if (bl_is(name) && name.n >= 1 && name.n <= 255)
        return BL_OK;
    return bl_fail(x, BL_INVALID, "name: 1 to 255 bytes are wanted.");
}

enum bl_err volume_tags_check(struct bl_ctx *x, struct bl_str tags)
{
    size_t count = tags.n > 0, length = 0;
    bool ok = true;
    for (size_t i = 0; i < tags.n; i++) {
        char c = tags.p[i];
        if (c == '\n') {
            ok = ok && length >= 1;
            count++;
            length = 0;
            continue;
        }
        ok = ok && ++length <= 255 &&
             (lower((char)(c | 0x20)) || digit(c) || c == ':' || c == '-' || c == '_');
    }
    ok = ok && count <= 64 && (tags.n == 0 || length >= 1);
    if (ok)
        return BL_OK;
    return bl_fail(x, BL_INVALID, "tags: at most 64 of 1 to 255 letters, digits, :, - and _ are wanted.");
}

enum bl_err volume_sku(
        struct bl_ctx *x, const struct bl_book *book, const char *what, int64_t at_s, struct bl_str *ret)
{
    int at = book ? bl_book_sku_providing(book, what) : -1;
    if (at < 0)
        return bl_fail(
                x, BL_INVALID, "The price book has no SKU with provides: %s, so none can be made.", what);
    if (!bl_sku_price_at(&book->sku[at], at_s))
        return bl_fail(x, BL_INVALID, "The price book has no price yet for the SKU with provides: %s.", what);
    *ret = bl_str_dup(&x->arena, book->sku[at].sku);
    return BL_OK;
}
