/* The raw material of chains of trust: what parents say about their children's DS, and DNSKEY sets, as far as this
 * query has seen them. What is missing is asked for by a frame like any other, whose answer nobody validates at its
 * end. */
#ifndef CAIRN_ITERATE_CHAIN_H
#define CAIRN_ITERATE_CHAIN_H

#include "resolver/iterate/state.h"

struct raw {
    struct raw *next;
    const uint8_t *name;
    uint16_t type; /* DS or DNSKEY */
    enum outcome outcome;
    bool is_referral; /* not the answer to a question: it may lack what an answer would have */
    bool is_local;    /* own data or special-use names said so */
    bool is_final;    /* asked for twice, or not to be asked for again */
    bool is_doubted;  /* found wanting: to be asked for again */
    struct addr source;
    uint64_t stored;    /* when that was, clock_now milliseconds */
    struct rrset *sets; /* the set, an alias, or SOA and proofs; of a referral all its sets */
    unsigned verified;  /* the DS, or proofs from the first, that are good, and until when (trust.c) */
    uint64_t verified_until;
    const struct ede *why; /* not OUTCOME_ANSWER: what was wrong with the servers */
};

/* What is known of (zone, type) without asking anybody: what this query was told before, the client's own answer, and
 * for DS what the referral to the zone said. NULL: nothing. */
struct raw *chain_find(struct query *q, const uint8_t *zone, uint16_t type);

/* Puts a frame for (zone, type) on the stack. False: a limit stands against it. */
bool chain_ask(struct query *q, const uint8_t *zone, uint16_t type);

/* Takes what the finished frame `child` found. */
void chain_take(struct query *q, const struct frame *child);

/* Remembers a referral: NS set, then DS or proofs, then glue. */
void chain_note_referral(struct query *q, struct rrset *sets);

/* `raw` did not stand examination. True: it is to be asked for again, elsewhere if that is possible, since one broken
 * server or a forgery must not break a name. False: that has been tried. */
bool chain_doubt(struct query *q, struct raw *raw);

/* Likewise for what a cache remembered of (zone, type), whether this query has seen it or not. */
bool chain_renew(struct query *q, const uint8_t *zone, uint16_t type);

/* Whether `set`, one of raw->sets, says something of a DS: it is one, denies it, or is an alias instead. */
bool chain_is_statement(const struct raw *raw, const struct rrset *set);

/* The zone above raw->name that signed what `raw` says of its DS; NULL: nothing in it is signed by such a zone. */
const uint8_t *chain_signer(const struct raw *raw);

#endif
