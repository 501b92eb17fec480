/* DNS messages (RFC 1035 4): header and question of a client's query, whole replies of servers, and writing answers. */
#ifndef CAIRN_DNS_MSG_H
#define CAIRN_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/base/fail.h"
#include "resolver/dns/edns.h"
#include "resolver/dns/name.h"
#include "resolver/dns/rrset.h"
#include "resolver/dns/wire.h"

#define MSG_HEADER_SIZE 12
#define MSG_SIZE_MAX    65535
#define MSG_UDP_PLAIN   512 /* without EDNS (RFC 1035 2.3.4) */

enum msg_flags {
    MSG_QR = 0x8000,
    MSG_OPCODE = 0x7800,
    MSG_AA = 0x0400,
    MSG_TC = 0x0200,
    MSG_RD = 0x0100,
    MSG_RA = 0x0080,
    MSG_Z = 0x0040,
    MSG_AD = 0x0020,
    MSG_CD = 0x0010,
    MSG_RCODE = 0x000f
};

enum opcode { OPCODE_QUERY = 0, OPCODE_STATUS = 2, OPCODE_NOTIFY = 4, OPCODE_UPDATE = 5 };

enum rcode {
    RCODE_NOERROR = 0,
    RCODE_FORMERR = 1,
    RCODE_SERVFAIL = 2,
    RCODE_NXDOMAIN = 3,
    RCODE_NOTIMP = 4,
    RCODE_REFUSED = 5,
    RCODE_YXDOMAIN = 6,
    RCODE_NOTAUTH = 9,
    RCODE_BADVERS = 16,
    RCODE_BADCOOKIE = 23
};

/* "NOERROR", "RCODE24"; `out` holds 16. Returns `out`. */
char *rcode_text(unsigned rcode, char out[16]);

enum section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTION_COUNT };

struct question {
    const uint8_t *name;
    uint16_t type;
    uint16_t class;
};

/* ---- A client's query ---- */

/* What the one pass over a query found. `name` keeps the client's case and points into `name_octets`; `key` is the same
 * in lower case. */
struct request {
    uint16_t id;
    uint16_t flags; /* enum msg_flags as received */
    uint16_t type;
    uint16_t class;
    uint8_t name_len;
    uint8_t name[NAME_SIZE];
    uint8_t key[NAME_SIZE];
    struct edns edns; /* edns.present false when there was no OPT */
    bool is_proven; /* false here; whoever checks the cookie sets it: the client receives what is sent to its address */
};

/* What to do with the datagram or TCP message. */
enum request_verdict {
    REQUEST_OK,      /* opcode QUERY, one question, everything read */
    REQUEST_IGNORE,  /* shorter than a header, or a reply (QR=1): silence */
    REQUEST_FORMERR, /* id, flags are set; the question only when name_len > 0 */
    REQUEST_NOTIMP,  /* another opcode */
    REQUEST_BADVERS, /* EDNS version above 0 (RFC 6891 6.1.3) */
    REQUEST_COOKIE   /* no question, but a COOKIE option: asks for a server cookie (RFC 7873 5.4) */
};

/* Reads a query: header, exactly one question (RFC 9619; none will do with a COOKIE option), at most one OPT in
 * additional; other records are skipped but must be well-formed. Octets behind the last record are ignored. No
 * allocation. A COOKIE option of a length that none has is FORMERR (RFC 7873 5.2.2). */
enum request_verdict request_parse(const uint8_t *wire, size_t len, struct request *out);

/* Whether the answer may have AD: the client understands it (RFC 6840 5.7). */
static inline bool request_wants_ad(const struct request *q)
{
    return q->edns.dnssec_ok || (q->flags & MSG_AD) != 0;
}

/* Reads no more of a query than its question's name, in lower case, and type; for a look ahead that may go wrong.
 * Returns the octets of the name, 0 when there is no such question. */
