/* The POSIX rule at the end of a time zone file: standard offset, and perhaps a summer offset with the two
 * days of the year on which the clocks change.
 *
 *     IST-1GMT0,M10.5.0,M3.5.0/1     "summer" may lie behind "standard", and begin in autumn
 *     <+00>0<+02>-2,M3.5.0/1,M10.5.0/3
 *     std: name, offset (west is positive); dst: name[, offset]; start[/time], end[/time], each in the local
 *     time before it
 */
#include "cal/tzrule.h"

#define YEAR_FIRST 1970
#define YEAR_LAST 2100

struct cursor {
    const char *p, *end;
};

enum day_form { JULIAN_NO_LEAP, JULIAN, MONTH_WEEK_DAY };

struct moment {
    enum day_form form;
    int day, month, week, weekday; /* by the form */
    int32_t at_s;                  /* local time of that day, may be negative or beyond it */
};

struct rule {
    int32_t std_s, dst_s; /* east is positive */
    bool has_dst;
    struct moment start, end;
};

static bool take(struct cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

static bool take_number(struct cursor *c, int most, int *ret)
{
    int v = 0;
    const char *first = c->p;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        v = v * 10 + (*c->p - '0');
        if (v > most)
            return false;
    }
    *ret = v;
    return c->p > first;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool take_name(struct cursor *c)
{
    const char *first = c->p;
    if (take(c, '<')) {
        while (c->p < c->end && *c->p != '>')
            c->p++;
        return take(c, '>');
    }
    while (c->p < c->end && is_letter(*c->p))
        c->p++;
    return c->p - first >= 3;
}

/* [+-]hh[:mm[:ss]] in seconds */
static bool take_time(struct cursor *c, int hours_most, int32_t *ret)
{
    bool minus = take(c, '-');
    if (!minus)
        take(c, '+');
    int h, m = 0, s = 0;
    if (!take_number(c, hours_most, &h))
        return false;
    if (take(c, ':') && (!take_number(c, 59, &m) || (take(c, ':') && !take_number(c, 59, &s))))
        return false;
    *ret = (h * 3600 + m * 60 + s) * (minus ? -1 : 1);
    return true;
}

static bool take_day(struct cursor *c, struct moment *m)
{
    if (take(c, 'J')) {
        m->form = JULIAN_NO_LEAP;
        return take_number(c, 365, &m->day) && m->day >= 1;
    }
    if (!take(c, 'M')) {
        m->form = JULIAN;
        return take_number(c, 365, &m->day);
    }
    m->form = MONTH_WEEK_DAY;
    return take_number(c, 12, &m->month) && m->month >= 1 && take(c, '.') && take_number(c, 5, &m->week) &&
           m->week >= 1 && take(c, '.') && take_number(c, 6, &m->weekday);
}

static bool take_moment(struct cursor *c, struct moment *m)
{
    m->at_s = 2 * 3600;
    return take(c, ',') && take_day(c, m) && (!take(c, '/') || take_time(c, 167, &m->at_s));
}

static bool read_rule(struct bl_str text, struct rule *r)
{
    struct cursor c = {text.p, text.p + text.n};
    if (!take_name(&c) || !take_time(&c, 24, &r->std_s))
        return false;
    r->std_s = -r->std_s;
    r->has_dst = c.p < c.end;
    if (!r->has_dst)
        return true;
    if (!take_name(&c))
        return false;
    r->dst_s = r->std_s + 3600;
    if (c.p < c.end && *c.p != ',') {
        if (!take_time(&c, 24, &r->dst_s))
            return false;
        r->dst_s = -r->dst_s;
    }
    return take_moment(&c, &r->start) && take_moment(&c, &r->end) && c.p == c.end;
}

static int64_t month_day(int year, int month)
{
    return bl_period_start_s((year - 1970) * 12 + month - 1) / BL_DAY_S;
}

static int64_t day_of(const struct moment *m, int year)
{
    int64_t january = month_day(year, 1);
    if (m->form == JULIAN)
        return january + m->day;
    if (m->form == JULIAN_NO_LEAP) { /* day 60 is 1 March in every year */
        bool leap = month_day(year, 3) - january == 60;
        return january + m->day - 1 + (leap && m->day >= 60);
    }
    int64_t first = month_day(year, m->month), next = month_day(year, m->month + 1);
    int64_t weekday = (first + 4) % 7; /* 1970-01-01 was a Thursday */
    int64_t day = first + (m->weekday - weekday + 7) % 7 + (m->week - 1) * 7;
    return day >= next ? day - 7 : day; /* week 5 is the last one */
}

/* Only what comes later counts; of two changes at one instant the second holds; one that changes nothing is
 * none. */
static void append(struct bl_arena *a, struct tz_table *t, struct tz_change c)
{
    if (t->n > 0 && c.at_s < t->at[t->n - 1].at_s)
        return;
    if (t->n > 0 && c.at_s == t->at[t->n - 1].at_s) {
        t->at[t->n - 1].offset_s = c.offset_s;
        return;
    }
    if (c.offset_s != (t->n > 0 ? t->at[t->n - 1].offset_s : t->first_offset_s))
        *BL_PUSH(a, *t) = c;
}

bool tz_rule_expand(struct bl_arena *a, struct bl_str text, struct tz_table *t)
{
    struct rule r = {0};
    if (!read_rule(text, &r))
        return false;
    if (!r.has_dst) {
        if (t->n == 0)
            t->first_offset_s = r.std_s;
        return true;
    }
    int64_t last = t->n > 0 ? t->at[t->n - 1].at_s : INT64_MIN;
    for (int year = YEAR_FIRST; year <= YEAR_LAST; year++) {
        struct tz_change on = {day_of(&r.start, year) * BL_DAY_S + r.start.at_s - r.std_s, r.dst_s};
        struct tz_change off = {day_of(&r.end, year) * BL_DAY_S + r.end.at_s - r.dst_s, r.std_s};
        bool on_first = on.at_s < off.at_s;
        struct tz_change both[2] = {on_first ? on : off, on_first ? off : on};
        for (int i = 0; i < 2; i++)
            if (both[i].at_s > last)
                append(a, t, both[i]);
    }
    return true;
}
