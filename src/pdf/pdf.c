/* A document's life: fonts found once for the process, one document at a time, two passes, bytes appended.
 * The fonts' library keeps caches that are not made for several threads at once; a document takes
 * milliseconds, so one lock around it is cheaper than a set of caches for each thread. */
#include "pdf/pdf.h"

#include <cairo-pdf.h>
#include <pthread.h>

#include "pdf/paper.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static PangoFontMap *fonts; /* made by the first document, kept for the process */

/* The fonts' library keeps what it found until the process ends, behind offsets that a leak checker cannot
 * follow. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CHECKED_FOR_LEAKS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define CHECKED_FOR_LEAKS
#endif
#ifdef CHECKED_FOR_LEAKS
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\nleak:libcairo\n";
}
#endif

static cairo_status_t append(void *closure, const unsigned char *bytes, unsigned n)
{
    bl_buf_put(closure, bytes, n);
    return CAIRO_STATUS_SUCCESS;
}

/* Glyphs are placed as on paper: nothing is fitted to a screen's pixels. */
static PangoContext *context_new(void)
{
    if (fonts == NULL)
        fonts = pango_cairo_font_map_new();
    PangoContext *c = pango_font_map_create_context(fonts);
    cairo_font_options_t *o = cairo_font_options_create();
    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(c, o);
    cairo_font_options_destroy(o);
    pango_cairo_context_set_resolution(c, 72);
    pango_context_set_language(c, pango_language_from_string("en"));
    pango_context_set_base_dir(c, PANGO_DIRECTION_LTR);
    pango_context_set_round_glyph_positions(c, FALSE);
    return c;
}

static void pass(struct paper *p, cairo_t *cr)
{
    p->cr = cr;
    p->page = 0;
    paper_begin(p);
    head_first(p);
    table_all(p);
    end_all(p);
    paper_end(p);
}

static void describe(struct paper *p, cairo_surface_t *s)
{
    char time[32];
    struct bl_str id = bl_invoice_id(p->x, p->b), title = say_title(p, false);
    bl_time_text_s(p->b->issued_s, time);
    title = bl_str_printf(&p->x->arena, "%.*s %.*s", BL_FMT(title), BL_FMT(id));
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_TITLE, paper_clean(p, title));
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_AUTHOR, paper_clean(p, p->b->seller.name));
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATOR, "Billow");
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_CREATE_DATE, time);
    cairo_pdf_surface_set_metadata(s, CAIRO_PDF_METADATA_MOD_DATE, time);
}

static cairo_status_t draw(struct paper *p, struct bl_buf *ret)
{
    cairo_surface_t *s = cairo_pdf_surface_create_for_stream(append, ret, PAGE_W, PAGE_H);
    cairo_t *cr = cairo_create(s);
    describe(p, s);
    pass(p, cr);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(s);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(s);
    cairo_surface_destroy(s);
    return status;
}

enum bl_err pdf_invoice(struct bl_ctx *x, const struct bl_bill *b, bool preview, struct bl_buf *ret)
{
    struct paper p = {.x = x, .b = b, .preview = preview};
    size_t before = ret->n;
    pthread_mutex_lock(&lock);
    PangoContext *c = context_new();
    paper_open(&p, c);
    pass(&p, NULL);
    p.pages = p.page;
    cairo_status_t status = draw(&p, ret);
    paper_close(&p);
    g_object_unref(c);
    pthread_mutex_unlock(&lock);
    if (status == CAIRO_STATUS_SUCCESS)
        return BL_OK;
    ret->n = before;
    return bl_fail(x, BL_INTERNAL, "The PDF could not be drawn: %s.", cairo_status_to_string(status));
}
