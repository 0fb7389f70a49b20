/* Previews that were drawn up, by account. A preview is kept for a minute unless something was written for
 * the account or a new price book came. Pages after the first read the document that the last first page
 * showed, whatever came since, so that pages of one look fit together. */
#include "api/inner.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 1024
#define KEEP_US (60 * BL_US)
#define SLOT_BYTES_MAX (4 << 20)

struct drawn {
    char *body; /* packed bill */
    size_t n;
};
struct slot {
    store_acct acct;
    uint32_t version;
    uint8_t book_id[32];
    int64_t drawn_us;
    struct drawn now, shown;
};
struct api_previews {
    pthread_mutex_t lock;
    struct slot slot[SLOTS];
};

void api_previews_open(struct api *a)
{
    a->previews = calloc(1, sizeof *a->previews);
    if (!a->previews)
        abort();
    pthread_mutex_init(&a->previews->lock, NULL);
}

void api_previews_close(struct api *a)
{
    for (size_t i = 0; i < SLOTS; i++) {
        free(a->previews->slot[i].now.body);
        free(a->previews->slot[i].shown.body);
    }
    pthread_mutex_destroy(&a->previews->lock);
    free(a->previews);
}

static void keep(struct drawn *d, struct bl_str body)
{
    free(d->body);
    *d = (struct drawn){0};
    if (body.n > SLOT_BYTES_MAX)
        return;
    d->body = bl_xmalloc(body.n + 1);
    memcpy(d->body, body.p, body.n);
    d->n = body.n;
}

static struct bl_str copy(struct call *c, const struct drawn *d)
{
    return d->body ? bl_str_dup(&c->x->arena, (struct bl_str){d->body, d->n}) : BL_ABSENT;
}

static bool fresh(const struct slot *s, const struct call *c, uint32_t version)
{
    int64_t age = c->x->now_us - s->drawn_us;
    return s->acct == c->account.acct && s->version == version && age >= 0 && age < KEEP_US &&
           bl_period_of(s->drawn_us) == bl_period_of(c->x->now_us) &&
           memcmp(s->book_id, c->book->id, sizeof s->book_id) == 0;
}

static struct slot *claim(struct api_previews *p, store_acct acct)
{
    struct slot *s = &p->slot[acct % SLOTS];
    if (s->acct != acct) {
        free(s->now.body);
        free(s->shown.body);
        *s = (struct slot){.acct = acct, .drawn_us = INT64_MIN / 2};
    }
    return s;
}

enum bl_err api_preview(struct call *c, bool first_page, struct bl_bill *ret)
{
    struct api_previews *p = c->api->previews;
    if (!c->book)
        return bl_fail(c->x, BL_CONFLICT, "There is no price book yet.");
    uint32_t version = store_account_hot(work_store(c->work), c->account.acct).version;
    bool newest = store_view_newest(c->db); /* an older view is not kept under a version it does not show */
    pthread_mutex_lock(&p->lock);
    struct slot *s = claim(p, c->account.acct);
    struct bl_str body = BL_ABSENT;
    if (!first_page)
        body = copy(c, &s->shown);
    else if (fresh(s, c, version))
        body = copy(c, &s->now);
    if (first_page && bl_is(body))
        keep(&s->shown, body);
    pthread_mutex_unlock(&p->lock);
    if (bl_is(body) && c->account.row.parked.n == 0)
        return bl_bill_unpack(c->x, body, ret);

    BL_TRY(work_preview(c->x, c->work, c->db, &c->account, c->book, c->x->now_us, ret));
    struct bl_buf b = {0};
    bl_bill_pack(&b, ret);
    pthread_mutex_lock(&p->lock);
    s = claim(p, c->account.acct);
    s->version = newest ? version : version - 1;
    s->drawn_us = c->x->now_us;
    memcpy(s->book_id, c->book->id, sizeof s->book_id);
    keep(&s->now, bl_buf_view(&b));
    if (first_page)
        keep(&s->shown, bl_buf_view(&b));
    pthread_mutex_unlock(&p->lock);
    bl_buf_release(&b);
    return BL_OK;
}
