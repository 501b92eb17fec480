/* What a worker has learnt about upstream addresses: round-trip times, failures and habits, in a table of fixed size
 * that forgets what was used least recently. Nothing here is a verdict: every mark expires within minutes and dead
 * servers are probed again within seconds, so a forged or unlucky reply costs little. One owner thread. */
#ifndef CAIRN_ITERATE_SERVERS_H
#define CAIRN_ITERATE_SERVERS_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/addr.h"

#define SERVERS_TIMEOUT_FIRST_MS 376 /* for an address nothing is known of */
#define SERVERS_TIMEOUT_MIN_MS   50
#define SERVERS_TIMEOUT_MAX_MS   1500 /* several servers must fit into the time a client waits */
#define SERVERS_LAME_MS          60000
#define SERVERS_PLAIN_MS         300000 /* how long EDNS is not tried again */
#define SERVERS_TCP_MS           60000  /* how long UDP is not tried again after only TCP worked */
#define SERVERS_CASE_MS          900000 /* how long it is taken to lose the case of names */
#define SERVERS_REST_MS          2000   /* how long a silent server is left alone: between two probes of it */
#define SERVERS_TRIAL_MS         10000  /* between two packets beside the questions (beside.h) */

/* What the choice of a server looks at stands together, within one line of the processor's cache. */
struct server_info {
    alignas(64) struct addr addr; /* with port; len 0: unused row */
    uint32_t srtt_us;             /* smoothed round-trip time over UDP (RFC 6298 2); 0: no reply yet */
    uint32_t rttvar_us;
    uint8_t failures;     /* in a row: time-outs without a reply in between */
    bool has_edns;        /* a reply had OPT: EDNS is never given up for this server */
    uint64_t dead_until;  /* not asked before, 0: alive */
    uint64_t plain_until; /* asked without OPT */
    uint64_t tcp_until;   /* asked over TCP at once */
    uint64_t case_until;  /* asked without random case */
    uint64_t failed_at;   /* last counted failure */
    uint64_t replied_at;  /* last reply of any kind; 0: none */
    uint64_t probed_at;   /* last packet beside the questions (servers_may_probe, servers_may_try) */
    uint64_t used;        /* for forgetting */
};

struct servers;

/* A table of `count` rows (rounded up to a power of two); NULL without memory. */
struct servers *servers_new(size_t count);
void servers_free(struct servers *s);

/* What is known, or NULL. Valid until the next change. */
const struct server_info *servers_find(const struct servers *s, const struct addr *addr);

/* Where the table keeps an address, now and later. What it knows of it begins to come from memory, which takes longer
 * than all else about a look-up; likewise by servers_fetch. */
uint32_t servers_place(const struct servers *s, const struct addr *addr);
void servers_fetch(const struct servers *s, uint32_t place);

/* As servers_find, for an address whose place is known. */
const struct server_info *servers_find_at(const struct servers *s, uint32_t place, const struct addr *addr);

/* A usable reply came after `rtt_us` (0: not measured). Over TCP the time says nothing about UDP and is not counted. */
void servers_replied(struct servers *s, const struct addr *addr, uint32_t rtt_us, bool over_tcp, uint64_t now);

/* No reply in time. Equal reports within a tenth of a second count once: one dead moment of a server fails many
 * queries. From the third in a row the server rests for SERVERS_REST_MS. */
void servers_failed(struct servers *s, const struct addr *addr, uint64_t now);

/* The network refused at once. When that happens to several addresses of a family and none of it answers, the machine
 * has probably no route for the family: servers_family_is_doubtful for a minute. */
void servers_refused(struct servers *s, const struct addr *addr, uint64_t now);
bool servers_family_is_doubtful(const struct servers *s, const struct addr *addr, uint64_t now);

/* It was silent over UDP. When two were that, and nothing came over UDP from any server of the family for a minute, or
 * ever, then UDP is lost on the way: TCP is used at once, until a reply comes over UDP. */
void servers_silent_over_udp(struct servers *s, const struct addr *addr, uint64_t now);
bool servers_udp_is_lost(const struct servers *s, const struct addr *addr);

/* When a reply last came over UDP, and when UDP was last found lost, for IPv4 and IPv6; 0: never. */
struct servers_paths {
    uint64_t heard_at[2], lost_at[2];
};

/* Takes over what others have found, and adds own findings; of times of replies only what is news by a second. True
 * when `others` has changed. */
bool servers_merge_paths(struct servers *s, struct servers_paths *others);

/* True when a packet may go to it beside the questions, just to see how it does over UDP: at most one in
 * SERVERS_TRIAL_MS. Notes that it is sent; servers_tried takes what became of it. Silence is a failure where UDP is in
 * use. */
bool servers_may_try(struct servers *s, const struct addr *addr, uint64_t now);
void servers_tried(struct servers *s, const struct addr *addr, bool has_replied, uint32_t rtt_us, uint64_t now);

/* A server whose rest is over is about to be asked: further queries wait for the outcome of this one. True when it is
 * such a server: more than one packet for one question would be too many. */
bool servers_probe(struct servers *s, const struct addr *addr, uint64_t until, uint64_t now);

/* True when it replied after `since`: what failed then because of its silence may succeed now. */
bool servers_replied_since(const struct servers *s, const struct addr *addr, uint64_t since);

/* True when a server that did not reply since `since` may be sent a packet just to see whether it is back: at most one
 * in SERVERS_REST_MS. Notes that it is sent. */
bool servers_may_probe(struct servers *s, const struct addr *addr, uint64_t since, uint64_t now);

/* The machine's network has changed: failures, rests, lameness and doubts of old mean nothing any more.
 * servers_forgiven_at tells when that was last, 0: never. */
void servers_forgive(struct servers *s, uint64_t now);
uint64_t servers_forgiven_at(const struct servers *s);

/* Habits learnt from a conversation. That only TCP works is learnt from silence over UDP just before, and holds on
 * while no reply comes to what is sent beside the last questions of SERVERS_TCP_MS. */
void servers_saw_edns(struct servers *s, const struct addr *addr, uint64_t now);
void servers_only_plain(struct servers *s, const struct addr *addr, uint64_t now);
void servers_only_tcp(struct servers *s, const struct addr *addr, bool was_silent, uint64_t now);
void servers_lost_case(struct servers *s, const struct addr *addr, uint64_t now);

/* The server does not know the zone it was asked for. */
void servers_set_lame(struct servers *s, const struct addr *addr, const uint8_t *zone, uint64_t now);
bool servers_is_lame(const struct servers *s, const struct addr *addr, const uint8_t *zone, uint64_t now);

/* What the zone above could know about `name`, a zone or one of its servers, was asked in vain within the last minute.
 */
void servers_set_vain(struct servers *s, const uint8_t *name, uint64_t now);
bool servers_is_vain(const struct servers *s, const uint8_t *name, uint64_t now);

/* How long to wait for it: smoothed time plus four deviations, doubled for each of `tries` before. A second try waits
 * no less than for a server nothing is known of: one that is near may pause for longer than its usual time. */
uint32_t servers_timeout(const struct servers *s, const struct addr *addr, unsigned tries);

/* Row `index` for listings: NULL when unused; servers_count rows in all. */
const struct server_info *servers_row(const struct servers *s, size_t index);
size_t servers_count(const struct servers *s);

#endif
