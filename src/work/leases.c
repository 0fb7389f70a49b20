/* Leases: who works at which deployment. They are this process's memory, for they run on its monotonic clock;
 * what waits for an agent stands in the store. A lease is kept until it lapses, also when its deployment has
 * ended, so that a reader with an older view does not hand out again what is done. */
#include "work/apps_inner.h"
#include "work/lease_table.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct work_leases {
    pthread_mutex_t lock;
    struct lease_table table;
};

void work_leases_open(struct work *w)
{
    w->leases = bl_xmalloc(sizeof *w->leases);
    *w->leases = (struct work_leases){0};
    pthread_mutex_init(&w->leases->lock, NULL);
}

void work_leases_close(struct work *w)
{
    pthread_mutex_destroy(&w->leases->lock);
    lease_table_release(&w->leases->table);
    free(w->leases);
    w->leases = NULL;
}

/* ---- taking */

struct taking {
    struct lease_table *table;
    int64_t now_us;
    struct lease *got;
    size_t n, max;
};

static enum bl_err look_at(void *arg, const struct q_app_work_list *row)
{
    struct taking *t = arg;
    struct lease *one = &t->got[t->n];
    memcpy(one->account.b, row->account.p, sizeof one->account.b);
    memcpy(one->app.b, row->app.p, sizeof one->app.b);
    one->n = row->n;
    randombytes_buf(one->secret, sizeof one->secret);
    t->n += lease_claim(t->table, one, t->now_us);
    return t->n < t->max ? BL_OK : BL_CONFLICT; /* enough: read no further */
}

static enum bl_err claim_oldest(struct bl_ctx *x, struct work *w, struct store_db *db, struct taking *t)
{
    pthread_mutex_lock(&w->leases->lock);
    lease_forget_lapsed(t->table, t->now_us);
    enum bl_err e = q_app_work_list(x, db, look_at, t);
    pthread_mutex_unlock(&w->leases->lock);
    return e == BL_CONFLICT && t->n == t->max ? BL_OK : e;
}

static enum bl_err task_load(
        struct bl_ctx *x, struct work *w, struct store_db *db, const struct lease *one, struct work_task *ret)
{
    BL_TRY(work_account_get(x, w, db, one->account, &ret->owner));
    BL_TRY(work_app_get(x, db, &ret->owner, one->app, &ret->app));
    BL_TRY(work_deployment_nth(x, db, &ret->app, one->n, &ret->deployment));
    lease_text(one, ret->lease);
    return BL_OK;
}

static enum bl_err take(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct taking *t, struct work_task *task)
{
    BL_TRY(claim_oldest(x, w, db, t));
    for (size_t i = 0; i < t->n; i++)
        BL_TRY(task_load(x, w, db, &t->got[i], &task[i]));
    return BL_OK;
}

enum bl_err work_tasks_take(struct bl_ctx *x, struct work *w, struct store_db *db, size_t max,
        struct work_task **ret, size_t *ret_n)
{
    struct taking t = {.table = &w->leases->table, .now_us = work_mono_us(), .max = max};
    struct work_task *task = bl_alloc_array(&x->arena, max, sizeof *task);
    t.got = bl_alloc_array(&x->arena, max, sizeof *t.got);
    BL_TRY(store_read_begin(x, db)); /* what is claimed and what it is, in one view */
    enum bl_err e = take(x, w, db, &t, task);
    store_read_end(db);
    pthread_mutex_lock(&w->leases->lock);
    for (size_t i = 0; e != BL_OK && i < t.n; i++)
        lease_end(t.table, &t.got[i]);
    pthread_mutex_unlock(&w->leases->lock);
    *ret = task;
    *ret_n = t.n;
    return e;
}

/* ---- reporting */

static enum bl_err move(struct bl_ctx *x, struct work *w, const char *actor, struct work_app *a,
        struct work_deployment *d, enum bl_phase to, struct bl_str error)
{
    BL_TRY(work_deploy_move(x, w, a, d, to, error));
    return work_audit(x, w, actor, "deployment.phase", work_uuid_str(x, d->id), bl_str_of(bl_phase_word(to)));
}

enum bl_err work_task_report(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str lease,
        enum bl_phase phase, struct bl_str error, bool *ret_cancel)
{
    struct store_db *db = store_writer(w->store);
    struct lease one;
    struct work_task task;
    *ret_cancel = false;
    if (!lease_read(lease, &one))
        return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    pthread_mutex_lock(&w->leases->lock);
    bool held = lease_renew(&w->leases->table, &one, work_mono_us());
    pthread_mutex_unlock(&w->leases->lock);
    if (!held)
        return bl_fail(x, BL_CONFLICT, "The lease has lapsed: its work may be somebody else's by now.");
    enum bl_err e = task_load(x, w, db, &one, &task);
    bool gone = e == BL_NOT_FOUND;
    if (e != BL_OK && !gone)
        return e;
    enum bl_phase now = gone ? BL_PHASE_CANCELED : task.deployment.phase;
    *ret_cancel = now == BL_PHASE_CANCELED || now == BL_PHASE_SUPERSEDED;
    if (*ret_cancel || now == phase)
        return BL_OK;
    BL_TRY(work_begin(x, w));
    return work_end(x, w, move(x, w, actor, &task.app, &task.deployment, phase, error));
}
