/* Grants: from a customer's consent to the tokens of an application, and to their end.
 *
 *     consent   a row with the code's digest                     -> code
 *     exchange  the row gets the digests of a refresh token      -> access, refresh
 *     refresh   ... of the next one                              -> access, refresh
 *     end       the row goes, and its access tokens with it
 *
 * Refresh tokens of one grant begin alike (16 random bytes) and end differently (16 more). By the beginning
 * the grant is found, by the whole it is known whether this one is current: any other of them is an old one
 * in wrong hands. So the row need not grow, however long an application lives. */
#include "work/inner.h"

#include <sodium.h>
#include <string.h>

#define ACCESS_PREFIX "doo_v1_"
#define REFRESH_PREFIX "dor_v1_"
#define FAMILY_N (sizeof REFRESH_PREFIX - 1 + 32) /* what all refresh tokens of a grant have in common */
#define REFRESH_N (FAMILY_N + 32)
#define CODE_US (60 * BL_US)
#define ACCESS_US (30 * BL_DAY_S * BL_US)
#define GRANTS_MAX 16 /* of one account to one client: the oldest makes room */
#define ACCESS_MAX 4  /* living access tokens of one grant, likewise */

/* As the audit says it. */
#define CODE_TWICE "a code was used twice"
#define REFRESH_TWICE "an old refresh token was used"

struct digest {
    uint8_t b[32];
};
static struct digest digest_of(struct bl_str s)
{
    struct digest d;
    bl_sha256(s.p, s.n, d.b);
    return d;
}

static struct bl_str bytes_of(const struct digest *d)
{
    return (struct bl_str){(const char *)d->b, sizeof d->b};
}

static struct bl_str random_text(struct bl_ctx *x, const char *before, size_t n_before, size_t bytes)
{
    uint8_t raw[32];
    char hex[65];
    randombytes_buf(raw, sizeof raw);
    bl_hex(raw, bytes, hex);
    return bl_str_printf(&x->arena, "%.*s%s", (int)n_before, before, hex);
}

/* One after the other on a clock that stands or goes back, too: by this the oldest is told. */
static int64_t after(const struct bl_ctx *x, bool found, int64_t newest_us)
{
    return found && newest_us >= x->now_us ? newest_us + 1 : x->now_us;
}

enum bl_err work_grant_end(struct bl_ctx *x, struct work *w, struct bl_str grant_id)
{
    struct store_db *db = store_writer(w->store);
    BL_TRY(q_oauth_grant_delete(x, db, grant_id));
    return q_token_delete_of_grant(x, db, grant_id);
}

/* ---- consent */

static enum bl_err consent(struct bl_ctx *x, struct work *w, const struct work_consent *in, int64_t *ret_gone,
        struct bl_str *ret_code)
{
    struct store_db *db = store_writer(w->store);
    struct digest token = digest_of(in->token);
    struct q_token_get giver;
    struct q_oauth_grant_newest newest = {0};
    bool found = false;
    uint32_t has = 0;
    BL_TRY(q_token_get(x, db, bytes_of(&token), &giver, &found));
    bool good = found && x->now_us < giver.revoked_us && x->now_us < giver.expires_us;
    if (!good || !bl_str_is(giver.dialect, "do") || giver.account.n != 16 || bl_is(giver.grant_id))
        return bl_fail(x, BL_UNAUTHORIZED, "This is no valid personal token of an account.");
    BL_TRY(work_scopes_parse(x, giver.scopes, &has));
    if (!(has & in->scopes))
        return bl_fail(x, BL_FORBIDDEN, "The token may do nothing of what the application asks for.");
    struct bl_str scopes = work_scopes_text(x, has & in->scopes);
    struct bl_str code = random_text(x, "", 0, 32), grant_id = random_text(x, "grt_", 4, 6);
    struct digest code_digest = digest_of(code);
    bl_uuid account;
    memcpy(account.b, giver.account.p, sizeof account.b);
    BL_TRY(q_oauth_grant_delete_unused(x, db, x->now_us));
    BL_TRY(q_token_delete_of_older(x, db, in->client->client_id, giver.account, GRANTS_MAX - 1, ret_gone));
    BL_TRY(q_oauth_grant_delete_older(x, db, in->client->client_id, giver.account, GRANTS_MAX - 1));
    BL_TRY(q_oauth_grant_newest(x, db, in->client->client_id, giver.account, &newest, &found));
    int64_t created_us = after(x, found, newest.created_us);
    BL_TRY(q_oauth_grant_insert(x, db, grant_id, in->client->client_id, store_bucket_of(w->store, account),
            giver.account, giver.token_id, scopes, in->redirect_uri, in->redirect_given,
            bl_is(in->challenge) ? in->challenge : BL_STR(""), bytes_of(&code_digest), x->now_us + CODE_US,
            created_us));
    struct bl_str detail =
            bl_str_printf(&x->arena, "%.*s: %.*s", BL_FMT(in->client->client_id), BL_FMT(scopes));
    BL_TRY(work_audit(x, w, bl_str_dup(&x->arena, giver.token_id).p, "oauth.allow", grant_id, detail));
    *ret_code = code;
    return BL_OK;
}

