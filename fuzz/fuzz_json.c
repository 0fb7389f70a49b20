/* JSON: the tree and the pull reader judge alike, a text that is accepted is accepted by cutting too, and
 * what the writer makes of the tree reads as the same tree. */
#include "json/json.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_tree(struct bl_jw *w, const struct bl_json *t)
{
    switch (t->type) {
    case BL_JSON_OBJECT:
        bl_jw_begin_object(w);
        for (const struct bl_json *m = t->first; m; m = m->next) {
            char *key = bl_xmalloc(m->key.n + 1);
            memcpy(key, m->key.p, m->key.n);
            key[m->key.n] = 0;
            bl_jw_key(w, key);
            write_tree(w, m);
            free(key);
        }
        bl_jw_end_object(w);
        return;
    case BL_JSON_ARRAY:
        bl_jw_begin_array(w);
        for (const struct bl_json *m = t->first; m; m = m->next)
            write_tree(w, m);
        bl_jw_end_array(w);
        return;
    case BL_JSON_STRING:
        bl_jw_str(w, t->text);
        return;
    case BL_JSON_BOOL:
        bl_jw_bool(w, t->truth);
        return;
    case BL_JSON_NULL:
        bl_jw_null(w);
        return;
    case BL_JSON_NUMBER:
        bl_jw_raw(w, t->text);
    }
}

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
        write_tree(&w, t);
        enum bl_err e = bl_json_parse(&x, bl_buf_view(&b), &again);
        assert(e == BL_OK && same(t, again));
        bl_buf_release(&b);
    }
    bl_ctx_release(&x);
    return 0;
}
