/* Pages and the text on them. The one idea: the document is laid out twice by the same code, once without a
 * canvas to learn how many pages there are, once to draw them; what is measured the first time is kept for
 * the second.
 *
 * Every line stands on the baseline that its style's own font gives, whatever font a script falls back to, so
 * that the cells of a row line up. Base direction is left to right throughout: the paper is, and names are
 * runs within it. */
#include "pdf/paper.h"

#include <math.h>
#include <string.h>

static const struct {
    double size;
    PangoWeight weight;
} styles[STYLES] = {
        [BODY] = {8.5, PANGO_WEIGHT_NORMAL},
        [STRONG] = {8.5, PANGO_WEIGHT_SEMIBOLD},
        [FINE] = {7.2, PANGO_WEIGHT_NORMAL},
        [LABEL] = {7.2, PANGO_WEIGHT_NORMAL},
        [SELLER] = {13, PANGO_WEIGHT_SEMIBOLD},
        [TITLE] = {21, PANGO_WEIGHT_LIGHT},
        [SECTION] = {10.5, PANGO_WEIGHT_SEMIBOLD},
        [FIGURE] = {17, PANGO_WEIGHT_SEMIBOLD},
};
static const double inks[INKS][3] = {
        [INK] = {0.13, 0.14, 0.16},
        [GREY] = {0.43, 0.45, 0.48},
        [ACCENT] = {0.06, 0.30, 0.45},
};

static void set_ink(struct paper *p, enum ink ink, double strength)
{
    const double *c = inks[ink];
    cairo_set_source_rgb(
            p->cr, 1 - (1 - c[0]) * strength, 1 - (1 - c[1]) * strength, 1 - (1 - c[2]) * strength);
}

/* ---- text */

/* Line separators and overrides of direction, three bytes each: they would let a name disarrange what
 * follows. */
static bool is_unruly(const char *c, const char *end)
{
    if (end - c < 3 || (uint8_t)c[0] != 0xe2)
        return false;
    uint8_t b = (uint8_t)c[1], d = (uint8_t)c[2];
    return (b == 0x80 && d >= 0xa8 && d <= 0xae) || (b == 0x81 && d >= 0xa6 && d <= 0xa9);
}

/* Names may hold anything: what is no UTF-8 is shown as such, and what would break a line is a blank. */
static const char *clean(struct paper *p, struct bl_str text, bool broken)
{
    char *t = bl_alloc(&p->x->arena, text.n * 3 + 1), *to = t;
    const char *at = text.p ? text.p : "", *end = at + text.n;
    while (at < end) {
        const char *good;
        g_utf8_validate_len(at, (gsize)(end - at), &good);
        while (at < good) {
            bool unruly = is_unruly(at, good), control = (uint8_t)*at < 0x20 || *at == 0x7f;
            *to++ = unruly || (control && !(broken && *at == '\n')) ? ' ' : *at;
            at += unruly ? 3 : 1;
        }
        if (at < end) {
            to = mempcpy(to, "\xef\xbf\xbd", 3);
            at++;
        }
    }
    *to = '\0';
    return t;
}

const char *paper_clean(struct paper *p, struct bl_str text)
{
    return clean(p, text, false);
}

/* ---- layouts: rows repeat themselves, so the last few texts are kept as they were laid out */

enum { LAID = 12 };
struct laid {
    PangoLayout *layout;
    struct spot how;
    struct bl_str text;
};

static void find_font(struct paper *p, PangoContext *c, enum style style)
{
    PangoFontDescription *d = pango_font_description_from_string("Noto Sans, DejaVu Sans, sans-serif");
    pango_font_description_set_absolute_size(d, styles[style].size * PANGO_SCALE);
    pango_font_description_set_weight(d, styles[style].weight);
    p->font[style] = d;
    PangoFontMetrics *m = pango_context_get_metrics(c, d, NULL);
    p->ascent[style] = (double)pango_font_metrics_get_ascent(m) / PANGO_SCALE;
    p->line[style] = p->ascent[style] + (double)pango_font_metrics_get_descent(m) / PANGO_SCALE;
    pango_font_metrics_unref(m);
}

