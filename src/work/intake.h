/* intake: events in. Reading a body needs no store and runs on any thread; taking in runs on the writer
 * thread, many bodies in one transaction, so that one fsync serves all of them.
 *
 *   accepted + void = new;  new + duplicate + rejected = events read */
#ifndef BILLOW_WORK_INTAKE_H
#define BILLOW_WORK_INTAKE_H

#include "work/work.h"

#define INTAKE_EVENTS_MAX 100000

struct intake_event {
    struct bl_fact fact; /* when reason is absent */
    store_acct acct;
    struct bl_str id;     /* as far as it could be read */
    struct bl_str reason; /* why it was refused; absent: not (yet) */
    struct bl_str raw;    /* its text, kept with a refusal */
    bool judged;          /* reason was given in the transaction */
};
struct intake_batch {
    struct intake_event *event; /* in the order they came; the place is their index */
    size_t n;
    uint64_t accepted, duplicate, void_, rejected;
};
/* Reads a body's events; wrong ones get their reason. Fails only when nothing can be split. */
BL_MUST_CHECK enum bl_err intake_read(struct bl_ctx *x, enum bl_batch_form form, struct bl_str body,
        int64_t now_us, struct intake_batch *ret);
/* One event in CloudEvents' binary mode. */
BL_MUST_CHECK enum bl_err intake_read_binary(struct bl_ctx *x, const struct bl_fact_attrs *attrs,
        struct bl_str body, int64_t now_us, struct intake_batch *ret);
/* Takes in: checks accounts, SKUs and meters, appends to the log, keeps refusals for 35 days, counts. A
 * transaction of its own; when it fails nothing of any batch happened. */
BL_MUST_CHECK enum bl_err intake_take(
        struct bl_ctx *x, struct work *w, struct intake_batch **batch, size_t n);
/* Tries kept refusals again; those that are taken now (or are duplicates) are forgotten. */
BL_MUST_CHECK enum bl_err intake_retry(struct bl_ctx *x, struct work *w, struct intake_batch *ret);

#endif
