#include <ares.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/wire.h"
#include "resolver/net/upstream_private.h"

#define TYPE_OPT         41
#define OPT_DO           0x8000
#define OPT_SIZE         11  /* without options */
#define QUERY_SIZE       512 /* header 12 + question 259 + OPT 11 + cookie 44, and some room */
#define HEAD_SIZE        ((size_t)MSG_HEADER_SIZE + STAND_IN_SIZE)
#define AT_ADDITIONAL    10 /* where the header counts OPT */

/* How long a server without cookies is not offered one again: as c-ares does it. */
#define NO_COOKIES_NS    UINT64_C(300000000000)

#define ORPHANS_MAX      64

/* The server's address is our business; c-ares needs one to compare replies with. */
#define STAND_IN_ADDRESS INADDR_LOOPBACK
#define STAND_IN_PORT    53
#define STAND_IN_TEXT    "127.0.0.1" /* both, as c-ares reads them */

static struct slot *slot_of(struct channel *c, ares_socket_t vfd)
{
    return &c->u->slots[vfd];
}

/* ---- What c-ares calls instead of the system ---- */

static bool open_real(struct channel *c, struct exchange *x, int vfd)
{
    if (c->tcp) {
        slot_of(c, vfd)->stream = stream_open(x->peer, vfd);
        return slot_of(c, vfd)->stream != NULL;
    }
    c->vfd = vfd;
    return datagram_local(x, &c->local) == 0;
}

static ares_socket_t on_socket(int domain, int type, int protocol, void *arg)
{
    (void)domain;
    (void)protocol;
    struct channel *c = arg;
    struct upstream *u = c->u;
    if (u->asking == NULL || (type == SOCK_STREAM) != c->tcp) {
        errno = EINVAL;
        return ARES_SOCKET_BAD;
    }
    int vfd = slot_take(u);
    if (vfd < 0) {
        errno = u->error = ENOMEM;
        return ARES_SOCKET_BAD;
    }
    if (!open_real(c, u->asking, vfd)) {
        u->error = errno;
        c->vfd = -1;
        slot_release(u, vfd);
        return ARES_SOCKET_BAD;
    }
    return vfd;
}

static int on_close(ares_socket_t vfd, void *arg)
{
    struct channel *c = arg;
    struct slot *s = slot_of(c, vfd);
    if (s->stream != NULL) {
        stream_shut(s->stream);
    } else {
        c->vfd = -1;
    }
    slot_release(c->u, vfd);
    return 0;
}

/* Our sockets come with their options set. */
static int on_setsockopt(ares_socket_t vfd, ares_socket_opt_t option, const void *value, ares_socklen_t size, void *arg)
{
    (void)vfd;
    (void)option;
    (void)value;
    (void)size;
    (void)arg;
    errno = ENOSYS;
    return -1;
}

/* Our sockets come connected, or at work on it. */
static int on_connect(ares_socket_t vfd, const struct sockaddr *sa, ares_socklen_t len, unsigned flags, void *arg)
{
    (void)vfd;
    (void)sa;
    (void)len;
    (void)flags;
    (void)arg;
    return 0;
}

static void fill_stand_in(struct sockaddr *sa, ares_socklen_t *len)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(STAND_IN_PORT)};
    in.sin_addr.s_addr = htonl(STAND_IN_ADDRESS);
    if (sa != NULL && len != NULL && *len >= sizeof(in)) {
        memcpy(sa, &in, sizeof(in));
        *len = sizeof(in);
    }
}

static ares_ssize_t on_recvfrom(ares_socket_t vfd, void *buffer, size_t size, int flags, struct sockaddr *sa,
                                ares_socklen_t *len, void *arg)
{
    (void)flags;
    struct channel *c = arg;
    struct upstream *u = c->u;
    if (u->shown == NULL || u->shown_to != vfd) {
        errno = slot_of(c, vfd)->broken ? ECONNRESET : EAGAIN;
        return -1;
    }
    size_t skip = c->tcp ? 0 : 2;
    size_t count = u->shown->len - skip;
    if (count > size) {
        count = size;
    }
    memcpy(buffer, u->shown->bytes + skip, count);
    u->shown = NULL;
    fill_stand_in(sa, len);
    return (ares_ssize_t)count;
}

