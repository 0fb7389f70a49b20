/* book: the price book: products, SKUs, meters, prices with the dates they hold from, taxes, sellers.
 * Read from YAML text (scalars taken as text, no implicit typing). A wrong book fails with file, line, key
 * and what would be right. All instants are whole seconds UTC. */
#ifndef BILLOW_BOOK_H
#define BILLOW_BOOK_H

#include "cal/cal.h"
#include "num/num.h"

struct bl_allowance {
    int meter;       /* index into meters */
    bl_dec quantity; /* per cap_hours of life (per_hours without a cap), times the resource's quantity */
};
struct bl_price { /* of a time-priced SKU: amount per per_hours hours per unit of quantity */
    int64_t from_s;
    bl_dec amount;
    int64_t per_hours;
    int64_t cap_hours;   /* 0: no cap */
    int32_t increment_s; /* 1, 60 or 3600 */
    int64_t minimum_seconds;
    bl_dec minimum_amount;
    struct bl_allowance *allowance;
    size_t n_allowance;
};
struct bl_sku {
    struct bl_str sku, civo_code, unit; /* absent when not given */
    struct bl_str provides; /* absent, or "volume", "volume_snapshot", "app": at most one SKU each */
    int product;
    struct bl_price *price; /* ascending from_s, no two equal */
    size_t n_price;
};
enum bl_model { BL_MODEL_UNIT, BL_MODEL_PACKAGE, BL_MODEL_GRADUATED, BL_MODEL_VOLUME };
struct bl_tier {
    bool open;    /* the last tier: no up_to */
    bl_dec up_to; /* inclusive, counted from zero on what is left after the allowance */
    bl_dec amount;
};
struct bl_meter_price {
    int64_t from_s;
    enum bl_model model;
    bl_dec amount, per; /* per: default 1 (a package must say it); divides every tier's amount too */
    struct bl_tier *tier;
    size_t n_tier;
};
enum bl_aggregate { BL_AGG_SUM, BL_AGG_MAX, BL_AGG_LAST, BL_AGG_COUNT, BL_AGG_UNIQUE };
struct bl_meter {
    struct bl_str meter, unit;
    struct bl_str provides; /* absent, or "app_bandwidth": then unit is "bytes" or "GiB" */
    int product;
    bool overages;    /* section: overages */
    bool by_resource; /* by: resource (default: account) */
    enum bl_aggregate aggregate;
    struct bl_meter_price *price;
    size_t n_price;
};
struct bl_product {
    struct bl_str name, category, tax; /* tax: default "standard"; "exempt": never taxed */
};
struct bl_tax {
    int64_t from_s;
    struct bl_str country, region, name, tax, note; /* region absent: whole country; note: reverse_charge */
    bl_dec percent;
};
struct bl_seller {
    struct bl_str name, tax_id, bank, foot;
    struct bl_str address1, address2, city, region, postal_code, country;
    struct bl_str logo; /* PNG bytes, put in by the program when it stores the book; absent without */
    struct bl_str logo_file;
    int64_t terms_days; /* default 0: due at once */
};
struct bl_book {
    uint8_t id[32]; /* SHA-256 of the text it was read from (the program may set it for a book with a logo) */
    const struct bl_currency *currency;
    int64_t grace_s; /* default 24 h */
    struct bl_seller *seller;
    size_t n_seller;
    struct bl_str *region; /* empty list: any region is known */
    size_t n_region;
    struct bl_product *product;
    size_t n_product;
    struct bl_sku *sku;
    size_t n_sku;
    struct bl_meter *meter;
    size_t n_meter;
    struct bl_tax *tax;
    size_t n_tax;
    uint32_t *sku_index, *meter_index; /* hash look-up by name, its makers' business */
    size_t n_sku_index, n_meter_index;
    uint8_t index_key[16]; /* keyed by what the text hashes to: names cannot be chosen to collide */
};

/* Reads a price book: one YAML document in UTF-8, at most 8 MiB, without anchors, aliases or tags.
 *   file     names the text in messages:
 *            "prices.yaml:12: skus[3].prices[0].per_hour: unknown key; did you mean per_hours?"
 *   ret      lives in the arena of x and borrows nothing from `yaml`
 *   fails    BL_INVALID with the first thing wrong, and BL_TOO_LARGE beyond 8 MiB */
BL_MUST_CHECK enum bl_err bl_book_parse(
        struct bl_ctx *x, struct bl_str file, struct bl_str yaml, struct bl_book **ret);
int bl_book_sku(const struct bl_book *b, struct bl_str sku);     /* index or -1 */
int bl_book_meter(const struct bl_book *b, struct bl_str meter); /* index or -1 */
int bl_book_sku_providing(
        const struct bl_book *b, const char *what); /* the SKU with that `provides`, or -1 */
int bl_book_meter_providing(const struct bl_book *b, const char *what); /* the meter with it, or -1 */
bool bl_book_knows_region(
        const struct bl_book *b, struct bl_str region); /* letter case ignored; no list: all */
const struct bl_price *bl_sku_price_at(const struct bl_sku *s, int64_t at_s); /* NULL: none yet */
/* A meter's price for a period: the newest whose from_s is at or before the period's start; NULL: none. */
const struct bl_meter_price *bl_meter_price_for(const struct bl_meter *m, bl_period p);
const struct bl_seller *bl_book_seller(
        const struct bl_book *b, struct bl_str name); /* absent: the first; NULL: none */

/* What `prices diff` prints, one change a line: "sku s-1vcpu-1gb: price from 2026-01-01T00:00:00Z:
 * amount 5.00 -> 6.00". Things are matched by name (prices by their instant, taxes by country, region, name
 * and instant), listed by kind and then by name as bytes; nothing when the two books say the same. */
BL_MUST_CHECK enum bl_err bl_book_diff(
        struct bl_ctx *x, const struct bl_book *old, const struct bl_book *new, struct bl_buf *ret);
/* Remarks that are no errors ("meter m: the price from 2026-01-15T00:00:00Z holds from 2026-02"), one a line.
 */
void bl_book_remarks(struct bl_ctx *x, const struct bl_book *b, struct bl_buf *ret);

#endif
