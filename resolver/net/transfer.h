/* Fetches a zone from one of its servers: AXFR over TCP (RFC 5936). Blocks; for a thread that has nothing else to do.
 */
#ifndef CAIRN_NET_TRANSFER_H
#define CAIRN_NET_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/dns/record.h"

/* Takes a record of the zone; anything but 0 ends the transfer. */
typedef int transfer_sink(void *arg, const struct record *r);

struct transfer_job {
    const uint8_t *zone;
    const uint32_t *serial; /* of the copy that is there; NULL: none */
    int stop;               /* a descriptor that becomes readable when the work is to be given up */
    uint32_t patience_ms;   /* for the connection, and for the next octets */
    uint32_t total_ms;      /* for everything */
    uint64_t octets_max;
    transfer_sink *sink;
    void *arg;
};

enum transfer {
    TRANSFER_DONE,    /* the sink has had every record, the closing SOA left out */
    TRANSFER_CURRENT, /* the server's serial is not newer than that of the copy (RFC 1982); the sink had nothing */
    TRANSFER_FAILED   /* `why` says why, constant; the sink may have had records */
};

enum transfer transfer_zone(const struct transfer_job *job, const struct addr *server, const char **why);

#endif
