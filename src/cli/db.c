/* db init, db roles. The first makes a database, or brings it up to date, and says what it is. Every command
 * that writes does the same when it comes first; this one is for whoever may make tables when the others may
 * not, and for the count of buckets. */
#include "cli/cli.h"
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS_MAX 32768
#define PREFIX_MAX 40

static enum bl_err make(struct cli *c, uint32_t buckets)
{
    struct store_options o = {.path = bl_str_of(c->db), .create = true, .buckets = buckets};
    int64_t since = cli_mono_us();
    struct store *s = NULL;
    enum bl_err e;
    do {
        if (cli_is_served(c)) /* then it is made, and as new as the server */
            return BL_OK;
        e = store_open(&c->x, &o, &s);
    } while (cli_turn_wait(c, e, since));
    if (e == BL_OK)
        store_close(s);
    return e;
}

static enum bl_err print(struct cli *c, const struct store_about *is)
{
    if (!c->json) {
        printf("engine   %s\nschema   %d\nbuckets  %u\n", is->engine, is->schema, is->buckets);
        return BL_OK;
    }
    struct bl_buf b = {0};
    struct bl_jw j;
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "engine", is->engine);
    bl_jw_kint(&j, "schema", is->schema);
    bl_jw_kint(&j, "buckets", is->buckets);
    bl_jw_end_object(&j);
    enum bl_err e = cli_print(c, bl_buf_view(&b));
    bl_buf_release(&b);
    return e;
}

enum bl_err cmd_db_init(struct cli *c)
{
    const char *text = cli_opt(c, "buckets");
    unsigned long buckets = text ? strtoul(text, NULL, 10) : 0;
    struct store_about is;
    if (text && (buckets < 1 || buckets > BUCKETS_MAX || (buckets & (buckets - 1)) != 0))
        return cli_usage(c, "--buckets takes a power of two from 1 to %d, not \"%s\".", BUCKETS_MAX,
                bl_shown(&c->x.arena, bl_str_of(text)));
    BL_TRY(make(c, (uint32_t)buckets));
    BL_TRY(store_about(&c->x, bl_str_of(c->db), &is));
    if (text && is.buckets != buckets)
        return bl_fail(&c->x, BL_CONFLICT, "The database has %u buckets, and for ever: it cannot have %lu.",
                is.buckets, buckets);
    return print(c, &is);
}

enum bl_err cmd_db_roles(struct cli *c)
{
    const char *prefix = cli_opt(c, "prefix");
    prefix = prefix ? prefix : "billow";
    size_t n = strspn(prefix, "abcdefghijklmnopqrstuvwxyz_0123456789");
    if (n == 0 || n > PREFIX_MAX || prefix[n] || (prefix[0] >= '0' && prefix[0] <= '9'))
        return cli_usage(c, "--prefix takes up to %d lower case letters, digits and _, not \"%s\".",
                PREFIX_MAX, bl_shown(&c->x.arena, bl_str_of(prefix)));
    BL_TRY(store_roles(&c->x, bl_str_of(c->db), prefix));
    printf("%s_owner\n%s_app\n%s_report\n", prefix, prefix, prefix);
    return BL_OK;
}
