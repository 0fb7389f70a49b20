/* Tables of facts: each row becomes the event it says, however the bytes come in pieces, and what is wrong
 * names its row. */
#include "facts.h"

#define TEAM "do:team:0c0a1b2c-1111-4222-8333-444455556666"
#define UUID "a01b0000-0000-0000-0000-000000000001"
#define NOW_US (OCTOBER_US + 10 * DAY_US)

/* All of it, fed `step` bytes more at a time. */
static enum bl_err csv(struct bl_ctx *x, struct bl_str all, size_t step, struct bl_buf *ret)
{
    struct bl_ctx scratch;
    struct bl_csv_events *c = bl_csv_events_new(x);
    size_t at = 0, have = 0, used = 0;
    enum bl_err e = BL_OK;
    bl_ctx_init(&scratch, 0);
    for (bool last = false; e == BL_OK && !last; at += used) {
        last = have >= all.n;
        have = all.n - have > step ? have + step : all.n;
        bl_ctx_reset(&scratch, 0);
        char *exact = bl_xmalloc(have - at); /* so that a byte read past what was given shows */
        memcpy(exact, all.p + at, have - at);
        e = bl_csv_events_feed(&scratch, c, (struct bl_str){exact, have - at}, last, ret, &used);
        free(exact);
    }
    if (e != BL_OK)
        bl_fail(x, e, "%s", scratch.why);
    bl_ctx_release(&scratch);
    return e;
}

static void rows_become_events(void **state)
{
#define V "{\"specversion\":\"1.0\","
    static const struct {
        const char *csv, *json; /* json: the lines, or after '!' a part of the reason */
    } rows[] = {
            {"", ""},
            {"id\n", ""},
            {"id", ""},
            {"id\n\n\r\n", ""},
            {"id,source\n1,s", V "\"id\":\"1\",\"source\":\"s\",\"data\":{}}\n"},
            {"id,source\r\n1,s\r\n2,t\r\n", V "\"id\":\"1\",\"source\":\"s\",\"data\":{}}\n" V
                                              "\"id\":\"2\",\"source\":\"t\",\"data\":{}}\n"},
            {"id\r1\r2", V "\"id\":\"1\",\"data\":{}}\n" V "\"id\":\"2\",\"data\":{}}\n"},
            {"\xef\xbb\xbfid\n1\n", V "\"id\":\"1\",\"data\":{}}\n"},
            {"\xef\xbb\xbf\"id\"\n1\n", V "\"id\":\"1\",\"data\":{}}\n"},
            {"id,meter,quantity\n1,m,\n2,,3\n", V "\"id\":\"1\",\"data\":{\"meter\":\"m\"}}\n" V
                                                  "\"id\":\"2\",\"data\":{\"quantity\":\"3\"}}\n"},
            {"meter,id\nm\n", V "\"data\":{\"meter\":\"m\"}}\n"},
            {"id,name\n\"a,b\",\"say \"\"hi\"\"\nthere\"\n",
                    V "\"id\":\"a,b\",\"data\":{\"name\":\"say \\\"hi\\\"\\nthere\"}}\n"},
            {"id\n\"\"\"\"\n", V "\"id\":\"\\\"\",\"data\":{}}\n"},
            {"id,name\n\"\",\"\"\n", V "\"data\":{}}\n"},
            {"id,tags\n1,a;b c\n2,a\n", V "\"id\":\"1\",\"data\":{\"tags\":[\"a\",\"b c\"]}}\n" V
                                          "\"id\":\"2\",\"data\":{\"tags\":[\"a\"]}}\n"},
            {"resource_id,tax_exempt\n12,true\n0,false\n012,TRUE\n-1,1\n",
                    V "\"data\":{\"resource_id\":12,\"tax_exempt\":true}}\n" V
                      "\"data\":{\"resource_id\":0,\"tax_exempt\":false}}\n" V
                      "\"data\":{\"resource_id\":\"012\",\"tax_exempt\":\"TRUE\"}}\n" V
                      "\"data\":{\"resource_id\":\"-1\",\"tax_exempt\":\"1\"}}\n"},
            {"id,data.source,data.id,source\n1,s,2,t\n",
                    V "\"id\":\"1\",\"source\":\"t\",\"data\":{\"source\":\"s\",\"id\":\"2\"}}\n"},
            {"type,subject,time,resource,sku,region,city\na,b,c,d,e,f,g\n",
                    V "\"type\":\"a\",\"subject\":\"b\",\"time\":\"c\",\"data\":{\"resource\":\"d\",\"sku\":"
                      "\"e\","
                      "\"region\":\"f\",\"city\":\"g\"}}\n"},
            {"name\na\xff\"b\\\n", V "\"data\":{\"name\":\"a\xff\\u0022b\\u005c\"}}\n"},
            {"id,colour\n", "!row 1: there is no column colour"},
            {"id,data.meter\n", "!no column data.meter"},
            {"id,\n", "!no column "},
            {"ID\n", "!no column ID"},
            {"id,id\n", "!the column id stands twice"},
            {"region,region\n", "!the column region stands twice"},
            {"id\n1,2\n", "!row 2: 2 cells under 1 columns"},
            {"id\r\n1\r\n1,2\r\n", "!row 3: 2 cells under 1 columns"},
            {"id\n1\n\"2", "!row 3: a quoted cell does not end"},
            {"id\n\"2\"x\n", "!row 2: text behind a quoted cell"},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < BL_COUNT(rows); i++)
        for (size_t step = 1; step < 60; step = step < 8 ? step + 1 : step * 7) {
            struct bl_buf b = {0};
            enum bl_err e = csv(&x, bl_str_of(rows[i].csv), step, &b);
            bool bad = rows[i].json[0] == '!';
            bl_buf_byte(&b, 0);
            CHECK((e != BL_OK) == bad, "%s by %zu: %s", rows[i].csv, step, e ? x.why : "accepted");
            if (bad)
                CHECK(strstr(x.why, rows[i].json + 1) != NULL, "%s: %s", rows[i].csv, x.why);
            else
                CHECK_TEXT(b.p, rows[i].json, rows[i].csv);
            bl_buf_release(&b);
        }
    bl_ctx_release(&x);
}