void paper_open(struct paper *p, PangoContext *c)
{
    p->laid = bl_alloc_array(&p->x->arena, LAID, sizeof *p->laid);
    /* A hyphen where a line was broken would read as part of an address or a machine's name. */
    PangoAttrList *no_hyphens = pango_attr_list_new();
    pango_attr_list_insert(no_hyphens, pango_attr_insert_hyphens_new(FALSE));
    for (int i = 0; i < LAID; i++) {
        PangoLayout *l = pango_layout_new(c);
        pango_layout_set_auto_dir(l, FALSE);
        pango_layout_set_wrap(l, PANGO_WRAP_WORD_CHAR);
        pango_layout_set_ellipsize(l, PANGO_ELLIPSIZE_END);
        pango_layout_set_attributes(l, no_hyphens);
        p->laid[i].layout = l;
    }
    pango_attr_list_unref(no_hyphens);
    for (int i = 0; i < STYLES; i++)
        find_font(p, c, (enum style)i);
    p->height = bl_alloc_array(&p->x->arena, p->b->n_row, sizeof *p->height);
}

void paper_close(struct paper *p)
{
    for (int i = 0; i < STYLES; i++)
        pango_font_description_free(p->font[i]);
    for (int i = 0; i < LAID; i++)
        g_object_unref(p->laid[i].layout);
}

/* A figure that would be cut is a wrong figure. */
static void shrink(PangoLayout *l, const PangoFontDescription *font, double size, double w)
{
    int is;
    pango_layout_set_width(l, -1);
    pango_layout_get_size(l, &is, NULL);
    if (is > w * PANGO_SCALE) {
        PangoFontDescription *d = pango_font_description_copy(font);
        pango_font_description_set_absolute_size(d, size * w * PANGO_SCALE / is * PANGO_SCALE * 0.99);
        pango_layout_set_font_description(l, d);
        pango_font_description_free(d);
    }
    pango_layout_set_width(l, (int)(w * PANGO_SCALE));
}

static bool laid_so(const struct laid *l, const struct spot *at, struct bl_str text)
{
    return l->how.style == at->style && l->how.align == at->align && l->how.lines == at->lines &&
           l->how.w >= at->w && l->how.w <= at->w && l->how.figure == at->figure &&
           l->how.broken == at->broken && bl_str_eq(l->text, text);
}

static void lay(struct paper *p, const struct spot *at, struct bl_str text)
{
    static const PangoAlignment aligns[] = {PANGO_ALIGN_LEFT, PANGO_ALIGN_RIGHT};
    for (int i = 0; i < LAID; i++)
        if (laid_so(&p->laid[i], at, text)) {
            p->layout = p->laid[i].layout;
            return;
        }
    struct laid *l = &p->laid[p->next_laid++ % LAID];
    l->how = *at;
    l->text = text;
    p->layout = l->layout;
    pango_layout_set_font_description(l->layout, p->font[at->style]);
    pango_layout_set_width(l->layout, (int)(at->w * PANGO_SCALE));
    pango_layout_set_height(l->layout, -at->lines);
    pango_layout_set_alignment(l->layout, aligns[at->align]);
    pango_layout_set_text(l->layout, clean(p, text, at->broken), -1);
    if (at->figure)
        shrink(l->layout, p->font[at->style], styles[at->style].size, at->w);
}

static double laid_height(struct paper *p, enum style style)
{
    int w, h;
    pango_layout_get_size(p->layout, &w, &h);
    double height = (double)h / PANGO_SCALE;
    return height > p->line[style] ? height : p->line[style];
}

