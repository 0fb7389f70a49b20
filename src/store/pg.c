/* PostgreSQL: one run of one statement, and transactions.
 *
 * Values go and come in binary. A statement is prepared when a connection first needs it. Its rows are held
 * whole while they are read, so that other statements may run between them; where there may be very many (all
 * rows of all accounts), they come through a cursor, some at a time.
 *
 * In a writing transaction, statements that give nothing are sent and not waited for. The next one that gives
 * something, or the commit, waits for all of them; one that failed is told of there, and fails the
 * transaction as well as if it had been told of at once. */
#include "store/pg.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define QUEUE_MAX 256        /* statements on their way: their answers fit into what a socket holds */
#define FETCH 64             /* rows of a cursor at a time; a row may have some ten thousand bytes */
#define SETTLE_S 10          /* how long to ask what became of a commit */
#define SETTLE_STEP_US 50000 /* between two questions */
#define FORGET_EVERY 512     /* writing transactions */
#define FOLLOW_MAX 1024      /* of them; who is further behind reads everything again */
#define OID_INT8 20
#define OID_TEXT 25
#define OID_BYTEA 17

/* ---- what failures mean */

bool pg_state_is(const PGresult *r, const char *sqlstate)
{
    const char *is = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
    return is && strncmp(is, sqlstate, strlen(sqlstate)) == 0;
}

bool pg_is_lost(const struct store_db *db)
{
    return !db->pg->c || db->pg->cut || PQstatus(db->pg->c) != CONNECTION_OK;
}

static const struct {
    const char *state; /* an SQLSTATE, or how one begins */
    enum bl_err e;
    const char *why; /* takes the server's own words */
} meanings[] = {
        {"53100", BL_FULL,
                "There is no space left on the disk of the database (%s): make room and try again."},
        {"40001", BL_UNAVAILABLE, "The database is busy (%s): try again in a moment."},
        {"40P01", BL_UNAVAILABLE, "The database is busy (%s): try again in a moment."},
        {"55P03", BL_UNAVAILABLE, "The database is busy (%s): try again in a moment."},
        {"57014", BL_UNAVAILABLE, "The database took too long (%s): try again in a moment."},
        {"53", BL_UNAVAILABLE, "The database has no room for more at this moment (%s): try again."},
        {"57P", BL_UNAVAILABLE, "The database is stopping (%s): try again in a moment."},
        {"08", BL_UNAVAILABLE, "The connection to the database was lost (%s): try again in a moment."},
        {"25006", BL_UNAVAILABLE, "The database takes no writes at this moment (%s): try again."},
        {"42501", BL_UNAVAILABLE, "The database's user may not do this (%s): ask who runs the database."},
        {"22", BL_INVALID, "The database cannot take a value (%s)."},
        {"23", BL_CONFLICT, "The database refused a row (%s)."},
};

enum bl_err pg_failed(struct bl_ctx *x, struct store_db *db, const PGresult *r)
{
    const char *said = r ? PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    for (size_t i = 0; said && i < BL_COUNT(meanings); i++)
        if (pg_state_is(r, meanings[i].state)) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            return bl_fail(x, meanings[i].e, meanings[i].why, said);
#pragma GCC diagnostic pop
        }
    db->pg->cut =
            db->pg->cut || !said; /* libpq does not always notice itself that what it sends goes nowhere */
    if (pg_is_lost(db))
        return bl_fail(x, BL_UNAVAILABLE, "The connection to the database was lost: try again in a moment.");
    return bl_fail(x, BL_INTERNAL, "The database failed (%s).", said);
}

static bool is_well(const PGresult *r)
{
    ExecStatusType is = PQresultStatus(r);
    return is == PGRES_TUPLES_OK || is == PGRES_COMMAND_OK;
}

