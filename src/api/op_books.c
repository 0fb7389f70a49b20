/* The operator's side: postings, prices, periods, verify, backup, audit. */
#include "api/inner.h"

#include <sodium.h>
#include <string.h>

/* ---- postings */

static void posted_write(struct call *c, const char *kind, bl_amount amount, const struct work_post *in,
        const struct work_posted *p)
{
    struct bl_jw *j = &c->j;
    c->out->status = p->repeated ? 200 : 201;
    bl_jw_begin_object(j);
    bl_jw_kz(j, "kind", kind);
    bl_jw_kstr(j, "account", api_urn(c->x, BL_URN_TEAM, c->account.uuid));
    api_kamount(c, "amount", amount, api_digits(c));
    bl_jw_kstr(j, "ref", in->ref);
    api_ktime_us(c, "date", p->at_us);
    bl_jw_kint(j, "entry", (int64_t)p->n);
    bl_jw_kbool(j, "repeated", p->repeated);
    api_kamount(c, "account_balance", p->receivable, api_digits(c));
    bl_jw_end_object(j);
}

static enum bl_err post(struct call *c, const char *kind, struct work_post *in)
{
    bool has = false, expires = false;
    BL_TRY(api_body(c));
    BL_TRY(api_account_of_path(c));
    BL_TRY(api_body_amount(c, "amount", api_digits(c), &has, &in->amount));
    if (!has)
        return bl_fail(c->x, BL_INVALID, "amount is required.");
    BL_TRY(api_body_str(c, "ref", &in->ref));
    BL_TRY(api_body_str(c, "note", &in->note));
    BL_TRY(api_body_time(c, "expires", &expires, &in->expires_us));
    if (expires && in->kind != BL_ENTRY_CREDIT)
        return bl_fail(c->x, BL_INVALID, "expires belongs to credits only.");
    if (expires)
        in->kind = BL_ENTRY_GRANT;
    in->key = api_header(c->in, "idempotency-key");
    struct bl_sha256 h;
    bl_sha256_begin(&h);
    bl_sha256_add(&h, c->in->path.p, c->in->path.n);
    bl_sha256_add(&h, c->in->body.p, c->in->body.n);
    bl_sha256_end(&h, in->request);
    struct work_posted p;
    BL_TRY(work_post(c->x, c->work, c->actor, c->account.uuid, in, &p));
    posted_write(c, kind, in->amount, in, &p);
    return BL_OK;
}

enum bl_err payments_add(struct call *c)
{
    return post(c, "payment", &(struct work_post){.kind = BL_ENTRY_PAYMENT});
}
enum bl_err refunds_add(struct call *c)
{
    return post(c, "refund", &(struct work_post){.kind = BL_ENTRY_REFUND});
}
enum bl_err chargebacks_add(struct call *c)
{
    return post(c, "chargeback", &(struct work_post){.kind = BL_ENTRY_CHARGEBACK});
}
enum bl_err credits_add(struct call *c)
{
    return post(c, "credit", &(struct work_post){.kind = BL_ENTRY_CREDIT});
}
enum bl_err adjustments_add(struct call *c)
{
    return post(c, "adjustment", &(struct work_post){0});
}

/* ---- prices */

static enum bl_err logos_read(struct call *c, struct work_prices *in)
{
    const struct bl_json *list = bl_json_get(c->json, "logos");
    struct {
        struct bl_str *at;
        size_t n, cap;
    } logo = {0};
    for (const struct bl_json *v = list ? list->first : NULL; v; v = v->next) {
        struct bl_str png = BL_ABSENT;
        if (v->type == BL_JSON_STRING) {
            unsigned char *out = bl_alloc(&c->x->arena, v->text.n + 1);
            size_t n = 0;
            if (sodium_base642bin(out, v->text.n + 1, v->text.p, v->text.n, "\r\n", &n, NULL,
                        sodium_base64_VARIANT_ORIGINAL) != 0)
                return bl_fail(c->x, BL_INVALID, "logos must be base64.");
            png = (struct bl_str){(char *)out, n};
            if (n > 200 * 1024 || n < 8 || memcmp(out, "\x89PNG\r\n\x1a\n", 8) != 0)
                return bl_fail(c->x, BL_INVALID, "A logo is a PNG file of at most 200 KiB.");
        }
        *BL_PUSH(&c->x->arena, logo) = png;
    }
    in->logo = logo.at;
    in->n_logo = logo.n;
    return BL_OK;
}

