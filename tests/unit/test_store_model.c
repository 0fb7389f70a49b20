/* The store against a model of a few lines: random appends, retractions, aborts, sealings in part and in
 * whole, restarts; every so often an account is loaded at a random place of the log and must be what the
 * model says. Then the same file under kill: a child writes and says what was acknowledged, is killed, and
 * everything must be there once. And readers that read while the writer writes. */
#include "store_helpers.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define ACCOUNTS 5
#define RESOURCES 4

/* ---- the model */
struct model_fact {
    struct bl_fact f;
    uint32_t acct; /* 0.. */
};
struct model {
    struct bl_arena arena;
    struct {
        struct model_fact *at;
        size_t n, cap;
    } facts;
    int64_t from_us[ACCOUNTS];
    uint64_t rng;
};

static uint32_t roll(struct model *m, uint32_t n)
{
    m->rng = m->rng * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m->rng >> 33) % n;
}

static bool names(const struct bl_fact *r, const struct bl_fact *f)
{
    return r->type == BL_FACT_RETRACT && f->type != BL_FACT_RETRACT &&
           bl_str_eq(r->field[BL_F_TARGET_SOURCE], f->source) && bl_str_eq(r->field[BL_F_TARGET_ID], f->id);
}

static bool unsaid(const struct model *m, const struct model_fact *f, uint64_t k)
{
    for (size_t i = 0; i < m->facts.n; i++)
        if (m->facts.at[i].acct == f->acct && m->facts.at[i].f.seq <= k && names(&m->facts.at[i].f, &f->f))
            return true;
    return false;
}

