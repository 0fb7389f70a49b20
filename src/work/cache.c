/* Balances are asked for far more often than they change. For an account this keeps its folded lives and
 * usage of the open month, packed, and the figures of one second: when the second passes only the rating is
 * done again; when the account is written (its version moves), a new book comes or a known fact's time is
 * reached, all is read again.
 *
 * A table of fixed size, one account a slot; what collides is replaced. */
#include "work/inner.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS 16384 /* a power of two */
#define LOCKS 64

struct slot {
    store_acct acct;
    uint32_t version;
    uint8_t book_id[32];
    bl_period period;
    int64_t next_us, from_s;
    int64_t second; /* that `balance` is of */
    struct work_balance balance;
    char *body; /* packed lives, then packed usage */
    size_t n_lives, n;
};
struct work_cache {
    pthread_mutex_t lock[LOCKS];
    struct slot slot[SLOTS];
};

void work_cache_open(struct work *w)
{
    w->cache = calloc(1, sizeof *w->cache); /* untouched pages cost nothing */
    if (!w->cache)
        abort();
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_init(&w->cache->lock[i], NULL);
}

void work_cache_close(struct work *w)
{
    for (size_t i = 0; i < SLOTS; i++)
        free(w->cache->slot[i].body);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&w->cache->lock[i]);
    free(w->cache);
}

static enum bl_err fill(struct bl_ctx *x, struct work *w, struct store_db *db, store_acct acct,
        uint32_t version, const struct bl_book *book, int64_t now_us, struct slot *s)
{
    struct work_account a;
    struct store_facts f = {0};
    struct bl_lives lives;
    BL_TRY(work_account_get(x, w, db, store_account_hot(w->store, acct).uuid, &a));
    if (a.row.parked.n > 0)
        return bl_fail(x, BL_CONFLICT, "This account is parked: %.*s", BL_FMT(a.row.parked));
    bl_period p = bl_period_of(now_us);
    struct store_want want = {
            .acct = acct,
            .first = p,
            .last = p,
            .upto_us = (bl_floor_s(now_us) + 1) * BL_US,
            .k = UINT64_MAX,
            .book_id = book ? book->id : NULL,
    };
    BL_TRY(store_load(x, w->store, db, &want, &f));
    BL_TRY(bl_lives_fold(x, f.has_carry ? &f.carried : NULL, f.life, f.n_life, &lives));
    struct bl_buf b = {0};
    bl_lives_pack(&b, &lives);
    size_t n_lives = b.n;
    bl_usage_pack_totals(&b, f.usage, f.n_usage);
    free(s->body);
    const struct bl_currency *c = bl_currency_find(a.row.currency);
    *s = (struct slot){
            .acct = acct,
            .version = version,
            .period = p,
            .next_us = f.next_us,
            .from_s = f.billing_from_us == INT64_MIN ? INT64_MIN : bl_floor_s(f.billing_from_us),
            .second = INT64_MIN,
            .balance = {.receivable = {a.row.receivable}, .digits = c ? c->digits : 2},
            .body = realloc(b.p, b.n ? b.n : 1),
            .n_lives = n_lives,
            .n = b.n,
    };
    if (!s->body)
        abort();
    if (book)
        memcpy(s->book_id, book->id, sizeof s->book_id);
    return BL_OK;
}

static enum bl_err rate(struct bl_ctx *x, const struct bl_book *book, int64_t second, struct slot *s)
{
    struct bl_lives lives;
    struct bl_usage_total *usage = NULL;
    size_t n_usage = 0;
    struct bl_lines lines = {0};
    if (book) {
        BL_TRY(bl_lives_unpack(x, (struct bl_str){s->body, s->n_lives}, &lives));
        BL_TRY(bl_usage_unpack_totals(
                x, (struct bl_str){s->body + s->n_lives, s->n - s->n_lives}, &usage, &n_usage));
        struct bl_charge_in in = {
                .book = book,
                .period = s->period,
                .instant_s = second,
                .from_s = s->from_s,
                .lives = &lives,
                .usage = usage,
                .n_usage = n_usage,
        };
        BL_TRY(bl_charge_by_key(x, &in, &lines));
    }
    BL_TRY(bl_amount_add(x, lines.items, lines.overages, &s->balance.usage));
    BL_TRY(bl_amount_add(x, s->balance.usage, s->balance.receivable, &s->balance.total));
    s->second = second;
    return BL_OK;
}

static bool fresh(
        const struct slot *s, store_acct acct, uint32_t version, const struct bl_book *book, int64_t now_us)
{
    static const uint8_t none[32];
    return s->acct == acct && s->version == version && s->period == bl_period_of(now_us) &&
           now_us < s->next_us && memcmp(s->book_id, book ? book->id : none, sizeof s->book_id) == 0;
}

enum bl_err work_balance(struct bl_ctx *x, struct work *w, struct store_db *db, store_acct acct,
        int64_t now_us, struct work_balance *ret)
{
    struct slot *s = &w->cache->slot[acct & (SLOTS - 1)];
    pthread_mutex_t *lock = &w->cache->lock[acct % LOCKS];
    struct work_book *book = work_book_take(w);
    const struct bl_book *b = book ? book->book : NULL;
    uint32_t version =
            store_account_hot(w->store, acct).version; /* before reading: a later write drops it again */
    int64_t second = bl_floor_s(now_us);
    enum bl_err e = BL_OK;
    pthread_mutex_lock(lock);
    if (!fresh(s, acct, version, b, now_us)) {
        uint32_t known = store_view_newest(db) ? version : version - 1; /* an old view is not kept */
        e = fill(x, w, db, acct, known, b, now_us, s);
    }
    if (e == BL_OK && s->second != second)
        e = rate(x, b, second, s);
    if (e == BL_OK)
        *ret = s->balance;
    else
        s->acct = 0;
    pthread_mutex_unlock(lock);
    work_book_give(w, book);
    return e;
}
