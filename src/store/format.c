/* What packed columns hold goes by a number, STORE_FORMAT, which changes whenever an older program could not
 * read what a newer one packs. So whoever comes with a file of another build hears that, and not that it is
 * damaged. A file that has no number yet, or cannot be read, is looked at closer: are its tables ours? */
#include "store/inner.h"

#define STORE_FORMAT 1

static const char *shown(struct bl_ctx *x, const struct store *s)
{
    return store_shown(&x->arena, s->path).p;
}

static enum bl_err tables_check(struct bl_ctx *x, struct store *s)
{
    const struct sql_engine *engine = s->writer->engine;
    return engine->tables ? engine->tables(x, s->writer) : BL_OK;
}

/* One view, so that all of it is of one instant. */
static enum bl_err load(struct bl_ctx *x, struct store *s, bool now)
{
    BL_TRY(sql_control(x, s->writer, SQL_VIEW_BEGIN));
    enum bl_err e = store_load_memory(x, s, now);
    s->writer->engine->leave(s->writer);
    return e;
}

static enum bl_err number_check(struct bl_ctx *x, struct store *s, int64_t format)
{
    if (format == STORE_FORMAT)
        return BL_OK;
    if (format == 0)
        return tables_check(x, s);
    return bl_fail(x, BL_CONFLICT,
            "%s was made by %s Billow (format %lld, this one reads %d): open it with that one.", shown(x, s),
            format > STORE_FORMAT ? "a newer" : "an older", (long long)format, STORE_FORMAT);
}

enum bl_err sql_nameless(struct bl_ctx *x, const struct store_db *db)
{
    return bl_fail(x, BL_CONFLICT,
            "%s cannot be read. It was made before files of Billow had a format number: open it with the "
            "build "
            "that made it. If that cannot either, it is damaged: restore a backup.",
            store_shown(&x->arena, db->name).p);
}

enum bl_err store_load_known(struct bl_ctx *x, struct store *s, bool now)
{
    struct q_meta_format row = {0};
    bool found = false;
    enum bl_err e = q_meta_format(x, s->writer, &row, &found);
    if (e == BL_OK)
        e = number_check(x, s, row.format);
    if (e == BL_OK)
        e = load(x, s, now);
    if (e == BL_OK && row.format == 0 && !s->read_only)
        return q_meta_format_set(x, s->writer, STORE_FORMAT);
    if (e != BL_INTERNAL)
        return e;
    struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
    BL_TRY(tables_check(x, s));
    return found && row.format == 0 ? sql_nameless(x, s->writer) : bl_fail(x, e, "%s", why.p);
}
