/* usage: counted facts, added up by (meter, resource, day), whatever the price book later makes of them.
 *
 * Totals are mergeable: the totals of two disjoint sets of facts merge to the totals of their union, in any
 * order, so they can be kept beside packed runs of facts and added up at reading. */
#ifndef BILLOW_USAGE_H
#define BILLOW_USAGE_H

#include "cal/cal.h"
#include "fact/fact.h"

struct bl_usage_mark { /* the last fact by (time_us, source, id) */
    int64_t time_us;
    struct bl_str source, id;
    bl_dec quantity;
    struct bl_str region, project;
};
struct bl_usage_total {
    struct bl_str meter;
    bool has_resource;
    bl_uuid resource;
    bl_day day;
    uint64_t count;
    bl_dec sum, max;
    int64_t first_us;
    struct bl_usage_mark last;
    struct bl_str *values; /* distinct data.value texts, ascending bytes */
    size_t n_values;
};

/* A collector: add facts and totals in any order, then list them ordered by (meter, resource, day),
 * resource-less first. It copies what it keeps into the arena of x, the same one in every call; what it keeps
 * does not grow with the number of facts, only with that of totals and distinct values. A list is good until
 * the next add or merge. BL_OVERFLOW when a sum leaves its range. */
struct bl_usage;
struct bl_usage *bl_usage_new(struct bl_ctx *x);
BL_MUST_CHECK enum bl_err bl_usage_add(
        struct bl_ctx *x, struct bl_usage *u, const struct bl_fact *f); /* a usage fact */
BL_MUST_CHECK enum bl_err bl_usage_merge(
        struct bl_ctx *x, struct bl_usage *u, const struct bl_usage_total *t);
void bl_usage_list(struct bl_ctx *x, struct bl_usage *u, struct bl_usage_total **ret, size_t *ret_n);

/* packed forms: a run of facts of one account and period (ascending seq), and the totals of such a run */
void bl_usage_pack_totals(struct bl_buf *b, const struct bl_usage_total *t, size_t n);
BL_MUST_CHECK enum bl_err bl_usage_unpack_totals(
        struct bl_ctx *x, struct bl_str body, struct bl_usage_total **ret, size_t *ret_n);
void bl_usage_pack_facts(struct bl_buf *b, const struct bl_fact *f, size_t n); /* seq inside */
BL_MUST_CHECK enum bl_err bl_usage_unpack_facts(
        struct bl_ctx *x, struct bl_str body, bl_uuid account, struct bl_fact **ret, size_t *ret_n);

#endif
