/* base: arena, strings, buffers and packed forms, errors, ids, digests. */
#include "unit.h"

#define ALL64 UINT64_MAX
#define ALL128 (~(unsigned __int128)0)

static void arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4096, 16384, 16385, 100000, 3000000};
    struct bl_arena a;
    bl_arena_init(&a);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < BL_COUNT(sizes); i++) {
            unsigned char *p = bl_alloc(&a, sizes[i]);
            assert_non_null(p);
            CHECK((uintptr_t)p % 16 == 0, "size %zu", sizes[i]);
            for (size_t k = 0; k < sizes[i]; k++)
                CHECK(p[k] == 0, "byte %zu of %zu", k, sizes[i]);
            memset(p, 0xee, sizes[i]);
        }
        assert_true(a.used >= 3000000);
        struct bl_arena_chunk *first = a.first;
        bl_arena_reset(&a);
        assert_int_equal(a.used, 0);
        assert_ptr_equal(a.first, first);
        assert_ptr_equal(a.at, first);
    }
    bl_arena_release(&a);
    assert_null(a.first);
    bl_arena_release(&a);
}

static void push_grows(void **state)
{
    (void)state;
    struct bl_arena a;
    bl_arena_init(&a);
    struct {
        int *at;
        size_t n, cap;
    } v = {0};
    for (int i = 0; i < 10000; i++) {
        int *p = BL_PUSH(&a, v);
        assert_int_equal(*p, 0);
        *p = i;
    }
    assert_int_equal(v.n, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(v.at[i], i);
    bl_arena_release(&a);
}

static void strings_compare(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        int cmp;
    } rows[] = {
            {NULL, NULL, 0},
            {NULL, "", -1},
            {"", NULL, 1},
            {"", "", 0},
            {"a", "", 1},
            {"a", "b", -1},
            {"a", "ab", -1},
            {"\xff", "a", 1},
            {"abc", "abc", 0},
            {"Z", "a", -1},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_str a = bl_str_of(rows[i].a), b = bl_str_of(rows[i].b);
        CHECK(bl_str_cmp(a, b) == rows[i].cmp, "row %zu", i);
        CHECK(bl_str_cmp(b, a) == -rows[i].cmp, "row %zu turned round", i);
        CHECK(bl_str_eq(a, b) == (rows[i].cmp == 0), "row %zu", i);
    }
    assert_true(bl_str_is(BL_STR("x"), "x"));
    assert_false(bl_str_is(BL_ABSENT, ""));
}

static void strings_copy(void **state)
{
    (void)state;
    struct bl_arena a;
    bl_arena_init(&a);
    assert_false(bl_is(bl_str_dup(&a, BL_ABSENT)));
    struct bl_str empty = bl_str_dup(&a, BL_STR(""));
    assert_true(bl_is(empty));
    assert_int_equal(empty.p[empty.n], 0);
    struct bl_str nul = bl_str_dup(&a, (struct bl_str){"a\0b", 3});
    assert_memory_equal(nul.p, "a\0b", 4);
    assert_true(bl_str_is(bl_str_printf(&a, "%d-%s", 7, "x"), "7-x"));
    assert_string_equal(bl_shown(&a, BL_STR("a\x01\xc3\xa9z")), "a???z");
    assert_string_equal(bl_shown(&a, BL_ABSENT), "");
    char big[200];
    memset(big, 'q', sizeof big);
    assert_int_equal(strlen(bl_shown(&a, (struct bl_str){big, sizeof big})), 63);
    bl_arena_release(&a);
}

static void utf8_is_strict(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        bool ok;
    } rows[] = {
            {"", 0, true},
            {"plain ascii, longer than eight", 30, true},
            {"caf\xc3\xa9", 5, true},
            {"\xe2\x82\xac", 3, true},
            {"\xf0\x9f\x98\x80", 4, true},
            {"\xf4\x8f\xbf\xbf", 4, true},      /* the last one there is */
            {"\xf4\x90\x80\x80", 4, false},     /* one more */
            {"\xf8\x88\x80\x80\x80", 5, false}, /* five bytes */
            {"\xc0\x80", 2, false},             /* U+0000, spelt longer */
            {"\xc1\xbf", 2, false},             /* longer than needed */
            {"\xe0\x9f\xbf", 3, false},         /* longer than needed */
            {"\xf0\x8f\xbf\xbf", 4, false},     /* longer than needed */
            {"\xed\xa0\x80", 3, false},         /* a surrogate */
            {"\xed\x9f\xbf", 3, true},          /* just below them */
            {"\xee\x80\x80", 3, true},          /* just above them */
            {"\x80", 1, false},                 /* a tail alone */
            {"\xc3", 1, false},                 /* cut short */
            {"\xe2\x82", 2, false},
            {"\xf0\x9f\x98", 3, false},
            {"\xc3z", 2, false},
            {"\xe2z\xac", 3, false},
            {"\xf0\x9f\x98z", 4, false},
            {"a\0b", 3, false},
            {"eightbyt\0", 9, false},
            {"1234567\0", 8, false},
            {"12345678\xff", 9, false},
            {"\xff", 1, false},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++)
        CHECK(bl_utf8_ok((struct bl_str){rows[i].text, rows[i].n}) == rows[i].ok, "row %zu", i);
}

