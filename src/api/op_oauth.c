/* The operator's side: applications that may ask customers for tokens. */
#include "api/inner.h"

static enum bl_err redirects_read(struct call *c, struct bl_str list[WORK_REDIRECTS_MAX], size_t *ret_n)
{
    const struct bl_json *v = bl_json_get(c->json, "redirect_uris");
    size_t n = 0;
    if (!v || v->type != BL_JSON_ARRAY || v->n > WORK_REDIRECTS_MAX)
        return bl_fail(
                c->x, BL_INVALID, "redirect_uris must be a list of 1 to %d addresses.", WORK_REDIRECTS_MAX);
    for (const struct bl_json *m = v->first; m; m = m->next) {
        if (m->type != BL_JSON_STRING)
            return bl_fail(c->x, BL_INVALID, "redirect_uris must be strings.");
        list[n++] = m->text;
    }
    *ret_n = n;
    return BL_OK;
}

enum bl_err oauth_clients_add(struct call *c)
{
    struct bl_str list[WORK_REDIRECTS_MAX];
    struct work_client_new in = {.redirect = list};
    struct work_client_made made;
    BL_TRY(api_body(c));
    BL_TRY(api_body_str(c, "name", &in.name));
    const struct bl_json *public_ = bl_json_get(c->json, "public");
    if (public_ && public_->type != BL_JSON_BOOL && public_->type != BL_JSON_NULL)
        return bl_fail(c->x, BL_INVALID, "public must be true or false.");
    in.public_ = public_ && public_->truth;
    BL_TRY(redirects_read(c, list, &in.n_redirect));
    BL_TRY(work_client_add(c->x, c->work, c->actor, &in, &made));
    c->out->status = 201;
    bl_jw_begin_object(&c->j);
    bl_jw_kstr(&c->j, "client_id", made.client_id);
    if (bl_is(made.secret))
        bl_jw_kstr(&c->j, "client_secret", made.secret);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

static void redirects_write(struct call *c, struct bl_str lines)
{
    bl_jw_key(&c->j, "redirect_uris");
    bl_jw_begin_array(&c->j);
    for (size_t at = 0; at < lines.n;) {
        size_t end = at;
        while (end < lines.n && lines.p[end] != '\n')
            end++;
        bl_jw_str(&c->j, (struct bl_str){lines.p + at, end - at});
        at = end + 1;
    }
    bl_jw_end_array(&c->j);
}

enum bl_err oauth_clients_list(struct call *c)
{
    struct q_oauth_client_list *row = NULL;
    size_t n = 0;
    BL_TRY(q_oauth_client_list(c->x, c->db, &row, &n));
    bl_jw_begin_object(&c->j);
    bl_jw_key(&c->j, "clients");
    bl_jw_begin_array(&c->j);
    for (size_t i = 0; i < n; i++) {
        bl_jw_begin_object(&c->j);
        bl_jw_kstr(&c->j, "client_id", row[i].client_id);
        bl_jw_kstr(&c->j, "name", row[i].name);
        bl_jw_kbool(&c->j, "public", !bl_is(row[i].secret));
        redirects_write(c, row[i].redirect_uris);
        api_ktime_us(c, "created_at", row[i].created_us);
        api_ktime_or_null(c, "revoked_at", row[i].revoked_us);
        bl_jw_end_object(&c->j);
    }
    bl_jw_end_array(&c->j);
    bl_jw_end_object(&c->j);
    return BL_OK;
}

enum bl_err oauth_clients_revoke(struct call *c)
{
    BL_TRY(work_client_revoke(c->x, c->work, c->actor, c->segment[0]));
    c->out->status = 204;
    return BL_OK;
}
