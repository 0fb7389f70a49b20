/* http: an HTTP/1.1 server over libuv and http-parser, with TLS by OpenSSL, and a small blocking client.
 *
 * One loop thread reads, checks and writes; the application answers from it or from any other thread. What
 * smuggles requests is refused before the parser sees it: a head is taken whole, checked line by line, then
 * parsed. Every wait has a deadline on the monotonic clock, every size a cap. */
#ifndef BILLOW_HTTP_H
#define BILLOW_HTTP_H

#include "base/base.h"

struct http_header {
    struct bl_str name, value; /* names in lower case */
};
struct http_request {
    struct bl_str method, path, query; /* as sent, percent-escaped; query without the question mark */
    struct bl_str body; /* de-chunked; inflated when it begins with the gzip magic, whatever headers say */
    struct bl_str peer; /* address without port; "unix" for the socket */
    const struct http_header *header;
    size_t n_header;
    int tag; /* of the listener */
    bool tls;
};
struct http_reply {
    int status;
    const struct http_header *header; /* CR, LF or NUL in a value drops the header */
    size_t n_header;
    struct bl_str body; /* copied */
    bool close;         /* close the connection afterwards */
};
struct http_exchange; /* one request on its way to one answer */

struct http_app {
    void *arg;
    /* The head is there, the body is not: gives the body's limit in bytes. Called on the loop thread. */
    size_t (*body_max)(void *arg, const struct http_request *r);
    /* The same moment, when a body of more than 64 KiB, of unknown length, or one that waits to be asked for
     * is to come: true answers at once with *ret, and the body is not read. May be NULL. */
    bool (*early)(void *arg, struct bl_ctx *x, const struct http_request *r, struct http_reply *ret);
    /* The request is whole. Answer once with http_answer, now or later, from any thread. */
    void (*handle)(void *arg, struct http_exchange *e);
    /* A request that cannot be handled (400, 408, 413, 414, 417, 431, 503): writes the answer's
     * body and headers. `r` holds what could be read. */
    void (*refuse)(
            void *arg, struct bl_ctx *x, const struct http_request *r, int status, struct http_reply *ret);
    /* The loop is about to wait, or to deliver answers from other threads: end a shared read transaction. May
     * be NULL. */
    void (*before_wait)(void *arg);
};
struct http_limits {                   /* zero takes the default in brackets */
    int64_t head_us;                   /* [10 s] from a head's first byte to its end; TLS handshake */
    int64_t idle_us;                   /* [60 s] between requests */
    int64_t body_grace_us;             /* [10 s] the windows over which a body's rate is measured */
    int64_t body_rate;                 /* [1024] bytes a second, at least, in each window */
    int64_t write_us;                  /* [30 s] without progress */
    int64_t drain_us;                  /* [8 s] for what is under way when the server stops */
    int64_t bodies_max;                /* [512 MiB] bodies of all requests under way; beyond it 503 */
    int connections_max, per_peer_max; /* [10000], [1000]; peers do not count on the Unix socket */
};
struct http_server;
BL_MUST_CHECK enum bl_err http_server_new(struct bl_ctx *x, const struct http_app *app,
        const struct http_limits *limits, struct http_server **ret);
void http_server_free(struct http_server *s);
/* PEM files; TLS 1.2 and 1.3 only. Before listening with tls. */
BL_MUST_CHECK enum bl_err http_server_tls(
        struct bl_ctx *x, struct http_server *s, const char *cert, const char *key);
/* "127.0.0.1:8080", "[::1]:0"; port 0 picks one, *ret_port tells. */
BL_MUST_CHECK enum bl_err http_listen(
        struct bl_ctx *x, struct http_server *s, const char *address, int tag, bool tls, int *ret_port);
/* Mode 0600. A stale one (nobody answers) is replaced. */
BL_MUST_CHECK enum bl_err http_listen_unix(
        struct bl_ctx *x, struct http_server *s, const char *path, int tag);
/* Runs until http_stop; SIGTERM and SIGINT stop it too. */
void http_run(struct http_server *s, void (*on_stopping)(void *arg), void *arg);
void http_stop(struct http_server *s); /* from any thread */
/* Every `every_us` on the loop thread. At most one. */
void http_every(struct http_server *s, int64_t every_us, void (*fn)(void *arg), void *arg);
/* fn(arg) on a thread of the worker pool. On the loop thread only. */
void http_in_pool(struct http_server *s, void (*fn)(void *arg), void *arg);

const struct http_request *http_exchange_request(const struct http_exchange *e);
struct bl_ctx *http_exchange_ctx(struct http_exchange *e); /* memory that lives until the answer is written */
void **http_exchange_slot(struct http_exchange *e);        /* a word for the application */
bool http_exchange_gone(const struct http_exchange *e);    /* on the loop thread: who asked has hung up */
int64_t http_exchange_age_us(const struct http_exchange *e); /* since the request was whole */
void http_answer(struct http_exchange *e, const struct http_reply *r);

/* ---- client: blocking, for commands, over a Unix socket; bodies up to 64 MiB. An ended connection is made
 * anew before something is sent; what was sent is sent again only when it reads (GET, HEAD). */
struct http_client;
BL_MUST_CHECK enum bl_err http_client_open(
        struct bl_ctx *x, const char *socket_path, struct http_client **ret);
void http_client_close(struct http_client *c);
struct http_answer {
    int status;
    struct http_header *header; /* in the arena of x */
    size_t n_header;
    struct bl_str body;
};
BL_MUST_CHECK enum bl_err http_client_call(struct bl_ctx *x, struct http_client *c, const char *method,
        struct bl_str path_and_query, const struct http_header *header, size_t n_header, struct bl_str body,
        struct http_answer *ret);

#endif
