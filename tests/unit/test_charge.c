/* Rating lives, in tables: the published figures first, then every rule's edge. Amounts were worked out by
 * hand. */
#include "rating.h"

#define S1 "a 5/672/672;"

struct row {
    const char *what, *book, *facts;
    const char *instant; /* the bill's last second */
    const char *from;    /* billing_from, or NULL */
    const char *wanted;
};

static const char *rated(struct bl_ctx *x, const struct row *r, int digits)
{
    struct bl_book *book = rt_book(x, r->book);
    ((struct bl_currency *)book->currency)->digits = digits;
    struct bl_lives l = rt_lives(x, r->facts);
    int64_t instant_s = rt_s(x, r->instant);
    struct bl_charge_in in = {.book = book,
            .period = bl_period_of(instant_s * BL_US),
            .instant_s = instant_s,
            .from_s = r->from ? rt_s(x, r->from) : INT64_MIN,
            .lives = &l};
    struct bl_lines out;
    CHECK(bl_charge(x, &in, &out) == BL_OK, "%s: %s", r->what, x->why);
    int64_t sum = 0;
    for (size_t i = 0; i < out.n; i++)
        sum += out.line[i].amount.minor;
    CHECK(sum == out.items.minor + out.overages.minor, "%s: sums", r->what);
    return rt_show(x, book, &out);
}

static void run(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        CHECK_TEXT(rated(&x, &rows[i], 2), rows[i].wanted, rows[i].what);
        bl_ctx_release(&x);
    }
}

static void published_figures(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"40 hours of a 5 dollar droplet", S1, "10-01T00:00:00 create r1 sku=a; 10-02T16:00:00 delete r1",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-02T16:00:00 144000s 0.30"},
            {"212 hours", S1, "10-01T00:00:00 create r1 sku=a; 10-09T20:00:00 delete r1", "10-31T23:59:59",
                    NULL, "a/0 x1 10-01T00:00:00..10-09T20:00:00 763200s 1.58"},
            {"a day of a 24 dollar droplet is 24/28", "a 24/672/672", "10-01T00:00:00 create r1 sku=a",
                    "10-01T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-02T00:00:00 86400s 0.86"},
            {"744 hours shown, 672 billed", S1, "09-01T00:00:00 create r1 sku=a", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..11-01T00:00:00 2678400s 5.00"},
            {"February: exactly 672", S1, "01-01T00:00:00 create r1 sku=a", "02-28T23:59:59", NULL,
                    "a/0 x1 02-01T00:00:00..03-01T00:00:00 2419200s 5.00"},
            {"a volume of 100 GiB", "v 0.10/672/672 inc=3600 unit=GiB",
                    "09-01T00:00:00 create r1 sku=v quantity=100", "10-31T23:59:59", NULL,
                    "v/0 x100 10-01T00:00:00..11-01T00:00:00 2678400s 10.00"},
    };
    run(rows, BL_COUNT(rows));
}

