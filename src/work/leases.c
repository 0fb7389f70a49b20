/* Work for agents. What waits, and who may go on with it, stands in the store; whether a lease has lapsed
 * each process sees for itself (lease_watch.h). So an agent may ask one process and report to another, or to
 * the same one after a restart. */
#include "work/apps_inner.h"
#include "work/lease_watch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct work_leases {
    pthread_mutex_t lock;
    struct lease_watch watch;
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
    lease_watch_release(&w->leases->watch);
    free(w->leases);
    w->leases = NULL;
}

void work_lease_forget(struct work *w, bl_uuid app, int64_t n)
{
    pthread_mutex_lock(&w->leases->lock);
    lease_watch_forget(&w->leases->watch, app, n);
    pthread_mutex_unlock(&w->leases->lock);
}

static bool lapsed(struct work *w, bl_uuid app, int64_t n, int64_t beat)
{
    pthread_mutex_lock(&w->leases->lock);
    bool yes = lease_watch_lapsed(&w->leases->watch, app, n, beat, work_mono_us());
    pthread_mutex_unlock(&w->leases->lock);
    return yes;
}

/* ---- what is free */

struct free_one {
    bl_uuid account, app;
    int64_t n, beat;
};
struct finding {
    struct work *w;
    struct free_one *at;
    size_t n, max;
};

static enum bl_err look_at(void *arg, const struct q_app_work_list *row)
{
    struct finding *f = arg;
    struct free_one *one = &f->at[f->n];
    memcpy(one->account.b, row->account.p, sizeof one->account.b);
    memcpy(one->app.b, row->app.p, sizeof one->app.b);
    one->n = row->n;
    one->beat = row->beat;
    f->n += lapsed(f->w, one->app, one->n, one->beat);
    return f->n < f->max ? BL_OK : BL_CONFLICT; /* enough: read no further */
}

static enum bl_err find_free(
        struct bl_ctx *x, struct work *w, struct store_db *db, size_t max, struct finding *ret)
{
    *ret = (struct finding){.w = w, .at = bl_alloc_array(&x->arena, max, sizeof *ret->at), .max = max};
    enum bl_err e = q_app_work_list(x, db, look_at, ret);
    return e == BL_CONFLICT && ret->n == max ? BL_OK : e;
}

enum bl_err work_tasks_waiting(
        struct bl_ctx *x, struct work *w, struct store_db *db, size_t max, size_t *ret_n)
{
    struct finding f;
    BL_TRY(find_free(x, w, db, max, &f));
    *ret_n = f.n;
    return BL_OK;
}

/* ---- taking */

static enum bl_err raise_beat(
        struct bl_ctx *x, struct work *w, const struct work_app *a, int64_t n, int64_t beat)
{
    BL_TRY(q_app_work_beat(x, store_writer(w->store), a->owner->bucket, store_uuid(&a->owner->uuid),
            store_uuid(&a->app), beat));
    (void)lapsed(w, a->app, n, beat); /* new from now on */
    return BL_OK;
}

static enum bl_err claim(struct bl_ctx *x, struct work *w, const struct free_one *one, struct work_task *ret)
{
    struct store_db *db = store_writer(w->store);
    struct lease_name name = {.app = one->app, .n = one->n};
    BL_TRY(work_account_get(x, w, db, one->account, &ret->owner));
    BL_TRY(work_app_get(x, db, &ret->owner, one->app, &ret->app));
    BL_TRY(work_deployment_nth(x, db, &ret->app, one->n, &ret->deployment));
    randombytes_buf(name.secret, sizeof name.secret);
    lease_text(&name, ret->lease);
    BL_TRY(q_deployment_lease(x, db, ret->owner.bucket, store_uuid(&ret->owner.uuid), store_uuid(&one->app),
            one->n, (struct bl_str){(const char *)name.secret, sizeof name.secret}));
    return raise_beat(x, w, &ret->app, one->n, one->beat + 1);
}

