/* Books, facts and usage from short lines of text, and bills back as text, for the tests of rating.
 *
 *   book   "a 5/672/672 inc=3600 min=60 least=0.01 from=10-15T00:00:00; a ...; @bw unit=0.01"
 *          sku amount/per/cap, then options; the same name again is its next price. "@" begins a meter.
 *   facts  "10-01T00:00:00 create r1 sku=a quantity=2; 10-02T00:00:00.5 change r1 sku=null; ..."
 *   usage  "10-03T01:00:00 bw 10 r=r1 region=x; ..."
 *   lines  "a/0 x2 10-01T00:00:00..10-02T00:00:00 86400s 0.36"
 *
 * Times are in 2026, UTC. r1, r2 ... are resources. */
#ifndef BILLOW_RATING_H
#define BILLOW_RATING_H

#include "unit.h"

#include "book/index.h"
#include "charge/charge.h"

static inline bl_dec rt_dec(struct bl_ctx *x, const char *text)
{
    bl_dec d = {0};
    CHECK(bl_dec_parse(x, bl_str_of(text), BL_DEC_QUANTITY, &d) == BL_OK, "%s: %s", text, x->why);
    return d;
}

static inline int64_t rt_us(struct bl_ctx *x, const char *text)
{
    char whole[64];
    int64_t us = 0;
    snprintf(whole, sizeof whole, "%s%sZ", strlen(text) > 5 && text[4] == '-' ? "" : "2026-", text);
    CHECK(bl_time_parse(x, bl_str_of(whole), &us) == BL_OK, "%s: %s", whole, x->why);
    return us;
}

static inline int64_t rt_s(struct bl_ctx *x, const char *text)
{
    return bl_floor_s(rt_us(x, text));
}

static inline const char *rt_shown_s(int64_t s, char at[40])
{
    char text[32];
    if (s == INT64_MAX)
        return "";
    bl_time_text_s(s, text);
    bool this_year = strncmp(text, "2026-", 5) == 0;
    snprintf(at, 40, "%.*s", (int)strlen(text) - (this_year ? 6 : 1), text + (this_year ? 5 : 0));
    return at;
}

static inline bl_uuid rt_uuid(const char *name)
{
    bl_uuid u = {{0}};
    int n = atoi(name + 1);
    u.b[0] = (uint8_t)(n >> 8);
    u.b[1] = (uint8_t)n;
    return u;
}

static inline struct bl_str rt_text(struct bl_ctx *x, const char *s)
{
    return bl_str_dup(&x->arena, bl_str_of(s));
}

/* ---- words: cuts "a b=c d; e" */
struct rt_cut {
    char *save, *text;
};

static inline char *rt_clause(struct bl_ctx *x, const char *all, struct rt_cut *c)
{
    if (c->text == NULL) {
        c->text = bl_alloc(&x->arena, strlen(all) + 1);
        memcpy(c->text, all, strlen(all) + 1);
        return strtok_r(c->text, ";", &c->save);
    }
    return strtok_r(NULL, ";", &c->save);
}

/* ---- books */
enum { RT_MAX = 12 };
struct rt_book {
    struct bl_book b;
    struct bl_sku sku[RT_MAX];
    struct bl_price price[RT_MAX][RT_MAX];
    struct bl_meter meter[RT_MAX];
    struct bl_meter_price mprice[RT_MAX][RT_MAX];
    struct bl_product product[RT_MAX];
    struct bl_currency currency;
};

static inline int rt_product(struct bl_ctx *x, struct rt_book *t, const char *name)
{
    for (size_t i = 0; i < t->b.n_product; i++)
        if (bl_str_is(t->product[i].name, name))
            return (int)i;
    t->product[t->b.n_product].name = rt_text(x, name);
    return (int)t->b.n_product++;
}

static inline int rt_meter_of(struct rt_book *t, const char *name)
{
    for (size_t i = 0; i < t->b.n_meter; i++)
        if (bl_str_is(t->meter[i].meter, name))
            return (int)i;
    return -1;
}

