/* From a CloudEvents object to a fact, straight over the pull reader: attributes first as they come, `data`
 * kept as raw text until the type is known, then read by the table of fields. The first thing wrong is the
 * reason. */
#include "fact/fields.h"

#include <string.h>

#define AHEAD_US (5 * 60 * BL_US)
#define TAGS_MAX 64

static const struct {
    const char *name;
    enum bl_fact_type type;
    int carrier;
} types[] = {
        {"usage", BL_FACT_USAGE, U},
        {"resource.create", BL_FACT_CREATE, L},
        {"resource.change", BL_FACT_CHANGE, L},
        {"resource.delete", BL_FACT_DELETE, 0},
        {"account.change", BL_FACT_ACCOUNT, A},
        {"fact.retract", BL_FACT_RETRACT, R},
};

/* What was read of an event before its type was known. */
struct event {
    struct bl_fact_attrs attr;
    struct bl_str data;
};

static bool key_is(struct bl_str key, const char *name, size_t n)
{
    return key.n == n && memcmp(key.p, name, n) == 0;
}
#define KEY(key, lit) key_is((key), lit, sizeof(lit) - 1)

static enum bl_err attribute(
        struct bl_ctx *x, const char *name, const struct bl_json_value *v, struct bl_str *ret)
{
    if (v->type == BL_JSON_NULL)
        return BL_OK;
    if (v->type != BL_JSON_STRING)
        return bl_fail(x, BL_INVALID, "%s must be a string", name);
    *ret = v->text;
    return BL_OK;
}

static enum bl_err envelope(struct bl_ctx *x, struct bl_str text, struct event *e)
{
    struct bl_json_reader r;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    bl_json_reader_init(&r, x, text);
    BL_TRY(bl_json_enter_object(&r));
    for (;;) {
        BL_TRY(bl_json_next_member(&r, &key, &v, &more));
        if (!more)
            break;
        if (KEY(key, "id"))
            BL_TRY(attribute(x, "id", &v, &e->attr.id));
        else if (KEY(key, "source"))
            BL_TRY(attribute(x, "source", &v, &e->attr.source));
        else if (KEY(key, "type"))
            BL_TRY(attribute(x, "type", &v, &e->attr.type));
        else if (KEY(key, "subject"))
            BL_TRY(attribute(x, "subject", &v, &e->attr.subject));
        else if (KEY(key, "time"))
            BL_TRY(attribute(x, "time", &v, &e->attr.time));
        else if (KEY(key, "specversion"))
            BL_TRY(attribute(x, "specversion", &v, &e->attr.specversion));
        else if (KEY(key, "data_base64"))
            return bl_fail(x, BL_INVALID, "data_base64 is not accepted; send data as an object");
        else if (KEY(key, "data") && v.type != BL_JSON_NULL) {
            if (v.type != BL_JSON_OBJECT)
                return bl_fail(x, BL_INVALID, "data must be an object");
            e->data = v.text;
        }
    }
    return bl_json_end(&r);
}

static enum bl_err identity(struct bl_ctx *x, const struct bl_fact_attrs *a, struct bl_fact *f)
{
    if (!bl_str_is(a->specversion, "1.0"))
        return bl_fail(x, BL_INVALID, "specversion must be \"1.0\"");
    if (a->id.n < 1 || a->id.n > 255)
        return bl_fail(x, BL_INVALID, "id must have 1 to 255 bytes");
    if (a->source.n < 1 || a->source.n > 255)
        return bl_fail(x, BL_INVALID, "source must have 1 to 255 bytes");
    if (!bl_utf8_ok(a->id) || !bl_utf8_ok(a->source))
        return bl_fail(x, BL_INVALID, "id and source must be UTF-8 without NUL");
    if (a->source.n >= 7 && memcmp(a->source.p, "billow:", 7) == 0)
        return bl_fail(x, BL_INVALID, "reserved: sources that begin with billow: are Billow's own");
    f->id = a->id;
    f->source = a->source;
    return BL_OK;
}

static enum bl_err when_and_whose(
        struct bl_ctx *x, const struct bl_fact_attrs *a, int64_t now_us, struct bl_fact *f)
{
    if (!bl_is(a->subject))
        return bl_fail(x, BL_INVALID, "subject is required: the account's URN");
    if (!bl_urn_parse(a->subject, BL_URN_TEAM, &f->account))
        return bl_fail(x, BL_INVALID, "subject must have the form do:team:<uuid>");
    if (!bl_is(a->time))
        return bl_fail(x, BL_INVALID, "time is required");
    if (bl_time_parse(x, a->time, &f->time_us) != BL_OK) {
        struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
        return bl_fail(x, BL_INVALID, "time: %.*s", BL_FMT(why));
    }
    if (f->time_us > now_us + AHEAD_US)
        return bl_fail(x, BL_INVALID, "time is more than five minutes ahead");
    return BL_OK;
}

/* ---- data */