enum bl_err pg_settled(struct bl_ctx *x, struct store_db *db)
{
    struct pg *pg = db->pg;
    enum bl_err e = BL_OK;
    if (pg->queued == 0)
        return BL_OK;
    if (pg_is_lost(db) || !PQpipelineSync(pg->c)) {
        pg->queued = 0;
        return pg_failed(x, db, NULL);
    }
    for (bool synced = false; !synced && !pg_is_lost(db);) {
        PGresult *r = PQgetResult(pg->c);
        ExecStatusType is = r ? PQresultStatus(r) : PGRES_COMMAND_OK; /* NULL: between two statements' */
        synced = is == PGRES_PIPELINE_SYNC;
        if (e == BL_OK && !synced && r && !is_well(r))
            e = pg_failed(x, db, r);
        PQclear(r);
    }
    pg->queued = 0;
    if (e == BL_OK && (pg_is_lost(db) || !PQexitPipelineMode(pg->c)))
        e = pg_failed(x, db, NULL);
    else if (e != BL_OK && !pg_is_lost(db))
        PQexitPipelineMode(pg->c);
    return e;
}

enum bl_err pg_exec(struct bl_ctx *x, struct store_db *db, const char *text)
{
    BL_TRY(pg_settled(x, db));
    BL_TRY(pg_ready(x, db));
    PGresult *r = PQexec(db->pg->c, text);
    enum bl_err e = is_well(r) ? BL_OK : pg_failed(x, db, r);
    PQclear(r);
    return e;
}

enum bl_err pg_numbers(struct bl_ctx *x, struct store_db *db, const char *text, int64_t *ret, int n)
{
    BL_TRY(pg_settled(x, db));
    BL_TRY(pg_ready(x, db));
    PGresult *r = PQexec(db->pg->c, text);
    enum bl_err e = BL_OK;
    if (!is_well(r))
        e = pg_failed(x, db, r);
    else if (PQntuples(r) != 1 || PQnfields(r) != n)
        e = bl_fail(x, BL_INTERNAL, "The database has lost its first row: restore a backup.");
    for (int i = 0; e == BL_OK && i < n; i++)
        ret[i] = strtoll(PQgetvalue(r, 0, i), NULL, 10);
    PQclear(r);
    return e;
}

/* ---- values */

static uint64_t turned(uint64_t v)
{
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(v) : v;
}

static void put(struct pg *pg, int at, const char *p, size_t n)
{
    pg->value[at - 1] = p;
    pg->length[at - 1] = (int)n;
}

static void put_int(struct sql_call *c, int at, int64_t v)
{
    struct pg *pg = c->db->pg;
    pg->number[at - 1] = turned((uint64_t)v);
    put(pg, at, (const char *)&pg->number[at - 1], 8);
}

static void put_str(struct sql_call *c, int at, struct bl_str v)
{
    put(c->db->pg, at, v.p, v.n);
}

