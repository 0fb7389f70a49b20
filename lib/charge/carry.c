/* Carrying lives over the start of a period, so that the past need not be read again.
 *
 * The one idea: what comes after an instant depends on little of what came before it: the state a life is in,
 * when it was born (minimum time), and where its next step begins. Everything else is dropped. The packed
 * form writes exactly that; reading it trusts nothing, since it comes back from a store. */
#include "charge/parts.h"

#include <string.h>

/* Life as known just before start_s; false when nothing of it reaches beyond. */
static bool carry_life(const struct bl_book *book, const struct bl_life *l, int64_t start_s,
        struct bl_life *ret, struct bl_stretch *ret_last)
{
    if (l->birth_s >= start_s)
        return false;
    bool ended = bl_life_ended(l, start_s - 1);
    struct span_walk w = span_walk_of(book, l, start_s - 1, start_s);
    if (ended && w.billed_end_s <= start_s)
        return false;
    int64_t next_s = steps_origin(l), first_s;
    for (struct span s; span_next(&w, &s) && s.start_s < start_s;) {
        if (s.end_s > start_s)
            s.end_s = start_s;
        steps_take(&next_s, &s, start_s, start_s, &first_s);
    }
    *ret_last = l->stretch[w.at];
    ret_last->end_s = ended ? l->death_s : INT64_MAX;
    *ret = *l;
    ret->death_s = ret_last->end_s;
    ret->stretch = ret_last;
    ret->n_stretch = 1;
    ret->step_s = next_s;
    return true;
}

enum bl_err bl_lives_carry(struct bl_ctx *x, const struct bl_book *book, const struct bl_lives *lives,
        int64_t start_s, struct bl_lives *ret)
{
    struct bl_life *life = bl_alloc_array(&x->arena, lives->n, sizeof *life);
    struct bl_stretch *last = bl_alloc_array(&x->arena, lives->n, sizeof *last);
    size_t n = 0;
    for (size_t i = 0; i < lives->n; i++)
        if (carry_life(book, &lives->life[i], start_s, &life[n], &last[n]))
            n++;
    *ret = (struct bl_lives){life, n};
    return BL_OK;
}

/* ---- packed: a form number, then lives; all instants as differences */

enum { FORM = 1, FLAG_DEAD = 1, FLAG_CARRIED = 2, FLAG_RESOURCE_ID = 1 };
#define TIME_MAX (INT64_C(1) << 45) /* seconds; far beyond year 9999, far from overflow */
#define TEXTS(F) F(sku) F(region) F(project) F(group) F(name) F(tags) F(kind)

static void put_stretch(struct bl_buf *b, const struct bl_stretch *s, int64_t after_s)
{
    bl_put_uv(b, s->has_resource_id ? FLAG_RESOURCE_ID : 0);
    bl_put_uv(b, (uint64_t)(s->start_s - after_s));
    bl_put_u128(b, (unsigned __int128)s->quantity.pico);
#define PUT(field) bl_put_str(b, s->field);
    TEXTS(PUT)
#undef PUT
    if (s->has_resource_id)
        bl_put_sv(b, s->resource_id);
}

void bl_lives_pack(struct bl_buf *b, const struct bl_lives *lives)
{
    bl_put_uv(b, FORM);
    bl_put_uv(b, lives->n);
    for (size_t i = 0; i < lives->n; i++) {
        const struct bl_life *l = &lives->life[i];
        bool dead = l->death_s != INT64_MAX, carried = l->step_s != INT64_MIN;
        bl_buf_put(b, l->resource.b, sizeof l->resource.b);
        bl_put_uv(b, (dead ? FLAG_DEAD : 0) | (carried ? FLAG_CARRIED : 0));
        bl_put_sv(b, l->birth_s);
        bl_put_uv(b, l->n_stretch);
        int64_t after_s = l->birth_s;
        for (size_t k = 0; k < l->n_stretch; k++) {
            put_stretch(b, &l->stretch[k], after_s);
            after_s = l->stretch[k].start_s;
        }
        if (dead)
            bl_put_uv(b, (uint64_t)(l->death_s - after_s));
        if (carried)
            bl_put_uv(b, (uint64_t)(l->step_s - l->stretch[0].start_s));
    }
}

