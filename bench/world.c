/* A database with many accounts, made in one transaction: an account at a time over HTTP would cost an fsync
 * each. Then a token of the operator's, whose text is known, and one for each of the first accounts, printed.
 *
 *     world FILE ACCOUNTS TOKENS [FIRST-MONTH] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "make.h"
#include "store/store.h"

_Noreturn static void fail(struct bl_ctx *x)
{
    fprintf(stderr, "world: %s\n", x->why);
    exit(1);
}
#define TRY(call)                                                                                            \
    if ((call) != BL_OK)                                                                                     \
    fail(x)

static void add_account(struct bl_ctx *x, struct store *s, uint64_t n, bl_period first)
{
    bl_uuid u = make_account(n);
    char number[37];
    int64_t changed = 0;
    uint32_t bucket = store_bucket_of(s, u);
    snprintf(number, sizeof number, "%08llu", (unsigned long long)n + 1);
    int64_t from_us = bl_period_start_s(first) * BL_US;
    TRY(q_number_insert(x, store_writer(s), bl_str_of(number), bucket, store_uuid(&u), &changed));
    TRY(q_account_insert(x, store_writer(s), bucket, store_uuid(&u), bl_str_of(number), BL_STR("USD"),
            BL_ABSENT, from_us, from_us, first - 1));
    store_account_added(s, u, first - 1);
}

static void add_token(
        struct bl_ctx *x, struct store *s, const char *token, uint64_t n, const bl_uuid *account)
{
    uint8_t digest[32];
    char id[24];
    bl_sha256(token, strlen(token), digest);
    snprintf(id, sizeof id, "tok_%012llx", (unsigned long long)n);
    TRY(q_token_insert(x, store_writer(s), (struct bl_str){(char *)digest, 32}, bl_str_of(id),
            account ? BL_STR("do") : BL_STR("operator"), account ? store_bucket_of(s, *account) : 0,
            account ? store_uuid(account) : BL_ABSENT, BL_ABSENT,
            account ? BL_STR("billing:read")
                    : BL_STR("events:write operator:read operator:finance operator:admin"),
            BL_STR("bench"), 0, INT64_MAX));
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "world FILE ACCOUNTS TOKENS [FIRST-MONTH]\n");
        return 2;
    }
    struct bl_ctx ctx, *x = &ctx;
    struct store *s = NULL;
    struct store_options o = {.path = bl_str_of(argv[1]), .create = true};
    uint64_t accounts = strtoull(argv[2], NULL, 10), tokens = strtoull(argv[3], NULL, 10);
    bl_period first = argc > 4 ? (bl_period)atoi(argv[4]) : MAKE_MONTH;
    bl_ctx_init(x, bl_period_start_s(first) * BL_US);
    TRY(store_open(x, &o, &s));
    TRY(store_write_begin(x, s));
    for (uint64_t i = 0; i < accounts; i++) {
        add_account(x, s, i, first);
        bl_ctx_reset(x, x->now_us);
    }
    add_token(x, s, MAKE_OPERATOR, UINT64_C(0xffffffffffff), NULL);
    for (uint64_t i = 0; i < tokens && i < accounts; i++) {
        bl_uuid u = make_account(i);
        char token[72];
        make_token(i, token);
        add_token(x, s, token, i, &u);
        puts(token);
    }
    TRY(store_write_end(x, s));
    store_close(s);
    bl_ctx_release(x);
    return 0;
}
