/* What a query decided, step by step: a small fixed array inside the query, written by the core as it goes. Extended
 * DNS Errors are derived from it; explanations and logs read the same steps. */
#ifndef CAIRN_ITERATE_TRACE_H
#define CAIRN_ITERATE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"
#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"

enum trace_kind {
    TRACE_CACHE_HIT,      /* answered from cache: slot in `detail` */
    TRACE_PROOFS,         /* by what is known of zone `name` without asking it */
    TRACE_CACHED_FAILURE, /* `server`: whose silence was its cause, if so */
    TRACE_COPY,           /* the copy of the root zone answered: as TRACE_REPLY */
    TRACE_LOCAL,          /* own zone or special-use name */
    TRACE_CUT,            /* the walk stands at zone `name`; detail is enum cut_source */
    TRACE_ASK,            /* `server` was asked (name, type); detail: transport, 0 UDP, 1 TCP */
    TRACE_REPLY,          /* it answered: detail is enum reply_kind; rcode and rtt_us are set */
    TRACE_TIMEOUT,        /* it did not */
    TRACE_UNREACHABLE,    /* the network refused: ICMP, no route, connection refused */
    TRACE_SKIPPED,        /* server not asked: detail is enum skip_reason */
    TRACE_ALIAS,          /* CNAME or DNAME led to `name` */
    TRACE_NEED_ADDRESS,   /* the address of name server `name` is looked up */
    TRACE_NO_ADDRESS,     /* and was not found */
    TRACE_NEED_PROOF,     /* (name, type) is asked for to validate with */
    TRACE_ZONE,           /* zone `name` was found to be detail, an enum zone_status */
    TRACE_STATUS,         /* (name, type) was found to be detail, an enum security */
    TRACE_LIMIT,          /* a limit ended the work: detail is enum limit_id */
    TRACE_FINISH          /* rcode */
};

enum skip_reason { SKIP_FORBIDDEN_ADDRESS, SKIP_DEAD, SKIP_LAME, SKIP_NO_FAMILY, SKIP_TRIES };

/* Long names are kept by their leftmost octets only; `is_cut` says so. */
#define TRACE_NAME_SIZE 64

struct trace_step {
    uint8_t kind;
    uint8_t detail;
    uint8_t rcode;
    bool is_cut;
    uint16_t type;
    uint32_t at_ms; /* since the query began */
    uint32_t rtt_us;
    struct addr server;
    uint8_t name[TRACE_NAME_SIZE];
};

#define TRACE_STEPS_MAX 128

struct trace {
    uint64_t started;
    unsigned count;
    unsigned lost; /* steps that found no room */
    struct trace_step steps[TRACE_STEPS_MAX];
};

void trace_init(struct trace *t, uint64_t now);

/* Appends a step of which the caller then fills what applies; never NULL: when full, a spare step that is not kept. */
struct trace_step *trace_add(struct trace *t, enum trace_kind kind, const uint8_t *name, uint16_t type, uint64_t now);

/* Why the query failed or has not finished yet, worded for a person and naming the zone and each server's outcome:
 * "all 2 servers of example.com. failed: 192.0.2.1 timed out, 192.0.2.2 REFUSED". Writes up to EDE_MAX errors, returns
 * how many (at least one). */
unsigned trace_errors(const struct trace *t, struct ede out[EDE_MAX]);

/* The error that a forwarder gave, as it is passed on: "forwarder 10.0.0.2: DNSKEY Missing". Its text is kept as far as
 * it is printable. */
void trace_forwarded_error(const struct addr *server, const struct ede *error, struct ede *out);

/* One step as text, cut at `size`. Returns `out`. */
char *trace_step_text(const struct trace_step *s, char *out, size_t size);

#endif
