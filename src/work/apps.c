/* Apps: rows of what their facts do not say, and the facts that bill them, written together. An app's uuid
 * begins with its bucket, so that the operator can ask for it without saying whose it is. */
#include "work/apps_inner.h"

#include <string.h>

#define SPEC_MAX 65536

static enum bl_err no_such_app(struct bl_ctx *x)
{
    return bl_fail(x, BL_NOT_FOUND, "%s", bl_err_text(BL_NOT_FOUND));
}

static enum bl_err app_row(struct bl_ctx *x, struct store_db *db, const struct work_account *owner,
        bl_uuid app, struct work_app *ret)
{
    bool found = false;
    *ret = (struct work_app){.owner = owner, .app = app};
    BL_TRY(q_app_get(x, db, owner->bucket, store_uuid(&owner->uuid), store_uuid(&app), &ret->row, &found));
    return found ? BL_OK : no_such_app(x);
}

enum bl_err work_app_get(struct bl_ctx *x, struct store_db *db, const struct work_account *owner, bl_uuid app,
        struct work_app *ret)
{
    BL_TRY(app_row(x, db, owner, app, ret));
    return ret->row.gone_us == INT64_MAX ? BL_OK : no_such_app(x);
}

enum bl_err work_app_again(struct bl_ctx *x, struct work *w, const struct work_app *a, struct work_app *ret)
{
    return work_app_get(x, store_writer(w->store), a->owner, a->app, ret);
}

enum bl_err work_app_find_any(struct bl_ctx *x, struct work *w, struct store_db *db, bl_uuid app,
        struct work_account *ret_owner, struct work_app *ret)
{
    struct q_app_find row;
    bl_uuid owner;
    bool found = false;
    BL_TRY(q_app_find(x, db, app.b[0] << 8 | app.b[1], store_uuid(&app), &row, &found));
    if (!found)
        return no_such_app(x);
    memcpy(owner.b, row.account.p, sizeof owner.b);
    BL_TRY(work_account_get(x, w, db, owner, ret_owner));
    return app_row(x, db, ret_owner, app, ret);
}

enum bl_err work_app_find(struct bl_ctx *x, struct work *w, struct store_db *db, bl_uuid app,
        struct work_account *ret_owner, struct work_app *ret)
{
    BL_TRY(work_app_find_any(x, w, db, app, ret_owner, ret));
    return ret->row.gone_us == INT64_MAX ? BL_OK : no_such_app(x);
}

static bl_uuid app_uuid(uint32_t bucket)
{
    bl_uuid u = work_uuid_random();
    u.b[0] = (uint8_t)(bucket >> 8);
    u.b[1] = (uint8_t)bucket;
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x80);
    return u;
}

enum bl_err work_spec_get(struct bl_ctx *x, struct store_db *db, const struct work_app *a,
        struct bl_str digest, struct bl_str *ret_json)
{
    struct q_app_spec_get row;
    bool found = false;
    BL_TRY(q_app_spec_get(x, db, a->owner->bucket, store_uuid(&a->owner->uuid), digest, &row, &found));
    if (!found)
        return bl_fail(x, BL_INTERNAL, "The spec of a deployment is missing: restore a backup.");
    *ret_json = row.body;
    return BL_OK;
}

/* A name as clients want it in a spec: 2 to 32 of a-z, 0-9 and -, a letter first, no - at the end. */
static struct bl_str slug(struct bl_ctx *x, struct bl_str name)
{
    char text[33] = "";
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < 32; i++) {
        char c = name.p[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c | 0x20);
        if ((c >= 'a' && c <= 'z') || (n > 0 && c >= '0' && c <= '9'))
            text[n++] = c;
        else if (n > 0 && text[n - 1] != '-')
            text[n++] = '-';
    }
    while (n > 0 && text[n - 1] == '-')
        n--;
    return n > 1 ? bl_str_dup(&x->arena, (struct bl_str){text, n}) : BL_STR("app");
}

enum bl_err work_spec_put(struct bl_ctx *x, struct work *w, const struct work_account *owner,
        const struct bl_json *spec, struct bl_str name, struct bl_str *ret_digest)
{
    struct bl_buf b = {0};
    struct bl_jw j;
    uint8_t h[32];
    bl_jw_init(&j, &b);
    if (bl_json_str(spec, "name").n > 0) {
        bl_jw_json(&j, spec);
    } else { /* clients want a name in every spec */
        bl_jw_begin_object(&j);
        bl_jw_kstr(&j, "name", slug(x, name));
        for (const struct bl_json *m = spec ? spec->first : NULL; m; m = m->next)
            if (!bl_str_is(m->key, "name")) {
                bl_jw_name(&j, m->key);
                bl_jw_json(&j, m);
            }
        bl_jw_end_object(&j);
    }
    if (b.n > SPEC_MAX) {
        bl_buf_release(&b);
        return bl_fail(x, BL_INVALID, "spec: at most 64 KiB.");
    }
    bl_sha256(b.p, b.n, h);
    *ret_digest = bl_str_dup(&x->arena, (struct bl_str){(const char *)h, sizeof h});
    enum bl_err e = q_app_spec_put(
            x, store_writer(w->store), owner->bucket, store_uuid(&owner->uuid), *ret_digest, bl_buf_view(&b));
    bl_buf_release(&b);
    return e;
}

