/* base: what every module stands on: arena memory, byte strings, the call context and its errors.
 *
 * A call (one request, one job, one test) has one `struct bl_ctx`. It owns an arena: allocate and forget.
 * A function that can fail returns `enum bl_err`; BL_OK is zero. The sentence for a person goes into the
 * context. Running out of memory ends the process with one line (nobody can bill correctly without it). */
#ifndef BILLOW_BASE_H
#define BILLOW_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BL_MUST_CHECK __attribute__((warn_unused_result))
#define BL_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define BL_COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum bl_err {
    BL_OK = 0,
#define ERR(name, status, id, text) BL_##name,
#include "base/errors.def"
#undef ERR
    BL_ERR_COUNT
};

int bl_err_status(enum bl_err e);       /* HTTP status, 200 for BL_OK */
const char *bl_err_id(enum bl_err e);   /* wire id, such as "not_found" */
const char *bl_err_text(enum bl_err e); /* the row's own sentence */

/* ---- bytes: not NUL-terminated unless made by the bl_str_* functions below. p == NULL: absent. */
struct bl_str {
    const char *p;
    size_t n;
};
#define BL_STR(lit) ((struct bl_str){(lit), sizeof(lit) - 1})
#define BL_ABSENT ((struct bl_str){NULL, 0})
#define BL_FMT(s) (int)(s).n, ((s).p ? (s).p : "") /* for "%.*s" */

static inline bool bl_is(struct bl_str s)
{
    return s.p != NULL;
}
struct bl_str bl_str_of(const char *z);           /* NULL gives BL_ABSENT; borrows */
bool bl_str_eq(struct bl_str a, struct bl_str b); /* absent equals absent only */
int bl_str_cmp(struct bl_str a, struct bl_str b); /* as bytes; absent before empty */
bool bl_str_is(struct bl_str a, const char *z);

/* ---- arena: chunks grown on demand; bl_arena_reset keeps the first chunk. Memory is zeroed. */
struct bl_arena_chunk;
struct bl_arena {
    struct bl_arena_chunk *first, *at;
    size_t used; /* bytes given out since the last reset */
};
void bl_arena_init(struct bl_arena *a);
void bl_arena_reset(struct bl_arena *a);
void bl_arena_release(struct bl_arena *a);
void *bl_alloc(struct bl_arena *a, size_t bytes); /* 16-byte aligned, zeroed, never NULL */
void *bl_alloc_array(
        struct bl_arena *a, size_t n, size_t each); /* ends the process on overflow of n * each */
struct bl_str bl_str_dup(struct bl_arena *a, struct bl_str s);
struct bl_str bl_str_printf(struct bl_arena *a, const char *fmt, ...) BL_PRINTF(2, 3);
/* Outside text fit to stand inside a sentence: at most 60 bytes, what is not printable ASCII shown as "?". */
const char *bl_shown(struct bl_arena *a, struct bl_str s);
void *bl_xmalloc(size_t n); /* for what outlives a call; ends the process when there is none */
void *bl_xrealloc(void *p, size_t n);

/* Grow-able array in an arena: `BL_PUSH(arena, v)` gives a pointer to a new zeroed element of v.
 *     struct { struct bl_line *at; size_t n, cap; } v = {0};
 *     *BL_PUSH(&x->arena, v) = line; */
#define BL_PUSH(arena, v)                                                                                    \
    ((v).n == (v).cap ? ((v).at = bl_grow_((arena), (v).at, &(v).cap, sizeof *(v).at)) : (v).at,             \
            &(v).at[(v).n++])
void *bl_grow_(struct bl_arena *a, void *at, size_t *cap, size_t each); /* doubles; new tail zeroed */

/* ---- buffer: bytes being written, on the heap, with an owner */
struct bl_buf {
    char *p;
    size_t n, cap;
};
void bl_buf_put(struct bl_buf *b, const void *bytes, size_t n);
void bl_buf_str(struct bl_buf *b, struct bl_str s);
void bl_buf_z(struct bl_buf *b, const char *z);
void bl_buf_byte(struct bl_buf *b, uint8_t c);
void bl_buf_printf(struct bl_buf *b, const char *fmt, ...) BL_PRINTF(2, 3);
void bl_buf_reserve(struct bl_buf *b, size_t more);
void bl_buf_release(struct bl_buf *b);
struct bl_str bl_buf_view(const struct bl_buf *b);

/* varints (LEB128), fixed 64-bit little-endian, and length-prefixed bytes: the packed forms' alphabet */
void bl_put_uv(struct bl_buf *b, uint64_t v);
void bl_put_sv(struct bl_buf *b, int64_t v);             /* zigzag */
void bl_put_u128(struct bl_buf *b, unsigned __int128 v); /* LEB128 up to 19 bytes */
void bl_put_str(struct bl_buf *b, struct bl_str s);      /* 0 = absent, else n + 1 and n bytes */
struct bl_rd { /* reader; `bad` is sticky, reads then give zero/absent */
    const uint8_t *p, *end;
    bool bad;
};
struct bl_rd bl_rd_of(struct bl_str s);
uint64_t bl_get_uv(struct bl_rd *r);
int64_t bl_get_sv(struct bl_rd *r);
unsigned __int128 bl_get_u128(struct bl_rd *r);
struct bl_str bl_get_str(struct bl_rd *r);              /* borrows */
const uint8_t *bl_get_bytes(struct bl_rd *r, size_t n); /* borrows; NULL when bad */

/* ---- call context */
struct bl_ctx {
    struct bl_arena arena;
    int64_t now_us;  /* the moment of this call, microseconds since 1970 UTC; set once by who began it */
    enum bl_err err; /* last failure */
    char why[512];   /* its sentence, for a person */
};
void bl_ctx_init(struct bl_ctx *x, int64_t now_us);
void bl_ctx_reset(struct bl_ctx *x, int64_t now_us); /* forget memory and error */
void bl_ctx_release(struct bl_ctx *x);
enum bl_err bl_fail(struct bl_ctx *x, enum bl_err e, const char *fmt, ...) BL_PRINTF(3, 4); /* returns e */

#define BL_TRY(call)                                                                                         \
    do {                                                                                                     \
        enum bl_err bl_try_ = (call);                                                                        \
        if (bl_try_ != BL_OK)                                                                                \
            return bl_try_;                                                                                  \
    } while (0)

/* ---- ids */
typedef struct {
    uint8_t b[16];
} bl_uuid;
bool bl_uuid_parse(struct bl_str s, bl_uuid *ret); /* 36 characters with dashes, any letter case */
void bl_uuid_text(bl_uuid u, char ret[37]);        /* lower case, NUL-terminated */
int bl_uuid_cmp(bl_uuid a, bl_uuid b);
#define BL_URN_TEAM "do:team:"
#define BL_URN_TEAMGROUP "do:teamgroup:"
bool bl_urn_parse(struct bl_str s, const char *prefix, bl_uuid *ret);
bool bl_utf8_ok(struct bl_str s);                         /* valid UTF-8 and no U+0000 */
uint32_t bl_crc32c(const void *p, size_t n);              /* Castagnoli; software table */
void bl_sha256(const void *p, size_t n, uint8_t ret[32]); /* libsodium */
struct bl_sha256 {                                        /* the same, in pieces */
    uint64_t state[16];
};
void bl_sha256_begin(struct bl_sha256 *h);
void bl_sha256_add(struct bl_sha256 *h, const void *p, size_t n);
void bl_sha256_end(struct bl_sha256 *h, uint8_t ret[32]);
void bl_hex(const void *p, size_t n, char *ret); /* 2n characters and a NUL, lower case */

#endif
