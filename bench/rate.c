/* How fast lives are folded and rated: stretches a second on one core, for accounts of ten resources and of a
 * thousand; and what a month of daily insights takes for a thousand resources. Prints one figure a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "insight/insight.h"

static const char prices[] = "currency: USD\n"
                             "products: [{name: Droplets}, {name: Volumes}, {name: Bandwidth}]\n"
                             "skus:\n"
                             "  - {sku: s-1vcpu-1gb, product: Droplets, prices: [{from: "
                             "2020-01-01T00:00:00Z, amount: \"5.00\", per_hours: 672,\n"
                             "      cap_hours: 672, minimum_seconds: 60, minimum_amount: \"0.01\", "
                             "allowance: [{meter: out, quantity: \"1000\"}]}]}\n"
                             "  - {sku: s-2vcpu-4gb, product: Droplets, prices: [{from: "
                             "2020-01-01T00:00:00Z, amount: \"24.00\", per_hours: 672,\n"
                             "      cap_hours: 672, minimum_seconds: 60, minimum_amount: \"0.01\", "
                             "allowance: [{meter: out, quantity: \"4000\"}]}]}\n"
                             "  - {sku: volume, product: Volumes, unit: GiB, prices: [{from: "
                             "2020-01-01T00:00:00Z, amount: \"0.10\",\n"
                             "      per_hours: 672, cap_hours: 672, increment: 1h}]}\n"
                             "meters:\n"
                             "  - {meter: out, product: Bandwidth, section: overages, aggregate: sum,\n"
                             "      prices: [{from: 2020-01-01T00:00:00Z, model: unit, amount: \"0.01\"}]}\n";

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static uint64_t state = 1;
static uint64_t rnd(uint64_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (state >> 33) % below;
}

_Noreturn static void fail(struct bl_ctx *x)
{
    fprintf(stderr, "rate: %s\n", x->why);
    exit(1);
}

static bl_uuid uuid_of(uint64_t n)
{
    bl_uuid u = {{0}};
    for (int i = 0; i < 8; i++)
        u.b[i] = (uint8_t)(n * 0x9E3779B97F4A7C15u >> (8 * i));
    return u;
}

/* A resource's facts: half live the month through, some are born or die in it, one in ten changes its size.
 */
static size_t resource(struct bl_fact *f, uint64_t n, int64_t month_s, uint64_t *id)
{
    static const char *const skus[] = {"s-1vcpu-1gb", "s-2vcpu-4gb", "volume"};
    static char ids[1 << 20][8];
    const char *sku = skus[rnd(3)];
    size_t k = 0;
    int64_t birth_s = month_s + (rnd(4) ? -(int64_t)rnd(100 * 86400) : (int64_t)rnd(20 * 86400));
#define FACT(kind, s)                                                                                        \
    snprintf(ids[*id % (1 << 20)], 8, "%llu", (unsigned long long)(*id % 1000000));                          \
    f[k] = (struct bl_fact){.type = kind,                                                                    \
            .time_us = (s)*BL_US,                                                                            \
            .has_resource = true,                                                                            \
            .resource = uuid_of(n),                                                                          \
            .source = BL_STR("cloud"),                                                                       \
            .id = bl_str_of(ids[*id % (1 << 20)])};                                                          \
    ++*id;                                                                                                   \
    k++
    FACT(BL_FACT_CREATE, birth_s);
    f[0].field[BL_F_SKU] = bl_str_of(sku);
    static char names[1 << 16][16];
    char *name = names[n % (1 << 16)];
    snprintf(name, sizeof names[0], "web-%llu", (unsigned long long)(n * 7919 % 100000));
    f[0].field[BL_F_NAME] = bl_str_of(name);
    f[0].field[BL_F_REGION] = bl_str_of("nyc3");
    f[0].has_quantity = sku[0] == 'v';
    f[0].quantity = bl_dec_of(100);
    int64_t at_s = birth_s > month_s ? birth_s : month_s;
    if (rnd(10) == 0) {
        at_s += 3600 + (int64_t)rnd(86400);
        FACT(BL_FACT_CHANGE, at_s);
        f[k - 1].field[BL_F_SKU] = bl_str_of("s-2vcpu-4gb");
    }
    if (rnd(4) == 0) {
        FACT(BL_FACT_DELETE, at_s + 1 + (int64_t)rnd(5 * 86400));
    }
    return k;
#undef FACT
}

static size_t stretches(const struct bl_lives *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++)
        n += l->life[i].n_stretch;
    return n;
}

struct account {
    struct bl_fact *fact;
    size_t n;
    struct bl_lives lives;
};

static struct account *accounts(struct bl_ctx *x, size_t n, size_t resources, int64_t month_s)
{
    static uint64_t id;
    struct account *a = bl_alloc_array(&x->arena, n, sizeof *a);
    for (size_t i = 0; i < n; i++) {
        a[i].fact = bl_alloc_array(&x->arena, resources * 3, sizeof *a[i].fact);
        for (size_t r = 0; r < resources; r++)
            a[i].n += resource(&a[i].fact[a[i].n], i * resources + r + 1, month_s, &id);
        if (bl_lives_fold(x, NULL, a[i].fact, a[i].n, &a[i].lives) != BL_OK)
            fail(x);
    }
    return a;
}

typedef enum bl_err (*charge_fn)(struct bl_ctx *, const struct bl_charge_in *, struct bl_lines *);