static enum bl_err take(struct bl_ctx *x, struct work *w, size_t max, struct work_task *task, size_t *ret_n)
{
    struct finding f;
    BL_TRY(find_free(x, w, store_writer(w->store), max, &f));
    for (size_t i = 0; i < f.n; i++)
        BL_TRY(claim(x, w, &f.at[i], &task[i]));
    *ret_n = f.n;
    return BL_OK;
}

enum bl_err work_tasks_take(
        struct bl_ctx *x, struct work *w, size_t max, struct work_task **ret, size_t *ret_n)
{
    size_t n = 0;
    pthread_mutex_lock(&w->leases->lock);
    lease_watch_sweep(&w->leases->watch, work_mono_us());
    pthread_mutex_unlock(&w->leases->lock);
    *ret_n = 0;
    *ret = bl_alloc_array(&x->arena, max, sizeof **ret);
    BL_TRY(work_tasks_waiting(x, w, store_writer(w->store), 1, &n));
    if (n == 0) /* nothing to write */
        return BL_OK;
    BL_TRY(work_begin(x, w));
    return work_end(x, w, take(x, w, max, *ret, ret_n));
}

/* ---- reporting */

static enum bl_err lapsed_fail(struct bl_ctx *x)
{
    return bl_fail(x, BL_CONFLICT, "The lease has lapsed: its work may be somebody else's by now.");
}

/* Who holds it, gone or not; the secret must be the last one given out. */
static enum bl_err held_load(
        struct bl_ctx *x, struct work *w, const struct lease_name *name, struct work_task *ret)
{
    struct store_db *db = store_writer(w->store);
    enum bl_err e = work_app_find_any(x, w, db, name->app, &ret->owner, &ret->app);
    if (e == BL_OK)
        e = work_deployment_nth(x, db, &ret->app, name->n, &ret->deployment);
    if (e == BL_NOT_FOUND)
        return lapsed_fail(x);
    BL_TRY(e);
    struct bl_str secret = ret->deployment.row.lease;
    if (secret.n != LEASE_SECRET || sodium_memcmp(secret.p, name->secret, LEASE_SECRET) != 0)
        return lapsed_fail(x);
    return BL_OK;
}

static enum bl_err renew(struct bl_ctx *x, struct work *w, const struct work_task *t)
{
    struct q_app_work_get open;
    bool found = false;
    BL_TRY(q_app_work_get(x, store_writer(w->store), t->owner.bucket, store_uuid(&t->owner.uuid),
            store_uuid(&t->app.app), &open, &found));
    if (!found || open.n != t->deployment.row.n || lapsed(w, t->app.app, open.n, open.beat))
        return lapsed_fail(x);
    return raise_beat(x, w, &t->app, open.n, open.beat + 1);
}

static enum bl_err report(struct bl_ctx *x, struct work *w, const char *actor, const struct lease_name *name,
        enum bl_phase phase, struct bl_str error, bool *ret_cancel)
{
    struct work_task t;
    BL_TRY(held_load(x, w, name, &t));
    enum bl_phase now = t.deployment.phase;
    *ret_cancel = now == BL_PHASE_CANCELED || now == BL_PHASE_SUPERSEDED;
    if (*ret_cancel)
        return BL_OK;
    if (bl_phase_open(now))
        BL_TRY(renew(x, w, &t));
    if (now == phase)
        return BL_OK;
    BL_TRY(work_deploy_move(x, w, &t.app, &t.deployment, phase, error));
    return work_audit(x, w, actor, "deployment.phase", work_uuid_str(x, t.deployment.id),
            bl_str_of(bl_phase_word(phase)));
}

enum bl_err work_task_report(struct bl_ctx *x, struct work *w, const char *actor, struct bl_str lease,
        enum bl_phase phase, struct bl_str error, bool *ret_cancel)
{
    struct lease_name name;
    *ret_cancel = false;
    if (!lease_read(lease, &name))
        return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    BL_TRY(work_begin(x, w));
    return work_end(x, w, report(x, w, actor, &name, phase, error, ret_cancel));
}
