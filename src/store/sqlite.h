/* Private to SQLite's files in store. */
#ifndef BILLOW_STORE_SQLITE_H
#define BILLOW_STORE_SQLITE_H

#include "store/call.h"

#include <sqlite3.h>

/* What an engine's code means here. On the writer's connection a failed write to the disk ends the process:
 * what the system still remembers of it cannot be trusted any more. */
enum bl_err sqlite_failed(struct bl_ctx *x, struct store_db *db, int code);
BL_MUST_CHECK enum bl_err sqlite_exec(struct bl_ctx *x, struct store_db *db, const char *text);

/* sqlite_open.c */
BL_MUST_CHECK enum bl_err sqlite_open(struct bl_ctx *x, struct store_db *db);
void sqlite_close(struct store_db *db);
BL_MUST_CHECK enum bl_err sqlite_migrate(struct bl_ctx *x, struct store_db *db, bool may_write);
/* sqlite_tables.c: BL_CONFLICT when they are not those that the steps up to this version make, or what is
 * packed in them is visibly older; so that a file of another build is left as it is */
BL_MUST_CHECK enum bl_err sqlite_tables_upto(struct bl_ctx *x, struct store_db *db, int version);
BL_MUST_CHECK enum bl_err sqlite_tables(struct bl_ctx *x, struct store_db *db); /* up to the newest */
BL_MUST_CHECK enum bl_err sqlite_sound(struct bl_ctx *x, struct store_db *db);
BL_MUST_CHECK enum bl_err sqlite_backup(struct bl_ctx *x, struct store_db *db, const char *path);

#endif
