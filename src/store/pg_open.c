/* PostgreSQL: connections and the schema. The URL is libpq's own (PGPASSWORD, .pgpass, several hosts) and
 * never shown with its password. A connection that broke between transactions is replaced without a word. */
#include "store/pg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 20 /* for a lost race of two that make the schema at once */

/* With them on, a server that is gone is noticed within seconds; a URL that names them itself wins. */
static const char *const keys[] = {"connect_timeout", "tcp_user_timeout", "keepalives_idle",
        "keepalives_interval", "keepalives_count", "dbname", "fallback_application_name", "client_encoding",
        NULL};
static const char session[] =
        "set search_path = '';"
        "set idle_in_transaction_session_timeout = '10s';"
        "set lock_timeout = '60s';"
        "set jit = off;"
        "select set_config('synchronous_commit', 'on', false)"
        " where current_setting('synchronous_commit') in ('off', 'local', 'remote_write')";

static void no_notice(void *arg, const char *text)
{
    (void)arg;
    (void)text;
}

void pg_lost(struct store_db *db)
{
    PQfinish(db->pg->c);
    db->pg->c = NULL;
    db->pg->cut = false;
    db->pg->queued = 0;
    memset(db->pg->prepared, 0, sizeof db->pg->prepared);
}

/* libpq's words, as one line. */
static struct bl_str said_by(struct bl_ctx *x, const PGconn *c)
{
    struct bl_str s = bl_str_dup(&x->arena, bl_str_of(PQerrorMessage(c)));
    char *p = (char *)(uintptr_t)s.p;
    while (s.n > 0 && (p[s.n - 1] == '\n' || p[s.n - 1] == '.'))
        p[--s.n] = 0;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)p[i] < ' ')
            p[i] = ' ';
    return s;
}

static enum bl_err connect(struct bl_ctx *x, struct store_db *db)
{
    const char *const values[] = {"5", "5000", "5", "2", "3", db->name, "billow", "UTF8", NULL};
    struct pg *pg = db->pg;
    PQconninfoOption *parsed = PQconninfoParse(db->name, NULL);
    if (!parsed) /* libpq's own words would repeat pieces of it, and one may be the password */
        return bl_fail(x, BL_INVALID,
                "The URL of the database cannot be read: it is postgresql://USER@HOST:PORT/DATABASE.");
    PQconninfoFree(parsed);
    pg->c = PQconnectdbParams(keys, values, 1);
    if (!pg->c || PQstatus(pg->c) != CONNECTION_OK) {
        struct bl_str said = pg->c ? said_by(x, pg->c) : BL_STR("no memory");
        pg_lost(db);
        return bl_fail(x, BL_UNAVAILABLE, "The database cannot be reached: %.*s.", BL_FMT(said));
    }
    PQsetNoticeProcessor(pg->c, no_notice, NULL);
    PGresult *r = PQexec(pg->c, session);
    enum bl_err e = PQresultStatus(r) == PGRES_TUPLES_OK ? BL_OK : pg_failed(x, db, r);
    PQclear(r);
    if (e != BL_OK)
        pg_lost(db);
    return e;
}

enum bl_err pg_ready(struct bl_ctx *x, struct store_db *db)
{
    if (!pg_is_lost(db))
        return BL_OK;
    if (db->pg->open)
        return bl_fail(x, BL_UNAVAILABLE, "The connection to the database was lost: try again in a moment.");
    pg_lost(db);
    if (connect(x, db) == BL_OK)
        return BL_OK;
    /* where it is and why it is not there is the operator's to know: at the start, and in the server's own
     * log */
    return x->err == BL_UNAVAILABLE
                   ? bl_fail(x, BL_UNAVAILABLE, "The database cannot be reached: try again in a moment.")
                   : x->err;
}

/* A reader connects when it is first asked something. */
enum bl_err pg_open(struct bl_ctx *x, struct store_db *db)
{
    db->pg = bl_xmalloc(sizeof *db->pg);
    memset(db->pg, 0, sizeof *db->pg);
    return db->writer ? connect(x, db) : BL_OK;
}