/* ---- making one */

static bool is_slug(struct bl_str s, size_t most)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return s.n > 0 && s.n <= most;
}

static enum bl_err complete(struct bl_ctx *x, struct work_app_new *in)
{
    if (in->spec)
        BL_TRY(bl_spec_check(x, in->spec));
    if (!bl_is(in->name))
        in->name = bl_json_str(in->spec, "name");
    if (!bl_is(in->region))
        in->region = bl_json_str(in->spec, "region");
    if (in->region.n == 0)
        in->region = BL_STR("");
    if (!bl_is(in->tier_slug))
        in->tier_slug = BL_STR("basic");
    if (in->name.n == 0)
        return bl_fail(x, BL_INVALID, "name is required.");
    if (in->name.n > 255)
        return bl_fail(x, BL_INVALID, "name: at most 255 bytes.");
    if (!is_slug(in->tier_slug, 64))
        return bl_fail(x, BL_INVALID, "tier_slug: 1 to 64 of a-z, 0-9, - and _.");
    if (in->region.n > 0 && !is_slug(in->region, 32))
        return bl_fail(x, BL_INVALID, "region: 1 to 32 of a-z, 0-9, - and _.");
    return BL_OK;
}

/* What an app is billed as; absent: nothing. */
static enum bl_err sku_of(struct bl_ctx *x, const struct bl_book *book, struct bl_str *ret)
{
    int i = book ? bl_book_sku_providing(book, "app") : -1;
    *ret = BL_ABSENT;
    if (i < 0)
        return BL_OK;
    if (!bl_sku_price_at(&book->sku[i], bl_floor_s(x->now_us)))
        return bl_fail(x, BL_INVALID, "%s has no price yet: an app cannot be made.",
                bl_shown(&x->arena, book->sku[i].sku));
    *ret = bl_str_dup(&x->arena, book->sku[i].sku);
    return BL_OK;
}

static enum bl_err add(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_account *owner, const struct bl_book *book, const struct work_app_new *in,
        struct work_app *ret)
{
    struct store_db *db = store_writer(w->store);
    struct bl_str digest;
    struct work_deployment first;
    struct work_deployment_new deploy = {.cause = BL_STR("the app was made")};
    struct bl_fact f = {.resource = app_uuid(owner->bucket)};
    BL_TRY(sku_of(x, book, &f.field[BL_F_SKU]));
    BL_TRY(work_spec_put(x, w, owner, in->spec, in->name, &digest));
    BL_TRY(q_app_put(x, db, owner->bucket, store_uuid(&owner->uuid), store_uuid(&f.resource), in->name,
            in->region, in->tier_slug, digest, x->now_us));
    BL_TRY(work_app_get(x, db, owner, f.resource, ret));
    struct work_app made = *ret; /* as it is before its first deployment: so it is answered */
    BL_TRY(work_deploy(x, w, mode, &made, &deploy, digest, NULL, &first));
    f.field[BL_F_NAME] = in->name;
    if (in->region.n > 0)
        f.field[BL_F_REGION] = in->region;
    BL_TRY(work_own_create(x, w, owner, "app", mode == WORK_APPS_AGENT ? "agent" : "record", &f));
    return work_audit(x, w, actor, "app.add", work_uuid_str(x, f.resource), in->name);
}

enum bl_err work_app_add(struct bl_ctx *x, struct work *w, const char *actor, enum work_apps mode,
        const struct work_account *owner, const struct bl_book *book, const struct work_app_new *in,
        struct work_app *ret)
{
    struct work_app_new whole = *in;
    BL_TRY(complete(x, &whole));
    BL_TRY(work_begin(x, w));
    return work_end(x, w, add(x, w, actor, mode, owner, book, &whole, ret));
}

static enum bl_err drop(struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *a)
{
    struct work_app now;
    BL_TRY(work_app_again(x, w, a, &now));
    BL_TRY(work_deploy_stop(x, w, &now, BL_PHASE_CANCELED));
    BL_TRY(q_app_gone(x, store_writer(w->store), a->owner->bucket, store_uuid(&a->owner->uuid),
            store_uuid(&a->app), x->now_us));
    BL_TRY(work_own_delete(x, w, a->owner, a->app));
    return work_audit(x, w, actor, "app.delete", work_uuid_str(x, a->app), a->row.name);
}

enum bl_err work_app_drop(struct bl_ctx *x, struct work *w, const char *actor, const struct work_app *a)
{
    BL_TRY(work_begin(x, w));
    return work_end(x, w, drop(x, w, actor, a));
}
