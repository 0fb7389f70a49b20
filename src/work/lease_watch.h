/* lease_watch: when each lease was last renewed, as this process saw it. In the store a lease has a beat,
 * which each renewal raises; who has seen one beat for WORK_LEASE_S has seen the lease lapse. So no two
 * clocks are ever compared: a process that sees a beat late waits longer than the one that raised it, never
 * shorter. Pure: the caller brings the time (monotonic, microseconds) and a lock. */
#ifndef BILLOW_WORK_LEASE_WATCH_H
#define BILLOW_WORK_LEASE_WATCH_H

#include "work/apps.h"

struct lease_seen {
    bl_uuid app;
    int64_t n, beat, since_us; /* n: of the deployment */
};
struct lease_watch {
    struct lease_seen *at; /* ascending app, then n; one of each */
    size_t n, cap;
};
void lease_watch_release(struct lease_watch *w);
/* Has it lapsed? A beat not seen before is new at this instant; beat 0 is of what was never taken: true. */
bool lease_watch_lapsed(struct lease_watch *w, bl_uuid app, int64_t n, int64_t beat, int64_t now_us);
void lease_watch_forget(struct lease_watch *w, bl_uuid app, int64_t n); /* the deployment has finished */
/* Drops what was not renewed for an hour: deployments that other processes saw finish. */
void lease_watch_sweep(struct lease_watch *w, int64_t now_us);

/* The word for a lease: app, number and secret as hex digits. */
#define LEASE_SECRET 12
struct lease_name {
    bl_uuid app;
    int64_t n; /* below 2^32 */
    uint8_t secret[LEASE_SECRET];
};
void lease_text(const struct lease_name *l, char ret[WORK_LEASE_DIGITS + 1]);
bool lease_read(struct bl_str text, struct lease_name *ret);

#endif
