/* The worked example's customers and events: made up, and the same every time. */
#ifndef BILLOW_CLI_DEMO_H
#define BILLOW_CLI_DEMO_H

#include "base/base.h"

enum demo_who {
    DEMO_SAMMY,
    DEMO_GRUENWALD,
    DEMO_ANNA,
    DEMO_ATHENA,
    DEMO_SHINONOME,
    DEMO_NOOR,
    DEMO_HARBOUR,
    DEMO_COUNT
};
struct demo_customer {
    const char *uuid, *name, *company, *email, *tax_id, *zone;
    const char *line1, *city, *region, *postal_code, *country;
    bool civo; /* its token speaks Civo's dialect */
    bool in_org;
};
extern const struct demo_customer demo_customers[DEMO_COUNT];

/* Events whose time lies in [from_us, to_us), as NDJSON. Gives how many. */
size_t demo_events(int64_t from_us, int64_t to_us, struct bl_buf *ret);
/* What comes too late, contradicts itself, or is wrong: one event each. */
void demo_odd_events(struct bl_buf *ret);
size_t demo_resource_count(void);

#endif
