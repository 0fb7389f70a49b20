/* Time from text: RFC 3339, months and days. A cursor walks the text once; what it must find next is spelled
 * out, and the first thing that is not there ends the reading with a sentence. */
#include "cal/cal.h"

struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool take_digits(struct cursor *c, int count, int *ret)
{
    if (c->end - c->p < count)
        return false;
    int v = 0;
    for (int i = 0; i < count; i++) {
        char d = *c->p++;
        if (d < '0' || d > '9')
            return false;
        v = v * 10 + (d - '0');
    }
    *ret = v;
    return true;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static bool date_exists(int year, int month, int day)
{
    static const int longest[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12 || day < 1 || day > longest[month - 1])
        return false;
    return month != 2 || day < 29 || is_leap(year);
}

static bool take_date(struct cursor *c, struct bl_civil *ret)
{
    return take_digits(c, 4, &ret->year) && take(c, '-') && take_digits(c, 2, &ret->month) && take(c, '-') &&
           take_digits(c, 2, &ret->day);
}

static bool take_clock(struct cursor *c, struct bl_civil *ret)
{
    return (take(c, 'T') || take(c, 't')) && take_digits(c, 2, &ret->hour) && take(c, ':') &&
           take_digits(c, 2, &ret->minute) && take(c, ':') && take_digits(c, 2, &ret->second);
}

/* Nothing, or a point and at least one digit; digits beyond the sixth are read and dropped. */
static bool take_fraction(struct cursor *c, int *ret_us)
{
    *ret_us = 0;
    if (!take(c, '.'))
        return true;
    int worth = 100000;
    const char *first = c->p;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++, worth /= 10)
        *ret_us += (*c->p - '0') * worth;
    return c->p > first;
}

static bool take_offset(struct cursor *c, bool blank_is_plus, int *ret_s)
{
    *ret_s = 0;
    if (take(c, 'Z') || take(c, 'z'))
        return true;
    bool minus = take(c, '-');
    if (!minus && !take(c, '+') && !(blank_is_plus && take(c, ' ')))
        return false;
    int hours, minutes;
    if (!take_digits(c, 2, &hours) || !take(c, ':') || !take_digits(c, 2, &minutes) || hours > 23 ||
            minutes > 59)
        return false;
    *ret_s = (hours * 60 + minutes) * 60 * (minus ? -1 : 1);
    return true;
}

static enum bl_err time_parse(struct bl_ctx *x, struct bl_str text, bool blank_is_plus, int64_t *ret_us)
{
    struct cursor c = {text.p, text.p + text.n};
    struct bl_civil t = {0};
    int offset_s;
    if (!bl_is(text) || !take_date(&c, &t) || !take_clock(&c, &t) || !take_fraction(&c, &t.us) ||
            !take_offset(&c, blank_is_plus, &offset_s) || c.p != c.end)
        return bl_fail(x, BL_INVALID, "\"%s\" is not a time such as 2026-10-31T23:59:59Z",
                bl_shown(&x->arena, text));
    if (!date_exists(t.year, t.month, t.day))
        return bl_fail(x, BL_INVALID, "\"%s\" names a day that does not exist", bl_shown(&x->arena, text));
    if (t.hour > 23 || t.minute > 59 || t.second > 59)
        return bl_fail(x, BL_INVALID, "\"%s\" names an hour, minute or second that does not exist%s",
                bl_shown(&x->arena, text), t.second == 60 ? " (leap seconds are not accepted)" : "");
    int64_t us = bl_civil_us(t) - offset_s * BL_US;
    if (us < 0 || us >= bl_period_start_s(12 * (10000 - 1970)) * BL_US)
        return bl_fail(
                x, BL_INVALID, "\"%s\" lies outside the years 1970 to 9999", bl_shown(&x->arena, text));
    *ret_us = us;
    return BL_OK;
}

enum bl_err bl_time_parse(struct bl_ctx *x, struct bl_str text, int64_t *ret_us)
{
    return time_parse(x, text, false, ret_us);
}

enum bl_err bl_time_parse_lax(struct bl_ctx *x, struct bl_str text, int64_t *ret_us)
{
    return time_parse(x, text, true, ret_us);
}

enum bl_err bl_period_parse(struct bl_ctx *x, struct bl_str text, bl_period *ret)
{
    struct cursor c = {text.p, text.p + text.n};
    int year, month;
    if (!bl_is(text) || !take_digits(&c, 4, &year) || !take(&c, '-') || !take_digits(&c, 2, &month) ||
            c.p != c.end || year < 1970 || month < 1 || month > 12)
        return bl_fail(x, BL_INVALID, "\"%s\" is not a month such as 2026-10", bl_shown(&x->arena, text));
    *ret = (year - 1970) * 12 + month - 1;
    return BL_OK;
}

enum bl_err bl_day_parse(struct bl_ctx *x, struct bl_str text, bl_day *ret)
{
    struct cursor c = {text.p, text.p + text.n};
    struct bl_civil t = {0};
    if (!bl_is(text) || !take_date(&c, &t) || c.p != c.end || t.year < 1970 ||
            !date_exists(t.year, t.month, t.day))
        return bl_fail(x, BL_INVALID, "\"%s\" is not a day such as 2026-10-31", bl_shown(&x->arena, text));
    *ret = bl_day_of_s(bl_civil_us(t) / BL_US);
    return BL_OK;
}
