/* bill: taxes, corrections, credits and the order of rows; the stored form there and back; damage is noticed.
 */
#include "sample_bill.h"

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

/* ---- taxes */

static const char *taxes_text(const struct bl_tax_sum *t, size_t n)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < n; i++)
        bl_buf_printf(&b, "%s%.*s %.*s=%lld%s%.*s", i ? "; " : "", BL_FMT(t[i].name), BL_FMT(t[i].percent),
                (long long)t[i].amount.minor, t[i].note.n > 0 ? " " : "", BL_FMT(t[i].note));
    struct bl_str text = bl_str_dup(&x.arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return text.p;
}

static bl_dec percent(const char *text)
{
    bl_dec d;
    assert_int_equal(bl_dec_parse(&x, bl_str_of(text), BL_DEC_PRICE, &d), BL_OK);
    return d;
}

static void the_newest_rule_that_matches_is_charged(void **state)
{
    (void)state;
    const struct bl_str std = BL_STR("standard"), none = BL_ABSENT;
    struct bl_tax tax[] = {
            {0, BL_STR("US"), BL_STR("NY"), BL_STR("STATE"), std, none, percent("6.25")},
            {0, BL_STR("US"), none, BL_STR("FEDERAL"), std, none, percent("1")},
            {0, BL_STR("US"), BL_STR("CA"), BL_STR("STATE"), std, none, percent("9")},
            {0, BL_STR("DE"), none, BL_STR("VAT"), std, BL_STR("Reverse charge"), percent("16")},
            {500, BL_STR("DE"), none, BL_STR("VAT"), none, BL_STR("Reverse charge"), percent("19")},
            {900, BL_STR("DE"), none, BL_STR("VAT"), std, none, percent("0")},
            {0, BL_STR("DE"), none, BL_STR("MwSt"), BL_STR("reduced"), none, percent("7")},
            {0, BL_STR("FR"), none, BL_STR("TVA"), BL_STR("nothing has it"), none, percent("7")},
            {0, BL_STR("JP"), none, BL_STR("half"), std, none, percent("0.05")},
    };
    static const struct {
        const char *country, *region, *tax_id;
        bool exempt;
        int64_t at;
        const char *wanted;
    } rows[] = {
            {"US", "NY", NULL, false, 100, "FEDERAL 1=10; STATE 6.25=63"},
            {"us", "ny", NULL, false, 100, "FEDERAL 1=10; STATE 6.25=63"},
            {"US", "CA", NULL, false, 100, "FEDERAL 1=10; STATE 9=90"},
            {"US", "TX", NULL, false, 100, "FEDERAL 1=10"},
            {"US", NULL, NULL, false, 100, "FEDERAL 1=10"},
            {"US", "NY", NULL, true, 100, ""},
            {"US", "NY", "12-3456789", false, 100, "FEDERAL 1=10; STATE 6.25=63"},
            {"DE", NULL, NULL, false, 499, "MwSt 7=3; VAT 16=160"},
            {"DE", NULL, NULL, false, 500, "MwSt 7=3; VAT 19=190"},
            {"DE", "BY", "DE123", false, 500, "MwSt 7=3; VAT 19=0 Reverse charge"},
            {"DE", NULL, "DE123", false, 900, "MwSt 7=3; VAT 0=0"},
            {"DE", NULL, "DE123", true, 500, ""},
            {"DE", NULL, "", false, -1, ""},
            {"FR", NULL, NULL, false, 100, ""},
            {"JP", NULL, NULL, false, 100, "half 0.05=1"},
            {"", NULL, NULL, false, 100, ""},
            {NULL, NULL, NULL, false, 100, ""},
    };
    sample_sku(&s, SKU_BOOK, "b", 49); /* 7 % of it is 3.43 cents */
    sample_sku(&s, SKU_DEPOSIT, "d", 7777);
    sample_sku(&s, SKU_DROPLET, "w", 500);
    sample_meter(&s, METER_OUT, 3, 500);
    sample_taxes(&s, tax, BL_COUNT(tax));
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        s.face.country = bl_str_of(rows[i].country);
        s.face.region = bl_str_of(rows[i].region);
        s.face.tax_id = bl_str_of(rows[i].tax_id);
        s.face.tax_exempt = rows[i].exempt;
        struct bl_tax_sum *t;
        size_t n;
        assert_int_equal(bl_taxes(&x, &s.book, &s.lines, &s.face, rows[i].at, &t, &n), BL_OK);
        char row[32];
        snprintf(row, sizeof row, "row %d", (int)i);
        CHECK_TEXT(taxes_text(t, n), rows[i].wanted, row);
    }
}

