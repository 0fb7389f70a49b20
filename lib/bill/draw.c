/* The document drawn up: rated lines, corrections of closed periods, manual adjustments, taxes, credits, in
 * the order they are printed. The one idea: the document is its rows. Every sum is taken over rows as they
 * are printed, so that what a reader adds up is what is owed.
 *
 *   items 10.00 + overages 1.00 + adjustments -2.00 + taxes 0.69 = 9.69, of which a credit of 20.00
 * pays 9.69: 0.00 */
#include "bill/parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct drawing {
    struct bl_ctx *x;
    const struct bl_bill_in *in;
    struct bl_bill *bill;
    int64_t first_s, last_s; /* of the period */
};

static struct bl_row *add(struct drawing *d, enum bl_row_kind kind, struct bl_str product)
{
    struct bl_row *r = &d->bill->row[d->bill->n_row++];
    const struct bl_str none = BL_STR("");
    *r = (struct bl_row){
            .kind = kind,
            .product = product,
            .category = none,
            .group = none,
            .project = none,
            .region = none,
            .sku = none,
            .duration = none,
            .start_s = d->first_s,
            .end_s = d->last_s,
            .quantity = none,
            .unit = none,
            .unit_price = none,
            .exact = none,
            .tags = none,
            .kind_text = none,
            .of_period = -1,
            .ledger = none,
    };
    return r;
}

static int cmp_period(const struct bl_row *l, const struct bl_row *r)
{
    return (l->of_period > r->of_period) - (l->of_period < r->of_period);
}

/* Rows of one section, which all have the same product, start and end. */
static int by_description(const void *a, const void *b)
{
    const struct bl_row *l = a, *r = b;
    int c = bl_str_cmp(l->description, r->description);
    if (c == 0)
        c = cmp_period(l, r);
    if (c == 0)
        c = (l->seq > r->seq) - (l->seq < r->seq);
    if (c == 0)
        c = bl_str_cmp(l->tax_country, r->tax_country);
    if (c == 0)
        c = bl_str_cmp(l->tax_region, r->tax_region);
    return c != 0 ? c : bl_str_cmp(l->tax_name, r->tax_name);
}

static void sort_from(struct bl_bill *b, size_t from)
{
    if (b->n_row - from > 1)
        qsort(b->row + from, b->n_row - from, sizeof *b->row, by_description);
}

/* ---- sections */

static enum bl_err draw_lines(struct drawing *d)
{
    const struct bl_lines *lines = d->in->lines;
    for (size_t i = 0; i < lines->n; i++)
        BL_TRY(row_of_line(d->x, d->in->book, &lines->line[i], &d->bill->row[d->bill->n_row++]));
    return BL_OK;
}

static void draw_adjustments(struct drawing *d)
{
    size_t from = d->bill->n_row;
    for (size_t i = 0; i < d->in->n_late; i++) {
        struct bl_row *r = add(d, BL_ROW_ADJUSTMENT, BL_STR("Adjustments"));
        char period[8];
        bl_period_text(d->in->late[i].period, period);
        r->description = bl_str_printf(&d->x->arena, "Correction of %s", period);
        r->of_period = d->in->late[i].period;
        r->amount = d->in->late[i].amount;
    }
    for (size_t i = 0; i < d->in->n_manual; i++) {
        struct bl_row *r = add(d, BL_ROW_ADJUSTMENT, BL_STR("Adjustments"));
        r->description = d->in->manual[i].note.n > 0 ? d->in->manual[i].note : BL_STR("Adjustment");
        r->seq = d->in->manual[i].seq;
        r->amount = d->in->manual[i].amount;
    }
    sort_from(d->bill, from);
}

static struct bl_str tax_title(struct bl_ctx *x, const struct bl_tax_sum *t, bl_period late)
{
    char period[8] = "";
    if (late >= 0)
        bl_period_text(late, period);
    return bl_str_printf(&x->arena, "%.*s (%.*s%%)%s%.*s%s%s", BL_FMT(t->name), BL_FMT(t->percent),
            t->note.n > 0 ? " - " : "", BL_FMT(t->note), late >= 0 ? ", " : "", period);
}

