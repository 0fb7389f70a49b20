/* JSON: what is accepted is exactly what the grammar allows (jansson is asked too), texts come back as they
 * were meant, cutting finds the same ends as reading, and what is written can be read. */
#include <jansson.h>

#include "json/json.h"
#include "unit.h"

static bool reads(struct bl_ctx *x, struct bl_str text)
{
    struct bl_json *tree = NULL;
    enum bl_err e = bl_json_parse(x, text, &tree);
    assert_true(e == BL_OK || (e == BL_BAD_REQUEST && strncmp(x->why, "JSON at byte ", 13) == 0));
    return e == BL_OK;
}

/* ---- the grammar */

static void accepts_and_refuses(void **state)
{
    static const struct {
        const char *text, *why; /* why: NULL when accepted, else a part of the sentence */
    } rows[] = {
            {"{}", NULL},
            {" \t\r\n{ \t\r\n} \t\r\n", NULL},
            {"[]", NULL},
            {"[ ]", NULL},
            {"[1]", NULL},
            {"[1 , 2]", NULL},
            {"null", NULL},
            {"true", NULL},
            {"false", NULL},
            {"\"\"", NULL},
            {"0", NULL},
            {"-0", NULL},
            {"-0.0", NULL},
            {"1e5", NULL},
            {"1E+5", NULL},
            {"1.50e-5", NULL},
            {"123456789012345678901234567890", NULL},
            {"{\"a\":{\"a\":1},\"b\":{\"a\":2}}", NULL},
            {"{\"\":1}", NULL},
            {"{\"a\":1,\"A\":1}", NULL},
            {"[{\"a\":1},{\"a\":1}]", NULL},
            {"\"\xc2\x80\"", NULL},
            {"\"\xdf\xbf\"", NULL},
            {"\"\xe0\xa0\x80\"", NULL},
            {"\"\xed\x9f\xbf\"", NULL},
            {"\"\xee\x80\x80\"", NULL},
            {"\"\xf0\x90\x80\x80\"", NULL},
            {"\"\xf4\x8f\xbf\xbf\"", NULL},
            {"\"\x7f\"", NULL},
            {"\"\\ud83d\\ude00\"", NULL},
            {"\"\\uD800\\uDC00\"", NULL},
            {"\"\\uffff\"", NULL},
            {"\"\\u0001\"", NULL},
            {"", "a value is missing"},
            {" ", "a value is missing"},
            {"{", "a member needs a name"},
            {"[", "a value is missing"},
            {"}", "a value is missing"},
            {"[1,]", "a value is missing"},
            {"[,1]", "a value is missing"},
            {"[1 2]", "a comma or ] is missing"},
            {"[1}", "a comma or ] is missing"},
            {"[1", "a comma or ] is missing"},
            {"{\"a\":1,}", "a member needs a name"},
            {"{,}", "a member needs a name"},
            {"{\"a\"}", "a colon is missing"},
            {"{\"a\" 1}", "a colon is missing"},
            {"{\"a\":}", "a value is missing"},
            {"{a:1}", "a member needs a name"},
            {"{1:1}", "a member needs a name"},
            {"{\"a\":1 \"b\":2}", "a comma or } is missing"},
            {"{\"a\":1", "a comma or } is missing"},
            {"{\"a\":1,\"a\":2}", "the name \"a\" twice"},
            {"{\"a\":1,\"\\u0061\":2}", "the name \"a\" twice"},
            {"{\"\":1,\"\":2}", "twice"},
            {"[{\"x\":{\"k\":1,\"l\":2,\"k\":3}}]", "the name \"k\" twice"},
            {"{}{}", "more after the value"},
            {"1 2", "more after the value"},
            {"nul", "an unknown word"},
            {"nulL", "an unknown word"},
            {"tru", "an unknown word"},
            {"falsey", "more after the value"},
            {"NaN", "a value is missing"},
            {"Infinity", "a value is missing"},
            {"-", "a number without digits"},
            {"-a", "a number without digits"},
            {"+1", "a value is missing"},
            {".5", "a value is missing"},
            {"01", "a leading zero"},
            {"-01", "a leading zero"},
            {"00", "a leading zero"},
            {"1.", "a decimal point without digits"},
            {"1.e1", "a decimal point without digits"},
            {"1e", "an exponent without digits"},
            {"1e+", "an exponent without digits"},
            {"0x1", "more after the value"},
            {"\"", "does not end"},
            {"\"a", "does not end"},
            {"\"a\\", "does not end"},
            {"\"a\\\"", "does not end"},
            {"\"abcdefghijklmnopqrstuvwxyz", "does not end"},
            {"\"\\x41\"", "an unknown escape"},
            {"\"\\u12\"", "four hexadecimal digits"},
            {"\"\\u12g4\"", "four hexadecimal digits"},
            {"\"\\u0000\"", "U+0000"},
            {"\"\\ud800\"", "a lone surrogate"},
            {"\"\\udc00\"", "a lone surrogate"},
            {"\"\\ud800\\ud800\"", "a lone surrogate"},
            {"\"\\ud800\\u0041\"", "a lone surrogate"},
            {"\"\\ud800x\"", "a lone surrogate"},
            {"\"\n\"", "a raw control character"},
            {"\"abcdefghijklmnopqrs\ttuvw\"", "a raw control character"},
            {"\"\\n\x01\"", "a raw control character"},
            {"\"\x80\"", "not UTF-8"},
            {"\"\xc0\x80\"", "not UTF-8"},
            {"\"\xc1\xbf\"", "not UTF-8"},
            {"\"\xc3\"", "not UTF-8"},
            {"\"\xe0\x9f\xbf\"", "not UTF-8"},
            {"\"\xed\xa0\x80\"", "not UTF-8"},
            {"\"\xf0\x8f\xbf\xbf\"", "not UTF-8"},
            {"\"\xf4\x90\x80\x80\"", "not UTF-8"},
            {"\"\xf5\x80\x80\x80\"", "not UTF-8"},
            {"\"\xff\"", "not UTF-8"},
            {"\"\\n\xc3(\"", "not UTF-8"},
            {"\xef\xbb\xbf{}", "a value is missing"},
            {"{\"a\":1}\xff", "more after the value"},
            {"{\"\xff\":1}", "not UTF-8"},
            {"'a'", "a value is missing"},
            {"[1]/**/", "more after the value"},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        bool ok = reads(&x, bl_str_of(rows[i].text));
        CHECK(ok == !rows[i].why, "%s: %s", rows[i].text, ok ? "accepted" : x.why);
        if (rows[i].why)
            CHECK(strstr(x.why, rows[i].why) != NULL, "%s: %s", rows[i].text, x.why);
        bl_ctx_reset(&x, 0);
    }
    assert_false(reads(&x, (struct bl_str){"\"\0\"", 3}));
    assert_false(reads(&x, (struct bl_str){"1\0", 2}));
    assert_false(reads(&x, BL_ABSENT));
    bl_ctx_release(&x);
}

