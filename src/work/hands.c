#include "work/hands.h"
#include "work/inner.h"

#include <stdlib.h>

#define HANDS 4

struct hand_job {
    work_hand_fn *fn;
    void *arg;
    struct hand_job *next;
};
struct work_hands {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct hand_job *first, **last;
    bool stops;
    pthread_t thread[HANDS];
    size_t n;
    struct work *work;
};

static struct hand_job *next_job(struct work_hands *h)
{
    pthread_mutex_lock(&h->lock);
    while (!h->first && !h->stops)
        pthread_cond_wait(&h->wake, &h->lock);
    struct hand_job *job = h->first;
    if (job && !(h->first = job->next))
        h->last = &h->first;
    pthread_mutex_unlock(&h->lock);
    return job;
}

static void *hand_main(void *arg)
{
    struct work_hands *h = arg;
    for (struct hand_job *job = next_job(h); job; job = next_job(h)) {
        job->fn(h->work, job->arg);
        free(job);
    }
    return NULL;
}

enum bl_err work_hands_start(struct bl_ctx *x, struct work *w)
{
    struct work_hands *h = bl_xmalloc(sizeof *h);
    *h = (struct work_hands){.work = w};
    h->last = &h->first;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->wake, NULL);
    w->hands = h;
    while (h->n < HANDS && pthread_create(&h->thread[h->n], NULL, hand_main, h) == 0)
        h->n++;
    if (h->n == 0)
        return bl_fail(x, BL_INTERNAL, "No thread could be started.");
    return BL_OK;
}

void work_hands_submit(struct work *w, work_hand_fn *fn, void *arg)
{
    struct work_hands *h = w->hands;
    struct hand_job *job = bl_xmalloc(sizeof *job);
    *job = (struct hand_job){.fn = fn, .arg = arg};
    pthread_mutex_lock(&h->lock);
    *h->last = job;
    h->last = &job->next;
    pthread_cond_signal(&h->wake);
    pthread_mutex_unlock(&h->lock);
}

void work_hands_stop(struct work *w)
{
    struct work_hands *h = w->hands;
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stops = true;
    pthread_cond_broadcast(&h->wake);
    pthread_mutex_unlock(&h->lock);
    for (size_t i = 0; i < h->n; i++)
        pthread_join(h->thread[i], NULL);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->wake);
    free(h);
    w->hands = NULL;
}

bool work_hands_stopping(struct work *w)
{
    struct work_hands *h = w->hands;
    if (!h)
        return false;
    pthread_mutex_lock(&h->lock);
    bool stops = h->stops;
    pthread_mutex_unlock(&h->lock);
    return stops;
}

/* ---- a turn of the writer's */

struct turn {
    struct bl_ctx *x;
    work_turn_fn *fn;
    void *arg;
    enum bl_err e;
    bool done;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static void take_turn(struct bl_ctx *x, struct work *w, void *arg)
{
    struct turn *t = arg;
    (void)x;
    t->x->now_us = work_now(w);
    enum bl_err e = t->fn(t->x, w, t->arg);
    pthread_mutex_lock(&t->lock);
    t->e = e;
    t->done = true;
    pthread_cond_signal(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

enum bl_err work_on_writer(struct bl_ctx *x, struct work *w, work_turn_fn *fn, void *arg)
{
    struct turn t = {.x = x, .fn = fn, .arg = arg};
    pthread_mutex_init(&t.lock, NULL);
    pthread_cond_init(&t.wake, NULL);
    work_writer_submit(w, take_turn, &t);
    pthread_mutex_lock(&t.lock);
    while (!t.done)
        pthread_cond_wait(&t.wake, &t.lock);
    pthread_mutex_unlock(&t.lock);
    pthread_mutex_destroy(&t.lock);
    pthread_cond_destroy(&t.wake);
    return t.e;
}
