/* The calendar: instants to civil dates and back. Years are counted from March, so that the leap day is the
 * last of its year and a date is a sum of whole 400-year cycles (146097 days), years and months, without a
 * table or a loop. */
#include "cal/cal.h"

#include <string.h>

/* Text has four digits for the year: what lies outside is shown as the nearest instant that fits. */
#define TEXT_FIRST_S INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define TEXT_LAST_S INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(int64_t year, int month, int day)
{
    year -= month <= 2;
    int64_t cycle = floor_div(year, 400), in_cycle = year - cycle * 400;
    int64_t in_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return cycle * 146097 + in_cycle * 365 + in_cycle / 4 - in_cycle / 100 + in_year - 719468;
}

static void date_of(int64_t days, struct bl_civil *ret)
{
    days += 719468;
    int64_t cycle = floor_div(days, 146097), in_cycle = days - cycle * 146097;
    int64_t year = (in_cycle - in_cycle / 1460 + in_cycle / 36524 - in_cycle / 146096) / 365;
    int64_t in_year = in_cycle - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * in_year + 2) / 153; /* 0 is March */
    ret->day = (int)(in_year - (153 * month + 2) / 5 + 1);
    ret->month = (int)(month < 10 ? month + 3 : month - 9);
    ret->year = (int)(year + cycle * 400 + (ret->month <= 2));
}

static struct bl_civil civil_of_s(int64_t s)
{
    struct bl_civil c = {0};
    int64_t days = floor_div(s, BL_DAY_S), rest = s - days * BL_DAY_S;
    date_of(days, &c);
    c.hour = (int)(rest / 3600);
    c.minute = (int)(rest / 60 % 60);
    c.second = (int)(rest % 60);
    return c;
}

/* Microseconds of the second. */
static int fraction_of(int64_t us)
{
    int64_t rest = us % BL_US;
    return (int)(rest < 0 ? rest + BL_US : rest);
}

struct bl_civil bl_civil_of(int64_t us)
{
    struct bl_civil c = civil_of_s(floor_div(us, BL_US));
    c.us = fraction_of(us);
    return c;
}

int64_t bl_civil_us(struct bl_civil c)
{
    int64_t s = days_of(c.year, c.month, c.day) * BL_DAY_S + c.hour * 3600 + c.minute * 60 + c.second;
    return s * BL_US + c.us;
}

bl_period bl_period_of(int64_t us)
{
    struct bl_civil c = bl_civil_of(us);
    return (c.year - 1970) * 12 + c.month - 1;
}

int64_t bl_period_start_s(bl_period p)
{
    int64_t years = floor_div(p, 12);
    return days_of(1970 + years, (int)(p - years * 12) + 1, 1) * BL_DAY_S;
}

bl_day bl_day_of_s(int64_t s)
{
    return (bl_day)floor_div(s, BL_DAY_S);
}

/* ---- text */

static char *put_number(char *p, int v, int width)
{
    for (int i = width - 1; i >= 0; i--, v /= 10)
        p[i] = (char)('0' + v % 10);
    return p + width;
}

static char *put_date(char *p, const struct bl_civil *c)
{
    p = put_number(p, c->year, 4);
    *p++ = '-';
    p = put_number(p, c->month, 2);
    *p++ = '-';
    return put_number(p, c->day, 2);
}

static char *put_clock(char *p, const struct bl_civil *c)
{
    p = put_number(p, c->hour, 2);
    *p++ = ':';
    p = put_number(p, c->minute, 2);
    *p++ = ':';
    return put_number(p, c->second, 2);
}

static struct bl_civil shown(int64_t s)
{
    return civil_of_s(s < TEXT_FIRST_S ? TEXT_FIRST_S : s > TEXT_LAST_S ? TEXT_LAST_S : s);
}

/* date, a letter between, clock, and what follows */
static char *put_instant(char *p, int64_t s, char between)
{
    struct bl_civil c = shown(s);
    p = put_date(p, &c);
    *p++ = between;
    return put_clock(p, &c);
}

void bl_time_text(int64_t us, char ret[32])
{
    char *p = put_instant(ret, floor_div(us, BL_US), 'T');
    int fraction = fraction_of(us);
    if (fraction != 0) {
        *p++ = '.';
        p = put_number(p, fraction, 6);
    }
    strcpy(p, "Z");
}

void bl_time_text_s(int64_t s, char ret[32])
{
    strcpy(put_instant(ret, s, 'T'), "Z");
}
void bl_time_text_csv(int64_t s, char ret[32])
{
    strcpy(put_instant(ret, s, ' '), " +0000");
}

void bl_time_text_ms(int64_t us, char ret[40])
{
    char *p = put_instant(ret, floor_div(us, BL_US), 'T');
    *p++ = '.';
    p = put_number(p, fraction_of(us) / 1000, 3);
    strcpy(p, "+00:00");
}

void bl_period_text(bl_period p, char ret[8])
{
    struct bl_civil c = shown(bl_period_start_s(p));
    char *at = put_number(ret, c.year, 4);
    *at++ = '-';
    at = put_number(at, c.month, 2);
    *at = '\0';
}

void bl_day_text(bl_day d, char ret[11])
{
    struct bl_civil c = shown(d * BL_DAY_S);
    *put_date(ret, &c) = '\0';
}

const char *bl_month_abbr(bl_period p)
{
    static const char *const names[] = {
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return names[((p % 12) + 12) % 12];
}

/* The offset is shown in minutes; one with seconds (local mean time, long ago) is cut to them and the clock
 * with it, so that the text still names the same instant. */
void bl_time_text_zone(const struct bl_zone *z, int64_t s, char ret[32])
{
    if (z == NULL || (z->n == 0 && z->first_offset_s == 0)) {
        bl_time_text_s(s, ret);
        return;
    }
    int32_t minutes = bl_zone_offset_s(z, s) / 60;
    s = s < TEXT_FIRST_S ? TEXT_FIRST_S : s > TEXT_LAST_S ? TEXT_LAST_S : s;
    char *p = put_instant(ret, s + minutes * 60, 'T');
    *p++ = minutes < 0 ? '-' : '+';
    int size = minutes < 0 ? -minutes : minutes;
    p = put_number(p, size / 60, 2);
    *p++ = ':';
    p = put_number(p, size % 60, 2);
    *p = '\0';
}
