#include "resolver/net/transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/base/rand.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/net/transfer_message.h"

enum { QUERY_SIZE = 512, SOA_NUMBERS = 20, NS_PER_MS = 1000000 };

/* One connection, and the message that was read from it last. */
struct conversation {
    const struct transfer_job *job;
    int fd;
    uint64_t deadline; /* clock_ticks */
    uint16_t id;
    uint64_t octets;
    const char *why;
    unsigned soas; /* of the zone, met so far */
    struct transfer_message message;
    uint8_t bytes[MSG_SIZE_MAX];
};

static bool give_up(struct conversation *c, const char *why)
{
    c->why = why;
    return false;
}

/* ---- Octets ---- */

static int patience(const struct conversation *c)
{
    uint64_t now = clock_ticks();
    uint64_t left_ms = now < c->deadline ? (c->deadline - now) / NS_PER_MS : 0;
    return (int)(left_ms < c->job->patience_ms ? left_ms : c->job->patience_ms);
}

static bool wait_for(struct conversation *c, short events)
{
    struct pollfd fds[] = {{.fd = c->fd, .events = events}, {.fd = c->job->stop, .events = POLLIN}};
    int ready;
    do {
        ready = poll(fds, 2, patience(c));
    } while (ready < 0 && errno == EINTR);
    if (ready < 0 || fds[1].revents != 0) {
        return give_up(c, "given up");
    }
    return ready > 0 || give_up(c, "timed out");
}

static bool connect_to(struct conversation *c, const struct addr *server)
{
    struct sockaddr_storage address;
    socklen_t len = addr_to_sockaddr(server, &address);
    int error = 0;
    socklen_t error_len = sizeof(error);
    c->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) {
        return give_up(c, "no socket");
    }
    if (connect(c->fd, (struct sockaddr *)&address, len) == 0) {
        return true;
    }
    if (errno != EINPROGRESS) {
        return give_up(c, "unreachable");
    }
    if (!wait_for(c, POLLOUT)) {
        return false;
    }
    bool is_known = getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == 0;
    return (is_known && error == 0) || give_up(c, "unreachable");
}

static bool send_all(struct conversation *c, const uint8_t *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(c->fd, bytes, len, MSG_NOSIGNAL);
        if (sent > 0) {
            bytes += sent;
            len -= (size_t)sent;
        } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return give_up(c, "connection broken");
        } else if (!wait_for(c, POLLOUT)) {
            return false;
        }
    }
    return true;
}

static bool receive(struct conversation *c, uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t got = recv(c->fd, out, len, 0);
        if (got > 0) {
            out += got;
            len -= (size_t)got;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return give_up(c, "connection closed");
        } else if (!wait_for(c, POLLIN)) {
            return false;
        }
    }
    return true;
}

/* ---- Messages ---- */

static bool ask(struct conversation *c, uint16_t type)
{
    uint8_t query[QUERY_SIZE + 2];
    struct question q = {.name = c->job->zone, .type = type, .class = CLASS_IN};
    rand_bytes(&c->id, sizeof(c->id));
    size_t len = msg_write_query(query + 2, QUERY_SIZE, c->id, 0, &q, NULL);
    wire_put_u16(query, (uint16_t)len);
    return send_all(c, query, len + 2);
}

static bool read_message(struct conversation *c)
{
    uint8_t length[2];
    if (!receive(c, length, sizeof(length))) {
        return false;
    }
    size_t len = wire_get_u16(length);
    c->octets += len;
    if (c->octets > c->job->octets_max) {
        return give_up(c, "too large");
    }
    if (!receive(c, c->bytes, len)) {
        return false;
    }
    const char *why = transfer_open(&c->message, c->bytes, len, c->id);
    return why == NULL || give_up(c, why);
}

static bool next_record(struct conversation *c, struct record *out)
{
    return transfer_next(&c->message, out) == FAIL_NONE || give_up(c, "malformed");
}

static bool is_soa(const struct conversation *c, const struct record *r)
{
    return r->type == TYPE_SOA && r->len > SOA_NUMBERS && name_equal(r->owner, c->job->zone);
}

/* ---- The two questions ---- */

static bool read_serial(struct conversation *c, uint32_t *serial)
{
    struct record record;
    if (!ask(c, TYPE_SOA) || !read_message(c)) {
        return false;
    }
    if (c->message.left == 0 || !next_record(c, &record) || !is_soa(c, &record)) {
        return give_up(c, "has no SOA of the zone");
    }
    *serial = wire_get_u32(record.rdata + record.len - SOA_NUMBERS);
    return true;
}

/* The zone begins with its SOA and ends with it. */
static bool take(struct conversation *c, const struct record *r)
{
    c->soas += is_soa(c, r);
    if (c->soas == 0) {
        return give_up(c, "does not begin with the SOA");
    }
    return c->soas == 2 || c->job->sink(c->job->arg, r) == 0 || give_up(c, "not taken");
}

static bool fetch(struct conversation *c)
{
    if (!ask(c, TYPE_AXFR)) {
        return false;
    }
    while (c->soas < 2) {
        if (!read_message(c)) {
            return false;
        }
        if (c->message.left == 0) {
            return give_up(c, "an empty message");
        }
        while (c->message.left > 0 && c->soas < 2) {
            struct record record;
            if (!next_record(c, &record) || !take(c, &record)) {
                return false;
            }
        }
    }
    return true;
}

static enum transfer converse(struct conversation *c, const struct addr *server)
{
    uint32_t serial;
    if (!connect_to(c, server)) {
        return TRANSFER_FAILED;
    }
    if (c->job->serial != NULL) {
        if (!read_serial(c, &serial)) {
            return TRANSFER_FAILED;
        }
        if ((int32_t)(serial - *c->job->serial) <= 0) {
            return TRANSFER_CURRENT;
        }
    }
    return fetch(c) ? TRANSFER_DONE : TRANSFER_FAILED;
}

enum transfer transfer_zone(const struct transfer_job *job, const struct addr *server, const char **why)
{
    struct conversation *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        *why = "no memory";
        return TRANSFER_FAILED;
    }
    c->job = job;
    c->fd = -1;
    c->deadline = clock_ticks() + (uint64_t)job->total_ms * NS_PER_MS;
    enum transfer result = converse(c, server);
    *why = c->why;
    if (c->fd >= 0) {
        close(c->fd);
    }
    free(c);
    return result;
}
