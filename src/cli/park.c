/* Parked requests: who asks for work that has not come waits without holding a thread. Four times a second
 * one look tells how much has come, for all of them; so many of them, the oldest first, are run again. Who
 * has hung up is let go before, so that nothing is handed to nobody. */
#include "cli/serve_inner.h"

#define COME_MAX 100 /* runs of one look */

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

/* How much has come for those that wait. When it cannot be told one of them is run, and tells why. */
static size_t has_come(struct serving *s)
{
    struct store_db *db = store_reader_take(work_store(s->work));
    struct bl_ctx x;
    size_t n = 0;
    bl_ctx_init(&x, work_now(s->work));
    if (work_tasks_waiting(&x, s->work, db, COME_MAX, &n) != BL_OK)
        n = 1;
    bl_ctx_release(&x);
    store_reader_give(work_store(s->work), db);
    return n;
}

static void look_again(void *arg)
{
    struct serving *s = arg;
    struct job *kept = NULL, **last = &kept;
    size_t come = has_come(s);
    for (struct job *j = s->tried, *next; j; j = next) {
        next = j->next;
        j->in.may_wait = !is_over(j);
        if (come > 0 || !j->in.may_wait) {
            come -= come > 0;
            work_writer_submit(s->work, serve_on_writer, j); /* it parks itself when another was faster */
            continue;
        }
        j->next = NULL;
        *last = j;
        last = &j->next;
    }
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
    http_in_pool(s->http, look_again, s);
}