static int by_time(const void *l, const void *r)
{
    const struct bl_fact *a = l, *b = r;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

static void same_list(
        const char *what, struct bl_fact *want, size_t n_want, const struct bl_fact *got, size_t n_got)
{
    if (n_want != n_got)
        fail_msg("%s: %zu facts, not %zu", what, n_got, n_want);
    qsort(want, n_want, sizeof *want, by_time);
    for (size_t i = 0; i < n_want; i++)
        if (want[i].seq != got[i].seq || !bl_fact_same(&want[i], &got[i]) ||
                !bl_str_eq(want[i].id, got[i].id))
            fail_msg("%s: fact %zu differs (seq %d, not %d)", what, i, (int)got[i].seq, (int)want[i].seq);
}

static void compare(struct box *b, struct model *m, uint32_t acct)
{
    struct bl_ctx x;
    bl_ctx_init(&x, OCT);
    bl_uuid u = uuid_n(acct);
    bl_period first = OCT_PERIOD - 1 + (bl_period)roll(m, 2), last = first + (bl_period)roll(m, 2);
    int64_t upto_us = roll(m, 3) ? INT64_MAX : OCT + (int64_t)roll(m, 12) * (DAY_US / 2) - 2 * DAY_US;
    uint64_t now = store_seq_now(b->s, store_bucket_of(b->s, u));
    uint64_t k = roll(m, 2) ? UINT64_MAX : roll(m, (uint32_t)now + 1);
    struct store_want w = {.acct = store_account_find(b->s, u),
            .first = first,
            .last = last,
            .upto_us = upto_us,
            .k = k,
            .usage_facts = roll(m, 3) == 0};
    struct store_facts got;
    struct store_db *db = roll(m, 4) ? store_reader_take(b->s) : store_writer(b->s);
    if (store_load(&x, b->s, db, &w, &got) != BL_OK)
        fail_msg("store_load: %s", x.why);
    if (db != store_writer(b->s))
        store_reader_give(b->s, db);
    assert_int_equal(got.k, k < now ? k : now);

    struct bl_fact *life = bl_alloc_array(&x.arena, m->facts.n + 1, sizeof *life),
                   *face = bl_alloc_array(&x.arena, m->facts.n + 1, sizeof *face),
                   *usage = bl_alloc_array(&x.arena, m->facts.n + 1, sizeof *usage);
    size_t n_life = 0, n_face = 0, n_usage = 0;
    struct bl_usage *totals = bl_usage_new(&x);
    for (size_t i = 0; i < m->facts.n; i++) {
        const struct model_fact *f = &m->facts.at[i];
        bl_period p = bl_period_of(f->f.time_us);
        if (f->acct != acct || f->f.seq > got.k)
            continue;
        bool counts = bl_fact_is_life(f->f.type) || (f->f.type == BL_FACT_USAGE && p >= first);
        if (counts && p <= last && f->f.time_us >= upto_us && f->f.time_us < got.next_us)
            fail_msg("a fact that is still to come is not announced");
        if (unsaid(m, f, got.k))
            continue;
        if (bl_fact_is_life(f->f.type) && f->f.time_us < upto_us && p <= last)
            life[n_life++] = f->f;
        if (f->f.type == BL_FACT_ACCOUNT)
            face[n_face++] = f->f;
        if (f->f.type == BL_FACT_USAGE && f->f.time_us < upto_us && p >= first && p <= last &&
                f->f.time_us >= m->from_us[acct]) {
            usage[n_usage++] = f->f;
            OK(bl_usage_add(&x, totals, &f->f));
        }
    }
    same_list("life", life, n_life, got.life, got.n_life);
    same_list("face", face, n_face, got.face, got.n_face);
    if (w.usage_facts)
        same_list("usage", usage, n_usage, got.usage_fact, got.n_usage_fact);
    struct bl_usage_total *t = NULL;
    size_t n_t = 0;
    bl_usage_list(&x, totals, &t, &n_t);
    struct bl_buf want = {0}, have = {0};
    bl_usage_pack_totals(&want, t, n_t);
    bl_usage_pack_totals(&have, got.usage, got.n_usage);
    if (want.n != have.n || memcmp(want.p, have.p, want.n) != 0)
        fail_msg("usage totals differ: %zu and %zu lines", n_t, got.n_usage);
    bl_buf_release(&want);
    bl_buf_release(&have);
    bl_ctx_release(&x);
}

/* ---- random facts: few ids, so that many collide */
static struct bl_fact random_fact(struct model *m, uint32_t acct)
{
    static const enum bl_fact_type type[] = {BL_FACT_USAGE, BL_FACT_USAGE, BL_FACT_USAGE, BL_FACT_USAGE,
            BL_FACT_CREATE, BL_FACT_CHANGE, BL_FACT_DELETE, BL_FACT_ACCOUNT, BL_FACT_RETRACT};
    struct bl_arena *a = &m->arena;
    struct bl_fact f = {.type = type[roll(m, BL_COUNT(type))], .account = uuid_n(acct)};
    f.time_us = OCT + ((int64_t)roll(m, 60) - 30) * DAY_US / 2 + roll(m, 3);
    f.source = roll(m, 4) ? BL_STR("s") : bl_str_printf(a, "s%u", roll(m, 3));
    f.id = bl_str_printf(a, "%u", roll(m, 600));
    if (f.type == BL_FACT_USAGE) {
        f.field[BL_F_METER] = bl_str_printf(a, "m%u", roll(m, 2));
        f.has_quantity = roll(m, 8) != 0;
        f.quantity.pico = f.has_quantity ? (__int128)roll(m, 1000) * (roll(m, 2) ? BL_DEC_ONE : 12345) : 0;
        f.has_resource = roll(m, 3) == 0;
        if (f.has_resource)
            f.resource = uuid_n(900 + roll(m, RESOURCES));
        if (roll(m, 3) == 0)
            f.field[BL_F_VALUE] = bl_str_printf(a, "v%u", roll(m, 5));
        if (roll(m, 3) == 0)
            f.field[BL_F_REGION] = BL_STR("fra1");
    } else if (bl_fact_is_life(f.type)) {
        f.has_resource = true;
        f.resource = uuid_n(900 + roll(m, RESOURCES));
        if (f.type != BL_FACT_DELETE) {
            f.field[BL_F_SKU] = BL_STR("s-1");
            f.field[BL_F_NAME] = bl_str_printf(a, "web-%u", roll(m, 4));
            f.has_resource_id = roll(m, 2);
            f.resource_id = f.has_resource_id ? (int64_t)roll(m, 100) - 50 : 0;
            f.reset = roll(m, 3) ? 0 : 1u << BL_F_REGION;
            f.reset_quantity = roll(m, 5) == 0;
        }
    } else if (f.type == BL_FACT_ACCOUNT) {
        f.field[BL_F_CITY] = bl_str_printf(a, "city %u", roll(m, 3));
        f.field[BL_F_COUNTRY] = BL_STR("DE");
    } else {
        f.field[BL_F_TARGET_SOURCE] = BL_STR("s");
        f.field[BL_F_TARGET_ID] = bl_str_printf(a, "%u", roll(m, 600));
    }
    return f;
}

static const struct model_fact *known(const struct model *m, uint32_t acct, const struct bl_fact *f)
{
    for (size_t i = 0; i < m->facts.n; i++)
        if (m->facts.at[i].acct == acct && bl_str_eq(m->facts.at[i].f.source, f->source) &&
                bl_str_eq(m->facts.at[i].f.id, f->id))
            return &m->facts.at[i];
    return NULL;
}

/* Alive just before? Over what the model holds, up to the fact's own seq. */
static bool alive(struct bl_ctx *x, const struct model *m, uint32_t acct, const struct bl_fact *f)
{
    struct bl_fact *list = bl_alloc_array(&x->arena, m->facts.n + 1, sizeof *list);
    size_t n = 0;
    for (size_t i = 0; i < m->facts.n; i++) {
        const struct model_fact *o = &m->facts.at[i];
        if (o->acct == acct && o->f.seq < f->seq && o->f.has_resource &&
                bl_uuid_cmp(o->f.resource, f->resource) == 0 && bl_fact_is_life(o->f.type) &&
                !unsaid(m, o, f->seq))
            list[n++] = o->f;
    }
    return bl_life_alive_before(x, list, n, f);
}

static enum store_verdict expect(struct bl_ctx *x, struct model *m, uint32_t acct, const struct bl_fact *f)
{
    if (f->type == BL_FACT_RETRACT) {
        for (size_t i = 0; i < m->facts.n; i++)
            if (m->facts.at[i].acct == acct && m->facts.at[i].f.seq < f->seq && names(f, &m->facts.at[i].f))
                return STORE_ACCEPTED;
        return STORE_VOID;
    }
    if (f->type == BL_FACT_CHANGE || f->type == BL_FACT_DELETE)
        return alive(x, m, acct, f) ? STORE_ACCEPTED : STORE_VOID;
    return STORE_ACCEPTED;
}

static void random_append(struct box *b, struct model *m)
{
    struct bl_ctx x;
    bl_ctx_init(&x, OCT);
    size_t n = 1 + (roll(m, 10) ? roll(m, 12) : roll(m, 700));
    struct bl_fact *f = bl_alloc_array(&x.arena, n, sizeof *f);
    struct store_append_item *item = bl_alloc_array(&x.arena, n, sizeof *item);
    for (size_t i = 0; i < n; i++) {
        f[i] = random_fact(m, roll(m, ACCOUNTS));
        item[i] = (struct store_append_item){.fact = &f[i], .acct = store_account_find(b->s, f[i].account)};
    }
    OK(store_write_begin(&x, b->s));
    if (store_append(&x, b->s, item, n) != BL_OK)
        fail_msg("store_append: %s", x.why);
    if (roll(m, 6) == 0) {
        store_write_abort(b->s);
        bl_ctx_release(&x);
        return;
    }
    OK(store_write_end(&x, b->s));
    size_t first_new = m->facts.n;
    for (size_t i = 0; i < n; i++) {
        uint32_t acct = f[i].account.b[3];
        const struct model_fact *old = known(m, acct, &f[i]);
        if (old) {
            enum store_verdict want = bl_fact_same(&old->f, &f[i]) ? STORE_DUPLICATE : STORE_CONFLICT;
            if (item[i].verdict != want)
                fail_msg("fact %zu of %zu: verdict %d, not %d", i, n, item[i].verdict, want);
            continue;
        }
        *BL_PUSH(&m->arena, m->facts) = (struct model_fact){f[i], acct};
    }
    for (size_t i = 0, at = first_new; i < n; i++) {
        if (item[i].verdict == STORE_DUPLICATE || item[i].verdict == STORE_CONFLICT)
            continue;
        enum store_verdict want = expect(&x, m, m->facts.at[at].acct, &m->facts.at[at].f);
        if (item[i].verdict != want)
            fail_msg("fact %zu of %zu (type %d): verdict %d, not %d", i, n, f[i].type, item[i].verdict, want);
        at++;
    }
    bl_ctx_release(&x);
}

static void against_the_model(void **state)
{
    (void)state;
    uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : (uint64_t)time(NULL);
    int rounds = getenv("ROUNDS") ? atoi(getenv("ROUNDS")) : 3;
    for (int round = 0; round < rounds; round++) {
        struct model m = {.rng = seed + (uint64_t)round};
        struct box b;
        print_message("seed %llu\n", (unsigned long long)m.rng);
        roll(&m, 2);
        bl_arena_init(&m.arena);
        box_make(&b);
        for (uint32_t i = 0; i < ACCOUNTS; i++) {
            m.from_us[i] = i == 2 ? OCT : INT64_MIN;
            add_account(&b, uuid_n(i), m.from_us[i], 0);
        }
        for (int step = 0; step < 120; step++) {
            b.s->seal_every = b.s->seal_bytes = 20000;
            b.s->step_work = 20 + roll(&m, 200);
            uint32_t what = roll(&m, 20);
            if (what < 9)
                random_append(&b, &m);
            else if (what < 13)
                OK(store_seal(&b.x, b.s, OCT + (int64_t)roll(&m, 60) * DAY_US, false));
            else if (what == 13)
                OK(store_seal(&b.x, b.s, OCT + (int64_t)roll(&m, 60) * DAY_US, true));
            else if (what == 14)
                box_reopen(&b);
            else
                compare(&b, &m, roll(&m, ACCOUNTS));
            bl_ctx_reset(&b.x, OCT);
        }
        assert_int_equal(check(&b), m.facts.n);
        seal(&b);
        for (uint32_t i = 0; i < ACCOUNTS; i++)
            compare(&b, &m, i);
        assert_int_equal(check(&b), m.facts.n);
        box_remove(&b);
        bl_arena_release(&m.arena);
    }
}

/* ---- kill */

/* The child: facts numbered on from `from`; after each commit it says how far it is. */
static void write_until_killed(const char *path, uint32_t from, int to_parent)
{
    struct box b;
    memset(&b, 0, sizeof b);
    bl_ctx_init(&b.x, OCT);
    strcpy(b.path, path);
    struct store_options o = {.path = bl_str_of(path)};
    if (store_open(&b.x, &o, &b.s) != BL_OK)
        _exit(3);
    b.s->seal_every = b.s->seal_bytes = 8000;
    b.s->step_work = 60;
    for (uint32_t n = from;;) {
        struct bl_fact f[24];
        uint32_t size = 1 + n % 24;
        for (uint32_t i = 0; i < size; i++) {
            char id[16];
            snprintf(id, sizeof id, "%u", n + i);
            f[i] = usage_of(&b, uuid_n((n + i) % ACCOUNTS), OCT + n + i, id, 1);
            if ((n + i) % 7 == 0)
                f[i] = life_of(
                        &b, BL_FACT_CREATE, uuid_n((n + i) % ACCOUNTS), OCT + n + i, id, uuid_n(n + i));
        }
        const char *verdict = append(&b, f, size);
        if (strspn(verdict, "ad") != size)
            _exit(4);
        n += size;
        if (write(to_parent, &n, sizeof n) != sizeof n)
            _exit(5);
        if (store_seal(&b.x, b.s, INT64_MAX, false) != BL_OK)
            _exit(6);
        bl_ctx_reset(&b.x, OCT);
    }
}

static void counted_once(struct box *b, uint32_t acknowledged)
{
    uint64_t found = 0;
    uint8_t *seen = calloc(1, acknowledged + 1000);
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        struct store_want w = {.acct = store_account_find(b->s, uuid_n(i)),
                .first = OCT_PERIOD,
                .last = OCT_PERIOD,
                .upto_us = INT64_MAX,
                .k = UINT64_MAX,
                .usage_facts = true};
        struct store_facts f;
        struct store_db *db = store_reader_take(b->s);
        OK(store_load(&b->x, b->s, db, &w, &f));
        store_reader_give(b->s, db);
        assert_int_equal(sum_of(&f), f.n_usage_fact);
        for (size_t k = 0; k < f.n_usage_fact + f.n_life; k++) {
            const struct bl_fact *one = k < f.n_usage_fact ? &f.usage_fact[k] : &f.life[k - f.n_usage_fact];
            unsigned long n = strtoul(one->id.p, NULL, 10);
            assert_true(n < acknowledged + 1000);
            assert_int_equal(seen[n], 0);
            seen[n] = 1;
            found++;
        }
    }
    for (uint32_t n = 0; n < acknowledged; n++)
        if (!seen[n])
            fail_msg("fact %u was acknowledged and is not there", n);
    assert_int_equal(check(b), found);
    free(seen);
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    struct box b;
    box_make(&b);
    for (uint32_t i = 0; i < ACCOUNTS; i++)
        add_account(&b, uuid_n(i), INT64_MIN, 0);
    store_close(b.s);
    b.s = NULL;
    uint32_t acknowledged = 0;
    struct model m = {.rng = (uint64_t)time(NULL)};
    int kills = getenv("KILLS") ? atoi(getenv("KILLS")) : 60;
    for (int i = 0; i < kills; i++) {
        int pipe_fd[2];
        assert_int_equal(pipe(pipe_fd), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            close(pipe_fd[0]);
            write_until_killed(b.path, acknowledged, pipe_fd[1]);
        }
        close(pipe_fd[1]);
        uint32_t n = 0;
        uint32_t after = 1 + roll(&m, 12);
        for (uint32_t k = 0; k < after && read(pipe_fd[0], &n, sizeof n) == sizeof n; k++)
            acknowledged = n;
        usleep(roll(&m, 4000));
        kill(pid, SIGKILL);
        int status = 0;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        while (read(pipe_fd[0], &n, sizeof n) == sizeof n)
            acknowledged = n;
        close(pipe_fd[0]);
        if (i % 6 == 5) {
            box_open(&b);
            counted_once(&b, acknowledged);
            store_close(b.s);
            b.s = NULL;
            bl_ctx_reset(&b.x, OCT);
        }
    }
    box_remove(&b);
}

