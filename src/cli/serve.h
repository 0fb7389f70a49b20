/* serve: the options of `billow serve`, as the command line has read them, and the function that serves. */
#ifndef BILLOW_CLI_SERVE_H
#define BILLOW_CLI_SERVE_H

#include "driver/driver.h"
#include "work/work.h"

#include <stdbool.h>

struct cli;
struct cli_serve_options {
    const char *listen;             /* ADDR:PORT of the public side; default 127.0.0.1:8080 */
    const char *operator_listen;    /* ADDR:PORT of the operator's side; default 127.0.0.1:8081 */
    const char *public_url;         /* base of the links in answers; NULL: from the Host of each request */
    const char *tls_cert, *tls_key; /* PEM files, both or neither (NULL) */
    int rate_hour, rate_minute;     /* requests a token may make; both 0: off; default 5000 and 250 */
    bool close_auto;                /* close each period by itself when its grace has passed */
    bool insecure_http;             /* plain HTTP on other addresses than loopback: a proxy terminates TLS */
    enum work_apps apps;            /* who deploys apps; default off */
    bool quiet;                     /* no line a request on standard error */
    enum driver_kind volumes;       /* what is behind volumes; default off */
    const char *volumes_dir;        /* of image; NULL: beside the database */
    const char *volumes_exec;       /* of exec; NULL with every other */
    void (*ready)(
            struct cli *c); /* called once, when all listeners accept; NULL: say on standard error where */
};

/* Serves the database c->db with the clock of c (c->has_now, c->now_us, c->now_runs) until SIGTERM or SIGINT
 * has been obeyed. Options: c->serve. Gives the exit status; when that is not 0 the sentence for a person is
 * in c->x.why, and who called prints it. */
int cli_serve(struct cli *c);

#endif
