/* The first two octets are a type. The rest, as RDATA, printed and parsed again gives the same RDATA; as text it may be
 * refused, but what is accepted must be well-formed. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/rdata.h"
#include "tests/support/tokens.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TOKENS_MAX = 32768, TEXT_SIZE = 1 << 20 };

static struct token tokens[TOKENS_MAX];
static uint8_t octets[RDATA_SIZE];

static int parse(uint16_t type, const char *text, size_t len, size_t *written)
{
    struct token_error error;
    struct writer w;
    size_t count = split_tokens(text, len, tokens, TOKENS_MAX);
    writer_init(&w, octets, sizeof(octets));
    int result = rdata_from_text(type, tokens, count, NULL, &w, &error);
    *written = writer_len(&w);
    if (result == FAIL_SYNTAX && (error.why == NULL || error.bad > count + 2)) {
        abort();
    }
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static char text[TEXT_SIZE];
    size_t written;
    if (len < 2 || len > 4096) {
        return 0;
    }
    uint16_t type = wire_get_u16(data);
    const uint8_t *rdata = data + 2;
    len -= 2;
    if (rdata_check(type, rdata, len) == FAIL_NONE) {
        size_t printed = rdata_text(type, rdata, len, text, sizeof(text));
        if (parse(type, text, printed, &written) != FAIL_NONE || written != len || memcmp(octets, rdata, len) != 0) {
            abort();
        }
    }
    if (parse(type, (const char *)rdata, len, &written) == FAIL_NONE &&
        rdata_check(type, octets, written) != FAIL_NONE) {
        abort();
    }
    return 0;
}
