/* Consent: an application sends a customer's browser here, the customer says yes with a personal token, and
 * the browser goes back with a code.
 *
 * Until client and redirect URI are known to be good, nothing is sent anywhere: what is wrong with them is
 * told on a page. Afterwards the application is told, by a redirect.
 *
 * A form counts only when it comes from a page that this browser was shown: the page's cookie holds a random
 * word, the form its HMAC of what was asked. Another site can read neither. The word is no secret of the
 * server's, so any server takes a form of any other. */
#include "api/oauth.h"

#include <sodium.h>
#include <string.h>

#define WORD_N 32 /* hex digits */

/* ---- the request */

static enum bl_err client_read(struct call *c, struct oauth_ask *ret)
{
    struct bl_str id = api_query(c, "client_id"), uri = api_query(c, "redirect_uri");
    if (oauth_twice(c, "client_id") || oauth_twice(c, "redirect_uri"))
        return bl_fail(c->x, BL_BAD_REQUEST, "The link names its application, or the way back, twice.");
    if (!bl_is(id))
        return bl_fail(c->x, BL_BAD_REQUEST, "The link does not name an application (client_id).");
    enum bl_err e = work_client_get(c->x, c->db, id, &ret->client);
    if (e == BL_NOT_FOUND)
        return bl_fail(c->x, BL_BAD_REQUEST, "The application is not known here, or is not any more.");
    BL_TRY(e);
    ret->redirect_given = bl_is(uri);
    if (!bl_is(uri) && ret->client.n_redirect == 1)
        uri = ret->client.redirect[0];
    if (!bl_is(uri) || !work_client_redirects_to(&ret->client, uri))
        return bl_fail(c->x, BL_BAD_REQUEST,
                "The way back (redirect_uri) is none that the application was registered with.");
    ret->redirect_uri = uri;
    ret->state = api_query(c, "state");
    return BL_OK;
}

