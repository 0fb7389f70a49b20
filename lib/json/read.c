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

static enum bl_err enter(struct bl_json_reader *r, char open, const char *what)
{
    json_blanks(r);
    if (r->p >= r->end || *r->p != open)
        return json_fail(r, what);
    return json_deeper(r);
}

enum bl_err bl_json_enter_object(struct bl_json_reader *r)
{
    return enter(r, '{', "an object is expected");
}
enum bl_err bl_json_enter_array(struct bl_json_reader *r)
{
    return enter(r, '[', "an array is expected");
}

enum bl_err bl_json_next_name(struct bl_json_reader *r, struct bl_str *ret_name, bool *ret_more)
{
    BL_TRY(json_another(r, &r->first, '}', ret_more));
    if (*ret_more)
        return json_key(r, &r->keys, ret_name);
    r->depth--;
    return json_keys_end(r, &r->keys);
}

enum bl_err bl_json_next_member(
        struct bl_json_reader *r, struct bl_str *ret_key, struct bl_json_value *ret, bool *ret_more)
{
    BL_TRY(bl_json_next_name(r, ret_key, ret_more));
    return *ret_more ? bl_json_take(r, ret) : BL_OK;
}

static enum bl_err next_place(struct bl_json_reader *r, bool *ret_more)
{
    BL_TRY(json_another(r, &r->first, ']', ret_more));
    r->depth -= !*ret_more;
    return BL_OK;
}

enum bl_err bl_json_next_element(struct bl_json_reader *r, struct bl_json_value *ret, bool *ret_more)
{
    BL_TRY(next_place(r, ret_more));
    return *ret_more ? bl_json_take(r, ret) : BL_OK;
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
    json_blanks(r);
    return r->p == r->end ? BL_OK : json_fail(r, "more after the value");
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
    BL_TRY(next_place(r, ret_more));
    if (!*ret_more)
        return BL_OK;
    const char *begin = r->p, *behind = begin;
    enum bl_json_type type = bl_json_at(r);
    if (type == BL_JSON_OBJECT || type == BL_JSON_ARRAY)
        behind = brackets_end(begin, r->end);
    else if (type == BL_JSON_STRING)
        behind = string_end(begin, r->end);
    else
        behind = word_end(begin, r->end);
    if (!behind)
        return json_fail(r, "an element that does not end");
    if (behind == begin)
        return json_fail(r, "a value is missing");
    r->p = behind;
    *ret_raw = (struct bl_str){begin, (size_t)(behind - begin)};
    return BL_OK;
}

/* ---- tree: as deep as the scanner allows, so recursion is bounded */

static enum bl_err build(struct bl_json_reader *r, struct bl_json *ret)
{
    enum bl_json_type type = bl_json_at(r);
    if (type != BL_JSON_ARRAY && type != BL_JSON_OBJECT) {
        struct bl_json_value v;
        BL_TRY(bl_json_take(r, &v));
        ret->type = v.type;
        ret->truth = v.truth;
        ret->text = v.text;
        return BL_OK;
    }
    const char *begin = r->p;
    struct bl_json_keys keys;
    struct bl_json **last = &ret->first;
    bool first = true, more = false, object = type == BL_JSON_OBJECT;
    json_keys_begin(&keys);
    BL_TRY(json_deeper(r));
    for (;;) {
        struct bl_str key = BL_ABSENT;
        BL_TRY(json_another(r, &first, object ? '}' : ']', &more));
        if (!more)
            break;
        if (object)
            BL_TRY(json_key(r, &keys, &key));
        struct bl_json *child = bl_alloc(&r->x->arena, sizeof *child);
        BL_TRY(build(r, child));
        child->key = key;
        *last = child;
        last = &child->next;
        ret->n++;
    }
    r->depth--;
    ret->type = type;
    ret->text = (struct bl_str){begin, (size_t)(r->p - begin)};
    return object ? json_keys_end(r, &keys) : BL_OK;
}

enum bl_err bl_json_parse(struct bl_ctx *x, struct bl_str text, struct bl_json **ret)
{
    struct bl_json_reader r;
    bl_json_reader_init(&r, x, text);
    json_blanks(&r);
    struct bl_json *root = bl_alloc(&x->arena, sizeof *root);
    BL_TRY(build(&r, root));
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
