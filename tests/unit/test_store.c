/* The store on real files: identities, retractions, void, late marks, sealing, restarts, refused files. */
#include "store_helpers.h"

#include <sys/stat.h>

static int setup(void **state)
{
    struct box *b = malloc(sizeof *b);
    box_make(b);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    box_remove(*state);
    free(*state);
    return 0;
}

static void identities(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1), other = uuid_n(2);
    add_account(b, a, INT64_MIN, 0);
    add_account(b, other, INT64_MIN, 0);
    struct bl_fact f[6] = {usage_of(b, a, OCT + 1, "1", 5), usage_of(b, a, OCT + 1, "1", 5),
            usage_of(b, a, OCT + 1, "1", 6), usage_of(b, a, OCT + 1, "2", 7),
            usage_of(b, other, OCT + 1, "1", 9), usage_of(b, a, OCT + 2, "2", 7)};
    assert_string_equal(append(b, f, 6), "adcaac");
    for (int round = 0; round < 4; round++) {
        assert_string_equal(append(b, f, 6), "ddcddc");
        f[0].source = BL_STR("te"), f[0].id = BL_STR("st1"); /* not the same pair */
        assert_string_equal(append(b, f, 1), round == 0 ? "a" : "d");
        f[0].source = BL_STR("test"), f[0].id = BL_STR("1");
        assert_int_equal(sum_now(b, a), 17);
        assert_int_equal(sum_now(b, other), 9);
        if (round == 1)
            seal(b);
        if (round != 0)
            box_reopen(b);
    }
    assert_int_equal(check(b), 4);
}

/* Personal texts are stored apart; what is the same must still be told from what is not. */
static void personal_texts(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1), r = uuid_n(500);
    add_account(b, a, INT64_MIN, 0);
    struct bl_fact f = life_of(b, BL_FACT_CREATE, a, OCT + 1, "c", r), g = f,
                   face = fact_of(b, BL_FACT_ACCOUNT, a, OCT, "f");
    f.field[BL_F_TAGS] = BL_STR("blue\ngreen");
    g.field[BL_F_TAGS] = BL_STR("blue\nred");
    face.field[BL_F_NAME] = BL_STR("Zoe");
    face.field[BL_F_CITY] = BL_STR("");
    face.reset = 1u << BL_F_COMPANY;
    assert_string_equal(append1(b, f), "a");
    assert_string_equal(append1(b, face), "a");
    for (int round = 0; round < 4; round++) {
        assert_string_equal(append1(b, f), "d");
        assert_string_equal(append1(b, g), "c");
        assert_string_equal(append1(b, face), "d");
        struct store_facts got = load(b, a, OCT_PERIOD, OCT_PERIOD, INT64_MAX, UINT64_MAX);
        assert_int_equal(got.n_life, 1);
        assert_int_equal(got.n_face, 1);
        assert_true(bl_str_is(got.life[0].field[BL_F_NAME], "web-1"));
        assert_true(bl_str_is(got.life[0].field[BL_F_TAGS], "blue\ngreen"));
        assert_true(bl_fact_same(&got.life[0], &f));
        assert_true(bl_fact_same(&got.face[0], &face));
        if (round == 1)
            seal(b);
        box_reopen(b);
    }
    check(b);
}

static void aborted_is_nothing(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1), fresh = uuid_n(2);
    store_acct acct = add_account(b, a, INT64_MIN, 0);
    struct bl_fact f = usage_of(b, a, OCT + 1, "1", 5),
                   g = life_of(b, BL_FACT_CREATE, a, OCT + 1, "2", uuid_n(9));
    uint32_t version = store_account_hot(b->s, acct).version;
    struct store_append_item item[2] = {{.fact = &f, .acct = acct}, {.fact = &g, .acct = acct}};
    OK(store_write_begin(&b->x, b->s));
    put_account(b, fresh, INT64_MIN, 0);
    OK(store_append(&b->x, b->s, item, 2));
    store_account_closed(b->s, acct, 400);
    assert_int_equal(sum_now(b, a), 0);
    store_write_abort(b->s);
    assert_int_equal(sum_now(b, a), 0);
    assert_int_equal(store_seq_now(b->s, store_bucket_of(b->s, a)), 0);
    assert_int_equal(store_account_find(b->s, fresh), 0);
    assert_int_equal(store_account_count(b->s), 1);
    assert_int_equal(store_account_hot(b->s, acct).version, version);
    assert_int_equal(store_account_hot(b->s, acct).closed, 0);
    assert_string_equal(append1(b, f), "a");
    assert_string_equal(append1(b, g), "a");
    assert_int_equal(store_account_hot(b->s, acct).version, version + 2);
    assert_int_equal(check(b), 2);
}

