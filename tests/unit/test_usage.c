/* Usage totals: they do not depend on the order of facts nor on how these were parted, and their packed forms
 * give back what went in. */
#include "facts.h"
#include "usage/usage.h"

#define FACTS 400

struct lists {
    struct bl_usage_total *at;
    size_t n;
};

static struct lists totals_of(struct bl_ctx *x, const struct bl_fact *f, size_t n)
{
    struct bl_usage *u = bl_usage_new(x);
    struct lists l = {0};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bl_usage_add(x, u, &f[i]), BL_OK);
    bl_usage_list(x, u, &l.at, &l.n);
    return l;
}

static bool same_total(const struct bl_usage_total *a, const struct bl_usage_total *b)
{
    bool same = bl_str_eq(a->meter, b->meter) && a->has_resource == b->has_resource &&
                (!a->has_resource || bl_uuid_cmp(a->resource, b->resource) == 0) && a->day == b->day &&
                a->count == b->count && bl_dec_cmp(a->sum, b->sum) == 0 && bl_dec_cmp(a->max, b->max) == 0 &&
                a->first_us == b->first_us && a->last.time_us == b->last.time_us &&
                bl_str_eq(a->last.source, b->last.source) && bl_str_eq(a->last.id, b->last.id) &&
                bl_dec_cmp(a->last.quantity, b->last.quantity) == 0 &&
                bl_str_eq(a->last.region, b->last.region) && bl_str_eq(a->last.project, b->last.project) &&
                a->n_values == b->n_values;
    for (size_t i = 0; same && i < a->n_values; i++)
        same = bl_str_eq(a->values[i], b->values[i]);
    return same;
}

static void same_lists(struct lists a, struct lists b)
{
    assert_int_equal(a.n, b.n);
    for (size_t i = 0; i < a.n; i++)
        CHECK(same_total(&a.at[i], &b.at[i]), "total %zu", i);
}

static void make(struct bl_ctx *x, struct dice *d, struct bl_fact *f, size_t n)
{
    for (size_t i = 0; i < n; i++)
        f[i] = some_usage(&x->arena, d, (unsigned)i);
}

static void shuffle(struct dice *d, struct bl_fact *f, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = roll(d, (unsigned)i);
        struct bl_fact t = f[i - 1];
        f[i - 1] = f[k];
        f[k] = t;
    }
}

/* ---- what is added up */

static struct bl_fact one(const char *id, int64_t time_us, int64_t quantity, const char *value)
{
    struct bl_fact f = {.type = BL_FACT_USAGE,
            .time_us = time_us,
            .source = BL_STR("s"),
            .id = bl_str_of(id),
            .has_quantity = quantity >= 0,
            .quantity = bl_dec_of(quantity >= 0 ? quantity : 0)};
    f.field[BL_F_METER] = BL_STR("m");
    f.field[BL_F_VALUE] = bl_str_of(value);
    return f;
}

static void adds_up(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_fact f[] = {
            one("b", OCTOBER_US + 5, 3, "red"),
            one("a", OCTOBER_US + 5, 9, "blue"),       /* the same instant: the id decides what is last */
            one("c", OCTOBER_US, -1, "red"),           /* without quantity */
            one("d", OCTOBER_US + DAY_US, 4, NULL),    /* the first microsecond of the next day */
            one("e", OCTOBER_US + DAY_US - 1, 1, NULL) /* the last one of this */
    };
    struct lists l = totals_of(&x, f, BL_COUNT(f));
    assert_int_equal(l.n, 2);
    const struct bl_usage_total *t = l.at;
    assert_int_equal(t->day, 20727);
    assert_int_equal(t->count, 4);
    assert_true(bl_dec_cmp(t->sum, bl_dec_of(13)) == 0);
    assert_true(bl_dec_cmp(t->max, bl_dec_of(9)) == 0);
    assert_int_equal(t->first_us, OCTOBER_US);
    assert_true(bl_str_is(t->last.id, "e"));
    assert_true(bl_dec_cmp(t->last.quantity, bl_dec_of(1)) == 0);
    assert_int_equal(t->n_values, 2);
    assert_true(bl_str_is(t->values[0], "blue") && bl_str_is(t->values[1], "red"));
    assert_int_equal(t[1].day, 20728);
    assert_int_equal(t[1].count, 1);
    assert_int_equal(t[1].n_values, 0);

    l = totals_of(&x, f, 2);
    assert_true(bl_str_is(l.at->last.id, "b"));
    l = totals_of(&x, f, 0);
    assert_int_equal(l.n, 0);
    bl_ctx_release(&x);
}

