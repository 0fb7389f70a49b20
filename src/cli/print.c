/* Printing answers: as they are (--json), or as tables. What customers wrote may hold anything; on its way to
 * a terminal control characters become question marks, and columns are measured in cells, for CJK letters
 * take two. */
#include "cli/cli.h"

#include <string.h>
#include <wchar.h>

#define COLUMNS_MAX 12
#define CELL_MAX 72 /* cells: all scopes of an operator fit; the last column may be longer */

/* One character: its bytes, and the cells it takes; control characters and broken bytes are one cell, shown
 * as "?". */
static size_t char_at(struct bl_str s, size_t at, int *ret_cells, bool *ret_show)
{
    mbstate_t state = {0};
    wchar_t w = 0;
    size_t n = mbrtowc(&w, s.p + at, s.n - at, &state);
    *ret_show = false;
    *ret_cells = 1;
    if (n == 0 || n > s.n - at)
        return 1;
    bool control = w < 0x20 || (w >= 0x7f && w < 0xa0) || (w >= 0x200e && w <= 0x200f) ||
                   (w >= 0x202a && w <= 0x202e) || (w >= 0x2066 && w <= 0x2069);
    int cells = wcwidth(w);
    if (control || cells < 0)
        return n;
    *ret_cells = cells;
    *ret_show = true;
    return n;
}

static int cells_of(struct bl_str s)
{
    int sum = 0, cells;
    bool show;
    for (size_t at = 0; at < s.n; at += char_at(s, at, &cells, &show), sum += cells)
        ;
    return sum;
}

/* Prints at most `most` cells, the last one an ellipsis when that is not all; gives how many. */
static int say(FILE *f, struct bl_str s, int most)
{
    int sum = 0;
    bool cut = cells_of(s) > most;
    if (cut)
        most--;
    for (size_t at = 0, n; at < s.n; at += n) {
        int cells;
        bool show;
        n = char_at(s, at, &cells, &show);
        if (sum + cells > most)
            break;
        if (show)
            fwrite(s.p + at, 1, n, f);
        else
            fputc('?', f);
        sum += cells;
    }
    if (cut)
        fputs("…", f);
    return sum + cut;
}

void cli_say(FILE *f, struct bl_str s)
{
    say(f, s, 1 << 20);
}

enum bl_err cli_print(struct cli *c, struct bl_str json)
{
    fwrite(json.n ? json.p : "", 1, json.n, stdout);
    fputc('\n', stdout);
    return ferror(stdout)
                   ? bl_fail(&c->x, BL_UNAVAILABLE, "The answer could not be written to standard output.")
                   : BL_OK;
}

struct bl_str cli_text(const struct bl_json *object, const char *key)
{
    const char *dot = strchr(key, '.');
    if (dot) {
        char first[32];
        snprintf(first, sizeof first, "%.*s", (int)(dot - key), key);
        return cli_text(bl_json_get(object, first), dot + 1);
    }
    const struct bl_json *v = bl_json_get(object, key);
    if (!v || v->type == BL_JSON_NULL)
        return BL_STR("-");
    if (v->type == BL_JSON_BOOL)
        return v->truth ? BL_STR("yes") : BL_STR("no");
    return v->text.n > 0 ? v->text : BL_STR("-");
}

/* ---- tables */

static void cell(struct bl_str s, int width, bool right, bool last)
{
    int cells = cells_of(s), most = last ? 1 << 20 : CELL_MAX;
    if (cells > most)
        cells = most;
    if (right)
        printf("%*s", width - cells, "");
    cells = say(stdout, s, most); /* one less when a wide letter did not fit */
    if (!right && !last)
        printf("%*s", width - cells, "");
    fputs(last ? "\n" : "  ", stdout);
}

static int wider(int width, struct bl_str s)
{
    int cells = cells_of(s);
    if (cells > CELL_MAX)
        cells = CELL_MAX;
    return cells > width ? cells : width;
}

void cli_table(struct cli *c, const struct cli_column *col, size_t n_col, const struct bl_json *list)
{
    (void)c;
    int width[COLUMNS_MAX];
    if (!list || !list->first)
        return;
    for (size_t i = 0; i < n_col; i++) {
        width[i] = (int)strlen(col[i].title);
        for (const struct bl_json *v = list->first; v; v = v->next)
            width[i] = wider(width[i], cli_text(v, col[i].key));
    }
    for (size_t i = 0; i < n_col; i++)
        cell(bl_str_of(col[i].title), width[i], col[i].right, i + 1 == n_col);
    for (const struct bl_json *v = list->first; v; v = v->next)
        for (size_t i = 0; i < n_col; i++)
            cell(cli_text(v, col[i].key), width[i], col[i].right, i + 1 == n_col);
}

/* ---- lists */

/* The elements of one page, as they came. */
static enum bl_err raw_elements(struct cli *c, struct bl_str body, const char *member, bool *first)
{
    struct bl_json_reader r;
    struct bl_json_value v;
    struct bl_str key;
    bool more = true;
    bl_json_reader_init(&r, &c->call, body);
    BL_TRY(bl_json_enter_object(&r));
    do
        BL_TRY(bl_json_next_member(&r, &key, &v, &more));
    while (more && !bl_str_is(key, member));
    if (!more || v.type != BL_JSON_ARRAY)
        return BL_OK;
    bl_json_reader_init(&r, &c->call, v.text);
    BL_TRY(bl_json_enter_array(&r));
    for (;;) {
        BL_TRY(bl_json_next_element(&r, &v, &more));
        if (!more)
            return BL_OK;
        if (!*first)
            fputc(',', stdout);
        *first = false;
        fwrite(v.text.p, 1, v.text.n, stdout);
    }
}

enum bl_err cli_list(struct cli *c, struct bl_str before, struct bl_str path, bool paged, const char *member,
        const struct cli_column *col, size_t n_col)
{
    bool first = true, more = true;
    for (int page = 1; more; page++) {
        struct bl_str body, query = BL_ABSENT;
        struct bl_json *tree;
        if (paged)
            query = cli_path(c, "page=%d&per_page=200", page);
        BL_TRY(cli_ask(c, "GET", path, query, BL_ABSENT, &body));
        BL_TRY(cli_tree(c, body, &tree));
        if (c->json && page == 1)
            printf("{%.*s\"%s\":[", BL_FMT(before), member);
        if (!c->json)
            cli_table(c, col, n_col, bl_json_get(tree, member));
        else if (raw_elements(c, body, member, &first) != BL_OK)
            return bl_fail(&c->x, BL_INTERNAL, "The answer could not be read: %s", c->call.why);
        more = paged && bl_json_get(bl_json_get(bl_json_get(tree, "links"), "pages"), "next");
    }
    if (c->json)
        fputs("]}\n", stdout);
    return ferror(stdout)
                   ? bl_fail(&c->x, BL_UNAVAILABLE, "The list could not be written to standard output.")
                   : BL_OK;
}
