/* The SKUs and meters that the facts of the log name, each once: a small table in memory, since there are as
 * many as price books hold. */
#include "store/check.h"

#include <stdlib.h>
#include <string.h>

struct names {
    size_t n, cap;
    struct store_name *at; /* by hash; absent: empty */
};

static size_t slot_of(const struct names *t, bool meter, struct bl_str name)
{
    size_t at = (bl_crc32c(name.p, name.n) ^ (uint32_t)meter) & (t->cap - 1);
    while (bl_is(t->at[at].name) && !(t->at[at].meter == meter && bl_str_eq(t->at[at].name, name)))
        at = (at + 1) & (t->cap - 1);
    return at;
}

static void grow(struct names *t)
{
    struct names wide = {.n = t->n, .cap = t->cap ? 2 * t->cap : 256};
    wide.at = memset(bl_xmalloc(wide.cap * sizeof *wide.at), 0, wide.cap * sizeof *wide.at);
    for (size_t i = 0; i < t->cap; i++)
        if (bl_is(t->at[i].name))
            wide.at[slot_of(&wide, t->at[i].meter, t->at[i].name)] = t->at[i];
    free(t->at);
    *t = wide;
}

void check_name(struct check *c, const struct bl_fact *f)
{
    bool meter = f->type == BL_FACT_USAGE;
    struct bl_str name = f->field[meter ? BL_F_METER : BL_F_SKU];
    if (!bl_is(name))
        return;
    if (!c->names)
        c->names = memset(bl_xmalloc(sizeof *c->names), 0, sizeof *c->names);
    if (2 * (c->names->n + 1) > c->names->cap)
        grow(c->names);
    struct store_name *at = &c->names->at[slot_of(c->names, meter, name)];
    if (bl_is(at->name))
        return;
    *at = (struct store_name){meter, bl_str_dup(&c->keep.arena, name)};
    c->names->n++;
}

static int by_name(const void *l, const void *r)
{
    const struct store_name *a = l, *b = r;
    return a->meter != b->meter ? (a->meter ? -1 : 1) : bl_str_cmp(a->name, b->name);
}

void check_names_give(struct check *c, struct bl_ctx *x, struct store_checked *ret)
{
    ret->n_name = c->names ? c->names->n : 0;
    ret->name = bl_alloc_array(&x->arena, ret->n_name, sizeof *ret->name);
    size_t n = 0;
    for (size_t i = 0; c->names && i < c->names->cap; i++)
        if (bl_is(c->names->at[i].name))
            ret->name[n++] =
                    (struct store_name){c->names->at[i].meter, bl_str_dup(&x->arena, c->names->at[i].name)};
    if (n > 1)
        qsort(ret->name, n, sizeof *ret->name, by_name);
}

void check_names_release(struct check *c)
{
    if (c->names)
        free(c->names->at);
    free(c->names);
}
