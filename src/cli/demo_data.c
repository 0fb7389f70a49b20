/* The worked example's world: seven customers, their machines, and what these used, made from tables and a
 * fixed seed. An event is written only when its time lies in the window asked for, so that the story can be
 * told month by month. */
#include "cli/demo.h"

#include <stdio.h>
#include <string.h>

#include "cal/cal.h"
#include "json/json.h"

#define FLEET 2950 /* resources of the large customer, besides those of the table */
#define MINUTE_US (60 * BL_US)
#define HOUR_US (BL_HOUR_S * BL_US)
#define DAY_US (BL_DAY_S * BL_US)

const struct demo_customer demo_customers[DEMO_COUNT] = {
        [DEMO_SAMMY] = {"0a6b1c02-5d3e-4f81-9c27-3b8d5e7f9a10", "Sammy Shark", "Ocean Goods Inc.",
                "sammy@ocean-goods.example", NULL, NULL, "101 Avenue of the Americas", "New York", "NY",
                "10013", "US", false, true},
        [DEMO_GRUENWALD] = {"1b7c2d13-6e4f-4092-8d38-4c9e6f8a0b21", "Jürgen Groß",
                "Grünwald Datentechnik GmbH", "rechnung@gruenwald.example", "DE811907980", "Europe/Berlin",
                "Lindenstraße 12", "Köln", NULL, "50674", "DE", false, true},
        [DEMO_ANNA] = {"2c8d3e24-7f50-41a3-9e49-5daf709b1c32", "Анна Калниня", NULL, "anna@kalnina.example",
                NULL, "Europe/Riga", "Brīvības iela 55", "Rīga", NULL, "LV-1010", "LV", false, false},
        [DEMO_ATHENA] = {"3d9e4f35-8061-42b4-af5a-6eb081ac2d43", "Ελένη Παπαδοπούλου", "Αθηνά Λογισμικό Α.Ε.",
                "billing@athena.example", "EL094259216", "Europe/Athens", "Ερμού 18", "Αθήνα", NULL, "105 63",
                "GR", false, false},
        [DEMO_SHINONOME] = {"4eaf5046-9172-43c5-b06b-7fc192bd3e54", "東雲 健一", "東雲クラウド株式会社",
                "keiri@shinonome.example", "T1234567890123", "Asia/Tokyo", "千代田区丸の内1-9-1", "東京都",
                NULL, "100-0005", "JP", false, false},
        [DEMO_NOOR] = {"5fb06157-a283-44d6-817c-80d2a3ce4f65", "ليلى حداد", "شركة النور للتقنية",
                "accounts@noor.example", NULL, "Asia/Dubai", "شارع الشيخ زايد", "دبي", NULL, NULL, "AE",
                false, false},
        [DEMO_HARBOUR] = {"60c17268-b394-45e7-928d-91e3b4df5076", "Harbour & Vale", "Harbour & Vale Ltd",
                "accounts@harbour-vale.example", "GB123456789", "Europe/London", "5 Quay Street", "Bristol",
                NULL, "BS1 4DA", "GB", true, false},
};

/* ---- lives told by hand */

