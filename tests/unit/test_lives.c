/* Folding: odd sequences of facts, instants cut to seconds, defaults and nulls; and carrying over a period's
 * start. */
#include "rating.h"

/* "r1 birth..death: start a x1 region; start ..." */
static const char *shown(struct bl_ctx *x, const struct bl_lives *l)
{
    struct bl_buf b = {0};
    char at[40], quantity[64];
    for (size_t i = 0; i < l->n; i++) {
        const struct bl_life *v = &l->life[i];
        bl_buf_printf(&b, "%sr%d %s", i ? " | " : "", v->resource.b[0] << 8 | v->resource.b[1],
                rt_shown_s(v->birth_s, at));
        bl_buf_printf(&b, "..%s", rt_shown_s(v->death_s, at));
        for (size_t k = 0; k < v->n_stretch; k++) {
            const struct bl_stretch *s = &v->stretch[k];
            bl_dec_text(s->quantity, quantity);
            bl_buf_printf(&b, ", %s", rt_shown_s(s->start_s, at));
            const struct bl_str t[] = {s->sku, s->region, s->project, s->group, s->name, s->tags, s->kind};
            for (size_t j = 0; j < BL_COUNT(t); j++)
                if (bl_is(t[j]))
                    bl_buf_printf(&b, " %.*s", BL_FMT(t[j]));
            if (strcmp(quantity, "1") != 0)
                bl_buf_printf(&b, " x%s", quantity);
            if (s->has_resource_id)
                bl_buf_printf(&b, " #%lld", (long long)s->resource_id);
            int64_t end_s = k + 1 < v->n_stretch ? s[1].start_s : v->death_s;
            CHECK(s->end_s == end_s && s->start_s < s->end_s, "stretches adjoin and are not empty");
        }
    }
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s.n ? s.p : "";
}