static void order_of_the_list(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct dice d = {1};
    bl_ctx_init(&x, 0);
    struct bl_fact *f = bl_alloc_array(&x.arena, FACTS, sizeof *f);
    make(&x, &d, f, FACTS);
    struct lists l = totals_of(&x, f, FACTS);
    assert_int_equal(l.n, 3 * 4 * 4); /* meters, resources and none, days */
    for (size_t i = 1; i < l.n; i++) {
        const struct bl_usage_total *a = &l.at[i - 1], *b = &l.at[i];
        int c = bl_str_cmp(a->meter, b->meter);
        if (c == 0)
            c = a->has_resource - b->has_resource;
        if (c == 0 && a->has_resource)
            c = bl_uuid_cmp(a->resource, b->resource);
        assert_true(c < 0 || (c == 0 && a->day < b->day));
    }
    bl_ctx_release(&x);
}

static void too_much_is_told(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_usage *u = bl_usage_new(&x);
    struct bl_fact f = one("a", OCTOBER_US, 1, NULL);
    f.quantity.pico = (__int128)(~(unsigned __int128)0 >> 1);
    assert_int_equal(bl_usage_add(&x, u, &f), BL_OK);
    f = one("b", OCTOBER_US, 1, NULL);
    assert_int_equal(bl_usage_add(&x, u, &f), BL_OVERFLOW);
    struct lists l = {0};
    bl_usage_list(&x, u, &l.at, &l.n);
    assert_int_equal(l.at->count, 1); /* what failed left no trace */
    assert_true(bl_str_is(l.at->last.id, "a"));
    bl_ctx_release(&x);
}

static void room_does_not_grow_with_facts(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    struct bl_usage *u = bl_usage_new(&x);
    size_t used = 0;
    for (int i = 0; i < 100000; i++) {
        char id[16];
        snprintf(id, sizeof id, "%06d", i);
        struct bl_fact f = one(id, OCTOBER_US + i, 1, i % 2 ? "odd" : "even");
        assert_int_equal(bl_usage_add(&x, u, &f), BL_OK);
        if (i == 10)
            used = x.arena.used;
    }
    assert_int_equal(x.arena.used, used);
    bl_ctx_release(&x);
}

/* ---- any order, any parting */

static void order_does_not_matter(void **state)
{
    (void)state;
    struct bl_ctx x;
    for (unsigned seed = 0; seed < 20; seed++) {
        struct dice d = {seed};
        bl_ctx_init(&x, 0);
        struct bl_fact *f = bl_alloc_array(&x.arena, FACTS, sizeof *f);
        make(&x, &d, f, FACTS);
        struct lists before = totals_of(&x, f, FACTS);
        shuffle(&d, f, FACTS);
        same_lists(before, totals_of(&x, f, FACTS));
        bl_ctx_release(&x);
    }
}

static void parting_does_not_matter(void **state)
{
    (void)state;
    struct bl_ctx x;
    for (unsigned seed = 0; seed < 20; seed++) {
        struct dice d = {1000 + seed};
        bl_ctx_init(&x, 0);
        struct bl_fact *f = bl_alloc_array(&x.arena, FACTS, sizeof *f);
        make(&x, &d, f, FACTS);
        struct lists whole = totals_of(&x, f, FACTS);
        shuffle(&d, f, FACTS);
        struct bl_usage *u = bl_usage_new(&x);
        for (size_t at = 0; at < FACTS;) {
            size_t n = 1 + roll(&d, 60);
            n = n < FACTS - at ? n : FACTS - at;
            struct lists part = totals_of(&x, f + at, n);
            if (roll(&d, 3) == 0) /* some facts one by one, between the totals */
                for (size_t i = 0; i < n; i++)
                    assert_int_equal(bl_usage_add(&x, u, &f[at + i]), BL_OK);
            else
                for (size_t i = 0; i < part.n; i++)
                    assert_int_equal(bl_usage_merge(&x, u, &part.at[i]), BL_OK);
            at += n;
        }
        struct lists merged = {0};
        bl_usage_list(&x, u, &merged.at, &merged.n);
        same_lists(whole, merged);
        bl_ctx_release(&x);
    }
}

/* ---- packed */

