/* From a CloudEvents object to a fact, in one pass over the pull reader. Members come in any order, so the
 * type may follow the data it explains: values are first put into slots, attributes by their own, members of
 * data by name; then the slots are read by the table of fields. The first thing wrong is the reason. */
#include "fact/fields.h"

#include <string.h>

/* For what is written before it is read: clearing two kilobytes for every event, as the build asks of the
 * compiler, takes a tenth of the time. */
#if defined(__has_attribute)
#if __has_attribute(uninitialized)
#define UNCLEARED __attribute__((uninitialized))
#endif
#endif
#ifndef UNCLEARED
#define UNCLEARED
#endif

#define AHEAD_US (5 * 60 * BL_US)
#define TAGS_MAX 64
#define RESOURCE_ID_MAX (INT64_C(1) << 53)

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

/* A slot for each name that data may have. Fields have their own (both regions share one), then: */
enum { SLOT_RESOURCE = BL_F_COUNT, SLOT_QUANTITY, SLOT_RESOURCE_ID, SLOTS };
struct data {
    bool there;
    uint32_t seen; /* bit a slot */
    struct bl_json_value at[SLOTS];
};
_Static_assert(SLOTS <= 32, "the bits of `seen`");

static bool key_is(struct bl_str key, const char *name, size_t n)
{
    return key.n == n && memcmp(key.p, name, n) == 0;
}
#define KEY(key, lit) key_is((key), lit, sizeof(lit) - 1)

static int slot_of(struct bl_str key)
{
    if (KEY(key, "quantity"))
        return SLOT_QUANTITY;
    if (KEY(key, "resource"))
        return SLOT_RESOURCE;
    if (KEY(key, "resource_id"))
        return SLOT_RESOURCE_ID;
    for (int i = 0; i < BL_F_COUNT; i++)
        if (key_is(key, fact_fields[i].name, fact_fields[i].name_n))
            return i;
    return SLOTS;
}

static const struct bl_json_value *slot(const struct data *d, int i)
{
    if (i == BL_F_ADDRESS_REGION)
        i = BL_F_REGION;
    return d->seen >> i & 1 ? &d->at[i] : NULL;
}

static enum bl_err read_data(struct bl_json_reader *r, struct data *d)
{
    struct bl_str key;
    bool more = false;
    d->there = true;
    BL_TRY(bl_json_enter_object(r));
    for (;;) {
        struct bl_json_value ignored; /* others may add members of their own */
        BL_TRY(bl_json_next_name(r, &key, &more));
        if (!more)
            return BL_OK;
        int i = slot_of(key);
        BL_TRY(bl_json_take(r, i < SLOTS ? &d->at[i] : &ignored));
        if (i < SLOTS)
            d->seen |= 1u << i;
    }
}

static struct bl_str *attribute(struct bl_str key, struct bl_fact_attrs *a)
{
    return KEY(key, "id")            ? &a->id
           : KEY(key, "source")      ? &a->source
           : KEY(key, "type")        ? &a->type
           : KEY(key, "subject")     ? &a->subject
           : KEY(key, "time")        ? &a->time
           : KEY(key, "specversion") ? &a->specversion
                                     : NULL;
}

static enum bl_err envelope_member(
        struct bl_json_reader *r, struct bl_str key, struct bl_fact_attrs *attrs, struct data *d)
{
    struct bl_json_value v;
    bool data = KEY(key, "data");
    if (data && bl_json_at(r) == BL_JSON_OBJECT) {
        UNCLEARED struct bl_json_reader inner;
        bl_json_inner(r, &inner);
        BL_TRY(read_data(&inner, d));
        bl_json_outer(r, &inner);
        return BL_OK;
    }
    BL_TRY(bl_json_take(r, &v));
    if (v.type == BL_JSON_NULL)
        return BL_OK;
    if (data)
        return bl_fail(r->x, BL_INVALID, "data must be an object");
    if (KEY(key, "data_base64"))
        return bl_fail(r->x, BL_INVALID, "data_base64 is not accepted; send data as an object");
    struct bl_str *to = attribute(key, attrs);
    if (to && v.type != BL_JSON_STRING)
        return bl_fail(r->x, BL_INVALID, "%.*s must be a string", BL_FMT(key));
    if (to)
        *to = v.text;
    return BL_OK;
}

static enum bl_err envelope(struct bl_ctx *x, struct bl_str text, struct bl_fact_attrs *attrs, struct data *d)
{
    UNCLEARED struct bl_json_reader r;
    struct bl_str key;
    bool more = false;
    bl_json_reader_init(&r, x, text);
    BL_TRY(bl_json_enter_object(&r));
    for (;;) {
        BL_TRY(bl_json_next_name(&r, &key, &more));
        if (!more)
            return bl_json_end(&r);
        BL_TRY(envelope_member(&r, key, attrs, d));
    }
}

/* The same failure, as this module's and with what it is about. */
static enum bl_err invalid(struct bl_ctx *x, const char *about)
{
    struct bl_str why = bl_str_dup(&x->arena, bl_str_of(x->why));
    return bl_fail(x, BL_INVALID, "%s%.*s", about, BL_FMT(why));
}

