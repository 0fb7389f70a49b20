/* How fast facts go into the store, in process: batches of 10,000, one in ten about a life, one in a hundred
 * sent twice, each batch durable before the next. Then how long it takes to open the file again, and to load
 * an account.
 *
 *     store ACCOUNTS MILLIONS FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#define BATCH 10000
#define OCT (INT64_C(1790812800) * BL_US)

static double clock_s(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t mix(uint64_t n)
{
    n ^= n >> 33;
    n *= 0xff51afd7ed558ccdu;
    n ^= n >> 33;
    n *= 0xc4ceb9fe1a85ec53u;
    return n ^ n >> 33;
}

static bl_uuid uuid_of(uint64_t n, uint64_t kind)
{
    bl_uuid u;
    uint64_t a = mix(n * 2 + 1), b = mix(a ^ kind);
    memcpy(u.b, &a, 8);
    memcpy(u.b + 8, &b, 8);
    return u;
}

_Noreturn static void fail(struct bl_ctx *x)
{
    fprintf(stderr, "store: %s\n", x->why);
    exit(1);
}

static uint32_t accounts;

/* Fact number i, always the same. */
static void fact_of(uint64_t i, struct bl_fact *f, char *id)
{
    static const struct bl_str source[] = {{"/meters/fra1", 12}, {"/meters/nyc3", 12}, {"/meters/lon1", 12}};
    static const struct bl_str meter[] = {{"bandwidth_out", 13}, {"api_requests", 12}};
    static const struct bl_str region[] = {{"fra1", 4}, {"nyc3", 4}, {"lon1", 4}};
    uint64_t r = mix(i);
    uint32_t at = (uint32_t)(r % 3);
    memset(f, 0, sizeof *f);
    f->account = uuid_of((r >> 8) % accounts, 1);
    f->time_us = OCT + (int64_t)(i * 200) + (int64_t)(r % 1000);
    f->source = source[at];
    f->id = (struct bl_str){id, (size_t)sprintf(id, "evt-%016llx", (unsigned long long)r)};
    f->field[BL_F_REGION] = region[at];
    if (i % 10) {
        f->type = BL_FACT_USAGE;
        f->field[BL_F_METER] = meter[(r >> 40) % 2];
        f->has_resource = (r >> 41) % 2;
        f->resource = uuid_of((r >> 8) % accounts, 2 + (r >> 43) % 10);
        f->has_quantity = true;
        f->quantity.pico = (__int128)((r >> 44) % 1000000) * (r % 2 ? BL_DEC_ONE : 1000000);
        return;
    }
    f->has_resource = true;
    f->resource = uuid_of((r >> 8) % accounts, 100 + (i / 40));
    f->type = (enum bl_fact_type)(BL_FACT_CREATE + (r >> 50) % 3);
    if (f->type == BL_FACT_DELETE)
        return;
    f->field[BL_F_SKU] = BL_STR("s-1vcpu-1gb");
    f->field[BL_F_NAME] = f->id;
}

static void open_store(struct bl_ctx *x, const char *path, struct store **ret)
{
    struct store_options o = {.path = bl_str_of(path), .create = true};
    if (store_open(x, &o, ret) != BL_OK)
        fail(x);
}

static void add_accounts(struct bl_ctx *x, struct store *s)
{
    if (store_write_begin(x, s) != BL_OK)
        fail(x);
    for (uint32_t i = 0; i < accounts; i++) {
        bl_uuid u = uuid_of(i, 1);
        char number[37];
        bl_uuid_text(u, number);
        if (q_account_insert(x, store_writer(s), store_bucket_of(s, u), store_uuid(&u), bl_str_of(number),
                    BL_STR("USD"), BL_ABSENT, OCT, INT64_MIN, 0) != BL_OK)
            fail(x);
        store_account_added(s, u, 0);
    }
    if (store_write_end(x, s) != BL_OK)
        fail(x);
}

static double longest_step, sealing;

