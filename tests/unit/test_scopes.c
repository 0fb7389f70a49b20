/* Scopes as words and as bits: what one list allows of another is said in words that mean just that. */
#include "work/work.h"

#include <setjmp.h>
#include <cmocka.h>

static uint32_t bits_of(struct bl_ctx *x, const char *words)
{
    uint32_t bits = 0;
    assert_int_equal(work_scopes_parse(x, bl_str_of(words), &bits), BL_OK);
    return bits;
}

static void words_and_bits_say_the_same(void **state)
{
    (void)state;
    size_t n = 0;
    const char *const *word = work_scope_words(&n);
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t a = 0; a < n; a++)
        for (size_t b = 0; b < n; b++) {
            uint32_t one = bits_of(&x, word[a]), two = bits_of(&x, word[b]);
            assert_int_equal(bits_of(&x, work_scopes_text(&x, one | two).p), one | two);
            assert_int_equal(bits_of(&x, work_scopes_text(&x, one & two).p), one & two);
        }
    bl_ctx_release(&x);
}

static const struct {
    const char *asked, *has, *allowed;
} cases[] = {
        {"api:read api:write", "api:read api:write", "api:read api:write"},
        {"api:read", "api:read api:write", "api:read"},
        {"api:read api:write", "api:read", "api:read"},
        {"api:read", "billing:read", "billing:read"},
        {"billing:read", "api:read", "billing:read"},
        {"api:read api:write", "billing:read,app:update", "app:update billing:read"},
        {"billing:read", "account:read", ""},
        {"app:update", "api:read", ""},
};

static void asked_and_had(void **state)
{
    (void)state;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (size_t i = 0; i < BL_COUNT(cases); i++) {
        struct bl_str text = work_scopes_text(&x, bits_of(&x, cases[i].asked) & bits_of(&x, cases[i].has));
        if (!bl_str_is(text, cases[i].allowed))
            fail_msg("%s of %s: %.*s", cases[i].asked, cases[i].has, BL_FMT(text));
    }
    bl_ctx_release(&x);
}

static const struct {
    const char *number;
    int64_t owner; /* 0: one drawn from the uuid */
} owners[] = {{"4711", 4711}, {"0000000001", 1}, {"999999999999999", 999999999999999},
        {"1000000000000000", 0}, {"", 0}, {"ACME-1", 0}, {"12a", 0}, {"-1", 0}};

static void owner_numbers(void **state)
{
    (void)state;
    bl_uuid u = {.b = {1, 2, 3}}, other = {.b = {1, 2, 4}};
    int64_t drawn = work_owner_number(u, BL_ABSENT);
    assert_true(drawn >= 0 && drawn < INT64_C(10000000000));
    assert_true(drawn != work_owner_number(other, BL_ABSENT));
    for (size_t i = 0; i < BL_COUNT(owners); i++)
        assert_int_equal(
                work_owner_number(u, bl_str_of(owners[i].number)), owners[i].owner ? owners[i].owner : drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(words_and_bits_say_the_same),
            cmocka_unit_test(asked_and_had),
            cmocka_unit_test(owner_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
