/* Loading a price book. It replaces the current one for everything that is not closed. It is refused when it
 * drops what facts wear or leaves such a thing without a price it had; when it moves closed periods, the
 * difference is shown first and must be asked for by the digest of what was shown. */
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>

/* ---- from which instant on do two books differ? INT64_MAX: nowhere that money shows */

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool same_allowance(
        const struct bl_book *a, const struct bl_price *p, const struct bl_book *b, const struct bl_price *q)
{
    if (p->n_allowance != q->n_allowance)
        return false;
    for (size_t i = 0; i < p->n_allowance; i++)
        if (!bl_str_eq(a->meter[p->allowance[i].meter].meter, b->meter[q->allowance[i].meter].meter) ||
                bl_dec_cmp(p->allowance[i].quantity, q->allowance[i].quantity) != 0)
            return false;
    return true;
}

static bool same_price(
        const struct bl_book *a, const struct bl_price *p, const struct bl_book *b, const struct bl_price *q)
{
    return p->from_s == q->from_s && bl_dec_cmp(p->amount, q->amount) == 0 && p->per_hours == q->per_hours &&
           p->cap_hours == q->cap_hours && p->increment_s == q->increment_s &&
           p->minimum_seconds == q->minimum_seconds &&
           bl_dec_cmp(p->minimum_amount, q->minimum_amount) == 0 && same_allowance(a, p, b, q);
}

static bool same_meter_price(const struct bl_meter_price *p, const struct bl_meter_price *q)
{
    if (p->from_s != q->from_s || p->model != q->model || bl_dec_cmp(p->amount, q->amount) != 0 ||
            bl_dec_cmp(p->per, q->per) != 0 || p->n_tier != q->n_tier)
        return false;
    for (size_t i = 0; i < p->n_tier; i++)
        if (p->tier[i].open != q->tier[i].open || bl_dec_cmp(p->tier[i].up_to, q->tier[i].up_to) != 0 ||
                bl_dec_cmp(p->tier[i].amount, q->tier[i].amount) != 0)
            return false;
    return true;
}

static bool same_product(const struct bl_book *a, int p, const struct bl_book *b, int q)
{
    const struct bl_product *x = &a->product[p], *y = &b->product[q];
    return bl_str_eq(x->name, y->name) && bl_str_eq(x->category, y->category) && bl_str_eq(x->tax, y->tax);
}

static int64_t sku_differs(const struct bl_book *a, const struct bl_sku *s, const struct bl_book *b)
{
    int at = bl_book_sku(b, s->sku);
    if (at < 0)
        return s->n_price ? s->price[0].from_s : INT64_MAX;
    const struct bl_sku *t = &b->sku[at];
    if (!same_product(a, s->product, b, t->product))
        return INT64_MIN;
    for (size_t i = 0; i < s->n_price || i < t->n_price; i++) {
        if (i >= s->n_price)
            return t->price[i].from_s;
        if (i >= t->n_price)
            return s->price[i].from_s;
        if (!same_price(a, &s->price[i], b, &t->price[i]))
            return earlier(s->price[i].from_s, t->price[i].from_s);
    }
    return INT64_MAX;
}

static int64_t meter_differs(const struct bl_book *a, const struct bl_meter *m, const struct bl_book *b)
{
    int at = bl_book_meter(b, m->meter);
    if (at < 0)
        return m->n_price ? m->price[0].from_s : INT64_MAX;
    const struct bl_meter *t = &b->meter[at];
    if (!same_product(a, m->product, b, t->product) || m->aggregate != t->aggregate ||
            m->by_resource != t->by_resource || m->overages != t->overages)
        return INT64_MIN;
    for (size_t i = 0; i < m->n_price || i < t->n_price; i++) {
        if (i >= m->n_price)
            return t->price[i].from_s;
        if (i >= t->n_price)
            return m->price[i].from_s;
        if (!same_meter_price(&m->price[i], &t->price[i]))
            return earlier(m->price[i].from_s, t->price[i].from_s);
    }
    return INT64_MAX;
}

