/* Facts: what is accepted and what refused, one change of a good event a row; what counts as the same
 * content; batches cut into events; and the packed form. */
#include "facts.h"

#define TEAM "do:team:0c0a1b2c-1111-4222-8333-444455556666"
#define UUID "a01b0000-0000-0000-0000-000000000001"
#define NOW_US (OCTOBER_US + 10 * DAY_US)

/* An event around the given data; the rest is good. */
static struct bl_str event(struct bl_ctx *x, const char *type, const char *data)
{
    return bl_str_printf(&x->arena,
            "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"src\",\"type\":\"%s\",\"subject\":\"" TEAM
            "\","
            "\"time\":\"2026-10-05T06:07:08.123456Z\",\"data\":%s}",
            type, data);
}

static enum bl_err parse(struct bl_ctx *x, struct bl_str text, struct bl_fact *ret)
{
    struct bl_str id;
    return bl_fact_parse(x, text, NOW_US, ret, &id);
}

/* ---- the envelope */

static void good_event(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_fact f;
    struct bl_str id;
    bl_ctx_init(&x, NOW_US);
    struct bl_str text = event(&x, "resource.create",
            "{\"resource\":\"" UUID
            "\",\"kind\":\"droplet\",\"sku\":\"s-1\",\"quantity\":\"2.50\",\"region\":\"fra1\","
            "\"name\":\"web \\u00e9\",\"project\":\"p\",\"group\":\"g\",\"tags\":[\"a\",\"b "
            "c\"],\"resource_id\":42,"
            "\"meter\":\"not of this type\",\"else\":{\"x\":[1]}}");
    assert_int_equal(bl_fact_parse(&x, text, NOW_US, &f, &id), BL_OK);
    assert_true(bl_str_is(id, "e1") && bl_str_is(f.id, "e1") && bl_str_is(f.source, "src"));
    assert_int_equal(f.type, BL_FACT_CREATE);
    assert_int_equal(f.time_us, OCTOBER_US + 4 * DAY_US + ((6 * 60 + 7) * 60 + 8) * BL_US + 123456);
    assert_int_equal(f.account.b[0], 0x0c);
    assert_true(f.has_resource && bl_uuid_cmp(f.resource, some_uuid(1)) == 0);
    assert_true(f.has_quantity && f.quantity.pico == BL_DEC_ONE * 5 / 2);
    assert_true(f.has_resource_id && f.resource_id == 42);
    assert_int_equal(f.seq, 0);
    assert_int_equal(f.reset, 0);
    static const struct {
        enum bl_field field;
        const char *text;
    } wanted[] = {{BL_F_KIND, "droplet"}, {BL_F_SKU, "s-1"}, {BL_F_REGION, "fra1"},
            {BL_F_NAME, "web \xc3\xa9"}, {BL_F_PROJECT, "p"}, {BL_F_GROUP, "g"}, {BL_F_TAGS, "a\nb c"}};
    for (size_t i = 0; i < BL_COUNT(wanted); i++) {
        CHECK(bl_str_is(f.field[wanted[i].field], wanted[i].text), "field %d", wanted[i].field);
        f.field[wanted[i].field] = BL_ABSENT;
    }
    for (int i = 0; i < BL_F_COUNT; i++)
        CHECK(!bl_is(f.field[i]), "field %d", i);
    bl_ctx_release(&x);
}

/* One attribute replaced (value: its JSON; NULL: left out). `why`: NULL when still good, else how the reason
 * begins. */
