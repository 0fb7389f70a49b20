/* Private to pdf: a stack of pages, and text put on them. All lengths are points (1/72 inch), y grows
 * downwards. */
#ifndef BILLOW_PDF_PAPER_H
#define BILLOW_PDF_PAPER_H

#include <cairo.h>
#include <pango/pangocairo.h>

#include "bill/bill.h"

#define PAGE_W 595.28
#define PAGE_H 841.89
#define LEFT 50.0
#define RIGHT (PAGE_W - 50.0)
#define WIDTH (RIGHT - LEFT)
#define TOP 44.0
#define TABLE_INSET 5.0        /* of what stands in the table */
#define BOTTOM (PAGE_H - 68.0) /* below it is the foot */

enum style { BODY, STRONG, FINE, LABEL, SELLER, TITLE, SECTION, FIGURE, STYLES };
enum align { AT_LEFT, AT_RIGHT };
enum ink { INK, GREY, ACCENT, INKS };

struct paper {
    struct bl_ctx *x;
    const struct bl_bill *b;
    bool preview;
    cairo_t *cr;       /* NULL: pages are only counted */
    struct laid *laid; /* texts laid out lately */
    unsigned next_laid;
    PangoLayout *layout; /* the one in hand */
    PangoFontDescription *font[STYLES];
    double ascent[STYLES], line[STYLES]; /* of a style's own font */
    int page, pages;                     /* the one in hand, from 1; all (0 while counting) */
    double y;                            /* where the next thing goes */
    double fresh_y;                      /* where a page's own begins; 0 on the first */
    bool in_table;                       /* a new page begins with the table's head */
    struct bl_str product;               /* in hand, said again on a new page; absent: none */
    double *height;                      /* of each row, measured while counting */
    double end_height;                   /* of what stands below the rows */
};

/* Text with its top at y, in at most `lines` lines (the last ends in an ellipsis when there is more). A
 * figure is never cut: it shrinks until it fits. Gives the height it takes. */
struct spot {
    enum style style;
    enum ink ink;
    enum align align;
    double x, y, w;
    int lines; /* 0 is 1 */
    bool figure;
    bool broken; /* begins a new line where the text does */
};
const char *paper_clean(struct paper *p, struct bl_str text); /* one line of valid UTF-8, NUL-terminated */
void paper_open(struct paper *p, PangoContext *c);            /* fonts and their measures */
void paper_close(struct paper *p);
double paper_text(struct paper *p, struct spot at, struct bl_str text);
double paper_measure(struct paper *p, struct spot at, struct bl_str text);
void paper_rule(struct paper *p, double x, double y, double w, double thick, enum ink ink, double strength);
void paper_box(struct paper *p, double x, double y, double w, double h, enum ink ink, double strength);
/* The PNG inside the box, its left top corner at (x, y); false when it cannot be drawn. */
bool paper_logo(struct paper *p, struct bl_str png, double x, double y, double w, double h, double *ret_h);

/* Pages: begin the first, need room for h (which may begin another), end the last. */
void paper_begin(struct paper *p);
void paper_need(struct paper *p, double h);
void paper_end(struct paper *p);

/* ---- what is on them, from the top */
void head_first(struct paper *p);    /* letterhead, who and to whom, dates, the total */
void head_later(struct paper *p);    /* of pages after the first */
void table_columns(struct paper *p); /* titles of the columns */
void table_product_again(struct paper *p);
void table_all(struct paper *p);
const char *table_section(enum bl_row_kind kind); /* "Usage", "Taxes" */
void end_all(struct paper *p);                    /* totals, notes, where to pay */
double end_height(struct paper *p);
void foot(struct paper *p);

/* ---- texts */
/* Every whole number of a text, its thousands set apart: "0.40 per 1,000,000 requests". */
struct bl_str say_grouped(struct paper *p, struct bl_str text);
struct bl_str say_money(struct paper *p, bl_amount a);     /* "-1,234.50" */
struct bl_str say_money_of(struct paper *p, bl_amount a);  /* "$1,234.50", "EUR 12.34" */
struct bl_str say_date(struct paper *p, int64_t s);        /* "31 Oct 2026" */
struct bl_str say_title(const struct paper *p, bool loud); /* "Credit note", "CREDIT NOTE" */
struct bl_str say_total(const struct paper *p);            /* "Total due", "Total credit", "Total so far" */
struct bl_str say_joined(struct paper *p, const char *by, struct bl_str a, struct bl_str b);
bool owes(const struct paper *p); /* an issued invoice of more than zero */

#endif
