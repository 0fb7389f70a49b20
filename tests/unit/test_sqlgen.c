/* Every block of sql/query: it prepares on a fresh database, takes as many values as it declares and gives as
 * many columns; values bound in reversed order end up at their own numbers. */
#include "store/pg.h"
#include "store/store.h"
#include "store/queries.gen.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static char path[] = "/tmp/billow-sqlgen-XXXXXX";

static struct store_db *fresh(struct bl_ctx *x)
{
    struct store_db *db = NULL;
    assert_int_equal(sql_db_open(x, path, SQL_WRITER, &db), BL_OK);
    assert_int_equal(db->engine->migrate(x, db, true), BL_OK);
    return db;
}

static void bind(sqlite3_stmt *st, int at, char type)
{
    int code = type == 'i'   ? sqlite3_bind_int64(st, at, at)
               : type == 't' ? sqlite3_bind_text(st, at, "t", 1, SQLITE_STATIC)
                             : sqlite3_bind_blob(st, at, "0123456789abcdef", 16, SQLITE_STATIC);
    assert_int_equal(code, SQLITE_OK);
}

static void every_block_binds(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct store_db *db = fresh(&x);
    assert_int_equal(sql_block_count, Q_COUNT);
    for (size_t i = 0; i < sql_block_count; i++) {
        const struct sql_block *b = &sql_blocks[i];
        sqlite3_stmt *st = NULL;
        if (sqlite3_prepare_v2(db->h, b->text, -1, &st, NULL) != SQLITE_OK)
            fail_msg("%s: %s", b->name, sqlite3_errmsg(db->h));
        int n = (int)strlen(b->takes);
        if (sqlite3_bind_parameter_count(st) != n)
            fail_msg("%s declares %d values and takes %d", b->name, n, sqlite3_bind_parameter_count(st));
        if (sqlite3_column_count(st) != b->columns)
            fail_msg("%s declares %d columns and gives %d", b->name, b->columns, sqlite3_column_count(st));
        for (int at = n; at >= 1; at--) {
            char name[8] = "?";
            name[1] = (char)(at < 10 ? '0' + at : '0' + at / 10);
            if (at >= 10)
                name[2] = (char)('0' + at % 10);
            assert_string_equal(sqlite3_bind_parameter_name(st, at), name);
            bind(st, at, b->takes[at - 1]);
        }
        char *shown = sqlite3_expanded_sql(st);
        assert_non_null(shown);
        sqlite3_free(shown);
        sqlite3_finalize(st);
    }
    sql_db_close(db);
    bl_ctx_release(&x);
}

/* The same on PostgreSQL, in an empty database whose URL is given: it takes the values' types, and what it
 * gives is what the caller reads. */
static void every_block_prepares_on_postgresql(void **state)
{
    (void)state;
    const char *url = getenv("BILLOW_TEST_EMPTY");
    struct bl_ctx x;
    struct store_db *db = NULL;
    if (!url) /* tests/drive_postgres.py gives it */
        return;
    bl_ctx_init(&x, 0);
    if (sql_db_open(&x, url, SQL_WRITER, &db) != BL_OK || db->engine->migrate(&x, db, true) != BL_OK)
        fail_msg("%s", x.why);
    for (size_t i = 0; i < sql_block_count; i++) {
        const struct sql_block *b = &sql_blocks[i];
        int n = (int)strlen(b->takes);
        Oid types[SQL_TAKES_MAX];
        for (int at = 0; at < n; at++)
            types[at] = b->takes[at] == 'i' ? 20 : b->takes[at] == 't' ? 25 : 17;
        PGresult *r = PQprepare(db->pg->c, "tried", b->pg_text, n, types);
        if (PQresultStatus(r) != PGRES_COMMAND_OK)
            fail_msg("%s: %s", b->name, PQresultErrorMessage(r));
        PQclear(r);
        r = PQdescribePrepared(db->pg->c, "tried");
        if (PQnparams(r) != n || PQnfields(r) != b->columns)
            fail_msg("%s takes %d and gives %d", b->name, PQnparams(r), PQnfields(r));
        for (int at = 0; at < n; at++)
            assert_int_equal(PQparamtype(r, at), types[at]);
        for (int at = 0; at < b->columns; at++)
            if (PQftype(r, at) != (b->gives_types[at] == 'i' ? 20 : b->gives_types[at] == 't' ? 25 : 17))
                fail_msg("%s: column %d is of type %u", b->name, at + 1, PQftype(r, at));
        PQclear(r);
        PQclear(PQexec(db->pg->c, "deallocate tried"));
    }
    sql_db_close(db);
    bl_ctx_release(&x);
}

