/* One request, one answer, whoever gives it. When a server holds the file it is asked through its socket,
 * with the time this command was given; otherwise this process becomes the owner for as long as the command
 * runs and pushes the very same request through the same routes. So there is one way in, and what a command
 * can do a program can do too.
 *
 * Between the two lies a moment: a server that is starting has the file but not yet the socket; and commands
 * take turns. A file that is held is therefore asked for again, by both ways, for half a minute. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"
#include "cal/cal.h"
#include "http/http.h"
#include "work/work.h"

struct cli_link {
    struct http_client *client; /* a server; NULL: this process */
    const char *socket;
    struct work *work;
    struct api *api;
};

int64_t cli_mono_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * BL_US + t.tv_nsec / 1000;
}

/* ---- opening */

static bool ask_server(struct cli *c, struct http_client **ret)
{
    struct stat st;
    if (store_is_url(c->db)) /* any number of processes work on it: there is no one to ask */
        return false;
    bl_ctx_reset(&c->call, 0);
    struct bl_str path = bl_str_printf(&c->call.arena, "%s.sock", c->db);
    if (stat(path.p, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    return http_client_open(&c->call, path.p, ret) == BL_OK;
}

bool cli_is_served(struct cli *c)
{
    struct http_client *client = NULL;
    if (!ask_server(c, &client))
        return false;
    http_client_close(client);
    return true;
}

static enum bl_err own_file(struct cli *c)
{
    bool writes = c->command->flags & CLI_WRITES;
    bool moves = store_is_url(c->db) && c->has_now; /* the clock, for every process of the database */
    struct work_options o = {.path = bl_str_of(c->db),
            .create = writes,
            .read_only = !writes && !moves,
            .clock = !c->has_now   ? WORK_CLOCK_REAL
                     : c->now_runs ? WORK_CLOCK_RUNS
                                   : WORK_CLOCK_STANDS,
            .now_us = c->now_us};
    BL_TRY(work_open(&c->x, &o, &c->link->work));
    if (moves)
        BL_TRY(work_stamp(&c->x, c->link->work, false));
    c->link->api = api_new(c->link->work, &(struct api_options){0});
    return BL_OK;
}

/* The store's own words: the file has another owner at this moment. Every other conflict stays one. */
static bool held_by_another(const struct cli *c, enum bl_err e)
{
    return e == BL_CONFLICT && strstr(c->x.why, "in use by another process") != NULL;
}

bool cli_turn_wait(struct cli *c, enum bl_err e, int64_t since_us)
{
    if (!held_by_another(c, e))
        return false;
    if (cli_mono_us() - since_us > CLI_TURN_S * BL_US) {
        bl_fail(&c->x, e, "%s has been in use by another process for %d seconds: let it end, then try again.",
                c->db, CLI_TURN_S);
        return false;
    }
    usleep(CLI_TURN_STEP_US);
    return true;
}

static enum bl_err link_open(struct cli *c)
{
    int64_t since = cli_mono_us();
    enum bl_err e;
    c->link = bl_alloc(&c->x.arena, sizeof *c->link);
    c->link->socket = bl_str_printf(&c->x.arena, "%s.sock", c->db).p;
    do {
        if (ask_server(c, &c->link->client))
            return BL_OK;
        e = own_file(c);
    } while (cli_turn_wait(c, e, since));
    if (e == BL_OK)
        return BL_OK;
    c->link = NULL;
    if (e == BL_NOT_FOUND && !store_is_url(c->db) && access(c->db, F_OK) != 0)
        return bl_fail(&c->x, e,
                "There is no database at %s: name one with --db FILE, or make it with billow account add.",
                c->db);
    return e;
}

void cli_hang_up(struct cli *c)
{
    if (!c->link)
        return;
    if (c->link->client)
        http_client_close(c->link->client);
    if (c->link->api)
        api_free(c->link->api);
    if (c->link->work)
        work_close(c->link->work);
    c->link = NULL;
}

/* ---- asking */

/* The part that callers may want to know of: the name a file should be stored under. */
static void take_file_name(struct cli *c, struct bl_str value)
{
    static const char mark[] = "filename=\"";
    const char *from = value.n ? memmem(value.p, value.n, mark, sizeof mark - 1) : NULL;
    if (!from)
        return;
    from += sizeof mark - 1;
    const char *end = memchr(from, '"', (size_t)(value.p + value.n - from));
    if (end)
        c->file_name = (struct bl_str){from, (size_t)(end - from)};
}

static enum bl_err call_server(struct cli *c, const char *method, struct bl_str target, struct bl_str body,
        const char *content_type, int *ret_status, struct bl_str *ret_body)
{
    struct http_header header[2] = {{BL_STR("content-type"), bl_str_of(content_type)}};
    size_t n = 1;
    char now[32];
    struct http_answer answer;
    if (c->has_now) {
        bl_time_text(c->now_us, now);
        header[n++] = (struct http_header){BL_STR("billow-now"), bl_str_of(now)};
    }
    enum bl_err e = http_client_call(&c->call, c->link->client, method, target, header, n, body, &answer);
    if (e != BL_OK)
        return bl_fail(&c->x, e, "The server at %s did not answer: %s", c->link->socket, c->call.why);
    for (size_t i = 0; i < answer.n_header; i++)
        if (bl_str_is(answer.header[i].name, "content-disposition"))
            take_file_name(c, answer.header[i].value);
    *ret_status = answer.status;
    *ret_body = answer.body;
    return BL_OK;
}

static void call_here(struct cli *c, const char *method, struct bl_str path, struct bl_str query,
        struct bl_str body, const char *content_type, int *ret_status, struct bl_str *ret_body)
{
    struct api_header header = {BL_STR("content-type"), bl_str_of(content_type)};
    struct api_request in = {.door = API_SOCKET,
            .method = bl_str_of(method),
            .path = path,
            .query = query,
            .body = body,
            .peer = BL_STR("command"),
            .header = &header,
            .n_header = 1};
    struct api_reply out;
    enum api_where where;
    size_t body_max;
    const struct api_route *r = api_route_find(&in, &where, &body_max);
    /* One command may make several requests at moments that go forward. */
    if (!c->has_now || work_clock_move(&c->call, c->link->work, c->now_us) != BL_OK)
        c->call.now_us = work_now(c->link->work);
    if (body.n > body_max) {
        api_refuse(c->link->api, &c->call, &in, BL_TOO_LARGE, NULL, &out);
    } else {
        struct work_again again = {.limit_us = WORK_AGAIN_COMMAND_US};
        struct store_db *db = store_reader_take(work_store(c->link->work));
        do
            api_run(c->link->api, &c->call, db, r, &in, &out);
        while (out.status == 503 && work_again(c->link->work, &again));
        store_reader_give(work_store(c->link->work), db);
    }
    for (size_t i = 0; i < out.n_header; i++)
        if (bl_str_is(out.header[i].name, "content-disposition"))
            take_file_name(c, out.header[i].value);
    *ret_status = out.status;
    *ret_body = out.body;
}

enum bl_err cli_call(struct cli *c, const char *method, struct bl_str path, struct bl_str query,
        struct bl_str body, const char *content_type, int *ret_status, struct bl_str *ret_body)
{
    if (!content_type)
        content_type = "application/json";
    if (!c->link)
        BL_TRY(link_open(c));
    bl_ctx_reset(&c->call, 0);
    c->file_name = BL_ABSENT;
    if (!c->link->client) {
        call_here(c, method, path, query, body, content_type, ret_status, ret_body);
        return BL_OK;
    }
    struct bl_str target = path;
    if (bl_is(query))
        target = bl_str_printf(&c->call.arena, "%.*s?%.*s", BL_FMT(path), BL_FMT(query));
    return call_server(c, method, target, body, content_type, ret_status, ret_body);
}

/* ---- what nearly every command wants */

enum bl_err cli_refused(struct cli *c, int status, struct bl_str body)
{
    struct bl_json *tree = NULL;
    struct bl_str why = BL_ABSENT;
    if (bl_json_parse(&c->call, body, &tree) == BL_OK)
        why = bl_json_str(tree, "detail");
    if (why.n == 0)
        return bl_fail(&c->x, BL_INTERNAL, "The server answered with status %d.", status);
    return bl_fail(&c->x, status == 409 ? BL_CONFLICT : BL_INVALID, "%.*s", BL_FMT(why));
}

enum bl_err cli_ask(struct cli *c, const char *method, struct bl_str path, struct bl_str query,
        struct bl_str body, struct bl_str *ret_body)
{
    int status = 0;
    struct bl_str answer = BL_ABSENT;
    BL_TRY(cli_call(c, method, path, query, body, NULL, &status, &answer));
    if (status >= 400)
        return cli_refused(c, status, answer);
    *ret_body = answer;
    return BL_OK;
}

enum bl_err cli_tree(struct cli *c, struct bl_str body, struct bl_json **ret)
{
    if (bl_json_parse(&c->call, body, ret) == BL_OK)
        return BL_OK;
    return bl_fail(&c->x, BL_INTERNAL, "The answer could not be read: %s", c->call.why);
}

struct bl_str cli_path(struct cli *c, const char *fmt, ...)
{
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return bl_str_dup(&c->x.arena, bl_str_of(text));
}

const char *cli_escaped(struct cli *c, const char *text)
{
    struct bl_buf b = {0};
    for (const char *p = text; *p && b.n < 600; p++) {
        bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
                     strchr("-._~:", *p);
        if (plain)
            bl_buf_byte(&b, (uint8_t)*p);
        else
            bl_buf_printf(&b, "%%%02X", (unsigned)(unsigned char)*p);
    }
    struct bl_str s = bl_str_dup(&c->x.arena, b.n ? bl_buf_view(&b) : BL_STR(""));
    bl_buf_release(&b);
    return s.p;
}
