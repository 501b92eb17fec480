/* Tells when the machine's addresses or routes have changed, as the kernel reports it (rtnetlink(7)). */
#ifndef CAIRN_NET_NETLINK_H
#define CAIRN_NET_NETLINK_H

struct event_base;
struct netlink;

/* `changed` is called from the event loop a second after the first of some changes, however many there were. NULL when
 * the system refuses: errno says why. */
struct netlink *netlink_new(struct event_base *base, void (*changed)(void *ctx), void *ctx);
void netlink_free(struct netlink *n); /* NULL is fine */

#endif