static void a_tax_is_rounded_once_half_away(void **state)
{
    (void)state;
    struct bl_tax tax[] = {
            {0, BL_STR("US"), BL_ABSENT, BL_STR("T"), BL_STR("standard"), BL_ABSENT, percent("12.5")}};
    static const struct {
        int64_t lines[3], wanted;
    } rows[] = {
            {{4, 0, 0}, 1}, /* 0.5 */
            {{3, 0, 0}, 0}, /* 0.375 */
            {{1, 1, 1}, 0}, /* line by line it would be 0, of the sum 0.375 */
            {{2, 2, 0}, 1}, /* line by line 0 and 0; of the sum 0.5 */
            {{4, 4, 4}, 2}, /* line by line 3; of the sum 1.5 */
            {{0, 0, 0}, 0},
            {{INT64_C(999999999999999), 0, 0}, INT64_C(125000000000000)},
    };
    sample_taxes(&s, tax, 1);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_tax_sum *t;
        size_t n;
        s.line.n = 0;
        for (size_t j = 0; j < 3; j++)
            sample_sku(&s, SKU_DROPLET, "w", rows[i].lines[j]);
        assert_int_equal(bl_taxes(&x, &s.book, &s.lines, &s.face, 1, &t, &n), BL_OK);
        assert_int_equal(n, 1);
        CHECK(t->amount.minor == rows[i].wanted, "row %d: %lld", (int)i, (long long)t->amount.minor);
    }
}

static void tax_lists_are_added_rule_by_rule(void **state)
{
    (void)state;
    struct bl_tax_sum a[] = {
            {BL_STR("US"), BL_STR("NY"), BL_STR("S"), BL_STR("6"), BL_ABSENT, {100}},
            {BL_STR("US"), BL_ABSENT, BL_STR("F"), BL_STR("1"), BL_ABSENT, {10}},
            {BL_STR("DE"), BL_ABSENT, BL_STR("VAT"), BL_STR("19"), BL_STR("note"), {0}},
    };
    struct bl_tax_sum b[] = {
            {BL_STR("DE"), BL_ABSENT, BL_STR("VAT"), BL_STR("16"), BL_ABSENT, {42}},
            {BL_STR("US"), BL_STR("NY"), BL_STR("S"), BL_STR("7"), BL_ABSENT, {100}},
            {BL_STR("FR"), BL_ABSENT, BL_STR("TVA"), BL_STR("20"), BL_ABSENT, {7}},
    };
    struct bl_tax_sum *t;
    size_t n;
    assert_int_equal(bl_tax_add(&x, a, 3, b, 3, &t, &n), BL_OK);
    CHECK_TEXT(taxes_text(t, n), "VAT 16=42; TVA 20=7; F 1=10; S 7=200", "sum");
    assert_int_equal(bl_tax_diff(&x, a, 3, b, 3, &t, &n), BL_OK);
    CHECK_TEXT(taxes_text(t, n), "VAT 19=-42 note; TVA 20=-7; F 1=10", "difference");
    assert_int_equal(bl_tax_diff(&x, a, 3, a, 3, &t, &n), BL_OK);
    assert_int_equal(n, 0);
    assert_int_equal(bl_tax_add(&x, NULL, 0, NULL, 0, &t, &n), BL_OK);
    assert_int_equal(n, 0);
    a[0].amount.minor = b[1].amount.minor = BL_AMOUNT_MAX;
    assert_int_equal(bl_tax_add(&x, a, 3, b, 3, &t, &n), BL_OVERFLOW);
}

