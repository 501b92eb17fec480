/* The messages that a zone transfer consists of (RFC 5936 2.2), record by record. */
#ifndef CAIRN_NET_TRANSFER_MESSAGE_H
#define CAIRN_NET_TRANSFER_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/record.h"
#include "resolver/dns/wire.h"

struct transfer_message {
    struct reader reader;
    unsigned left; /* records of the answer section */
    uint8_t owner[NAME_SIZE];
    uint8_t rdata[RDATA_SIZE];
};

/* Begins with the message of `len` octets that should answer the question with that id. NULL, or why it does not:
 * constant. */
const char *transfer_open(struct transfer_message *m, const uint8_t *bytes, size_t len, uint16_t id);

/* The next record while `left` is not 0; valid until the next call. FAIL_WIRE: malformed, or nothing a zone holds. */
MUST_CHECK int transfer_next(struct transfer_message *m, struct record *out);

#endif
