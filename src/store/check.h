/* Private to store: what the files of the check share. */
#ifndef BILLOW_STORE_CHECK_H
#define BILLOW_STORE_CHECK_H

#include "store/inner.h"

struct sums {
    uint64_t usage_n, usage, life_n, life;
};
struct marks { /* of an account's last closing */
    int64_t k, closed;
};
struct places { /* in a bucket's log: numbers from 1 on, each given once */
    uint64_t last, taken, sum;
};
struct closing {     /* an account's period, and the place in the log at which it was closed */
    store_acct acct; /* 0: empty */
    bl_period period;
    int64_t k;
};
struct retraction_row {
    store_acct acct;
    uint64_t fp; /* of what it names */
    int64_t seq, target_seq, target_us, effective_seq;
    bool said, met; /* its fact was seen; what it names was */
    bool life;      /* what it names is about a life */
};
struct retraction_own { /* a retraction in the log: its own identity, or what it names */
    uint64_t fp, seq;
};
struct spans { /* of places, by sealing, in the bucket in hand */
    int64_t bucket, n;
    struct {
        int64_t lo, hi;
    } * at;
};
struct check {
    struct bl_ctx *x;   /* scratch; given back with each row */
    struct bl_ctx keep; /* until the end */
    struct store *s;
    struct store_db *db;
    struct q_meta_get meta;
    struct sums *log, *rows; /* by account handle */
    struct marks *marks;     /* by account handle */
    uint32_t n_acct;
    struct places *places; /* by bucket */
    int64_t next_batch, run, max_run, sealed_max_us, texts;
    uint64_t facts, late;
    struct closing *closing; /* a cache */
    uint32_t closing_mask;
    struct spans spans;
    struct {
        struct retraction_row *at; /* ascending (acct, seq) */
        size_t n, cap;
    } retraction;
    struct retraction_row **by_target; /* the same, ascending fp */
    struct pending targets;
    struct {
        struct retraction_own *at;
        size_t n, cap;
    } said, bare; /* all of them; those that have no row */
    struct bl_buf packed;
    struct names *names;
};

enum bl_err check_differs(struct check *c, store_acct acct, const char *what);
store_acct check_known(struct check *c, struct bl_str uuid); /* 0: no such account */

/* check_beside.c: places in the log, sealings, and the first row's figures about them */
BL_MUST_CHECK enum bl_err check_seqs(struct check *c); /* after the log has been read */
BL_MUST_CHECK enum bl_err check_run_of(struct check *c, store_acct acct, int64_t run, int64_t seq);
/* At the end of a table. */
BL_MUST_CHECK enum bl_err check_spans_end(struct check *c);
BL_MUST_CHECK enum bl_err check_sealings(struct check *c); /* after the rows have been read */

/* check_text.c: each personal text belongs to a fact. One may be missing: it was erased. */
BL_MUST_CHECK enum bl_err check_batch_texts(struct check *c, const struct log_view *v, int64_t batch);
BL_MUST_CHECK enum bl_err check_texts(struct check *c); /* after the log has been read */

/* check_late.c: a fact of a closed period that came after the closing is marked, so that the next invoice
 * corrects it, and nothing else is. What is retracted is noted as the log says it. */
BL_MUST_CHECK enum bl_err check_late_begin(struct check *c);
BL_MUST_CHECK enum bl_err check_late(struct check *c, store_acct acct, const struct bl_fact *f);
BL_MUST_CHECK enum bl_err check_retraction(
        struct check *c, store_acct acct, const struct bl_fact *f, uint64_t fp);
BL_MUST_CHECK enum bl_err check_late_end(struct check *c);

/* check_names.c: the SKUs and meters that facts name */
void check_name(struct check *c, const struct bl_fact *f);
void check_names_give(struct check *c, struct bl_ctx *x, struct store_checked *ret);
void check_names_release(struct check *c);

#endif
