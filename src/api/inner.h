/* What the files of api share: the call, its parameters, its writers. */
#ifndef BILLOW_API_INNER_H
#define BILLOW_API_INNER_H

#include "api/api.h"
#include "json/json.h"

#include <pthread.h>
#include <stdatomic.h>

enum api_dialect { API_DO, API_CIVO, API_PROBLEM, API_PLAIN, API_OAUTH, API_PAGE };
enum {             /* route flags */
    API_PAGED = 1, /* page and per_page */
    API_ETAG = 2,  /* a 200 carries an ETag of its body */
    API_OPEN = 4,  /* no token */
};

struct call;
typedef enum bl_err api_handler(struct call *c);
struct api_route {
    const char *method, *path;
    enum api_dialect dialect;
    uint32_t scope;
    enum api_where where;
    unsigned flags;
    size_t body_max;
    api_handler *handler;
};

struct api_pair {
    struct bl_str key, value;
};
struct api_previews;
struct api_limits;
struct api_metrics;
struct api {
    struct work *work;
    struct api_options o;
    struct api_previews *previews;
    struct api_limits *limits;
    struct api_metrics *metrics;
    atomic_bool draining;
};
struct call {
    struct bl_ctx *x;
    struct api *api;
    struct work *work;
    struct store_db *db;
    const struct api_route *route;
    const struct api_request *in;
    struct api_reply *out;
    struct bl_str segment[6]; /* decoded values of the path's {names}, in order */
    struct api_pair *query;
    size_t n_query;
    int64_t page, per_page; /* of paged routes */
    struct work_token token;
    const char *actor;           /* for the audit */
    struct work_account account; /* of a customer's token */
    bool has_account;
    const struct bl_book *book; /* current; NULL: none */
    struct bl_buf body;         /* of the answer; the dispatcher owns it */
    struct bl_jw j;             /* over body */
    struct bl_json *json;       /* parsed request body, by api_body */
};

/* dispatch.c: a call in pieces, for what does not run in one go */
void api_call_begin(struct call *c, struct api *a, struct bl_ctx *x, struct store_db *db,
        const struct api_route *r, const struct api_request *in, struct api_reply *out);
BL_MUST_CHECK enum bl_err api_call_admit(struct call *c);
void api_call_finish(struct call *c, enum bl_err e);
struct bl_str api_bearer(const struct api_request *in); /* absent: none, or too long to be one */
/* Counts the call against the key, and says in the answer's headers where that stands. BL_TOO_MANY */
BL_MUST_CHECK enum bl_err api_count(struct call *c, struct bl_str key);

/* params.c */
struct bl_str api_header(const struct api_request *in, const char *name);
struct bl_str api_query(const struct call *c, const char *key); /* absent when missing or empty */
BL_MUST_CHECK enum bl_err api_query_parse(struct call *c);
BL_MUST_CHECK enum bl_err api_form_parse(struct call *c); /* the body's; they join those of the query */
bool api_form_decode(struct bl_ctx *x, struct bl_str s, struct bl_str *ret);
BL_MUST_CHECK enum bl_err api_paging_parse(struct call *c);
bool api_path_match(struct bl_ctx *x, const char *pattern, struct bl_str path, struct bl_str segment[6]);
BL_MUST_CHECK enum bl_err api_body(struct call *c); /* c->json: an object */
BL_MUST_CHECK enum bl_err api_body_str(
        struct call *c, const char *key, struct bl_str *ret); /* absent when missing, null or "" */
BL_MUST_CHECK enum bl_err api_body_amount(
        struct call *c, const char *key, int digits, bool *ret_has, bl_amount *ret);
BL_MUST_CHECK enum bl_err api_body_time(struct call *c, const char *key, bool *ret_has, int64_t *ret);

/* reply.c */
void api_reply_header(struct call *c, const char *name, struct bl_str value);
bool api_header_set(const struct api_reply *r, const char *name);
void api_put_escaped(struct bl_buf *b, struct bl_str s); /* percent-escaped, as a value in a query */
void api_links(struct call *c, int64_t total);           /* "links": {...}, "meta": {"total": n} */
void api_error_write(struct call *c, enum bl_err e, const char *why);
struct bl_str api_urn(struct bl_ctx *x, const char *prefix, bl_uuid u);
void api_kamount(struct call *c, const char *key, bl_amount a, int digits);
void api_ktime_us(struct call *c, const char *key, int64_t us);
void api_ktime_or_null(struct call *c, const char *key, int64_t us); /* null: the highest integer, never */
void api_ktime_s(struct call *c, const char *key, int64_t s);
int api_digits(const struct call *c); /* of the account's currency */

