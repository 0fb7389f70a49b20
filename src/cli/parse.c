/* Reading the command line: words choose the command, the option table says what may follow. What can be
 * known to be wrong without asking the database is refused here, with exit status 2 and one sentence. Options
 * may stand anywhere,
 * `--name value` or `--name=value`; after `--` everything is an argument. */
#include "cli/cli.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "cal/cal.h"

enum bl_err cli_usage(struct cli *c, const char *fmt, ...)
{
    char why[sizeof c->x.why];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, sizeof why, fmt, ap);
    va_end(ap);
    c->exit = 2;
    return bl_fail(&c->x, BL_INVALID, "%s", why);
}

const char *cli_opt(const struct cli *c, const char *name)
{
    for (size_t i = 0; i < c->n_given; i++)
        if (strcmp(c->given[i].option->name, name) == 0)
            return c->given[i].value ? c->given[i].value : "";
    return NULL;
}

bool cli_flag(const struct cli *c, const char *name)
{
    return cli_opt(c, name) != NULL;
}

/* ---- values */

static bool digits(struct bl_str s, size_t *at)
{
    size_t from = *at;
    while (*at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9')
        ++*at;
    return *at > from;
}

static bool is_amount(const char *text)
{
    struct bl_str s = bl_str_of(text);
    size_t at = s.n > 0 && s.p[0] == '-';
    if (!digits(s, &at))
        return false;
    if (at < s.n && s.p[at] == '.') {
        at++;
        if (!digits(s, &at))
            return false;
    }
    return at == s.n;
}

static bool is_digest(const char *text)
{
    return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

struct bl_str cli_team(struct cli *c, const char *text)
{
    bl_uuid u;
    char uuid[37];
    struct bl_str s = bl_str_of(text);
    if (!bl_urn_parse(s, BL_URN_TEAM, &u) && !bl_uuid_parse(s, &u))
        return BL_ABSENT;
    bl_uuid_text(u, uuid);
    return bl_str_printf(&c->x.arena, BL_URN_TEAM "%s", uuid);
}

static enum bl_err check_now(struct cli *c, const char *text, const char *where)
{
    struct bl_str s = bl_str_of(text);
    c->has_now = true;
    c->now_runs = s.n > 0 && s.p[s.n - 1] == '+';
    s.n -= c->now_runs;
    if (bl_time_parse(&c->x, s, &c->now_us) != BL_OK)
        return cli_usage(
                c, "%s takes a time such as 2026-04-16T12:00:00Z, with + behind it to let it run.", where);
    return BL_OK;
}

static enum bl_err check_value(struct cli *c, struct cli_given *g)
{
    const char *v = g->value, *name = g->option->name;
    int64_t us;
    bl_uuid u;
    if (g->option->kind == CLI_FLAG)
        return BL_OK;
    if (!bl_utf8_ok(bl_str_of(v)))
        return cli_usage(c, "The value of --%s is not UTF-8.", name);
    bool forgets = strcmp(c->command->name, "account set") == 0 && (g->option->flags & CLI_BODY);
    if (*v == 0 && !forgets)
        return cli_usage(c, "--%s needs a value: --%s %s.", name, name, g->option->value);
    if (*v == 0)
        return BL_OK;
    switch (g->option->kind) {
    case CLI_TIME:
        if (bl_time_parse(&c->x, bl_str_of(v), &us) != BL_OK)
            return cli_usage(c, "--%s takes a time such as 2026-04-16T12:00:00Z.", name);
        return BL_OK;
    case CLI_NOW:
        return check_now(c, v, "--now");
    case CLI_TEAM:
        g->value = cli_team(c, v).p;
        return g->value ? BL_OK : cli_usage(c, "--%s takes an account's URN, such as do:team:UUID.", name);
    case CLI_GROUP:
        if (!bl_urn_parse(bl_str_of(v), BL_URN_TEAMGROUP, &u))
            return cli_usage(c, "--%s takes an organization's URN, such as do:teamgroup:UUID.", name);
        return BL_OK;
    case CLI_AMOUNT:
        return is_amount(v) ? BL_OK : cli_usage(c, "--%s takes a decimal number, such as 12.34.", name);
    case CLI_COUNT:
        if (strlen(v) > 6 || strspn(v, "0123456789") != strlen(v) || atoi(v) == 0)
            return cli_usage(c, "--%s takes a whole number above zero.", name);
        return BL_OK;
    case CLI_PAIR:
        if (!strchr(v, '=') || *v == '=')
            return cli_usage(c, "--%s takes KEY=VALUE, such as country=US.", name);
        return BL_OK;
    case CLI_DIGEST:
        return is_digest(v) ? BL_OK : cli_usage(c, "--%s takes a digest: 64 digits in 0-9 and a-f.", name);
    default:
        return BL_OK;
    }
}

/* ---- options */

static const struct cli_option *option_find(const struct cli_command *k, struct bl_str name)
{
    for (size_t i = 0; i < cli_n_options; i++) {
        const struct cli_option *o = &cli_options[i];
        /* Before the command is known only what all commands take can stand. */
        bool here = k ? cli_option_of(o, k) : o->commands[0] == '*' || o->commands[0] == '@';
        if (here && bl_str_is(name, o->name))
            return o;
    }
    return NULL;
}

static enum bl_err option_unknown(struct cli *c, struct bl_str name)
{
    const char *list[64];
    size_t n = 0;
    for (size_t i = 0; i < cli_n_options && n < BL_COUNT(list); i++)
        if (c->command && cli_option_of(&cli_options[i], c->command))
            list[n++] = cli_options[i].name;
    const char *near = cli_nearest(name, list, n), *shown = bl_shown(&c->x.arena, name);
    const char *command = c->command ? c->command->name : "";
    if (near)
        return cli_usage(c, "There is no option --%s; did you mean --%s?", shown, near);
    return cli_usage(
            c, "There is no option --%s; billow help%s%s lists them.", shown, *command ? " " : "", command);
}

static enum bl_err option_take(struct cli *c, int argc, char **argv, int *i)
{
    const char *text = argv[*i] + 2, *equals = strchr(text, '=');
    struct bl_str name = {text, equals ? (size_t)(equals - text) : strlen(text)};
    if (strcmp(argv[*i], "-h") == 0)
        name = BL_STR("help");
    else if (argv[*i][1] != '-')
        name = (struct bl_str){argv[*i] + 1, strlen(argv[*i] + 1)};
    const struct cli_option *o = option_find(c->command, name);
    if (!o)
        return option_unknown(c, name);
    const char *value = NULL;
    if (o->kind == CLI_FLAG && equals)
        return cli_usage(c, "--%s takes no value.", o->name);
    if (o->kind != CLI_FLAG && equals)
        value = equals + 1;
    if (o->kind != CLI_FLAG && !equals) {
        if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0)
            return cli_usage(c, "--%s needs a value: --%s %s.", o->name, o->name, o->value);
        value = argv[++*i];
    }
    if (!(o->flags & CLI_REPEAT) && cli_opt(c, o->name))
        return cli_usage(c, "--%s is given twice.", o->name);
    c->given[c->n_given++] = (struct cli_given){o, value};
    return BL_OK;
}

/* ---- commands */

static enum bl_err command_unknown(struct cli *c, const char *word, const char *second)
{
    const char *list[128];
    size_t n = 0, n_word = strlen(word);
    struct bl_buf group = {0};
    for (size_t i = 0; i < cli_n_commands && n + 2 <= BL_COUNT(list); i++) {
        const char *name = cli_commands[i].name;
        list[n++] = bl_str_dup(&c->x.arena, (struct bl_str){name, strcspn(name, " ")}).p; /* "account" */
        list[n++] = name;
        if (strncmp(name, word, n_word) == 0 && name[n_word] == ' ')
            bl_buf_printf(&group, "%s%s", group.n ? ", " : "", name);
    }
    struct bl_str ways = bl_str_dup(&c->x.arena, bl_buf_view(&group));
    bl_buf_release(&group);
    const char *shown = bl_shown(&c->x.arena, bl_str_of(word));
    if (ways.n > 0 && second)
        return cli_usage(c, "There is no command %s %s; there is %s.", shown,
                bl_shown(&c->x.arena, bl_str_of(second)), ways.p);
    if (ways.n > 0)
        return cli_usage(c, "%s needs a second word; there is %s.", shown, ways.p);
    const char *near = cli_nearest(bl_str_of(word), list, n);
    if (near)
        return cli_usage(c, "There is no command %s; did you mean billow %s?", shown, near);
    return cli_usage(c, "There is no command %s; billow help lists them.", shown);
}

static bool is_group(const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i < cli_n_commands; i++)
        if (strncmp(cli_commands[i].name, word, n) == 0 && cli_commands[i].name[n] == ' ')
            return true;
    return false;
}

