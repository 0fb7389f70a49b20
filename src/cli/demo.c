/* demo: a folder, a test database, three months of a small cloud's life told in order with the clock moved
 * along, and then the server. Everything goes through the same requests that a person or a program would
 * make. */
#include "cli/cli.h"
#include "cli/demo.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cal/cal.h"

extern const unsigned char cli_example_prices[]; /* examples/prices.yaml, put in by the build */
extern const size_t cli_example_prices_size;

#define BATCH_BYTES ((size_t)8 << 20)

struct demo {
    struct cli *c;
    const char *folder, *org, *operator_token, *org_token;
    const char *token[DEMO_COUNT];
    size_t events;
    int64_t began_us, built_us;
};
static struct demo *serving; /* what the server's "ready" speaks of */
static volatile sig_atomic_t interrupted;

static void on_signal(int n)
{
    (void)n;
    interrupted = 1;
}

static const char *team(struct demo *d, enum demo_who who)
{
    return bl_str_printf(&d->c->x.arena, BL_URN_TEAM "%s", demo_customers[who].uuid).p;
}

/* ---- requests */

static enum bl_err at(struct demo *d, const char *time)
{
    return bl_time_parse(&d->c->x, bl_str_of(time), &d->c->now_us);
}

static struct bl_str take(struct demo *d, struct bl_buf *b)
{
    struct bl_str s = bl_str_dup(&d->c->x.arena, bl_buf_view(b));
    bl_buf_release(b);
    return s;
}

/* POSTs an object; gives a string member of the answer, fit to be kept. */
static enum bl_err add(
        struct demo *d, struct bl_str path, struct bl_str body, const char *member, const char **ret)
{
    struct bl_str answer;
    struct bl_json *tree;
    BL_TRY(cli_ask(d->c, "POST", path, BL_ABSENT, body, &answer));
    if (!ret)
        return BL_OK;
    BL_TRY(cli_tree(d->c, answer, &tree));
    *ret = bl_str_dup(&d->c->x.arena, bl_json_str(tree, member)).p;
    return BL_OK;
}

static enum bl_err load_prices(struct demo *d)
{
    struct bl_buf b = {0};
    struct bl_jw j;
    struct bl_str answer;
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "file", "prices.yaml");
    bl_jw_kstr(&j, "yaml", (struct bl_str){(const char *)cli_example_prices, cli_example_prices_size});
    bl_jw_end_object(&j);
    return cli_ask(d->c, "PUT", BL_STR("/operator/v1/prices"), BL_ABSENT, take(d, &b), &answer);
}

static void kz(struct bl_jw *j, const char *key, const char *value)
{
    if (value)
        bl_jw_kz(j, key, value);
}

static enum bl_err add_account(struct demo *d, enum demo_who who)
{
    const struct demo_customer *u = &demo_customers[who];
    struct bl_buf b = {0};
    struct bl_jw j;
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "urn", team(d, who));
    bl_jw_kz(&j, "name", u->name);
    kz(&j, "company", u->company);
    bl_jw_kz(&j, "email", u->email);
    kz(&j, "tax_id", u->tax_id);
    kz(&j, "zone", u->zone);
    kz(&j, "org", u->in_org ? d->org : NULL);
    bl_jw_key(&j, "address");
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "address_line1", u->line1);
    bl_jw_kz(&j, "city", u->city);
    kz(&j, "region", u->region);
    kz(&j, "postal_code", u->postal_code);
    bl_jw_kz(&j, "country", u->country);
    bl_jw_end_object(&j);
    bl_jw_end_object(&j);
    return add(d, BL_STR("/operator/v1/accounts"), take(d, &b), "urn", NULL);
}

