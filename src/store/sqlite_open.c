/* Connections and the file's schema. A connection belongs to one thread at a time, so SQLite's own locks are
 * off. The number of the newest migration stands in the file's user_version, Billow's mark in its
 * application_id. */
#include "store/sqlite.h"

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

enum bl_err sqlite_open(struct bl_ctx *x, struct store_db *db)
{
    db->prepared = bl_xmalloc(Q_COUNT * sizeof *db->prepared);
    memset(db->prepared, 0, Q_COUNT * sizeof *db->prepared);
    int code = sqlite3_open_v2(
            db->name, &db->h, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code != SQLITE_OK)
        return bl_fail(x, BL_UNAVAILABLE, "%s could not be opened: %s.", db->name,
                db->h ? sqlite3_errmsg(db->h) : "no memory");
    sqlite3_busy_timeout(db->h, BUSY_MS);
    sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    enum bl_err e = sqlite_exec(x, db, common_pragmas);
    if (e == BL_OK)
        e = sqlite_exec(x, db, db->writer ? writer_pragmas : reader_pragmas);
    return e == BL_INVALID ? bl_fail(x, e, NOT_OURS, db->name) : e;
}

void sqlite_close(struct store_db *db)
{
    for (int i = 0; i < Q_COUNT; i++)
        sqlite3_finalize(db->prepared[i]);
    free(db->prepared);
    for (int i = 0; i < SQL_CONTROL_COUNT; i++)
        sqlite3_finalize(db->control[i]);
    sqlite3_close(db->h);
}

static enum bl_err ask_number(struct bl_ctx *x, struct store_db *db, const char *text, int *ret)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db->h, text, -1, &st, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
        *ret = sqlite3_column_int(st, 0);
        code = SQLITE_OK;
    }
    enum bl_err e = code == SQLITE_OK ? BL_OK : sqlite_failed(x, db, code);
    sqlite3_finalize(st);
    return e;
}

static enum bl_err take_step(struct bl_ctx *x, struct store_db *db, const struct sql_step *step)
{
    char mark[120];
    snprintf(mark, sizeof mark, "pragma application_id = %d; pragma user_version = %d;", BILLOW_MARK,
            step->number);
    BL_TRY(sqlite_exec(x, db, "begin immediate"));
    enum bl_err e = sqlite_exec(x, db, step->text);
    if (e == BL_OK)
        e = sqlite_exec(x, db, mark);
    if (e == BL_OK)
        e = sqlite_exec(x, db, "commit");
    if (e != BL_OK && !sqlite3_get_autocommit(db->h))
        sqlite3_exec(db->h, "rollback", NULL, NULL, NULL);
    return e;
}

enum bl_err sqlite_migrate(struct bl_ctx *x, struct store_db *db, bool may_write)
{
    const char *path = db->name;
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
    if (!fresh && version < newest)
        BL_TRY(sqlite_tables_upto(x, db, version));
    if (may_write) /* only now: a stranger's file is left as it is */
        BL_TRY(sqlite_exec(x, db,
                fresh ? "pragma page_size = 4096; pragma journal_mode = wal" : "pragma journal_mode = wal"));
    for (size_t i = 0; i < sql_step_count; i++)
        if (sql_steps[i].number > version)
            BL_TRY(take_step(x, db, &sql_steps[i]));
    return BL_OK;
}

enum bl_err sqlite_sound(struct bl_ctx *x, struct store_db *db)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(db->h, "pragma quick_check(1)", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    enum bl_err e = BL_OK;
    if (code != SQLITE_ROW)
        e = sqlite_failed(x, db, code);
    else if (strcmp((const char *)sqlite3_column_text(st, 0), "ok") != 0)
        e = bl_fail(x, BL_CONFLICT, "The database file is damaged: %s.", sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    return e;
}

/* In one step under one view, so that it is the database of one instant while writing goes on. */
enum bl_err sqlite_backup(struct bl_ctx *x, struct store_db *db, const char *path)
{
    sqlite3 *to = NULL;
    int code = sqlite3_open_v2(
            path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    sqlite3_backup *b = code == SQLITE_OK ? sqlite3_backup_init(to, "main", db->h, "main") : NULL;
    if (b) {
        sqlite3_backup_step(b, -1);
        code = sqlite3_backup_finish(b);
    } else if (code == SQLITE_OK) {
        code = sqlite3_errcode(to);
    }
    enum bl_err e = BL_OK;
    if (code != SQLITE_OK)
        e = bl_fail(x, code == SQLITE_FULL ? BL_FULL : BL_UNAVAILABLE, "The backup to %s failed: %s.", path,
                to ? sqlite3_errmsg(to) : "no memory");
    sqlite3_close(to);
    return e;
}
