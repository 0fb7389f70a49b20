/* Rating meters: aggregates, models, allowances, prices by period. */
#include "rating.h"

struct row {
    const char *what, *book, *facts, *usage;
    const char *instant, *from;
    const char *wanted;
};

static void run(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        const struct row *r = &rows[i];
        struct bl_book *book = rt_book(&x, r->book);
        struct bl_lives l = rt_lives(&x, r->facts ? r->facts : "");
        struct rt_usage u = rt_usage(&x, r->usage);
        int64_t instant_s = rt_s(&x, r->instant ? r->instant : "10-31T23:59:59");
        struct bl_charge_in in = {.book = book,
                .period = bl_period_of(instant_s * BL_US),
                .instant_s = instant_s,
                .from_s = r->from ? rt_s(&x, r->from) : INT64_MIN,
                .lives = &l,
                .usage = u.at,
                .n_usage = u.n};
        struct bl_lines out, meters = {0};
        CHECK(bl_charge(&x, &in, &out) == BL_OK, "%s: %s", r->what, x.why);
        for (size_t k = 0; k < out.n; k++)
            if (out.line[k].meter >= 0) { /* the lives are told in test_charge.c */
                if (meters.n == 0)
                    meters.line = &out.line[k];
                meters.n++;
                CHECK(out.line[k].start_s == bl_period_start_s(in.period) &&
                                out.line[k].end_s == bl_period_start_s(in.period + 1) &&
                                out.line[k].seconds == 0,
                        "%s: a meter's line spans its period", r->what);
                CHECK(bl_line_duration(&x, &out.line[k]).n == 0, "%s: no duration", r->what);
            }
        CHECK_TEXT(rt_show(&x, book, &meters), r->wanted, r->what);
        bl_ctx_release(&x);
    }
}

static void aggregates(void **state)
{
    (void)state;
#define THREE "10-01T00:00:00 m 5 value=x; 10-03T00:00:00 m 2 value=y; 10-02T00:00:00 m 7.5 value=x"
    static const struct row rows[] = {
            {"sum", "@m sum unit=1", NULL, THREE, NULL, NULL, "m/0 x14.5 14.50"},
            {"max", "@m max unit=1", NULL, THREE, NULL, NULL, "m/0 x7.5 7.50"},
            {"last is by time", "@m last unit=1", NULL, THREE, NULL, NULL, "m/0 x2 2.00"},
            {"count", "@m count unit=1", NULL, THREE, NULL, NULL, "m/0 x3 3.00"},
            {"unique counts values, over days", "@m unique unit=1", NULL, THREE, NULL, NULL, "m/0 x2 2.00"},
            {"count and unique of quantity zero", "@m count unit=1", NULL,
                    "10-01T00:00:00 m 0; 10-01T00:00:00 m 0", NULL, NULL, "m/0 x2 2.00"},
            {"a zero is a line", "@m sum unit=1", NULL, "10-01T00:00:00 m 0", NULL, NULL, "m/0 x0 0.00"},
            {"no fact, no line", "@m sum unit=1", NULL, "", NULL, NULL, ""},
            {"other months do not count", "@m sum unit=1", NULL,
                    "09-30T23:59:59.999999 m 1; 10-01T00:00:00 m 2; 10-31T23:59:59.999999 m 4; "
                    "11-01T00:00:00 m 8",
                    NULL, NULL, "m/0 x6 6.00"},
            {"days after the instant do not count", "@m sum unit=1", NULL,
                    "10-01T00:00:00 m 2; 10-02T00:00:00 m 4; 10-03T00:00:00 m 8", "10-02T23:59:59", NULL,
                    "m/0 x6 6.00"},
            {"days before billing_from do not count", "@m sum unit=1", NULL,
                    "10-01T00:00:00 m 2; 10-02T00:00:00 m 4; 10-03T00:00:00 m 8", NULL, "10-02T00:00:00",
                    "m/0 x12 12.00"},
            {"meters the book does not know make no line", "@m sum unit=1", NULL, "10-01T00:00:00 gone 1",
                    NULL, NULL, ""},
            {"by account: one line, of no resource", "@m sum unit=1", NULL,
                    "10-01T00:00:00 m 1 r=r1 region=x; 10-01T00:00:00 m 2 r=r2 region=y; 10-01T00:00:00 m 4",
                    NULL, NULL, "m/0 x7 7.00"},
            {"by resource: a line each, the one without first", "@m sum each unit=1", NULL,
                    "10-01T00:00:00 m 1 r=r2; 10-02T00:00:00 m 2 r=r1; 10-01T00:00:00 m 4; 10-03T00:00:00 m "
                    "8 r=r1",
                    NULL, NULL, "m/0 x4 4.00; m/0 r1 x10 10.00; m/0 r2 x1 1.00"},
            {"with the region and project of its last fact", "@m sum each unit=1", NULL,
                    "10-03T00:00:00 m 1 r=r1 region=x project=p; 10-01T00:00:00 m 2 r=r1 region=y project=q",
                    NULL, NULL, "m/0 r1 x3 x p 3.00"},
            {"a last fact without them has none", "@m sum each unit=1", NULL,
                    "10-03T00:00:00 m 1 r=r1; 10-01T00:00:00 m 2 r=r1 region=y project=q", NULL, NULL,
                    "m/0 r1 x3 3.00"},
            {"items before overages, products by name",
                    "@a overages unit=1 product=A; @b unit=1 product=Z; @c unit=1", NULL,
                    "10-01T00:00:00 a 1; 10-01T00:00:00 b 2; 10-01T00:00:00 c 3", NULL, NULL,
                    "c/0 x3 3.00; b/0 x2 2.00; a/0 x1 1.00"},
            {"cents are not made by resources: thirds of one", "@m each unit=0.0033", NULL,
                    "10-01T00:00:00 m 1 r=r1; 10-01T00:00:00 m 1 r=r2; 10-01T00:00:00 m 1 r=r3", NULL, NULL,
                    "m/0 r1 x1 0.00; m/0 r2 x1 0.01; m/0 r3 x1 0.00"},
    };
    run(rows, BL_COUNT(rows));
}