struct story {
    enum demo_who who;
    const char *kind, *name, *sku, *quantity, *region, *project;
    const char *from, *to;                          /* to NULL: still there */
    const char *change_at, *change_key, *change_to; /* one change, when not NULL */
};
static const struct story stories[] = {
        {DEMO_SAMMY, "droplet", "web-1", "s-2vcpu-4gb", NULL, "nyc3", "shop", "2026-01-03T09:12:44Z", NULL,
                NULL, NULL, NULL},
        {DEMO_SAMMY, "droplet", "web-2", "s-1vcpu-1gb", NULL, "nyc3", "shop", "2026-01-03T09:14:02Z", NULL,
                "2026-02-10T16:00:00Z", "sku", "s-2vcpu-4gb"},
        {DEMO_SAMMY, "droplet", "old-worker", "s-1vcpu-2gb", NULL, "nyc1", "shop", "2026-01-01T00:00:00Z",
                NULL, NULL, NULL, NULL},
        {DEMO_SAMMY, "droplet", "try-out", "s-8vcpu-16gb", NULL, "nyc3", "lab", "2026-01-21T13:05:00Z",
                "2026-01-21T16:20:31Z", NULL, NULL, NULL},
        {DEMO_SAMMY, "volume", "shop-data", "volume", "100", "nyc3", "shop", "2026-01-03T09:20:00Z", NULL,
                "2026-03-05T08:00:00Z", "quantity", "250"},
        {DEMO_SAMMY, "load_balancer", "shop-lb", "lb-small", "1", "nyc3", "shop", "2026-01-04T10:00:00Z",
                NULL, "2026-03-20T00:00:00Z", "quantity", "2"},
        {DEMO_SAMMY, "database", "shop-db", "db-s-1vcpu-2gb", NULL, "nyc3", "shop", "2026-01-03T10:00:00Z",
                NULL, NULL, NULL, NULL},
        {DEMO_SAMMY, "snapshot", "web-1-before-upgrade", "droplet-snapshot", "42.5", "nyc3", "shop",
                "2026-02-10T15:40:00Z", "2026-03-10T15:40:00Z", NULL, NULL, NULL},
        {DEMO_SAMMY, "ip", "203.0.113.9", "floating-ip", NULL, "nyc3", "shop", "2026-02-02T00:00:00Z",
                "2026-02-04T07:30:00Z", NULL, NULL, NULL},
        {DEMO_SAMMY, "app", "landing", "apps-s-1vcpu-1gb", NULL, "nyc1", "lab", "2026-03-18T11:00:00Z", NULL,
                NULL, NULL, NULL},
        {DEMO_GRUENWALD, "droplet", "bau-01", "c-2", NULL, "fra1", "Übersetzer", "2026-01-07T06:00:00Z", NULL,
                NULL, NULL, NULL},
        {DEMO_GRUENWALD, "droplet", "bau-02", "c-2", NULL, "fra1", "Übersetzer", "2026-01-07T06:00:30Z",
                "2026-03-14T18:00:00Z", NULL, NULL, NULL},
        {DEMO_GRUENWALD, "spaces", "ablage", "spaces", NULL, "fra1", "Archiv", "2026-01-08T08:00:00Z", NULL,
                NULL, NULL, NULL},
        {DEMO_GRUENWALD, "support", "Support", "support-standard", NULL, NULL, NULL, "2026-02-01T00:00:00Z",
                NULL, NULL, NULL, NULL},
        {DEMO_ANNA, "droplet", "блог", "s-1vcpu-512mb-10gb", NULL, "ams3", NULL, "2026-01-15T19:30:00Z", NULL,
                NULL, NULL, NULL},
        {DEMO_ANNA, "volume", "фото", "volume", "50", "ams3", NULL, "2026-02-20T20:00:00Z", NULL, NULL, NULL,
                NULL},
        {DEMO_ATHENA, "droplet", "εφαρμογή-1", "g-2vcpu-8gb", NULL, "fra1", "παραγωγή",
                "2026-01-10T05:00:00Z", NULL, "2026-03-01T00:00:00Z", "project", "ανάπτυξη"},
        {DEMO_ATHENA, "kubernetes", "συστάδα", "k8s-control-plane-ha", NULL, "fra1", "παραγωγή",
                "2026-02-03T09:00:00Z", NULL, NULL, NULL, NULL},
        {DEMO_ATHENA, "kubernetes_node", "κόμβος-a", "k8s-node-s-2vcpu-4gb", NULL, "fra1", "παραγωγή",
                "2026-02-03T09:05:00Z", NULL, NULL, NULL, NULL},
        {DEMO_ATHENA, "kubernetes_node", "κόμβος-b", "k8s-node-s-2vcpu-4gb", NULL, "fra1", "παραγωγή",
                "2026-02-03T09:05:00Z", "2026-03-28T12:00:00Z", NULL, NULL, NULL},
        {DEMO_SHINONOME, "gpu_droplet", "学習-1", "gpu-h100x1-80gb", NULL, "sgp1", "研究",
                "2026-02-16T00:00:00Z", "2026-02-18T11:42:00Z", NULL, NULL, NULL},
        {DEMO_SHINONOME, "inference", "要約", NULL, NULL, "sgp1", "研究", "2026-01-05T00:00:00Z", NULL, NULL,
                NULL, NULL},
        {DEMO_NOOR, "droplet", "خادم-1", "s-4vcpu-8gb", NULL, "blr1", "متجر", "2026-03-02T04:00:00Z", NULL,
                NULL, NULL, NULL},
        {DEMO_NOOR, "registry", "مستودع", "registry-basic", NULL, "blr1", "متجر", "2026-03-02T04:10:00Z",
                NULL, NULL, NULL, NULL},
        {DEMO_HARBOUR, "instance", "vale-web", "g3.small", NULL, "lon1", NULL, "2026-01-06T08:00:00Z", NULL,
                "2026-03-12T09:30:00Z", "sku", "g3.medium"},
        {DEMO_HARBOUR, "instance", "vale-batch", "g3.large", NULL, "lon1", NULL, "2026-03-29T00:10:00Z",
                "2026-03-29T02:40:00Z", NULL, NULL, NULL},
        {DEMO_HARBOUR, "volume", "vale-data", "volume", "10", "lon1", NULL, "2026-01-06T08:05:00Z", NULL,
                NULL, NULL, NULL},
        {DEMO_HARBOUR, "ip", "vale-ip", "floating-ip", NULL, "lon1", NULL, "2026-01-06T08:06:00Z", NULL, NULL,
                NULL, NULL},
        {DEMO_HARBOUR, "snapshot", "vale-friday", "volume-snapshot", "10", "lon1", NULL,
                "2026-03-06T18:00:00Z", NULL, NULL, NULL, NULL},
};