static void write_opt(struct writer *w, uint16_t size)
{
    writer_u8(w, 0);
    writer_u16(w, TYPE_OPT);
    writer_u16(w, size);
    writer_u16(w, 0);
    writer_u16(w, OPT_DO);
    writer_u16(w, 0);
}

/* Puts the real question in the place of the stand-in, and OPT where c-ares was not given it. Returns the length of the
 * message, 0 if it is none of ours. */
static size_t write_query(const struct exchange *x, const uint8_t *from, size_t len, uint8_t out[QUERY_SIZE])
{
    if (len < HEAD_SIZE || memcmp(from + MSG_HEADER_SIZE, stand_in, STAND_IN_SIZE) != 0) {
        return 0;
    }
    struct writer w;
    writer_init(&w, out, QUERY_SIZE);
    writer_bytes(&w, from, MSG_HEADER_SIZE);
    writer_bytes(&w, x->sent.question, x->sent.question_len);
    writer_bytes(&w, from + HEAD_SIZE, len - HEAD_SIZE);
    if (x->use_edns && len == HEAD_SIZE) {
        write_opt(&w, x->u->settings.edns_size);
        wire_put_u16(out + AT_ADDITIONAL, 1);
    }
    return w.full ? 0 : writer_len(&w);
}

/* Cookies change with our address (RFC 7873 4.1), which c-ares looks at only when it opens what it takes for a socket.
 */
static bool has_moved(const struct exchange *x)
{
    struct addr now;
    return datagram_local(x, &now) == 0 && !addr_same_host(&now, &x->channel->local);
}

/* c-ares believes that it was sent whatever happens: there is no connection that it should give up. */
static void send_datagram(struct exchange *x, const uint8_t *query, size_t len, bool has_cookie)
{
    struct upstream *u = x->u;
    if (has_cookie && has_moved(x)) {
        u->error = EADDRNOTAVAIL;
    } else if (send(x->socket.fd, query, len, MSG_NOSIGNAL) < 0) {
        u->error = errno;
    } else {
        counter_add(&u->counters.udp_sent, 1);
        x->sent_cookie = has_cookie;
        x->channel->cookies += has_cookie;
        x->sent_at = clock_ticks();
    }
}

static bool send_framed(struct exchange *x, struct stream *s, const uint8_t *query, size_t len)
{
    uint8_t frame[2 + QUERY_SIZE];
    wire_put_u16(frame, (uint16_t)len);
    memcpy(frame + 2, query, len);
    if (stream_send(s, frame, len + 2) != 0) {
        x->u->error = errno;
        return false;
    }
    x->stream = s;
    s->pending++;
    event_del(&s->idle);
    counter_add(&x->u->counters.tcp_sent, 1);
    x->sent_at = clock_ticks();
    return true;
}

static ares_ssize_t on_sendto(ares_socket_t vfd, const void *buffer, size_t size, int flags, const struct sockaddr *sa,
                              ares_socklen_t len, void *arg)
{
    (void)flags;
    (void)sa;
    (void)len;
    struct channel *c = arg;
    struct exchange *x = c->u->asking;
    size_t skip = c->tcp ? 2 : 0;
    uint8_t query[QUERY_SIZE];
    if (x == NULL || x->sent_at != 0) {
        return (ares_ssize_t)size; /* c-ares would send something again on its own: it is not sent */
    }
    size_t query_len = size > skip ? write_query(x, (const uint8_t *)buffer + skip, size - skip, query) : 0;
    if (query_len == 0) {
        errno = c->u->error = EINVAL;
        return -1;
    }
    x->sent.id = wire_get_u16(query);
    if (!c->tcp) {
        send_datagram(x, query, query_len, size > HEAD_SIZE + OPT_SIZE);
    } else if (!send_framed(x, slot_of(c, vfd)->stream, query, query_len)) {
        return -1;
    }
    return (ares_ssize_t)size;
}