static enum bl_err add_token(
        struct demo *d, const char *owner, const char *urn, const char *dialect, const char **ret)
{
    struct bl_buf b = {0};
    if (urn)
        bl_buf_printf(&b, "{\"%s\":\"%s\",\"dialect\":\"%s\",\"name\":\"demo\"}", owner, urn, dialect);
    else
        bl_buf_printf(&b, "{\"%s\":true,\"name\":\"demo\"}", owner);
    return add(d, BL_STR("/operator/v1/tokens"), take(d, &b), "token", ret);
}

static enum bl_err post(struct demo *d, enum demo_who who, const char *noun, const char *body)
{
    return add(d, cli_path(d->c, "/operator/v1/accounts/%s/%s", team(d, who), noun), bl_str_of(body), NULL,
            NULL);
}

/* ---- events */

static enum bl_err send_events(struct demo *d, struct bl_str lines, bool odd)
{
    int status = 0;
    struct bl_str answer;
    while (lines.n > 0) {
        size_t n = lines.n;
        if (n > BATCH_BYTES) {
            const char *end = memrchr(lines.p, '\n', BATCH_BYTES);
            n = end ? (size_t)(end - lines.p) + 1 : n;
        }
        BL_TRY(cli_call(d->c, "POST", BL_STR("/operator/v1/events"), BL_ABSENT, (struct bl_str){lines.p, n},
                "application/x-ndjson", &status, &answer));
        if (status != 200)
            return cli_refused(d->c, status, answer);
        struct bl_json *tree;
        BL_TRY(cli_tree(d->c, answer, &tree));
        const struct bl_json *rejected = bl_json_get(tree, "rejected");
        if (!odd && rejected && rejected->first)
            return bl_fail(&d->c->x, BL_INTERNAL, "An event of the example was rejected: %.*s",
                    BL_FMT(bl_json_str(rejected->first, "reason")));
        lines = (struct bl_str){lines.p + n, lines.n - n};
    }
    return BL_OK;
}

static enum bl_err live(struct demo *d, const char *from, const char *to)
{
    struct bl_buf b = {0};
    int64_t from_us, to_us;
    BL_TRY(bl_time_parse(&d->c->x, bl_str_of(from), &from_us));
    BL_TRY(bl_time_parse(&d->c->x, bl_str_of(to), &to_us));
    BL_TRY(at(d, to));
    d->events += demo_events(from_us, to_us, &b);
    enum bl_err e = send_events(d, bl_buf_view(&b), false);
    bl_buf_release(&b);
    return e;
}

static enum bl_err surprise(struct demo *d)
{
    struct bl_buf b = {0};
    demo_odd_events(&b);
    enum bl_err e = send_events(d, bl_buf_view(&b), true);
    bl_buf_release(&b);
    d->events++;
    return e;
}

/* ---- months */

static enum bl_err close_month(struct demo *d, const char *period)
{
    struct bl_str answer;
    struct bl_json *tree;
    const struct bl_json *done = NULL;
    while (!done || !done->truth) {
        BL_TRY(cli_ask(d->c, "POST", cli_path(d->c, "/operator/v1/periods/%s/close", period), BL_ABSENT,
                BL_STR("{}"), &answer));
        BL_TRY(cli_tree(d->c, answer, &tree));
        done = bl_json_get(tree, "done");
    }
    return BL_OK;
}

/* Pays what the newest invoice of a customer asks for. */
static enum bl_err pay_newest(struct demo *d, enum demo_who who)
{
    struct bl_str answer;
    struct bl_json *tree;
    BL_TRY(cli_ask(d->c, "GET", cli_path(d->c, "/operator/v1/accounts/%s/invoices", team(d, who)),
            BL_STR("per_page=1"), BL_ABSENT, &answer));
    BL_TRY(cli_tree(d->c, answer, &tree));
    const struct bl_json *list = bl_json_get(tree, "invoices"), *one = list ? list->first : NULL;
    struct bl_str amount = one ? bl_json_str(one, "amount") : BL_ABSENT,
                  id = one ? bl_json_str(one, "invoice_id") : BL_ABSENT;
    if (amount.n == 0 || amount.p[0] == '-' || bl_str_is(amount, "0.00"))
        return BL_OK;
    struct bl_str body = bl_str_printf(
            &d->c->x.arena, "{\"amount\":\"%.*s\",\"ref\":\"transfer-%.*s\"}", BL_FMT(amount), BL_FMT(id));
    return post(d, who, "payments", body.p);
}

