/* A small price book and lines made by hand, for tests of what is drawn up from them: no YAML, no facts, no
 * rating, so that a failure here is the document's own. */
#ifndef BILLOW_SAMPLE_BILL_H
#define BILLOW_SAMPLE_BILL_H

#include "unit.h"

#include "bill/bill.h"

enum { DROPLETS, VOLUMES, BANDWIDTH, API, DEPOSIT, BOOKS, SAMPLE_PRODUCTS };
enum { SKU_DROPLET, SKU_VOLUME, SKU_POOL, SKU_DEPOSIT, SKU_BOOK };
enum { METER_OUT, METER_CALLS, METER_PACKS, METER_BIG };
#define SAMPLE_PERIOD ((bl_period)((2026 - 1970) * 12 + 9)) /* 2026-10 */

struct sample {
    struct bl_ctx *x;
    struct bl_book book;
    struct bl_face face;
    struct {
        struct bl_line *at;
        size_t n, cap;
    } line;
    struct bl_lines lines;
    struct bl_bill_in in;
};

static struct bl_product sample_products[] = {
        {BL_STR("Droplets"), BL_STR("iaas"), BL_STR("standard")},
        {BL_STR("Volumes"), BL_STR("iaas"), BL_STR("standard")},
        {BL_STR("Bandwidth"), BL_STR("iaas"), BL_STR("standard")},
        {BL_STR("API"), BL_STR("paas"), BL_STR("standard")},
        {BL_STR("Deposit"), BL_STR("iaas"), BL_STR("exempt")},
        {BL_STR("Books"), BL_STR("iaas"), BL_STR("reduced")},
};
static struct bl_price sample_droplet[] = {
        {.amount = {5 * BL_DEC_ONE}, .per_hours = 672, .cap_hours = 672, .increment_s = 1}};
static struct bl_price sample_volume[] = {
        {.amount = {BL_DEC_ONE / 10}, .per_hours = 672, .cap_hours = 672, .increment_s = 3600}};
static struct bl_price sample_pool[] = {
        {.amount = {BL_DEC_ONE / 1000 * 29}, .per_hours = 1, .increment_s = 1}};
static struct bl_sku sample_skus[] = {
        {.sku = BL_STR("s-1vcpu-1gb"), .product = DROPLETS, .price = sample_droplet, .n_price = 1},
        {.sku = BL_STR("volume"),
                .unit = BL_STR("GiB"),
                .product = VOLUMES,
                .price = sample_volume,
                .n_price = 1},
        {.sku = BL_STR("pool"), .product = DROPLETS, .price = sample_pool, .n_price = 1},
        {.sku = BL_STR("deposit"), .product = DEPOSIT, .price = sample_droplet, .n_price = 1},
        {.sku = BL_STR("book"), .product = BOOKS, .price = sample_droplet, .n_price = 1},
};
static struct bl_tier sample_tiers[] = {{.up_to = {10 * BL_DEC_ONE}, .amount = {BL_DEC_ONE}}, {.open = true}};
static struct bl_meter_price sample_out[] = {
        {.model = BL_MODEL_GRADUATED, .per = {BL_DEC_ONE}, .tier = sample_tiers, .n_tier = 2}};
static struct bl_meter_price sample_calls[] = {
        {.model = BL_MODEL_UNIT, .amount = {BL_DEC_ONE / 10 * 4}, .per = {1000000 * BL_DEC_ONE}}};
static struct bl_meter_price sample_packs[] = {
        {.model = BL_MODEL_PACKAGE, .amount = {BL_DEC_ONE}, .per = {1000 * BL_DEC_ONE}}};
static struct bl_meter_price sample_big[] = {
        {.model = BL_MODEL_VOLUME, .per = {BL_DEC_ONE}, .tier = sample_tiers, .n_tier = 2}};
#define SAMPLE_METER(name, of, in, over, prices)                                                             \
    {                                                                                                        \
        .meter = BL_STR(name), .unit = of, .product = in, .overages = over, .price = prices, .n_price = 1    \
    }
static struct bl_meter sample_meters[] = {
        SAMPLE_METER("bandwidth_out", BL_STR("GiB"), BANDWIDTH, true, sample_out),
        SAMPLE_METER("api_requests", BL_STR("requests"), API, false, sample_calls),
        SAMPLE_METER("mails", BL_STR("mails"), API, false, sample_packs),
        SAMPLE_METER("traces", BL_ABSENT, API, false, sample_big),
};
static struct bl_seller sample_sellers[] = {
        {.name = BL_STR("Example Cloud Ltd"),
                .tax_id = BL_STR("LV40000000000"),
                .bank = BL_STR("Example Bank, IBAN LV80BANK0000435195001"),
                .foot = BL_STR("Registered in Riga, number 40000000000"),
                .address1 = BL_STR("1 Harbour St"),
                .city = BL_STR("Riga"),
                .postal_code = BL_STR("LV-1001"),
                .country = BL_STR("LV"),
                .terms_days = 14},
        {.name = BL_STR("Example Cloud Inc"), .country = BL_STR("US"), .terms_days = 30},
};

