/* ledger: what each event posts, that it balances, and that no byte of a chained entry changes unseen. */
#include "sample_bill.h"

#include "ledger/ledger.h"

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

static const char *postings(const struct bl_entry *e)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < e->n_posting; i++)
        bl_buf_printf(&b, "%s%.*s %lld", i ? "; " : "", BL_FMT(e->posting[i].account),
                (long long)e->posting[i].amount.minor);
    struct bl_str text = bl_str_dup(&x.arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return text.p;
}

static void simple_events_post_the_table(void **state)
{
    (void)state;
    static const struct {
        enum bl_entry_kind kind;
        int64_t amount;
        const char *postings, *history;
        int64_t receivable;
    } rows[] = {
            {BL_ENTRY_PAYMENT, 500, "cash 500; receivable -500", "Payment", -500},
            {BL_ENTRY_REFUND, 500, "receivable 500; cash -500", "Refund", 500},
            {BL_ENTRY_CHARGEBACK, 500, "receivable 500; cash -500", "Chargeback", 500},
            {BL_ENTRY_REVERSAL, 500, "receivable 500; cash -500", "Reversal", 500},
            {BL_ENTRY_CREDIT, 500, "promotions 500; receivable -500", "Credit", -500},
            {BL_ENTRY_GRANT, 500, "promotions 500; credit_held -500", NULL, 0},
            {BL_ENTRY_EXPIRY, 500, "credit_held 500; promotions -500", NULL, 0},
            {BL_ENTRY_OPENING, 500, "receivable 500; opening -500", "Adjustment", 500},
            {BL_ENTRY_OPENING, -500, "receivable -500; opening 500", "Adjustment", -500},
            {BL_ENTRY_OPENING, 0, "", "Adjustment", 0},
            {BL_ENTRY_PAYMENT, BL_AMOUNT_MAX, "cash 1000000000000000; receivable -1000000000000000",
                    "Payment", -BL_AMOUNT_MAX},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_entry e;
        char row[32];
        snprintf(row, sizeof row, "row %d", (int)i);
        CHECK(bl_entry_simple(&x, rows[i].kind, (bl_amount){rows[i].amount}, 77, &e) == BL_OK, "%s", row);
        CHECK_TEXT(postings(&e), rows[i].postings, row);
        CHECK(bl_entry_balanced(&e) && e.at_us == 77, "%s", row);
        CHECK(bl_str_eq(bl_str_of(bl_entry_history_type(rows[i].kind)), bl_str_of(rows[i].history)), "%s",
                row);
        CHECK(bl_entry_receivable(&e).minor == rows[i].receivable, "%s", row);
    }
    assert_string_equal(bl_entry_history_type(BL_ENTRY_INVOICE), "Invoice");
    assert_string_equal(bl_entry_history_type(BL_ENTRY_CREDIT_NOTE), "Credit");
    assert_null(bl_entry_history_type((enum bl_entry_kind)99));
}

static void wrong_amounts_are_refused(void **state)
{
    (void)state;
    struct bl_entry e;
    assert_int_equal(bl_entry_simple(&x, BL_ENTRY_PAYMENT, (bl_amount){0}, 0, &e), BL_INVALID);
    assert_int_equal(bl_entry_simple(&x, BL_ENTRY_PAYMENT, (bl_amount){-1}, 0, &e), BL_INVALID);
    assert_int_equal(bl_entry_simple(&x, BL_ENTRY_GRANT, (bl_amount){INT64_MIN}, 0, &e), BL_OVERFLOW);
    assert_int_equal(
            bl_entry_simple(&x, BL_ENTRY_OPENING, (bl_amount){BL_AMOUNT_MAX + 1}, 0, &e), BL_OVERFLOW);
}

static struct bl_tax taxes[2];

static void with_taxes(void)
{
    const struct bl_str std = BL_STR("standard");
    taxes[0] = (struct bl_tax){0, BL_STR("US"), BL_STR("NY"), BL_STR("STATE"), std, BL_ABSENT, bl_dec_of(10)};
    taxes[1] = (struct bl_tax){0, BL_STR("US"), BL_ABSENT, BL_STR("FED"), std, BL_ABSENT, bl_dec_of(1)};
    sample_taxes(&s, taxes, 2);
}

