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
struct places { /* in a bucket's log */
    uint64_t last, taken;
};
struct check {
    struct bl_ctx *x; /* scratch; given back with each row */
    struct store *s;
    struct store_db *db;
    struct sums *log, *rows; /* by account handle */
    struct marks *marks;     /* by account handle */
    uint32_t n_acct;
    struct places *places; /* by bucket */
    int64_t next_batch;
    uint64_t facts;
    struct bl_buf packed;
};

enum bl_err check_differs(struct check *c, store_acct acct, const char *what);
store_acct check_known(struct check *c, struct bl_str uuid); /* 0: no such account */

/* check_beside.c: what stands beside the log */
BL_MUST_CHECK enum bl_err check_marks(struct check *c); /* fills marks */
/* The personal texts of a batch that is not sealed: each belongs to a fact, each fact has its own. */
BL_MUST_CHECK enum bl_err check_batch_texts(struct check *c, const struct log_view *v, int64_t batch);
BL_MUST_CHECK enum bl_err check_sealed_texts(struct check *c);
/* A fact of a closed period that came after the closing is marked, so that the next invoice corrects it. */
BL_MUST_CHECK enum bl_err check_late(struct check *c, store_acct acct, const struct bl_fact *f);
BL_MUST_CHECK enum bl_err check_late_retractions(struct check *c);
/* Places in the log: given once, none lost. After the log has been read. */
BL_MUST_CHECK enum bl_err check_seqs(struct check *c);

#endif
