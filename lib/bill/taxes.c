/* Taxes: which rules touch an account, what they come to, and how two lists of them are added or subtracted.
 * The one idea: a rule's identity is (country, region, name). The newest version that holds decides, and sums
 * and differences are taken identity by identity, so that a rate that moved in the past is one figure on
 * paper. */
#include "bill/bill.h"

#include <stdlib.h>
#include <string.h>

static int by_identity(const struct bl_tax_sum *a, const struct bl_tax_sum *b)
{
    int c = bl_str_cmp(a->country, b->country);
    if (c == 0)
        c = bl_str_cmp(a->region, b->region);
    return c != 0 ? c : bl_str_cmp(a->name, b->name);
}

/* ---- lists */

struct term { /* a tax of either list, with its sign */
    struct bl_tax_sum tax;
    bool first; /* of list a */
};

static int by_identity_then_list(const void *a, const void *b)
{
    const struct term *l = a, *r = b;
    int c = by_identity(&l->tax, &r->tax);
    return c != 0 ? c : (int)r->first - (int)l->first;
}

static struct term *terms_of(struct bl_ctx *x, const struct bl_tax_sum *a, size_t na,
        const struct bl_tax_sum *b, size_t nb, bool minus)
{
    struct term *t = bl_alloc_array(&x->arena, na + nb, sizeof *t);
    for (size_t i = 0; i < na; i++)
        t[i] = (struct term){a[i], true};
    for (size_t i = 0; i < nb; i++) {
        t[na + i] = (struct term){b[i], false};
        if (minus)
            t[na + i].tax.amount.minor = -b[i].amount.minor;
    }
    if (na + nb > 1)
        qsort(t, na + nb, sizeof *t, by_identity_then_list);
    return t;
}

/* Percent and note are shown as the first (a) or the last (b) of an identity has them. */
static enum bl_err combine(struct bl_ctx *x, const struct term *t, size_t n, bool show_last, bool zeros,
        struct bl_tax_sum **ret, size_t *ret_n)
{
    struct bl_tax_sum *sum = bl_alloc_array(&x->arena, n, sizeof *sum);
    size_t n_sum = 0;
    for (size_t i = 0; i < n;) {
        struct bl_tax_sum one = t[i].tax;
        for (i++; i < n && by_identity(&one, &t[i].tax) == 0; i++) {
            BL_TRY(bl_amount_add(x, one.amount, t[i].tax.amount, &one.amount));
            if (show_last) {
                one.percent = t[i].tax.percent;
                one.note = t[i].tax.note;
            }
        }
        if (zeros || one.amount.minor != 0)
            sum[n_sum++] = one;
    }
    *ret = sum;
    *ret_n = n_sum;
    return BL_OK;
}

enum bl_err bl_tax_diff(struct bl_ctx *x, const struct bl_tax_sum *a, size_t na, const struct bl_tax_sum *b,
        size_t nb, struct bl_tax_sum **ret, size_t *ret_n)
{
    return combine(x, terms_of(x, a, na, b, nb, true), na + nb, false, false, ret, ret_n);
}

enum bl_err bl_tax_add(struct bl_ctx *x, const struct bl_tax_sum *a, size_t na, const struct bl_tax_sum *b,
        size_t nb, struct bl_tax_sum **ret, size_t *ret_n)
{
    return combine(x, terms_of(x, a, na, b, nb, false), na + nb, true, true, ret, ret_n);
}

/* ---- rules */

static uint8_t lower(char c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool same_place(struct bl_str a, struct bl_str b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

static bool matches(const struct bl_tax *t, const struct bl_face *face, int64_t at_s)
{
    if (t->from_s > at_s || face->country.n == 0 || !same_place(t->country, face->country))
        return false;
    return t->region.n == 0 || same_place(t->region, face->region);
}

static bool same_rule(const struct bl_tax *a, const struct bl_tax *b)
{
    return bl_str_eq(a->country, b->country) && bl_str_eq(a->region, b->region) &&
           bl_str_eq(a->name, b->name);
}

static bool newest(const struct bl_book *b, const struct bl_tax *t, int64_t at_s)
{
    for (size_t i = 0; i < b->n_tax; i++)
        if (b->tax[i].from_s > t->from_s && b->tax[i].from_s <= at_s && same_rule(&b->tax[i], t))
            return false;
    return true;
}

static bool in_class(const struct bl_product *p, const struct bl_tax *t)
{
    struct bl_str of = p->tax.n > 0 ? p->tax : BL_STR("standard");
    struct bl_str wanted = t->tax.n > 0 ? t->tax : BL_STR("standard");
    return !bl_str_is(of, "exempt") && bl_str_eq(of, wanted);
}

static enum bl_err base_of(struct bl_ctx *x, const struct bl_book *book, const struct bl_lines *lines,
        const struct bl_tax *t, bl_amount *ret, bool *ret_any)
{
    bl_amount base = {0};
    bool any = false;
    for (size_t i = 0; i < lines->n; i++) {
        if (!in_class(&book->product[lines->line[i].product], t))
            continue;
        any = true;
        BL_TRY(bl_amount_add(x, base, lines->line[i].amount, &base));
    }
    *ret = base;
    *ret_any = any;
    return BL_OK;
}

/* Base and result are both in minor units, so the rounding is to whole ones. */
static enum bl_err percent_of(struct bl_ctx *x, bl_amount base, bl_dec percent, bl_amount *ret)
{
    bl_rat r = bl_rat_of_int(base.minor);
    BL_TRY(bl_rat_mul_dec(x, &r, percent));
    BL_TRY(bl_rat_div_int(x, &r, 100));
    return bl_rat_round(x, &r, 0, ret);
}

static int by_identity_q(const void *a, const void *b)
{
    return by_identity(a, b);
}

enum bl_err bl_taxes(struct bl_ctx *x, const struct bl_book *book, const struct bl_lines *lines,
        const struct bl_face *face, int64_t at_s, struct bl_tax_sum **ret, size_t *ret_n)
{
    struct {
        struct bl_tax_sum *at;
        size_t n, cap;
    } v = {0};
    for (size_t i = 0; i < book->n_tax && !face->tax_exempt; i++) {
        const struct bl_tax *t = &book->tax[i];
        bl_amount base;
        bool any;
        if (!matches(t, face, at_s) || !newest(book, t, at_s))
            continue;
        BL_TRY(base_of(x, book, lines, t, &base, &any));
        if (!any)
            continue;
        char percent[64];
        struct bl_str shown = {percent, bl_dec_text(t->percent, percent)};
        struct bl_tax_sum one = {
                t->country, t->region, t->name, bl_str_dup(&x->arena, shown), BL_ABSENT, {0}};
        if (t->note.n > 0 && face->tax_id.n > 0)
            one.note = t->note;
        else
            BL_TRY(percent_of(x, base, t->percent, &one.amount));
        *BL_PUSH(&x->arena, v) = one;
    }
    if (v.n > 1)
        qsort(v.at, v.n, sizeof *v.at, by_identity_q);
    *ret = v.at;
    *ret_n = v.n;
    return BL_OK;
}