/* Text of `open` n times, then `inside`, then `close` n times. */
static struct bl_str nest(struct bl_ctx *x, const char *open, const char *inside, const char *close, size_t n)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < n; i++)
        bl_buf_z(&b, open);
    bl_buf_z(&b, inside);
    for (size_t i = 0; i < n; i++)
        bl_buf_z(&b, close);
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s;
}

static void depth_is_bounded(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    assert_true(reads(&x, nest(&x, "[", "1", "]", 64)));
    assert_false(reads(&x, nest(&x, "[", "1", "]", 65)));
    assert_non_null(strstr(x.why, "deeper than 64"));
    assert_true(reads(&x, nest(&x, "{\"a\":", "1", "}", 64)));
    assert_false(reads(&x, nest(&x, "{\"a\":", "1", "}", 65)));
    assert_false(reads(&x, nest(&x, "[", "", "", 1000000)));
    assert_false(reads(&x, nest(&x, "{\"a\":[", "", "", 1000000)));

    /* The pull reader counts what it entered itself. */
    struct bl_json_reader r;
    struct bl_json_value v;
    bool more = false;
    for (size_t n = 63; n <= 64; n++) {
        bl_json_reader_init(&r, &x, nest(&x, "[", "1", "]", n + 1));
        assert_int_equal(bl_json_enter_array(&r), BL_OK);
        assert_int_equal(bl_json_next_element(&r, &v, &more), n == 63 ? BL_OK : BL_BAD_REQUEST);
    }
    bl_ctx_release(&x);
}