static void a_password_is_not_shown(void **state)
{
    (void)state;
    static const struct {
        const char *db, *shown;
    } all[] = {
            {"billow.db", "billow.db"},
            {"dir/a:b@c.db", "dir/a:b@c.db"},
            {"postgresql:///x", "postgresql:///x"},
            {"postgresql://u@h:5432/x", "postgresql://u@h:5432/x"},
            {"postgresql://h:5432/x", "postgresql://h:5432/x"},
            {"postgresql://u:secret@h:5432/x", "postgresql://u@h:5432/x"},
            {"postgres://u:@h/x", "postgres://u@h/x"},
            {"postgres://u:p@ss:w@h1:1,h2:2/x", "postgres://u@h1:1,h2:2/x"},
            {"postgresql://u:secret@", "postgresql://u@"},
            {"postgresql://h/x?password=secret", "postgresql://h/x?password="},
            {"postgresql://h/x?user=u&password=secret&sslmode=require",
                    "postgresql://h/x?user=u&password=&sslmode=require"},
            {"postgresql://h/x?sslpassword=secret&a=b", "postgresql://h/x?sslpassword=&a=b"},
            {"postgresql://u:a?b", "postgresql://u:a?b"},
    };
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(all); i++)
        assert_string_equal(store_shown(&x.arena, all[i].db).p, all[i].shown);
    bl_ctx_release(&x);
}

/* A list that feeds an answer has a total order: whatever gives many rows says how they are ordered. */
static void every_list_is_ordered(void **state)
{
    (void)state;
    for (size_t i = 0; i < sql_block_count; i++) {
        const struct sql_block *b = &sql_blocks[i];
        if ((b->gives == 'm' || b->gives == 'e') && !strstr(b->text, "order by"))
            fail_msg("%s gives rows in no order", b->name);
    }
}

static void null_and_empty_are_kept_apart(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct store_db *db = fresh(&x);
    struct bl_str uuid = BL_STR("0123456789abcdef");
    assert_int_equal(q_manual_insert(&x, db, 3, uuid, 1, 10, -5, BL_ABSENT, BL_STR("")), BL_OK);
    assert_int_equal(q_manual_insert(&x, db, 3, uuid, 2, 11, 7, BL_STR("r"), BL_STR("n")), BL_OK);
    struct q_manual_between *row = NULL;
    size_t n = 0;
    assert_int_equal(q_manual_between(&x, db, 3, uuid, 0, 9, &row, &n), BL_OK);
    assert_int_equal(n, 2);
    assert_false(bl_is(row[0].ref));
    assert_true(bl_is(row[0].note) && row[0].note.n == 0);
    assert_int_equal(row[0].amount, -5);
    assert_true(bl_str_is(row[1].ref, "r"));
    struct q_manual_by_ref one;
    bool found = true;
    assert_int_equal(q_manual_by_ref(&x, db, 3, uuid, BL_STR("other"), &one, &found), BL_OK);
    assert_false(found);
    assert_int_equal(q_manual_by_ref(&x, db, 3, uuid, BL_STR("r"), &one, &found), BL_OK);
    assert_true(found);
    assert_int_equal(one.seq, 2);
    sql_db_close(db);
    bl_ctx_release(&x);
}

static int prepare_file(void **state)
{
    (void)state;
    strcpy(path, "/tmp/billow-sqlgen-XXXXXX");
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    (void)state;
    char side[64];
    unlink(path);
    strcat(strcpy(side, path), "-wal");
    unlink(side);
    strcat(strcpy(side, path), "-shm");
    unlink(side);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(every_block_binds, prepare_file, remove_file),
            cmocka_unit_test(every_block_prepares_on_postgresql),
            cmocka_unit_test(a_password_is_not_shown),
            cmocka_unit_test_setup_teardown(every_list_is_ordered, prepare_file, remove_file),
            cmocka_unit_test_setup_teardown(null_and_empty_are_kept_apart, prepare_file, remove_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