static void limits(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_buf in = {0}, out = {0};
    bl_ctx_init(&x, NOW_US);
    for (int i = 0; i < 65; i++)
        bl_buf_z(&in, "id,");
    bl_buf_byte(&in, '\n');
    assert_int_equal(csv(&x, bl_buf_view(&in), in.n, &out), BL_BAD_REQUEST);
    in.n = 0;
    bl_buf_z(&in, "id\n\"");
    for (int i = 0; i < 2000000; i++)
        bl_buf_byte(&in, 'x');
    assert_int_equal(csv(&x, bl_buf_view(&in), 65536, &out), BL_BAD_REQUEST);
    assert_non_null(strstr(x.why, "longer than 1 MiB"));
    bl_buf_release(&in);
    bl_buf_release(&out);
    bl_ctx_release(&x);
}

static void same_as_the_event(void **state)
{
    static const char event[] =
            "{\"specversion\":\"1.0\",\"id\":\"e1\",\"source\":\"src\",\"type\":\"resource.create\","
            "\"subject\":\"" TEAM "\",\"time\":\"2026-10-05T06:07:08.123456Z\",\"data\":{\"resource\":\"" UUID
            "\",\"quantity\":2.5,\"name\":\"web, \\u00e9\",\"tags\":[\"a\",\"b\"],\"resource_id\":7}}";
    static const char table[] = "id,source,type,subject,time,resource,quantity,name,tags,resource_id\n"
                                "e1,src,resource.create," TEAM ",2026-10-05T06:07:08.123456Z," UUID
                                ",2.50,\"web, \xc3\xa9\",a;b,7\n";
    (void)state;
    struct bl_ctx x;
    struct bl_buf b = {0};
    struct bl_fact from_row, from_event;
    struct bl_str id;
    bl_ctx_init(&x, NOW_US);
    assert_int_equal(csv(&x, BL_STR(table), 1000, &b), BL_OK);
    assert_int_equal(bl_fact_parse(&x, bl_buf_view(&b), NOW_US, &from_row, &id), BL_OK);
    assert_int_equal(bl_fact_parse(&x, BL_STR(event), NOW_US, &from_event, &id), BL_OK);
    assert_true(bl_fact_same(&from_row, &from_event) && bl_fact_order(&from_row, &from_event) == 0);
    bl_buf_release(&b);
    bl_ctx_release(&x);
}

/* A cell that is not UTF-8, or holds U+0000, refuses its row: it is not mended in silence. */
static void no_cell_is_mended(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_buf b = {0};
    struct bl_fact f;
    struct bl_str id;
    bl_ctx_init(&x, NOW_US);
    assert_int_equal(csv(&x, BL_STR("id,name\n1,caf\xe9\n"), 1000, &b), BL_OK);
    assert_int_equal(bl_fact_parse(&x, bl_buf_view(&b), NOW_US, &f, &id), BL_INVALID);
    assert_non_null(strstr(x.why, "not UTF-8"));
    b.n = 0;
    assert_int_equal(csv(&x, BL_STR("id,name\n1,a\0b\n"), 1000, &b), BL_OK);
    assert_int_equal(bl_fact_parse(&x, bl_buf_view(&b), NOW_US, &f, &id), BL_INVALID);
    assert_non_null(strstr(x.why, "U+0000"));
    bl_buf_release(&b);
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(rows_become_events),
            cmocka_unit_test(limits),
            cmocka_unit_test(same_as_the_event),
            cmocka_unit_test(no_cell_is_mended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
