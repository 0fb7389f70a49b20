/* Scopes: a word for each thing a token may do, as bits. A route asks for any of its bits; the two wide words
 * become the bits of all that they cover when they are read, so that no route needs to name them. */
#include "work/inner.h"

#include <string.h>

enum side { CUSTOMER, OPERATOR };
static const struct {
    const char *text;
    uint32_t bit;
    enum side side;
} scopes[] = {
#define S(name, text, side) {text, WORK_SCOPE(name), side},
#include "work/scopes.def"
#undef S
};

static bool reads(const char *text)
{
    size_t n = strlen(text);
    return n > 5 && strcmp(text + n - 5, ":read") == 0;
}

/* The customer's scopes that api:read, or api:write, stands for. */
static uint32_t covered(bool only_reads)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < BL_COUNT(scopes); i++)
        if (scopes[i].side == CUSTOMER && (!only_reads || reads(scopes[i].text)))
            bits |= scopes[i].bit;
    return only_reads ? bits : bits & ~WORK_SCOPE(API_READ);
}

uint32_t work_scopes_customer(void)
{
    return covered(true) | covered(false);
}

const char *const *work_scope_words(size_t *ret_n)
{
    static const char *const words[] = {
#define S(name, text, side) text,
#include "work/scopes.def"
#undef S
    };
    *ret_n = BL_COUNT(words);
    return words;
}

bool work_scope_find(struct bl_str text, uint32_t *ret)
{
    for (size_t i = 0; i < BL_COUNT(scopes); i++)
        if (bl_str_is(text, scopes[i].text)) {
            *ret = scopes[i].bit;
            return true;
        }
    return false;
}

enum bl_err work_scopes_parse(struct bl_ctx *x, struct bl_str text, uint32_t *ret)
{
    uint32_t bits = 0;
    for (size_t at = 0; at < text.n;) {
        size_t end = at;
        while (end < text.n && text.p[end] != ' ' && text.p[end] != ',')
            end++;
        struct bl_str one = {text.p + at, end - at};
        uint32_t bit = 0;
        at = end + 1;
        if (one.n == 0)
            continue;
        if (!work_scope_find(one, &bit))
            return bl_fail(x, BL_INVALID, "scope: there is no scope %s.", bl_shown(&x->arena, one));
        bits |= bit;
    }
    if (bits & WORK_SCOPE(API_READ))
        bits |= covered(true);
    if (bits & WORK_SCOPE(API_WRITE))
        bits |= covered(false);
    *ret = bits;
    return BL_OK;
}

struct bl_str work_scopes_text(struct bl_ctx *x, uint32_t bits)
{
    struct bl_str text = BL_STR("");
    for (size_t i = 0; i < BL_COUNT(scopes); i++) { /* the wide words stand first in the table */
        if (!(bits & scopes[i].bit))
            continue;
        text = bl_str_printf(&x->arena, "%.*s%s%s", BL_FMT(text), text.n ? " " : "", scopes[i].text);
        bits &= ~scopes[i].bit;
        if (scopes[i].bit == WORK_SCOPE(API_READ))
            bits &= ~covered(true);
        if (scopes[i].bit == WORK_SCOPE(API_WRITE))
            bits &= ~covered(false);
    }
    return text;
}
