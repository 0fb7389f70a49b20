/* Accounts and organizations. What decides money or print about an account is a dated account.change fact in
 * the same log as everything else; the face an account is made with holds from the beginning of time. */
#include "work/inner.h"
#include "zone/zone.h"

#include <string.h>

enum bl_err work_account_get(
        struct bl_ctx *x, struct work *w, struct store_db *db, bl_uuid uuid, struct work_account *ret)
{
    struct work_account a = {.uuid = uuid, .bucket = store_bucket_of(w->store, uuid)};
    a.acct = store_account_find(w->store, uuid);
    bool found = false;
    if (a.acct)
        BL_TRY(q_account_get(x, db, a.bucket, store_uuid(&uuid), &a.row, &found));
    if (!found) {
        char text[37];
        bl_uuid_text(uuid, text);
        return bl_fail(x, BL_NOT_FOUND, "There is no account " BL_URN_TEAM "%s.", text);
    }
    *ret = a;
    return BL_OK;
}

/* Ten decimal digits drawn from the uuid's SHA-256: a byte below 250 gives one, and `skip` tens are passed
 * over. */
static void number_draw(bl_uuid u, unsigned skip, char ret[11])
{
    uint8_t h[32];
    size_t at = 0, got = 0;
    bl_sha256(u.b, sizeof u.b, h);
    for (size_t need = 10 * ((size_t)skip + 1); got < need;) {
        if (at == sizeof h) {
            bl_sha256(h, sizeof h, h);
            at = 0;
        }
        uint8_t byte = h[at++];
        if (byte < 250)
            ret[got++ % 10] = (char)('0' + byte % 10);
    }
    ret[10] = 0;
}

int64_t work_owner_number(bl_uuid u, struct bl_str customer_number)
{
    char drawn[11];
    int64_t n = 0;
    struct bl_str text = customer_number;
    number_draw(u, 0, drawn);
    bool whole = text.n > 0 && text.n <= 15;
    for (size_t i = 0; i < text.n && whole; i++)
        whole = text.p[i] >= '0' && text.p[i] <= '9';
    if (!whole)
        text = bl_str_of(drawn);
    for (size_t i = 0; i < text.n; i++)
        n = n * 10 + (text.p[i] - '0');
    return n;
}

