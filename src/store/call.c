/* One run of one prepared statement. Statements are prepared when a connection first needs them and live as
 * long as it does. A statement that is still running (a query asked again from inside its own row function)
 * gets a twin for the one call. */
#include "store/call.h"

#include <stdio.h>
#include <unistd.h>

static enum bl_err prepare(
        struct bl_ctx *x, struct store_db *db, int query, unsigned flags, sqlite3_stmt **ret)
{
    int code = sqlite3_prepare_v3(db->h, sql_blocks[query].text, -1, flags, ret, NULL);
    if (code != SQLITE_OK)
        return sql_failed(x, db, code);
    return BL_OK;
}

enum bl_err sql_begin(struct bl_ctx *x, struct store_db *db, int query, struct sql_call *ret)
{
    struct sql_call c = {.x = x, .db = db};
    if (!db->prepared[query])
        BL_TRY(prepare(x, db, query, SQLITE_PREPARE_PERSISTENT, &db->prepared[query]));
    c.st = db->prepared[query];
    if (sqlite3_stmt_busy(c.st)) {
        c.own = true;
        BL_TRY(prepare(x, db, query, 0, &c.st));
    }
    *ret = c;
    return BL_OK;
}

void sql_put_int(struct sql_call *c, int at, int64_t v)
{
    sqlite3_bind_int64(c->st, at, v);
}

void sql_put_text(struct sql_call *c, int at, struct bl_str v)
{
    if (!bl_is(v))
        sqlite3_bind_null(c->st, at);
    else
        sqlite3_bind_text64(c->st, at, v.p, v.n, SQLITE_STATIC, SQLITE_UTF8);
}

void sql_put_blob(struct sql_call *c, int at, struct bl_str v)
{
    if (!bl_is(v))
        sqlite3_bind_null(c->st, at);
    else
        sqlite3_bind_blob64(c->st, at, v.p, v.n, SQLITE_STATIC);
}

void sql_drop(struct sql_call *c)
{
    if (c->own) {
        sqlite3_finalize(c->st);
        return;
    }
    sqlite3_reset(c->st);
    sqlite3_clear_bindings(c->st); /* borrowed values must not outlive the call */
}

enum bl_err sql_step(struct sql_call *c, bool *ret_row)
{
    int code = sqlite3_step(c->st);
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        *ret_row = code == SQLITE_ROW;
        return BL_OK;
    }
    enum bl_err e = sql_failed(c->x, c->db, code);
    sql_drop(c);
    return e;
}

int64_t sql_get_int(struct sql_call *c, int at)
{
    return sqlite3_column_int64(c->st, at);
}

struct bl_str sql_get_str(struct sql_call *c, int at, struct bl_arena *copy)
{
    int type = sqlite3_column_type(c->st, at);
    if (type == SQLITE_NULL)
        return BL_ABSENT;
    struct bl_str s;
    s.p = type == SQLITE_TEXT ? (const char *)sqlite3_column_text(c->st, at) : sqlite3_column_blob(c->st, at);
    s.n = (size_t)sqlite3_column_bytes(c->st, at);
    if (!s.p)
        s = (struct bl_str){"", 0};
    return copy ? bl_str_dup(copy, s) : s;
}

enum bl_err sql_end(struct sql_call *c)
{
    sql_drop(c);
    return BL_OK;
}

enum bl_err sql_run(struct sql_call *c, int64_t *ret_changes)
{
    bool row = false;
    BL_TRY(sql_step(c, &row));
    if (ret_changes)
        *ret_changes = sqlite3_changes64(c->db->h);
    return sql_end(c);
}

static const char *const control_text[SQL_CONTROL_COUNT] = {
        [SQL_VIEW_BEGIN] = "begin",
        [SQL_WRITE_BEGIN] = "begin immediate",
        [SQL_COMMIT] = "commit",
        [SQL_PART_BEGIN] = "savepoint part",
        [SQL_PART_UNDO] = "rollback to part",
        [SQL_PART_KEEP] = "release part",
};

enum bl_err sql_control(struct bl_ctx *x, struct store_db *db, enum sql_control what)
{
    sqlite3_stmt **st = &db->control[what];
    int code = SQLITE_OK;
    if (!*st)
        code = sqlite3_prepare_v3(db->h, control_text[what], -1, SQLITE_PREPARE_PERSISTENT, st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(*st);
    enum bl_err e = code == SQLITE_DONE ? BL_OK : sql_failed(x, db, code);
    sqlite3_reset(*st);
    return e;
}

enum bl_err sql_exec(struct bl_ctx *x, struct store_db *db, const char *text)
{
    int code = sqlite3_exec(db->h, text, NULL, NULL, NULL);
    return code == SQLITE_OK ? BL_OK : sql_failed(x, db, code);
}

enum bl_err sql_failed(struct bl_ctx *x, struct store_db *db, int code)
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