static bool has_tax(const struct bl_book *b, const struct bl_tax *t)
{
    for (size_t i = 0; i < b->n_tax; i++) {
        const struct bl_tax *u = &b->tax[i];
        if (t->from_s == u->from_s && bl_str_eq(t->country, u->country) && bl_str_eq(t->region, u->region) &&
                bl_str_eq(t->name, u->name) && bl_str_eq(t->tax, u->tax) && bl_str_eq(t->note, u->note) &&
                bl_dec_cmp(t->percent, u->percent) == 0)
            return true;
    }
    return false;
}

static int64_t half_differs(const struct bl_book *a, const struct bl_book *b)
{
    int64_t at = INT64_MAX;
    for (size_t i = 0; i < a->n_sku; i++)
        at = earlier(at, sku_differs(a, &a->sku[i], b));
    for (size_t i = 0; i < a->n_meter; i++)
        at = earlier(at, meter_differs(a, &a->meter[i], b));
    for (size_t i = 0; i < a->n_tax; i++)
        if (!has_tax(b, &a->tax[i]))
            at = earlier(at, a->tax[i].from_s);
    return at;
}

static int64_t books_differ(const struct bl_book *a, const struct bl_book *b)
{
    return earlier(half_differs(a, b), half_differs(b, a));
}

/* ---- refusals */

static enum bl_err check_worn(
        struct bl_ctx *x, struct store_db *db, const struct bl_book *old, const struct bl_book *new)
{
    struct q_worn_list *worn = NULL;
    size_t n = 0;
    BL_TRY(q_worn_list(x, db, &worn, &n));
    for (size_t i = 0; i < n; i++) {
        bool sku = bl_str_is(worn[i].kind, "sku");
        int was = sku ? bl_book_sku(old, worn[i].name) : bl_book_meter(old, worn[i].name);
        int is = sku ? bl_book_sku(new, worn[i].name) : bl_book_meter(new, worn[i].name);
        if (is < 0)
            return bl_fail(x, BL_CONFLICT, "The book drops the %.*s %.*s, which facts name; keep it.",
                    BL_FMT(worn[i].kind), BL_FMT(worn[i].name));
        if (was < 0)
            continue;
        size_t n_old = sku ? old->sku[was].n_price : old->meter[was].n_price;
        size_t n_new = sku ? new->sku[is].n_price : new->meter[is].n_price;
        if (n_old == 0)
            continue;
        int64_t from_old = sku ? old->sku[was].price[0].from_s : old->meter[was].price[0].from_s;
        int64_t from_new = n_new == 0 ? INT64_MAX
                           : sku      ? new->sku[is].price[0].from_s
                                      : new->meter[is].price[0].from_s;
        char time[32];
        bl_time_text_s(from_old, time);
        if (from_new > from_old)
            return bl_fail(x, BL_CONFLICT,
                    "The book leaves the %.*s %.*s without a price from %s on; facts name it.",
                    BL_FMT(worn[i].kind), BL_FMT(worn[i].name), time);
    }
    return BL_OK;
}

/* ---- what moves */

struct moved {
    store_acct acct;
    bl_period period;
    int64_t amount;
};
struct moves {
    struct moved *at;
    size_t n, cap;
};

static enum bl_err taxes_move(
        struct bl_ctx *y, const struct work_charged *a, const struct work_charged *b, bool *ret)
{
    struct bl_tax_sum *t = NULL;
    size_t n = 0;
    BL_TRY(bl_tax_diff(y, a->tax, a->n_tax, b->tax, b->n_tax, &t, &n));
    *ret = n > 0;
    return BL_OK;
}

/* Where an account's closed periods begin that a book from from_s on may move. Late facts are billed for
 * periods that were never closed one by one, too: what counts is where its facts begin. */
static enum bl_err first_moved(struct bl_ctx *y, struct work *w, const struct work_account *a, int64_t from_s,
        bl_period *ret, bool *ret_found)
{
    bl_period at = from_s > 0 ? bl_period_of(from_s * BL_US) : 0, first = 0;
    BL_TRY(store_first_period(y, w->store, store_writer(w->store), a->acct, &first, ret_found));
    if (first > at)
        at = first;
    if (a->row.billing_from_us != INT64_MIN && bl_period_of(a->row.billing_from_us) > at)
        at = bl_period_of(a->row.billing_from_us);
    *ret = at;
    return BL_OK;
}

