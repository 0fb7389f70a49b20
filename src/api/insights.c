/* Billing insights: days of one team, or of all teams of an organization. */
#include "api/inner.h"

#include <stdlib.h>
#include <string.h>

struct row {
    bl_uuid team;
    int digits;
    struct bl_point p;
    size_t at; /* the library's order, where all else is equal */
};
struct rows {
    struct row *at;
    size_t n, cap;
};

static int row_cmp(const void *l, const void *r)
{
    const struct row *a = l, *b = r;
    int d = (a->p.day > b->p.day) - (a->p.day < b->p.day);
    if (d == 0)
        d = bl_uuid_cmp(a->team, b->team);
    return d != 0 ? d : (a->at > b->at) - (a->at < b->at);
}

static enum bl_err team_rows(struct call *c, bl_uuid team, bl_day first, bl_day last, struct rows *rows)
{
    struct work_account a;
    struct bl_point *point = NULL;
    size_t n = 0;
    BL_TRY(work_account_get(c->x, c->work, c->db, team, &a));
    BL_TRY(work_insight(c->x, c->work, c->db, &a, c->book, first, last, c->x->now_us, &point, &n));
    const struct bl_currency *cur = bl_currency_find(a.row.currency);
    for (size_t i = 0; i < n; i++)
        *BL_PUSH(&c->x->arena, *rows) = (struct row){team, cur ? cur->digits : 2, point[i], rows->n};
    return BL_OK;
}

/* An organization is answered only to its own token, a team only to its own. */
static enum bl_err collect(struct call *c, bl_day first, bl_day last, struct rows *rows)
{
    bl_uuid u;
    if (c->token.has_account && bl_urn_parse(c->segment[0], BL_URN_TEAM, &u) &&
            bl_uuid_cmp(u, c->token.account) == 0)
        return c->book ? team_rows(c, u, first, last, rows) : BL_OK;
    if (!c->token.has_org || !bl_urn_parse(c->segment[0], BL_URN_TEAMGROUP, &u) ||
            bl_uuid_cmp(u, c->token.org) != 0)
        return bl_fail(c->x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
    struct q_account_by_org *team = NULL;
    size_t n = 0;
    BL_TRY(q_account_by_org(c->x, c->db, store_uuid(&u), &team, &n));
    for (size_t i = 0; c->book && i < n; i++) {
        bl_uuid t;
        memcpy(t.b, team[i].account.p, sizeof t.b);
        BL_TRY(team_rows(c, t, first, last, rows));
    }
    return BL_OK;
}

static void point_write(struct call *c, const struct row *r)
{
    struct bl_jw *j = &c->j;
    char day[11];
    bl_day_text(r->p.day, day);
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "usage_team_urn", api_urn(c->x, BL_URN_TEAM, r->team));
    bl_jw_kz(j, "start_date", day);
    api_kamount(c, "total_amount", r->p.amount, r->digits);
    bl_jw_kstr(j, "region", bl_is(r->p.region) ? r->p.region : BL_STR(""));
    bl_jw_kstr(j, "sku", bl_is(r->p.sku) ? r->p.sku : BL_STR(""));
    bl_jw_kstr(j, "description", bl_is(r->p.description) ? r->p.description : BL_STR(""));
    bl_jw_kstr(j, "group_description", bl_is(r->p.group) ? r->p.group : BL_STR(""));
    bl_jw_end_object(j);
}

enum bl_err billing_insights_list(struct call *c)
{
    bl_day first, last;
    struct rows rows = {0};
    BL_TRY(bl_day_parse(c->x, c->segment[1], &first));
    BL_TRY(bl_day_parse(c->x, c->segment[2], &last));
    if (last < first || last - first > 31)
        return bl_fail(c->x, BL_INVALID, "end_date must be 0 to 31 days after start_date.");
    BL_TRY(collect(c, first, last, &rows));
    if (rows.n > 0)
        qsort(rows.at, rows.n, sizeof *rows.at, row_cmp);
    int64_t from = (c->page - 1) * c->per_page;
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "data_points");
    bl_jw_begin_array(&c->j);
    for (int64_t i = from; i < (int64_t)rows.n && i < from + c->per_page; i++)
        point_write(c, &rows.at[i]);
    bl_jw_end_array(&c->j);
    bl_jw_kint(&c->j, "total_items", (int64_t)rows.n);
    bl_jw_kint(&c->j, "total_pages", ((int64_t)rows.n + c->per_page - 1) / c->per_page);
    bl_jw_kint(&c->j, "current_page", rows.n == 0 ? 1 : c->page);
    bl_jw_end_object(&c->j);
    return BL_OK;
}
