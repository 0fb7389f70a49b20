/* Reads a compiled time zone (TZif, RFC 8536): a header, transition times with the local time type of each,
 * the types, and from version 2 on the whole again in 64 bits and a rule for all years after the last
 * transition.
 *
 *     "TZif" version  counts | 32-bit block | "TZif" version counts | 64-bit block | \n rule \n
 *
 * The rule is expanded year by year (tzrule.c), so that looking up an instant is one search in one table. */
#include "cal/tzrule.h"

#include <assert.h>
#include <string.h>

#define HEADER 44
#define OFFSET_MOST 93600 /* 26 hours: more is not a place on Earth */

struct block {
    uint32_t utc_flags, std_flags, leaps, times, types, chars;
    size_t time_size; /* 4 or 8 bytes a transition */
};

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static int64_t be_time(const uint8_t *p, size_t size)
{
    return size == 4 ? (int32_t)be32(p) : (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static enum bl_err broken(struct bl_ctx *x, const char *what)
{
    return bl_fail(x, BL_INVALID, "not a usable time zone file: %s", what);
}

static bool read_header(struct bl_rd *r, struct block *ret, uint8_t *ret_version)
{
    const uint8_t *h = bl_get_bytes(r, HEADER);
    if (h == NULL || memcmp(h, "TZif", 4) != 0)
        return false;
    *ret_version = h[4];
    *ret = (struct block){
            be32(h + 20), be32(h + 24), be32(h + 28), be32(h + 32), be32(h + 36), be32(h + 40), 4};
    return true;
}

/* The sizes are 32 bits each, so that their sum cannot wrap in 64. */
static uint64_t block_size(const struct block *b)
{
    return (uint64_t)b->times * (b->time_size + 1) + (uint64_t)b->types * 6 + b->chars +
           (uint64_t)b->leaps * (b->time_size + 4) + b->std_flags + (uint64_t)b->utc_flags;
}

static bool offset_of(const uint8_t *types, uint32_t i, int32_t *ret)
{
    *ret = (int32_t)be32(types + (size_t)i * 6);
    return *ret >= -OFFSET_MOST && *ret <= OFFSET_MOST;
}

static enum bl_err read_block(struct bl_ctx *x, const uint8_t *p, const struct block *b, struct tz_table *ret)
{
    if (b->types == 0)
        return broken(x, "it has no local time types");
    if (b->leaps != 0)
        return broken(x, "it counts leap seconds");
    const uint8_t *indexes = p + (size_t)b->times * b->time_size, *types = indexes + b->times;
    if (!offset_of(types, 0, &ret->first_offset_s))
        return broken(x, "an offset is larger than 26 hours");
    for (uint32_t i = 0; i < b->times; i++) {
        struct tz_change *c = BL_PUSH(&x->arena, *ret);
        c->at_s = be_time(p + (size_t)i * b->time_size, b->time_size);
        if (i > 0 && c->at_s <= ret->at[i - 1].at_s)
            return broken(x, "its transitions are out of order");
        if (indexes[i] >= b->types)
            return broken(x, "a transition names a type that is not there");
        if (!offset_of(types, indexes[i], &c->offset_s))
            return broken(x, "an offset is larger than 26 hours");
    }
    return BL_OK;
}

static enum bl_err read_footer(struct bl_ctx *x, struct bl_rd *r, struct tz_table *t)
{
    const uint8_t *newline = bl_get_bytes(r, 1);
    const uint8_t *end = r->bad ? NULL : memchr(r->p, '\n', (size_t)(r->end - r->p));
    if (newline == NULL || *newline != '\n' || end == NULL)
        return broken(x, "the rule after its last transition is missing");
    struct bl_str rule = {(const char *)r->p, (size_t)(end - r->p)};
    if (rule.n > 0 && !tz_rule_expand(&x->arena, rule, t))
        return broken(x, "the rule after its last transition cannot be read");
    return BL_OK;
}

static void freeze(struct bl_ctx *x, const struct tz_table *t, struct bl_zone *ret)
{
    int64_t *at_s = bl_alloc_array(&x->arena, t->n, sizeof *at_s);
    int32_t *offset_s = bl_alloc_array(&x->arena, t->n, sizeof *offset_s);
    for (size_t i = 0; i < t->n; i++) {
        assert(i == 0 || t->at[i].at_s > t->at[i - 1].at_s);
        at_s[i] = t->at[i].at_s;
        offset_s[i] = t->at[i].offset_s;
    }
    *ret = (struct bl_zone){t->n, at_s, offset_s, t->first_offset_s};
}

enum bl_err bl_zone_decode(struct bl_ctx *x, struct bl_str tzif, struct bl_zone *ret)
{
    struct bl_rd r = bl_rd_of(tzif);
    struct block b;
    struct tz_table t = {0};
    uint8_t version, again;
    if (!read_header(&r, &b, &version))
        return broken(x, "it does not begin as one");
    if (version != 0) {
        if (block_size(&b) > (uint64_t)(r.end - r.p) || bl_get_bytes(&r, (size_t)block_size(&b)) == NULL ||
                !read_header(&r, &b, &again) || again != version)
            return broken(x, "its second half is missing");
        b.time_size = 8;
    }
    if (block_size(&b) > (uint64_t)(r.end - r.p))
        return broken(x, "it is cut short");
    BL_TRY(read_block(x, bl_get_bytes(&r, (size_t)block_size(&b)), &b, &t));
    if (version != 0)
        BL_TRY(read_footer(x, &r, &t));
    freeze(x, &t, ret);
    return BL_OK;
}
