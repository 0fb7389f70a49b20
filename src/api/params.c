/* Reading a request's path, query and body. Empty query values count as absent; one trailing slash is
 * forgiven; path segments are percent-decoded one by one, so that an escaped slash never moves a border. */
#include "api/inner.h"

#include <string.h>
#include <strings.h>

struct bl_str api_header(const struct api_request *in, const char *name)
{
    for (size_t i = 0; i < in->n_header; i++)
        if (bl_str_is(in->header[i].name, name))
            return in->header[i].value;
    return BL_ABSENT;
}

static int hex_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool decode(struct bl_ctx *x, struct bl_str s, bool plus, struct bl_str *ret)
{
    char *out = bl_alloc(&x->arena, s.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char ch = s.p[i];
        if (ch == '%') {
            int hi = i + 1 < s.n ? hex_of(s.p[i + 1]) : -1, lo = i + 2 < s.n ? hex_of(s.p[i + 2]) : -1;
            if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
                return false;
            ch = (char)(hi * 16 + lo);
            i += 2;
        } else if (ch == '+' && plus) {
            ch = ' ';
        }
        out[n++] = ch;
    }
    *ret = (struct bl_str){out, n};
    return bl_utf8_ok(*ret);
}

bool api_path_match(struct bl_ctx *x, const char *pattern, struct bl_str path, struct bl_str segment[6])
{
    size_t n_segment = 0;
    const char *p = path.p, *end = path.p + path.n;
    if (path.n > 1 && end[-1] == '/')
        end--;
    while (*pattern == '/') {
        const char *pat_end = strchrnul(++pattern, '/');
        if (p == end || *p != '/')
            return false;
        const char *seg = ++p;
        while (p < end && *p != '/')
            p++;
        struct bl_str raw = {seg, (size_t)(p - seg)};
        if (*pattern == '{') {
            if (raw.n == 0 || n_segment == 6)
                return false;
            if (segment && !decode(x, raw, false, &segment[n_segment]))
                return false;
            n_segment++;
        } else if (raw.n != (size_t)(pat_end - pattern) || memcmp(raw.p, pattern, raw.n) != 0) {
            return false;
        }
        pattern = pat_end;
    }
    return p == end;
}

bool api_form_decode(struct bl_ctx *x, struct bl_str s, struct bl_str *ret)
{
    return decode(x, s, true, ret);
}

/* Adds to c->query. what: how the sentence calls it. */
static enum bl_err pairs_parse(struct call *c, struct bl_str q, const char *what)
{
    struct {
        struct api_pair *at;
        size_t n, cap;
    } pairs = {0};
    for (size_t i = 0; i < c->n_query; i++)
        *BL_PUSH(&c->x->arena, pairs) = c->query[i];
    for (size_t at = 0; at < q.n;) {
        size_t end = at;
        while (end < q.n && q.p[end] != '&')
            end++;
        struct bl_str one = {q.p + at, end - at};
        at = end + 1;
        if (one.n == 0)
            continue;
        const char *eq = memchr(one.p, '=', one.n);
        struct bl_str key = {one.p, eq ? (size_t)(eq - one.p) : one.n};
        struct bl_str value = {eq ? eq + 1 : one.p + one.n, eq ? one.n - key.n - 1 : 0};
        struct api_pair pair;
        if (pairs.n == 64)
            return bl_fail(c->x, BL_BAD_REQUEST, "The %s has more than 64 parameters.", what);
        if (!decode(c->x, key, true, &pair.key) || !decode(c->x, value, true, &pair.value))
            return bl_fail(c->x, BL_BAD_REQUEST, "The %s is not well escaped UTF-8.", what);
        *BL_PUSH(&c->x->arena, pairs) = pair;
    }
    c->query = pairs.at;
    c->n_query = pairs.n;
    return BL_OK;
}

enum bl_err api_query_parse(struct call *c)
{
    return pairs_parse(c, c->in->query, "query");
}

