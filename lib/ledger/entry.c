/* Business events as balanced entries. The one idea: which event posts what is the table postings.def and
 * nothing else; the code here only finds the figures that the table names, and leaves out what is zero.
 *
 *   invoice of 10.00 for Droplets, 1.90 VAT, 5.00 paid by a held credit
 *     receivable 6.90   credit_held 5.00   revenue:Droplets -10.00   tax:DE VAT -1.90 */
#include "ledger/ledger.h"

#include <assert.h>
#include <stdlib.h>

enum side { DEBIT = 1, CREDIT = -1 };
enum figure { AMOUNT, NET, CREDIT_USED, ADJUSTMENTS, BY_PRODUCT, BY_TAX };

static const struct posting_rule {
    enum bl_entry_kind kind;
    enum side side;
    const char *account;
    enum figure figure;
} rules[] = {
#define ENTRY(kind, type)
#define POSTING(kind, side, account, figure) {BL_ENTRY_##kind, side, account, figure},
#include "ledger/postings.def"
#undef POSTING
#undef ENTRY
};

const char *bl_entry_history_type(enum bl_entry_kind k)
{
    static const char *const types[] = {
#define ENTRY(kind, type) [BL_ENTRY_##kind] = type,
#define POSTING(kind, side, account, figure)
#include "ledger/postings.def"
#undef POSTING
#undef ENTRY
    };
    return (size_t)k < BL_COUNT(types) ? types[k] : NULL;
}

struct figures {
    bl_amount amount;           /* of a simple entry */
    const struct bl_bill *bill; /* of an issued one */
};
struct postings {
    struct bl_posting *at;
    size_t n, cap;
};

static void post(struct bl_ctx *x, struct postings *v, struct bl_str account, enum side side, int64_t minor)
{
    if (minor != 0)
        *BL_PUSH(&x->arena, *v) = (struct bl_posting){account, {side == DEBIT ? minor : -minor}};
}

/* ---- figures that are one for each product or tax */

static int by_name(const void *a, const void *b)
{
    return bl_str_cmp(((const struct bl_posting *)a)->account, ((const struct bl_posting *)b)->account);
}

static bool belongs(const struct bl_row *r, enum figure f)
{
    return f == BY_TAX ? r->kind == BL_ROW_TAX : r->kind == BL_ROW_ITEM || r->kind == BL_ROW_OVERAGE;
}

static enum bl_err post_by_name(
        struct bl_ctx *x, struct postings *v, const struct posting_rule *rule, const struct bl_bill *b)
{
    struct bl_posting *named = bl_alloc_array(&x->arena, b->n_row, sizeof *named);
    size_t n = 0;
    for (size_t i = 0; i < b->n_row; i++) {
        if (!belongs(&b->row[i], rule->figure))
            continue;
        /* Rows of a product stand together, so most are added to the name in hand. */
        if (n == 0 || !bl_str_eq(named[n - 1].account, b->row[i].ledger))
            named[n++] = (struct bl_posting){.account = b->row[i].ledger};
        BL_TRY(bl_amount_add(x, named[n - 1].amount, b->row[i].amount, &named[n - 1].amount));
    }
    if (n > 1)
        qsort(named, n, sizeof *named, by_name);
    for (size_t i = 0; i < n;) {
        struct bl_posting one = named[i];
        for (i++; i < n && bl_str_eq(named[i].account, one.account); i++)
            BL_TRY(bl_amount_add(x, one.amount, named[i].amount, &one.amount));
        if (one.amount.minor != 0)
            post(x, v, bl_str_printf(&x->arena, "%s%.*s", rule->account, BL_FMT(one.account)), rule->side,
                    one.amount.minor);
    }
    return BL_OK;
}

static enum bl_err post_rule(
        struct bl_ctx *x, struct postings *v, const struct posting_rule *r, const struct figures *f)
{
    const struct bl_bill *b = f->bill;
    int64_t minor = 0;
    switch (r->figure) {
    case BY_PRODUCT:
    case BY_TAX:
        return post_by_name(x, v, r, b);
    case AMOUNT:
        minor = f->amount.minor;
        break;
    case NET:
        minor = b->amount.minor;
        break;
    case CREDIT_USED:
        minor = -b->credits.minor;
        break;
    case ADJUSTMENTS:
        minor = b->adjustments.minor;
        break;
    }
    post(x, v, bl_str_of(r->account), r->side, minor);
    return BL_OK;
}

static enum bl_err post_all(
        struct bl_ctx *x, enum bl_entry_kind kind, const struct figures *f, struct bl_entry *e)
{
    struct postings v = {0};
    for (size_t i = 0; i < BL_COUNT(rules); i++)
        if (rules[i].kind == kind)
            BL_TRY(post_rule(x, &v, &rules[i], f));
    e->posting = v.at;
    e->n_posting = v.n;
    assert(bl_entry_balanced(e));
    return BL_OK;
}

/* ---- entries */

enum bl_err bl_entry_of_bill(struct bl_ctx *x, const struct bl_bill *b, int64_t at_us, struct bl_entry *ret)
{
    struct bl_entry e = {
            .kind = b->credit_note ? BL_ENTRY_CREDIT_NOTE : BL_ENTRY_INVOICE,
            .at_us = at_us,
            .has_invoice = true,
            .invoice_uuid = b->invoice_uuid,
            .invoice_id = bl_invoice_id(x, b),
    };
    BL_TRY(post_all(x, e.kind, &(struct figures){.bill = b}, &e));
    *ret = e;
    return BL_OK;
}

enum bl_err bl_entry_simple(
        struct bl_ctx *x, enum bl_entry_kind k, bl_amount amount, int64_t at_us, struct bl_entry *ret)
{
    assert(k != BL_ENTRY_INVOICE && k != BL_ENTRY_CREDIT_NOTE);
    if (amount.minor > BL_AMOUNT_MAX || amount.minor < -BL_AMOUNT_MAX)
        return bl_fail(x, BL_OVERFLOW, "The amount is more than the 10^15 minor units an account may reach.");
    if (amount.minor <= 0 && k != BL_ENTRY_OPENING)
        return bl_fail(x, BL_INVALID, "The amount must be more than zero.");
    struct bl_entry e = {.kind = k, .at_us = at_us};
    BL_TRY(post_all(x, k, &(struct figures){.amount = amount}, &e));
    *ret = e;
    return BL_OK;
}

bl_amount bl_entry_receivable(const struct bl_entry *e)
{
    for (size_t i = 0; i < e->n_posting; i++)
        if (bl_str_is(e->posting[i].account, "receivable"))
            return e->posting[i].amount;
    return (bl_amount){0};
}

bool bl_entry_balanced(const struct bl_entry *e)
{
    __int128 sum = 0;
    for (size_t i = 0; i < e->n_posting; i++)
        sum += e->posting[i].amount.minor;
    return sum == 0;
}
