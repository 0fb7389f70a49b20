/* bill: lines, late corrections, taxes and credits drawn up as one document: the preview and the invoice.
 *
 *   amount = items + overages + adjustments + taxes - credits
 *
 * Credits never take it below zero, and what is printed adds up.
 *
 * The document is complete: rendering it needs nothing else (no book, no account), so an issued one stays as
 * it was. Only the bytes of the seller's logo are kept with the price book that the document names (see
 * bl_bill_logo). */
#ifndef BILLOW_BILL_H
#define BILLOW_BILL_H

#include "charge/charge.h"

/* ---- faces: who bills and who is billed, as of an instant, folded from dated account.change facts. A field
 * that nothing has set is absent. */
struct bl_face {
    struct bl_str name, company, email, tax_id, zone, seller;
    struct bl_str address1, address2, city, region, postal_code, country;
    bool tax_exempt;
    int64_t created_us, updated_us; /* of the address: the last fact that changed it, not before created_us */
};
/* Facts of type account.change with time_us <= at_us, folded by (time, source, id); null resets. Others are
 * passed over. Texts are borrowed from the facts. */
BL_MUST_CHECK enum bl_err bl_face_fold(struct bl_ctx *x, const struct bl_fact *f, size_t n, int64_t at_us,
        int64_t created_us, struct bl_face *ret);

/* ---- what a closed period's late facts change: found by the caller as (now - billed), summed */
struct bl_tax_sum { /* one tax rule's figure; identity is (country, region, name) */
    struct bl_str country, region, name;
    struct bl_str percent; /* shown, such as "6.25" */
    struct bl_str note;    /* reverse charge note when it was applied; else absent */
    bl_amount amount;
};
struct bl_late {
    bl_period period;       /* corrected */
    bl_amount amount;       /* items + overages now minus billed */
    struct bl_tax_sum *tax; /* rule by rule, now minus billed; only rules that moved */
    size_t n_tax;
};
/* Difference of two tax lists rule by rule (a - b), rules in the order of their identity; zero rows left out.
 * The lists may be in any order. */
BL_MUST_CHECK enum bl_err bl_tax_diff(struct bl_ctx *x, const struct bl_tax_sum *a, size_t na,
        const struct bl_tax_sum *b, size_t nb, struct bl_tax_sum **ret, size_t *ret_n);
/* Sum of tax lists, rule by rule, in the order of identity; percent and note are those of b where both have
 * the rule. */
BL_MUST_CHECK enum bl_err bl_tax_add(struct bl_ctx *x, const struct bl_tax_sum *a, size_t na,
        const struct bl_tax_sum *b, size_t nb, struct bl_tax_sum **ret, size_t *ret_n);
/* Taxes of lines for a face at an instant of the period: one a matching rule whose class has a line, rounded
 * once, in the order of identity. Country and region are compared without regard to the case of ASCII
 * letters. */
BL_MUST_CHECK enum bl_err bl_taxes(struct bl_ctx *x, const struct bl_book *book, const struct bl_lines *lines,
        const struct bl_face *face, int64_t at_s, struct bl_tax_sum **ret, size_t *ret_n);

struct bl_manual { /* a manual adjustment waiting for the next invoice */
    uint64_t seq;
    bl_amount amount; /* positive: owed */
    struct bl_str note;
};
struct bl_held {  /* a held credit with what is left of it; its life is [granted, expires) */
    uint64_t seq; /* of its grant; the order of equal expiries is (granted_us, seq) */
    int64_t granted_us, expires_us;
    bl_amount left;
    struct bl_str note;
};

struct bl_bill_in {
    const struct bl_book *book;
    bl_uuid account;
    int64_t created_us;   /* of the account, for the address's created_at */
    struct bl_str number; /* customer number */
    bl_uuid invoice_uuid;
    int64_t invoice_n; /* its number in the customer's series */
    bl_period period;
    int64_t instant_s; /* of the bill */
    int64_t issued_s;  /* printed date: when it is closed; of a preview: its instant */
    uint64_t k;        /* facts with seq <= k */
    const struct bl_lines *lines;
    const struct bl_face *face;
    const struct bl_late *late;
    size_t n_late;
    const struct bl_manual *manual; /* already chosen: above the last invoice's k, up to k */
    size_t n_manual;
    const struct bl_held *held; /* granted by k, something left; any order; those that do not live in the
                                 * period are skipped */
    size_t n_held;
};