/* ---- the document */

static struct bl_tax sales_tax[1];

static void with_sales_tax(void)
{
    sales_tax[0] = (struct bl_tax){0, BL_STR("US"), BL_STR("NY"), BL_STR("STATE SALES TAX"),
            BL_STR("standard"), BL_ABSENT, percent("6.25")};
    sample_taxes(&s, sales_tax, 1);
}

static void rows_are_in_print_order_and_add_up(void **state)
{
    (void)state;
    struct bl_tax_sum moved[] = {
            {BL_STR("US"), BL_STR("NY"), BL_STR("STATE SALES TAX"), BL_STR("6"), BL_ABSENT, {-12}},
            {BL_STR("DE"), BL_ABSENT, BL_STR("VAT"), BL_STR("19"), BL_STR("Reverse charge"), {-5}},
    };
    struct bl_late late[] = {{SAMPLE_PERIOD - 1, {0}, moved, 1}, {SAMPLE_PERIOD - 2, {-200}, moved, 2}};
    struct bl_manual manual[] = {{9, {150}, BL_STR("Setup")}, {4, {-50}, BL_ABSENT}};
    struct bl_held held[] = {{1, 0, INT64_MAX, {100}, BL_STR("Welcome")}};
    with_sales_tax();
    sample_meter(&s, METER_CALLS, 2500000, 100);
    sample_sku(&s, SKU_DROPLET, "web", 500);
    sample_meter(&s, METER_OUT, 12, 1000);
    s.in.late = late;
    s.in.n_late = 2;
    s.in.manual = manual;
    s.in.n_manual = 2;
    s.in.held = held;
    s.in.n_held = 1;
    struct bl_bill b = sample_draw(&s);
    CHECK_TEXT(sample_rows(&s, &b),
            "API|api_requests|1.00\n"
            "Droplets|web (s-1vcpu-1gb)|5.00\n"
            "Bandwidth|bandwidth_out|10.00\n"
            "Adjustments|Adjustment|-0.50\n"
            "Adjustments|Correction of 2026-08|-2.00\n"
            "Adjustments|Correction of 2026-09|0.00\n"
            "Adjustments|Setup|1.50\n"
            "Taxes|STATE SALES TAX (6%), 2026-08|-0.12\n"
            "Taxes|STATE SALES TAX (6%), 2026-09|-0.12\n"
            "Taxes|STATE SALES TAX (6.25%)|1.00\n"
            "Taxes|VAT (19%) - Reverse charge, 2026-08|-0.05\n"
            "Credits|Welcome|-1.00\n",
            "rows");
    assert_int_equal(b.items.minor, 600);
    assert_int_equal(b.overages.minor, 1000);
    assert_int_equal(b.adjustments.minor, -100);
    assert_int_equal(b.taxes.minor, 71);
    assert_int_equal(b.credits.minor, -100);
    assert_int_equal(b.amount.minor, 1471);
    assert_false(b.credit_note);
    assert_int_equal(b.row[3].of_period, -1);
    assert_int_equal(b.row[3].seq, 4);
    assert_int_equal(b.row[4].of_period, SAMPLE_PERIOD - 2);
    assert_int_equal(b.row[9].of_period, SAMPLE_PERIOD);
    assert_true(bl_str_is(b.row[9].ledger, "US-NY STATE SALES TAX"));
    assert_true(bl_str_is(b.row[10].ledger, "DE VAT"));
    assert_int_equal(b.row[11].start_s, bl_period_start_s(SAMPLE_PERIOD));
    assert_int_equal(b.row[11].end_s, bl_period_start_s(SAMPLE_PERIOD + 1) - 1);
    assert_int_equal(b.row[1].end_s, bl_period_start_s(SAMPLE_PERIOD + 1));
}

