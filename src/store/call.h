/* Private to store: one run of one prepared statement, the few calls the generated queries are made of, the
 * connection behind them, and the engine behind that.
 *
 *     sql_begin  ->  sql_put_* ...  ->  sql_step ... -> sql_end      or  sql_run, which is the last two in
 * one
 *
 * Between sql_begin and the first sql_step no other run begins on the connection. A failing sql_step has
 * cleaned up already; sql_drop leaves a run that was not read to its end. */
#ifndef BILLOW_STORE_CALL_H
#define BILLOW_STORE_CALL_H

#include "store/sql.h"

#define SQL_TAKES_MAX 32 /* values of a block */

struct sql_block {
    const char *name, *takes; /* takes: a letter a value, i, t or b */
    char gives;               /* n, o, m, e: none, one, many, each */
    bool streams;             /* each, over rows of all accounts: not to be held whole */
    bool counts;              /* none: the caller asks how many rows it changed */
    int columns;
    const char *gives_types;    /* a letter a column */
    const char *text, *pg_text; /* for SQLite and for PostgreSQL */
};
struct sql_step {
    int number;
    const char *text, *pg_text;
};
extern const struct sql_block sql_blocks[];
extern const size_t sql_block_count;
extern const struct sql_step sql_steps[];
extern const size_t sql_step_count;
struct sql_grant { /* what the blocks need on a table, and no more */
    const char *table, *rights;
};
extern const struct sql_grant sql_grants[];
extern const size_t sql_grant_count;

/* Each engine has its own words for these. */
enum sql_control {
    SQL_VIEW_BEGIN,  /* a reader's view of one instant */
    SQL_WRITE_BEGIN, /* the writer's transaction: no other may begin */
    SQL_COMMIT,
    SQL_PART_BEGIN, /* a part of a transaction that may be undone alone */
    SQL_PART_UNDO,
    SQL_PART_KEEP,
    SQL_CONTROL_COUNT
};

struct store;
struct store_db {
    const struct sql_engine *engine;
    const char *name;               /* the file or URL; borrowed */
    struct sqlite3 *h;              /* SQLite's */
    struct sqlite3_stmt **prepared; /* by query, made when first used */
    struct sqlite3_stmt *control[SQL_CONTROL_COUNT];
    struct pg *pg;       /* PostgreSQL's */
    struct store *store; /* NULL in a test of this layer alone */
    bool writer;
    bool in_transaction; /* writer: between store_write_begin and _end */
    /* readers: a view over several queries */
    int depth;
    bool listed;               /* stands in the store's list of views */
    int64_t sealed_batch, run; /* meta, as this view sees it */
    int64_t began_run;         /* no later than `run`; what the tail must keep for this view */
    uint64_t began_writes;     /* writes published when the view began */
    uint64_t writes; /* of all processes, as the transaction or view found them; SQLite: 0, there is one */
    struct bl_str change;  /* writer: what the transaction tells other processes; borrowed until SQL_COMMIT */
    struct store_db *next; /* in the pool, or among all */
    struct store_db *next_free;
};

struct sql_call {
    struct bl_ctx *x;
    struct store_db *db;
    struct sqlite3_stmt *st;
    bool own; /* SQLite: the prepared one was busy, this one ends with the call; PostgreSQL: so does its
                 transaction */
    int query;
    struct pg_result *rows; /* PostgreSQL: those in hand, */
    int row;                /* which of them, */
    int64_t cursor;         /* and where more come from; 0: nowhere */
};

