/* num: decimals at the edge of their digits, rationals on both sides of 128 bits, and the one rounding. */
#include "unit.h"

#include "num/num.h"

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

static void decimals_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum bl_dec_kind kind;
        const char *out; /* the shortest text of the value, or "!" and a part of the sentence */
    } rows[] = {
            {"5", BL_DEC_QUANTITY, "5"},
            {"5.0", BL_DEC_QUANTITY, "5"},
            {"0", BL_DEC_QUANTITY, "0"},
            {"-0", BL_DEC_QUANTITY, "0"},
            {"-0.000", BL_DEC_PRICE, "0"},
            {"-0e5", BL_DEC_PRICE, "0"},
            {"0e400", BL_DEC_PRICE, "0"},
            {"0.0e-400", BL_DEC_PRICE, "0"},
            {"1e3", BL_DEC_QUANTITY, "1000"},
            {"1E+3", BL_DEC_QUANTITY, "1000"},
            {"1e-12", BL_DEC_QUANTITY, "0.000000000001"},
            {"1000e-15", BL_DEC_QUANTITY, "0.000000000001"},
            {"0.25", BL_DEC_QUANTITY, "0.25"},
            {"120.50e1", BL_DEC_QUANTITY, "1205"},
            {"0.00120e3", BL_DEC_QUANTITY, "1.2"},
            {"10", BL_DEC_QUANTITY, "10"},
            {"100.001", BL_DEC_QUANTITY, "100.001"},
            {"0.0000000000010000000000000000000", BL_DEC_QUANTITY, "0.000000000001"},
            {"999999999999999.999999999999", BL_DEC_QUANTITY, "999999999999999.999999999999"},
            {"999999999999999999999999999e-12", BL_DEC_QUANTITY, "999999999999999.999999999999"},
            {"999999999.999999999999", BL_DEC_PRICE, "999999999.999999999999"},
            {"1e14", BL_DEC_QUANTITY, "100000000000000"},
            {"1e8", BL_DEC_PRICE, "100000000"},
            {"0.00000000000000000001e20", BL_DEC_PRICE, "1"},
            {"1e15", BL_DEC_QUANTITY, "!more than 15 digits"},
            {"1000000000000000", BL_DEC_QUANTITY, "!more than 15 digits"},
            {"1e9", BL_DEC_PRICE, "!more than 9 digits"},
            {"1000000000", BL_DEC_PRICE, "!more than 9 digits"},
            {"1e400", BL_DEC_QUANTITY, "!more than 15 digits"},
            {"1e99999999999999999999999999", BL_DEC_QUANTITY, "!more than 15 digits"},
            {"1e-13", BL_DEC_QUANTITY, "!more than 12 decimals"},
            {"1e-400", BL_DEC_QUANTITY, "!more than 12 decimals"},
            {"1e-99999999999999999999999999", BL_DEC_PRICE, "!more than 12 decimals"},
            {"0.0000000000001", BL_DEC_PRICE, "!more than 12 decimals"},
            {"1.0000000000001", BL_DEC_PRICE, "!more than 12 decimals"},
            {"-1", BL_DEC_QUANTITY, "!negative"},
            {"-0.000000000001", BL_DEC_PRICE, "!negative"},
            {"-1e400", BL_DEC_PRICE, "!negative"},
            {"", BL_DEC_PRICE, "!not a number"},
            {"-", BL_DEC_PRICE, "!not a number"},
            {"+5", BL_DEC_PRICE, "!not a number"},
            {".5", BL_DEC_PRICE, "!not a number"},
            {"5.", BL_DEC_PRICE, "!not a number"},
            {"5.e1", BL_DEC_PRICE, "!not a number"},
            {".", BL_DEC_PRICE, "!not a number"},
            {"05", BL_DEC_PRICE, "!not a number"},
            {"-05", BL_DEC_PRICE, "!not a number"},
            {"00.5", BL_DEC_PRICE, "!not a number"},
            {"1.2.3", BL_DEC_PRICE, "!not a number"},
            {"1e", BL_DEC_PRICE, "!not a number"},
            {"1e+", BL_DEC_PRICE, "!not a number"},
            {"1e1.5", BL_DEC_PRICE, "!not a number"},
            {"1e5e5", BL_DEC_PRICE, "!not a number"},
            {"--1", BL_DEC_PRICE, "!not a number"},
            {" 5", BL_DEC_PRICE, "!not a number"},
            {"5 ", BL_DEC_PRICE, "!not a number"},
            {"1,5", BL_DEC_PRICE, "!not a number"},
            {"0x10", BL_DEC_PRICE, "!not a number"},
            {"NaN", BL_DEC_PRICE, "!not a number"},
            {"Infinity", BL_DEC_PRICE, "!not a number"},
            {NULL, BL_DEC_PRICE, "!not a number"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        const char *row = rows[i].text ? rows[i].text : "absent";
        bl_dec d = {77};
        char text[64];
        enum bl_err e = bl_dec_parse(&x, bl_str_of(rows[i].text), rows[i].kind, &d);
        if (rows[i].out[0] == '!') {
            CHECK(e == BL_INVALID, "%s", row);
            CHECK(strstr(x.why, rows[i].out + 1) != NULL, "%s: \"%s\"", row, x.why);
            CHECK(d.pico == 77, "%s: a result that failed was touched", row);
            continue;
        }
        CHECK(e == BL_OK, "%s: %s", row, x.why);
        size_t n = bl_dec_text(d, text);
        CHECK_TEXT(text, rows[i].out, row);
        CHECK(n == strlen(text), "%s", row);
    }
}

