/* Traffic of apps, a UTC day each: of one, or of many that a body names. */
#include "api/inner.h"

#define APPS_MAX 100

/* A day, or an instant of one; absent: yesterday. */
static enum bl_err day_read(struct call *c, struct bl_str text, bl_day *ret)
{
    int64_t us = 0;
    *ret = bl_day_of_s(bl_floor_s(c->x->now_us)) - 1;
    if (!bl_is(text))
        return BL_OK;
    if (text.n == 10 && bl_day_parse(c->x, text, ret) == BL_OK)
        return BL_OK;
    if (bl_time_parse(c->x, text, &us) != BL_OK)
        return bl_fail(c->x, BL_INVALID,
                "date must be a day or a time, such as 2026-03-31 or 2026-03-31T00:00:00Z.");
    *ret = bl_day_of_s(bl_floor_s(us));
    return BL_OK;
}

static void row(struct call *c, const struct work_traffic *t, bl_uuid app)
{
    char uuid[37];
    bl_uuid_text(app, uuid);
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "app_id", uuid);
    bl_jw_kstr(&c->j, "bandwidth_bytes", work_traffic_bytes(c->x, t, app));
    bl_jw_end_object(&c->j);
}

static enum bl_err answer(struct call *c, bl_day day, const bl_uuid *app, size_t n)
{
    struct work_traffic t;
    BL_TRY(work_traffic_load(c->x, c->work, c->db, &c->account, c->book, day, c->x->now_us, &t));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "app_bandwidth_usage");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++)
        row(c, &t, app[i]);
    bl_jw_end_array(&c->j);
    api_ktime_s(c, "date", day * BL_DAY_S);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err apps_get_metrics_bandwidth_daily(struct call *c)
{
    struct work_app a;
    bl_day day = 0;
    BL_TRY(api_app_of_path(c, &a));
    BL_TRY(day_read(c, api_query(c, "date"), &day));
    return answer(c, day, &a.app, 1);
}

/* The apps of the account among those named, each once, in the order they were named. */
static enum bl_err apps_read(struct call *c, bl_uuid *app, size_t *ret_n)
{
    const struct bl_json *ids = bl_json_get(c->json, "app_ids");
    size_t n = 0;
    if (!ids || ids->type != BL_JSON_ARRAY)
        return bl_fail(c->x, BL_INVALID, "app_ids is required: an array of at most %d ids.", APPS_MAX);
    if (ids->n > APPS_MAX)
        return bl_fail(c->x, BL_INVALID, "app_ids: at most %d.", APPS_MAX);
    for (const struct bl_json *m = ids->first; m; m = m->next) {
        struct work_app a;
        bl_uuid u;
        size_t i = 0;
        if (m->type != BL_JSON_STRING)
            return bl_fail(c->x, BL_INVALID, "app_ids must hold strings.");
        if (!bl_uuid_parse(m->text, &u))
            continue;
        enum bl_err e = work_app_get(c->x, c->db, &c->account, u, &a);
        if (e != BL_OK && e != BL_NOT_FOUND)
            return e;
        while (i < n && bl_uuid_cmp(app[i], u) != 0)
            i++;
        if (e == BL_OK && i == n)
            app[n++] = u;
    }
    *ret_n = n;
    return BL_OK;
}

enum bl_err apps_list_metrics_bandwidth_daily(struct call *c)
{
    bl_uuid app[APPS_MAX];
    struct bl_str date;
    bl_day day = 0;
    size_t n = 0;
    BL_TRY(api_need_account(c));
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "date", &date));
    BL_TRY(day_read(c, date, &day));
    BL_TRY(apps_read(c, app, &n));
    return answer(c, day, app, n);
}
