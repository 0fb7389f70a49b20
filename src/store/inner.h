/* What the files of store share among themselves: the pieces of `struct store` and who may touch them.
 *
 *   writer's alone      identities, open chunk, log cache, the running sealing
 *   under accounts.lock accounts' look-up table (single fields of an account are atomic)
 *   under tails.lock    the unsealed tails: the writer changes them, readers walk them
 *   under views.lock    the pool of reading connections and the list of open views */
#ifndef BILLOW_STORE_INNER_H
#define BILLOW_STORE_INNER_H

#include "store/call.h"
#include "store/identity.h"
#include "store/log.h"
#include "store/store.h"
#include "store/tail.h"

#include <pthread.h>
#include <stdatomic.h>

/* ---- accounts */
struct account {
    bl_uuid uuid;
    uint32_t bucket;
    int64_t billing_from_us;
    _Atomic int32_t closed; /* published */
    _Atomic uint32_t version;
    _Atomic bool retracted; /* a retraction of its facts may be in force */
    int32_t closed_next;    /* writer's: as it will be when the transaction ends */
    bool touched;           /* writer's: in the transaction's list */
};
#define ACCOUNT_SEGMENT 4096
#define ACCOUNT_SEGMENTS_MAX 16384 /* 64 million accounts */
struct accounts {
    pthread_rwlock_t lock;
    struct account **segment; /* room for all of them from the start, so that readers need no lock */
    size_t n_segment;
    _Atomic uint32_t n;         /* handles 1..n exist */
    _Atomic uint32_t published; /* handles 1..published are committed */
    uint32_t *slot;             /* look-up by uuid: handles, 0 is empty */
    uint64_t secret[2];         /* of its hash */
    size_t n_slot;
    _Atomic uint32_t all_version; /* added to every account's version */
};
void accounts_open(struct accounts *a);
void accounts_release(struct accounts *a);
store_acct accounts_find(struct accounts *a, bl_uuid uuid);
store_acct accounts_add_row(
        struct accounts *a, bl_uuid uuid, uint32_t bucket, int64_t billing_from_us, bl_period closed);
void accounts_cut(struct accounts *a, uint32_t n); /* forget handles above n */
struct account *account_at(struct accounts *a, store_acct acct);

/* ---- a transaction's own notes */
struct txn {
    bool open;
    store_acct *touched;
    size_t n_touched, cap_touched;
    struct seq_was {
        uint32_t bucket;
        uint64_t seq;
    } * seq;
    size_t n_seq, cap_seq;
    struct ident_added {
        uint64_t fp, place;
    } * ident;
    size_t n_ident, cap_ident;
    uint32_t accounts_n;
    int64_t batch; /* last batch before it */
    struct tail_mark tail;
    uint64_t facts;
    bool all;    /* store_touch_all */
    bool broken; /* must not be committed */
};

/* ---- a sealing under way; see seal.c */
struct sealing {
    struct tail *tail; /* what is being sealed; NULL: none */
    store_acct *acct;  /* its accounts in the order of the table's key */
    size_t n, at;
    bool listed;     /* place holds the facts of acct[at]: n_life that are no usage, then usage, */
    uint32_t *place; /* each in the order of seq */
    size_t n_life, n_place, at_place;
    bool begun; /* meta says so */
    bool copy;  /* the tail is the sealing's own, see begin_copy */
    int64_t run;
};

struct cached_chunk {
    int64_t batch;
    char *body;
    size_t n;
};
#define CHUNK_CACHE 128
#define SEAL_LIFE_PART 400 /* life facts of an account that a sealing writes in one go */

struct store {
    char *path;
    int lock_fd;
    bool read_only;
    bool shared;       /* other processes may write too */
    _Atomic bool away; /* the last view could not begin: the server is not there */
    uint32_t buckets;
    struct store_db *writer;
    struct accounts accounts;
    uint64_t *seq; /* writer's: by bucket, last given */
    bool *seq_dirty;
    _Atomic int64_t batch;         /* last batch written */
    _Atomic uint64_t writes;       /* counted before each is published */
    _Atomic uint64_t known_writes; /* of all processes, up to which memory knows; see store_db.writes */
    _Atomic uint64_t facts, ident_n, ident_bytes; /* for figures, as of the last transaction */
    struct identities ident;
    struct pending pending; /* identities that a retraction waits for */
    struct cached_chunk cache[CHUNK_CACHE];
    struct log_builder *builder; /* made when first used */
    struct txn txn;
    /* What memory keeps changes under this lock: the writer holds it through its transaction, whoever follows
     * other processes while it does. */
    pthread_mutex_t memory_lock;
    bool ident_known; /* identities are in memory */
    store_follow_fn *on_follow;
    void *on_follow_arg;

