/* The rows: sections, products with their sums, lines. A page that begins amid them says the columns again,
 * and the product it is in. */
#include "pdf/paper.h"

#define PAD 2.8
#define DESCRIPTION_LINES 8 /* the longest name there may be, in most scripts */

enum { DESCRIPTION, QUANTITY, PRICE, HOURS, MONEY, COLUMNS };
#define EDGE (RIGHT - TABLE_INSET)
static const struct {
    double x, w;
    enum align align;
    const char *title;
} columns[COLUMNS] = {
        [DESCRIPTION] = {LEFT + TABLE_INSET, 188, AT_LEFT, "Description"},
        [QUANTITY] = {EDGE - 296, 72, AT_RIGHT, "Quantity"},
        [PRICE] = {EDGE - 218, 116, AT_RIGHT, "Unit price"},
        [HOURS] = {EDGE - 98, 34, AT_RIGHT, "Hours"},
        [MONEY] = {EDGE - 60, 60, AT_RIGHT, NULL},
};

static double cell(
        struct paper *p, int column, enum style style, enum ink ink, double y, int lines, struct bl_str text)
{
    struct spot at = {
            .style = style, .ink = ink, .align = columns[column].align, .x = columns[column].x, .y = y};
    at.w = columns[column].w;
    at.lines = lines;
    at.figure = column == QUANTITY || column == MONEY || column == HOURS;
    return paper_text(p, at, text);
}

void table_columns(struct paper *p)
{
    for (int i = 0; i < COLUMNS; i++) {
        struct bl_str title = bl_str_of(columns[i].title);
        if (i == MONEY)
            title = bl_str_printf(&p->x->arena, "%.*s", BL_FMT(p->b->currency));
        cell(p, i, LABEL, GREY, p->y, 1, title);
    }
    p->y += p->line[LABEL] + 3;
    paper_rule(p, LEFT, p->y, WIDTH, 0.8, ACCENT, 1);
    p->y += 3;
}

/* ---- one row */

static struct bl_str quantity_of(struct paper *p, const struct bl_row *r)
{
    /* Hours have a column of their own. */
    if (bl_str_is(r->unit, "Hours") && r->duration.n > 0)
        return BL_STR("1");
    return say_joined(p, " ", say_grouped(p, r->quantity), r->unit);
}

static struct bl_str moment(struct paper *p, int64_t s)
{
    struct bl_civil c = bl_civil_of(s * BL_US);
    return bl_str_printf(
            &p->x->arena, "%d %s %02d:%02d", c.day, bl_month_abbr(bl_period_of(s * BL_US)), c.hour, c.minute);
}

/* "from 18 Mar 11:00", "until 10 Mar 15:40", both; nothing for what ran the whole period. */
static struct bl_str span(struct paper *p, const struct bl_row *r)
{
    bool late = r->start_s > bl_period_start_s(p->b->period),
         ended = r->end_s < bl_period_start_s(p->b->period + 1);
    struct bl_str from = late ? moment(p, r->start_s) : BL_ABSENT,
                  to = ended ? moment(p, r->end_s) : BL_ABSENT;
    if (late && ended)
        return say_joined(p, " \xe2\x80\x93 ", from, to);
    if (late)
        return bl_str_printf(&p->x->arena, "from %.*s", BL_FMT(from));
    return ended ? bl_str_printf(&p->x->arena, "until %.*s", BL_FMT(to)) : BL_ABSENT;
}

/* Where it is and whose, and when. */
static struct bl_str remark(struct paper *p, const struct bl_row *r)
{
    if (r->kind != BL_ROW_ITEM && r->kind != BL_ROW_OVERAGE)
        return BL_ABSENT;
    const char *dot = " \xc2\xb7 ";
    struct bl_str t = say_joined(p, dot, r->region, r->project);
    return say_joined(p, dot, say_joined(p, dot, t, r->group), span(p, r));
}

/* Adjustments, taxes and credits use the room of the columns they have nothing in. */
static double wide(const struct bl_row *r)
{
    bool line = r->kind == BL_ROW_ITEM || r->kind == BL_ROW_OVERAGE;
    return line ? columns[DESCRIPTION].w : columns[MONEY].x - LEFT - 20;
}

static struct spot text_at(const struct bl_row *r, double y)
{
    return (struct spot){.x = columns[DESCRIPTION].x, .y = y, .w = wide(r), .lines = DESCRIPTION_LINES};
}

static struct spot remark_at(const struct bl_row *r, double y)
{
    return (struct spot){
            .style = FINE, .ink = GREY, .x = columns[DESCRIPTION].x, .y = y, .w = wide(r), .lines = 2};
}

static double measure(struct paper *p, const struct bl_row *r)
{
    const struct spot price_at = {.align = AT_RIGHT, .w = columns[PRICE].w, .lines = 2};
    double text = paper_measure(p, text_at(r, 0), r->description);
    double price = paper_measure(p, price_at, say_grouped(p, r->unit_price));
    text += paper_measure(p, remark_at(r, 0), remark(p, r));
    return (text > price ? text : price) + 2 * PAD;
}