static void attributes(void **state)
{
    static char long_id[300], longest_id[300];
    static const struct {
        const char *name, *json, *why;
    } rows[] = {
            {"specversion", "\"1.0\"", NULL},
            {"specversion", "\"0.3\"", "specversion must be"},
            {"specversion", "1.0", "specversion must be a string"},
            {"specversion", NULL, "specversion must be"},
            {"id", "\"\\u00e9\"", NULL},
            {"id", longest_id, NULL},
            {"id", long_id, "id must have 1 to 255"},
            {"id", "\"\"", "id must have 1 to 255"},
            {"id", "7", "id must be a string"},
            {"id", "null", "id must have 1 to 255"},
            {"id", NULL, "id must have 1 to 255"},
            {"source", "\"/a b/\"", NULL},
            {"source", "\"\"", "source must have 1 to 255"},
            {"source", NULL, "source must have 1 to 255"},
            {"source", "\"billow:api\"", "reserved"},
            {"source", "\"billow:\"", "reserved"},
            {"source", "\"b\\u0069llow:x\"", "reserved"},
            {"source", "\"billow\"", NULL},
            {"source", "\"billow-x\"", NULL},
            {"source", "\"Billow:x\"", NULL},
            {"type", "\"resource.delete\"", NULL},
            {"type", "\"resource.Delete\"", "type is unknown"},
            {"type", "\"\"", "type is unknown"},
            {"type", "[]", "type must be a string"},
            {"type", NULL, "type is required"},
            {"subject", "\"do:team:0C0A1B2C-1111-4222-8333-444455556666\"", NULL},
            {"subject", "\"do:teamgroup:0c0a1b2c-1111-4222-8333-444455556666\"",
                    "subject must have the form"},
            {"subject", "\"0c0a1b2c-1111-4222-8333-444455556666\"", "subject must have the form"},
            {"subject", "\"do:team:0c0a1b2c\"", "subject must have the form"},
            {"subject", "\"do:team:0c0a1b2c-1111-4222-8333-444455556666 \"", "subject must have the form"},
            {"subject", "null", "subject is required"},
            {"subject", NULL, "subject is required"},
            {"time", "\"2026-10-11T00:05:00Z\"", NULL},
            {"time", "\"2026-10-11T02:05:00+02:00\"", NULL},
            {"time", "\"2026-10-11T00:05:00.000001Z\"", "time is more than five minutes ahead"},
            {"time", "\"2027-01-01T00:00:00Z\"", "time is more than five minutes ahead"},
            {"time", "\"1970-01-01T00:00:00Z\"", NULL},
            {"time", "\"1969-12-31T23:59:59Z\"", "time: "},
            {"time", "\"2026-02-29T00:00:00Z\"", "time: "},
            {"time", "\"2026-10-01T23:59:60Z\"", "time: "},
            {"time", "\"2026-10-01 00:00:00Z\"", "time: "},
            {"time", "\"2026-10-01T00:00:00\"", "time: "},
            {"time", "1790812800", "time must be a string"},
            {"time", NULL, "time is required"},
            {"data", "{\"resource\":\"" UUID "\",\"new\":null}", NULL},
            {"data", "null", "data is required"},
            {"data", NULL, "data is required"},
            {"data", "[]", "data must be an object"},
            {"data", "\"{}\"", "data must be an object"},
            {"data", "{", "JSON at byte"},
            {"data", "{\"resource\":\"" UUID "\",\"x\":1,\"x\":2}", "JSON at byte"},
            {"data", "{\"resource\":\"" UUID "\",\"x\":\"\\u0000\"}", "JSON at byte"},
            {"data", "{\"resource\":\"" UUID "\",\"x\":\"\\ud800\"}", "JSON at byte"},
            {"data", "{\"resource\":\"" UUID "\",\"x\":\"\xff\"}", "JSON at byte"},
            {"data_base64", "\"e30=\"", "data_base64 is not accepted"},
            {"datacontenttype", "\"application/json\"", NULL},
            {"traceparent", "{\"any\":[\"thing\"]}", NULL},
    };
    (void)state;
    struct bl_ctx x;
    memset(longest_id, 'x', 257);
    memset(long_id, 'x', 258);
    longest_id[0] = longest_id[256] = long_id[0] = long_id[257] = '"';
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        static const struct {
            const char *name, *json;
        } good[] = {{"specversion", "\"1.0\""}, {"id", "\"e1\""}, {"source", "\"src\""},
                {"type", "\"resource.delete\""}, {"subject", "\"" TEAM "\""},
                {"time", "\"2026-10-05T00:00:00Z\""}, {"data", "{\"resource\":\"" UUID "\"}"}};
        struct bl_buf b = {0};
        struct bl_jw w;
        struct bl_fact f;
        bl_jw_init(&w, &b);
        bl_jw_begin_object(&w);
        for (size_t k = 0; k < BL_COUNT(good); k++)
            if (strcmp(good[k].name, rows[i].name) != 0) {
                bl_jw_key(&w, good[k].name);
                bl_jw_raw(&w, bl_str_of(good[k].json));
            }
        if (rows[i].json) {
            bl_jw_key(&w, rows[i].name);
            bl_jw_raw(&w, bl_str_of(rows[i].json));
        }
        bl_jw_end_object(&w);
        enum bl_err e = parse(&x, bl_str_dup(&x.arena, bl_buf_view(&b)), &f);
        const char *json = rows[i].json ? rows[i].json : "nothing";
        CHECK(e == (rows[i].why ? BL_INVALID : BL_OK), "%s %.100s: %.300s", rows[i].name, json,
                e ? x.why : "accepted");
        if (rows[i].why)
            CHECK(strncmp(x.why, rows[i].why, strlen(rows[i].why)) == 0, "%s %.100s: %.300s", rows[i].name,
                    json, x.why);
        bl_buf_release(&b);
        bl_ctx_reset(&x, NOW_US);
    }
    bl_ctx_release(&x);
}

