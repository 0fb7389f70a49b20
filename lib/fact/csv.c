/* CSV of facts: a header names the columns, each row becomes the JSON text of an event, so that files of both
 * kinds are read by the same reader. A cell is handed on as it is, wrong ones too: then the reader of events
 * refuses that row alone, with the same reason as in JSON. */
#include "fact/fields.h"

#include <string.h>

#define COLUMNS_MAX 64
#define ROW_MAX (1 << 20)

enum column_shape { AS_TEXT, AS_NUMBER, AS_FLAG, AS_TAGS };
struct column {
    const char *name; /* the JSON member */
    bool attribute;
    enum column_shape shape;
};
struct bl_csv_events {
    bool begun, has_header;
    size_t n, rows;
    struct column column[COLUMNS_MAX];
};

struct bl_csv_events *bl_csv_events_new(struct bl_ctx *x)
{
    return bl_alloc(&x->arena, sizeof(struct bl_csv_events));
}

static bool find_column(struct bl_str name, struct column *ret)
{
    static const struct {
        const char *cell;
        struct column column;
    } others[] = {
            {"id", {"id", true, AS_TEXT}},
            {"source", {"source", true, AS_TEXT}},
            {"type", {"type", true, AS_TEXT}},
            {"subject", {"subject", true, AS_TEXT}},
            {"time", {"time", true, AS_TEXT}},
            {"data.source", {"source", false, AS_TEXT}},
            {"data.id", {"id", false, AS_TEXT}},
            {"resource", {"resource", false, AS_TEXT}},
            {"quantity", {"quantity", false, AS_TEXT}},
            {"resource_id", {"resource_id", false, AS_NUMBER}},
    };
    static const enum column_shape shapes[] = {[TAGS] = AS_TAGS, [FLAG] = AS_FLAG};
    for (size_t i = 0; i < BL_COUNT(others); i++)
        if (bl_str_is(name, others[i].cell)) {
            *ret = others[i].column;
            return true;
        }
    for (size_t i = 0; i < BL_F_COUNT; i++) {
        const struct fact_field *d = &fact_fields[i];
        if ((d->carriers & R) || !bl_str_is(name, d->name))
            continue;
        bool plain = d->shape != TAGS && d->shape != FLAG;
        *ret = (struct column){d->name, false, plain ? AS_TEXT : shapes[d->shape]};
        return true;
    }
    return false;
}

/* ---- cells: one record at a time */

struct record {
    struct bl_str at[COLUMNS_MAX]; /* its cells */
    size_t n;
};

enum found { WHOLE, PART }; /* PART: the bytes end before it does, more are to come */

/* A quoted cell at *at; "" inside stands for one quote. Leaves *at behind the closing one. */
static enum bl_err quoted(struct bl_ctx *x, struct bl_str bytes, bool last, size_t *at, struct bl_str *ret,
        enum found *ret_found)
{
    size_t begin = *at + 1, end = begin, quotes = 0;
    for (;; end += 2, quotes++) {
        const char *q = end < bytes.n ? memchr(bytes.p + end, '"', bytes.n - end) : NULL;
        if (!q && last)
            return bl_fail(x, BL_BAD_REQUEST, "a quoted cell does not end");
        end = q ? (size_t)(q - bytes.p) : bytes.n;
        if (end + 1 >= bytes.n && !last) { /* at the very end the quote may be the first of two */
            *ret_found = PART;
            return BL_OK;
        }
        if (end + 1 >= bytes.n || bytes.p[end + 1] != '"')
            break;
    }
    *at = end + 1;
    *ret = (struct bl_str){bytes.p + begin, end - begin};
    if (quotes == 0)
        return BL_OK;
    char *out = bl_alloc(&x->arena, ret->n);
    size_t n = 0;
    for (size_t i = begin; i < end; i++) {
        out[n++] = bytes.p[i];
        i += bytes.p[i] == '"';
    }
    *ret = (struct bl_str){out, n};
    return BL_OK;
}

static struct bl_str plain(struct bl_str bytes, size_t *at)
{
    size_t begin = *at, i = begin;
    while (i < bytes.n && bytes.p[i] != ',' && bytes.p[i] != '\n' && bytes.p[i] != '\r')
        i++;
    *at = i;
    return (struct bl_str){bytes.p + begin, i - begin};
}

/* Behind a cell: a comma, the end of the row (LF, CR LF, CR, or the last byte), or nothing known yet. */
static enum bl_err behind(
        struct bl_ctx *x, struct bl_str bytes, bool last, size_t *at, bool *ret_more, enum found *ret_found)
{
    size_t i = *at;
    *ret_more = i < bytes.n && bytes.p[i] == ',';
    bool cr = i < bytes.n && bytes.p[i] == '\r';
    if (!last && (i >= bytes.n || (cr && i + 1 >= bytes.n))) {
        *ret_found = PART;
        return BL_OK;
    }
    if (i < bytes.n && !*ret_more && !cr && bytes.p[i] != '\n')
        return bl_fail(x, BL_BAD_REQUEST, "text behind a quoted cell");
    i += i < bytes.n;
    i += cr && i < bytes.n && bytes.p[i] == '\n';
    *at = i;
    return BL_OK;
}

