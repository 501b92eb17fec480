#include <ares.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/dns/msg.h"
#include "resolver/dns/wire.h"
#include "resolver/net/upstream_private.h"

#define OPT_DO           0x8000
#define OPT_SIZE         11  /* without options */
#define QUERY_SIZE       512 /* 2 + header 12 + question 259 + OPT 11 + cookie 44, and some room */

/* The server's address is our business; c-ares needs one to compare replies with. */
#define STAND_IN_ADDRESS INADDR_LOOPBACK
#define STAND_IN_PORT    53

/* ---- Numbers that stand for descriptors ---- */

static int vsock_take(struct upstream *u)
{
    if (u->first_free == u->vsock_count) {
        int count = u->vsock_count == 0 ? 64 : u->vsock_count * 2;
        struct vsock *vsocks = realloc(u->vsocks, (size_t)count * sizeof(*vsocks));
        if (vsocks == NULL) {
            return -1;
        }
        for (int i = u->vsock_count; i < count; i++) {
            vsocks[i] = (struct vsock){.next_free = i + 1};
        }
        u->vsocks = vsocks;
        u->vsock_count = count;
    }
    int vfd = u->first_free;
    u->first_free = u->vsocks[vfd].next_free;
    return vfd;
}

static void vsock_release(struct upstream *u, int vfd)
{
    uint32_t generation = u->vsocks[vfd].generation + 1;
    u->vsocks[vfd] = (struct vsock){.generation = generation, .next_free = u->first_free};
    u->first_free = vfd;
}

static struct vsock *vsock_of(struct peer *p, ares_socket_t vfd)
{
    return &p->u->vsocks[vfd];
}

/* ---- What c-ares calls instead of the system ---- */

static bool open_real(struct peer *p, struct exchange *x, int vfd)
{
    struct vsock *v = vsock_of(p, vfd);
    if (p->tcp) {
        v->stream = stream_open(p, vfd);
        return v->stream != NULL;
    }
    x->vfd = vfd;
    v->exchange = x;
    return datagram_open(x) == 0;
}

static ares_socket_t on_socket(int domain, int type, int protocol, void *arg)
{
    (void)domain;
    (void)protocol;
    struct peer *p = arg;
    struct upstream *u = p->u;
    if (u->asking == NULL || (type == SOCK_STREAM) != p->tcp) {
        errno = EINVAL;
        return ARES_SOCKET_BAD;
    }
    int vfd = vsock_take(u);
    if (vfd < 0) {
        errno = u->error = ENOMEM;
        return ARES_SOCKET_BAD;
    }
    if (!open_real(p, u->asking, vfd)) {
        u->error = errno;
        u->asking->vfd = -1;
        vsock_release(u, vfd);
        return ARES_SOCKET_BAD;
    }
    return vfd;
}

static int on_close(ares_socket_t vfd, void *arg)
{
    struct peer *p = arg;
    struct vsock *v = vsock_of(p, vfd);
    if (v->stream != NULL) {
        stream_shut(v->stream);
    } else if (v->exchange != NULL) {
        close(v->exchange->fd);
        v->exchange->fd = v->exchange->vfd = -1;
    }
    vsock_release(p->u, vfd);
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
    struct peer *p = arg;
    struct upstream *u = p->u;
    if (u->shown == NULL || u->shown_to != vfd) {
        errno = vsock_of(p, vfd)->broken ? ECONNRESET : EAGAIN;
        return -1;
    }
    size_t skip = p->tcp ? 0 : 2;
    size_t count = u->shown->len - skip;
    if (count > size) {
        count = size;
    }
    memcpy(buffer, u->shown->bytes + skip, count);
    u->shown = NULL;
    fill_stand_in(sa, len);
    return (ares_ssize_t)count;
}

/* Puts the real question in the place of the stand-in. Returns the length of the message, 0 if it is none of ours. */
static size_t write_query(const struct sent *sent, const uint8_t *from, size_t len, uint8_t out[QUERY_SIZE])
{
    size_t head = MSG_HEADER_SIZE + STAND_IN_SIZE;
    if (len < head || memcmp(from + MSG_HEADER_SIZE, stand_in, STAND_IN_SIZE) != 0) {
        return 0;
    }
    struct writer w;
    writer_init(&w, out, QUERY_SIZE);
    writer_bytes(&w, from, MSG_HEADER_SIZE);
    writer_bytes(&w, sent->question, sent->question_len);
    writer_bytes(&w, from + head, len - head);
    return w.full ? 0 : writer_len(&w);
}

