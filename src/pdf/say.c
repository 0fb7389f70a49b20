/* Figures and dates as the paper says them. Thousands are set apart for the eye; the CSV has
 * the bare figures. Dates name the month, since 03/04 is two days to two readers. */
#include "pdf/paper.h"

#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

/* How many digits stand at i as a whole number of their own: a word, or a word's part before the point. */
static size_t whole_digits(struct bl_str t, size_t i)
{
    size_t n = 0;
    char before = i > 0 ? t.p[i - 1] : ' ';
    if (before != ' ' && before != '-')
        return 0;
    while (i + n < t.n && digit(t.p[i + n]))
        n++;
    char after = i + n < t.n ? t.p[i + n] : ' ';
    return after == ' ' || after == '.' ? n : 0;
}

struct bl_str say_grouped(struct paper *p, struct bl_str text)
{
    struct bl_str ret = {bl_alloc(&p->x->arena, 2 * text.n + 1), 0};
    char *to = (char *)ret.p;
    for (size_t i = 0; i < text.n;) {
        size_t n = whole_digits(text, i);
        for (size_t left = n; left > 0; left--) {
            if (left < n && left % 3 == 0)
                to[ret.n++] = ',';
            to[ret.n++] = text.p[i++];
        }
        if (n == 0)
            to[ret.n++] = text.p[i++];
    }
    return ret;
}

struct bl_str say_money(struct paper *p, bl_amount a)
{
    char text[32];
    size_t n = bl_amount_text(a, p->b->digits, text);
    return say_grouped(p, (struct bl_str){text, n});
}

struct bl_str say_money_of(struct paper *p, bl_amount a)
{
    struct bl_str text = say_money(p, a);
    bool negative = text.n > 0 && text.p[0] == '-';
    if (!bl_str_is(p->b->currency, "USD"))
        return bl_str_printf(&p->x->arena, "%.*s %.*s", BL_FMT(p->b->currency), BL_FMT(text));
    return bl_str_printf(&p->x->arena, "%s$%s", negative ? "-" : "", text.p + negative);
}

struct bl_str say_date(struct paper *p, int64_t s)
{
    struct bl_civil c = bl_civil_of(s * BL_US);
    return bl_str_printf(&p->x->arena, "%d %s %04d", c.day, bl_month_abbr(bl_period_of(s * BL_US)), c.year);
}

struct bl_str say_title(const struct paper *p, bool loud)
{
    if (p->preview)
        return loud ? BL_STR("INVOICE PREVIEW") : BL_STR("Invoice preview");
    if (p->b->credit_note)
        return loud ? BL_STR("CREDIT NOTE") : BL_STR("Credit note");
    return loud ? BL_STR("INVOICE") : BL_STR("Invoice");
}

struct bl_str say_total(const struct paper *p)
{
    if (p->preview)
        return BL_STR("Total so far");
    return p->b->credit_note ? BL_STR("Total credit") : BL_STR("Total due");
}

struct bl_str say_joined(struct paper *p, const char *by, struct bl_str a, struct bl_str b)
{
    if (a.n == 0 || b.n == 0)
        return a.n == 0 ? b : a;
    return bl_str_printf(&p->x->arena, "%.*s%s%.*s", BL_FMT(a), by, BL_FMT(b));
}

bool owes(const struct paper *p)
{
    return !p->preview && p->b->amount.minor > 0;
}
