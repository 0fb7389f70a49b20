/* Postings: payment, refund, chargeback, credit, adjustment; and the history they make. */
#include "cli/cli.h"

#include <string.h>

static enum bl_err post(struct cli *c, const char *noun)
{
    struct bl_str body;
    struct bl_json *tree;
    const char *amount = cli_opt(c, "amount");
    if (*amount == '-' && strcmp(noun, "adjustments") != 0)
        return cli_usage(c, "--amount must be positive: the command says which way the money goes.");
    struct bl_str path = cli_path(c, "/operator/v1/accounts/%s/%s", cli_opt(c, "account"), noun);
    BL_TRY(cli_ask(c, "POST", path, BL_ABSENT, cli_body(c), &body));
    if (c->json)
        return cli_print(c, body);
    BL_TRY(cli_tree(c, body, &tree));
    struct bl_str ref = bl_json_str(tree, "ref"), balance = cli_text(tree, "account_balance");
    const struct bl_json *repeated = bl_json_get(tree, "repeated");
    printf("%.*s %.*s", BL_FMT(cli_text(tree, "kind")), BL_FMT(cli_text(tree, "amount")));
    if (ref.n > 0) {
        fputs(", reference ", stdout);
        cli_say(stdout, ref);
    }
    /* Neither moves the balance: an invoice takes them. */
    bool held = strcmp(noun, "credits") == 0 && cli_opt(c, "expires");
    bool next = strcmp(noun, "adjustments") == 0;
    printf("%s%s; the account's balance is %.*s\n", repeated && repeated->truth ? ", recorded before" : "",
            held   ? ", held for the next invoices"
            : next ? ", for the next invoice"
                   : "",
            BL_FMT(balance));
    return BL_OK;
}

enum bl_err cmd_pay(struct cli *c)
{
    return post(c, "payments");
}

enum bl_err cmd_refund(struct cli *c)
{
    return post(c, "refunds");
}

enum bl_err cmd_chargeback(struct cli *c)
{
    return post(c, "chargebacks");
}

enum bl_err cmd_credit(struct cli *c)
{
    return post(c, "credits");
}

enum bl_err cmd_adjust(struct cli *c)
{
    return post(c, "adjustments");
}

enum bl_err cmd_history(struct cli *c)
{
    static const struct cli_column col[] = {{"DATE", "date", false}, {"TYPE", "type", false},
            {"AMOUNT", "amount", true}, {"INVOICE", "invoice_uuid", false},
            {"DESCRIPTION", "description", false}};
    return cli_list(c, BL_ABSENT, cli_path(c, "/operator/v1/accounts/%s/history", cli_opt(c, "account")),
            true, "billing_history", col, BL_COUNT(col));
}