static int send_datagram(struct exchange *x, const uint8_t *query, size_t len)
{
    if (send(x->fd, query, len, MSG_NOSIGNAL) < 0) {
        return -1;
    }
    counter_add(&x->u->counters.udp_sent, 1);
    return 0;
}

static int send_framed(struct exchange *x, struct stream *s, const uint8_t *query, size_t len)
{
    uint8_t frame[2 + QUERY_SIZE];
    wire_put_u16(frame, (uint16_t)len);
    memcpy(frame + 2, query, len);
    if (stream_send(s, frame, len + 2) != 0) {
        return -1;
    }
    x->stream = s;
    s->pending++;
    event_del(&s->idle);
    counter_add(&x->u->counters.tcp_sent, 1);
    return 0;
}

static ares_ssize_t on_sendto(ares_socket_t vfd, const void *buffer, size_t size, int flags, const struct sockaddr *sa,
                              ares_socklen_t len, void *arg)
{
    (void)flags;
    (void)sa;
    (void)len;
    struct peer *p = arg;
    struct upstream *u = p->u;
    struct exchange *x = u->asking;
    size_t skip = p->tcp ? 2 : 0;
    uint8_t query[QUERY_SIZE];
    if (x == NULL || x->sent_at != 0 || size < skip) {
        errno = EINVAL; /* c-ares would send something again on its own */
        return -1;
    }
    size_t query_len = write_query(&x->sent, (const uint8_t *)buffer + skip, size - skip, query);
    errno = EINVAL;
    if (query_len == 0 || (p->tcp ? send_framed(x, vsock_of(p, vfd)->stream, query, query_len)
                                  : send_datagram(x, query, query_len)) != 0) {
        /* "Try again later" is nothing that c-ares could wait for here. */
        errno = u->error = errno == EAGAIN ? ENOBUFS : errno;
        return -1;
    }
    x->sent.id = wire_get_u16(query);
    x->sent_cookie = !p->tcp && query_len > MSG_HEADER_SIZE + (size_t)x->sent.question_len + OPT_SIZE;
    x->sent_at = clock_ticks();
    return (ares_ssize_t)size;
}

/* Cookies change with our address (RFC 7873 4.1), and are for UDP only. */
static int on_getsockname(ares_socket_t vfd, struct sockaddr *sa, ares_socklen_t *len, void *arg)
{
    struct vsock *v = vsock_of(arg, vfd);
    if (v->exchange != NULL) {
        return getsockname(v->exchange->fd, sa, len);
    }
    fill_stand_in(sa, len);
    return 0;
}

/* ---- Channels ---- */

int channel_open(struct peer *p)
{
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
    char none[] = "/dev/null", lookups[] = "b";
    struct in_addr server = {.s_addr = htonl(STAND_IN_ADDRESS)};
    struct ares_options options = {
        .flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_STAYOPEN |
                 ARES_FLAG_NO_DFLT_SVR | ARES_FLAG_IGNTC | (p->tcp ? ARES_FLAG_USEVC : 0),
        .tries = 1,
        .udp_max_queries = 1,
        .servers = &server,
        .nservers = 1,
        .udp_port = STAND_IN_PORT,
        .tcp_port = STAND_IN_PORT,
        .lookups = lookups,
        .resolvconf_path = none,
        .hosts_path = none,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TRIES | ARES_OPT_UDP_MAX_QUERIES | ARES_OPT_SERVERS | ARES_OPT_UDP_PORT |
               ARES_OPT_TCP_PORT | ARES_OPT_LOOKUPS | ARES_OPT_RESOLVCONF | ARES_OPT_HOSTS_FILE | ARES_OPT_DOMAINS |
               ARES_OPT_QUERY_CACHE | ARES_OPT_SERVER_FAILOVER;
    if (ares_init_options(&p->channel, &options, mask) != ARES_SUCCESS) {
        p->channel = NULL;
        return FAIL_MEMORY;
    }
    return ares_set_socket_functions_ex(p->channel, &functions, p) == ARES_SUCCESS ? FAIL_NONE : FAIL_MEMORY;
}

void channel_close(struct peer *p)
{
    if (p->channel != NULL) {
        ares_destroy(p->channel);
        p->channel = NULL;
    }
}

static void process(struct peer *p, int vfd, unsigned what)
{
    ares_fd_events_t event = {.fd = vfd, .events = what};
    (void)ares_process_fds(p->channel, &event, 1, ARES_PROCESS_FLAG_SKIP_NON_FD);
}

void channel_show(struct peer *p, int vfd, const struct shown *shown)
{
    p->u->shown = shown;
    p->u->shown_to = vfd;
    process(p, vfd, ARES_FD_EVENT_READ);
    p->u->shown = NULL;
}

void channel_break(struct peer *p, int vfd)
{
    vsock_of(p, vfd)->broken = true;
    process(p, vfd, ARES_FD_EVENT_READ);
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
        free(x);
    }
}

