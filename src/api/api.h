/* api: a request in, an answer out. A route is one row of api/routes.def: method, path, dialect, scope, where
 * it runs, its parameters, its handler. The dispatcher has found the route, checked the token, the scope, the
 * rate and the parameters before the handler runs; the handler loads, calls work, and writes the answer.
 *
 * It knows nothing of sockets: the server hands requests in, and so does the command line when no server
 * runs. */
#ifndef BILLOW_API_H
#define BILLOW_API_H

#include "work/work.h"

enum api_door {
    API_PUBLIC,   /* /v2, /healthz, /readyz */
    API_OPERATOR, /* /operator/v1, /metrics, health; a token is needed */
    API_SOCKET,   /* the same behind the Unix socket (or in this process): who can open it is trusted */
};
struct api_header {
    struct bl_str name, value; /* name in lower case */
};
struct api_request {
    enum api_door door;
    struct bl_str method, path, query, body, peer; /* path and query as sent, percent-escaped */
    const struct api_header *header;
    size_t n_header;
    bool tls;
    bool may_wait; /* who asks for what has not come may be told so, see wait_s */
};
struct api_reply {
    int status; /* 0: nothing has come yet; ask again, until wait_s after the first time without may_wait */
    int64_t wait_s;
    struct api_header header[24];
    size_t n_header;
    struct bl_str body; /* in the context's arena */
    char request_id[37];
    const char *route; /* for logs and figures: the row's path */
};

struct api;
struct api_options {
    const char *public_url;     /* base of links; NULL: from Host */
    int rate_hour, rate_minute; /* 0: off */
    enum work_apps apps;        /* who deploys apps; off: they can be read, not written */
    bool log;                   /* one JSON line a request on standard error */
};
struct api *api_new(struct work *w, const struct api_options *o);
void api_free(struct api *a);

enum api_where { API_LOOP, API_POOL, API_WRITER, API_HANDS };
struct api_route;
/* Finds the row; NULL: none (api_run then answers 404 or 405). `ret_where`, `ret_body_max`: how to run it. */
const struct api_route *api_route_find(
        const struct api_request *in, enum api_where *ret_where, size_t *ret_body_max);
/* Runs it. x: fresh, now set; db: a reading connection (unused by writing routes). */
void api_run(struct api *a, struct bl_ctx *x, struct store_db *db, const struct api_route *r,
        const struct api_request *in, struct api_reply *ret);
/* An answer for what never reached a handler, such as a body over its limit; in the path's dialect. */
void api_refuse(struct api *a, struct bl_ctx *x, const struct api_request *in, enum bl_err e, const char *why,
        struct api_reply *ret);
/* Before a body is read: true when the answer is final without it (no such path or method, no right). */
bool api_turned_away(struct api *a, struct bl_ctx *x, struct store_db *db, const struct api_route *r,
        const struct api_request *in, struct api_reply *ret);
/* POSTs of events go in two steps, so that reading them is not the writer's work and one fsync serves all
 * that wait: begin on any thread (NULL: the reply is final already), then run many on the writer thread. */
bool api_is_events(const struct api_route *r);
struct api_events;
struct api_events *api_events_begin(struct api *a, struct bl_ctx *x, struct store_db *db,
        const struct api_route *r, const struct api_request *in, struct api_reply *ret);
void api_events_run(
        struct api *a, struct bl_ctx *x, struct api_events **list, size_t n); /* fills their replies */
void api_log(struct api *a, const struct api_request *in, const struct api_reply *out, int64_t took_us);
bool api_ready(struct api *a, const char **ret_why);
void api_set_draining(struct api *a);

#endif