/* For cookies, which are for UDP only. */
static int on_getsockname(ares_socket_t vfd, struct sockaddr *sa, ares_socklen_t *len, void *arg)
{
    (void)vfd;
    const struct channel *c = arg;
    struct sockaddr_storage local;
    socklen_t size = addr_to_sockaddr(&c->local, &local);
    if (c->tcp || *len < size) {
        fill_stand_in(sa, len);
        return 0;
    }
    memcpy(sa, &local, size);
    *len = size;
    return 0;
}

/* ---- Channels ---- */

void channel_init(struct channel *c, struct upstream *u, bool tcp)
{
    *c = (struct channel){.u = u, .tcp = tcp, .vfd = -1};
}

static const struct ares_socket_functions_ex functions = {
    .version = 1,
    .flags = ARES_SOCKFUNC_FLAG_NONBLOCKING,
    .asocket = on_socket,
    .aclose = on_close,
    .asetsockopt = on_setsockopt,
    .aconnect = on_connect,
    .arecvfrom = on_recvfrom,
    .asendto = on_sendto,
    .agetsockname = on_getsockname,
};

static bool make_ares(struct channel *c)
{
    char none[] = "/dev/null", lookups[] = "b";
    struct in_addr server = {.s_addr = htonl(STAND_IN_ADDRESS)};
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_STAYOPEN |
                 ARES_FLAG_NO_DFLT_SVR | ARES_FLAG_IGNTC | (c->tcp ? ARES_FLAG_USEVC : 0),
        .tries = 1,
        .servers = &server,
        .nservers = 1,
        .udp_port = STAND_IN_PORT,
        .tcp_port = STAND_IN_PORT,
        .lookups = lookups,
        .resolvconf_path = none,
        .hosts_path = none,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_SERVERS | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT |
               ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_HOSTS_FILE | ARES_OPT_DOMAINS | ARES_OPT_QUERY_CACHE |
               ARES_OPT_SERVER_FAILOVER;
    if (ares_init_options(&c->ares, &options, mask) != ARES_SUCCESS) {
        c->ares = NULL;
        return false;
    }
    return ares_set_socket_functions_ex(c->ares, &functions, c) == ARES_SUCCESS;
}

/* To make one costs more than an exchange, since c-ares reads the system's configuration. So those given up serve
 * others. What c-ares knows of a server, its cookies above all, it keeps with the server, and forgets with it. */
static bool take_idle(struct channel *c)
{
    c->ares = c->u->idle[--c->u->idle_count];
    return ares_set_socket_functions_ex(c->ares, &functions, c) == ARES_SUCCESS &&
           ares_set_servers_csv(c->ares, STAND_IN_TEXT) == ARES_SUCCESS;
}

static bool open_channel(struct channel *c)
{
    bool is_open = !c->tcp && c->u->idle_count > 0 ? take_idle(c) : make_ares(c);
    if (!is_open) {
        channel_close(c);
    }
    return is_open;
}

void channel_retire(struct channel *c)
{
    struct upstream *u = c->u;
    if (c->ares == NULL || c->tcp || u->idle_count == IDLE_MAX) {
        channel_close(c);
        return;
    }
    ares_cancel(c->ares);
    if (ares_set_servers_csv(c->ares, "") != ARES_SUCCESS) {
        channel_close(c);
        return;
    }
    u->idle[u->idle_count++] = c->ares;
    c->ares = NULL;
}

void channel_drop_idle(struct upstream *u)
{
    while (u->idle_count > 0) {
        ares_destroy(u->idle[--u->idle_count]);
    }
}

