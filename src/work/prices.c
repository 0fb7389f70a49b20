/* Loading a price book. It replaces the current one for everything that is not closed. It is refused when it
 * drops what facts wear or leaves such a thing without a price it had; when it moves closed periods, the
 * difference is shown first and must be asked for by the digest of what was shown.
 *
 *     draw          what moves, by threads that read                        beside the writer
 *     mark          what moves, so that the next close looks at it again    the writer, some at a time
 *     load          when all of it still is as it was drawn                 the writer, one transaction
 *
 * The last step alone makes the book the current one, so all of it happens or nothing does. */
#include "work/moves.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define MARKS_US 12000 /* of writing marks in one go; the commit comes on top */
#define UNMARKED INT_MIN

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

static enum bl_err check_currency(struct bl_ctx *x, struct store_db *db, const struct bl_book *new)
{
    struct q_account_other_currency row;
    bool found = false;
    BL_TRY(q_account_other_currency(x, db, bl_str_of(new->currency->code), &row, &found));
    return found ? bl_fail(x, BL_CONFLICT, "The book is in %s, the account with number %.*s is in %.*s.",
                           new->currency->code, BL_FMT(row.number), BL_FMT(row.currency))
                 : BL_OK;
}

/* ---- load */

struct loading {
    const char *actor;
    const struct work_prices *in;
    struct work_book *old; /* held; NULL: none */
    struct bl_book *new;
    struct bl_str id, logos;
    struct work_moves *moves; /* NULL: nothing that money shows differs */
    struct bl_ctx round;      /* owns what was drawn last, from here: */
    struct bl_str report, digest;
    const struct work_moved *moved;
    size_t n_moved;
    bl_period *marked; /* of each: what its account had closed when it was marked */
    size_t mark_at;    /* those before are marked, as far as this turn of marking knows */
    bool again;
};

static void report(struct work *w, struct loading *l)
{
    struct bl_buf b = {0};
    for (size_t i = 0; i < l->n_moved; i++) {
        char uuid[37], period[8], amount[32];
        bl_uuid_text(store_account_hot(w->store, l->moved[i].acct).uuid, uuid);
        bl_period_text(l->moved[i].period, period);
        bl_amount_text((bl_amount){l->moved[i].amount}, l->new->currency->digits, amount);
        bl_buf_printf(&b, BL_URN_TEAM "%s %s %s\n", uuid, period, amount);
    }
    uint8_t h[32];
    char hex[65];
    struct bl_sha256 s;
    bl_sha256_begin(&s);
    bl_sha256_add(&s, b.p, b.n);
    bl_sha256_add(&s, l->new->id, sizeof l->new->id);
    bl_sha256_end(&s, h);
    bl_hex(h, sizeof h, hex);
    bl_buf_printf(&b, "%s\n", hex);
    l->report = bl_str_dup(&l->round.arena, bl_buf_view(&b));
    l->digest = bl_str_dup(&l->round.arena, bl_str_of(hex));
    bl_buf_release(&b);
}

/* Draws what moves, and says so. Other than what was asked for: nothing is loaded. */
static enum bl_err draw(struct bl_ctx *x, struct work *w, struct loading *l)
{
    if (!l->moves)
        return BL_OK;
    bl_ctx_reset(&l->round, x->now_us);
    BL_TRY(work_moves_draw(x, l->moves));
    l->moved = work_moves_list(&l->round, l->moves, &l->n_moved);
    l->report = l->digest = BL_ABSENT;
    if (l->n_moved > 0)
        report(w, l);
    if (l->in->dry_run || l->n_moved == 0 || bl_str_eq(l->in->adjust, l->digest))
        return BL_OK;
    return bl_fail(x, BL_CONFLICT,
            "The book moves closed periods: read the report, then load it with --adjust %.*s.",
            BL_FMT(l->digest));
}

static bl_period closed_of(struct work *w, const struct work_moved *m)
{
    return store_account_hot(w->store, m->acct).closed;
}

/* One that was marked before its account was closed further is marked again: a closing takes what lies below
 * it. */
static size_t first_unmarked(struct work *w, const struct loading *l)
{
    size_t i = 0;
    while (i < l->n_moved && l->marked[i] == closed_of(w, &l->moved[i]))
        i++;
    return i;
}

static enum bl_err mark(struct bl_ctx *x, struct work *w, struct loading *l, size_t i)
{
    struct store_account_hot hot = store_account_hot(w->store, l->moved[i].acct);
    uint64_t seq = 0;
    BL_TRY(store_next_seq(x, w->store, hot.bucket, &seq));
    BL_TRY(q_late_put(
            x, store_writer(w->store), hot.bucket, store_uuid(&hot.uuid), l->moved[i].period, (int64_t)seq));
    l->marked[i] = hot.closed;
    return BL_OK;
}

static enum bl_err mark_some(struct bl_ctx *x, struct work *w, struct loading *l)
{
    int64_t until = work_mono_us() + MARKS_US;
    for (; l->mark_at < l->n_moved && work_mono_us() < until; l->mark_at++)
        if (l->marked[l->mark_at] != closed_of(w, &l->moved[l->mark_at]))
            BL_TRY(mark(x, w, l, l->mark_at));
    return BL_OK;
}

/* Writer: marks some of what moves. A mark by itself changes nothing: until the book is the current one, all
 * that is looked at again comes out as it was billed. */
static enum bl_err turn_of_marks(struct bl_ctx *x, struct work *w, void *arg)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, mark_some(x, w, arg));
}