static void retractions_in_both_orders(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    add_account(b, a, INT64_MIN, 0);
    assert_string_equal(append1(b, usage_of(b, a, OCT + 1, "u1", 5)), "a");      /* seq 1 */
    assert_string_equal(append1(b, retract_of(b, a, OCT + 9, "r1", "u1")), "a"); /* 2 */
    assert_string_equal(append1(b, retract_of(b, a, OCT + 9, "r2", "u2")), "v"); /* 3: not there yet */
    assert_string_equal(append1(b, usage_of(b, a, OCT + 1, "u3", 100)), "a");    /* 4 */
    assert_string_equal(append1(b, usage_of(b, a, OCT + 1, "u2", 7)), "a");      /* 5 */
    assert_string_equal(append1(b, retract_of(b, a, OCT + 9, "rr", "r1")), "v"); /* 6: of a retraction */
    assert_string_equal(append1(b, retract_of(b, a, OCT + 9, "me", "me")), "v"); /* 7: itself */
    assert_string_equal(append1(b, usage_of(b, a, OCT + 1, "u1", 5)), "d");      /* the identity stays used */
    static const struct {
        uint64_t k;
        int64_t sum;
    } at[] = {{0, 0}, {1, 5}, {2, 0}, {3, 0}, {4, 100}, {5, 100}, {6, 100}, {7, 100}};
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BL_COUNT(at); i++) {
            struct store_facts f = load(b, a, OCT_PERIOD, OCT_PERIOD, INT64_MAX, at[i].k);
            assert_int_equal(f.k, at[i].k);
            assert_int_equal(sum_of(&f), at[i].sum);
        }
        if (round == 0)
            seal(b);
        else
            box_reopen(b);
    }
    /* a retraction that waits over a restart; and one that a retraction meets */
    assert_string_equal(append1(b, retract_of(b, a, OCT + 9, "r4", "u4")), "v");
    assert_string_equal(append1(b, retract_of(b, a, OCT + 9, "r5", "x5")), "v");
    box_reopen(b);
    struct bl_fact both[2] = {usage_of(b, a, OCT + 1, "u4", 1000), retract_of(b, a, OCT + 9, "x5", "u3")};
    assert_string_equal(append(b, both, 2), "aa");
    assert_int_equal(sum_now(b, a), 0); /* u3 is unsaid by x5, which nothing can unsay */
    /* of another account: not the same fact */
    bl_uuid other = uuid_n(2);
    add_account(b, other, INT64_MIN, 0);
    assert_string_equal(append1(b, retract_of(b, other, OCT + 9, "r", "u6")), "v");
    assert_string_equal(append1(b, usage_of(b, a, OCT + 1, "u6", 3)), "a");
    assert_int_equal(sum_now(b, a), 3);
    check(b);
}

