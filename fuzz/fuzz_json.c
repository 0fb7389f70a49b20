/* JSON: the tree and the pull reader judge alike, a text that is accepted is accepted by cutting too, and
 * what the writer makes of the tree reads as the same tree. */
#include "json/json.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct bl_json *a, const struct bl_json *b)
{
    bool leaf = a->type != BL_JSON_ARRAY && a->type != BL_JSON_OBJECT;
    if (a->type != b->type || a->truth != b->truth || a->n != b->n || (leaf && !bl_str_eq(a->text, b->text)))
        return false;
    const struct bl_json *m = a->first, *n = b->first;
    for (; m && n; m = m->next, n = n->next)
        if (!bl_str_eq(m->key, n->key) || !same(m, n))
            return false;
    return m == n;
}

/* By the pull reader, one level by hand. */
static enum bl_err pull(struct bl_ctx *x, struct bl_str text, bool object)
{
    struct bl_json_reader r;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    bl_json_reader_init(&r, x, text);
    BL_TRY(object ? bl_json_enter_object(&r) : bl_json_enter_array(&r));
    do
        BL_TRY(object ? bl_json_next_member(&r, &key, &v, &more) : bl_json_next_element(&r, &v, &more));
    while (more);
    return bl_json_end(&r);
}

static enum bl_err cut(struct bl_ctx *x, struct bl_str text, size_t *ret_n)
{
    struct bl_json_reader r;
    struct bl_str raw;
    bool more = false;
    bl_json_reader_init(&r, x, text);
    BL_TRY(bl_json_enter_array(&r));
    for (*ret_n = 0;; ++*ret_n) {
        BL_TRY(bl_json_cut_element(&r, &raw, &more));
        if (!more)
            return bl_json_end(&r);
        assert(raw.n > 0 && raw.p >= text.p && raw.p + raw.n <= text.p + text.n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_str text = {(const char *)data, size};
    struct bl_json *t = NULL, *again = NULL;
    size_t n = 0;
    bl_ctx_init(&x, 0);
    bool accepted = bl_json_parse(&x, text, &t) == BL_OK;
    bool object = pull(&x, text, true) == BL_OK, array = pull(&x, text, false) == BL_OK;
    bool cuts = cut(&x, text, &n) == BL_OK;
    assert(object == (accepted && t->type == BL_JSON_OBJECT));
    assert(array == (accepted && t->type == BL_JSON_ARRAY));
    assert(!array || (cuts && n == t->n));
    if (accepted) {
        struct bl_buf b = {0};
        struct bl_jw w;
        bl_jw_init(&w, &b);
        bl_jw_json(&w, t);
        enum bl_err e = bl_json_parse(&x, bl_buf_view(&b), &again);
        assert(e == BL_OK && same(t, again));
        bl_buf_release(&b);
    }
    bl_ctx_release(&x);
    return 0;
}
