/* Writing answers: links, money, times, and errors in the shape of the dialect that asks. */
#include "api/oauth.h"

#include <string.h>

void api_reply_header(struct call *c, const char *name, struct bl_str value)
{
    if (c->out->n_header < BL_COUNT(c->out->header))
        c->out->header[c->out->n_header++] = (struct api_header){bl_str_of(name), value};
}

bool api_header_set(const struct api_reply *r, const char *name)
{
    for (size_t i = 0; i < r->n_header; i++)
        if (bl_str_is(r->header[i].name, name))
            return true;
    return false;
}

struct bl_str api_urn(struct bl_ctx *x, const char *prefix, bl_uuid u)
{
    char text[37];
    bl_uuid_text(u, text);
    return bl_str_printf(&x->arena, "%s%s", prefix, text);
}

void api_kamount(struct call *c, const char *key, bl_amount a, int digits)
{
    char text[32];
    bl_amount_text(a, digits, text);
    bl_jw_kz(&c->j, key, text);
}

void api_ktime_us(struct call *c, const char *key, int64_t us)
{
    char text[32];
    bl_time_text(us, text);
    bl_jw_kz(&c->j, key, text);
}

void api_ktime_or_null(struct call *c, const char *key, int64_t us)
{
    char text[32];
    bl_jw_key(&c->j, key);
    if (us == INT64_MAX) {
        bl_jw_null(&c->j);
        return;
    }
    bl_time_text(us, text);
    bl_jw_z(&c->j, text);
}

void api_ktime_s(struct call *c, const char *key, int64_t s)
{
    char text[32];
    bl_time_text_s(s, text);
    bl_jw_kz(&c->j, key, text);
}

int api_digits(const struct call *c)
{
    const struct bl_currency *cur = bl_currency_find(c->account.row.currency);
    return cur ? cur->digits : 2;
}

/* ---- links */

static bool host_ok(struct bl_str h)
{
    for (size_t i = 0; i < h.n; i++) {
        char ch = h.p[i];
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
        if (!word && ch != '.' && ch != '-' && ch != ':' && ch != '[' && ch != ']' && ch != '_')
            return false;
    }
    return h.n > 0 && h.n <= 255;
}

void api_put_escaped(struct bl_buf *b, struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t ch = (uint8_t)s.p[i];
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') ||
                    ch == '-' || ch == '.' || ch == '_' || ch == '~';
        if (word)
            bl_buf_byte(b, ch);
        else
            bl_buf_printf(b, "%%%02X", ch);
    }
}

static void link_to(struct call *c, const char *key, int64_t page)
{
    struct bl_buf b = {0};
    struct bl_str host = api_header(c->in, "host");
    if (c->api->o.public_url)
        bl_buf_z(&b, c->api->o.public_url);
    else if (host_ok(host))
        bl_buf_printf(&b, "%s://%.*s", c->in->tls ? "https" : "http", BL_FMT(host));
    bl_buf_str(&b, c->in->path);
    bl_buf_printf(&b, "?page=%lld&per_page=%lld", (long long)page, (long long)c->per_page);
    for (size_t i = 0; i < c->n_query; i++) {
        const struct api_pair *q = &c->query[i];
        if (bl_str_is(q->key, "page") || bl_str_is(q->key, "per_page") || q->value.n == 0)
            continue;
        bl_buf_byte(&b, '&');
        api_put_escaped(&b, q->key);
        bl_buf_byte(&b, '=');
        api_put_escaped(&b, q->value);
    }
    bl_jw_kstr(&c->j, key, bl_buf_view(&b));
    bl_buf_release(&b);
}

