/* read: maps, lists and values of a tree into structs, led by tables. A row of a table says a key, how its
 * value is read, where it goes, and an example that messages can show. Rows are read in the table's order,
 * whatever the order of the text, so that a row may rely on those above it. */
#ifndef BILLOW_BOOK_READ_H
#define BILLOW_BOOK_READ_H

#include "book/book.h"
#include "book/index.h"
#include "book/tree.h"

struct reader {
    struct tree tree;
    struct bl_ctx *x; /* what is kept goes into its arena */
    struct bl_book *book;
    struct index products;
};

struct field;
typedef enum bl_err read_fn(struct reader *r, const struct node *n, const struct field *f, void *at);

struct word { /* one of the words a key may have, and its value */
    const char *word;
    int32_t value;
};

struct list_of { /* a list that becomes an array: of maps, or of values that fields[0] reads */
    const struct field *fields;
    bool values;
    size_t n_fields, each;
    size_t least, most;
    enum bl_err (*check)(struct reader *r, const struct node *map, void *element); /* each; may be NULL */
    /* all of them, *array being theirs to replace; may be NULL */
    enum bl_err (*finish)(struct reader *r, const struct node *list, void **array, size_t n);
};

struct field {
    const char *key;
    read_fn *take;
    size_t offset, count_offset; /* count_offset: of a list's length */
    bool required;
    const char *example; /* "per_hours: 672" */
    int64_t least, most; /* of whole numbers */
    const struct word *words;
    size_t n_words;
    const struct list_of *list;
    const struct field *fields; /* of a map read into the same struct */
    size_t n_fields;
};

BL_MUST_CHECK enum bl_err read_map(
        struct reader *r, const struct node *n, const struct field *fields, size_t n_fields, void *into);

/* Readers: the type at `at` is in the name of each. */
read_fn read_list;       /* f->list; a pointer, and a size_t at count_offset */
read_fn read_inner;      /* f->fields into the struct around (f->offset is 0) */
read_fn read_name;       /* struct bl_str: one line, 1 to 255 bytes, no blank at its ends */
read_fn read_word;       /* struct bl_str: ASCII letters, digits, "_" and "-" */
read_fn read_prose;      /* struct bl_str: up to 4000 bytes, may have lines */
read_fn read_country;    /* struct bl_str: two capital letters */
read_fn read_one_of;     /* struct bl_str: one of f->words */
read_fn read_choice;     /* int32_t or an enum: the value of one of f->words */
read_fn read_flag;       /* bool: likewise */
read_fn read_whole;      /* int64_t from f->least to f->most */
read_fn read_money;      /* bl_dec: 9 and 12 digits */
read_fn read_quantity;   /* bl_dec: 15 and 12 digits */
read_fn read_above_zero; /* the same, not 0 */
read_fn read_instant;    /* int64_t: seconds since 1970 from RFC 3339 */
read_fn read_span;       /* int64_t: seconds from "24h", "90m", "3600s", "2d" */

BL_MUST_CHECK enum bl_err want_text(struct reader *r, const struct node *n, const struct field *f);

/* The nearest of the names tried, when one is near enough to have been meant. */
struct nearest {
    struct bl_str wanted, found;
    size_t distance;
};
struct nearest nearest_to(struct bl_str wanted);
void nearest_try(struct nearest *s, struct bl_str name);
const char *nearest_hint(struct reader *r, const struct nearest *s); /* "; did you mean NAME?" or "" */

#endif
