/* store: everything that is kept, in one SQLite file or in PostgreSQL. Only this module knows an engine.
 *
 * The truth is a log of facts in batches, in the order they arrived; accounts, books, entries and invoices
 * are rows. Everything else is derived from the log and can be made again: facts by account and time
 * (`life`), sorted runs of usage with their totals (`usage_run`), the set of identities in memory.
 *
 *   accepted batch --store_append--> batch (log) + life rows        one transaction, then published
 *   many batches   --store_seal----> usage_run rows                 now and then
 *   account, period --store_load---> facts and totals for lib
 *
 * One thread writes (the writer). Readers have connections of their own; what they see of memory (accounts,
 * the unsealed tail) is published after each commit under a lock, and filtered by the place K published with
 * it. */
#ifndef BILLOW_STORE_H
#define BILLOW_STORE_H

#include "charge/charge.h"
#include "fact/fact.h"
#include "store/sql.h"         /* struct store_db, transactions, and what the generated queries need */
#include "store/queries.gen.h" /* q_<name>(): one typed function a named block of sql/query/ */

struct store;

/* A database is a file's path, or a URL of PostgreSQL (libpq's form), which any number of processes may work
 * on. */
bool store_is_url(const char *db);
struct bl_str store_shown(struct bl_arena *a, const char *db); /* fit for a message: without the password */

struct store_options {
    struct bl_str path; /* or URL */
    bool create;        /* make the file when it is not there */
    bool read_only;     /* reading commands: do not create, do not migrate */
    uint32_t buckets;   /* for a new one; 0: 1024 */
    bool identities;    /* have the set of identities in memory from the start; PostgreSQL: else at the first
                           append */
};
/* Opens, takes the file's lock as its one owner (BL_CONFLICT when another process has it), migrates, loads
 * what is kept in memory. Fails with one sentence that says what to do. */
BL_MUST_CHECK enum bl_err store_open(struct bl_ctx *x, const struct store_options *o, struct store **ret);
void store_close(struct store *s);

/* What a database is; it need not be owned, and is left as it is. Fails as a reading store_open does. */
struct store_about {
    const char *engine; /* "SQLite", "PostgreSQL" */
    int schema;         /* the newest step */
    uint32_t buckets;
};
BL_MUST_CHECK enum bl_err store_about(struct bl_ctx *x, struct bl_str path, struct store_about *ret);

/* Makes the roles of a PostgreSQL database and gives them what they need; may be done again. Their names
 * begin with prefix (lower case letters, digits, "_"). BL_INVALID on a file. */
BL_MUST_CHECK enum bl_err store_roles(struct bl_ctx *x, struct bl_str path, const char *prefix);

struct store_db *store_writer(struct store *s); /* the one writing connection: the writer thread's only */
struct store_db *store_reader_take(struct store *s); /* a reading connection from the pool; never NULL */
void store_reader_give(struct store *s, struct store_db *db);
uint32_t store_buckets(const struct store *s);
void store_id(const struct store *s, char ret[33]); /* of this database and of copies of it; tells nothing */
uint32_t store_bucket_of(const struct store *s, bl_uuid account); /* crc32c of the 16 bytes mod buckets */

/* ---- accounts in memory. Handles are stable for the process. */
typedef uint32_t store_acct; /* 0: none */
store_acct store_account_find(struct store *s, bl_uuid account);
struct store_account_hot {
    bl_uuid uuid;
    uint32_t bucket;
    bl_period closed; /* the last closed period */
    uint32_t version; /* bumped by every published write for the account */
};
struct store_account_hot store_account_hot(struct store *s, store_acct a);
/* May what this connection reads now be kept under versions that were looked at before asking? Not when a
 * write was published since its view began: the versions would tell of it, the view would not. */
bool store_view_newest(const struct store_db *db);
uint32_t store_account_count(struct store *s);
/* Handles ordered by the uuid's bytes (a copy, malloc'ed, owned by the caller). */
store_acct *store_accounts_sorted(struct store *s, uint32_t *ret_n);
/* The same as their rows lie, by bucket and then by the uuid's bytes: who walks in this order reads and
 * writes each page once. */
store_acct *store_accounts_placed(struct store *s, uint32_t *ret_n);

/* ---- other processes: on PostgreSQL there may be any number. What they wrote is taken into memory when a
 * view or a transaction begins that sees it; fn is called then, inside of it, to do the same for what its
 * owner keeps. */
typedef enum bl_err store_follow_fn(void *arg, struct bl_ctx *x, struct store_db *db);
void store_on_follow(struct store *s, store_follow_fn *fn, void *arg);
bool store_is_shared(const struct store *s);
bool store_is_away(struct store *s); /* its server could not be reached when it was last tried */
/* The same without keeping the view; on the writer thread db may be the writer's connection, outside of a
 * transaction. */
BL_MUST_CHECK enum bl_err store_fresh(struct bl_ctx *x, struct store_db *db);

/* ---- writing: on the writer thread, between store_write_begin and store_write_end. What touches an
 * account's bill says so with store_touch, so that caches drop it; store_write_end commits (durable) and
 * publishes. On failure of anything in between call store_write_abort: nothing happened, in memory either. A
 * failed fsync ends the process. */
