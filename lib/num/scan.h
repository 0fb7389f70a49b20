/* Private to num: the text of a number, scanned once, and written back. */
#ifndef BILLOW_NUM_SCAN_H
#define BILLOW_NUM_SCAN_H

#include "num/num.h"

/* first..last: the digits from the first to the last that is not zero (a point may lie between); the first is
 * worth 10^high, the last 10^low. Unset for zero. */
struct num_scan {
    bool neg, zero;
    const char *first, *last;
    int64_t high, low;
};

/* False when the text is not a number as JSON writes numbers. */
bool num_scan(struct bl_str text, struct num_scan *ret);
/* The magnitude in units of 10^-scale; the caller has checked that low >= -scale and high + scale < 38. */
unsigned __int128 num_scan_value(const struct num_scan *s, int scale);
/* v x 10^-decimals as text, NUL-terminated; `shortest` drops zeros at the end. Gives the length (< 48). */
size_t num_text(bool neg, unsigned __int128 v, int decimals, bool shortest, char *ret);

#endif
