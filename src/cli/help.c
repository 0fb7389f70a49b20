/* --help, `billow help` and the source of billow(1): the tables, laid out. */
#include "cli/cli.h"

#include <string.h>

#define TEXT_COLUMNS 78

/* Words of a paragraph, filled; `indent` blanks before every line but the first, which is at column `at`. */
static void fill(FILE *f, const char *text, size_t n, int indent, int at)
{
    const char *end = text + n;
    bool first = true;
    while (text < end) {
        const char *word = text;
        while (text < end && *text != ' ')
            text++;
        int w = (int)(text - word);
        if (!first && at + 1 + w > TEXT_COLUMNS) {
            fprintf(f, "\n%*s", indent, "");
            at = indent;
            first = true;
        }
        fprintf(f, "%s%.*s", first ? "" : " ", w, word);
        at += w + !first;
        first = false;
        while (text < end && *text == ' ')
            text++;
    }
    fputc('\n', f);
}

static void paragraphs(FILE *f, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        if (strncmp(p, "  ", 2) == 0)
            fprintf(f, "\n%.*s\n", (int)n, p);
        else {
            fputc('\n', f);
            fill(f, p, n, 0, 0);
        }
        p += n + (p[n] == '\n');
    }
}

static void usage_line(FILE *f, const struct cli_command *k)
{
    fprintf(f, "billow %s", k->name);
    for (size_t i = 0; i < cli_n_options; i++)
        if (cli_option_of(&cli_options[i], k) && (cli_options[i].flags & CLI_REQUIRED))
            fprintf(f, " --%s %s", cli_options[i].name, cli_options[i].value);
    fprintf(f, "%s%s [OPTION...]\n", *k->args ? " " : "", k->args);
}

static void sentence(FILE *f, const char *summary)
{
    char first = summary[0];
    if (first >= 'a' && first <= 'z')
        first = (char)(first - 'a' + 'A');
    fputc(first, f);
    fputs(summary + 1, f);
    fputs(".\n", f);
}

void cli_help_command(FILE *f, const struct cli_command *k)
{
    fputs("usage: ", f);
    usage_line(f, k);
    fputc('\n', f);
    sentence(f, k->summary);
    paragraphs(f, k->text);
    fputs("\nOptions:\n", f);
    for (size_t i = 0; i < cli_n_options; i++) {
        const struct cli_option *o = &cli_options[i];
        if (!cli_option_of(o, k))
            continue;
        int at = fprintf(f, "  --%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        if (at > 26) {
            fputc('\n', f);
            at = 0;
        }
        fprintf(f, "%*s", 28 - at, "");
        const char *tail = o->flags & CLI_REPEAT ? "; may be repeated" : "";
        char help[300];
        int n = snprintf(help, sizeof help, "%s%s", o->help, tail);
        fill(f, help, (size_t)n, 28, 28);
    }
}

void cli_help_all(FILE *f)
{
    fputs("billow: meters what a cloud's customers use, and bills it.\n\nusage: billow COMMAND "
          "[OPTION...]\n\n",
            f);
    for (size_t i = 0; i < cli_n_commands; i++) {
        const struct cli_command *k = &cli_commands[i];
        if (!(k->flags & CLI_HIDDEN))
            fprintf(f, "  %-16s %s\n", k->name, k->summary);
    }
    fputs("\nbillow help COMMAND explains one. The database is --db (a file, or a URL of "
          "PostgreSQL), else $BILLOW_DB, else billow.db here.\n"
          "The exit status is 0, 1 when the work failed, 2 when the command line was wrong.\n",
            f);
}

/* ---- the manual page */

/* Text for roff: a backslash and a leading dot or quote would mean something, and a hyphen must stay one. */
static void roff(FILE *f, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '\\')
            fputs("\\e", f);
        else if (s[i] == '-')
            fputs("\\-", f);
        else if (i == 0 && (s[i] == '.' || s[i] == '\''))
            fprintf(f, "\\&%c", s[i]);
        else
            fputc(s[i], f);
    }
}