void pg_close(struct store_db *db)
{
    pg_lost(db);
    free(db->pg);
}

/* ---- the schema */

static const char own_tables[] =
        "create schema if not exists billow;"
        "create table if not exists billow.schema (id bigint primary key check (id = 1), version bigint not "
        "null,"
        " writes bigint not null);"
        "create table if not exists billow.wrote (writes bigint primary key, mark bytea not null,"
        " change bytea not null, at timestamptz not null default now());"
        "insert into billow.schema (id, version, writes) values (1, 0, 0) on conflict do nothing";

static enum bl_err make_own(struct bl_ctx *x, struct store_db *db)
{
    for (int i = 0;; i++) {
        BL_TRY(pg_ready(x, db));
        PGresult *r = PQexec(db->pg->c, own_tables);
        bool well = PQresultStatus(r) == PGRES_COMMAND_OK;
        /* somebody else made it in the same moment */
        bool raced = pg_state_is(r, "23505") || pg_state_is(r, "42P06") || pg_state_is(r, "42P07") ||
                     pg_state_is(r, "XX000");
        bool refused = pg_state_is(r, "42501");
        enum bl_err e = well ? BL_OK : pg_failed(x, db, r);
        PQclear(r);
        if (refused)
            return bl_fail(x, e,
                    "The database's user may not make Billow's tables: have its owner run billow db init "
                    "once.");
        if (well || !raced || i == TRIES)
            return e;
    }
}

static enum bl_err take_steps(struct bl_ctx *x, struct store_db *db)
{
    char text[80];
    int64_t version = 0;
    BL_TRY(pg_numbers(
            x, db, "begin; select version from billow.schema where id = 1 for update", &version, 1));
    for (size_t i = 0; i < sql_step_count; i++)
        if (sql_steps[i].number > version)
            BL_TRY(pg_exec(x, db, sql_steps[i].pg_text));
    snprintf(text, sizeof text, "update billow.schema set version = %d where id = 1; commit",
            sql_steps[sql_step_count - 1].number);
    return pg_exec(x, db, text);
}

enum bl_err pg_migrate(struct bl_ctx *x, struct store_db *db, bool may_write)
{
    int64_t is[3], version = 0, newest = sql_steps[sql_step_count - 1].number;
    BL_TRY(pg_numbers(x, db,
            "select (current_setting('server_encoding') = 'UTF8')::int,"
            " (select count(*) from pg_catalog.pg_namespace where nspname = 'billow'),"
            " (to_regclass('billow.schema') is not null)::int",
            is, 3));
    if (!is[0])
        return bl_fail(
                x, BL_INVALID, "The database is not in UTF-8: make one with createdb -E UTF8 -T template0.");
    if (is[1] && !is[2])
        return bl_fail(x, BL_INVALID,
                "The database has a schema billow that is not Billow's: name another database.");
    if (!is[2] && !may_write)
        return bl_fail(x, BL_NOT_FOUND, "The database is empty: add an account first.");
    if (!is[2])
        BL_TRY(make_own(x, db));
    BL_TRY(pg_numbers(x, db, "select version from billow.schema where id = 1", &version, 1));
    if (version > newest)
        return bl_fail(x, BL_CONFLICT,
                "The database was written by a newer Billow (schema %lld, this one knows %lld): use that "
                "one.",
                (long long)version, (long long)newest);
    if (version == newest)
        return may_write ? pg_exec(x, db, pg_forget_text) : BL_OK;
    if (!may_write)
        return bl_fail(x, BL_CONFLICT,
                "The database was written by an older Billow (schema %lld): run a command that writes, to "
                "bring it up "
                "to date.",
                (long long)version);
    enum bl_err e = take_steps(x, db);
    if (e != BL_OK && !pg_is_lost(db))
        PQclear(PQexec(db->pg->c, "rollback"));
    return e;
}
