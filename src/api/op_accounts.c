/* The operator's side: accounts, organizations, tokens. */
#include "api/inner.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *key;
    enum bl_field field;
} face_keys[] =
        {
                {"name", BL_F_NAME},
                {"company", BL_F_COMPANY},
                {"email", BL_F_EMAIL},
                {"tax_id", BL_F_TAX_ID},
                {"zone", BL_F_ZONE},
                {"seller", BL_F_SELLER},
},
  address_keys[] = {
          {"address_line1", BL_F_ADDRESS1},
          {"address_line2", BL_F_ADDRESS2},
          {"city", BL_F_CITY},
          {"region", BL_F_ADDRESS_REGION},
          {"postal_code", BL_F_POSTAL_CODE},
          {"country", BL_F_COUNTRY},
};

static enum bl_err take(struct call *c, const struct bl_json *object, const char *key, enum bl_field f,
        struct bl_str field[BL_F_COUNT], uint32_t *reset)
{
    const struct bl_json *v = bl_json_get(object, key);
    if (!v)
        return BL_OK;
    if (v->type == BL_JSON_NULL) {
        *reset |= 1u << f;
        return BL_OK;
    }
    if (v->type != BL_JSON_STRING)
        return bl_fail(c->x, BL_INVALID, "%s must be a string.", key);
    if (v->text.n > 0)
        field[f] = v->text;
    return BL_OK;
}

/* The face in a body: name, company, email, tax_id, tax_exempt, zone, seller, address {...}. */
static enum bl_err face_read(struct call *c, struct bl_str field[BL_F_COUNT], uint32_t *reset)
{
    const struct bl_json *address = bl_json_get(c->json, "address"),
                         *exempt = bl_json_get(c->json, "tax_exempt");
    for (size_t i = 0; i < BL_COUNT(face_keys); i++)
        BL_TRY(take(c, c->json, face_keys[i].key, face_keys[i].field, field, reset));
    if (address && address->type != BL_JSON_OBJECT && address->type != BL_JSON_NULL)
        return bl_fail(c->x, BL_INVALID, "address must be an object.");
    for (const struct bl_json *m = address ? address->first : NULL; m; m = m->next) {
        size_t i = 0;
        while (i < BL_COUNT(address_keys) && !bl_str_is(m->key, address_keys[i].key))
            i++;
        if (i == BL_COUNT(address_keys))
            return bl_fail(c->x, BL_INVALID,
                    "address has no %.*s; it takes address_line1, address_line2, city, region, postal_code, "
                    "country.",
                    BL_FMT(m->key));
    }
    for (size_t i = 0; i < BL_COUNT(address_keys); i++)
        BL_TRY(take(c, address, address_keys[i].key, address_keys[i].field, field, reset));
    if (!exempt)
        return BL_OK;
    if (exempt->type == BL_JSON_NULL)
        *reset |= 1u << BL_F_TAX_EXEMPT;
    else if (exempt->type == BL_JSON_BOOL)
        field[BL_F_TAX_EXEMPT] = exempt->truth ? BL_STR("true") : BL_STR("false");
    else
        return bl_fail(c->x, BL_INVALID, "tax_exempt must be true or false.");
    return BL_OK;
}

static enum bl_err urn_read(struct call *c, const char *key, const char *prefix, bool *ret_has, bl_uuid *ret)
{
    struct bl_str s;
    BL_TRY(api_body_str(c, key, &s));
    *ret_has = bl_is(s);
    if (*ret_has && !bl_urn_parse(s, prefix, ret))
        return bl_fail(c->x, BL_INVALID, "%s must have the form %s<uuid>.", key, prefix);
    return BL_OK;
}

