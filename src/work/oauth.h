/* oauth: applications that ask customers for tokens of their own (RFC 6749, authorization codes and refresh
 * tokens; RFC 7636, S256 only).
 *
 *     consent -> code (60 seconds, once) -> access token (30 days) + refresh token (once, gives the next
 * pair)
 *
 * A grant is what one consent allows. It hangs on the personal token that consented: it has no more scopes,
 * and ends with it. A code or refresh token that is used a second time has been stolen from somebody, so its
 * grant ends. Only SHA-256 digests of secrets, codes and tokens are kept. */
#ifndef BILLOW_WORK_OAUTH_H
#define BILLOW_WORK_OAUTH_H

#include "work/work.h"

/* ---- applications, called clients */
#define WORK_REDIRECTS_MAX 16
struct work_client {
    struct bl_str client_id, name;
    bool public_; /* can keep no secret, so it must prove by PKCE that it is who asked */
    struct bl_str redirect[WORK_REDIRECTS_MAX];
    size_t n_redirect;
};
struct work_client_new {
    struct bl_str name;
    bool public_;
    const struct bl_str
            *redirect; /* https, http to loopback, or a private scheme such as com.example.app:/x */
    size_t n_redirect;
};
struct work_client_made {
    struct bl_str client_id, secret; /* secret absent: public */
};
BL_MUST_CHECK enum bl_err work_client_add(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_client_new *in, struct work_client_made *ret);
/* With it end all its grants and their tokens. BL_NOT_FOUND */
BL_MUST_CHECK enum bl_err work_client_revoke(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str client_id);
BL_MUST_CHECK enum bl_err work_client_get(struct bl_ctx *x, struct store_db *db, struct bl_str client_id,
        struct work_client *ret); /* BL_NOT_FOUND: unknown or revoked */
/* The same, for one who says to be it. secret absent: a public client only. BL_UNAUTHORIZED */
BL_MUST_CHECK enum bl_err work_client_check(struct bl_ctx *x, struct store_db *db, struct bl_str client_id,
        struct bl_str secret, struct work_client *ret);
bool work_client_redirects_to(const struct work_client *c, struct bl_str uri); /* one of its own, whole */

/* ---- consent */
struct work_consent {
    const struct work_client *client;
    struct bl_str token;        /* the customer's own: a personal one, of an account */
    uint32_t scopes;            /* what is asked; what the token may not do is left out */
    struct bl_str redirect_uri; /* one of the client's */
    bool redirect_given;        /* the request named it */
    struct bl_str challenge;    /* absent: none */
};
/* BL_UNAUTHORIZED: no such token. BL_FORBIDDEN: it may do nothing of what is asked. */
BL_MUST_CHECK enum bl_err work_consent(
        struct bl_ctx *x, struct work *w, const struct work_consent *in, struct bl_str *ret_code);

/* ---- codes and refresh tokens: BL_CONFLICT when what is handed in is not, or no more, good */
struct work_issued {
    struct bl_str access, refresh;
    struct bl_str scopes; /* of the access token */
    int64_t expires_us;   /* likewise */
    bl_uuid account;
};
struct work_code {
    const struct work_client *client;
    struct bl_str code, redirect_uri, verifier; /* absent: not sent */
};
BL_MUST_CHECK enum bl_err work_code_exchange(
        struct bl_ctx *x, struct work *w, const struct work_code *in, struct work_issued *ret);
struct work_refresh {
    const struct work_client *client;
    struct bl_str refresh;
    uint32_t scopes; /* 0: those of the grant; BL_FORBIDDEN when they are more */
};
BL_MUST_CHECK enum bl_err work_refresh(
        struct bl_ctx *x, struct work *w, const struct work_refresh *in, struct work_issued *ret);

/* ---- ending, and telling about */
/* Who has a token may end it: the client that it was given to, or whoever shows a good token of the same
 * grant, or the token itself. What somebody else's client hands in, and what is no token, changes nothing. */
BL_MUST_CHECK enum bl_err work_token_hand_back(struct bl_ctx *x, struct work *w,
        const struct work_client *client, /* NULL: bearer */
        struct bl_str bearer, struct bl_str token);
struct work_token_about {
    bool refresh; /* a refresh token: of an access token otherwise */
    bool has_account;
    bl_uuid account, org;           /* one of them */
    struct bl_str scopes;           /* blank-separated */
    int64_t created_us, expires_us; /* INT64_MAX: never */
    struct bl_str client_id;        /* absent: a personal token */
};
/* Of a good token of a customer; an access token or a refresh token. BL_UNAUTHORIZED */
BL_MUST_CHECK enum bl_err work_token_tell(
        struct bl_ctx *x, struct store_db *db, struct bl_str token, struct work_token_about *ret);
/* Words for bits, so that parsing them gives the same bits. */
struct bl_str work_scopes_text(struct bl_ctx *x, uint32_t bits);
/* A number for the owner of tokens: the customer number when it is one below 10^15, else one drawn from the
 * uuid. */
int64_t work_owner_number(bl_uuid u, struct bl_str customer_number);

#endif
