/* Rollbacks and what they read of specs. Conditions are looked at in the order in which they are told. */
#include "deploy/deploy.h"

#include <assert.h>

#define REVISIONS 10 /* deployments that have been ACTIVE, counted back from the newest */

static const char *const words[] = {
        [BL_ROLLBACK_OK] = "",
#define C(name, word) [BL_ROLLBACK_##name] = word,
#include "deploy/conditions.def"
#undef C
};

const char *const bl_spec_kinds[] = {"services", "static_sites", "workers", "jobs", "functions", NULL};

const char *bl_rollback_word(enum bl_rollback c)
{
    assert((size_t)c < BL_COUNT(words));
    return words[c];
}

static bool is_nothing(const struct bl_json *v)
{
    return !v || v->type == BL_JSON_NULL || (v->type == BL_JSON_STRING && v->text.n == 0) ||
           (v->type == BL_JSON_ARRAY && v->n == 0);
}

/* A member that is absent, null or empty says the same: nothing. */
static bool member_same(const struct bl_json *a, const struct bl_json *b, const char *key)
{
    const struct bl_json *l = bl_json_get(a, key), *r = bl_json_get(b, key);
    return (is_nothing(l) && is_nothing(r)) || bl_json_same(l, r);
}

enum bl_rollback bl_rollback_check(const struct bl_rollback_to *to, int64_t *ret_limit)
{
    *ret_limit = bl_str_is(to->tier, "starter") ? 0 : REVISIONS;
    if (to->pinned)
        return BL_ROLLBACK_APP_PINNED;
    if (bl_phase_is_step(to->phase)) /* under way, or what runs already */
        return BL_ROLLBACK_INCOMPATIBLE_PHASE;
    if (!to->was_active)
        return BL_ROLLBACK_INCOMPATIBLE_RESULT;
    if (to->back > *ret_limit)
        return BL_ROLLBACK_EXCEEDED_REVISION_LIMIT;
    if (!member_same(to->spec, to->now, "region"))
        return BL_ROLLBACK_REGION_CONFLICT;
    if (!member_same(to->spec, to->now, "databases"))
        return BL_ROLLBACK_DATABASE_CONFIG_CONFLICT;
    return BL_ROLLBACK_OK;
}

/* ---- specs */

static bool object_same(const struct bl_json *a, const struct bl_json *b)
{
    for (const struct bl_json *m = a->first; m; m = m->next) {
        const struct bl_json *other = b->first;
        while (other && !bl_str_eq(other->key, m->key))
            other = other->next;
        if (!other || !bl_json_same(m, other))
            return false;
    }
    return true; /* no key stands twice, and there are as many */
}

bool bl_json_same(const struct bl_json *a, const struct bl_json *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type || a->n != b->n || a->truth != b->truth)
        return false;
    if (a->type == BL_JSON_OBJECT)
        return object_same(a, b);
    if (a->type != BL_JSON_ARRAY)
        return a->type == BL_JSON_NULL || a->type == BL_JSON_BOOL || bl_str_eq(a->text, b->text);
    for (const struct bl_json *l = a->first, *r = b->first; l; l = l->next, r = r->next)
        if (!bl_json_same(l, r))
            return false;
    return true;
}

static bool has_type(const struct bl_json *object, const char *key, enum bl_json_type type)
{
    const struct bl_json *v = bl_json_get(object, key);
    return !v || v->type == BL_JSON_NULL || v->type == type;
}

static enum bl_err component_check(struct bl_ctx *x, const char *kind, const struct bl_json *c)
{
    if (c->type != BL_JSON_OBJECT)
        return bl_fail(x, BL_INVALID, "spec.%s must hold objects.", kind);
    if (!has_type(c, "name", BL_JSON_STRING))
        return bl_fail(x, BL_INVALID, "spec.%s: a name must be a string.", kind);
    const struct bl_json *image = bl_json_get(c, "image");
    if (!has_type(c, "image", BL_JSON_OBJECT) || !has_type(image, "digest", BL_JSON_STRING))
        return bl_fail(x, BL_INVALID, "spec.%s: an image must be an object, and its digest a string.", kind);
    return BL_OK;
}

enum bl_err bl_spec_check(struct bl_ctx *x, const struct bl_json *spec)
{
    if (!spec || spec->type != BL_JSON_OBJECT)
        return bl_fail(x, BL_INVALID, "spec must be an object.");
    if (!has_type(spec, "name", BL_JSON_STRING))
        return bl_fail(x, BL_INVALID, "spec.name must be a string.");
    if (!has_type(spec, "region", BL_JSON_STRING))
        return bl_fail(x, BL_INVALID, "spec.region must be a string.");
    if (!has_type(spec, "databases", BL_JSON_ARRAY))
        return bl_fail(x, BL_INVALID, "spec.databases must be an array.");
    for (size_t i = 0; bl_spec_kinds[i]; i++) {
        const struct bl_json *list = bl_json_get(spec, bl_spec_kinds[i]);
        if (!has_type(spec, bl_spec_kinds[i], BL_JSON_ARRAY))
            return bl_fail(x, BL_INVALID, "spec.%s must be an array.", bl_spec_kinds[i]);
        for (const struct bl_json *c = list ? list->first : NULL; c; c = c->next)
            BL_TRY(component_check(x, bl_spec_kinds[i], c));
    }
    return BL_OK;
}

static void name_push(struct bl_ctx *x, const struct bl_json *component, struct bl_spec_names *names)
{
    struct bl_str name = bl_json_str(component, "name");
    *BL_PUSH(&x->arena, *names) = bl_is(name) ? name : BL_STR("");
}

static const struct bl_json *components(const struct bl_json *spec, const char *kind)
{
    const struct bl_json *list = bl_json_get(spec, kind);
    return list && list->type == BL_JSON_ARRAY ? list->first : NULL;
}

void bl_spec_static_sites(struct bl_ctx *x, const struct bl_json *spec, struct bl_spec_names *ret)
{
    *ret = (struct bl_spec_names){0};
    for (const struct bl_json *c = components(spec, "static_sites"); c; c = c->next)
        name_push(x, c, ret);
}

void bl_spec_images_without_digest(struct bl_ctx *x, const struct bl_json *spec, struct bl_spec_names *ret)
{
    *ret = (struct bl_spec_names){0};
    for (size_t i = 0; bl_spec_kinds[i]; i++)
        for (const struct bl_json *c = components(spec, bl_spec_kinds[i]); c; c = c->next) {
            const struct bl_json *image = bl_json_get(c, "image");
            if (image && image->type == BL_JSON_OBJECT && bl_json_str(image, "digest").n == 0)
                name_push(x, c, ret);
        }
}
