/* YAML into a tree. libyaml's events are taken one at a time and counted, so that what is too deep, too many
 * or too long is refused while it is small; anchors, aliases and tags are refused because they make a text
 * mean more than it shows. Every node keeps its line and parent, from which a message derives "file:line:
 * skus[3].prices[0].amount". */
#include "book/tree.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <yaml.h>

enum {
    DOCUMENT_MOST = 8 << 20, /* bytes */
    DEPTH_MOST = 16,         /* a book needs 7 */
    NODES_MOST = 1000000,
    KEYS_MOST = 64, /* of one map; they are looked up by walking */
};

struct loader {
    struct tree *t;
    yaml_parser_t parser;
    struct node *at; /* the list or map being filled; NULL outside the document */
    unsigned depth, documents;
    size_t nodes;
    bool key_waits; /* a key was read whose value comes next */
    struct bl_str key;
    uint32_t key_line;
};

/* ---- failing at a place */

static void path_put(struct bl_buf *b, const struct node *n)
{
    if (n == NULL || n->parent == NULL)
        return;
    path_put(b, n->parent);
    if (n->parent->kind == NODE_LIST)
        bl_buf_printf(b, "[%" PRIu32 "]", n->index);
    else
        bl_buf_printf(b, "%s%.*s", n->parent->parent ? "." : "", BL_FMT(n->key));
}

static enum bl_err fail_at(
        const struct tree *t, const struct node *n, const char *key, const char *fmt, va_list args)
{
    char why[400];
    vsnprintf(why, sizeof why, fmt, args);
    struct bl_buf path = {0};
    path_put(&path, n);
    if (key != NULL)
        bl_buf_printf(&path, "%s%s", path.n > 0 ? "." : "", key);
    bl_buf_byte(&path, 0);
    enum bl_err e =
            path.n > 1 ? bl_fail(t->x, BL_INVALID, "%s:%" PRIu32 ": %s: %s", t->file, n->line, path.p, why)
                       : bl_fail(t->x, BL_INVALID, "%s:%" PRIu32 ": %s", t->file, n->line, why);
    bl_buf_release(&path);
    return e;
}

enum bl_err node_fail(const struct tree *t, const struct node *n, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    enum bl_err e = fail_at(t, n, NULL, fmt, args);
    va_end(args);
    return e;
}

enum bl_err key_fail(const struct tree *t, const struct node *map, const char *key, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    enum bl_err e = fail_at(t, map, key, fmt, args);
    va_end(args);
    return e;
}

static enum bl_err line_fail(const struct loader *l, uint32_t line, const char *what)
{
    return bl_fail(l->t->x, BL_INVALID, "%s:%" PRIu32 ": %s", l->t->file, line, what);
}

/* ---- building */

static uint32_t line_of(const yaml_event_t *e)
{
    return (uint32_t)e->start_mark.line + 1; /* the text has at most 8 Mi lines */
}

static enum bl_err add(struct loader *l, enum node_kind kind, uint32_t line, struct node **ret)
{
    struct node *parent = l->at;
    if (++l->nodes > NODES_MOST)
        return line_fail(l, line, "more than 1000000 values; leave out what no customer uses");
    struct node *n = bl_alloc(&l->t->arena, sizeof *n);
    *n = (struct node){.kind = kind, .line = line, .parent = parent};
    if (parent == NULL) {
        l->t->root = n;
    } else {
        if (parent->kind == NODE_MAP) {
            assert(l->key_waits);
            n->key = l->key;
            n->line = l->key_line;
            l->key_waits = false;
        }
        n->index = parent->n++;
        if (parent->last == NULL)
            parent->first = n;
        else
            parent->last->next = n;
        parent->last = n;
    }
    *ret = n;
    return BL_OK;
}

static bool wants_key(const struct loader *l)
{
    return l->at != NULL && l->at->kind == NODE_MAP && !l->key_waits;
}