static void broken_events(void **state)
{
    static const struct {
        const char *text, *id; /* id as far as it could be read */
    } rows[] = {
            {"", NULL},
            {"null", NULL},
            {"[]", NULL},
            {"{}", NULL},
            {"{\"id\":\"7\"", "7"},
            {"{\"id\":\"7\",}", "7"},
            {"{\"id\":\"7\"} {}", "7"},
            {"{\"id\":7,\"source\":\"s\"}", NULL},
            {"{\"source\":\"s\",\"id\":\"7\",\"id\":\"8\"}", "7"},
            {"{\"data\":{\"id\":\"9\"},\"id\":\"7\"}", "7"},
            {"{\"data\":{\"id\":\"9\"", NULL},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_fact f;
        struct bl_str id = BL_STR("untouched");
        CHECK(bl_fact_parse(&x, bl_str_of(rows[i].text), NOW_US, &f, &id) == BL_INVALID, "%s", rows[i].text);
        CHECK(bl_str_eq(id, bl_str_of(rows[i].id)), "%s: %.*s", rows[i].text, BL_FMT(id));
    }
    bl_ctx_release(&x);
}

/* ---- data */

#define RES "\"resource\":\"" UUID "\""

static void data_members(void **state)
{
    static const struct {
        const char *type, *data, *why;
    } rows[] = {
            {"resource.create", "{" RES "}", NULL},
            {"resource.create", "{}", "data.resource is required"},
            {"resource.create", "{\"resource\":null}", "data.resource is required"},
            {"resource.create", "{\"resource\":\"x\"}", "data.resource must be a uuid"},
            {"resource.create", "{\"resource\":7}", "data.resource must be a uuid"},
            {"resource.create", "{" RES ",\"sku\":\"\"}", "data.sku must not be empty"},
            {"resource.create", "{" RES ",\"sku\":7}", "data.sku must be a string"},
            {"resource.create", "{" RES ",\"name\":\"\"}", NULL},
            {"resource.create", "{" RES ",\"name\":[]}", "data.name must be a string"},
            {"resource.create", "{" RES ",\"company\":7}", NULL}, /* of another type: not looked at */
            {"resource.create", "{" RES ",\"quantity\":0}", NULL},
            {"resource.create", "{" RES ",\"quantity\":-0}", NULL},
            {"resource.create", "{" RES ",\"quantity\":-1}", "data.quantity: "},
            {"resource.create", "{" RES ",\"quantity\":\"-1\"}", "data.quantity: "},
            {"resource.create", "{" RES ",\"quantity\":\"\"}", "data.quantity: "},
            {"resource.create", "{" RES ",\"quantity\":\" 1\"}", "data.quantity: "},
            {"resource.create", "{" RES ",\"quantity\":true}", "data.quantity must be"},
            {"resource.create", "{" RES ",\"quantity\":[1]}", "data.quantity must be"},
            {"resource.create", "{" RES ",\"quantity\":999999999999999.999999999999}", NULL},
            {"resource.create", "{" RES ",\"quantity\":1000000000000000}", "data.quantity: "},
            {"resource.create", "{" RES ",\"quantity\":0.0000000000001}", "data.quantity: "},
            {"resource.create", "{" RES ",\"quantity\":1e14}", NULL},
            {"resource.create", "{" RES ",\"quantity\":1e999999999999}", "data.quantity: "},
            {"resource.create", "{" RES ",\"resource_id\":0}", NULL},
            {"resource.create", "{" RES ",\"resource_id\":9007199254740992}", NULL},
            {"resource.create", "{" RES ",\"resource_id\":9007199254740993}", "data.resource_id must be"},
            {"resource.create", "{" RES ",\"resource_id\":99999999999999999999}", "data.resource_id must be"},
            {"resource.create", "{" RES ",\"resource_id\":5.0}", NULL},
            {"resource.create", "{" RES ",\"resource_id\":5.5}", "data.resource_id must be"},
            {"resource.create", "{" RES ",\"resource_id\":-1}", "data.resource_id must be"},
            {"resource.create", "{" RES ",\"resource_id\":\"5\"}", "data.resource_id must be"},
            {"resource.create", "{" RES ",\"tags\":[]}", NULL},
            {"resource.create", "{" RES ",\"tags\":\"a\"}", "data.tags must be an array"},
            {"resource.create", "{" RES ",\"tags\":{}}", "data.tags must be an array"},
            {"resource.create", "{" RES ",\"tags\":[\"a\",7]}", "data.tags must hold strings"},
            {"resource.create", "{" RES ",\"tags\":[null]}", "data.tags must hold strings"},
            {"resource.create", "{" RES ",\"tags\":[\"\"]}", "data.tags must hold strings"},
            {"resource.create", "{" RES ",\"tags\":[\"a\\nb\"]}", "data.tags must hold strings"},
            {"resource.change", "{" RES ",\"tags\":[\"\\u00e9\"]}", NULL},
            {"resource.change", "{\"name\":\"x\"}", "data.resource is required"},
            {"resource.delete", "{" RES ",\"sku\":7,\"quantity\":-1}", NULL},
            {"resource.delete", "{}", "data.resource is required"},
            {"usage", "{\"meter\":\"m\"}", NULL},
            {"usage", "{\"meter\":\"m\",\"quantity\":null,\"resource\":null,\"value\":null,\"region\":null}",
                    NULL},
            {"usage", "{\"quantity\":1}", "data.meter is required"},
            {"usage", "{\"meter\":null}", "data.meter is required"},
            {"usage", "{\"meter\":\"\"}", "data.meter must not be empty"},
            {"usage", "{\"meter\":\"m\",\"resource\":\"x\"}", "data.resource must be a uuid"},
            {"usage", "{\"meter\":\"m\",\"value\":\"\"}", "data.value must not be empty"},
            {"usage", "{\"meter\":\"m\",\"value\":7}", "data.value must be a string"},
            {"usage", "{\"meter\":\"m\",\"quantity\":\"x\"}", "data.quantity: "},
            {"usage", "{\"meter\":\"m\",\"name\":7}", NULL},
            {"account.change", "{}", NULL},
            {"account.change", "{\"name\":\"n\",\"country\":\"de\",\"tax_exempt\":true,\"region\":\"BY\"}",
                    NULL},
            {"account.change", "{\"country\":\"DEU\"}", "data.country must be two letters"},
            {"account.change", "{\"country\":\"\"}", "data.country must be two letters"},
            {"account.change", "{\"country\":\"D1\"}", "data.country must be two letters"},
            {"account.change", "{\"country\":\"\xc3\xa9\"}", "data.country must be two letters"},
            {"account.change", "{\"country\":7}", "data.country must be two letters"},
            {"account.change", "{\"tax_exempt\":\"true\"}", "data.tax_exempt must be true or false"},
            {"account.change", "{\"tax_exempt\":1}", "data.tax_exempt must be true or false"},
            {"account.change", "{\"zone\":\"\"}", "data.zone must not be empty"},
            {"account.change", "{\"name\":null,\"company\":null,\"email\":null,\"zone\":null}", NULL},
            {"account.change", "{\"quantity\":\"x\",\"resource\":7}", NULL},
            {"fact.retract", "{\"source\":\"s\",\"id\":\"i\"}", NULL},
            {"fact.retract", "{\"source\":\"billow:api\",\"id\":\"i\"}", NULL},
            {"fact.retract", "{\"source\":\"s\"}", "data.source and data.id are required"},
            {"fact.retract", "{\"id\":\"i\"}", "data.source and data.id are required"},
            {"fact.retract", "{\"source\":null,\"id\":\"i\"}", "data.source and data.id are required"},
            {"fact.retract", "{\"source\":\"\",\"id\":\"i\"}", "data.source must not be empty"},
            {"fact.retract", "{\"source\":\"s\",\"id\":7}", "data.id must be a string"},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_fact f;
        enum bl_err e = parse(&x, event(&x, rows[i].type, rows[i].data), &f);
        CHECK(e == (rows[i].why ? BL_INVALID : BL_OK), "%s %s: %s", rows[i].type, rows[i].data,
                e ? x.why : "accepted");
        if (rows[i].why)
            CHECK(strncmp(x.why, rows[i].why, strlen(rows[i].why)) == 0, "%s: %s", rows[i].data, x.why);
        bl_ctx_reset(&x, NOW_US);
    }
    bl_ctx_release(&x);
}

