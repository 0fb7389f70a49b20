/* verify, backup, rejects, audit, help. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum bl_err cmd_verify(struct cli *c)
{
    struct bl_str body;
    struct bl_json *tree;
    BL_TRY(cli_ask(c, "POST", BL_STR("/operator/v1/verify"), BL_ABSENT, cli_body(c), &body));
    if (c->json)
        return cli_print(c, body);
    BL_TRY(cli_tree(c, body, &tree));
    static const struct cli_column row[] = {{"accounts", "accounts", true}, {"invoices", "invoices", true},
            {"entries", "entries", true}, {"facts", "facts", true}, {"sum", "sum", true},
            {"digest", "digest", false}};
    for (size_t i = 0; i < BL_COUNT(row); i++)
        printf("%-9s %.*s\n", row[i].title, BL_FMT(cli_text(tree, row[i].key)));
    return BL_OK;
}

enum bl_err cmd_backup(struct cli *c)
{
    char here[4096];
    struct bl_buf b = {0};
    struct bl_jw j;
    struct bl_str body, file = bl_str_of(c->arg[0]);
    if (!bl_utf8_ok(file) || file.n == 0)
        return cli_usage(c, "billow backup needs the name of a file.");
    if (access(c->arg[0], F_OK) == 0)
        return bl_fail(&c->x, BL_CONFLICT, "%s exists already: name a new file.", c->arg[0]);
    if (file.p[0] != '/') { /* the server may run in another folder */
        if (!getcwd(here, sizeof here))
            return bl_fail(&c->x, BL_UNAVAILABLE,
                    "This folder has no name (%s): give the backup's whole path.", strerror(errno));
        file = bl_str_printf(&c->x.arena, "%s/%s", here, c->arg[0]);
    }
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kstr(&j, "file", file);
    bl_jw_end_object(&j);
    struct bl_str request = bl_str_dup(&c->x.arena, bl_buf_view(&b));
    bl_buf_release(&b);
    BL_TRY(cli_ask(c, "POST", BL_STR("/operator/v1/backup"), BL_ABSENT, request, &body));
    return c->json ? cli_print(c, body) : BL_OK;
}

enum bl_err cmd_rejects_list(struct cli *c)
{
    static const struct cli_column col[] = {
            {"AT", "at", false}, {"ID", "id", false}, {"REASON", "reason", false}};
    return cli_list(c, BL_ABSENT, BL_STR("/operator/v1/rejects"), true, "rejects", col, BL_COUNT(col));
}

enum bl_err cmd_rejects_retry(struct cli *c)
{
    struct bl_str body;
    struct bl_json *tree;
    BL_TRY(cli_ask(c, "POST", BL_STR("/operator/v1/rejects/retry"), BL_ABSENT, BL_ABSENT, &body));
    BL_TRY(cli_tree(c, body, &tree));
    struct bl_str rejected = cli_text(tree, "rejected");
    c->exit = bl_str_is(rejected, "0") ? 0 : 1;
    if (c->json)
        return cli_print(c, body);
    printf("accepted %.*s  duplicate %.*s  void %.*s  rejected %.*s\n", BL_FMT(cli_text(tree, "accepted")),
            BL_FMT(cli_text(tree, "duplicate")), BL_FMT(cli_text(tree, "void")), BL_FMT(rejected));
    return BL_OK;
}

enum bl_err cmd_audit_list(struct cli *c)
{
    static const struct cli_column col[] = {{"N", "n", true}, {"AT", "at", false}, {"ACTOR", "actor", false},
            {"ACTION", "action", false}, {"SUBJECT", "subject", false}, {"DETAIL", "detail", false}};
    return cli_list(c, BL_ABSENT, BL_STR("/operator/v1/audit"), true, "audit", col, BL_COUNT(col));
}

/* ---- help */

/* All commands of a group, such as "account". */
static bool help_group(const char *word)
{
    bool found = false;
    size_t n = strlen(word);
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *k = &cli_commands[i];
        if (strncmp(k->name, word, n) != 0 || k->name[n] != ' ')
            continue;
        printf("  %-16s %s\n", k->name, k->summary);
        found = true;
    }
    return found;
}

enum bl_err cmd_help(struct cli *c)
{
    if (cli_flag(c, "man")) {
        cli_help_man(stdout);
        return BL_OK;
    }
    if (c->n_arg == 0) {
        cli_help_all(stdout);
        return BL_OK;
    }
    struct bl_str name = bl_str_of(c->arg[0]);
    if (c->n_arg == 2)
        name = bl_str_printf(&c->x.arena, "%s %s", c->arg[0], c->arg[1]);
    const struct cli_command *k = cli_find(name);
    if (k)
        cli_help_command(stdout, k);
    else if (c->n_arg == 2 || !help_group(c->arg[0]))
        return cli_usage(c, "There is no command %s; billow help lists them.", bl_shown(&c->x.arena, name));
    return BL_OK;
}