static void numbers_pack_and_unpack(void **state)
{
    (void)state;
    static const uint64_t u[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, INT64_MAX, ALL64 - 1, ALL64};
    static const int64_t s[] = {0, 1, -1, 63, -64, 64, INT32_MIN, INT64_MAX, INT64_MIN, INT64_MIN + 1};
    const unsigned __int128 w[] = {0, 127, 128, ALL64, (unsigned __int128)ALL64 + 1, ALL128 >> 1, ALL128};
    struct bl_buf b = {0};
    for (size_t i = 0; i < BL_COUNT(u); i++)
        bl_put_uv(&b, u[i]);
    for (size_t i = 0; i < BL_COUNT(s); i++)
        bl_put_sv(&b, s[i]);
    for (size_t i = 0; i < BL_COUNT(w); i++)
        bl_put_u128(&b, w[i]);
    bl_put_str(&b, BL_ABSENT);
    bl_put_str(&b, BL_STR(""));
    bl_put_str(&b, BL_STR("text"));
    bl_buf_byte(&b, 9);

    struct bl_rd r = bl_rd_of(bl_buf_view(&b));
    for (size_t i = 0; i < BL_COUNT(u); i++)
        CHECK(bl_get_uv(&r) == u[i], "row %zu", i);
    for (size_t i = 0; i < BL_COUNT(s); i++)
        CHECK(bl_get_sv(&r) == s[i], "row %zu", i);
    for (size_t i = 0; i < BL_COUNT(w); i++)
        CHECK(bl_get_u128(&r) == w[i], "row %zu", i);
    assert_false(bl_is(bl_get_str(&r)));
    struct bl_str empty = bl_get_str(&r);
    assert_true(bl_is(empty) && empty.n == 0);
    assert_true(bl_str_is(bl_get_str(&r), "text"));
    const uint8_t *last = bl_get_bytes(&r, 1);
    assert_non_null(last);
    assert_int_equal(*last, 9);
    assert_false(r.bad);
    assert_ptr_equal(r.p, r.end);
    assert_null(bl_get_bytes(&r, 1));
    assert_true(r.bad);
    bl_buf_release(&b);
}

static void broken_packs_are_bad(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bytes;
        size_t n;
        char kind; /* u: 64 bits, w: 128 bits, s: string */
    } rows[] = {
            {"nothing there", "", 0, 'u'},
            {"never ends", "\x80\x80", 2, 'u'},
            {"zero, spelt longer", "\x80\x00", 2, 'u'},
            {"65 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 'u'},
            {"eleven bytes", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 'u'},
            {"129 bits", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x04", 19,
                    'w'},
            {"twenty bytes",
                    "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 20,
                    'w'},
            {"longer than what is there",
                    "\x05"
                    "abc",
                    4, 's'},
            {"longest string", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, 's'},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        struct bl_rd r = bl_rd_of((struct bl_str){rows[i].bytes, rows[i].n});
        if (rows[i].kind == 'u')
            CHECK(bl_get_uv(&r) == 0, "%s", rows[i].what);
        else if (rows[i].kind == 'w')
            CHECK(bl_get_u128(&r) == 0, "%s", rows[i].what);
        else
            CHECK(!bl_is(bl_get_str(&r)), "%s", rows[i].what);
        CHECK(r.bad, "%s", rows[i].what);
        CHECK(bl_get_uv(&r) == 0 && bl_get_sv(&r) == 0 && !bl_is(bl_get_str(&r)), "%s: bad stays",
                rows[i].what);
    }
    struct bl_rd absent = bl_rd_of(BL_ABSENT);
    assert_int_equal(bl_get_uv(&absent), 0);
    assert_true(absent.bad);
}

static void buffer_grows(void **state)
{
    (void)state;
    struct bl_buf b = {0};
    assert_true(bl_is(bl_buf_view(&b)));
    bl_buf_put(&b, NULL, 0);
    bl_buf_str(&b, BL_ABSENT);
    for (int i = 0; i < 2000; i++)
        bl_buf_printf(&b, "%04d", i);
    bl_buf_z(&b, "end");
    assert_int_equal(b.n, 8003);
    assert_memory_equal(b.p + 4 * 1234, "1234", 4);
    assert_memory_equal(b.p + 8000, "end", 3);
    bl_buf_reserve(&b, 100000);
    assert_true(b.cap >= 108003);
    bl_buf_release(&b);
    assert_null(b.p);
}

