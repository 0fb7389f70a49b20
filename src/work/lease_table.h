/* lease_table: who works at what, in memory. Pure: the caller brings the time (monotonic, microseconds),
 * chance and a lock. One lease a deployment; it lasts WORK_LEASE_S from its last renewal, and lapses at that
 * very instant. */
#ifndef BILLOW_WORK_LEASE_TABLE_H
#define BILLOW_WORK_LEASE_TABLE_H

#include "work/apps.h"

struct lease {
    bl_uuid app, account;
    int64_t n; /* of the deployment, below 2^32 */
    int64_t until_us;
    uint8_t secret[12];
};
struct lease_table {
    struct lease *at; /* ascending app, then n; one of each */
    size_t n, cap;
};
void lease_table_release(struct lease_table *l);
/* Takes it unless another holds it: account, app, n and secret of `one` are the caller's. */
bool lease_claim(struct lease_table *l, struct lease *one, int64_t now_us);
/* false: it has lapsed, or never was, or its secret is another. True fills in the rest of *one. */
bool lease_renew(struct lease_table *l, struct lease *one, int64_t now_us);
void lease_end(struct lease_table *l, const struct lease *one);
void lease_forget_lapsed(struct lease_table *l, int64_t now_us);

/* The word for a lease: app, number and secret as hex digits. */
void lease_text(const struct lease *one, char ret[WORK_LEASE_DIGITS + 1]);
bool lease_read(struct bl_str text, struct lease *ret);

#endif
