/* What one worker has found out about zones: verified keys of the secure ones, and which are not secure. A table of
 * fixed size that forgets what was used least recently. Rows end with the TTLs of what proved them and with the cache's
 * epoch, so that a flush also takes back what was concluded from flushed data. One owner thread. */
#ifndef CAIRN_ITERATE_TRUST_TABLE_H
#define CAIRN_ITERATE_TRUST_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/dns/edns.h"
#include "resolver/dns/rrset.h"

enum zone_status {
    ZONE_SECURE,
    ZONE_INSECURE,
    ZONE_INDETERMINATE, /* no trust anchor at or above it */
    ZONE_BOGUS,
    ZONE_NO_CUT, /* no zone of its own: what holds it is the zone above */
    ZONE_NO_NAME /* likewise, and the zone above says that nothing is there */
};

struct zone_trust {
    struct zone_trust *next; /* in the list of a query */
    const uint8_t *name;
    uint64_t hash; /* trust_hash */
    enum zone_status status;
    struct rdatas keys;    /* SECURE: DNSKEY RDATA, all verified */
    const struct ede *why; /* BOGUS, or INSECURE for a reason that clients are told; NULL: none */
    uint64_t learnt;       /* clock_now milliseconds */
    uint64_t expires;
};

uint64_t trust_hash(const uint8_t *name);

struct trust_table;

/* At most `zones` rows. NULL: the system has no memory. */
struct trust_table *trust_table_new(size_t zones);
void trust_table_free(struct trust_table *t);

/* The live row of a zone under `epoch`, or NULL. Valid until the next change. */
const struct zone_trust *trust_table_find(struct trust_table *t, const uint8_t *name, uint64_t hash, uint32_t epoch,
                                          uint64_t now);

/* Keeps a copy of `z`, in place of the zone's row before. Without memory nothing happens. */
void trust_table_keep(struct trust_table *t, const struct zone_trust *z, uint32_t epoch);

void trust_table_drop(struct trust_table *t, const uint8_t *name);

#endif