static void models(void **state)
{
    (void)state;
#define GRADUATED "@m graduated=10@1,20@0.5,@0.1"
#define VOLUME "@m volume=10@1,20@0.5,@0.1"
    static const struct row rows[] = {
            {"per a million", "@m unit=0.40 per=1000000", NULL, "10-01T00:00:00 m 2500000", NULL, NULL,
                    "m/0 x2500000 1.00"},
            {"package: none", "@m package=3 per=10", NULL, "10-01T00:00:00 m 0", NULL, NULL, "m/0 x0 0.00"},
            {"package: a hair", "@m package=3 per=10", NULL, "10-01T00:00:00 m 0.000000000001", NULL, NULL,
                    "m/0 x0.000000000001 3.00"},
            {"package: one", "@m package=3 per=10", NULL, "10-01T00:00:00 m 10", NULL, NULL, "m/0 x10 3.00"},
            {"package: a hair more", "@m package=3 per=10", NULL, "10-01T00:00:00 m 10.000000000001", NULL,
                    NULL, "m/0 x10.000000000001 6.00"},
            {"graduated: nothing", GRADUATED, NULL, "10-01T00:00:00 m 0", NULL, NULL, "m/0 x0 0.00"},
            {"graduated: up_to is inclusive", GRADUATED, NULL, "10-01T00:00:00 m 10", NULL, NULL,
                    "m/0 x10 10.00"},
            {"graduated: one more", GRADUATED, NULL, "10-01T00:00:00 m 11", NULL, NULL, "m/0 x11 10.50"},
            {"graduated: all tiers", GRADUATED, NULL, "10-01T00:00:00 m 120", NULL, NULL, "m/0 x120 25.00"},
            {"graduated: the line is rounded, not the tiers", "@m graduated=1@0.005,2@0.005,@0.005", NULL,
                    "10-01T00:00:00 m 3", NULL, NULL, "m/0 x3 0.02"},
            {"volume: nothing", VOLUME, NULL, "10-01T00:00:00 m 0", NULL, NULL, "m/0 x0 0.00"},
            {"volume: up_to is inclusive", VOLUME, NULL, "10-01T00:00:00 m 10", NULL, NULL, "m/0 x10 10.00"},
            {"volume: one more takes all along", VOLUME, NULL, "10-01T00:00:00 m 11", NULL, NULL,
                    "m/0 x11 5.50"},
            {"volume: the last", VOLUME, NULL, "10-01T00:00:00 m 120", NULL, NULL, "m/0 x120 12.00"},
            {"per divides every tier", GRADUATED " per=10", NULL, "10-01T00:00:00 m 120", NULL, NULL,
                    "m/0 x120 2.50"},
            {"tiers run per resource where lines do", "@m each graduated=10@1,@0", NULL,
                    "10-01T00:00:00 m 8 r=r1; 10-01T00:00:00 m 12 r=r2", NULL, NULL,
                    "m/0 r1 x8 8.00; m/0 r2 x12 10.00"},
    };
    run(rows, BL_COUNT(rows));
}

