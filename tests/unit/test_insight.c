/* Insights: days as differences, and their sum as the month. */
#include "rating.h"

#include "insight/insight.h"

static bl_day day(struct bl_ctx *x, const char *text)
{
    bl_day d = 0;
    char whole[16];
    snprintf(whole, sizeof whole, "2026-%s", text);
    CHECK(bl_day_parse(x, bl_str_of(whole), &d) == BL_OK, "%s", x->why);
    return d;
}

/* "10-01 a x web (a) 0.18; ..." */
static const char *shown(struct bl_ctx *x, const struct bl_point *p, size_t n)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < n; i++) {
        char text[11], amount[32];
        bl_day_text(p[i].day, text);
        bl_amount_text(p[i].amount, 2, amount);
        bl_buf_printf(&b, "%s%s %.*s", i ? "; " : "", text + 5, BL_FMT(p[i].sku));
        if (p[i].region.n)
            bl_buf_printf(&b, " %.*s", BL_FMT(p[i].region));
        bl_buf_printf(&b, " %.*s %s", BL_FMT(p[i].description), amount);
    }
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s.n ? s.p : "";
}

static void points(void **state)
{
    (void)state;
    static const struct {
        const char *what, *book, *facts, *usage, *first, *last, *now, *wanted;
    } rows[] = {
            {"24 dollars are 0.86 a day", "a 24/672/672", "10-01T00:00:00 create r1 sku=a name=w", "",
                    "10-01", "10-03", "11-15T00:00:00",
                    "10-01 a w (a) 0.86; 10-02 a w (a) 0.85; 10-03 a w (a) 0.86"},
            {"past the cap: a point at 0.00", "a 5/672/672", "09-01T00:00:00 create r1 sku=a name=w", "",
                    "10-28", "10-30", "11-15T00:00:00",
                    "10-28 a w (a) 0.18; 10-29 a w (a) 0.00; 10-30 a w (a) 0.00"},
            {"no day without life", "a 1/1/0",
                    "10-01T00:00:00 create r1 sku=a name=w; 10-01T01:00:00 delete r1; "
                    "10-03T05:00:00 create r1 sku=a name=w; 10-03T06:00:00 delete r1",
                    "", "10-01", "10-04", "11-15T00:00:00", "10-01 a w (a) 1.00; 10-03 a w (a) 1.00"},
            {"none after now, the last one up to it", "a 1/1/0", "10-01T00:00:00 create r1 sku=a name=w", "",
                    "10-02", "10-05", "10-03T00:59:59", "10-02 a w (a) 24.00; 10-03 a w (a) 1.00"},
            {"now before the range: nothing", "a 1/1/0", "10-01T00:00:00 create r1 sku=a name=w", "", "10-02",
                    "10-05", "10-01T23:59:59", ""},
            {"over a month's end each month counts from its 1st", "a 24/672/672",
                    "10-01T00:00:00 create r1 sku=a name=w", "", "10-30", "11-01", "11-15T00:00:00",
                    "10-30 a w (a) 0.00; 10-31 a w (a) 0.00; 11-01 a w (a) 0.86"},
            {"a step counts on the day it begins", "h 1/1/0 inc=3600",
                    "10-01T23:30:00 create r1 sku=h name=w; 10-02T00:10:00 delete r1", "", "10-01", "10-02",
                    "11-15T00:00:00", "10-01 h w (h) 1.00; 10-02 h w (h) 0.00"},
            {"minimum time falls into the next day as real time would", "a 3600/1/0 min=60",
                    "10-01T23:59:30 create r1 sku=a name=w; 10-01T23:59:40 delete r1", "", "10-01", "10-02",
                    "11-15T00:00:00", "10-01 a w (a) 30.00; 10-02 a w (a) 30.00"},
            {"a name is that of its day", "a 24/672/672",
                    "10-01T00:00:00 create r1 sku=a name=old; 10-02T00:00:00 change r1 name=new", "", "10-01",
                    "10-02", "11-15T00:00:00", "10-01 a old (a) 0.86; 10-02 a new (a) 0.85"},
            {"meters: days with facts", "@m unit=1", "",
                    "10-01T00:00:00 m 2; 10-03T00:00:00 m 3; 10-03T01:00:00 m 0", "10-01", "10-04",
                    "11-15T00:00:00", "10-01 m m 2.00; 10-03 m m 3.00"},
            {"meters: a fact at nothing is a point", "@m graduated=10@0,@1", "",
                    "10-01T00:00:00 m 2; 10-03T00:00:00 m 3", "10-02", "10-03", "11-15T00:00:00",
                    "10-03 m m 0.00"},
            {"a growing allowance takes back: negative", "@m unit=1; a 0/672/672 allow=m:672",
                    "10-02T00:00:00 create r1 sku=a name=w; 10-03T00:00:00 delete r1", "10-01T00:00:00 m 100",
                    "10-01", "10-03", "11-15T00:00:00",
                    "10-01 m m 100.00; 10-02 m m -100.00; 10-02 a w (a) 0.00; 10-03 m m 76.00"},
            {"ordered by description, region, SKU", "a 24/1/0; b 24/1/0",
                    "10-01T00:00:00 create r1 sku=b name=z region=x; 10-01T00:00:00 create r2 sku=a name=z "
                    "region=y; "
                    "10-01T00:00:00 create r3 sku=a name=z region=x; 10-01T00:00:00 create r4 sku=a name=A",
                    "", "10-01", "10-01", "10-01T00:59:59",
                    "10-01 a A (a) 24.00; 10-01 a x z (a) 24.00; 10-01 a y z (a) 24.00; 10-01 b x z (b) "
                    "24.00"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        struct bl_lives l = rt_lives(&x, rows[i].facts);
        struct rt_usage u = rt_usage(&x, rows[i].usage);
        struct bl_insight_in in = {.book = rt_book(&x, rows[i].book),
                .from_s = INT64_MIN,
                .now_s = rt_s(&x, rows[i].now),
                .first = day(&x, rows[i].first),
                .last = day(&x, rows[i].last),
                .lives = &l,
                .usage = u.at,
                .n_usage = u.n};
        struct bl_point *p;
        size_t n;
        CHECK(bl_insight(&x, &in, &p, &n) == BL_OK, "%s: %s", rows[i].what, x.why);
        CHECK_TEXT(shown(&x, p, n), rows[i].wanted, rows[i].what);
        bl_ctx_release(&x);
    }
}

/* ---- a month of random lives: its days add up to its lines, by resource and SKU */

static uint64_t seed;
static int rnd(int below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)below);
}

