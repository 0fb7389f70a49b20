/* ledger: double entry, append-only, chained. An entry is a dated set of postings that sums to zero; each
 * entry of an account holds the hash of the one before it, so that tampering shows. Which business event
 * posts what is one table, ledger/postings.def. */
#ifndef BILLOW_LEDGER_H
#define BILLOW_LEDGER_H

#include "bill/bill.h"

enum bl_entry_kind { /* the published history types, plus those that make no history row */
    BL_ENTRY_INVOICE = 1,
    BL_ENTRY_PAYMENT,
    BL_ENTRY_REFUND,
    BL_ENTRY_CHARGEBACK,
    BL_ENTRY_CREDIT,      /* goodwill */
    BL_ENTRY_CREDIT_NOTE, /* history type Credit */
    BL_ENTRY_OPENING,     /* history type Adjustment */
    BL_ENTRY_GRANT,       /* promotional, held; no history row */
    BL_ENTRY_EXPIRY,      /* of a grant's rest; no history row */
    BL_ENTRY_REVERSAL,
};
const char *bl_entry_history_type(enum bl_entry_kind k); /* "Invoice", "Payment", ...; NULL: no row */
struct bl_posting {
    struct bl_str account; /* "receivable", "cash", "promotions", "credit_held", "opening", "adjustments",
                            * "revenue:<product>", "tax:<rule>" (such as "tax:US-NY STATE SALES TAX") */
    bl_amount amount;      /* debit positive, credit negative; never zero */
};
struct bl_entry {
    uint64_t n; /* 1, 2, ... within the account */
    enum bl_entry_kind kind;
    int64_t at_us;
    struct bl_str ref;       /* absent without */
    struct bl_str note;      /* kept apart as personal text; its digest is hashed */
    uint8_t note_digest[32]; /* SHA-256 of the note; zeros without one. Set by bl_entry_chain and
                                bl_entry_unpack. */
    bool has_invoice;
    bl_uuid invoice_uuid;
    struct bl_str invoice_id;
    uint64_t seq;       /* grants and expiries: the grant's place in the bucket's log; else 0 */
    int64_t expires_us; /* grants; else 0 */
    struct bl_posting *posting;
    size_t n_posting;
    uint8_t prev[32], hash[32];
};
bl_amount bl_entry_receivable(const struct bl_entry *e); /* what the entry does to what the customer owes */
/* Entry of an issued bill (invoice or credit note), without n, prev, hash. Asserts that it sums to zero. One
 * of 0.00 may have no postings. */
BL_MUST_CHECK enum bl_err bl_entry_of_bill(
        struct bl_ctx *x, const struct bl_bill *b, int64_t at_us, struct bl_entry *ret);
/* Payment, refund, chargeback, reversal, goodwill credit, grant, expiry, opening. BL_INVALID for an amount
 * that is not positive, except that an opening balance may be negative or zero; BL_OVERFLOW beyond 10^15. */
BL_MUST_CHECK enum bl_err bl_entry_simple(
        struct bl_ctx *x, enum bl_entry_kind k, bl_amount amount, int64_t at_us, struct bl_entry *ret);
bool bl_entry_balanced(const struct bl_entry *e);
/* Sets n, note_digest, prev and hash: hash = SHA-256(prev, every field in packed form). prev_hash is 32 zero
 * bytes for the first. */
void bl_entry_chain(struct bl_ctx *x, struct bl_entry *e, uint64_t n, const uint8_t prev_hash[32]);
/* Whether the hash is that of the entry. A note that is there (not absent, not empty: it may have been
 * erased) must be the one that was hashed. */
bool bl_entry_hash_ok(struct bl_ctx *x, const struct bl_entry *e);
void bl_entry_pack(
        struct bl_buf *b, const struct bl_entry *e); /* everything but note (its digest is inside) */
/* Borrows from body. BL_INTERNAL when the bytes are no entry, or one that does not sum to zero. */
BL_MUST_CHECK enum bl_err bl_entry_unpack(struct bl_ctx *x, struct bl_str body, struct bl_entry *ret);

#endif