static enum bl_err prepare(struct demo *d)
{
    BL_TRY(at(d, "2026-01-01T00:00:00Z"));
    BL_TRY(load_prices(d));
    BL_TRY(add(
            d, BL_STR("/operator/v1/orgs"), BL_STR("{\"name\":\"Northern Trading Group\"}"), "urn", &d->org));
    for (int who = 0; who < DEMO_COUNT; who++)
        BL_TRY(add_account(d, (enum demo_who)who));
    return BL_OK;
}

static enum bl_err make_tokens(struct demo *d)
{
    for (int who = 0; who < DEMO_COUNT; who++)
        BL_TRY(add_token(d, "account", team(d, (enum demo_who)who), demo_customers[who].civo ? "civo" : "do",
                &d->token[who]));
    BL_TRY(add_token(d, "org", d->org, "do", &d->org_token));
    return add_token(d, "operator", NULL, NULL, &d->operator_token);
}

static enum bl_err tell_story(struct demo *d)
{
    BL_TRY(prepare(d));
    BL_TRY(live(d, "2026-01-01T00:00:00Z", "2026-02-02T09:00:00Z"));
    BL_TRY(close_month(d, "2026-01"));
    BL_TRY(pay_newest(d, DEMO_SAMMY));
    BL_TRY(pay_newest(d, DEMO_GRUENWALD));
    BL_TRY(pay_newest(d, DEMO_SHINONOME));
    BL_TRY(post(d, DEMO_GRUENWALD, "credits",
            "{\"amount\":\"60.00\",\"note\":\"Welcome "
            "credit\",\"ref\":\"welcome\",\"expires\":\"2026-12-31T00:00:00Z\"}"));
    BL_TRY(at(d, "2026-02-20T10:00:00Z"));
    BL_TRY(surprise(d));
    BL_TRY(live(d, "2026-02-02T09:00:00Z", "2026-03-02T09:00:00Z"));
    BL_TRY(post(d, DEMO_SAMMY, "refunds",
            "{\"amount\":\"5.00\",\"ref\":\"refund-1\",\"note\":\"Outage of 2026-02-19\"}"));
    BL_TRY(close_month(d, "2026-02"));
    BL_TRY(pay_newest(d, DEMO_SAMMY));
    BL_TRY(pay_newest(d, DEMO_HARBOUR));
    BL_TRY(post(d, DEMO_SHINONOME, "adjustments",
            "{\"amount\":\"-250.00\",\"ref\":\"volume-discount\",\"note\":\"Volume discount agreed for "
            "March\"}"));
    BL_TRY(post(d, DEMO_HARBOUR, "credits",
            "{\"amount\":\"3.00\",\"ref\":\"goodwill-1\",\"note\":\"With apologies\"}"));
    BL_TRY(live(d, "2026-03-02T09:00:00Z", "2026-04-02T09:00:00Z"));
    BL_TRY(close_month(d, "2026-03"));
    BL_TRY(live(d, "2026-04-02T09:00:00Z", "2026-04-16T12:00:00Z"));
    return make_tokens(d);
}

/* ---- what to try */

static void print_customers(struct demo *d)
{
    puts("Customers:");
    for (int who = 0; who < DEMO_COUNT; who++) {
        const struct demo_customer *u = &demo_customers[who];
        printf("  %s, %s%s\n    %s\n    %s\n", u->company ? u->company : u->name, u->country,
                u->civo ? ", speaks Civo's API" : "", team(d, (enum demo_who)who), d->token[who]);
    }
    printf("Organization of the first two:\n  %s\n    %s\n", d->org, d->org_token);
    printf("Operator:\n    %s\n\n", d->operator_token);
}

