/* Figures for Prometheus, counted as answers leave. */
#include "api/inner.h"

#include <stdlib.h>
#include <string.h>

#define CODES 6 /* 1xx to 5xx by hundreds */

static const int64_t bounds_us[] = {100, 500, 1000, 5000, 10000, 50000, 100000, 500000, 1000000, 5000000};

struct api_metrics {
    atomic_ullong answers[CODES], took_sum_us, took[BL_COUNT(bounds_us) + 1];
    atomic_ullong accepted, duplicate, void_, rejected;
};

void api_metrics_open(struct api *a)
{
    a->metrics = calloc(1, sizeof *a->metrics);
    if (!a->metrics)
        abort();
}

void api_metrics_close(struct api *a)
{
    free(a->metrics);
}

void api_metrics_count(struct api *a, const struct api_reply *r, int64_t took_us)
{
    size_t i = 0;
    int hundreds = r->status / 100;
    atomic_fetch_add(&a->metrics->answers[hundreds > 0 && hundreds < CODES ? hundreds : 0], 1);
    while (i < BL_COUNT(bounds_us) && took_us > bounds_us[i])
        i++;
    atomic_fetch_add(&a->metrics->took[i], 1);
    atomic_fetch_add(&a->metrics->took_sum_us, (unsigned long long)took_us);
}

void api_metrics_events(
        struct api *a, uint64_t accepted, uint64_t duplicate, uint64_t void_, uint64_t rejected)
{
    atomic_fetch_add(&a->metrics->accepted, accepted);
    atomic_fetch_add(&a->metrics->duplicate, duplicate);
    atomic_fetch_add(&a->metrics->void_, void_);
    atomic_fetch_add(&a->metrics->rejected, rejected);
}

static void gauge(struct bl_buf *b, const char *name, const char *help, unsigned long long v)
{
    bl_buf_printf(b, "# HELP %s %s\n# TYPE %s gauge\n%s %llu\n", name, help, name, name, v);
}

void api_metrics_write(struct api *a, struct bl_buf *b)
{
    struct api_metrics *m = a->metrics;
    struct store_stats s;
    unsigned long long total = 0;
    bl_buf_z(b, "# HELP billow_http_answers_total Answers by status class.\n# TYPE billow_http_answers_total "
                "counter\n");
    for (int i = 1; i < CODES; i++)
        bl_buf_printf(b, "billow_http_answers_total{class=\"%dxx\"} %llu\n", i, atomic_load(&m->answers[i]));
    bl_buf_z(b, "# HELP billow_http_seconds Time from a request's end to its answer.\n"
                "# TYPE billow_http_seconds histogram\n");
    for (size_t i = 0; i < BL_COUNT(bounds_us); i++) {
        total += atomic_load(&m->took[i]);
        bl_buf_printf(b, "billow_http_seconds_bucket{le=\"%lld.%06lld\"} %llu\n",
                (long long)(bounds_us[i] / BL_US), (long long)(bounds_us[i] % BL_US), total);
    }
    total += atomic_load(&m->took[BL_COUNT(bounds_us)]);
    unsigned long long sum = atomic_load(&m->took_sum_us);
    bl_buf_printf(b,
            "billow_http_seconds_bucket{le=\"+Inf\"} %llu\nbillow_http_seconds_sum %llu.%06llu\n"
            "billow_http_seconds_count %llu\n",
            total, sum / 1000000, sum % 1000000, total);
    bl_buf_z(b, "# HELP billow_events_total Events by outcome; accepted and void are new.\n"
                "# TYPE billow_events_total counter\n");
    bl_buf_printf(b, "billow_events_total{outcome=\"accepted\"} %llu\n", atomic_load(&m->accepted));
    bl_buf_printf(b, "billow_events_total{outcome=\"duplicate\"} %llu\n", atomic_load(&m->duplicate));
    bl_buf_printf(b, "billow_events_total{outcome=\"void\"} %llu\n", atomic_load(&m->void_));
    bl_buf_printf(b, "billow_events_total{outcome=\"rejected\"} %llu\n", atomic_load(&m->rejected));
    store_stats(work_store(a->work), &s);
    gauge(b, "billow_facts", "Facts in the log.", s.facts);
    gauge(b, "billow_facts_unsealed", "Usage facts not yet in sorted runs.", s.unsealed);
    gauge(b, "billow_identities_bytes", "Memory of the set of identities.", s.identity_bytes);
    gauge(b, "billow_tail_bytes", "Memory of unsealed facts.", s.tail_bytes);
    gauge(b, "billow_accounts", "Accounts.", store_account_count(work_store(a->work)));
    if (store_is_shared(work_store(a->work)))
        return; /* its server tells how large it is */
    gauge(b, "billow_store_bytes", "Size of the database file.", (unsigned long long)s.file_bytes);
    gauge(b, "billow_wal_bytes", "Size of its write-ahead log.", (unsigned long long)s.wal_bytes);
}
