/* sql: a connection and what the generated query functions need. Queries live in sql/query/<noun>.sql as
 * named blocks:
 *
 *     -- name: invoice_list
 *     -- in:   bucket int, account blob, limit int, offset int
 *     -- out:  invoice_uuid blob, period int, amount int
 *     -- gives: many                      (none | one | many)
 *     select invoice_uuid, period, amount from invoice
 *      where bucket = $1 and account = $2 order by period desc limit $3 offset $4;
 *
 * The build turns each block into typed functions:
 *     gives none:  enum bl_err q_NAME(x, db, in...)                     [+ int64_t *ret_changes when "--
 * counts: yes"] gives one:   enum bl_err q_NAME(x, db, in..., struct q_NAME *ret, bool *ret_found) gives
 * many:  enum bl_err q_NAME(x, db, in..., struct q_NAME **ret, size_t *ret_n)       (whole, in the arena) and
 * for long ones "-- gives: each": enum bl_err q_NAME(x, db, in..., fn, void *arg), fn(arg, const struct
 * q_NAME *) is called row by row with borrowed strings; a non-zero return stops and is returned. Types: int
 * is int64_t; text and blob are struct bl_str, absent = null. Strings of one/many are copied to the arena.
 * Statements are prepared once a connection. */
#ifndef BILLOW_STORE_SQL_H
#define BILLOW_STORE_SQL_H

#include "base/base.h"

struct store_db;

static inline struct bl_str store_uuid(const bl_uuid *u)
{
    return (struct bl_str){(const char *)u->b, 16};
}
/* A reading transaction on a reader's connection: one view over several queries. Nested calls count. */
BL_MUST_CHECK enum bl_err store_read_begin(struct bl_ctx *x, struct store_db *db);
void store_read_end(struct store_db *db);

#endif
