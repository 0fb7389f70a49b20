/* What tests of the store share: a database in a folder of its own, accounts, facts made by hand, and the
 * naive model of what the log says. */
#ifndef STORE_HELPERS_H
#define STORE_HELPERS_H

#include "store/inner.h"

#include <setjmp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define OCT (INT64_C(1790812800) * BL_US) /* 2026-10-01T00:00:00Z, period 681 */
#define OCT_PERIOD 681
#define DAY_US (BL_DAY_S * BL_US)

struct box {
    struct bl_ctx x;
    char folder[64], path[96];
    struct store *s;
};

#define OK(call)                                                                                             \
    do {                                                                                                     \
        enum bl_err ok_ = (call);                                                                            \
        if (ok_ != BL_OK)                                                                                    \
            fail_msg("%s: %d", #call, (int)ok_);                                                             \
    } while (0)

static inline void box_open(struct box *b)
{
    struct store_options o = {.path = bl_str_of(b->path), .create = true, .buckets = 8};
    if (store_open(&b->x, &o, &b->s) != BL_OK)
        fail_msg("store_open: %s", b->x.why);
}

static inline void box_make(struct box *b)
{
    memset(b, 0, sizeof *b);
    bl_ctx_init(&b->x, OCT);
    strcpy(b->folder, "/tmp/billow-store-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->path, sizeof b->path, "%s/t.db", b->folder);
    box_open(b);
}

static inline void box_reopen(struct box *b)
{
    store_close(b->s);
    box_open(b);
}

static inline void box_remove(struct box *b)
{
    static const char *const side[] = {"", "-wal", "-shm", ".lock"};
    char name[160];
    if (b->s)
        store_close(b->s);
    for (size_t i = 0; i < BL_COUNT(side); i++) {
        snprintf(name, sizeof name, "%s%s", b->path, side[i]);
        unlink(name);
    }
    rmdir(b->folder);
    bl_ctx_release(&b->x);
}

static inline bl_uuid uuid_n(uint32_t n)
{
    bl_uuid u = {{0xaa, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}};
    u.b[15] = (uint8_t)(n * 37);
    return u;
}

static inline void put_account(struct box *b, bl_uuid u, int64_t billing_from_us, bl_period closed)
{
    char number[37];
    bl_uuid_text(u, number);
    OK(q_account_insert(&b->x, store_writer(b->s), store_bucket_of(b->s, u), store_uuid(&u),
            bl_str_of(number), BL_STR("USD"), BL_ABSENT, OCT, billing_from_us, closed));
    store_account_added(b->s, u, closed);
}

static inline store_acct add_account(struct box *b, bl_uuid u, int64_t billing_from_us, bl_period closed)
{
    OK(store_write_begin(&b->x, b->s));
    put_account(b, u, billing_from_us, closed);
    OK(store_write_end(&b->x, b->s));
    return store_account_find(b->s, u);
}

static inline struct bl_fact fact_of(
        struct box *b, enum bl_fact_type type, bl_uuid account, int64_t time_us, const char *id)
{
    return (struct bl_fact){.type = type,
            .account = account,
            .time_us = time_us,
            .source = BL_STR("test"),
            .id = bl_str_dup(&b->x.arena, bl_str_of(id))};
}

static inline struct bl_fact usage_of(
        struct box *b, bl_uuid account, int64_t time_us, const char *id, int64_t quantity)
{
    struct bl_fact f = fact_of(b, BL_FACT_USAGE, account, time_us, id);
    f.field[BL_F_METER] = BL_STR("requests");
    f.has_quantity = true;
    f.quantity = bl_dec_of(quantity);
    return f;
}

static inline struct bl_fact life_of(struct box *b, enum bl_fact_type type, bl_uuid account, int64_t time_us,
        const char *id, bl_uuid resource)
{
    struct bl_fact f = fact_of(b, type, account, time_us, id);
    f.has_resource = true;
    f.resource = resource;
    if (type == BL_FACT_CREATE) {
        f.field[BL_F_SKU] = BL_STR("s-1");
        f.field[BL_F_NAME] = BL_STR("web-1");
    }
    return f;
}

static inline struct bl_fact retract_of(
        struct box *b, bl_uuid account, int64_t time_us, const char *id, const char *target)
{
    struct bl_fact f = fact_of(b, BL_FACT_RETRACT, account, time_us, id);
    f.field[BL_F_TARGET_SOURCE] = BL_STR("test");
    f.field[BL_F_TARGET_ID] = bl_str_dup(&b->x.arena, bl_str_of(target));
    return f;
}

/* One transaction; verdicts as letters: a accepted, v void, d duplicate, c conflict. */
static inline const char *append(struct box *b, struct bl_fact *f, size_t n)
{
    struct store_append_item *item = bl_alloc_array(&b->x.arena, n, sizeof *item);
    char *letters = bl_alloc(&b->x.arena, n + 1);
    for (size_t i = 0; i < n; i++)
        item[i] = (struct store_append_item){.fact = &f[i], .acct = store_account_find(b->s, f[i].account)};
    OK(store_write_begin(&b->x, b->s));
    if (store_append(&b->x, b->s, item, n) != BL_OK)
        fail_msg("store_append: %s", b->x.why);
    OK(store_write_end(&b->x, b->s));
    for (size_t i = 0; i < n; i++)
        letters[i] = "avdc"[item[i].verdict];
    return letters;
}

static inline const char *append1(struct box *b, struct bl_fact f)
{
    return append(b, &f, 1);
}

static inline struct store_facts load(
        struct box *b, bl_uuid account, bl_period first, bl_period last, int64_t upto_us, uint64_t k)
{
    struct store_want w = {.acct = store_account_find(b->s, account),
            .first = first,
            .last = last,
            .upto_us = upto_us,
            .k = k,
            .usage_facts = false};
    struct store_facts f;
    struct store_db *db = store_reader_take(b->s);
    if (store_load(&b->x, b->s, db, &w, &f) != BL_OK)
        fail_msg("store_load: %s", b->x.why);
    store_reader_give(b->s, db);
    return f;
}

static inline int64_t sum_of(const struct store_facts *f)
{
    __int128 sum = 0;
    for (size_t i = 0; i < f->n_usage; i++)
        sum += f->usage[i].sum.pico;
    return (int64_t)(sum / BL_DEC_ONE);
}

static inline int64_t sum_now(struct box *b, bl_uuid account)
{
    struct store_facts f = load(b, account, OCT_PERIOD, OCT_PERIOD, INT64_MAX, UINT64_MAX);
    return sum_of(&f);
}

static inline uint64_t check(struct box *b)
{
    struct store_checked checked;
    struct store_db *db = store_reader_take(b->s);
    if (store_check(&b->x, b->s, db, &checked) != BL_OK)
        fail_msg("store_check: %s", b->x.why);
    store_reader_give(b->s, db);
    return checked.facts;
}

static inline void seal(struct box *b)
{
    if (store_seal(&b->x, b->s, INT64_MAX, true) != BL_OK)
        fail_msg("store_seal: %s", b->x.why);
}

static inline int64_t late_count(struct box *b, const char *where)
{
    char text[200];
    sqlite3_stmt *st = NULL;
    snprintf(text, sizeof text, "select count(*) from late where %s", where);
    assert_int_equal(sqlite3_prepare_v2(store_writer(b->s)->h, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

#endif