/* The folder this program is in, when a shell would not look there: the commands shown must work as they are.
 */
static const char *folder_to_add(struct bl_arena *m)
{
    char exe[4096];
    const char *path = getenv("PATH");
    ssize_t n = readlink("/proc/self/exe", exe, sizeof exe);
    while (n > 0 && exe[n - 1] != '/')
        n--;
    if (n <= 1 || memchr(exe, '\'', (size_t)n) != NULL)
        return NULL;
    struct bl_str folder = bl_str_dup(m, (struct bl_str){exe, (size_t)n - 1});
    const char *within = bl_str_printf(m, ":%s:", path != NULL ? path : "").p;
    const char *one = bl_str_printf(m, ":%.*s:", BL_FMT(folder)).p;
    return strstr(within, one) == NULL ? folder.p : NULL;
}

static void print_tries(struct demo *d)
{
    const char *public = d->c->serve.listen, *operator_ = d->c->serve.operator_listen,
               *sammy = d->token[DEMO_SAMMY];
    puts("Try, in another terminal:\n");
    printf("  TOKEN=%s\n", sammy);
    printf("  curl -sH \"Authorization: Bearer $TOKEN\" http://%s/v2/customers/my/balance\n", public);
    printf("  curl -sH \"Authorization: Bearer $TOKEN\" http://%s/v2/customers/my/invoices\n", public);
    printf("  curl -sH \"Authorization: Bearer $TOKEN\" http://%s/v2/customers/my/invoices/preview/csv\n",
            public);
    printf("  curl -sH \"Authorization: Bearer $TOKEN\" "
           "http://%s/v2/billing/%s/insights/2026-03-01/2026-03-31\n",
            public, team(d, DEMO_SAMMY));
    printf("  curl -sH \"Authorization: Bearer $TOKEN\" http://%s/v2/volumes "
           "-d '{\"name\": \"data\", \"region\": \"nyc3\", \"size_gigabytes\": 10, \"filesystem_type\": "
           "\"ext4\"}'\n",
            public);
    if (d->c->serve.volumes == DRIVER_IMAGE)
        printf("    (a file of 10 GiB in %s.volumes, billed from now on)\n\n", d->c->db);
    else
        puts("    (a record alone: mkfs.ext4 is not on this machine)\n");
    printf("  doctl -u http://%s -t $TOKEN balance get\n", public);
    printf("  doctl -u http://%s -t $TOKEN invoice list\n", public);
    printf("  python3 -c 'import pydo, sys; c = pydo.Client(sys.argv[1], endpoint=\"http://%s\");"
           " print(c.balance.get(enforce_https=False))' $TOKEN\n",
            public);
    puts("    (pydo refuses plain HTTP unless every call says enforce_https=False)\n");
    printf("  curl -sH \"Authorization: bearer %s\" "
           "'http://%s/v2/charges?from=2026-03-01T00:00:00Z&to=2026-04-01T00:00:00Z'\n\n",
            d->token[DEMO_HARBOUR], public);
    printf("  OPERATOR=%s\n", d->operator_token);
    printf("  curl -sH \"Authorization: Bearer $OPERATOR\" http://%s/operator/v1/accounts\n", operator_);
    printf("  curl -sH \"Authorization: Bearer $OPERATOR\" http://%s/operator/v1/apps "
           "-d '{\"account\": \"%s\", \"spec\": {\"name\": \"shop\", \"services\": [{\"name\": "
           "\"web\"}]}}'\n",
            operator_, team(d, DEMO_SAMMY));
    puts("    (an app, billed from now on; its customer deploys it under /v2/apps/{id}/deployments)\n");
    const char *folder = folder_to_add(&d->c->x.arena);
    if (folder != NULL)
        printf("  export PATH='%s':\"$PATH\"\n", folder);
    printf("  export BILLOW_DB=%s\n", d->c->db);
    puts("  billow account list");
    printf("  billow invoice pdf --account %s preview\n", team(d, DEMO_SAMMY));
    printf("  billow history --account %s\n", team(d, DEMO_GRUENWALD));
    puts("  billow verify\n");
}

