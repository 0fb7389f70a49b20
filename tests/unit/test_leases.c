/* Leases: one a deployment, lapsing at their instant, renewed by who knows the secret. */
#include "unit.h"

#include "work/lease_table.h"

#define LASTS (WORK_LEASE_S * BL_US)

static struct lease lease_of(uint8_t app, int64_t n, uint8_t secret)
{
    struct lease l = {.n = n};
    memset(l.app.b, app, sizeof l.app.b);
    memset(l.account.b, 0xaa, sizeof l.account.b);
    memset(l.secret, secret, sizeof l.secret);
    return l;
}

static void lives(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        char act; /* claim, renew, end, forget */
        uint8_t app;
        int64_t n;
        uint8_t secret;
        int64_t at_us;
        bool good;
        size_t left;
    } rows[] = {
            {"renewed before it was", 'r', 5, 1, 1, 0, 0, 0},
            {"claimed", 'c', 5, 1, 1, 0, 1, 1},
            {"held by one", 'c', 5, 1, 2, 1, 0, 1},
            {"the app's next deployment is another", 'c', 5, 2, 3, 1, 1, 2},
            {"another app's", 'c', 4, 1, 4, 1, 1, 3},
            {"renewed in its last instant", 'r', 5, 1, 1, LASTS - 1, 1, 3},
            {"renewed with another secret", 'r', 5, 1, 2, LASTS, 0, 3},
            {"lapsed", 'r', 4, 1, 4, LASTS + 1, 0, 3},
            {"a moment before", 'r', 5, 2, 3, LASTS, 1, 3},
            {"claimed again when it has lapsed", 'c', 4, 1, 5, LASTS + 1, 1, 3},
            {"the one before has it no more", 'r', 4, 1, 4, LASTS + 2, 0, 3},
            {"the new one has", 'r', 4, 1, 5, LASTS + 2, 1, 3},
            {"renewed from then on", 'c', 5, 1, 9, 2 * LASTS - 2, 0, 3},
            {"ended", 'e', 5, 1, 1, 2 * LASTS - 2, 1, 3},
            {"free at once", 'c', 5, 1, 9, 2 * LASTS - 2, 1, 3},
            {"nothing has lapsed", 'f', 0, 0, 0, 2 * LASTS - 2, 1, 3},
            {"what has lapsed is forgotten", 'f', 0, 0, 0, 2 * LASTS + 2, 1, 1},
            {"that which is left", 'r', 5, 1, 9, 2 * LASTS + 2, 1, 1},
    };
    struct lease_table l = {0};
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct lease one = lease_of(rows[i].app, rows[i].n, rows[i].secret);
        bool good = true;
        if (rows[i].act == 'c')
            good = lease_claim(&l, &one, rows[i].at_us);
        else if (rows[i].act == 'r')
            good = lease_renew(&l, &one, rows[i].at_us);
        else if (rows[i].act == 'e')
            lease_end(&l, &one);
        else
            lease_forget_lapsed(&l, rows[i].at_us);
        CHECK(good == rows[i].good, "%s", rows[i].what);
        CHECK(l.n == rows[i].left, "%s: %zu are left", rows[i].what, l.n);
        if (good && rows[i].act == 'r')
            CHECK(one.account.b[0] == 0xaa && one.until_us == rows[i].at_us + LASTS, "%s", rows[i].what);
    }
    lease_table_release(&l);
}

static void many(void **state)
{
    (void)state;
    struct lease_table l = {0};
    for (int i = 0; i < 1000; i++) {
        struct lease one = lease_of((uint8_t)(i * 7), i % 5, 1);
        lease_claim(&l, &one, 0);
    }
    for (size_t i = 1; i < l.n; i++) {
        int c = bl_uuid_cmp(l.at[i - 1].app, l.at[i].app);
        assert_true(c < 0 || (c == 0 && l.at[i - 1].n < l.at[i].n));
    }
    lease_forget_lapsed(&l, LASTS);
    assert_int_equal(l.n, 0);
    lease_table_release(&l);
}

static void words(void **state)
{
    (void)state;
    char text[WORK_LEASE_DIGITS + 1];
    struct lease one = lease_of(0xab, 0x12345678, 0xcd), back;
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
