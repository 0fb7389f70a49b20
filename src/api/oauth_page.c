/* The two pages that a customer's browser shows: the question whether an application may, and what went
 * wrong. No script and nothing from elsewhere is on them, nobody can put them into a frame, and whatever
 * comes from outside is text. */
#include "api/oauth.h"

#include <sodium.h>
#include <string.h>

static const char style[] =
        ":root{color-scheme:light dark}"
        "body{font:16px/1.5 system-ui,sans-serif;margin:0;display:flex;justify-content:center}"
        "main{width:100%;max-width:30rem;padding:2.5rem 1.25rem}"
        "h1{font-size:1.4rem;line-height:1.3;overflow-wrap:anywhere}"
        "code{font-size:.95em}"
        "label{display:block;font-weight:600;margin-top:1.5rem}"
        "input[type=password]{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;margin:.25rem 0}"
        ".note{font-size:.9rem;opacity:.8}"
        ".wrong{border-left:.25rem solid #c22;padding-left:.75rem}"
        "button{font:inherit;padding:.5rem 1.25rem;margin:1rem .75rem 0 0}"
        "button[value=allow]{font-weight:600}";

static void text(struct bl_buf *b, struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            bl_buf_z(b, "&amp;");
            break;
        case '<':
            bl_buf_z(b, "&lt;");
            break;
        case '>':
            bl_buf_z(b, "&gt;");
            break;
        case '"':
            bl_buf_z(b, "&quot;");
            break;
        case '\'':
            bl_buf_z(b, "&#39;");
            break;
        default:
            bl_buf_byte(b, (uint8_t)s.p[i]);
        }
    }
}

static void head(struct bl_buf *b, const char *title)
{
    b->n = 0;
    bl_buf_printf(b,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n"
            "<style>%s</style>\n</head>\n<body>\n<main>\n",
            title, style);
}

static void foot(struct call *c)
{
    bl_buf_z(&c->body, "</main>\n</body>\n</html>\n");
    api_reply_header(c, "content-type", BL_STR("text/html; charset=utf-8"));
}

/* Scheme and host of where the browser is sent; of a scheme of the application's own only that. */
static struct bl_str origin_of(struct bl_ctx *x, struct bl_str uri)
{
    size_t n = 0;
    while (n < uri.n && uri.p[n] != ':')
        n++;
    bool web = bl_str_is((struct bl_str){uri.p, n}, "https") || bl_str_is((struct bl_str){uri.p, n}, "http");
    if (!web) /* what follows is the application's to choose, and may hold what ends a policy */
        return bl_str_printf(&x->arena, "%.*s:", (int)n, uri.p);
    n += 3;
    while (n < uri.n && uri.p[n] != '/' && uri.p[n] != '?')
        n++;
    return bl_str_dup(&x->arena, (struct bl_str){uri.p, n});
}