static void failing_keeps_the_sentence(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 42);
    assert_int_equal(x.now_us, 42);
    assert_int_equal(bl_fail(&x, BL_NOT_FOUND, "no %s here", "droplet"), BL_NOT_FOUND);
    assert_string_equal(x.why, "no droplet here");
    assert_int_equal(bl_fail(&x, BL_INVALID, "once more: %s", x.why), BL_INVALID);
    assert_string_equal(x.why, "once more: no droplet here");
    assert_int_equal(x.err, BL_INVALID);

    char wide[1201];
    for (size_t i = 0; i < 1200; i += 3)
        memcpy(wide + i, "\xe2\x82\xac", 3);
    wide[1200] = '\0';
    for (int shift = 0; shift < 3; shift++) {
        bl_fail(&x, BL_INVALID, "%.*s%s", shift, "abc", wide);
        struct bl_str why = bl_str_of(x.why);
        CHECK(why.n >= 509 && why.n < sizeof x.why && bl_utf8_ok(why), "cut after %d: %zu bytes", shift,
                why.n);
    }
    bl_ctx_reset(&x, 43);
    assert_int_equal(x.err, BL_OK);
    assert_string_equal(x.why, "");
    bl_ctx_release(&x);
}

static void errors_have_rows(void **state)
{
    (void)state;
    for (int e = BL_OK + 1; e < BL_ERR_COUNT; e++) {
        CHECK(bl_err_status((enum bl_err)e) >= 400 && bl_err_status((enum bl_err)e) < 600, "error %d", e);
        CHECK(strlen(bl_err_id((enum bl_err)e)) > 0 && strlen(bl_err_text((enum bl_err)e)) > 0, "error %d",
                e);
    }
    assert_int_equal(bl_err_status(BL_OK), 200);
    assert_int_equal(bl_err_status(BL_OVERFLOW), 409);
    assert_string_equal(bl_err_id(BL_NOT_FOUND), "not_found");
}

static void uuids(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool ok;
    } rows[] = {
            {"4d3c2b1a-0000-4fff-8abc-0123456789ab", true},
            {"4D3C2B1A-0000-4FFF-8ABC-0123456789AB", true},
            {"4d3c2b1a-0000-4fff-8abc-0123456789a", false},
            {"4d3c2b1a-0000-4fff-8abc-0123456789abc", false},
            {"4d3c2b1a00000-4fff-8abc-0123456789ab", false},
            {"4d3c2b1a-0000-4fff-8abc_0123456789ab", false},
            {"4d3c2b1g-0000-4fff-8abc-0123456789ab", false},
            {"4d3c2b1a-0000-4fff-8abc-012345678-ab", false},
            {"{d3c2b1a-0000-4fff-8abc-0123456789ab", false},
            {"", false},
            {NULL, false},
    };
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        bl_uuid u;
        char text[37];
        CHECK(bl_uuid_parse(bl_str_of(rows[i].text), &u) == rows[i].ok, "row %zu", i);
        if (rows[i].ok) {
            bl_uuid_text(u, text);
            assert_string_equal(text, "4d3c2b1a-0000-4fff-8abc-0123456789ab");
        }
    }
    bl_uuid a = {{1}}, b = {{1, 0, 0xff}};
    assert_int_equal(bl_uuid_cmp(a, b), -1);
    assert_int_equal(bl_uuid_cmp(b, a), 1);
    assert_int_equal(bl_uuid_cmp(a, a), 0);
    const char *team = "do:team:4d3c2b1a-0000-4fff-8abc-0123456789ab";
    assert_true(bl_urn_parse(bl_str_of(team), BL_URN_TEAM, &a));
    assert_int_equal(a.b[0], 0x4d);
    assert_false(bl_urn_parse(bl_str_of(team), BL_URN_TEAMGROUP, &a));
    assert_false(bl_urn_parse(BL_STR("do:team:"), BL_URN_TEAM, &a));
    assert_false(bl_urn_parse(BL_STR("DO:TEAM:4d3c2b1a-0000-4fff-8abc-0123456789ab"), BL_URN_TEAM, &a));
    assert_false(bl_urn_parse(BL_ABSENT, BL_URN_TEAM, &a));
}

static void digests(void **state)
{
    (void)state;
    /* the check values published with each algorithm */
    assert_int_equal(bl_crc32c("123456789", 9), 0xe3069283);
    assert_int_equal(bl_crc32c("", 0), 0);
    uint8_t zeros[32] = {0};
    assert_int_equal(bl_crc32c(zeros, 32), 0x8a9136aa);
    uint8_t sum[32];
    char hex[65];
    bl_sha256("abc", 3, sum);
    bl_hex(sum, 32, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    bl_sha256("", 0, sum);
    bl_hex(sum, 32, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(arena_gives_zeroed_aligned_memory),
            cmocka_unit_test(push_grows),
            cmocka_unit_test(strings_compare),
            cmocka_unit_test(strings_copy),
            cmocka_unit_test(utf8_is_strict),
            cmocka_unit_test(numbers_pack_and_unpack),
            cmocka_unit_test(broken_packs_are_bad),
            cmocka_unit_test(buffer_grows),
            cmocka_unit_test(failing_keeps_the_sentence),
            cmocka_unit_test(errors_have_rows),
            cmocka_unit_test(uuids),
            cmocka_unit_test(digests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