static void steps(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"one second of an hourly price is an hour", "h 1/1/0 inc=3600",
                    "10-01T00:00:00 create r1 sku=h; 10-01T00:00:01 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T00:00:01 1s 1.00"},
            {"an hour to the second is one", "h 1/1/0 inc=3600",
                    "10-01T00:00:00 create r1 sku=h; 10-01T01:00:00 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 1.00"},
            {"a second more is two", "h 1/1/0 inc=3600",
                    "10-01T00:00:00 create r1 sku=h; 10-01T01:00:01 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T01:00:01 3601s 2.00"},
            {"hours count from birth, not from the clock", "h 1/1/0 inc=3600",
                    "10-01T00:59:00 create r1 sku=h; 10-01T01:01:00 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:59:00..10-01T01:01:00 120s 1.00"},
            {"a started step is whole at an instant", "h 1/1/0 inc=3600", "10-01T00:00:00 create r1 sku=h",
                    "10-01T01:00:00", NULL, "h/0 x1 10-01T00:00:00..10-01T01:00:01 3601s 2.00"},
            {"minutes", "m 0.60/1/0 inc=60", "10-01T00:00:00 create r1 sku=m; 10-01T00:01:01 delete r1",
                    "10-31T23:59:59", NULL, "m/0 x1 10-01T00:00:00..10-01T00:01:01 61s 0.02"},
            {"a step belongs to the period of its first second: this one", "h 1/1/0 inc=3600",
                    "10-31T23:59:00 create r1 sku=h; 11-01T00:30:00 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-31T23:59:00..11-01T00:00:00 60s 1.00"},
            {"the next shows the time, at nothing", "h 1/1/0 inc=3600",
                    "10-31T23:59:00 create r1 sku=h; 11-01T00:30:00 delete r1", "11-30T23:59:59", NULL,
                    "h/0 x1 11-01T00:00:00..11-01T00:30:00 1800s 0.00"},
            {"a stretch swallowed by a started step makes its line", "h 1/1/0 inc=3600; i 7/1/0 inc=3600",
                    "10-01T00:00:00 create r1 sku=h; 10-01T00:10:00 change r1 sku=i; 10-01T00:20:00 change "
                    "r1 sku=h; "
                    "10-01T00:40:00 delete r1",
                    "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T00:40:00 1800s 1.00; i/0 x1 10-01T00:10:00..10-01T00:20:00 "
                    "600s 0.00"},
            {"the step after it begins where it ends", "h 1/1/0 inc=3600; i 7200/1/0",
                    "10-01T00:00:00 create r1 sku=h; 10-01T00:59:00 change r1 sku=i; 10-01T01:00:03 delete "
                    "r1",
                    "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T00:59:00 3540s 1.00; i/0 x1 10-01T00:59:00..10-01T01:00:03 "
                    "63s 6.00"},
            {"without a SKU steps are a second long", "h 1/1/0 inc=3600",
                    "10-01T00:00:00 create r1; 10-01T00:00:07 change r1 sku=h; 10-01T01:00:07 delete r1",
                    "10-31T23:59:59", NULL, "h/0 x1 10-01T00:00:07..10-01T01:00:07 3600s 1.00"},
            {"nor with a SKU without a price yet", "h 1/1/0 inc=3600 from=10-01T00:00:07",
                    "10-01T00:00:00 create r1 sku=h; 10-01T01:00:07 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:07..10-01T01:00:07 3600s 1.00"},
            {"a new price splits the line; a step of the old one reaches into it",
                    "h 1/1/0 inc=3600; h 2/1/0 inc=3600 from=10-01T00:30:00",
                    "10-01T00:00:00 create r1 sku=h; 10-01T02:00:00 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T00:30:00 1800s 1.00; h/1 x1 10-01T00:30:00..10-01T02:00:00 "
                    "5400s "
                    "2.00"},
            {"born years ago, steps still count from then", "h 1/1/0 inc=3600",
                    "2019-03-01T00:30:00 create r1 sku=h; 10-01T00:31:00 delete r1", "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T00:31:00 1860s 1.00"},
            {"an unknown SKU bills nothing", "h 1/1/0", "10-01T00:00:00 create r1 sku=gone", "10-31T23:59:59",
                    NULL, ""},
    };
    run(rows, BL_COUNT(rows));
}