static enum bl_err text_field(
        struct bl_ctx *x, const struct fact_field *d, const struct bl_json_value *v, struct bl_fact *f)
{
    if (v->type != BL_JSON_STRING)
        return bl_fail(x, BL_INVALID, "data.%s must be a string", d->name);
    if (v->text.n > d->max)
        return bl_fail(x, BL_INVALID, "data.%s has more than %zu bytes", d->name, d->max);
    if (v->text.n == 0 && (d->field == BL_F_VALUE || d->field == BL_F_METER || d->field == BL_F_SKU))
        return bl_fail(x, BL_INVALID, "data.%s must not be empty", d->name);
    f->field[d->field] = v->text;
    return BL_OK;
}

static enum bl_err tags_field(
        struct bl_ctx *x, const struct fact_field *d, const struct bl_json_value *v, struct bl_fact *f)
{
    struct bl_json_reader r;
    struct bl_json_value tag;
    bool more = false;
    size_t n = 0, at = 0;
    if (v->type != BL_JSON_ARRAY)
        return bl_fail(x, BL_INVALID, "data.tags must be an array of strings");
    char *out = bl_alloc(&x->arena, v->text.n + 1);
    bl_json_reader_init(&r, x, v->text);
    BL_TRY(bl_json_enter_array(&r));
    for (;;) {
        BL_TRY(bl_json_next_element(&r, &tag, &more));
        if (!more)
            break;
        if (tag.type != BL_JSON_STRING || tag.text.n < 1 || tag.text.n > 255 ||
                memchr(tag.text.p, '\n', tag.text.n))
            return bl_fail(x, BL_INVALID, "data.tags must hold strings of 1 to 255 bytes without line ends");
        if (++n > TAGS_MAX)
            return bl_fail(x, BL_INVALID, "data.tags holds more than %d", TAGS_MAX);
        if (n > 1)
            out[at++] = '\n';
        memcpy(out + at, tag.text.p, tag.text.n);
        at += tag.text.n;
    }
    f->field[d->field] = (struct bl_str){out, at};
    return BL_OK;
}

static enum bl_err country_field(
        struct bl_ctx *x, const struct fact_field *d, const struct bl_json_value *v, struct bl_fact *f)
{
    if (v->type != BL_JSON_STRING)
        return bl_fail(x, BL_INVALID, "data.country must be a string");
    if (v->text.n == 0) {
        f->field[d->field] = v->text;
        return BL_OK;
    }
    if (v->text.n != 2)
        return bl_fail(x, BL_INVALID, "data.country must be two letters of ISO 3166");
    char *up = bl_alloc(&x->arena, 3);
    for (int i = 0; i < 2; i++) {
        char c = (char)(v->text.p[i] & ~0x20);
        if (c < 'A' || c > 'Z')
            return bl_fail(x, BL_INVALID, "data.country must be two letters of ISO 3166");
        up[i] = c;
    }
    f->field[d->field] = (struct bl_str){up, 2};
    return BL_OK;
}

static enum bl_err field(
        struct bl_ctx *x, const struct fact_field *d, const struct bl_json_value *v, struct bl_fact *f)
{
    if (v->type == BL_JSON_NULL) {
        if (f->type == BL_FACT_CREATE || f->type == BL_FACT_CHANGE || f->type == BL_FACT_ACCOUNT)
            f->reset |= 1u << d->field;
        return BL_OK;
    }
    switch (d->shape) {
    case TAGS:
        return tags_field(x, d, v, f);
    case COUNTRY:
        return country_field(x, d, v, f);
    case FLAG:
        if (v->type != BL_JSON_BOOL)
            return bl_fail(x, BL_INVALID, "data.%s must be true or false", d->name);
        f->field[d->field] = v->truth ? BL_STR("true") : BL_STR("false");
        return BL_OK;
    default:
        return text_field(x, d, v, f);
    }
}

static enum bl_err quantity(struct bl_ctx *x, const struct bl_json_value *v, struct bl_fact *f)
{
    if (v->type == BL_JSON_NULL) {
        f->reset_quantity = f->type != BL_FACT_USAGE;
        return BL_OK;
    }
    if (v->type != BL_JSON_NUMBER && v->type != BL_JSON_STRING)
        return bl_fail(x, BL_INVALID, "data.quantity must be a number or a string of digits");
    if (bl_dec_parse(x, v->text, BL_DEC_QUANTITY, &f->quantity) != BL_OK) {
        struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
        return bl_fail(x, BL_INVALID, "data.quantity: %.*s", BL_FMT(why));
    }
    f->has_quantity = true;
    return BL_OK;
}

static enum bl_err resource_id(struct bl_ctx *x, const struct bl_json_value *v, struct bl_fact *f)
{
    int64_t id = 0;
    if (v->type == BL_JSON_NULL) {
        f->reset_resource_id = true;
        return BL_OK;
    }
    bool ok = v->type == BL_JSON_NUMBER && v->text.n <= 16;
    for (size_t i = 0; ok && i < v->text.n; i++) {
        ok = v->text.p[i] >= '0' && v->text.p[i] <= '9';
        id = id * 10 + (v->text.p[i] - '0');
    }
    if (!ok || id > INT64_C(9007199254740992))
        return bl_fail(x, BL_INVALID, "data.resource_id must be a whole number up to 2^53");
    f->has_resource_id = true;
    f->resource_id = id;
    return BL_OK;
}

