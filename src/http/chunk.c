/* A chunked body, taken apart byte by byte.
 *
 *     size in hex [; extension] CR LF  bytes CR LF  ...  0 CR LF  [trailer CR LF]... CR LF
 *
 * Every line ends with CR LF and nothing else, extensions and trailers included: a lone LF in an extension is
 * read as its end by some and passed over by others, and what one takes for data is a request to the other.
 * Extensions and trailers are dropped; their sum is bounded. */
#include "http/inner.h"

#define EXTRAS_MAX 16384 /* of extensions and trailers of one body */

enum {
    SIZE_FIRST, /* the state a body begins in is zero */
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER_FIRST,
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    END_LF,
};

static int hex_of(char ch)
{
    if (ch >= '0' && ch <= '9')
        return ch - '0';
    ch = (char)(ch | 0x20);
    return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool text_char(char ch)
{
    return ((unsigned char)ch >= 0x20 && ch != 0x7f) || ch == '\t';
}

static bool size_byte(struct http_chunk *k, char ch)
{
    int digit = hex_of(ch);
    if (digit >= 0) {
        if (k->state == SIZE_FIRST)
            k->digits = 0;
        k->state = SIZE;
        if (++k->digits > 15) /* zeros in front count: a size has an end */
            return false;
        k->left = k->left << 4 | (unsigned)digit;
        return true;
    }
    if (k->state == SIZE_FIRST)
        return false;
    k->state = ch == '\r' ? SIZE_LF : EXTENSION;
    return ch == '\r' || ch == ';';
}

static bool trailer_byte(struct http_chunk *k, char ch)
{
    if (++k->extras > EXTRAS_MAX)
        return false;
    if (k->state == TRAILER_FIRST && ch == '\r') {
        k->state = END_LF;
        return true;
    }
    if (k->state == TRAILER_VALUE && ch == '\r') {
        k->state = TRAILER_LF;
        return true;
    }
    if (k->state == TRAILER_VALUE)
        return text_char(ch);
    if (k->state == TRAILER_NAME && ch == ':') {
        k->state = TRAILER_VALUE;
        return true;
    }
    k->state = TRAILER_NAME;
    return http_token_char((unsigned char)ch);
}

static bool other_byte(struct http_chunk *k, char ch)
{
    switch (k->state) {
    case EXTENSION:
        if (ch == '\r')
            k->state = SIZE_LF;
        return ch == '\r' || (text_char(ch) && ++k->extras <= EXTRAS_MAX);
    case SIZE_LF:
        k->state = k->left ? DATA : TRAILER_FIRST;
        return ch == '\n';
    case DATA_CR:
        k->state = DATA_LF;
        return ch == '\r';
    case DATA_LF:
        k->state = SIZE_FIRST;
        return ch == '\n';
    case TRAILER_LF:
        k->state = TRAILER_FIRST;
        return ch == '\n';
    case END_LF:
        return k->done = ch == '\n';
    default:
        return trailer_byte(k, ch);
    }
}

int http_chunk_read(
        struct http_chunk *k, const char *p, size_t n, size_t max, struct bl_buf *body, size_t *ret_used)
{
    size_t at = 0;
    while (at < n && !k->done) {
        if (k->state == DATA) {
            size_t take = n - at < k->left ? n - at : (size_t)k->left;
            bl_buf_put(body, p + at, take);
            at += take;
            k->left -= take;
            if (k->left == 0)
                k->state = DATA_CR;
            continue;
        }
        bool fine = k->state <= SIZE ? size_byte(k, p[at]) : other_byte(k, p[at]);
        at++;
        if (!fine)
            return 400;
        if (k->state == DATA && (body->n > max || k->left > max - body->n))
            return 413; /* said in advance by the size */
    }
    *ret_used = at;
    return 0;
}