static void decimals_are_written_and_added(void **state)
{
    (void)state;
    const __int128 most = (__int128)(~(unsigned __int128)0 >> 1);
    const struct {
        __int128 pico;
        const char *out;
    } rows[] = {
            {0, "0"},
            {1, "0.000000000001"},
            {-1, "-0.000000000001"},
            {-BL_DEC_ONE * 3 / 2, "-1.5"},
            {BL_DEC_ONE * 100, "100"},
            {most, "170141183460469231731687303.715884105727"},
            {-most - 1, "-170141183460469231731687303.715884105728"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        char text[64];
        bl_dec_text((bl_dec){rows[i].pico}, text);
        CHECK_TEXT(text, rows[i].out, "row");
    }
    bl_dec sum;
    assert_int_equal(bl_dec_add(&x, (bl_dec){most - 1}, (bl_dec){1}, &sum), BL_OK);
    assert_true(sum.pico == most);
    assert_int_equal(bl_dec_add(&x, (bl_dec){most}, (bl_dec){1}, &sum), BL_OVERFLOW);
    assert_int_equal(bl_dec_add(&x, (bl_dec){-most - 1}, (bl_dec){-1}, &sum), BL_OVERFLOW);
    assert_int_equal(bl_dec_add(&x, (bl_dec){-most - 1}, (bl_dec){most}, &sum), BL_OK);
    assert_true(sum.pico == -1);
    assert_int_equal(bl_dec_cmp(bl_dec_of(-3), bl_dec_of(2)), -1);
    assert_true(bl_dec_cmp_text(bl_dec_of(10), bl_dec_of(9)) < 0);
    assert_true(bl_dec_cmp_text(bl_dec_of(1), (bl_dec){BL_DEC_ONE + 1}) < 0);
    assert_int_equal(bl_dec_cmp_text(bl_dec_of(9), bl_dec_of(9)), 0);
}

static void amounts_are_read_and_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int digits;
        int64_t minor;
        const char *out; /* or "!" */
    } rows[] = {
            {"12.34", 2, 1234, "12.34"},
            {"-1", 2, -100, "-1.00"},
            {"-0.01", 2, -1, "-0.01"},
            {"-0", 2, 0, "0.00"},
            {"0.10", 2, 10, "0.10"},
            {"12.3400", 2, 1234, "12.34"},
            {"1e3", 2, 100000, "1000.00"},
            {"1234", 0, 1234, "1234"},
            {"-7", 0, -7, "-7"},
            {"1234.0", 0, 1234, "1234"},
            {"0.001", 3, 1, "0.001"},
            {"1.5", 4, 15000, "1.5000"},
            {"10000000000000", 2, BL_AMOUNT_MAX, "10000000000000.00"},
            {"-10000000000000", 2, -BL_AMOUNT_MAX, "-10000000000000.00"},
            {"10000000000000.01", 2, 0, "!"},
            {"-10000000000000.01", 2, 0, "!"},
            {"1000000000000001", 0, 0, "!"},
            {"1e400", 2, 0, "!"},
            {"0.001", 2, 0, "!"},
            {"1e-3", 2, 0, "!"},
            {"0.5", 0, 0, "!"},
            {"$5", 2, 0, "!"},
            {"", 2, 0, "!"},
            {NULL, 2, 0, "!"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        const char *row = rows[i].text ? rows[i].text : "absent";
        bl_amount a;
        char text[32];
        enum bl_err e = bl_amount_parse(&x, bl_str_of(rows[i].text), rows[i].digits, &a);
        CHECK((e == BL_OK) == (rows[i].out[0] != '!'), "%s: %s", row, x.why);
        if (e != BL_OK)
            continue;
        CHECK(a.minor == rows[i].minor, "%s", row);
        CHECK(bl_amount_text(a, rows[i].digits, text) == strlen(rows[i].out), "%s", row);
        CHECK_TEXT(text, rows[i].out, row);
    }
    char text[32];
    bl_amount_text((bl_amount){INT64_MIN}, 2, text);
    assert_string_equal(text, "-92233720368547758.08");
    bl_amount sum, most = {BL_AMOUNT_MAX};
    assert_int_equal(bl_amount_add(&x, most, (bl_amount){0}, &sum), BL_OK);
    assert_int_equal(bl_amount_add(&x, most, (bl_amount){1}, &sum), BL_OVERFLOW);
    assert_int_equal(bl_amount_add(&x, (bl_amount){-BL_AMOUNT_MAX}, (bl_amount){-1}, &sum), BL_OVERFLOW);
    assert_int_equal(bl_amount_add(&x, (bl_amount){INT64_MAX}, (bl_amount){INT64_MAX}, &sum), BL_OVERFLOW);
    assert_int_equal(bl_amount_add(&x, (bl_amount){INT64_MIN}, (bl_amount){INT64_MIN}, &sum), BL_OVERFLOW);
}

