/* Cutting a body into the raw texts of its events, unread: a broken event is found by its own reading and
 * spoils no other. Lines are cut at their ends, an array where its elements end. */
#include "fact/fact.h"

#include <string.h>

struct cut {
    struct bl_str *at;
    size_t n, cap;
};

static bool blank(struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] != ' ' && s.p[i] != '\t' && s.p[i] != '\r' && s.p[i] != '\n')
            return false;
    return true;
}

static enum bl_err put(struct bl_ctx *x, struct cut *c, struct bl_str each, size_t max)
{
    if (c->n == max)
        return bl_fail(x, BL_TOO_LARGE, "A batch holds at most %zu events.", max);
    *BL_PUSH(&x->arena, *c) = each;
    return BL_OK;
}

static enum bl_err lines(struct bl_ctx *x, struct bl_str body, size_t max, struct cut *c)
{
    const char *p = body.p, *end = body.p + body.n;
    while (p < end) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        struct bl_str line = {p, (size_t)((nl ? nl : end) - p)};
        p = nl ? nl + 1 : end;
        if (!blank(line))
            BL_TRY(put(x, c, line, max));
    }
    return BL_OK;
}

static enum bl_err elements(struct bl_ctx *x, struct bl_str body, size_t max, struct cut *c)
{
    struct bl_json_reader r;
    struct bl_str each;
    bool more = false;
    bl_json_reader_init(&r, x, body);
    BL_TRY(bl_json_enter_array(&r));
    for (;;) {
        BL_TRY(bl_json_cut_element(&r, &each, &more));
        if (!more)
            return bl_json_end(&r);
        BL_TRY(put(x, c, each, max));
    }
}

enum bl_err bl_batch_split(
        struct bl_ctx *x, enum bl_batch_form form, struct bl_str body, size_t max, struct bl_batch_cut *ret)
{
    struct cut c = {0};
    if (body.n == 0)
        body = BL_STR("");
    if (form == BL_BATCH_NDJSON)
        BL_TRY(lines(x, body, max, &c));
    else if (form == BL_BATCH_ARRAY)
        BL_TRY(elements(x, body, max, &c));
    else if (blank(body))
        return bl_fail(x, BL_BAD_REQUEST, "The body is empty; an event is expected.");
    else
        BL_TRY(put(x, &c, body, max));
    *ret = (struct bl_batch_cut){c.at, c.n};
    return BL_OK;
}
