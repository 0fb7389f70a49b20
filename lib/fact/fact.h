/* fact: one thing a cloud says about a customer, read from a CloudEvents 1.0 object, normalised.
 *
 * Within an account (`subject`, a team's URN) source + id is the fact's identity, for ever. Its content is
 * what is left after parsing (type, account, instant, data as decimals and text): key order, number spelling
 * and other CloudEvents attributes do not count. Two facts of one identity are duplicates when bl_fact_same
 * says so. */
#ifndef BILLOW_FACT_H
#define BILLOW_FACT_H

#include "cal/cal.h"
#include "json/json.h"
#include "num/num.h"

enum bl_fact_type {
    BL_FACT_CREATE = 1, /* resource.create */
    BL_FACT_CHANGE,     /* resource.change */
    BL_FACT_DELETE,     /* resource.delete */
    BL_FACT_USAGE,      /* usage */
    BL_FACT_ACCOUNT,    /* account.change */
    BL_FACT_RETRACT,    /* fact.retract */
};
static inline bool bl_fact_is_life(enum bl_fact_type t)
{
    return t <= BL_FACT_DELETE;
}

/* Text fields of `data`. The table fact/fields.def says for each: wire name, the types that may carry it, its
 * byte limit, and whether it is personal (kept apart so that it can be erased; the fact then holds its
 * digest). */
enum bl_field {
    BL_F_KIND,
    BL_F_SKU,
    BL_F_REGION,
    BL_F_NAME,
    BL_F_PROJECT,
    BL_F_GROUP,
    BL_F_TAGS, /* array of strings on the wire; here joined by '\n' */
    BL_F_METER,
    BL_F_VALUE,
    BL_F_COMPANY,
    BL_F_EMAIL,
    BL_F_TAX_ID,
    BL_F_TAX_EXEMPT, /* "true" or "false" */
    BL_F_ZONE,
    BL_F_SELLER,
    BL_F_ADDRESS1,
    BL_F_ADDRESS2,
    BL_F_CITY,
    BL_F_ADDRESS_REGION,
    BL_F_POSTAL_CODE,
    BL_F_COUNTRY,
    BL_F_TARGET_SOURCE,
    BL_F_TARGET_ID, /* what a retraction names */
    BL_F_COUNT
};
/* account.change uses "name" as BL_F_NAME and "region" as BL_F_ADDRESS_REGION. */

struct bl_fact {
    enum bl_fact_type type;
    bl_uuid account;
    int64_t time_us;
    uint64_t seq; /* place in its bucket's log; 0 before it is stored */
    struct bl_str source, id;
    bool has_resource;
    bl_uuid resource;
    struct bl_str field[BL_F_COUNT]; /* absent when not given; see `reset` */
    uint32_t reset;                  /* bit (1 << field): given as null, back to the default */
    bool has_quantity, reset_quantity;
    bl_dec quantity;
    bool has_resource_id, reset_resource_id;
    int64_t resource_id;
};

/* ---- reading. Each fails with BL_INVALID and a sentence; ret_id gets the event's id as far as it was
 * readable (absent otherwise). Strings live in the arena (or borrow from the text where they hold no escapes:
 * keep it alive). `now_us` + 5 minutes bounds `time`. Refused: unknown types, wrong field types, U+0000,
 * sources beginning "billow:" (the reason begins "reserved"), missing
 * specversion/subject/time/id/source/type/data, id or source outside 1..255 bytes, texts above the limit of
 * fields.def, more than 64 tags. null in data resets a field in resource.create, resource.change and
 * account.change, and is absent elsewhere. A usage fact may come without quantity or value: which the meter
 * needs is the price book's business. */
BL_MUST_CHECK enum bl_err bl_fact_parse(struct bl_ctx *x, struct bl_str json_object, int64_t now_us,
        struct bl_fact *ret, struct bl_str *ret_id);
/* CloudEvents binary mode: attributes from headers, `data` is the body. */
struct bl_fact_attrs {
    struct bl_str specversion, id, source, type, subject, time;
};
BL_MUST_CHECK enum bl_err bl_fact_parse_binary(struct bl_ctx *x, const struct bl_fact_attrs *attrs,
        struct bl_str data, int64_t now_us, struct bl_fact *ret);

/* A batch's bytes cut into events without reading them: an NDJSON body (blank lines skipped), a JSON array,
 * or one object. `each` holds the raw text of one event; what is wrong inside one is left to its own reading.
 * BL_BAD_REQUEST when nothing can be split (no array, a missing comma, brackets or quotes that do not end);
 * BL_TOO_LARGE above `max`. */
enum bl_batch_form { BL_BATCH_NDJSON, BL_BATCH_ARRAY, BL_BATCH_OBJECT };
struct bl_batch_cut {
    struct bl_str *each;
    size_t n;
};
BL_MUST_CHECK enum bl_err bl_batch_split(
        struct bl_ctx *x, enum bl_batch_form form, struct bl_str body, size_t max, struct bl_batch_cut *ret);

/* CSV of facts: a header line naming columns (id, source, type, subject, time and the names inside data,
 * flat; in a retraction data.source, data.id), then rows; RFC 4180 quoting, rows end with LF, CR LF or CR; a
 * byte order mark at the beginning is passed over. An empty cell is absent, and so are cells missing at a
 * row's end. Several tags stand in one cell, parted by ';'; tax_exempt is true or false; resource_id a whole
 * number. Gives each row as the JSON text of an event, so that files of both kinds go the same way: what is
 * wrong in a cell is found there. Fails, naming the row, for an unknown or repeated column (BL_INVALID), more
 * cells than columns, a broken quote, a row above 1 MiB. `ret_used` is how many bytes were consumed (a
 * partial last row stays unless `last`); feed the rest again with more behind it. The reader lives in the
 * arena it was made in; that of `x` may be reset between two feeds when it is another. */
struct bl_csv_events;
struct bl_csv_events *bl_csv_events_new(struct bl_ctx *x);
BL_MUST_CHECK enum bl_err bl_csv_events_feed(struct bl_ctx *x, struct bl_csv_events *c, struct bl_str bytes,
        bool last, struct bl_buf *ret_ndjson, size_t *ret_used);

bool bl_fact_same(
        const struct bl_fact *a, const struct bl_fact *b); /* content, identity apart; seq ignored */
int bl_fact_order(const struct bl_fact *a, const struct bl_fact *b); /* (time_us, source, id as bytes) */

/* ---- packed form, as stored. Personal fields are written as 16-byte digests (SHA-256 of the text, cut); the
 * caller keeps digest -> text. Account and seq are not inside. bl_fact_unpack leaves digested fields absent
 * and tells their digests instead; the caller puts the texts back. BL_INTERNAL when the bytes are no fact. */
struct bl_fact_digests {
    uint32_t has; /* bit per field */
    uint8_t d[BL_F_COUNT][16];
};
bool bl_field_personal(enum bl_field f, enum bl_fact_type t);
void bl_field_digest(struct bl_str text, uint8_t ret[16]);
void bl_fact_pack(struct bl_buf *b, const struct bl_fact *f);
BL_MUST_CHECK enum bl_err bl_fact_unpack(struct bl_ctx *x, struct bl_rd *r, struct bl_fact *ret,
        struct bl_fact_digests *ret_digests); /* borrows from r */

#endif