static void account_write(struct call *c, const struct bl_face *f)
{
    const struct work_account *a = &c->account;
    struct bl_jw *j = &c->j;
    struct {
        const char *key;
        struct bl_str value;
    } face[] = {{"name", f->name}, {"company", f->company}, {"email", f->email}, {"tax_id", f->tax_id},
            {"zone", f->zone}, {"seller", f->seller}},
      address[] = {{"address_line1", f->address1}, {"address_line2", f->address2}, {"city", f->city},
              {"region", f->region}, {"postal_code", f->postal_code}, {"country", f->country}};
    bl_jw_begin_object(j);
    bl_jw_kstr(j, "urn", api_urn(c->x, BL_URN_TEAM, a->uuid));
    bl_jw_kstr(j, "number", a->row.number);
    bl_jw_kstr(j, "currency", a->row.currency);
    bl_jw_key(j, "org");
    bl_uuid org;
    if (a->row.org.n == 16) {
        memcpy(org.b, a->row.org.p, sizeof org.b);
        bl_jw_str(j, api_urn(c->x, BL_URN_TEAMGROUP, org));
    } else {
        bl_jw_null(j);
    }
    api_ktime_us(c, "created_at", a->row.created_us);
    bl_jw_key(j, "billing_from");
    char text[32];
    if (a->row.billing_from_us == INT64_MIN) {
        bl_jw_null(j);
    } else {
        bl_time_text(a->row.billing_from_us, text);
        bl_jw_z(j, text);
    }
    bl_jw_key(j, "closed_period");
    if (a->row.closed_period < 0) {
        bl_jw_null(j);
    } else {
        bl_period_text((bl_period)a->row.closed_period, text);
        bl_jw_z(j, text);
    }
    api_kamount(c, "account_balance", (bl_amount){a->row.receivable}, api_digits(c));
    bl_jw_key(j, "parked");
    if (a->row.parked.n > 0)
        bl_jw_str(j, a->row.parked);
    else
        bl_jw_null(j);
    for (size_t i = 0; i < BL_COUNT(face); i++)
        bl_jw_kstr(j, face[i].key, face[i].value);
    bl_jw_kbool(j, "tax_exempt", f->tax_exempt);
    bl_jw_key(j, "address");
    bl_jw_begin_object(j);
    for (size_t i = 0; i < BL_COUNT(address); i++)
        bl_jw_kstr(j, address[i].key, address[i].value);
    bl_jw_end_object(j);
    bl_jw_end_object(j);
}

static enum bl_err account_answer(struct call *c, struct store_db *db, bl_uuid u)
{
    struct bl_face f;
    BL_TRY(work_account_get(c->x, c->work, db, u, &c->account));
    BL_TRY(work_face(c->x, c->work, db, &c->account, c->x->now_us, &f));
    account_write(c, &f);
    return BL_OK;
}

enum bl_err accounts_add(struct call *c)
{
    struct work_account_new in = {0};
    uint32_t reset = 0;
    bool has = false;
    int digits = 2;
    bl_uuid u;
    BL_TRY(api_body(c));
    BL_TRY(face_read(c, in.field, &reset));
    BL_TRY(api_body_str(c, "currency", &in.currency));
    BL_TRY(api_body_str(c, "number", &in.number));
    BL_TRY(urn_read(c, "urn", BL_URN_TEAM, &in.has_uuid, &in.uuid));
    BL_TRY(urn_read(c, "org", BL_URN_TEAMGROUP, &in.has_org, &in.org));
    BL_TRY(api_body_time(c, "billing_from", &in.has_billing_from, &in.billing_from_us));
    if (in.has_billing_from && in.billing_from_us % BL_US != 0)
        return bl_fail(c->x, BL_INVALID, "billing_from must be a whole second.");
    const struct bl_currency *cur = bl_is(in.currency) ? bl_currency_find(in.currency)
                                    : c->book          ? c->book->currency
                                                       : NULL;
    if (cur)
        digits = cur->digits;
    BL_TRY(api_body_amount(c, "opening_balance", digits, &has, &in.opening));
    in.has_opening = has;
    BL_TRY(work_account_add(c->x, c->work, c->actor, &in, &u));
    c->out->status = 201;
    return account_answer(c, store_writer(work_store(c->work)), u);
}

enum bl_err accounts_set(struct call *c)
{
    struct work_account_change in = {.from_us = c->x->now_us};
    bool has_from = false;
    BL_TRY(api_body(c));
    BL_TRY(api_account_of_path(c));
    bl_uuid u = c->account.uuid;
    BL_TRY(face_read(c, in.field, &in.reset));
    BL_TRY(api_body_time(c, "from", &has_from, &in.from_us));
    BL_TRY(urn_read(c, "org", BL_URN_TEAMGROUP, &in.has_org, &in.org));
    in.sets_org = bl_json_get(c->json, "org") != NULL;
    in.sets_face = in.reset != 0;
    for (size_t i = 0; i < BL_F_COUNT; i++)
        in.sets_face = in.sets_face || bl_is(in.field[i]);
    if (!in.sets_face && !in.sets_org)
        return bl_fail(c->x, BL_INVALID, "There is nothing to change in the body.");
    BL_TRY(work_account_set(c->x, c->work, c->actor, u, &in));
    return account_answer(c, store_writer(work_store(c->work)), u);
}

enum bl_err accounts_get(struct call *c)
{
    BL_TRY(api_account_of_path(c));
    return account_answer(c, c->db, c->account.uuid);
}

