/* TLS over memory: bytes from the network go into one BIO, bytes for it come out of the other. */
#include "http/inner.h"

#include <openssl/err.h>

static int alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n, const unsigned char *in,
        unsigned in_n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    (void)ssl;
    (void)arg;
    unsigned char *picked = NULL;
    if (SSL_select_next_proto(&picked, out_n, ours, sizeof ours - 1, in, in_n) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = picked;
    return SSL_TLSEXT_ERR_OK;
}

enum bl_err http_server_tls(struct bl_ctx *x, struct http_server *s, const char *cert, const char *key)
{
    SSL_CTX *t = SSL_CTX_new(TLS_server_method());
    if (!t)
        return bl_fail(x, BL_INTERNAL, "TLS could not be set up.");
    SSL_CTX_set_min_proto_version(t, TLS1_2_VERSION);
    SSL_CTX_set_options(t, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(t, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(t, alpn, NULL);
    bool ciphers = SSL_CTX_set_cipher_list(t, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1;
    if (!ciphers || SSL_CTX_use_certificate_chain_file(t, cert) != 1) {
        SSL_CTX_free(t);
        return bl_fail(x, BL_INVALID, "%s holds no certificate in PEM form that can be read.", cert);
    }
    if (SSL_CTX_use_PrivateKey_file(t, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(t) != 1) {
        SSL_CTX_free(t);
        return bl_fail(x, BL_INVALID, "%s holds no private key in PEM form that fits the certificate.", key);
    }
    s->tls = t;
    return BL_OK;
}

bool http_tls_begin(struct conn *c)
{
    c->ssl = SSL_new(c->server->tls);
    c->in_bio = BIO_new(BIO_s_mem());
    c->out_bio = BIO_new(BIO_s_mem());
    if (!c->ssl || !c->in_bio || !c->out_bio)
        return false;
    SSL_set_bio(c->ssl, c->in_bio, c->out_bio);
    SSL_set_accept_state(c->ssl);
    return true;
}

static void collect(struct conn *c)
{
    char *p = NULL;
    long n = BIO_get_mem_data(c->out_bio, &p);
    if (n > 0)
        bl_buf_put(&c->sending, p, (size_t)n);
    (void)BIO_reset(c->out_bio);
}

enum http_tls_state http_tls_read(struct conn *c, const char *p, size_t n)
{
    char *plain = c->server->plain_buf;
    ERR_clear_error();
    if (BIO_write(c->in_bio, p, (int)n) != (int)n)
        return HTTP_TLS_BROKEN;
    for (;;) {
        int got = SSL_read(c->ssl, plain, sizeof c->server->plain_buf);
        if (got > 0) {
            bl_buf_put(&c->in, plain, (size_t)got);
            continue;
        }
        c->handshaken = SSL_is_init_finished(c->ssl);
        int why = SSL_get_error(c->ssl, got);
        collect(c); /* the handshake's next words, or an alert */
        return why == SSL_ERROR_WANT_READ     ? HTTP_TLS_MORE
               : why == SSL_ERROR_ZERO_RETURN ? HTTP_TLS_END
                                              : HTTP_TLS_BROKEN;
    }
}

bool http_tls_write(struct conn *c, struct bl_str plain)
{
    ERR_clear_error();
    for (size_t at = 0; at < plain.n;) {
        size_t n = plain.n - at < 16384 ? plain.n - at : 16384;
        if (SSL_write(c->ssl, plain.p + at, (int)n) != (int)n)
            return false;
        at += n;
    }
    collect(c);
    return true;
}

/* The last word: without it a client cannot tell an end from a cut. */
void http_tls_bye(struct conn *c)
{
    if (!c->handshaken)
        return;
    ERR_clear_error();
    SSL_shutdown(c->ssl);
    collect(c);
}

void http_tls_end(struct conn *c)
{
    if (c->ssl)
        SSL_free(c->ssl); /* and both BIOs */
    c->ssl = NULL;
}
