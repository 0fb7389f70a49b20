/* cal: dates at their edges, time as text both ways, and zones decoded from the system's own files. */
#include "unit.h"

#include "cal/cal.h"

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

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *out; /* as UTC, or "!" and a part of the sentence */
    } rows[] = {
            {"1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"},
            {"2026-10-31T23:59:59Z", "2026-10-31T23:59:59Z"},
            {"2026-10-31t23:59:59z", "2026-10-31T23:59:59Z"},
            {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
            {"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.999999Z"},
            {"2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500000Z"},
            {"2026-01-01T00:00:00.0000009Z", "2026-01-01T00:00:00Z"},
            {"2026-01-01T00:00:00.1234567890123456789012345678901234567890Z", "2026-01-01T00:00:00.123456Z"},
            {"2024-02-29T12:00:00Z", "2024-02-29T12:00:00Z"},
            {"2000-02-29T12:00:00Z", "2000-02-29T12:00:00Z"},
            {"2021-09-01T00:00:00+01:00", "2021-08-31T23:00:00Z"},
            {"2021-08-31T23:30:00-01:00", "2021-09-01T00:30:00Z"},
            {"2021-09-01T00:00:00-00:00", "2021-09-01T00:00:00Z"},
            {"2021-09-01T00:00:00+23:59", "2021-08-31T00:01:00Z"},
            {"1969-12-31T23:59:59-00:01", "1970-01-01T00:00:59Z"},
            {"1970-01-01T00:00:00+00:01", "!1970 to 9999"},
            {"1969-12-31T23:59:59Z", "!1970 to 9999"},
            {"0000-01-01T00:00:00Z", "!1970 to 9999"},
            {"9999-12-31T23:59:59-00:01", "!1970 to 9999"},
            {"2026-12-31T23:59:60Z", "!leap second"},
            {"2016-12-31T23:59:60Z", "!leap second"},
            {"2026-12-31T23:60:00Z", "!does not exist"},
            {"2026-12-31T24:00:00Z", "!does not exist"},
            {"2023-02-29T12:00:00Z", "!day that does not exist"},
            {"1900-02-29T12:00:00Z", "!day that does not exist"},
            {"2100-02-29T12:00:00Z", "!day that does not exist"},
            {"2026-04-31T12:00:00Z", "!day that does not exist"},
            {"2026-13-01T12:00:00Z", "!day that does not exist"},
            {"2026-00-01T12:00:00Z", "!day that does not exist"},
            {"2026-01-00T12:00:00Z", "!day that does not exist"},
            {"2026-01-32T12:00:00Z", "!day that does not exist"},
            {"2021-09-01T00:00:00+24:00", "!not a time"},
            {"2021-09-01T00:00:00+01:60", "!not a time"},
            {"2021-09-01T00:00:00+0100", "!not a time"},
            {"2021-09-01T00:00:00+01", "!not a time"},
            {"2021-09-01T00:00:00 01:00", "!not a time"},
            {"2021-09-01 00:00:00Z", "!not a time"},
            {"2021-09-01T00:00:00", "!not a time"},
            {"2021-09-01T00:00Z", "!not a time"},
            {"2021-09-01T00:00:00.Z", "!not a time"},
            {"2021-09-01T00:00:00,5Z", "!not a time"},
            {"2021-09-01T00:00:00Zx", "!not a time"},
            {"2021-09-01T00:00:00ZZ", "!not a time"},
            {" 2021-09-01T00:00:00Z", "!not a time"},
            {"2021-9-01T00:00:00Z", "!not a time"},
            {"+2021-09-01T00:00:00Z", "!not a time"},
            {"12021-09-01T00:00:00Z", "!not a time"},
            {"2021-09-01T-1:00:00Z", "!not a time"},
            {"2021-09-01", "!not a time"},
            {"1630454400", "!not a time"},
            {"", "!not a time"},
            {NULL, "!not a time"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        const char *row = rows[i].text ? rows[i].text : "absent";
        int64_t us = -5;
        char text[32];
        enum bl_err e = bl_time_parse(&x, bl_str_of(rows[i].text), &us);
        if (rows[i].out[0] == '!') {
            CHECK(e == BL_INVALID && us == -5, "%s", row);
            CHECK(strstr(x.why, rows[i].out + 1) != NULL, "%s: \"%s\"", row, x.why);
            continue;
        }
        CHECK(e == BL_OK, "%s: %s", row, x.why);
        bl_time_text(us, text);
        CHECK_TEXT(text, rows[i].out, row);
    }
}

static void a_blank_may_stand_for_plus(void **state)
{
    (void)state;
    static const struct {
        const char *text, *out;
    } rows[] = {
            {"2021-09-01T00:00:00 01:00", "2021-08-31T23:00:00Z"},
            {"2021-09-01T00:00:00.25 01:00", "2021-08-31T23:00:00.250000Z"},
            {"2021-09-01T00:00:00+01:00", "2021-08-31T23:00:00Z"},
            {"2021-09-01T00:00:00-01:00", "2021-09-01T01:00:00Z"},
            {"2021-09-01T00:00:00Z", "2021-09-01T00:00:00Z"},
            {"2021-09-01 00:00:00 01:00", NULL},
            {"2021-09-01T00:00:00  01:00", NULL},
            {"2021-09-01T00:00:00 Z", NULL},
            {"2021-09-01T00:00:00 ", NULL},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        int64_t us;
        char text[32];
        enum bl_err e = bl_time_parse_lax(&x, bl_str_of(rows[i].text), &us);
        CHECK((e == BL_OK) == (rows[i].out != NULL), "%s", rows[i].text);
        if (e == BL_OK) {
            bl_time_text(us, text);
            CHECK_TEXT(text, rows[i].out, rows[i].text);
        }
    }
}

static void months_and_days_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int period; /* -1: refused */
    } months[] = {
            {"1970-01", 0},
            {"2026-10", 681},
            {"9999-12", 96359},
            {"1969-12", -1},
            {"2026-00", -1},
            {"2026-13", -1},
            {"2026-1", -1},
            {"2026-010", -1},
            {"2026/10", -1},
            {"2026-10-01", -1},
            {"", -1},
            {NULL, -1},
            {"202610", -1},
    };
    for (size_t i = 0; i < BL_COUNT(months); i++) {
        bl_period p = -1;
        enum bl_err e = bl_period_parse(&x, bl_str_of(months[i].text), &p);
        CHECK((e == BL_OK) == (months[i].period >= 0) && p == months[i].period, "row %zu", i);
        if (e == BL_OK) {
            char text[8];
            bl_period_text(p, text);
            CHECK_TEXT(text, months[i].text, "month");
        }
    }
    static const struct {
        const char *text;
        int day;
    } days[] = {
            {"1970-01-01", 0},
            {"1970-12-31", 364},
            {"2000-02-29", 11016},
            {"2000-03-01", 11017},
            {"9999-12-31", 2932896},
            {"1969-12-31", -1},
            {"2026-02-29", -1},
            {"2026-02-30", -1},
            {"2026-10", -1},
            {"2026-10-1", -1},
            {"2026-10-31T00:00:00Z", -1},
            {NULL, -1},
    };
    for (size_t i = 0; i < BL_COUNT(days); i++) {
        bl_day d = -1;
        enum bl_err e = bl_day_parse(&x, bl_str_of(days[i].text), &d);
        CHECK((e == BL_OK) == (days[i].day >= 0) && d == days[i].day, "row %zu", i);
        if (e == BL_OK) {
            char text[11];
            bl_day_text(d, text);
            CHECK_TEXT(text, days[i].text, "day");
        }
    }
}

