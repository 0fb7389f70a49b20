/* The unsealed facts of the log: arrays of nodes with indices for links, so that a tail is freed in a few
 * calls and its last batches are taken back by popping nodes off the front of their chains. */
#include "store/tail.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct tail *tail_new(int64_t first_batch)
{
    struct tail *t = bl_xmalloc(sizeof *t);
    *t = (struct tail){.first_batch = first_batch};
    return t;
}

void tail_free(struct tail *t)
{
    for (size_t i = 0; i < t->n_chunk; i++) {
        free(t->chunk[i].body);
        free(t->chunk[i].texts);
        free(t->chunk[i].view.text);
    }
    free(t->chunk);
    free(t->usage);
    free(t->life);
    free(t->usage_head);
    free(t->life_head);
    free(t->resource_head);
    free(t);
}

#define MAKE_ROOM(at, n, cap)                                                                                \
    do {                                                                                                     \
        if ((n) == (cap)) {                                                                                  \
            (cap) = (cap) ? 2 * (cap) : 64;                                                                  \
            (at) = bl_xrealloc((at), (cap) * sizeof *(at));                                                  \
        }                                                                                                    \
    } while (0)

static void heads_room(struct tail *t, uint32_t acct)
{
    if (acct < t->n_head)
        return;
    size_t n = t->n_head ? t->n_head : 64;
    while (n <= acct)
        n *= 2;
    t->usage_head = bl_xrealloc(t->usage_head, n * sizeof *t->usage_head);
    t->life_head = bl_xrealloc(t->life_head, n * sizeof *t->life_head);
    memset(t->usage_head + t->n_head, 0, (n - t->n_head) * sizeof *t->usage_head);
    memset(t->life_head + t->n_head, 0, (n - t->n_head) * sizeof *t->life_head);
    t->n_head = n;
}

static uint32_t resource_hash(uint32_t acct, const bl_uuid *resource)
{
    uint64_t a, b;
    memcpy(&a, resource->b, 8);
    memcpy(&b, resource->b + 8, 8);
    uint64_t h = (a ^ acct) * 0x9fb21c651e98df25u + b * 0x9e3779b97f4a7c15u;
    return (uint32_t)(h >> 32);
}

static void resource_link(struct tail *t, uint32_t node)
{
    struct tail_life *l = &t->life[node - 1];
    if (!l->births)
        return;
    uint32_t *head = &t->resource_head[l->hash & (t->n_resource - 1)];
    l->next_resource = *head;
    *head = node;
}

static void resources_room(struct tail *t)
{
    if (t->n_life < t->n_resource)
        return;
    t->n_resource = t->n_resource ? 2 * t->n_resource : 64;
    free(t->resource_head);
    t->resource_head = bl_xmalloc(t->n_resource * sizeof *t->resource_head);
    memset(t->resource_head, 0, t->n_resource * sizeof *t->resource_head);
    for (uint32_t node = 1; node <= t->n_life; node++)
        resource_link(t, node);
}

static void add_life(struct tail *t, uint32_t acct, uint32_t at, const struct log_head *h)
{
    resources_room(t);
    MAKE_ROOM(t->life, t->n_life, t->cap_life);
    t->life[t->n_life++] = (struct tail_life){.next = t->life_head[acct],
            .acct = acct,
            .at = at,
            .births = h->type == BL_FACT_CREATE || h->type == BL_FACT_DELETE,
            .hash = resource_hash(acct, &h->resource)};
    t->life_head[acct] = (uint32_t)t->n_life;
    resource_link(t, (uint32_t)t->n_life);
}

static void add_usage(struct tail *t, uint32_t acct, uint32_t at)
{
    MAKE_ROOM(t->usage, t->n_usage, t->cap_usage);
    t->usage[t->n_usage++] = (struct tail_usage){.next = t->usage_head[acct], .acct = acct, .at = at};
    t->usage_head[acct] = (uint32_t)t->n_usage;
}

enum bl_err tail_add(struct bl_ctx *x, struct tail *t, char *body, size_t bytes, char *texts,
        size_t texts_bytes, const uint32_t *handle, const struct log_head *head, int64_t max_us)
{
    struct tail_chunk c = {.body = body, .texts = texts, .texts_bytes = texts_bytes, .max_us = max_us};
    struct tail_mark before = tail_mark(t);
    enum bl_err e = log_open(x, (struct bl_str){body, bytes}, &c.view);
    if (e == BL_OK && texts_bytes)
        e = log_texts_open(x, &c.view, (struct bl_str){texts, texts_bytes});
    MAKE_ROOM(t->chunk, t->n_chunk, t->cap_chunk);
    t->chunk[t->n_chunk++] = c;
    struct log_head read;
    for (uint32_t i = 0; e == BL_OK && i < c.view.n; i++) {
        const struct log_head *h = head ? &head[i] : &read;
        if (!head && (e = log_head(x, &c.view, i, &read)) != BL_OK)
            break;
        uint32_t acct = handle[h->account], at = (uint32_t)((t->n_chunk - 1) * LOG_FACTS_MAX + i);
        heads_room(t, acct);
        t->n_acct += !t->usage_head[acct] && !t->life_head[acct];
        if (h->type == BL_FACT_USAGE)
            add_usage(t, acct, at);
        else
            add_life(t, acct, at, h);
    }
    t->bytes += bytes + texts_bytes + sizeof c + c.view.n * sizeof(struct tail_usage);
    if (e != BL_OK)
        tail_back(t, before);
    return e;
}

struct tail_mark tail_mark(const struct tail *t)
{
    return (struct tail_mark){t->n_chunk, t->n_usage, t->n_life, t->bytes};
}

void tail_back(struct tail *t, struct tail_mark m)
{
    for (; t->n_usage > m.n_usage; t->n_usage--) {
        struct tail_usage *u = &t->usage[t->n_usage - 1];
        assert(t->usage_head[u->acct] == t->n_usage);
        t->usage_head[u->acct] = u->next;
    }
    for (; t->n_life > m.n_life; t->n_life--) {
        struct tail_life *l = &t->life[t->n_life - 1];
        assert(t->life_head[l->acct] == t->n_life);
        t->life_head[l->acct] = l->next;
        if (!l->births)
            continue;
        assert(t->resource_head[l->hash & (t->n_resource - 1)] == t->n_life);
        t->resource_head[l->hash & (t->n_resource - 1)] = l->next_resource;
    }
    for (; t->n_chunk > m.n_chunk; t->n_chunk--) {
        struct tail_chunk *c = &t->chunk[t->n_chunk - 1];
        free(c->body);
        free(c->texts);
        free(c->view.text);
    }
    t->bytes = m.bytes;
}

uint32_t tail_usage_first(const struct tail *t, uint32_t acct)
{
    return acct < t->n_head ? t->usage_head[acct] : 0;
}

uint32_t tail_life_first(const struct tail *t, uint32_t acct)
{
    return acct < t->n_head ? t->life_head[acct] : 0;
}

uint32_t tail_resource_first(const struct tail *t, uint32_t acct, const bl_uuid *resource, uint32_t *ret_hash)
{
    *ret_hash = resource_hash(acct, resource);
    return t->n_resource ? t->resource_head[*ret_hash & (t->n_resource - 1)] : 0;
}
