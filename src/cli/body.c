/* The body of a request that only carries options: each is a member under its own name. An empty value says
 * that a field is to be forgotten, which is null on the wire. */
#include "cli/cli.h"

#include <string.h>

static void body_pairs(struct cli *c, struct bl_jw *j, const struct cli_option *o)
{
    bl_jw_key(j, o->name);
    bl_jw_begin_object(j);
    for (size_t i = 0; i < c->n_given; i++) {
        if (c->given[i].option != o)
            continue;
        const char *equals = strchr(c->given[i].value, '=');
        bl_jw_key(j, bl_str_dup(&c->x.arena,
                             (struct bl_str){c->given[i].value, (size_t)(equals - c->given[i].value)})
                             .p);
        if (equals[1])
            bl_jw_z(j, equals + 1);
        else
            bl_jw_null(j);
    }
    bl_jw_end_object(j);
}

/* An option that may be repeated is a list, named for many. */
static void body_list(struct cli *c, struct bl_jw *j, const struct cli_option *o, const char *key)
{
    bl_jw_key(j, bl_str_printf(&c->x.arena, "%ss", key).p);
    bl_jw_begin_array(j);
    for (size_t i = 0; i < c->n_given; i++)
        if (c->given[i].option == o)
            bl_jw_z(j, c->given[i].value);
    bl_jw_end_array(j);
}

static bool seen_before(const struct cli *c, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (c->given[i].option == c->given[at].option)
            return true;
    return false;
}

struct bl_str cli_body(struct cli *c)
{
    struct bl_buf b = {0};
    struct bl_jw j;
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    for (size_t i = 0; i < c->n_given; i++) {
        const struct cli_option *o = c->given[i].option;
        char key[32];
        if (!(o->flags & CLI_BODY) || seen_before(c, i))
            continue;
        if (o->kind == CLI_PAIR) {
            body_pairs(c, &j, o);
            continue;
        }
        snprintf(key, sizeof key, "%s", o->name);
        for (char *p = key; *p; p++)
            *p = *p == '-' ? '_' : *p;
        if (o->flags & CLI_REPEAT) {
            body_list(c, &j, o, key);
            continue;
        }
        bl_jw_key(&j, key);
        if (o->kind == CLI_FLAG)
            bl_jw_bool(&j, true);
        else if (*c->given[i].value)
            bl_jw_z(&j, c->given[i].value);
        else
            bl_jw_null(&j);
    }
    if (cli_flag(c, "no-tax-exempt"))
        bl_jw_kbool(&j, "tax_exempt", false);
    bl_jw_end_object(&j);
    struct bl_str s = bl_str_dup(&c->x.arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return s;
}