static void minimum_time(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"ten seconds count as sixty; ten are shown", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 60.00"},
            {"sixty are enough", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:01:00 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:01:00 60s 60.00"},
            {"the living have no top-up", "a 3600/1/0 min=60", "10-01T00:00:00 create r1 sku=a",
                    "10-01T00:00:09", NULL, "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 10.00"},
            {"at an instant the dead are topped up to it", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1", "10-01T00:00:29", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 30.00"},
            {"a death not yet known is none", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1", "10-01T00:00:04", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:05 5s 5.00"},
            {"over the month's end: this one", "a 3600/1/0 min=60",
                    "10-31T23:59:30 create r1 sku=a; 10-31T23:59:40 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-31T23:59:30..10-31T23:59:40 10s 30.00"},
            {"and the next: no time, but money", "a 3600/1/0 min=60",
                    "10-31T23:59:30 create r1 sku=a; 10-31T23:59:40 delete r1", "11-30T23:59:59", NULL,
                    "a/0 x1 11-01T00:00:00..11-01T00:00:00 0s 30.00"},
            {"at the last SKU and size", "a 3600/1/0 min=60; b 7200/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 change r1 sku=b quantity=2; "
                    "10-01T00:00:20 delete r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 10.00; b/0 x2 10-01T00:00:10..10-01T00:00:20 "
                    "10s "
                    "200.00"},
            {"by the price of the last second, not of the time added",
                    "a 3600/1/0 min=20; a 7200/1/0 min=60 from=10-01T00:00:10",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 10.00; a/1 x1 10-01T00:00:10..10-01T00:00:10 "
                    "0s 20.00"},
            {"no SKU at the end, no minimum", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:05 change r1 sku=null; 10-01T00:00:10 "
                    "delete r1",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-01T00:00:05 5s 5.00"},
            {"added time is stepped like any other", "a 3600/1/0 inc=60 min=90",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 120.00"},
            {"it bills beside the uuid's next life", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1; 10-01T00:00:20 create r1 "
                    "sku=a; "
                    "10-01T00:01:40 delete r1",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-01T00:01:40 90s 140.00"},
            {"lines of one first second are rounded in the order of their keys as bytes: x10 before x9",
                    "a 1.8/1/0 min=60; a 1.8/1/0 from=10-01T00:00:10",
                    "10-01T00:00:00 create r1 sku=a quantity=9; 10-01T00:00:10 delete r1; "
                    "10-01T00:00:10.5 create r1 sku=a quantity=10; 10-01T00:00:11 delete r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x9 10-01T00:00:00..10-01T00:00:10 10s 0.05; "
                    "a/1 x10 10-01T00:00:10..10-01T00:00:11 1s 0.00; "
                    "a/1 x9 10-01T00:00:10..10-01T00:00:10 0s 0.23"},
    };
    run(rows, BL_COUNT(rows));
}

static void caps(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"672 hours to the second", S1, "10-01T00:00:00 create r1 sku=a; 10-29T00:00:00 delete r1",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-29T00:00:00 2419200s 5.00"},
            {"past the cap a line is shown at 0.00", S1 "b 5/672/672",
                    "10-01T00:00:00 create r1 sku=a; 10-29T00:00:00 change r1 sku=b", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-29T00:00:00 2419200s 5.00; b/0 x1 "
                    "10-29T00:00:00..11-01T00:00:00 "
                    "259200s 0.00"},
            {"a dearer one goes on", S1 "b 10/672/672",
                    "10-01T00:00:00 create r1 sku=a; 10-29T00:00:00 change r1 sku=b", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-29T00:00:00 2419200s 5.00; b/0 x1 "
                    "10-29T00:00:00..11-01T00:00:00 "
                    "259200s 1.07"},
            {"a cheaper one after a dear one stays under the dear one's ceiling", "a 10/672/672; b 5/672/672",
                    "10-01T00:00:00 create r1 sku=a; 10-08T00:00:00 change r1 sku=b", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-08T00:00:00 604800s 2.50; b/0 x1 "
                    "10-08T00:00:00..11-01T00:00:00 "
                    "2073600s 4.29"},
            {"up to it and no further", "a 10/2/2; b 5/2/2",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 change r1 sku=b; 10-01T10:00:00 delete "
                    "r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 5.00; b/0 x1 10-01T01:00:00..10-01T10:00:00 "
                    "32400s "
                    "5.00"},
            {"a larger size is dearer", "v 1/2/2",
                    "10-01T00:00:00 create r1 sku=v; 10-01T05:00:00 change r1 quantity=3; 10-01T10:00:00 "
                    "delete r1",
                    "10-31T23:59:59", NULL,
                    "v/0 x1 10-01T00:00:00..10-01T05:00:00 18000s 1.00; v/0 x3 "
                    "10-01T05:00:00..10-01T10:00:00 18000s "
                    "2.00"},
            {"a price without a cap lifts it while worn, and counts for nothing", "a 1/1/2; u 10/1/0",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 change r1 sku=u; 10-01T02:00:00 change "
                    "r1 sku=a; "
                    "10-01T10:00:00 delete r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T10:00:00 32400s 2.00; u/0 x1 "
                    "10-01T01:00:00..10-01T02:00:00 3600s "
                    "10.00"},
            {"all lives of a uuid share it", "a 1/1/2",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:30:00 delete r1; 10-05T00:00:00 create r1 "
                    "sku=a; "
                    "10-05T09:00:00 delete r1",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-05T09:00:00 37800s 2.00"},
            {"others do not", "a 1/1/2", "10-01T00:00:00 create r1 sku=a; 10-01T00:00:00 create r2 sku=a",
                    "10-01T09:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T10:00:00 36000s 2.00; a/0 x1 "
                    "10-01T00:00:00..10-01T10:00:00 36000s "
                    "2.00"},
            {"each month has its own", "a 1/1/2", "09-01T00:00:00 create r1 sku=a", "10-01T00:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 1.00"},
            {"cap_hours beside per_hours: 730 an hour's price, 672 billed", "a 7.30/730/672",
                    "09-01T00:00:00 create r1 sku=a", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..11-01T00:00:00 2678400s 6.72"},
            {"worn when a step begins in it: a dear one that is swallowed raises nothing",
                    "h 1/1/2 inc=3600; d 100/1/2",
                    "10-01T00:00:00 create r1 sku=h; 10-01T00:10:00 change r1 sku=d; 10-01T00:20:00 change "
                    "r1 sku=h; "
                    "10-01T09:00:00 delete r1",
                    "10-31T23:59:59", NULL,
                    "d/0 x1 10-01T00:10:00..10-01T00:20:00 600s 0.00; h/0 x1 10-01T00:00:00..10-01T09:00:00 "
                    "31800s "
                    "2.00"},
            {"overlapping lives fill the ceiling step by step", "a 3600/1/1 min=3000; b 3600/1/1 min=3000",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1; 10-01T00:10:00 create r1 "
                    "sku=b; "
                    "10-01T02:00:00 delete r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:10 10s 2100.00; b/0 x1 "
                    "10-01T00:10:00..10-01T02:00:00 6600s "
                    "1500.00"},
    };
    run(rows, BL_COUNT(rows));
}

static void minimum_amounts(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"a cent for a second", "a 5/672/672 least=0.01",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:01 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T00:00:01 1s 0.01"},
            {"nothing stays nothing", "a 0/672/672 least=0.01", "10-01T00:00:00 create r1 sku=a",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..11-01T00:00:00 2678400s 0.00"},
            {"quantity zero is nothing", "a 5/672/672 least=0.01",
                    "10-01T00:00:00 create r1 sku=a quantity=0", "10-31T23:59:59", NULL,
                    "a/0 x0 10-01T00:00:00..11-01T00:00:00 2678400s 0.00"},
            {"the largest worn, once, on the first line", "a 0.01/1/0 least=1; b 0.01/1/0 least=3",
                    "10-01T00:00:00 create r1 sku=b; 10-01T01:00:00 change r1 sku=a; 10-01T02:00:00 delete "
                    "r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T01:00:00..10-01T02:00:00 3600s 0.00; b/0 x1 10-01T00:00:00..10-01T01:00:00 "
                    "3600s "
                    "3.00"},
            {"that of a swallowed stretch counts", "h 1/1/0 inc=3600; i 1/1/0 least=9",
                    "10-01T00:00:00 create r1 sku=h; 10-01T00:10:00 change r1 sku=i; 10-01T00:20:00 delete "
                    "r1",
                    "10-31T23:59:59", NULL,
                    "h/0 x1 10-01T00:00:00..10-01T00:10:00 600s 9.00; i/0 x1 10-01T00:10:00..10-01T00:20:00 "
                    "600s 0.00"},
            {"the sum above it is left alone", "a 1/1/0 least=1; b 1/1/0 least=2",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 change r1 sku=b; 10-01T02:00:00 delete "
                    "r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 1.00; b/0 x1 10-01T01:00:00..10-01T02:00:00 "
                    "3600s "
                    "1.00"},
            {"an exact sum below it by less than a cent", "a 0.9999/1/0 least=1",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 delete r1", "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 1.00"},
            {"once a period: both have it", "a 5/672/672 least=0.50",
                    "10-31T23:00:00 create r1 sku=a; 11-01T01:00:00 delete r1", "11-30T23:59:59", NULL,
                    "a/0 x1 11-01T00:00:00..11-01T01:00:00 3600s 0.50"},
    };
    run(rows, BL_COUNT(rows));
}

static void lines(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"stretches of one key are one line", S1,
                    "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 change r1 quantity=2; 10-03T00:00:00 "
                    "change r1 "
                    "quantity=1; 10-04T00:00:00 delete r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-04T00:00:00 172800s 0.36; a/0 x2 "
                    "10-02T00:00:00..10-03T00:00:00 86400s "
                    "0.35"},
            {"a name is no key", S1,
                    "10-01T00:00:00 create r1 sku=a name=n; 10-02T00:00:00 change r1 name=m kind=k",
                    "10-03T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-04T00:00:00 259200s 0.54"},
            {"region, project and group are", S1,
                    "10-01T00:00:00 create r1 sku=a region=x; 10-02T00:00:00 change r1 project=p; "
                    "10-03T00:00:00 change "
                    "r1 group=g",
                    "10-03T23:59:59", NULL,
                    "a/0 x1 x 10-01T00:00:00..10-02T00:00:00 86400s 0.18; a/0 x1 x p "
                    "10-02T00:00:00..10-03T00:00:00 "
                    "86400s 0.18; a/0 x1 x p g 10-03T00:00:00..10-04T00:00:00 86400s 0.18"},
            {"a split moves cents and makes none: three thirds of a cent are one", "a 0.0033/1/0",
                    "10-01T00:00:00 create r1 sku=a region=x; 10-01T01:00:00 change r1 region=y; "
                    "10-01T02:00:00 change "
                    "r1 region=z; 10-01T03:00:00 delete r1",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 x 10-01T00:00:00..10-01T01:00:00 3600s 0.00; a/0 x1 y "
                    "10-01T01:00:00..10-01T02:00:00 3600s "
                    "0.01; a/0 x1 z 10-01T02:00:00..10-01T03:00:00 3600s 0.00"},
            {"half a cent goes up", "a 0.005/1/0", "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 delete r1",
                    "10-31T23:59:59", NULL, "a/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 0.01"},
            {"resources round apart", "a 0.005/1/0",
                    "10-01T00:00:00 create r1 sku=a; 10-01T01:00:00 delete r1; 10-01T00:00:00 create r2 "
                    "sku=a; "
                    "10-01T01:00:00 delete r2",
                    "10-31T23:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 0.01; a/0 x1 10-01T00:00:00..10-01T01:00:00 "
                    "3600s "
                    "0.01"},
            {"printed by product, then description",
                    "z 1/1/0 product=Alpha; a 1/1/0 product=Beta; b 1/1/0 product=Alpha",
                    "10-01T00:00:00 create r1 sku=a name=aa; 10-01T00:00:00 create r2 sku=b name=zz; "
                    "10-01T00:00:00 create r3 sku=z name=yy; 10-01T00:00:00 create r4 sku=z name=Z",
                    "10-01T00:59:59", NULL,
                    "z/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 1.00; z/0 x1 10-01T00:00:00..10-01T01:00:00 "
                    "3600s "
                    "1.00; b/0 x1 10-01T00:00:00..10-01T01:00:00 3600s 1.00; a/0 x1 "
                    "10-01T00:00:00..10-01T01:00:00 "
                    "3600s 1.00"},
    };
    run(rows, BL_COUNT(rows));
}

static void bounds(void **state)
{
    (void)state;
    static const struct row rows[] = {
            {"nothing before billing_from", "a 1/1/0",
                    "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 delete r1", "10-31T23:59:59",
                    "10-01T22:00:00", "a/0 x1 10-01T22:00:00..10-02T00:00:00 7200s 2.00"},
            {"nor a step begun before", "h 1/1/0 inc=3600",
                    "10-01T00:00:00 create r1 sku=h; 10-01T02:00:00 delete r1", "10-31T23:59:59",
                    "10-01T00:30:00", "h/0 x1 10-01T00:30:00..10-01T02:00:00 5400s 1.00"},
            {"nor a cap filled before", "a 1/1/2", "10-01T00:00:00 create r1 sku=a; 10-11T00:00:00 delete r1",
                    "10-31T23:59:59", "10-10T00:00:00", "a/0 x1 10-10T00:00:00..10-11T00:00:00 86400s 2.00"},
            {"a minimum's rest after it does", "a 3600/1/0 min=60",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:10 delete r1", "10-31T23:59:59",
                    "10-01T00:00:50", "a/0 x1 10-01T00:00:50..10-01T00:00:50 0s 10.00"},
            {"dead before it: nothing", "a 1/1/0", "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 delete r1",
                    "10-31T23:59:59", "10-02T00:00:00", ""},
            {"a later billing_from than the instant: nothing", "a 1/1/0", "10-01T00:00:00 create r1 sku=a",
                    "10-05T00:00:00", "10-06T00:00:00", ""},
            {"born after the instant: nothing", "a 1/1/0", "10-06T00:00:00 create r1 sku=a", "10-05T00:00:00",
                    NULL, ""},
            {"born in the instant: a second", "a 3600/1/0", "10-05T00:00:00 create r1 sku=a",
                    "10-05T00:00:00", NULL, "a/0 x1 10-05T00:00:00..10-05T00:00:01 1s 1.00"},
            {"a change not yet known", "a 1/1/0; b 9/1/0",
                    "10-01T00:00:00 create r1 sku=a; 10-01T02:00:00 change r1 sku=b", "10-01T01:59:59", NULL,
                    "a/0 x1 10-01T00:00:00..10-01T02:00:00 7200s 2.00"},
            {"dead before the period", S1, "09-01T00:00:00 create r1 sku=a; 10-01T00:00:00 delete r1",
                    "10-31T23:59:59", NULL, ""},
    };
    run(rows, BL_COUNT(rows));
}

static void currencies(void **state)
{
    (void)state;
    static const struct row r = {
            "", S1, "10-01T00:00:00 create r1 sku=a; 10-02T16:00:00 delete r1", "10-31T23:59:59", NULL, NULL};
    static const char *const wanted[] = {"0", "0.3", "0.30", "0.298", "0.2976"};
    for (int digits = 0; digits <= 4; digits++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        const char *got = rated(&x, &r, digits);
        CHECK_TEXT(strrchr(got, ' ') + 1, wanted[digits], "digits");
        bl_ctx_release(&x);
    }
}

static void shown(void **state)
{
    (void)state;
    static const struct {
        const char *facts, *description, *duration;
    } rows[] = {
            {"10-01T00:00:00 create r1 sku=a name=web-1; 10-01T00:00:01 delete r1", "web-1 (a)", "1"},
            {"10-01T00:00:00 create r1 sku=v name=data quantity=2.50; 10-01T01:00:00 delete r1",
                    "data (2.5 GiB)", "1"},
            {"10-01T00:00:00 create r258 sku=a; 10-01T01:00:01 delete r258",
                    "01020000-0000-0000-0000-000000000000 (a)", "2"},
            {"09-01T00:00:00 create r1 sku=a name=old; 10-20T00:00:00 change r1 name=new", "new (a)", "744"},
            {"09-01T00:00:00 create r1 sku=a name=old; 11-01T00:00:00 change r1 name=new", "old (a)", "744"},
            {"09-30T23:59:59 create r1 sku=m name=n; 10-01T00:00:00 delete r1", "n (m)", "0"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        struct bl_book *book = rt_book(&x, S1 "v 1/1/0 unit=GiB; m 1/1/0 min=60");
        struct bl_lives l = rt_lives(&x, rows[i].facts);
        struct bl_charge_in in = {.book = book,
                .period = bl_period_of(rt_us(&x, "10-01T00:00:00")),
                .instant_s = INT64_MAX - 1,
                .from_s = INT64_MIN,
                .lives = &l};
        struct bl_lines out;
        CHECK(bl_charge(&x, &in, &out) == BL_OK && out.n == 1, "%s: %s", rows[i].facts, x.why);
        CHECK_TEXT(bl_line_description(&x, book, out.line).p, rows[i].description, rows[i].facts);
        CHECK_TEXT(bl_line_duration(&x, out.line).p, rows[i].duration, rows[i].facts);
        bl_ctx_release(&x);
    }
}

/* The largest size at the largest price for a month is 1e15 x 1e9: it must be refused with the resource's
 * name. */
static void too_much(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_book *book = rt_book(&x, "a 999999999.999999999999/1/0");
    struct bl_lives l = rt_lives(&x, "10-01T00:00:00 create r1 sku=a quantity=999999999999999.999999999999");
    struct bl_charge_in in = {.book = book,
            .period = bl_period_of(rt_us(&x, "10-01T00:00:00")),
            .instant_s = rt_s(&x, "10-31T23:59:59"),
            .from_s = INT64_MIN,
            .lives = &l};
    struct bl_lines out;
    assert_int_equal(bl_charge(&x, &in, &out), BL_OVERFLOW);
    CHECK(strstr(x.why, "00010000-0000") != NULL && strstr(x.why, "2026-10") != NULL, "%s", x.why);
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(published_figures),
            cmocka_unit_test(steps),
            cmocka_unit_test(minimum_time),
            cmocka_unit_test(caps),
            cmocka_unit_test(minimum_amounts),
            cmocka_unit_test(lines),
            cmocka_unit_test(bounds),
            cmocka_unit_test(currencies),
            cmocka_unit_test(shown),
            cmocka_unit_test(too_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
