/* Private to store: one run of one prepared statement, the few calls the generated queries are made of, and
 * the connection behind them.
 *
 *     sql_begin  ->  sql_put_* ...  ->  sql_step ... -> sql_end      or  sql_run, which is the last two in
 * one
 *
 * A failing sql_step has cleaned up already; sql_drop leaves a run that was not read to its end. */
#ifndef BILLOW_STORE_CALL_H
#define BILLOW_STORE_CALL_H

#include "store/sql.h"

#include <sqlite3.h>

struct sql_block {
    const char *name, *takes; /* takes: a letter a value, i, t or b */
    char gives;               /* n, o, m, e: none, one, many, each */
    int columns;
    const char *text;
};
struct sql_step {
    int number;
    const char *text;
};
extern const struct sql_block sql_blocks[];
extern const size_t sql_block_count;
extern const struct sql_step sql_steps[];
extern const size_t sql_step_count;

/* Each engine has its own words for these. */
enum sql_control {
    SQL_VIEW_BEGIN,  /* a reader's view, fixed by the first query in it */
    SQL_WRITE_BEGIN, /* the writer's transaction: no other may begin */
    SQL_COMMIT,
    SQL_PART_BEGIN, /* a part of a transaction that may be undone alone */
    SQL_PART_UNDO,
    SQL_PART_KEEP,
    SQL_CONTROL_COUNT
};

struct store;
struct store_db {
    sqlite3 *h;
    sqlite3_stmt **prepared; /* by query, made when first used */
    sqlite3_stmt *control[SQL_CONTROL_COUNT];
    struct store *store; /* NULL in a test of this layer alone */
    bool writer;
    bool in_transaction; /* writer: between store_write_begin and _end */
    /* readers: a view over several queries */
    int depth;
    bool listed;               /* stands in the store's list of views */
    int64_t sealed_batch, run; /* meta, as this view sees it */
    int64_t began_run;         /* no later than `run`; what the tail must keep for this view */
    uint64_t began_writes;     /* writes published when the view began */
    struct store_db *next;     /* in the pool, or among all */
    struct store_db *next_free;
};

struct sql_call {
    struct bl_ctx *x;
    struct store_db *db;
    sqlite3_stmt *st;
    bool own; /* the prepared one was busy: this one ends with the call */
};
BL_MUST_CHECK enum bl_err sql_begin(struct bl_ctx *x, struct store_db *db, int query, struct sql_call *ret);
void sql_put_int(struct sql_call *c, int at, int64_t v);
void sql_put_text(
        struct sql_call *c, int at, struct bl_str v); /* borrowed until the call ends; absent is null */
void sql_put_blob(struct sql_call *c, int at, struct bl_str v);
BL_MUST_CHECK enum bl_err sql_step(struct sql_call *c, bool *ret_row);
int64_t sql_get_int(struct sql_call *c, int at);
struct bl_str sql_get_str(
        struct sql_call *c, int at, struct bl_arena *copy); /* NULL: borrowed until the next step */
BL_MUST_CHECK enum bl_err sql_end(struct sql_call *c);
void sql_drop(struct sql_call *c);
BL_MUST_CHECK enum bl_err sql_run(struct sql_call *c, int64_t *ret_changes);

/* What an engine's code means here. On the writer's connection a failed write to the disk ends the process:
 * what the system still remembers of it cannot be trusted any more. */
enum bl_err sql_failed(struct bl_ctx *x, struct store_db *db, int code);
BL_MUST_CHECK enum bl_err sql_exec(struct bl_ctx *x, struct store_db *db, const char *text);
BL_MUST_CHECK enum bl_err sql_control(struct bl_ctx *x, struct store_db *db, enum sql_control what);

/* ---- connections */
enum sql_open { SQL_READER, SQL_WRITER };
/* path is NUL-terminated. The file must exist. */
BL_MUST_CHECK enum bl_err sql_db_open(
        struct bl_ctx *x, const char *path, enum sql_open how, struct store_db **ret);
void sql_db_close(struct store_db *db);
/* Brings the schema up to date, a step a transaction. fresh: the file is empty and becomes a Billow database.
 * may_write false: only checks. BL_CONFLICT when a newer program wrote it, BL_INVALID when it is no Billow
 * database. */
BL_MUST_CHECK enum bl_err sql_migrate(
        struct bl_ctx *x, struct store_db *db, const char *path, bool may_write);

#endif