static void figures_are_shown(void **state)
{
    (void)state;
    static const struct {
        int sku, meter;
        int64_t quantity;
        const char *shown, *unit, *price;
    } rows[] = {
            {SKU_DROPLET, -1, 1, "744", "Hours", "5.00 per 672 hours"},
            {SKU_VOLUME, -1, 100, "100", "GiB", "0.10 per GiB per 672 hours"},
            {SKU_VOLUME, -1, 1, "1", "GiB", "0.10 per GiB per 672 hours"},
            {SKU_POOL, -1, 3, "3", "", "0.029 per hour"},
            {-1, METER_OUT, 12, "12", "GiB", "graduated"},
            {-1, METER_CALLS, 7, "7", "requests", "0.40 per 1000000 requests"},
            {-1, METER_PACKS, 7, "7", "mails", "1.00 per started 1000 mails"},
            {-1, METER_BIG, 7, "7", "", "volume"},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        s.line.n = 0;
        struct bl_line *l = rows[i].sku >= 0 ? sample_sku(&s, rows[i].sku, "n", 123)
                                             : sample_meter(&s, rows[i].meter, rows[i].quantity, 123);
        l->quantity = bl_dec_of(rows[i].quantity);
        struct bl_bill b = sample_draw(&s);
        char row[32];
        snprintf(row, sizeof row, "row %d", (int)i);
        CHECK_TEXT(b.row->quantity.p, rows[i].shown, row);
        CHECK_TEXT(b.row->unit.p, rows[i].unit, row);
        CHECK_TEXT(b.row->unit_price.p, rows[i].price, row);
        CHECK_TEXT(b.row->exact.p, "1.23", row);
        CHECK_TEXT(b.row->duration.p, rows[i].sku >= 0 ? "744" : "", row);
    }
    sample_begin(&s, &x, "JPY");
    sample_sku(&s, SKU_DROPLET, "n", 5);
    struct bl_bill b = sample_draw(&s);
    CHECK_TEXT(b.row->unit_price.p, "5 per 672 hours", "no decimals");
}

static void credits_pay_what_is_left(void **state)
{
    (void)state;
    const int64_t first = bl_period_start_s(SAMPLE_PERIOD) * BL_US,
                  end = bl_period_start_s(SAMPLE_PERIOD + 1) * BL_US;
    static const struct {
        int64_t item, manual, left[3];
        const char *wanted;
        int64_t amount;
    } rows[] = {
            {1000, 0, {300, 400, 500}, "b -400; c -500; a -100", 0},
            {1000, 0, {0, 0, 0}, "", 1000},
            {1000, 0, {0, 1000, 5}, "b -1000", 0},
            {1000, 0, {0, 999, 2}, "b -999; c -1", 0},
            {1000, 0, {1, 2, 3}, "b -2; c -3; a -1", 994},
            {0, 0, {1, 2, 3}, "", 0},
            {1000, -1500, {1, 2, 3}, "", -500},
            {1000, -1000, {1, 2, 3}, "", 0},
            {1000, -999, {1, 2, 3}, "b -1", 0},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        /* expiry decides, then the grant's time, then its place */
        struct bl_held held[] = {
                {1, first, end + 9, {rows[i].left[0]}, BL_STR("a")},
                {7, first, end, {rows[i].left[1]}, BL_STR("b")},
                {5, first + 1, end, {rows[i].left[2]}, BL_STR("c")},
        };
        struct bl_manual manual = {1, {rows[i].manual}, BL_STR("m")};
        s.line.n = 0;
        sample_sku(&s, SKU_DROPLET, "w", rows[i].item);
        s.in.manual = &manual;
        s.in.n_manual = rows[i].manual != 0;
        s.in.held = held;
        s.in.n_held = 3;
        struct bl_bill b = sample_draw(&s);
        struct bl_buf got = {0};
        for (size_t j = 0; j < b.n_row; j++)
            if (b.row[j].kind == BL_ROW_CREDIT)
                bl_buf_printf(&got, "%s%.*s %lld", got.n ? "; " : "", BL_FMT(b.row[j].description),
                        (long long)b.row[j].amount.minor);
        bl_buf_byte(&got, 0);
        CHECK(strcmp(got.p, rows[i].wanted) == 0, "row %d: %s", (int)i, got.p);
        CHECK(b.amount.minor == rows[i].amount, "row %d: %lld", (int)i, (long long)b.amount.minor);
        CHECK(b.credit_note == (rows[i].amount < 0), "row %d", (int)i);
        bl_buf_release(&got);
    }
}

