/* A bill as CSV, one row a line of the document, in its order: the money column adds up to the amount. */
#include "render/render.h"

#include <string.h>

/* Written with quotes around when a reader would otherwise split or trim it. */
static void put_cell(struct bl_buf *b, struct bl_str s, bool guarded)
{
    bool formula = guarded && s.n > 0 && memchr("=+-@\t\r", s.p[0], 6) != NULL;
    bool quoted = false;
    for (size_t i = 0; i < s.n && !quoted; i++)
        quoted = memchr(",\"\r\n", s.p[i], 4) != NULL;
    if (quoted)
        bl_buf_byte(b, '"');
    if (formula)
        bl_buf_byte(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            bl_buf_byte(b, '"');
        bl_buf_byte(b, (uint8_t)s.p[i]);
    }
    if (quoted)
        bl_buf_byte(b, '"');
}

struct bl_str bl_render_money(struct bl_ctx *x, const struct bl_bill *b, bl_amount a)
{
    char text[32];
    size_t n = bl_amount_text(a, b->digits, text);
    if (!bl_str_is(b->currency, "USD"))
        return bl_str_dup(&x->arena, (struct bl_str){text, n});
    bool negative = text[0] == '-';
    return bl_str_printf(&x->arena, "%s$%s", negative ? "-" : "", text + negative);
}

static void put_row(struct bl_ctx *x, const struct bl_bill *b, const struct bl_row *r, struct bl_buf *ret)
{
    char start[32], end[32];
    bl_time_text_csv(r->start_s, start);
    bl_time_text_csv(r->end_s, end);
    const struct {
        struct bl_str text;
        bool guarded;
    } cells[] = {
            {r->product, true},
            {r->group, true},
            {r->description, true},
            {r->duration, false},
            {bl_str_of(start), false},
            {bl_str_of(end), false},
            {bl_render_money(x, b, r->amount), false},
            {r->project, true},
            {r->category, true},
    };
    for (size_t i = 0; i < BL_COUNT(cells); i++) {
        if (i > 0)
            bl_buf_byte(ret, ',');
        put_cell(ret, cells[i].text, cells[i].guarded);
    }
    bl_buf_byte(ret, '\n');
}

void bl_render_csv(struct bl_ctx *x, const struct bl_bill *b, struct bl_buf *ret)
{
    bl_buf_z(ret, "product,group_description,description,hours,start,end,");
    put_cell(ret, b->currency, false);
    bl_buf_z(ret, ",project_name,category\n");
    for (size_t i = 0; i < b->n_row; i++)
        put_row(x, b, &b->row[i], ret);
}