enum bl_err work_consent(
        struct bl_ctx *x, struct work *w, const struct work_consent *in, struct bl_str *ret_code)
{
    int64_t gone = 0;
    BL_TRY(work_begin(x, w));
    enum bl_err e = work_end(x, w, consent(x, w, in, &gone, ret_code));
    if (gone > 0)
        work_token_cache_drop(w);
    return e;
}

/* ---- what both ways to a token have in common */

struct grant {
    struct bl_str grant_id, scopes, account; /* scopes: of the access token to come */
    const struct work_client *client;
};

struct outcome {
    bool again;   /* it was used before: commit, then fail */
    int64_t gone; /* access tokens that ended */
};

/* What a grant hangs on must be good; tells until when it is. */
static enum bl_err giver_check(struct bl_ctx *x, struct store_db *db, struct bl_str giver, int64_t *ret_until)
{
    struct q_token_by_id row;
    bool found = false;
    BL_TRY(q_token_by_id(x, db, giver, &row, &found));
    if (!found || x->now_us >= row.revoked_us || x->now_us >= row.expires_us)
        return bl_fail(x, BL_CONFLICT, "The token that allowed this has ended.");
    *ret_until = row.expires_us;
    return BL_OK;
}

/* An access token; ret->refresh is there already. until_us: what its grant hangs on ends then. */
static enum bl_err issue(struct bl_ctx *x, struct work *w, const struct grant *g, int64_t until_us,
        struct outcome *o, struct work_issued *ret)
{
    struct q_token_newest_of_grant newest = {0};
    struct bl_str id;
    bool found = false;
    BL_TRY(q_token_newest_of_grant(x, store_writer(w->store), g->grant_id, &newest, &found));
    ret->scopes = g->scopes;
    memcpy(ret->account.b, g->account.p, sizeof ret->account.b);
    ret->expires_us = x->now_us + ACCESS_US < until_us ? x->now_us + ACCESS_US : until_us;
    struct work_token_row row = {
            .dialect = WORK_DO,
            .prefix = ACCESS_PREFIX,
            .account = &ret->account,
            .scopes = g->scopes,
            .name = g->client->name,
            .grant_id = g->grant_id,
            .created_us = after(x, found, newest.created_us),
            .expires_us = ret->expires_us,
    };
    BL_TRY(q_token_delete_but_newest(
            x, store_writer(w->store), g->grant_id, x->now_us, ACCESS_MAX - 1, &o->gone));
    return work_token_write(x, w, &row, &ret->access, &id);
}

/* Somebody has it who should not, and nobody can tell who: the grant ends for both. */
static enum bl_err used_again(struct bl_ctx *x, struct work *w, struct bl_str grant_id,
        struct bl_str client_id, const char *what, struct outcome *o)
{
    o->again = true;
    BL_TRY(work_grant_end(x, w, grant_id));
    return work_audit(x, w, bl_str_dup(&x->arena, client_id).p, "oauth.end", grant_id, bl_str_of(what));
}

