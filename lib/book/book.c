/* Look-ups in a book: names by hash, prices by instant. Prices ascend, so the one in force is the last that
 * began. */
#include "book/book.h"
#include "book/index.h"

_Static_assert(offsetof(struct bl_sku, sku) == 0 && offsetof(struct bl_meter, meter) == 0 &&
                       offsetof(struct bl_product, name) == 0 && offsetof(struct bl_seller, name) == 0,
        "an index looks for names at the beginning");

int bl_book_sku(const struct bl_book *b, struct bl_str sku)
{
    struct index index = {b->sku_index, b->n_sku_index};
    return index_find(&index, b->index_key, &(struct names){b->sku, sizeof *b->sku, b->n_sku}, sku);
}

int bl_book_meter(const struct bl_book *b, struct bl_str meter)
{
    struct index index = {b->meter_index, b->n_meter_index};
    return index_find(&index, b->index_key, &(struct names){b->meter, sizeof *b->meter, b->n_meter}, meter);
}

int bl_book_sku_providing(const struct bl_book *b, const char *what)
{
    for (size_t i = 0; i < b->n_sku; i++)
        if (bl_str_is(b->sku[i].provides, what))
            return (int)i;
    return -1;
}

int bl_book_meter_providing(const struct bl_book *b, const char *what)
{
    for (size_t i = 0; i < b->n_meter; i++)
        if (bl_str_is(b->meter[i].provides, what))
            return (int)i;
    return -1;
}

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

bool bl_book_knows_region(const struct bl_book *b, struct bl_str region)
{
    if (b->n_region == 0)
        return true;
    for (size_t i = 0; i < b->n_region; i++) {
        size_t k = 0;
        if (b->region[i].n != region.n)
            continue;
        while (k < region.n && lower(b->region[i].p[k]) == lower(region.p[k]))
            k++;
        if (k == region.n)
            return true;
    }
    return false;
}

const struct bl_price *bl_sku_price_at(const struct bl_sku *s, int64_t at_s)
{
    size_t low = 0, high = s->n_price; /* the first that begins after at_s lies in [low, high] */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->price[mid].from_s <= at_s)
            low = mid + 1;
        else
            high = mid;
    }
    return low == 0 ? NULL : &s->price[low - 1];
}

const struct bl_meter_price *bl_meter_price_for(const struct bl_meter *m, bl_period p)
{
    int64_t start_s = bl_period_start_s(p);
    for (size_t i = m->n_price; i > 0; i--)
        if (m->price[i - 1].from_s <= start_s)
            return &m->price[i - 1];
    return NULL;
}

const struct bl_seller *bl_book_seller(const struct bl_book *b, struct bl_str name)
{
    if (!bl_is(name))
        return b->n_seller > 0 ? &b->seller[0] : NULL;
    for (size_t i = 0; i < b->n_seller; i++)
        if (bl_str_eq(b->seller[i].name, name))
            return &b->seller[i];
    return NULL;
}
