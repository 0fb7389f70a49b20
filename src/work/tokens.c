/* Tokens: 256 random bits behind a prefix that tells the dialect; only their SHA-256 is kept. A check is one
 * look-up by digest, held in a small table afterwards; only tokens that were found are held, and a revocation
 * empties it. */
#include "work/inner.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 16384

struct slot {
    uint8_t digest[32];
    bool used;
    int64_t expires_us, revoked_us;
    struct work_token token;
};
struct work_token_cache {
    pthread_rwlock_t lock;
    unsigned revocations; /* what was looked up before one is not kept after it */
    struct slot slot[SLOTS];
};

static const struct {
    const char *name, *prefix, *scopes;
} dialects[] = {
        [WORK_DO] = {"do", "dop_v1_", "api:read api:write"},
        [WORK_CIVO] = {"civo", "civo_v1_", "billing:read block_storage:read droplet:read"},
        [WORK_OPERATOR] = {"operator", "blw_v1_",
                "events:write operator:read operator:finance operator:admin agent:work"},
};

enum bl_err work_token_write(struct bl_ctx *x, struct work *w, const struct work_token_row *in,
        struct bl_str *ret_token, struct bl_str *ret_id)
{
    uint8_t secret[32], id[6], digest[32];
    char hex[65], id_hex[13];
    const char *prefix = in->prefix ? in->prefix : dialects[in->dialect].prefix;
    randombytes_buf(secret, sizeof secret);
    randombytes_buf(id, sizeof id);
    bl_hex(secret, sizeof secret, hex);
    bl_hex(id, sizeof id, id_hex);
    struct bl_str token = bl_str_printf(&x->arena, "%s%s", prefix, hex);
    struct bl_str token_id = bl_str_printf(&x->arena, "tok_%s", id_hex);
    bl_sha256(token.p, token.n, digest);
    BL_TRY(q_token_insert(x, store_writer(w->store), (struct bl_str){(char *)digest, 32}, token_id,
            bl_str_of(dialects[in->dialect].name), in->account ? store_bucket_of(w->store, *in->account) : 0,
            in->account ? store_uuid(in->account) : BL_ABSENT, in->org ? store_uuid(in->org) : BL_ABSENT,
            in->scopes, bl_is(in->name) ? in->name : BL_STR(""), in->created_us ? in->created_us : x->now_us,
            in->expires_us, in->grant_id));
    *ret_token = token;
    *ret_id = token_id;
    return BL_OK;
}

static enum bl_err add(struct bl_ctx *x, struct work *w, const char *actor, const struct work_token_new *in,
        struct bl_str *ret_token, struct bl_str *ret_id)
{
    struct store_db *db = store_writer(w->store);
    uint32_t bits = 0;
    struct bl_str text = bl_is(in->scopes) ? in->scopes
                         : in->has_org     ? BL_STR("billing:read")
                                           : bl_str_of(dialects[in->dialect].scopes);
    BL_TRY(work_scopes_parse(x, text, &bits));
    if (bits == 0)
        return bl_fail(x, BL_INVALID, "scope: name at least one scope, or leave it out.");
    bool operator= in->dialect == WORK_OPERATOR;
    if (operator&&(in->has_account || in->has_org))
        return bl_fail(x, BL_INVALID, "An operator's token belongs to no account.");
    if (!operator&& in->has_account == in->has_org)
        return bl_fail(
                x, BL_INVALID, "A token needs an account, an organization or --operator: one of them.");
    if (in->dialect == WORK_CIVO && in->has_org)
        return bl_fail(x, BL_INVALID, "A token of dialect civo belongs to an account.");
    if (!operator&&(bits & ~work_scopes_customer()))
        return bl_fail(x, BL_INVALID, "scope: an operator's scope is not for a customer's token.");
    if (operator&&(bits &work_scopes_customer()))
        return bl_fail(x, BL_INVALID, "scope: a customer's scope is not for an operator's token.");
    if (in->has_expiry && in->expires_us <= x->now_us)
        return bl_fail(x, BL_INVALID, "expires is past.");
    if (in->name.n > 255 || !bl_utf8_ok(in->name))
        return bl_fail(x, BL_INVALID, "name: at most 255 bytes of UTF-8.");
    if (in->has_account) {
        struct work_account a;
        BL_TRY(work_account_get(x, w, db, in->account, &a));
    }
    if (in->has_org) {
        struct q_org_get org;
        bool found = false;
        BL_TRY(q_org_get(x, db, store_uuid(&in->org), &org, &found));
        if (!found)
            return bl_fail(x, BL_NOT_FOUND, "There is no such organization.");
    }
    struct work_token_row row = {
            .dialect = in->dialect,
            .account = in->has_account ? &in->account : NULL,
            .org = in->has_org ? &in->org : NULL,
            .scopes = text,
            .name = in->name,
            .expires_us = in->has_expiry ? in->expires_us : INT64_MAX,
    };
    struct bl_str token, token_id;
    BL_TRY(work_token_write(x, w, &row, &token, &token_id));
    BL_TRY(work_audit(x, w, actor, "token.add", token_id, text));
    *ret_token = token;
    *ret_id = token_id;
    return BL_OK;
}

enum bl_err work_token_add(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_token_new *in, struct bl_str *ret_token, struct bl_str *ret_id)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, add(x, w, actor, in, ret_token, ret_id));
}

/* "sha256-" and the 64 hex digits of a token's digest: who has the token names it without showing it. */
static bool digest_read(struct bl_str s, uint8_t ret[32])
{
    static const char mark[] = "sha256-";
    size_t n = 0, used = sizeof mark - 1;
    return s.n == used + 64 && memcmp(s.p, mark, used) == 0 &&
           sodium_hex2bin(ret, 32, s.p + used, 64, NULL, &n, NULL) == 0 && n == 32;
}

