/* pdf: what is printed can be read back, the same bill gives the same bytes in any thread and process, and
 * neither a broken logo nor a strange name stops a document. */
#include "sample_bill.h"

#include <pthread.h>
#include <unistd.h>

#include "pdf/pdf.h"

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

static struct bl_str made(const struct bl_bill *b, bool preview)
{
    struct bl_buf t = {0};
    enum bl_err e = pdf_invoice(&x, b, preview, &t);
    CHECK(e == BL_OK, "%s", x.why);
    CHECK(t.n > 1000 && memcmp(t.p, "%PDF-", 5) == 0, "%d bytes", (int)t.n);
    struct bl_str pdf = bl_str_dup(&x.arena, bl_buf_view(&t));
    bl_buf_release(&t);
    return pdf;
}

/* The document's text as a reader sees it; NULL where pdftotext is not installed. */
static char *text_of(struct bl_str pdf)
{
    char path[] = "/tmp/billow-pdf-XXXXXX", command[128];
    if (system("command -v pdftotext >/dev/null") != 0)
        return NULL;
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, pdf.p, pdf.n) == (ssize_t)pdf.n);
    close(fd);
    snprintf(command, sizeof command, "pdftotext -layout %s -", path);
    FILE *from = popen(command, "r");
    assert_non_null(from);
    size_t cap = 1u << 22;
    char *text = bl_alloc(&x.arena, cap);
    size_t n = fread(text, 1, cap - 1, from);
    text[n] = '\0';
    assert_int_equal(pclose(from), 0);
    unlink(path);
    return text;
}

static void has(const char *text, const char *part)
{
    CHECK(strstr(text, part) != NULL, "the text lacks \"%s\":\n%.300s", part, text);
}

static struct bl_tax tax[1];

static void full_bill(void)
{
    static struct bl_held held = {1, 0, INT64_MAX, {500}, BL_STR("Welcome credit")};
    static struct bl_manual manual = {1, {-250}, BL_STR("Goodwill")};
    tax[0] = (struct bl_tax){0, BL_STR("US"), BL_STR("NY"), BL_STR("STATE SALES TAX"), BL_STR("standard"),
            BL_ABSENT, {BL_DEC_ONE / 100 * 625}};
    sample_taxes(&s, tax, 1);
    sample_meter(&s, METER_CALLS, 2500000, 100);
    sample_sku(&s, SKU_DROPLET, "web-1", 500)->region = BL_STR("nyc3");
    sample_sku(&s, SKU_DROPLET, "web-2", 123456);
    sample_sku(&s, SKU_VOLUME, "data", 1000);
    sample_meter(&s, METER_OUT, 1224, 1214);
    s.in.held = &held;
    s.in.manual = &manual;
    s.in.n_held = s.in.n_manual = 1;
}

static void all_of_it_can_be_read(void **state)
{
    (void)state;
    full_bill();
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, false));
    if (text == NULL)
        skip();
    static const char *const parts[] = {"INVOICE", "6173678-418", "6173678", "2 Nov 2026", "16 Nov 2026",
            "1 Oct 2026", "31 Oct 2026", "Example Cloud Ltd", "LV40000000000", "1 Harbour St", "Riga",
            "Analytical Engines Ltd", "Ada Lovelace", "12 St James's Square", "Albany", "12207",
            "ada@example.com", "Droplets", "1,239.56", "web-1 (s-1vcpu-1gb)", "5.00 per 672 hours", "744",
            "nyc3", "1,234.56", "data (100 GiB)", "100 GiB", "0.10 per GiB per 672 hours", "api_requests",
            "2,500,000 requests", "Overages", "bandwidth_out", "graduated", "12.14", "Goodwill", "-2.50",
            "STATE SALES TAX (6.25%)", "78.92", "Credits", "Welcome credit", "-5.00",
            "IBAN LV80BANK0000435195001", "Registered in Riga", "Page 1 of 1", "Total due"};
    for (size_t i = 0; i < BL_COUNT(parts); i++)
        has(text, parts[i]);
    char total[40];
    snprintf(total, sizeof total, "$%d,%03d.%02d", (int)(b.amount.minor / 100000),
            (int)(b.amount.minor / 100 % 1000), (int)(b.amount.minor % 100));
    has(text, total);
}

