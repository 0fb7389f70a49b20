/* Random short histories across the turn of a month, rated twice: by the library, and second by second.
 * Beside it what must hold between bills: carries, the order of facts, changes that change nothing. A seed
 * that failed is printed. */
#include "rating_brute.h"

enum { SPAN_S = 3 * 3600, SECONDS_BEFORE = 5400 };

static uint64_t seed;

static uint64_t rnd(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static const char *pick(const char *const *of, size_t n)
{
    return of[rnd(n)];
}
#define PICK(...) pick((const char *const[]){__VA_ARGS__}, BL_COUNT(((const char *const[]){__VA_ARGS__})))

struct world {
    struct bl_ctx x;
    struct bl_book *book;
    int64_t turn_s, start_s, end_s; /* the month's turn; seconds in which everything happens */
    struct rt_facts f;
    int resources;
    bool churn; /* everything within minutes: lives overlap by their minimum time */
};

/* One draw a statement: the order in which arguments are evaluated is the compiler's, and a seed must be one
 * world. */
static void random_price(struct bl_buf *b, const char *sku, const char *from)
{
    bl_buf_printf(b, "%s %s", sku, PICK("5", "0.1", "24", "0.333", "0"));
    bl_buf_printf(b, "/%s", PICK("1", "2", "7"));
    bl_buf_printf(b, "/%s", PICK("0", "1", "1", "2"));
    bl_buf_printf(b, " inc=%s", PICK("1", "60", "3600", "1"));
    bl_buf_printf(b, " min=%s", PICK("0", "60", "600", "4000"));
    bl_buf_printf(b, " least=%s", PICK("0", "0", "0.01", "3"));
    bl_buf_printf(b, "%s from=%s;", rnd(2) ? " allow=bw:100" : "", from);
}

static void random_book(struct world *w)
{
    struct bl_buf b = {0};
    bl_buf_z(&b, "@bw unit=0.01;");
    for (int i = 0; i < 3; i++) {
        const char *sku = (const char *const[]){"a", "b", "c"}[i];
        random_price(&b, sku, rnd(4) ? "1970-01-01T00:00:00" : "10-31T23:10:30");
        if (rnd(2))
            random_price(&b, sku, "10-31T23:50:10");
        if (rnd(3) == 0)
            random_price(&b, sku, "11-01T00:20:00");
    }
    bl_buf_byte(&b, 0);
    w->book = rt_book(&w->x, b.p);
    bl_buf_release(&b);
}

static struct bl_fact random_fact(struct world *w, size_t n)
{
    static const enum bl_fact_type types[] = {
            BL_FACT_CREATE, BL_FACT_CREATE, BL_FACT_CHANGE, BL_FACT_CHANGE, BL_FACT_CHANGE, BL_FACT_DELETE};
    struct bl_fact f = {.type = types[rnd(BL_COUNT(types))], .has_resource = true, .source = BL_STR("s")};
    f.id = bl_str_printf(&w->x.arena, "%zu", n);
    f.resource = rt_uuid(rnd((uint64_t)w->resources) ? "r2" : "r1");
    /* often close together, often within one second of another */
    int64_t s = w->churn ? SECONDS_BEFORE - 4000 + (int64_t)rnd(600)
                         : (int64_t)(rnd(3) ? rnd(SPAN_S) : rnd(40) * 270);
    f.time_us = (w->start_s + s) * BL_US + (int64_t)rnd(1000000);
    if (f.type == BL_FACT_DELETE)
        return f;
    if (f.type == BL_FACT_CREATE || rnd(2))
        f.field[BL_F_SKU] = bl_str_of(PICK("a", "b", "c", "none"));
    else if (rnd(12) == 0)
        f.reset |= 1u << BL_F_SKU;
    if (rnd(3) == 0) {
        f.has_quantity = true;
        f.quantity = rt_dec(&w->x, PICK("1", "2", "0.5", "0", "10.25"));
    }
    if (rnd(4) == 0)
        f.field[BL_F_REGION] = bl_str_of(PICK("x", "y"));
    if (rnd(4) == 0)
        f.field[BL_F_NAME] = bl_str_of(PICK("n", "m"));
    return f;
}

static void world_open(struct world *w, uint64_t s)
{
    seed = s;
    bl_ctx_init(&w->x, 0);
    w->turn_s = rt_s(&w->x, "11-01T00:00:00");
    w->start_s = w->turn_s - SECONDS_BEFORE;
    w->end_s = w->start_s + SPAN_S;
    w->f = (struct rt_facts){0};
    w->resources = 2;
    w->churn = rnd(3) == 0;
    random_book(w);
    size_t n = 1 + rnd(w->churn ? 30 : 14);
    for (size_t i = 0; i < n; i++) {
        struct bl_fact f = random_fact(w, i);
        *BL_PUSH(&w->x.arena, w->f) = f;
    }
}

static int64_t random_instant(struct world *w, bool after_turn)
{
    if (rnd(3) == 0)
        return after_turn ? w->end_s - 1 : w->turn_s - 1;
    return after_turn ? w->turn_s + (int64_t)rnd((uint64_t)(w->end_s - w->turn_s))
                      : w->start_s + (int64_t)rnd(SECONDS_BEFORE);
}

static struct bl_lives folded(struct world *w)
{
    struct bl_lives l;
    br_ok(&w->x, bl_lives_fold(&w->x, NULL, w->f.at, w->f.n, &l));
    return l;
}

static struct bl_charge_in charge_in(
        struct world *w, const struct bl_lives *l, int64_t instant_s, int64_t from_s)
{
    return (struct bl_charge_in){.book = w->book,
            .period = bl_period_of(instant_s * BL_US),
            .instant_s = instant_s,
            .from_s = from_s,
            .lives = l};
}

static const char *text_of(
        struct bl_ctx *x, const struct bl_book *b, const struct br_lines *v, bl_uuid resource)
{
    struct bl_lines l = {.line = bl_alloc_array(&x->arena, v->n, sizeof *l.line), .n = v->n};
    for (size_t i = 0; i < v->n; i++)
        l.line[i] = (struct bl_line){.sku = v->at[i].sku,
                .meter = -1,
                .version = v->at[i].version,
                .quantity = v->at[i].state.quantity,
                .region = v->at[i].state.region,
                .project = v->at[i].state.project,
                .group = v->at[i].state.group,
                .has_resource = true,
                .resource = resource,
                .start_s = v->at[i].start_s,
                .end_s = v->at[i].end_s,
                .seconds = v->at[i].seconds,
                .amount = v->at[i].amount};
    return rt_show(x, b, &l);
}

static void same_exact(struct world *w, const struct bl_line *l, const struct br_line *b, uint64_t s)
{
    int c;
    br_ok(&w->x, bl_rat_cmp(&w->x, &l->exact, &b->exact, &c));
    CHECK(c == 0, "seed %llu: exact charges differ", (unsigned long long)s);
    if (b->real)
        CHECK(bl_str_eq(l->name, b->state.name), "seed %llu: name", (unsigned long long)s);
}

static void second_by_second(void **state)
{
    (void)state;
    const char *env = getenv("BRUTE_SEEDS");
    uint64_t seeds = env ? strtoull(env, NULL, 10) : 250;
    for (uint64_t s = 1; s <= seeds; s++) {
        struct world w;
        world_open(&w, s);
        struct bl_lives lives = folded(&w);
        for (int turn = 0; turn < 2; turn++) {
            int64_t instant_s = random_instant(&w, turn), from_s = INT64_MIN;
            if (rnd(4) == 0)
                from_s = w.start_s + (int64_t)rnd(SPAN_S);
            struct bl_charge_in in = charge_in(&w, &lives, instant_s, from_s);
            struct bl_lines got;
            br_ok(&w.x, bl_charge_by_key(&w.x, &in, &got));
            size_t at = 0;
            for (int r = 1; r <= 2; r++) {
                int64_t period_s = bl_period_start_s(in.period);
                struct br_in b = {w.book, w.f.at, w.f.n, rt_uuid(r == 1 ? "r1" : "r2"), w.start_s, w.end_s,
                        from_s > period_s ? from_s : period_s, instant_s + 1, instant_s, instant_s + 1};
                struct br_lines wanted = br_resource(&w.x, &b);
                struct bl_lines mine = {.line = got.line + at};
                while (at + mine.n < got.n && bl_uuid_cmp(mine.line[mine.n].resource, b.resource) == 0)
                    mine.n++;
                char row[80];
                snprintf(row, sizeof row, "seed %llu, %s month, r%d", (unsigned long long)s,
                        turn ? "second" : "first", r);
                CHECK_TEXT(rt_show(&w.x, w.book, &mine), text_of(&w.x, w.book, &wanted, b.resource), row);
                for (size_t i = 0; i < mine.n; i++)
                    same_exact(&w, &mine.line[i], &wanted.at[i], s);
                at += mine.n;
            }
        }
        bl_ctx_release(&w.x);
    }
}

static void allowances_second_by_second(void **state)
{
    (void)state;
    for (uint64_t s = 1000; s < 1150; s++) {
        struct world w;
        world_open(&w, s);
        struct bl_lives lives = folded(&w);
        int64_t instant_s = random_instant(&w, false);
        struct bl_charge_in in = charge_in(&w, &lives, instant_s, INT64_MIN);
        struct rt_usage u = rt_usage(&w.x, "10-01T00:00:00 bw 1000000");
        in.usage = u.at;
        in.n_usage = u.n;
        struct bl_lines got;
        br_ok(&w.x, bl_charge_by_key(&w.x, &in, &got));
        bl_rat sum = bl_rat_zero();
        for (int r = 1; r <= 2; r++) {
            struct br_in b = {w.book, w.f.at, w.f.n, rt_uuid(r == 1 ? "r1" : "r2"), w.start_s, w.end_s,
                    bl_period_start_s(in.period), instant_s + 1, instant_s, w.turn_s};
            bl_rat more = br_allowance(&w.x, &b, 0);
            br_ok(&w.x, bl_rat_add(&w.x, &sum, &more, &sum));
        }
        bl_dec wanted;
        br_ok(&w.x, bl_rat_cut(&w.x, &sum, &wanted));
        char a[64], b[64];
        bl_dec_text(got.line[got.n - 1].allowed, a);
        bl_dec_text(wanted, b);
        CHECK(strcmp(a, b) == 0, "seed %llu: allowed %s, wanted %s", (unsigned long long)s, a, b);
        bl_ctx_release(&w.x);
    }
}

static const char *bill(struct world *w, const struct bl_lives *l, int64_t instant_s)
{
    struct bl_charge_in in = charge_in(w, l, instant_s, INT64_MIN);
    struct bl_lines got;
    br_ok(&w->x, bl_charge(&w->x, &in, &got));
    return rt_show(&w->x, w->book, &got);
}

/* Carried over at a second, packed and read, the rest folded on top. */
static struct bl_lives carried(
        struct world *w, const struct bl_lives *on, int64_t from_s, int64_t at_s, int64_t to_s)
{
    struct rt_facts some = {0};
    struct bl_lives l, c, back;
    for (size_t i = 0; i < w->f.n; i++)
        if (w->f.at[i].time_us >= from_s * BL_US && w->f.at[i].time_us < at_s * BL_US)
            *BL_PUSH(&w->x.arena, some) = w->f.at[i];
    br_ok(&w->x, bl_lives_fold(&w->x, on, some.at, some.n, &l));
    if (at_s >= to_s)
        return l;
    br_ok(&w->x, bl_lives_carry(&w->x, w->book, &l, at_s, &c));
    struct bl_buf b = {0};
    bl_lives_pack(&b, &c);
    struct bl_str kept = bl_str_dup(&w->x.arena, bl_buf_view(&b));
    bl_buf_release(&b);
    br_ok(&w->x, bl_lives_unpack(&w->x, kept, &back));
    return back;
}

static void a_carry_tells_what_all_facts_tell(void **state)
{
    (void)state;
    for (uint64_t s = 2000; s < 3000; s++) {
        struct world w;
        world_open(&w, s);
        struct bl_lives all = folded(&w);
        int64_t first_s = w.start_s + (int64_t)rnd(SECONDS_BEFORE), end_s = w.end_s + 1;
        struct bl_lives c = carried(&w, NULL, w.start_s, first_s, end_s);
        c = carried(&w, &c, first_s, w.turn_s, end_s);
        c = carried(&w, &c, w.turn_s, end_s, end_s);
        char row[40];
        snprintf(row, sizeof row, "seed %llu", (unsigned long long)s);
        for (int i = 0; i < 4; i++) {
            int64_t instant_s = random_instant(&w, true);
            CHECK_TEXT(bill(&w, &c, instant_s), bill(&w, &all, instant_s), row);
        }
        int64_t later_s = rt_s(&w.x, "11-30T23:59:59");
        CHECK_TEXT(bill(&w, &c, later_s), bill(&w, &all, later_s), row);
        bl_ctx_release(&w.x);
    }
}

static void the_order_of_arrival_is_nothing(void **state)
{
    (void)state;
    for (uint64_t s = 4000; s < 4300; s++) {
        struct world w;
        world_open(&w, s);
        int64_t instant_s = random_instant(&w, rnd(2));
        struct bl_lives l = folded(&w);
        const char *one = bill(&w, &l, instant_s);
        for (size_t i = w.f.n; i > 1; i--) {
            size_t k = rnd(i);
            struct bl_fact f = w.f.at[k];
            w.f.at[k] = w.f.at[i - 1];
            w.f.at[i - 1] = f;
        }
        l = folded(&w);
        char row[40];
        snprintf(row, sizeof row, "seed %llu", (unsigned long long)s);
        CHECK_TEXT(bill(&w, &l, instant_s), one, row);
        bl_ctx_release(&w.x);
    }
}

/* A change that says nothing, anywhere: the living go on, the absent stay absent. */
static void changes_of_nothing_are_nothing(void **state)
{
    (void)state;
    for (uint64_t s = 5000; s < 5300; s++) {
        struct world w;
        world_open(&w, s);
        int64_t instant_s = random_instant(&w, rnd(2));
        struct bl_lives l = folded(&w);
        const char *one = bill(&w, &l, instant_s);
        for (size_t i = 0; i < 5; i++) {
            struct bl_fact f = random_fact(&w, 100 + i);
            *BL_PUSH(&w.x.arena, w.f) = (struct bl_fact){.type = BL_FACT_CHANGE,
                    .has_resource = true,
                    .resource = f.resource,
                    .source = f.source,
                    .id = f.id,
                    .time_us = f.time_us};
        }
        l = folded(&w);
        char row[40];
        snprintf(row, sizeof row, "seed %llu", (unsigned long long)s);
        CHECK_TEXT(bill(&w, &l, instant_s), one, row);
        bl_ctx_release(&w.x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(second_by_second),
            cmocka_unit_test(allowances_second_by_second),
            cmocka_unit_test(a_carry_tells_what_all_facts_tell),
            cmocka_unit_test(the_order_of_arrival_is_nothing),
            cmocka_unit_test(changes_of_nothing_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