/* ---- readers beside the writer: each append is ten facts of one account with quantity 1, so the sum is
 * always the place */
struct reader {
    struct store *s;
    atomic_bool *stop;
    int64_t loads, last;
    bool wrong;
};

static void *read_on(void *arg)
{
    struct reader *r = arg;
    struct bl_ctx x;
    bl_ctx_init(&x, OCT);
    while (!atomic_load(r->stop)) {
        store_acct acct = store_account_find(r->s, uuid_n(1));
        struct store_want w = {
                .acct = acct, .first = OCT_PERIOD, .last = OCT_PERIOD, .upto_us = INT64_MAX, .k = UINT64_MAX};
        struct store_facts f;
        struct store_db *db = store_reader_take(r->s);
        uint32_t version = store_account_hot(r->s, acct).version;
        if (store_load(&x, r->s, db, &w, &f) != BL_OK || (int64_t)f.k != sum_of(&f) || f.k % 10 != 0 ||
                (int64_t)f.k < r->last || (int64_t)f.k < 10 * ((int64_t)version - 1))
            r->wrong = true;
        else
            r->last = (int64_t)f.k;
        store_reader_give(r->s, db);
        struct store_stats st;
        store_stats(r->s, &st);
        r->loads++;
        bl_ctx_reset(&x, OCT);
    }
    bl_ctx_release(&x);
    return NULL;
}