static void void_is_judged_by_what_is_known(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1), r = uuid_n(100), q = uuid_n(101);
    add_account(b, a, INT64_MIN, 0);
    for (int round = 0; round < 2; round++) {
        struct bl_fact f[] = {
                life_of(b, BL_FACT_CHANGE, a, OCT + 50, "x1", r), /* before any create */
                life_of(b, BL_FACT_CREATE, a, OCT + 10, "c1", r),
                life_of(b, BL_FACT_CHANGE, a, OCT + 60, "x2", r),
                life_of(b, BL_FACT_DELETE, a, OCT + 5, "d0", r), /* before the create in time */
                life_of(b, BL_FACT_DELETE, a, OCT + 90, "d1", r),
                life_of(b, BL_FACT_DELETE, a, OCT + 95, "d2", r), /* dead already */
                life_of(b, BL_FACT_CHANGE, a, OCT + 90, "d", r),  /* same instant, id before d1 */
                life_of(b, BL_FACT_CHANGE, a, OCT + 90, "e", r),  /* same instant, id after d1 */
                life_of(b, BL_FACT_CHANGE, a, OCT + 70, "x3", q), /* another resource */
                life_of(b, BL_FACT_CREATE, a, OCT + 99, "c2", r),
                life_of(b, BL_FACT_DELETE, a, OCT + 100, "d3", r),
        };
        assert_string_equal(append(b, f, BL_COUNT(f)), round ? "ddddddddddd" : "vaavavavvaa");
        seal(b);
    }
    struct bl_fact more[] = {
            life_of(b, BL_FACT_CHANGE, a, OCT + 97, "y1", r),
            life_of(b, BL_FACT_CHANGE, a, OCT + 99, "y0", r), /* c2 < y0 */
            retract_of(b, a, OCT, "r1", "c2"),
            life_of(b, BL_FACT_CHANGE, a, OCT + 99, "y2", r),
    };
    assert_string_equal(append(b, more, BL_COUNT(more)), "vaav");
    check(b);
}

static void late_marks(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    store_acct acct = add_account(b, a, INT64_MIN, OCT_PERIOD - 1);
    int64_t sep = OCT - 5 * DAY_US;
    append1(b, usage_of(b, a, OCT, "now", 1));
    assert_int_equal(late_count(b, "1"), 0);
    append1(b, usage_of(b, a, sep, "u", 1));
    assert_int_equal(late_count(b, "period = 680 and life = 0 and seq = 2"), 1);
    append1(b, life_of(b, BL_FACT_CREATE, a, sep, "c", uuid_n(7)));
    assert_int_equal(late_count(b, "period = 680 and life = 1 and seq = 3"), 1);
    append1(b, fact_of(b, BL_FACT_ACCOUNT, a, sep, "f"));
    assert_int_equal(late_count(b, "period = 680 and life = 0 and seq = 4"), 1);
    /* a retraction is late when what it names is, whatever its own time */
    append1(b, retract_of(b, a, sep, "r1", "now"));
    assert_int_equal(late_count(b, "seq = 5"), 0);
    append1(b, retract_of(b, a, OCT, "r2", "c"));
    assert_int_equal(late_count(b, "period = 680 and life = 1 and seq = 6"), 1);
    append1(b, retract_of(b, a, OCT, "r3", "comes"));
    assert_int_equal(late_count(b, "seq = 7"), 0);
    append1(b, usage_of(b, a, sep, "comes", 1));
    assert_int_equal(late_count(b, "period = 680 and seq = 8"), 1);
    /* closed_period moves */
    OK(store_write_begin(&b->x, b->s));
    OK(q_account_close_set(
            &b->x, store_writer(b->s), store_bucket_of(b->s, a), store_uuid(&a), OCT_PERIOD, 8, 0));
    store_account_closed(b->s, acct, OCT_PERIOD);
    OK(store_write_end(&b->x, b->s));
    append1(b, usage_of(b, a, OCT, "now2", 1));
    assert_int_equal(late_count(b, "period = 681"), 1);
    box_reopen(b);
    append1(b, usage_of(b, a, OCT, "now3", 1));
    assert_int_equal(late_count(b, "period = 681"), 2);
}