static void packed_totals_come_back(void **state)
{
    (void)state;
    struct bl_ctx x;
    for (unsigned seed = 0; seed < 20; seed++) {
        struct dice d = {2000 + seed};
        struct bl_buf b = {0}, again = {0};
        bl_ctx_init(&x, 0);
        struct bl_fact *f = bl_alloc_array(&x.arena, FACTS, sizeof *f);
        size_t n = seed ? roll(&d, FACTS) : 0;
        make(&x, &d, f, n);
        struct lists l = totals_of(&x, f, n), back = {0};
        bl_usage_pack_totals(&b, l.at, l.n);
        assert_int_equal(bl_usage_unpack_totals(&x, bl_buf_view(&b), &back.at, &back.n), BL_OK);
        same_lists(l, back);
        bl_usage_pack_totals(&again, back.at, back.n);
        assert_true(bl_str_eq(bl_buf_view(&b), bl_buf_view(&again)));
        bl_buf_release(&b);
        bl_buf_release(&again);
        bl_ctx_release(&x);
    }
}

static void packed_facts_come_back(void **state)
{
    (void)state;
    struct bl_ctx x;
    for (unsigned seed = 0; seed < 20; seed++) {
        struct dice d = {3000 + seed};
        struct bl_buf b = {0};
        bl_ctx_init(&x, 0);
        struct bl_fact *f = bl_alloc_array(&x.arena, FACTS, sizeof *f), *back = NULL;
        size_t n = seed ? roll(&d, FACTS) : 0, n_back = 1;
        make(&x, &d, f, n);
        bl_usage_pack_facts(&b, f, n);
        assert_int_equal(bl_usage_unpack_facts(&x, bl_buf_view(&b), some_uuid(0), &back, &n_back), BL_OK);
        assert_int_equal(n, n_back);
        for (size_t i = 0; i < n; i++) {
            assert_true(bl_fact_same(&f[i], &back[i]) && bl_fact_order(&f[i], &back[i]) == 0);
            assert_int_equal(f[i].seq, back[i].seq);
        }
        bl_buf_release(&b);
        bl_ctx_release(&x);
    }
}

/* A run of a busy meter takes little: what repeats is written once. */
static void packed_facts_are_small(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_buf b = {0};
    bl_ctx_init(&x, 0);
    struct bl_fact *f = bl_alloc_array(&x.arena, FACTS, sizeof *f);
    for (unsigned i = 0; i < FACTS; i++) {
        f[i] = one("", OCTOBER_US + i * BL_US, 100 + i % 20, NULL);
        f[i].id = bl_str_printf(&x.arena, "%06u", i);
        f[i].seq = i;
        f[i].has_resource = true;
        f[i].resource = some_uuid(i % 3);
    }
    bl_usage_pack_facts(&b, f, FACTS);
    CHECK(b.n < FACTS * 22, "%zu bytes for %d facts", b.n, FACTS);
    bl_buf_release(&b);
    bl_ctx_release(&x);
}

/* Each byte changed and each length cut short: refused or read as something, never more. */
static void damage_is_survived(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct dice d = {5};
    struct bl_buf facts = {0}, totals = {0};
    bl_ctx_init(&x, 0);
    struct bl_fact f[6], *back = NULL;
    struct bl_usage_total *t = NULL;
    size_t n = 0, refused = 0, tried = 0;
    make(&x, &d, f, BL_COUNT(f));
    struct lists l = totals_of(&x, f, BL_COUNT(f));
    bl_usage_pack_facts(&facts, f, BL_COUNT(f));
    bl_usage_pack_totals(&totals, l.at, l.n);
    for (int which = 0; which < 2; which++) {
        struct bl_buf *b = which ? &totals : &facts;
        for (size_t i = 0; i < 2 * b->n; i++) {
            struct bl_str body = bl_str_dup(&x.arena, bl_buf_view(b));
            if (i < b->n)
                ((char *)body.p)[i] = (char)(body.p[i] + 1 + (char)roll(&d, 255));
            else
                body.n = i - b->n;
            enum bl_err e = which ? bl_usage_unpack_totals(&x, body, &t, &n)
                                  : bl_usage_unpack_facts(&x, body, some_uuid(0), &back, &n);
            assert_true(e == BL_OK || e == BL_INTERNAL);
            assert_true(i < b->n || e == BL_INTERNAL);
            refused += e != BL_OK;
            tried++;
        }
    }
    assert_true(refused > tried / 2);
    bl_buf_release(&facts);
    bl_buf_release(&totals);
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(adds_up),
            cmocka_unit_test(order_of_the_list),
            cmocka_unit_test(too_much_is_told),
            cmocka_unit_test(room_does_not_grow_with_facts),
            cmocka_unit_test(order_does_not_matter),
            cmocka_unit_test(parting_does_not_matter),
            cmocka_unit_test(packed_totals_come_back),
            cmocka_unit_test(packed_facts_come_back),
            cmocka_unit_test(packed_facts_are_small),
            cmocka_unit_test(damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
