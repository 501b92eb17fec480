#include "resolver/server/probes.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/base/clock.h"
#include "resolver/base/hash.h"
#include "resolver/iterate/recover.h"
#include "resolver/iterate/servers.h"

struct probe {
    TAILQ_ENTRY(probe) link;
    struct probes *owner;
    struct exchange *exchange;
    struct servers *servers; /* the worker's: outlives every exchange */
    struct addr server;
    bool is_beside; /* a question, and no silent server's (beside.h) */
};

static size_t row_of(const struct addr *server)
{
    uint8_t key[sizeof(server->octets) + sizeof(server->port)];
    memcpy(key, server->octets, sizeof(server->octets));
    memcpy(key + sizeof(server->octets), &server->port, sizeof(server->port));
    return hash_bytes(key, sizeof(key)) % PROBE_BOARD_SIZE;
}

void probes_init(struct probes *p, struct upstream *u, struct probe_board *board)
{
    *p = (struct probes){.upstream = u, .board = board};
    TAILQ_INIT(&p->on_their_way);
}

static void forget(struct probe *probe)
{
    TAILQ_REMOVE(&probe->owner->on_their_way, probe, link);
    probe->owner->count--;
    free(probe);
}

void probes_fini(struct probes *p)
{
    for (struct probe *first; (first = TAILQ_FIRST(&p->on_their_way)) != NULL;) {
        upstream_cancel(first->exchange);
        forget(first);
    }
}

static void done(void *arg, const struct upstream_result *result)
{
    struct probe *probe = arg;
    uint64_t now = clock_now();
    if (probe->is_beside) {
        bool has_replied = result->outcome == UPSTREAM_REPLY;
        servers_tried(probe->servers, &probe->server, has_replied, result->rtt_us, now);
    } else if (result->outcome == UPSTREAM_REPLY) {
        probe->owner->answered++;
        atomic_store(&probe->owner->board->rows[row_of(&probe->server)].replied_at, now);
        servers_replied(probe->servers, &probe->server, result->rtt_us, false, now);
    }
    forget(probe);
}

static void send_one(struct probes *p, struct resolver *r, const struct send *s, bool is_beside)
{
    struct probe *probe = malloc(sizeof(*probe));
    if (probe == NULL) {
        return;
    }
    struct upstream_question question = {.server = s->server,
                                         .name = s->name,
                                         .type = s->type,
                                         .use_edns = s->use_edns,
                                         .recursion = s->recursion,
                                         .timeout_ms = s->timeout_ms};
    *probe = (struct probe){.owner = p, .servers = r->servers, .server = s->server, .is_beside = is_beside};
    probe->exchange = upstream_ask(p->upstream, &question, done, probe);
    if (probe->exchange == NULL) {
        free(probe);
        return;
    }
    TAILQ_INSERT_TAIL(&p->on_their_way, probe, link);
    p->count++;
    p->sent++;
}

/* False when another worker has just sent one: then it is its reply that counts, now or later. */
static bool is_ours(struct probe_board *board, const struct addr *server, struct servers *servers, uint64_t now)
{
    size_t row = row_of(server);
    uint64_t sent_at = atomic_load(&board->rows[row].sent_at);
    uint64_t replied_at = atomic_load(&board->rows[row].replied_at);
    if (sent_at == 0 || now >= sent_at + SERVERS_REST_MS) {
        return atomic_compare_exchange_strong(&board->rows[row].sent_at, &sent_at, now);
    }
    if (replied_at >= sent_at) {
        servers_replied(servers, server, 0, false, replied_at);
    }
    return false;
}

/* Two workers may overwrite each other's news; the next exchange tells them again. */
void probes_share_paths(struct probes *p, struct servers *s)
{
    struct probe_board *b = p->board;
    struct servers_paths paths;
    for (unsigned i = 0; i < 2; i++) {
        paths.heard_at[i] = atomic_load_explicit(&b->heard_at[i], memory_order_relaxed);
        paths.lost_at[i] = atomic_load_explicit(&b->lost_at[i], memory_order_relaxed);
    }
    if (!servers_merge_paths(s, &paths)) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        atomic_store_explicit(&b->heard_at[i], paths.heard_at[i], memory_order_relaxed);
        atomic_store_explicit(&b->lost_at[i], paths.lost_at[i], memory_order_relaxed);
    }
}

static bool has_room(const struct probes *p, struct resolver *r)
{
    bool has = p->count < limit_get(&r->policy->limits, probes);
    r->limit_hits[LIMIT_ID_probes] += !has;
    return has;
}

void probes_send_beside(struct probes *p, struct resolver *r, const struct send *s)
{
    if (s != NULL && has_room(p, r)) {
        send_one(p, r, s, true);
    }
}

void probes_send(struct probes *p, struct resolver *r, struct query *q, uint64_t now)
{
    struct send sends[RECOVER_PROBES_MAX];
    if (!has_room(p, r)) {
        return;
    }
    unsigned count = query_probes(q, now, sends);
    for (unsigned i = 0; i < count; i++) {
        if (is_ours(p->board, &sends[i].server, r->servers, now)) {
            send_one(p, r, &sends[i], false);
        }
    }
}
