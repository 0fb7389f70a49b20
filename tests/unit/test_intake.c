/* Intake: what is accepted, what is rejected and why, what is kept of it, and trying again. */
#include "store_helpers.h"

#include "work/intake.h"

static const char prices[] =
        "currency: USD\n"
        "products: [{name: P, category: iaas}]\n"
        "skus:\n"
        "  - {sku: s-1, product: P, prices: [{from: 2020-01-01T00:00:00Z, amount: \"5\", per_hours: 672}]}\n"
        "meters:\n"
        "  - {meter: sums, product: P, aggregate: sum, prices: [{from: 2020-01-01T00:00:00Z, model: unit, "
        "amount: \"1\"}]}\n"
        "  - {meter: counts, product: P, aggregate: count, prices: [{from: 2020-01-01T00:00:00Z, model: "
        "unit, amount: \"1\"}]}\n"
        "  - {meter: uniques, product: P, aggregate: unique, prices: [{from: 2020-01-01T00:00:00Z, model: "
        "unit, amount: \"1\"}]}\n";

struct test {
    struct box b; /* its store is the work's */
    struct work *w;
};

static int setup(void **state)
{
    struct test *t = malloc(sizeof *t);
    box_make(&t->b);
    store_close(t->b.s);
    struct work_options o = {.path = bl_str_of(t->b.path), .clock = WORK_CLOCK_STANDS, .now_us = OCT};
    struct work_prices p = {.file = BL_STR("prices.yaml"), .yaml = bl_str_of(prices)};
    struct work_prices_result r;
    if (work_open(&t->b.x, &o, &t->w) != BL_OK || work_prices_load(&t->b.x, t->w, "test", &p, &r) != BL_OK)
        fail_msg("%s", t->b.x.why);
    t->b.s = work_store(t->w);
    add_account(&t->b, uuid_n(1), INT64_MIN, 0);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    struct test *t = *state;
    work_close(t->w);
    t->b.s = NULL;
    box_remove(&t->b);
    free(t);
    return 0;
}

static struct bl_str event(
        struct test *t, const char *id, const char *type, uint32_t account, const char *data)
{
    char uuid[37];
    bl_uuid_text(uuid_n(account), uuid);
    return bl_str_printf(&t->b.x.arena,
            "{\"specversion\":\"1.0\",\"id\":\"%s\",\"source\":\"s\",\"type\":\"%s\",\"subject\":\"do:team:%"
            "s\","
            "\"time\":\"2026-10-01T00:00:00Z\",\"data\":%s}",
            id, type, uuid, data);
}

static struct intake_batch take(struct test *t, struct bl_str ndjson)
{
    struct intake_batch b, *one = &b;
    ndjson = bl_str_dup(&t->b.x.arena, ndjson);
    OK(intake_read(&t->b.x, BL_BATCH_NDJSON, ndjson, OCT, &b));
    if (intake_take(&t->b.x, t->w, &one, 1) != BL_OK)
        fail_msg("%s", t->b.x.why);
    return b;
}

static int64_t kept(struct test *t)
{
    struct q_reject_page *row = NULL;
    size_t n = 0;
    OK(q_reject_page(&t->b.x, store_writer(t->b.s), 0, 1000000, &row, &n));
    return (int64_t)n;
}