    pthread_rwlock_t tails_lock;
    struct tail *tails; /* newest first; the first takes appends */
    struct sealing sealing;
    size_t seal_every, step_work;  /* bytes of tail that are worth a sealing; a step's budget */
    size_t seal_bytes, seal_dense; /* sizes from which the tail is looked at again, see seal.c */
    _Atomic int64_t sealed_batch, run;
    _Atomic int64_t sealed_max_us; /* no sealed fact is later */

    pthread_mutex_t views_lock;
    struct store_db *readers; /* all */
    struct store_db *free_readers;
    pthread_cond_t reader_back;
    struct bl_ctx own; /* the writer's scratch: sealing, decoding of suspicions */
};

/* writer: the batch of a place, from the tail, the cache or the file. Borrows until the next call. */
BL_MUST_CHECK enum bl_err store_batch_view(
        struct bl_ctx *x, struct store *s, int64_t batch, struct log_view *ret);
void store_note_seq(struct store *s, uint32_t bucket);
/* ---- other processes, see follow.c */
void store_change_pack(struct bl_buf *b, struct store *s); /* what the open transaction tells them */
/* memory_lock is held; db has a view or transaction, and memory knows afterwards what is seen in it. */
BL_MUST_CHECK enum bl_err store_follow(struct bl_ctx *x, struct store *s, struct store_db *db);
void store_sealed_moved(struct store *s, int64_t sealed_batch, int64_t sealed_max_us, int64_t run);
BL_MUST_CHECK enum bl_err store_identities_load(struct bl_ctx *x, struct store *s);
char *store_heap_copy(struct bl_str s);
void store_views_trim(struct store *s); /* frees tails no view needs any more */
/* ---- personal texts: put back into the digested fields of a fact, borrowed */
struct texts { /* of an account's sealed rows, by the run that wrote them; fetched when first asked for */
    struct texts_of_run *first;
};
/* What was erased reads as empty. */
BL_MUST_CHECK enum bl_err texts_fill(struct bl_ctx *x, struct store_db *db, const struct account *a,
        struct texts *t, int64_t run, struct bl_fact *f, const struct bl_fact_digests *d);
/* From the batch they came with, where they must be. */
BL_MUST_CHECK enum bl_err texts_from_view(
        struct bl_ctx *x, const struct log_view *v, struct bl_fact *f, const struct bl_fact_digests *d);

BL_MUST_CHECK enum bl_err store_sealing_resume(struct bl_ctx *x, struct store *s, int64_t sealing_to);
void store_sealing_drop(struct store *s);
BL_MUST_CHECK enum bl_err store_load_memory(
        struct bl_ctx *x, struct store *s, bool now); /* now: identities too */
/* format.c: the same, of a database that this program knows; BL_CONFLICT: it is of another build */
BL_MUST_CHECK enum bl_err store_load_known(struct bl_ctx *x, struct store *s, bool now);
/* writer: was the resource of a change or delete alive just before it, as far as the log goes before its seq?
 */
BL_MUST_CHECK enum bl_err store_alive_before(
        struct bl_ctx *x, struct store *s, store_acct acct, const struct bl_fact *f, bool *ret_alive);
void store_fact_copy(struct bl_ctx *x, struct bl_fact *f); /* its strings into the arena */

/* ---- what is retracted in an account, by place */
struct retracted {
    struct q_retraction_of *at; /* ascending target_seq */
    size_t n;
};
BL_MUST_CHECK enum bl_err store_retracted(struct bl_ctx *x, struct store *s, struct store_db *db,
        store_acct acct, uint64_t k, struct retracted *ret);
bool retracted_has(const struct retracted *r, uint64_t seq);
bool retracted_within(const struct retracted *r, uint64_t lo, uint64_t hi, bl_period p);

#endif
