/* Packets beside the walks of one worker that ask silent servers whether they are back (recover.h), and others how they
 * do (beside.h): nobody waits for them, and what they bring goes to the table of servers. */
#ifndef CAIRN_SERVER_PROBES_H
#define CAIRN_SERVER_PROBES_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/queue.h>

#include "resolver/iterate/query.h"
#include "resolver/net/upstream.h"

#define PROBE_BOARD_SIZE 4096

/* What workers tell each other: whether UDP is lost on the way; and of probes, by hash of the server's address: one
 * packet serves all of them. A collision delays a probe, or has one question asked again for nothing. */
struct probe_board {
    struct {
        _Atomic uint64_t sent_at, replied_at; /* clock_now; 0: never */
    } rows[PROBE_BOARD_SIZE];
    _Atomic uint64_t heard_at[2], lost_at[2]; /* struct servers_paths */
};

struct probe;
TAILQ_HEAD(probe_list, probe);

struct probes {
    struct upstream *upstream;
    struct probe_board *board;
    struct probe_list on_their_way;
    unsigned count;
    uint64_t sent, answered;
};

/* `board` outlives it. */
void probes_init(struct probes *p, struct upstream *u, struct probe_board *board);

/* Ends all without a word. */
void probes_fini(struct probes *p);

/* Lets the worker's servers know what other workers have found of UDP, and the other way round. */
void probes_share_paths(struct probes *p, struct servers *s);

/* Sends what query_beside gave; NULL: nothing. */
void probes_send_beside(struct probes *p, struct resolver *r, const struct send *s);

/* Sends what the finished query `q` of resolver `r` finds due. */
void probes_send(struct probes *p, struct resolver *r, struct query *q, uint64_t now);

#endif
