/* Is this datagram or message the reply to what we sent? And what c-ares gets to see of it. Pure functions. Private to
 * upstream*.c. */
#ifndef CAIRN_NET_UPSTREAM_REPLY_H
#define CAIRN_NET_UPSTREAM_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/dns/name.h"

#define QUESTION_SIZE (NAME_SIZE + 4) /* name, type, class */

/* What identifies a query on the wire. */
struct sent {
    uint16_t id;
    uint16_t question_len;
    uint8_t question[QUESTION_SIZE];
};

/* A reply over UDP repeats id and question, case included, and has room for the records it counts (RFC 5452 9.1). */
bool reply_matches_datagram(const struct sent *sent, const uint8_t *bytes, size_t len);

/* Over TCP the case of the question may differ, and an error may come without question: old servers answer FORMERR so,
 * and nobody off the path can forge the stream. */
bool reply_matches_message(const struct sent *sent, const uint8_t *bytes, size_t len);

/* False when it repeats the question in another case. */
bool reply_keeps_case(const struct sent *sent, const uint8_t *bytes, size_t len);

/* c-ares is asked a stand-in question, ". A IN"; the real one takes its place on the wire. */
#define STAND_IN_SIZE 5
extern const uint8_t stand_in[STAND_IN_SIZE];

/* 2 octets of length, header, stand-in, OPT with one COOKIE option of at most 41 octets (one more than is valid). */
#define SHOWN_SIZE (2 + 12 + STAND_IN_SIZE + 11 + 4 + 41)

struct shown {
    uint8_t bytes[SHOWN_SIZE]; /* a message with the two octets of its length in front */
    size_t len;                /* these included */
    bool has_cookie;
    bool bad_cookie; /* rcode BADCOOKIE (RFC 7873 8) */
};

/* What c-ares sees of a reply: header with TC and rcode cleared, the stand-in question and OPT with the cookie and
 * nothing else. So it parses no record of a stranger and never asks again on its own. */
void reply_show(uint16_t id, const uint8_t *bytes, size_t len, struct shown *out);

/* The same for a query that gets no reply any more. */
void reply_show_nothing(uint16_t id, struct shown *out);

#endif
