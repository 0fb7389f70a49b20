/* Price books: checked here, loaded and compared where the database is. A book's logos are files beside it;
 * they are sent with it, for the server may stand elsewhere. */
#include "cli/cli.h"

#include <sodium.h>
#include <string.h>

#include "book/book.h"

#define BOOK_BYTES ((size_t)8 << 20)
#define LOGO_BYTES ((size_t)200 << 10)
#define PRICES BL_STR("/operator/v1/prices")

static enum bl_err read_book(struct cli *c, struct bl_str *ret_text, struct bl_book **ret)
{
    BL_TRY(cli_read_file(c, c->arg[0], BOOK_BYTES, ret_text));
    return bl_book_parse(&c->x, bl_str_of(c->arg[0]), *ret_text, ret);
}

/* PNG of a seller; absent when the book names none. */
static enum bl_err read_logo(struct cli *c, const struct bl_seller *s, struct bl_str *ret)
{
    *ret = BL_ABSENT;
    if (s->logo_file.n == 0)
        return BL_OK;
    const char *slash = strrchr(c->arg[0], '/');
    struct bl_str folder = {
            c->arg[0], slash && s->logo_file.p[0] != '/' ? (size_t)(slash - c->arg[0]) + 1 : 0};
    struct bl_str name = bl_str_printf(&c->x.arena, "%.*s%.*s", BL_FMT(folder), BL_FMT(s->logo_file));
    BL_TRY(cli_read_file(c, name.p, LOGO_BYTES, ret));
    if (ret->n < 8 || memcmp(ret->p, "\x89PNG\r\n\x1a\n", 8) != 0)
        return bl_fail(&c->x, BL_INVALID, "%s is not a PNG file: a logo must be one.", name.p);
    return BL_OK;
}

static void put_base64(struct cli *c, struct bl_jw *j, struct bl_str bytes)
{
    size_t n = sodium_base64_ENCODED_LEN(bytes.n, sodium_base64_VARIANT_ORIGINAL);
    char *text = bl_alloc(&c->x.arena, n);
    bl_jw_z(j, sodium_bin2base64(
                       text, n, (const unsigned char *)bytes.p, bytes.n, sodium_base64_VARIANT_ORIGINAL));
}

static enum bl_err load_body(struct cli *c, struct bl_str text, const struct bl_book *book, struct bl_buf *b)
{
    struct bl_jw j;
    enum bl_err e = BL_OK;
    const char *slash = strrchr(c->arg[0], '/');
    bl_jw_init(&j, b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "file", slash ? slash + 1 : c->arg[0]);
    bl_jw_kstr(&j, "yaml", text);
    bl_jw_key(&j, "logos");
    bl_jw_begin_array(&j);
    for (size_t i = 0; e == BL_OK && i < book->n_seller; i++) {
        struct bl_str png;
        e = read_logo(c, &book->seller[i], &png);
        if (e == BL_OK && bl_is(png))
            put_base64(c, &j, png);
        else
            bl_jw_null(&j);
    }
    bl_jw_end_array(&j);
    bl_jw_end_object(&j);
    return e;
}

enum bl_err cmd_prices_check(struct cli *c)
{
    struct bl_str text, png;
    struct bl_book *book;
    struct bl_buf b = {0};
    BL_TRY(read_book(c, &text, &book));
    for (size_t i = 0; i < book->n_seller; i++)
        BL_TRY(read_logo(c, &book->seller[i], &png));
    bl_book_remarks(&c->x, book, &b);
    if (b.n > 0)
        fwrite(b.p, 1, b.n, stdout);
    bl_buf_release(&b);
    printf("%s is well: %s; products %zu, SKUs %zu, meters %zu, taxes %zu, sellers %zu\n", c->arg[0],
            book->currency->code, book->n_product, book->n_sku, book->n_meter, book->n_tax, book->n_seller);
    return BL_OK;
}

static enum bl_err loaded(struct cli *c, struct bl_str body)
{
    struct bl_json *tree;
    if (c->json)
        return cli_print(c, body);
    BL_TRY(cli_tree(c, body, &tree));
    struct bl_str remarks = bl_json_str(tree, "remarks"), report = bl_json_str(tree, "report");
    if (report.n > 0)
        printf("%.*s%s", BL_FMT(report), report.p[report.n - 1] == '\n' ? "" : "\n");
    if (remarks.n > 0)
        printf("%.*s%s", BL_FMT(remarks), remarks.p[remarks.n - 1] == '\n' ? "" : "\n");
    printf("loaded %.*s\n", BL_FMT(cli_text(tree, "id")));
    return BL_OK;
}

/* Not loaded: what would move in closed periods, then the digest on a line of its own. */
static enum bl_err report(struct cli *c, struct bl_str body)
{
    struct bl_json *tree;
    BL_TRY(cli_tree(c, body, &tree));
    struct bl_str text = bl_json_str(tree, "report"), digest = bl_json_str(tree, "digest");
    if (text.n == 0)
        return cli_refused(c, 409, body);
    if (c->json)
        BL_TRY(cli_print(c, body));
    else {
        bool has_digest =
                text.n > digest.n &&
                memcmp(text.p + text.n - digest.n - (text.p[text.n - 1] == '\n'), digest.p, digest.n) == 0;
        printf("%.*s%s", BL_FMT(text), text.p[text.n - 1] == '\n' ? "" : "\n");
        if (!has_digest)
            printf("%.*s\n", BL_FMT(digest));
    }
    return bl_fail(&c->x, BL_CONFLICT,
            "Nothing is loaded, for closed periods would move: to load the book and adjust them, give "
            "--adjust %.*s.",
            BL_FMT(digest));
}

enum bl_err cmd_prices_load(struct cli *c)
{
    struct bl_str text, body, query = BL_ABSENT;
    struct bl_book *book;
    struct bl_buf b = {0};
    int status = 0;
    BL_TRY(read_book(c, &text, &book));
    if (cli_opt(c, "adjust"))
        query = cli_path(c, "adjust=%s", cli_opt(c, "adjust"));
    enum bl_err e = load_body(c, text, book, &b);
    if (e == BL_OK)
        e = cli_call(c, "PUT", PRICES, query, bl_buf_view(&b), NULL, &status, &body);
    bl_buf_release(&b);
    BL_TRY(e);
    if (status == 409)
        return report(c, body);
    return status >= 400 ? cli_refused(c, status, body) : loaded(c, body);
}

enum bl_err cmd_prices_show(struct cli *c)
{
    struct bl_str body;
    BL_TRY(cli_ask(c, "GET", PRICES, c->json ? BL_ABSENT : BL_STR("format=yaml"), BL_ABSENT, &body));
    if (c->json)
        return cli_print(c, body);
    fwrite(body.n ? body.p : "", 1, body.n, stdout);
    return BL_OK;
}

enum bl_err cmd_prices_diff(struct cli *c)
{
    struct bl_str text, body;
    struct bl_book *new, *old;
    struct bl_buf b = {0};
    BL_TRY(read_book(c, &text, &new));
    BL_TRY(cli_ask(c, "GET", PRICES, BL_STR("format=yaml"), BL_ABSENT, &body));
    BL_TRY(bl_book_parse(&c->x, BL_STR("the current price book"), body, &old));
    enum bl_err e = bl_book_diff(&c->x, old, new, &b);
    if (e == BL_OK)
        fwrite(b.n ? b.p : "", 1, b.n, stdout);
    bl_buf_release(&b);
    return e;
}
