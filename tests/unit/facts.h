/* Random facts for tests: every field that its type may carry comes and goes, from few values, so that some
 * meet. */
#ifndef BILLOW_TEST_FACTS_H
#define BILLOW_TEST_FACTS_H

#include "fact/fact.h"
#include "unit.h"

#define OCTOBER_US INT64_C(1790812800000000) /* 2026-10-01T00:00:00Z */
#define DAY_US (BL_DAY_S * BL_US)

struct dice {
    uint64_t s;
};
static inline unsigned roll(struct dice *d, unsigned n)
{
    d->s = d->s * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(d->s >> 33) % n;
}

static inline bl_uuid some_uuid(unsigned n)
{
    bl_uuid u = {{0xa0, 0x1b}};
    u.b[15] = (uint8_t)n;
    return u;
}

static inline struct bl_str some_text(struct bl_arena *a, struct dice *d, const char *stem, unsigned n)
{
    return bl_str_printf(a, "%s-%u", stem, roll(d, n));
}

/* Whole, fractional, zero and the largest. */
static inline bl_dec some_quantity(struct dice *d)
{
    switch (roll(d, 5)) {
    case 0:
        return (bl_dec){0};
    case 1:
        return (bl_dec){roll(d, 1000000)};
    case 2:
        return (bl_dec){BL_DEC_ONE * BL_DEC_ONE * 1000 - 1 - roll(d, 1000)};
    default:
        return bl_dec_of(roll(d, 5000));
    }
}

static inline struct bl_fact some_usage(struct bl_arena *a, struct dice *d, unsigned id)
{
    struct bl_fact f = {.type = BL_FACT_USAGE,
            .account = some_uuid(0),
            .time_us = OCTOBER_US + roll(d, 4) * DAY_US + roll(d, 50) * 500000,
            .seq = id + 1,
            .source = some_text(a, d, "src", 3),
            .id = bl_str_printf(a, "%u", id),
            .has_resource = roll(d, 2),
            .has_quantity = roll(d, 8) > 0};
    f.field[BL_F_METER] = some_text(a, d, "meter", 3);
    if (f.has_resource)
        f.resource = some_uuid(1 + roll(d, 3));
    if (f.has_quantity)
        f.quantity = some_quantity(d);
    if (roll(d, 2))
        f.field[BL_F_VALUE] = some_text(a, d, "value", 20);
    if (roll(d, 2))
        f.field[BL_F_REGION] = some_text(a, d, "region", 3);
    if (roll(d, 3) == 0)
        f.field[BL_F_PROJECT] =
                roll(d, 2) ? BL_STR("") : some_text(a, d, "a project with a long name, longer than most", 3);
    return f;
}

#endif