static inline void rt_sku_option(struct bl_ctx *x, struct rt_book *t, struct bl_sku *s, struct bl_price *p,
        const char *key, char *value)
{
    if (strcmp(key, "inc") == 0) {
        p->increment_s = (int32_t)atoi(value);
    } else if (strcmp(key, "min") == 0) {
        p->minimum_seconds = atoll(value);
    } else if (strcmp(key, "least") == 0) {
        p->minimum_amount = rt_dec(x, value);
    } else if (strcmp(key, "from") == 0) {
        p->from_s = rt_s(x, value);
    } else if (strcmp(key, "unit") == 0) {
        s->unit = rt_text(x, value);
    } else if (strcmp(key, "code") == 0) {
        s->civo_code = rt_text(x, value);
    } else if (strcmp(key, "product") == 0) {
        s->product = rt_product(x, t, value);
    } else if (strcmp(key, "allow") == 0) {
        char *colon = strchr(value, ':');
        *colon = '\0';
        int meter = rt_meter_of(t, value);
        CHECK(meter >= 0, "write the meter %s before who allows it", value);
        struct bl_allowance *a = bl_alloc_array(&x->arena, p->n_allowance + 1, sizeof *a);
        if (p->n_allowance > 0)
            memcpy(a, p->allowance, p->n_allowance * sizeof *a);
        a[p->n_allowance++] = (struct bl_allowance){meter, rt_dec(x, colon + 1)};
        p->allowance = a;
    } else {
        fail_msg("unknown option %s", key);
    }
}

static inline void rt_sku(struct bl_ctx *x, struct rt_book *t, char *clause)
{
    char *save, *word = strtok_r(clause, " ", &save);
    size_t i = 0;
    while (i < t->b.n_sku && !bl_str_is(t->sku[i].sku, word))
        i++;
    struct bl_sku *s = &t->sku[i];
    if (i == t->b.n_sku) {
        t->b.n_sku++;
        s->sku = rt_text(x, word);
        s->price = t->price[i];
        s->product = rt_product(x, t, "Droplets");
    }
    struct bl_price *p = &s->price[s->n_price++];
    p->increment_s = 1;
    char amount[64];
    long long per = 0, cap = 0;
    CHECK(sscanf(strtok_r(NULL, " ", &save), "%60[^/]/%lld/%lld", amount, &per, &cap) >= 2, "a price of %s",
            word);
    p->amount = rt_dec(x, amount);
    p->per_hours = per;
    p->cap_hours = cap;
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        char *eq = strchr(word, '=');
        *eq = '\0';
        rt_sku_option(x, t, s, p, word, eq + 1);
    }
}

static inline void rt_tiers(struct bl_ctx *x, struct bl_meter_price *p, enum bl_model model, char *text)
{
    p->model = model;
    p->tier = bl_alloc_array(&x->arena, 8, sizeof *p->tier);
    char *save;
    for (char *w = strtok_r(text, ",", &save); w != NULL; w = strtok_r(NULL, ",", &save)) {
        struct bl_tier *t = &p->tier[p->n_tier++];
        char *at = strchr(w, '@');
        *at = '\0';
        t->open = w[0] == '\0';
        if (!t->open)
            t->up_to = rt_dec(x, w);
        t->amount = rt_dec(x, at + 1);
    }
}

static inline void rt_meter(struct bl_ctx *x, struct rt_book *t, char *clause)
{
    static const char *const aggregates[] = {"sum", "max", "last", "count", "unique"};
    char *save, *word = strtok_r(clause + 1, " ", &save);
    int i = rt_meter_of(t, word);
    if (i < 0) {
        i = (int)t->b.n_meter++;
        t->meter[i].meter = rt_text(x, word);
        t->meter[i].price = t->mprice[i];
        t->meter[i].product = rt_product(x, t, "Usage");
    }
    struct bl_meter *m = &t->meter[i];
    struct bl_meter_price *p = &m->price[m->n_price++];
    p->per = (bl_dec){BL_DEC_ONE};
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        char *eq = strchr(word, '='), *value = eq ? eq + 1 : NULL;
        if (eq)
            *eq = '\0';
        for (size_t k = 0; k < BL_COUNT(aggregates); k++)
            if (strcmp(word, aggregates[k]) == 0)
                m->aggregate = (enum bl_aggregate)k;
        if (strcmp(word, "overages") == 0)
            m->overages = true;
        else if (strcmp(word, "each") == 0)
            m->by_resource = true;
        else if (strcmp(word, "product") == 0)
            m->product = rt_product(x, t, value);
        else if (strcmp(word, "from") == 0)
            p->from_s = rt_s(x, value);
        else if (strcmp(word, "per") == 0)
            p->per = rt_dec(x, value);
        else if (strcmp(word, "unit") == 0 || strcmp(word, "package") == 0) {
            p->model = word[0] == 'u' ? BL_MODEL_UNIT : BL_MODEL_PACKAGE;
            p->amount = rt_dec(x, value);
        } else if (strcmp(word, "graduated") == 0 || strcmp(word, "volume") == 0)
            rt_tiers(x, p, word[0] == 'g' ? BL_MODEL_GRADUATED : BL_MODEL_VOLUME, value);
    }
}