/* ---- an engine */
struct sql_engine {
    const char *title;
    /* name is the file or URL; what the connection is for stands in db. */
    enum bl_err (*open)(struct bl_ctx *x, struct store_db *db);
    void (*close)(struct store_db *db);
    /* Brings the schema up to date. fresh ones become a Billow database. may_write false: only checks.
     * BL_CONFLICT when a newer program wrote it, BL_INVALID when it is no Billow database. */
    enum bl_err (*migrate)(struct bl_ctx *x, struct store_db *db, bool may_write);
    enum bl_err (*control)(struct bl_ctx *x, struct store_db *db, enum sql_control what);
    void (*leave)(struct store_db *db); /* ends the transaction there is, if any, and undoes it */
    enum bl_err (*exec)(struct bl_ctx *x, struct store_db *db, const char *text);
    /* Are the tables those that all steps make? BL_CONFLICT: they are another build's. NULL: no build ever
     * made others. */
    enum bl_err (*tables)(struct bl_ctx *x, struct store_db *db);
    enum bl_err (*sound)(
            struct bl_ctx *x, struct store_db *db); /* what the engine itself can tell of damage */
    enum bl_err (*backup)(struct bl_ctx *x, struct store_db *db, const char *path); /* path is fresh */
    /* Group roles PREFIX_owner, _app and _report with their rights; again when there are new tables. */
    enum bl_err (*roles)(struct bl_ctx *x, struct store_db *db, const char *prefix);
    enum bl_err (*begin)(struct sql_call *c);
    void (*put_int)(struct sql_call *c, int at, int64_t v);
    void (*put_text)(struct sql_call *c, int at, struct bl_str v);
    void (*put_blob)(struct sql_call *c, int at, struct bl_str v);
    enum bl_err (*step)(struct sql_call *c, bool *ret_row);
    int64_t (*get_int)(struct sql_call *c, int at);
    struct bl_str (*get_str)(struct sql_call *c, int at); /* borrowed until the next step */
    int64_t (*changes)(struct sql_call *c);
    void (*drop)(struct sql_call *c);
    /* What each writing transaction after `since` left behind (store_db.change), up to the one that db sees;
     * ret_n: how many were still there. NULL: there is one process only. */
    enum bl_err (*changes_since)(struct bl_ctx *x, struct store_db *db, uint64_t since,
            enum bl_err (*fn)(void *arg, struct bl_str change), void *arg, uint64_t *ret_n);
};
extern const struct sql_engine sql_sqlite, sql_pg;

/* format.c: nobody has said what the packed columns hold, and they are not what they are now */
enum bl_err sql_nameless(struct bl_ctx *x, const struct store_db *db);

BL_MUST_CHECK static inline enum bl_err sql_begin(
        struct bl_ctx *x, struct store_db *db, int query, struct sql_call *ret)
{
    *ret = (struct sql_call){.x = x, .db = db, .query = query};
    return db->engine->begin(ret);
}
/* at counts from 1. Texts and blobs are borrowed until the call ends; absent is null. */
static inline void sql_put_int(struct sql_call *c, int at, int64_t v)
{
    c->db->engine->put_int(c, at, v);
}
static inline void sql_put_text(struct sql_call *c, int at, struct bl_str v)
{
    c->db->engine->put_text(c, at, v);
}
static inline void sql_put_blob(struct sql_call *c, int at, struct bl_str v)
{
    c->db->engine->put_blob(c, at, v);
}
static inline void sql_drop(struct sql_call *c)
{
    c->db->engine->drop(c);
}
BL_MUST_CHECK enum bl_err sql_step(struct sql_call *c, bool *ret_row);
static inline int64_t sql_get_int(struct sql_call *c, int at)
{
    return c->db->engine->get_int(c, at);
}
struct bl_str sql_get_str(
        struct sql_call *c, int at, struct bl_arena *copy); /* NULL: borrowed until the next step */
BL_MUST_CHECK enum bl_err sql_end(struct sql_call *c);
BL_MUST_CHECK enum bl_err sql_run(struct sql_call *c, int64_t *ret_changes);

BL_MUST_CHECK static inline enum bl_err sql_exec(struct bl_ctx *x, struct store_db *db, const char *text)
{
    return db->engine->exec(x, db, text);
}
BL_MUST_CHECK static inline enum bl_err sql_control(
        struct bl_ctx *x, struct store_db *db, enum sql_control what)
{
    return db->engine->control(x, db, what);
}

/* ---- connections */
enum sql_open { SQL_READER, SQL_WRITER };
/* name is NUL-terminated and outlives the connection. A file must exist. */
BL_MUST_CHECK enum bl_err sql_db_open(
        struct bl_ctx *x, const char *name, enum sql_open how, struct store_db **ret);
void sql_db_close(struct store_db *db);

#endif
