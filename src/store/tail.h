/* Private to store: facts of the log that are not sealed yet, in memory, so that an account's are found at
 * once.
 *
 * A tail holds a row of batches and, for each account, a chain through its usage facts and one through the
 * others (newest first); creates and deletes are chained by resource too. Adding goes at the front, so taking
 * back what was added last is cheap. Writing needs the store's tails_lock; chains may be walked under it for
 * reading. */
#ifndef BILLOW_STORE_TAIL_H
#define BILLOW_STORE_TAIL_H

#include "store/log.h"

struct tail_chunk {
    struct log_view view; /* over body */
    char *body, *texts;   /* owned */
    size_t texts_bytes;
    int64_t max_us;
};
struct tail_usage {
    uint32_t next, acct, at; /* at: chunk's place in the tail x LOG_FACTS_MAX + fact */
};
struct tail_life {
    uint32_t next, next_resource, acct, at, hash;
    bool births; /* a create or delete: these are chained by resource too */
};
struct tail {
    int64_t first_batch; /* chunk i is batch first_batch + i */
    struct tail_chunk *chunk;
    size_t n_chunk, cap_chunk;
    struct tail_usage *usage; /* nodes are named by index + 1; 0 ends a chain */
    size_t n_usage, cap_usage;
    struct tail_life *life;
    size_t n_life, cap_life;
    uint32_t *usage_head, *life_head; /* by account handle */
    size_t n_head;
    size_t n_acct;           /* accounts in it; not lowered when facts are taken back */
    uint32_t *resource_head; /* a power of two, at least as many as life nodes */
    size_t n_resource;
    size_t bytes;
    int64_t last_run;  /* the sealing that took it; 0: not sealed */
    struct tail *next; /* older */
};
struct tail_mark {
    size_t n_chunk, n_usage, n_life, bytes;
};
struct tail *tail_new(int64_t first_batch);
void tail_free(struct tail *t);
static inline int64_t tail_last_batch(const struct tail *t)
{
    return t->first_batch + (int64_t)t->n_chunk - 1;
}
/* Takes body and texts (malloc'ed). handle: of the batch's accounts, by index. head: of its facts, when they
 * are at hand (else NULL, and they are read from the body). */
BL_MUST_CHECK enum bl_err tail_add(struct bl_ctx *x, struct tail *t, char *body, size_t bytes, char *texts,
        size_t texts_bytes, const uint32_t *handle, const struct log_head *head, int64_t max_us);
struct tail_mark tail_mark(const struct tail *t);
void tail_back(struct tail *t, struct tail_mark m);
uint32_t tail_usage_first(const struct tail *t, uint32_t acct); /* 0: none */
uint32_t tail_life_first(const struct tail *t, uint32_t acct);
uint32_t tail_resource_first(
        const struct tail *t, uint32_t acct, const bl_uuid *resource, uint32_t *ret_hash);
static inline int64_t tail_batch(const struct tail *t, uint32_t at)
{
    return t->first_batch + at / LOG_FACTS_MAX;
}
static inline const struct log_view *tail_view(const struct tail *t, uint32_t at)
{
    return &t->chunk[at / LOG_FACTS_MAX].view;
}

#endif