/* An object of n members; the last has the name of member `again`, when that is below n - 1. */
static struct bl_str members(struct bl_ctx *x, size_t n, size_t again)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < n; i++)
        bl_buf_printf(&b, "%s\"k%zu\":%zu", i ? "," : "{", i == n - 1 && again < i ? again : i, i);
    bl_buf_z(&b, "}");
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s;
}

static void names_stand_once(void **state)
{
    static const size_t sizes[] = {2, 15, 16, 17, 18, 63, 64, 65, 66, 1000, 10000};
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(sizes); i++) {
        size_t n = sizes[i];
        CHECK(reads(&x, members(&x, n, n)), "%zu members: %s", n, x.why);
        for (size_t again = 0; again < n - 1; again += 1 + n / 7)
            CHECK(!reads(&x, members(&x, n, again)), "%zu members, the last as number %zu", n, again);
        bl_ctx_reset(&x, 0);
    }
    assert_false(reads(&x, members(&x, 10001, 10001)));
    assert_non_null(strstr(x.why, "10,000"));
    bl_ctx_release(&x);
}

/* ---- texts */

static void texts_come_back(void **state)
{
    static const struct {
        const char *json, *text;
    } rows[] = {
            {"\"\"", ""},
            {"\"plain\"", "plain"},
            {"\"0123456789abcdef\"", "0123456789abcdef"},
            {"\"0123456789abcdefg\"", "0123456789abcdefg"},
            {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
            {"\"0123456789abcde\\n0123456789abcdef\"", "0123456789abcde\n0123456789abcdef"},
            {"\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"", "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
            {"\"\\u00E9\\uFFFD\"", "\xc3\xa9\xef\xbf\xbd"},
            {"\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
            {"\"\xc3\xa9\\n\xc3\xa9\"", "\xc3\xa9\n\xc3\xa9"},
            {"12.50e3", "12.50e3"},
            {"true", "true"},
            {"[ 1 , {\"a\" : 2} ]", "[ 1 , {\"a\" : 2} ]"},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_json *t = NULL;
        assert_int_equal(bl_json_parse(&x, bl_str_of(rows[i].json), &t), BL_OK);
        CHECK(bl_str_is(t->text, rows[i].text), "%s: got %.*s", rows[i].json, BL_FMT(t->text));
    }
    struct bl_json *t = NULL;
    assert_int_equal(bl_json_parse(&x, BL_STR("null"), &t), BL_OK);
    assert_false(bl_is(t->text));
    bl_ctx_release(&x);
}

static void strings_without_escapes_are_borrowed(void **state)
{
    static const char text[] = "{\"some name\":\"some text\",\"other\":[\"x\",{\"y\":1}],\"n\":12}";
    (void)state;
    struct bl_ctx x;
    struct bl_json_reader r;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    bl_ctx_init(&x, 0);
    bl_json_reader_init(&r, &x, BL_STR(text));
    assert_int_equal(bl_json_enter_object(&r), BL_OK);
    for (;;) {
        assert_int_equal(bl_json_next_member(&r, &key, &v, &more), BL_OK);
        if (!more)
            break;
        assert_true(key.p > text && key.p < text + sizeof text);
        assert_true(v.text.p > text && v.text.p < text + sizeof text);
    }
    assert_int_equal(bl_json_end(&r), BL_OK);
    assert_int_equal(x.arena.used, 0);
    bl_ctx_release(&x);
}

/* ---- readers */

static void tree_of_a_body(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_json *t = NULL;
    bl_ctx_init(&x, 0);
    assert_int_equal(bl_json_parse(&x,
                             BL_STR("{\"s\":\"text\",\"n\":null,\"list\":[1,true,{}],\"in\":{\"s\":\"inner\"}"
                                    ",\"e\":\"\"}"),
                             &t),
            BL_OK);
    assert_int_equal(t->type, BL_JSON_OBJECT);
    assert_int_equal(t->n, 5);
    assert_true(bl_str_is(bl_json_str(t, "s"), "text"));
    assert_true(bl_str_is(bl_json_str(bl_json_get(t, "in"), "s"), "inner"));
    assert_true(bl_str_is(bl_json_str(t, "e"), ""));
    assert_false(bl_is(bl_json_str(t, "n")));
    assert_false(bl_is(bl_json_str(t, "list")));
    assert_false(bl_is(bl_json_str(t, "absent")));
    assert_null(bl_json_get(t, "S"));
    assert_null(bl_json_get(NULL, "s"));
    const struct bl_json *list = bl_json_get(t, "list");
    assert_null(bl_json_get(list, "s"));
    assert_int_equal(list->n, 3);
    assert_int_equal(list->first->type, BL_JSON_NUMBER);
    assert_true(list->first->next->truth);
    assert_int_equal(list->first->next->next->n, 0);
    assert_null(list->first->next->next->next);
    bl_ctx_release(&x);
}

static void inner_objects_are_read_on_the_way(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_json_reader r, in;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    bl_ctx_init(&x, 0);
    bl_json_reader_init(&r, &x, BL_STR("{\"a\" : {\"a\":1 , \"b\":[2]} , \"b\":3}"));
    assert_int_equal(bl_json_enter_object(&r), BL_OK);
    assert_int_equal(bl_json_next_name(&r, &key, &more), BL_OK);
    assert_true(more && bl_str_is(key, "a") && bl_json_at(&r) == BL_JSON_OBJECT);
    bl_json_inner(&r, &in);
    assert_int_equal(bl_json_enter_object(&in), BL_OK);
    assert_int_equal(bl_json_next_member(&in, &key, &v, &more), BL_OK);
    assert_true(bl_str_is(key, "a") && bl_str_is(v.text, "1"));
    assert_int_equal(bl_json_next_member(&in, &key, &v, &more), BL_OK);
    assert_true(bl_str_is(key, "b") && bl_str_is(v.text, "[2]"));
    assert_int_equal(bl_json_next_member(&in, &key, &v, &more), BL_OK);
    assert_false(more);
    bl_json_outer(&r, &in);
    assert_int_equal(bl_json_next_member(&r, &key, &v, &more), BL_OK);
    assert_true(more && bl_str_is(key, "b") && bl_str_is(v.text, "3"));
    assert_int_equal(bl_json_next_member(&r, &key, &v, &more), BL_OK);
    assert_false(more);
    assert_int_equal(bl_json_end(&r), BL_OK);
    bl_ctx_release(&x);
}

static void inner_arrays_too(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct bl_json_reader r, in;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    int n = 0;
    bl_ctx_init(&x, 0);
    bl_json_reader_init(&r, &x, BL_STR("{\"a\":[1,[2]],\"b\":[]}"));
    assert_int_equal(bl_json_enter_object(&r), BL_OK);
    for (;;) {
        assert_int_equal(bl_json_next_name(&r, &key, &more), BL_OK);
        if (!more)
            break;
        assert_int_equal(bl_json_at(&r), BL_JSON_ARRAY);
        bl_json_inner(&r, &in);
        assert_int_equal(bl_json_enter_array(&in), BL_OK);
        for (;;) {
            assert_int_equal(bl_json_next_element(&in, &v, &more), BL_OK);
            if (!more)
                break;
            n++;
        }
        bl_json_outer(&r, &in);
    }
    assert_int_equal(n, 2);
    assert_int_equal(bl_json_end(&r), BL_OK);
    bl_ctx_release(&x);
}

static void cutting(void **state)
{
    static const struct {
        const char *text, *cuts; /* cuts: joined by '|'; "!" at the end when it fails there */
    } rows[] = {
            {"[]", ""},
            {" [ ] ", ""},
            {"[{}]", "{}"},
            {"[{},{}]", "{}|{}"},
            {" [ {\"a\":1} , [2] ] ", "{\"a\":1}|[2]"},
            {"[{\"a\":\"}]\"},2]", "{\"a\":\"}]\"}|2"},
            {"[{\"a\":\"\\\"}\"},2]", "{\"a\":\"\\\"}\"}|2"},
            {"[\"]\",\"\\\\\",\"\\\"\"]", "\"]\"|\"\\\\\"|\"\\\"\""},
            {"[nonsense,{\"a\" oops},01]", "nonsense|{\"a\" oops}|01"},
            {"[{\"a\":1]}]", "{\"a\":1]|!"},
            {"[\"\x01\xff\",{}]", "\"\x01\xff\"|{}"},
            {"[{\"a\":1,\"a\":1},{}]", "{\"a\":1,\"a\":1}|{}"},
            {"[{} {}]", "{}|!"},
            {"[{},]", "{}|!"},
            {"[,{}]", "!"},
            {"[{}", "{}|!"},
            {"[{", "!"},
            {"[{\"a", "!"},
            {"[{\"a\\\"", "!"},
            {"[}", "!"},
            {"[1\"a\"]", "1|!"},
            {"[{}]x", "{}|!"},
            {"{}", "!"},
            {"", "!"},
    };
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_json_reader r;
        struct bl_str raw;
        bool more = true;
        char got[200] = "";
        bl_json_reader_init(&r, &x, bl_str_of(rows[i].text));
        enum bl_err e = bl_json_enter_array(&r);
        while (e == BL_OK && more) {
            e = bl_json_cut_element(&r, &raw, &more);
            if (e == BL_OK && more)
                snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", got[0] ? "|" : "",
                        BL_FMT(raw));
        }
        if (e == BL_OK)
            e = bl_json_end(&r);
        if (e != BL_OK)
            snprintf(got + strlen(got), sizeof got - strlen(got), "%s!", got[0] ? "|" : "");
        CHECK_TEXT(got, rows[i].cuts, rows[i].text);
    }
    bl_ctx_release(&x);
}

/* ---- jansson as oracle, over texts that are nearly JSON */

struct rng {
    uint64_t s;
};
static unsigned roll(struct rng *g, unsigned n)
{
    g->s = g->s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(g->s >> 33) % n;
}

static void some_value(struct rng *g, struct bl_buf *b, int depth)
{
    static const char *const scalars[] = {"null", "true", "false", "0", "-0", "12", "-3.25", "1e3", "2E-2",
            "\"\"", "\"a\"", "\"\\u00e9\"", "\"\\ud83d\\ude00\"", "\"\xc3\xa9\"", "\"\\n\\\"\\\\\"",
            "\"a rather long text without escapes\"", "\"\\/\\b\"", "[]", "{}", "\"\xf0\x9f\x98\x80\""};
    unsigned kind = depth > 0 ? roll(g, 4) : 3;
    unsigned n = roll(g, 4);
    if (kind > 1) {
        bl_buf_z(b, scalars[roll(g, BL_COUNT(scalars))]);
        return;
    }
    bl_buf_z(b, kind ? "{" : "[");
    for (unsigned i = 0; i < n; i++) {
        bl_buf_z(b, i ? ", " : "");
        if (kind)
            bl_buf_printf(b, "\"k%u\":", roll(g, 30));
        some_value(g, b, depth - 1);
    }
    bl_buf_z(b, kind ? "}" : " ]");
}

static void spoil(struct rng *g, struct bl_buf *b)
{
    static const char bytes[] = "{}[]\",:\\ue0129.-+ntf \n\t\x01\x80\xc3\xa9\xed\xf4\xff";
    for (unsigned times = roll(g, 3); times > 0 && b->n > 0; times--) {
        size_t at = roll(g, (unsigned)b->n);
        switch (roll(g, 3)) {
        case 0:
            b->p[at] = bytes[roll(g, sizeof bytes - 1)];
            break;
        case 1:
            memmove(b->p + at, b->p + at + 1, b->n - at - 1);
            b->n--;
            break;
        default:
            bl_buf_byte(b, ' ');
            memmove(b->p + at + 1, b->p + at, b->n - at - 1);
            b->p[at] = bytes[roll(g, sizeof bytes - 1)];
        }
    }
}

/* jansson reads numbers into machine types and refuses those too large; these it may judge alone. */
static bool number_trouble(const json_error_t *e)
{
    return json_error_code(e) == json_error_numeric_overflow;
}

static void as_jansson_judges(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct rng g = {20261125};
    size_t good = 0, bad = 0;
    bl_ctx_init(&x, 0);
    for (int i = 0; i < 60000; i++) {
        struct bl_buf b = {0};
        json_error_t error;
        some_value(&g, &b, 4);
        spoil(&g, &b);
        struct bl_str text = bl_str_dup(&x.arena, bl_buf_view(&b));
        json_t *theirs = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
        bool ours = reads(&x, text);
        if (theirs || !number_trouble(&error))
            CHECK(ours == (theirs != NULL), "%s: ours %.100s, theirs %.100s", bl_shown(&x.arena, text),
                    ours ? "yes" : x.why, theirs ? "yes" : error.text);
        good += ours;
        bad += !ours;
        json_decref(theirs);
        bl_buf_release(&b);
        bl_ctx_reset(&x, 0);
    }
    assert_true(good > 10000 && bad > 10000); /* both sides were met */
    bl_ctx_release(&x);
}

/* Strings and numbers of a tree as jansson has them. */
static void same_tree(const struct bl_json *ours, const json_t *theirs)
{
    switch (ours->type) {
    case BL_JSON_OBJECT:
        assert_int_equal(ours->n, json_object_size(theirs));
        for (const struct bl_json *m = ours->first; m; m = m->next) {
            char key[64];
            snprintf(key, sizeof key, "%.*s", BL_FMT(m->key));
            assert_non_null(json_object_get(theirs, key));
            same_tree(m, json_object_get(theirs, key));
        }
        return;
    case BL_JSON_ARRAY: {
        size_t i = 0;
        for (const struct bl_json *m = ours->first; m; m = m->next)
            same_tree(m, json_array_get(theirs, i++));
        assert_int_equal(i, json_array_size(theirs));
        return;
    }
    case BL_JSON_STRING:
        assert_int_equal(ours->text.n, json_string_length(theirs));
        assert_memory_equal(ours->text.p, json_string_value(theirs), ours->text.n);
        return;
    case BL_JSON_NUMBER:
        assert_true(strtod(ours->text.p, NULL) == json_number_value(theirs));
        return;
    case BL_JSON_BOOL:
        assert_int_equal(ours->truth, json_is_true(theirs));
        return;
    case BL_JSON_NULL:
        assert_true(json_is_null(theirs));
    }
}

static void trees_as_jansson_reads(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct rng g = {7};
    int met = 0;
    bl_ctx_init(&x, 0);
    for (int i = 0; i < 5000; i++) {
        struct bl_buf b = {0};
        struct bl_json *ours = NULL;
        some_value(&g, &b, 5);
        bl_buf_byte(&b, 0);
        b.n--;
        json_t *theirs = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
        if (theirs) {
            assert_int_equal(bl_json_parse(&x, bl_buf_view(&b), &ours), BL_OK);
            same_tree(ours, theirs);
            met++;
        }
        json_decref(theirs);
        bl_buf_release(&b);
        bl_ctx_reset(&x, 0);
    }
    assert_true(met > 2000);
    bl_ctx_release(&x);
}

/* ---- writing */

static void writing(void **state)
{
    (void)state;
    struct bl_buf b = {0};
    struct bl_jw w;
    bl_jw_init(&w, &b);
    bl_jw_begin_object(&w);
    bl_jw_kstr(&w, "s", BL_STR("a\"b\\c\n\x01\xc3\xa9\x7f/"));
    bl_jw_kstr(&w, "none", BL_ABSENT);
    bl_jw_kz(&w, "z", "z");
    bl_jw_kint(&w, "least", INT64_MIN);
    bl_jw_kint(&w, "most", INT64_MAX);
    bl_jw_kint(&w, "zero", 0);
    bl_jw_kint(&w, "less", -42);
    bl_jw_kbool(&w, "yes", true);
    bl_jw_key(&w, "list");
    bl_jw_begin_array(&w);
    bl_jw_begin_array(&w);
    bl_jw_end_array(&w);
    bl_jw_begin_object(&w);
    bl_jw_end_object(&w);
    bl_jw_null(&w);
    bl_jw_bool(&w, false);
    bl_jw_raw(&w, BL_STR("1.50"));
    bl_jw_end_array(&w);
    bl_jw_kstr(&w, "bad", BL_STR("a\xff\xc3(\xed\xa0\x80"));
    bl_jw_end_object(&w);
    bl_buf_byte(&b, 0);
    CHECK_TEXT(b.p,
            "{\"s\":\"a\\\"b\\\\c\\n\\u0001\xc3\xa9\x7f/"
            "\",\"none\":null,\"z\":\"z\",\"least\":-9223372036854775808,"
            "\"most\":9223372036854775807,\"zero\":0,\"less\":-42,\"yes\":true,\"list\":[[],{},null,false,1."
            "50],"
            "\"bad\":\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"}",
            "the whole");
    bl_buf_release(&b);
}

