/* The pull reader and the tree, both over the scanner and both in one pass over the text. */
#include "json/scan.h"

#include <assert.h>

void bl_json_reader_init(struct bl_json_reader *r, struct bl_ctx *x, struct bl_str text)
{
    static const char nothing[1] = "";
    r->start = r->p = text.p ? text.p : nothing;
    r->end = r->p + text.n;
    r->depth = 0;
    r->first = true;
    r->x = x;
    json_keys_begin(&r->keys);
}

/* The reader goes on at p, or stays where it was refused. */
static inline enum bl_err go(struct bl_json_reader *r, const char *p)
{
    if (!p)
        return r->x->err;
    r->p = p;
    return BL_OK;
}

static const char *enter(struct bl_json_reader *r, char open, const char *what)
{
    const char *p = json_blanks(r->p, r->end);
    return p >= r->end || *p != open ? json_refuse(r, p, what) : json_deeper(r, p);
}

enum bl_err bl_json_enter_object(struct bl_json_reader *r)
{
    return go(r, enter(r, '{', "an object is expected"));
}
enum bl_err bl_json_enter_array(struct bl_json_reader *r)
{
    return go(r, enter(r, '[', "an array is expected"));
}

static inline const char *next_name(struct bl_json_reader *r, struct bl_str *ret_name, bool *ret_more)
{
    const char *p = json_another(r, r->p, &r->first, '}', ret_more);
    if (!p)
        return NULL;
    if (*ret_more)
        return json_key(r, p, &r->keys, ret_name);
    r->depth--;
    return json_keys_end(r, p, &r->keys) ? p : NULL;
}

static const char *next_place(struct bl_json_reader *r, bool *ret_more)
{
    const char *p = json_another(r, r->p, &r->first, ']', ret_more);
    r->depth -= p && !*ret_more;
    return p;
}

enum bl_err bl_json_next_name(struct bl_json_reader *r, struct bl_str *ret_name, bool *ret_more)
{
    return go(r, next_name(r, ret_name, ret_more));
}

enum bl_err bl_json_take(struct bl_json_reader *r, struct bl_json_value *ret)
{
    return go(r, json_value(r, r->p, ret));
}

enum bl_err bl_json_next_member(
        struct bl_json_reader *r, struct bl_str *ret_key, struct bl_json_value *ret, bool *ret_more)
{
    const char *p = next_name(r, ret_key, ret_more);
    return go(r, p && *ret_more ? json_value(r, p, ret) : p);
}

enum bl_err bl_json_next_element(struct bl_json_reader *r, struct bl_json_value *ret, bool *ret_more)
{
    const char *p = next_place(r, ret_more);
    return go(r, p && *ret_more ? json_value(r, p, ret) : p);
}

enum bl_json_type bl_json_at(const struct bl_json_reader *r)
{
    switch (r->p < r->end ? *r->p : 0) {
    case '{':
        return BL_JSON_OBJECT;
    case '[':
        return BL_JSON_ARRAY;
    case '"':
        return BL_JSON_STRING;
    case 't':
    case 'f':
        return BL_JSON_BOOL;
    case 'n':
        return BL_JSON_NULL;
    default:
        return BL_JSON_NUMBER;
    }
}

void bl_json_inner(const struct bl_json_reader *r, struct bl_json_reader *ret_inner)
{
    ret_inner->start = r->start;
    ret_inner->p = r->p;
    ret_inner->end = r->end;
    ret_inner->depth = r->depth;
    ret_inner->first = true;
    ret_inner->x = r->x;
    json_keys_begin(&ret_inner->keys);
}

void bl_json_outer(struct bl_json_reader *r, const struct bl_json_reader *inner)
{
    assert(inner->start == r->start && inner->depth == r->depth && inner->p > r->p);
    r->p = inner->p;
}

enum bl_err bl_json_end(struct bl_json_reader *r)
{
    const char *p = json_blanks(r->p, r->end);
    return go(r, p == r->end ? p : json_refuse(r, p, "more after the value"));
}

/* ---- cutting */

/* Behind the string that begins at p; end when it does not end. */
static const char *string_end(const char *p, const char *end)
{
    for (const char *start = p++; p < end; p++) {
        p = json_plain_end(start, p, end);
        if (p < end && *p == '"')
            return p + 1;
        p += p < end && *p == '\\';
    }
    return end;
}

