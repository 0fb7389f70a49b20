/* serve: requests from the server to the API and back, each on the thread its row asks for.
 *
 *     loop thread    quick reads, many under one read transaction a wake
 *     worker pool    reads that may take long; reading events
 *     hands          what asks a driver, which may take long
 *     writer thread  everything else that writes; all batches of events that wait go in one transaction */
#include "cli/serve_inner.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define TICK_US 250000
#define GROUP_MAX 256 /* POSTs of events in one transaction */

/* ---- between http's words and api's */

static void request_of(const struct http_request *r, struct api_request *ret)
{
    /* The two structs of a header are alike on purpose; each module keeps its own name for it. */
    _Static_assert(sizeof(struct http_header) == sizeof(struct api_header), "the same two strings");
    *ret = (struct api_request){
            .door = (enum api_door)r->tag,
            .method = r->method,
            .path = r->path,
            .query = r->query,
            .body = r->body,
            .peer = r->peer,
            .header = (const struct api_header *)(const void *)r->header,
            .n_header = r->n_header,
            .tls = r->tls,
    };
}

static void reply_of(const struct api_reply *in, struct http_reply *ret)
{
    ret->status = in->status;
    ret->header = (const struct http_header *)(const void *)in->header;
    ret->n_header = in->n_header;
    ret->body = in->body;
}

void serve_answer(struct job *j)
{
    struct http_reply r = {0};
    struct http_exchange *e = j->e;
    api_log(j->s->api, &j->in, &j->out, http_exchange_age_us(e));
    reply_of(&j->out, &r);
    http_answer(e, &r); /* j lives in its memory: not touched afterwards */
}

/* ---- where requests run */

static void reading_begin(struct serving *s, struct bl_ctx *x)
{
    if (!s->reading && store_read_begin(x, s->loop_db) == BL_OK)
        s->reading = true;
}

static void on_loop(struct serving *s, struct job *j)
{
    struct bl_ctx *x = http_exchange_ctx(j->e);
    reading_begin(s, x);
    x->now_us = work_now(s->work); /* another process may have moved a test clock */
    api_run(s->api, x, s->loop_db, j->route, &j->in, &j->out);
    serve_answer(j);
}

static void before_wait(void *arg)
{
    struct serving *s = arg;
    if (s->reading)
        store_read_end(s->loop_db);
    s->reading = false;
}

/* What fails here fails in the request too, and is told there. */
static void begin_fresh(struct job *j, struct bl_ctx *x, struct store_db *db)
{
    if (work_fresh(x, j->s->work, db) != BL_OK)
        x->err = BL_OK;
}

static void in_pool(void *arg)
{
    struct job *j = arg;
    struct store_db *db = store_reader_take(work_store(j->s->work));
    begin_fresh(j, http_exchange_ctx(j->e), db);
    api_run(j->s->api, http_exchange_ctx(j->e), db, j->route, &j->in, &j->out);
    store_reader_give(work_store(j->s->work), db);
    serve_answer(j);
}

static void on_hand(struct work *w, void *arg)
{
    (void)w;
    in_pool(arg);
}

void serve_on_writer(struct bl_ctx *x, struct work *w, void *arg)
{
    struct job *j = arg;
    (void)x;
    struct bl_ctx *own = http_exchange_ctx(j->e);
    own->now_us = work_now(w);
    struct work_again again = {.limit_us = WORK_AGAIN_REQUEST_US};
    do {
        begin_fresh(j, own, store_writer(work_store(w)));
        api_run(j->s->api, own, store_writer(work_store(w)), j->route, &j->in, &j->out);
    } while (j->out.status == 503 && work_again(w, &again));
    if (j->out.status == 0)
        serve_park(j);
    else
        serve_answer(j);
}

static size_t take_waiting(struct serving *s, struct job *list[GROUP_MAX])
{
    size_t n = 0;
    pthread_mutex_lock(&s->lock);
    while (s->waiting && n < GROUP_MAX) {
        list[n++] = s->waiting;
        s->waiting = s->waiting->next;
    }
    if (!s->waiting)
        s->last = &s->waiting;
    pthread_mutex_unlock(&s->lock);
    return n;
}