static void draw_tax(struct drawing *d, const struct bl_tax_sum *t, bl_period of, struct bl_str category)
{
    struct bl_row *r = add(d, BL_ROW_TAX, BL_STR("Taxes"));
    r->category = category;
    r->description = tax_title(d->x, t, of == d->in->period ? -1 : of);
    r->tax_country = t->country;
    r->tax_region = t->region;
    r->tax_name = t->name;
    r->tax_percent = t->percent;
    r->tax_note = t->note;
    r->of_period = of;
    r->amount = t->amount;
    r->ledger = bl_str_printf(&d->x->arena, "%.*s%s%.*s %.*s", BL_FMT(t->country), t->region.n > 0 ? "-" : "",
            BL_FMT(t->region), BL_FMT(t->name));
}

/* A tax is of the category of what it taxes, when that is one. */
static struct bl_str taxed_category(const struct bl_book *b, const struct bl_lines *lines)
{
    struct bl_str one = BL_ABSENT;
    for (size_t i = 0; i < lines->n; i++) {
        const struct bl_product *p = &b->product[lines->line[i].product];
        if (bl_str_is(p->tax, "exempt"))
            continue;
        if (bl_is(one) && !bl_str_eq(one, or_empty(p->category)))
            return BL_STR("");
        one = or_empty(p->category);
    }
    return or_empty(one);
}

static void draw_taxes(struct drawing *d, const struct bl_tax_sum *tax, size_t n)
{
    size_t from = d->bill->n_row;
    struct bl_str category = taxed_category(d->in->book, d->in->lines);
    for (size_t i = 0; i < n; i++)
        draw_tax(d, &tax[i], d->in->period, category);
    for (size_t i = 0; i < d->in->n_late; i++)
        for (size_t j = 0; j < d->in->late[i].n_tax; j++)
            draw_tax(d, &d->in->late[i].tax[j], d->in->late[i].period, BL_STR(""));
    sort_from(d->bill, from);
}

static int by_expiry(const void *a, const void *b)
{
    const struct bl_held *l = a, *r = b;
    if (l->expires_us != r->expires_us)
        return l->expires_us < r->expires_us ? -1 : 1;
    if (l->granted_us != r->granted_us)
        return l->granted_us < r->granted_us ? -1 : 1;
    return (l->seq > r->seq) - (l->seq < r->seq);
}

static void draw_credits(struct drawing *d)
{
    const struct bl_bill_in *in = d->in;
    int64_t owed = d->bill->amount.minor; /* so far: no credit is used yet */
    struct bl_held *held = bl_alloc_array(&d->x->arena, in->n_held, sizeof *held);
    size_t n = 0;
    for (size_t i = 0; i < in->n_held; i++)
        if (in->held[i].left.minor > 0 && in->held[i].granted_us < (d->last_s + 1) * BL_US &&
                in->held[i].expires_us > d->first_s * BL_US)
            held[n++] = in->held[i];
    if (n > 1)
        qsort(held, n, sizeof *held, by_expiry);
    for (size_t i = 0; i < n && owed > 0; i++) {
        int64_t used = held[i].left.minor < owed ? held[i].left.minor : owed;
        struct bl_row *r = add(d, BL_ROW_CREDIT, BL_STR("Credits"));
        r->description = held[i].note.n > 0 ? held[i].note : BL_STR("Promotional credit");
        r->seq = held[i].seq;
        r->amount.minor = -used;
        owed -= used;
    }
}

/* ---- sums */

enum bl_err bill_sum(struct bl_ctx *x, struct bl_bill *b)
{
    bl_amount by[5] = {{0}}, whole = {0};
    for (size_t i = 0; i < b->n_row; i++)
        BL_TRY(bl_amount_add(x, by[b->row[i].kind], b->row[i].amount, &by[b->row[i].kind]));
    for (size_t i = 0; i < BL_COUNT(by); i++)
        BL_TRY(bl_amount_add(x, whole, by[i], &whole));
    b->items = by[BL_ROW_ITEM];
    b->overages = by[BL_ROW_OVERAGE];
    b->adjustments = by[BL_ROW_ADJUSTMENT];
    b->taxes = by[BL_ROW_TAX];
    b->credits = by[BL_ROW_CREDIT];
    b->amount = whole;
    b->credit_note = whole.minor < 0;
    return BL_OK;
}

