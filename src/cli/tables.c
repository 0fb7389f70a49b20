/* The two tables, as arrays. */
#include "cli/cli.h"

#include <string.h>

const struct cli_command cli_commands[] = {
#define CMD(name, fn, args, min, max, flags, summary, text) {name, args, min, max, flags, fn, summary, text},
#include "cli/commands.def"
#undef CMD
};
const size_t cli_n_commands = BL_COUNT(cli_commands);

const struct cli_option cli_options[] = {
#define OPT(commands, name, value, kind, flags, help) {commands, name, value, kind, flags, help},
#include "cli/options.def"
#undef OPT
};
const size_t cli_n_options = BL_COUNT(cli_options);

bool cli_option_of(const struct cli_option *o, const struct cli_command *k)
{
    if (strcmp(o->commands, "*") == 0)
        return true;
    if (strcmp(o->commands, "@") == 0)
        return (k->flags & (CLI_READS | CLI_WRITES)) != 0;
    size_t n = strlen(k->name);
    for (const char *p = o->commands; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
        if (strncmp(p, k->name, n) == 0 && (p[n] == '|' || p[n] == 0))
            return true;
    return false;
}

const struct cli_command *cli_find(struct bl_str name)
{
    for (size_t i = 0; i < cli_n_commands; i++)
        if (bl_str_is(name, cli_commands[i].name))
            return &cli_commands[i];
    return NULL;
}