/* ---- what is counted, day by day */

struct count {
    enum demo_who who;
    const char *meter, *resource; /* resource: a name of the table; NULL: none */
    uint64_t least, spread;       /* of each report */
    int a_day;                    /* reports */
    const char *value;            /* of what is counted by its value; the number of the report follows it */
};
static const struct count counts[] = {
        {DEMO_SAMMY, "bandwidth_out", NULL, 260, 120, 1, NULL},
        {DEMO_SAMMY, "uptime_checks", NULL, 1, 0, 3, "check"},
        {DEMO_GRUENWALD, "bandwidth_out", NULL, 20, 30, 1, NULL},
        {DEMO_GRUENWALD, "spaces_storage", NULL, 9, 4, 1, NULL},
        {DEMO_GRUENWALD, "api_requests", NULL, 40000, 90000, 24, NULL},
        {DEMO_ATHENA, "bandwidth_out", NULL, 60, 200, 1, NULL},
        {DEMO_ATHENA, "support_seats", NULL, 2, 3, 1, NULL},
        {DEMO_SHINONOME, "bandwidth_out", NULL, 90000, 900000, 1, NULL},
        {DEMO_SHINONOME, "api_requests", NULL, 100000, 150000, 24, NULL},
        {DEMO_SHINONOME, "inference_tokens", "要約", 800000, 900000, 4, NULL},
        {DEMO_SHINONOME, "alert_messages", NULL, 1, 0, 40, NULL},
        {DEMO_NOOR, "registry_storage", NULL, 3, 6, 1, NULL},
};

/* ---- writing events */

struct pen {
    struct bl_buf *b;
    int64_t from_us, to_us;
    size_t n;
};

static uint64_t mix(uint64_t v) /* splitmix64's step: the same dice on every machine */
{
    v += 0x9e3779b97f4a7c15u;
    v = (v ^ (v >> 30)) * 0xbf58476d1ce4e5b9u;
    v = (v ^ (v >> 27)) * 0x94d049bb133111ebu;
    return v ^ (v >> 31);
}

static int64_t instant(const char *text)
{
    struct bl_civil t = {0};
    sscanf(text, "%d-%d-%dT%d:%d:%dZ", &t.year, &t.month, &t.day, &t.hour, &t.minute, &t.second);
    return bl_civil_us(t);
}

static void uuid_of(enum demo_who who, const char *name, char ret[37])
{
    uint8_t h[32];
    bl_uuid u;
    struct bl_sha256 s;
    bl_sha256_begin(&s);
    bl_sha256_add(&s, demo_customers[who].uuid, 36);
    bl_sha256_add(&s, name, strlen(name));
    bl_sha256_end(&s, h);
    memcpy(u.b, h, sizeof u.b);
    u.b[6] = (uint8_t)((u.b[6] & 0x0f) | 0x80);
    u.b[8] = (uint8_t)((u.b[8] & 0x3f) | 0x80);
    bl_uuid_text(u, ret);
}

