/* Parked requests: who asks for work that has not come waits without holding a thread. Four times a second
 * the oldest of those that wait is asked for again; when there is nothing for it there is nothing for the
 * others, so that many waiting agents cost one look. Who has hung up is let go before, so that nothing is
 * handed to nobody. */
#include "cli/serve_inner.h"

void serve_park(struct job *j)
{
    struct serving *s = j->s;
    j->next = NULL;
    pthread_mutex_lock(&s->lock);
    *s->parked_last = j;
    s->parked_last = &j->next;
    pthread_mutex_unlock(&s->lock);
}

static bool is_over(const struct job *j)
{
    const char *why;
    return http_exchange_age_us(j->e) >= j->out.wait_s * BL_US || !api_ready(j->s->api, &why);
}

/* Those that still wait go before those that came meanwhile. */
static void put_back(struct serving *s, struct job *first, struct job **last)
{
    pthread_mutex_lock(&s->lock);
    if (first) {
        *last = s->parked;
        if (!s->parked)
            s->parked_last = last;
        s->parked = first;
    }
    s->trying = false;
    pthread_mutex_unlock(&s->lock);
}

static void try_again(void *arg)
{
    struct serving *s = arg;
    struct store_db *db = store_reader_take(work_store(s->work));
    struct job *kept = NULL, **last = &kept;
    struct bl_ctx x; /* of one try: what a request keeps must not grow while it waits */
    bool dry = false;
    bl_ctx_init(&x, 0);
    for (struct job *j = s->tried, *next; j; j = next) {
        int64_t wait_s = j->out.wait_s;
        next = j->next;
        j->in.may_wait = !is_over(j);
        if (!dry || !j->in.may_wait) {
            bl_ctx_reset(&x, work_now(s->work));
            api_run(s->api, &x, db, j->route, &j->in, &j->out);
            if (j->out.status != 0) {
                serve_answer(j);
                continue;
            }
            dry = true;
            j->out.wait_s = wait_s;
        }
        j->next = NULL;
        *last = j;
        last = &j->next;
    }
    bl_ctx_release(&x);
    store_reader_give(work_store(s->work), db);
    put_back(s, kept, last);
}

static void let_go(struct job *j)
{
    api_refuse(j->s->api, http_exchange_ctx(j->e), &j->in, BL_UNAVAILABLE, "Who asked has hung up.", &j->out);
    serve_answer(j);
}

void serve_parked(struct serving *s)
{
    struct job *list = NULL, **last = &s->tried;
    pthread_mutex_lock(&s->lock);
    if (!s->trying) {
        list = s->parked;
        s->parked = NULL;
        s->parked_last = &s->parked;
        s->trying = list != NULL;
    }
    pthread_mutex_unlock(&s->lock);
    if (!list)
        return;
    s->tried = NULL;
    for (struct job *j = list, *next; j; j = next) {
        next = j->next;
        if (http_exchange_gone(j->e)) {
            let_go(j);
            continue;
        }
        j->next = NULL;
        *last = j;
        last = &j->next;
    }
    http_in_pool(s->http, try_again, s);
}