static void prices_write(struct call *c, const struct work_prices_result *r)
{
    char hex[65];
    bl_hex(r->book_id, sizeof r->book_id, hex);
    bl_jw_begin_object(&c->j);
    bl_jw_kbool(&c->j, "loaded", r->loaded);
    bl_jw_kz(&c->j, "id", hex);
    bl_jw_kstr(&c->j, "report", r->report);
    bl_jw_kstr(&c->j, "digest", r->digest);
    bl_jw_kstr(&c->j, "remarks", r->remarks);
    bl_jw_end_object(&c->j);
}

enum bl_err prices_put(struct call *c)
{
    struct work_prices in = {.file = BL_STR("prices.yaml"), .yaml = c->in->body};
    struct work_prices_result r;
    struct bl_str type = api_header(c->in, "content-type"), file;
    in.adjust = api_query(c, "adjust");
    in.dry_run = bl_str_is(api_query(c, "dry_run"), "true");
    if (type.n >= 16 && memcmp(type.p, "application/json", 16) == 0) {
        BL_TRY(api_body(c));
        BL_TRY(api_body_str(c, "yaml", &in.yaml));
        BL_TRY(api_body_str(c, "file", &file));
        if (bl_is(file))
            in.file = file;
        BL_TRY(logos_read(c, &in));
    }
    if (in.yaml.n == 0)
        return bl_fail(c->x, BL_INVALID, "The body must be a price book in YAML.");
    enum bl_err e = work_prices_load(c->x, c->work, c->actor, &in, &r);
    if (e == BL_CONFLICT && bl_is(r.report)) { /* not an error's shape: the report is the answer */
        c->out->status = 409;
        prices_write(c, &r);
        return BL_OK;
    }
    BL_TRY(e);
    prices_write(c, &r);
    return BL_OK;
}

enum bl_err prices_get(struct call *c)
{
    struct q_book_get row;
    bool found = false;
    if (!c->book)
        return bl_fail(
                c->x, BL_NOT_FOUND, "There is no price book yet; load one with billow prices load FILE.");
    struct bl_str id = {(const char *)c->book->id, sizeof c->book->id};
    BL_TRY(q_book_get(c->x, c->db, id, &row, &found));
    if (!found)
        return bl_fail(c->x, BL_INTERNAL, "The current price book is missing from the store.");
    if (bl_str_is(api_query(c, "format"), "yaml")) {
        bl_buf_str(&c->body, row.body);
        api_reply_header(c, "content-type", BL_STR("application/yaml"));
        return BL_OK;
    }
    char hex[65];
    bl_hex(id.p, id.n, hex);
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "id", hex);
    api_ktime_us(c, "loaded_at", row.loaded_us);
    bl_jw_kz(&c->j, "currency", c->book->currency->code);
    bl_jw_kstr(&c->j, "yaml", row.body);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

/* ---- periods */

static struct bl_str money_of_minor_text(struct call *c, struct bl_str minor)
{
    /* The sum over all accounts may pass what an amount holds: the point is set in its digits. */
    int digits = c->book ? c->book->currency->digits : 2;
    bool neg = minor.n > 0 && minor.p[0] == '-';
    struct bl_str d = {minor.p + neg, minor.n - neg};
    while (d.n <= (size_t)digits)
        d = bl_str_printf(&c->x->arena, "0%.*s", BL_FMT(d));
    size_t whole = d.n - (size_t)digits;
    return bl_str_printf(&c->x->arena, "%s%.*s%s%.*s", neg ? "-" : "", (int)whole, d.p, digits ? "." : "",
            digits, d.p + whole);
}

static void parked_write(struct call *c, struct bl_str parked)
{
    bl_jw_key(&c->j, "parked");
    bl_jw_begin_array(&c->j);
    for (size_t at = 0; at < parked.n;) {
        size_t end = at;
        while (end < parked.n && parked.p[end] != ' ')
            end++;
        bl_jw_str(&c->j, (struct bl_str){parked.p + at, end - at});
        at = end + 1;
    }
    bl_jw_end_array(&c->j);
}

static enum bl_err jobs_read(struct call *c, uint32_t *ret)
{
    const struct bl_json *v = bl_json_get(c->json, "jobs");
    bool whole = v && v->type == BL_JSON_NUMBER && v->text.n <= 2;
    *ret = 0;
    for (size_t i = 0; whole && i < v->text.n; i++) {
        whole = v->text.p[i] >= '0' && v->text.p[i] <= '9';
        *ret = *ret * 10 + (uint32_t)(v->text.p[i] - '0');
    }
    if (v && (!whole || *ret < 1 || *ret > WORK_JOBS_MAX))
        return bl_fail(c->x, BL_INVALID, "jobs must be a whole number from 1 to %d.", WORK_JOBS_MAX);
    return BL_OK;
}

