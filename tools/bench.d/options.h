/* What the load generator is asked to do, and the order of names that follows from it. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include "question.h"

#include <netinet/in.h>

#define LANES_MAX  128
#define LANE_SLOTS 4096 /* divides 65536: an id holds the slot and its generation */

struct options {
    struct sockaddr_in server;
    struct pattern pattern;
    uint64_t first; /* index of the first name */
    uint64_t names; /* size of the set, 0 for names that never repeat */
    bool scatter;   /* the set is asked in an order that jumps about */
    double zipf;    /* exponent of the popularity, 0 for one after the other */
    uint64_t skip;  /* questions to pass over first, as if another run had asked them */
    uint64_t count; /* questions to ask, 0 for no limit */
    double seconds; /* time to ask for */
    uint64_t rate;  /* questions per second (open loop), 0 for a closed loop */
    int lanes;
    int window;     /* questions on the way, over all lanes */
    int timeout_ms; /* after that a question counts as lost */
    bool echo;      /* a reflector is asked */
    bool tcp;       /* each lane is a connection */
    bool mix;       /* questions as in mix.h instead of `pattern` */
    double flood;   /* share of questions for names that never repeat, which no latency is kept of */
};

/* Reads the command line; false after a message on stderr. */
bool options_parse(struct options *o, int argc, char **argv);

struct sequence {
    uint64_t first, names, stride;
    uint64_t next, flooded;
    uint32_t *draws; /* pre-drawn indices of a Zipf distribution, or NULL */
};

/* False if memory runs out. */
bool sequence_init(struct sequence *s, const struct options *o);
void sequence_fini(struct sequence *s);

/* The index of the next name to ask for. */
uint64_t sequence_next(struct sequence *s);

/* The index of a name that was never asked before, beyond any set. */
uint64_t sequence_flood(struct sequence *s);

#endif