static void titles_say_what_it_is(void **state)
{
    (void)state;
    static struct bl_manual manual = {1, {-999}, BL_STR("Refund of setup")};
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, true));
    if (text == NULL)
        skip();
    has(text, "INVOICE PREVIEW");
    has(text, "nothing to bill");
    has(text, "$0.00");
    assert_null(strstr(text, "IBAN"));
    s.in.manual = &manual;
    s.in.n_manual = 1;
    b = sample_draw(&s);
    text = text_of(made(&b, false));
    has(text, "CREDIT NOTE");
    has(text, "-$9.99");
    assert_null(strstr(text, "Total due"));
    assert_null(strstr(text, "Due date"));
    assert_null(strstr(text, "IBAN"));
}

static void reverse_charge_is_noted(void **state)
{
    (void)state;
    tax[0] = (struct bl_tax){0, BL_STR("US"), BL_ABSENT, BL_STR("VAT"), BL_STR("standard"),
            BL_STR("Recipient pays VAT"), bl_dec_of(19)};
    sample_taxes(&s, tax, 1);
    s.face.tax_id = BL_STR("DE123456789");
    sample_sku(&s, SKU_DROPLET, "w", 500);
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, false));
    if (text == NULL)
        skip();
    has(text, "Tax ID DE123456789");
    has(text, "VAT (19%) - Recipient pays VAT");
    has(text, "VAT: Recipient pays VAT");
}

static void long_bills_run_over_pages(void **state)
{
    (void)state;
    for (int i = 0; i < 500; i++)
        sample_sku(&s, SKU_DROPLET, bl_str_printf(&x.arena, "node-%03d", i).p, 1000 + i);
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, false)), part[64];
    if (text == NULL)
        skip();
    for (int i = 0; i < 500; i++) {
        snprintf(part, sizeof part, "node-%03d (s-1vcpu-1gb)", i);
        has(text, part);
        snprintf(part, sizeof part, " %d.%02d\n", 10 + i / 100, i % 100);
        has(text, part);
    }
    const char *of = strstr(text, "Page 1 of ");
    assert_non_null(of);
    int pages = atoi(of + 10), heads = 0;
    assert_true(pages > 5);
    for (int i = 1; i <= pages; i++) {
        snprintf(part, sizeof part, "Page %d of %d", i, pages);
        has(text, part);
    }
    snprintf(part, sizeof part, "Page %d of", pages + 1);
    assert_null(strstr(text, part));
    for (const char *at = text; (at = strstr(at, "Description")) != NULL; at++)
        heads++;
    assert_int_equal(heads, pages);
}

/* The sums never stand alone, and no page has only its head: tried with every number of rows that ends a
 * page. */
static void no_page_is_left_empty(void **state)
{
    (void)state;
    tax[0] = (struct bl_tax){
            0, BL_STR("US"), BL_ABSENT, BL_STR("SALES TAX"), BL_STR("standard"), BL_ABSENT, bl_dec_of(5)};
    sample_taxes(&s, tax, 1);
    for (int n = 1; n < 50; n++) {
        sample_sku(&s, SKU_DROPLET, bl_str_printf(&x.arena, "node-%03d", n).p, 1000 + n);
        if (n < 20 && n > 1)
            continue;
        s.book.n_tax = (size_t)(n & 1);
        struct bl_bill b = sample_draw(&s);
        char *text = text_of(made(&b, false)), *save = NULL;
        if (text == NULL)
            skip();
        int page = 0;
        for (char *at = strtok_r(text, "\f", &save); at != NULL; at = strtok_r(NULL, "\f", &save)) {
            bool row = strstr(at, "node-") != NULL || strstr(at, "SALES TAX") != NULL;
            page++;
            CHECK(row, "%d rows: page %d:\n%.300s", n, page, at);
        }
    }
}