size_t request_peek(const uint8_t *wire, size_t len, uint8_t key[NAME_SIZE], uint16_t *type);

/* ---- A server's reply ---- */

struct msg {
    uint16_t id;
    uint16_t flags;
    unsigned rcode; /* extended by OPT */
    bool has_question;
    struct question question; /* valid when has_question; name in the arena, case as received */
    struct rrset *sections[SECTION_COUNT];
    struct edns edns;
};

#define MSG_RECORDS_MAX 4096 /* records of one message; who sends more is up to no good */

/* Parses a whole message into `a`: RRsets gathered per section with their RRSIGs attached (an RRSIG without its set
 * becomes a set of type RRSIG), duplicates dropped (RFC 2181 5.5), TTLs above 2^31-1 read as 0 (RFC 2181 8), records of
 * other classes than IN and meta types skipped. Trailing bytes are ignored. `out` refers to `wire` nowhere: all of
 * it lives in the arena. id, flags, and then the question, are set even when the rest fails. FAIL_WIRE: malformed, or
 * too many records; FAIL_LIMIT: the arena is at its cap. */
MUST_CHECK int msg_parse(const uint8_t *wire, size_t len, struct arena *a, struct msg *out);

/* ---- Writing ---- */

/* Where a TTL stands in a written message, and when its record expires. */
struct ttl_mark {
    uint16_t offset;
    uint64_t expires; /* 0: does not age */
};

#define MSG_NAMES_MAX  120 /* names remembered as compression targets in one message */
#define MSG_NAME_SLOTS 256

struct msg_writer {
    struct writer w;
    uint64_t now; /* for TTLs; set it, and marks and mark_max, after msg_begin */
    uint16_t counts[SECTION_COUNT];
    struct ttl_mark *marks; /* optional, the caller's */
    unsigned mark_count, mark_max;
    bool marks_lost;   /* more TTLs than mark_max */
    size_t reserve;    /* bytes kept free for OPT */
    bool has_question; /* its name enters the table before the first other name, if one comes */
    unsigned name_count;
    uint8_t slots[MSG_NAME_SLOTS]; /* hash table of `names`: index + 1, 0 when free */
    struct {
        uint32_t hash;
        uint16_t offset;
        uint8_t slot;
    } names[MSG_NAMES_MAX]; /* oldest first */
};

/* Starts a message of at most `size` bytes with header and, unless `q` is NULL, question. `flags` holds QR, AA,
 * RCODE... A size of MSG_UDP_PLAIN always holds both. */
void msg_begin(struct msg_writer *m, void *bytes, size_t size, uint16_t id, uint16_t flags, const struct question *q);

/* Goes on with a finished message of `len` octets that has no OPT yet, to append one. */
void msg_resume(struct msg_writer *m, void *bytes, size_t len, size_t size);

/* Keeps `bytes` more free for an OPT record written later (edns_size). */
void msg_reserve(struct msg_writer *m, size_t bytes);

/* Appends a whole RRset (and its RRSIGs when `with_sigs`), owner and RDATA names compressed where allowed. Sections
 * must be written in order. FAIL_SPACE: it did not fit, nothing was written, the message is as before. */
MUST_CHECK int msg_put_rrset(struct msg_writer *m, enum section s, const struct rrset *set, bool with_sigs);

/* Appends OPT, into the reserve too; `rcode` (12 bits) is split between it and the header. FAIL_SPACE as above. */
MUST_CHECK int msg_put_opt(struct msg_writer *m, const struct edns *edns, unsigned rcode);

/* Patches the counts and returns the length, 0 when not even the question fitted. `truncated` sets TC. */
size_t msg_finish(struct msg_writer *m, bool truncated);

/* Writes a plain query (one question, OPT when `edns` is not NULL) and returns its length, 0 if it does not fit. */
size_t msg_write_query(void *bytes, size_t size, uint16_t id, uint16_t flags, const struct question *q,
                       const struct edns *edns);

#endif