enum bl_err api_form_parse(struct call *c)
{
    return pairs_parse(c, c->in->body, "form");
}

struct bl_str api_query(const struct call *c, const char *key)
{
    for (size_t i = 0; i < c->n_query; i++)
        if (bl_str_is(c->query[i].key, key) && c->query[i].value.n > 0)
            return c->query[i].value;
    return BL_ABSENT;
}

static enum bl_err positive(struct call *c, const char *key, int64_t fallback, int64_t *ret)
{
    struct bl_str s = api_query(c, key);
    int64_t v = 0;
    *ret = fallback;
    if (!bl_is(s))
        return BL_OK;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return bl_fail(c->x, BL_INVALID, "%s must be a positive whole number.", key);
        if (v < INT64_C(1000000000000))
            v = v * 10 + (s.p[i] - '0');
    }
    if (v == 0)
        return bl_fail(c->x, BL_INVALID, "%s must be a positive whole number.", key);
    *ret = v;
    return BL_OK;
}

enum bl_err api_paging_parse(struct call *c)
{
    BL_TRY(positive(c, "page", 1, &c->page));
    BL_TRY(positive(c, "per_page", 20, &c->per_page));
    if (c->per_page > 200)
        c->per_page = 200;
    if (c->page > INT64_C(1000000000))
        c->page = INT64_C(1000000000); /* beyond every end */
    return BL_OK;
}

enum bl_err api_body(struct call *c)
{
    struct bl_str text = c->in->body;
    if (text.n == 0)
        text = BL_STR("{}");
    BL_TRY(bl_json_parse(c->x, text, &c->json));
    if (c->json->type != BL_JSON_OBJECT)
        return bl_fail(c->x, BL_BAD_REQUEST, "The body must be a JSON object.");
    return BL_OK;
}

enum bl_err api_body_str(struct call *c, const char *key, struct bl_str *ret)
{
    const struct bl_json *v = bl_json_get(c->json, key);
    *ret = BL_ABSENT;
    if (!v || v->type == BL_JSON_NULL)
        return BL_OK;
    if (v->type != BL_JSON_STRING)
        return bl_fail(c->x, BL_INVALID, "%s must be a string.", key);
    if (v->text.n > 0)
        *ret = v->text;
    return BL_OK;
}

enum bl_err api_body_bool(struct call *c, const char *key, bool *ret)
{
    const struct bl_json *v = bl_json_get(c->json, key);
    if (v && v->type != BL_JSON_BOOL && v->type != BL_JSON_NULL)
        return bl_fail(c->x, BL_INVALID, "%s must be true or false.", key);
    *ret = v && v->truth;
    return BL_OK;
}

enum bl_err api_body_amount(struct call *c, const char *key, int digits, bool *ret_has, bl_amount *ret)
{
    const struct bl_json *v = bl_json_get(c->json, key);
    *ret_has = v && v->type != BL_JSON_NULL;
    if (!*ret_has)
        return BL_OK;
    if (v->type != BL_JSON_STRING && v->type != BL_JSON_NUMBER)
        return bl_fail(c->x, BL_INVALID, "%s must be a decimal, such as \"12.34\".", key);
    enum bl_err e = bl_amount_parse(c->x, v->text, digits, ret);
    if (e != BL_OK)
        return bl_fail(c->x, BL_INVALID, "%s: %s", key, bl_str_dup(&c->x->arena, bl_str_of(c->x->why)).p);
    return BL_OK;
}

enum bl_err api_body_time(struct call *c, const char *key, bool *ret_has, int64_t *ret)
{
    struct bl_str s;
    BL_TRY(api_body_str(c, key, &s));
    *ret_has = bl_is(s);
    if (!*ret_has)
        return BL_OK;
    enum bl_err e = bl_time_parse(c->x, s, ret);
    if (e != BL_OK)
        return bl_fail(c->x, BL_INVALID, "%s: %s", key, bl_str_dup(&c->x->arena, bl_str_of(c->x->why)).p);
    return BL_OK;
}