static void every_day_goes_round(void **state)
{
    (void)state;
    static const int longest[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = 1970, month = 1, day = 1;
    for (bl_day d = 0; d <= 2932896; d++) {
        struct bl_civil c = bl_civil_of(d * BL_DAY_S * BL_US + BL_DAY_S * BL_US - 1);
        CHECK(c.year == year && c.month == month && c.day == day, "day %d", d);
        CHECK(c.hour == 23 && c.minute == 59 && c.second == 59 && c.us == 999999, "day %d", d);
        CHECK(bl_civil_us(c) == (d + 1) * BL_DAY_S * BL_US - 1, "day %d", d);
        bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        if (++day > longest[month - 1] + (month == 2 && leap)) {
            day = 1;
            bl_period next = (year - 1970) * 12 + month;
            CHECK(bl_period_start_s(next) == (d + 1) * BL_DAY_S, "period %d", next);
            CHECK(bl_period_of((d + 1) * BL_DAY_S * BL_US) == next, "period %d", next);
            CHECK(bl_period_of((d + 1) * BL_DAY_S * BL_US - 1) == next - 1, "period %d", next);
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
    assert_int_equal(year, 10000);
}

static void times_are_written(void **state)
{
    (void)state;
    static const struct {
        int64_t us;
        const char *plain, *csv, *ms;
    } rows[] = {
            {0, "1970-01-01T00:00:00Z", "1970-01-01 00:00:00 +0000", "1970-01-01T00:00:00.000+00:00"},
            {1567528486000999, "2019-09-03T16:34:46.000999Z", "2019-09-03 16:34:46 +0000",
                    "2019-09-03T16:34:46.000+00:00"},
            {1567528486123000, "2019-09-03T16:34:46.123000Z", "2019-09-03 16:34:46 +0000",
                    "2019-09-03T16:34:46.123+00:00"},
            {253402300799000000, "9999-12-31T23:59:59Z", "9999-12-31 23:59:59 +0000",
                    "9999-12-31T23:59:59.000+00:00"},
            {253402300800000000, "9999-12-31T23:59:59Z", "9999-12-31 23:59:59 +0000",
                    "9999-12-31T23:59:59.000+00:00"},
            {-1, "1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59 +0000", "1969-12-31T23:59:59.999+00:00"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        char text[40];
        bl_time_text(rows[i].us, text);
        CHECK_TEXT(text, rows[i].plain, "plain");
        bl_time_text_csv(bl_floor_s(rows[i].us), text);
        CHECK_TEXT(text, rows[i].csv, "csv");
        bl_time_text_ms(rows[i].us, text);
        CHECK_TEXT(text, rows[i].ms, "ms");
    }
    char text[40];
    for (int64_t us = INT64_MIN; us < INT64_MIN + 3; us++) { /* of a damaged file */
        assert_int_equal(bl_civil_of(us).us, (int)(us - INT64_MIN) + 224192);
        assert_int_equal(bl_floor_s(us), -9223372036855);
        bl_time_text(us, text);
        bl_time_text_ms(us, text);
    }
    bl_time_text_s(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    bl_time_text_s(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    bl_day_text(2932897, text);
    assert_string_equal(text, "9999-12-31");
    bl_period_text(96360, text);
    assert_string_equal(text, "9999-12");
    assert_string_equal(bl_month_abbr(0), "Jan");
    assert_string_equal(bl_month_abbr(681), "Oct");
    assert_string_equal(bl_month_abbr(-1), "Dec");
    assert_int_equal(bl_floor_s(-1), -1);
    assert_int_equal(bl_floor_s(-1000000), -1);
    assert_int_equal(bl_floor_s(999999), 0);
    assert_int_equal(bl_day_of_s(-1), -1);
    assert_int_equal(bl_day_of_s(86399), 0);
}

static struct bl_str file(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        fail_msg("%s cannot be read; is tzdata installed?", path);
    char *p = bl_alloc(&x.arena, 1 << 16);
    size_t n = fread(p, 1, 1 << 16, f);
    fclose(f);
    return (struct bl_str){p, n};
}

static struct bl_zone zone(const char *name)
{
    char path[200];
    struct bl_zone z;
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", name);
    if (bl_zone_decode(&x, file(path), &z) != BL_OK)
        fail_msg("%s: %s", name, x.why);
    return z;
}

static int64_t at(const char *text)
{
    int64_t us;
    if (bl_time_parse(&x, bl_str_of(text), &us) != BL_OK)
        fail_msg("%s", x.why);
    return us / BL_US;
}

static void zones_know_their_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *utc, *local;
    } rows[] = {
            {"Europe/London", "2021-09-01T02:59:57Z", "2021-09-01T03:59:57+01:00"},
            {"Europe/London", "2021-12-01T02:59:57Z", "2021-12-01T02:59:57+00:00"},
            {"Europe/London", "2026-10-25T00:59:59Z", "2026-10-25T01:59:59+01:00"},
            {"Europe/London", "2026-10-25T01:00:00Z", "2026-10-25T01:00:00+00:00"},
            {"Europe/London", "2026-03-29T00:59:59Z", "2026-03-29T00:59:59+00:00"},
            {"Europe/London", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00+01:00"},
            {"Europe/London", "2100-07-01T00:00:00Z", "2100-07-01T01:00:00+01:00"}, /* by the rule */
            {"Europe/London", "2099-03-29T01:00:00Z", "2099-03-29T02:00:00+01:00"},
            {"Europe/London", "1970-06-01T00:00:00Z", "1970-06-01T01:00:00+01:00"}, /* summer all year */
            {"Europe/Dublin", "2050-01-15T12:00:00Z",
                    "2050-01-15T12:00:00+00:00"}, /* winter is the exception */
            {"Europe/Dublin", "2050-07-15T12:00:00Z", "2050-07-15T13:00:00+01:00"},
            {"America/New_York", "2026-11-01T05:59:59Z", "2026-11-01T01:59:59-04:00"},
            {"America/New_York", "2026-11-01T06:00:00Z", "2026-11-01T01:00:00-05:00"},
            {"America/New_York", "2060-07-04T12:00:00Z", "2060-07-04T08:00:00-04:00"},
            {"America/St_Johns", "2026-01-01T00:00:00Z", "2025-12-31T20:30:00-03:30"},
            {"Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T05:45:00+05:45"},
            {"Asia/Tokyo", "2090-01-01T00:00:00Z", "2090-01-01T09:00:00+09:00"},
            {"Australia/Lord_Howe", "2060-01-01T00:00:00Z", "2060-01-01T11:00:00+11:00"},
            {"Australia/Lord_Howe", "2060-07-01T00:00:00Z", "2060-07-01T10:30:00+10:30"},
            {"Pacific/Kiritimati", "2026-01-01T00:00:00Z", "2026-01-01T14:00:00+14:00"},
            {"Africa/Monrovia", "1971-01-01T00:00:00Z",
                    "1970-12-31T23:16:00-00:44"}, /* 44 minutes 30 seconds */
            {"Etc/GMT+12", "2026-01-01T00:00:00Z", "2025-12-31T12:00:00-12:00"},
            {"Etc/UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
            {"America/Santiago", "2070-01-15T12:00:00Z", "2070-01-15T09:00:00-03:00"},
            {"America/Santiago", "2070-07-15T12:00:00Z", "2070-07-15T08:00:00-04:00"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_zone z = zone(rows[i].zone);
        char text[32];
        bl_time_text_zone(&z, at(rows[i].utc), text);
        CHECK_TEXT(text, rows[i].local, rows[i].zone);
        /* the text names the same instant */
        CHECK(at(text) == at(rows[i].utc), "%s %s", rows[i].zone, rows[i].utc);
    }
    char text[32];
    bl_time_text_zone(NULL, 0, text);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_int_equal(bl_zone_offset_s(NULL, 12345), 0);
}

/* Files that are not zones, or not honest ones. Sizes and indexes are changed in a real file. */
static void broken_zones_are_refused(void **state)
{
    (void)state;
    struct bl_zone z;
    struct bl_str good = file("/usr/share/zoneinfo/Europe/London");
    assert_int_equal(bl_zone_decode(&x, good, &z), BL_OK);
    for (size_t n = 0; n < good.n; n++)
        CHECK(bl_zone_decode(&x, (struct bl_str){good.p, n}, &z) == BL_INVALID, "cut after %zu bytes", n);
    for (size_t i = 0; i < good.n; i++) { /* any byte wrong: refused or decoded, never worse */
        struct bl_str copy = bl_str_dup(&x.arena, good);
        ((char *)copy.p)[i] = (char)0xff;
        if (bl_zone_decode(&x, copy, &z) == BL_OK)
            for (size_t k = 1; k < z.n; k++)
                CHECK(z.at_s[k] > z.at_s[k - 1], "byte %zu", i);
        bl_ctx_reset(&x, 0);
        good = file("/usr/share/zoneinfo/Europe/London");
    }
    assert_int_equal(bl_zone_decode(&x, BL_ABSENT, &z), BL_INVALID);
    assert_int_equal(bl_zone_decode(&x, BL_STR("TZif"), &z), BL_INVALID);
}

/* A file of version 2 that has no transitions, one type of `offset_s`, and a rule. */
static struct bl_str ruled(int32_t offset_s, const char *rule)
{
    struct bl_buf b = {0};
    for (int block = 0; block < 2; block++) {
        bl_buf_put(&b, "TZif2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
        bl_buf_put(&b, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\4", 24);
        for (int shift = 24; shift >= 0; shift -= 8)
            bl_buf_byte(&b, (uint8_t)((uint32_t)offset_s >> shift));
        bl_buf_put(&b, "\0\0ABC\0", 6);
    }
    bl_buf_printf(&b, "\n%s\n", rule);
    struct bl_str copy = bl_str_dup(&x.arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return copy;
}

static void rules_are_expanded(void **state)
{
    (void)state;
    static const struct {
        const char *rule, *utc;
        int offset_s; /* 1: the rule is refused */
    } rows[] = {
            {"ABC-3", "2026-01-01T00:00:00Z", 10800},
            {"<-03>3", "2026-01-01T00:00:00Z", -10800},
            {"ABC-5:45", "2026-01-01T00:00:00Z", 20700},
            {"ABC0DEF,J60,J300", "2024-03-01T01:59:59Z", 0}, /* day 60 is 1 March, leap year or not */
            {"ABC0DEF,J60,J300", "2024-03-01T02:00:00Z", 3600},
            {"ABC0DEF,J60,J300", "2023-03-01T02:00:00Z", 3600},
            {"ABC0DEF,59,300", "2024-02-29T01:59:59Z", 0}, /* day 59 counted from zero is 29 February */
            {"ABC0DEF,59,300", "2024-02-29T02:00:00Z", 3600},
            {"ABC0DEF,59,300", "2023-03-01T02:00:00Z", 3600},
            {"ABC0DEF,M3.5.0/-24,M10.5.0", "2026-03-28T00:00:00Z", 3600}, /* a day early */
            {"ABC0DEF,M3.5.0/-24,M10.5.0", "2026-03-27T23:59:59Z", 0},
            {"ABC0DEF,M3.5.0/50,M10.5.0", "2026-03-31T01:59:59Z", 0}, /* two days later */
            {"ABC0DEF,M3.5.0/50,M10.5.0", "2026-03-31T02:00:00Z", 3600},
            {"ABC0DEF-2,M3.1.1,M10.1.6", "2026-03-02T02:00:00Z", 7200},
            {"XXX3EDT4,0/0,J365/23", "2026-07-01T00:00:00Z", -14400}, /* "summer" all year */
            {"XXX3EDT4,0/0,J365/23", "2026-01-01T03:00:00Z", -14400},
            {"XXX3EDT4,0/0,J365/23", "2027-01-01T02:59:59Z", -14400},
            {"ABC0DEF,M3.5.0,M10.5.0", "2100-12-31T00:00:00Z", 0},
            {"ABC", "2026-01-01T00:00:00Z", 1},
            {"AB0", "2026-01-01T00:00:00Z", 1},
            {"<AB0", "2026-01-01T00:00:00Z", 1},
            {"ABC25", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.5.0", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.5.0,M13.5.0", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.6.0,M10.5.0", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.0.0,M10.5.0", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.5.7,M10.5.0", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,J0,J300", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,J366,J300", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.5.0/168,M10.5.0", "2026-01-01T00:00:00Z", 1},
            {"ABC0DEF,M3.5.0,M10.5.0x", "2026-01-01T00:00:00Z", 1},
            {"ABC99999999999", "2026-01-01T00:00:00Z", 1},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_zone z;
        enum bl_err e = bl_zone_decode(&x, ruled(0, rows[i].rule), &z);
        CHECK((e == BL_OK) == (rows[i].offset_s != 1), "%s: %s", rows[i].rule, x.why);
        if (e == BL_OK)
            CHECK(bl_zone_offset_s(&z, at(rows[i].utc)) == rows[i].offset_s, "%s at %s: %d", rows[i].rule,
                    rows[i].utc, bl_zone_offset_s(&z, at(rows[i].utc)));
    }
    struct bl_zone z;
    assert_int_equal(bl_zone_decode(&x, ruled(3600, ""), &z), BL_OK);
    assert_int_equal(bl_zone_offset_s(&z, 0), 3600);
    assert_int_equal(bl_zone_decode(&x, ruled(93601, ""), &z), BL_INVALID);
    assert_int_equal(bl_zone_decode(&x, ruled(-93600, ""), &z), BL_OK);
}

static void local_months_have_their_hours(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *within;
        const char *start, *end;
        int hours;
    } rows[] = {
            {"Europe/London", "2026-10-15T00:00:00Z", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z", 745},
            {"Europe/London", "2026-03-15T00:00:00Z", "2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z", 743},
            {"Europe/London", "2026-09-30T23:00:00Z", "2026-09-30T23:00:00Z", "2026-11-01T00:00:00Z", 745},
            {"Europe/London", "2026-09-30T22:59:59Z", "2026-08-31T23:00:00Z", "2026-09-30T23:00:00Z", 720},
            {"Etc/UTC", "2024-02-29T23:59:59Z", "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z", 696},
            {"America/New_York", "2026-11-15T00:00:00Z", "2026-11-01T04:00:00Z", "2026-12-01T05:00:00Z", 721},
            /* clocks went forward at midnight, so that the month began at one o'clock */
            {"America/Asuncion", "2017-10-15T00:00:00Z", "2017-10-01T04:00:00Z", "2017-11-01T03:00:00Z", 743},
            {"Asia/Amman", "2016-04-15T00:00:00Z", "2016-03-31T22:00:00Z", "2016-04-30T21:00:00Z", 719},
            /* the day of 30 December 2011 was left out */
            {"Pacific/Apia", "2011-12-15T00:00:00Z", "2011-12-01T10:00:00Z", "2011-12-31T10:00:00Z", 720},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_zone z = zone(rows[i].zone);
        int64_t first = bl_zone_month_start_s(&z, at(rows[i].within));
        int64_t next = bl_zone_month_start_s(&z, first + 31 * BL_DAY_S + 12 * BL_HOUR_S);
        char text[32];
        bl_time_text_s(first, text);
        CHECK_TEXT(text, rows[i].start, rows[i].zone);
        bl_time_text_s(next, text);
        CHECK_TEXT(text, rows[i].end, rows[i].zone);
        CHECK(next - first == rows[i].hours * BL_HOUR_S, "%s: not %d hours", rows[i].zone, rows[i].hours);
    }
    assert_int_equal(bl_zone_month_start_s(NULL, 31 * BL_DAY_S), 31 * BL_DAY_S);
    assert_int_equal(bl_zone_month_start_s(NULL, 31 * BL_DAY_S - 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(times_are_read),
            cmocka_unit_test(a_blank_may_stand_for_plus),
            cmocka_unit_test(months_and_days_are_read),
            cmocka_unit_test(every_day_goes_round),
            cmocka_unit_test(times_are_written),
            cmocka_unit_test(zones_know_their_offsets),
            cmocka_unit_test(broken_zones_are_refused),
            cmocka_unit_test(rules_are_expanded),
            cmocka_unit_test(local_months_have_their_hours),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