static enum bl_err account_moves(struct bl_ctx *x, struct bl_ctx *y, struct work *w, store_acct acct,
        const struct bl_book *old, const struct bl_book *new, int64_t from_s, struct moves *m)
{
    struct store_db *db = store_writer(w->store);
    struct work_account a;
    bl_period p = 0;
    bool found = false;
    BL_TRY(work_account_get(y, w, db, store_account_hot(w->store, acct).uuid, &a));
    BL_TRY(first_moved(y, w, &a, from_s, &p, &found));
    for (; found && p <= (bl_period)a.row.closed_period; p++) {
        struct work_charged is = {0}, was = {0};
        bool taxes = false;
        BL_TRY(work_charge(y, w, db, &a, old, p, work_period_last_s(p), UINT64_MAX, false, &was));
        BL_TRY(work_charge(y, w, db, &a, new, p, work_period_last_s(p), UINT64_MAX, false, &is));
        BL_TRY(taxes_move(y, &is, &was, &taxes));
        int64_t amount = is.lines.items.minor + is.lines.overages.minor - was.lines.items.minor -
                         was.lines.overages.minor;
        if (amount == 0 && !taxes)
            continue;
        *BL_PUSH(&x->arena, *m) = (struct moved){acct, p, amount};
    }
    return BL_OK;
}

static enum bl_err find_moves(struct bl_ctx *x, struct work *w, const struct bl_book *old,
        const struct bl_book *new, struct moves *m)
{
    int64_t from_s = books_differ(old, new);
    if (from_s == INT64_MAX)
        return BL_OK;
    uint32_t n = 0;
    store_acct *all = store_accounts_sorted(w->store, &n);
    struct bl_ctx y;
    enum bl_err e = BL_OK;
    bl_ctx_init(&y, x->now_us);
    for (uint32_t i = 0; i < n && e == BL_OK; i++) {
        bl_ctx_reset(&y, x->now_us);
        if (bl_period_start_s(store_account_hot(w->store, all[i]).closed + 1) > from_s)
            e = account_moves(x, &y, w, all[i], old, new, from_s, m);
    }
    if (e != BL_OK)
        e = bl_fail(x, e, "%s", y.why);
    bl_ctx_release(&y);
    free(all);
    return e;
}

static void report(struct bl_ctx *x, struct work *w, const struct bl_book *new, const struct moves *m,
        struct work_prices_result *ret)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < m->n; i++) {
        char uuid[37], period[8], amount[32];
        bl_uuid_text(store_account_hot(w->store, m->at[i].acct).uuid, uuid);
        bl_period_text(m->at[i].period, period);
        bl_amount_text((bl_amount){m->at[i].amount}, new->currency->digits, amount);
        bl_buf_printf(&b, BL_URN_TEAM "%s %s %s\n", uuid, period, amount);
    }
    uint8_t h[32];
    char hex[65];
    struct bl_sha256 s;
    bl_sha256_begin(&s);
    bl_sha256_add(&s, b.p, b.n);
    bl_sha256_add(&s, new->id, sizeof new->id);
    bl_sha256_end(&s, h);
    bl_hex(h, sizeof h, hex);
    bl_buf_printf(&b, "%s\n", hex);
    ret->report = bl_str_dup(&x->arena, bl_buf_view(&b));
    ret->digest = bl_str_dup(&x->arena, bl_str_of(hex));
    bl_buf_release(&b);
}

/* ---- load */