static enum bl_err write(struct bl_ctx *x, struct work *w, const struct loading *l)
{
    struct store_db *db = store_writer(w->store);
    struct q_clock_get meta;
    bool found = false;
    BL_TRY(q_clock_get(x, db, &meta, &found));
    BL_TRY(q_book_insert(x, db, l->id, x->now_us, l->in->yaml, l->logos));
    BL_TRY(q_book_current_set(x, db, l->id, meta.book_n + 1));
    store_touch_all(w->store);
    char hex[65];
    bl_hex(l->id.p, l->id.n, hex);
    return work_audit(x, w, l->actor, "prices.load", bl_str_of(hex), l->in->file);
}

static enum bl_err check(struct bl_ctx *x, struct work *w, struct store_db *db, const struct loading *l)
{
    BL_TRY(check_currency(x, db, l->new));
    struct work_book *now = work_book_take(w);
    bool same = now == l->old;
    work_book_give(w, now);
    if (!same)
        return bl_fail(x, BL_CONFLICT, "Another price book was loaded meanwhile: load this one again.");
    return l->old ? check_worn(x, db, l->old->book, l->new) : BL_OK;
}

static enum bl_err settle(struct bl_ctx *x, struct work *w, struct loading *l)
{
    bool settled = true;
    BL_TRY(check(x, w, store_writer(w->store), l));
    if (l->moves)
        BL_TRY(work_moves_settle(x, l->moves, &settled));
    l->again = !settled || first_unmarked(w, l) < l->n_moved;
    return l->again ? BL_OK : write(x, w, l);
}

/* Writer: nothing comes between what is checked here and the book that is loaded. */
static enum bl_err turn_of_book(struct bl_ctx *x, struct work *w, void *arg)
{
    struct loading *l = arg;
    BL_TRY(work_begin(x, w));
    enum bl_err e = settle(x, w, l);
    if (e == BL_OK && l->again) {
        store_write_abort(w->store);
        return BL_OK;
    }
    BL_TRY(work_end(x, w, e));
    return work_book_publish(x, w, l->id, l->in->yaml, l->logos);
}

static enum bl_err mark_all(struct bl_ctx *x, struct work *w, struct loading *l)
{
    if (!l->marked && l->n_moved > 0) {
        l->marked = bl_alloc_array(&x->arena, l->n_moved, sizeof *l->marked);
        for (size_t i = 0; i < l->n_moved; i++)
            l->marked[i] = UNMARKED;
    }
    for (l->mark_at = first_unmarked(w, l); l->mark_at < l->n_moved;)
        BL_TRY(work_on_writer(x, w, turn_of_marks, l));
    return BL_OK;
}

/* As long as the digest is the one that was asked for, the list is the same, too. */
static enum bl_err load(struct bl_ctx *x, struct work *w, struct loading *l, struct work_prices_result *ret)
{
    BL_TRY(draw(x, w, l));
    if (l->in->dry_run)
        return BL_OK;
    for (;;) {
        BL_TRY(mark_all(x, w, l));
        BL_TRY(work_on_writer(x, w, turn_of_book, l));
        if (!l->again)
            break;
        BL_TRY(draw(x, w, l));
    }
    ret->loaded = true;
    return BL_OK;
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

static enum bl_err check_first(struct bl_ctx *x, struct work *w, const struct loading *l)
{
    struct store_db *db = store_reader_take(w->store);
    enum bl_err e = store_read_begin(x, db);
    if (e == BL_OK) {
        e = check(x, w, db, l);
        store_read_end(db);
    }
    store_reader_give(w->store, db);
    return e;
}

static enum bl_err prepare(
        struct bl_ctx *x, struct work *w, struct loading *l, struct work_prices_result *ret)
{
    struct bl_buf remarks = {0};
    BL_TRY(bl_book_parse(x, l->in->file, l->in->yaml, &l->new));
    bl_book_remarks(x, l->new, &remarks);
    ret->remarks = bl_str_dup(&x->arena, remarks.n ? bl_buf_view(&remarks) : BL_STR(""));
    bl_buf_release(&remarks);
    l->logos = pack_logos(x, l->in);
    work_book_id(l->in->yaml, l->logos, l->new->id);
    memcpy(ret->book_id, l->new->id, sizeof ret->book_id);
    l->id = bl_str_dup(&x->arena, (struct bl_str){(const char *)l->new->id, sizeof l->new->id});
    BL_TRY(check_first(x, w, l));
    int64_t from_s = l->old ? books_differ(l->old->book, l->new) : INT64_MAX;
    if (from_s != INT64_MAX)
        l->moves = work_moves_begin(w, l->old->book, l->new, from_s);
    return BL_OK;
}

enum bl_err work_prices_load(struct bl_ctx *x, struct work *w, const char *actor,
        const struct work_prices *in, struct work_prices_result *ret)
{
    *ret = (struct work_prices_result){0};
    struct loading l = {.actor = actor, .in = in, .old = work_book_take(w)};
    bl_ctx_init(&l.round, x->now_us);
    enum bl_err e = prepare(x, w, &l, ret);
    if (e == BL_OK)
        e = load(x, w, &l, ret);
    ret->report = bl_str_dup(&x->arena, l.report);
    ret->digest = bl_str_dup(&x->arena, l.digest);
    bl_ctx_release(&l.round);
    work_moves_end(l.moves);
    work_book_give(w, l.old);
    return e;
}
