/* Private to PostgreSQL's files in store.
 *
 * Beside the tables of sql/schema the schema `billow` has two of this engine's own: `schema`, one row, with
 * the number of the newest step and a count of writing transactions; and `wrote`, a row for each of the
 * latest writing transactions: random bits that tell it from all others, and what it says to other processes.
 * A writing transaction holds the row of `schema` from its beginning: so writers take turns, whatever process
 * they are in, and each knows at once whether another one wrote since. */
#ifndef BILLOW_STORE_PG_H
#define BILLOW_STORE_PG_H

#include "store/call.h"
#include "store/queries.gen.h"

#include <libpq-fe.h>

struct pg {
    PGconn *c; /* NULL: not yet, or lost */
    bool cut;  /* it failed in a way that is not the server's word: not to be used any more */
    bool open; /* a transaction was begun and not ended, whatever became of the connection */
    bool prepared[Q_COUNT];
    int64_t cursors; /* counted, for their names */
    int queued;      /* statements on their way whose results nobody has looked at, see pg.c */
    /* the values of the run that begins */
    const char *value[SQL_TAKES_MAX];
    int length[SQL_TAKES_MAX];
    uint64_t number[SQL_TAKES_MAX];
};
extern const char pg_forget_text[]; /* lets rows of `wrote` go that nobody asks for any more */

/* pg_open.c: a connection that is fit for use, made when there is none. BL_UNAVAILABLE, also when one was
 * lost in the middle of a transaction. */
BL_MUST_CHECK enum bl_err pg_ready(struct bl_ctx *x, struct store_db *db);
void pg_lost(struct store_db *db); /* lets a broken connection go */
bool pg_is_lost(const struct store_db *db);
BL_MUST_CHECK enum bl_err pg_open(struct bl_ctx *x, struct store_db *db);
void pg_close(struct store_db *db);
BL_MUST_CHECK enum bl_err pg_migrate(struct bl_ctx *x, struct store_db *db, bool may_write);

BL_MUST_CHECK enum bl_err pg_roles(
        struct bl_ctx *x, struct store_db *db, const char *prefix); /* pg_roles.c */

/* What a failed result means here. NULL: the connection's own failure. */
enum bl_err pg_failed(struct bl_ctx *x, struct store_db *db, const PGresult *r);
bool pg_state_is(const PGresult *r, const char *sqlstate); /* or the first characters of one */
/* Waits for what is on its way, and says what failed of it. */
BL_MUST_CHECK enum bl_err pg_settled(struct bl_ctx *x, struct store_db *db);
/* Statements without results, or with one that nobody asks for. */
BL_MUST_CHECK enum bl_err pg_exec(struct bl_ctx *x, struct store_db *db, const char *text);
/* One row of numbers, in text: fails when there is none. */
BL_MUST_CHECK enum bl_err pg_numbers(
        struct bl_ctx *x, struct store_db *db, const char *text, int64_t *ret, int n);

#endif