static enum bl_err identity(struct bl_ctx *x, const struct bl_fact_attrs *a, struct bl_fact *f)
{
    if (!bl_str_is(a->specversion, "1.0"))
        return bl_fail(x, BL_INVALID, "specversion must be \"1.0\"");
    if (a->id.n < 1 || a->id.n > 255)
        return bl_fail(x, BL_INVALID, "id must have 1 to 255 bytes");
    if (a->source.n < 1 || a->source.n > 255)
        return bl_fail(x, BL_INVALID, "source must have 1 to 255 bytes");
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
    if (bl_time_parse(x, a->time, &f->time_us) != BL_OK)
        return invalid(x, "time: ");
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
    if (v->text.n < d->least)
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
    if (v->type != BL_JSON_STRING || v->text.n != 2)
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
    if (bl_dec_parse(x, v->text, BL_DEC_QUANTITY, &f->quantity) != BL_OK)
        return invalid(x, "data.quantity: ");
    f->has_quantity = true;
    return BL_OK;
}

/* A whole number however it is spelled; 2^53 has a digit more than a quantity may have. */
static bool whole_number(struct bl_ctx *x, struct bl_str text, int64_t *ret)
{
    int64_t v = 0;
    size_t i = 0;
    for (; i < text.n && i < 16 && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        v = v * 10 + (text.p[i] - '0');
    bl_dec d = {0};
    if (i < text.n) {
        if (bl_dec_parse(x, text, BL_DEC_QUANTITY, &d) != BL_OK || d.pico % BL_DEC_ONE != 0)
            return false;
        v = (int64_t)(d.pico / BL_DEC_ONE);
    }
    *ret = v;
    return v <= RESOURCE_ID_MAX;
}

static enum bl_err resource_id(struct bl_ctx *x, const struct bl_json_value *v, struct bl_fact *f)
{
    if (v->type == BL_JSON_NULL) {
        f->reset_resource_id = true;
        return BL_OK;
    }
    if (v->type != BL_JSON_NUMBER || !whole_number(x, v->text, &f->resource_id))
        return bl_fail(x, BL_INVALID, "data.resource_id must be a whole number from 0 to 2^53");
    f->has_resource_id = true;
    return BL_OK;
}

static enum bl_err resource(struct bl_ctx *x, const struct bl_json_value *v, struct bl_fact *f)
{
    if (v->type == BL_JSON_NULL)
        return BL_OK;
    if (v->type != BL_JSON_STRING || !bl_uuid_parse(v->text, &f->resource))
        return bl_fail(x, BL_INVALID, "data.resource must be a uuid");
    f->has_resource = true;
    return BL_OK;
}

static enum bl_err members(struct bl_ctx *x, int carrier, const struct data *data, struct bl_fact *f)
{
    const struct bl_json_value *v;
    if (f->type <= BL_FACT_USAGE && (v = slot(data, SLOT_RESOURCE)))
        BL_TRY(resource(x, v, f));
    if ((carrier & (L | U)) && (v = slot(data, SLOT_QUANTITY)))
        BL_TRY(quantity(x, v, f));
    if ((carrier & L) && (v = slot(data, SLOT_RESOURCE_ID)))
        BL_TRY(resource_id(x, v, f));
    for (int i = 0; i < BL_F_COUNT; i++)
        if ((fact_fields[i].carriers & carrier) && (v = slot(data, i)))
            BL_TRY(field(x, &fact_fields[i], v, f));
    return BL_OK;
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

static enum bl_err content(struct bl_ctx *x, struct bl_str type, const struct data *data, struct bl_fact *f)
{
    size_t i = 0;
    if (!bl_is(type))
        return bl_fail(x, BL_INVALID, "type is required");
    while (i < BL_COUNT(types) && !bl_str_is(type, types[i].name))
        i++;
    if (i == BL_COUNT(types))
        return bl_fail(x, BL_INVALID,
                "type is unknown; it is one of resource.create, resource.change, resource.delete, "
                "usage, account.change, fact.retract");
    f->type = types[i].type;
    if (!data->there)
        return bl_fail(x, BL_INVALID, "data is required: an object");
    BL_TRY(members(x, types[i].carrier, data, f));
    return complete(x, f);
}

static enum bl_err whole(struct bl_ctx *x, const struct bl_fact_attrs *attrs, const struct data *data,
        int64_t now_us, struct bl_fact *ret)
{
    memset(ret, 0, sizeof *ret);
    BL_TRY(identity(x, attrs, ret));
    BL_TRY(when_and_whose(x, attrs, now_us, ret));
    return content(x, attrs->type, data, ret);
}

enum bl_err bl_fact_parse(struct bl_ctx *x, struct bl_str json_object, int64_t now_us, struct bl_fact *ret,
        struct bl_str *ret_id)
{
    struct bl_fact_attrs attrs = {0};
    UNCLEARED struct data data;
    data.there = false;
    data.seen = 0;
    enum bl_err e = envelope(x, json_object, &attrs, &data);
    *ret_id = attrs.id;
    return e == BL_OK ? whole(x, &attrs, &data, now_us, ret) : invalid(x, "");
}

enum bl_err bl_fact_parse_binary(struct bl_ctx *x, const struct bl_fact_attrs *attrs, struct bl_str data,
        int64_t now_us, struct bl_fact *ret)
{
    struct bl_json_reader r;
    UNCLEARED struct data d;
    d.there = false;
    d.seen = 0;
    bl_json_reader_init(&r, x, data);
    if (read_data(&r, &d) != BL_OK || bl_json_end(&r) != BL_OK)
        return invalid(x, "data: ");
    if ((bl_is(attrs->id) && !bl_utf8_ok(attrs->id)) || (bl_is(attrs->source) && !bl_utf8_ok(attrs->source)))
        return bl_fail(x, BL_INVALID, "id and source must be UTF-8 without NUL");
    return whole(x, attrs, &d, now_us, ret);
}
