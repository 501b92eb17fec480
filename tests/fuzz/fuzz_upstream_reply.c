/* A reply of a server, as UDP and as TCP would take it: matching never reads beyond it, and what c-ares would see is
 * always a small well-formed message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/wire.h"
#include "resolver/net/upstream_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sent sent = {.id = 0x1234, .question_len = 17, .question = "\3wWw\7example\0\0\1\0\1"};

static void check(int ok)
{
    if (!ok) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct shown shown;
    bool datagram = reply_matches_datagram(&sent, data, size);
    bool message = reply_matches_message(&sent, data, size);
    check(message || !datagram);
    if (!message) {
        return 0;
    }
    reply_show(sent.id, data, size, &shown);
    check(shown.len <= SHOWN_SIZE && wire_get_u16(shown.bytes) + 2u == shown.len);
    check(wire_get_u16(shown.bytes + 2) == sent.id && shown.bytes[5] == 0);
    check(memcmp(shown.bytes + 14, stand_in, STAND_IN_SIZE) == 0);
    size_t plain = 2 + 12 + STAND_IN_SIZE;
    check(shown.bytes[13] == (shown.len > plain));
    check(shown.len == plain || wire_get_u16(shown.bytes + plain + 9) + plain + 11 == shown.len);
    return 0;
}