static void prices(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"from the first period that begins at it", "@m unit=1; @m unit=2 from=10-01T00:00:00", NULL,
                    "10-01T00:00:00 m 1", NULL, NULL, "m/1 x1 2.00"},
            {"not inside one", "@m unit=1; @m unit=2 from=10-01T00:00:01", NULL, "10-20T00:00:00 m 1", NULL,
                    NULL, "m/0 x1 1.00"},
            {"but from the next", "@m unit=1; @m unit=2 from=10-01T00:00:01", NULL, "11-20T00:00:00 m 1",
                    "11-30T23:59:59", NULL, "m/1 x1 2.00"},
            {"a first price inside a month: no line yet", "@m unit=1 from=10-15T00:00:00", NULL,
                    "10-20T00:00:00 m 1", NULL, NULL, ""},
    };
    run(rows, BL_COUNT(rows));
}

static void allowances(void **state)
{
    (void)state;
#define BW "@m overages unit=0.01;"
#define D BW "a 5/672/672 allow=m:1000;"
    static const struct row rows[] = {
            {"a whole month brings it whole, and no more", D, "09-01T00:00:00 create r1 sku=a",
                    "10-01T00:00:00 m 1500", NULL, NULL, "m/0 x1500 -1000 5.00"},
            {"half of 672 hours brings half", D, "10-01T00:00:00 create r1 sku=a; 10-15T00:00:00 delete r1",
                    "10-01T00:00:00 m 1500", NULL, NULL, "m/0 x1500 -500 10.00"},
            {"pooled over resources, used whenever", D,
                    "10-01T00:00:00 create r1 sku=a; 10-15T00:00:00 delete r1; 10-10T00:00:00 create r2 "
                    "sku=a; "
                    "10-24T00:00:00 delete r2",
                    "10-30T00:00:00 m 999", NULL, NULL, "m/0 x999 -999 0.00"},
            {"times the quantity", D, "10-01T00:00:00 create r1 sku=a quantity=3; 10-15T00:00:00 delete r1",
                    "10-01T00:00:00 m 2000", NULL, NULL, "m/0 x2000 -1500 5.00"},
            {"the living count on to the end", D, "10-01T00:00:00 create r1 sku=a", "10-01T00:00:00 m 1000",
                    "10-01T00:59:59", NULL, "m/0 x1000 -1000 0.00"},
            {"born late, they count from then", D, "10-25T00:00:00 create r1 sku=a", "10-25T00:00:00 m 1000",
                    "10-25T00:59:59", NULL, "m/0 x1000 -250 7.50"},
            {"a death to come is not known", D, "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 delete r1",
                    "10-01T00:00:00 m 1000", "10-01T23:59:59", NULL, "m/0 x1000 -1000 0.00"},
            {"the dead are not lengthened", D, "10-01T00:00:00 create r1 sku=a; 10-08T00:00:00 delete r1",
                    "10-01T00:00:00 m 1000", "10-20T00:00:00", NULL, "m/0 x1000 -250 7.50"},
            {"nor is their minimum time beyond the instant", BW "a 5/10/10 min=7200 allow=m:10",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:01 delete r1", "10-01T00:00:00 m 4",
                    "10-01T00:59:59", NULL, "m/0 x4 -1 0.03"},
            {"the price to come is counted on with", D "a 5/672/672 from=10-15T00:00:00",
                    "10-01T00:00:00 create r1 sku=a", "10-01T00:00:00 m 1000", "10-01T23:59:59", NULL,
                    "m/0 x1000 -500 5.00"},
            {"up to the largest worn", BW "a 5/672/672 allow=m:1000; b 9/672/672 allow=m:4000",
                    "10-01T00:00:00 create r1 sku=a; 10-29T00:00:00 change r1 sku=b", "10-01T00:00:00 m 5000",
                    NULL, NULL, "m/0 x5000 -1428.571428571428 35.71"},
            {"without a cap: per_hours, unlimited", BW "a 5/672/0 allow=m:672",
                    "09-01T00:00:00 create r1 sku=a", "10-01T00:00:00 m 1000", NULL, NULL,
                    "m/0 x1000 -744 2.56"},
            {"steps and minimum time count",
                    BW "a 5/10/10 inc=3600 allow=m:10; b 5/10/10 min=7200 allow=m:10",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:01 delete r1; 10-01T00:00:00 create r2 "
                    "sku=b; "
                    "10-01T00:00:01 delete r2",
                    "10-01T00:00:00 m 4", NULL, NULL, "m/0 x4 -3 0.01"},
            {"cut once, over all resources", BW "a 5/3/3 allow=m:1",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 delete r1; 10-01T00:00:00 create r2 "
                    "sku=a; "
                    "10-01T01:00:00 delete r2; 10-01T00:00:00 create r3 sku=a; 10-01T01:00:00 delete r3",
                    "10-01T00:00:00 m 2", NULL, NULL, "m/0 x2 -1 0.01"},
            {"tiers count from what is left", "@m graduated=10@1,@0; a 5/672/672 allow=m:1000",
                    "09-01T00:00:00 create r1 sku=a", "10-01T00:00:00 m 1005", NULL, NULL,
                    "m/0 x1005 -1000 5.00"},
            {"not before billing_from", D, "10-01T00:00:00 create r1 sku=a; 10-29T00:00:00 delete r1",
                    "10-20T00:00:00 m 1000", NULL, "10-15T00:00:00", "m/0 x1000 -500 5.00"},
            {"only for sums by account", "@m max unit=0.01; a 5/672/672 allow=m:1000",
                    "09-01T00:00:00 create r1 sku=a", "10-01T00:00:00 m 1500", NULL, NULL, "m/0 x1500 15.00"},
            {"two allowances do not mix", "@m unit=1; @n unit=1; a 5/672/672 allow=m:10 allow=n:20",
                    "09-01T00:00:00 create r1 sku=a", "10-01T00:00:00 m 30; 10-01T00:00:00 n 30", NULL, NULL,
                    "m/0 x30 -10 20.00; n/0 x30 -20 10.00"},
    };
    run(rows, BL_COUNT(rows));
}