static int64_t get_int(struct sql_call *c, int at)
{
    uint64_t v = 0;
    const uint8_t *p = (const uint8_t *)PQgetvalue(c->rows, c->row, at);
    for (int i = 0, n = PQgetlength(c->rows, c->row, at); i < n && i < 8; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

static struct bl_str get_str(struct sql_call *c, int at)
{
    if (PQgetisnull(c->rows, c->row, at))
        return BL_ABSENT;
    return (struct bl_str){PQgetvalue(c->rows, c->row, at), (size_t)PQgetlength(c->rows, c->row, at)};
}

static int64_t changes(struct sql_call *c)
{
    return strtoll(PQcmdTuples(c->rows), NULL, 10);
}

/* ---- runs */

static enum bl_err begin(struct sql_call *c)
{
    c->row = -1;
    return pg_ready(c->x, c->db);
}

static int types_of(const struct sql_block *b, Oid types[SQL_TAKES_MAX], int format[SQL_TAKES_MAX])
{
    int n = 0;
    for (; b->takes[n]; n++) {
        types[n] = b->takes[n] == 'i' ? OID_INT8 : b->takes[n] == 't' ? OID_TEXT : OID_BYTEA;
        format[n] = 1;
    }
    return n;
}

static enum bl_err keep(struct sql_call *c, PGresult *r)
{
    if (!is_well(r)) {
        enum bl_err e = pg_failed(c->x, c->db, r);
        PQclear(r);
        return e;
    }
    PQclear(c->rows);
    c->rows = r;
    c->row = 0;
    return BL_OK;
}

/* Sends what nobody waits for: a prepared statement with the values at hand, or a text. */
static enum bl_err queue(struct bl_ctx *x, struct store_db *db, const char *prepared, const char *text, int n,
        const int *format)
{
    struct pg *pg = db->pg;
    BL_TRY(pg_ready(x, db));
    if (pg->queued == 0 && !PQenterPipelineMode(pg->c))
        return pg_failed(x, db, NULL);
    int sent = prepared ? PQsendQueryPrepared(pg->c, prepared, n, pg->value, pg->length, format, 1)
                        : PQsendQueryParams(pg->c, text, 0, NULL, NULL, NULL, NULL, 1);
    if (!sent)
        return pg_failed(x, db, NULL);
    return ++pg->queued == QUEUE_MAX ? pg_settled(x, db) : BL_OK;
}

static enum bl_err run_prepared(struct sql_call *c)
{
    struct pg *pg = c->db->pg;
    const struct sql_block *b = &sql_blocks[c->query];
    char name[16];
    Oid types[SQL_TAKES_MAX];
    int format[SQL_TAKES_MAX], n = types_of(b, types, format);
    bool waits = !pg->open || !c->db->writer || b->gives != 'n' || b->counts;
    snprintf(name, sizeof name, "q%d", c->query);
    if (waits || !pg->prepared[c->query])
        BL_TRY(pg_settled(c->x, c->db));
    if (!pg->prepared[c->query]) {
        PGresult *r = PQprepare(pg->c, name, b->pg_text, n, types);
        bool well = is_well(r);
        enum bl_err e = well ? BL_OK : pg_failed(c->x, c->db, r);
        PQclear(r);
        BL_TRY(e);
        pg->prepared[c->query] = true;
    }
    if (!waits) {
        c->row = 0;
        return queue(c->x, c->db, name, NULL, n, format);
    }
    return keep(c, PQexecPrepared(pg->c, name, n, pg->value, pg->length, format, 1));
}

static enum bl_err fetch(struct sql_call *c)
{
    char text[64];
    BL_TRY(pg_settled(c->x, c->db));
    snprintf(text, sizeof text, "fetch %d from c%lld", FETCH, (long long)c->cursor);
    return keep(c, PQexecParams(c->db->pg->c, text, 0, NULL, NULL, NULL, NULL, 1));
}

static enum bl_err run_cursor(struct sql_call *c)
{
    struct pg *pg = c->db->pg;
    const struct sql_block *b = &sql_blocks[c->query];
    Oid types[SQL_TAKES_MAX];
    int format[SQL_TAKES_MAX], n = types_of(b, types, format);
    BL_TRY(pg_settled(c->x, c->db));
    if (!pg->open) { /* a cursor lives in a transaction: this run brings its own */
        BL_TRY(pg_exec(c->x, c->db, "begin"));
        c->own = pg->open = true;
    }
    int64_t cursor = ++pg->cursors;
    struct bl_str text = bl_str_printf(
            &c->x->arena, "declare c%lld no scroll cursor for %s", (long long)cursor, b->pg_text);
    BL_TRY(keep(c, PQexecParams(pg->c, text.p, n, types, pg->value, pg->length, format, 1)));
    c->cursor = cursor;
    return fetch(c);
}

static enum bl_err step(struct sql_call *c, bool *ret_row)
{
    if (c->row < 0) {
        bool alone = !c->db->pg->open, reads = sql_blocks[c->query].gives != 'n';
        bool streams = sql_blocks[c->query].streams;
        enum bl_err e = streams ? run_cursor(c) : run_prepared(c);
        if (e != BL_OK && alone && reads && !streams && pg_is_lost(c->db)) {
            BL_TRY(pg_ready(c->x, c->db)); /* it had been lost before: once more, over a new one */
            e = run_prepared(c);
        }
        BL_TRY(e);
    } else {
        c->row++;
    }
    if (c->cursor && c->row > 0 && c->row == PQntuples(c->rows) && c->row == FETCH)
        BL_TRY(fetch(c));
    *ret_row = c->rows && c->row < PQntuples(c->rows);
    return BL_OK;
}

/* Whatever it says: the transaction ends here, or the connection is gone. */
static void quietly(struct store_db *db, const char *text)
{
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    enum bl_err e = pg_settled(&x, db);
    if (e == BL_OK || !pg_is_lost(db))
        PQclear(PQexec(db->pg->c, text));
    bl_ctx_release(&x);
}

static void leave(struct store_db *db)
{
    if (db->pg->open)
        quietly(db, "rollback");
    db->pg->open = false;
}

static void drop(struct sql_call *c)
{
    char text[32];
    PQclear(c->rows);
    c->rows = NULL;
    if (c->own) {
        leave(c->db); /* it only read */
    } else if (c->cursor) {
        snprintf(text, sizeof text, "close c%lld", (long long)c->cursor);
        quietly(c->db, text);
    }
    c->own = false;
    c->cursor = 0;
}

/* ---- transactions */

static enum bl_err transaction_begin(struct bl_ctx *x, struct store_db *db, const char *text)
{
    int64_t head[2];
    enum bl_err e = pg_numbers(x, db, text, head, 2);
    if (e != BL_OK && pg_is_lost(db) && !db->pg->open) /* it had been lost before */
        e = pg_numbers(x, db, text, head, 2);
    db->pg->open = !pg_is_lost(db);
    if (e == BL_OK && head[0] > sql_steps[sql_step_count - 1].number)
        e = bl_fail(x, BL_UNAVAILABLE,
                "The database was brought up to date by a newer Billow (schema %lld, this one knows %d): use "
                "that one.",
                (long long)head[0], sql_steps[sql_step_count - 1].number);
    if (e != BL_OK) {
        leave(db);
        return e;
    }
    db->writes = (uint64_t)head[1];
    return BL_OK;
}

static int64_t mono_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* The connection was lost with the commit on its way. Whoever holds the row of `schema` knows that the cut
 * transaction has ended, one way or the other; its mark tells which. */
static enum bl_err settle(struct bl_ctx *x, struct store_db *db, const char *mark)
{
    char text[128];
    int64_t since = mono_s(), head = 0, found = 0;
    snprintf(text, sizeof text, "select count(*) from billow.wrote where writes = %llu and mark = '\\x%s'",
            (unsigned long long)db->writes + 1, mark);
    for (;;) {
        enum bl_err e = pg_numbers(
                x, db, "begin; select writes from billow.schema where id = 1 for update", &head, 1);
        db->pg->open = !pg_is_lost(db);
        if (e == BL_OK)
            e = pg_numbers(x, db, text, &found, 1);
        leave(db);
        if (e == BL_OK)
            break;
        if (mono_s() - since >= SETTLE_S)
            return bl_fail(x, BL_UNAVAILABLE,
                    "The connection to the database was lost, and it could not be learned whether this was "
                    "written.");
        usleep(SETTLE_STEP_US);
    }
    if (found)
        return BL_OK;
    return bl_fail(x, BL_UNAVAILABLE,
            "The connection to the database was lost and nothing was written: try again in a moment.");
}

static void put_hex(struct bl_buf *b, struct bl_str s)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < s.n; i++) {
        bl_buf_byte(b, (uint8_t)digit[(uint8_t)s.p[i] >> 4]);
        bl_buf_byte(b, (uint8_t)digit[(uint8_t)s.p[i] & 15]);
    }
}

