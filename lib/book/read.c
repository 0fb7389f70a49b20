/* The table-led reader. One loop refuses keys no row knows, one walks the rows and calls their readers; lists
 * call it again for each element. So every mistake of shape is found here, and the tables hold nothing but
 * the shape. */
#include "book/read.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

/* ---- maps and lists */

static enum bl_err unknown_key(
        struct reader *r, const struct node *n, const struct field *fields, size_t n_fields)
{
    struct nearest near = nearest_to(n->key);
    for (size_t i = 0; i < n_fields; i++)
        nearest_try(&near, bl_str_of(fields[i].key));
    if (bl_is(near.found))
        return node_fail(&r->tree, n, "unknown key%s", nearest_hint(r, &near));
    struct bl_buf known = {0};
    for (size_t i = 0; i < n_fields; i++)
        bl_buf_printf(&known, "%s%s", i > 0 ? ", " : "", fields[i].key);
    enum bl_err e = node_fail(&r->tree, n, "unknown key; known here: %.*s", BL_FMT(bl_buf_view(&known)));
    bl_buf_release(&known);
    return e;
}

static bool known(const struct node *n, const struct field *fields, size_t n_fields)
{
    for (size_t i = 0; i < n_fields; i++)
        if (bl_str_is(n->key, fields[i].key))
            return true;
    return false;
}

enum bl_err read_map(
        struct reader *r, const struct node *map, const struct field *fields, size_t n_fields, void *into)
{
    if (map->kind != NODE_MAP)
        return node_fail(&r->tree, map, "must be a map of keys, such as {%s}", fields[0].example);
    for (const struct node *n = map->first; n != NULL; n = n->next)
        if (!known(n, fields, n_fields))
            return unknown_key(r, n, fields, n_fields);
    for (size_t i = 0; i < n_fields; i++) {
        const struct field *f = &fields[i];
        const struct node *n = node_get(map, f->key);
        if (n == NULL && f->required)
            return key_fail(&r->tree, map, f->key, "missing; give it, such as %s", f->example);
        if (n != NULL)
            BL_TRY(f->take(r, n, f, (char *)into + f->offset));
    }
    return BL_OK;
}

enum bl_err read_inner(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    assert(f->offset == 0);
    return read_map(r, n, f->fields, f->n_fields, at);
}

static enum bl_err want_list(struct reader *r, const struct node *n, const struct field *f)
{
    const struct list_of *l = f->list;
    if (n->kind != NODE_LIST)
        return node_fail(&r->tree, n, "must be a list, such as %s", f->example);
    if (n->n < l->least)
        return node_fail(&r->tree, n, "is empty; give at least one, such as %s", f->example);
    if (n->n > l->most)
        return node_fail(&r->tree, n, "has %" PRIu32 " elements; %zu is the most", n->n, l->most);
    return BL_OK;
}

enum bl_err read_list(struct reader *r, const struct node *list, const struct field *f, void *at)
{
    const struct list_of *l = f->list;
    BL_TRY(want_list(r, list, f));
    void *array = bl_alloc_array(&r->x->arena, list->n, l->each);
    char *element = array;
    for (const struct node *n = list->first; n != NULL; n = n->next, element += l->each) {
        if (l->values)
            BL_TRY(l->fields->take(r, n, l->fields, element));
        else
            BL_TRY(read_map(r, n, l->fields, l->n_fields, element));
        if (l->check != NULL)
            BL_TRY(l->check(r, n, element));
    }
    if (l->finish != NULL)
        BL_TRY(l->finish(r, list, &array, list->n));
    size_t n = list->n;
    memcpy(at, &array, sizeof array);
    memcpy((char *)at - f->offset + f->count_offset, &n, sizeof n);
    return BL_OK;
}

/* ---- text */

enum bl_err want_text(struct reader *r, const struct node *n, const struct field *f)
{
    if (n->kind != NODE_TEXT)
        return node_fail(&r->tree, n, "must be one value, such as %s", f->example);
    if (n->nothing && f->required)
        return node_fail(&r->tree, n, "has no value; give one, such as %s", f->example);
    if (n->nothing)
        return node_fail(&r->tree, n, "has no value; leave the key out, or give one, such as %s", f->example);
    return BL_OK;
}

static const char *shown(struct reader *r, struct bl_str s)
{
    return bl_shown(&r->tree.arena, s);
}

static enum bl_err keep(struct reader *r, const struct node *n, void *at)
{
    struct bl_str s = bl_str_dup(&r->x->arena, n->text);
    memcpy(at, &s, sizeof s);
    return BL_OK;
}

static bool has_control(struct bl_str s, const char *but)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < ' ' || c == 0x7f) && (c == 0 || strchr(but, c) == NULL))
            return true;
    }
    return false;
}

static enum bl_err text_fits(
        struct reader *r, const struct node *n, const struct field *f, size_t most, const char *controls)
{
    BL_TRY(want_text(r, n, f));
    if (n->text.n == 0)
        return node_fail(&r->tree, n, "is empty; give a value, such as %s", f->example);
    if (n->text.n > most)
        return node_fail(&r->tree, n, "is %zu bytes long; %zu is the most", n->text.n, most);
    if (has_control(n->text, controls))
        return node_fail(&r->tree, n, "has a control character; take it out");
    return BL_OK;
}

enum bl_err read_name(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(text_fits(r, n, f, 255, ""));
    if (n->text.p[0] == ' ' || n->text.p[n->text.n - 1] == ' ')
        return node_fail(&r->tree, n, "begins or ends with a blank; take it away");
    return keep(r, n, at);
}