static void carries(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1), r = uuid_n(7);
    uint8_t book[32] = {1}, wrong[32] = {2};
    store_acct acct = add_account(b, a, INT64_MIN, 0);
    append1(b, life_of(b, BL_FACT_CREATE, a, OCT - DAY_US, "c", r)); /* 1 */
    append1(b, life_of(b, BL_FACT_CHANGE, a, OCT + DAY_US, "x",
                       r)); /* 2: read on top, though before the carry's K */
    struct bl_stretch stretch = {.start_s = OCT / BL_US - 86400,
            .end_s = INT64_MAX,
            .sku = BL_STR("s-1"),
            .quantity = {BL_DEC_ONE}};
    struct bl_life life = {.resource = r,
            .birth_s = stretch.start_s,
            .death_s = INT64_MAX,
            .stretch = &stretch,
            .n_stretch = 1,
            .step_s = OCT / BL_US};
    struct bl_lives lives = {.life = &life, .n = 1};
    struct bl_buf body = {0};
    bl_lives_pack(&body, &lives);
    OK(store_write_begin(&b->x, b->s));
    OK(q_carry_put(&b->x, store_writer(b->s), store_bucket_of(b->s, a), store_uuid(&a), OCT_PERIOD, 2,
            (struct bl_str){(char *)book, 32}, BL_RULES_VERSION, bl_buf_view(&body)));
    OK(q_account_close_set(
            &b->x, store_writer(b->s), store_bucket_of(b->s, a), store_uuid(&a), OCT_PERIOD - 1, 2, 0));
    store_account_closed(b->s, acct, OCT_PERIOD - 1);
    OK(store_write_end(&b->x, b->s));
    bl_buf_release(&body);
    for (int round = 0; round < 4; round++) {
        const struct {
            const uint8_t *book;
            uint64_t k;
            bool carry;
            size_t n_life;
        } at[] = {{book, UINT64_MAX, round < 3, round < 2 ? 1 : 2},
                {wrong, UINT64_MAX, false, round < 2 ? 2 : 3}, {NULL, UINT64_MAX, false, round < 2 ? 2 : 3},
                {book, 2, true, 1}, {book, 1, false, 1}};
        for (size_t i = 0; i < BL_COUNT(at); i++) {
            struct store_want w = {.acct = acct,
                    .first = OCT_PERIOD,
                    .last = OCT_PERIOD,
                    .upto_us = INT64_MAX,
                    .k = at[i].k,
                    .book_id = at[i].book};
            struct store_facts f;
            struct store_db *db = store_reader_take(b->s);
            OK(store_load(&b->x, b->s, db, &w, &f));
            store_reader_give(b->s, db);
            assert_int_equal(f.has_carry, at[i].carry);
            if (round < 3)
                assert_int_equal(f.n_life, at[i].n_life);
        }
        if (round == 0) { /* late usage leaves the carry alone */
            append1(b, usage_of(b, a, OCT - 1, "u", 1));
            seal(b);
        } else if (round == 1) { /* a life's event in time does too */
            append1(b, life_of(b, BL_FACT_CHANGE, a, OCT + 2, "x2", r));
        } else if (round == 2) { /* one before the carry's start does not */
            append1(b, life_of(b, BL_FACT_CHANGE, a, OCT - 2, "x3", r));
        }
    }
}

static void instants_and_days(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    add_account(b, a, OCT + 2 * DAY_US, 0); /* nothing before the 3rd counts */
    for (int d = 0; d < 10; d++) {
        char id[8];
        snprintf(id, sizeof id, "d%d", d);
        append1(b, usage_of(b, a, OCT + d * DAY_US + 1, id, 1 << d));
    }
    for (int round = 0; round < 2; round++) {
        for (int d = 0; d <= 10; d++)
            for (int more = -1; more <= 2; more++) {
                struct store_facts f =
                        load(b, a, OCT_PERIOD, OCT_PERIOD, OCT + d * DAY_US + more, UINT64_MAX);
                int upto = d + (more > 1 ? 1 : 0); /* days 0..upto-1 are in */
                int64_t want = 0;
                for (int i = 2; i < upto && i < 10; i++)
                    want += 1 << i;
                assert_int_equal(sum_of(&f), want);
            }
        seal(b);
    }
}

/* Facts of the future stay in the tail until their time has come. */
static void future_facts_wait(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    add_account(b, a, INT64_MIN, 0);
    append1(b, usage_of(b, a, OCT, "1", 1));
    append1(b, usage_of(b, a, OCT + 100, "2", 2));
    append1(b, usage_of(b, a, OCT, "3", 4));
    OK(store_seal(&b->x, b->s, OCT + 50, true));
    struct store_stats st;
    store_stats(b->s, &st);
    assert_int_equal(st.unsealed, 2);
    assert_int_equal(sum_now(b, a), 7);
    OK(store_seal(&b->x, b->s, OCT + 101, true));
    store_stats(b->s, &st);
    assert_int_equal(st.unsealed, 0);
    assert_int_equal(st.facts, 3);
    assert_int_equal(sum_now(b, a), 7);
    assert_int_equal(check(b), 3);
}