/* Texts at their limit and a byte above it; tags at 64 and 65. */
static void limits(void **state)
{
    static const struct {
        const char *type, *field;
        size_t most;
    } rows[] = {{"resource.create", "kind", 255}, {"resource.create", "sku", 255},
            {"resource.create", "region", 255}, {"resource.create", "name", 255},
            {"resource.create", "project", 255}, {"resource.create", "group", 255}, {"usage", "meter", 255},
            {"usage", "value", 255}, {"usage", "project", 255}, {"account.change", "name", 255},
            {"account.change", "company", 255}, {"account.change", "email", 255},
            {"account.change", "tax_id", 255}, {"account.change", "zone", 63},
            {"account.change", "seller", 255}, {"account.change", "address_line1", 255},
            {"account.change", "address_line2", 255}, {"account.change", "city", 255},
            {"account.change", "region", 255}, {"account.change", "postal_code", 255},
            {"fact.retract", "source", 255}, {"fact.retract", "id", 255}};
    (void)state;
    struct bl_ctx x;
    struct bl_fact f;
    char text[300];
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++)
        for (size_t n = rows[i].most; n <= rows[i].most + 1; n++) {
            const char *others = strcmp(rows[i].type, "usage") == 0 && strcmp(rows[i].field, "meter") != 0
                                         ? "\"meter\":\"m\","
                                 : strcmp(rows[i].field, "source") == 0 ? "\"id\":\"i\","
                                 : strcmp(rows[i].field, "id") == 0     ? "\"source\":\"s\","
                                 : rows[i].type[0] == 'r'               ? RES ","
                                                                        : "";
            memset(text, 'x', n);
            struct bl_str data =
                    bl_str_printf(&x.arena, "{%s\"%s\":\"%.*s\"}", others, rows[i].field, (int)n, text);
            enum bl_err e = parse(&x, event(&x, rows[i].type, data.p), &f);
            CHECK(e == (n > rows[i].most ? BL_INVALID : BL_OK), "%s of %zu: %s", rows[i].field, n,
                    e ? x.why : "accepted");
        }
    for (int n = 64; n <= 65; n++) {
        struct bl_buf b = {0};
        for (int i = 0; i < n; i++)
            bl_buf_printf(&b, "%s\"t%d\"", i ? "," : "", i);
        struct bl_str data = bl_str_printf(&x.arena, "{" RES ",\"tags\":[%.*s]}", (int)b.n, b.p);
        assert_int_equal(parse(&x, event(&x, "resource.create", data.p), &f), n > 64 ? BL_INVALID : BL_OK);
        bl_buf_release(&b);
    }
    for (size_t n = 255; n <= 256; n++) {
        memset(text, 't', n);
        struct bl_str data = bl_str_printf(&x.arena, "{" RES ",\"tags\":[\"%.*s\"]}", (int)n, text);
        assert_int_equal(parse(&x, event(&x, "resource.create", data.p), &f), n > 255 ? BL_INVALID : BL_OK);
    }
    bl_ctx_release(&x);
}