static void large_figures_are_whole(void **state)
{
    (void)state;
    struct bl_line *l = sample_sku(&s, SKU_VOLUME, "w", BL_AMOUNT_MAX);
    l->quantity.pico = BL_DEC_ONE * 999999999999999 + 123456789012;
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, false));
    if (text == NULL)
        skip();
    has(text, "10,000,000,000,000.00");
    has(text, "999,999,999,999,999.123456789012 GiB");
}

static void any_name_can_be_printed(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'm', sizeof longest - 1);
    longest[255] = '\0';
    const char *const names[] = {"\xd1\x81\xd0\xb5\xd1\x80\xd0\xb2\xd0\xb5\xd1\x80",
            "\xe6\x9c\x8d\xe5\x8a\xa1\xe5\x99\xa8", "\xd8\xae\xd8\xa7\xd8\xaf\xd9\x85",
            "\xce\xb4\xce\xb9\xce\xb1", "\xf0\x9f\x98\x80", "bad \xff\xfe bytes", "line\nbreak\ttab\x01",
            "<b>markup</b> & \"quotes\"", longest, "",
            "\xe2\x80\xae"
            "reversed",
            "%s%n"};
    for (size_t i = 0; i < BL_COUNT(names); i++)
        sample_sku(&s, SKU_DROPLET, names[i], 100 + (int)i)->region = bl_str_of(names[i]);
    s.face.company = bl_str_of(names[2]);
    s.face.address1 = bl_str_of(longest);
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, false));
    if (text == NULL)
        skip();
    has(text, "\xd1\x81\xd0\xb5\xd1\x80\xd0\xb2\xd0\xb5\xd1\x80 (s-1vcpu-1gb)");
    has(text, "<b>markup</b> & \"quotes\"");
    has(text, "%s%n");
    has(text, "1.11");
}

/* Legal names and addresses of any length that occurs. */
static void parties_are_whole(void **state)
{
    (void)state;
    s.face.company =
            BL_STR("Donaudampfschifffahrtselektrizit\xc3\xa4tenhauptbetriebswerkbauunterbeamtengesellschaft "
                   "mit beschr\xc3\xa4nkter Haftung und Compagnie Kommanditgesellschaft Lastcompany");
    s.face.name =
            BL_STR("Prince Charles of Hohenlohe and Waldenburg and the Islands between them, Lastperson");
    s.face.address1 =
            BL_STR("Industrial Estate of the Northern Harbour, Building 14, Staircase C, Lastaddress");
    s.face.address2 = BL_STR("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq");
    s.face.email = BL_STR("accounts.payable.of.the.northern.division.and.its.daughters@companies.example");
    sample_sku(&s, SKU_DROPLET, "w", 500);
    struct bl_bill b = sample_draw(&s);
    char *text = text_of(made(&b, false));
    if (text == NULL)
        skip();
    /* A reader of the text also finds what an ellipsis hides, so the lines are counted. */
    const char *at = strstr(text, "Billed to"), *end = strstr(text, "Total due by");
    assert_non_null(at);
    assert_non_null(end);
    int lines = 0;
    for (; at < end; at++)
        lines += *at == '\n' && at[1] != '\n';
    CHECK(lines >= 17, "%d lines:\n%.2500s", lines, text);
}

/* ---- logos */

/* one pixel */
static const uint8_t dot[] = {0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49,
        0x48, 0x44, 0x52, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x06, 0x00, 0x00, 0x00, 0x1f,
        0x15, 0xc4, 0x89, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x44, 0x41, 0x54, 0x78, 0x9c, 0x63, 0x10, 0x08, 0x68,
        0xf8, 0x0f, 0x00, 0x03, 0x34, 0x01, 0xe0, 0xb3, 0x9a, 0xb1, 0xb9, 0x00, 0x00, 0x00, 0x00, 0x49, 0x45,
        0x4e, 0x44, 0xae, 0x42, 0x60, 0x82};