static void currencies(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int digits; /* -1: unknown */
    } rows[] = {
            {"USD", 2},
            {"EUR", 2},
            {"JPY", 0},
            {"KWD", 3},
            {"CLF", 4},
            {"ISK", 0},
            {"HUF", 2},
            {"XCG", 2},
            {"usd", -1},
            {"US", -1},
            {"USDX", -1},
            {"", -1},
            {NULL, -1},
            {"XXX", -1},
            {"XAU", -1},
            {"ABC", -1},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        const struct bl_currency *c = bl_currency_find(bl_str_of(rows[i].code));
        CHECK((c == NULL ? -1 : c->digits) == rows[i].digits, "row %zu", i);
    }
}

static bl_dec dec(const char *text)
{
    bool neg = text[0] == '-';
    bl_dec d = {0};
    if (bl_dec_parse(&x, bl_str_of(text + neg), BL_DEC_QUANTITY, &d) != BL_OK)
        fail_msg("%s: %s", text, x.why);
    return (bl_dec){neg ? -d.pico : d.pico};
}

/* "-5.00/672": a decimal over a decimal */
static bl_rat rat(const char *text)
{
    char part[128];
    const char *slash = strchr(text, '/');
    snprintf(part, sizeof part, "%.*s", slash ? (int)(slash - text) : 100, text);
    bl_rat r = bl_rat_of_dec(dec(part));
    if (slash != NULL)
        assert_int_equal(bl_rat_div_dec(&x, &r, dec(slash + 1)), BL_OK);
    return r;
}

