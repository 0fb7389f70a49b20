/* The options of serving, shared by `serve` and `demo`: words become numbers, and what contradicts itself is
 * refused before anything is opened. */
#include "cli/cli.h"

#include <stdlib.h>
#include <string.h>

#define RATE_HOUR 5000
#define RATE_MINUTE 250

static enum bl_err rate(struct cli *c, const char *text)
{
    char *end = NULL;
    if (strcmp(text, "off") == 0) {
        c->serve.rate_hour = c->serve.rate_minute = 0;
        return BL_OK;
    }
    if (strspn(text, "0123456789/") == strlen(text) && strlen(text) < 20) {
        long hour = strtol(text, &end, 10);
        long minute = *end == '/' ? strtol(end + 1, &end, 10) : 0;
        if (*end == 0 && hour > 0 && minute > 0 && hour <= 1000000000 && minute <= 1000000000) {
            c->serve.rate_hour = (int)hour;
            c->serve.rate_minute = (int)minute;
            return BL_OK;
        }
    }
    return cli_usage(c, "--rate-limit takes HOUR/MINUTE, such as 5000/250, or off.");
}

/* ADDR:PORT, the address of IPv6 in brackets. */
static enum bl_err address(struct cli *c, const char *option, const char *fallback, const char **ret)
{
    const char *text = cli_opt(c, option);
    *ret = text ? text : fallback;
    const char *colon = strrchr(*ret, ':');
    size_t n = colon ? strlen(colon + 1) : 0;
    if (!colon || colon == *ret || n == 0 || n > 5 || strspn(colon + 1, "0123456789") != n ||
            atoi(colon + 1) > 65535)
        return cli_usage(c, "--%s takes ADDR:PORT, such as %s.", option, fallback);
    return BL_OK;
}

static enum bl_err volumes(struct cli *c)
{
    struct cli_serve_options *o = &c->serve;
    const char *kind = cli_opt(c, "volumes");
    o->volumes_dir = cli_opt(c, "volumes-dir");
    o->volumes_exec = cli_opt(c, "volumes-exec");
    o->volumes = DRIVER_OFF;
    while (kind && strcmp(kind, driver_kind_name(o->volumes)) != 0)
        if (o->volumes++ == DRIVER_EXEC)
            return cli_usage(c, "--volumes takes off, record, image or exec.");
    if (o->volumes_dir && o->volumes != DRIVER_IMAGE)
        return cli_usage(c, "--volumes-dir goes with --volumes image.");
    if ((o->volumes_exec != NULL) != (o->volumes == DRIVER_EXEC))
        return cli_usage(c, "--volumes exec and --volumes-exec PROGRAM go together.");
    return BL_OK;
}

static enum bl_err apps(struct cli *c, const char *text)
{
    static const char *const words[] = {
            [WORK_APPS_OFF] = "off", [WORK_APPS_RECORD] = "record", [WORK_APPS_AGENT] = "agent"};
    for (size_t i = 0; i < BL_COUNT(words); i++)
        if (strcmp(text, words[i]) == 0) {
            c->serve.apps = (enum work_apps)i;
            return BL_OK;
        }
    return cli_usage(c, "--apps takes off, agent or record.");
}

enum bl_err cli_serve_read(struct cli *c)
{
    struct cli_serve_options *o = &c->serve;
    const char *close = cli_opt(c, "close"), *limit = cli_opt(c, "rate-limit"), *who = cli_opt(c, "apps");
    *o = (struct cli_serve_options){.rate_hour = RATE_HOUR, .rate_minute = RATE_MINUTE};
    BL_TRY(address(c, "listen", "127.0.0.1:8080", &o->listen));
    BL_TRY(address(c, "operator-listen", "127.0.0.1:8081", &o->operator_listen));
    o->public_url = cli_opt(c, "public-url");
    o->tls_cert = cli_opt(c, "tls-cert");
    o->tls_key = cli_opt(c, "tls-key");
    o->insecure_http = cli_flag(c, "insecure-http");
    o->quiet = cli_flag(c, "quiet");
    o->close_auto = close != NULL;
    if (!o->tls_cert != !o->tls_key)
        return cli_usage(c, "--tls-cert and --tls-key go together: give both or neither.");
    if (close && strcmp(close, "auto") != 0)
        return cli_usage(c, "--close takes auto.");
    if (o->public_url && strncmp(o->public_url, "http://", 7) != 0 &&
            strncmp(o->public_url, "https://", 8) != 0)
        return cli_usage(c, "--public-url takes a URL that begins with http:// or https://.");
    BL_TRY(volumes(c));
    if (who)
        BL_TRY(apps(c, who));
    return limit ? rate(c, limit) : BL_OK;
}

enum bl_err cmd_serve(struct cli *c)
{
    BL_TRY(cli_serve_read(c));
    c->exit = cli_serve(c);
    return c->exit == 0 ? BL_OK : c->x.err ? c->x.err : BL_INTERNAL;
}