/* An instant `more` seconds after another; marks the reader bad when that leaves the calendar. */
static int64_t get_later(struct bl_rd *r, int64_t than_s, uint64_t at_least)
{
    uint64_t more = bl_get_uv(r);
    if (more < at_least || more > (uint64_t)TIME_MAX || than_s + (int64_t)more > TIME_MAX)
        r->bad = true;
    return r->bad ? than_s : than_s + (int64_t)more;
}

static void get_stretch(struct bl_rd *r, struct bl_stretch *s, int64_t after_s, bool first)
{
    uint64_t flags = bl_get_uv(r);
    s->start_s = get_later(r, after_s, first ? 0 : 1);
    s->end_s = INT64_MAX;
    unsigned __int128 pico = bl_get_u128(r);
    if (flags > FLAG_RESOURCE_ID || pico >= (unsigned __int128)BL_DEC_ONE * 1000000000000000u)
        r->bad = true;
    s->quantity.pico = r->bad ? 0 : (__int128)pico;
#define GET(field) s->field = bl_get_str(r);
    TEXTS(GET)
#undef GET
    s->has_resource_id = (flags & FLAG_RESOURCE_ID) != 0;
    if (s->has_resource_id)
        s->resource_id = bl_get_sv(r);
}

static void get_life(struct bl_ctx *x, struct bl_rd *r, struct bl_life *l)
{
    const uint8_t *u = bl_get_bytes(r, sizeof l->resource.b);
    if (u != NULL)
        memcpy(l->resource.b, u, sizeof l->resource.b);
    uint64_t flags = bl_get_uv(r);
    l->birth_s = bl_get_sv(r);
    uint64_t n = bl_get_uv(r);
    /* A stretch takes more than eight bytes: no count can make us set aside much more than was sent. */
    if (flags > (FLAG_DEAD | FLAG_CARRIED) || n == 0 || n > (size_t)(r->end - r->p) / 8 ||
            l->birth_s > TIME_MAX || l->birth_s < -TIME_MAX)
        r->bad = true;
    if (r->bad)
        return;
    l->stretch = bl_alloc_array(&x->arena, n, sizeof *l->stretch);
    int64_t after_s = l->birth_s;
    for (l->n_stretch = 0; l->n_stretch < n && !r->bad; l->n_stretch++) {
        struct bl_stretch *s = &l->stretch[l->n_stretch];
        get_stretch(r, s, after_s, l->n_stretch == 0);
        if (l->n_stretch > 0)
            s[-1].end_s = s->start_s;
        after_s = s->start_s;
    }
    l->death_s = flags & FLAG_DEAD ? get_later(r, after_s, 1) : INT64_MAX;
    l->step_s = flags & FLAG_CARRIED ? get_later(r, l->stretch[0].start_s, 0) : INT64_MIN;
    l->stretch[n - 1].end_s = l->death_s;
    if (!(flags & FLAG_CARRIED) && l->stretch[0].start_s != l->birth_s)
        r->bad = true;
}

enum bl_err bl_lives_unpack(struct bl_ctx *x, struct bl_str body, struct bl_lives *ret)
{
    struct bl_rd r = bl_rd_of(body);
    uint64_t form = bl_get_uv(&r), n = bl_get_uv(&r);
    if (form != FORM || n > (size_t)(r.end - r.p) / 16)
        r.bad = true;
    struct bl_life *life = r.bad ? NULL : bl_alloc_array(&x->arena, n, sizeof *life);
    for (size_t i = 0; i < n && !r.bad; i++) {
        struct bl_life *l = &life[i];
        get_life(x, &r, l);
        if (r.bad || i == 0)
            continue;
        /* Lives ascend, and one resource lives once at a time. */
        int c = bl_uuid_cmp(l[-1].resource, l->resource);
        if (c > 0 || (c == 0 && l[-1].death_s > l->birth_s))
            r.bad = true;
    }
    if (r.bad || r.p != r.end)
        return bl_fail(
                x, BL_INTERNAL, "lives that were carried over cannot be read; they must be folded again");
    *ret = (struct bl_lives){life, n};
    return BL_OK;
}
