/* Civo's rows: hours, breaks, clipping, names. */
#include "rating.h"

#include "civo/civo.h"

static const char *shown(struct bl_ctx *x, const struct bl_civo_row *r, size_t n)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < n; i++) {
        char from[40], to[40];
        bl_buf_printf(&b, "%s%.*s [%.*s] %s..%s %lldh", i ? "; " : "", BL_FMT(r[i].code), BL_FMT(r[i].label),
                rt_shown_s(r[i].from_s, from), rt_shown_s(r[i].to_s, to), (long long)r[i].num_hours);
        if (r[i].has_size)
            bl_buf_printf(&b, " %lldGB", (long long)r[i].size_gb);
        if (r[i].region.n)
            bl_buf_printf(&b, " %.*s", BL_FMT(r[i].region));
    }
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s.n ? s.p : "";
}

static void rows(void **state)
{
    (void)state;
    static const struct {
        const char *what, *facts, *from, *to, *region, *wanted;
    } rows[] = {
            {"the published row of 183 seconds: an hour",
                    "10-01T03:59:57 create r1 sku=a name=web; 10-01T04:03:00 delete r1", "10-01T00:00:00",
                    "11-01T00:00:00", NULL, "instance-g3.small [web] 10-01T03:59:57..10-01T04:03:00 1h"},
            {"the published row of 65,212 seconds: 18",
                    "10-01T09:54:09 create r1 sku=v quantity=10 kind=volume name=data; 10-02T04:01:01 delete "
                    "r1",
                    "10-01T00:00:00", "11-01T00:00:00", NULL,
                    "volume [Volume data (10GB)] 10-01T09:54:09..10-02T04:01:01 18h 10GB"},
            {"seven days", "10-01T00:00:00 create r1 sku=a name=w; 10-08T00:00:00 delete r1",
                    "10-01T00:00:00", "11-01T00:00:00", NULL,
                    "instance-g3.small [w] 10-01T00:00:00..10-08T00:00:00 168h"},
            {"an hour less a second, an hour, and two less a second",
                    "10-01T00:00:00 create r1 sku=a name=w; 10-01T00:59:59 delete r1; 10-02T00:00:00 create "
                    "r1 sku=a "
                    "name=w; 10-02T01:00:00 delete r1; 10-03T00:00:00 create r1 sku=a name=w; 10-03T01:59:59 "
                    "delete r1",
                    "10-01T00:00:00", "11-01T00:00:00", NULL,
                    "instance-g3.small [w] 10-01T00:00:00..10-01T00:59:59 1h; instance-g3.small [w] "
                    "10-02T00:00:00..10-02T01:00:00 1h; instance-g3.small [w] 10-03T00:00:00..10-03T01:59:59 "
                    "1h"},
            {"clipped to the window", "09-01T00:00:00 create r1 sku=a name=w", "10-01T00:00:00",
                    "10-02T00:00:00", NULL, "instance-g3.small [w] 10-01T00:00:00..10-02T00:00:00 24h"},
            {"over before the window, or after it: absent",
                    "09-01T00:00:00 create r1 sku=a; 10-01T00:00:00 delete r1; 10-02T00:00:00 create r2 "
                    "sku=a",
                    "10-01T00:00:00", "10-02T00:00:00", NULL, ""},
            {"a window of nothing", "09-01T00:00:00 create r1 sku=a", "10-02T00:00:00", "10-02T00:00:00",
                    NULL, ""},
            {"a window that ends before it begins", "09-01T00:00:00 create r1 sku=a", "10-02T00:00:00",
                    "10-01T00:00:00", NULL, ""},
            {"breaks at SKU and size, at nothing else",
                    "10-01T00:00:00 create r1 sku=a name=w region=X; 10-01T02:00:00 change r1 region=Y "
                    "project=p; "
                    "10-01T04:00:00 change r1 sku=b; 10-01T05:00:00 change r1 quantity=2; 10-01T07:00:00 "
                    "change r1 name=z; "
                    "10-01T08:00:00 delete r1",
                    "10-01T00:00:00", "11-01T00:00:00", NULL,
                    "instance-g3.small [w] 10-01T00:00:00..10-01T04:00:00 4h Y; instance-b [w] "
                    "10-01T04:00:00..10-01T05:00:00 1h Y; instance-b [z] 10-01T05:00:00..10-01T08:00:00 3h "
                    "Y"},
            {"a name of after the window is not shown",
                    "10-01T00:00:00 create r1 sku=a name=w; 10-03T00:00:00 change r1 name=z",
                    "10-01T00:00:00", "10-02T00:00:00", NULL,
                    "instance-g3.small [w] 10-01T00:00:00..10-02T00:00:00 24h"},
            {"death breaks",
                    "10-01T00:00:00 create r1 sku=a name=w; 10-01T02:00:00 delete r1; 10-01T02:00:00 create "
                    "r1 "
                    "sku=a name=w id=z",
                    "10-01T00:00:00", "10-01T03:00:00", NULL,
                    "instance-g3.small [w] 10-01T00:00:00..10-01T02:00:00 2h; instance-g3.small [w] "
                    "10-01T02:00:00..10-01T03:00:00 1h"},
            {"without a SKU: no row until it has one",
                    "10-01T00:00:00 create r1 name=w; 10-01T02:00:00 change r1 sku=b", "10-01T00:00:00",
                    "10-01T03:00:00", NULL, "instance-b [w] 10-01T02:00:00..10-01T03:00:00 1h"},
            {"codes by kind",
                    "10-01T00:00:00 create r1 sku=x kind=ip name=i; 10-01T00:00:00 create r2 sku=x "
                    "kind=snapshot name=s quantity=3; 10-01T00:00:00 create r3 sku=x kind=volume name=v "
                    "quantity=0.1; 10-01T00:00:00 create r4 sku=x kind=droplet name=d",
                    "10-01T00:00:00", "10-01T01:00:00", NULL,
                    "instance-x [d] 10-01T00:00:00..10-01T01:00:00 1h; ip [i] 10-01T00:00:00..10-01T01:00:00 "
                    "1h; snapshot "
                    "[s] 10-01T00:00:00..10-01T01:00:00 1h; volume [Volume v (1GB)] "
                    "10-01T00:00:00..10-01T01:00:00 1h "
                    "1GB"},
            {"without a name: the uuid", "10-01T00:00:00 create r1 sku=a", "10-01T00:00:00", "10-01T01:00:00",
                    NULL,
                    "instance-g3.small [00010000-0000-0000-0000-000000000000] 10-01T00:00:00..10-01T01:00:00 "
                    "1h"},
            {"region filters, in any case",
                    "10-01T00:00:00 create r1 sku=a name=w region=lon1; 10-01T00:00:00 create r2 sku=a "
                    "name=n "
                    "region=NYC1; 10-01T00:00:00 create r3 sku=a name=none",
                    "10-01T00:00:00", "10-01T01:00:00", "LON1",
                    "instance-g3.small [w] 10-01T00:00:00..10-01T01:00:00 1h lon1"},
            {"ordered by from, code, product",
                    "10-01T02:00:00 create r1 sku=a name=1; 10-01T00:00:00 create r3 sku=b name=3; "
                    "10-01T00:00:00 create "
                    "r2 sku=b name=2; 10-01T00:00:00 create r9 sku=a name=9",
                    "10-01T00:00:00", "10-01T03:00:00", NULL,
                    "instance-b [2] 10-01T00:00:00..10-01T03:00:00 3h; instance-b [3] "
                    "10-01T00:00:00..10-01T03:00:00 3h; "
                    "instance-g3.small [9] 10-01T00:00:00..10-01T03:00:00 3h; instance-g3.small [1] "
                    "10-01T02:00:00..10-01T03:00:00 1h"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        struct bl_lives l = rt_lives(&x, rows[i].facts);
        struct bl_civo_in in = {.book = rt_book(&x, "a 5/672/672 code=instance-g3.small; b 5/672/672; "
                                                    "v 0.1/672/672 code=volume unit=GiB; x 1/1/0"),
                .lives = &l,
                .billing_from_s = INT64_MIN,
                .from_s = rt_s(&x, rows[i].from),
                .to_s = rt_s(&x, rows[i].to),
                .region = bl_str_of(rows[i].region)};
        struct bl_civo_row *r;
        size_t n;
        assert_int_equal(bl_civo_rows(&x, &in, &r, &n), BL_OK);
        CHECK_TEXT(shown(&x, r, n), rows[i].wanted, rows[i].what);
        bl_ctx_release(&x);
    }
}

static void billing_from_bounds_the_window(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_lives l = rt_lives(&x, "10-01T00:00:00 create r1 sku=b name=w");
    struct bl_civo_in in = {.book = rt_book(&x, "b 5/672/672"),
            .lives = &l,
            .billing_from_s = rt_s(&x, "10-01T20:00:00"),
            .from_s = rt_s(&x, "10-01T00:00:00"),
            .to_s = rt_s(&x, "10-02T00:00:00")};
    struct bl_civo_row *r;
    size_t n;
    assert_int_equal(bl_civo_rows(&x, &in, &r, &n), BL_OK);
    CHECK_TEXT(shown(&x, r, n), "instance-b [w] 10-01T20:00:00..10-02T00:00:00 4h", "billing_from");
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(rows),
            cmocka_unit_test(billing_from_bounds_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