static void credits_live_from_grant_to_expiry(void **state)
{
    (void)state;
    const int64_t first = bl_period_start_s(SAMPLE_PERIOD) * BL_US,
                  end = bl_period_start_s(SAMPLE_PERIOD + 1) * BL_US;
    const struct {
        int64_t granted, expires;
        bool used;
    } rows[] = {
            {0, INT64_MAX, true},
            {end - 1, INT64_MAX, true},
            {end, INT64_MAX, false},
            {0, first, false},
            {0, first + 1, true},
    };
    sample_sku(&s, SKU_DROPLET, "w", 500);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_held held = {1, rows[i].granted, rows[i].expires, {100}, BL_ABSENT};
        s.in.held = &held;
        s.in.n_held = 1;
        struct bl_bill b = sample_draw(&s);
        CHECK((b.credits.minor == -100) == rows[i].used, "row %d", (int)i);
        CHECK(!rows[i].used || bl_str_is(b.row[b.n_row - 1].description, "Promotional credit"), "row %d",
                (int)i);
    }
}

static void credits_alone_make_no_invoice(void **state)
{
    (void)state;
    struct bl_held held = {1, 0, INT64_MAX, {100}, BL_ABSENT};
    struct bl_manual manual = {1, {0}, BL_ABSENT};
    s.in.held = &held;
    s.in.n_held = 1;
    struct bl_bill b = sample_draw(&s);
    assert_int_equal(b.n_row, 0);
    assert_false(bl_bill_issues(&b));
    struct bl_row credit = {.kind = BL_ROW_CREDIT};
    assert_false(bl_bill_issues(&(struct bl_bill){.row = &credit, .n_row = 1}));
    s.in.manual = &manual;
    s.in.n_manual = 1;
    b = sample_draw(&s);
    assert_true(bl_bill_issues(&b)); /* also one of 0.00 */
    s.in.n_manual = 0;
    sample_sku(&s, SKU_DROPLET, "w", 0);
    b = sample_draw(&s);
    assert_true(bl_bill_issues(&b));
}

static void too_much_is_refused(void **state)
{
    (void)state;
    struct bl_bill b;
    struct bl_manual manual = {1, {1}, BL_ABSENT};
    sample_sku(&s, SKU_DROPLET, "w", BL_AMOUNT_MAX);
    assert_int_equal(bl_bill_draw(&x, &s.in, &b), BL_OK);
    s.in.manual = &manual;
    s.in.n_manual = 1;
    assert_int_equal(bl_bill_draw(&x, &s.in, &b), BL_OVERFLOW);
    s.in.n_manual = 0;
    sample_sku(&s, SKU_DROPLET, "w", 1);
    assert_int_equal(bl_bill_draw(&x, &s.in, &b), BL_OVERFLOW);
}

static void a_tax_has_the_category_of_what_it_taxes(void **state)
{
    (void)state;
    with_sales_tax();
    sample_sku(&s, SKU_DROPLET, "w", 500);
    struct bl_bill b = sample_draw(&s);
    assert_true(bl_str_is(b.row[1].category, "iaas"));
    sample_meter(&s, METER_CALLS, 1, 1);
    b = sample_draw(&s);
    assert_true(bl_str_is(b.row[2].category, ""));
}

