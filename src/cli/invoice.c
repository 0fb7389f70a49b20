/* Invoices: listed, shown, and written to files. */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static enum bl_err invoice_path(struct cli *c, const char *tail, struct bl_str *ret)
{
    bl_uuid u;
    const char *name = c->arg[0];
    if (strcmp(name, "preview") != 0 && !bl_uuid_parse(bl_str_of(name), &u))
        return cli_usage(c,
                "\"%s\" is neither an invoice's UUID nor preview; billow invoice list shows them.",
                bl_shown(&c->x.arena, bl_str_of(name)));
    *ret = cli_path(c, "/operator/v1/accounts/%s/invoices/%s%s", cli_opt(c, "account"), name, tail);
    return BL_OK;
}

enum bl_err cmd_invoice_list(struct cli *c)
{
    static const struct cli_column col[] = {{"PERIOD", "invoice_period", false}, {"AMOUNT", "amount", true},
            {"INVOICE", "invoice_id", false}, {"UUID", "invoice_uuid", false}};
    return cli_list(c, BL_ABSENT, cli_path(c, "/operator/v1/accounts/%s/invoices", cli_opt(c, "account")),
            true, "invoices", col, BL_COUNT(col));
}

static void print_summary(const struct bl_json *s)
{
    static const struct cli_column row[] = {{"Invoice", "invoice_id", false}, {"UUID", "invoice_uuid", false},
            {"Period", "billing_period", false}, {"Customer", "user_name", false},
            {"Company", "user_company", false}, {"Usage", "product_charges.amount", false},
            {"Overages", "overages.amount", false}, {"Taxes", "taxes.amount", false},
            {"Credits and adjustments", "credits_and_adjustments.amount", false},
            {"Amount", "amount", false}};
    for (size_t i = 0; i < BL_COUNT(row); i++) {
        struct bl_str text = cli_text(s, row[i].key);
        if (bl_str_is(text, "-"))
            continue;
        printf("%-24s ", row[i].title);
        cli_say(stdout, text);
        fputc('\n', stdout);
    }
    fputc('\n', stdout);
}

/* With --json the published summary and the published items side by side, each as it came. */
enum bl_err cmd_invoice_show(struct cli *c)
{
    static const struct cli_column col[] = {{"AMOUNT", "amount", true}, {"HOURS", "duration", true},
            {"PRODUCT", "product", false}, {"PROJECT", "project_name", false},
            {"DESCRIPTION", "description", false}};
    struct bl_str path, summary, body;
    struct bl_json *tree;
    BL_TRY(invoice_path(c, "", &path));
    BL_TRY(invoice_path(c, "/summary", &summary));
    BL_TRY(cli_ask(c, "GET", summary, BL_ABSENT, BL_ABSENT, &body));
    struct bl_str before = BL_ABSENT;
    if (c->json) {
        before = bl_str_printf(&c->x.arena, "\"summary\":%.*s,", BL_FMT(body));
    } else {
        BL_TRY(cli_tree(c, body, &tree));
        print_summary(tree);
    }
    return cli_list(c, before, path, true, "invoice_items", col, BL_COUNT(col));
}

static enum bl_err write_all(struct cli *c, int fd, const char *name, struct bl_str body)
{
    for (size_t at = 0; at < body.n;) {
        ssize_t n = write(fd, body.p + at, body.n - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return bl_fail(&c->x, BL_FULL, "%s could not be written: %s.", name, strerror(errno));
        at += (size_t)n;
    }
    return BL_OK;
}

static enum bl_err write_file(struct cli *c, const char *name, struct bl_str body)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return bl_fail(&c->x, BL_UNAVAILABLE, "%s could not be made: %s.", name, strerror(errno));
    enum bl_err e = write_all(c, fd, name, body);
    if (close(fd) != 0 && e == BL_OK)
        e = bl_fail(&c->x, BL_FULL, "%s could not be written: %s.", name, strerror(errno));
    if (e == BL_OK)
        printf("%s\n", name);
    return e;
}

static enum bl_err to_file(struct cli *c, const char *tail)
{
    struct bl_str path, body;
    BL_TRY(invoice_path(c, tail, &path));
    BL_TRY(cli_ask(c, "GET", path, BL_ABSENT, BL_ABSENT, &body));
    const char *name = c->n_arg > 1 ? c->arg[1] : NULL;
    if (name && strcmp(name, "-") == 0)
        return write_all(c, STDOUT_FILENO, "Standard output", body);
    if (!name) {
        if (c->file_name.n == 0 || memchr(c->file_name.p, '/', c->file_name.n))
            return bl_fail(&c->x, BL_INTERNAL, "The answer names no file: give one.");
        name = bl_str_dup(&c->x.arena, c->file_name).p;
    }
    return write_file(c, name, body);
}

enum bl_err cmd_invoice_csv(struct cli *c)
{
    return to_file(c, "/csv");
}

enum bl_err cmd_invoice_pdf(struct cli *c)
{
    return to_file(c, "/pdf");
}
