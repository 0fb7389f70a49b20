/* Accounts, organizations and tokens. */
#include "cli/cli.h"
#include "work/work.h"

#include <string.h>

#define ACCOUNTS BL_STR("/operator/v1/accounts")

/* The answer, or of the answer only the member that the next command will want. */
static enum bl_err show_member(struct cli *c, struct bl_str body, const char *member)
{
    struct bl_json *tree;
    if (c->json)
        return cli_print(c, body);
    BL_TRY(cli_tree(c, body, &tree));
    struct bl_str text = bl_json_str(tree, member);
    printf("%.*s\n", BL_FMT(text));
    return BL_OK;
}

static enum bl_err account_path(struct cli *c, const char *urn, struct bl_str *ret)
{
    struct bl_str team = cli_team(c, urn);
    if (!bl_is(team))
        return cli_usage(c,
                "\"%s\" is not an account's URN, such as do:team:UUID; billow account list shows them.",
                bl_shown(&c->x.arena, bl_str_of(urn)));
    *ret = cli_path(c, "/operator/v1/accounts/%s", team.p);
    return BL_OK;
}

enum bl_err cmd_account_add(struct cli *c)
{
    struct bl_str body;
    BL_TRY(cli_ask(c, "POST", ACCOUNTS, BL_ABSENT, cli_body(c), &body));
    return show_member(c, body, "urn");
}

enum bl_err cmd_account_set(struct cli *c)
{
    struct bl_str path, body;
    BL_TRY(account_path(c, c->arg[0], &path));
    if (cli_flag(c, "tax-exempt") && cli_flag(c, "no-tax-exempt"))
        return cli_usage(c, "Give --tax-exempt or --no-tax-exempt, not both.");
    BL_TRY(cli_ask(c, "PATCH", path, BL_ABSENT, cli_body(c), &body));
    return c->json ? cli_print(c, body) : BL_OK;
}

enum bl_err cmd_account_list(struct cli *c)
{
    static const struct cli_column col[] = {{"URN", "urn", false}, {"NUMBER", "number", false},
            {"CLOSED", "closed_period", false}, {"BALANCE", "account_balance", true}, {"", "currency", false},
            {"NAME", "name", false}};
    return cli_list(c, BL_ABSENT, ACCOUNTS, true, "accounts", col, BL_COUNT(col));
}

static const struct cli_column account_rows[] = {{"URN", "urn", false}, {"Number", "number", false},
        {"Name", "name", false}, {"Company", "company", false}, {"E-mail", "email", false},
        {"Address", "address.address_line1", false}, {"", "address.address_line2", false},
        {"City", "address.city", false}, {"Region", "address.region", false},
        {"Postal code", "address.postal_code", false}, {"Country", "address.country", false},
        {"Tax number", "tax_id", false}, {"Pays no tax", "tax_exempt", false}, {"Seller", "seller", false},
        {"Time zone", "zone", false}, {"Organization", "org", false}, {"Made", "created_at", false},
        {"Billed from", "billing_from", false}, {"Closed up to", "closed_period", false},
        {"Currency", "currency", false}, {"Balance", "account_balance", false}, {"Parked", "parked", false}};

enum bl_err cmd_account_show(struct cli *c)
{
    struct bl_str path, body;
    struct bl_json *tree;
    BL_TRY(account_path(c, c->arg[0], &path));
    BL_TRY(cli_ask(c, "GET", path, BL_ABSENT, BL_ABSENT, &body));
    if (c->json)
        return cli_print(c, body);
    BL_TRY(cli_tree(c, body, &tree));
    for (size_t i = 0; i < BL_COUNT(account_rows); i++) {
        struct bl_str text = cli_text(tree, account_rows[i].key);
        if (bl_str_is(text, "-"))
            continue;
        printf("%-13s ", account_rows[i].title);
        cli_say(stdout, text);
        fputc('\n', stdout);
    }
    return BL_OK;
}

enum bl_err cmd_org_add(struct cli *c)
{
    struct bl_str body;
    BL_TRY(cli_ask(c, "POST", BL_STR("/operator/v1/orgs"), BL_ABSENT, cli_body(c), &body));
    return show_member(c, body, "urn");
}

enum bl_err cmd_org_list(struct cli *c)
{
    static const struct cli_column col[] = {{"URN", "urn", false}, {"NAME", "name", false}};
    return cli_list(c, BL_ABSENT, BL_STR("/operator/v1/orgs"), false, "orgs", col, BL_COUNT(col));
}

/* ---- tokens */

/* Every word of the list must be a scope: a mistyped one is wrong usage, not a refusal. */
static enum bl_err known_scopes(struct cli *c, const char *list)
{
    size_t n_words = 0;
    const char *const *words = work_scope_words(&n_words);
    if (list && list[strspn(list, " ,")] == 0)
        return cli_usage(c, "--scope names no scope: give at least one, or leave it out.");
    for (const char *p = list; p && *p;) {
        size_t n = strcspn(p, " ,");
        struct bl_str one = {p, n};
        uint32_t bit;
        if (n > 0 && !work_scope_find(one, &bit)) {
            const char *near = cli_nearest(one, words, n_words);
            return cli_usage(c, "There is no scope %s%s%s%s", bl_shown(&c->x.arena, one),
                    near ? "; did you mean " : "", near ? near : "", near ? "?" : ".");
        }
        p += n + (p[n] != 0);
    }
    return BL_OK;
}

enum bl_err cmd_token_add(struct cli *c)
{
    struct bl_str body;
    int owners = cli_flag(c, "account") + cli_flag(c, "org") + cli_flag(c, "operator");
    const char *dialect = cli_opt(c, "dialect");
    if (owners != 1)
        return cli_usage(c, "billow token add needs one of --account URN, --org URN and --operator.");
    if (dialect && strcmp(dialect, "do") != 0 && strcmp(dialect, "civo") != 0)
        return cli_usage(c, "--dialect takes do or civo.");
    if (dialect && cli_flag(c, "operator"))
        return cli_usage(c, "--dialect is for customers' tokens; an operator's has none.");
    BL_TRY(known_scopes(c, cli_opt(c, "scope")));
    BL_TRY(cli_ask(c, "POST", BL_STR("/operator/v1/tokens"), BL_ABSENT, cli_body(c), &body));
    return show_member(c, body, "token");
}

enum bl_err cmd_token_list(struct cli *c)
{
    static const struct cli_column col[] = {{"ID", "id", false}, {"DIALECT", "dialect", false},
            {"EXPIRES", "expires_at", false}, {"REVOKED", "revoked_at", false}, {"ACCOUNT", "account", false},
            {"ORGANIZATION", "org", false}, {"SCOPE", "scope", false}, {"NAME", "name", false}};
    return cli_list(c, BL_ABSENT, BL_STR("/operator/v1/tokens"), false, "tokens", col, BL_COUNT(col));
}

enum bl_err cmd_token_revoke(struct cli *c)
{
    struct bl_str body;
    const char *id = c->arg[0];
    if (*id == 0)
        return cli_usage(c, "billow token revoke needs a token, or the ID that billow token list shows.");
    if (strncmp(id, "tok_", 4) != 0) { /* a token: paths are logged, so only its digest travels */
        uint8_t digest[32];
        char hex[65];
        bl_sha256(id, strlen(id), digest);
        bl_hex(digest, sizeof digest, hex);
        id = bl_str_printf(&c->x.arena, "sha256-%s", hex).p;
    }
    return cli_ask(c, "DELETE", cli_path(c, "/operator/v1/tokens/%s", cli_escaped(c, id)), BL_ABSENT,
            BL_ABSENT, &body);
}
