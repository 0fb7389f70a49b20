/* Leases as a process sees them: new with each beat, lapsing at their instant, forgotten when there is no
 * need. */
#include "unit.h"

#include "work/lease_watch.h"

#define LASTS (WORK_LEASE_S * BL_US)
#define HOUR (3600 * BL_US)

static bl_uuid uuid_of(uint8_t app)
{
    bl_uuid u;
    memset(u.b, app, sizeof u.b);
    return u;
}

static void lives(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        char act; /* look, forget, sweep */
        uint8_t app;
        int64_t n, beat, at_us;
        bool lapsed;
        size_t left;
    } rows[] = {
            {"never taken", 'l', 5, 1, 0, 0, 1, 0},
            {"seen first", 'l', 5, 1, 1, 0, 0, 1},
            {"the app's next deployment is another", 'l', 5, 2, 1, 1, 0, 2},
            {"another app's", 'l', 4, 1, 7, 2, 0, 3},
            {"in its last instant", 'l', 5, 1, 1, LASTS - 1, 0, 3},
            {"lapsed", 'l', 5, 1, 1, LASTS, 1, 3},
            {"and stays so", 'l', 5, 1, 1, LASTS + 5, 1, 3},
            {"the other not yet", 'l', 5, 2, 1, LASTS, 0, 3},
            {"renewed", 'l', 5, 2, 2, LASTS, 0, 3},
            {"from then on", 'l', 5, 2, 2, 2 * LASTS - 1, 0, 3},
            {"until then", 'l', 5, 2, 2, 2 * LASTS, 1, 3},
            {"taken by another", 'l', 5, 2, 3, 2 * LASTS, 0, 3},
            {"of a finished one nothing is kept", 'f', 5, 2, 0, 0, 0, 2},
            {"twice", 'f', 5, 2, 0, 0, 0, 2},
            {"nothing is an hour old", 's', 0, 0, 0, HOUR - 1, 0, 2},
            {"one is", 's', 0, 0, 0, HOUR + 1, 0, 1},
            {"the other is still there", 'l', 4, 1, 7, HOUR + 1, 1, 1},
            {"the one is new again", 'l', 5, 1, 1, HOUR + 1, 0, 2},
    };
    struct lease_watch w = {0};
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        bool yes = false;
        if (rows[i].act == 'l')
            yes = lease_watch_lapsed(&w, uuid_of(rows[i].app), rows[i].n, rows[i].beat, rows[i].at_us);
        else if (rows[i].act == 'f')
            lease_watch_forget(&w, uuid_of(rows[i].app), rows[i].n);
        else
            lease_watch_sweep(&w, rows[i].at_us);
        CHECK(yes == rows[i].lapsed, "%s", rows[i].what);
        CHECK(w.n == rows[i].left, "%s: %zu are left", rows[i].what, w.n);
    }
    lease_watch_release(&w);
}

static void many(void **state)
{
    (void)state;
    struct lease_watch w = {0};
    for (int i = 0; i < 1000; i++)
        assert_false(lease_watch_lapsed(&w, uuid_of((uint8_t)(i * 7)), i / 256, 1 + i, 0));
    assert_int_equal(w.n, 1000);
    for (size_t i = 1; i < w.n; i++) {
        int c = bl_uuid_cmp(w.at[i - 1].app, w.at[i].app);
        assert_true(c < 0 || (c == 0 && w.at[i - 1].n < w.at[i].n));
    }
    for (int i = 0; i < 1000; i += 2)
        lease_watch_forget(&w, uuid_of((uint8_t)(i * 7)), i / 256);
    assert_int_equal(w.n, 500);
    for (int i = 1; i < 1000; i += 2)
        assert_true(lease_watch_lapsed(&w, uuid_of((uint8_t)(i * 7)), i / 256, 1 + i, LASTS));
    lease_watch_release(&w);
}

static void words(void **state)
{
    (void)state;
    char text[WORK_LEASE_DIGITS + 1];
    struct lease_name one = {.app = uuid_of(0xab), .n = 0x12345678}, back;
    memset(one.secret, 0xcd, sizeof one.secret);
    lease_text(&one, text);
    CHECK_TEXT(text, "abababababababababababababababab12345678cdcdcdcdcdcdcdcdcdcdcdcd", "text");
    assert_true(lease_read(bl_str_of(text), &back));
    assert_int_equal(bl_uuid_cmp(one.app, back.app), 0);
    assert_int_equal(one.n, back.n);
    assert_memory_equal(one.secret, back.secret, sizeof one.secret);
    static const char *const wrong[] = {"", "ab",
            "zbababababababababababababababab12345678cdcdcdcdcdcdcdcdcdcdcdcd",
            "abababababababababababababababab12345678cdcdcdcdcdcdcdcdcdcdcdcd0",
            "abababababababababababababababab12345678cdcdcdcdcdcdcdcdcdcdcdc"};
    for (size_t i = 0; i < BL_COUNT(wrong); i++)
        CHECK(!lease_read(bl_str_of(wrong[i]), &back), "%s", wrong[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(lives),
            cmocka_unit_test(many),
            cmocka_unit_test(words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
