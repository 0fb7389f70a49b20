/* Are the tables of a file those that the steps make? They are made once more in memory, up to the newest
 * step that the file has taken, and compared column by column: a file of a build between two versions may
 * have taken a step that was still another one then. */
#include "store/sqlite.h"

#include <string.h>

#define NUMBERED 7 /* the step from which on a file has a format number */

static bool columns_of(sqlite3 *h, const char *table, struct bl_buf *ret)
{
    sqlite3_stmt *st = NULL;
    ret->n = 0;
    bool ok = sqlite3_prepare_v2(h,
                      "select name, upper(type), \"notnull\", pk from pragma_table_info(?1) order by cid", -1,
                      &st, NULL) == SQLITE_OK;
    sqlite3_bind_text(st, 1, table, -1, SQLITE_STATIC);
    while (ok && sqlite3_step(st) == SQLITE_ROW)
        bl_buf_printf(ret, "%s %s %d %d\n", sqlite3_column_text(st, 0), sqlite3_column_text(st, 1),
                sqlite3_column_int(st, 2), sqlite3_column_int(st, 3));
    sqlite3_finalize(st);
    return ok;
}

static enum bl_err same_tables(struct bl_ctx *x, struct store_db *db, sqlite3 *want)
{
    struct bl_buf a = {0}, b = {0};
    sqlite3_stmt *st = NULL;
    enum bl_err e = BL_OK;
    sqlite3_prepare_v2(want,
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite%' order by name",
            -1, &st, NULL);
    while (e == BL_OK && sqlite3_step(st) == SQLITE_ROW) {
        const char *table = (const char *)sqlite3_column_text(st, 0);
        bool same = columns_of(want, table, &a) && columns_of(db->h, table, &b) && a.n == b.n &&
                    memcmp(a.p, b.p, a.n) == 0;
        if (!same)
            e = bl_fail(x, BL_CONFLICT,
                    "%s was made by another build of Billow, whose table %s differs: open it with that "
                    "build.",
                    db->name, table);
    }
    sqlite3_finalize(st);
    bl_buf_release(&a);
    bl_buf_release(&b);
    return e;
}

static enum bl_err tables_check(struct bl_ctx *x, struct store_db *db, int version)
{
    sqlite3 *want = NULL;
    int code = sqlite3_open_v2(
            ":memory:", &want, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    for (size_t i = 0; i < sql_step_count && code == SQLITE_OK; i++)
        if (sql_steps[i].number <= version)
            code = sqlite3_exec(want, sql_steps[i].text, NULL, NULL, NULL);
    enum bl_err e = code == SQLITE_OK ? same_tables(x, db, want)
                                      : bl_fail(x, BL_INTERNAL, "The tables could not be made in memory.");
    sqlite3_close(want);
    return e;
}

/* The one packed column whose length tells: keys hold a checksum behind the last. */
static enum bl_err keys_check(struct bl_ctx *x, struct store_db *db)
{
    sqlite3_stmt *st = NULL;
    int code = sqlite3_prepare_v2(
            db->h, "select 1 from batch where length(keys) <> 8 * (n + 1) limit 1", -1, &st, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(st);
    enum bl_err e = code == SQLITE_DONE  ? BL_OK
                    : code == SQLITE_ROW ? sql_nameless(x, db)
                                         : sqlite_failed(x, db, code);
    sqlite3_finalize(st);
    return e;
}

enum bl_err sqlite_tables_upto(struct bl_ctx *x, struct store_db *db, int version)
{
    BL_TRY(tables_check(x, db, version));
    return version < NUMBERED ? keys_check(x, db) : BL_OK;
}

enum bl_err sqlite_tables(struct bl_ctx *x, struct store_db *db)
{
    return sqlite_tables_upto(x, db, sql_steps[sql_step_count - 1].number);
}
