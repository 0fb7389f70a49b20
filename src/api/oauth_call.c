/* A client's request: its parameters, and who it is. */
#include "api/oauth.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

enum bl_err oauth_fail(struct call *c, const char *code, const char *why)
{
    enum bl_err e = strcmp(code, "invalid_client") == 0 ? BL_UNAUTHORIZED : BL_BAD_REQUEST;
    return bl_fail(c->x, e, "%s|%s", code, bl_str_dup(&c->x->arena, bl_str_of(why)).p);
}

enum bl_err oauth_failed(struct call *c, enum bl_err e, const char *code)
{
    bool theirs = e == BL_CONFLICT || e == BL_INVALID || e == BL_FORBIDDEN || e == BL_NOT_FOUND;
    return theirs ? oauth_fail(c, code, c->x->why) : e;
}

struct bl_str oauth_described(struct bl_ctx *x, struct bl_str why)
{
    char *out = bl_alloc(&x->arena, why.n + 1);
    for (size_t i = 0; i < why.n; i++) {
        char ch = why.p[i];
        bool plain = ch >= 0x20 && ch < 0x7f && ch != '"' && ch != '\\';
        out[i] = ch == '"' ? '\'' : plain ? ch : '?';
    }
    return (struct bl_str){out, why.n};
}

bool oauth_twice(const struct call *c, const char *key)
{
    for (size_t i = 0; i < c->n_query; i++)
        for (size_t k = 0; k < i && c->query[i].value.n > 0; k++)
            if (c->query[k].value.n > 0 && bl_str_eq(c->query[i].key, c->query[k].key) &&
                    (!key || bl_str_is(c->query[i].key, key)))
                return true;
    return false;
}

static bool is_form(struct bl_str type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    size_t n = sizeof form - 1;
    return !bl_is(type) || (type.n >= n && strncasecmp(type.p, form, n) == 0 &&
                                   (type.n == n || type.p[n] == ';' || type.p[n] == ' '));
}

/* Who is not known yet is counted by address. */
static enum bl_err refuse(struct call *c, const char *code, const char *why)
{
    why = bl_str_dup(&c->x->arena, bl_str_of(why)).p;
    BL_TRY(api_count(c, c->in->peer));
    return oauth_fail(c, code, why);
}

enum bl_err oauth_params(struct call *c, bool once)
{
    if (api_query_parse(c) != BL_OK)
        return refuse(c, "invalid_request", c->x->why);
    if (c->in->body.n > 0 && !is_form(api_header(c->in, "content-type")))
        return refuse(c, "invalid_request", "The body must be a form: application/x-www-form-urlencoded.");
    if (api_form_parse(c) != BL_OK)
        return refuse(c, "invalid_request", c->x->why);
    if (once && oauth_twice(c, NULL))
        return refuse(c, "invalid_request", "A parameter stands there twice.");
    return BL_OK;
}

/* ---- who asks */

static enum bl_err wrong_client(struct call *c)
{
    return refuse(c, "invalid_client", "The client is unknown, or did not prove who it is.");
}

/* "Basic " and the base64 of ID:SECRET, both escaped as in a form. */
static bool basic_read(struct call *c, struct bl_str header, struct bl_str *ret_id, struct bl_str *ret_secret)
{
    size_t n = 0, max = header.n;
    char *plain = bl_alloc(&c->x->arena, max + 1);
    if (sodium_base642bin((unsigned char *)plain, max, header.p + 6, header.n - 6, " ", &n, NULL,
                sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    const char *colon = memchr(plain, ':', n);
    if (!colon)
        return false;
    struct bl_str id = {plain, (size_t)(colon - plain)}, secret = {colon + 1, n - id.n - 1};
    return api_form_decode(c->x, id, ret_id) && api_form_decode(c->x, secret, ret_secret);
}

static enum bl_err credentials(struct call *c, struct bl_str *ret_id, struct bl_str *ret_secret)
{
    struct bl_str header = api_header(c->in, "authorization");
    *ret_id = api_query(c, "client_id");
    *ret_secret = api_query(c, "client_secret");
    if (header.n < 6 || strncasecmp(header.p, "basic ", 6) != 0)
        return BL_OK;
    struct bl_str said = *ret_id;
    if (bl_is(*ret_secret))
        return refuse(c, "invalid_request", "The client says who it is twice.");
    if (!basic_read(c, header, ret_id, ret_secret))
        return wrong_client(c);
    if (bl_is(said) && !bl_str_eq(said, *ret_id))
        return refuse(c, "invalid_request", "The client says to be two.");
    return BL_OK;
}

enum bl_err oauth_client(struct call *c, bool secret, struct work_client *ret)
{
    struct bl_str id, proof;
    BL_TRY(credentials(c, &id, &proof));
    if (!bl_is(id) || (secret && !bl_is(proof)))
        return wrong_client(c);
    enum bl_err e = work_client_check(c->x, c->db, id, proof, ret);
    if (e == BL_UNAUTHORIZED)
        return wrong_client(c);
    BL_TRY(e);
    return api_count(c, ret->public_ ? c->in->peer : ret->client_id);
}

enum bl_err oauth_scopes(struct call *c, struct bl_str text, uint32_t *ret)
{
    static const struct {
        const char *said, *meant;
    } words[] = {{"read", "api:read"}, {"write", "api:read api:write"}};
    uint32_t bits = 0;
    if (!bl_is(text))
        text = BL_STR("read");
    for (size_t at = 0; at < text.n;) {
        size_t end = at;
        while (end < text.n && text.p[end] != ' ')
            end++;
        struct bl_str one = {text.p + at, end - at};
        uint32_t more = 0;
        at = end + 1;
        for (size_t i = 0; i < BL_COUNT(words); i++)
            if (bl_str_is(one, words[i].said))
                one = bl_str_of(words[i].meant);
        BL_TRY(work_scopes_parse(c->x, one, &more));
        bits |= more;
    }
    if (bits == 0 || (bits & ~work_scopes_customer()))
        return bl_fail(c->x, BL_INVALID, "scope: what is asked for is not a customer's to give.");
    *ret = bits;
    return BL_OK;
}
