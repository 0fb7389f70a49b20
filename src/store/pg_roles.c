/* PostgreSQL: group roles. What a server may do is what the statements of sql/query do, table by table: so
 * nothing that is only ever added to (facts, entries, invoices, price books, audit) can be changed or taken
 * away by it. */
#include "store/pg.h"

static void role(struct bl_buf *b, const char *prefix, const char *name)
{
    bl_buf_printf(b,
            "do $$ begin create role %s_%s nologin; exception when duplicate_object or unique_violation then "
            "null; end $$;",
            prefix, name);
    bl_buf_printf(b, "grant usage on schema billow to %s_%s;", prefix, name);
}

enum bl_err pg_roles(struct bl_ctx *x, struct store_db *db, const char *prefix)
{
    struct bl_buf b = {0};
    bl_buf_printf(&b, "begin;");
    role(&b, prefix, "owner");
    role(&b, prefix, "app");
    role(&b, prefix, "report");
    bl_buf_printf(&b, "revoke all on all tables in schema billow from %s_app, %s_report;", prefix, prefix);
    bl_buf_printf(&b, "grant select on all tables in schema billow to %s_report;", prefix);
    bl_buf_printf(&b, "grant all on all tables in schema billow to %s_owner;", prefix);
    for (size_t i = 0; i < sql_grant_count; i++)
        bl_buf_printf(
                &b, "grant %s on billow.%s to %s_app;", sql_grants[i].rights, sql_grants[i].table, prefix);
    bl_buf_printf(&b, "grant select, update on billow.schema to %s_app;", prefix); /* whose turn it is */
    bl_buf_printf(&b, "grant select, insert, delete on billow.wrote to %s_app;", prefix);
    bl_buf_printf(
            &b, "grant %s_owner to current_user; alter schema billow owner to %s_owner;", prefix, prefix);
    bl_buf_printf(&b,
            "do $$ declare t text; begin"
            " for t in select relname from pg_catalog.pg_class where relnamespace = 'billow'::regnamespace "
            "and relkind = 'r'"
            " loop execute format('alter table billow.%%I owner to %s_owner', t); end loop; end $$;",
            prefix);
    bl_buf_put(&b, "commit", sizeof "commit");
    enum bl_err e = pg_exec(x, db, b.p);
    if (e != BL_OK && !pg_is_lost(db))
        PQclear(PQexec(db->pg->c, "rollback"));
    bl_buf_release(&b);
    return e;
}
