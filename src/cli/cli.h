/* cli: the command line. A command is a row of cli/commands.def and one function; its options are rows of
 * cli/options.def. Parser, --help and the manual page read these two tables and nothing else.
 *
 * A command keeps nothing and computes nothing: it sends requests to the operator's routes and prints what
 * they answer. Whether a server or this very process answers is the business of cli_call alone. */
#ifndef BILLOW_CLI_H
#define BILLOW_CLI_H

#include "base/base.h"
#include "cli/serve.h"
#include "json/json.h"

#include <stdio.h>

/* ---- the tables */
enum cli_command_flag {
    CLI_READS = 1,  /* asks the database, never makes it */
    CLI_WRITES = 2, /* makes the file when it is not there */
    CLI_HIDDEN = 4, /* not listed */
};
struct cli_command {
    const char *name;       /* "account add" */
    const char *args;       /* as the usage line shows them */
    int min_args, max_args; /* max_args -1: any number */
    unsigned flags;
    enum bl_err (*run)(struct cli *c);
    const char *summary; /* one line, begins with a verb, no full stop */
    const char *text;    /* further paragraphs, separated by '\n' */
};
enum cli_kind {
    CLI_TEXT,
    CLI_FLAG,
    CLI_TIME,
    CLI_NOW,
    CLI_TEAM,
    CLI_GROUP,
    CLI_AMOUNT,
    CLI_COUNT,
    CLI_PAIR,
    CLI_DIGEST
};
enum cli_option_flag {
    CLI_REQUIRED = 1,
    CLI_REPEAT = 2,
    CLI_BODY = 4, /* goes into the request's body under its own name, '-' written as '_' */
};
struct cli_option {
    const char *commands;     /* "account add|account set"; "*": all; "@": all that ask the database */
    const char *name, *value; /* without the dashes; what the usage line shows for the value */
    enum cli_kind kind;
    unsigned flags;
    const char *help;
};
extern const struct cli_command cli_commands[];
extern const size_t cli_n_commands;
extern const struct cli_option cli_options[];
extern const size_t cli_n_options;
bool cli_option_of(const struct cli_option *o, const struct cli_command *k);

/* ---- one run of the program */
struct cli_given {
    const struct cli_option *option;
    const char *value; /* NULL: a flag */
};
struct cli_link;
struct cli {
    struct bl_ctx x;    /* memory of the whole run; x.why is the sentence that goes to standard error */
    struct bl_ctx call; /* memory of the last request: its answer lives until the next one */
    const struct cli_command *command;
    struct cli_given *given;
    size_t n_given;
    const char **arg;
    int n_arg;
    const char *db;
    bool has_now, now_runs; /* --now TIME, --now TIME+ */
    int64_t now_us;
    bool json;
    int exit; /* 0: as the command's result says; else this */
    struct cli_serve_options serve;
    struct cli_link *link;   /* opened by the first cli_call */
    struct bl_str file_name; /* of the last answer's content-disposition; absent without */
};

/* parse.c: fills c from the arguments. BL_INVALID with c->exit = 2 when they are wrong. */
BL_MUST_CHECK enum bl_err cli_parse(struct cli *c, int argc, char **argv);
const struct cli_command *cli_find(struct bl_str name);
BL_MUST_CHECK enum bl_err cli_usage(struct cli *c, const char *fmt, ...)
        BL_PRINTF(2, 3);                                    /* fails, exit status 2 */
const char *cli_opt(const struct cli *c, const char *name); /* NULL when not given */
bool cli_flag(const struct cli *c, const char *name);
struct bl_str cli_team(
        struct cli *c, const char *text); /* URN of a team from URN or UUID; absent when neither */

/* nearest.c: the word most like `word`; NULL when none is. */
const char *cli_nearest(struct bl_str word, const char *const *list, size_t n);

/* help.c */
void cli_help_all(FILE *f);
void cli_help_command(FILE *f, const struct cli_command *k);
void cli_help_man(FILE *f);

/* call.c: one request of the operator's side. A server that holds the file is asked through its socket; else
 * this process opens the file and answers itself. query          without "?"; absent: none content_type   of
 * the body; NULL: application/json ret_body       lives until the next call fails          only when no
 * answer came; whatever status was answered is a success here */
BL_MUST_CHECK enum bl_err cli_call(struct cli *c, const char *method, struct bl_str path, struct bl_str query,
        struct bl_str body, const char *content_type, int *ret_status, struct bl_str *ret_body);
/* The same, and an answer of 400 and more fails with its own sentence. */
BL_MUST_CHECK enum bl_err cli_ask(struct cli *c, const char *method, struct bl_str path, struct bl_str query,
        struct bl_str body, struct bl_str *ret_body);
BL_MUST_CHECK enum bl_err cli_refused(
        struct cli *c, int status, struct bl_str body); /* fails with a problem's sentence */
BL_MUST_CHECK enum bl_err cli_tree(
        struct cli *c, struct bl_str body, struct bl_json **ret); /* of an answer */
void cli_hang_up(struct cli *c);                                  /* closes what the first call opened */
struct bl_str cli_path(struct cli *c, const char *fmt, ...) BL_PRINTF(2, 3);
const char *cli_escaped(struct cli *c, const char *text); /* as one segment of a path */

/* file.c: a file of at most `most` bytes, whole; "-" is standard input. */
BL_MUST_CHECK enum bl_err cli_read_file(struct cli *c, const char *name, size_t most, struct bl_str *ret);

/* options.c: c->serve from the options of serve or demo. */
BL_MUST_CHECK enum bl_err cli_serve_read(struct cli *c);

/* body.c: request bodies */
struct bl_str cli_body(struct cli *c); /* {"name": value} of every given option marked CLI_BODY */

/* print.c */
struct cli_column {
    const char *title, *key; /* key: member, or member.member */
    bool right;
};
void cli_table(struct cli *c, const struct cli_column *col, size_t n_col, const struct bl_json *list);
/* Every page of a list: as a table, or with --json as one object {"member": [...]}, which `before` (members
 * and a comma, absent: none) opens. */
BL_MUST_CHECK enum bl_err cli_list(struct cli *c, struct bl_str before, struct bl_str path, bool paged,
        const char *member, const struct cli_column *col, size_t n_col);
void cli_say(FILE *f, struct bl_str s); /* text from outside: control characters never reach a terminal */
BL_MUST_CHECK enum bl_err cli_print(
        struct cli *c, struct bl_str json); /* an answer as it is, and a line end */
struct bl_str cli_text(
        const struct bl_json *object, const char *key); /* scalar's text; "-" when absent, null, empty */

/* progress.c: one line on standard error, only when that is a terminal */
struct cli_progress {
    bool on;
    int64_t start_us, shown_us;
};
void cli_progress_begin(struct cli_progress *p);
void cli_progress(struct cli_progress *p, uint64_t done, uint64_t of, const char *what, uint64_t count);
void cli_progress_end(struct cli_progress *p);
int64_t cli_mono_us(void);

/* call.c: the file has one owner at a time. After a failed try to own it: true when another process has it
 * and it is worth trying again (then a moment has passed), up to CLI_TURN_S seconds since `since_us`; false
 * leaves the sentence to say. */
enum { CLI_TURN_S = 30, CLI_TURN_STEP_US = 20000 };
bool cli_turn_wait(struct cli *c, enum bl_err e, int64_t since_us);
bool cli_is_served(struct cli *c); /* a server answers for the database */

/* the commands */
#define CMD(name, fn, args, min, max, flags, summary, text) enum bl_err fn(struct cli *c);
#include "cli/commands.def"
#undef CMD

#endif