void channel_close(struct channel *c)
{
    if (c->ares != NULL) {
        ares_destroy(c->ares);
        c->ares = NULL;
    }
}

static void process(struct channel *c, int vfd, unsigned what)
{
    ares_fd_events_t event = {.fd = vfd, .events = what};
    (void)ares_process_fds(c->ares, &event, 1, ARES_PROCESS_FLAG_SKIP_NON_FD);
}

void channel_show(struct channel *c, int vfd, const struct shown *shown)
{
    c->u->shown = shown;
    c->u->shown_to = vfd;
    process(c, vfd, ARES_FD_EVENT_READ);
    c->u->shown = NULL;
}

void channel_break(struct channel *c, int vfd)
{
    slot_of(c, vfd)->broken = true;
    process(c, vfd, ARES_FD_EVENT_READ);
}

/* Only notes that c-ares has let go: it calls us from its depths, where nothing of it may be touched. */
static void on_done(void *arg, ares_status_t status, size_t timeouts, const ares_dns_record_t *record)
{
    (void)status;
    (void)timeouts;
    (void)record;
    struct exchange *x = arg;
    x->held = false;
    if (x->orphan) {
        x->channel->orphans--;
        pool_give(&x->u->exchanges, x);
    }
}

/* c-ares writes to a new TCP connection only when told that it is there; ours takes octets from the start. */
static void announce_stream(struct peer *p)
{
    struct stream *s = LIST_FIRST(&p->streams);
    if (s != NULL && s->vfd >= 0) {
        process(&p->channel, s->vfd, ARES_FD_EVENT_WRITE);
    }
}

/* Has c-ares make the query of x and sends it. 0 or errno. */
static int hand_over(struct exchange *x, bool with_opt)
{
    struct upstream *u = x->u;
    struct channel *c = x->channel;
    if (c->ares == NULL && !open_channel(c)) {
        return ENOMEM;
    }
    u->asking = x;
    u->error = 0;
    x->held = true;
    (void)ares_send_dnsrec(c->ares, u->queries[with_opt][x->recursion], on_done, x, NULL);
    if (c->tcp && x->held && x->sent_at == 0) {
        announce_stream(x->peer);
    }
    u->asking = NULL;
    if (x->sent_at != 0 && (x->held || !c->tcp)) {
        return 0;
    }
    return u->error != 0 ? u->error : ENOMEM;
}

void channel_tidy(struct channel *c)
{
    if (c->ares != NULL && (c->cookies == 0 || c->orphans > ORPHANS_MAX)) {
        ares_cancel(c->ares);
    }
}

void channel_note_no_cookies(struct peer *p, uint64_t now)
{
    p->cookies_after = now + NO_COOKIES_NS;
    channel_rest(p, now);
}

void channel_rest(struct peer *p, uint64_t now)
{
    if (p->channel.cookies == 0 && now < p->cookies_after) {
        channel_retire(&p->channel);
    }
}

/* Most servers have no cookies; for them c-ares is spared OPT, the larger part of its work. */
static int ask_datagram(struct exchange *x, uint64_t now)
{
    struct peer *p = x->peer;
    bool with_opt = x->use_edns && now >= p->cookies_after;
    x->channel = with_opt ? &p->channel : &x->u->plain;
    if (datagram_open(x) != 0) {
        return errno;
    }
    int error = hand_over(x, with_opt);
    if (error == EADDRNOTAVAIL && x->channel->vfd >= 0) {
        channel_break(x->channel, x->channel->vfd);
        error = hand_over(x, with_opt);
    }
    if (!x->sent_cookie) {
        channel_tidy(x->channel);
    }
    if (error == 0 && with_opt && !x->sent_cookie) {
        channel_note_no_cookies(p, now); /* c-ares had none to send */
    }
    return error;
}

int channel_ask(struct exchange *x, uint64_t now)
{
    return x->peer->tcp ? hand_over(x, false) : ask_datagram(x, now);
}
