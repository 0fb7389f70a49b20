/* DigitalOcean's billing operations. */
#include "api/inner.h"

#include <string.h>

/* An organization's token has insights and nothing else; there is no account behind it. */
enum bl_err api_need_account(struct call *c)
{
    if (c->has_account)
        return BL_OK;
    return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

enum bl_err balance_get(struct call *c)
{
    struct work_balance b;
    BL_TRY(api_need_account(c));
    BL_TRY(work_balance(c->x, c->work, c->db, c->account.acct, c->x->now_us, &b));
    bl_jw_begin_object(&c->j);
    api_kamount(c, "month_to_date_balance", b.total, b.digits);
    api_kamount(c, "account_balance", b.receivable, b.digits);
    api_kamount(c, "month_to_date_usage", b.usage, b.digits);
    api_ktime_s(c, "generated_at", bl_floor_s(c->x->now_us));
    bl_jw_end_object(&c->j);
    return BL_OK;
}

/* ---- history */

static struct bl_str describe(struct bl_ctx *x, const struct bl_entry *e, struct bl_str note)
{
    if (e->has_invoice)
        return bl_str_printf(&x->arena, "%s %.*s", e->kind == BL_ENTRY_INVOICE ? "Invoice" : "Credit note",
                BL_FMT(e->invoice_id));
    if (note.n > 0)
        return note;
    const char *type = bl_entry_history_type(e->kind);
    if (bl_is(e->ref))
        return bl_str_printf(&x->arena, "%s %.*s", type, BL_FMT(e->ref));
    return bl_str_of(type);
}

static enum bl_err history_row(struct call *c, const struct q_history_page *row)
{
    struct bl_entry e;
    char text[37];
    BL_TRY(bl_entry_unpack(c->x, row->body, &e));
    bl_jw_begin_object(&c->j);
    bl_jw_kstr(&c->j, "description", describe(c->x, &e, row->note));
    api_kamount(c, "amount", (bl_amount){row->receivable}, api_digits(c));
    if (e.has_invoice) {
        bl_jw_kstr(&c->j, "invoice_id", e.invoice_id);
        bl_uuid_text(e.invoice_uuid, text);
        bl_jw_kz(&c->j, "invoice_uuid", text);
    }
    api_ktime_us(c, "date", row->at_us);
    bl_jw_kz(&c->j, "type", bl_entry_history_type(e.kind));
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static enum bl_err history(struct call *c)
{
    struct q_history_count total;
    struct q_history_page *row = NULL;
    size_t n = 0;
    bool found = false;
    struct bl_str uuid = store_uuid(&c->account.uuid);
    BL_TRY(q_history_count(c->x, c->db, c->account.bucket, uuid, &total, &found));
    BL_TRY(q_history_page(
            c->x, c->db, c->account.bucket, uuid, c->per_page, (c->page - 1) * c->per_page, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "billing_history");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++)
        BL_TRY(history_row(c, &row[i]));
    bl_jw_end_array(&c->j);
    api_links(c, total.total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err billing_history_list(struct call *c)
{
    BL_TRY(api_need_account(c));
    BL_TRY(store_read_begin(c->x, c->db));
    enum bl_err e = history(c);
    store_read_end(c->db);
    return e;
}

/* ---- invoices */

static void head_write(struct call *c, bl_uuid uuid, struct bl_str id, bl_amount amount, bl_period p)
{
    char text[37];
    bl_uuid_text(uuid, text);
    bl_jw_kz(&c->j, "invoice_uuid", text);
    bl_jw_kstr(&c->j, "invoice_id", id);
    api_kamount(c, "amount", amount, api_digits(c));
    bl_period_text(p, text);
    bl_jw_kz(&c->j, "invoice_period", text);
}

/* The preview stands beside the list, on every page. A parked account has none. */
static enum bl_err preview_head(struct call *c)
{
    struct bl_bill b;
    enum bl_err e = api_preview(c, c->page == 1, &b);
    if (e == BL_CONFLICT || e == BL_OVERFLOW)
        return BL_OK;
    BL_TRY(e);
    bl_jw_key(&c->j, "invoice_preview");
    bl_jw_begin_object(&c->j);
    head_write(c, b.invoice_uuid, bl_invoice_id(c->x, &b), b.amount, b.period);
    api_ktime_s(c, "updated_at", b.instant_s);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static enum bl_err list(struct call *c)
{
    struct q_invoice_count total;
    struct q_invoice_page *row = NULL;
    size_t n = 0;
    bool found = false;
    struct bl_str uuid = store_uuid(&c->account.uuid);
    BL_TRY(q_invoice_count(c->x, c->db, c->account.bucket, uuid, &total, &found));
    BL_TRY(q_invoice_page(
            c->x, c->db, c->account.bucket, uuid, c->per_page, (c->page - 1) * c->per_page, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "invoices");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_uuid u;
        memcpy(u.b, row[i].invoice_uuid.p, sizeof u.b);
        bl_jw_begin_object(&c->j);
        head_write(c, u,
                bl_str_printf(&c->x->arena, "%.*s-%lld", BL_FMT(c->account.row.number),
                        (long long)row[i].invoice_n),
                (bl_amount){row[i].amount}, (bl_period)row[i].period);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_array(&c->j);
    BL_TRY(preview_head(c));
    api_links(c, total.total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err invoices_list(struct call *c)
{
    BL_TRY(api_need_account(c));
    BL_TRY(store_read_begin(c->x, c->db));
    enum bl_err e = list(c);
    store_read_end(c->db);
    return e;
}

static enum bl_err no_invoice(struct call *c, struct bl_str name)
{
    if (c->route->dialect == API_PROBLEM)
        return bl_fail(c->x, BL_NOT_FOUND, "The account has no invoice %.*s.", BL_FMT(name));
    return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

/* The document that a path names: an issued invoice, or the preview under its own uuid or the word. */
static enum bl_err document(struct call *c, struct bl_str name, struct bl_bill *ret, bool *ret_preview)
{
    bl_uuid u;
    BL_TRY(api_need_account(c));
    *ret_preview = bl_str_is(name, "preview");
    if (*ret_preview)
        return api_preview(c, c->page == 1, ret);
    if (!bl_uuid_parse(name, &u))
        return no_invoice(c, name);
    enum bl_err e = work_invoice(c->x, c->work, c->db, &c->account, u, ret);
    if (e != BL_NOT_FOUND)
        return e;
    bl_uuid open = bl_invoice_uuid(c->account.uuid, bl_period_of(c->x->now_us), (uint16_t)c->account.bucket);
    if (bl_uuid_cmp(open, u) != 0)
        return no_invoice(c, name);
    *ret_preview = true;
    return api_preview(c, c->page == 1, ret);
}

/* An issued invoice never changes: its answers carry an ETag. */
static void stays(struct call *c, const struct bl_bill *b, bool preview, const char *what)
{
    if (preview)
        return;
    uint8_t h[32];
    char hex[65];
    struct bl_buf packed = {0};
    bl_bill_pack(&packed, b);
    bl_buf_printf(&packed, "|%s|%lld|%lld|%.*s", what, (long long)c->page, (long long)c->per_page,
            BL_FMT(api_header(c->in, "host")));
    bl_sha256(packed.p, packed.n, h);
    bl_buf_release(&packed);
    bl_hex(h, 16, hex);
    struct bl_str tag = bl_str_printf(&c->x->arena, "\"%s\"", hex), have = api_header(c->in, "if-none-match");
    api_reply_header(c, "etag", tag);
    bool same = bl_str_is(have, "*") || (have.n >= tag.n && memmem(have.p, have.n, tag.p, tag.n) != NULL);
    if (same)
        c->out->status = 304;
}

static enum bl_err items(struct call *c, struct bl_str name)
{
    struct bl_bill b;
    bool preview = false;
    BL_TRY(document(c, name, &b, &preview));
    stays(c, &b, preview, "items");
    if (c->out->status == 304)
        return BL_OK;
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "invoice_items");
    api_bill_items(c, &b, (c->page - 1) * c->per_page, c->per_page);
    api_links(c, api_bill_item_count(&b));
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static enum bl_err summary(struct call *c, struct bl_str name)
{
    struct bl_bill b;
    bool preview = false;
    BL_TRY(document(c, name, &b, &preview));
    stays(c, &b, preview, "summary");
    if (c->out->status != 304)
        api_bill_summary(c, &b);
    return BL_OK;
}

static enum bl_err file(struct call *c, struct bl_str name, bool pdf)
{
    struct bl_bill b;
    bool preview = false;
    BL_TRY(document(c, name, &b, &preview));
    stays(c, &b, preview, pdf ? "pdf" : "csv");
    return c->out->status == 304 ? BL_OK : api_bill_file(c, &b, preview, pdf);
}

enum bl_err invoices_get_by_uuid(struct call *c)
{
    return items(c, c->segment[0]);
}
enum bl_err invoices_get_summary_by_uuid(struct call *c)
{
    return summary(c, c->segment[0]);
}
enum bl_err invoices_get_csv_by_uuid(struct call *c)
{
    return file(c, c->segment[0], false);
}
enum bl_err invoices_get_pdf_by_uuid(struct call *c)
{
    return file(c, c->segment[0], true);
}

/* ---- the same for the operator, who names the account in the path */

enum bl_err api_account_of_path(struct call *c)
{
    bl_uuid u;
    if (!bl_urn_parse(c->segment[0], BL_URN_TEAM, &u) && !bl_uuid_parse(c->segment[0], &u))
        return bl_fail(c->x, BL_NOT_FOUND, "An account's URN has the form " BL_URN_TEAM "<uuid>.");
    BL_TRY(work_account_get(c->x, c->work, c->db, u, &c->account));
    c->has_account = true;
    return BL_OK;
}

enum bl_err accounts_history(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return billing_history_list(c);
}

enum bl_err operator_invoices_list(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return invoices_list(c);
}

enum bl_err operator_invoices_items(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return items(c, c->segment[1]);
}

enum bl_err operator_invoices_summary(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return summary(c, c->segment[1]);
}

enum bl_err operator_invoices_csv(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return file(c, c->segment[1], false);
}

enum bl_err operator_invoices_pdf(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return file(c, c->segment[1], true);
}