/* c-ares writes to a new TCP connection only when told that it is there; ours takes octets from the start. */
static void announce_stream(struct peer *p)
{
    struct stream *s = LIST_FIRST(&p->streams);
    if (s != NULL && s->vfd >= 0) {
        process(p, s->vfd, ARES_FD_EVENT_WRITE);
    }
}

int channel_ask(struct exchange *x)
{
    struct upstream *u = x->u;
    struct peer *p = x->peer;
    u->asking = x;
    u->error = 0;
    x->held = true;
    (void)ares_send_dnsrec(p->channel, u->queries[x->use_edns][x->recursion], on_done, x, NULL);
    if (p->tcp && x->held && x->sent_at == 0) {
        announce_stream(p);
    }
    u->asking = NULL;
    if (x->held && x->sent_at != 0) {
        return 0;
    }
    return u->error != 0 ? u->error : ENOMEM;
}

/* ---- The queries it is given ---- */

static ares_dns_record_t *make_query(bool use_edns, bool recursion, uint16_t edns_size)
{
    ares_dns_record_t *q = NULL;
    ares_dns_rr_t *opt = NULL;
    unsigned short flags = recursion ? ARES_FLAG_RD : 0;
    bool ok = ares_dns_record_create(&q, 0, flags, ARES_OPCODE_QUERY, ARES_RCODE_NOERROR) == ARES_SUCCESS &&
              ares_dns_record_query_add(q, ".", ARES_REC_TYPE_A, ARES_CLASS_IN) == ARES_SUCCESS;
    if (ok && use_edns) {
        ok = ares_dns_record_rr_add(&opt, q, ARES_SECTION_ADDITIONAL, "", ARES_REC_TYPE_OPT, ARES_CLASS_IN, 0) ==
                 ARES_SUCCESS &&
             ares_dns_rr_set_u16(opt, ARES_RR_OPT_UDP_SIZE, edns_size) == ARES_SUCCESS &&
             ares_dns_rr_set_u8(opt, ARES_RR_OPT_VERSION, 0) == ARES_SUCCESS &&
             ares_dns_rr_set_u16(opt, ARES_RR_OPT_FLAGS, OPT_DO) == ARES_SUCCESS;
    }
    if (!ok) {
        ares_dns_record_destroy(q);
        return NULL;
    }
    return q;
}

int channel_make_queries(struct upstream *u)
{
    ares_dns_record_t *made[2][2];
    bool ok = true;
    for (unsigned i = 0; i < 4; i++) {
        made[i / 2][i % 2] = make_query(i / 2, i % 2, u->settings.edns_size);
        ok = ok && made[i / 2][i % 2] != NULL;
    }
    if (ok) {
        channel_free_queries(u);
        memcpy(u->queries, made, sizeof(made));
        return FAIL_NONE;
    }
    for (unsigned i = 0; i < 4; i++) {
        ares_dns_record_destroy(made[i / 2][i % 2]);
    }
    return FAIL_MEMORY;
}

void channel_free_queries(struct upstream *u)
{
    for (unsigned i = 0; i < 4; i++) {
        ares_dns_record_destroy(u->queries[i / 2][i % 2]);
        u->queries[i / 2][i % 2] = NULL;
    }
}

void upstream_start(void)
{
    unsetenv("RES_OPTIONS");
    unsetenv("LOCALDOMAIN");
    (void)ares_library_init(ARES_LIB_INIT_ALL);
}
