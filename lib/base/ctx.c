/* The call context, and the table of ways to fail. A failure is a row (what kind: status and wire id) and a
 * sentence (what exactly: for the person who has to act), kept in the context of the call that failed. */
#include "base/base.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct err_row {
    int status;
    const char *id, *text;
};

static const struct err_row err_rows[BL_ERR_COUNT] = {
        [BL_OK] = {200, "ok", "Done."},
#define ERR(name, status, id, text) [BL_##name] = {status, id, text},
#include "base/errors.def"
#undef ERR
};

static const struct err_row *row_of(enum bl_err e)
{
    assert((unsigned)e < BL_ERR_COUNT);
    return &err_rows[e];
}

int bl_err_status(enum bl_err e)
{
    return row_of(e)->status;
}
const char *bl_err_id(enum bl_err e)
{
    return row_of(e)->id;
}
const char *bl_err_text(enum bl_err e)
{
    return row_of(e)->text;
}

void bl_ctx_init(struct bl_ctx *x, int64_t now_us)
{
    *x = (struct bl_ctx){.now_us = now_us};
    bl_arena_init(&x->arena);
}

void bl_ctx_reset(struct bl_ctx *x, int64_t now_us)
{
    bl_arena_reset(&x->arena);
    x->now_us = now_us;
    x->err = BL_OK;
    x->why[0] = '\0';
}

void bl_ctx_release(struct bl_ctx *x)
{
    bl_arena_release(&x->arena);
    x->err = BL_OK;
    x->why[0] = '\0';
}

/* A sentence cut at the end of its room must not end in half a character: it goes out as JSON. */
static void drop_half_character(char *z)
{
    size_t n = strlen(z), back = 0;
    while (back < 3 && back < n && ((unsigned char)z[n - 1 - back] & 0xc0) == 0x80)
        back++;
    if (back == n)
        return;
    unsigned char lead = (unsigned char)z[n - 1 - back];
    size_t needs = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
    if (needs > back)
        z[n - 1 - back] = '\0';
}

enum bl_err bl_fail(struct bl_ctx *x, enum bl_err e, const char *fmt, ...)
{
    assert(e != BL_OK);
    char why[sizeof x->why]; /* the arguments may point into the sentence being replaced */
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(why, sizeof why, fmt, args);
    va_end(args);
    if (n >= (int)sizeof why)
        drop_half_character(why);
    memcpy(x->why, why, sizeof why);
    x->err = e;
    return e;
}