/* Whoever is further behind than FOLLOW_MAX does without these rows, and what became of a commit is asked
 * within seconds. */
const char pg_forget_text[] = "delete from billow.wrote where at < now() - interval '1 minute'"
                              " and writes < (select writes - 2048 from billow.schema where id = 1)";

static enum bl_err write_commit(struct bl_ctx *x, struct store_db *db)
{
    uint8_t bits[16];
    char mark[33];
    unsigned long long writes = db->writes + 1;
    struct bl_buf text = {0};
    randombytes_buf(bits, sizeof bits);
    sodium_bin2hex(mark, sizeof mark, bits, sizeof bits);
    bl_buf_printf(&text, "insert into billow.wrote (writes, mark, change) values (%llu, '\\x%s', '\\x",
            writes, mark);
    put_hex(&text, db->change);
    bl_buf_printf(&text, "'); update billow.schema set writes = %llu where id = 1;", writes);
    if (writes % FORGET_EVERY == 0)
        bl_buf_printf(&text, "%s;", pg_forget_text);
    bl_buf_put(&text, "commit", sizeof "commit");
    enum bl_err e = pg_exec(x, db, text.p);
    bl_buf_release(&text);
    if (e != BL_OK && !pg_is_lost(db))
        return e;
    db->pg->open = false;
    return e == BL_OK ? BL_OK : settle(x, db, mark);
}