static void a_bad_logo_is_left_out(void **state)
{
    (void)state;
    uint8_t bytes[sizeof dot];
    struct bl_seller seller = sample_sellers[0];
    s.book.seller = &seller;
    s.book.n_seller = 1;
    sample_sku(&s, SKU_DROPLET, "w", 500);
    struct bl_bill b = sample_draw(&s);
    struct bl_str plain = made(&b, false);
    seller.logo = (struct bl_str){(const char *)dot, sizeof dot};
    b = sample_draw(&s);
    assert_false(bl_str_eq(made(&b, false), plain)); /* a good one is there */
    struct {
        size_t n, at;
        uint8_t put;
    } rows[] = {
            {0, 0, 0x89}, {10, 0, 0x89}, {40, 0, 0x89}, /* ends inside */
            {sizeof dot, 0, 'x'},                       /* no PNG */
            {sizeof dot, 16, 0x7f},                     /* says it is huge */
            {sizeof dot, 19, 0},                        /* and of no width */
            {sizeof dot, 41, 0x00},                     /* damaged pixels */
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        memcpy(bytes, dot, sizeof dot);
        bytes[rows[i].at] = rows[i].put;
        b.seller.logo = (struct bl_str){(const char *)bytes, rows[i].n};
        CHECK(bl_str_eq(made(&b, false), plain), "row %d", (int)i);
    }
}

/* ---- the same bytes */

static void digest(struct bl_str pdf, char ret[65])
{
    uint8_t hash[32];
    bl_sha256(pdf.p, pdf.n, hash);
    bl_hex(hash, sizeof hash, ret);
}

static void two_digests(char ret[2][65])
{
    struct bl_bill b;
    full_bill();
    s.face.company = BL_STR("\xe6\x9c\x8d\xe5\x8a\xa1\xe5\x99\xa8 \xd8\xae\xd8\xa7\xd8\xaf\xd9\x85");
    b = sample_draw(&s);
    digest(made(&b, false), ret[0]);
    digest(made(&b, true), ret[1]);
}

static void bytes_are_the_same_again(void **state)
{
    (void)state;
    char first[2][65], second[2][65], other[2][65] = {{0}};
    two_digests(first);
    stop(NULL);
    start(NULL);
    two_digests(second);
    assert_string_equal(first[0], second[0]);
    assert_string_equal(first[1], second[1]);
    assert_string_not_equal(first[0], first[1]);
    FILE *from = popen("/proc/$PPID/exe --digests", "r");
    assert_non_null(from);
    assert_int_equal(fscanf(from, "%64s %64s", other[0], other[1]), 2);
    assert_int_equal(pclose(from), 0);
    assert_string_equal(first[0], other[0]);
    assert_string_equal(first[1], other[1]);
}

struct drawer {
    pthread_t thread;
    const struct bl_bill *bill;
    char digest[65];
};

static void *draw_some(void *arg)
{
    struct drawer *d = arg;
    for (int i = 0; i < 5; i++) {
        struct bl_ctx y;
        struct bl_buf t = {0};
        bl_ctx_init(&y, 0);
        if (pdf_invoice(&y, d->bill, false, &t) == BL_OK)
            digest(bl_buf_view(&t), d->digest);
        bl_buf_release(&t);
        bl_ctx_release(&y);
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct drawer d[4] = {0};
    char alone[65];
    full_bill();
    struct bl_bill b = sample_draw(&s);
    digest(made(&b, false), alone);
    for (size_t i = 0; i < BL_COUNT(d); i++) {
        d[i].bill = &b;
        assert_int_equal(pthread_create(&d[i].thread, NULL, draw_some, &d[i]), 0);
    }
    for (size_t i = 0; i < BL_COUNT(d); i++) {
        pthread_join(d[i].thread, NULL);
        assert_string_equal(d[i].digest, alone);
    }
}

static int print_digests(void)
{
    char mine[2][65];
    start(NULL);
    two_digests(mine);
    printf("%s %s\n", mine[0], mine[1]);
    stop(NULL);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--digests") == 0)
        return print_digests();
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
    const struct CMUnitTest tests[] = {
            TEST(all_of_it_can_be_read),
            TEST(titles_say_what_it_is),
            TEST(reverse_charge_is_noted),
            TEST(long_bills_run_over_pages),
            TEST(no_page_is_left_empty),
            TEST(large_figures_are_whole),
            TEST(any_name_can_be_printed),
            TEST(parties_are_whole),
            TEST(a_bad_logo_is_left_out),
            TEST(bytes_are_the_same_again),
            TEST(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