/* ---- code */

static bool is_verifier(struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        bool word = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9');
        if (!word && (ch == 0 || !strchr("-._~", ch)))
            return false;
    }
    return s.n >= 43 && s.n <= 128;
}

static enum bl_err verifier_check(struct bl_ctx *x, struct bl_str challenge, struct bl_str verifier)
{
    char text[64];
    if (challenge.n == 0 && !bl_is(verifier))
        return BL_OK;
    if (challenge.n == 0)
        return bl_fail(x, BL_CONFLICT, "There is a code_verifier, but the code was asked for without one.");
    if (!bl_is(verifier))
        return bl_fail(x, BL_CONFLICT, "The code_verifier is missing.");
    struct digest d = digest_of(verifier);
    sodium_bin2base64(text, sizeof text, d.b, sizeof d.b, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    if (!is_verifier(verifier) || challenge.n != strlen(text) ||
            sodium_memcmp(challenge.p, text, challenge.n) != 0)
        return bl_fail(x, BL_CONFLICT, "The code_verifier is not the one that the code was asked for with.");
    return BL_OK;
}

static enum bl_err exchange(struct bl_ctx *x, struct work *w, const struct work_code *in, struct outcome *o,
        struct work_issued *ret)
{
    struct store_db *db = store_writer(w->store);
    struct digest code = digest_of(in->code);
    struct q_oauth_grant_by_code row;
    bool found = false;
    BL_TRY(q_oauth_grant_by_code(x, db, bytes_of(&code), &row, &found));
    if (!found)
        return bl_fail(x, BL_CONFLICT, "The code is unknown, or no longer good.");
    if (row.used_us != INT64_MAX)
        return used_again(x, w, row.grant_id, in->client->client_id, CODE_TWICE, o);
    if (!bl_str_eq(row.client_id, in->client->client_id))
        return bl_fail(x, BL_CONFLICT, "The code was given to another application.");
    if (x->now_us >= row.code_expires_us)
        return bl_fail(x, BL_CONFLICT, "The code has expired.");
    bool same = bl_is(in->redirect_uri) ? bl_str_eq(in->redirect_uri, row.redirect_uri) : !row.redirect_given;
    if (!same)
        return bl_fail(x, BL_CONFLICT, "The redirect_uri is not the one that the code was asked for with.");
    BL_TRY(verifier_check(x, row.challenge, in->verifier));
    int64_t until_us = 0, changed = 0;
    BL_TRY(giver_check(x, db, row.giver, &until_us));
    struct bl_str family = random_text(x, REFRESH_PREFIX, sizeof REFRESH_PREFIX - 1, 16);
    *ret = (struct work_issued){.refresh = random_text(x, family.p, FAMILY_N, 16)};
    struct digest family_digest = digest_of(family), refresh = digest_of(ret->refresh);
    BL_TRY(q_oauth_grant_exchange(
            x, db, row.grant_id, x->now_us, bytes_of(&family_digest), bytes_of(&refresh), &changed));
    if (changed == 0) /* somebody was first at this very moment */
        return used_again(x, w, row.grant_id, in->client->client_id, CODE_TWICE, o);
    struct grant g = {row.grant_id, row.scopes, row.account, in->client};
    return issue(x, w, &g, until_us, o, ret);
}

/* ---- refresh */

static enum bl_err refresh(struct bl_ctx *x, struct work *w, const struct work_refresh *in, struct outcome *o,
        struct work_issued *ret)
{
    struct store_db *db = store_writer(w->store);
    struct q_oauth_grant_by_family row;
    uint32_t may = 0;
    bool found = false;
    if (in->refresh.n == REFRESH_N) {
        struct digest family = digest_of((struct bl_str){in->refresh.p, FAMILY_N});
        BL_TRY(q_oauth_grant_by_family(x, db, bytes_of(&family), &row, &found));
    }
    if (!found)
        return bl_fail(x, BL_CONFLICT, "The refresh token is unknown, or no longer good.");
    struct digest now = digest_of(in->refresh);
    if (row.refresh.n != sizeof now.b || sodium_memcmp(row.refresh.p, now.b, sizeof now.b) != 0)
        return used_again(x, w, row.grant_id, in->client->client_id, REFRESH_TWICE, o);
    if (!bl_str_eq(row.client_id, in->client->client_id))
        return bl_fail(x, BL_CONFLICT, "The refresh token was given to another application.");
    BL_TRY(work_scopes_parse(x, row.scopes, &may));
    if (in->scopes & ~may)
        return bl_fail(x, BL_FORBIDDEN, "More is asked for than was allowed.");
    int64_t until_us = 0, changed = 0;
    BL_TRY(giver_check(x, db, row.giver, &until_us));
    *ret = (struct work_issued){.refresh = random_text(x, in->refresh.p, FAMILY_N, 16)};
    struct digest next = digest_of(ret->refresh);
    BL_TRY(q_oauth_grant_rotate(x, db, row.grant_id, bytes_of(&now), bytes_of(&next), &changed));
    if (changed == 0)
        return used_again(x, w, row.grant_id, in->client->client_id, REFRESH_TWICE, o);
    struct grant g = {
            row.grant_id, in->scopes ? work_scopes_text(x, in->scopes) : row.scopes, row.account, in->client};
    return issue(x, w, &g, until_us, o, ret);
}

/* A grant that ends for a second use must end though its request fails. */
static enum bl_err settle(
        struct bl_ctx *x, struct work *w, enum bl_err so_far, const struct outcome *o, const char *why)
{
    enum bl_err e = work_end(x, w, so_far);
    if (o->again || o->gone > 0)
        work_token_cache_drop(w);
    if (e == BL_OK && o->again)
        return bl_fail(x, BL_CONFLICT, "%s", why);
    return e;
}

enum bl_err work_code_exchange(
        struct bl_ctx *x, struct work *w, const struct work_code *in, struct work_issued *ret)
{
    struct outcome o = {0};
    BL_TRY(work_begin(x, w));
    return settle(x, w, exchange(x, w, in, &o, ret), &o, "The code was used before: what it gave has ended.");
}

enum bl_err work_refresh(
        struct bl_ctx *x, struct work *w, const struct work_refresh *in, struct work_issued *ret)
{
    struct outcome o = {0};
    BL_TRY(work_begin(x, w));
    return settle(x, w, refresh(x, w, in, &o, ret), &o,
            "The refresh token was used before: all that came of it has ended.");
}

/* ---- what a token is */

struct named {
    struct bl_str token_id, grant_id, client_id; /* absent: none */
};

static enum bl_err name_token(struct bl_ctx *x, struct store_db *db, struct bl_str token, struct named *ret)
{
    struct q_oauth_grant_by_family family;
    struct q_oauth_grant_client client;
    struct q_token_get row;
    bool found = false;
    *ret = (struct named){0};
    if (token.n == REFRESH_N) {
        struct digest d = digest_of((struct bl_str){token.p, FAMILY_N});
        BL_TRY(q_oauth_grant_by_family(x, db, bytes_of(&d), &family, &found));
        if (found) {
            *ret = (struct named){.grant_id = family.grant_id, .client_id = family.client_id};
            return BL_OK;
        }
    }
    struct digest d = digest_of(token);
    BL_TRY(q_token_get(x, db, bytes_of(&d), &row, &found));
    if (!found || x->now_us >= row.revoked_us || x->now_us >= row.expires_us ||
            bl_str_is(row.dialect, "operator"))
        return BL_OK;
    *ret = (struct named){.token_id = row.token_id, .grant_id = row.grant_id};
    if (!bl_is(row.grant_id))
        return BL_OK;
    BL_TRY(q_oauth_grant_client(x, db, row.grant_id, &client, &found));
    ret->client_id = found ? client.client_id : BL_ABSENT;
    return BL_OK;
}

static enum bl_err hand_back(struct bl_ctx *x, struct work *w, const struct work_client *client,
        struct bl_str bearer, struct bl_str token, bool *ret_ended)
{
    struct store_db *db = store_writer(w->store);
    struct named one, by = {0};
    BL_TRY(name_token(x, db, token, &one));
    if (!client)
        BL_TRY(name_token(x, db, bearer, &by));
    const char *actor = bl_str_dup(&x->arena, client ? client->client_id : by.token_id).p;
    bool may = client ? bl_is(one.client_id) && bl_str_eq(one.client_id, client->client_id)
                      : bl_is(by.token_id) &&
                                (bl_str_eq(one.token_id, by.token_id) ||
                                        (bl_is(one.grant_id) && bl_str_eq(one.grant_id, by.grant_id)));
    *ret_ended = may;
    if (!may)
        return BL_OK;
    if (!bl_is(one.grant_id))
        return work_token_end(x, w, actor, one.token_id);
    BL_TRY(work_grant_end(x, w, one.grant_id));
    return work_audit(x, w, actor, "oauth.end", one.grant_id, BL_STR("handed back"));
}

enum bl_err work_token_hand_back(struct bl_ctx *x, struct work *w, const struct work_client *client,
        struct bl_str bearer, struct bl_str token)
{
    bool ended = false;
    BL_TRY(work_begin(x, w));
    enum bl_err e = work_end(x, w, hand_back(x, w, client, bearer, token, &ended));
    if (ended) /* what anybody may send must not empty it */
        work_token_cache_drop(w);
    return e;
}

static enum bl_err tell_refresh(struct bl_ctx *x, struct store_db *db, struct bl_str token, bool *ret_found,
        struct work_token_about *ret)
{
    struct q_oauth_grant_by_family row;
    struct digest family = digest_of((struct bl_str){token.p, FAMILY_N}), whole = digest_of(token);
    struct work_token_about about = {.refresh = true, .has_account = true};
    bool found = false;
    BL_TRY(q_oauth_grant_by_family(x, db, bytes_of(&family), &row, &found));
    if (!found || row.refresh.n != sizeof whole.b ||
            sodium_memcmp(row.refresh.p, whole.b, sizeof whole.b) != 0)
        return BL_OK;
    enum bl_err e = giver_check(x, db, row.giver, &about.expires_us);
    if (e != BL_OK)
        return e == BL_CONFLICT ? BL_OK : e;
    memcpy(about.account.b, row.account.p, sizeof about.account.b);
    about.scopes = row.scopes;
    about.created_us = row.created_us;
    about.client_id = row.client_id;
    *ret_found = true;
    *ret = about;
    return BL_OK;
}

static enum bl_err tell_access(struct bl_ctx *x, struct store_db *db, struct bl_str token, bool *ret_found,
        struct work_token_about *ret)
{
    struct digest d = digest_of(token);
    struct q_token_get row;
    struct q_oauth_grant_client client;
    bool found = false;
    BL_TRY(q_token_get(x, db, bytes_of(&d), &row, &found));
    if (!found || x->now_us >= row.revoked_us || x->now_us >= row.expires_us ||
            (row.account.n != 16 && row.org.n != 16))
        return BL_OK;
    struct work_token_about about = {.has_account = row.account.n == 16,
            .scopes = row.scopes,
            .created_us = row.created_us,
            .expires_us = row.expires_us};
    memcpy(about.has_account ? about.account.b : about.org.b, about.has_account ? row.account.p : row.org.p,
            16);
    if (bl_is(row.grant_id)) {
        BL_TRY(q_oauth_grant_client(x, db, row.grant_id, &client, &found));
        about.client_id = found ? client.client_id : BL_ABSENT;
    }
    *ret_found = true;
    *ret = about;
    return BL_OK;
}

enum bl_err work_token_tell(
        struct bl_ctx *x, struct store_db *db, struct bl_str token, struct work_token_about *ret)
{
    bool found = false;
    if (token.n == REFRESH_N)
        BL_TRY(tell_refresh(x, db, token, &found, ret));
    if (!found)
        BL_TRY(tell_access(x, db, token, &found, ret));
    return found ? BL_OK : bl_fail(x, BL_UNAUTHORIZED, "There is no such token.");
}