static void what_is_written_can_be_read(void **state)
{
    (void)state;
    struct bl_ctx x;
    struct rng g = {99};
    bl_ctx_init(&x, 0);
    for (int i = 0; i < 20000; i++) {
        char bytes[40];
        size_t n = roll(&g, sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(roll(&g, 3) ? 1 + roll(&g, 127) : 1 + roll(&g, 255));
        struct bl_str s = {bytes, n};
        struct bl_buf b = {0};
        struct bl_jw w;
        struct bl_json *t = NULL;
        bl_jw_init(&w, &b);
        bl_jw_str(&w, s);
        CHECK(bl_json_parse(&x, bl_buf_view(&b), &t) == BL_OK, "%s", x.why);
        if (bl_utf8_ok(s))
            assert_true(bl_str_eq(t->text, s));
        bl_buf_release(&b);
        bl_ctx_reset(&x, 0);
    }
    bl_ctx_release(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(accepts_and_refuses),
            cmocka_unit_test(depth_is_bounded),
            cmocka_unit_test(names_stand_once),
            cmocka_unit_test(texts_come_back),
            cmocka_unit_test(strings_without_escapes_are_borrowed),
            cmocka_unit_test(tree_of_a_body),
            cmocka_unit_test(inner_objects_are_read_on_the_way),
            cmocka_unit_test(inner_arrays_too),
            cmocka_unit_test(cutting),
            cmocka_unit_test(as_jansson_judges),
            cmocka_unit_test(trees_as_jansson_reads),
            cmocka_unit_test(writing),
            cmocka_unit_test(what_is_written_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