/* Opens an event whose `data` waits for its members; false: its time is not in the window. */
static bool event_begin(struct pen *p, struct bl_jw *j, enum demo_who who, const char *source, const char *id,
        const char *type, int64_t at_us)
{
    char text[64];
    if (at_us < p->from_us || at_us >= p->to_us)
        return false;
    bl_jw_init(j, p->b);
    bl_jw_begin_object(j);
    bl_jw_kz(j, "specversion", "1.0");
    bl_jw_kz(j, "id", id);
    bl_jw_kz(j, "source", source);
    bl_jw_kz(j, "type", type);
    snprintf(text, sizeof text, BL_URN_TEAM "%s", demo_customers[who].uuid);
    bl_jw_kz(j, "subject", text);
    bl_time_text(at_us, text);
    bl_jw_kz(j, "time", text);
    bl_jw_key(j, "data");
    bl_jw_begin_object(j);
    return true;
}

static void event_end(struct pen *p, struct bl_jw *j)
{
    bl_jw_end_object(j);
    bl_jw_end_object(j);
    bl_buf_byte(p->b, '\n');
    p->n++;
}

static void put(struct bl_jw *j, const char *key, const char *value)
{
    if (value)
        bl_jw_kz(j, key, value);
}

static void life_create(struct pen *p, const struct story *s, int64_t at_us)
{
    char uuid[37], id[64];
    struct bl_jw j;
    uuid_of(s->who, s->name, uuid);
    snprintf(id, sizeof id, "%s-create", uuid);
    if (!event_begin(p, &j, s->who, "demo/compute", id, "resource.create", at_us))
        return;
    bl_jw_kz(&j, "resource", uuid);
    put(&j, "kind", s->kind);
    put(&j, "sku", s->sku);
    put(&j, "quantity", s->quantity);
    put(&j, "region", s->region);
    put(&j, "name", s->name);
    put(&j, "project", s->project);
    event_end(p, &j);
}

static void life_change(struct pen *p, const struct story *s, int64_t at_us)
{
    char uuid[37], id[64];
    struct bl_jw j;
    uuid_of(s->who, s->name, uuid);
    snprintf(id, sizeof id, "%s-change", uuid);
    if (!event_begin(p, &j, s->who, "demo/compute", id, "resource.change", at_us))
        return;
    bl_jw_kz(&j, "resource", uuid);
    put(&j, s->change_key, s->change_to);
    event_end(p, &j);
}

static void life_delete(struct pen *p, enum demo_who who, const char *name, int64_t at_us)
{
    char uuid[37], id[64];
    struct bl_jw j;
    uuid_of(who, name, uuid);
    snprintf(id, sizeof id, "%s-delete", uuid);
    if (!event_begin(p, &j, who, "demo/compute", id, "resource.delete", at_us))
        return;
    bl_jw_kz(&j, "resource", uuid);
    event_end(p, &j);
}

static void tell(struct pen *p, const struct story *s)
{
    life_create(p, s, instant(s->from));
    if (s->change_at)
        life_change(p, s, instant(s->change_at));
    if (s->to)
        life_delete(p, s->who, s->name, instant(s->to));
}

/* ---- the large customer's fleet: machine i is what the dice say */