static inline void rt_index(struct bl_ctx *x, struct bl_book *b)
{
    struct index sku, meter;
    size_t twin[2];
    CHECK(index_make(
                  &x->arena, b->index_key, &(struct names){b->sku, sizeof *b->sku, b->n_sku}, &sku, twin) &&
                    index_make(&x->arena, b->index_key,
                            &(struct names){b->meter, sizeof *b->meter, b->n_meter}, &meter, twin),
            "names differ");
    b->sku_index = sku.slot;
    b->n_sku_index = sku.n_slot;
    b->meter_index = meter.slot;
    b->n_meter_index = meter.n_slot;
}

static inline struct bl_book *rt_book(struct bl_ctx *x, const char *text)
{
    struct rt_book *t = bl_alloc(&x->arena, sizeof *t);
    t->b.sku = t->sku;
    t->b.meter = t->meter;
    t->b.product = t->product;
    t->currency = (struct bl_currency){"USD", 2};
    t->b.currency = &t->currency;
    struct rt_cut c = {0};
    for (char *w; (w = rt_clause(x, text, &c)) != NULL;) {
        w += strspn(w, " ");
        if (w[0] == '@')
            rt_meter(x, t, w);
        else if (w[0] != '\0')
            rt_sku(x, t, w);
    }
    rt_index(x, &t->b);
    return &t->b;
}

/* ---- facts */
struct rt_facts {
    struct bl_fact *at;
    size_t n, cap;
};

static inline void rt_field(struct bl_ctx *x, struct bl_fact *f, const char *key, const char *value)
{
    static const struct {
        const char *key;
        enum bl_field field;
    } known[] = {{"kind", BL_F_KIND}, {"sku", BL_F_SKU}, {"region", BL_F_REGION}, {"name", BL_F_NAME},
            {"project", BL_F_PROJECT}, {"group", BL_F_GROUP}, {"tags", BL_F_TAGS}};
    bool null = strcmp(value, "null") == 0;
    for (size_t i = 0; i < BL_COUNT(known); i++)
        if (strcmp(key, known[i].key) == 0) {
            if (null)
                f->reset |= 1u << known[i].field;
            else
                f->field[known[i].field] = rt_text(x, value);
            return;
        }
    if (strcmp(key, "quantity") == 0) {
        f->has_quantity = !null;
        f->reset_quantity = null;
        if (!null)
            f->quantity = rt_dec(x, value);
    } else if (strcmp(key, "number") == 0) {
        f->has_resource_id = !null;
        f->reset_resource_id = null;
        f->resource_id = null ? 0 : atoll(value);
    } else if (strcmp(key, "source") == 0) {
        f->source = rt_text(x, value);
    } else if (strcmp(key, "id") == 0) {
        f->id = rt_text(x, value);
    } else {
        fail_msg("unknown field %s", key);
    }
}

static inline struct bl_fact rt_fact(struct bl_ctx *x, char *clause, size_t n)
{
    struct bl_fact f = {.has_resource = true, .source = BL_STR("s")};
    f.id = bl_str_printf(&x->arena, "%06zu", n);
    char *save, *word = strtok_r(clause, " ", &save);
    f.time_us = rt_us(x, word);
    word = strtok_r(NULL, " ", &save);
    f.type = word[0] == 'd' ? BL_FACT_DELETE : word[1] == 'r' ? BL_FACT_CREATE : BL_FACT_CHANGE;
    f.resource = rt_uuid(strtok_r(NULL, " ", &save));
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        char *eq = strchr(word, '=');
        *eq = '\0';
        rt_field(x, &f, word, eq + 1);
    }
    return f;
}

static inline struct rt_facts rt_facts(struct bl_ctx *x, const char *text)
{
    struct rt_facts v = {0};
    struct rt_cut c = {0};
    for (char *w; (w = rt_clause(x, text, &c)) != NULL;)
        if (w[strspn(w, " ")] != '\0') {
            struct bl_fact f = rt_fact(x, w, v.n);
            *BL_PUSH(&x->arena, v) = f;
        }
    return v;
}

