/* Folding: what a resource's facts say, told as lives and stretches.
 *
 * The one idea: facts are put in the order of (time, source, id), so that the outcome depends on the set
 * alone; then one state per resource walks over them. Instants are cut to whole seconds, and whatever began
 * and ended within one second is taken back as if it had never been written:
 *
 *     10.2  size -> 2        the stretch [10, ...) of size 2 is opened,
 *     10.7  size -> 1        taken back, and the one before it, of size 1, goes on.
 *
 * Stretches are cut at anything billed or shown, so that a bill at an instant shows the names of that
 * instant. */
#include "charge/parts.h"

#include <assert.h>
#include <stdlib.h>

#define BILLED(F) F(SKU, sku) F(REGION, region) F(PROJECT, project) F(GROUP, group)
#define SHOWN(F) F(NAME, name) F(TAGS, tags) F(KIND, kind)

/* Every fact adds at most one stretch; room for all is set aside once. */
struct fold {
    struct bl_life *life;
    size_t n_life;
    struct bl_stretch *stretch;
    size_t n_stretch;
    struct bl_life *alive; /* the last of the resource in hand; NULL while it is absent */
};

static bool same(const struct bl_stretch *a, const struct bl_stretch *b)
{
#define EQ(F, member) &&bl_str_eq(a->member, b->member)
    return bl_dec_cmp(a->quantity, b->quantity) == 0 && a->has_resource_id == b->has_resource_id &&
           a->resource_id == b->resource_id BILLED(EQ) SHOWN(EQ);
#undef EQ
}