static void fleet_one(struct pen *p, unsigned i, int64_t first_us)
{
    static const char *const droplets[] = {
            "s-1vcpu-1gb", "s-1vcpu-2gb", "s-2vcpu-2gb", "s-2vcpu-4gb", "s-4vcpu-8gb", "c-2"};
    static const char *const projects[] = {"研究", "決済", "配信", "社内", "試験"};
    static const char *const regions[] = {"sgp1", "blr1", "syd1"};
    uint64_t dice = mix(i), more = mix(dice);
    char name[32], quantity[24];
    snprintf(name, sizeof name, "node-%04u", i);
    snprintf(quantity, sizeof quantity, "%u", 10 + (unsigned)(more % 49) * 10);
    struct story s = {.who = DEMO_SHINONOME,
            .kind = "droplet",
            .name = name,
            .region = regions[dice / 7 % 3],
            .project = projects[dice / 11 % 5],
            .sku = droplets[dice / 13 % BL_COUNT(droplets)]};
    if (i % 10 == 7)
        s.kind = s.sku = "volume", s.quantity = quantity;
    else if (i % 10 == 8)
        s.kind = "snapshot", s.sku = "droplet-snapshot", s.quantity = quantity;
    else if (i % 100 == 9)
        s.kind = "database", s.sku = "db-s-2vcpu-4gb";
    int64_t born_us = first_us + (int64_t)(dice % (85 * 86400)) * BL_US;
    life_create(p, &s, born_us);
    if (i % 10 < 7 && more % 5 == 0) {
        s.change_key = "sku";
        s.change_to = droplets[more / 5 % BL_COUNT(droplets)];
        life_change(p, &s, born_us + (int64_t)(more / 31 % 240) * HOUR_US + HOUR_US);
    }
    if (more % 5 > 1)
        life_delete(p, s.who, name,
                born_us + (int64_t)(more / 37 % (60 * 86400)) * BL_US + 20 * MINUTE_US + 250 * HOUR_US);
}

static void count_day(struct pen *p, const struct count *u, size_t row, int64_t day_us)
{
    struct bl_jw j;
    char id[64], text[37];
    for (int i = 0; i < u->a_day; i++) {
        int64_t at_us = day_us + (i + 1) * (DAY_US / u->a_day) - MINUTE_US;
        uint64_t dice = mix(((uint64_t)(day_us / DAY_US) << 20) + row * 1000 + (uint64_t)i);
        snprintf(id, sizeof id, "%zu-%lld-%d", row, (long long)(day_us / DAY_US), i);
        if (!event_begin(p, &j, u->who, "demo/meter", id, "usage", at_us))
            continue;
        bl_jw_kz(&j, "meter", u->meter);
        snprintf(text, sizeof text, "%llu",
                (unsigned long long)(u->least + (u->spread ? dice % u->spread : 0)));
        bl_jw_kz(&j, "quantity", text);
        if (u->resource) {
            uuid_of(u->who, u->resource, text);
            bl_jw_kz(&j, "resource", text);
        }
        if (u->value) {
            snprintf(text, sizeof text, "%s-%d", u->value, i);
            bl_jw_kz(&j, "value", text);
        }
        event_end(p, &j);
    }
}

size_t demo_events(int64_t from_us, int64_t to_us, struct bl_buf *ret)
{
    struct pen p = {ret, from_us, to_us, 0};
    int64_t first_us = instant("2026-01-01T00:00:00Z");
    for (size_t i = 0; i < BL_COUNT(stories); i++)
        tell(&p, &stories[i]);
    for (unsigned i = 0; i < FLEET; i++)
        fleet_one(&p, i, first_us);
    for (int64_t day_us = first_us; day_us < to_us; day_us += DAY_US)
        for (size_t i = 0; i < BL_COUNT(counts) && day_us + DAY_US > from_us; i++)
            count_day(&p, &counts[i], i, day_us);
    return p.n;
}

void demo_odd_events(struct bl_buf *ret)
{
    struct pen p = {ret, INT64_MIN, INT64_MAX, 0};
    struct bl_jw j;
    /* Late: January is closed when its end is reported. */
    life_delete(&p, DEMO_SAMMY, "old-worker", instant("2026-01-20T08:00:00Z"));
    /* A conflict: the same identity says something else. */
    struct story other = stories[0];
    other.sku = "s-8vcpu-16gb";
    life_create(&p, &other, instant(other.from));
    /* Wrong: nobody sells this. */
    if (event_begin(&p, &j, DEMO_SAMMY, "demo/compute", "wrong-1", "resource.create",
                instant("2026-02-11T00:00:00Z"))) {
        bl_jw_kz(&j, "resource", "7d0f1b52-0000-4000-8000-000000000001");
        bl_jw_kz(&j, "sku", "s-99vcpu-1tb");
        event_end(&p, &j);
    }
}

size_t demo_resource_count(void)
{
    return BL_COUNT(stories) + FLEET;
}
