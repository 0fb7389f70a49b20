/* Civo's GET /v2/charges: a bare array of hours in use. Errors begin with the code that Civo's clients look
 * for. */
#include "api/inner.h"
#include "zone/zone.h"

#include <strings.h>

#define WINDOW_MAX_S                                                                                         \
    (31 * BL_DAY_S + BL_HOUR_S) /* an hour of slack: a local October in Europe has 745 hours */

static enum bl_err window(struct call *c, const struct bl_zone *zone, int64_t *ret_from_s, int64_t *ret_to_s)
{
    struct bl_str from = api_query(c, "from"), to = api_query(c, "to");
    int64_t from_us = bl_zone_month_start_s(zone, bl_floor_s(c->x->now_us)) * BL_US, to_us = c->x->now_us;
    if (bl_is(from) && bl_time_parse_lax(c->x, from, &from_us) != BL_OK)
        return bl_fail(c->x, BL_BAD_REQUEST, "parameter_time_value|The from value is not an RFC 3339 time");
    if (bl_is(to) && bl_time_parse_lax(c->x, to, &to_us) != BL_OK)
        return bl_fail(c->x, BL_BAD_REQUEST, "parameter_time_value|The to value is not an RFC 3339 time");
    if (to_us < from_us)
        return bl_fail(c->x, BL_BAD_REQUEST, "parameter_date_range|The window ends before it starts");
    if (to_us - from_us > WINDOW_MAX_S * BL_US)
        return bl_fail(
                c->x, BL_BAD_REQUEST, "parameter_date_range_too_long|The window spans more than 31 days");
    if (to_us > c->x->now_us)
        to_us = c->x->now_us;
    *ret_from_s = bl_floor_s(from_us);
    *ret_to_s = bl_floor_s(to_us);
    return BL_OK;
}

static enum bl_err check_region(struct call *c, struct bl_str region)
{
    if (!bl_is(region) || !c->book || c->book->n_region == 0)
        return BL_OK;
    for (size_t i = 0; i < c->book->n_region; i++)
        if (c->book->region[i].n == region.n && strncasecmp(c->book->region[i].p, region.p, region.n) == 0)
            return BL_OK;
    return bl_fail(c->x, BL_NOT_FOUND, "database_region_not_found|There is no such region");
}

/* The token's own account, named or not; any other is refused. */
static enum bl_err check_account(struct call *c)
{
    struct bl_str names[] = {api_query(c, "account_id"), api_header(c->in, "x-civo-accountid")};
    for (size_t i = 0; i < BL_COUNT(names); i++) {
        bl_uuid u;
        if (names[i].n == 0)
            continue;
        bool same = (bl_uuid_parse(names[i], &u) || bl_urn_parse(names[i], BL_URN_TEAM, &u)) &&
                    bl_uuid_cmp(u, c->account.uuid) == 0;
        if (!same)
            return bl_fail(c->x, BL_FORBIDDEN, "The key has no permission to read this account's charges");
    }
    return BL_OK;
}

static void row_write(struct call *c, const struct bl_zone *zone, const struct bl_civo_row *r)
{
    struct bl_jw *j = &c->j;
    char text[37];
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "code", r->code);
    bl_uuid_text(r->product_id, text);
    bl_jw_kz(j, "product_id", text);
    bl_jw_kstr(j, "label", bl_is(r->label) ? r->label : BL_STR(""));
    bl_time_text_zone(zone, r->from_s, text);
    bl_jw_kz(j, "from", text);
    bl_time_text_zone(zone, r->to_s, text);
    bl_jw_kz(j, "to", text);
    bl_jw_kint(j, "num_hours", r->num_hours);
    if (r->has_size) {
        bl_jw_kint(j, "size_gb", r->size_gb);
    } else {
        bl_jw_key(j, "size_gb");
        bl_jw_null(j);
    }
    bl_jw_kstr(j, "region", bl_is(r->region) ? r->region : BL_STR(""));
    bl_jw_end_object(j);
}

enum bl_err charges_list(struct call *c)
{
    const struct bl_zone *zone = NULL;
    struct bl_face face;
    struct bl_civo_row *row = NULL;
    struct bl_str region = api_query(c, "region");
    int64_t from_s = 0, to_s = 0;
    size_t n = 0;
    BL_TRY(check_account(c));
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &face));
    if (zone_find(c->x, face.zone, &zone) != BL_OK)
        zone = NULL; /* the zone's file has gone since it was set: UTC */
    BL_TRY(window(c, zone, &from_s, &to_s));
    BL_TRY(check_region(c, region));
    if (c->book && to_s > from_s)
        BL_TRY(work_civo(c->x, c->work, c->db, &c->account, c->book, from_s, to_s, region, &row, &n));
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++)
        row_write(c, zone, &row[i]);
    bl_jw_end_array(&c->j);
    return BL_OK;
}