static void null_resets(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_fact f;
    bl_ctx_init(&x, NOW_US);
    assert_int_equal(
            parse(&x,
                    event(&x, "resource.change",
                            "{" RES ",\"name\":null,\"tags\":null,\"quantity\":null,\"resource_id\":null}"),
                    &f),
            BL_OK);
    assert_int_equal(f.reset, 1u << BL_F_NAME | 1u << BL_F_TAGS);
    assert_true(f.reset_quantity && f.reset_resource_id && !f.has_quantity && !f.has_resource_id);
    assert_int_equal(
            parse(&x, event(&x, "account.change", "{\"region\":null,\"tax_exempt\":null,\"sku\":null}"), &f),
            BL_OK);
    assert_int_equal(f.reset, 1u << BL_F_ADDRESS_REGION | 1u << BL_F_TAX_EXEMPT);
    assert_int_equal(
            parse(&x, event(&x, "usage", "{\"meter\":\"m\",\"quantity\":null,\"region\":null}"), &f), BL_OK);
    assert_true(f.reset == 0 && !f.reset_quantity && !f.has_quantity);
    assert_int_equal(
            parse(&x, event(&x, "resource.delete", "{" RES ",\"name\":null,\"quantity\":null}"), &f), BL_OK);
    assert_true(f.reset == 0 && !f.reset_quantity);
    assert_int_equal(
            parse(&x,
                    event(&x, "account.change", "{\"tax_exempt\":false,\"country\":\"dE\",\"region\":\"r\"}"),
                    &f),
            BL_OK);
    assert_true(bl_str_is(f.field[BL_F_TAX_EXEMPT], "false") && bl_str_is(f.field[BL_F_COUNTRY], "DE"));
    assert_true(bl_str_is(f.field[BL_F_ADDRESS_REGION], "r") && !bl_is(f.field[BL_F_REGION]));
    bl_ctx_release(&x);
}

/* ---- content */

