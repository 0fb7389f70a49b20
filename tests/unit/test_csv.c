/* render: the CSV's every byte, its sum, its quoting and its guard against formulas; the names of files. */
#include "sample_bill.h"

#include "render/render.h"

static struct bl_ctx x;
static struct sample s;

static int start(void **state)
{
    (void)state;
    bl_ctx_init(&x, 0);
    sample_begin(&s, &x, "USD");
    return 0;
}

static int stop(void **state)
{
    (void)state;
    bl_ctx_release(&x);
    return 0;
}

static const char *csv(const struct bl_bill *b)
{
    struct bl_buf t = {0};
    bl_render_csv(&x, b, &t);
    struct bl_str text = bl_str_dup(&x.arena, bl_buf_view(&t));
    bl_buf_release(&t);
    return text.p;
}

static void all_rows_are_there(void **state)
{
    (void)state;
    struct bl_tax tax = {0, BL_STR("US"), BL_STR("NY"), BL_STR("STATE SALES TAX"), BL_STR("standard"),
            BL_ABSENT, {BL_DEC_ONE / 100 * 625}};
    struct bl_manual manual = {1, {-100}, BL_STR("Sorry, Ada")};
    struct bl_held held = {1, 0, INT64_MAX, {50}, BL_STR("Welcome \"gift\"")};
    sample_taxes(&s, &tax, 1);
    s.in.manual = &manual;
    s.in.held = &held;
    s.in.n_manual = s.in.n_held = 1;
    struct bl_line *l = sample_sku(&s, SKU_DROPLET, "web,1", 311);
    l->project = BL_STR("shop");
    l->group = BL_STR("front");
    l->end_s = l->start_s + 522 * 3600 + 879;
    l->seconds = 522 * 3600 + 879;
    sample_meter(&s, METER_OUT, 12, 123456);
    struct bl_bill b = sample_draw(&s);
    CHECK_TEXT(csv(&b),
            "product,group_description,description,hours,start,end,USD,project_name,category\n"
            "Droplets,front,\"web,1 (s-1vcpu-1gb)\",523,2026-10-01 00:00:00 +0000,2026-10-22 18:14:39 "
            "+0000,$3.11,shop,iaas\n"
            "Bandwidth,,bandwidth_out,,2026-10-01 00:00:00 +0000,2026-11-01 00:00:00 +0000,$1234.56,,iaas\n"
            "Adjustments,,\"Sorry, Ada\",,2026-10-01 00:00:00 +0000,2026-10-31 23:59:59 +0000,-$1.00,,\n"
            "Taxes,,STATE SALES TAX (6.25%),,2026-10-01 00:00:00 +0000,2026-10-31 23:59:59 "
            "+0000,$77.35,,iaas\n"
            "Credits,,\"Welcome \"\"gift\"\"\",,2026-10-01 00:00:00 +0000,2026-10-31 23:59:59 "
            "+0000,-$0.50,,\n",
            "csv");
}

static void nothing_is_a_header(void **state)
{
    (void)state;
    struct bl_bill b = sample_draw(&s);
    assert_string_equal(
            csv(&b), "product,group_description,description,hours,start,end,USD,project_name,category\n");
}

static void money_is_of_its_currency(void **state)
{
    (void)state;
    static const struct {
        const char *currency;
        int64_t minor;
        const char *wanted;
    } rows[] = {
            {"USD", 311, "$3.11"},
            {"USD", -100, "-$1.00"},
            {"USD", 0, "$0.00"},
            {"USD", -5, "-$0.05"},
            {"EUR", 311, "3.11"},
            {"EUR", -100, "-1.00"},
            {"JPY", 1234, "1234"},
            {"JPY", -1, "-1"},
            {"KWD", 1234, "1.234"},
            {"CLF", -12345, "-1.2345"},
            {"USD", BL_AMOUNT_MAX, "$10000000000000.00"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        sample_begin(&s, &x, rows[i].currency);
        struct bl_bill b = sample_draw(&s);
        struct bl_str got = bl_render_money(&x, &b, (bl_amount){rows[i].minor});
        CHECK_TEXT(got.p, rows[i].wanted, rows[i].currency);
        char column[16];
        snprintf(column, sizeof column, ",%s,", rows[i].currency);
        assert_non_null(strstr(csv(&b), column));
    }
}

static void cells_are_guarded_and_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *name, *cell; /* as a project, which stands before the category */
    } rows[] = {
            {"plain", ",plain,"},
            {"", ",,"},
            {"=1+1", ",'=1+1,"},
            {"+1", ",'+1,"},
            {"-1", ",'-1,"},
            {"@SUM(A1)", ",'@SUM(A1),"},
            {"\tx", ",'\tx,"},
            {"\rx", ",\"'\rx\","},
            {"=1,2", ",\"'=1,2\","},
            {"=\"a\"", ",\"'=\"\"a\"\"\","},
            {"a=b", ",a=b,"},
            {"'", ",',"},
            {"a\nb", ",\"a\nb\","},
            {"\"", ",\"\"\"\","},
            {" =x", ", =x,"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        s.line.n = 0;
        sample_sku(&s, SKU_DROPLET, "w", -100)->project = bl_str_of(rows[i].name);
        struct bl_bill b = sample_draw(&s);
        char wanted[64];
        snprintf(wanted, sizeof wanted, ",-$1.00%siaas\n", rows[i].cell);
        CHECK(strstr(csv(&b), wanted) != NULL, "row %d: %s", (int)i, csv(&b));
    }
}

static void files_have_plain_names(void **state)
{
    (void)state;
    static const struct {
        const char *number;
        bool preview;
        const char *ending, *wanted;
    } rows[] = {
            {"6173678", false, "csv", "Invoice 2026 Oct (6173678-418).csv"},
            {"6173678", true, "pdf", "Invoice 2026 Oct (6173678-preview).pdf"},
            {"C-1 (x)", false, "pdf", "Invoice 2026 Oct (C-1 (x)-418).pdf"},
            {"a/../b\r\n\"\x7f\xc3\xa9", false, "csv", "Invoice 2026 Oct (ab-418).csv"},
            {"", false, "csv", "Invoice 2026 Oct (-418).csv"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        s.in.number = bl_str_of(rows[i].number);
        struct bl_bill b = sample_draw(&s);
        CHECK_TEXT(bl_render_file_name(&x, &b, rows[i].preview, rows[i].ending).p, rows[i].wanted,
                rows[i].number);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
            TEST(all_rows_are_there),
            TEST(nothing_is_a_header),
            TEST(money_is_of_its_currency),
            TEST(cells_are_guarded_and_quoted),
            TEST(files_have_plain_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
