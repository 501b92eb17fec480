/* The links of a client's answer: what was found for each name of its alias chain, with its DNSSEC status. Until that
 * is known nothing of it is stored; then all is, once. */
#ifndef CAIRN_ITERATE_FINDING_H
#define CAIRN_ITERATE_FINDING_H

#include "resolver/iterate/state.h"
#include "resolver/validate/signature.h"

struct finding {
    struct finding *next;
    const uint8_t *asked; /* the name that led to it */
    unsigned aliases;     /* links of the chain before it */
    struct cache_entry entry;
    bool is_stored;                      /* `entry` is in the cache as it is */
    const uint8_t *zone;                 /* whose server said so; NULL: it was cached */
    const uint8_t *own_cut;              /* as in the frame */
    struct rrset **shown[SECTION_COUNT]; /* where its sets begin in the sections of the frame */
    struct rrset *unverified;            /* first set of the entry whose signature was not looked at */
    uint32_t ttl_max;                    /* that the signatures allow, seconds from now */
    const uint8_t *signer;               /* the zone whose keys verified it; NULL: none did */
    struct attest attest;                /* of the first set */
    bool is_own_fault;                   /* BOGUS for itself, not for its zone */
};

/* Whether the answer of the frame is made of links: it is the client's, and validation is on. */
bool finding_is_kept(const struct query *q, const struct frame *f);

/* Adds a link, before its sets are appended to the sections, if the frame keeps any. False: no memory, and the frame
 * has ended. */
bool finding_add(struct query *q, struct frame *f, const struct cache_entry *e, bool is_stored);

/* A link that own data or special-use names gave: insecure, and never stored. */
bool finding_add_local(struct query *q, struct frame *f);

/* Lets the sets of the link live no longer than `seconds` from now, in the entry and in the frame's sections. */
void finding_cap(struct query *q, struct finding *l, uint32_t seconds);

/* Takes the link and all behind it out of the frame, which is then as it was when it asked for l->asked. */
void finding_undo(struct frame *f, struct finding *l);

/* Stores all links of the frame with the status they have. */
void finding_store(struct query *q, struct frame *f);

/* True when what ends the chain of aliases is secure and denies the name in the form of NODATA (RFC 9824 3.2). */
bool finding_denies_name(const struct frame *f);

/* The status of the whole answer: that of its weakest link (RFC 4035 4.3). */
enum security finding_security(const struct frame *f);

#endif