void api_links(struct call *c, int64_t total)
{
    int64_t last = (total + c->per_page - 1) / c->per_page;
    if (last < 1)
        last = 1;
    bl_jw_key(&c->j, "links");
    bl_jw_begin_object(&c->j);
    if (last > 1 || c->page > 1) {
        bl_jw_key(&c->j, "pages");
        bl_jw_begin_object(&c->j);
        if (c->page > 1) {
            link_to(c, "first", 1);
            link_to(c, "prev", c->page - 1 > last ? last : c->page - 1);
        }
        if (c->page < last) {
            link_to(c, "next", c->page + 1);
            link_to(c, "last", last);
        }
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_object(&c->j);
    bl_jw_key(&c->j, "meta");
    bl_jw_begin_object(&c->j);
    bl_jw_kint(&c->j, "total", total);
    bl_jw_end_object(&c->j);
}

/* ---- errors */

static const char *civo_code(enum bl_err e)
{
    switch (e) {
    case BL_UNAUTHORIZED:
        return "authentication_invalid_key";
    case BL_FORBIDDEN:
        return "authentication_access_denied";
    case BL_TOO_MANY:
        return "rate_limited";
    case BL_NOT_FOUND:
        return "not_found";
    case BL_METHOD:
        return "method_not_allowed";
    case BL_UNAVAILABLE:
    case BL_INTERNAL:
    case BL_FULL:
        return "database_charge_listing";
    default:
        return "parameter_invalid";
    }
}

/* A sentence may begin with "code|": the code that the handler chose, where the dialect has codes of its own.
 */
static struct bl_str code_cut(struct bl_str *why, struct bl_str otherwise)
{
    const char *bar = why->n ? memchr(why->p, '|', why->n) : NULL;
    if (!bar)
        return otherwise;
    struct bl_str code = {why->p, (size_t)(bar - why->p)};
    *why = (struct bl_str){bar + 1, why->n - code.n - 1};
    return code;
}

/* Nothing behind the code: the older form of this API, which has it as its result; clients know a missing key
 * by that. */
static void civo_error(struct call *c, enum bl_err e, struct bl_str why)
{
    struct bl_str code = code_cut(&why, bl_str_of(civo_code(e)));
    if (why.n > 0) {
        bl_jw_kstr(&c->j, "code", code);
        bl_jw_kstr(&c->j, "reason", why);
    }
    bl_jw_kstr(&c->j, "result", why.n > 0 ? bl_str_of(bl_err_text(e)) : code);
    bl_jw_kint(&c->j, "status", bl_err_status(e));
}

/* RFC 6749 5.2 */
static void oauth_error(struct call *c, enum bl_err e, struct bl_str why)
{
    bool busy = e == BL_UNAVAILABLE || e == BL_FULL || e == BL_TOO_MANY;
    struct bl_str code = code_cut(&why, e == BL_INTERNAL ? BL_STR("server_error")
                                        : busy           ? BL_STR("temporarily_unavailable")
                                                         : BL_STR("invalid_request"));
    bl_jw_kstr(&c->j, "error", code);
    bl_jw_kstr(&c->j, "error_description", oauth_described(c->x, why));
}

void api_error_write(struct call *c, enum bl_err e, const char *why)
{
    enum api_dialect d = c->route ? c->route->dialect : API_DO;
    struct bl_str text = why && *why && e != BL_INTERNAL ? bl_str_of(why) : bl_str_of(bl_err_text(e));
    c->body.n = 0;
    if (d == API_PAGE) {
        code_cut(&text, BL_ABSENT);
        oauth_page_error(c, e, bl_str_dup(&c->x->arena, text));
        return;
    }
    bl_jw_init(&c->j, &c->body);
    bl_jw_begin_object(&c->j);
    if (d == API_OAUTH) {
        oauth_error(c, e, text);
    } else if (d == API_CIVO) {
        civo_error(c, e, text);
    } else if (d == API_PROBLEM) {
        bl_jw_kz(&c->j, "type", "about:blank");
        bl_jw_kz(&c->j, "title", bl_err_text(e));
        bl_jw_kint(&c->j, "status", bl_err_status(e));
        bl_jw_kstr(&c->j, "detail", text);
        bl_jw_kz(&c->j, "code", bl_err_id(e));
        bl_jw_kz(&c->j, "request_id", c->out->request_id);
    } else {
        bl_jw_kz(&c->j, "id", bl_err_id(e));
        bl_jw_kstr(&c->j, "message", text);
        bl_jw_kz(&c->j, "request_id", c->out->request_id);
    }
    bl_jw_end_object(&c->j);
    c->out->status = bl_err_status(e);
    api_reply_header(c, "content-type",
            d == API_PROBLEM ? BL_STR("application/problem+json") : BL_STR("application/json"));
}