static enum bl_err number_take(struct bl_ctx *x, struct work *w, struct bl_str wanted, uint32_t bucket,
        bl_uuid u, struct bl_str *ret)
{
    struct store_db *db = store_writer(w->store);
    int64_t changed = 0;
    if (bl_is(wanted)) {
        if (wanted.n == 0 || wanted.n > 32)
            return bl_fail(x, BL_INVALID, "number: a customer number has 1 to 32 characters.");
        for (size_t i = 0; i < wanted.n; i++)
            if (!strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-", wanted.p[i]))
                return bl_fail(x, BL_INVALID, "number: a customer number holds letters, digits and - only.");
        BL_TRY(q_number_insert(x, db, wanted, bucket, store_uuid(&u), &changed));
        if (!changed)
            return bl_fail(x, BL_CONFLICT, "The customer number %.*s is taken.", BL_FMT(wanted));
        *ret = wanted;
        return BL_OK;
    }
    for (unsigned skip = 0; skip < 1000; skip++) {
        char digits[11];
        number_draw(u, skip, digits);
        struct bl_str number = bl_str_dup(&x->arena, bl_str_of(digits));
        BL_TRY(q_number_insert(x, db, number, bucket, store_uuid(&u), &changed));
        if (changed) {
            *ret = number;
            return BL_OK;
        }
    }
    return bl_fail(x, BL_CONFLICT, "No free customer number was found; give one with --number.");
}

/* Data of an account.change as the wire has it, so that one reader decides what is acceptable. */
static struct bl_str face_event(struct bl_ctx *x, bl_uuid account, const struct bl_str field[BL_F_COUNT],
        uint32_t reset, int64_t time_us, struct bl_buf *b)
{
    static const struct {
        enum bl_field f;
        const char *key;
    } keys[] = {
            {BL_F_NAME, "name"},
            {BL_F_COMPANY, "company"},
            {BL_F_EMAIL, "email"},
            {BL_F_TAX_ID, "tax_id"},
            {BL_F_ZONE, "zone"},
            {BL_F_SELLER, "seller"},
            {BL_F_ADDRESS1, "address_line1"},
            {BL_F_ADDRESS2, "address_line2"},
            {BL_F_CITY, "city"},
            {BL_F_ADDRESS_REGION, "region"},
            {BL_F_POSTAL_CODE, "postal_code"},
            {BL_F_COUNTRY, "country"},
    };
    char uuid[37], time[32];
    bl_uuid_text(account, uuid);
    bl_time_text(time_us, time);
    struct bl_jw j;
    bl_jw_init(&j, b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "specversion", "1.0");
    bl_jw_kz(&j, "id", "x");
    bl_jw_kz(&j, "source", "x");
    bl_jw_kz(&j, "type", "account.change");
    bl_jw_kstr(&j, "subject", bl_str_printf(&x->arena, BL_URN_TEAM "%s", uuid));
    bl_jw_kz(&j, "time", time);
    bl_jw_key(&j, "data");
    bl_jw_begin_object(&j);
    for (size_t i = 0; i < BL_COUNT(keys); i++) {
        if (reset & (1u << keys[i].f)) {
            bl_jw_key(&j, keys[i].key);
            bl_jw_null(&j);
        } else if (bl_is(field[keys[i].f])) {
            bl_jw_kstr(&j, keys[i].key, field[keys[i].f]);
        }
    }
    if (reset & (1u << BL_F_TAX_EXEMPT)) {
        bl_jw_key(&j, "tax_exempt");
        bl_jw_null(&j);
    } else if (bl_is(field[BL_F_TAX_EXEMPT])) {
        bl_jw_key(&j, "tax_exempt");
        bl_jw_raw(&j, field[BL_F_TAX_EXEMPT]);
    }
    bl_jw_end_object(&j);
    bl_jw_end_object(&j);
    return bl_str_dup(&x->arena, bl_buf_view(b));
}

static enum bl_err check_references(struct bl_ctx *x, struct work *w, const struct bl_fact *f)
{
    const struct bl_zone *zone = NULL;
    BL_TRY(zone_find(x, f->field[BL_F_ZONE], &zone));
    if (!bl_is(f->field[BL_F_SELLER]))
        return BL_OK;
    struct work_book *book = work_book_take(w);
    bool known = book && bl_book_seller(book->book, f->field[BL_F_SELLER]) != NULL;
    work_book_give(w, book);
    if (!known)
        return bl_fail(
                x, BL_INVALID, "seller: the price book has no seller %.*s.", BL_FMT(f->field[BL_F_SELLER]));
    return BL_OK;
}

static enum bl_err face_append(struct bl_ctx *x, struct work *w, store_acct acct, bl_uuid account,
        const struct bl_str field[BL_F_COUNT], uint32_t reset, int64_t time_us)
{
    struct bl_buf b = {0};
    struct bl_str text = face_event(x, account, field, reset, time_us, &b);
    bl_buf_release(&b);
    struct bl_fact f;
    struct bl_str id;
    BL_TRY(bl_fact_parse(x, text, x->now_us, &f, &id));
    BL_TRY(check_references(x, w, &f));
    return work_own_fact(x, w, acct, &f);
}

static enum bl_err currency_of(struct bl_ctx *x, struct work *w, struct bl_str wanted, struct bl_str *ret)
{
    struct work_book *book = work_book_take(w);
    struct bl_str have = book ? bl_str_dup(&x->arena, bl_str_of(book->book->currency->code)) : BL_ABSENT;
    work_book_give(w, book);
    if (!bl_is(wanted)) {
        *ret = bl_is(have) ? have : BL_STR("USD");
        return BL_OK;
    }
    if (!bl_currency_find(wanted))
        return bl_fail(x, BL_INVALID, "currency: %.*s is no ISO 4217 code.", BL_FMT(wanted));
    if (bl_is(have) && !bl_str_eq(have, wanted))
        return bl_fail(x, BL_INVALID, "currency: the price book is in %.*s.", BL_FMT(have));
    *ret = wanted;
    return BL_OK;
}

/* "number 0123456789, USD, billed from 2026-01-15T12:00:00Z" */
struct bl_str work_account_told(struct bl_ctx *x, const struct q_account_get *a)
{
    char from[32];
    if (a->billing_from_us == INT64_MIN)
        return bl_str_printf(&x->arena, "number %.*s, %.*s", BL_FMT(a->number), BL_FMT(a->currency));
    bl_time_text(a->billing_from_us, from);
    return bl_str_printf(
            &x->arena, "number %.*s, %.*s, billed from %s", BL_FMT(a->number), BL_FMT(a->currency), from);
}

static enum bl_err audit_org(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str urn, bool has, bl_uuid org)
{
    char text[37];
    bl_uuid_text(org, text);
    return work_audit(x, w, actor, "account.org", urn,
            has ? bl_str_printf(&x->arena, BL_URN_TEAMGROUP "%s", text) : BL_STR("none"));
}

static enum bl_err add(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account_new *in, bl_uuid *ret)
{
    struct store_db *db = store_writer(w->store);
    bl_uuid u = in->has_uuid ? in->uuid : work_uuid_random();
    uint32_t bucket = store_bucket_of(w->store, u);
    bool found = false;
    if (store_account_find(w->store, u))
        return bl_fail(x, BL_CONFLICT, "There is an account of this URN already.");
    if (!bl_is(in->field[BL_F_NAME]) || in->field[BL_F_NAME].n == 0)
        return bl_fail(x, BL_INVALID, "name is required.");
    if (!bl_is(in->field[BL_F_EMAIL]) || in->field[BL_F_EMAIL].n == 0)
        return bl_fail(x, BL_INVALID, "email is required.");
    if (in->has_org) {
        struct q_org_get org;
        BL_TRY(q_org_get(x, db, store_uuid(&in->org), &org, &found));
        if (!found)
            return bl_fail(x, BL_INVALID, "org: there is no such organization.");
    }
    struct bl_str currency, number;
    BL_TRY(currency_of(x, w, in->currency, &currency));
    BL_TRY(number_take(x, w, in->number, bucket, u, &number));
    /* Periods before billing_from are born closed. */
    int64_t from_us = in->has_billing_from ? in->billing_from_us : INT64_MIN;
    bl_period closed = in->has_billing_from ? bl_period_of(from_us) - 1 : -1;
    BL_TRY(q_account_insert(x, db, bucket, store_uuid(&u), number, currency,
            in->has_org ? store_uuid(&in->org) : BL_ABSENT, x->now_us, from_us, closed));
    store_account_added(w->store, u, closed);
    struct work_account a;
    BL_TRY(work_account_get(x, w, db, u, &a));
    BL_TRY(face_append(x, w, a.acct, u, in->field, 0, 0));
    if (in->has_opening && in->opening.minor != 0) {
        struct bl_entry e;
        BL_TRY(bl_entry_simple(x, BL_ENTRY_OPENING, in->opening, x->now_us, &e));
        BL_TRY(work_entry_write(x, w, &a, &e, BL_STR("Opening balance")));
    }
    char text[37];
    bl_uuid_text(u, text);
    struct bl_str urn = bl_str_printf(&x->arena, BL_URN_TEAM "%s", text);
    *ret = u;
    BL_TRY(work_audit(x, w, actor, "account.add", urn, work_account_told(x, &a.row)));
    return in->has_org ? audit_org(x, w, actor, urn, true, in->org) : BL_OK;
}

enum bl_err work_account_add(
        struct bl_ctx *x, struct work *w, const char *actor, const struct work_account_new *in, bl_uuid *ret)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, add(x, w, actor, in, ret));
}

