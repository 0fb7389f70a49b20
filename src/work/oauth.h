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

#endif