static void rate(struct bl_ctx *x, const struct bl_book *book, bl_period period, size_t n, size_t resources,
        charge_fn charge, const char *order)
{
    int64_t month_s = bl_period_start_s(period), sum = 0;
    struct account *a = accounts(x, n, resources, month_s);
    struct bl_ctx y;
    bl_ctx_init(&y, 0);
    size_t done = 0, lines_made = 0, facts = 0;
    double start = seconds(), folded, now;
    do {
        for (size_t i = 0; i < n; i++) {
            struct bl_charge_in in = {.book = book,
                    .period = period,
                    .instant_s = bl_period_start_s(period + 1) - 1,
                    .from_s = INT64_MIN,
                    .lives = &a[i].lives};
            struct bl_lines lines;
            if (charge(&y, &in, &lines) != BL_OK)
                fail(&y);
            sum += lines.items.minor;
            lines_made += lines.n;
            done += stretches(&a[i].lives);
            bl_ctx_reset(&y, 0);
        }
    } while ((now = seconds()) - start < 1.0);
    printf("rate, %4zu resources an account, %s: %.2f million stretches/s (%.2f million lines/s)\n",
            resources, order, (double)done / (now - start) / 1e6, (double)lines_made / (now - start) / 1e6);
    start = seconds();
    do {
        for (size_t i = 0; i < n; i++) {
            struct bl_lives l;
            if (bl_lives_fold(&y, NULL, a[i].fact, a[i].n, &l) != BL_OK)
                fail(&y);
            facts += a[i].n;
            bl_ctx_reset(&y, 0);
        }
    } while ((folded = seconds()) - start < 0.5);
    printf("fold, %4zu resources an account: %.2f million facts/s\n", resources,
            (double)facts / (folded - start) / 1e6);
    bl_ctx_release(&y);
    if (sum == 42)
        puts("");
}

/* One resource whose size changes over and over: stretches without lines of their own. */
static void rate_long(struct bl_ctx *x, const struct bl_book *book, bl_period period)
{
    int64_t month_s = bl_period_start_s(period);
    struct account a = {.fact = bl_alloc_array(&x->arena, 1000, sizeof *a.fact), .n = 1000};
    for (size_t i = 0; i < a.n; i++) {
        a.fact[i] = (struct bl_fact){.type = i ? BL_FACT_CHANGE : BL_FACT_CREATE,
                .has_resource = true,
                .time_us = (month_s + 2400 * (int64_t)i) * BL_US,
                .source = BL_STR("s"),
                .id = BL_STR("i"),
                .has_quantity = true,
                .quantity = bl_dec_of(1 + (int64_t)(i % 5))};
        a.fact[i].field[BL_F_SKU] = BL_STR("s-1vcpu-1gb");
    }
    if (bl_lives_fold(x, NULL, a.fact, a.n, &a.lives) != BL_OK)
        fail(x);
    struct bl_ctx y;
    bl_ctx_init(&y, 0);
    size_t done = 0;
    double start = seconds(), now;
    do {
        struct bl_charge_in in = {.book = book,
                .period = period,
                .instant_s = bl_period_start_s(period + 1) - 1,
                .from_s = INT64_MIN,
                .lives = &a.lives};
        struct bl_lines lines;
        if (bl_charge(&y, &in, &lines) != BL_OK)
            fail(&y);
        done += stretches(&a.lives);
        bl_ctx_reset(&y, 0);
    } while ((now = seconds()) - start < 0.5);
    printf("rate, a resource of 1000 sizes:   %.2f million stretches/s\n",
            (double)done / (now - start) / 1e6);
    bl_ctx_release(&y);
}

static void insights(struct bl_ctx *x, const struct bl_book *book, bl_period period)
{
    int64_t month_s = bl_period_start_s(period);
    struct account *a = accounts(x, 1, 1000, month_s);
    struct bl_ctx y;
    bl_ctx_init(&y, 0);
    struct bl_insight_in in = {.book = book,
            .from_s = INT64_MIN,
            .now_s = INT64_MAX / 2,
            .first = bl_day_of_s(month_s),
            .last = bl_day_of_s(month_s) + 30,
            .lives = &a->lives};
    struct bl_point *p;
    size_t n = 0;
    double start = seconds();
    for (int i = 0; i < 5; i++) {
        bl_ctx_reset(&y, 0);
        if (bl_insight(&y, &in, &p, &n) != BL_OK)
            fail(&y);
    }
    printf("insights, 31 days of 1000 resources: %.1f ms (%zu points)\n", (seconds() - start) * 200, n);
    bl_ctx_release(&y);
}

int main(void)
{
    struct bl_ctx x;
    struct bl_book *book;
    bl_period period;
    bl_ctx_init(&x, 0);
    if (bl_book_parse(&x, BL_STR("prices"), BL_STR(prices), &book) != BL_OK ||
            bl_period_parse(&x, BL_STR("2026-10"), &period) != BL_OK)
        fail(&x);
    rate(&x, book, period, 1000, 10, bl_charge_by_key, "by key");
    rate(&x, book, period, 1000, 10, bl_charge, "as printed");
    rate(&x, book, period, 5, 1000, bl_charge_by_key, "by key");
    rate(&x, book, period, 5, 1000, bl_charge, "as printed");
    rate_long(&x, book, period);
    insights(&x, book, period);
    bl_ctx_release(&x);
    return 0;
}