static void each_event_has_its_answer(void **state)
{
    struct test *t = *state;
    static const struct {
        const char *id, *type;
        uint32_t account;
        const char *data, *reason; /* NULL: accepted; "void"; else what the reason contains */
    } row[] = {
            {"1", "usage", 1, "{\"meter\":\"sums\",\"quantity\":1}", NULL},
            {"2", "usage", 1, "{\"meter\":\"sums\"}", "data.quantity is required"},
            {"3", "usage", 1, "{\"meter\":\"counts\"}", NULL},
            {"4", "usage", 1, "{\"meter\":\"uniques\"}", "data.value is required"},
            {"5", "usage", 1, "{\"meter\":\"uniques\",\"value\":\"x\"}", NULL},
            {"6", "usage", 1, "{\"meter\":\"none\",\"quantity\":1}", "no meter none"},
            {"7", "usage", 9, "{\"meter\":\"sums\",\"quantity\":1}", "there is no account do:team:"},
            {"8", "resource.create", 1,
                    "{\"resource\":\"11111111-1111-4111-8111-111111111111\",\"sku\":\"s-1\"}", NULL},
            {"9", "resource.create", 1,
                    "{\"resource\":\"11111111-1111-4111-8111-111111111112\",\"sku\":\"s-9\"}", "no SKU s-9"},
            {"10", "resource.create", 1, "{\"resource\":\"11111111-1111-4111-8111-111111111113\"}", NULL},
            {"11", "resource.delete", 1, "{\"resource\":\"11111111-1111-4111-8111-111111111114\"}", "void"},
            {"12", "usage", 1, "{\"meter\":\"sums\",\"quantity\":-1}", "quantity"},
            {"1", "usage", 1, "{\"meter\":\"sums\",\"quantity\":1.0}", "duplicate"},
            {"1", "usage", 1, "{\"meter\":\"sums\",\"quantity\":2}", "conflict"},
            {"13", "no.such.type", 1, "{}", ""},
    };
    struct bl_buf body = {0};
    struct intake_batch want = {0};
    for (size_t i = 0; i < BL_COUNT(row); i++) {
        bl_buf_str(&body, event(t, row[i].id, row[i].type, row[i].account, row[i].data));
        bl_buf_z(&body, "\n\n"); /* blank lines are not counted */
        bool is_void = row[i].reason && strcmp(row[i].reason, "void") == 0;
        bool twice = row[i].reason && strcmp(row[i].reason, "duplicate") == 0;
        want.accepted += !row[i].reason;
        want.void_ += is_void;
        want.duplicate += twice;
        want.rejected += row[i].reason && !is_void && !twice;
    }
    struct intake_batch r = take(t, bl_buf_view(&body));
    bl_buf_release(&body);
    assert_int_equal(r.accepted, want.accepted);
    assert_int_equal(r.void_, want.void_);
    assert_int_equal(r.duplicate, want.duplicate);
    assert_int_equal(r.rejected, want.rejected);
    assert_int_equal(r.n, BL_COUNT(row));
    for (size_t i = 0; i < BL_COUNT(row); i++) {
        bool good = !row[i].reason || strcmp(row[i].reason, "void") == 0 ||
                    strcmp(row[i].reason, "duplicate") == 0;
        assert_int_equal(bl_is(r.event[i].reason), !good);
        assert_true(bl_str_is(r.event[i].id, row[i].id));
        if (!good && !strstr(r.event[i].reason.p, row[i].reason))
            fail_msg("%zu: \"%s\" does not say \"%s\"", i, r.event[i].reason.p, row[i].reason);
        if (!good && strcmp(row[i].reason, "conflict") == 0)
            assert_memory_equal(r.event[i].reason.p, "conflict", 8);
    }
    assert_int_equal(kept(t), want.rejected);
    struct q_worn_list *worn = NULL;
    size_t n_worn = 0;
    OK(q_worn_list(&t->b.x, store_writer(t->b.s), &worn, &n_worn));
    assert_int_equal(n_worn, 4); /* one SKU, three meters */
    assert_int_equal(check(&t->b), r.accepted + r.void_);
}