static void products_are_summed(void **state)
{
    (void)state;
    struct bl_product_sum *p;
    size_t n;
    sample_meter(&s, METER_CALLS, 1, 11);
    sample_sku(&s, SKU_DROPLET, "a", 500);
    sample_sku(&s, SKU_DROPLET, "b", 1);
    sample_meter(&s, METER_OUT, 1, 1000); /* an overage: none of them */
    struct bl_bill b = sample_draw(&s);
    bl_bill_products(&x, &b, &p, &n);
    assert_int_equal(n, 2);
    assert_true(bl_str_is(p[0].name, "API") && p[0].amount.minor == 11 && p[0].count == 1);
    assert_true(bl_str_is(p[1].name, "Droplets") && p[1].amount.minor == 501 && p[1].count == 2);
}

static void the_seller_is_the_accounts(void **state)
{
    (void)state;
    struct bl_bill b = sample_draw(&s);
    assert_true(bl_str_is(b.seller.name, "Example Cloud Ltd"));
    s.face.seller = BL_STR("Example Cloud Inc");
    b = sample_draw(&s);
    assert_true(bl_str_is(b.seller.name, "Example Cloud Inc"));
    s.face.seller = BL_STR("gone");
    b = sample_draw(&s);
    assert_true(bl_str_is(b.seller.name, "Example Cloud Ltd"));
    s.book.n_seller = 0;
    b = sample_draw(&s);
    assert_false(bl_is(b.seller.name));
}

static void ids_are_stable(void **state)
{
    (void)state;
    bl_uuid a = {{0xab}}, b = {{0xac}};
    char text[37], again[37];
    bl_uuid_text(bl_invoice_uuid(a, 600, 513), text);
    assert_memory_equal(text, "0201", 4);
    assert_int_equal(text[14], '8');
    assert_non_null(strchr("89ab", text[19]));
    bl_uuid_text(bl_invoice_uuid(a, 600, 513), again);
    assert_string_equal(text, again);
    assert_int_not_equal(bl_uuid_cmp(bl_invoice_uuid(a, 600, 1), bl_invoice_uuid(a, 601, 1)), 0);
    assert_int_not_equal(bl_uuid_cmp(bl_invoice_uuid(a, 600, 1), bl_invoice_uuid(b, 600, 1)), 0);
    struct bl_bill bill = sample_draw(&s);
    assert_true(bl_str_is(bl_invoice_id(&x, &bill), "6173678-418"));
}

/* ---- the stored form */

static uint64_t dice_state;
static uint64_t dice(uint64_t sides)
{
    dice_state = dice_state * 6364136223846793005u + 1442695040888963407u;
    return (dice_state >> 33) % sides;
}

static struct bl_str any_text(void)
{
    static const char *const texts[] = {
            NULL, "", "a", "Droplets", "web-1", "\xd0\x9f\xd1\x80", "=1+1", "a\nb", "\"q\""};
    if (dice(4) == 0)
        return bl_str_printf(&x.arena, "text %d", (int)dice(1000));
    return bl_str_of(texts[dice(BL_COUNT(texts))]);
}

