/* SQLite: one run of one prepared statement. Statements are prepared when a connection first needs them and
 * live as long as it does. A statement that is still running (a query asked again from inside its own row
 * function) gets a twin for the one call. */
#include "store/sqlite.h"

#include <stdio.h>
#include <unistd.h>

static enum bl_err prepare(
        struct bl_ctx *x, struct store_db *db, int query, unsigned flags, sqlite3_stmt **ret)
{
    int code = sqlite3_prepare_v3(db->h, sql_blocks[query].text, -1, flags, ret, NULL);
    if (code != SQLITE_OK)
        return sqlite_failed(x, db, code);
    return BL_OK;
}

static enum bl_err begin(struct sql_call *c)
{
    struct store_db *db = c->db;
    if (!db->prepared[c->query])
        BL_TRY(prepare(c->x, db, c->query, SQLITE_PREPARE_PERSISTENT, &db->prepared[c->query]));
    c->st = db->prepared[c->query];
    if (sqlite3_stmt_busy(c->st)) {
        c->own = true;
        BL_TRY(prepare(c->x, db, c->query, 0, &c->st));
    }
    return BL_OK;
}

static void put_int(struct sql_call *c, int at, int64_t v)
{
    sqlite3_bind_int64(c->st, at, v);
}

static void put_text(struct sql_call *c, int at, struct bl_str v)
{
    if (!bl_is(v))
        sqlite3_bind_null(c->st, at);
    else
        sqlite3_bind_text64(c->st, at, v.p, v.n, SQLITE_STATIC, SQLITE_UTF8);
}

static void put_blob(struct sql_call *c, int at, struct bl_str v)
{
    if (!bl_is(v))
        sqlite3_bind_null(c->st, at);
    else
        sqlite3_bind_blob64(c->st, at, v.p, v.n, SQLITE_STATIC);
}

static void drop(struct sql_call *c)
{
    if (c->own) {
        sqlite3_finalize(c->st);
        return;
    }
    sqlite3_reset(c->st);
    sqlite3_clear_bindings(c->st); /* borrowed values must not outlive the call */
}

static enum bl_err step(struct sql_call *c, bool *ret_row)
{
    int code = sqlite3_step(c->st);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return sqlite_failed(c->x, c->db, code);
    *ret_row = code == SQLITE_ROW;
    return BL_OK;
}

static int64_t get_int(struct sql_call *c, int at)
{
    return sqlite3_column_int64(c->st, at);
}

static struct bl_str get_str(struct sql_call *c, int at)
{
    int type = sqlite3_column_type(c->st, at);
    if (type == SQLITE_NULL)
        return BL_ABSENT;
    struct bl_str s;
    s.p = type == SQLITE_TEXT ? (const char *)sqlite3_column_text(c->st, at) : sqlite3_column_blob(c->st, at);
    s.n = (size_t)sqlite3_column_bytes(c->st, at);
    return s.p ? s : BL_STR("");
}

static int64_t changes(struct sql_call *c)
{
    return sqlite3_changes64(c->db->h);
}

static const char *const control_text[SQL_CONTROL_COUNT] = {
        [SQL_VIEW_BEGIN] = "begin",
        [SQL_WRITE_BEGIN] = "begin immediate",
        [SQL_COMMIT] = "commit",
        [SQL_PART_BEGIN] = "savepoint part",
        [SQL_PART_UNDO] = "rollback to part",
        [SQL_PART_KEEP] = "release part",
};

static enum bl_err control(struct bl_ctx *x, struct store_db *db, enum sql_control what)
{
    sqlite3_stmt **st = &db->control[what];
    int code = SQLITE_OK;
    if (!*st)
        code = sqlite3_prepare_v3(db->h, control_text[what], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(*st);
    enum bl_err e = code == SQLITE_DONE ? BL_OK : sqlite_failed(x, db, code);
    sqlite3_reset(*st);
    return e;
}

enum bl_err sqlite_exec(struct bl_ctx *x, struct store_db *db, const char *text)
{
    int code = sqlite3_exec(db->h, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? BL_OK : sqlite_failed(x, db, code);
}

enum bl_err sqlite_failed(struct bl_ctx *x, struct store_db *db, int code)
{
    int extended = sqlite3_extended_errcode(db->h);
    const char *text = sqlite3_errmsg(db->h);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return bl_fail(
                x, BL_FULL, "There is no space left on the disk of the database: make room and try again.");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
        return bl_fail(x, BL_UNAVAILABLE, "The database is busy: try again in a moment.");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return bl_fail(x, BL_UNAVAILABLE,
                "The database cannot be opened for this (%s): check the file's permissions.", text);
    case SQLITE_NOTADB:
        return bl_fail(x, BL_INVALID, "The file is not a Billow database.");
    case SQLITE_CORRUPT:
        return bl_fail(x, BL_UNAVAILABLE, "The database file is damaged (%s): restore a backup.", text);
    case SQLITE_IOERR:
        if (db->writer) {
            dprintf(STDERR_FILENO, "billow: the disk failed under the database (%s, %d): stopping.\n", text,
                    extended);
            _exit(1);
        }
        return bl_fail(x, BL_UNAVAILABLE, "The disk of the database could not be read (%s).", text);
    case SQLITE_CONSTRAINT:
        return bl_fail(x, BL_CONFLICT, "The database refused a row (%s).", text);
    default:
        return bl_fail(x, BL_INTERNAL, "The database failed (%s, %d).", text, extended);
    }
}

static void leave(struct store_db *db)
{
    if (!sqlite3_get_autocommit(db->h))
        sqlite3_exec(db->h, "rollback", NULL, NULL, NULL);
}

const struct sql_engine sql_sqlite = {
        .title = "SQLite",
        .open = sqlite_open,
        .close = sqlite_close,
        .migrate = sqlite_migrate,
        .control = control,
        .leave = leave,
        .exec = sqlite_exec,
        .tables = sqlite_tables,
        .sound = sqlite_sound,
        .backup = sqlite_backup,
        .begin = begin,
        .put_int = put_int,
        .put_text = put_text,
        .put_blob = put_blob,
        .step = step,
        .get_int = get_int,
        .get_str = get_str,
        .changes = changes,
        .drop = drop,
};
