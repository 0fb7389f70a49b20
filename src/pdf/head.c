/* The upper part: who bills whom, for what time, how much, and until when. */
#include "pdf/paper.h"

/* Three columns below the letterhead: from whom, to whom, and what about. */
#define FROM_X LEFT
#define FROM_W 146.0
#define TO_X (LEFT + 158)
#define TO_W 150.0
#define FACTS_X (LEFT + 322)
#define FACTS_W (RIGHT - FACTS_X)

/* An invoice with half a legal name is sent back by who must book it, so there is room for all that is a name
 * or an address anywhere; what is longer ends in an ellipsis, for the table must begin on this page. */
#define NAME_LINES 8
#define ADDRESS_LINES 4

struct who {
    const char *label;
    struct bl_str name, person, address1, address2, city, region, postal_code, country, tax_id, email;
};

static double letterhead(struct paper *p)
{
    const struct bl_seller *s = &p->b->seller;
    const double w = WIDTH - 220;
    double h = 0;
    if (!bl_is(s->logo) || !paper_logo(p, s->logo, LEFT, TOP, 190, 48, &h)) {
        struct spot at = {.style = SELLER, .x = LEFT, .y = TOP, .w = w, .lines = 2};
        h = paper_text(p, at, s->name);
    }
    struct spot at = {
            .style = TITLE, .ink = ACCENT, .align = AT_RIGHT, .x = LEFT + w, .y = TOP - 6, .w = WIDTH - w};
    double title = paper_text(p, at, say_title(p, true));
    return TOP + (h > title ? h : title);
}

static double party(struct paper *p, const struct who *who, double x, double y, double w)
{
    struct bl_str place = say_joined(p, " ", who->region, who->postal_code);
    const struct bl_str lines[] = {
            who->person,
            who->address1,
            who->address2,
            say_joined(p, ", ", who->city, place),
            who->country,
            who->tax_id.n > 0 ? bl_str_printf(&p->x->arena, "Tax ID %.*s", BL_FMT(who->tax_id)) : BL_ABSENT,
            who->email,
    };
    struct spot at = {.style = LABEL, .ink = GREY, .x = x, .y = y, .w = w};
    at.y += paper_text(p, at, bl_str_of(who->label)) + 3;
    at = (struct spot){.style = STRONG, .x = x, .y = at.y, .w = w, .lines = NAME_LINES};
    at.y += paper_text(p, at, who->name);
    at.style = BODY;
    at.lines = ADDRESS_LINES;
    for (size_t i = 0; i < BL_COUNT(lines); i++)
        at.y += paper_text(p, at, lines[i]);
    return at.y;
}

static double parties(struct paper *p, double y)
{
    const struct bl_seller *s = &p->b->seller;
    const struct bl_face *f = &p->b->face;
    const struct who from = {.label = "From",
            .name = s->name,
            .address1 = s->address1,
            .address2 = s->address2,
            .city = s->city,
            .region = s->region,
            .postal_code = s->postal_code,
            .country = s->country,
            .tax_id = s->tax_id};
    const struct who to = {.label = "Billed to",
            .name = f->company.n > 0 ? f->company : f->name,
            .person = f->company.n > 0 ? f->name : BL_ABSENT,
            .address1 = f->address1,
            .address2 = f->address2,
            .city = f->city,
            .region = f->region,
            .postal_code = f->postal_code,
            .country = f->country,
            .tax_id = f->tax_id,
            .email = f->email};
    double a = party(p, &from, FROM_X, y, FROM_W), b = party(p, &to, TO_X, y, TO_W);
    return a > b ? a : b;
}

/* ---- dates and numbers */

static double fact(struct paper *p, double y, const char *label, struct bl_str value)
{
    if (value.n == 0)
        return y;
    struct spot at = {.style = BODY, .ink = GREY, .x = FACTS_X, .y = y, .w = 66};
    paper_text(p, at, bl_str_of(label));
    at = (struct spot){.style = BODY, .align = AT_RIGHT, .x = FACTS_X + 66, .y = y, .w = FACTS_W - 66};
    at.figure = true;
    return y + paper_text(p, at, value) + 2;
}

