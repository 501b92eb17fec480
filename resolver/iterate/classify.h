/* One reply of an upstream server, sorted into one kind. Pure: the message and where the walk stands decide. */
#ifndef CAIRN_ITERATE_CLASSIFY_H
#define CAIRN_ITERATE_CLASSIFY_H

#include <stdint.h>

#include "resolver/dns/msg.h"

enum reply_kind {
    REPLY_ANSWER,   /* the RRset asked for */
    REPLY_ALIAS,    /* a CNAME at the name, or a DNAME above it */
    REPLY_REFERRAL, /* NS of a zone strictly below the one asked, at or above the name */
    REPLY_NODATA,   /* the name exists, the type does not (RFC 2308 2.2) */
    REPLY_NXDOMAIN, /* the name does not exist (RFC 2308 2.1) */
    REPLY_LAME,     /* the server does not know the zone: a referral upwards or sideways, no authority, NOTAUTH */
    REPLY_SERVFAIL,
    REPLY_REFUSED,
    REPLY_FORMERR,   /* FORMERR, NOTIMP or BADVERS: perhaps EDNS is not understood */
    REPLY_TRUNCATED, /* ask again over TCP */
    REPLY_JUNK       /* not a reply to this question, or not a message at all */
};

/* "REFUSED", "a lame answer": for texts that follow a server's address. Constant. */
const char *reply_kind_text(enum reply_kind kind);

/* What `m` says about (name, type) when a server of `zone` was asked; `name` is at or below `zone`. */
enum reply_kind classify_reply(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type,
                               bool over_tcp);

/* Likewise for a name the question did not hold: the target of an alias in the same reply, at or below `zone`. LAME
 * when the reply does not tell and the target must be asked for. */
enum reply_kind classify_target(const struct msg *m, const uint8_t *zone, const uint8_t *name, uint16_t type);

/* What `kind` means when the server of the reply resolves for us: it must not refer us elsewhere, and its negative
 * answers need no authority. */
enum reply_kind classify_forwarded(const struct msg *m, enum reply_kind kind);

#endif
