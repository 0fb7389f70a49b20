/* Below the rows: the sums that make the total, notes that taxes require, where to pay; and the foot of every
 * page. */
#include "pdf/paper.h"

#define KINDS (BL_ROW_CREDIT + 1)
#define SUMS_X (LEFT + 275)
#define SUMS_W (RIGHT - SUMS_X)

static double sum_line(struct paper *p, double y, const char *label, bl_amount a)
{
    struct spot at = {.style = BODY, .ink = GREY, .x = SUMS_X, .y = y, .w = SUMS_W / 2};
    paper_text(p, at, bl_str_of(label));
    at = (struct spot){.style = BODY, .align = AT_RIGHT, .x = SUMS_X + SUMS_W / 2, .y = y};
    at.w = SUMS_W / 2 - TABLE_INSET;
    at.figure = true;
    return y + paper_text(p, at, say_money(p, a)) + 3.5;
}

static double total(struct paper *p, double y)
{
    paper_rule(p, SUMS_X, y + 2, SUMS_W, 0.8, ACCENT, 1);
    struct spot at = {.style = SECTION, .ink = ACCENT, .x = SUMS_X, .y = y + 8, .w = SUMS_W / 2};
    paper_text(p, at, say_total(p));
    at.align = AT_RIGHT;
    at.x = SUMS_X + SUMS_W / 2;
    at.w = SUMS_W / 2 - TABLE_INSET;
    at.figure = true;
    return y + 8 + paper_text(p, at, say_money_of(p, p->b->amount)) + 4;
}

static double sums(struct paper *p, double y)
{
    const struct bl_bill *b = p->b;
    const bl_amount amounts[KINDS] = {b->items, b->overages, b->adjustments, b->taxes, b->credits};
    bool has[KINDS] = {false};
    for (size_t i = 0; i < b->n_row; i++)
        has[b->row[i].kind] = true;
    for (size_t i = 0; i < KINDS; i++)
        if (has[i])
            y = sum_line(p, y, table_section((enum bl_row_kind)i), amounts[i]);
    return total(p, y);
}

/* ---- beside the sums: what taxes require to be said, and where to pay */

struct paragraph {
    const char *title;
    struct bl_str text;
};
static const struct spot body = {
        .style = BODY, .x = LEFT, .w = SUMS_X - LEFT - 24, .lines = 12, .broken = true};

/* Each note once, with the tax it is for. */
static struct bl_str notes(struct paper *p)
{
    const struct bl_bill *b = p->b;
    struct bl_str all = BL_ABSENT, last = BL_ABSENT;
    for (size_t i = 0; i < b->n_row; i++) {
        const struct bl_row *r = &b->row[i];
        if (r->kind != BL_ROW_TAX || r->tax_note.n == 0 || bl_str_eq(r->tax_note, last))
            continue;
        last = r->tax_note;
        struct bl_str one = bl_str_printf(&p->x->arena, "%.*s: %.*s", BL_FMT(r->tax_name), BL_FMT(last));
        all = say_joined(p, "\n", all, one);
    }
    return all;
}

static struct bl_str payment(struct paper *p)
{
    if (!owes(p) || p->b->seller.bank.n == 0)
        return BL_ABSENT;
    struct bl_str id = bl_invoice_id(p->x, p->b);
    return bl_str_printf(&p->x->arena, "%.*s\nReference: %.*s", BL_FMT(p->b->seller.bank), BL_FMT(id));
}

static double paragraph(struct paper *p, double y, const struct paragraph *of)
{
    if (of->text.n == 0)
        return y;
    struct spot at = {.style = LABEL, .ink = GREY, .x = LEFT, .y = y, .w = body.w};
    y += paper_text(p, at, bl_str_of(of->title)) + 2;
    at = body;
    at.y = y;
    return y + paper_text(p, at, of->text) + 10;
}

static void paragraphs(struct paper *p, struct paragraph ret[2])
{
    ret[0] = (struct paragraph){"Payment", payment(p)};
    ret[1] = (struct paragraph){"Notes", notes(p)};
}

double end_height(struct paper *p)
{
    struct paragraph left[2];
    double beside = 0, below = 34;
    for (size_t i = 0; i < p->b->n_row; i++)
        if (i == 0 || p->b->row[i].kind != p->b->row[i - 1].kind)
            below += p->line[BODY] + 3.5;
    paragraphs(p, left);
    for (size_t i = 0; i < BL_COUNT(left); i++)
        if (left[i].text.n > 0)
            beside += 24 + paper_measure(p, body, left[i].text);
    return 18 + (beside > below ? beside : below);
}

void end_all(struct paper *p)
{
    struct paragraph left[2];
    paragraphs(p, left);
    paper_need(p, end_height(p));
    p->y += 18;
    double y = p->y, end = sums(p, y);
    for (size_t i = 0; i < BL_COUNT(left); i++)
        y = paragraph(p, y, &left[i]);
    p->y = y > end ? y : end;
}

void foot(struct paper *p)
{
    double y = PAGE_H - 54;
    struct bl_str of = bl_str_printf(&p->x->arena, "Page %d of %d", p->page, p->pages);
    paper_rule(p, LEFT, y, WIDTH, 0.4, GREY, 0.5);
    struct spot at = {
            .style = FINE, .ink = GREY, .x = LEFT, .y = y + 6, .w = WIDTH - 90, .lines = 3, .broken = true};
    paper_text(p, at, p->b->seller.foot);
    at = (struct spot){.style = FINE, .ink = GREY, .align = AT_RIGHT, .x = RIGHT - 80, .y = y + 6, .w = 80};
    paper_text(p, at, of);
}