static void charges_round_half_away_from_zero(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        int digits;
        int64_t minor;
    } rows[] = {
            {"0", 2, 0},
            {"0.005", 2, 1},
            {"-0.005", 2, -1},
            {"0.004999999999", 2, 0},
            {"-0.004999999999", 2, 0},
            {"0.015", 2, 2},
            {"0.025", 2, 3},
            {"-0.025", 2, -3},
            {"1.005", 2, 101},
            {"0.5", 0, 1},
            {"-0.5", 0, -1},
            {"1.5", 0, 2},
            {"2.5", 0, 3},
            {"-2.5", 0, -3},
            {"0.49999", 0, 0},
            {"1/3", 2, 33},
            {"2/3", 2, 67},
            {"-2/3", 2, -67},
            {"5/672", 2, 1},
            {"1/200", 2, 1},
            {"1/201", 2, 0},
            {"1/2", 4, 5000},
            {"10000000000000", 2, BL_AMOUNT_MAX},
            {"10000000000000.004999", 2, BL_AMOUNT_MAX},
            {"1/999999999999999.999999999999", 4, 0},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        bl_rat r = rat(rows[i].value);
        bl_amount a = {-7};
        assert_int_equal(bl_rat_round(&x, &r, rows[i].digits, &a), BL_OK);
        CHECK(a.minor == rows[i].minor, "%s: %lld", rows[i].value, (long long)a.minor);
    }
    bl_amount a;
    bl_rat beyond = rat("10000000000000.005");
    assert_int_equal(bl_rat_round(&x, &beyond, 2, &a), BL_OVERFLOW);
    beyond = rat("-999999999999999");
    assert_int_equal(bl_rat_round(&x, &beyond, 2, &a), BL_OVERFLOW);
}

static void charges_are_shown_and_cut(void **state)
{
    (void)state;
    static const struct {
        const char *value, *shown, *cut;
        int64_t floor, ceil;
    } rows[] = {
            {"0", "0", "0", 0, 0},
            {"1/3", "0.333333333333", "0.333333333333", 0, 1},
            {"2/3", "0.666666666667", "0.666666666666", 0, 1},
            {"-2/3", "-0.666666666667", "-0.666666666666", -1, 0},
            {"-1/3", "-0.333333333333", "-0.333333333333", -1, 0},
            {"7", "7", "7", 7, 7},
            {"-7", "-7", "-7", -7, -7},
            {"7.000000000001", "7.000000000001", "7.000000000001", 7, 8},
            {"-7.000000000001", "-7.000000000001", "-7.000000000001", -8, -7},
            {"0.000000000001/2", "0.000000000001", "0", 0, 1},
            {"-0.000000000001/2", "-0.000000000001", "0", -1, 0},
            {"0.000000000001/3", "0", "0", 0, 1},
            {"0.000000000001/999999999999999", "0", "0", 0, 1},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        bl_rat r = rat(rows[i].value);
        bl_dec d;
        int64_t n;
        char text[64];
        assert_int_equal(bl_rat_show(&x, &r, &d), BL_OK);
        bl_dec_text(d, text);
        CHECK_TEXT(text, rows[i].shown, rows[i].value);
        assert_int_equal(bl_rat_cut(&x, &r, &d), BL_OK);
        bl_dec_text(d, text);
        CHECK_TEXT(text, rows[i].cut, rows[i].value);
        assert_int_equal(bl_rat_ceil(&x, &r, &n), BL_OK);
        CHECK(n == rows[i].ceil, "%s", rows[i].value);
        assert_int_equal(bl_rat_floor(&x, &r, &n), BL_OK);
        CHECK(n == rows[i].floor, "%s", rows[i].value);
    }
}

static void a_monthly_price_by_the_hour_loses_nothing(void **state)
{
    (void)state;
    /* 5.00 per 672 hours, second by second for 672 hours, is 5.00 to the last digit, and one cent 672 times
     * over is not what rounding each hour would make it */
    bl_rat price = rat("5.00/672"), second, sum = bl_rat_zero();
    second = price;
    assert_int_equal(bl_rat_div_int(&x, &second, 3600), BL_OK);
    for (int i = 0; i < 672 * 3600; i += 3600 * 7) {
        bl_rat part = second;
        assert_int_equal(bl_rat_mul_int(&x, &part, 3600 * 7), BL_OK);
        assert_int_equal(bl_rat_add(&x, &sum, &part, &sum), BL_OK);
    }
    bl_rat five = bl_rat_of_int(5);
    int c = 9;
    assert_int_equal(bl_rat_cmp(&x, &sum, &five, &c), BL_OK);
    assert_int_equal(c, 0);
    assert_int_equal(bl_rat_sub(&x, &sum, &five, &sum), BL_OK);
    assert_true(bl_rat_is_zero(&sum));
    assert_false(sum.neg);
}