/* What the browser may do with the page. to: where the form may lead besides here; absent: nowhere. */
static struct bl_str policy(struct bl_ctx *x, struct bl_str to)
{
    uint8_t digest[32];
    char hash[64];
    bl_sha256(style, sizeof style - 1, digest);
    sodium_bin2base64(hash, sizeof hash, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    /* A policy has no way to name an address in brackets. */
    if (bl_is(to) && memchr(to.p, '[', to.n))
        to = BL_STR("http:");
    return bl_str_printf(&x->arena,
            "default-src 'none'; style-src 'sha256-%s'; form-action 'self' %.*s; base-uri 'none'; "
            "frame-ancestors 'none'",
            hash, BL_FMT(to));
}

void oauth_page_headers(struct call *c)
{
    if (!api_header_set(c->out, "content-security-policy"))
        api_reply_header(c, "content-security-policy", policy(c->x, BL_ABSENT));
    api_reply_header(c, "x-frame-options", BL_STR("DENY"));
    api_reply_header(c, "x-content-type-options", BL_STR("nosniff"));
    api_reply_header(c, "referrer-policy", BL_STR("no-referrer"));
}

void oauth_page_error(struct call *c, enum bl_err e, struct bl_str why)
{
    struct bl_buf *b = &c->body;
    head(b, "This did not work");
    bl_buf_z(b, "<h1>This did not work</h1>\n<p>");
    text(b, why);
    bl_buf_z(b, "</p>\n<p class=\"note\">Request ");
    text(b, bl_str_of(c->out->request_id));
    bl_buf_z(b, "</p>\n");
    foot(c);
    c->out->status = bl_err_status(e);
}

/* ---- the question */

/* A wide scope in a sentence; the others stand for themselves. */
static const struct {
    const char *word, *sentence;
} sentences[] = {
        {"api:read", "see everything in the account: what it uses, its invoices and payments"},
        {"api:write", "change what the account has, as with its own tools"},
};

static void scope_items(struct call *c, uint32_t bits)
{
    struct bl_str words = work_scopes_text(c->x, bits);
    for (size_t at = 0; at < words.n;) {
        size_t end = at;
        while (end < words.n && words.p[end] != ' ')
            end++;
        struct bl_str one = {words.p + at, end - at};
        const char *sentence = NULL;
        at = end + 1;
        for (size_t i = 0; i < BL_COUNT(sentences); i++)
            if (bl_str_is(one, sentences[i].word))
                sentence = sentences[i].sentence;
        bl_buf_z(&c->body, "<li>");
        if (sentence)
            bl_buf_printf(&c->body, "%s (<code>%.*s</code>)", sentence, BL_FMT(one));
        else
            bl_buf_printf(&c->body, "<code>%.*s</code>", BL_FMT(one));
        bl_buf_z(&c->body, "</li>\n");
    }
}

static void hidden(struct bl_buf *b, const char *name, struct bl_str value)
{
    if (!bl_is(value))
        return;
    bl_buf_printf(b, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    text(b, value);
    bl_buf_z(b, "\">\n");
}

void oauth_page_consent(struct call *c, const struct oauth_ask *a, struct bl_str mark, const char *wrong)
{
    static const char *const kept[] = {"response_type", "client_id", "redirect_uri", "scope", "state",
            "code_challenge", "code_challenge_method"};
    struct bl_buf *b = &c->body;
    struct bl_str origin = origin_of(c->x, a->redirect_uri);
    head(b, "Allow an application?");
    bl_buf_z(b, "<h1>Allow “");
    text(b, a->client.name);
    bl_buf_z(b, "” to act for your account?</h1>\n");
    if (wrong)
        bl_buf_printf(b, "<p class=\"wrong\" role=\"alert\">%s</p>\n", wrong);
    bl_buf_z(b, "<p>It asks to:</p>\n<ul>\n");
    scope_items(c, a->scopes);
    bl_buf_z(b, "</ul>\n<p>Then you go back to <code>");
    text(b, origin);
    bl_buf_z(b, "</code>.</p>\n<form method=\"post\" action=\"/v1/oauth/authorize\">\n");
    for (size_t i = 0; i < BL_COUNT(kept); i++)
        hidden(b, kept[i], api_query(c, kept[i]));
    hidden(b, "mark", mark);
    bl_buf_z(b,
            "<label for=\"token\">A personal token of the account</label>\n"
            "<input type=\"password\" id=\"token\" name=\"token\" autocomplete=\"off\" maxlength=\"256\" "
            "required autofocus>\n"
            "<p class=\"note\">The application never learns it. It gets a token of its own, which may do no "
            "more than yours, and ends when yours does.</p>\n"
            "<button name=\"decision\" value=\"allow\">Allow</button>\n"
            "<button name=\"decision\" value=\"deny\" formnovalidate>Deny</button>\n</form>\n");
    foot(c);
    api_reply_header(c, "content-security-policy", policy(c->x, origin));
}
