/* Price books: whatever the text, an answer comes; a book that is accepted answers every look-up, differs in
 * nothing from itself, and can be remarked on. */
#include "book/book.h"

#include <assert.h>

static void look_up(const struct bl_book *b)
{
    for (size_t i = 0; i < b->n_sku; i++) {
        const struct bl_sku *s = &b->sku[i];
        assert(bl_book_sku(b, s->sku) == (int)i && (size_t)s->product < b->n_product && s->n_price > 0);
        for (size_t k = 0; k < s->n_price; k++) {
            assert(bl_sku_price_at(s, s->price[k].from_s) == &s->price[k] && s->price[k].per_hours > 0);
            assert(bl_sku_price_at(s, s->price[k].from_s - 1) == (k > 0 ? &s->price[k - 1] : NULL));
        }
    }
    for (size_t i = 0; i < b->n_meter; i++) {
        const struct bl_meter *m = &b->meter[i];
        assert(bl_book_meter(b, m->meter) == (int)i && m->n_price > 0);
        for (size_t k = 0; k < m->n_price; k++)
            assert(m->price[k].per.pico > 0 &&
                    (m->price[k].n_tier > 0) == (m->price[k].model >= BL_MODEL_GRADUATED));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bl_ctx x;
    struct bl_book *book = NULL;
    bl_ctx_init(&x, 0);
    enum bl_err e = bl_book_parse(&x, BL_STR("fuzz.yaml"), (struct bl_str){(const char *)data, size}, &book);
    if (e == BL_OK) {
        struct bl_buf out = {0};
        look_up(book);
        e = bl_book_diff(&x, book, book, &out);
        assert(e == BL_OK && out.n == 0);
        bl_book_remarks(&x, book, &out);
        bl_buf_release(&out);
    } else {
        assert(book == NULL && x.why[0] != '\0');
    }
    bl_ctx_release(&x);
    return 0;
}
