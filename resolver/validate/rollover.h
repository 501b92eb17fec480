/* Follows a zone whose keys are trust anchors from one key to the next (RFC 5011): a state machine without clock,
 * network or disk. Whoever drives it asks for the zone's DNSKEY set when `query_at` has come, feeds what came, keeps
 * the new state where a restart finds it, and lets validation begin at the records in force.
 *
 * A state is never changed: each step makes the next one in an arena, and nothing in it points into the one before.
 * Times are seconds of wall time. FAIL_LIMIT of a step: its arena is full. */
#ifndef CAIRN_VALIDATE_ROLLOVER_H
#define CAIRN_VALIDATE_ROLLOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/anchor.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/verdict.h"

/* RFC 5011 4.2. A key in state Start is not in the list. */
enum key_state {
    KEY_PENDING, /* AddPend: has to be in every set seen until its hold-down is over */
    KEY_VALID,
    KEY_MISSING, /* not in the last set, trusted nevertheless */
    KEY_REVOKED, /* by its own signature */
    KEY_REMOVED  /* revoked long ago, and remembered so that nobody brings it back */
};

/* "pending"; constant. */
const char *key_state_text(enum key_state state);

/* The state of that text; false: there is none. */
bool key_state_parse(const char *text, enum key_state *out);

struct rollover_key {
    enum key_state state;
    uint64_t since;           /* when the state began */
    uint64_t until;           /* of PENDING and REVOKED: when the hold-down ends; else 0 */
    struct rdata_view dnskey; /* without the revoke bit */
};

#define ROLLOVER_KEYS_MAX  32          /* followed at once */
#define ROLLOVER_STATE_MAX (256 << 10) /* octets of memory that are enough for a state, and for each step from one */

struct rollover {
    const uint8_t *zone;      /* lower case */
    struct rdatas configured; /* the DS that the configuration names */
    const struct rollover_key *keys;
    unsigned count;
    uint64_t seen_at;  /* when a set was last secure; 0: never */
    uint64_t query_at; /* when to ask again */
    uint32_t retry_s;  /* and how long after a failure */
};

/* Begins with what is configured; the first query is due at once. */
MUST_CHECK int rollover_begin(const struct anchor *configured, uint64_t now, struct arena *a, struct rollover *out);

/* Goes on from a stored state of the zone under what is configured now. A DS that is new vouches for its key at once.
 * When a DS is gone, those keys and what they brought have lost their ground: all but revocations begins anew, and
 * `*is_anew` is set. A revoked key stays revoked whatever the configuration says. */
MUST_CHECK int rollover_resume(const struct rollover *stored, const struct anchor *configured, uint64_t now,
                               struct arena *a, struct rollover *out, bool *is_anew);

/* Takes a DNSKEY set as it came from the network. A revocation counts when the revoked key signs the set (RFC
 * 5011 2.1); all else counts only when the set is secure by the records that are then in force, which `*verdict` says.
 * `why` is filled when it is not; NULL is fine. */
MUST_CHECK int rollover_observe(struct verifier *v, const struct rollover *from, const struct rrset *keys, uint64_t now,
                                struct arena *a, struct rollover *out, enum verdict *verdict, struct fault *why);

/* When to ask again, as seen at `now`: `query_at`, or at once when that lies further ahead than it ever would, because
 * the clock was wrong. */
uint64_t rollover_query_at(const struct rollover *r, uint64_t now);

/* No set came: the next query is due in `retry_s`. */
void rollover_fail(struct rollover *r, uint64_t now);

/* The DS in force, at most CAPS_DS: of keys that are VALID, configured ones whose key was never seen, and of keys that
 * are MISSING. Their bytes lie in `a`. None: every key was revoked, and the zone counts as if it had never been
 * configured (RFC 5011 5). */
MUST_CHECK int rollover_records(const struct rollover *r, struct arena *a, struct anchor_record out[CAPS_DS],
                                unsigned *count);

/* Whether the key of a DS was ever seen. */
bool rollover_has_key(const struct rollover *r, struct rdata_view ds);

/* ---- The steps that rollover_observe is made of ---- */

/* One key of a set that could be a trust anchor. */
struct rollover_seen {
    struct rdata_view dnskey; /* without the revoke bit */
    bool is_revoked;          /* it has that bit, and signs the set */
};

struct rollover_set {
    const struct rollover_seen *keys;
    unsigned count;
    uint32_t ttl;        /* original TTL of the set in seconds */
    uint32_t expires_in; /* seconds until its signature ends */
};

/* The revocations in a set, secure or not. */
MUST_CHECK int rollover_revoke(const struct rollover *from, const struct rollover_set *set, uint64_t now,
                               struct arena *a, struct rollover *out);

/* All else in a set that is secure: NewKey, KeyPres, KeyRem, AddTime and RemTime (RFC 5011 4.1), and when to ask again
 * (2.3). */
MUST_CHECK int rollover_advance(const struct rollover *from, const struct rollover_set *set, uint64_t now,
                                struct arena *a, struct rollover *out);

#endif