enum bl_err accounts_list(struct call *c)
{
    struct store *s = work_store(c->work);
    uint32_t n = 0;
    store_acct *all = store_accounts_sorted(s, &n);
    int64_t from = (c->page - 1) * c->per_page;
    enum bl_err e = BL_OK;
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "accounts");
    bl_jw_begin_array(&c->j);
    for (int64_t i = from; e == BL_OK && i < n && i < from + c->per_page; i++)
        e = account_answer(c, c->db, store_account_hot(s, all[i]).uuid);
    bl_jw_end_array(&c->j);
    api_links(c, n);
    bl_jw_end_object(&c->j);
    free(all);
    return e;
}

/* ---- organizations */

static void org_write(struct call *c, bl_uuid u, struct bl_str name)
{
    bl_jw_begin_object(&c->j);
    bl_jw_kstr(&c->j, "urn", api_urn(c->x, BL_URN_TEAMGROUP, u));
    bl_jw_kstr(&c->j, "name", name);
    bl_jw_end_object(&c->j);
}

enum bl_err orgs_add(struct call *c)
{
    struct bl_str name;
    bl_uuid u;
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "name", &name));
    BL_TRY(work_org_add(c->x, c->work, c->actor, name, &u));
    c->out->status = 201;
    org_write(c, u, name);
    return BL_OK;
}

enum bl_err orgs_list(struct call *c)
{
    struct q_org_list *row = NULL;
    size_t n = 0;
    BL_TRY(q_org_list(c->x, c->db, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "orgs");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_uuid u;
        memcpy(u.b, row[i].org.p, sizeof u.b);
        org_write(c, u, row[i].name);
    }
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

/* ---- tokens */

static enum bl_err dialect_read(struct call *c, bool operator_, enum work_dialect *ret)
{
    struct bl_str s;
    BL_TRY(api_body_str(c, "dialect", &s));
    *ret = operator_ ? WORK_OPERATOR : WORK_DO;
    if (!bl_is(s) || (bl_str_is(s, "do") && !operator_))
        return BL_OK;
    if (bl_str_is(s, "civo") && !operator_)
        *ret = WORK_CIVO;
    else if (!bl_str_is(s, "operator") || !operator_)
        return bl_fail(c->x, BL_INVALID, "dialect must be do or civo.");
    return BL_OK;
}

enum bl_err tokens_add(struct call *c)
{
    struct work_token_new in = {0};
    struct bl_str token, id;
    BL_TRY(api_body(c));
    const struct bl_json *op = bl_json_get(c->json, "operator");
    if (op && op->type != BL_JSON_BOOL && op->type != BL_JSON_NULL)
        return bl_fail(c->x, BL_INVALID, "operator must be true or false.");
    BL_TRY(dialect_read(c, op && op->truth, &in.dialect));
    BL_TRY(urn_read(c, "account", BL_URN_TEAM, &in.has_account, &in.account));
    BL_TRY(urn_read(c, "org", BL_URN_TEAMGROUP, &in.has_org, &in.org));
    BL_TRY(api_body_str(c, "scope", &in.scopes));
    BL_TRY(api_body_str(c, "name", &in.name));
    BL_TRY(api_body_time(c, "expires", &in.has_expiry, &in.expires_us));
    BL_TRY(work_token_add(c->x, c->work, c->actor, &in, &token, &id));
    c->out->status = 201;
    bl_jw_begin_object(&c->j);
    bl_jw_kstr(&c->j, "id", id);
    bl_jw_kstr(&c->j, "token", token);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static void owner_write(struct call *c, const char *key, const char *prefix, struct bl_str uuid)
{
    bl_uuid u;
    bl_jw_key(&c->j, key);
    if (uuid.n != 16) {
        bl_jw_null(&c->j);
        return;
    }
    memcpy(u.b, uuid.p, sizeof u.b);
    bl_jw_str(&c->j, api_urn(c->x, prefix, u));
}

enum bl_err tokens_list(struct call *c)
{
    struct q_token_list *row = NULL;
    size_t n = 0;
    BL_TRY(q_token_list(c->x, c->db, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "tokens");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_jw_begin_object(&c->j);
        bl_jw_kstr(&c->j, "id", row[i].token_id);
        bl_jw_kstr(&c->j, "dialect", row[i].dialect);
        owner_write(c, "account", BL_URN_TEAM, row[i].account);
        owner_write(c, "org", BL_URN_TEAMGROUP, row[i].org);
        bl_jw_kstr(&c->j, "scope", row[i].scopes);
        bl_jw_kstr(&c->j, "name", row[i].name);
        api_ktime_us(c, "created_at", row[i].created_us);
        api_ktime_or_null(c, "expires_at", row[i].expires_us);
        api_ktime_or_null(c, "revoked_at", row[i].revoked_us);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err tokens_revoke(struct call *c)
{
    BL_TRY(work_token_revoke(c->x, c->work, c->actor, c->segment[0]));
    c->out->status = 204;
    return BL_OK;
}
