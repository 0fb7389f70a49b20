/* json: strict RFC 8259 reading and writing. UTF-8 without BOM, depth at most 64, duplicate keys refused,
 * lone surrogate escapes, raw control characters and U+0000 refused, numbers kept as their literal digits
 * (never a double).
 *
 * Two readers over one scanner: a pull reader for the intake's hot path (no allocation unless a string holds
 * escapes) and a tree for API bodies. The tree is arena memory. */
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
    struct bl_str few[16];
    size_t n;
    struct bl_str *table; /* arena; when there are more than few */
    size_t cap;
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
void bl_jw_str(struct bl_jw *w, struct bl_str s); /* absent writes null */
void bl_jw_z(struct bl_jw *w, const char *z);
void bl_jw_int(struct bl_jw *w, int64_t v);
void bl_jw_bool(struct bl_jw *w, bool v);
void bl_jw_null(struct bl_jw *w);
void bl_jw_raw(struct bl_jw *w, struct bl_str json); /* a number's digits or ready JSON */
/* key + value in one */
void bl_jw_kstr(struct bl_jw *w, const char *key, struct bl_str s);
void bl_jw_kz(struct bl_jw *w, const char *key, const char *z);
void bl_jw_kint(struct bl_jw *w, const char *key, int64_t v);
void bl_jw_kbool(struct bl_jw *w, const char *key, bool v);

#endif