/* A block of lines ends with a line's end, which is not meant. */
enum bl_err read_prose(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    struct node whole = *n;
    while (whole.kind == NODE_TEXT && whole.text.n > 0 && whole.text.p[whole.text.n - 1] == '\n')
        whole.text.n--;
    BL_TRY(text_fits(r, &whole, f, 4000, "\n\t"));
    return keep(r, &whole, at);
}

static bool is_word(struct bl_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '_' && c != '-')
            return false;
    }
    return s.n > 0;
}

enum bl_err read_word(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(text_fits(r, n, f, 64, ""));
    if (!is_word(n->text))
        return node_fail(&r->tree, n,
                "\"%s\" is not one word of letters, digits, \"_\" and \"-\", such as %s", shown(r, n->text),
                f->example);
    return keep(r, n, at);
}

enum bl_err read_country(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(want_text(r, n, f));
    struct bl_str s = n->text;
    if (s.n != 2 || s.p[0] < 'A' || s.p[0] > 'Z' || s.p[1] < 'A' || s.p[1] > 'Z')
        return node_fail(&r->tree, n, "\"%s\" is not a country's two capital letters (ISO 3166), such as %s",
                shown(r, s), f->example);
    return keep(r, n, at);
}

/* ---- words with a meaning */

static enum bl_err find_word(
        struct reader *r, const struct node *n, const struct field *f, const struct word **ret)
{
    BL_TRY(want_text(r, n, f));
    struct nearest near = nearest_to(n->text);
    struct bl_buf all = {0};
    for (size_t i = 0; i < f->n_words; i++) {
        if (bl_str_is(n->text, f->words[i].word)) {
            *ret = &f->words[i];
            bl_buf_release(&all);
            return BL_OK;
        }
        nearest_try(&near, bl_str_of(f->words[i].word));
        bl_buf_printf(&all, "%s%s", i > 0 ? ", " : "", f->words[i].word);
    }
    enum bl_err e = node_fail(&r->tree, n, "\"%s\" is not %s%.*s%s", shown(r, n->text),
            f->n_words > 1 ? "one of " : "", BL_FMT(bl_buf_view(&all)), nearest_hint(r, &near));
    bl_buf_release(&all);
    return e;
}

enum bl_err read_one_of(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    const struct word *w;
    BL_TRY(find_word(r, n, f, &w));
    return keep(r, n, at);
}

enum bl_err read_choice(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    const struct word *w;
    BL_TRY(find_word(r, n, f, &w));
    memcpy(at, &w->value, sizeof w->value);
    return BL_OK;
}

enum bl_err read_flag(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    const struct word *w;
    BL_TRY(find_word(r, n, f, &w));
    *(bool *)at = w->value != 0;
    return BL_OK;
}

/* ---- numbers */

/* Digits alone, at most 12 of them, from the start of s; how many were read. */
static size_t digits(struct bl_str s, int64_t *ret)
{
    size_t i = 0;
    *ret = 0;
    for (; i < s.n && i < 12 && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        *ret = *ret * 10 + (s.p[i] - '0');
    return i;
}

enum bl_err read_whole(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(want_text(r, n, f));
    int64_t v;
    if (digits(n->text, &v) != n->text.n || n->text.n == 0 || v < f->least || v > f->most)
        return node_fail(&r->tree, n,
                "\"%s\" is not a whole number from %" PRId64 " to %" PRId64 ", such as %s", shown(r, n->text),
                f->least, f->most, f->example);
    *(int64_t *)at = v;
    return BL_OK;
}

static enum bl_err decimal(
        struct reader *r, const struct node *n, const struct field *f, enum bl_dec_kind kind, bl_dec *ret)
{
    BL_TRY(want_text(r, n, f));
    if (bl_dec_parse(r->x, n->text, kind, ret) != BL_OK)
        return node_fail(&r->tree, n, "%s; write it such as %s", r->x->why, f->example);
    return BL_OK;
}

enum bl_err read_money(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    return decimal(r, n, f, BL_DEC_PRICE, at);
}

enum bl_err read_quantity(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    return decimal(r, n, f, BL_DEC_QUANTITY, at);
}

enum bl_err read_above_zero(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    bl_dec d;
    BL_TRY(decimal(r, n, f, BL_DEC_QUANTITY, &d));
    if (d.pico == 0)
        return node_fail(&r->tree, n, "is 0; it must be more, such as %s", f->example);
    memcpy(at, &d, sizeof d);
    return BL_OK;
}

/* ---- time */

enum bl_err read_instant(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    BL_TRY(want_text(r, n, f));
    int64_t us;
    if (bl_time_parse(r->x, n->text, &us) != BL_OK)
        return node_fail(&r->tree, n, "%s; write it such as %s", r->x->why, f->example);
    if (us % BL_US != 0)
        return node_fail(&r->tree, n, "\"%s\" has a fraction of a second; prices hold from whole seconds",
                shown(r, n->text));
    *(int64_t *)at = us / BL_US;
    return BL_OK;
}

enum bl_err read_span(struct reader *r, const struct node *n, const struct field *f, void *at)
{
    static const struct word units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    BL_TRY(want_text(r, n, f));
    int64_t v, unit = 0;
    size_t n_digits = digits(n->text, &v);
    struct bl_str rest = {n->text.p + n_digits, n->text.n - n_digits};
    for (size_t i = 0; i < BL_COUNT(units); i++)
        if (bl_str_is(rest, units[i].word))
            unit = units[i].value;
    if (n_digits == 0 || unit == 0)
        return node_fail(&r->tree, n, "\"%s\" is not a number of d, h, m or s, such as %s", shown(r, n->text),
                f->example);
    if (v > f->most / unit)
        return node_fail(&r->tree, n, "\"%s\" is more than the %" PRId64 " days that are allowed",
                shown(r, n->text), f->most / BL_DAY_S);
    *(int64_t *)at = v * unit;
    return BL_OK;
}