static void folds(void **state)
{
    (void)state;
    static const struct {
        const char *what, *facts, *wanted;
    } rows[] = {
            {"nothing", "", ""},
            {"a life", "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 delete r1",
                    "r1 10-01T00:00:00..10-02T00:00:00, 10-01T00:00:00 a"},
            {"alive", "10-01T00:00:00 create r1 sku=a", "r1 10-01T00:00:00.., 10-01T00:00:00 a"},
            {"order is time, not arrival", "10-02T00:00:00 delete r1; 10-01T00:00:00 create r1 sku=a",
                    "r1 10-01T00:00:00..10-02T00:00:00, 10-01T00:00:00 a"},
            {"equal times: by source, then id",
                    "10-01T00:00:00 change r1 sku=c source=b; 10-01T00:00:00 create r1 sku=a source=a; "
                    "10-01T00:00:00 change r1 sku=b id=z",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 b"},
            {"ids are compared as bytes: 10 before 9",
                    "10-01T00:00:00 create r1 sku=a id=0; 10-01T00:00:00 change r1 sku=nine id=9; "
                    "10-01T00:00:00 change r1 sku=ten id=10",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 nine"},
            {"change and delete of the absent are void",
                    "10-01T00:00:00 change r1 sku=a; 10-01T00:00:01 delete r1; 10-01T00:00:02 create r1 "
                    "sku=b",
                    "r1 10-01T00:00:02.., 10-01T00:00:02 b"},
            {"create of the living is a change: what it does not say stays",
                    "10-01T00:00:00 create r1 sku=a region=x quantity=3; 10-02T00:00:00 create r1 sku=b",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 a x x3, 10-02T00:00:00 b x x3"},
            {"a new life inherits nothing",
                    "10-01T00:00:00 create r1 sku=a region=x quantity=3 name=n number=7; 10-02T00:00:00 "
                    "delete r1; "
                    "10-03T00:00:00 create r1 sku=b",
                    "r1 10-01T00:00:00..10-02T00:00:00, 10-01T00:00:00 a x n x3 #7 | "
                    "r1 10-03T00:00:00.., 10-03T00:00:00 b"},
            {"delete twice", "10-01T00:00:00 create r1; 10-02T00:00:00 delete r1; 10-03T00:00:00 delete r1",
                    "r1 10-01T00:00:00..10-02T00:00:00, 10-01T00:00:00"},
            {"null resets to the default",
                    "10-01T00:00:00 create r1 sku=a region=x quantity=3 number=7; "
                    "10-02T00:00:00 change r1 region=null quantity=null number=null; 10-03T00:00:00 change "
                    "r1 sku=null",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 a x x3 #7, 10-02T00:00:00 a, 10-03T00:00:00"},
            {"quantity zero is a quantity", "10-01T00:00:00 create r1 quantity=0",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 x0"},
            {"a change that changes nothing splits nothing",
                    "10-01T00:00:00 create r1 sku=a quantity=5; 10-02T00:00:00 change r1 sku=a; "
                    "10-03T00:00:00 change r1 quantity=5.0; 10-04T00:00:00 change r1; 10-05T00:00:00 create "
                    "r1",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 a x5"},
            {"instants are cut to the second",
                    "10-01T00:00:00.9 create r1 sku=a; 10-01T00:00:02.1 change r1 sku=b; "
                    "10-01T00:00:04.999999 delete r1",
                    "r1 10-01T00:00:00..10-01T00:00:04, 10-01T00:00:00 a, 10-01T00:00:02 b"},
            {"a stretch of no second vanishes",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:05.1 change r1 sku=b; 10-01T00:00:05.2 "
                    "change r1 sku=c",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 a, 10-01T00:00:05 c"},
            {"and what stood before goes on",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:05.1 change r1 sku=b; 10-01T00:00:05.2 "
                    "change r1 sku=a",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 a"},
            {"a life of no second vanishes",
                    "10-01T00:00:00.1 create r1 sku=a; 10-01T00:00:00.9 delete r1; 10-01T00:00:05 create r1 "
                    "sku=b",
                    "r1 10-01T00:00:05.., 10-01T00:00:05 b"},
            {"changed in the second of its death",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:05.1 change r1 sku=b; 10-01T00:00:05.2 "
                    "delete r1",
                    "r1 10-01T00:00:00..10-01T00:00:05, 10-01T00:00:00 a"},
            {"changed in the second of its birth",
                    "10-01T00:00:00.1 create r1 sku=a; 10-01T00:00:00.2 change r1 sku=b",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 b"},
            {"dies and is born again in one second: two lives",
                    "10-01T00:00:00 create r1 sku=a; 10-01T00:00:05.1 delete r1; 10-01T00:00:05.2 create r1 "
                    "sku=a",
                    "r1 10-01T00:00:00..10-01T00:00:05, 10-01T00:00:00 a | r1 10-01T00:00:05.., "
                    "10-01T00:00:05 a"},
            {"born, dead, born in one second",
                    "10-01T00:00:00.1 create r1 sku=a region=x; 10-01T00:00:00.2 delete r1; 10-01T00:00:00.3 "
                    "create r1 "
                    "sku=b",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 b"},
            {"resources by uuid, whatever the order",
                    "10-01T00:00:00 create r3; 10-02T00:00:00 create r1; 10-03T00:00:00 create r2; "
                    "10-02T00:00:00 delete r3",
                    "r1 10-02T00:00:00.., 10-02T00:00:00 | r2 10-03T00:00:00.., 10-03T00:00:00 | "
                    "r3 10-01T00:00:00..10-02T00:00:00, 10-01T00:00:00"},
            {"names are shown as they were",
                    "10-01T00:00:00 create r1 name=n; 10-02T00:00:00 change r1 name=m; 10-02T00:00:00.5 "
                    "delete r1",
                    "r1 10-01T00:00:00..10-02T00:00:00, 10-01T00:00:00 n"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        struct bl_lives l = rt_lives(&x, rows[i].facts);
        CHECK_TEXT(shown(&x, &l), rows[i].wanted, rows[i].what);
        bl_ctx_release(&x);
    }
}

static void alive_before(void **state)
{
    (void)state;
    static const struct {
        const char *facts;
        size_t at;
        bool wanted;
    } rows[] = {
            {"10-01T00:00:00 create r1", 0, false},
            {"10-01T00:00:00 create r1; 10-02T00:00:00 change r1", 1, true},
            {"10-02T00:00:00 change r1; 10-01T00:00:00 create r1", 0, true},
            {"10-01T00:00:00 change r1; 10-02T00:00:00 create r1", 0, false},
            {"10-01T00:00:00 create r1; 10-02T00:00:00 delete r1; 10-03T00:00:00 change r1", 2, false},
            {"10-01T00:00:00 create r1; 10-02T00:00:00 delete r1; 10-02T00:00:00 change r1 id=0", 2, true},
            {"10-01T00:00:00 create r1; 10-02T00:00:00 delete r1; 10-03T00:00:00 create r1; 10-04T00:00:00 "
             "delete r1",
                    3, true},
    };
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct rt_facts f = rt_facts(&x, rows[i].facts);
        CHECK(bl_life_alive_before(&x, f.at, f.n, &f.at[rows[i].at]) == rows[i].wanted, "%s", rows[i].facts);
    }
    bl_ctx_release(&x);
}

static void folds_on_a_carry(void **state)
{
    (void)state;
    static const struct {
        const char *what, *before, *after, *wanted; /* wanted: birth is kept, earlier stretches are not */
    } rows[] = {
            {"alive", "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 change r1 quantity=2", "",
                    "r1 10-01T00:00:00.., 10-02T00:00:00 a x2"},
            {"dead is gone", "10-01T00:00:00 create r1 sku=a; 10-02T00:00:00 delete r1", "", ""},
            {"dead, with minimum time to come: is kept",
                    "10-31T23:59:50 create r1 sku=a; 10-31T23:59:59 delete r1", "",
                    "r1 10-31T23:59:50..10-31T23:59:59, 10-31T23:59:50 a"},
            {"goes on", "10-01T00:00:00 create r1 sku=a region=x",
                    "11-02T00:00:00 change r1 sku=b; 11-03T00:00:00 "
                    "delete r1",
                    "r1 10-01T00:00:00..11-03T00:00:00, 10-01T00:00:00 a x, 11-02T00:00:00 b x"},
            {"changed at the first second", "10-01T00:00:00 create r1 sku=a",
                    "11-01T00:00:00 change r1 sku=b",
                    "r1 10-01T00:00:00.., 10-01T00:00:00 a, 11-01T00:00:00 b"},
            {"others in between", "10-01T00:00:00 create r2 sku=a",
                    "11-01T00:00:00 create r1; 11-01T00:00:00 create r3; 11-02T00:00:00 delete r2",
                    "r1 11-01T00:00:00.., 11-01T00:00:00 | r2 10-01T00:00:00..11-02T00:00:00, 10-01T00:00:00 "
                    "a | "
                    "r3 11-01T00:00:00.., 11-01T00:00:00"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_ctx x;
        bl_ctx_init(&x, 0);
        struct bl_book *book = rt_book(&x, "a 5/672/672 min=60; b 7/672/672");
        struct bl_lives before = rt_lives(&x, rows[i].before), carried, read, l;
        assert_int_equal(bl_lives_carry(&x, book, &before, rt_s(&x, "11-01T00:00:00"), &carried), BL_OK);
        struct bl_buf packed = {0};
        bl_lives_pack(&packed, &carried);
        CHECK(bl_lives_unpack(&x, bl_buf_view(&packed), &read) == BL_OK, "%s: %s", rows[i].what, x.why);
        struct rt_facts f = rt_facts(&x, rows[i].after);
        CHECK(bl_lives_fold(&x, &read, f.at, f.n, &l) == BL_OK, "%s: %s", rows[i].what, x.why);
        CHECK_TEXT(shown(&x, &l), rows[i].wanted, rows[i].what);
        bl_buf_release(&packed);
        bl_ctx_release(&x);
    }
}

static void older_than_the_carry_is_refused(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_book *book = rt_book(&x, "a 5/672/672");
    struct bl_lives before = rt_lives(&x, "10-01T00:00:00 create r1 sku=a; 10-20T00:00:00 change r1 sku=b"),
                    c, l;
    assert_int_equal(bl_lives_carry(&x, book, &before, rt_s(&x, "11-01T00:00:00"), &c), BL_OK);
    struct rt_facts f = rt_facts(&x, "10-05T00:00:00 change r1 quantity=2");
    assert_int_equal(bl_lives_fold(&x, &c, f.at, f.n, &l), BL_INTERNAL);
    bl_ctx_release(&x);
}

/* Lives that hold more than the past are cut: the carry is what was known just before its start. */
static void carry_cuts_the_future(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_book *book = rt_book(&x, "a 5/672/672");
    struct bl_lives l = rt_lives(&x, "10-01T00:00:00 create r1 sku=a; 11-01T00:00:00 change r1 sku=b; "
                                     "11-05T00:00:00 delete r1; 11-01T00:00:00 create r2; "
                                     "10-05T00:00:00 create r3 sku=a; 11-01T00:00:00 delete r3"),
                    c;
    assert_int_equal(bl_lives_carry(&x, book, &l, rt_s(&x, "11-01T00:00:00"), &c), BL_OK);
    CHECK_TEXT(shown(&x, &c), "r1 10-01T00:00:00.., 10-01T00:00:00 a | r3 10-05T00:00:00.., 10-05T00:00:00 a",
            "the past only");
    bl_ctx_release(&x);
}

static void packed_bytes_are_not_trusted(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_lives l = rt_lives(&x, "10-01T00:00:00 create r1 sku=a region=x quantity=2.5 number=-4; "
                                     "10-02T00:00:00 change r1 name=n; 10-03T00:00:00 create r2; "
                                     "10-04T00:00:00 delete r2; 10-05T00:00:00 create r2 kind=volume"),
                    back;
    struct bl_buf b = {0};
    bl_lives_pack(&b, &l);
    assert_int_equal(bl_lives_unpack(&x, bl_buf_view(&b), &back), BL_OK);
    CHECK_TEXT(shown(&x, &back), shown(&x, &l), "packed and read");
    /* cut short anywhere, or longer by a byte: refused */
    for (size_t n = 0; n < b.n; n++) {
        char *copy = malloc(n + 1);
        memcpy(copy, b.p, n);
        CHECK(bl_lives_unpack(&x, (struct bl_str){copy, n}, &back) != BL_OK, "%zu of %zu bytes", n, b.n);
        free(copy);
    }
    bl_buf_byte(&b, 0);
    assert_int_not_equal(bl_lives_unpack(&x, bl_buf_view(&b), &back), BL_OK);
    /* any byte changed: read or refused, never more than that */
    for (size_t at = 0; at + 1 < b.n; at++)
        for (int bit = 0; bit < 8; bit++) {
            b.p[at] = (char)(b.p[at] ^ (1 << bit));
            enum bl_err e = bl_lives_unpack(&x, (struct bl_str){b.p, b.n - 1}, &back);
            if (e == BL_OK)
                shown(&x, &back);
            b.p[at] = (char)(b.p[at] ^ (1 << bit));
        }
    bl_buf_release(&b);
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(folds),
            cmocka_unit_test(alive_before),
            cmocka_unit_test(folds_on_a_carry),
            cmocka_unit_test(older_than_the_carry_is_refused),
            cmocka_unit_test(carry_cuts_the_future),
            cmocka_unit_test(packed_bytes_are_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