static enum bl_err revoke(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str id)
{
    struct store_db *db = store_writer(w->store);
    struct q_token_by_id row;
    struct q_token_get by_digest;
    bool found = false;
    uint8_t digest[32];
    if (digest_read(id, digest)) {
        BL_TRY(q_token_get(x, db, (struct bl_str){(const char *)digest, 32}, &by_digest, &found));
        if (!found)
            return bl_fail(
                    x, BL_NOT_FOUND, "There is no such token; revoke it by its id, which token list shows.");
        id = by_digest.token_id;
    } else {
        BL_TRY(q_token_by_id(x, db, id, &row, &found));
    }
    if (!found)
        return bl_fail(x, BL_NOT_FOUND, "There is no token %s.", bl_shown(&x->arena, id));
    return work_token_end(x, w, actor, id);
}

/* What an application was given goes with its grant; what a personal token gave away goes with it. */
enum bl_err work_token_end(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str id)
{
    struct store_db *db = store_writer(w->store);
    struct q_token_by_id row;
    bool found = false;
    int64_t changed = 0;
    BL_TRY(q_token_by_id(x, db, id, &row, &found));
    if (found && bl_is(row.grant_id))
        BL_TRY(work_grant_end(x, w, row.grant_id));
    else
        BL_TRY(q_token_revoke(x, db, id, x->now_us, &changed));
    BL_TRY(q_token_delete_of_giver(x, db, id));
    BL_TRY(q_oauth_grant_delete_of_giver(x, db, id));
    return work_audit(x, w, actor, "token.revoke", id, BL_ABSENT);
}

enum bl_err work_token_revoke(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str id)
{
    BL_TRY(work_begin(x, w));
    enum bl_err e = work_end(x, w, revoke(x, w, actor, id));
    work_token_cache_drop(w);
    return e;
}

/* ---- check */
static bool cached(
        struct work_token_cache *c, const uint8_t digest[32], struct slot *ret, unsigned *ret_revocations)
{
    uint32_t at;
    memcpy(&at, digest, sizeof at);
    const struct slot *s = &c->slot[at % SLOTS];
    pthread_rwlock_rdlock(&c->lock);
    bool hit = s->used && sodium_memcmp(s->digest, digest, 32) == 0;
    if (hit)
        *ret = *s;
    *ret_revocations = c->revocations;
    pthread_rwlock_unlock(&c->lock);
    return hit;
}

static void keep(struct work_token_cache *c, const struct slot *in, unsigned revocations)
{
    uint32_t at;
    memcpy(&at, in->digest, sizeof at);
    pthread_rwlock_wrlock(&c->lock);
    if (c->revocations == revocations)
        c->slot[at % SLOTS] = *in;
    pthread_rwlock_unlock(&c->lock);
}

static enum bl_err look_up(struct bl_ctx *x, struct store_db *db, const uint8_t digest[32], struct slot *ret)
{
    struct q_token_get row;
    bool found = false;
    BL_TRY(q_token_get(x, db, (struct bl_str){(const char *)digest, 32}, &row, &found));
    if (!found)
        return bl_fail(x, BL_UNAUTHORIZED, "%s", bl_err_text(BL_UNAUTHORIZED));
    *ret = (struct slot){.used = true, .expires_us = row.expires_us, .revoked_us = row.revoked_us};
    memcpy(ret->digest, digest, 32);
    for (size_t i = 0; i < BL_COUNT(dialects); i++)
        if (bl_str_is(row.dialect, dialects[i].name))
            ret->token.dialect = (enum work_dialect)i;
    ret->token.has_account = row.account.n == 16;
    ret->token.has_org = row.org.n == 16;
    if (ret->token.has_account)
        memcpy(ret->token.account.b, row.account.p, 16);
    if (ret->token.has_org)
        memcpy(ret->token.org.b, row.org.p, 16);
    size_t n = row.token_id.n < sizeof ret->token.id ? row.token_id.n : sizeof ret->token.id - 1;
    memcpy(ret->token.id, row.token_id.p, n);
    return work_scopes_parse(x, row.scopes, &ret->token.scopes);
}

enum bl_err work_token_check(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str token, struct work_token *ret)
{
    uint8_t digest[32];
    struct slot s;
    unsigned revocations = 0;
    bl_sha256(token.p, token.n, digest);
    if (!cached(w->tokens, digest, &s, &revocations)) {
        BL_TRY(look_up(x, db, digest, &s));
        if (store_view_newest(db)) /* an older view may not know of a revocation */
            keep(w->tokens, &s, revocations);
    }
    if (x->now_us >= s.revoked_us || x->now_us >= s.expires_us)
        return bl_fail(x, BL_UNAUTHORIZED, "%s", bl_err_text(BL_UNAUTHORIZED));
    *ret = s.token;
    return BL_OK;
}

void work_token_cache_open(struct work *w)
{
    w->tokens = calloc(1, sizeof *w->tokens); /* untouched pages cost nothing */
    if (!w->tokens)
        abort();
    pthread_rwlock_init(&w->tokens->lock, NULL);
}

void work_token_cache_drop(struct work *w)
{
    pthread_rwlock_wrlock(&w->tokens->lock);
    w->tokens->revocations++;
    for (size_t i = 0; i < SLOTS; i++)
        w->tokens->slot[i].used = false;
    pthread_rwlock_unlock(&w->tokens->lock);
}

void work_token_cache_close(struct work *w)
{
    pthread_rwlock_destroy(&w->tokens->lock);
    free(w->tokens);
    w->tokens = NULL;
}