static inline struct bl_lives rt_lives(struct bl_ctx *x, const char *text)
{
    struct rt_facts v = rt_facts(x, text);
    struct bl_lives l = {0};
    CHECK(bl_lives_fold(x, NULL, v.at, v.n, &l) == BL_OK, "%s", x->why);
    return l;
}

/* ---- usage: one total per (meter, resource, day), facts in the order of their times */
struct rt_usage {
    struct bl_usage_total *at;
    size_t n, cap;
};

static inline void rt_count(struct bl_ctx *x, struct rt_usage *u, char *clause, size_t n)
{
    char *save, *time = strtok_r(clause, " ", &save), *meter = strtok_r(NULL, " ", &save),
                *quantity = strtok_r(NULL, " ", &save), *word;
    struct bl_usage_total t = {.meter = rt_text(x, meter), .count = 1, .first_us = rt_us(x, time)};
    t.day = bl_day_of_s(bl_floor_s(t.first_us));
    t.sum = t.max = rt_dec(x, quantity);
    t.last = (struct bl_usage_mark){
            .time_us = t.first_us, .source = BL_STR("s"), .id = bl_str_printf(&x->arena, "%06zu", n)};
    t.last.quantity = t.sum;
    while ((word = strtok_r(NULL, " ", &save)) != NULL) {
        char *eq = strchr(word, '=');
        *eq = '\0';
        if (strcmp(word, "r") == 0) {
            t.has_resource = true;
            t.resource = rt_uuid(eq + 1);
        } else if (strcmp(word, "region") == 0) {
            t.last.region = rt_text(x, eq + 1);
        } else if (strcmp(word, "project") == 0) {
            t.last.project = rt_text(x, eq + 1);
        } else if (strcmp(word, "value") == 0) {
            t.values = bl_alloc(&x->arena, sizeof *t.values);
            t.values[0] = rt_text(x, eq + 1);
            t.n_values = 1;
        }
    }
    *BL_PUSH(&x->arena, *u) = t;
}

/* Each fact is a total of its own: totals merge, and rating must merge them. */
static inline struct rt_usage rt_usage(struct bl_ctx *x, const char *text)
{
    struct rt_usage v = {0};
    struct rt_cut c = {0};
    for (char *w; (w = rt_clause(x, text, &c)) != NULL;)
        if (w[strspn(w, " ")] != '\0')
            rt_count(x, &v, w, v.n);
    return v;
}

/* ---- as text */
static inline void rt_show_line(struct bl_buf *out, const struct bl_book *b, const struct bl_line *l)
{
    char quantity[64], amount[32], from[40], to[40];
    bl_dec_text(l->quantity, quantity);
    bl_amount_text(l->amount, b->currency->digits, amount);
    struct bl_str name = l->meter >= 0 ? b->meter[l->meter].meter : b->sku[l->sku].sku;
    bl_buf_printf(out, "%s%.*s/%d", out->n ? "; " : "", BL_FMT(name), l->version);
    if (l->meter >= 0 && l->has_resource)
        bl_buf_printf(out, " r%d", l->resource.b[0] << 8 | l->resource.b[1]);
    bl_buf_printf(out, " x%s", quantity);
    const struct bl_str more[] = {l->region, l->project, l->group};
    for (size_t i = 0; i < BL_COUNT(more); i++)
        if (bl_is(more[i]))
            bl_buf_printf(out, " %.*s", BL_FMT(more[i]));
    if (l->meter < 0)
        bl_buf_printf(out, " %s..%s %llds", rt_shown_s(l->start_s, from), rt_shown_s(l->end_s, to),
                (long long)l->seconds);
    else if (l->allowed.pico != 0)
        bl_buf_printf(out, " -%s", (bl_dec_text(l->allowed, quantity), quantity));
    bl_buf_printf(out, " %s", amount);
}

static inline const char *rt_show(struct bl_ctx *x, const struct bl_book *b, const struct bl_lines *l)
{
    struct bl_buf out = {0};
    for (size_t i = 0; i < l->n; i++)
        rt_show_line(&out, b, &l->line[i]);
    struct bl_str s = bl_str_dup(&x->arena, bl_buf_view(&out));
    bl_buf_release(&out);
    return s.n ? s.p : "";
}

#endif
