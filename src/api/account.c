/* Who the token belongs to: the account as its owner's tools ask for it before anything else. There are no
 * users here, so the account answers for its one user and for its team. */
#include "api/inner.h"

enum bl_err account_get(struct call *c)
{
    struct bl_face f;
    struct bl_jw *j = &c->j;
    char uuid[37];
    BL_TRY(api_need_account(c));
    BL_TRY(work_face(c->x, c->work, c->db, &c->account, c->x->now_us, &f));
    bl_uuid_text(c->account.uuid, uuid);
    bl_jw_begin_object(j);
    bl_jw_key(j, "account");
    bl_jw_begin_object(j);
    bl_jw_kint(j, "droplet_limit", 0);
    bl_jw_kint(j, "floating_ip_limit", 0);
    bl_jw_kstr(j, "email", bl_is(f.email) ? f.email : BL_STR(""));
    bl_jw_kstr(j, "name", bl_is(f.name) ? f.name : BL_STR(""));
    bl_jw_kz(j, "uuid", uuid);
    bl_jw_kbool(j, "email_verified", true);
    bl_jw_kz(j, "status", "active");
    bl_jw_kz(j, "status_message", "");
    bl_jw_key(j, "team");
    bl_jw_begin_object(j);
    bl_jw_kz(j, "uuid", uuid);
    bl_jw_kstr(j, "name", bl_is(f.name) ? f.name : BL_STR(""));
    bl_jw_end_object(j);
    bl_jw_end_object(j);
    bl_jw_end_object(j);
    return BL_OK;
}