static void events_on_writer(struct bl_ctx *x, struct work *w, void *arg)
{
    struct serving *s = arg;
    struct job *list[GROUP_MAX];
    struct api_events *events[GROUP_MAX];
    size_t n = take_waiting(s, list);
    for (size_t i = 0; i < n; i++)
        events[i] = list[i]->events;
    if (n > 0)
        api_events_run(s->api, x, events, n);
    for (size_t i = 0; i < n; i++)
        serve_answer(list[i]);
    bl_ctx_reset(x, work_now(w));
    if (store_seal(x, work_store(w), x->now_us, false) != BL_OK) /* tried again after the next batch */
        fprintf(stderr, "billow: sealing: %s\n", x->why);
}

static void events_in_pool(void *arg)
{
    struct job *j = arg;
    struct serving *s = j->s;
    struct bl_ctx *x = http_exchange_ctx(j->e);
    struct store_db *db = store_reader_take(work_store(s->work));
    begin_fresh(j, x, db);
    j->events = api_events_begin(s->api, x, db, j->route, &j->in, &j->out);
    store_reader_give(work_store(s->work), db);
    if (!j->events) {
        serve_answer(j);
        return;
    }
    j->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->last = j;
    s->last = &j->next;
    pthread_mutex_unlock(&s->lock);
    work_writer_submit(
            s->work, events_on_writer, s); /* the first to run takes all; the others find nothing */
}

static void handle(void *arg, struct http_exchange *e)
{
    struct serving *s = arg;
    struct bl_ctx *x = http_exchange_ctx(e);
    enum api_where where = API_LOOP;
    size_t body_max = 0;
    x->now_us = work_now(s->work);
    struct job *j = bl_alloc(&x->arena, sizeof *j);
    j->s = s;
    j->e = e;
    request_of(http_exchange_request(e), &j->in);
    j->in.may_wait = true;
    j->route = api_route_find(&j->in, &where, &body_max);
    if (j->route && api_is_events(j->route))
        http_in_pool(s->http, events_in_pool, j);
    else if (where == API_WRITER)
        work_writer_submit(s->work, serve_on_writer, j);
    else if (where == API_POOL)
        http_in_pool(s->http, in_pool, j);
    else if (where == API_HANDS)
        work_hands_submit(s->work, on_hand, j);
    else
        on_loop(s, j);
}

static size_t body_max(void *arg, const struct http_request *r)
{
    struct api_request in;
    enum api_where where;
    size_t max = 0;
    (void)arg;
    request_of(r, &in);
    api_route_find(&in, &where, &max);
    return max;
}

/* A large body is not read of one who has no right to send it, and none where nothing takes it. */
static bool early(void *arg, struct bl_ctx *x, const struct http_request *r, struct http_reply *ret)
{
    struct serving *s = arg;
    struct api_request in;
    enum api_where where;
    size_t max = 0;
    request_of(r, &in);
    const struct api_route *route = api_route_find(&in, &where, &max);
    if (route && max <= 1 << 20)
        return false;
    struct api_reply *out = bl_alloc(&x->arena, sizeof *out);
    x->now_us = work_now(s->work);
    reading_begin(s, x);
    if (!api_turned_away(s->api, x, s->loop_db, route, &in, out))
        return false;
    api_log(s->api, &in, out, 0);
    reply_of(out, ret);
    return true;
}

static void refuse(
        void *arg, struct bl_ctx *x, const struct http_request *r, int status, struct http_reply *ret)
{
    static const struct {
        int status;
        enum bl_err e;
        const char *why;
    } all[] = {{408, BL_BAD_REQUEST, "The request took too long to arrive."},
            {413, BL_TOO_LARGE, "The body is larger than this path accepts."},
            {414, BL_BAD_REQUEST, "The path and query are longer than 8 KiB."},
            {417, BL_BAD_REQUEST, "Only 100-continue can be expected."},
            {431, BL_BAD_REQUEST, "The head is larger than 64 KiB or has more than 100 fields."},
            {503, BL_UNAVAILABLE, "More is being sent at this moment than is taken at once; try again."}};
    struct serving *s = arg;
    struct api_request in;
    struct api_reply *out = bl_alloc(&x->arena, sizeof *out);
    enum bl_err e = BL_BAD_REQUEST;
    const char *why = "The request is no sound HTTP/1.1 or HTTP/1.0, or its body no sound gzip.";
    for (size_t i = 0; i < BL_COUNT(all); i++)
        if (all[i].status == status) {
            e = all[i].e;
            why = all[i].why;
        }
    x->now_us = work_now(s->work);
    request_of(r, &in);
    api_refuse(s->api, x, &in, e, why, out);
    out->status = status;
    api_log(s->api, &in, out, 0);
    reply_of(out, ret);
}

