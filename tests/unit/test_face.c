/* face: dated changes folded into who is billed, in any order of arrival, and when the address last changed.
 */
#include "unit.h"

#include "bill/bill.h"

static struct bl_ctx x;

static int start(void **state)
{
    (void)state;
    bl_ctx_init(&x, 0);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    bl_ctx_release(&x);
    return 0;
}

static struct bl_fact change(int64_t s, const char *id)
{
    return (struct bl_fact){
            .type = BL_FACT_ACCOUNT, .time_us = s * BL_US, .source = BL_STR("crm"), .id = bl_str_of(id)};
}

static struct bl_face fold(const struct bl_fact *f, size_t n, int64_t at_s, int64_t created_s)
{
    struct bl_face face;
    assert_int_equal(bl_face_fold(&x, f, n, at_s * BL_US, created_s * BL_US, &face), BL_OK);
    return face;
}

static void nothing_is_a_face_too(void **state)
{
    (void)state;
    struct bl_face f = fold(NULL, 0, 100, 50);
    assert_false(bl_is(f.name) || bl_is(f.country) || f.tax_exempt);
    assert_int_equal(f.created_us, 50 * BL_US);
    assert_int_equal(f.updated_us, 50 * BL_US);
}

static void changes_hold_from_their_time(void **state)
{
    (void)state;
    struct bl_fact f[] = {change(10, "a"), change(20, "b"), change(30, "c")};
    f[0].field[BL_F_COMPANY] = BL_STR("One");
    f[0].field[BL_F_CITY] = BL_STR("Riga");
    f[0].field[BL_F_TAX_EXEMPT] = BL_STR("true");
    f[1].field[BL_F_COMPANY] = BL_STR("Two");
    f[1].field[BL_F_CITY] = BL_STR("Riga"); /* the same: not a change of the address */
    f[2].reset = 1u << BL_F_COMPANY | 1u << BL_F_TAX_EXEMPT | 1u << BL_F_CITY;
    static const struct {
        int64_t at;
        const char *company, *city;
        bool exempt;
        int64_t updated;
    } rows[] = {
            {9, NULL, NULL, false, 5},
            {10, "One", "Riga", true, 10},
            {19, "One", "Riga", true, 10},
            {20, "Two", "Riga", true, 10},
            {30, NULL, NULL, false, 30},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_face got = fold(f, BL_COUNT(f), rows[i].at, 5);
        CHECK(bl_str_eq(got.company, bl_str_of(rows[i].company)), "company at %d", (int)rows[i].at);
        CHECK(bl_str_eq(got.city, bl_str_of(rows[i].city)), "city at %d", (int)rows[i].at);
        CHECK(got.tax_exempt == rows[i].exempt, "exempt at %d", (int)rows[i].at);
        CHECK(got.updated_us == rows[i].updated * BL_US, "updated at %d: %lld", (int)rows[i].at,
                (long long)got.updated_us);
    }
}

static void arrival_does_not_matter(void **state)
{
    (void)state;
    struct bl_fact f[] = {change(30, "b"), change(30, "a"), change(10, "z"), change(20, "m")};
    const char *cities[] = {"of b", "of a", "of z", "of m"};
    for (size_t i = 0; i < BL_COUNT(f); i++)
        f[i].field[BL_F_CITY] = bl_str_of(cities[i]);
    /* all 24 orders give the last by (time, source, id) */
    for (size_t p = 0; p < 24; p++) {
        struct bl_fact g[4];
        bool used[4] = {false};
        size_t rest = p;
        for (size_t i = 0; i < 4; i++) {
            size_t skip = rest % (4 - i), at = 0;
            rest /= 4 - i;
            while (used[at] || skip-- > 0)
                at++;
            used[at] = true;
            g[i] = f[at];
        }
        struct bl_face face = fold(g, 4, 40, 0);
        CHECK(bl_str_is(face.city, "of b"), "order %d: %.*s", (int)p, BL_FMT(face.city));
        assert_int_equal(face.updated_us, 30 * BL_US);
    }
}

static void each_field_has_its_place(void **state)
{
    (void)state;
    static const struct {
        enum bl_field field;
        size_t at;
        bool address;
    } rows[] = {
            {BL_F_NAME, offsetof(struct bl_face, name), false},
            {BL_F_COMPANY, offsetof(struct bl_face, company), false},
            {BL_F_EMAIL, offsetof(struct bl_face, email), false},
            {BL_F_TAX_ID, offsetof(struct bl_face, tax_id), false},
            {BL_F_ZONE, offsetof(struct bl_face, zone), false},
            {BL_F_SELLER, offsetof(struct bl_face, seller), false},
            {BL_F_ADDRESS1, offsetof(struct bl_face, address1), true},
            {BL_F_ADDRESS2, offsetof(struct bl_face, address2), true},
            {BL_F_CITY, offsetof(struct bl_face, city), true},
            {BL_F_ADDRESS_REGION, offsetof(struct bl_face, region), true},
            {BL_F_POSTAL_CODE, offsetof(struct bl_face, postal_code), true},
            {BL_F_COUNTRY, offsetof(struct bl_face, country), true},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_fact f = change(7, "a");
        f.field[rows[i].field] = BL_STR("here");
        struct bl_face face = fold(&f, 1, 7, 1);
        struct bl_str got = *(struct bl_str *)((char *)&face + rows[i].at);
        CHECK(bl_str_is(got, "here"), "row %d", (int)i);
        CHECK(face.updated_us == (rows[i].address ? 7 : 1) * BL_US, "row %d", (int)i);
    }
}

static void updated_is_never_before_created(void **state)
{
    (void)state;
    struct bl_fact f[] = {change(0, "account"), change(3, "later")};
    f[0].field[BL_F_CITY] = BL_STR("Riga");
    f[1].field[BL_F_CITY] = BL_STR("Bonn");
    assert_int_equal(fold(f, 2, 100, 50).updated_us, 50 * BL_US);
    f[1].time_us = 60 * BL_US;
    assert_int_equal(fold(f, 2, 100, 50).updated_us, 60 * BL_US);
    assert_int_equal(fold(f, 2, 59, 50).updated_us, 50 * BL_US);
}

static void other_facts_are_passed_over(void **state)
{
    (void)state;
    struct bl_fact f = change(1, "a");
    f.type = BL_FACT_CREATE;
    f.field[BL_F_NAME] = BL_STR("a droplet's name");
    assert_false(bl_is(fold(&f, 1, 10, 0).name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(nothing_is_a_face_too, start, stop),
            cmocka_unit_test_setup_teardown(changes_hold_from_their_time, start, stop),
            cmocka_unit_test_setup_teardown(arrival_does_not_matter, start, stop),
            cmocka_unit_test_setup_teardown(each_field_has_its_place, start, stop),
            cmocka_unit_test_setup_teardown(updated_is_never_before_created, start, stop),
            cmocka_unit_test_setup_teardown(other_facts_are_passed_over, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
