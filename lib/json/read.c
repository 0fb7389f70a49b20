/* The pull reader and the tree, both over the scanner. */
#include "json/scan.h"

void bl_json_reader_init(struct bl_json_reader *r, struct bl_ctx *x, struct bl_str text)
{
    static const char nothing[1] = "";
    r->start = r->p = text.p ? text.p : nothing;
    r->end = r->p + text.n;
    r->depth = 0;
    r->first = true;
    r->x = x;
    r->keys.n = r->keys.cap = 0;
    r->keys.table = NULL;
}

static enum bl_err enter(struct bl_json_reader *r, char open, const char *what)
{
    json_blanks(r);
    if (r->p >= r->end || *r->p != open)
        return json_fail(r, what);
    r->p++;
    r->depth++;
    json_blanks(r);
    return BL_OK;
}

enum bl_err bl_json_enter_object(struct bl_json_reader *r)
{
    return enter(r, '{', "an object is expected");
}
enum bl_err bl_json_enter_array(struct bl_json_reader *r)
{
    return enter(r, '[', "an array is expected");
}

/* At a comma, the closing mark or the first thing: is there another? */
static enum bl_err another(struct bl_json_reader *r, char close, bool *ret_more)
{
    json_blanks(r);
    if (r->p < r->end && *r->p == close) {
        r->p++;
        r->depth--;
        *ret_more = false;
        return BL_OK;
    }
    if (!r->first) {
        if (r->p >= r->end || *r->p != ',')
            return json_fail(r, close == '}' ? "a comma or } is missing" : "a comma or ] is missing");
        r->p++;
        json_blanks(r);
    }
    r->first = false;
    *ret_more = true;
    return BL_OK;
}

enum bl_err bl_json_next_member(
        struct bl_json_reader *r, struct bl_str *ret_key, struct bl_json_value *ret, bool *ret_more)
{
    BL_TRY(another(r, '}', ret_more));
    if (!*ret_more)
        return BL_OK;
    BL_TRY(json_key(r, &r->keys, ret_key));
    return json_value(r, ret);
}

enum bl_err bl_json_next_element(struct bl_json_reader *r, struct bl_json_value *ret, bool *ret_more)
{
    BL_TRY(another(r, ']', ret_more));
    return *ret_more ? json_value(r, ret) : BL_OK;
}

enum bl_err bl_json_end(struct bl_json_reader *r)
{
    json_blanks(r);
    return r->p == r->end ? BL_OK : json_fail(r, "more after the value");
}

/* ---- tree. The scanner has checked depth, names and text before a level is built, so building cannot run
 * away; an inner value is scanned once a level above it, which the depth bounds. */

static enum bl_err build(struct bl_ctx *x, const struct bl_json_value *v, struct bl_json *ret)
{
    *ret = (struct bl_json){.type = v->type, .truth = v->truth, .text = v->text};
    if (v->type != BL_JSON_ARRAY && v->type != BL_JSON_OBJECT)
        return BL_OK;
    struct bl_json_reader r;
    struct bl_json **last = &ret->first;
    bool more = false;
    bl_json_reader_init(&r, x, v->text);
    BL_TRY(v->type == BL_JSON_OBJECT ? bl_json_enter_object(&r) : bl_json_enter_array(&r));
    for (;;) {
        struct bl_json_value inner;
        struct bl_str key = BL_ABSENT;
        BL_TRY(v->type == BL_JSON_OBJECT ? bl_json_next_member(&r, &key, &inner, &more)
                                         : bl_json_next_element(&r, &inner, &more));
        if (!more)
            return BL_OK;
        struct bl_json *child = bl_alloc(&x->arena, sizeof *child);
        BL_TRY(build(x, &inner, child));
        child->key = key;
        *last = child;
        last = &child->next;
        ret->n++;
    }
}

enum bl_err bl_json_parse(struct bl_ctx *x, struct bl_str text, struct bl_json **ret)
{
    struct bl_json_reader r;
    struct bl_json_value v;
    bl_json_reader_init(&r, x, text);
    json_blanks(&r);
    BL_TRY(json_value(&r, &v));
    BL_TRY(bl_json_end(&r));
    struct bl_json *root = bl_alloc(&x->arena, sizeof *root);
    BL_TRY(build(x, &v, root));
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