static void stopping(void *arg)
{
    api_set_draining(((struct serving *)arg)->api);
}

/* ---- closing by itself */

static void auto_close(struct bl_ctx *x, struct work *w, void *arg)
{
    struct serving *s = arg;
    struct work_close_state state;
    struct work_close_ask ask = {.grace = true, .jobs = 1}; /* there is time: customers come first */
    if (!work_close_due(w, x->now_us, &ask.period))
        return;
    enum bl_err e = work_close_chunk(x, w, "auto", &ask, &state);
    s->closing = e == BL_OK && !state.done;
    if (s->closing)
        work_writer_submit(w, auto_close, s);
    else if (e != BL_OK)
        fprintf(stderr, "billow: closing by itself: %s\n", x->why);
}

static void every_minute(struct serving *s)
{
    if (s->c->serve.close_auto)
        work_writer_submit(s->work, auto_close, s);
    work_volumes_again(s->work);
}

/* ---- the clock of a test database on PostgreSQL is what stands in it */

static void stamp(struct bl_ctx *x, struct work *w, void *arg)
{
    (void)arg;
    if (work_stamp(x, w, true) != BL_OK)
        fprintf(stderr, "billow: writing the clock down: %s\n", x->why);
}

/* Whether the database is there is asked each second, so that /readyz says so without being asked for more.
 */
static void probe(void *arg)
{
    struct serving *s = arg;
    struct bl_ctx x;
    bl_ctx_init(&x, work_now(s->work));
    struct store_db *db = store_reader_take(work_store(s->work));
    if (store_fresh(&x, db) != BL_OK && x.err != BL_UNAVAILABLE)
        fprintf(stderr, "billow: %s\n", x.why);
    store_reader_give(work_store(s->work), db);
    bl_ctx_release(&x);
    atomic_store(&s->probing, false);
}

static void every_second(struct serving *s)
{
    if (!store_is_url(s->c->db))
        return;
    if (s->c->now_runs)
        work_writer_submit(s->work, stamp, s);
    if (s->ticks % (WORK_HOLDER_BEAT_US / TICK_US) == 0)
        work_roles_beat(s->work);
    if (!atomic_exchange(&s->probing, true))
        http_in_pool(s->http, probe, s);
}

static void on_tick(void *arg)
{
    struct serving *s = arg;
    serve_parked(s);
    s->ticks++;
    if (s->ticks % (BL_US / TICK_US) == 0)
        every_second(s);
    if (s->ticks % (60 * BL_US / TICK_US) == 0)
        every_minute(s);
}

/* ---- starting */

static bool is_loopback(const char *address)
{
    return strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0 ||
           strncmp(address, "localhost:", 10) == 0;
}

static enum bl_err listen_on(struct serving *s, const char *address, enum api_door door, bool tls)
{
    struct bl_ctx *x = &s->c->x;
    int port = 0;
    if (!tls && !is_loopback(address) && !s->c->serve.insecure_http)
        return bl_fail(x, BL_INVALID,
                "Plain HTTP is for loopback only, not for %s: give --tls-cert and --tls-key, or "
                "--insecure-http when a proxy terminates TLS.",
                address);
    enum bl_err e = http_listen(x, s->http, address, (int)door, tls, &port);
    if (e != BL_CONFLICT)
        return e;
    struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
    return bl_fail(x, e, "%.*s; give another with --%s.", (int)why.n - 1, why.p,
            door == API_OPERATOR ? "operator-listen" : "listen");
}

static enum bl_err listen_all(struct serving *s)
{
    const struct cli_serve_options *o = &s->c->serve;
    struct bl_ctx *x = &s->c->x;
    bool tls = o->tls_cert && o->tls_key;
    if ((o->tls_cert != NULL) != (o->tls_key != NULL))
        return bl_fail(x, BL_INVALID, "--tls-cert and --tls-key go together.");
    if (tls)
        BL_TRY(http_server_tls(x, s->http, o->tls_cert, o->tls_key));
    BL_TRY(listen_on(s, o->listen, API_PUBLIC, tls));
    BL_TRY(listen_on(s, o->operator_listen, API_OPERATOR, tls && !is_loopback(o->operator_listen)));
    if (store_is_url(s->c->db))
        return BL_OK;
    struct bl_str path = bl_str_printf(&x->arena, "%s.sock", s->c->db);
    return http_listen_unix(x, s->http, path.p, API_SOCKET);
}

