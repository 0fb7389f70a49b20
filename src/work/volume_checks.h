/* Rules about volumes that need nothing but their arguments. Each fails with BL_INVALID and a sentence. */
#ifndef BILLOW_WORK_VOLUME_CHECKS_H
#define BILLOW_WORK_VOLUME_CHECKS_H

#include "book/book.h"

#define VOLUME_SNAPSHOTS_MAX 25
#define VOLUME_SNAPSHOT_EVERY_S 600
#define DROPLET_VOLUMES_MAX 15
#define VOLUME_DESCRIPTION_MAX 4096

BL_MUST_CHECK enum bl_err volume_name_check(struct bl_ctx *x, struct bl_str name);
BL_MUST_CHECK enum bl_err volume_size_check(struct bl_ctx *x, int64_t gib);
/* The slug as the book spells it; without a list of regions any slug is one. */
BL_MUST_CHECK enum bl_err volume_region_check(
        struct bl_ctx *x, const struct bl_book *book, struct bl_str region, struct bl_str *ret);
bool volume_region_is(struct bl_str slug, struct bl_str said); /* in capitals or not */
BL_MUST_CHECK enum bl_err volume_description_check(struct bl_ctx *x, struct bl_str description);
/* Type: "ext4", "xfs" or empty; a label wants a type. */
BL_MUST_CHECK enum bl_err volume_fs_check(struct bl_ctx *x, struct bl_str type, struct bl_str label);
BL_MUST_CHECK enum bl_err snapshot_name_check(struct bl_ctx *x, struct bl_str name);
/* Tags joined by '\n'. */
BL_MUST_CHECK enum bl_err volume_tags_check(struct bl_ctx *x, struct bl_str tags);
/* The SKU that a new resource wears: the one that provides `what`, if it has a price at that second. */
BL_MUST_CHECK enum bl_err volume_sku(
        struct bl_ctx *x, const struct bl_book *book, const char *what, int64_t at_s, struct bl_str *ret);

#endif
