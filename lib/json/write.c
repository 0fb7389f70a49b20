/* The writer. Bytes that are not UTF-8 are written as U+FFFD, so that an answer is always JSON. */
#include "json/scan.h"

#include <string.h>

void bl_jw_init(struct bl_jw *w, struct bl_buf *b)
{
    *w = (struct bl_jw){.b = b};
}

static void value(struct bl_jw *w)
{
    if (w->comma)
        bl_buf_byte(w->b, ',');
    w->comma = true;
}

static void level_begin(struct bl_jw *w, uint8_t c)
{
    value(w);
    bl_buf_byte(w->b, c);
    w->comma = false;
}

static void level_end(struct bl_jw *w, uint8_t c)
{
    bl_buf_byte(w->b, c);
    w->comma = true;
}

void bl_jw_begin_object(struct bl_jw *w)
{
    level_begin(w, '{');
}
void bl_jw_end_object(struct bl_jw *w)
{
    level_end(w, '}');
}
void bl_jw_begin_array(struct bl_jw *w)
{
    level_begin(w, '[');
}
void bl_jw_end_array(struct bl_jw *w)
{
    level_end(w, ']');
}

static size_t sequence(const unsigned char *p, size_t left)
{
    for (size_t n = 1; n <= 4 && n <= left; n++)
        if (bl_utf8_ok((struct bl_str){(const char *)p, n}))
            return n;
    return 0;
}

static void text(struct bl_buf *b, struct bl_str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    bl_buf_byte(b, '"');
    for (size_t i = 0; i < s.n;) {
        size_t run = (size_t)(json_plain_end(s.p, s.p + i, s.p + s.n) - s.p);
        bl_buf_put(b, p + i, run - i);
        i = run;
        if (i == s.n)
            break;
        size_t n = p[i] < 0x80 ? 1 : sequence(p + i, s.n - i);
        if (n == 0) {
            bl_buf_z(b, "\xef\xbf\xbd");
            i++;
        } else if (n > 1) {
            bl_buf_put(b, p + i, n);
            i += n;
        } else {
            const char *names = "\"\\\b\f\n\r\t", *at = p[i] ? strchr(names, p[i]) : NULL;
            if (at)
                bl_buf_printf(b, "\\%c", "\"\\bfnrt"[at - names]);
            else
                bl_buf_printf(b, "\\u%04x", p[i]);
            i++;
        }
    }
    bl_buf_byte(b, '"');
}

void bl_jw_name(struct bl_jw *w, struct bl_str key)
{
    value(w);
    text(w->b, key);
    bl_buf_byte(w->b, ':');
    w->comma = false;
}

void bl_jw_key(struct bl_jw *w, const char *key)
{
    bl_jw_name(w, bl_str_of(key));
}

void bl_jw_str(struct bl_jw *w, struct bl_str s)
{
    value(w);
    if (bl_is(s))
        text(w->b, s);
    else
        bl_buf_z(w->b, "null");
}

void bl_jw_z(struct bl_jw *w, const char *z)
{
    bl_jw_str(w, bl_str_of(z));
}

void bl_jw_int(struct bl_jw *w, int64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        digits[--at] = (char)('0' + left % 10);
    while (left /= 10);
    if (v < 0)
        digits[--at] = '-';
    value(w);
    bl_buf_put(w->b, digits + at, sizeof digits - at);
}

void bl_jw_bool(struct bl_jw *w, bool v)
{
    value(w);
    bl_buf_z(w->b, v ? "true" : "false");
}

void bl_jw_null(struct bl_jw *w)
{
    value(w);
    bl_buf_z(w->b, "null");
}

void bl_jw_raw(struct bl_jw *w, struct bl_str json)
{
    value(w);
    bl_buf_str(w->b, json);
}

/* As deep as trees are: 64 at most. */
void bl_jw_json(struct bl_jw *w, const struct bl_json *v)
{
    if (v->type == BL_JSON_NULL)
        bl_jw_null(w);
    else if (v->type == BL_JSON_BOOL)
        bl_jw_bool(w, v->truth);
    else if (v->type == BL_JSON_NUMBER)
        bl_jw_raw(w, v->text);
    else if (v->type == BL_JSON_STRING)
        bl_jw_str(w, v->text);
    else {
        bool object = v->type == BL_JSON_OBJECT;
        level_begin(w, object ? '{' : '[');
        for (const struct bl_json *c = v->first; c; c = c->next) {
            if (object)
                bl_jw_name(w, c->key);
            bl_jw_json(w, c);
        }
        level_end(w, object ? '}' : ']');
    }
}

void bl_jw_kstr(struct bl_jw *w, const char *key, struct bl_str s)
{
    bl_jw_key(w, key);
    bl_jw_str(w, s);
}

void bl_jw_kz(struct bl_jw *w, const char *key, const char *z)
{
    bl_jw_key(w, key);
    bl_jw_z(w, z);
}

void bl_jw_kint(struct bl_jw *w, const char *key, int64_t v)
{
    bl_jw_key(w, key);
    bl_jw_int(w, v);
}

void bl_jw_kbool(struct bl_jw *w, const char *key, bool v)
{
    bl_jw_key(w, key);
    bl_jw_bool(w, v);
}