BL_MUST_CHECK enum bl_err store_write_begin(struct bl_ctx *x, struct store *s);
BL_MUST_CHECK enum bl_err store_write_end(struct bl_ctx *x, struct store *s);
void store_write_abort(struct store *s);
/* Inside a transaction: a part that may be undone alone (rows only: nothing that memory knows may have
 * changed in it). */
BL_MUST_CHECK enum bl_err store_savepoint(struct bl_ctx *x, struct store *s);
BL_MUST_CHECK enum bl_err store_savepoint_end(struct bl_ctx *x, struct store *s, bool keep);
void store_touch(struct store *s, store_acct a);
void store_touch_all(struct store *s); /* a new price book */
BL_MUST_CHECK enum bl_err store_next_seq(
        struct bl_ctx *x, struct store *s, uint32_t bucket, uint64_t *ret_seq);
uint64_t store_seq_now(struct store *s, uint32_t bucket); /* writer: last given; K of a closing */
/* A new account's row was inserted (q_account_insert): make it known. Published at the end. */
void store_account_added(struct store *s, bl_uuid account, bl_period closed);
void store_account_closed(struct store *s, store_acct a, bl_period closed); /* its closed_period moved */

/* Appends facts (parsed; account known; SKU and meter known) to the log. Identity is settled here, also
 * within the batch. Verdicts in the order of facts. Writes log, life rows, texts, retractions, late marks;
 * gives seq. */
enum store_verdict { STORE_ACCEPTED, STORE_VOID, STORE_DUPLICATE, STORE_CONFLICT };
struct store_append_item {
    struct bl_fact *fact;       /* in; seq is set when accepted */
    store_acct acct;            /* in */
    enum store_verdict verdict; /* out; VOID is accepted too */
};
BL_MUST_CHECK enum bl_err store_append(
        struct bl_ctx *x, struct store *s, struct store_append_item *item, size_t n);

/* Moves unsealed batches whose facts all lie before now into life and usage_run rows, in transactions of its
 * own on the writer thread. `all`: everything, at once (at the start of a close). Without it: one step of a
 * few milliseconds, and only when much has gathered or a sealing is under way; call it when idle and between
 * jobs while store_seal_due. */
BL_MUST_CHECK enum bl_err store_seal(struct bl_ctx *x, struct store *s, int64_t now_us, bool all);
bool store_seal_due(struct store *s); /* writer thread: store_seal would do a step */

/* ---- reading an account's facts. Into the context's arena. */
struct store_want {
    store_acct acct;
    bl_period first, last; /* usage of these periods; life facts up to the end of `last` */
    int64_t upto_us;       /* facts with time_us < upto_us */
    uint64_t k;            /* facts with seq <= k; UINT64_MAX: all that is published */
    const uint8_t
            *book_id; /* with a carry of the first period made under this book and the current rules, it is */
                      /* used; NULL: read the whole past */
    bool usage_facts; /* give single usage facts too (explain), not only totals */
};
struct store_facts {
    uint64_t k; /* the place these facts were read at (min of the wanted and the published) */
    int64_t billing_from_us;
    struct bl_lives carried; /* n == 0 and !has_carry: none */
    bool has_carry;
    struct bl_fact *life; /* life facts to fold on top, retracted ones left out */
    size_t n_life;
    struct bl_fact *face; /* all account.change facts with seq <= k, whatever their time */
    size_t n_face;
    struct bl_usage_total *usage; /* ordered (meter, resource, day); facts before billing_from left out */
    size_t n_usage;
    struct bl_fact *usage_fact;
    size_t n_usage_fact;
    int64_t next_us; /* of known facts, the earliest time at or after upto_us that would change the answer */
                     /* for a later upto_us in the same periods; INT64_MAX: none */
};
BL_MUST_CHECK enum bl_err store_load(struct bl_ctx *x, struct store *s, struct store_db *db,
        const struct store_want *w, struct store_facts *ret);

/* The period of the account's earliest life or usage fact (retracted or not). */
BL_MUST_CHECK enum bl_err store_first_period(struct bl_ctx *x, struct store *s, struct store_db *db,
        store_acct a, bl_period *ret, bool *ret_found);

/* ---- checks: the log against what is derived from it, the file's own integrity. First difference as the
 * sentence. */
struct store_name { /* of a SKU or a meter */
    bool meter;
    struct bl_str name;
};
struct store_checked {
    uint64_t facts;
    struct store_name *name; /* that the facts name, each once: meters, then SKUs, as bytes */
    size_t n_name;
};
BL_MUST_CHECK enum bl_err store_check(
        struct bl_ctx *x, struct store *s, struct store_db *db, struct store_checked *ret);
BL_MUST_CHECK enum bl_err store_backup(struct bl_ctx *x, struct store *s, const char *path); /* online */

/* ---- figures for /metrics */
struct store_stats {
    uint64_t facts, batches, unsealed, identities, identity_bytes, tail_bytes;
    int64_t file_bytes, wal_bytes;
};
void store_stats(struct store *s, struct store_stats *ret);

#endif