/* previews.c */
void api_previews_open(struct api *a);
void api_previews_close(struct api *a);
BL_MUST_CHECK enum bl_err api_preview(struct call *c, bool first_page, struct bl_bill *ret);

/* limit.c: figures of one call against the rate limit */
struct api_rate {
    int64_t limit, remaining, reset_s, retry_after;
    bool over;
};
void api_limits_open(struct api *a);
void api_limits_close(struct api *a);
void api_rate_count(struct api *a, struct bl_str key, int64_t now_s, struct api_rate *ret);

/* metrics.c */
void api_metrics_open(struct api *a);
void api_metrics_close(struct api *a);
void api_metrics_count(struct api *a, const struct api_reply *r, int64_t took_us);
void api_metrics_events(
        struct api *a, uint64_t accepted, uint64_t duplicate, uint64_t void_, uint64_t rejected);
void api_metrics_write(struct api *a, struct bl_buf *b);

/* bills.c: a bill in the contract's words */
void api_bill_items(struct call *c, const struct bl_bill *b, int64_t from, int64_t n);
int64_t api_bill_item_count(const struct bl_bill *b);
void api_bill_summary(struct call *c, const struct bl_bill *b);
BL_MUST_CHECK enum bl_err api_bill_file(struct call *c, const struct bl_bill *b, bool preview, bool pdf);

/* billing.c: the account that the first segment of an operator path names */
BL_MUST_CHECK enum bl_err api_account_of_path(struct call *c);
BL_MUST_CHECK enum bl_err api_need_account(struct call *c); /* BL_NOT_FOUND to an organization */

/* volumes.c: what volumes, snapshots and actions share */
BL_MUST_CHECK enum bl_err api_volumes(struct call *c, struct work_volumes *ret); /* of the token's account */
/* The volume that the first segment names: BL_NOT_FOUND without. */
BL_MUST_CHECK enum bl_err api_volume_of_path(
        struct call *c, const struct work_volumes *all, const struct work_volume **ret);
/* The one living volume of this name, in this region when one is given; BL_CONFLICT when several are. */
BL_MUST_CHECK enum bl_err api_volume_by_name(struct call *c, const struct work_volumes *all,
        struct bl_str name, struct bl_str region, const struct work_volume **ret);
BL_MUST_CHECK enum bl_err api_volumes_on(struct call *c); /* BL_FORBIDDEN while nothing can be made */
BL_MUST_CHECK enum bl_err api_body_size(struct call *c, int64_t *ret); /* size_gigabytes; 0: not given */
BL_MUST_CHECK enum bl_err api_body_tags(struct call *c, struct bl_str *ret); /* joined by '\n' */
bool api_in_region(struct bl_str have, struct bl_str wanted); /* letter case ignored; absent: anywhere */
void api_tags(struct call *c, struct bl_str tags);            /* "tags": [...] */
void api_region(struct call *c, struct bl_str slug);          /* "region": {...} */
bool api_number(struct bl_str text, int64_t *ret);            /* a positive whole number */

/* deployments.c: a deployment in the contract's words, and what calls about apps begin with */
BL_MUST_CHECK enum bl_err api_deployment_write(
        struct call *c, const struct work_app *a, const struct work_deployment *d);
BL_MUST_CHECK enum bl_err api_deployment_answer(/* {"deployment": {...}} */
        struct call *c, const struct work_app *a, const struct work_deployment *d);
BL_MUST_CHECK enum bl_err api_app_of_path(struct call *c, struct work_app *ret); /* of the token's account */
BL_MUST_CHECK enum bl_err api_uuid_of_path(struct call *c, int segment, bl_uuid *ret); /* BL_NOT_FOUND */
struct bl_str api_uuid_or_absent(struct bl_ctx *x, struct bl_str bytes); /* of the store's 16 bytes */
BL_MUST_CHECK enum bl_err api_need_apps(struct call *c);                 /* BL_FORBIDDEN: off */
BL_MUST_CHECK enum bl_err api_body_bool(
        struct call *c, const char *key, bool *ret); /* false when missing or null */

/* handlers */
#define R(method, path, dialect, scope, where, flags, body_max, handler) api_handler handler;
#include "api/routes.def"
#undef R

#endif