static int64_t due_s(const struct paper *p)
{
    return p->b->issued_s + p->b->seller.terms_days * BL_DAY_S;
}

/* Terms beyond what a calendar shows are as good as none. */
static bool has_due(const struct paper *p)
{
    return owes(p) && p->b->seller.terms_days < 36600 && due_s(p) < INT64_C(253402300800);
}

static double facts(struct paper *p, double y)
{
    const struct bl_bill *b = p->b;
    int64_t first = bl_period_start_s(b->period), last = bl_period_start_s(b->period + 1) - 1;
    struct bl_str id = bl_invoice_id(p->x, b), from = say_date(p, first), to = say_date(p, last);
    if (p->preview)
        id = bl_str_printf(&p->x->arena, "%.*s (preview)", BL_FMT(id));
    y = fact(p, y, b->credit_note && !p->preview ? "Credit note no." : "Invoice no.", id);
    y = fact(p, y, "Customer no.", b->number);
    y = fact(p, y,
            p->preview       ? "Drawn up"
            : b->credit_note ? "Date"
                             : "Invoice date",
            say_date(p, b->issued_s));
    if (has_due(p))
        y = fact(p, y, "Due date", say_date(p, due_s(p)));
    y = fact(p, y, "Billing period",
            bl_str_printf(&p->x->arena, "%.*s \xe2\x80\x93 %.*s", BL_FMT(from), BL_FMT(to)));
    return fact(p, y, "Currency", b->currency);
}

/* The figure everyone looks for first. */
static void callout(struct paper *p)
{
    const double h = 38;
    struct bl_str left = say_total(p);
    if (has_due(p)) {
        struct bl_str due = say_date(p, due_s(p));
        left = bl_str_printf(&p->x->arena, "%.*s by %.*s", BL_FMT(left), BL_FMT(due));
    }
    paper_box(p, LEFT, p->y, WIDTH, h, ACCENT, 0.07);
    paper_box(p, LEFT, p->y, 3, h, ACCENT, 1);
    struct spot at = {.style = SECTION, .ink = ACCENT, .x = LEFT + 16, .w = WIDTH / 2 - 16};
    at.y = p->y + (h - p->line[SECTION]) / 2;
    paper_text(p, at, left);
    at = (struct spot){
            .style = FIGURE, .ink = ACCENT, .align = AT_RIGHT, .x = LEFT + WIDTH / 2, .figure = true};
    at.w = WIDTH / 2 - 12;
    at.y = p->y + (h - p->line[FIGURE]) / 2;
    paper_text(p, at, say_money_of(p, p->b->amount));
    p->y += h;
}

static void preview_remark(struct paper *p)
{
    char time[32];
    bl_time_text_s(p->b->instant_s, time);
    struct spot at = {.style = FINE, .ink = GREY, .x = LEFT, .y = p->y + 5, .w = WIDTH};
    p->y = at.y + paper_text(p, at,
                          bl_str_printf(&p->x->arena,
                                  "Usage as known at %s. Figures may change until the period is "
                                  "closed; this is not a demand for payment.",
                                  time));
}

void head_first(struct paper *p)
{
    double y = letterhead(p) + 22;
    double left = parties(p, y), right = facts(p, y);
    p->y = (left > right ? left : right) + 16;
    callout(p);
    if (p->preview)
        preview_remark(p);
    p->y += 16;
}

void head_later(struct paper *p)
{
    struct bl_str id = bl_invoice_id(p->x, p->b), title = say_title(p, false);
    struct spot at = {.style = FINE, .ink = GREY, .x = LEFT, .y = TOP - 14, .w = WIDTH / 2};
    paper_text(p, at, p->b->seller.name);
    at.align = AT_RIGHT;
    at.x = LEFT + WIDTH / 2;
    paper_text(p, at, bl_str_printf(&p->x->arena, "%.*s %.*s", BL_FMT(title), BL_FMT(id)));
    paper_rule(p, LEFT, TOP - 1, WIDTH, 0.5, GREY, 0.5);
    p->y = TOP + 10;
}
