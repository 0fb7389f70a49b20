/* What a database is: asked of the engine alone, so that nobody needs to own it. */
#include "store/inner.h"

static enum bl_err ask(struct bl_ctx *x, struct store_db *db, struct store_about *ret)
{
    struct q_meta_get meta;
    bool found = false;
    BL_TRY(db->engine->migrate(x, db, false));
    BL_TRY(q_meta_get(x, db, &meta, &found));
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "The database was begun and not finished: run billow db init again.");
    *ret = (struct store_about){.engine = db->engine->title,
            .schema = sql_steps[sql_step_count - 1].number,
            .buckets = (uint32_t)meta.buckets};
    return BL_OK;
}

enum bl_err store_about(struct bl_ctx *x, struct bl_str path, struct store_about *ret)
{
    struct store_db *db = NULL;
    struct bl_str name = bl_str_dup(&x->arena, path);
    BL_TRY(sql_db_open(x, name.p, SQL_READER, &db));
    enum bl_err e = ask(x, db, ret);
    sql_db_close(db);
    return e;
}

enum bl_err store_roles(struct bl_ctx *x, struct bl_str path, const char *prefix)
{
    struct store_db *db = NULL;
    struct bl_str name = bl_str_dup(&x->arena, path);
    if (!store_is_url(name.p))
        return bl_fail(x, BL_INVALID, "A file has no roles: who may open it is the system's to say.");
    BL_TRY(sql_db_open(x, name.p, SQL_WRITER, &db));
    enum bl_err e = db->engine->migrate(x, db, false);
    if (e == BL_OK)
        e = db->engine->roles(x, db, prefix);
    sql_db_close(db);
    return e;
}