static bool is_challenge(struct bl_str s)
{
    uint8_t digest[33];
    size_t n = 0;
    return s.n == 43 &&
           sodium_base642bin(digest, sizeof digest, s.p, s.n, NULL, &n, NULL,
                   sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           n == 32;
}

/* What is told to the application. ret_code: its word for it. */
static enum bl_err ask_read(struct call *c, struct oauth_ask *a, const char **ret_code)
{
    struct bl_str type = api_query(c, "response_type"), challenge = api_query(c, "code_challenge"),
                  method = api_query(c, "code_challenge_method");
    *ret_code = "invalid_request";
    if (oauth_twice(c, NULL))
        return bl_fail(c->x, BL_BAD_REQUEST, "A parameter stands there twice.");
    if (!bl_is(type))
        return bl_fail(c->x, BL_BAD_REQUEST, "response_type is missing.");
    if (bl_is(method) && !bl_str_is(method, "S256"))
        return bl_fail(c->x, BL_BAD_REQUEST, "code_challenge_method must be S256.");
    if (bl_is(challenge) != bl_is(method))
        return bl_fail(c->x, BL_BAD_REQUEST, "code_challenge goes with code_challenge_method S256.");
    if (bl_is(challenge) && !is_challenge(challenge))
        return bl_fail(c->x, BL_BAD_REQUEST, "code_challenge must be the base64url of a SHA-256.");
    if (!bl_is(challenge) && a->client.public_)
        return bl_fail(c->x, BL_BAD_REQUEST, "A public client needs a code_challenge.");
    *ret_code = "unsupported_response_type";
    if (!bl_str_is(type, "code"))
        return bl_fail(c->x, BL_BAD_REQUEST, "response_type must be code.");
    *ret_code = "invalid_scope";
    BL_TRY(oauth_scopes(c, api_query(c, "scope"), &a->scopes));
    a->challenge = challenge;
    return BL_OK;
}

/* ---- the way back */

static void go_back(struct call *c, const struct oauth_ask *a, const char *key, struct bl_str value,
        struct bl_str description)
{
    struct bl_buf b = {0};
    bl_buf_str(&b, a->redirect_uri);
    bl_buf_z(&b, memchr(a->redirect_uri.p, '?', a->redirect_uri.n) ? "&" : "?");
    bl_buf_printf(&b, "%s=", key);
    api_put_escaped(&b, value);
    if (bl_is(description)) {
        bl_buf_z(&b, "&error_description=");
        api_put_escaped(&b, description);
    }
    if (bl_is(a->state)) {
        bl_buf_z(&b, "&state=");
        api_put_escaped(&b, a->state);
    }
    api_reply_header(c, "location", bl_str_dup(&c->x->arena, bl_buf_view(&b)));
    api_reply_header(c, "content-type", BL_STR("text/html; charset=utf-8"));
    bl_buf_release(&b);
    c->out->status = 303; /* whatever was posted here must not be posted there */
}

static enum bl_err tell(struct call *c, const struct oauth_ask *a, enum bl_err e, const char *code)
{
    if (e == BL_UNAVAILABLE || e == BL_FULL)
        code = "temporarily_unavailable";
    else if (e == BL_INTERNAL)
        code = "server_error";
    go_back(c, a, "error", bl_str_of(code),
            e == BL_INTERNAL ? BL_ABSENT : oauth_described(c->x, bl_str_of(c->x->why)));
    return BL_OK;
}

/* ---- the mark of a form */

static bool secure(const struct call *c)
{
    const char *url = c->api->o.public_url;
    return c->in->tls || (url && strncmp(url, "https://", 8) == 0);
}

static const char *cookie_name(const struct call *c)
{
    return secure(c) ? "__Host-billow_consent" : "billow_consent";
}

static bool is_word(struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return s.n == WORD_N;
}

static struct bl_str cookie_read(const struct call *c)
{
    struct bl_str all = api_header(c->in, "cookie");
    const char *name = cookie_name(c);
    size_t n = strlen(name);
    for (size_t at = 0; at < all.n;) {
        size_t end = at;
        while (end < all.n && all.p[end] != ';')
            end++;
        struct bl_str word = {all.p + at + n + 1, end - at > n ? end - at - n - 1 : 0};
        if (end - at > n && memcmp(all.p + at, name, n) == 0 && all.p[at + n] == '=' && is_word(word))
            return word;
        for (at = end + 1; at < all.n && all.p[at] == ' ';)
            at++;
    }
    return BL_ABSENT;
}

/* The word of this browser, from its cookie or a new one, which the answer then sets until the browser is
 * closed. */
static struct bl_str word_of(struct call *c)
{
    struct bl_str word = cookie_read(c);
    uint8_t raw[WORD_N / 2];
    char hex[WORD_N + 1];
    if (bl_is(word))
        return word;
    randombytes_buf(raw, sizeof raw);
    bl_hex(raw, sizeof raw, hex);
    word = bl_str_dup(&c->x->arena, bl_str_of(hex));
    api_reply_header(c, "set-cookie",
            bl_str_printf(&c->x->arena, "%s=%s; Path=%s; HttpOnly; SameSite=Lax%s", cookie_name(c), hex,
                    secure(c) ? "/" : "/v1/oauth/authorize", secure(c) ? "; Secure" : ""));
    return word;
}

static struct bl_str mark_of(struct call *c, const struct oauth_ask *a, struct bl_str word)
{
    crypto_auth_hmacsha256_state h;
    uint8_t tag[crypto_auth_hmacsha256_BYTES];
    char hex[2 * sizeof tag + 1];
    struct bl_str said[] = {
            a->client.client_id, a->redirect_uri, a->state, a->challenge, work_scopes_text(c->x, a->scopes)};
    crypto_auth_hmacsha256_init(&h, (const unsigned char *)word.p, word.n);
    for (size_t i = 0; i < BL_COUNT(said); i++) {
        uint64_t n = said[i].n; /* so that nothing can move from one to the next */
        crypto_auth_hmacsha256_update(&h, (const unsigned char *)&n, sizeof n);
        if (n > 0)
            crypto_auth_hmacsha256_update(&h, (const unsigned char *)said[i].p, said[i].n);
    }
    crypto_auth_hmacsha256_final(&h, tag);
    bl_hex(tag, sizeof tag, hex);
    return bl_str_dup(&c->x->arena, bl_str_of(hex));
}

static enum bl_err mark_check(struct call *c, const struct oauth_ask *a)
{
    struct bl_str word = cookie_read(c), got = api_query(c, "mark");
    if (bl_is(word) && bl_is(got)) {
        struct bl_str want = mark_of(c, a, word);
        if (got.n == want.n && sodium_memcmp(got.p, want.p, want.n) == 0)
            return BL_OK;
    }
    return bl_fail(c->x, BL_FORBIDDEN,
            "This form is not of a page that your browser was shown here, or its cookie is gone. Nothing was "
            "allowed: go back to the application and begin again.");
}

/* ---- handlers */

enum bl_err oauth_authorize_page(struct call *c)
{
    struct oauth_ask a = {0};
    const char *code = NULL;
    BL_TRY(oauth_params(c, false));
    BL_TRY(api_count(c, c->in->peer));
    BL_TRY(client_read(c, &a));
    enum bl_err e = ask_read(c, &a, &code);
    if (e != BL_OK)
        return tell(c, &a, e, code);
    oauth_page_consent(c, &a, mark_of(c, &a, word_of(c)), NULL);
    return BL_OK;
}

static enum bl_err allow(struct call *c, const struct oauth_ask *a, struct bl_str token)
{
    struct work_consent in = {.client = &a->client,
            .token = token,
            .scopes = a->scopes,
            .redirect_uri = a->redirect_uri,
            .redirect_given = a->redirect_given,
            .challenge = a->challenge};
    struct bl_str code;
    enum bl_err e = bl_is(token) ? work_consent(c->x, c->work, &in, &code) : BL_UNAUTHORIZED;
    if (e == BL_OK) {
        go_back(c, a, "code", code, BL_ABSENT);
        return BL_OK;
    }
    if (e != BL_UNAUTHORIZED && e != BL_FORBIDDEN)
        return tell(c, a, e, "server_error");
    oauth_page_consent(c, a, mark_of(c, a, word_of(c)),
            e == BL_UNAUTHORIZED ? "This is no valid personal token of an account. Nothing was allowed."
                                 : "That token may itself do nothing of what is asked. Nothing was allowed.");
    c->out->status = bl_err_status(e);
    if (e == BL_UNAUTHORIZED)
        api_reply_header(c, "www-authenticate", BL_STR("Bearer"));
    return BL_OK;
}

enum bl_err oauth_authorize(struct call *c)
{
    struct oauth_ask a = {0};
    struct work_token known;
    const char *code = NULL;
    BL_TRY(oauth_params(c, false));
    struct bl_str token = api_query(c, "token"), decision = api_query(c, "decision");
    bool good = bl_is(token) && work_token_check(c->x, c->work, c->db, token, &known) == BL_OK;
    BL_TRY(api_count(c, good ? bl_str_of(known.id) : c->in->peer)); /* a wrong one may be a guess */
    BL_TRY(client_read(c, &a));
    enum bl_err e = ask_read(c, &a, &code);
    if (e != BL_OK)
        return tell(c, &a, e, code);
    BL_TRY(mark_check(c, &a));
    if (bl_str_is(decision, "allow"))
        return allow(c, &a, token);
    go_back(c, &a, "error", BL_STR("access_denied"), BL_STR("The customer did not allow it."));
    return BL_OK;
}
