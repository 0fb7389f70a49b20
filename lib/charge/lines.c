/* Lines as they are told apart, described and ordered. */
#include "charge/parts.h"

#include <stdlib.h>
#include <string.h>

static int cmp_int(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int cmp_resource(const struct bl_line *l, const struct bl_line *r)
{
    if (l->has_resource != r->has_resource)
        return l->has_resource ? 1 : -1;
    return l->has_resource ? bl_uuid_cmp(l->resource, r->resource) : 0;
}

/* A meter's aggregate, region and project are what it came to, not what it is: they are no part of its key.
 */
static int cmp_meter(const struct bl_book *b, const struct bl_line *l, const struct bl_line *r)
{
    int c = bl_str_cmp(b->meter[l->meter].meter, b->meter[r->meter].meter);
    if (c == 0)
        c = cmp_resource(l, r);
    return c != 0 ? c : cmp_int(l->version, r->version);
}

int bl_line_key_cmp(const struct bl_book *b, const struct bl_line *l, const struct bl_line *r)
{
    if ((l->sku < 0) != (r->sku < 0))
        return l->sku < 0 ? 1 : -1;
    if (l->sku < 0)
        return cmp_meter(b, l, r);
    int c = cmp_resource(l, r);
    if (c == 0 && l->sku != r->sku)
        c = bl_str_cmp(b->sku[l->sku].sku, b->sku[r->sku].sku);
    if (c == 0)
        c = cmp_int(l->version, r->version);
    if (c == 0)
        c = bl_dec_cmp_text(l->quantity, r->quantity);
    if (c == 0)
        c = bl_str_cmp(l->region, r->region);
    if (c == 0)
        c = bl_str_cmp(l->project, r->project);
    return c != 0 ? c : bl_str_cmp(l->group, r->group);
}

struct bl_str bl_line_description(struct bl_ctx *x, const struct bl_book *b, const struct bl_line *l)
{
    if (l->meter >= 0)
        return b->meter[l->meter].meter;
    const struct bl_sku *sku = &b->sku[l->sku];
    char uuid[37], quantity[64];
    struct bl_str name = l->name;
    if (name.n == 0) {
        bl_uuid_text(l->resource, uuid);
        name = bl_str_of(uuid);
    }
    struct bl_str inside = sku->sku, unit = BL_ABSENT;
    if (bl_is(sku->unit)) {
        inside = (struct bl_str){quantity, bl_dec_text(l->quantity, quantity)};
        unit = sku->unit;
    }
    /* By hand: a bill of a thousand lines makes each of these for its order. */
    size_t n = name.n + 2 + inside.n + (bl_is(unit) ? 1 + unit.n : 0) + 1;
    char *text = bl_alloc(&x->arena, n + 1), *p = text;
    p = mempcpy(p, name.p, name.n);
    p = mempcpy(p, " (", 2);
    p = mempcpy(p, inside.p, inside.n);
    if (bl_is(unit)) {
        *p++ = ' ';
        p = mempcpy(p, unit.p, unit.n);
    }
    *p++ = ')';
    *p = '\0';
    return (struct bl_str){text, n};
}

struct bl_str bl_line_duration(struct bl_ctx *x, const struct bl_line *l)
{
    if (l->meter >= 0)
        return BL_STR("");
    return bl_str_printf(&x->arena, "%lld", (long long)((l->seconds + BL_HOUR_S - 1) / BL_HOUR_S));
}

/* ---- print order */

struct place {
    struct bl_str product, description;
    const struct bl_line *line;
};

static int by_print(const void *a, const void *b, void *book)
{
    const struct place *l = a, *r = b;
    int c = cmp_int(l->line->section, r->line->section);
    if (c == 0 && l->line->product != r->line->product)
        c = bl_str_cmp(l->product, r->product);
    if (c == 0)
        c = bl_str_cmp(l->description, r->description);
    if (c == 0)
        c = cmp_int(l->line->start_s, r->line->start_s);
    if (c == 0)
        c = cmp_resource(l->line, r->line);
    return c != 0 ? c : bl_line_key_cmp(book, l->line, r->line);
}

/* Puts lines where the sorted places say, each moved once: along every cycle of the permutation. */
static void arrange(struct bl_line *l, struct place *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (at[i].line == &l[i])
            continue;
        struct bl_line first = l[i];
        size_t to = i;
        for (size_t from; (from = (size_t)(at[to].line - l)) != i; to = from) {
            l[to] = l[from];
            at[to].line = &l[to];
        }
        l[to] = first;
        at[to].line = &l[to];
    }
}

void lines_print_order(struct bl_ctx *x, const struct bl_book *b, struct line_list *l)
{
    if (l->n < 2)
        return;
    struct place *at = bl_alloc_array(&x->arena, l->n, sizeof *at);
    for (size_t i = 0; i < l->n; i++)
        at[i] = (struct place){
                b->product[l->at[i].product].name, bl_line_description(x, b, &l->at[i]), &l->at[i]};
    qsort_r(at, l->n, sizeof *at, by_print, (void *)b);
    arrange(l->at, at, l->n);
}
