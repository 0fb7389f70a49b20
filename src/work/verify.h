/* Private to work: what the files of verify share. */
#ifndef BILLOW_WORK_VERIFY_H
#define BILLOW_WORK_VERIFY_H

#include "work/inner.h"

/* Of an entry, what rows beside it are held against. */
struct verify_entry {
    enum bl_entry_kind kind;
    int64_t at_us, balance;
    uint64_t seq; /* grants and expiries */
    int64_t expires_us, amount;
    bool has_invoice;
    bl_uuid invoice_uuid;
    uint8_t note_digest[32];
};
/* What is kept of a period's close. */
struct verify_total {
    bl_period period;
    bool finished; /* it has a digest */
    bl_uuid *parked;
    size_t n_parked;
};
/* An account, read whole: its documents and its entries, which the chain has proven. */
struct verify_account {
    struct bl_ctx *x;
    struct work *w;
    struct store_db *db;
    struct work_account a;
    char urn[64];
    struct q_closed_list *closed;
    size_t n_closed;
    struct q_invoice_all *inv;
    struct bl_bill *bill; /* of each inv */
    size_t n_inv;
    struct q_held_all *held;
    size_t n_held;
    const struct verify_total *total; /* of each period that was closed */
    size_t n_total;
    int64_t n_carry; /* carried lives that belong to a closed period */
    struct {
        struct verify_entry *at; /* ascending n, from 1 */
        size_t n, cap;
    } entry;
};
/* BL_CONFLICT, "URN: what." */
BL_MUST_CHECK enum bl_err verify_differs(const struct verify_account *v, const char *what, ...)
        __attribute__((format(printf, 2, 3)));

/* verify_rows.c: rows that stand beside entries and invoices, each held against those. */
BL_MUST_CHECK enum bl_err verify_rows(const struct verify_account *v);
/* The lives carried beyond a closed period, against those its invoice was drawn from. */
BL_MUST_CHECK enum bl_err verify_carry(struct verify_account *v, const struct q_closed_list *closed,
        const struct bl_book *book, const struct bl_lives *lives);
BL_MUST_CHECK enum bl_err verify_carries(const struct verify_account *v); /* there are no others */

/* verify_close.c: what closes came to */
BL_MUST_CHECK enum bl_err verify_totals(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct verify_total **ret, size_t *ret_n);
BL_MUST_CHECK enum bl_err verify_parked(
        const struct verify_account *v); /* it is named where it was left open */
BL_MUST_CHECK enum bl_err verify_closes(struct bl_ctx *x, struct work *w, struct store_db *db);
BL_MUST_CHECK enum bl_err verify_digest(
        struct bl_ctx *x, struct work *w, struct store_db *db, struct bl_str digest);
/* BL_CONFLICT: the figures kept of a period's close are not those of `what`. */
BL_MUST_CHECK enum bl_err verify_total_differs(struct bl_ctx *x, bl_period p, const char *what);

/* verify_audit.c: the chain of audit rows, and what they tell of */
BL_MUST_CHECK enum bl_err verify_audit(struct bl_ctx *x, struct work *w, struct store_db *db);

#endif
