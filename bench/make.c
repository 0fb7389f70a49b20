/* Events from numbers: a number is mixed well and its bits choose. See make.h. */
#include "make.h"

#include <stdio.h>
#include <string.h>

static const char *const meters[] = {"bandwidth_out", "api_requests"};
static const char *const regions[] = {"fra1", "nyc3", "lon1"};
static const char *const skus[] = {"s-1vcpu-1gb", "s-2vcpu-4gb", "s-4vcpu-8gb"};

uint64_t make_mix(uint64_t n)
{
    n ^= n >> 33;
    n *= 0xff51afd7ed558ccdu;
    n ^= n >> 33;
    n *= 0xc4ceb9fe1a85ec53u;
    return n ^ n >> 33;
}

static bl_uuid uuid_of(uint64_t n, uint64_t kind)
{
    bl_uuid u;
    uint64_t a = make_mix(n * 2 + 1 + (kind << 48)), b = make_mix(a ^ kind);
    memcpy(u.b, &a, 8);
    memcpy(u.b + 8, &b, 8);
    return u;
}

bl_uuid make_account(uint64_t n)
{
    return uuid_of(n, 1);
}

void make_token(uint64_t n, char ret[72])
{
    uint8_t secret[32];
    for (uint64_t i = 0; i < 4; i++) {
        uint64_t part = make_mix(n * 4 + i + 77);
        memcpy(secret + 8 * i, &part, 8);
    }
    memcpy(ret, "dop_v1_", 7);
    bl_hex(secret, sizeof secret, ret + 7);
}

/* ---- events */

#define STEP_US 160000 /* ten million go through 18.5 days */
#define DAYS_US (19 * BL_DAY_S * BL_US)

struct event {
    uint64_t n, bits;
    int64_t time_us;
    char account[37], resource[37];
    bool life, has_resource;
    int verb; /* of a life: 0 create, 1 and 2 change, 3 delete */
    const char *region, *name;
};
static const char *const verbs[] = {"create", "change", "change", "delete"};

static void event_of(uint64_t i, uint32_t accounts, struct event *e)
{
    if (i % 100 == 99) { /* again one that was */
        i = make_mix(i) % i;
        i -= i % 100 == 99;
    }
    uint64_t r = make_mix(i + 1), who = (r >> 8) % accounts;
    int64_t start_us = bl_period_start_s(MAKE_MONTH) * BL_US;
    *e = (struct event){.n = i,
            .bits = r,
            .time_us = start_us + (int64_t)(i * STEP_US % DAYS_US) + (int64_t)(r % 1000000),
            .life = i % 10 == 0,
            .region = regions[r % 3]};
    if (e->life) { /* four of them in a row are one resource's */
        uint64_t group = i / 40;
        who = make_mix(group + 5) % accounts;
        e->verb = (int)(i / 10 % 4);
        e->has_resource = true;
        bl_uuid_text(uuid_of(group, 2), e->resource);
    } else if ((r >> 41) % 2) {
        e->has_resource = true;
        bl_uuid_text(uuid_of(who * 16 + (r >> 43) % 10, 3), e->resource);
    }
    bl_uuid_text(make_account(who), e->account);
}

size_t make_event(uint64_t i, uint32_t accounts, char *to)
{
    struct event e;
    char time[40], *p = to;
    event_of(i, accounts, &e);
    bl_time_text(e.time_us, time);
    p += sprintf(p,
            "{\"specversion\":\"1.0\",\"id\":\"evt-%016llx\",\"source\":\"/meters/%s\",\"type\":\"%s%s\","
            "\"subject\":\"do:team:%s\",\"time\":\"%s\",\"data\":{",
            (unsigned long long)e.bits, e.region, e.life ? "resource." : "usage", e.life ? verbs[e.verb] : "",
            e.account, time);
    if (e.has_resource)
        p += sprintf(p, "\"resource\":\"%s\",", e.resource);
    if (!e.life)
        p += sprintf(p, "\"meter\":\"%s\",\"quantity\":\"%llu.%03llu\",\"region\":\"%s\"",
                meters[(e.bits >> 40) % 2], (unsigned long long)(e.bits >> 44) % 1000,
                (unsigned long long)(e.bits >> 20) % 1000, e.region);
    else if (e.verb < 3)
        p += sprintf(p, "\"kind\":\"droplet\",\"sku\":\"%s\",\"name\":\"web-%llu\",\"region\":\"%s\"",
                skus[(e.bits >> 44) % 3], (unsigned long long)e.n / 40, e.region);
    else
        p--; /* the comma */
    p += sprintf(p, "}}\n");
    return (size_t)(p - to);
}

