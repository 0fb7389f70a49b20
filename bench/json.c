/* Reading events: 200,000 usage events of 256 bytes, one a line, by the pull reader, all the way to facts, by
 * jansson, and by simdjson on-demand where its headers are installed. Each takes the same six texts of an
 * event and adds up their lengths, which have to agree. Rounds are interleaved, so that all meet the same
 * machine; CPU time, median of the rounds. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fact/fact.h"

#define EVENTS 200000
#define EVENT_BYTES 256 /* without the line end */
#define PADDING 64      /* readable bytes behind the last, which simdjson asks for */
#define ROUNDS 7
#define NOW_US INT64_C(1793000000000000)

#ifdef HAVE_SIMDJSON
uint64_t bench_simdjson(const char *text, size_t events, size_t stride, size_t padding);
#endif

static char *events_make(void)
{
    char *text = bl_xmalloc(EVENTS * (EVENT_BYTES + 1) + PADDING), *p = text;
    memset(text + EVENTS * (EVENT_BYTES + 1), ' ', PADDING);
    for (int i = 0; i < EVENTS; i++) {
        int n = snprintf(p, EVENT_BYTES + 1,
                "{\"specversion\":\"1.0\",\"id\":\"%08x-%04x\",\"source\":\"edge/fra1\",\"type\":\"usage\","
                "\"subject\":\"do:team:%08x-0000-4000-8000-%012x\",\"time\":\"2026-10-%02dT%02d:%02d:%02dZ\","
                "\"data\":{\"meter\":\"api_requests\",\"quantity\":%d,\"region\":\"fra1\",\"project\":\"",
                (unsigned)i * 2654435761u, i & 0xffff, (unsigned)i % 1000, i % 1000, 1 + i % 20, i % 24,
                i % 60, i / 7 % 60, 1 + i % 5000);
        for (; n < EVENT_BYTES - 3; n++)
            p[n] = (char)('a' + (i + n) % 26);
        memcpy(p + n, "\"}}\n", 4);
        p += EVENT_BYTES + 1;
    }
    return text;
}

static void broken(const char *who, const char *why)
{
    fprintf(stderr, "bench: %s refused an event: %s\n", who, why);
    exit(1);
}

#define IS(key, lit) ((key).n == sizeof(lit) - 1 && memcmp((key).p, lit, sizeof(lit) - 1) == 0)

static enum bl_err pull_data(struct bl_json_reader *r, uint64_t *sum)
{
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    BL_TRY(bl_json_enter_object(r));
    for (;;) {
        BL_TRY(bl_json_next_member(r, &key, &v, &more));
        if (!more)
            return BL_OK;
        if (IS(key, "meter") || IS(key, "quantity"))
            *sum += v.text.n;
    }
}

static enum bl_err pull_event(struct bl_ctx *x, struct bl_str event, uint64_t *sum)
{
    struct bl_json_reader r, inner;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    bl_json_reader_init(&r, x, event);
    BL_TRY(bl_json_enter_object(&r));
    for (;;) {
        BL_TRY(bl_json_next_name(&r, &key, &more));
        if (!more)
            return bl_json_end(&r);
        if (bl_json_at(&r) == BL_JSON_OBJECT && IS(key, "data")) {
            bl_json_inner(&r, &inner);
            BL_TRY(pull_data(&inner, sum));
            bl_json_outer(&r, &inner);
            continue;
        }
        BL_TRY(bl_json_take(&r, &v));
        if (IS(key, "id") || IS(key, "source") || IS(key, "subject") || IS(key, "time"))
            *sum += v.text.n;
    }
}

static uint64_t run_pull(const char *text)
{
    struct bl_ctx x;
    uint64_t sum = 0;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < EVENTS; i++)
        if (pull_event(&x, (struct bl_str){text + i * (EVENT_BYTES + 1), EVENT_BYTES}, &sum) != BL_OK)
            broken("the pull reader", x.why);
    bl_ctx_release(&x);
    return sum;
}

static uint64_t run_facts(const char *text)
{
    struct bl_ctx x;
    uint64_t sum = 0;
    bl_ctx_init(&x, NOW_US);
    for (size_t i = 0; i < EVENTS; i++) {
        struct bl_fact f;
        struct bl_str id;
        if (bl_fact_parse(&x, (struct bl_str){text + i * (EVENT_BYTES + 1), EVENT_BYTES}, NOW_US, &f, &id) !=
                BL_OK)
            broken("the reader of facts", x.why);
        sum += f.id.n + f.source.n + sizeof "do:team:" - 1 + 36 + sizeof "2026-10-01T00:00:00Z" - 1 +
               f.field[BL_F_METER].n;
        for (int64_t q = (int64_t)(f.quantity.pico / BL_DEC_ONE); q > 0; q /= 10)
            sum++;
    }
    bl_ctx_release(&x);
    return sum;
}

static uint64_t run_jansson(const char *text)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < EVENTS; i++) {
        json_error_t e;
        json_t *t = json_loadb(text + i * (EVENT_BYTES + 1), EVENT_BYTES, JSON_REJECT_DUPLICATES, &e);
        if (!t)
            broken("jansson", e.text);
        const char *names[] = {"id", "source", "subject", "time"};
        const json_t *data = json_object_get(t, "data");
        for (size_t k = 0; k < BL_COUNT(names); k++)
            sum += json_string_length(json_object_get(t, names[k]));
        sum += json_string_length(json_object_get(data, "meter"));
        for (json_int_t q = json_integer_value(json_object_get(data, "quantity")); q > 0; q /= 10)
            sum++;
        json_decref(t);
    }
    return sum;
}

#ifdef HAVE_SIMDJSON
static uint64_t run_simdjson(const char *text)
{
    return bench_simdjson(text, EVENTS, EVENT_BYTES + 1, PADDING);
}
#endif

static double cpu_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_size(const void *a, const void *b)
{
    double l = *(const double *)a, r = *(const double *)b;
    return (l > r) - (l < r);
}

int main(void)
{
    struct {
        const char *name;
        uint64_t (*run)(const char *text);
        double s[ROUNDS];
    } rows[] = {
            {"pull reader", run_pull, {0}},
            {"to facts", run_facts, {0}},
            {"jansson", run_jansson, {0}},
#ifdef HAVE_SIMDJSON
            {"simdjson on-demand", run_simdjson, {0}},
#endif
    };
    char *text = events_make();
    uint64_t wanted = run_pull(text);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < BL_COUNT(rows); i++) {
            double begin = cpu_s();
            uint64_t sum = rows[i].run(text);
            rows[i].s[round] = cpu_s() - begin;
            if (sum != wanted) {
                fprintf(stderr, "bench: %s read something else\n", rows[i].name);
                return 1;
            }
        }
    for (size_t i = 0; i < BL_COUNT(rows); i++)
        qsort(rows[i].s, ROUNDS, sizeof rows[i].s[0], by_size);
    printf("%-20s %8s %12s", "reading events", "MB/s", "events/s");
    for (size_t i = 2; i < BL_COUNT(rows); i++)
        printf("  of %s", rows[i].name);
    printf("\n");
    for (size_t i = 0; i < BL_COUNT(rows); i++) {
        double s = rows[i].s[ROUNDS / 2];
        printf("%-20s %8.0f %12.0f", rows[i].name, EVENTS * (EVENT_BYTES + 1) / s / 1e6, EVENTS / s);
        for (size_t k = 2; k < BL_COUNT(rows) && i < 2; k++)
            printf("  %*.2fx", (int)strlen(rows[k].name) + 2, rows[k].s[ROUNDS / 2] / s);
        printf("\n");
    }
    free(text);
    return 0;
}
