/* Health, figures, the clock. */
#include "api/inner.h"

enum bl_err health_live(struct call *c)
{
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "status", "ok");
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err health_ready(struct call *c)
{
    const char *why = "";
    bool ready = api_ready(c->api, &why);
    bl_jw_begin_object(&c->j);
    bl_jw_kz(&c->j, "status", ready ? "ok" : why);
    bl_jw_end_object(&c->j);
    c->out->status = ready ? 200 : 503;
    return BL_OK;
}

enum bl_err metrics_get(struct call *c)
{
    api_metrics_write(c->api, &c->body);
    api_reply_header(c, "content-type", BL_STR("text/plain; version=0.0.4"));
    return BL_OK;
}

enum bl_err clock_get(struct call *c)
{
    bl_jw_begin_object(&c->j);
    api_ktime_us(c, "now", c->x->now_us);
    bl_jw_kz(&c->j, "kind", work_is_test(c->work) ? "test" : "real");
    bl_jw_end_object(&c->j);
    return BL_OK;
}