static const char *random_facts(struct bl_ctx *x, int n)
{
    struct bl_buf b = {0};
    for (int i = 0; i < n; i++) {
        static const char *const what[] = {"create", "change", "change", "delete", "create"};
        bl_buf_printf(&b, "%s-%02dT%02d:", rnd(5) ? "10" : "09", 1 + rnd(30), rnd(24));
        bl_buf_printf(&b, "%02d:%02d ", rnd(60), rnd(60));
        const char *w = what[rnd(5)];
        bl_buf_printf(&b, "%s r%d", w, 1 + rnd(4));
        if (w[0] != 'd')
            bl_buf_printf(&b, " sku=%c quantity=%d", 'a' + rnd(3), 1 + rnd(3));
        bl_buf_z(&b, ";");
    }
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s.p;
}

static void days_add_up_to_the_month(void **state)
{
    (void)state;
    for (int round = 1; round <= 60; round++) {
        seed = (uint64_t)round;
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        struct bl_book *book =
                rt_book(&x, "@m unit=0.037; @n each graduated=5@0.01,@0.003;"
                            "a 5/672/672 inc=60 min=60 least=0.01 allow=m:100; b 24/672/672 inc=3600;"
                            "b 31/672/672 from=10-14T12:00:00; c 0.013/1/0 min=4000");
        struct bl_lives l = rt_lives(&x, random_facts(&x, 40));
        struct rt_usage u =
                rt_usage(&x, "10-02T00:00:00 m 77; 10-12T00:00:00 m 177; 10-31T00:00:00 m 31; "
                             "10-02T00:00:00 n 3 r=r1; 10-04T00:00:00 n 4 r=r1; 10-05T00:00:00 n 9");
        struct bl_charge_in month = {.book = book,
                .period = bl_period_of(rt_us(&x, "10-01T00:00:00")),
                .instant_s = rt_s(&x, "10-31T23:59:59"),
                .from_s = INT64_MIN,
                .lives = &l,
                .usage = u.at,
                .n_usage = u.n};
        struct bl_lines lines;
        assert_int_equal(bl_charge(&x, &month, &lines), BL_OK);
        struct bl_insight_in in = {.book = book,
                .from_s = INT64_MIN,
                .now_s = rt_s(&x, "11-15T00:00:00"),
                .first = day(&x, "10-01"),
                .last = day(&x, "10-31"),
                .lives = &l,
                .usage = u.at,
                .n_usage = u.n};
        struct bl_point *p;
        size_t n;
        assert_int_equal(bl_insight(&x, &in, &p, &n), BL_OK);
        int64_t all = 0;
        for (size_t i = 0; i < n; i++)
            all += p[i].amount.minor;
        CHECK(all == lines.items.minor + lines.overages.minor, "round %d: %lld", round, (long long)all);
        for (size_t k = 0; k < lines.n; k++) {
            const struct bl_line *v = &lines.line[k];
            int64_t sum = 0;
            for (size_t i = 0; i < n; i++) /* of all lines with this resource and SKU or meter */
                if (p[i].has_resource == v->has_resource && bl_uuid_cmp(p[i].resource, v->resource) == 0 &&
                        bl_str_eq(p[i].sku,
                                v->meter >= 0 ? book->meter[v->meter].meter : book->sku[v->sku].sku))
                    sum += p[i].amount.minor;
            for (size_t j = 0; j < lines.n; j++)
                if (lines.line[j].has_resource == v->has_resource && lines.line[j].sku == v->sku &&
                        lines.line[j].meter == v->meter &&
                        bl_uuid_cmp(lines.line[j].resource, v->resource) == 0)
                    sum -= lines.line[j].amount.minor;
            CHECK(sum == 0, "round %d, line %zu: %lld apart", round, k, (long long)sum);
        }
        bl_ctx_release(&x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(points),
            cmocka_unit_test(days_add_up_to_the_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