enum bl_err periods_close(struct call *c)
{
    bl_period p;
    struct work_close_state s;
    char text[8];
    BL_TRY(api_body(c));
    BL_TRY(bl_period_parse(c->x, c->segment[0], &p));
    const struct bl_json *grace = bl_json_get(c->json, "grace");
    if (grace && grace->type != BL_JSON_BOOL)
        return bl_fail(c->x, BL_INVALID, "grace must be true or false.");
    struct work_close_ask ask = {.period = p, .grace = !grace || grace->truth};
    BL_TRY(jobs_read(c, &ask.jobs));
    BL_TRY(work_close_chunk(c->x, c->work, c->actor, &ask, &s));
    bl_period_text(p, text);
    bl_jw_begin_object(&c->j);
    bl_jw_kbool(&c->j, "done", s.done);
    bl_jw_kz(&c->j, "period", text);
    bl_jw_kint(&c->j, "accounts", s.accounts);
    bl_jw_kint(&c->j, "invoices", s.invoices);
    bl_jw_kint(&c->j, "credit_notes", s.credit_notes);
    parked_write(c, s.parked);
    bl_jw_kstr(&c->j, "total", money_of_minor_text(c, s.total));
    bl_jw_kstr(&c->j, "digest", s.digest);
    bl_jw_kint(&c->j, "accounts_total", s.accounts_total);
    bl_jw_kint(&c->j, "accounts_done", s.accounts_done);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err periods_list(struct call *c)
{
    struct q_close_total_list *row = NULL;
    size_t n = 0;
    char text[8];
    BL_TRY(q_close_total_list(c->x, c->db, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "periods");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_period_text((bl_period)row[i].period, text);
        bl_jw_begin_object(&c->j);
        bl_jw_kz(&c->j, "period", text);
        bl_jw_kbool(&c->j, "done", row[i].digest.n > 0);
        bl_jw_kint(&c->j, "accounts", row[i].accounts);
        bl_jw_kint(&c->j, "invoices", row[i].invoices);
        bl_jw_kint(&c->j, "credit_notes", row[i].credit_notes);
        parked_write(c, row[i].parked);
        bl_jw_kstr(&c->j, "total", money_of_minor_text(c, row[i].total));
        bl_jw_kstr(&c->j, "digest", row[i].digest);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

/* ---- verify, backup, audit */

enum bl_err verify_run(struct call *c)
{
    struct work_verify v;
    struct bl_str digest;
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "digest", &digest));
    BL_TRY(work_verify(c->x, c->work, c->db, digest, &v));
    bl_jw_begin_object(&c->j);
    bl_jw_kint(&c->j, "accounts", (int64_t)v.accounts);
    bl_jw_kint(&c->j, "invoices", (int64_t)v.invoices);
    bl_jw_kint(&c->j, "entries", (int64_t)v.entries);
    bl_jw_kint(&c->j, "facts", (int64_t)v.facts);
    bl_jw_kstr(&c->j, "sum", bl_str_printf(&c->x->arena, "%lld", (long long)v.sum));
    bl_jw_kz(&c->j, "digest", v.digest);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err backup_run(struct call *c)
{
    struct bl_str file;
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "file", &file));
    if (!bl_is(file) || file.p[0] != '/')
        return bl_fail(c->x, BL_INVALID, "file must be an absolute path on the server's machine.");
    if (c->in->door != API_SOCKET)
        return bl_fail(c->x, BL_FORBIDDEN,
                "A backup writes a file beside the server: ask for it through the socket.");
    BL_TRY(store_backup(c->x, work_store(c->work), bl_str_dup(&c->x->arena, file).p));
    bl_jw_begin_object(&c->j);
    bl_jw_kstr(&c->j, "file", file);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err audit_list(struct call *c)
{
    struct q_audit_count total;
    struct q_audit_page *row = NULL;
    size_t n = 0;
    bool found = false;
    BL_TRY(q_audit_count(c->x, c->db, &total, &found));
    BL_TRY(q_audit_page(c->x, c->db, c->per_page, (c->page - 1) * c->per_page, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "audit");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_jw_begin_object(&c->j);
        bl_jw_kint(&c->j, "n", row[i].n);
        api_ktime_us(c, "at", row[i].at_us);
        bl_jw_kstr(&c->j, "actor", row[i].actor);
        bl_jw_kstr(&c->j, "action", row[i].action);
        bl_jw_kstr(&c->j, "subject", row[i].subject);
        bl_jw_kstr(&c->j, "detail", row[i].detail);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_array(&c->j);
    api_links(c, total.total);
    bl_jw_end_object(&c->j);
    return BL_OK;
}
