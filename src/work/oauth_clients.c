/* Clients: who may ask customers for tokens. An operator registers one with the addresses that customers may
 * be sent back to; nothing else about it is believed later on. */
#include "work/inner.h"

#include <sodium.h>
#include <string.h>

#define URI_MAX 1024

static bool one_of(const char *set, char ch)
{
    return ch != 0 && strchr(set, ch);
}

static bool is_alnum(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
}

static bool begins(struct bl_str s, const char *with)
{
    size_t n = strlen(with);
    return s.n >= n && memcmp(s.p, with, n) == 0;
}

/* Is what follows the scheme a host of this machine's own, with a port or without? */
static bool loopback(struct bl_str rest)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]"};
    for (size_t i = 0; i < BL_COUNT(hosts); i++) {
        size_t n = strlen(hosts[i]);
        if (!begins(rest, hosts[i]))
            continue;
        if (n < rest.n && rest.p[n] == ':')
            for (n++; n < rest.n && rest.p[n] >= '0' && rest.p[n] <= '9';)
                n++;
        if (n == rest.n || one_of("/?", rest.p[n]))
            return true;
    }
    return false;
}

/* A host must stand there, and nothing before it that a reader could take for it (https://good@bad/). */
static bool authority_ok(struct bl_str rest)
{
    size_t n = 0;
    while (n < rest.n && !one_of("/?", rest.p[n])) {
        if (!is_alnum(rest.p[n]) && !one_of(".-_:[]", rest.p[n]))
            return false;
        n++;
    }
    return n > 0 && rest.p[0] != ':';
}

/* A scheme of the application's own has a dot, for it is made from a name that its maker owns. */
static bool private_scheme(struct bl_str uri)
{
    bool dot = false;
    size_t n = 0;
    while (n < uri.n && (is_alnum(uri.p[n]) || one_of("+-.", uri.p[n])))
        dot |= uri.p[n++] == '.';
    return dot && !(uri.p[0] >= '0' && uri.p[0] <= '9') && is_alnum(uri.p[0]) && n + 1 < uri.n &&
           uri.p[n] == ':' && uri.p[n + 1] == '/';
}

static enum bl_err redirect_check(struct bl_ctx *x, struct bl_str uri)
{
    static const char https[] = "https://", http[] = "http://";
    if (uri.n == 0 || uri.n > URI_MAX)
        return bl_fail(x, BL_INVALID, "redirect_uris: an address has 1 to %d characters.", URI_MAX);
    for (size_t i = 0; i < uri.n; i++)
        if (!is_alnum(uri.p[i]) && !one_of("-._~:/?[]@!$&'()*+,;=%", uri.p[i]))
            return bl_fail(x, BL_INVALID,
                    "redirect_uris: %s holds a character that no address may have here; escape it, and "
                    "leave out a fragment.",
                    bl_shown(&x->arena, uri));
    struct bl_str behind_https = {uri.p + sizeof https - 1, uri.n - (sizeof https - 1)},
                  behind_http = {uri.p + sizeof http - 1, uri.n - (sizeof http - 1)};
    if (begins(uri, https) && authority_ok(behind_https))
        return BL_OK;
    if (begins(uri, http) && authority_ok(behind_http) && loopback(behind_http))
        return BL_OK;
    if (private_scheme(uri))
        return BL_OK;
    return bl_fail(x, BL_INVALID,
            "redirect_uris: %s is neither https://..., nor http:// to 127.0.0.1, [::1] or localhost, nor of "
            "a "
            "scheme of the application's own such as com.example.app:/...",
            bl_shown(&x->arena, uri));
}

static enum bl_err new_check(struct bl_ctx *x, const struct work_client_new *in)
{
    if (!bl_is(in->name) || in->name.n == 0 || in->name.n > 255 || !bl_utf8_ok(in->name))
        return bl_fail(x, BL_INVALID, "name: 1 to 255 bytes of UTF-8, for customers to know it by.");
    for (size_t i = 0; i < in->name.n; i++)
        if ((uint8_t)in->name.p[i] < 0x20 || in->name.p[i] == 0x7f)
            return bl_fail(x, BL_INVALID, "name: without control characters.");
    if (in->n_redirect == 0 || in->n_redirect > WORK_REDIRECTS_MAX)
        return bl_fail(x, BL_INVALID, "redirect_uris: 1 to %d addresses.", WORK_REDIRECTS_MAX);
    for (size_t i = 0; i < in->n_redirect; i++) {
        BL_TRY(redirect_check(x, in->redirect[i]));
        for (size_t k = 0; k < i; k++)
            if (bl_str_eq(in->redirect[i], in->redirect[k]))
                return bl_fail(x, BL_INVALID, "redirect_uris: %s stands there twice.",
                        bl_shown(&x->arena, in->redirect[i]));
    }
    return BL_OK;
}