static void same_content(void **state)
{
    static const struct {
        const char *a, *b;
        bool same;
    } rows[] = {
            {"{" RES ",\"quantity\":5}", "{\"quantity\":\"5\", " RES "}", true},
            {"{" RES ",\"quantity\":5}", "{" RES ",\"quantity\":5.0}", true},
            {"{" RES ",\"quantity\":5}", "{" RES ",\"quantity\":\"5e0\"}", true},
            {"{" RES ",\"quantity\":5}", "{" RES ",\"quantity\":0.5E1}", true},
            {"{" RES ",\"quantity\":0}", "{" RES ",\"quantity\":-0.0}", true},
            {"{" RES ",\"quantity\":5}", "{" RES ",\"quantity\":5.000000000001}", false},
            {"{" RES ",\"quantity\":0}", "{" RES "}", false},
            {"{" RES ",\"quantity\":null}", "{" RES "}", false},
            {"{" RES ",\"unknown\":1}", "{" RES "}", true},
            {"{" RES ",\"name\":\"\\u0061\"}", "{" RES ",\"name\":\"a\"}", true},
            {"{" RES ",\"name\":\"\"}", "{" RES "}", false},
            {"{" RES ",\"name\":null}", "{" RES "}", false},
            {"{" RES ",\"tags\":[\"a\",\"b\"]}", "{" RES ",\"tags\":[\"b\",\"a\"]}", false},
            {"{" RES ",\"tags\":[]}", "{" RES "}", false},
            {"{" RES ",\"resource_id\":7}", "{" RES ",\"resource_id\":7.0}", true},
            {"{" RES ",\"resource_id\":7}", "{" RES ",\"resource_id\":8}", false},
            {"{\"resource\":\"A01B0000-0000-0000-0000-000000000001\"}", "{" RES "}", true},
            {"{\"resource\":\"a01b0000-0000-0000-0000-000000000002\"}", "{" RES "}", false},
    };
    (void)state;
    struct bl_ctx x;
    struct bl_fact a, b;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        assert_int_equal(parse(&x, event(&x, "resource.create", rows[i].a), &a), BL_OK);
        assert_int_equal(parse(&x, event(&x, "resource.create", rows[i].b), &b), BL_OK);
        b.seq = 77;
        CHECK(bl_fact_same(&a, &b) == rows[i].same && bl_fact_same(&b, &a) == rows[i].same, "%s %s",
                rows[i].a, rows[i].b);
        assert_int_equal(parse(&x, event(&x, "resource.change", rows[i].b), &b), BL_OK);
        assert_false(bl_fact_same(&a, &b));
    }
    assert_int_equal(parse(&x, event(&x, "resource.create", "{" RES "}"), &a), BL_OK);
    b = a;
    b.time_us++;
    assert_false(bl_fact_same(&a, &b));
    b = a;
    b.account.b[15] ^= 1;
    assert_false(bl_fact_same(&a, &b));
    bl_ctx_release(&x);
}

static void order(void **state)
{
    struct bl_fact f[] = {{.time_us = 1, .source = BL_STR("z"), .id = BL_STR("z")},
            {.time_us = 2, .source = BL_STR("a"), .id = BL_STR("z")},
            {.time_us = 2, .source = BL_STR("aa"), .id = BL_STR("a")},
            {.time_us = 2, .source = BL_STR("aa"), .id = BL_STR("ab")},
            {.time_us = 2, .source = BL_STR("aa"), .id = BL_STR("b")},
            {.time_us = 2, .source = BL_STR("aa"), .id = BL_STR("\xc3\xa9")}};
    (void)state;
    for (size_t i = 0; i < BL_COUNT(f); i++)
        for (size_t k = 0; k < BL_COUNT(f); k++) {
            int o = bl_fact_order(&f[i], &f[k]);
            assert_true(i < k ? o < 0 : i > k ? o > 0 : o == 0);
        }
}

static void binary_mode(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_fact f, whole;
    const struct bl_fact_attrs good = {.specversion = BL_STR("1.0"),
            .id = BL_STR("e1"),
            .source = BL_STR("src"),
            .type = BL_STR("usage"),
            .subject = BL_STR(TEAM),
            .time = BL_STR("2026-10-05T06:07:08.123456Z")};
    struct bl_fact_attrs a = good;
    bl_ctx_init(&x, NOW_US);
    struct bl_str data = BL_STR(" {\"meter\":\"m\",\"quantity\":1} ");
    assert_int_equal(bl_fact_parse_binary(&x, &a, data, NOW_US, &f), BL_OK);
    assert_int_equal(parse(&x, event(&x, "usage", data.p), &whole), BL_OK);
    assert_true(bl_fact_same(&f, &whole) && bl_fact_order(&f, &whole) == 0);
    static const char *const broken[] = {"", "[]", "{", "{}x", "{\"meter\":\"m\",\"meter\":\"m\"}", "null"};
    for (size_t i = 0; i < BL_COUNT(broken); i++)
        CHECK(bl_fact_parse_binary(&x, &a, bl_str_of(broken[i]), NOW_US, &f) == BL_INVALID, "%s", broken[i]);
    assert_int_equal(bl_fact_parse_binary(&x, &a, BL_ABSENT, NOW_US, &f), BL_INVALID);
    a.id = BL_STR("\xff");
    assert_int_equal(bl_fact_parse_binary(&x, &a, data, NOW_US, &f), BL_INVALID);
    a = good;
    a.source = BL_ABSENT;
    assert_int_equal(bl_fact_parse_binary(&x, &a, data, NOW_US, &f), BL_INVALID);
    bl_ctx_release(&x);
}