static void many_share_a_transaction(void **state)
{
    struct test *t = *state;
    struct intake_batch b[3], *batch[3] = {&b[0], &b[1], &b[2]};
    struct bl_str one = event(t, "1", "usage", 1, "{\"meter\":\"sums\",\"quantity\":1}"),
                  two = event(t, "2", "usage", 1, "{\"meter\":\"sums\",\"quantity\":1}");
    OK(intake_read(&t->b.x, BL_BATCH_OBJECT, one, OCT, &b[0]));
    OK(intake_read(&t->b.x, BL_BATCH_NDJSON, BL_STR(""), OCT, &b[1]));
    OK(intake_read(
            &t->b.x, BL_BATCH_ARRAY, bl_str_printf(&t->b.x.arena, "[%s,%s,7]", two.p, one.p), OCT, &b[2]));
    OK(intake_take(&t->b.x, t->w, batch, 3));
    assert_int_equal(b[0].accepted, 1);
    assert_int_equal(b[1].n, 0);
    assert_int_equal(b[2].accepted, 1);
    assert_int_equal(b[2].duplicate, 1);
    assert_int_equal(b[2].rejected, 1);
    assert_true(bl_is(b[2].event[2].reason));
    assert_false(bl_is(b[2].event[2].id));
}

static void rejected_ones_are_tried_again(void **state)
{
    struct test *t = *state;
    struct bl_buf body = {0};
    bl_buf_str(&body, event(t, "1", "usage", 2, "{\"meter\":\"sums\",\"quantity\":1}"));
    bl_buf_z(&body, "\n");
    bl_buf_str(&body, event(t, "2", "usage", 1, "{\"meter\":\"none\",\"quantity\":1}"));
    bl_buf_z(&body, "\nnot json \xff\n");
    struct intake_batch r = take(t, bl_buf_view(&body));
    bl_buf_release(&body);
    assert_int_equal(r.rejected, 3);
    add_account(&t->b, uuid_n(2), INT64_MIN, 0);
    for (int round = 0; round < 2; round++) {
        OK(intake_retry(&t->b.x, t->w, &r));
        assert_int_equal(r.accepted, round == 0 ? 1 : 0);
        assert_int_equal(r.rejected, 2);
        assert_int_equal(kept(t), 2);
    }
    assert_int_equal(sum_now(&t->b, uuid_n(2)), 1);
    /* after 35 days they go, with the next one that comes */
    t->b.x.now_us = OCT + 35 * DAY_US + 1;
    take(t, BL_STR("{}"));
    assert_int_equal(kept(t), 1);
}

static void headers_as_attributes(void **state)
{
    struct test *t = *state;
    char uuid[37], subject[64];
    bl_uuid_text(uuid_n(1), uuid);
    snprintf(subject, sizeof subject, "do:team:%s", uuid);
    struct bl_fact_attrs a = {.specversion = BL_STR("1.0"),
            .id = BL_STR("b1"),
            .source = BL_STR("s"),
            .type = BL_STR("usage"),
            .subject = bl_str_of(subject),
            .time = BL_STR("2026-10-01T00:00:00Z")};
    struct intake_batch r, *one = &r;
    static const char *const data[] = {
            "{\"meter\":\"sums\",\"quantity\":\"2\"}", "{\"meter\":\"none\",\"quantity\":3}"};
    for (int i = 0; i < 2; i++) {
        a.id = i ? BL_STR("b2") : BL_STR("b1");
        OK(intake_read_binary(&t->b.x, &a, bl_str_of(data[i]), OCT, &r));
        OK(intake_take(&t->b.x, t->w, &one, 1));
        assert_int_equal(r.accepted, i == 0);
    }
    struct q_reject_page *row = NULL;
    size_t n = 0;
    OK(q_reject_page(&t->b.x, store_writer(t->b.s), 0, 10, &row, &n));
    assert_int_equal(n, 1);
    struct bl_fact f;
    struct bl_str id;
    OK(bl_fact_parse(&t->b.x, row[0].body, OCT, &f, &id)); /* it is kept whole */
    assert_true(bl_str_is(f.field[BL_F_METER], "none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(each_event_has_its_answer, setup, teardown),
            cmocka_unit_test_setup_teardown(many_share_a_transaction, setup, teardown),
            cmocka_unit_test_setup_teardown(rejected_ones_are_tried_again, setup, teardown),
            cmocka_unit_test_setup_teardown(headers_as_attributes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
