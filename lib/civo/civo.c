/* Civo's charges: the same lives, told in hours.
 *
 * A row is an uninterrupted stretch of one SKU and size; everything else (region, project, names, prices) may
 * change within it, and its last state in the window is shown. Rows are clipped to the window first and
 * counted then, so two halves of a window may hold an hour more or less than the whole. */
#include "civo/civo.h"

#include <stdlib.h>
#include <strings.h>

struct row_list {
    struct bl_civo_row *at;
    size_t n, cap;
};

static bool continues(const struct bl_stretch *a, const struct bl_stretch *b)
{
    return bl_str_eq(a->sku, b->sku) && bl_dec_cmp(a->quantity, b->quantity) == 0;
}

/* What a thing is called when its SKU does not say. */
static struct bl_str code_of_kind(struct bl_ctx *x, const struct bl_stretch *s)
{
    static const char *const known[] = {"volume", "ip", "snapshot"};
    for (size_t i = 0; i < BL_COUNT(known); i++)
        if (bl_str_is(s->kind, known[i]))
            return s->kind;
    return bl_str_printf(&x->arena, "instance-%.*s", BL_FMT(s->sku));
}

static struct bl_str code_of(struct bl_ctx *x, const struct bl_book *book, const struct bl_stretch *s)
{
    int sku = bl_book_sku(book, s->sku);
    return sku >= 0 && bl_is(book->sku[sku].civo_code) ? book->sku[sku].civo_code : code_of_kind(x, s);
}

static int64_t whole_up(bl_dec d)
{
    return (int64_t)((d.pico + BL_DEC_ONE - 1) / BL_DEC_ONE);
}

static struct bl_str name_of(struct bl_ctx *x, const struct bl_life *l, const struct bl_stretch *s)
{
    char uuid[37];
    if (s->name.n > 0)
        return s->name;
    bl_uuid_text(l->resource, uuid);
    return bl_str_printf(&x->arena, "%s", uuid);
}

static void add_row(struct bl_ctx *x, const struct bl_civo_in *in, const struct bl_life *l,
        const struct bl_stretch *last, int64_t from_s, int64_t to_s, struct row_list *out)
{
    if (bl_is(in->region) &&
            (last->region.n != in->region.n || strncasecmp(last->region.p, in->region.p, in->region.n) != 0))
        return;
    struct bl_civo_row *r = BL_PUSH(&x->arena, *out);
    r->code = code_of(x, in->book, last);
    r->region = bl_is(last->region) ? last->region : BL_STR("");
    r->product_id = l->resource;
    r->from_s = from_s;
    r->to_s = to_s;
    r->num_hours = to_s - from_s < BL_HOUR_S ? 1 : (to_s - from_s) / BL_HOUR_S;
    r->has_size = bl_str_is(last->kind, "volume");
    r->size_gb = r->has_size ? whole_up(last->quantity) : 0;
    r->label = name_of(x, l, last);
    if (r->has_size)
        r->label = bl_str_printf(&x->arena, "Volume %.*s (%lldGB)", BL_FMT(r->label), (long long)r->size_gb);
}

static void rows_of_life(
        struct bl_ctx *x, const struct bl_civo_in *in, const struct bl_life *l, struct row_list *out)
{
    int64_t window_s = in->billing_from_s > in->from_s ? in->billing_from_s : in->from_s;
    for (size_t i = 0, j; i < l->n_stretch; i = j) {
        for (j = i + 1; j < l->n_stretch && continues(&l->stretch[i], &l->stretch[j]);)
            j++;
        const struct bl_stretch *first = &l->stretch[i], *last = &l->stretch[j - 1];
        int64_t from_s = first->start_s > window_s ? first->start_s : window_s;
        int64_t to_s = last->end_s < in->to_s ? last->end_s : in->to_s;
        if (from_s >= to_s || !bl_is(first->sku))
            continue;
        while (last->start_s >= to_s)
            last--;
        add_row(x, in, l, last, from_s, to_s, out);
    }
}

static int by_from(const void *a, const void *b)
{
    const struct bl_civo_row *l = a, *r = b;
    if (l->from_s != r->from_s)
        return l->from_s < r->from_s ? -1 : 1;
    int c = bl_str_cmp(l->code, r->code);
    return c != 0 ? c : bl_uuid_cmp(l->product_id, r->product_id);
}

enum bl_err bl_civo_rows(
        struct bl_ctx *x, const struct bl_civo_in *in, struct bl_civo_row **ret, size_t *ret_n)
{
    struct row_list rows = {0};
    for (size_t i = 0; i < in->lives->n; i++)
        rows_of_life(x, in, &in->lives->life[i], &rows);
    if (rows.n > 1)
        qsort(rows.at, rows.n, sizeof *rows.at, by_from);
    *ret = rows.at;
    *ret_n = rows.n;
    return BL_OK;
}