/* The fields a fact gives replace, null resets to the default, the rest stay. */
static void apply(struct bl_stretch *s, const struct bl_fact *f)
{
#define TAKE(F, member)                                                                                      \
    if (f->reset & (1u << BL_F_##F))                                                                         \
        s->member = BL_ABSENT;                                                                               \
    else if (bl_is(f->field[BL_F_##F]))                                                                      \
        s->member = f->field[BL_F_##F];
    BILLED(TAKE)
    SHOWN(TAKE)
#undef TAKE
    if (f->has_quantity)
        s->quantity = f->quantity;
    else if (f->reset_quantity)
        s->quantity = (bl_dec){BL_DEC_ONE};
    if (f->has_resource_id) {
        s->has_resource_id = true;
        s->resource_id = f->resource_id;
    } else if (f->reset_resource_id) {
        s->has_resource_id = false;
        s->resource_id = 0;
    }
}

static void birth(struct fold *o, const struct bl_fact *f, int64_t at_s)
{
    struct bl_stretch *s = &o->stretch[o->n_stretch++];
    *s = (struct bl_stretch){.start_s = at_s, .end_s = INT64_MAX, .quantity = {BL_DEC_ONE}};
    apply(s, f);
    o->alive = &o->life[o->n_life++];
    *o->alive = (struct bl_life){.resource = f->resource,
            .birth_s = at_s,
            .death_s = INT64_MAX,
            .stretch = s,
            .n_stretch = 1,
            .step_s = INT64_MIN};
}

static void change(struct fold *o, const struct bl_fact *f, int64_t at_s)
{
    struct bl_life *l = o->alive;
    struct bl_stretch *last = &l->stretch[l->n_stretch - 1], next = *last;
    apply(&next, f);
    next.start_s = at_s;
    if (same(&next, last))
        return;
    if (last->start_s < at_s) {
        last->end_s = at_s;
        o->stretch[o->n_stretch++] = next;
        l->n_stretch++;
        return;
    }
    *last = next;
    if (l->n_stretch > 1 && same(last, last - 1)) {
        last[-1].end_s = INT64_MAX;
        l->n_stretch--;
        o->n_stretch--;
    }
}

static void death(struct fold *o, int64_t at_s)
{
    struct bl_life *l = o->alive;
    o->alive = NULL;
    l->death_s = at_s;
    struct bl_stretch *last = &l->stretch[l->n_stretch - 1];
    last->end_s = at_s;
    if (last->start_s < at_s)
        return;
    l->n_stretch--;
    o->n_stretch--;
    if (l->n_stretch == 0)
        o->n_life--;
}

static enum bl_err step(struct bl_ctx *x, struct fold *o, const struct bl_fact *f)
{
    int64_t at_s = bl_floor_s(f->time_us);
    if (o->alive == NULL) {
        if (f->type == BL_FACT_CREATE)
            birth(o, f, at_s);
        return BL_OK;
    }
    if (at_s < o->alive->stretch[o->alive->n_stretch - 1].start_s) {
        char uuid[37];
        bl_uuid_text(f->resource, uuid);
        return bl_fail(x, BL_INTERNAL,
                "resource %s has a fact older than the state it is folded onto; fold it from the beginning",
                uuid);
    }
    if (f->type == BL_FACT_DELETE)
        death(o, at_s);
    else
        change(o, f, at_s);
    return BL_OK;
}

/* Lives carried over come first, as they were; one that goes on is copied, since facts will write to it. */
static void take_carried(struct fold *o, const struct bl_life *c)
{
    struct bl_life *l = &o->life[o->n_life++];
    *l = *c;
    o->alive = NULL;
    if (c->death_s != INT64_MAX)
        return;
    l->stretch = &o->stretch[o->n_stretch];
    for (size_t i = 0; i < c->n_stretch; i++)
        o->stretch[o->n_stretch++] = c->stretch[i];
    o->alive = l;
}

static int by_resource_then_order(const void *a, const void *b)
{
    const struct bl_fact *l = *(const struct bl_fact *const *)a, *r = *(const struct bl_fact *const *)b;
    int c = bl_uuid_cmp(l->resource, r->resource);
    return c != 0 ? c : bl_fact_order(l, r);
}

static const struct bl_fact **in_order(struct bl_ctx *x, const struct bl_fact *f, size_t n, size_t *ret_n)
{
    const struct bl_fact **at = bl_alloc_array(&x->arena, n, sizeof *at);
    size_t m = 0;
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        if (!bl_fact_is_life(f[i].type) || !f[i].has_resource)
            continue;
        at[m++] = &f[i];
        if (sorted && m > 1 && by_resource_then_order(&at[m - 2], &at[m - 1]) > 0)
            sorted = false;
    }
    if (!sorted)
        qsort(at, m, sizeof *at, by_resource_then_order);
    *ret_n = m;
    return at;
}

enum bl_err bl_lives_fold(struct bl_ctx *x, const struct bl_lives *carried, const struct bl_fact *f, size_t n,
        struct bl_lives *ret)
{
    static const struct bl_lives none;
    const struct bl_lives *c = carried != NULL ? carried : &none;
    size_t m = 0, room = 0;
    const struct bl_fact **fact = in_order(x, f, n, &m);
    for (size_t i = 0; i < c->n; i++)
        room += c->life[i].death_s == INT64_MAX ? c->life[i].n_stretch : 0;
    struct fold o = {.life = bl_alloc_array(&x->arena, m + c->n, sizeof *o.life),
            .stretch = bl_alloc_array(&x->arena, m + room, sizeof *o.stretch)};

    for (size_t i = 0, j = 0; i < m || j < c->n;) {
        bl_uuid u = j == c->n || (i < m && bl_uuid_cmp(fact[i]->resource, c->life[j].resource) < 0)
                            ? fact[i]->resource
                            : c->life[j].resource;
        o.alive = NULL;
        for (; j < c->n && bl_uuid_cmp(c->life[j].resource, u) == 0; j++)
            take_carried(&o, &c->life[j]);
        for (; i < m && bl_uuid_cmp(fact[i]->resource, u) == 0; i++)
            BL_TRY(step(x, &o, fact[i]));
    }
    assert(o.n_life <= m + c->n && o.n_stretch <= m + room);
    *ret = (struct bl_lives){o.life, o.n_life};
    return BL_OK;
}

bool bl_life_alive_before(struct bl_ctx *x, const struct bl_fact *facts, size_t n, const struct bl_fact *at)
{
    (void)x;
    const struct bl_fact *last = NULL; /* a change neither begins nor ends a life */
    for (size_t i = 0; i < n; i++) {
        const struct bl_fact *f = &facts[i];
        if (f->type != BL_FACT_CREATE && f->type != BL_FACT_DELETE)
            continue;
        if (bl_fact_order(f, at) < 0 && (last == NULL || bl_fact_order(f, last) > 0))
            last = f;
    }
    return last != NULL && last->type == BL_FACT_CREATE;
}