/* ---- batches */

static void batches(void **state)
{
#define LINES BL_BATCH_NDJSON
#define ARRAY BL_BATCH_ARRAY
#define ONE BL_BATCH_OBJECT
    static const struct {
        enum bl_batch_form form;
        const char *body, *each; /* each: joined by '|' */
        enum bl_err e;
    } rows[] = {
            {LINES, "", "", BL_OK},
            {LINES, "\n\r\n \t\n", "", BL_OK},
            {LINES, "{}", "{}", BL_OK},
            {LINES, "{}\n", "{}", BL_OK},
            {LINES, "{}\r\n\r\n{\"a\":1}\r\n", "{}\r|{\"a\":1}\r", BL_OK},
            {LINES, "{}\nbroken {\n{}", "{}|broken {|{}", BL_OK},
            {LINES, "1\n2\n3\n4", "", BL_TOO_LARGE},
            {LINES, "\n1\n\n2\n\n3\n\n", "1|2|3", BL_OK},
            {ARRAY, "[]", "", BL_OK},
            {ARRAY, "[{},{\"a\":[\"]\"]}]\n", "{}|{\"a\":[\"]\"]}", BL_OK},
            {ARRAY, "[{\"a\":\"\\ud800\"},7,{}]", "{\"a\":\"\\ud800\"}|7|{}", BL_OK},
            {ARRAY, "[1,2,3,4]", "", BL_TOO_LARGE},
            {ARRAY, "[{}", "", BL_BAD_REQUEST},
            {ARRAY, "[{}]]", "", BL_BAD_REQUEST},
            {ARRAY, "{}", "", BL_BAD_REQUEST},
            {ARRAY, "", "", BL_BAD_REQUEST},
            {ONE, "{}", "{}", BL_OK},
            {ONE, "broken", "broken", BL_OK},
            {ONE, " \n", "", BL_BAD_REQUEST},
            {ONE, "", "", BL_BAD_REQUEST},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_batch_cut cut = {0};
        char got[200] = "";
        enum bl_err e = bl_batch_split(&x, rows[i].form, bl_str_of(rows[i].body), 3, &cut);
        CHECK(e == rows[i].e, "%s: %s", rows[i].body, e ? x.why : "accepted");
        for (size_t k = 0; k < cut.n; k++)
            snprintf(
                    got + strlen(got), sizeof got - strlen(got), "%s%.*s", k ? "|" : "", BL_FMT(cut.each[k]));
        CHECK_TEXT(got, rows[i].each, rows[i].body);
    }
    struct bl_batch_cut cut;
    assert_int_equal(bl_batch_split(&x, BL_BATCH_NDJSON, BL_ABSENT, 3, &cut), BL_OK);
    assert_int_equal(cut.n, 0);
    bl_ctx_release(&x);
}

/* ---- packed */

static struct bl_fact any_fact(struct bl_arena *a, struct dice *d, unsigned id)
{
    if (roll(d, 3) == 0)
        return some_usage(a, d, id);
    struct bl_fact f = {.type = (enum bl_fact_type)(1 + roll(d, BL_FACT_RETRACT)),
            .account = some_uuid(0),
            .time_us = roll(d, 10) ? OCTOBER_US + roll(d, 1000000) : 0,
            .source = some_text(a, d, "s", 9),
            .id = bl_str_printf(a, "%u", id),
            .has_resource = roll(d, 2),
            .has_quantity = roll(d, 2),
            .reset_quantity = roll(d, 4) == 0,
            .has_resource_id = roll(d, 2),
            .reset_resource_id = roll(d, 4) == 0};
    if (f.has_resource)
        f.resource = some_uuid(roll(d, 200));
    if (f.has_quantity)
        f.quantity = some_quantity(d);
    if (f.has_resource_id)
        f.resource_id = roll(d, 2) ? (int64_t)1 << 53 : roll(d, 1000);
    for (int i = 0; i < BL_F_COUNT; i++) {
        if (roll(d, 2))
            f.field[i] = roll(d, 5) ? some_text(a, d, "text", 1000) : BL_STR("");
        else if (roll(d, 3) == 0)
            f.reset |= 1u << i;
    }
    return f;
}

