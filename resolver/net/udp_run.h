/* Runs of answers: datagrams of one length, one behind the other, to one port of this machine. The system takes a run
 * as one long datagram and cuts it up itself (UDP_SEGMENT of udp(7), since Linux 4.18), which costs less than sending
 * each. Only to loopback addresses: no driver is involved that could get it wrong. Only from UDP_RUN_MIN datagrams on:
 * fewer come from a single program's questions, and whoever looks at them with tcpdump shall see what they are. */
#ifndef CAIRN_NET_UDP_RUN_H
#define CAIRN_NET_UDP_RUN_H

#include <netinet/in.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "resolver/net/udp.h"

#define UDP_RUN_MIN     4
#define UDP_RUN_MAX     32
#define UDP_RUN_LEN_MAX 1232 /* octets of each; all of a run fit into one datagram */
#define UDP_RUN_CONTROL (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))

/* All zero to begin with. */
struct udp_runs {
    struct mmsghdr messages[UDP_BATCH]; /* what is to be sent: single datagrams and runs */
    alignas(struct cmsghdr) uint8_t control[UDP_BATCH / UDP_RUN_MIN][UDP_RUN_CONTROL];
    bool given_up;
};

/* Makes `messages` of at most UDP_BATCH datagrams, in their order, and returns how many there are. Each datagram has
 * one part (msg_iov), and the parts of all stand side by side in one array; they, and the addresses and control data
 * (at most one in6_pktinfo), are referred to and must stay until the messages are sent. */
unsigned udp_runs_join(struct udp_runs *r, const struct mmsghdr *datagrams, unsigned count);

/* How many datagrams are in the first `count` messages. */
unsigned udp_runs_datagrams(const struct udp_runs *r, unsigned count);

/* The system refused the first message. If it is a run, nothing is joined from now on; returns whether that was so. */
bool udp_runs_give_up(struct udp_runs *r);

#endif
