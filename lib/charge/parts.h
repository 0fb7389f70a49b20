/* What the files of this folder share: spans of a life under one price, the steps that begin in them, and
 * what they accrue. Nothing here is of use outside. */
#ifndef BILLOW_CHARGE_PARTS_H
#define BILLOW_CHARGE_PARTS_H

#include "charge/charge.h"

/* ---- spans: a life cut where its stretches and its prices change */
struct span {
    const struct bl_stretch *stretch;
    const struct bl_price *price; /* NULL: no SKU, or none in force */
    int sku;                      /* index or -1 */
    bool added;                   /* beyond death: minimum time */
    int64_t start_s, end_s;
};
struct span_walk {
    const struct bl_book *book;
    const struct bl_life *life;
    int64_t instant_s;    /* stretches that begin later are not known */
    int64_t real_end_s;   /* death, or as far as the living are looked at */
    int64_t billed_end_s; /* with the minimum time */
    size_t at;            /* stretch in hand */
    int64_t from_s;       /* the next span's first second */
    int sku;              /* of the stretch in hand */
    bool entered;         /* sku is that of the stretch in hand */
};
/* A life as known at the end of instant_s. One that is alive then is followed up to live_to_s. */
struct span_walk span_walk_of(
        const struct bl_book *book, const struct bl_life *l, int64_t instant_s, int64_t live_to_s);
bool span_next(struct span_walk *w, struct span *ret);
static inline bool bl_life_ended(const struct bl_life *l, int64_t instant_s)
{
    return l->death_s <= instant_s;
}

/* Where a life's billing ends: death, or later when its minimum time says so. Only for lives that have ended.
 */
int64_t life_billed_end_s(const struct bl_book *book, const struct bl_life *l);

/* ---- steps. `*next_s` is where the next step begins; the call moves it past the span and gives how many
 * steps begin in both the span and [from_s, to_s), and the first of them. */
int64_t steps_take(int64_t *next_s, const struct span *s, int64_t from_s, int64_t to_s, int64_t *ret_first_s);
static inline int64_t steps_origin(const struct bl_life *l)
{
    return l->step_s != INT64_MIN ? l->step_s : l->birth_s;
}

/* ---- parts: a span inside the window, with the steps that begin in it */
struct part {
    const struct bl_stretch *stretch;
    const struct bl_price *price;
    int sku;
    int64_t birth_s;
    int64_t start_s, end_s; /* real time; for added time alone both are its first second */
    bool added;
    int64_t first_s, steps; /* step i begins at first_s + i * price->increment_s */
    /* filled by accrual */
    int64_t billed_s; /* seconds charged whole */
    bl_rat rest;      /* and what the step that met the cap was charged */
    bool has_rest;
};
struct parts {
    struct part *at;
    size_t n, cap;
};
/* Adds the parts of a life with a price inside [from_s, to_s), as known at instant_s. */
void parts_of_life(struct bl_ctx *x, const struct bl_book *book, const struct bl_life *l, int64_t instant_s,
        int64_t from_s, int64_t to_s, struct parts *ret);

/* ---- accrual: money and allowances grow alike, `amount` per `per_hours`, up to `cap_hours` of it */
struct pace {
    bl_dec amount;
    int64_t per_hours, cap_hours; /* cap 0: no cap */
};
/* Pace of a part; false: this part accrues nothing and counts towards nothing. */
typedef bool (*pace_of)(const struct part *p, int what, struct pace *ret);
bool pace_money(const struct part *p, int unused, struct pace *ret);
bool pace_allowance(const struct part *p, int meter, struct pace *ret);
/* Fills billed_s and rest of a resource's parts, which ascend by first_s (then birth). */
BL_MUST_CHECK enum bl_err accrue(struct bl_ctx *x, struct parts *p, pace_of pace, int what);
/* amount x quantity x seconds / (per_hours x 3600), exactly */
BL_MUST_CHECK enum bl_err pace_sum(
        struct bl_ctx *x, struct pace c, bl_dec quantity, int64_t seconds, bl_rat *ret);
void parts_sort_by_time(struct parts *p);

/* ---- lines */
struct line_list {
    struct bl_line *at;
    size_t n, cap;
};
/* What is the same for every line of a bill. */
struct bill_span {
    const struct bl_charge_in *in;
    int64_t from_s, to_s; /* seconds that count: period, billing_from and instant together */
    int64_t end_s;        /* of the period */
    int digits;
};
/* Rates lives [l, l + n) of one resource and adds their lines, in key order. */
BL_MUST_CHECK enum bl_err rate_resource(struct bl_ctx *x, const struct bill_span *b, const struct bl_life *l,
        size_t n, struct parts *scratch, struct line_list *out);
/* Rates the meters and adds their lines, in key order. */
BL_MUST_CHECK enum bl_err rate_meters(struct bl_ctx *x, const struct bill_span *b, struct line_list *out);
/* Allowance of a meter pooled over all lives, cut to 12 decimals. */
BL_MUST_CHECK enum bl_err pool_allowance(struct bl_ctx *x, const struct bill_span *b, int meter, bl_dec *ret);
/* Price of what is left after the allowance. */
BL_MUST_CHECK enum bl_err model_price(
        struct bl_ctx *x, const struct bl_meter_price *p, bl_dec rest, bl_rat *ret);
/* Rounds lines one after the other so that each is round(sum with it) - round(sum before it). order: indices
 * or NULL. */
BL_MUST_CHECK enum bl_err round_lines(
        struct bl_ctx *x, struct bl_line *l, const uint32_t *order, size_t n, int digits);
void lines_print_order(struct bl_ctx *x, const struct bl_book *b, struct line_list *l);

#endif