/* ---- the document. Strings are arena or borrowed; indices are gone. Texts that do not apply to a row are
 * empty, the tax_* ones absent. */
enum bl_row_kind { BL_ROW_ITEM, BL_ROW_OVERAGE, BL_ROW_ADJUSTMENT, BL_ROW_TAX, BL_ROW_CREDIT };
struct bl_row {
    enum bl_row_kind kind;
    struct bl_str product, category, group, description, project, region,
            sku; /* product "Taxes", "Credits" etc. */
    bool has_resource;
    bl_uuid resource;
    bool has_resource_id;
    int64_t resource_id;
    struct bl_str duration;       /* "744" or empty */
    int64_t start_s, end_s;       /* taxes, adjustments, credits: the month's first and last second */
    struct bl_str quantity, unit; /* shown: "744", "Hours"; "100", "GiB"; "3", "" when the size of a SKU
                                   * without a unit is not 1; meters: the aggregate and its unit */
    struct bl_str unit_price; /* shown: "5.00 per 672 hours", "0.10 per GiB per 672 hours", "0.40 per 1000000
                               * requests", "0.40 per started 1000 requests", "graduated", "volume" */
    struct bl_str exact;      /* items and overages: exact charge to 12 decimals, text; else empty */
    struct bl_str tags, kind_text;
    bl_amount amount; /* credits negative */
    /* taxes: the rule */
    struct bl_str tax_country, tax_region, tax_name, tax_percent, tax_note;
    bl_period of_period;  /* taxes: the period taxed; late adjustments: the period corrected; -1: none */
    uint64_t seq;         /* credits: the grant's; manual adjustments: theirs; else 0 */
    struct bl_str ledger; /* items and overages: the revenue account's name, which is the product; taxes: the
                           * rule's, "US-NY STATE SALES TAX"; else empty */
};
struct bl_bill {
    bl_uuid account, invoice_uuid;
    struct bl_str number; /* customer number */
    int64_t invoice_n;
    bl_period period;
    int64_t instant_s, issued_s;
    uint64_t k;
    uint8_t book_id[32];
    uint32_t rules;
    struct bl_str currency;
    int digits;
    struct bl_face face;
    struct bl_seller seller;
    struct bl_row *row; /* in print order: items, overages, adjustments, taxes, credits; within adjustments
                         * and taxes by description as bytes, credits as they are used */
    size_t n_row;
    bl_amount items, overages, adjustments, taxes, credits; /* credits <= 0 */
    bl_amount amount;
    bool credit_note; /* amount below zero */
};
/* BL_OVERFLOW when a figure passes 10^15 minor units. "Nothing in it" is n_row == 0. */
BL_MUST_CHECK enum bl_err bl_bill_draw(struct bl_ctx *x, const struct bl_bill_in *in, struct bl_bill *ret);
/* An invoice is issued when it has an item, overage, adjustment or tax row; credits alone make none. */
bool bl_bill_issues(const struct bl_bill *b);
struct bl_str bl_invoice_id(struct bl_ctx *x, const struct bl_bill *b); /* "<number>-<n>" */
/* Invoice's uuid, version 8: 16 bits of bucket, the rest SHA-256 of account and period. The preview's is the
 * same. */
bl_uuid bl_invoice_uuid(bl_uuid account, bl_period p, uint16_t bucket);

/* The stored form: all of the document but the logo. Equal documents have equal bytes. */
void bl_bill_pack(struct bl_buf *b, const struct bl_bill *bill);
/* Borrows from body. BL_INTERNAL when the bytes are not a document whose rows add up to its amount. */
BL_MUST_CHECK enum bl_err bl_bill_unpack(struct bl_ctx *x, struct bl_str body, struct bl_bill *ret);
/* Puts the seller's logo back, borrowed from the book that the document names (book->id == b->book_id);
 * another book changes nothing. */
void bl_bill_logo(struct bl_bill *b, const struct bl_book *book);

/* ---- summary's product list: per product its items' sum and number of lines, in print order (items only) */
struct bl_product_sum {
    struct bl_str name;
    bl_amount amount;
    int64_t count;
};
void bl_bill_products(struct bl_ctx *x, const struct bl_bill *b, struct bl_product_sum **ret, size_t *ret_n);

#endif