static struct bl_bill any_bill(void)
{
    struct bl_bill b = sample_draw(&s);
    b.period = (bl_period)dice(2000);
    int64_t first = bl_period_start_s(b.period);
    b.instant_s = first + (int64_t)dice(2000000);
    b.issued_s = first + (int64_t)dice(20000000);
    b.k = dice(1u << 30) << dice(30);
    b.face.company = any_text();
    b.face.country = any_text();
    b.face.tax_exempt = dice(2);
    b.seller.foot = any_text();
    b.n_row = dice(40);
    b.row = bl_alloc_array(&x.arena, b.n_row, sizeof *b.row);
    enum bl_row_kind kind = BL_ROW_ITEM;
    for (size_t i = 0; i < b.n_row; i++) {
        struct bl_row *r = &b.row[i];
        kind += dice(8) == 0 && kind < BL_ROW_CREDIT;
        *r = (struct bl_row){.kind = kind,
                .product = any_text(),
                .category = any_text(),
                .group = any_text(),
                .description = any_text(),
                .project = any_text(),
                .region = any_text(),
                .sku = any_text(),
                .duration = any_text(),
                .quantity = any_text(),
                .unit = any_text(),
                .unit_price = any_text(),
                .exact = any_text(),
                .tags = any_text(),
                .kind_text = any_text(),
                .ledger = any_text()};
        r->has_resource = dice(2);
        if (r->has_resource)
            r->resource.b[dice(16)] = (uint8_t)dice(256);
        r->has_resource_id = dice(2);
        if (r->has_resource_id)
            r->resource_id = (int64_t)dice(1u << 31) - (1 << 30);
        r->start_s = first + (int64_t)dice(2678400);
        r->end_s = r->start_s + (int64_t)dice(2678400);
        r->amount.minor = (int64_t)dice(100000) - (kind == BL_ROW_CREDIT ? 100000 : 50000);
        r->of_period = (bl_period)dice(2000) - 1;
        r->seq = dice(1u << 20);
        if (kind == BL_ROW_TAX) {
            r->tax_country = any_text();
            r->tax_name = any_text();
            r->tax_percent = any_text();
        }
        bl_amount *of[] = {&b.items, &b.overages, &b.adjustments, &b.taxes, &b.credits};
        of[kind]->minor += r->amount.minor;
        b.amount.minor += r->amount.minor;
    }
    b.credit_note = b.amount.minor < 0;
    return b;
}

static bool same_row(const struct bl_row *a, const struct bl_row *b)
{
#define SAME(name) bl_str_eq(a->name, b->name)
    return a->kind == b->kind && SAME(product) && SAME(category) && SAME(group) && SAME(description) &&
           SAME(project) && SAME(region) && SAME(sku) && a->has_resource == b->has_resource &&
           bl_uuid_cmp(a->resource, b->resource) == 0 && a->has_resource_id == b->has_resource_id &&
           a->resource_id == b->resource_id && SAME(duration) && a->start_s == b->start_s &&
           a->end_s == b->end_s && SAME(quantity) && SAME(unit) && SAME(unit_price) && SAME(exact) &&
           SAME(tags) && SAME(kind_text) && a->amount.minor == b->amount.minor && SAME(tax_country) &&
           SAME(tax_region) && SAME(tax_name) && SAME(tax_percent) && SAME(tax_note) &&
           a->of_period == b->of_period && a->seq == b->seq && SAME(ledger);
#undef SAME
}

static void what_is_stored_comes_back(void **state)
{
    (void)state;
    for (int i = 0; i < 300; i++) {
        struct bl_buf body = {0}, again = {0};
        struct bl_bill b, got;
        dice_state = (uint64_t)i;
        b = any_bill();
        bl_bill_pack(&body, &b);
        CHECK(bl_bill_unpack(&x, bl_buf_view(&body), &got) == BL_OK, "seed %d: %s", i, x.why);
        bl_bill_pack(&again, &got);
        CHECK(body.n == again.n && memcmp(body.p, again.p, body.n) == 0, "seed %d", i);
        CHECK(got.n_row == b.n_row, "seed %d", i);
        for (size_t j = 0; j < b.n_row; j++)
            CHECK(same_row(&got.row[j], &b.row[j]), "seed %d row %d", i, (int)j);
        CHECK(got.period == b.period && got.instant_s == b.instant_s && got.issued_s == b.issued_s &&
                        got.k == b.k,
                "seed %d", i);
        CHECK(got.amount.minor == b.amount.minor && got.items.minor == b.items.minor &&
                        got.credits.minor == b.credits.minor && got.credit_note == b.credit_note,
                "seed %d", i);
        CHECK(bl_str_eq(got.face.company, b.face.company) && bl_str_eq(got.seller.foot, b.seller.foot) &&
                        got.face.tax_exempt == b.face.tax_exempt &&
                        got.seller.terms_days == b.seller.terms_days && bl_str_eq(got.number, b.number) &&
                        got.digits == b.digits && bl_str_eq(got.currency, b.currency) &&
                        got.face.updated_us == b.face.updated_us && got.rules == b.rules &&
                        memcmp(got.book_id, b.book_id, 32) == 0 && got.invoice_n == b.invoice_n &&
                        bl_uuid_cmp(got.account, b.account) == 0 &&
                        bl_uuid_cmp(got.invoice_uuid, b.invoice_uuid) == 0,
                "seed %d", i);
        bl_buf_release(&body);
        bl_buf_release(&again);
    }
}

