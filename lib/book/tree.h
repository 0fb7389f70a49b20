/* tree: a YAML text as a tree of text, lists and maps that remember where they stood. */
#ifndef BILLOW_BOOK_TREE_H
#define BILLOW_BOOK_TREE_H

#include "base/base.h"

enum node_kind { NODE_TEXT, NODE_LIST, NODE_MAP };

struct node {
    enum node_kind kind;
    bool nothing;       /* a plain empty, "~" or "null": the writer gave no value */
    uint32_t line;      /* from 1; of the key for a value in a map */
    uint32_t index;     /* place among its siblings */
    uint32_t n;         /* children */
    struct bl_str key;  /* in a map */
    struct bl_str text; /* of a text */
    struct node *parent, *first, *last, *next;
};

struct tree {
    struct bl_ctx *x;      /* failures and what outlives the tree go here */
    struct bl_arena arena; /* the nodes */
    const char *file;
    struct node *root;
};

/* One document, which must be a map. BL_INVALID (BL_TOO_LARGE beyond 8 MiB) with file and line. Release it in
 * either case. */
BL_MUST_CHECK enum bl_err tree_read(
        struct bl_ctx *x, struct bl_str file, struct bl_str yaml, struct tree *ret);
void tree_release(struct tree *t);

const struct node *node_get(const struct node *map, const char *key); /* NULL: not there */
const struct node *node_at(const struct node *list, size_t i);        /* walks */

/* BL_INVALID with "file:line: path: sentence"; key_fail speaks of a key the map does not have. */
enum bl_err node_fail(const struct tree *t, const struct node *n, const char *fmt, ...) BL_PRINTF(3, 4);
enum bl_err key_fail(const struct tree *t, const struct node *map, const char *key, const char *fmt, ...)
        BL_PRINTF(4, 5);

#endif
