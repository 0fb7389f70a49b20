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
#define HTTP_BODY_SMALL 65536 /* no larger body is worth asking about before it is read */
#define HTTP_READ_AHEAD 65536 /* of a client that pipelines; then it is read no further until answered */

enum conn_state {
    CONN_HEAD, /* reading a head, or idle when nothing of it is there */
    CONN_BODY,
    CONN_HANDLING, /* the application, or the pool, has it */
    CONN_WRITING,
    CONN_CLOSING, /* answered for the last time: what still comes is thrown away for a moment */
};
struct http_head { /* what a head says of its message */
    bool expect, old, chunked, has_length, keep, head_only;
    uint64_t length;
};
struct http_scan { /* zeroed: nothing of a head seen yet */
    size_t at, line;
    int lines;
};
struct http_chunk { /* zeroed: nothing of a chunked body seen yet */
    int state, digits;
    uint64_t left;
    size_t extras;
    bool done;
};
struct http_exchange {
    struct http_server *server;
    struct conn *conn; /* NULL: the client went away; loop thread only */
    struct bl_ctx x;
    struct http_request request;
    struct bl_buf body, out;
    size_t counted; /* bytes of the body in the server's sum */
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
    uv_shutdown_t shut;
    SSL *ssl;
    BIO *in_bio, *out_bio;
    struct bl_buf in;              /* read; used up to in_at */
    struct bl_buf sending, flying; /* to be written; with the kernel's queue */
    size_t in_at;
    struct http_scan scan;
    struct http_chunk chunk;
    enum conn_state state;
    struct http_exchange *ex;
    bool reading, processing, writing, handshaken, tls, is_unix;
    bool eof;     /* the client will say no more */
    bool blank;   /* an empty line came before this head; a second one is refused */
    bool chunked; /* the body under way */
    bool closed;  /* uv_close was called */
    uint64_t left;
    size_t body_max, body_seen;
    int64_t since_us, moved_us; /* the state's beginning; the last progress in writing */
    int64_t window_us;          /* a body's rate is measured over one window after another */
    size_t window_seen, unsent; /* body_seen at its beginning; the write queue at the last look */
    int tag;
    char peer[64];
    struct peer_count *counted;
    struct conn *prev, *next;
};
static inline struct bl_str http_conn_unread(const struct conn *c)
{
    return c->in.n > c->in_at ? (struct bl_str){c->in.p + c->in_at, c->in.n - c->in_at} : BL_STR("");
}
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
    int in_flight;     /* exchanges the application has */
    int pooled;        /* jobs in the worker pool */
    size_t body_bytes; /* of all requests under way */
    uv_thread_t thread;
    void (*every_fn)(void *), *every_arg;
    void (*on_stopping)(void *);
    void *stopping_arg;
    struct http_header header[HTTP_HEADERS_MAX]; /* of the head being read */
    char read_buf[65536], plain_buf[16384];
};

int64_t http_mono_us(void);

/* head.c. The scan goes on where it stopped when more bytes came; *ret_end is the head's length, or 0 when
 * its end is not there yet. Both give 0, or the status to refuse with. */
int http_head_scan(struct http_scan *s, const char *p, size_t n, size_t *ret_end);
int http_head_check(const char *p, size_t n, struct http_head *ret);
bool http_field_split(struct bl_str line, struct bl_str *ret_name, struct bl_str *ret_value);
bool http_token_char(unsigned char c);
/* parse.c: check and parse a whole head; names are put in lower case where they stand. `header` has room for
 * HTTP_HEADERS_MAX. Sets method, path, query and headers of *ret. */
int http_head_parse(
        char *p, size_t n, struct http_header *header, struct http_head *head, struct http_request *ret);
/* chunk.c: 0, or 400 / 413. Stops behind the last chunk (done); *ret_used says where. */
int http_chunk_read(
        struct http_chunk *k, const char *p, size_t n, size_t max, struct bl_buf *body, size_t *ret_used);
/* inflate.c: 0, or 400 / 413 */
int http_inflate(struct bl_str body, size_t max, struct bl_buf *ret);
bool http_is_gzip(struct bl_str body);
/* write.c */
void http_reply_write(struct http_exchange *e, const struct http_reply *r, bool keep);
/* tls.c */
enum http_tls_state { HTTP_TLS_MORE, HTTP_TLS_END, HTTP_TLS_BROKEN };
bool http_tls_begin(struct conn *c);
enum http_tls_state http_tls_read(struct conn *c, const char *p, size_t n);
bool http_tls_write(struct conn *c, struct bl_str plain);
void http_tls_bye(struct conn *c);
void http_tls_end(struct conn *c);
/* exchange.c */
struct http_exchange *http_exchange_new(struct conn *c);
void http_exchange_drop(struct http_exchange *e);
bool http_exchange_count(struct http_exchange *e); /* false: the server holds as much as it may */
/* request.c: what was read, turned into requests; true when something was got on with */
bool http_request_head(struct conn *c);
bool http_request_body(struct conn *c);
void http_request_refuse(struct conn *c, int status);
/* conn.c */
void http_conn_accept(struct listener *l);
void http_conn_close(struct conn *c);
void http_conn_process(struct conn *c);
void http_conn_send(struct conn *c, struct bl_str plain);
void http_conn_answered(struct http_exchange *e);
/* peers.c: connections counted by address */
bool http_peer_enter(struct conn *c);
void http_peer_leave(struct conn *c);
/* deadline.c */
void http_conn_sweep(struct http_server *s);
/* server.c: fn on a thread of the pool, then after(arg) on the loop (NULL: nothing) */
void http_pool_run(struct http_server *s, void (*fn)(void *arg), void (*after)(void *arg), void *arg);

#endif