static void cut_bytes_are_refused(void **state)
{
    (void)state;
    struct bl_buf body = {0};
    struct bl_bill got;
    dice_state = 11;
    struct bl_bill b = any_bill();
    bl_bill_pack(&body, &b);
    for (size_t n = 0; n < body.n; n++)
        CHECK(bl_bill_unpack(&x, (struct bl_str){body.p, n}, &got) == BL_INTERNAL, "first %d bytes", (int)n);
    bl_buf_byte(&body, 0);
    assert_int_equal(bl_bill_unpack(&x, bl_buf_view(&body), &got), BL_INTERNAL);
    bl_buf_release(&body);
}

static void another_amount_is_noticed(void **state)
{
    (void)state;
    struct bl_buf body = {0};
    struct bl_bill got;
    sample_sku(&s, SKU_DROPLET, "w", 500);
    struct bl_bill b = sample_draw(&s);
    b.row[0].amount.minor++;
    bl_bill_pack(&body, &b);
    assert_int_equal(bl_bill_unpack(&x, bl_buf_view(&body), &got), BL_INTERNAL);
    bl_buf_release(&body);
}

static void a_thousand_lines_are_small(void **state)
{
    (void)state;
    struct bl_buf body = {0};
    for (int i = 0; i < 1000; i++)
        sample_sku(&s, i % 3, bl_str_printf(&x.arena, "node-%04d.example.net", i).p, 500 + i)->region =
                BL_STR("nyc3");
    struct bl_bill b = sample_draw(&s);
    bl_bill_pack(&body, &b);
    print_message("1000 rows: %zu bytes, %zu in memory\n", body.n, b.n_row * sizeof *b.row);
    assert_true(body.n < 110000);
    bl_buf_release(&body);
}

static void the_logo_stays_with_its_book(void **state)
{
    (void)state;
    struct bl_seller logoed = sample_sellers[0];
    struct bl_buf body = {0};
    struct bl_bill got;
    logoed.logo = BL_STR("\x89PNG and so on, and so on, and so on");
    s.book.seller = &logoed;
    s.book.n_seller = 1;
    struct bl_bill b = sample_draw(&s);
    assert_true(bl_is(b.seller.logo));
    bl_bill_pack(&body, &b);
    assert_int_equal(bl_bill_unpack(&x, bl_buf_view(&body), &got), BL_OK);
    assert_false(bl_is(got.seller.logo));
    s.book.id[0] ^= 1;
    bl_bill_logo(&got, &s.book);
    assert_false(bl_is(got.seller.logo));
    s.book.id[0] ^= 1;
    bl_bill_logo(&got, &s.book);
    assert_true(bl_str_eq(got.seller.logo, logoed.logo));
    bl_buf_release(&body);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
            TEST(the_newest_rule_that_matches_is_charged),
            TEST(a_tax_is_rounded_once_half_away),
            TEST(tax_lists_are_added_rule_by_rule),
            TEST(rows_are_in_print_order_and_add_up),
            TEST(figures_are_shown),
            TEST(credits_pay_what_is_left),
            TEST(credits_live_from_grant_to_expiry),
            TEST(credits_alone_make_no_invoice),
            TEST(too_much_is_refused),
            TEST(a_tax_has_the_category_of_what_it_taxes),
            TEST(products_are_summed),
            TEST(the_seller_is_the_accounts),
            TEST(ids_are_stable),
            TEST(what_is_stored_comes_back),
            TEST(cut_bytes_are_refused),
            TEST(another_amount_is_noticed),
            TEST(a_thousand_lines_are_small),
            TEST(the_logo_stays_with_its_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
