/* charge: what a period costs before taxes: lives folded from facts, then rated into lines.
 *
 *   life facts --fold--> stretches --rate--> lines      usage totals --rate--> lines
 *
 * Both steps are pure functions of their arguments; nothing depends on the order facts arrived in. */
#ifndef BILLOW_CHARGE_H
#define BILLOW_CHARGE_H

#include "book/book.h"
#include "cal/cal.h"
#include "fact/fact.h"
#include "num/num.h"
#include "usage/usage.h"

#define BL_RULES_VERSION 1

/* ---- lives. A stretch is a maximal span in which nothing changed that is billed or shown. Whole seconds,
 * half open, never empty. Stretches of a life ascend and adjoin. A name, tag or kind alone may tell two of
 * them apart; lines put such stretches together again and show the last, so that a bill at an instant shows
 * what was so at that instant. */
struct bl_stretch {
    int64_t start_s, end_s; /* end_s: INT64_MAX while it goes on */
    struct bl_str sku;      /* absent: not billed */
    bl_dec quantity;
    struct bl_str region, project, group, name, tags, kind;
    bool has_resource_id;
    int64_t resource_id;
};
struct bl_life { /* from a create to its delete; one resource may live several times */
    bl_uuid resource;
    int64_t birth_s, death_s;   /* death_s: INT64_MAX while alive */
    struct bl_stretch *stretch; /* adjacent, covering [birth_s, death_s) */
    size_t n_stretch;
    /* Where a life that was carried over stands: the first second at or after the carry's start at which a
     * step begins. INT64_MIN: not carried, steps are counted from birth. */
    int64_t step_s;
};
struct bl_lives {
    struct bl_life *life; /* ordered by (resource, birth_s) */
    size_t n;
};
/* Facts: any order; retracted ones already left out; only life facts are looked at. With `carried`, facts
 * from the carry's start on (an older one is BL_INTERNAL). Texts are borrowed from the facts and from
 * `carried`. */
BL_MUST_CHECK enum bl_err bl_lives_fold(struct bl_ctx *x, const struct bl_lives *carried,
        const struct bl_fact *f, size_t n, struct bl_lives *ret);
/* Alive just before this fact's place in the order? Facts of one resource (any order; retracted ones left
 * out). For judging `void`. */
bool bl_life_alive_before(struct bl_ctx *x, const struct bl_fact *facts, size_t n, const struct bl_fact *at);

/* ---- carry: lives as they stand at the start of a period, so that the past need not be read again. Holds
 * lives that are alive at start_s, or whose billing (started step, minimum time) reaches beyond it; earlier
 * stretches are dropped. Folding later facts on top gives for instants at or after start_s exactly what
 * folding everything gives. Depends on the book: keep it with the book's id. */
BL_MUST_CHECK enum bl_err bl_lives_carry(struct bl_ctx *x, const struct bl_book *book,
        const struct bl_lives *lives, int64_t start_s, struct bl_lives *ret);
void bl_lives_pack(struct bl_buf *b, const struct bl_lives *l);
BL_MUST_CHECK enum bl_err bl_lives_unpack(struct bl_ctx *x, struct bl_str body, struct bl_lives *ret);

/* ---- lines */
enum bl_section { BL_ITEMS, BL_OVERAGES };
struct bl_line {
    enum bl_section section;
    int product; /* index into the book's products */
    /* key: what tells lines apart */
    bool has_resource;
    bl_uuid resource;
    int sku, meter;  /* index or -1; exactly one is set */
    int version;     /* index of the price in its SKU or meter */
    bl_dec quantity; /* the size (GiB, default 1), or the meter's aggregate */
    struct bl_str region, project, group;
    /* shown */
    struct bl_str name, tags, kind;
    bool has_resource_id;
    int64_t resource_id;
    int64_t start_s, end_s; /* first start, last real end within the period; a meter's: the period */
    int64_t seconds;        /* real time; 0 for a line of added minimum time alone, and for meters */
    bl_dec allowed;         /* meters: the allowance that was left out of `quantity`'s price */
    uint64_t facts;         /* meters: how many facts are in it */
    bl_rat exact;           /* the exact charge (after cap and minimum), never summed on paper */
    bl_amount amount;       /* rounded cumulatively within the resource or meter */
};
struct bl_charge_in {
    const struct bl_book *book;
    bl_period period;
    int64_t instant_s; /* the bill's instant: that second is whole; at most the period's last second */
    int64_t from_s;    /* billing_from; INT64_MIN without */
    const struct bl_lives *lives;
    const struct bl_usage_total *usage; /* totals by day, facts from from_s up to the instant; days outside
                                         * the period, before from_s or after the instant are left out here */
    size_t n_usage;
};
struct bl_lines {
    struct bl_line *line; /* in print order: section, product name, description, start, resource, key */
    size_t n;
    bl_amount items, overages; /* sums of amounts */
};
/* BL_OVERFLOW, naming the resource or meter, when a figure leaves what can be computed exactly. */
BL_MUST_CHECK enum bl_err bl_charge(struct bl_ctx *x, const struct bl_charge_in *in, struct bl_lines *ret);
/* The same lines in the order of bl_line_key_cmp: cheaper, and fit for comparing two bills line by line. */
BL_MUST_CHECK enum bl_err bl_charge_by_key(
        struct bl_ctx *x, const struct bl_charge_in *in, struct bl_lines *ret);

/* "NAME (SKU)", with a unit "NAME (QUANTITY UNIT)"; without a name the uuid; for meters the meter's name. */
struct bl_str bl_line_description(struct bl_ctx *x, const struct bl_book *b, const struct bl_line *l);
/* Started hours of real time, as text: "744"; empty for meters. */
struct bl_str bl_line_duration(struct bl_ctx *x, const struct bl_line *l);
/* Total order of two lines of one period by their key alone: resource, SKU, version, quantity, region,
 * project, group; then meters by name and resource (the figure, region and project of a meter's line are no
 * part of its key). */
int bl_line_key_cmp(const struct bl_book *b, const struct bl_line *l, const struct bl_line *r);

#endif