double paper_text(struct paper *p, struct spot at, struct bl_str text)
{
    if (at.lines == 0)
        at.lines = 1;
    if (text.n == 0)
        return 0;
    if (p->cr == NULL && at.lines == 1)
        return p->line[at.style];
    lay(p, &at, text);
    if (p->cr != NULL) {
        double baseline = (double)pango_layout_get_baseline(p->layout) / PANGO_SCALE;
        set_ink(p, at.ink, 1);
        cairo_move_to(p->cr, at.x, at.y + p->ascent[at.style] - baseline);
        pango_cairo_show_layout(p->cr, p->layout);
    }
    return at.lines == 1 ? p->line[at.style] : laid_height(p, at.style);
}

double paper_measure(struct paper *p, struct spot at, struct bl_str text)
{
    if (text.n == 0)
        return 0;
    lay(p, &at, text);
    return laid_height(p, at.style);
}

/* ---- shapes */

void paper_rule(struct paper *p, double x, double y, double w, double thick, enum ink ink, double strength)
{
    paper_box(p, x, y, w, thick, ink, strength);
}

void paper_box(struct paper *p, double x, double y, double w, double h, enum ink ink, double strength)
{
    if (p->cr == NULL)
        return;
    set_ink(p, ink, strength);
    cairo_rectangle(p->cr, x, y, w, h);
    cairo_fill(p->cr);
}

struct png_bytes {
    const uint8_t *at, *end;
};

static cairo_status_t png_read(void *closure, unsigned char *to, unsigned n)
{
    struct png_bytes *from = closure;
    if (n > (size_t)(from->end - from->at))
        return CAIRO_STATUS_READ_ERROR;
    memcpy(to, from->at, n);
    from->at += n;
    return CAIRO_STATUS_SUCCESS;
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* A small file can unfold to gigabytes; its head says how large it will be. */
static bool png_is_modest(struct bl_str png)
{
    const uint8_t *b = (const uint8_t *)png.p;
    if (png.n < 33 || memcmp(b, "\x89PNG\r\n\x1a\n", 8) != 0 || memcmp(b + 12, "IHDR", 4) != 0)
        return false;
    uint64_t w = big_endian(b + 16), h = big_endian(b + 20);
    return w > 0 && h > 0 && w <= 8192 && h <= 8192 && w * h <= 4000000;
}

bool paper_logo(struct paper *p, struct bl_str png, double x, double y, double w, double h, double *ret_h)
{
    if (!png_is_modest(png))
        return false;
    struct png_bytes from = {(const uint8_t *)png.p, (const uint8_t *)png.p + png.n};
    cairo_surface_t *image = cairo_image_surface_create_from_png_stream(png_read, &from);
    bool good = cairo_surface_status(image) == CAIRO_STATUS_SUCCESS;
    if (good) {
        double iw = cairo_image_surface_get_width(image), ih = cairo_image_surface_get_height(image);
        double scale = fmin(fmin(w / iw, h / ih), 1);
        *ret_h = ih * scale;
        if (p->cr != NULL) {
            cairo_save(p->cr);
            cairo_translate(p->cr, x, y);
            cairo_scale(p->cr, scale, scale);
            cairo_set_source_surface(p->cr, image, 0, 0);
            cairo_paint(p->cr);
            cairo_restore(p->cr);
        }
    }
    cairo_surface_destroy(image);
    return good;
}

/* ---- pages */

void paper_begin(struct paper *p)
{
    p->page++;
    p->fresh_y = 0;
    p->y = TOP;
    if (p->page > 1)
        head_later(p);
}

void paper_end(struct paper *p)
{
    foot(p);
    if (p->cr != NULL)
        cairo_show_page(p->cr);
}

void paper_need(struct paper *p, double h)
{
    /* What does not fit on a page of its own does not fit better on the next. */
    if (p->y + h <= BOTTOM || p->y <= p->fresh_y)
        return;
    paper_end(p);
    paper_begin(p);
    if (p->in_table) {
        table_columns(p);
        if (bl_is(p->product))
            table_product_again(p);
    }
    p->fresh_y = p->y;
}