static enum bl_err control(struct bl_ctx *x, struct store_db *db, enum sql_control what)
{
    enum bl_err e;
    switch (what) {
    case SQL_VIEW_BEGIN:
        return transaction_begin(x, db,
                "begin isolation level repeatable read, read only;"
                "select version, writes from billow.schema where id = 1");
    case SQL_WRITE_BEGIN:
        return transaction_begin(
                x, db, "begin; select version, writes from billow.schema where id = 1 for update");
    case SQL_COMMIT:
        if (db->writer)
            return write_commit(x, db);
        e = pg_exec(x, db, "commit");
        db->pg->open = false;
        return e;
    case SQL_PART_BEGIN:
        return queue(x, db, NULL, "savepoint part", 0, NULL);
    case SQL_PART_UNDO:
        return pg_exec(x, db, "rollback to part");
    default:
        return queue(x, db, NULL, "release part", 0, NULL);
    }
}

static enum bl_err changes_since(struct bl_ctx *x, struct store_db *db, uint64_t since,
        enum bl_err (*fn)(void *arg, struct bl_str change), void *arg, uint64_t *ret_n)
{
    uint64_t number[2] = {turned(since), turned(db->writes)};
    const char *value[2] = {(const char *)&number[0], (const char *)&number[1]};
    *ret_n = 0;
    if (db->writes - since > FOLLOW_MAX)
        return BL_OK;
    BL_TRY(pg_settled(x, db));
    BL_TRY(pg_ready(x, db));
    PGresult *r = PQexecParams(db->pg->c,
            "select change from billow.wrote where writes > $1 and writes <= $2 order by writes", 2,
            (const Oid[]){OID_INT8, OID_INT8}, value, (const int[]){8, 8}, (const int[]){1, 1}, 1);
    enum bl_err e = is_well(r) ? BL_OK : pg_failed(x, db, r);
    for (int i = 0, n = PQntuples(r); i < n && e == BL_OK; i++, ++*ret_n)
        e = fn(arg, (struct bl_str){PQgetvalue(r, i, 0), (size_t)PQgetlength(r, i, 0)});
    PQclear(r);
    return e;
}

static enum bl_err sound(struct bl_ctx *x, struct store_db *db)
{
    return pg_exec(x, db, "select 1"); /* the server looks after its own pages */
}

static enum bl_err backup(struct bl_ctx *x, struct store_db *db, const char *path)
{
    (void)db;
    (void)path;
    return bl_fail(x, BL_INVALID,
            "Nothing was written: a PostgreSQL database is backed up with pg_dump or pg_basebackup.");
}

const struct sql_engine sql_pg = {
        .title = "PostgreSQL",
        .open = pg_open,
        .close = pg_close,
        .migrate = pg_migrate,
        .roles = pg_roles,
        .control = control,
        .leave = leave,
        .exec = pg_exec,
        .sound = sound,
        .backup = backup,
        .begin = begin,
        .put_int = put_int,
        .put_text = put_str,
        .put_blob = put_str,
        .step = step,
        .get_int = get_int,
        .get_str = get_str,
        .changes = changes,
        .drop = drop,
        .changes_since = changes_since,
};
