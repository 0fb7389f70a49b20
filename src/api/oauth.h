/* What the files about OAuth share. The wire's words are those of RFC 6749, 7009, 7636 and 7662. */
#ifndef BILLOW_API_OAUTH_H
#define BILLOW_API_OAUTH_H

#include "api/inner.h"

/* oauth_call.c: reading what a client sends. The form's parameters join those of the query; a body that is no
 * form is an invalid request, and so is, when each must stand there once, one that stands there twice. */
BL_MUST_CHECK enum bl_err oauth_params(struct call *c, bool once);
bool oauth_twice(const struct call *c, const char *key); /* NULL: any */
/* Fails in the words of RFC 6749 5.2: 401 for invalid_client, 400 else. */
BL_MUST_CHECK enum bl_err oauth_fail(struct call *c, const char *code, const char *why);
/* e of a verb: what is the client's fault becomes `code`, the rest stays what it is. */
BL_MUST_CHECK enum bl_err oauth_failed(struct call *c, enum bl_err e, const char *code);
struct bl_str oauth_described(
        struct bl_ctx *x, struct bl_str why); /* in the letters that an error_description may have */
/* The client that asks, by HTTP Basic or client_id and client_secret; the call is counted against it, or
 * against the address of who proves nothing. secret: a public client is refused. */
BL_MUST_CHECK enum bl_err oauth_client(struct call *c, bool secret, struct work_client *ret);
/* Scopes as clients say them: read and write stand for api:read and both. Nothing asked: read. */
BL_MUST_CHECK enum bl_err oauth_scopes(struct call *c, struct bl_str text, uint32_t *ret);

/* oauth_page.c: what a customer's browser shows */
struct oauth_ask { /* a request for consent that may be shown */
    struct work_client client;
    struct bl_str redirect_uri, state, challenge;
    bool redirect_given;
    uint32_t scopes;
};
/* The form. mark: what the form must bring back, see oauth_authorize.c; wrong: why it is shown again, or
 * NULL. */
void oauth_page_consent(struct call *c, const struct oauth_ask *a, struct bl_str mark, const char *wrong);
void oauth_page_error(struct call *c, enum bl_err e, struct bl_str why);
void oauth_page_headers(struct call *c); /* of every page, whatever is on it */

#endif