/* Totals may come in any order and any grouping by day. */
static void totals_merge(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_book *book = rt_book(&x, "@a sum unit=1; @b max each unit=1; @c last unit=1; @d unique unit=1");
    struct rt_usage u = rt_usage(&x,
            "10-01T00:00:00 a 1; 10-02T00:00:00 b 5 r=r1 region=x; 10-03T00:00:00 c 7; "
            "10-04T00:00:00 a 2 r=r9; 10-01T00:00:00 b 6 r=r1 region=y; 10-02T00:00:00 c 9; "
            "10-05T00:00:00 d 0 value=p; 10-06T00:00:00 d 0 value=q; 10-07T00:00:00 d 0 value=p");
    const char *wanted = "a/0 x3 3.00; b/0 r1 x6 x 6.00; c/0 x7 7.00; d/0 x2 2.00";
    for (size_t turn = 0; turn < u.n; turn++) {
        struct bl_usage_total first = u.at[0];
        memmove(u.at, u.at + 1, (u.n - 1) * sizeof *u.at);
        u.at[u.n - 1] = first;
        struct bl_charge_in in = {.book = book,
                .period = bl_period_of(rt_us(&x, "10-01T00:00:00")),
                .instant_s = rt_s(&x, "10-31T23:59:59"),
                .from_s = INT64_MIN,
                .usage = u.at,
                .n_usage = u.n};
        struct bl_lines out;
        assert_int_equal(bl_charge(&x, &in, &out), BL_OK);
        CHECK_TEXT(rt_show(&x, book, &out), wanted, "rotated");
    }
    bl_ctx_release(&x);
}

static void too_much(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_book *book = rt_book(&x, "@m package=999999999 per=0.000000000001");
    struct rt_usage u = rt_usage(&x, "10-01T00:00:00 m 999999999999999");
    struct bl_charge_in in = {.book = book,
            .period = bl_period_of(rt_us(&x, "10-01T00:00:00")),
            .instant_s = rt_s(&x, "10-31T23:59:59"),
            .from_s = INT64_MIN,
            .usage = u.at,
            .n_usage = u.n};
    struct bl_lines out;
    assert_int_equal(bl_charge(&x, &in, &out), BL_OVERFLOW);
    CHECK(strstr(x.why, "meter m") != NULL && strstr(x.why, "2026-10") != NULL, "%s", x.why);
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(aggregates),
            cmocka_unit_test(models),
            cmocka_unit_test(prices),
            cmocka_unit_test(allowances),
            cmocka_unit_test(totals_merge),
            cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