size_t make_event_row(uint64_t i, uint32_t accounts, char *to)
{
    struct event e;
    char time[40], quantity[32] = "\\N", name[32] = "\\N";
    event_of(i, accounts, &e);
    bl_time_text(e.time_us, time);
    bool named = e.life && e.verb < 3;
    if (!e.life)
        snprintf(quantity, sizeof quantity, "%llu.%03llu", (unsigned long long)(e.bits >> 44) % 1000,
                (unsigned long long)(e.bits >> 20) % 1000);
    if (named)
        snprintf(name, sizeof name, "web-%llu", (unsigned long long)e.n / 40);
    return (size_t)sprintf(to, "%s\t/meters/%s\tevt-%016llx\t%s%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.account,
            e.region, (unsigned long long)e.bits, e.life ? "resource." : "usage", e.life ? verbs[e.verb] : "",
            time, e.has_resource ? e.resource : "\\N", e.life ? "\\N" : meters[(e.bits >> 40) % 2], quantity,
            named ? skus[(e.bits >> 44) % 3] : "\\N", name, e.life && e.verb == 3 ? "\\N" : e.region);
}

/* ---- lives within a month */

struct life {
    char account[37], resource[37];
    int64_t from_s, to_s;
    bool ends;
    const char *sku;
};

static void life_of(uint64_t a, uint64_t r, bl_period period, bool settled, struct life *l)
{
    uint64_t bits = make_mix(a * 5000 + r + 1);
    int64_t start_s = bl_period_start_s(period), end_s = bl_period_start_s(period + 1);
    int64_t first_s = end_s - start_s - 8 * BL_DAY_S;
    bl_uuid_text(make_account(a), l->account);
    bl_uuid_text(uuid_of(a * 5000 + r, 4), l->resource);
    l->sku = skus[bits % 3];
    l->from_s = start_s + (int64_t)((bits >> 8) % (uint64_t)(settled ? BL_DAY_S : first_s));
    l->ends = !settled && (bits >> 40) % 2;
    l->to_s = l->ends ? l->from_s + 60 + (int64_t)((bits >> 44) % (uint64_t)(7 * BL_DAY_S)) : end_s;
}

static size_t life_event(const struct life *l, uint64_t r, bool end, char *to)
{
    char time[40], *p = to;
    bl_time_text((end ? l->to_s : l->from_s) * BL_US, time);
    p += sprintf(p,
            "{\"specversion\":\"1.0\",\"id\":\"%s-%d\",\"source\":\"/cloud\",\"type\":\"resource.%s\","
            "\"subject\":\"do:team:%s\",\"time\":\"%s\",\"data\":{\"resource\":\"%s\"",
            l->resource, end, end ? "delete" : "create", l->account, time, l->resource);
    if (!end)
        p += sprintf(p, ",\"kind\":\"droplet\",\"sku\":\"%s\",\"name\":\"web-%llu\",\"region\":\"fra1\"",
                l->sku, (unsigned long long)r);
    return (size_t)(p - to) + (size_t)sprintf(p, "}}\n");
}

size_t make_life(uint64_t a, uint64_t r, bl_period period, bool settled, char *to)
{
    struct life l;
    life_of(a, r, period, settled, &l);
    size_t n = life_event(&l, r, false, to);
    return l.ends ? n + life_event(&l, r, true, to + n) : n;
}

size_t make_life_row(uint64_t a, uint64_t r, bl_period period, char *to)
{
    struct life l;
    char from[40], until[40];
    life_of(a, r, period, false, &l);
    bl_time_text(l.from_s * BL_US, from);
    bl_time_text(l.to_s * BL_US, until);
    return (size_t)sprintf(to, "%s\t%s\tweb-%llu\t%s\t%s\t%s\n", l.account, l.resource, (unsigned long long)r,
            l.sku, from, until);
}