static struct bl_str random_hex(struct bl_ctx *x, size_t bytes)
{
    uint8_t raw[32];
    char hex[65];
    randombytes_buf(raw, sizeof raw);
    bl_hex(raw, bytes, hex);
    return bl_str_dup(&x->arena, bl_str_of(hex));
}

static enum bl_err add(struct bl_ctx *x, struct work *w, const char *actor, const struct work_client_new *in,
        struct work_client_made *ret)
{
    struct work_client_made made = {.client_id = random_hex(x, 16)};
    struct bl_buf uris = {0};
    uint8_t digest[32];
    BL_TRY(new_check(x, in));
    if (!in->public_) {
        made.secret = random_hex(x, 32);
        bl_sha256(made.secret.p, made.secret.n, digest);
    }
    for (size_t i = 0; i < in->n_redirect; i++) {
        bl_buf_z(&uris, i ? "\n" : "");
        bl_buf_str(&uris, in->redirect[i]);
    }
    struct bl_str list = bl_str_dup(&x->arena, bl_buf_view(&uris));
    bl_buf_release(&uris);
    BL_TRY(q_oauth_client_insert(x, store_writer(w->store), made.client_id,
            in->public_ ? BL_ABSENT : (struct bl_str){(const char *)digest, 32}, in->name, list, x->now_us));
    BL_TRY(work_audit(x, w, actor, "oauth.client.add", made.client_id, in->name));
    *ret = made;
    return BL_OK;
}

enum bl_err work_client_add(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_client_new *in, struct work_client_made *ret)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, add(x, w, actor, in, ret));
}

static enum bl_err revoke(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str client_id)
{
    struct store_db *db = store_writer(w->store);
    struct q_oauth_client_get row;
    bool found = false;
    BL_TRY(q_oauth_client_get(x, db, client_id, &row, &found));
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "There is no client %s.", bl_shown(&x->arena, client_id));
    BL_TRY(q_oauth_client_revoke(x, db, client_id, x->now_us));
    BL_TRY(q_token_delete_of_client(x, db, client_id));
    BL_TRY(q_oauth_grant_delete_of_client(x, db, client_id));
    return work_audit(x, w, actor, "oauth.client.revoke", client_id, BL_ABSENT);
}

enum bl_err work_client_revoke(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str client_id)
{
    BL_TRY(work_begin(x, w));
    enum bl_err e = work_end(x, w, revoke(x, w, actor, client_id));
    work_token_cache_drop(w);
    return e;
}

static void client_of(struct bl_str client_id, const struct q_oauth_client_get *row, struct work_client *ret)
{
    *ret = (struct work_client){.client_id = client_id, .name = row->name, .public_ = !bl_is(row->secret)};
    for (size_t at = 0; at < row->redirect_uris.n && ret->n_redirect < WORK_REDIRECTS_MAX;) {
        size_t end = at;
        while (end < row->redirect_uris.n && row->redirect_uris.p[end] != '\n')
            end++;
        ret->redirect[ret->n_redirect++] = (struct bl_str){row->redirect_uris.p + at, end - at};
        at = end + 1;
    }
}

static enum bl_err living(
        struct bl_ctx *x, struct store_db *db, struct bl_str client_id, struct q_oauth_client_get *ret)
{
    bool found = false;
    BL_TRY(q_oauth_client_get(x, db, client_id, ret, &found));
    if (!found || ret->revoked_us <= x->now_us)
        return bl_fail(x, BL_NOT_FOUND, "There is no such application.");
    return BL_OK;
}

enum bl_err work_client_get(
        struct bl_ctx *x, struct store_db *db, struct bl_str client_id, struct work_client *ret)
{
    struct q_oauth_client_get row;
    BL_TRY(living(x, db, client_id, &row));
    client_of(client_id, &row, ret);
    return BL_OK;
}

enum bl_err work_client_check(struct bl_ctx *x, struct store_db *db, struct bl_str client_id,
        struct bl_str secret, struct work_client *ret)
{
    struct q_oauth_client_get row;
    uint8_t digest[32];
    enum bl_err e = living(x, db, client_id, &row);
    if (e != BL_OK && e != BL_NOT_FOUND)
        return e;
    bool good = e == BL_OK && bl_is(row.secret) == bl_is(secret);
    if (good && bl_is(secret)) {
        bl_sha256(secret.p, secret.n, digest);
        good = row.secret.n == sizeof digest && sodium_memcmp(row.secret.p, digest, sizeof digest) == 0;
    }
    if (!good)
        return bl_fail(x, BL_UNAUTHORIZED, "The application is unknown, or its secret is not this one.");
    client_of(client_id, &row, ret);
    return BL_OK;
}

bool work_client_redirects_to(const struct work_client *c, struct bl_str uri)
{
    for (size_t i = 0; i < c->n_redirect; i++)
        if (bl_str_eq(c->redirect[i], uri))
            return true;
    return false;
}
