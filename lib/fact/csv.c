/* CSV of facts: a header names the columns, each row becomes the JSON text of an event, so that files of both
 * kinds are read by the same reader. Columns are id, source, type, subject, time and the names inside data,
 * flat; what a retraction names stands in data.source and data.id. Tags in a cell are parted by ';'. */
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
    bool has_header;
    size_t n, rows;
    struct column column[COLUMNS_MAX];
};

struct bl_csv_events *bl_csv_events_new(struct bl_ctx *x)
{
    return bl_alloc(&x->arena, sizeof(struct bl_csv_events));
}

static bool find_column(struct bl_str name, struct column *ret)
{
    static const char *const attributes[] = {"id", "source", "type", "subject", "time"};
    static const struct {
        const char *cell, *member;
    } targets[] = {{"data.source", "source"}, {"data.id", "id"}};
    for (size_t i = 0; i < BL_COUNT(attributes); i++)
        if (bl_str_is(name, attributes[i])) {
            *ret = (struct column){attributes[i], true, AS_TEXT};
            return true;
        }
    for (size_t i = 0; i < BL_COUNT(targets); i++)
        if (bl_str_is(name, targets[i].cell)) {
            *ret = (struct column){targets[i].member, false, AS_TEXT};
            return true;
        }
    if (bl_str_is(name, "resource") || bl_str_is(name, "quantity")) {
        *ret = (struct column){bl_str_is(name, "resource") ? "resource" : "quantity", false, AS_TEXT};
        return true;
    }
    if (bl_str_is(name, "resource_id")) {
        *ret = (struct column){"resource_id", false, AS_NUMBER};
        return true;
    }
    for (size_t i = 0; i < BL_F_COUNT; i++) {
        const struct fact_field *d = &fact_fields[i];
        if (!(d->carriers & R) && bl_str_is(name, d->name)) {
            *ret = (struct column){d->name, false,
                    d->shape == TAGS   ? AS_TAGS
                    : d->shape == FLAG ? AS_FLAG
                                       : AS_TEXT};
            return true;
        }
    }
    return false;
}

/* ---- cells: one record at a time */

struct record {
    struct bl_str *at; /* its cells */
    size_t n, cap;
};

/* Reads a record from *at. *ret_whole: it ended (by a line end, or by `last` at the end of bytes). */
static enum bl_err record(
        struct bl_ctx *x, struct bl_str bytes, bool last, size_t *at, struct record *ret, bool *ret_whole)
{
    size_t i = *at;
    *ret_whole = false;
    ret->n = 0;
    for (;;) {
        char *out = NULL;
        size_t n = 0, begin = i;
        bool quoted = i < bytes.n && bytes.p[i] == '"';
        if (quoted) {
            size_t room = 0;
            for (room = i + 1; room < bytes.n; room++)
                if (bytes.p[room] == '"' && !(room + 1 < bytes.n && bytes.p[room + 1] == '"' && ++room))
                    break;
            if (room >= bytes.n && !last)
                return BL_OK;
            if (room >= bytes.n)
                return bl_fail(x, BL_BAD_REQUEST, "a quoted cell does not end");
            if (room + 1 >= bytes.n && !last)
                return BL_OK; /* the quote may be the first of two */
            out = bl_alloc(&x->arena, room - i);
            for (size_t k = i + 1; k < room; k++) {
                out[n++] = bytes.p[k];
                k += bytes.p[k] == '"';
            }
            i = room + 1;
        } else {
            while (i < bytes.n && bytes.p[i] != ',' && bytes.p[i] != '\n' && bytes.p[i] != '\r')
                i++;
        }
        *BL_PUSH(&x->arena, *ret) =
                quoted ? (struct bl_str){out, n} : (struct bl_str){bytes.p + begin, i - begin};
        if (ret->n > COLUMNS_MAX)
            return bl_fail(x, BL_BAD_REQUEST, "a row of more than %d cells", COLUMNS_MAX);
        if (i >= bytes.n) {
            *ret_whole = last;
            *at = last ? i : *at;
            return BL_OK;
        }
        if (bytes.p[i] == ',') {
            i++;
            continue;
        }
        if (bytes.p[i] == '\r') {
            if (i + 1 >= bytes.n && !last)
                return BL_OK;
            i += i + 1 < bytes.n && bytes.p[i + 1] == '\n';
        } else if (bytes.p[i] != '\n') {
            return bl_fail(x, BL_BAD_REQUEST, "text behind a quoted cell");
        }
        *ret_whole = true;
        *at = i + 1;
        return BL_OK;
    }
}