static void bills_post_by_product_and_tax(void **state)
{
    (void)state;
    struct bl_tax_sum moved = {BL_STR("US"), BL_STR("NY"), BL_STR("STATE"), BL_STR("10"), BL_ABSENT, {-5}};
    struct bl_late late = {SAMPLE_PERIOD - 1, {-50}, &moved, 1};
    static const struct {
        int64_t droplet, calls, overage, manual, held;
        bool late, tax;
        enum bl_entry_kind kind;
        const char *wanted;
    } rows[] = {
            {1000, 0, 0, 0, 0, false, false, BL_ENTRY_INVOICE, "receivable 1000; revenue:Droplets -1000"},
            {1000, 300, 200, 0, 0, false, false, BL_ENTRY_INVOICE,
                    "receivable 1500; revenue:API -300; revenue:Bandwidth -200; revenue:Droplets -1000"},
            {1000, 0, 0, 0, 0, false, true, BL_ENTRY_INVOICE,
                    "receivable 1110; revenue:Droplets -1000; tax:US FED -10; tax:US-NY STATE -100"},
            {1000, 0, 0, 0, 400, false, true, BL_ENTRY_INVOICE,
                    "receivable 710; credit_held 400; revenue:Droplets -1000; tax:US FED -10; tax:US-NY "
                    "STATE -100"},
            {1000, 0, 0, 0, 9999, false, false, BL_ENTRY_INVOICE, "credit_held 1000; revenue:Droplets -1000"},
            {1000, 0, 0, 0, 0, true, true, BL_ENTRY_INVOICE,
                    "receivable 1055; revenue:Droplets -1000; adjustments 50; tax:US FED -10; tax:US-NY "
                    "STATE -95"},
            {1000, 0, 0, 20, 0, true, false, BL_ENTRY_INVOICE,
                    "receivable 965; revenue:Droplets -1000; adjustments 30; tax:US-NY STATE 5"},
            {0, 0, 0, 0, 0, true, false, BL_ENTRY_CREDIT_NOTE,
                    "receivable -55; adjustments 50; tax:US-NY STATE 5"},
            {10, 0, 0, -30, 500, false, false, BL_ENTRY_CREDIT_NOTE,
                    "receivable -20; revenue:Droplets -10; adjustments 30"},
            {0, 0, 0, 0, 500, false, true, BL_ENTRY_INVOICE, ""},
            {40, 0, 0, -40, 500, false, false, BL_ENTRY_INVOICE, "revenue:Droplets -40; adjustments 40"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_manual manual = {3, {rows[i].manual}, BL_ABSENT};
        struct bl_held held = {4, 0, INT64_MAX, {rows[i].held}, BL_ABSENT};
        char row[32];
        snprintf(row, sizeof row, "row %d", (int)i);
        s.line.n = 0;
        if (rows[i].calls)
            sample_meter(&s, METER_CALLS, 1, rows[i].calls);
        sample_sku(&s, SKU_DROPLET, "w", rows[i].droplet);
        if (rows[i].overage)
            sample_meter(&s, METER_OUT, 1, rows[i].overage);
        s.book.n_tax = 0;
        if (rows[i].tax)
            with_taxes();
        s.in.manual = &manual;
        s.in.n_manual = rows[i].manual != 0;
        s.in.held = &held;
        s.in.n_held = 1;
        s.in.late = &late;
        s.in.n_late = rows[i].late;
        struct bl_bill b = sample_draw(&s);
        struct bl_entry e;
        CHECK(bl_entry_of_bill(&x, &b, 5, &e) == BL_OK, "%s", row);
        CHECK_TEXT(postings(&e), rows[i].wanted, row);
        CHECK(e.kind == rows[i].kind, "%s", row);
        CHECK(bl_entry_receivable(&e).minor == b.amount.minor, "%s", row);
        CHECK(e.has_invoice && bl_uuid_cmp(e.invoice_uuid, b.invoice_uuid) == 0, "%s", row);
        CHECK(bl_str_is(e.invoice_id, "6173678-418"), "%s", row);
    }
}

/* ---- the chain */

static struct bl_entry noted_invoice(void)
{
    struct bl_entry e;
    with_taxes();
    s.line.n = 0;
    sample_sku(&s, SKU_DROPLET, "w", 1000);
    struct bl_bill b = sample_draw(&s);
    assert_int_equal(bl_entry_of_bill(&x, &b, INT64_C(1793577600000000), &e), BL_OK);
    e.ref = BL_STR("order 7");
    e.note = BL_STR("as agreed with Ada");
    e.seq = 12;
    e.expires_us = -3;
    return e;
}

static void a_flipped_bit_is_noticed(void **state)
{
    (void)state;
    uint8_t prev[32] = {1, 2, 3};
    struct bl_entry e = noted_invoice(), got;
    struct bl_buf b = {0};
    bl_entry_chain(&x, &e, 9, prev);
    bl_entry_pack(&b, &e);
    assert_int_equal(bl_entry_unpack(&x, bl_buf_view(&b), &got), BL_OK);
    assert_true(bl_entry_hash_ok(&x, &got));
    for (size_t i = 0; i < b.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            b.p[i] = (char)(b.p[i] ^ 1 << bit);
            bool seen = bl_entry_unpack(&x, bl_buf_view(&b), &got) != BL_OK || !bl_entry_hash_ok(&x, &got);
            CHECK(seen, "byte %d bit %d", (int)i, bit);
            b.p[i] = (char)(b.p[i] ^ 1 << bit);
        }
    for (size_t n = 0; n < b.n; n++)
        CHECK(bl_entry_unpack(&x, (struct bl_str){b.p, n}, &got) == BL_INTERNAL, "%d bytes", (int)n);
    bl_buf_release(&b);
}

static void entries_come_back(void **state)
{
    (void)state;
    struct bl_entry e = noted_invoice(), got;
    struct bl_buf b = {0}, again = {0};
    bl_entry_chain(&x, &e, 1, (uint8_t[32]){0});
    bl_entry_pack(&b, &e);
    assert_int_equal(bl_entry_unpack(&x, bl_buf_view(&b), &got), BL_OK);
    bl_entry_pack(&again, &got);
    assert_int_equal(b.n, again.n);
    assert_memory_equal(b.p, again.p, b.n);
    assert_string_equal(postings(&got), postings(&e));
    assert_true(got.n == 1 && got.kind == e.kind && got.at_us == e.at_us && bl_str_eq(got.ref, e.ref));
    assert_true(got.has_invoice && bl_str_eq(got.invoice_id, e.invoice_id) && got.seq == 12);
    assert_int_equal(got.expires_us, -3);
    assert_false(bl_is(got.note));
    bl_buf_release(&b);
    bl_buf_release(&again);
}

static void a_note_is_its_digest(void **state)
{
    (void)state;
    struct bl_entry e = noted_invoice();
    bl_entry_chain(&x, &e, 1, (uint8_t[32]){0});
    assert_true(bl_entry_hash_ok(&x, &e));
    e.note = BL_STR(""); /* erased */
    assert_true(bl_entry_hash_ok(&x, &e));
    e.note = BL_STR("as agreed with Eve");
    assert_false(bl_entry_hash_ok(&x, &e));
    struct bl_entry none = noted_invoice();
    none.note = BL_ABSENT;
    bl_entry_chain(&x, &none, 1, (uint8_t[32]){0});
    assert_memory_not_equal(none.hash, e.hash, 32);
    none.note = BL_STR("put in later");
    assert_false(bl_entry_hash_ok(&x, &none));
}

static void a_chain_holds_together(void **state)
{
    (void)state;
    struct bl_entry e[5];
    uint8_t prev[32] = {0};
    for (size_t i = 0; i < BL_COUNT(e); i++) {
        assert_int_equal(bl_entry_simple(&x, BL_ENTRY_PAYMENT, (bl_amount){100}, 7, &e[i]), BL_OK);
        bl_entry_chain(&x, &e[i], i + 1, prev);
        memcpy(prev, e[i].hash, sizeof prev);
    }
    for (size_t i = 1; i < BL_COUNT(e); i++) {
        assert_memory_equal(e[i].prev, e[i - 1].hash, 32);
        assert_memory_not_equal(e[i].hash, e[i - 1].hash, 32);
        assert_true(bl_entry_hash_ok(&x, &e[i]));
    }
    /* an entry moved to another place does not fit there */
    memcpy(e[3].prev, e[1].hash, 32);
    assert_false(bl_entry_hash_ok(&x, &e[3]));
}

static void unbalanced_bytes_are_no_entry(void **state)
{
    (void)state;
    struct bl_entry e = noted_invoice(), got;
    struct bl_buf b = {0};
    e.posting[0].amount.minor++;
    assert_false(bl_entry_balanced(&e));
    bl_entry_chain(&x, &e, 1, (uint8_t[32]){0});
    bl_entry_pack(&b, &e);
    assert_int_equal(bl_entry_unpack(&x, bl_buf_view(&b), &got), BL_INTERNAL);
    bl_buf_release(&b);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
            TEST(simple_events_post_the_table),
            TEST(wrong_amounts_are_refused),
            TEST(bills_post_by_product_and_tax),
            TEST(a_flipped_bit_is_noticed),
            TEST(entries_come_back),
            TEST(a_note_is_its_digest),
            TEST(a_chain_holds_together),
            TEST(unbalanced_bytes_are_no_entry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
