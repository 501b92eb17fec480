#include "resolver/net/udp_run.h"

#include <netinet/udp.h>
#include <string.h>

_Static_assert(UDP_RUN_MAX * UDP_RUN_LEN_MAX <= 65535 - 8 - 40, "a run fits into a datagram");

static bool is_loopback(const struct msghdr *h)
{
    const struct sockaddr *sa = h->msg_name;
    if (sa->sa_family == AF_INET) {
        const struct sockaddr_in *in = h->msg_name;
        return ntohl(in->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    const struct sockaddr_in6 *in6 = h->msg_name;
    return IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static bool goes_the_same_way(const struct msghdr *a, const struct msghdr *b)
{
    return a->msg_iov->iov_len == b->msg_iov->iov_len && a->msg_namelen == b->msg_namelen &&
           memcmp(a->msg_name, b->msg_name, a->msg_namelen) == 0 && a->msg_controllen == b->msg_controllen &&
           (a->msg_controllen == 0 || memcmp(a->msg_control, b->msg_control, a->msg_controllen) == 0);
}

/* How many datagrams from the first on can leave as one message. */
static unsigned measure(const struct udp_runs *r, const struct mmsghdr *datagrams, unsigned count)
{
    const struct msghdr *first = &datagrams[0].msg_hdr;
    size_t len = first->msg_iov->iov_len;
    unsigned n = 1;
    if (r->given_up || count < UDP_RUN_MIN || len == 0 || len > UDP_RUN_LEN_MAX || !is_loopback(first)) {
        return 1;
    }
    while (n < count && n < UDP_RUN_MAX && goes_the_same_way(first, &datagrams[n].msg_hdr)) {
        n++;
    }
    return n >= UDP_RUN_MIN ? n : 1;
}

/* Tells the system the length to cut at, behind the control data that the datagrams have anyway. */
static void set_length(struct msghdr *h, uint8_t control[UDP_RUN_CONTROL])
{
    uint16_t len = (uint16_t)h->msg_iov->iov_len;
    struct cmsghdr *c = (struct cmsghdr *)(void *)(control + h->msg_controllen);
    if (h->msg_controllen > 0) {
        memcpy(control, h->msg_control, h->msg_controllen);
    }
    *c = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof(len)), .cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT};
    memcpy(CMSG_DATA(c), &len, sizeof(len));
    h->msg_control = control;
    h->msg_controllen += CMSG_SPACE(sizeof(len));
}

unsigned udp_runs_join(struct udp_runs *r, const struct mmsghdr *datagrams, unsigned count)
{
    unsigned messages = 0, runs = 0;
    for (unsigned i = 0; i < count;) {
        unsigned n = measure(r, datagrams + i, count - i);
        struct msghdr *h = &r->messages[messages++].msg_hdr;
        *h = datagrams[i].msg_hdr;
        h->msg_iovlen = n;
        if (n > 1) {
            set_length(h, r->control[runs++]);
        }
        i += n;
    }
    return messages;
}

unsigned udp_runs_datagrams(const struct udp_runs *r, unsigned count)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < count; i++) {
        sum += (unsigned)r->messages[i].msg_hdr.msg_iovlen;
    }
    return sum;
}

bool udp_runs_give_up(struct udp_runs *r)
{
    bool is_run = r->messages[0].msg_hdr.msg_iovlen > 1;
    r->given_up = r->given_up || is_run;
    return is_run;
}