/* The longest name the words begin with; `account --help` is `help account`. */
static enum bl_err command_take(struct cli *c, int argc, char **argv, int *i)
{
    const char *word = argv[*i], *second = *i + 1 < argc && argv[*i + 1][0] != '-' ? argv[*i + 1] : NULL;
    if (second) {
        struct bl_str both = bl_str_printf(&c->x.arena, "%s %s", word, second);
        c->command = cli_find(both);
        if (c->command) {
            ++*i;
            return BL_OK;
        }
    }
    c->command = cli_find(bl_str_of(word));
    const char *next = *i + 1 < argc ? argv[*i + 1] : "";
    if (!c->command && is_group(word) && (strcmp(next, "--help") == 0 || strcmp(next, "-h") == 0)) {
        c->command = cli_find(BL_STR("help"));
        c->arg[c->n_arg++] = word;
        ++*i;
    }
    return c->command ? BL_OK : command_unknown(c, word, second);
}

static enum bl_err check_args(struct cli *c)
{
    const struct cli_command *k = c->command;
    for (size_t i = 0; i < cli_n_options; i++) {
        const struct cli_option *o = &cli_options[i];
        if ((o->flags & CLI_REQUIRED) && cli_option_of(o, k) && !cli_opt(c, o->name))
            return cli_usage(c, "billow %s needs --%s %s.", k->name, o->name, o->value);
    }
    if (c->n_arg < k->min_args)
        return cli_usage(c, "billow %s needs %s.", k->name, k->args);
    if (k->max_args >= 0 && c->n_arg > k->max_args)
        return cli_usage(c, "billow %s does not take \"%s\"%s%s.", k->name,
                bl_shown(&c->x.arena, bl_str_of(c->arg[k->max_args])), *k->args ? "; it takes " : "",
                k->args);
    return BL_OK;
}

