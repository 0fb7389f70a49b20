/* Connections and the file's schema. A connection belongs to one thread at a time, so SQLite's own locks are
 * off. The number of the newest migration stands in the file's user_version, Billow's mark in its
 * application_id. */
#include "store/call.h"

#include "store/queries.gen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BILLOW_MARK 0x424c4f57 /* "BLOW" */
#define BUSY_MS 10000
#define NOT_OURS                                                                                             \
    "%s is not a Billow database: --db takes a file that Billow made, or a path where there is none yet."

/* Readers share the system's page cache; a private cache of a few megabytes keeps inner pages at hand. */
static const char *const common_pragmas = "pragma foreign_keys = on;"
                                          "pragma temp_store = memory;"
                                          "pragma secure_delete = off;"
                                          "pragma trusted_schema = off;";
static const char *const writer_pragmas = "pragma synchronous = full;"
                                          "pragma cache_size = -32768;"
                                          "pragma wal_autocheckpoint = 1000;"
                                          "pragma journal_size_limit = 67108864;";
static const char *const reader_pragmas = "pragma query_only = on;"
                                          "pragma cache_size = -4096;";

enum bl_err sql_db_open(struct bl_ctx *x, const char *path, enum sql_open how, struct store_db **ret)
{
    struct store_db *db = bl_xmalloc(sizeof *db);
    *db = (struct store_db){.writer = how == SQL_WRITER};
    db->prepared = bl_xmalloc(Q_COUNT * sizeof *db->prepared);
    memset(db->prepared, 0, Q_COUNT * sizeof *db->prepared);
    int code = sqlite3_open_v2(
            path, &db->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    enum bl_err e = BL_OK;
    if (code != SQLITE_OK)
        e = bl_fail(x, BL_UNAVAILABLE, "%s could not be opened: %s.", path,
                db->h ? sqlite3_errmsg(db->h) : "no memory");
    if (e == BL_OK) {
        sqlite3_busy_timeout(db->h, BUSY_MS);
        sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        e = sql_exec(x, db, common_pragmas);
    }
    if (e == BL_OK)
        e = sql_exec(x, db, how == SQL_WRITER ? writer_pragmas : reader_pragmas);
    if (e == BL_INVALID)
        e = bl_fail(x, e, NOT_OURS, path);
    if (e != BL_OK) {
        sql_db_close(db);
        return e;
    }
    *ret = db;
    return BL_OK;
}

void sql_db_close(struct store_db *db)
{
    for (int i = 0; i < Q_COUNT; i++)
        sqlite3_finalize(db->prepared[i]);
    free(db->prepared);
    for (int i = 0; i < SQL_CONTROL_COUNT; i++)
        sqlite3_finalize(db->control[i]);
    sqlite3_close(db->h);
    free(db);
}

static enum bl_err ask_number(struct bl_ctx *x, struct store_db *db, const char *text, int *ret)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db->h, text, -1, &st, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
        *ret = sqlite3_column_int(st, 0);
        code = SQLITE_OK;
    }
    enum bl_err e = code == SQLITE_OK ? BL_OK : sql_failed(x, db, code);
    sqlite3_finalize(st);
    return e;
}

static enum bl_err take_step(struct bl_ctx *x, struct store_db *db, const struct sql_step *step)
{
    char mark[120];
    snprintf(mark, sizeof mark, "pragma application_id = %d; pragma user_version = %d;", BILLOW_MARK,
            step->number);
    BL_TRY(sql_exec(x, db, "begin immediate"));
    enum bl_err e = sql_exec(x, db, step->text);
    if (e == BL_OK)
        e = sql_exec(x, db, mark);
    if (e == BL_OK)
        e = sql_exec(x, db, "commit");
    if (e != BL_OK && !sqlite3_get_autocommit(db->h))
        sqlite3_exec(db->h, "rollback", NULL, NULL, NULL);
    return e;
}

enum bl_err sql_migrate(struct bl_ctx *x, struct store_db *db, const char *path, bool may_write)
{
    int mark = 0, version = 0, tables = 0, newest = sql_steps[sql_step_count - 1].number;
    if (ask_number(x, db, "pragma application_id", &mark) != BL_OK)
        return x->err == BL_INVALID ? bl_fail(x, BL_INVALID, NOT_OURS, path) : x->err;
    BL_TRY(ask_number(x, db, "pragma user_version", &version));
    BL_TRY(ask_number(x, db, "select count(*) from sqlite_schema", &tables));
    bool fresh = mark == 0 && version == 0 && tables == 0;
    if (mark != BILLOW_MARK && !fresh)
        return bl_fail(x, BL_INVALID, NOT_OURS, path);
    if (version > newest)
        return bl_fail(x, BL_CONFLICT,
                "%s was written by a newer Billow (schema %d, this one knows %d): use that one.", path,
                version, newest);
    if (version < newest && !may_write)
        return fresh ? bl_fail(x, BL_NOT_FOUND, "%s is empty: add an account first.", path)
                     : bl_fail(x, BL_CONFLICT,
                               "%s was written by an older Billow (schema %d): run a command that writes, to "
                               "bring it "
                               "up to date.",
                               path, version);
    if (may_write) /* only now: a stranger's file is left as it is */
        BL_TRY(sql_exec(x, db,
                fresh ? "pragma page_size = 4096; pragma journal_mode = wal" : "pragma journal_mode = wal"));
    for (size_t i = 0; i < sql_step_count; i++)
        if (sql_steps[i].number > version)
            BL_TRY(take_step(x, db, &sql_steps[i]));
    return BL_OK;
}