/* A key as messages may show it. No key of a book is long or odd, and one that is will only ever be shown. */
static struct bl_str plain_key(struct loader *l, struct bl_str text)
{
    bool odd = text.n > 60;
    for (size_t i = 0; i < text.n && !odd; i++)
        odd = text.p[i] < ' ' || text.p[i] > '~';
    return odd ? bl_str_of(bl_shown(&l->t->arena, text)) : text;
}

static enum bl_err take_key(struct loader *l, struct bl_str raw, uint32_t line)
{
    struct bl_str text = plain_key(l, raw);
    for (const struct node *n = l->at->first; n != NULL; n = n->next)
        if (bl_str_eq(n->key, text))
            return node_fail(l->t, &(struct node){.line = line, .parent = l->at, .key = text},
                    "given twice (first on line %" PRIu32 "); keep one", n->line);
    if (l->at->n >= KEYS_MOST)
        return line_fail(l, line, "more than 64 keys in one place; a book has no place with so many");
    l->key = text;
    l->key_line = line;
    l->key_waits = true;
    return BL_OK;
}

static bool is_nothing(struct bl_str text)
{
    return text.n == 0 || bl_str_is(text, "~") || bl_str_is(text, "null") || bl_str_is(text, "Null") ||
           bl_str_is(text, "NULL");
}

static enum bl_err on_scalar(struct loader *l, const yaml_event_t *e)
{
    struct bl_str text = bl_str_dup(
            &l->t->arena, (struct bl_str){(const char *)e->data.scalar.value, e->data.scalar.length});
    if (wants_key(l))
        return take_key(l, text, line_of(e));
    struct node *n;
    BL_TRY(add(l, NODE_TEXT, line_of(e), &n));
    n->text = text;
    n->nothing = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && is_nothing(text);
    if (memchr(text.p, 0, text.n) != NULL)
        return node_fail(l->t, n, "has a zero character; take it out");
    return BL_OK;
}

static enum bl_err on_open(struct loader *l, enum node_kind kind, const yaml_event_t *e)
{
    if (wants_key(l))
        return line_fail(l, line_of(e), "a key must be a word, not a list or a map");
    if (++l->depth > DEPTH_MOST)
        return line_fail(l, line_of(e), "nested more than 16 deep; a book needs 7");
    struct node *n;
    BL_TRY(add(l, kind, line_of(e), &n));
    l->at = n;
    return BL_OK;
}

static const char *adorned(const yaml_char_t *anchor, const yaml_char_t *tag)
{
    if (anchor != NULL)
        return "anchors (&name) are not allowed in a price book; write the value out where it is used";
    if (tag != NULL)
        return "tags (!name) are not allowed in a price book; every value is read as text";
    return NULL;
}

static const char *adornment(const yaml_event_t *e)
{
    switch (e->type) {
    case YAML_ALIAS_EVENT:
        return "aliases (*name) are not allowed in a price book; write the value out where it is used";
    case YAML_SCALAR_EVENT:
        return adorned(e->data.scalar.anchor, e->data.scalar.tag);
    case YAML_SEQUENCE_START_EVENT:
        return adorned(e->data.sequence_start.anchor, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return adorned(e->data.mapping_start.anchor, e->data.mapping_start.tag);
    default:
        return NULL;
    }
}

static enum bl_err on_event(struct loader *l, const yaml_event_t *e)
{
    const char *wrong = adornment(e);
    if (wrong != NULL)
        return line_fail(l, line_of(e), wrong);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (++l->documents > 1)
            return line_fail(l, line_of(e), "a second document begins; a price book is one document");
        return BL_OK;
    case YAML_SCALAR_EVENT:
        return on_scalar(l, e);
    case YAML_SEQUENCE_START_EVENT:
        return on_open(l, NODE_LIST, e);
    case YAML_MAPPING_START_EVENT:
        return on_open(l, NODE_MAP, e);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        l->depth--;
        l->at = l->at->parent;
        return BL_OK;
    default:
        return BL_OK;
    }
}

