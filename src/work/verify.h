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

#endif