static inline void sample_begin(struct sample *s, struct bl_ctx *x, const char *currency)
{
    *s = (struct sample){.x = x};
    s->book = (struct bl_book){
            .currency = bl_currency_find(bl_str_of(currency)),
            .seller = sample_sellers,
            .n_seller = BL_COUNT(sample_sellers),
            .product = sample_products,
            .n_product = BL_COUNT(sample_products),
            .sku = sample_skus,
            .n_sku = BL_COUNT(sample_skus),
            .meter = sample_meters,
            .n_meter = BL_COUNT(sample_meters),
    };
    memset(s->book.id, 7, sizeof s->book.id);
    s->face = (struct bl_face){
            .name = BL_STR("Ada Lovelace"),
            .company = BL_STR("Analytical Engines Ltd"),
            .email = BL_STR("ada@example.com"),
            .address1 = BL_STR("12 St James's Square"),
            .city = BL_STR("Albany"),
            .postal_code = BL_STR("12207"),
            .region = BL_STR("NY"),
            .country = BL_STR("US"),
            .created_us = INT64_C(1567528486000000),
            .updated_us = INT64_C(1567528486000000),
    };
    s->in = (struct bl_bill_in){
            .book = &s->book,
            .account = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
            .created_us = INT64_C(1567528486000000),
            .number = BL_STR("6173678"),
            .invoice_n = 418,
            .period = SAMPLE_PERIOD,
            .instant_s = bl_period_start_s(SAMPLE_PERIOD + 1) - 1,
            .issued_s = bl_period_start_s(SAMPLE_PERIOD + 1) + BL_DAY_S,
            .k = 99,
            .lines = &s->lines,
            .face = &s->face,
    };
    s->in.invoice_uuid = bl_invoice_uuid(s->in.account, SAMPLE_PERIOD, 513);
}

static inline struct bl_line *sample_add(struct sample *s, struct bl_line line, int64_t minor)
{
    bl_rat exact = bl_rat_of_int(minor);
    struct bl_line *l = BL_PUSH(&s->x->arena, s->line);
    *l = line;
    assert_int_equal(bl_rat_div_int(s->x, &exact, 100), BL_OK);
    l->exact = exact;
    l->amount.minor = minor;
    s->lines.line = s->line.at;
    s->lines.n = s->line.n;
    return l;
}

/* Lines are given in print order. */
static inline struct bl_line *sample_sku(struct sample *s, int sku, const char *name, int64_t minor)
{
    struct bl_line l = {
            .section = BL_ITEMS,
            .product = sample_skus[sku].product,
            .has_resource = true,
            .sku = sku,
            .meter = -1,
            .quantity = bl_dec_of(sku == SKU_VOLUME ? 100
                                  : sku == SKU_POOL ? 3
                                                    : 1),
            .name = bl_str_of(name),
            .start_s = bl_period_start_s(SAMPLE_PERIOD),
            .end_s = bl_period_start_s(SAMPLE_PERIOD + 1),
            .seconds = 31 * BL_DAY_S,
    };
    l.resource.b[15] = (uint8_t)(s->line.n + 1);
    return sample_add(s, l, minor);
}

static inline struct bl_line *sample_meter(struct sample *s, int meter, int64_t quantity, int64_t minor)
{
    struct bl_line l = {
            .section = sample_meters[meter].overages ? BL_OVERAGES : BL_ITEMS,
            .product = sample_meters[meter].product,
            .sku = -1,
            .meter = meter,
            .quantity = bl_dec_of(quantity),
            .start_s = bl_period_start_s(SAMPLE_PERIOD),
            .end_s = bl_period_start_s(SAMPLE_PERIOD + 1),
    };
    return sample_add(s, l, minor);
}

static inline void sample_taxes(struct sample *s, struct bl_tax *tax, size_t n)
{
    s->book.tax = tax;
    s->book.n_tax = n;
}

static inline struct bl_bill sample_draw(struct sample *s)
{
    struct bl_bill b;
    enum bl_err e = bl_bill_draw(s->x, &s->in, &b);
    CHECK(e == BL_OK, "%s", s->x->why);
    return b;
}

/* "Taxes|VAT (19%)|1.90" a row, lines by LF: the whole of a document as one text to compare. */
static inline const char *sample_rows(struct sample *s, const struct bl_bill *b)
{
    struct bl_buf t = {0};
    for (size_t i = 0; i < b->n_row; i++) {
        char amount[32];
        bl_amount_text(b->row[i].amount, b->digits, amount);
        bl_buf_printf(&t, "%.*s|%.*s|%s\n", BL_FMT(b->row[i].product), BL_FMT(b->row[i].description), amount);
    }
    struct bl_str text = bl_str_dup(&s->x->arena, bl_buf_view(&t));
    bl_buf_release(&t);
    return text.p;
}

#endif
