/* File names of a bill. They travel in a header and end up on disks of every make, so that only characters
 * pass which mean nothing to any of them. */
#include "render/render.h"

#include <string.h>

static bool passes(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr(" -()", c) != NULL);
}

struct bl_str bl_render_file_name(struct bl_ctx *x, const struct bl_bill *b, bool preview, const char *ending)
{
    char period[8];
    bl_period_text(b->period, period);
    struct bl_str number = bl_str_dup(&x->arena, b->number);
    char *kept = bl_alloc(&x->arena, number.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < number.n; i++)
        if (passes(number.p[i]))
            kept[n++] = number.p[i];
    struct bl_str of =
            preview ? BL_STR("preview") : bl_str_printf(&x->arena, "%lld", (long long)b->invoice_n);
    return bl_str_printf(&x->arena, "Invoice %.4s %s (%.*s-%.*s).%s", period, bl_month_abbr(b->period),
            (int)n, kept, BL_FMT(of), ending);
}
