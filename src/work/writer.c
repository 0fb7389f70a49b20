/* The writer: one thread that runs writing jobs in the order they came. A job answers whoever asked by
 * itself. */
#include "work/inner.h"

#include <stdlib.h>

static void *writer_main(void *arg)
{
    struct work *w = arg;
    struct bl_ctx x;
    bl_ctx_init(&x, 0);
    for (;;) {
        pthread_mutex_lock(&w->queue_lock);
        while (!w->queue_first && !w->writer_stops)
            pthread_cond_wait(&w->queue_wake, &w->queue_lock);
        struct work_job *job = w->queue_first;
        if (job && !(w->queue_first = job->next))
            w->queue_last = &w->queue_first;
        pthread_mutex_unlock(&w->queue_lock);
        if (!job)
            break;
        bl_ctx_reset(&x, work_now(w));
        job->fn(&x, w, job->arg);
        free(job);
    }
    bl_ctx_release(&x);
    return NULL;
}

enum bl_err work_writer_start(struct bl_ctx *x, struct work *w)
{
    if (pthread_create(&w->writer, NULL, writer_main, w) != 0)
        return bl_fail(x, BL_INTERNAL, "The writer thread could not be started.");
    w->writer_runs = true;
    return BL_OK;
}

void work_writer_stop(struct work *w)
{
    if (!w->writer_runs)
        return;
    pthread_mutex_lock(&w->queue_lock);
    w->writer_stops = true;
    pthread_cond_signal(&w->queue_wake);
    pthread_mutex_unlock(&w->queue_lock);
    pthread_join(w->writer, NULL);
    w->writer_runs = false;
}

void work_writer_submit(struct work *w, work_job_fn *fn, void *arg)
{
    if (!w->writer_runs) {
        struct bl_ctx x;
        bl_ctx_init(&x, work_now(w));
        fn(&x, w, arg);
        bl_ctx_release(&x);
        return;
    }
    struct work_job *job = bl_xmalloc(sizeof *job);
    *job = (struct work_job){.fn = fn, .arg = arg};
    pthread_mutex_lock(&w->queue_lock);
    *w->queue_last = job;
    w->queue_last = &job->next;
    pthread_cond_signal(&w->queue_wake);
    pthread_mutex_unlock(&w->queue_lock);
}
