/* Where clients ask: tokens for codes and refresh tokens, what a token is, and its end. */
#include "api/oauth.h"

#include <string.h>

/* ---- token */

static enum bl_err issued_write(struct call *c, const struct work_issued *t)
{
    struct bl_face f;
    char uuid[37];
    struct bl_jw *j = &c->j;
    BL_TRY(work_account_get(c->x, c->work, c->db, t->account, &c->account));
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &f));
    bl_uuid_text(t->account, uuid);
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "access_token", t->access);
    bl_jw_kz(j, "token_type", "bearer");
    bl_jw_kint(j, "expires_in", (t->expires_us - c->x->now_us) / BL_US);
    bl_jw_kstr(j, "refresh_token", t->refresh);
    bl_jw_kstr(j, "scope", t->scopes);
    bl_jw_key(j, "info");
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "name", bl_is(f.name) ? f.name : BL_STR(""));
    bl_jw_kstr(j, "email", bl_is(f.email) ? f.email : BL_STR(""));
    bl_jw_kz(j, "uuid", uuid);
    bl_jw_end_object(j);
    bl_jw_end_object(j);
    return BL_OK;
}

static enum bl_err by_code(struct call *c, const struct work_client *client, struct work_issued *ret)
{
    struct work_code in = {.client = client,
            .code = api_query(c, "code"),
            .redirect_uri = api_query(c, "redirect_uri"),
            .verifier = api_query(c, "code_verifier")};
    if (!bl_is(in.code))
        return oauth_fail(c, "invalid_request", "code is missing.");
    return oauth_failed(c, work_code_exchange(c->x, c->work, &in, ret), "invalid_grant");
}

static enum bl_err by_refresh(struct call *c, const struct work_client *client, struct work_issued *ret)
{
    struct work_refresh in = {.client = client, .refresh = api_query(c, "refresh_token")};
    struct bl_str scope = api_query(c, "scope");
    if (!bl_is(in.refresh))
        return oauth_fail(c, "invalid_request", "refresh_token is missing.");
    if (bl_is(scope))
        BL_TRY(oauth_failed(c, oauth_scopes(c, scope, &in.scopes), "invalid_scope"));
    enum bl_err e = work_refresh(c->x, c->work, &in, ret);
    return oauth_failed(c, e, e == BL_FORBIDDEN ? "invalid_scope" : "invalid_grant");
}

enum bl_err oauth_token(struct call *c)
{
    struct work_client client;
    struct work_issued issued;
    BL_TRY(oauth_params(c, true));
    BL_TRY(oauth_client(c, false, &client));
    struct bl_str type = api_query(c, "grant_type");
    if (!bl_is(type))
        return oauth_fail(c, "invalid_request", "grant_type is missing.");
    if (bl_str_is(type, "authorization_code"))
        BL_TRY(by_code(c, &client, &issued));
    else if (bl_str_is(type, "refresh_token"))
        BL_TRY(by_refresh(c, &client, &issued));
    else
        return oauth_fail(
                c, "unsupported_grant_type", "grant_type must be authorization_code or refresh_token.");
    return issued_write(c, &issued);
}

/* ---- what a token is */

static void scope_list(struct call *c, struct bl_str words)
{
    bl_jw_key(&c->j, "scopes");
    bl_jw_begin_array(&c->j);
    for (size_t at = 0; at < words.n;) {
        size_t end = at;
        while (end < words.n && words.p[end] != ' ' && words.p[end] != ',')
            end++;
        if (end > at)
            bl_jw_str(&c->j, (struct bl_str){words.p + at, end - at});
        at = end + 1;
    }
    bl_jw_end_array(&c->j);
}

/* Seconds that are left; a part of one counts, for the token is good in it. 0: it never ends. */
static int64_t left_s(const struct call *c, int64_t expires_us)
{
    return expires_us == INT64_MAX ? 0 : (expires_us - c->x->now_us + BL_US - 1) / BL_US;
}

enum bl_err oauth_token_info(struct call *c)
{
    struct work_token_about t;
    struct bl_jw *j = &c->j;
    BL_TRY(work_token_tell(c->x, c->db, api_bearer(c->in), &t));
    bl_jw_begin_object(j);
    bl_jw_kint(j, "resource_owner_id",
            work_owner_number(
                    t.has_account ? t.account : t.org, t.has_account ? c->account.row.number : BL_STR("")));
    scope_list(c, t.scopes);
    bl_jw_kint(j, "expires_in_seconds", left_s(c, t.expires_us));
    bl_jw_key(j, "application");
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "uid", bl_is(t.client_id) ? t.client_id : BL_STR(""));
    bl_jw_end_object(j);
    bl_jw_kint(j, "created_at", bl_floor_s(t.created_us));
    bl_jw_end_object(j);
    return BL_OK;
}

enum bl_err oauth_introspect(struct call *c)
{
    struct work_client client;
    struct work_token_about t;
    struct bl_jw *j = &c->j;
    char uuid[37];
    BL_TRY(oauth_params(c, true));
    BL_TRY(oauth_client(c, true, &client));
    struct bl_str token = api_query(c, "token");
    if (!bl_is(token))
        return oauth_fail(c, "invalid_request", "token is missing.");
    enum bl_err e = work_token_tell(c->x, c->db, token, &t);
    if (e != BL_OK && e != BL_UNAUTHORIZED)
        return e;
    bool active = e == BL_OK && bl_is(t.client_id) && bl_str_eq(t.client_id, client.client_id);
    bl_jw_begin_object(j);
    bl_jw_kbool(j, "active", active);
    if (active) {
        bl_uuid_text(t.account, uuid);
        bl_jw_kstr(j, "scope", t.scopes);
        bl_jw_kstr(j, "client_id", t.client_id);
        if (!t.refresh)
            bl_jw_kz(j, "token_type", "bearer");
        if (t.expires_us != INT64_MAX)
            bl_jw_kint(j, "exp", bl_floor_s(t.expires_us));
        bl_jw_kint(j, "iat", bl_floor_s(t.created_us));
        bl_jw_kz(j, "sub", uuid);
    }
    bl_jw_end_object(j);
    return BL_OK;
}

/* ---- the end of one */

/* Whoever holds a token may hand it back with it as the only proof. */
static enum bl_err by_bearer(struct call *c, struct bl_str bearer)
{
    struct work_token known;
    bool good = work_token_check(c->x, c->work, c->db, bearer, &known) == BL_OK;
    struct bl_str token = api_query(c, "token");
    BL_TRY(api_count(c, good ? bl_str_of(known.id) : c->in->peer));
    return work_token_hand_back(c->x, c->work, NULL, bearer, bl_is(token) ? token : bearer);
}

enum bl_err oauth_revoke(struct call *c)
{
    struct work_client client;
    struct bl_str bearer = api_bearer(c->in);
    BL_TRY(oauth_params(c, true));
    if (bl_is(bearer)) {
        BL_TRY(by_bearer(c, bearer));
    } else {
        BL_TRY(oauth_client(c, false, &client));
        struct bl_str token = api_query(c, "token");
        if (!bl_is(token))
            return oauth_fail(c, "invalid_request", "token is missing.");
        BL_TRY(work_token_hand_back(c->x, c->work, &client, BL_ABSENT, token));
    }
    bl_jw_begin_object(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}