static enum bl_err header(struct bl_ctx *x, struct bl_csv_events *c, const struct record *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct bl_str name = r->at[i];
        if (i == 0 && name.n >= 3 && memcmp(name.p, "\xef\xbb\xbf", 3) == 0)
            name = (struct bl_str){name.p + 3, name.n - 3};
        if (!find_column(name, &c->column[i]))
            return bl_fail(x, BL_INVALID,
                    "There is no column %s; columns are id, source, type, subject, time and the "
                    "names inside data.",
                    bl_shown(&x->arena, name));
        for (size_t j = 0; j < i; j++)
            if (c->column[j].attribute == c->column[i].attribute &&
                    strcmp(c->column[j].name, c->column[i].name) == 0)
                return bl_fail(x, BL_INVALID, "The column %s stands twice.", c->column[i].name);
    }
    c->n = r->n;
    c->has_header = true;
    return BL_OK;
}

static void tags(struct bl_jw *j, struct bl_str cell)
{
    bl_jw_begin_array(j);
    for (size_t at = 0; at <= cell.n;) {
        const char *semi = memchr(cell.p + at, ';', cell.n - at);
        size_t end = semi ? (size_t)(semi - cell.p) : cell.n;
        bl_jw_str(j, (struct bl_str){cell.p + at, end - at});
        at = end + 1;
    }
    bl_jw_end_array(j);
}

static void cell_write(struct bl_jw *j, const struct column *col, struct bl_str cell)
{
    bl_jw_key(j, col->name);
    bool digits = cell.n > 0 && cell.n <= 16;
    for (size_t i = 0; i < cell.n; i++)
        digits =
                digits && cell.p[i] >= '0' && cell.p[i] <= '9' && !(i == 0 && cell.n > 1 && cell.p[0] == '0');
    if (col->shape == AS_TAGS)
        tags(j, cell);
    else if (col->shape == AS_FLAG && (bl_str_is(cell, "true") || bl_str_is(cell, "false")))
        bl_jw_raw(j, cell);
    else if (col->shape == AS_NUMBER && digits)
        bl_jw_raw(j, cell);
    else
        bl_jw_str(j, cell); /* a wrong one is refused by the reader of events, with its reason */
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

enum bl_err bl_csv_events_feed(struct bl_ctx *x, struct bl_csv_events *c, struct bl_str bytes, bool last,
        struct bl_buf *ret_ndjson, size_t *ret_used)
{
    struct record r = {0};
    size_t at = 0;
    *ret_used = 0;
    while (at < bytes.n) {
        bool whole = false;
        enum bl_err e = record(x, bytes, last, &at, &r, &whole);
        if (e != BL_OK) {
            struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
            return bl_fail(x, e, "CSV row %zu: %.*s.", c->rows + 1, BL_FMT(why));
        }
        if (!whole) {
            if (bytes.n - at > ROW_MAX)
                return bl_fail(x, BL_BAD_REQUEST, "CSV row %zu: longer than 1 MiB.", c->rows + 1);
            break;
        }
        c->rows++;
        *ret_used = at;
        if (empty(&r))
            continue;
        if (!c->has_header) {
            BL_TRY(header(x, c, &r));
            continue;
        }
        if (r.n > c->n)
            return bl_fail(
                    x, BL_BAD_REQUEST, "CSV row %zu: %zu cells under %zu columns.", c->rows, r.n, c->n);
        row(c, &r, ret_ndjson);
    }
    return BL_OK;
}
