/* close: asks for chunk after chunk until the month is done, so that a server goes on answering between them.
 */
#include "cli/cli.h"

#include <stdlib.h>

#include "cal/cal.h"
#include "work/work.h"

static uint64_t number(const struct bl_json *tree, const char *key)
{
    const struct bl_json *v = bl_json_get(tree, key);
    return v && v->type == BL_JSON_NUMBER && v->text.n < 20 ? strtoull(v->text.p, NULL, 10) : 0;
}

static void print_text(const struct bl_json *tree)
{
    static const struct cli_column row[] = {{"period", "period", false}, {"accounts", "accounts", false},
            {"invoices", "invoices", false}, {"credit notes", "credit_notes", false}};
    const struct bl_json *parked = bl_json_get(tree, "parked");
    for (size_t i = 0; i < BL_COUNT(row); i++)
        printf("%-13s %.*s\n", row[i].title, BL_FMT(cli_text(tree, row[i].key)));
    printf("%-13s %zu\n", "parked", parked ? parked->n : 0);
    for (const struct bl_json *v = parked ? parked->first : NULL; v; v = v->next)
        printf("%-13s %.*s\n", "", BL_FMT(v->text));
    printf("%-13s %.*s\n", "total", BL_FMT(cli_text(tree, "total")));
    printf("%-13s %.*s\n", "digest", BL_FMT(cli_text(tree, "digest")));
}

static void print_json(const struct bl_json *tree)
{
    struct bl_buf b = {0};
    struct bl_jw j;
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kstr(&j, "period", bl_json_str(tree, "period"));
    bl_jw_kint(&j, "accounts", (int64_t)number(tree, "accounts"));
    bl_jw_kint(&j, "invoices", (int64_t)number(tree, "invoices"));
    bl_jw_kint(&j, "credit_notes", (int64_t)number(tree, "credit_notes"));
    const struct bl_json *parked = bl_json_get(tree, "parked");
    bl_jw_key(&j, "parked");
    bl_jw_begin_array(&j);
    for (const struct bl_json *v = parked ? parked->first : NULL; v; v = v->next)
        bl_jw_str(&j, v->text);
    bl_jw_end_array(&j);
    bl_jw_kstr(&j, "total", bl_json_str(tree, "total"));
    bl_jw_kstr(&j, "digest", bl_json_str(tree, "digest"));
    bl_jw_end_object(&j);
    printf("%.*s\n", BL_FMT(bl_buf_view(&b)));
    bl_buf_release(&b);
}

enum bl_err cmd_close(struct cli *c)
{
    bl_period p;
    struct bl_str body;
    struct bl_json *tree;
    struct cli_progress bar;
    if (bl_period_parse(&c->x, bl_str_of(c->arg[0]), &p) != BL_OK)
        return cli_usage(c, "billow close needs a month such as 2026-03.");
    struct bl_str path = cli_path(c, "/operator/v1/periods/%s/close", c->arg[0]);
    const char *jobs = cli_opt(c, "jobs");
    if (jobs && atoi(jobs) > WORK_JOBS_MAX)
        return cli_usage(c, "--jobs takes a number from 1 to %d.", WORK_JOBS_MAX);
    struct bl_str ask = bl_str_printf(&c->x.arena, "{\"grace\":%s%s%s}",
            cli_flag(c, "no-grace") ? "false" : "true", jobs ? ",\"jobs\":" : "", jobs ? jobs : "");
    cli_progress_begin(&bar);
    for (;;) {
        enum bl_err e = cli_ask(c, "POST", path, BL_ABSENT, ask, &body);
        if (e == BL_OK)
            e = cli_tree(c, body, &tree);
        const struct bl_json *done = e == BL_OK ? bl_json_get(tree, "done") : NULL;
        if (e != BL_OK || (done && done->truth)) {
            cli_progress_end(&bar);
            BL_TRY(e);
            break;
        }
        uint64_t at = number(tree, "accounts_done");
        cli_progress(&bar, at, number(tree, "accounts_total"), "accounts", at);
    }
    if (c->json)
        print_json(tree);
    else
        print_text(tree);
    return BL_OK;
}

enum bl_err cmd_period_list(struct cli *c)
{
    static const struct cli_column col[] = {{"PERIOD", "period", false}, {"DONE", "done", false},
            {"ACCOUNTS", "accounts", true}, {"INVOICES", "invoices", true},
            {"CREDIT NOTES", "credit_notes", true}, {"TOTAL", "total", true}, {"DIGEST", "digest", false}};
    return cli_list(c, BL_ABSENT, BL_STR("/operator/v1/periods"), false, "periods", col, BL_COUNT(col));
}
