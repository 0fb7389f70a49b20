/* What the files of serving share: a request on its way, and the server it belongs to. */
#ifndef BILLOW_CLI_SERVE_INNER_H
#define BILLOW_CLI_SERVE_INNER_H

#include "api/api.h"
#include "cli/cli.h"
#include "http/http.h"

#include <pthread.h>
#include <stdatomic.h>

struct job {
    struct serving *s;
    struct http_exchange *e;
    struct api_request in;
    struct api_reply out;
    const struct api_route *route;
    struct api_events *events;
    struct job *next;
};
struct serving {
    struct cli *c;
    struct work *work;
    struct api *api;
    struct http_server *http;
    struct store_db *loop_db;
    bool reading; /* the loop's shared read transaction is open */
    pthread_mutex_t lock;
    struct job *waiting, **last;       /* events that wait for the writer, under lock */
    bool closing;                      /* an automatic close is under way; writer thread */
    struct job *parked, **parked_last; /* what waits for something to come, the oldest first; under lock */
    struct job *tried;                 /* what is looked at again; its own thread's while `trying` */
    bool trying;                       /* under lock */
    uint64_t ticks;                    /* loop thread */
    _Atomic bool probing;              /* the database is being asked whether it is there */
};

void serve_answer(struct job *j);                                  /* j is gone afterwards */
void serve_on_writer(struct bl_ctx *x, struct work *w, void *job); /* runs it, on the writer thread */

/* park.c */
void serve_park(struct job *j);       /* its answer was: nothing has come yet */
void serve_parked(struct serving *s); /* now and then, on the loop thread: asks again for those that wait */

#endif
