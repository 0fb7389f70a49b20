/* Traffic of apps: what the meter that provides it counted on one day, whatever the price book makes of it.
 */
#include "work/apps_inner.h"

enum bl_err work_traffic_load(struct bl_ctx *x, struct work *w, struct store_db *db,
        const struct work_account *owner, const struct bl_book *book, bl_day day, int64_t now_us,
        struct work_traffic *ret)
{
    struct {
        struct bl_usage_total *at;
        size_t n, cap;
    } rows = {0};
    struct store_facts f = {0};
    int meter = book ? bl_book_meter_providing(book, "app_bandwidth") : -1;
    int64_t upto_s = (day + 1) * BL_DAY_S, now_s = bl_floor_s(now_us);
    bl_period period = bl_period_of(day * BL_DAY_S * BL_US);
    *ret = (struct work_traffic){0};
    if (meter < 0)
        return BL_OK;
    struct store_want want = {
            .acct = owner->acct,
            .first = period,
            .last = period,
            .upto_us = (upto_s < now_s + 1 ? upto_s : now_s + 1) * BL_US,
            .k = UINT64_MAX,
            .book_id = book->id,
    };
    BL_TRY(store_load(x, w->store, db, &want, &f));
    for (size_t i = 0; i < f.n_usage; i++)
        if (f.usage[i].day == day && f.usage[i].has_resource &&
                bl_str_eq(f.usage[i].meter, book->meter[meter].meter))
            *BL_PUSH(&x->arena, rows) = f.usage[i];
    *ret = (struct work_traffic){rows.at, rows.n, bl_str_is(book->meter[meter].unit, "GiB")};
    return BL_OK;
}

static struct bl_str digits(struct bl_ctx *x, unsigned __int128 v)
{
    char text[40];
    size_t at = sizeof text;
    do
        text[--at] = (char)('0' + (int)(v % 10));
    while (v /= 10);
    return bl_str_dup(&x->arena, (struct bl_str){text + at, sizeof text - at});
}

struct bl_str work_traffic_bytes(struct bl_ctx *x, const struct work_traffic *t, bl_uuid app)
{
    size_t i = 0;
    while (i < t->n && bl_uuid_cmp(t->usage[i].resource, app) != 0)
        i++;
    if (i == t->n)
        return BL_STR("0");
    /* Quantities are never negative; whole and rest apart, so that no product leaves 128 bits. */
    unsigned __int128 pico = (unsigned __int128)t->usage[i].sum.pico;
    unsigned __int128 one = (unsigned __int128)BL_DEC_ONE, each = t->gib ? (unsigned __int128)1 << 30 : 1;
    return digits(x, pico / one * each + pico % one * each / one);
}
