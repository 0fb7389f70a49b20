/* A bill in the contract's words: items, summary, files. Everything is read from the document; nothing is
 * computed. */
#include "api/inner.h"
#include "pdf/pdf.h"
#include "render/render.h"

static bool is_item(const struct bl_row *r)
{
    return r->kind == BL_ROW_ITEM || r->kind == BL_ROW_OVERAGE;
}

int64_t api_bill_item_count(const struct bl_bill *b)
{
    int64_t n = 0;
    for (size_t i = 0; i < b->n_row; i++)
        n += is_item(&b->row[i]);
    return n;
}

static struct bl_str or_empty(struct bl_str s)
{
    return bl_is(s) ? s : BL_STR("");
}

static void item_write(struct call *c, const struct bl_bill *b, const struct bl_row *r)
{
    struct bl_jw *j = &c->j;
    char text[37];
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "product", r->product);
    if (r->has_resource) {
        bl_uuid_text(r->resource, text);
        bl_jw_kz(j, "resource_uuid", text);
    }
    if (r->has_resource_id)
        bl_jw_kstr(j, "resource_id", bl_str_printf(&c->x->arena, "%lld", (long long)r->resource_id));
    bl_jw_kstr(j, "group_description", or_empty(r->group));
    bl_jw_kstr(j, "description", r->description);
    api_kamount(c, "amount", r->amount, b->digits);
    bl_jw_kstr(j, "duration", or_empty(r->duration));
    bl_jw_kz(j, "duration_unit", r->duration.n ? "Hours" : "");
    api_ktime_s(c, "start_time", r->start_s);
    api_ktime_s(c, "end_time", r->end_s);
    bl_jw_kstr(j, "project_name", or_empty(r->project));
    bl_jw_kstr(j, "category", or_empty(r->category));
    bl_jw_end_object(j);
}

void api_bill_items(struct call *c, const struct bl_bill *b, int64_t from, int64_t n)
{
    int64_t at = 0;
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < b->n_row; i++) {
        if (!is_item(&b->row[i]))
            continue;
        if (at >= from && at < from + n)
            item_write(c, b, &b->row[i]);
        at++;
    }
    bl_jw_end_array(&c->j);
}

static void address_write(struct call *c, const struct bl_face *f)
{
    struct bl_jw *j = &c->j;
    char text[40];
    bl_jw_key(j, "user_billing_address");
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "address_line1", or_empty(f->address1));
    bl_jw_kstr(j, "address_line2", or_empty(f->address2));
    bl_jw_kstr(j, "city", or_empty(f->city));
    bl_jw_kstr(j, "region", or_empty(f->region));
    bl_jw_kstr(j, "postal_code", or_empty(f->postal_code));
    bl_jw_kstr(j, "country_iso2_code", or_empty(f->country));
    bl_time_text_ms(f->created_us, text);
    bl_jw_kz(j, "created_at", text);
    bl_time_text_ms(f->updated_us, text);
    bl_jw_kz(j, "updated_at", text);
    bl_jw_end_object(j);
}

static void section_write(
        struct call *c, const struct bl_bill *b, const char *key, const char *name, bl_amount amount)
{
    bl_jw_key(&c->j, key);
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "name", name);
    api_kamount(c, "amount", amount, b->digits);
    bl_jw_end_object(&c->j);
}

void api_bill_summary(struct call *c, const struct bl_bill *b)
{
    struct bl_jw *j = &c->j;
    struct bl_product_sum *product = NULL;
    size_t n = 0;
    char text[37];
    bl_jw_begin_object(j);
    bl_uuid_text(b->invoice_uuid, text);
    bl_jw_kz(j, "invoice_uuid", text);
    bl_jw_kstr(j, "invoice_id", bl_invoice_id(c->x, b));
    bl_period_text(b->period, text);
    bl_jw_kz(j, "billing_period", text);
    api_kamount(c, "amount", b->amount, b->digits);
    bl_jw_kstr(j, "user_name", or_empty(b->face.name));
    address_write(c, &b->face);
    bl_jw_kstr(j, "user_company", or_empty(b->face.company));
    bl_jw_kstr(j, "user_email", or_empty(b->face.email));
    bl_bill_products(c->x, b, &product, &n);
    bl_jw_key(j, "product_charges");
    bl_jw_begin_object(j);
    bl_jw_kz(j, "name", "Product usage charges");
    api_kamount(c, "amount", b->items, b->digits);
    bl_jw_key(j, "items");
    bl_jw_begin_array(j);
    for (size_t i = 0; i < n; i++) {
        bl_jw_begin_object(j);
        bl_jw_kstr(j, "name", product[i].name);
        api_kamount(c, "amount", product[i].amount, b->digits);
        bl_jw_kstr(j, "count", bl_str_printf(&c->x->arena, "%lld", (long long)product[i].count));
        bl_jw_end_object(j);
    }
    bl_jw_end_array(j);
    bl_jw_end_object(j);
    section_write(c, b, "overages", "Overages", b->overages);
    section_write(c, b, "taxes", "Taxes", b->taxes);
    section_write(c, b, "credits_and_adjustments", "Credits & adjustments",
            (bl_amount){b->credits.minor + b->adjustments.minor});
    bl_jw_end_object(j);
}

/* The logo is kept with the price book that the bill was drawn up with. */
static enum bl_err pdf_write(struct call *c, const struct bl_bill *b, bool preview)
{
    struct bl_bill shown = *b;
    struct work_book *book = NULL;
    struct bl_str id = {(const char *)b->book_id, sizeof b->book_id};
    BL_TRY(work_book_by_id(c->x, c->work, c->db, id, &book));
    bl_bill_logo(&shown, book->book);
    enum bl_err e = pdf_invoice(c->x, &shown, preview, &c->body);
    work_book_give(c->work, book);
    return e;
}

enum bl_err api_bill_file(struct call *c, const struct bl_bill *b, bool preview, bool pdf)
{
    if (pdf)
        BL_TRY(pdf_write(c, b, preview));
    else
        bl_render_csv(c->x, b, &c->body);
    struct bl_str name = bl_render_file_name(c->x, b, preview, pdf ? "pdf" : "csv");
    api_reply_header(c, "content-type", pdf ? BL_STR("application/pdf") : BL_STR("text/csv"));
    api_reply_header(c, "content-disposition",
            bl_str_printf(&c->x->arena, "attachment; filename=\"%.*s\"", BL_FMT(name)));
    return BL_OK;
}
