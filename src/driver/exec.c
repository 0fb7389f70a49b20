/* The operator's own program: one run an operation, JSON in, JSON out. */
#include "driver/inner.h"
#include "json/json.h"

#include <string.h>

enum { EXIT_DONE = 0, EXIT_AGAIN = 75 };

static const char *op_name(enum driver_op op)
{
    static const char *const name[] = {
            "create", "clone", "resize", "snapshot", "delete", "delete_snapshot", "attach", "detach"};
    return name[op];
}

static void uuid_or_null(struct bl_jw *j, const char *key, bool has, bl_uuid u)
{
    char text[37];
    bl_uuid_text(u, text);
    bl_jw_kstr(j, key, has ? bl_str_of(text) : BL_ABSENT);
}

static void number_or_null(struct bl_jw *j, const char *key, int64_t n)
{
    bl_jw_key(j, key);
    if (n)
        bl_jw_int(j, n);
    else
        bl_jw_null(j);
}

static struct bl_str question(struct bl_ctx *x, const struct driver_ask *ask)
{
    struct bl_buf b = {0};
    struct bl_jw j;
    bl_jw_init(&j, &b);
    bl_jw_begin_object(&j);
    bl_jw_kz(&j, "op", op_name(ask->op));
    bl_jw_kstr(&j, "operation_id", ask->operation_id);
    uuid_or_null(&j, "id", true, ask->id);
    number_or_null(&j, "size_gigabytes", ask->gib);
    bl_jw_kstr(&j, "filesystem_type", ask->fs_type);
    bl_jw_kstr(&j, "filesystem_label", ask->fs_label);
    uuid_or_null(&j, "snapshot_id", ask->has_snapshot, ask->snapshot);
    number_or_null(&j, "droplet_id", ask->droplet_id);
    bl_jw_kstr(&j, "region", ask->region);
    bl_jw_end_object(&j);
    bl_buf_byte(&b, '\n');
    struct bl_str text = bl_str_dup(&x->arena, bl_buf_view(&b));
    bl_buf_release(&b);
    return text;
}

/* A snapshot's own size: above zero, at most the volume's, at most two decimals. */
static bool size_ok(struct bl_ctx *x, const struct bl_json *v, int64_t gib, bl_dec *ret)
{
    if (v->type != BL_JSON_NUMBER || bl_dec_parse(x, v->text, BL_DEC_QUANTITY, ret) != BL_OK)
        return false;
    return ret->pico > 0 && ret->pico % (BL_DEC_ONE / 100) == 0 && bl_dec_cmp(*ret, bl_dec_of(gib)) <= 0;
}

static enum driver_end answered(
        struct bl_ctx *x, const struct driver_ask *ask, struct bl_str text, struct driver_told *ret)
{
    struct bl_json *tree = NULL;
    while (text.n > 0 && text.p[text.n - 1] && strchr(" \t\r\n", text.p[text.n - 1]))
        text.n--;
    if (text.n == 0)
        return DRIVER_DONE;
    if (bl_json_parse(x, text, &tree) != BL_OK || tree->type != BL_JSON_OBJECT) {
        ret->why = BL_STR("the program's answer is no JSON object");
        return DRIVER_FAILED;
    }
    const struct bl_json *size = bl_json_get(tree, "size_gigabytes");
    if (!size || ask->op != DRIVER_SNAPSHOT)
        return DRIVER_DONE;
    ret->has_size = size_ok(x, size, ask->gib, &ret->size);
    if (ret->has_size)
        return DRIVER_DONE;
    ret->why = BL_STR(
            "size_gigabytes must be a number above 0, not above the volume's, of at most two decimals");
    return DRIVER_FAILED;
}

static struct bl_str error_of(struct bl_ctx *x, struct bl_str text, int code)
{
    struct bl_json *tree = NULL;
    struct bl_str said = BL_ABSENT;
    if (bl_json_parse(x, text, &tree) == BL_OK && tree->type == BL_JSON_OBJECT)
        said = bl_json_str(tree, "error");
    if (bl_is(said) && said.n > 0)
        return bl_str_of(bl_shown(&x->arena, said));
    if (code < 0)
        return code == CHILD_NONE ? BL_STR("the program could not be started")
                                  : BL_STR("the program was killed, or ran too long");
    return bl_str_printf(&x->arena, "the program ended with %d", code);
}

enum driver_end exec_run(
        struct driver *d, struct bl_ctx *x, const struct driver_ask *ask, struct driver_told *ret)
{
    const char *const argv[] = {d->program, NULL};
    struct bl_str out;
    int code = child_run(d, x, argv, question(x, ask), &out);
    if (code == CHILD_STOPPED || code == EXIT_AGAIN)
        return DRIVER_AGAIN;
    if (code == EXIT_DONE && out.n > CHILD_OUTPUT_MAX) {
        ret->why = BL_STR("the program's answer is longer than 64 KiB");
        return DRIVER_FAILED;
    }
    if (code == EXIT_DONE)
        return answered(x, ask, out, ret);
    ret->why = error_of(x, out, code);
    return DRIVER_FAILED;
}