static void ready(struct cli *c)
{
    struct demo *d = serving;
    printf("Billow's example runs: %d customers, %zu resources, %zu events, three closed months, built in "
           "%.1f s.\n"
           "Its clock began at 2026-04-16T12:00:00Z and runs on.\n\n",
            DEMO_COUNT, demo_resource_count(), d->events, (double)(d->built_us - d->began_us) / 1e6);
    print_customers(d);
    print_tries(d);
    printf("Ctrl-C ends it%s.\n", cli_opt(c, "keep") ? "" : " and removes the folder");
    fflush(stdout);
}

/* ---- the folder */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static enum bl_err make_folder(struct demo *d)
{
    struct bl_arena *m = &d->c->x.arena;
    const char *keep = cli_opt(d->c, "keep"), *tmp = getenv("TMPDIR");
    if (!keep) {
        char *path = (char *)bl_str_printf(m, "%s/billow-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp").p;
        d->folder = mkdtemp(path);
        if (!d->folder)
            return bl_fail(&d->c->x, BL_UNAVAILABLE,
                    "No temporary folder could be made (%s): name one with --keep DIR.", strerror(errno));
    } else {
        d->folder = keep;
        if (mkdir(keep, 0700) != 0 && errno != EEXIST)
            return bl_fail(&d->c->x, BL_UNAVAILABLE, "%s could not be made: %s.", keep, strerror(errno));
    }
    char *whole = realpath(d->folder, NULL); /* what is printed is pasted elsewhere */
    if (!whole)
        return bl_fail(&d->c->x, BL_UNAVAILABLE, "%s could not be opened: %s.", d->folder, strerror(errno));
    d->folder = bl_str_dup(m, bl_str_of(whole)).p;
    free(whole);
    d->c->db = bl_str_printf(m, "%s/demo.db", d->folder).p;
    if (access(d->c->db, F_OK) == 0)
        return bl_fail(&d->c->x, BL_CONFLICT,
                "%s is there already: serve it with billow serve --db %s --now 2026-04-16T12:00:00Z+ "
                "--volumes image --apps record, or name another folder.",
                d->c->db, d->c->db);
    return BL_OK;
}

/* Between two steps a Ctrl-C is obeyed; from the server on it is the server's. */
static enum bl_err build(struct demo *d)
{
    static const struct cli_command owner = {.name = "demo", .flags = CLI_WRITES};
    const struct cli_command *asked = d->c->command;
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    d->c->command = &owner;
    d->c->has_now = true;
    d->c->now_runs = false;
    enum bl_err e = tell_story(d);
    cli_hang_up(d->c);
    d->c->command = asked;
    if (e == BL_OK && interrupted)
        return bl_fail(&d->c->x, BL_UNAVAILABLE, "Interrupted.");
    return e;
}

enum bl_err cmd_demo(struct cli *c)
{
    struct demo d = {.c = c, .began_us = cli_mono_us()};
    BL_TRY(cli_serve_read(c));
    enum bl_err e = make_folder(&d);
    bool ours = d.folder && !cli_opt(c, "keep");
    if (e == BL_OK)
        e = build(&d);
    if (e == BL_OK) {
        d.built_us = cli_mono_us();
        serving = &d;
        c->now_runs = true;
        c->serve.quiet = true;
        c->serve.volumes = driver_image_here() ? DRIVER_IMAGE : DRIVER_RECORD;
        c->serve.apps = WORK_APPS_RECORD;
        c->serve.ready = ready;
        c->exit = cli_serve(c);
        e = c->exit == 0 ? BL_OK : c->x.err;
    }
    if (ours)
        nftw(d.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return e;
}