static void rationals_compare(void **state)
{
    (void)state;
    static const char *const ascending[] = {"-999999999999999", "-1", "-2/3",
            "-0.000000000001/999999999999999", "0", "0.000000000001/999999999999999", "1/3", "0.333333333334",
            "2/3", "1", "999999999999999"};
    for (size_t i = 0; i < BL_COUNT(ascending); i++)
        for (size_t k = 0; k < BL_COUNT(ascending); k++) {
            bl_rat a = rat(ascending[i]), b = rat(ascending[k]), d, sum;
            int c, sign;
            assert_int_equal(bl_rat_cmp(&x, &a, &b, &c), BL_OK);
            CHECK(c == (i > k) - (i < k), "%s against %s: %d", ascending[i], ascending[k], c);
            /* the difference agrees, and gives back what it was made from */
            assert_int_equal(bl_rat_sub(&x, &a, &b, &d), BL_OK);
            sign = bl_rat_is_zero(&d) ? 0 : d.neg ? -1 : 1;
            CHECK(sign == c, "%s - %s", ascending[i], ascending[k]);
            assert_int_equal(bl_rat_add(&x, &d, &b, &sum), BL_OK);
            assert_int_equal(bl_rat_cmp(&x, &sum, &a, &c), BL_OK);
            CHECK(c == 0, "%s - %s + %s", ascending[i], ascending[k], ascending[k]);
        }
}

static void large_rationals_stay_exact(void **state)
{
    (void)state;
    /* up through all limbs and down again by the same steps: nothing is lost on the way */
    static const char *const steps[] = {"999999999999999.999999999999", "123456789012345.678901234567",
            "0.000000000007", "999999999.999999999989", "3.000000000001", "777777777777777.7"};
    bl_rat r = bl_rat_of_int(-1), whole = bl_rat_of_int(1);
    size_t up = 0;
    while (up < 100 && bl_rat_mul_dec(&x, &r, dec(steps[up % BL_COUNT(steps)])) == BL_OK)
        up++;
    CHECK(up > 6 && up < 30, "%zu steps fit", up);
    assert_int_equal(x.err, BL_OVERFLOW);
    while (up > 0) {
        up--;
        assert_int_equal(bl_rat_div_dec(&x, &r, dec(steps[up % BL_COUNT(steps)])), BL_OK);
    }
    int c = 9;
    assert_int_equal(bl_rat_add(&x, &r, &whole, &r), BL_OK);
    assert_int_equal(bl_rat_cmp(&x, &r, &(bl_rat){.den = {1}}, &c), BL_OK);
    assert_int_equal(c, 0);
}

static void many_denominators_add_up(void **state)
{
    (void)state;
    /* 1/1 + 1/2 + ... + 1/100 backwards and forwards: the common denominator has 41 digits, so the sum leaves
     * 128 bits; the product of all would not fit anywhere */
    bl_rat up = bl_rat_zero(), down = bl_rat_zero(), part;
    for (int i = 1; i <= 100; i++) {
        part = bl_rat_of_int(1);
        assert_int_equal(bl_rat_div_int(&x, &part, i), BL_OK);
        assert_int_equal(bl_rat_add(&x, &up, &part, &up), BL_OK);
        part = bl_rat_of_int(-1);
        assert_int_equal(bl_rat_div_int(&x, &part, 101 - i), BL_OK);
        assert_int_equal(bl_rat_sub(&x, &down, &part, &down), BL_OK);
    }
    int c = 9;
    assert_int_equal(bl_rat_cmp(&x, &up, &down, &c), BL_OK);
    assert_int_equal(c, 0);
    bl_dec shown;
    char text[64];
    assert_int_equal(bl_rat_show(&x, &up, &shown), BL_OK);
    bl_dec_text(shown, text);
    assert_string_equal(text, "5.18737751764");
}