static void roff_z(FILE *f, const char *s)
{
    roff(f, s, strlen(s));
}

static void man_option(FILE *f, const struct cli_option *o)
{
    fputs(o->value ? ".TP\n.BI \"\\-\\-" : ".TP\n.B \"\\-\\-", f);
    roff_z(f, o->name);
    fputs(o->value ? " \" " : "\"", f);
    roff_z(f, o->value ? o->value : "");
    fputc('\n', f);
    roff_z(f, o->help);
    fputs(o->flags & CLI_REQUIRED ? " (required)" : "", f);
    fputs(o->flags & CLI_REPEAT ? "; may be repeated" : "", f);
    fputs(".\n", f);
}

static void man_command(FILE *f, const struct cli_command *k)
{
    fputs(".SS billow ", f);
    roff_z(f, k->name);
    fprintf(f, "%s", *k->args ? " " : "");
    roff_z(f, k->args);
    fputc('\n', f);
    sentence(f, k->summary);
    for (const char *p = k->text; *p;) {
        size_t n = strcspn(p, "\n");
        if (strncmp(p, "  ", 2) == 0) {
            fputs(".PP\n.nf\n", f);
            roff(f, p, n);
            fputs("\n.fi\n", f);
        } else {
            fputs(".PP\n", f);
            roff(f, p, n);
            fputc('\n', f);
        }
        p += n + (p[n] == '\n');
    }
    for (size_t i = 0; i < cli_n_options; i++) {
        const struct cli_option *o = &cli_options[i];
        if (cli_option_of(o, k) && o->commands[0] != '*' && o->commands[0] != '@' &&
                strcmp(o->name, "json") != 0)
            man_option(f, o);
    }
}

static const char man_head[] =
        ".TH BILLOW 1 \"\" \"billow " BILLOW_VERSION "\" \"User Commands\"\n"
        ".SH NAME\n"
        "billow \\- meter what a cloud's customers use, and bill it\n"
        ".SH SYNOPSIS\n"
        ".B billow\n"
        ".I COMMAND\n"
        ".RI [ OPTION .\\|.\\|.]\n"
        ".SH DESCRIPTION\n"
        "Billow keeps the life of resources and the counts of what they used in one file, rates them by a "
        "price book,\n"
        "closes calendar months into invoices, keeps the ledger, and answers for all of it over HTTP.\n"
        ".PP\n"
        "A command that finds a server holding the file speaks to it through the Unix socket\n"
        ".IR DB .sock;\n"
        "else it opens the file itself. A PostgreSQL database is opened by every process itself, any number "
        "at once.\n"
        ".SH OPTIONS OF EVERY COMMAND\n";

static const char man_tail[] =
        ".SH EXIT STATUS\n"
        "0 when all went well, 1 when the work failed, 2 when the command line was wrong. An error is one "
        "sentence on\n"
        "standard error that says what to do.\n"
        ".SH ENVIRONMENT\n"
        ".TP\n.B BILLOW_DB\nthe database, where\n.B \\-\\-db\nis not given.\n"
        ".TP\n.B BILLOW_NOW\nthe moment to act at, where\n.B \\-\\-now\nis not given.\n"
        ".SH FILES\n"
        ".TP\n.I DB\nthe database, with\n.IR DB \\-wal\nand\n.IR DB \\-shm\nbeside it while it is open.\n"
        ".TP\n.IR DB .lock\nheld by the process that owns the database.\n"
        ".TP\n.IR DB .sock\nthe socket of the server that holds it.\n";

void cli_help_man(FILE *f)
{
    fputs(man_head, f);
    for (size_t i = 0; i < cli_n_options; i++)
        if (cli_options[i].commands[0] == '*' || cli_options[i].commands[0] == '@')
            man_option(f, &cli_options[i]);
    fputs(".TP\n.B \\-\\-json\nanswer as JSON, where a program may read the answer.\n.SH COMMANDS\n", f);
    for (size_t i = 0; i < cli_n_commands; i++)
        man_command(f, &cli_commands[i]);
    fputs(man_tail, f);
}