static void readers_beside_the_writer(void **state)
{
    (void)state;
    struct box b;
    box_make(&b);
    bl_uuid a = uuid_n(1);
    add_account(&b, a, INT64_MIN, 0);
    b.s->seal_every = b.s->seal_bytes = 10000;
    b.s->step_work = 40;
    atomic_bool stop = false;
    pthread_t thread[3];
    struct reader reader[3];
    for (int i = 0; i < 3; i++) {
        reader[i] = (struct reader){.s = b.s, .stop = &stop};
        assert_int_equal(pthread_create(&thread[i], NULL, read_on, &reader[i]), 0);
    }
    for (int n = 0; n < 300; n++) {
        struct bl_fact f[10];
        for (int i = 0; i < 10; i++) {
            char id[16];
            snprintf(id, sizeof id, "%d-%d", n, i);
            f[i] = usage_of(&b, a, OCT + n, id, 1);
        }
        assert_string_equal(append(&b, f, 10), "aaaaaaaaaa");
        OK(store_seal(&b.x, b.s, INT64_MAX, n % 50 == 0));
        if (n % 30 == 0)
            add_account(&b, uuid_n(100 + (uint32_t)n), INT64_MIN, 0);
        bl_ctx_reset(&b.x, OCT);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(thread[i], NULL);
        assert_false(reader[i].wrong);
        assert_true(reader[i].loads > 0);
    }
    assert_int_equal(check(&b), 3000);
    assert_int_equal(sum_now(&b, a), 3000);
    box_remove(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(against_the_model),
            cmocka_unit_test(killed_at_any_moment),
            cmocka_unit_test(readers_beside_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