static void what_does_not_fit_overflows(void **state)
{
    (void)state;
    bl_rat big = bl_rat_of_int(1), tiny = bl_rat_of_int(1), r = bl_rat_of_int(3);
    for (int i = 0; i < 8; i++)
        assert_int_equal(bl_rat_mul_int(&x, &big, INT64_MAX), BL_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(bl_rat_div_int(&x, &tiny, INT64_MAX), BL_OK);
    assert_int_equal(bl_rat_mul(&x, &big, &big, &r), BL_OVERFLOW);
    assert_int_equal(bl_rat_mul(&x, &tiny, &tiny, &r), BL_OVERFLOW);
    assert_int_equal(bl_rat_div_dec(&x, &tiny, bl_dec_of(64)), BL_OVERFLOW);
    CHECK(r.num[0] == 3, "a result that failed was touched");
    /* but a product that reduces does fit: (M^8) x (1 / M^4) x (1 / M^4) = 1 */
    assert_int_equal(bl_rat_mul(&x, &big, &tiny, &r), BL_OK);
    assert_int_equal(bl_rat_mul(&x, &r, &tiny, &r), BL_OK);
    int c = 9;
    bl_rat one = bl_rat_of_int(1);
    assert_int_equal(bl_rat_cmp(&x, &r, &one, &c), BL_OK);
    assert_int_equal(c, 0);
    int64_t n;
    bl_dec d;
    bl_amount a;
    assert_int_equal(bl_rat_ceil(&x, &big, &n), BL_OVERFLOW);
    assert_int_equal(bl_rat_show(&x, &big, &d), BL_OVERFLOW);
    assert_int_equal(bl_rat_round(&x, &big, 0, &a), BL_OVERFLOW);
    assert_int_equal(bl_rat_ceil(&x, &tiny, &n), BL_OK);
    assert_int_equal(n, 1);
    bl_rat edge = bl_rat_of_int(INT64_MAX);
    assert_int_equal(bl_rat_ceil(&x, &edge, &n), BL_OK);
    assert_true(n == INT64_MAX);
    edge = bl_rat_of_int(INT64_MIN);
    assert_true(edge.neg && edge.num[0] == (uint64_t)1 << 63);
}

static void zero_has_no_sign(void **state)
{
    (void)state;
    bl_rat r = rat("-5/7");
    assert_true(r.neg);
    assert_int_equal(bl_rat_mul_int(&x, &r, 0), BL_OK);
    assert_true(bl_rat_is_zero(&r) && !r.neg);
    r = rat("-5/7");
    assert_int_equal(bl_rat_mul_dec(&x, &r, (bl_dec){0}), BL_OK);
    assert_true(bl_rat_is_zero(&r) && !r.neg);
    bl_rat minus = rat("-5/7"), plus = rat("5/7");
    assert_int_equal(bl_rat_add(&x, &minus, &plus, &r), BL_OK);
    assert_true(bl_rat_is_zero(&r) && !r.neg);
    assert_int_equal(bl_rat_sub(&x, &r, &r, &r), BL_OK);
    assert_true(bl_rat_is_zero(&r) && !r.neg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(decimals_are_read),
            cmocka_unit_test(decimals_are_written_and_added),
            cmocka_unit_test(amounts_are_read_and_written),
            cmocka_unit_test(currencies),
            cmocka_unit_test(charges_round_half_away_from_zero),
            cmocka_unit_test(charges_are_shown_and_cut),
            cmocka_unit_test(a_monthly_price_by_the_hour_loses_nothing),
            cmocka_unit_test(rationals_compare),
            cmocka_unit_test(large_rationals_stay_exact),
            cmocka_unit_test(many_denominators_add_up),
            cmocka_unit_test(what_does_not_fit_overflows),
            cmocka_unit_test(zero_has_no_sign),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