/* A command that has the file is waited for, another server is not. */
static enum bl_err own_file(struct cli *c, const struct work_options *o, struct work **ret)
{
    int64_t since = cli_mono_us();
    enum bl_err e;
    do
        e = work_open(&c->x, o, ret);
    while (e != BL_OK && !cli_is_served(c) && cli_turn_wait(c, e, since));
    return e;
}

static enum bl_err volumes_open(struct serving *s)
{
    struct cli *c = s->c;
    struct bl_arena *m = &c->x.arena;
    const char *beside = store_is_url(c->db) ? "billow" : c->db; /* a URL has no folder: the current one */
    const char *dir = c->serve.volumes_dir ? c->serve.volumes_dir : bl_str_printf(m, "%s.volumes", beside).p;
    if (c->serve.volumes == DRIVER_IMAGE && store_is_url(c->db) && !c->serve.volumes_dir)
        return bl_fail(
                &c->x, BL_INVALID, "--volumes image needs --volumes-dir DIR when the database is a URL.");
    char owner[33];
    store_id(work_store(s->work), owner);
    struct driver_options o = {
            .owner = owner,
            .kind = c->serve.volumes,
            .dir = dir,
            .program = c->serve.volumes_exec,
            .lock = bl_str_printf(m, "%s.lock", dir).p,
    };
    return work_volumes_open(&c->x, s->work, &o);
}

/* What one server of a shared database does at a time. */
static enum bl_err roles_take(struct serving *s)
{
    if (s->c->serve.volumes != DRIVER_OFF)
        BL_TRY(work_role_take(&s->c->x, s->work, WORK_ROLE_VOLUMES));
    return BL_OK;
}

static enum bl_err open_all(struct serving *s)
{
    struct cli *c = s->c;
    struct work_options wo = {
            .path = bl_str_of(c->db),
            .create = true,
            .clock = !c->has_now   ? WORK_CLOCK_REAL
                     : c->now_runs ? WORK_CLOCK_RUNS
                                   : WORK_CLOCK_STANDS,
            .now_us = c->now_us,
            .identities = true,
    };
    struct http_app app = {.arg = s,
            .body_max = body_max,
            .early = early,
            .handle = handle,
            .refuse = refuse,
            .before_wait = before_wait};
    struct api_options ao = {
            .public_url = c->serve.public_url,
            .rate_hour = c->serve.rate_hour,
            .rate_minute = c->serve.rate_minute,
            .apps = c->serve.apps,
            .log = !c->serve.quiet,
    };
    BL_TRY(own_file(c, &wo, &s->work));
    if (store_is_url(c->db))
        BL_TRY(work_stamp(&c->x, s->work, true));
    s->api = api_new(s->work, &ao);
    BL_TRY(roles_take(s));
    BL_TRY(work_writer_start(&c->x, s->work));
    BL_TRY(work_hands_start(&c->x, s->work));
    BL_TRY(volumes_open(s));
    BL_TRY(http_server_new(&c->x, &app, NULL, &s->http));
    s->loop_db = store_reader_take(work_store(s->work));
    return listen_all(s);
}

static void close_all(struct serving *s)
{
    if (s->work) {
        work_volumes_stop(s->work);
        work_hands_stop(s->work);
        work_volumes_close(s->work);
        work_writer_stop(s->work);
        struct bl_ctx y; /* c->x may hold the sentence that ended it */
        bl_ctx_init(&y, work_now(s->work));
        work_roles_give(&y, s->work);
        bl_ctx_release(&y);
    }
    if (s->http)
        http_server_free(s->http);
    if (s->loop_db) {
        before_wait(s);
        store_reader_give(work_store(s->work), s->loop_db);
    }
    if (s->api)
        api_free(s->api);
    if (s->work)
        work_close(s->work);
    pthread_mutex_destroy(&s->lock);
}

int cli_serve(struct cli *c)
{
    struct serving s = {.c = c};
    pthread_mutex_init(&s.lock, NULL);
    s.last = &s.waiting;
    s.parked_last = &s.parked;
    if (open_all(&s) != BL_OK) {
        close_all(&s);
        return 1;
    }
    http_every(s.http, TICK_US, on_tick, &s);
    if (c->serve.ready)
        c->serve.ready(c);
    else
        fprintf(stderr, "billow: %s is served at %s; the operator's side at %s\n",
                store_shown(&c->x.arena, c->db).p, c->serve.listen, c->serve.operator_listen);
    http_run(s.http, stopping, &s);
    close_all(&s);
    return 0;
}
