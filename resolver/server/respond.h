/* From a finished answer to the bytes a client gets: sections, EDNS, truncation. */
#ifndef CAIRN_SERVER_RESPOND_H
#define CAIRN_SERVER_RESPOND_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/dns/msg.h"
#include "resolver/iterate/query.h"
#include "resolver/server/ready.h"

#define RESPOND_UDP_MAX 1232 /* our own bound against fragments (RFC 9715), whatever the client offers */
#define RESPOND_MARKS   64

/* The most octets the answer may have. */
size_t respond_limit(const struct request *q, bool is_tcp);

struct responder {
    const uint8_t *nsid; /* NULL: none */
    uint16_t nsid_len;
    bool recursion_available;
};

/* TTL marks of a message that may be kept as a ready answer. */
struct respond_marks {
    struct ttl_mark marks[RESPOND_MARKS];
    unsigned count;
    bool is_keepable; /* whole, ages, and nothing in it belongs to this asker alone */
};

/* The rcode that `q` is answered with. Compact denial is told as what it means, but for clients that may validate: they
 * would look for the proof that NXDOMAIN needs (RFC 9824 5). */
unsigned respond_rcode(const struct request *q, const struct answer *a);

/* Writes the answer to `q` without OPT, for which room is left: whole RRsets, or TC when one that must be there does
 * not fit (RFC 2181 9). Returns the octets. */
size_t respond_answer(const struct responder *r, const struct request *q, const struct answer *a, uint64_t now,
                      uint8_t *out, size_t limit, struct respond_marks *marks);

/* What OPT says beyond the fixed fields. */
struct respond_extra {
    unsigned rcode; /* its upper bits go to OPT */
    const struct ede *errors;
    unsigned error_count;
};

/* Cookie and idle time-out that OPT tells are those that the front has put into q->edns. */

/* Appends OPT to `len` octets of an answer, if the client sent one. Errors that do not fit (at most EDE_MAX) come
 * without their texts, or not at all: an answer is not truncated for the sake of its explanation. Returns the new
 * length. */
size_t respond_add_opt(const struct responder *r, const struct request *q, const struct respond_extra *extra,
                       uint8_t *out, size_t len, size_t limit);

/* Octets that respond_add_opt needs for `q` when there are no errors to tell. */
size_t respond_opt_size(const struct responder *r, const struct request *q);

/* An answer without records: FORMERR, NOTIMP, REFUSED, SERVFAIL, BADVERS. `error` may be NULL; it is sent when the
 * client speaks EDNS. Works without a question (name_len 0). */
size_t respond_error(const struct responder *r, const struct request *q, unsigned rcode, const struct ede *error,
                     uint8_t *out, size_t limit);

/* Nothing but TC: who wants to know more asks again over TCP. */
size_t respond_truncated(const struct responder *r, const struct request *q, uint8_t *out, size_t limit);

#endif