static void draw(struct paper *p, const struct bl_row *r)
{
    double y = p->y + PAD;
    double below = y + paper_text(p, text_at(r, y), r->description);
    paper_text(p, remark_at(r, below), remark(p, r));
    if (r->kind == BL_ROW_ITEM || r->kind == BL_ROW_OVERAGE) {
        cell(p, QUANTITY, BODY, INK, y, 1, quantity_of(p, r));
        cell(p, PRICE, BODY, INK, y, 2, say_grouped(p, r->unit_price));
        cell(p, HOURS, BODY, INK, y, 1, r->duration);
    }
    cell(p, MONEY, BODY, INK, y, 1, say_money(p, r->amount));
}

static void measure_all(struct paper *p)
{
    for (size_t i = 0; i < p->b->n_row; i++)
        p->height[i] = measure(p, &p->b->row[i]);
    p->end_height = end_height(p);
}

/* The last row keeps company with the sums. */
static double row_needs(const struct paper *p, size_t i)
{
    return p->height[i] + (i + 1 == p->b->n_row ? p->end_height : 0);
}

static void row(struct paper *p, size_t i)
{
    const struct bl_row *r = &p->b->row[i];
    paper_need(p, row_needs(p, i));
    if (p->cr != NULL)
        draw(p, r);
    p->y += p->height[i];
    paper_rule(p, LEFT, p->y - 0.2, WIDTH, 0.35, GREY, 0.25);
}

/* ---- what groups them */

static const char *const sections[] = {
        [BL_ROW_ITEM] = "Usage",
        [BL_ROW_OVERAGE] = "Overages",
        [BL_ROW_ADJUSTMENT] = "Adjustments",
        [BL_ROW_TAX] = "Taxes",
        [BL_ROW_CREDIT] = "Credits",
};

const char *table_section(enum bl_row_kind kind)
{
    return sections[kind];
}

static bool grouped(const struct bl_row *r)
{
    return r->kind == BL_ROW_ITEM || r->kind == BL_ROW_OVERAGE;
}

static bool same_group(const struct bl_row *a, const struct bl_row *b)
{
    return a->kind == b->kind && bl_str_eq(a->product, b->product);
}

#define SECTION_H 28.0
#define PRODUCT_H 20.0

/* What must stay together with a section's title: a first line, or all of a short ending. */
static double section_needs(const struct paper *p, size_t i)
{
    const struct bl_bill *b = p->b;
    double first = SECTION_H + PRODUCT_H + row_needs(p, i), all = SECTION_H + p->end_height;
    if (grouped(&b->row[i]) || b->n_row - i > 6)
        return first;
    for (size_t j = i; j < b->n_row; j++)
        all += p->height[j] + (j > i && b->row[j].kind != b->row[j - 1].kind ? SECTION_H : 0);
    return all;
}

static void section(struct paper *p, size_t i)
{
    p->product = BL_ABSENT;
    paper_need(p, section_needs(p, i));
    p->y += 7;
    struct spot at = {.style = SECTION, .ink = ACCENT, .x = LEFT, .y = p->y, .w = WIDTH};
    p->y += paper_text(p, at, bl_str_of(table_section(p->b->row[i].kind))) + 3;
    paper_rule(p, LEFT, p->y - 0.4, WIDTH, 0.4, GREY, 0.6);
}

static void product_title(struct paper *p, struct bl_str title, struct bl_str sum)
{
    double y = p->y + PAD + 1.5;
    paper_box(p, LEFT, p->y, WIDTH, p->line[STRONG] + 2 * PAD + 2, GREY, 0.09);
    struct spot at = {.style = STRONG, .x = columns[DESCRIPTION].x, .y = y, .w = 380};
    paper_text(p, at, title);
    cell(p, MONEY, STRONG, INK, y, 1, sum);
    p->y += p->line[STRONG] + 2 * PAD + 2;
}

static void product(struct paper *p, size_t i)
{
    bl_amount sum = {0};
    p->product = BL_ABSENT;
    for (size_t j = i; j < p->b->n_row && same_group(&p->b->row[i], &p->b->row[j]); j++)
        sum.minor += p->b->row[j].amount.minor;
    paper_need(p, PRODUCT_H + row_needs(p, i));
    product_title(p, p->b->row[i].product, say_money(p, sum));
    p->product = p->b->row[i].product;
}

void table_product_again(struct paper *p)
{
    product_title(p, bl_str_printf(&p->x->arena, "%.*s (continued)", BL_FMT(p->product)), BL_ABSENT);
}

void table_all(struct paper *p)
{
    const struct bl_bill *b = p->b;
    if (p->cr == NULL)
        measure_all(p);
    table_columns(p);
    p->in_table = true;
    for (size_t i = 0; i < b->n_row; i++) {
        const struct bl_row *r = &b->row[i], *before = i > 0 ? r - 1 : NULL;
        if (before == NULL || before->kind != r->kind)
            section(p, i);
        if (grouped(r) && (before == NULL || !same_group(before, r)))
            product(p, i);
        row(p, i);
    }
    if (b->n_row == 0) {
        struct spot at = {.style = BODY, .ink = GREY, .x = columns[DESCRIPTION].x, .y = p->y + 8, .w = WIDTH};
        p->y += 8 + paper_text(p, at, BL_STR("There is nothing to bill in this period.")) + 8;
    }
    p->in_table = false;
    p->product = BL_ABSENT;
}
