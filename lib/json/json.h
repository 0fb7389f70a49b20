/* json: strict RFC 8259 reading and writing. UTF-8 without BOM, depth at most 64, duplicate keys refused,
 * lone surrogate escapes, raw control characters and U+0000 refused, numbers kept as their literal digits
 * (never a double).
 *
 * Two readers over one scanner: a pull reader for the intake's hot path (no allocation unless a string holds
 * escapes or an object more than 16 names) and a tree for API bodies. The tree is arena memory. An object may
 * have 10,000 members. What is refused is BL_BAD_REQUEST with a sentence that tells the byte. */
#ifndef BILLOW_JSON_H
#define BILLOW_JSON_H

#include "base/base.h"

enum bl_json_type {
    BL_JSON_NULL,
    BL_JSON_BOOL,
    BL_JSON_NUMBER,
    BL_JSON_STRING,
    BL_JSON_ARRAY,
    BL_JSON_OBJECT
};

/* ---- pull reader */
struct bl_json_keys { /* of one object, to refuse a second of the same name */
    uint64_t seen;    /* a bit a name: those not set are of names not seen */
    size_t n, cap;
    struct bl_str few[16];
    struct bl_str *many; /* arena; all of them when there are more than few */
};
struct bl_json_reader {
    const char *p, *end, *start;
    int depth;
    bool first; /* no member or element was read yet */
    struct bl_ctx *x;
    struct bl_json_keys keys;
};
struct bl_json_value {
    enum bl_json_type type;
    bool truth;
    struct bl_str
            text; /* number: its digits; string: decoded; array/object: the raw text, brackets included */
};
void bl_json_reader_init(struct bl_json_reader *r, struct bl_ctx *x, struct bl_str text);
/* Enters an object; then bl_json_next_member until it gives *ret_more = false. Values that are arrays or
 * objects are checked whole and skipped; read them by a reader of their own over value.text. */
BL_MUST_CHECK enum bl_err bl_json_enter_object(struct bl_json_reader *r);
BL_MUST_CHECK enum bl_err bl_json_next_member(
        struct bl_json_reader *r, struct bl_str *ret_key, struct bl_json_value *ret, bool *ret_more);
BL_MUST_CHECK enum bl_err bl_json_enter_array(struct bl_json_reader *r);
BL_MUST_CHECK enum bl_err bl_json_next_element(
        struct bl_json_reader *r, struct bl_json_value *ret, bool *ret_more);
/* bl_json_next_member in two steps, to read an object inside on the way, without scanning it twice:
 *     bl_json_next_name(&r, &name, &more);
 *     if (bl_json_at(&r) == BL_JSON_OBJECT) { bl_json_inner(&r, &in); ... enter, members ...;
 * bl_json_outer(&r, &in); } else bl_json_take(&r, &value); bl_json_at tells what the value would be by its
 * first byte (BL_JSON_NUMBER for anything else). `in` has been read to its end when bl_json_outer is called.
 */
BL_MUST_CHECK enum bl_err bl_json_next_name(
        struct bl_json_reader *r, struct bl_str *ret_name, bool *ret_more);
BL_MUST_CHECK enum bl_err bl_json_take(struct bl_json_reader *r, struct bl_json_value *ret);
enum bl_json_type bl_json_at(const struct bl_json_reader *r);
void bl_json_inner(const struct bl_json_reader *r, struct bl_json_reader *ret_inner);
void bl_json_outer(struct bl_json_reader *r, const struct bl_json_reader *inner);
/* bl_json_next_element for cutting only: gives the raw text of the next element, whose inside is not checked
 * beyond quotes and brackets. A broken one does not spoil its neighbours as long as it can be told where it
 * ends. */
BL_MUST_CHECK enum bl_err bl_json_cut_element(
        struct bl_json_reader *r, struct bl_str *ret_raw, bool *ret_more);
BL_MUST_CHECK enum bl_err bl_json_end(struct bl_json_reader *r); /* nothing but blanks may follow */

/* ---- tree */
struct bl_json {
    enum bl_json_type type;
    bool truth;
    struct bl_str key, text;      /* text as in bl_json_value for scalars */
    struct bl_json *first, *next; /* children; siblings */
    size_t n;
};
BL_MUST_CHECK enum bl_err bl_json_parse(struct bl_ctx *x, struct bl_str text, struct bl_json **ret);
const struct bl_json *bl_json_get(
        const struct bl_json *object, const char *key); /* NULL when absent or no object */
/* Text of a string member; absent when missing, null or not a string. */
struct bl_str bl_json_str(const struct bl_json *object, const char *key);

/* ---- writer: commas are its business */
struct bl_jw {
    struct bl_buf *b;
    bool comma;
};
void bl_jw_init(struct bl_jw *w, struct bl_buf *b);
void bl_jw_begin_object(struct bl_jw *w);
void bl_jw_end_object(struct bl_jw *w);
void bl_jw_begin_array(struct bl_jw *w);
void bl_jw_end_array(struct bl_jw *w);
void bl_jw_key(struct bl_jw *w, const char *key);
void bl_jw_name(struct bl_jw *w, struct bl_str key); /* the same */
void bl_jw_str(struct bl_jw *w, struct bl_str s);    /* absent writes null */
void bl_jw_z(struct bl_jw *w, const char *z);
void bl_jw_int(struct bl_jw *w, int64_t v);
void bl_jw_bool(struct bl_jw *w, bool v);
void bl_jw_null(struct bl_jw *w);
void bl_jw_raw(struct bl_jw *w, struct bl_str json); /* a number's digits or ready JSON */
void bl_jw_json(
        struct bl_jw *w, const struct bl_json *v); /* a tree, without blanks; its own key is left out */
/* key + value in one */
void bl_jw_kstr(struct bl_jw *w, const char *key, struct bl_str s);
void bl_jw_kz(struct bl_jw *w, const char *key, const char *z);
void bl_jw_kint(struct bl_jw *w, const char *key, int64_t v);
void bl_jw_kbool(struct bl_jw *w, const char *key, bool v);

#endif