/* An old view keeps what it saw while the writer appends and seals. */
static void views_stand_still(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    store_acct acct = add_account(b, a, INT64_MIN, 0);
    append1(b, usage_of(b, a, OCT, "1", 1));
    struct store_db *db = store_reader_take(b->s);
    OK(store_read_begin(&b->x, db));
    for (int i = 0; i < 3; i++) {
        char id[8];
        snprintf(id, sizeof id, "m%d", i);
        append1(b, usage_of(b, a, OCT, id, 10));
        seal(b);
        struct store_want w = {
                .acct = acct, .first = OCT_PERIOD, .last = OCT_PERIOD, .upto_us = INT64_MAX, .k = UINT64_MAX};
        struct store_facts f;
        OK(store_load(&b->x, b->s, db, &w, &f));
        assert_int_equal(f.k, 1);
        assert_int_equal(sum_of(&f), 1);
        assert_int_equal(sum_now(b, a), 1 + 10 * (i + 1));
    }
    store_read_end(db);
    store_reader_give(b->s, db);
    seal(b);
    struct store_stats st;
    store_stats(b->s, &st);
    assert_int_equal(st.tail_bytes, 0); /* nobody needs the old tails any more */
}

static void a_full_disk_loses_nothing(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    store_acct acct = add_account(b, a, INT64_MIN, 0);
    append1(b, usage_of(b, a, OCT, "1", 1));
    OK(sql_exec(&b->x, store_writer(b->s), "pragma max_page_count = 40"));
    int64_t n = 0;
    enum bl_err e = BL_OK;
    for (; n < 1000 && e == BL_OK; n++) {
        struct bl_fact f[400];
        struct store_append_item item[400];
        for (int i = 0; i < 400; i++) {
            char id[16];
            snprintf(id, sizeof id, "%d-%d", (int)n, i);
            f[i] = usage_of(b, a, OCT, id, 1);
            item[i] = (struct store_append_item){.fact = &f[i], .acct = acct};
        }
        OK(store_write_begin(&b->x, b->s));
        e = store_append(&b->x, b->s, item, 400);
        if (e == BL_OK)
            e = store_write_end(&b->x, b->s);
        else
            store_write_abort(b->s);
    }
    assert_int_equal(e, BL_FULL);
    assert_int_equal(sum_now(b, a), 1 + 400 * (n - 1));
    OK(sql_exec(&b->x, store_writer(b->s), "pragma max_page_count = 1000000"));
    assert_string_equal(append1(b, usage_of(b, a, OCT, "2", 1)), "a");
    box_reopen(b);
    assert_int_equal(sum_now(b, a), 2 + 400 * (n - 1));
    check(b);
}

static void one_owner(void **state)
{
    struct box *b = *state;
    struct store_options o = {.path = bl_str_of(b->path), .create = true};
    struct store *second = NULL;
    assert_int_equal(store_open(&b->x, &o, &second), BL_CONFLICT);
    assert_non_null(strstr(b->x.why, "in use"));
    store_close(b->s);
    OK(store_open(&b->x, &o, &b->s));
}

static void write_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    fclose(f);
}