/* Behind the array or object that begins at p; NULL when it does not end. */
static const char *brackets_end(const char *p, const char *end)
{
    size_t depth = 0;
    while (p < end) {
        char c = *p;
        if (c == '"') {
            p = string_end(p, end);
            continue;
        }
        p++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return p;
    }
    return NULL;
}

static const char *word_end(const char *p, const char *end)
{
    while (p < end && *p != ',' && *p != ']' && *p != '}' && *p != '"' && *p != ' ' && *p != '\t' &&
            *p != '\n' && *p != '\r')
        p++;
    return p;
}

enum bl_err bl_json_cut_element(struct bl_json_reader *r, struct bl_str *ret_raw, bool *ret_more)
{
    const char *begin = next_place(r, ret_more), *behind = begin;
    enum bl_err e = go(r, begin);
    if (e != BL_OK || !*ret_more)
        return e;
    enum bl_json_type type = bl_json_at(r);
    if (type == BL_JSON_OBJECT || type == BL_JSON_ARRAY)
        behind = brackets_end(begin, r->end);
    else if (type == BL_JSON_STRING)
        behind = string_end(begin, r->end);
    else
        behind = word_end(begin, r->end);
    if (!behind)
        return go(r, json_refuse(r, begin, "an element that does not end"));
    if (behind == begin)
        return go(r, json_refuse(r, begin, "a value is missing"));
    *ret_raw = (struct bl_str){begin, (size_t)(behind - begin)};
    return go(r, behind);
}

/* ---- tree: as deep as the scanner allows, so recursion is bounded */

static const char *build(struct bl_json_reader *r, const char *p, struct bl_json *ret);

static const char *build_children(struct bl_json_reader *r, const char *p, bool object, struct bl_json *ret)
{
    struct bl_json_keys keys;
    struct bl_json **last = &ret->first;
    bool first = true, more = false;
    json_keys_begin(&keys);
    p = json_deeper(r, p);
    while (p) {
        struct bl_str key = BL_ABSENT;
        p = json_another(r, p, &first, object ? '}' : ']', &more);
        if (!p || !more)
            break;
        if (object)
            p = json_key(r, p, &keys, &key);
        struct bl_json *child = bl_alloc(&r->x->arena, sizeof *child);
        p = p ? build(r, p, child) : NULL;
        child->key = key;
        *last = child;
        last = &child->next;
        ret->n++;
    }
    r->depth--;
    return p && json_keys_end(r, p, &keys) ? p : NULL;
}

static const char *build(struct bl_json_reader *r, const char *p, struct bl_json *ret)
{
    const char *begin = p;
    if (p < r->end && (*p == '{' || *p == '[')) {
        ret->type = *p == '{' ? BL_JSON_OBJECT : BL_JSON_ARRAY;
        p = build_children(r, p, *p == '{', ret);
        ret->text = (struct bl_str){begin, p ? (size_t)(p - begin) : 0};
        return p;
    }
    struct bl_json_value v;
    p = json_value(r, p, &v);
    if (p) {
        ret->type = v.type;
        ret->truth = v.truth;
        ret->text = v.text;
    }
    return p;
}

enum bl_err bl_json_parse(struct bl_ctx *x, struct bl_str text, struct bl_json **ret)
{
    struct bl_json_reader r;
    bl_json_reader_init(&r, x, text);
    struct bl_json *root = bl_alloc(&x->arena, sizeof *root);
    BL_TRY(go(&r, build(&r, json_blanks(r.p, r.end), root)));
    BL_TRY(bl_json_end(&r));
    *ret = root;
    return BL_OK;
}

const struct bl_json *bl_json_get(const struct bl_json *object, const char *key)
{
    if (!object || object->type != BL_JSON_OBJECT)
        return NULL;
    for (const struct bl_json *m = object->first; m; m = m->next)
        if (bl_str_is(m->key, key))
            return m;
    return NULL;
}

struct bl_str bl_json_str(const struct bl_json *object, const char *key)
{
    const struct bl_json *v = bl_json_get(object, key);
    return v && v->type == BL_JSON_STRING ? v->text : BL_ABSENT;
}