/* What every command knows: the database and the clock, from options or the environment. */
static enum bl_err settle(struct cli *c)
{
    const char *env_now = getenv("BILLOW_NOW"), *env_db = getenv("BILLOW_DB");
    c->json = cli_flag(c, "json");
    c->db = cli_opt(c, "db");
    if (!c->db)
        c->db = env_db && *env_db ? env_db : "billow.db";
    if (strstr(c->db, "://") && !store_is_url(c->db))
        return cli_usage(c, "--db takes a file or postgresql://USER@HOST/DATABASE, not \"%s\".",
                bl_shown(&c->x.arena, bl_str_of(c->db)));
    if (!c->has_now && env_now && *env_now)
        return check_now(c, env_now, "$BILLOW_NOW");
    return BL_OK;
}

enum bl_err cli_parse(struct cli *c, int argc, char **argv)
{
    bool only_args = false;
    c->given = bl_alloc_array(&c->x.arena, (size_t)argc + 1, sizeof *c->given);
    c->arg = bl_alloc_array(&c->x.arena, (size_t)argc + 1, sizeof *c->arg);
    for (int i = 1; i < argc; i++) {
        if (!only_args && strcmp(argv[i], "--") == 0)
            only_args = true;
        else if (!only_args && argv[i][0] == '-' && argv[i][1] != 0)
            BL_TRY(option_take(c, argc, argv, &i));
        else if (!c->command)
            BL_TRY(command_take(c, argc, argv, &i));
        else
            c->arg[c->n_arg++] = argv[i];
    }
    if (!c->command || cli_flag(c, "help"))
        return BL_OK;
    for (size_t i = 0; i < c->n_given; i++) {
        if (!cli_option_of(c->given[i].option, c->command))
            return cli_usage(c, "billow %s does not take --%s.", c->command->name, c->given[i].option->name);
        BL_TRY(check_value(c, &c->given[i]));
    }
    BL_TRY(check_args(c));
    return settle(c);
}