static void append_batch(struct bl_ctx *x, struct store *s, uint64_t first, uint64_t *duplicates)
{
    static struct bl_fact fact[BATCH];
    static char id[BATCH][32];
    struct store_append_item *item = bl_alloc_array(&x->arena, BATCH, sizeof *item);
    for (uint64_t i = 0; i < BATCH; i++) {
        uint64_t n = first + i;
        if (n % 100 == 99)
            n = mix(n) % n;
        fact_of(n, &fact[i], id[i]);
        item[i] =
                (struct store_append_item){.fact = &fact[i], .acct = store_account_find(s, fact[i].account)};
    }
    if (store_write_begin(x, s) != BL_OK || store_append(x, s, item, BATCH) != BL_OK ||
            store_write_end(x, s) != BL_OK)
        fail(x);
    for (int i = 0; i < BATCH; i++)
        *duplicates += item[i].verdict == STORE_DUPLICATE;
    double start = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    if (store_seal(x, s, INT64_MAX, false) != BL_OK)
        fail(x);
    double took = clock_s(CLOCK_PROCESS_CPUTIME_ID) - start;
    sealing += took;
    longest_step = took > longest_step ? took : longest_step;
    bl_ctx_reset(x, OCT);
}

static int by_value(const void *l, const void *r)
{
    double a = *(const double *)l, b = *(const double *)r;
    return (a > b) - (a < b);
}

static void load_accounts(struct bl_ctx *x, struct store *s)
{
    enum { LOADS = 2000 };
    static double took[LOADS];
    struct store_db *db = store_reader_take(s);
    for (int i = 0; i < LOADS; i++) {
        struct store_want w = {.acct = (store_acct)(mix((uint64_t)i) % accounts) + 1,
                .first = 681,
                .last = 681,
                .upto_us = INT64_MAX,
                .k = UINT64_MAX};
        struct store_facts f;
        double start = clock_s(CLOCK_MONOTONIC);
        if (store_load(x, s, db, &w, &f) != BL_OK)
            fail(x);
        took[i] = clock_s(CLOCK_MONOTONIC) - start;
        bl_ctx_reset(x, OCT);
    }
    store_reader_give(s, db);
    qsort(took, LOADS, sizeof *took, by_value);
    printf("load of an account: median %.0f us, 99th %.0f us\n", took[LOADS / 2] * 1e6,
            took[LOADS * 99 / 100] * 1e6);
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "store ACCOUNTS MILLIONS FOLDER\n");
        return 2;
    }
    accounts = (uint32_t)atoi(argv[1]);
    uint64_t millions = (uint64_t)atoi(argv[2]), duplicates = 0;
    char path[512];
    snprintf(path, sizeof path, "%s/bench-%s.db", argv[3], argv[1]);
    unlink(path);
    struct bl_ctx x;
    struct store *s = NULL;
    bl_ctx_init(&x, OCT);
    open_store(&x, path, &s);
    add_accounts(&x, s);
    struct store_stats st;
    printf("%u accounts\n", accounts);
    for (uint64_t m = 0; m < millions; m++) {
        double wall = clock_s(CLOCK_MONOTONIC), cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
        longest_step = sealing = 0;
        for (uint64_t i = 0; i < 1000000; i += BATCH)
            append_batch(&x, s, m * 1000000 + i, &duplicates);
        wall = clock_s(CLOCK_MONOTONIC) - wall;
        cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        store_stats(s, &st);
        printf("million %2llu: %7.0f facts/s, %.2f us CPU a fact (%.2f of it sealing, longest step %.0f ms), "
               "tail %llu MiB\n",
                (unsigned long long)m + 1, 1e6 / wall, cpu, sealing, longest_step * 1e3,
                (unsigned long long)st.tail_bytes >> 20);
        fflush(stdout);
    }
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    store_stats(s, &st);
    printf("identities: %.1f bytes a fact; file %lld MiB, log beside it %lld MiB; %llu duplicates; resident "
           "at most %ld MiB\n",
            (double)st.identity_bytes / (double)st.identities, (long long)st.file_bytes >> 20,
            (long long)st.wal_bytes >> 20, (unsigned long long)duplicates, u.ru_maxrss >> 10);
    if (!getenv("APPEND_ONLY"))
        load_accounts(&x, s);
    store_close(s);
    if (getenv("APPEND_ONLY"))
        return 0;
    double start = clock_s(CLOCK_MONOTONIC);
    open_store(&x, path, &s);
    printf("opened again in %.2f s\n", clock_s(CLOCK_MONOTONIC) - start);
    load_accounts(&x, s);
    double check = clock_s(CLOCK_MONOTONIC);
    struct store_checked checked;
    struct store_db *db = store_reader_take(s);
    if (store_check(&x, s, db, &checked) != BL_OK)
        fail(&x);
    store_reader_give(s, db);
    printf("checked %llu facts in %.1f s\n", (unsigned long long)checked.facts,
            clock_s(CLOCK_MONOTONIC) - check);
    store_close(s);
    bl_ctx_release(&x);
    unlink(path);
    return 0;
}