static void foreign_files(void **state)
{
    struct box *b = *state;
    struct store_options o = {.path = bl_str_of(b->path), .create = true};
    char noise[9000];
    memset(noise, 'x', sizeof noise);
    store_close(b->s);
    b->s = NULL;
    /* no database at all */
    unlink(b->path);
    write_file(b->path, noise, sizeof noise);
    assert_int_equal(store_open(&b->x, &o, &b->s), BL_INVALID);
    assert_non_null(strstr(b->x.why, "is not a Billow database"));
    /* somebody else's: left as it is */
    unlink(b->path);
    sqlite3 *h = NULL;
    assert_int_equal(sqlite3_open(b->path, &h), SQLITE_OK);
    sqlite3_exec(h, "create table t (a)", NULL, NULL, NULL);
    sqlite3_close(h);
    assert_int_equal(store_open(&b->x, &o, &b->s), BL_INVALID);
    assert_int_equal(sqlite3_open(b->path, &h), SQLITE_OK);
    sqlite3_stmt *st = NULL;
    sqlite3_prepare_v2(h, "pragma journal_mode", -1, &st, NULL);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(st, 0), "delete");
    sqlite3_finalize(st);
    sqlite3_close(h);
    /* one from the future */
    unlink(b->path);
    OK(store_open(&b->x, &o, &b->s));
    OK(sql_exec(&b->x, store_writer(b->s), "pragma user_version = 999"));
    store_close(b->s);
    b->s = NULL;
    assert_int_equal(store_open(&b->x, &o, &b->s), BL_CONFLICT);
    assert_non_null(strstr(b->x.why, "newer Billow"));
    /* one whose tables are of another build; one of another format; one from before formats, unreadable */
    static const struct {
        const char *deed, *said;
    } other[] = {
            {"update meta set format = 0; alter table late drop column life", "whose table late differs"},
            {"drop table bucket", "whose table bucket differs"},
            {"alter table meta drop column format", "whose table meta differs"},
            {"alter table late drop column life; pragma user_version = 2", "whose table"},
            {"update meta set format = 7", "a newer Billow (format 7"},
            {"update meta set format = 0; insert into batch values (0, 1, 1, 0, 0, zeroblob(8), x'00')",
                    "before files of Billow had a format number"},
            {"insert into batch values (0, 1, 1, 0, 0, zeroblob(8), x'00')", "is damaged"},
            {"update meta set format = 0; create table mine (a)", NULL},
    };
    for (size_t i = 0; i < BL_COUNT(other); i++) {
        unlink(b->path);
        OK(store_open(&b->x, &o, &b->s));
        OK(sql_exec(&b->x, store_writer(b->s), other[i].deed));
        store_close(b->s);
        b->s = NULL;
        if (!other[i].said) {
            OK(store_open(&b->x, &o, &b->s));
            struct q_meta_format row;
            bool found = false;
            OK(q_meta_format(&b->x, store_writer(b->s), &row, &found));
            assert_int_equal(row.format, 1);
            store_close(b->s);
            b->s = NULL;
            continue;
        }
        assert_int_not_equal(store_open(&b->x, &o, &b->s), BL_OK);
        b->s = NULL;
        if (!strstr(b->x.why, other[i].said))
            fail_msg("%s: %s", other[i].deed, b->x.why);
    }
    /* one that is to take steps and cannot be read: it takes none */
    unlink(b->path);
    assert_int_equal(sqlite3_open(b->path, &h), SQLITE_OK);
    for (size_t i = 0; i < sql_step_count && sql_steps[i].number <= 4; i++)
        assert_int_equal(sqlite3_exec(h, sql_steps[i].text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(h,
                             "insert into batch values (0, 1, 1, 0, 0, zeroblob(8), x'00');"
                             "pragma application_id = 0x424c4f57; pragma user_version = 4",
                             NULL, NULL, NULL),
            SQLITE_OK);
    sqlite3_close(h);
    assert_int_equal(store_open(&b->x, &o, &b->s), BL_CONFLICT);
    assert_non_null(strstr(b->x.why, "before files of Billow had a format number"));
    assert_int_equal(sqlite3_open(b->path, &h), SQLITE_OK);
    assert_int_not_equal(sqlite3_exec(h, "select format from meta", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
    b->s = NULL;
    /* none, and not to be made */
    unlink(b->path);
    o.create = false;
    assert_int_equal(store_open(&b->x, &o, &b->s), BL_NOT_FOUND);
    o.path = bl_str_of(b->folder);
    assert_int_equal(store_open(&b->x, &o, &b->s), BL_INVALID);
    b->s = NULL;
}

static void backup(void **state)
{
    struct box *b = *state;
    bl_uuid a = uuid_n(1);
    add_account(b, a, INT64_MIN, 0);
    append1(b, usage_of(b, a, OCT, "1", 1));
    char copy[128], was[96];
    snprintf(copy, sizeof copy, "%s/copy.db", b->folder);
    OK(store_backup(&b->x, b->s, copy));
    assert_int_equal(store_backup(&b->x, b->s, copy), BL_CONFLICT);
    append1(b, usage_of(b, a, OCT, "2", 2));
    store_close(b->s);
    strcpy(was, b->path);
    snprintf(b->path, sizeof b->path, "%.90s", copy);
    box_open(b);
    assert_int_equal(sum_now(b, a), 1);
    assert_int_equal(check(b), 1);
    store_close(b->s);
    static const char *const side[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < BL_COUNT(side); i++) {
        char name[160];
        snprintf(name, sizeof name, "%s%s", copy, side[i]);
        unlink(name);
    }
    strcpy(b->path, was);
    box_open(b);
}

/* What check() is for: each of these tamperings is found. */
static void tampering_shows(void **state)
{
    static const char *const deed[] = {
            "update usage_run set n = n + 1",
            "update usage_run set totals = x'0000'",
            "delete from usage_run",
            "delete from life where type = 1",
            "update life set time_us = time_us + 1",
            "update batch set keys = zeroblob(length(keys))",
            "update batch set max_us = max_us - 1",
            "update batch set min_us = min_us - 1",
            "update batch set body = cast(substr(body, 1, length(body) - 1) || x'fe' as blob)",
            "update bucket set seq = 1",
            "update bucket set seq = seq + 1",
            "delete from bucket",
            "delete from batch where batch = 1",
            "delete from batch where batch = (select max(batch) from batch)",
            "update fact_text set body = cast(substr(body, 1, length(body) - 1) || x'21' as blob)",
            "update batch_text set body = cast(substr(body, 1, length(body) - 1) || x'21' as blob)",
            "delete from batch_text",
            "delete from late",
            "update late set seq = seq + 1",
            "update late set life = 0",
    };
    for (size_t i = 0; i < BL_COUNT(deed); i++) {
        struct box *b = *state;
        bl_uuid a = uuid_n(1);
        add_account(b, a, INT64_MIN, OCT_PERIOD - 1);
        append1(b, usage_of(b, a, OCT, "1", 1));
        append1(b, usage_of(b, a, OCT, "2", 1));
        append1(b, life_of(b, BL_FACT_CREATE, a, OCT, "3", uuid_n(4)));
        seal(b);
        append1(b, usage_of(b, a, OCT, "4", 1));
        append1(b, life_of(b, BL_FACT_CREATE, a, OCT - 5 * DAY_US, "5", uuid_n(4)));
        check(b);
        OK(sql_exec(&b->x, store_writer(b->s), deed[i]));
        struct store_checked checked;
        struct store_db *db = store_reader_take(b->s);
        if (store_check(&b->x, b->s, db, &checked) != BL_CONFLICT)
            fail_msg("not found: %s", deed[i]);
        store_reader_give(b->s, db);
        box_remove(b);
        box_make(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(identities, setup, teardown),
            cmocka_unit_test_setup_teardown(personal_texts, setup, teardown),
            cmocka_unit_test_setup_teardown(aborted_is_nothing, setup, teardown),
            cmocka_unit_test_setup_teardown(retractions_in_both_orders, setup, teardown),
            cmocka_unit_test_setup_teardown(void_is_judged_by_what_is_known, setup, teardown),
            cmocka_unit_test_setup_teardown(late_marks, setup, teardown),
            cmocka_unit_test_setup_teardown(carries, setup, teardown),
            cmocka_unit_test_setup_teardown(instants_and_days, setup, teardown),
            cmocka_unit_test_setup_teardown(future_facts_wait, setup, teardown),
            cmocka_unit_test_setup_teardown(views_stand_still, setup, teardown),
            cmocka_unit_test_setup_teardown(a_full_disk_loses_nothing, setup, teardown),
            cmocka_unit_test_setup_teardown(one_owner, setup, teardown),
            cmocka_unit_test_setup_teardown(foreign_files, setup, teardown),
            cmocka_unit_test_setup_teardown(backup, setup, teardown),
            cmocka_unit_test_setup_teardown(tampering_shows, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