static void packed_facts_come_back(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct dice d = {11};
    struct bl_buf b = {0};
    struct bl_fact in[300];
    bl_ctx_init(&x, NOW_US);
    for (unsigned i = 0; i < BL_COUNT(in); i++) {
        in[i] = any_fact(&x.arena, &d, i);
        bl_fact_pack(&b, &in[i]);
    }
    struct bl_rd r = bl_rd_of(bl_buf_view(&b));
    for (unsigned i = 0; i < BL_COUNT(in); i++) {
        struct bl_fact out;
        struct bl_fact_digests digests;
        CHECK(bl_fact_unpack(&x, &r, &out, &digests) == BL_OK, "fact %u: %s", i, x.why);
        out.account = in[i].account;
        for (int f = 0; f < BL_F_COUNT; f++) {
            bool personal = bl_field_personal((enum bl_field)f, in[i].type);
            uint8_t digest[16];
            assert_int_equal(digests.has >> f & 1, personal && bl_is(in[i].field[f]));
            if (!(digests.has >> f & 1))
                continue;
            assert_false(bl_is(out.field[f]));
            bl_field_digest(in[i].field[f], digest);
            assert_memory_equal(digest, digests.d[f], sizeof digest);
            out.field[f] = in[i].field[f];
        }
        assert_true(bl_fact_same(&in[i], &out) && bl_fact_order(&in[i], &out) == 0);
    }
    assert_true(r.p == r.end && !r.bad);
    bl_buf_release(&b);
    bl_ctx_release(&x);
}

static void packed_facts_hold_nothing_personal(void **state)
{
    static const enum bl_field personal[] = {BL_F_NAME, BL_F_TAGS, BL_F_COMPANY, BL_F_EMAIL, BL_F_TAX_ID,
            BL_F_ADDRESS1, BL_F_ADDRESS2, BL_F_CITY, BL_F_ADDRESS_REGION, BL_F_POSTAL_CODE, BL_F_COUNTRY};
    (void)state;
    size_t n = 0;
    for (int f = 0; f < BL_F_COUNT; f++) {
        bool listed = false;
        for (size_t i = 0; i < BL_COUNT(personal); i++)
            listed = listed || personal[i] == (enum bl_field)f;
        struct bl_fact fact = {.type = BL_FACT_ACCOUNT, .source = BL_STR("s"), .id = BL_STR("i")};
        struct bl_buf b = {0};
        fact.field[f] = BL_STR("Some Body's secret");
        bl_fact_pack(&b, &fact);
        CHECK((memmem(b.p, b.n, "secret", 6) == NULL) == listed, "field %d", f);
        CHECK(bl_field_personal((enum bl_field)f, BL_FACT_ACCOUNT) == listed, "field %d", f);
        bl_buf_release(&b);
        n += listed;
    }
    assert_int_equal(n, BL_COUNT(personal));
}

static void damage_is_survived(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct dice d = {3};
    size_t refused = 0, tried = 0;
    bl_ctx_init(&x, NOW_US);
    for (unsigned n = 0; n < 40; n++) {
        struct bl_buf b = {0};
        struct bl_fact f = any_fact(&x.arena, &d, n);
        bl_fact_pack(&b, &f);
        for (size_t i = 0; i < 2 * b.n; i++) {
            char *exact = bl_xmalloc(b.n);
            memcpy(exact, b.p, b.n);
            size_t left = i < b.n ? b.n : i - b.n;
            if (i < b.n)
                exact[i] = (char)(exact[i] + 1 + (char)roll(&d, 255));
            struct bl_rd r = bl_rd_of((struct bl_str){exact, left});
            struct bl_fact_digests digests;
            enum bl_err e = bl_fact_unpack(&x, &r, &f, &digests);
            assert_true(e == BL_OK || e == BL_INTERNAL);
            assert_true(left == b.n || e == BL_INTERNAL);
            refused += e != BL_OK;
            tried++;
            free(exact);
        }
        bl_buf_release(&b);
    }
    assert_true(refused > tried / 2 && refused < tried);
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(good_event),
            cmocka_unit_test(attributes),
            cmocka_unit_test(broken_events),
            cmocka_unit_test(data_members),
            cmocka_unit_test(limits),
            cmocka_unit_test(null_resets),
            cmocka_unit_test(same_content),
            cmocka_unit_test(order),
            cmocka_unit_test(binary_mode),
            cmocka_unit_test(batches),
            cmocka_unit_test(packed_facts_come_back),
            cmocka_unit_test(packed_facts_hold_nothing_personal),
            cmocka_unit_test(damage_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
