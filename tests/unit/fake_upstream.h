/* Stands in for resolver/net/upstream.h: notes what is asked and answers when a test says so. */
#ifndef CAIRN_TESTS_FAKE_UPSTREAM_H
#define CAIRN_TESTS_FAKE_UPSTREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/dns/name.h"
#include "resolver/net/upstream.h"

/* One exchange, in the order of asking. Its memory stays until fake_upstream_reset. */
struct exchange {
    struct upstream_question question; /* `name` points to the copy below */
    uint8_t name[NAME_SIZE];
    upstream_done *done;
    void *arg;
    bool is_over; /* done or cancelled */
    bool was_cancelled;
};

/* Forgets everything. */
void fake_upstream_reset(void);

/* The next `count` exchanges cannot begin. */
void fake_upstream_refuse(unsigned count);

/* Exchanges begun. */
unsigned fake_upstream_count(void);
struct exchange *fake_upstream_at(unsigned index);

/* Ends exchange `index`, which must be running, without a reply. */
void fake_upstream_end(unsigned index, enum upstream_outcome outcome);

/* Ends it with an authoritative reply: `rcode` and, for NOERROR, an A record 192.0.2.77 with TTL 300 at the name. */
void fake_upstream_answer(unsigned index, unsigned rcode);

#endif