static struct bl_seller seller_of(const struct bl_book *b, const struct bl_face *f)
{
    const struct bl_seller *s = bl_book_seller(b, f->seller);
    if (s == NULL)
        s = bl_book_seller(b, BL_ABSENT);
    return s ? *s : (struct bl_seller){0};
}

static size_t rows_at_most(const struct bl_bill_in *in, size_t n_tax)
{
    size_t n = in->lines->n + in->n_late + in->n_manual + n_tax + in->n_held;
    for (size_t i = 0; i < in->n_late; i++)
        n += in->late[i].n_tax;
    return n;
}

enum bl_err bl_bill_draw(struct bl_ctx *x, const struct bl_bill_in *in, struct bl_bill *ret)
{
    struct bl_bill b = {
            .account = in->account,
            .invoice_uuid = in->invoice_uuid,
            .number = in->number,
            .invoice_n = in->invoice_n,
            .period = in->period,
            .instant_s = in->instant_s,
            .issued_s = in->issued_s,
            .k = in->k,
            .rules = BL_RULES_VERSION,
            .currency = bl_str_of(in->book->currency->code),
            .digits = in->book->currency->digits,
            .face = *in->face,
            .seller = seller_of(in->book, in->face),
    };
    memcpy(b.book_id, in->book->id, sizeof b.book_id);
    struct drawing d = {x, in, &b, bl_period_start_s(in->period), bl_period_start_s(in->period + 1) - 1};
    struct bl_tax_sum *tax;
    size_t n_tax;
    BL_TRY(bl_taxes(x, in->book, in->lines, in->face, in->instant_s, &tax, &n_tax));
    size_t most = rows_at_most(in, n_tax);
    b.row = bl_alloc_array(&x->arena, most, sizeof *b.row);
    BL_TRY(draw_lines(&d));
    draw_adjustments(&d);
    draw_taxes(&d, tax, n_tax);
    BL_TRY(bill_sum(x, &b));
    draw_credits(&d);
    BL_TRY(bill_sum(x, &b));
    assert(b.n_row <= most);
    assert(b.credits.minor <= 0 && (b.credits.minor == 0 || b.amount.minor >= 0));
    *ret = b;
    return BL_OK;
}

bool bl_bill_issues(const struct bl_bill *b)
{
    for (size_t i = 0; i < b->n_row; i++)
        if (b->row[i].kind != BL_ROW_CREDIT)
            return true;
    return false;
}

struct bl_str bl_invoice_id(struct bl_ctx *x, const struct bl_bill *b)
{
    return bl_str_printf(&x->arena, "%.*s-%lld", BL_FMT(b->number), (long long)b->invoice_n);
}

/* bucket (2 bytes), SHA-256 of the account's bytes and the period as text; version and variant bits set over
 * it */
bl_uuid bl_invoice_uuid(bl_uuid account, bl_period p, uint16_t bucket)
{
    uint8_t of[sizeof account.b + 8], hash[32];
    char period[8];
    bl_period_text(p, period);
    memcpy(of, account.b, sizeof account.b);
    memcpy(of + sizeof account.b, period, 7);
    bl_sha256(of, sizeof account.b + 7, hash);
    bl_uuid u = {{(uint8_t)(bucket >> 8), (uint8_t)bucket}};
    memcpy(u.b + 2, hash, sizeof u.b - 2);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x80);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    return u;
}

void bl_bill_products(struct bl_ctx *x, const struct bl_bill *b, struct bl_product_sum **ret, size_t *ret_n)
{
    struct {
        struct bl_product_sum *at;
        size_t n, cap;
    } v = {0};
    for (size_t i = 0; i < b->n_row; i++) {
        const struct bl_row *r = &b->row[i];
        if (r->kind != BL_ROW_ITEM)
            continue;
        if (v.n == 0 || !bl_str_eq(v.at[v.n - 1].name, r->product))
            *BL_PUSH(&x->arena, v) = (struct bl_product_sum){.name = r->product};
        v.at[v.n - 1].amount.minor += r->amount.minor;
        v.at[v.n - 1].count++;
    }
    *ret = v.at;
    *ret_n = v.n;
}

void bl_bill_logo(struct bl_bill *b, const struct bl_book *book)
{
    if (memcmp(b->book_id, book->id, sizeof b->book_id) != 0)
        return;
    b->seller.logo = seller_of(book, &b->face).logo;
}
