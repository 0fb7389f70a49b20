/* Remarks: what a book may say but its writer may not have meant. Each is one sentence on one line. */
#include "book/book.h"

#define LAST_PERIOD ((9999 - 1970) * 12 + 11) /* time ends with it */

static void meter_price_remark(const struct bl_meter *m, size_t i, struct bl_buf *ret)
{
    const struct bl_meter_price *p = &m->price[i];
    bl_period month = bl_period_of(p->from_s * BL_US);
    if (bl_period_start_s(month) == p->from_s)
        return;
    char from[32], held[8] = "";
    bl_time_text_s(p->from_s, from);
    bl_buf_printf(ret, "meter %.*s: the price from %s ", BL_FMT(m->meter), from);
    if (month >= LAST_PERIOD) {
        bl_buf_z(ret, "never holds: no month begins after it\n");
        return;
    }
    bl_period_text(month + 1, held);
    if (bl_meter_price_for(m, month + 1) != p)
        bl_buf_printf(ret, "never holds: a newer one is there when %s begins\n", held);
    else if (i == 0)
        bl_buf_printf(ret, "holds from %s; facts before that make no line\n", held);
    else
        bl_buf_printf(ret, "holds from %s\n", held);
}

static bool price_is_new(const struct bl_sku *s, size_t i)
{
    if (i == 0)
        return true;
    const struct bl_price *p = &s->price[i], *q = &s->price[i - 1];
    if (bl_dec_cmp(p->amount, q->amount) != 0 || p->per_hours != q->per_hours ||
            p->cap_hours != q->cap_hours || p->increment_s != q->increment_s ||
            p->minimum_seconds != q->minimum_seconds ||
            bl_dec_cmp(p->minimum_amount, q->minimum_amount) != 0 || p->n_allowance != q->n_allowance)
        return true;
    for (size_t k = 0; k < p->n_allowance; k++)
        if (p->allowance[k].meter != q->allowance[k].meter ||
                bl_dec_cmp(p->allowance[k].quantity, q->allowance[k].quantity) != 0)
            return true;
    return false;
}

static void product_remarks(struct bl_ctx *x, const struct bl_book *b, struct bl_buf *ret)
{
    bool *used = bl_alloc_array(&x->arena, b->n_product, sizeof *used);
    for (size_t i = 0; i < b->n_sku; i++)
        used[b->sku[i].product] = true;
    for (size_t i = 0; i < b->n_meter; i++)
        used[b->meter[i].product] = true;
    for (size_t i = 0; i < b->n_product; i++)
        if (!used[i])
            bl_buf_printf(
                    ret, "product %.*s: no SKU and no meter belongs to it\n", BL_FMT(b->product[i].name));
}

static void sku_remarks(const struct bl_sku *s, struct bl_buf *ret)
{
    for (size_t i = 0; i < s->n_price; i++) {
        char from[32];
        if (price_is_new(s, i))
            continue;
        bl_time_text_s(s->price[i].from_s, from);
        bl_buf_printf(ret,
                "sku %.*s: the price from %s is the one before it again; it only begins a new line\n",
                BL_FMT(s->sku), from);
    }
}

static void tax_remark(const struct bl_book *b, const struct bl_tax *t, struct bl_buf *ret)
{
    for (size_t i = 0; i < b->n_product; i++)
        if (bl_str_eq(b->product[i].tax, t->tax))
            return;
    bl_buf_printf(ret, "tax %.*s in %.*s: no product has tax: %.*s\n", BL_FMT(t->name), BL_FMT(t->country),
            BL_FMT(t->tax));
}

void bl_book_remarks(struct bl_ctx *x, const struct bl_book *b, struct bl_buf *ret)
{
    if (b->n_seller == 0)
        bl_buf_z(ret, "sellers: none; invoices will not say who issued them\n");
    product_remarks(x, b, ret);
    for (size_t i = 0; i < b->n_meter; i++)
        for (size_t k = 0; k < b->meter[i].n_price; k++)
            meter_price_remark(&b->meter[i], k, ret);
    for (size_t i = 0; i < b->n_sku; i++)
        sku_remarks(&b->sku[i], ret);
    for (size_t i = 0; i < b->n_tax; i++)
        tax_remark(b, &b->tax[i], ret);
}