static enum bl_err member(
        struct bl_ctx *x, int carrier, struct bl_str key, const struct bl_json_value *v, struct bl_fact *f)
{
    bool resourced = f->type <= BL_FACT_USAGE;
    if (resourced && KEY(key, "resource")) {
        if (v->type == BL_JSON_NULL && f->type == BL_FACT_USAGE)
            return BL_OK;
        if (v->type != BL_JSON_STRING || !bl_uuid_parse(v->text, &f->resource))
            return bl_fail(x, BL_INVALID, "data.resource must be a uuid");
        f->has_resource = true;
        return BL_OK;
    }
    if ((carrier & (L | U)) && KEY(key, "quantity"))
        return quantity(x, v, f);
    if ((carrier & L) && KEY(key, "resource_id"))
        return resource_id(x, v, f);
    for (size_t i = 0; i < BL_F_COUNT; i++) {
        const struct fact_field *d = &fact_fields[i];
        if ((d->carriers & carrier) && key_is(key, d->name, d->name_n))
            return field(x, d, v, f);
    }
    return BL_OK; /* others may add members of their own */
}

static enum bl_err complete(struct bl_ctx *x, const struct bl_fact *f)
{
    if (bl_fact_is_life(f->type) && !f->has_resource)
        return bl_fail(x, BL_INVALID, "data.resource is required: the resource's uuid");
    if (f->type == BL_FACT_USAGE && !bl_is(f->field[BL_F_METER]))
        return bl_fail(x, BL_INVALID, "data.meter is required");
    bool named = bl_is(f->field[BL_F_TARGET_SOURCE]) && bl_is(f->field[BL_F_TARGET_ID]);
    if (f->type == BL_FACT_RETRACT && !named)
        return bl_fail(x, BL_INVALID, "data.source and data.id are required: what is retracted");
    return BL_OK;
}

static enum bl_err content(struct bl_ctx *x, const struct event *e, struct bl_fact *f)
{
    size_t i = 0;
    while (i < BL_COUNT(types) && !bl_str_is(e->attr.type, types[i].name))
        i++;
    if (!bl_is(e->attr.type))
        return bl_fail(x, BL_INVALID, "type is required");
    if (i == BL_COUNT(types))
        return bl_fail(x, BL_INVALID,
                "type is unknown; it is one of resource.create, resource.change, resource.delete, "
                "usage, account.change, fact.retract");
    f->type = types[i].type;
    if (!bl_is(e->data))
        return bl_fail(x, BL_INVALID, "data is required: an object");
    struct bl_json_reader r;
    struct bl_json_value v;
    struct bl_str key;
    bool more = false;
    bl_json_reader_init(&r, x, e->data);
    BL_TRY(bl_json_enter_object(&r));
    for (;;) {
        BL_TRY(bl_json_next_member(&r, &key, &v, &more));
        if (!more)
            break;
        BL_TRY(member(x, types[i].carrier, key, &v, f));
    }
    return complete(x, f);
}

static enum bl_err whole(struct bl_ctx *x, const struct event *e, int64_t now_us, struct bl_fact *ret)
{
    *ret = (struct bl_fact){0};
    BL_TRY(identity(x, &e->attr, ret));
    BL_TRY(when_and_whose(x, &e->attr, now_us, ret));
    return content(x, e, ret);
}

enum bl_err bl_fact_parse(struct bl_ctx *x, struct bl_str json_object, int64_t now_us, struct bl_fact *ret,
        struct bl_str *ret_id)
{
    struct event e = {0};
    enum bl_err err = envelope(x, json_object, &e);
    *ret_id = e.attr.id;
    if (err != BL_OK) { /* a broken event is a refused event, whatever broke it */
        struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
        return bl_fail(x, BL_INVALID, "%.*s", BL_FMT(why));
    }
    return whole(x, &e, now_us, ret);
}

enum bl_err bl_fact_parse_binary(struct bl_ctx *x, const struct bl_fact_attrs *attrs, struct bl_str data,
        int64_t now_us, struct bl_fact *ret)
{
    struct bl_json_reader r;
    struct bl_json_value v;
    bool more = false;
    struct event e = {.attr = *attrs, .data = data};
    /* One object and nothing behind it: the reader of data stops at its end. */
    bl_json_reader_init(&r, x, data);
    BL_TRY(bl_json_enter_object(&r));
    for (struct bl_str key;;) {
        BL_TRY(bl_json_next_member(&r, &key, &v, &more));
        if (!more)
            break;
    }
    BL_TRY(bl_json_end(&r));
    return whole(x, &e, now_us, ret);
}