/* The record at *at, which moves behind it only when it is whole. */
static enum bl_err record(struct bl_ctx *x, struct bl_str bytes, bool last, size_t *at, struct record *ret,
        enum found *ret_found)
{
    size_t i = *at;
    bool more = true;
    *ret_found = WHOLE;
    for (ret->n = 0; more;) {
        struct bl_str cell = BL_ABSENT;
        if (ret->n == COLUMNS_MAX)
            return bl_fail(x, BL_BAD_REQUEST, "a row of more than %d cells", COLUMNS_MAX);
        if (i < bytes.n && bytes.p[i] == '"')
            BL_TRY(quoted(x, bytes, last, &i, &cell, ret_found));
        else
            cell = plain(bytes, &i);
        if (*ret_found == WHOLE)
            BL_TRY(behind(x, bytes, last, &i, &more, ret_found));
        if (*ret_found == PART)
            return BL_OK;
        ret->at[ret->n++] = cell;
    }
    *at = i;
    return BL_OK;
}

static enum bl_err header(struct bl_ctx *x, struct bl_csv_events *c, const struct record *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct bl_str name = r->at[i];
        if (!find_column(name, &c->column[i]))
            return bl_fail(x, BL_INVALID,
                    "there is no column %s; columns are id, source, type, subject, time and the names inside "
                    "data",
                    bl_shown(&x->arena, name));
        for (size_t j = 0; j < i; j++)
            if (c->column[j].attribute == c->column[i].attribute &&
                    strcmp(c->column[j].name, c->column[i].name) == 0)
                return bl_fail(x, BL_INVALID, "the column %s stands twice", c->column[i].name);
    }
    c->n = r->n;
    c->has_header = true;
    return BL_OK;
}

/* Text that is not UTF-8 goes on as it is, so that the row is refused and not silently mended. */
static void text_write(struct bl_jw *j, struct bl_str s)
{
    if (bl_utf8_ok(s)) {
        bl_jw_str(j, s);
        return;
    }
    bl_jw_raw(j, BL_STR("\""));
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '"' || s.p[i] == '\\' || (unsigned char)s.p[i] < 0x20)
            bl_buf_printf(j->b, "\\u%04x", (unsigned)s.p[i]);
        else
            bl_buf_byte(j->b, (uint8_t)s.p[i]);
    bl_buf_byte(j->b, '"');
}

static void tags(struct bl_jw *j, struct bl_str cell)
{
    bl_jw_begin_array(j);
    for (size_t at = 0; at <= cell.n;) {
        const char *semi = memchr(cell.p + at, ';', cell.n - at);
        size_t end = semi ? (size_t)(semi - cell.p) : cell.n;
        text_write(j, (struct bl_str){cell.p + at, end - at});
        at = end + 1;
    }
    bl_jw_end_array(j);
}

static bool is_whole(struct bl_str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] >= '0' && s.p[i] <= '9')
        i++;
    return i == s.n && s.n > 0 && s.n <= 16 && (s.n == 1 || s.p[0] != '0');
}

static void cell_write(struct bl_jw *j, const struct column *col, struct bl_str cell)
{
    bool flag = col->shape == AS_FLAG && (bl_str_is(cell, "true") || bl_str_is(cell, "false"));
    bl_jw_key(j, col->name);
    if (col->shape == AS_TAGS)
        tags(j, cell);
    else if (flag || (col->shape == AS_NUMBER && is_whole(cell)))
        bl_jw_raw(j, cell);
    else
        text_write(j, cell);
}

static void row(const struct bl_csv_events *c, const struct record *r, struct bl_buf *ret)
{
    struct bl_jw j;
    bl_jw_init(&j, ret);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "specversion", "1.0");
    for (int data = 0; data < 2; data++) {
        if (data) {
            bl_jw_key(&j, "data");
            bl_jw_begin_object(&j);
        }
        for (size_t i = 0; i < c->n && i < r->n; i++)
            if (c->column[i].attribute != (data == 1) && r->at[i].n > 0)
                cell_write(&j, &c->column[i], r->at[i]);
    }
    bl_jw_end_object(&j);
    bl_jw_end_object(&j);
    bl_buf_byte(ret, '\n');
}

static bool empty(const struct record *r)
{
    return r->n == 1 && r->at[0].n == 0;
}

static enum bl_err take(struct bl_ctx *x, struct bl_csv_events *c, const struct record *r, struct bl_buf *ret)
{
    if (empty(r))
        return BL_OK;
    if (!c->has_header)
        return header(x, c, r);
    if (r->n > c->n)
        return bl_fail(x, BL_BAD_REQUEST, "%zu cells under %zu columns", r->n, c->n);
    row(c, r, ret);
    return BL_OK;
}

enum bl_err bl_csv_events_feed(struct bl_ctx *x, struct bl_csv_events *c, struct bl_str bytes, bool last,
        struct bl_buf *ret_ndjson, size_t *ret_used)
{
    struct record r;
    size_t at = 0;
    *ret_used = 0;
    if (!c->begun && bytes.n < 3 && !last)
        return BL_OK; /* too little to tell a byte order mark */
    if (!c->begun && bytes.n >= 3 && memcmp(bytes.p, "\xef\xbb\xbf", 3) == 0)
        *ret_used = at = 3;
    c->begun = true;
    while (at < bytes.n) {
        enum found found;
        enum bl_err e = record(x, bytes, last, &at, &r, &found);
        if (e == BL_OK && found == PART && bytes.n - at > ROW_MAX)
            e = bl_fail(x, BL_BAD_REQUEST, "longer than 1 MiB");
        if (e == BL_OK && found == PART)
            break;
        c->rows++;
        if (e == BL_OK)
            e = take(x, c, &r, ret_ndjson);
        if (e != BL_OK) {
            struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
            return bl_fail(x, e, "CSV row %zu: %.*s.", c->rows, BL_FMT(why));
        }
        *ret_used = at;
    }
    return BL_OK;
}
