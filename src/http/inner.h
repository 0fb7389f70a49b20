/* What the files of http share. */
#ifndef BILLOW_HTTP_INNER_H
#define BILLOW_HTTP_INNER_H

#include "http/http.h"

#include <http_parser.h>
#include <openssl/ssl.h>
#include <uv.h>

#define HTTP_HEAD_MAX 65536
#define HTTP_URI_MAX 8192
#define HTTP_HEADERS_MAX 100
#define HTTP_READ_AHEAD 262144 /* of a client that pipelines while it is being answered */

enum conn_state {
    CONN_HEAD, /* reading a head, or idle when nothing of it is there */
    CONN_BODY,
    CONN_HANDLING, /* the application has it */
    CONN_WRITING,
    CONN_CLOSING,
};
struct http_exchange {
    struct http_server *server;
    struct conn *conn; /* NULL: the client went away; loop thread only */
    struct bl_ctx x;
    struct http_request request;
    struct bl_buf body, out;
    void *slot;
    int64_t begun_us;
    bool head_only, keep, old;  /* HEAD; keep-alive wanted; HTTP/1.0 */
    struct http_exchange *next; /* in the queue of answers, or of free ones */
};
struct peer_count;
struct conn {
    struct http_server *server;
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
        uv_handle_t handle;
    } uv;
    uv_write_t write;
    SSL *ssl;
    BIO *in_bio, *out_bio;
    struct bl_buf in;              /* read and not used yet */
    struct bl_buf sending, flying; /* to be written; with the kernel's queue */
    size_t scanned;                /* of `in`, without the end of a head */
    enum conn_state state;
    http_parser parser;
    struct http_exchange *ex;
    struct http_header *header;
    size_t n_header;
    bool complete, too_large, reading, processing, writing, close_after, handshaken, tls, is_unix;
    bool closed; /* uv_close was called */
    size_t body_max;
    int64_t since_us, moved_us; /* the state's beginning; the last progress */
    size_t body_seen;
    int tag;
    char peer[64];
    struct peer_count *counted;
    struct conn *prev, *next;
};
struct listener {
    union {
        uv_stream_t stream;
        uv_tcp_t tcp;
        uv_pipe_t pipe;
        uv_handle_t handle;
    } uv;
    struct http_server *server;
    int tag;
    bool tls, is_unix;
    char path[128];
    struct listener *next;
};
struct peer_count {
    char peer[64];
    int n;
    struct peer_count *next;
};
#define PEER_SLOTS 1024
struct http_server {
    uv_loop_t loop;
    struct http_app app;
    struct http_limits limits;
    struct listener *listeners;
    struct conn *conns;
    int n_conns;
    struct peer_count *peers[PEER_SLOTS];
    SSL_CTX *tls;
    uv_async_t wake;
    uv_timer_t sweep, every;
    uv_prepare_t prepare;
    uv_signal_t term, interrupt;
    uv_mutex_t lock;
    struct http_exchange *answered, *free; /* answered: under lock */
    int n_free;
    bool stop_wanted; /* under lock */
    bool stopping, waking;
    int64_t stop_us;
    int in_flight; /* exchanges the application has */
    uv_thread_t thread;
    void (*every_fn)(void *), *every_arg;
    void (*on_stopping)(void *);
    void *stopping_arg;
    char read_buf[65536];
};

int64_t http_mono_us(void);

/* head.c: status 0 when the head is acceptable, else the status to refuse it with */
int http_head_check(const char *p, size_t n, bool *ret_expect);
/* inflate.c: 0, or 400 / 413 */
int http_inflate(struct bl_str body, size_t max, struct bl_buf *ret);
bool http_is_gzip(struct bl_str body);
/* write.c */
void http_reply_write(struct http_exchange *e, const struct http_reply *r, bool keep);
/* tls.c: all give false when the connection is broken */
bool http_tls_begin(struct conn *c);
bool http_tls_read(struct conn *c, const char *p, size_t n);
bool http_tls_write(struct conn *c, struct bl_str plain);
void http_tls_end(struct conn *c);
/* conn.c */
void http_conn_accept(struct listener *l);
void http_conn_close(struct conn *c);
void http_conn_answered(struct http_exchange *e);
void http_conn_sweep(struct http_server *s);
void http_exchange_drop(struct http_exchange *e);

#endif
