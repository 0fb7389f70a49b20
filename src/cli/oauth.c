/* Applications that may ask customers for tokens. */
#include "cli/cli.h"

#define CLIENTS BL_STR("/operator/v1/oauth/clients")

enum bl_err cmd_oauth_add(struct cli *c)
{
    struct bl_str body;
    struct bl_json *tree;
    BL_TRY(cli_ask(c, "POST", CLIENTS, BL_ABSENT, cli_body(c), &body));
    if (c->json)
        return cli_print(c, body);
    BL_TRY(cli_tree(c, body, &tree));
    printf("client_id      %.*s\n", BL_FMT(cli_text(tree, "client_id")));
    if (bl_json_get(tree, "client_secret"))
        printf("client_secret  %.*s\n", BL_FMT(cli_text(tree, "client_secret")));
    return BL_OK;
}

enum bl_err cmd_oauth_list(struct cli *c)
{
    static const struct cli_column col[] = {{"CLIENT ID", "client_id", false}, {"PUBLIC", "public", false},
            {"MADE", "created_at", false}, {"REVOKED", "revoked_at", false}, {"NAME", "name", false}};
    return cli_list(c, BL_ABSENT, CLIENTS, false, "clients", col, BL_COUNT(col));
}

enum bl_err cmd_oauth_revoke(struct cli *c)
{
    struct bl_str body;
    if (*c->arg[0] == 0)
        return cli_usage(c, "billow oauth revoke needs the ID that billow oauth list shows.");
    return cli_ask(c, "DELETE", cli_path(c, "/operator/v1/oauth/clients/%s", cli_escaped(c, c->arg[0])),
            BL_ABSENT, BL_ABSENT, &body);
}