static enum bl_err set_org(struct bl_ctx *x, struct work *w, const char *actor, const struct work_account *a,
        struct bl_str urn, const struct work_account_change *in)
{
    struct store_db *db = store_writer(w->store);
    struct q_org_get row;
    bool found = false;
    if (in->has_org)
        BL_TRY(q_org_get(x, db, store_uuid(&in->org), &row, &found));
    if (in->has_org && !found)
        return bl_fail(x, BL_INVALID, "org: there is no such organization.");
    BL_TRY(q_account_org_set(
            x, db, a->bucket, store_uuid(&a->uuid), in->has_org ? store_uuid(&in->org) : BL_ABSENT));
    store_touch(w->store, a->acct);
    return audit_org(x, w, actor, urn, in->has_org, in->org);
}

static enum bl_err set(struct bl_ctx *x, struct work *w, const char *actor, bl_uuid account,
        const struct work_account_change *in)
{
    struct work_account a;
    char text[37], time[32];
    BL_TRY(work_account_get(x, w, store_writer(w->store), account, &a));
    bl_uuid_text(account, text);
    struct bl_str urn = bl_str_printf(&x->arena, BL_URN_TEAM "%s", text);
    if (in->sets_org)
        BL_TRY(set_org(x, w, actor, &a, urn, in));
    if (!in->sets_face)
        return BL_OK;
    BL_TRY(face_append(x, w, a.acct, account, in->field, in->reset, in->from_us));
    bl_time_text(in->from_us, time);
    return work_audit(x, w, actor, "account.set", urn, bl_str_printf(&x->arena, "from %s", time));
}

enum bl_err work_account_set(struct bl_ctx *x, struct work *w, const char *actor, bl_uuid account,
        const struct work_account_change *in)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, set(x, w, actor, account, in));
}

static enum bl_err add_org(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str name, bl_uuid *ret)
{
    if (name.n == 0 || name.n > 255 || !bl_utf8_ok(name))
        return bl_fail(x, BL_INVALID, "name: an organization's name has 1 to 255 bytes of UTF-8.");
    bl_uuid u = work_uuid_random();
    BL_TRY(q_org_insert(x, store_writer(w->store), store_uuid(&u), name, x->now_us));
    char text[37];
    bl_uuid_text(u, text);
    *ret = u;
    return work_audit(x, w, actor, "org.add", bl_str_printf(&x->arena, BL_URN_TEAMGROUP "%s", text), name);
}

enum bl_err work_org_add(
        struct bl_ctx *x, struct work *w, const char *actor, struct bl_str name, bl_uuid *ret)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, add_org(x, w, actor, name, ret));
}

enum bl_err work_face(struct bl_ctx *x, struct work *w, struct store_db *db, const struct work_account *a,
        int64_t at_us, struct bl_face *ret)
{
    struct store_facts f = {0};
    bl_period p = bl_period_of(at_us);
    struct store_want want = {
            .acct = a->acct, .first = p, .last = p - 1, .upto_us = INT64_MIN, .k = UINT64_MAX};
    BL_TRY(store_load(x, w->store, db, &want, &f));
    return bl_face_fold(x, f.face, f.n_face, at_us, a->row.created_us, ret);
}
