/* cal: instants, periods (calendar months in UTC), days, and time as text. Proleptic Gregorian, years 1970 to
 * 9999. Instants are int64 microseconds (`_us`) or whole seconds (`_s`) since 1970-01-01T00:00:00Z; intervals
 * are half open. A leap second (":60") and impossible dates are refused. */
#ifndef BILLOW_CAL_H
#define BILLOW_CAL_H

#include "base/base.h"

#define BL_US INT64_C(1000000)
#define BL_DAY_S INT64_C(86400)
#define BL_HOUR_S INT64_C(3600)

typedef int32_t bl_period; /* months since 1970-01: 2026-10 is 681 */
typedef int32_t bl_day;    /* days since 1970-01-01 */

struct bl_civil {
    int year, month, day, hour, minute, second, us;
};
struct bl_civil bl_civil_of(int64_t us); /* UTC */
int64_t bl_civil_us(struct bl_civil c);  /* the fields must be valid */
bl_period bl_period_of(int64_t us);
int64_t bl_period_start_s(bl_period p); /* first second; the end is bl_period_start_s(p + 1) */
bl_day bl_day_of_s(int64_t s);
static inline int64_t bl_floor_s(int64_t us)
{
    return us / BL_US - (us % BL_US < 0);
}

/* RFC 3339: "T"/"t", "Z"/"z" or +-hh:mm; fractions beyond microseconds are cut. BL_INVALID otherwise. */
BL_MUST_CHECK enum bl_err bl_time_parse(struct bl_ctx *x, struct bl_str text, int64_t *ret_us);
/* The same, but a blank before the offset reads as "+" (Civo's clients never escape it). */
BL_MUST_CHECK enum bl_err bl_time_parse_lax(struct bl_ctx *x, struct bl_str text, int64_t *ret_us);
BL_MUST_CHECK enum bl_err bl_period_parse(
        struct bl_ctx *x, struct bl_str text, bl_period *ret);                             /* "2026-10" */
BL_MUST_CHECK enum bl_err bl_day_parse(struct bl_ctx *x, struct bl_str text, bl_day *ret); /* "2026-10-31" */

void bl_time_text(int64_t us, char ret[32]);    /* 2026-10-31T23:59:59Z, with .ffffff only when not whole */
void bl_time_text_s(int64_t s, char ret[32]);   /* 2026-10-31T23:59:59Z */
void bl_time_text_csv(int64_t s, char ret[32]); /* 2026-10-31 23:59:59 +0000 */
void bl_time_text_ms(int64_t us, char ret[40]); /* 2019-09-03T16:34:46.000+00:00, the address's form */
void bl_period_text(bl_period p, char ret[8]);  /* 2026-10 */
void bl_day_text(bl_day d, char ret[11]);       /* 2026-10-31 */
const char *bl_month_abbr(bl_period p);         /* "Jul" */

/* ---- zones: an offset table handed in by the program (lib reads no files); NULL means UTC.
 * at_s ascends; offset_s[i] holds from at_s[i] on; before the first, `first_offset_s`. After the last
 * transition the POSIX rule that TZif files end with is expanded by the loader through year 2100. */
struct bl_zone {
    size_t n;
    const int64_t *at_s;
    const int32_t *offset_s;
    int32_t first_offset_s;
};
int32_t bl_zone_offset_s(const struct bl_zone *z, int64_t utc_s);
void bl_time_text_zone(
        const struct bl_zone *z, int64_t s, char ret[32]); /* 2021-09-01T03:59:57+01:00; Z when UTC/NULL */
int64_t bl_zone_month_start_s(
        const struct bl_zone *z, int64_t utc_s); /* first instant of the local month of utc_s */
/* Decodes the bytes of a TZif (RFC 8536) file, footer rule included, into an arena. BL_INVALID when they are
 * not one. */
BL_MUST_CHECK enum bl_err bl_zone_decode(struct bl_ctx *x, struct bl_str tzif, struct bl_zone *ret);

#endif