static enum bl_err not_yaml(const struct loader *l, struct bl_str yaml)
{
    const yaml_parser_t *p = &l->parser;
    size_t line = p->problem_mark.line;
    if (p->error == YAML_MEMORY_ERROR)
        return bl_fail(l->t->x, BL_UNAVAILABLE, "%s: there is not enough memory to read it", l->t->file);
    if (p->error == YAML_READER_ERROR) { /* these know their place in bytes alone */
        line = 0;
        for (size_t i = 0; i < yaml.n && i < p->problem_offset; i++)
            line += yaml.p[i] == '\n';
    }
    return bl_fail(l->t->x, BL_INVALID, "%s:%zu: this is not YAML: %s", l->t->file, line + 1,
            p->problem ? p->problem : "it cannot be read");
}

/* Directives (%TAG) mean nothing here, and the parser compares each with all before it. */
static uint32_t directive_line(struct bl_str yaml)
{
    uint32_t line = 1;
    bool begins = true;
    for (size_t i = 0; i < yaml.n; i++) {
        if (begins && yaml.p[i] == '%')
            return line;
        begins = yaml.p[i] == '\n' || yaml.p[i] == '\r';
        line += yaml.p[i] == '\n';
    }
    return 0;
}

static enum bl_err load(struct loader *l, struct bl_str yaml)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&l->parser, &event))
            return not_yaml(l, yaml);
        enum bl_err e = on_event(l, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        BL_TRY(e);
    }
    const struct node *root = l->t->root;
    if (root == NULL || (root->kind == NODE_TEXT && root->nothing))
        return bl_fail(
                l->t->x, BL_INVALID, "%s: is empty; a price book has at least \"currency: USD\"", l->t->file);
    if (root->kind != NODE_MAP)
        return line_fail(
                l, root->line, "a price book is a map of keys, the first of them such as \"currency: USD\"");
    return BL_OK;
}

enum bl_err tree_read(struct bl_ctx *x, struct bl_str file, struct bl_str yaml, struct tree *ret)
{
    *ret = (struct tree){.x = x};
    bl_arena_init(&ret->arena);
    ret->file = bl_shown(&ret->arena, file);
    if (yaml.n > DOCUMENT_MOST)
        return bl_fail(
                x, BL_TOO_LARGE, "%s: is larger than 8 MiB, the most a price book may have", ret->file);
    if (!bl_utf8_ok(yaml))
        return bl_fail(x, BL_INVALID, "%s: is not UTF-8 text; save it in that encoding", ret->file);
    if (yaml.n >= 3 && memcmp(yaml.p, "\xef\xbb\xbf", 3) == 0)
        yaml = (struct bl_str){yaml.p + 3, yaml.n - 3}; /* libyaml counts a BOM as a column */
    struct loader l = {.t = ret};
    if (directive_line(yaml) != 0)
        return line_fail(
                &l, directive_line(yaml), "a line that begins with % is a directive; a price book has none");
    if (!yaml_parser_initialize(&l.parser))
        return bl_fail(x, BL_UNAVAILABLE, "%s: there is not enough memory to read it", ret->file);
    yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l.parser, (const unsigned char *)(yaml.p ? yaml.p : ""), yaml.n);
    enum bl_err e = load(&l, yaml);
    yaml_parser_delete(&l.parser);
    return e;
}

void tree_release(struct tree *t)
{
    bl_arena_release(&t->arena);
}

/* ---- walking */

const struct node *node_get(const struct node *map, const char *key)
{
    for (const struct node *n = map->first; n != NULL; n = n->next)
        if (bl_str_is(n->key, key))
            return n;
    return NULL;
}

const struct node *node_at(const struct node *list, size_t i)
{
    const struct node *n = list->first;
    while (i-- > 0)
        n = n->next;
    return n;
}