static enum bl_err write(struct bl_ctx *x, struct work *w, const char *actor, const struct work_prices *in,
        struct bl_str id, struct bl_str logos, const struct moves *m)
{
    struct store_db *db = store_writer(w->store);
    struct q_clock_get meta;
    bool found = false;
    BL_TRY(q_clock_get(x, db, &meta, &found));
    BL_TRY(q_book_insert(x, db, id, x->now_us, in->yaml, logos));
    BL_TRY(q_book_current_set(x, db, id, meta.book_n + 1));
    for (size_t i = 0; i < m->n; i++) {
        struct store_account_hot hot = store_account_hot(w->store, m->at[i].acct);
        uint64_t seq = 0;
        BL_TRY(store_next_seq(x, w->store, hot.bucket, &seq));
        BL_TRY(q_late_put(x, db, hot.bucket, store_uuid(&hot.uuid), m->at[i].period, (int64_t)seq));
    }
    store_touch_all(w->store);
    char hex[65];
    bl_hex(id.p, id.n, hex);
    return work_audit(x, w, actor, "prices.load", bl_str_of(hex), in->file);
}

static struct bl_str pack_logos(struct bl_ctx *x, const struct work_prices *in)
{
    struct bl_buf b = {0};
    bool any = false;
    for (size_t i = 0; i < in->n_logo; i++) {
        bl_put_str(&b, in->logo[i]);
        any = any || bl_is(in->logo[i]);
    }
    struct bl_str s = any ? bl_str_dup(&x->arena, bl_buf_view(&b)) : BL_STR("");
    bl_buf_release(&b);
    return s;
}

static enum bl_err load(struct bl_ctx *x, struct work *w, const char *actor, const struct work_prices *in,
        const struct bl_book *old, struct work_prices_result *ret, struct bl_str *ret_logos)
{
    struct bl_book *new = NULL;
    struct bl_buf remarks = {0};
    BL_TRY(bl_book_parse(x, in->file, in->yaml, &new));
    bl_book_remarks(x, new, &remarks);
    ret->remarks = bl_str_dup(&x->arena, remarks.n ? bl_buf_view(&remarks) : BL_STR(""));
    bl_buf_release(&remarks);
    struct bl_str logos = pack_logos(x, in);
    if (logos.n > 0) {
        struct bl_sha256 h;
        bl_sha256_begin(&h);
        bl_sha256_add(&h, in->yaml.p, in->yaml.n);
        bl_sha256_add(&h, logos.p, logos.n);
        bl_sha256_end(&h, new->id);
    }
    memcpy(ret->book_id, new->id, sizeof ret->book_id);
    struct bl_str id = bl_str_dup(&x->arena, (struct bl_str){(const char *)new->id, sizeof new->id});
    struct moves m = {0};
    if (old) {
        if (old->currency != new->currency && store_account_count(w->store) > 0)
            return bl_fail(x, BL_CONFLICT, "The book is in %s, the accounts are in %s.", new->currency->code,
                    old->currency->code);
        BL_TRY(check_worn(x, store_writer(w->store), old, new));
        BL_TRY(find_moves(x, w, old, new, &m));
    }
    if (m.n > 0)
        report(x, w, new, &m, ret);
    if (in->dry_run)
        return BL_OK;
    if (m.n > 0 && !bl_str_eq(in->adjust, ret->digest))
        return bl_fail(x, BL_CONFLICT,
                "The book moves closed periods: read the report, then load it with --adjust %.*s.",
                BL_FMT(ret->digest));
    BL_TRY(write(x, w, actor, in, id, logos, &m));
    ret->loaded = true;
    *ret_logos = logos;
    return BL_OK;
}

enum bl_err work_prices_load(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_prices *in, struct work_prices_result *ret)
{
    struct bl_str logos = BL_ABSENT;
    *ret = (struct work_prices_result){0};
    /* What the report says must still hold when the book is written: it is drawn up in the same transaction.
     */
    if (!in->dry_run)
        BL_TRY(work_begin(x, w));
    struct work_book *old = work_book_take(w);
    enum bl_err e = load(x, w, actor, in, old ? old->book : NULL, ret, &logos);
    work_book_give(w, old);
    if (!in->dry_run)
        e = work_end(x, w, e);
    ret->loaded = ret->loaded && e == BL_OK;
    if (ret->loaded)
        e = work_book_publish(
                x, w, (struct bl_str){(const char *)ret->book_id, sizeof ret->book_id}, in->yaml, logos);
    return e;
}
