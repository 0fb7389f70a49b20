/* Who did what: rows that are only added to, each holding the hash of itself and of the one before it, so
 * that one that was altered or taken out shows. */
#include "work/inner.h"

#include <string.h>

void work_audit_hash(const uint8_t prev[32], const struct work_audit_row *r, uint8_t ret[32])
{
    struct bl_buf b = {0};
    bl_buf_put(&b, prev, 32);
    bl_put_uv(&b, (uint64_t)r->n);
    bl_put_sv(&b, r->at_us);
    bl_put_str(&b, r->actor);
    bl_put_str(&b, r->action);
    bl_put_str(&b, r->subject);
    bl_put_str(&b, r->detail);
    bl_sha256(b.p, b.n, ret);
    bl_buf_release(&b);
}

enum bl_err work_audit(struct bl_ctx *x, struct work *w, const char *actor, const char *action,
        struct bl_str subject, struct bl_str detail)
{
    struct store_db *db = store_writer(w->store);
    struct q_audit_last last = {0};
    bool found = false;
    uint8_t prev[32] = {0}, hash[32];
    BL_TRY(q_audit_last(x, db, &last, &found));
    if (found && last.hash.n == sizeof prev) /* else it is older than the chain */
        memcpy(prev, last.hash.p, sizeof prev);
    struct work_audit_row r = {
            .n = last.n + 1,
            .at_us = x->now_us,
            .actor = bl_str_of(actor ? actor : "command"),
            .action = bl_str_of(action),
            .subject = bl_is(subject) ? subject : BL_STR(""),
            .detail = bl_is(detail) ? detail : BL_STR(""),
    };
    work_audit_hash(prev, &r, hash);
    return q_audit_insert(x, db, r.n, r.at_us, r.actor, r.action, r.subject, r.detail,
            (struct bl_str){(const char *)hash, sizeof hash});
}
