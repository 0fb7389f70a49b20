/* What runs of statements are, whatever the engine. */
#include "store/call.h"
#include "store/store.h"

#include <stdlib.h>

enum bl_err sql_db_open(struct bl_ctx *x, const char *name, enum sql_open how, struct store_db **ret)
{
    struct store_db *db = bl_xmalloc(sizeof *db);
    *db = (struct store_db){
            .engine = store_is_url(name) ? &sql_pg : &sql_sqlite, .name = name, .writer = how == SQL_WRITER};
    enum bl_err e = db->engine->open(x, db);
    if (e != BL_OK) {
        sql_db_close(db);
        return e;
    }
    *ret = db;
    return BL_OK;
}

void sql_db_close(struct store_db *db)
{
    db->engine->close(db);
    free(db);
}

enum bl_err sql_step(struct sql_call *c, bool *ret_row)
{
    enum bl_err e = c->db->engine->step(c, ret_row);
    if (e != BL_OK)
        sql_drop(c);
    return e;
}

struct bl_str sql_get_str(struct sql_call *c, int at, struct bl_arena *copy)
{
    struct bl_str s = c->db->engine->get_str(c, at);
    return copy && bl_is(s) ? bl_str_dup(copy, s) : s;
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
        *ret_changes = c->db->engine->changes(c);
    return sql_end(c);
}
