/* Any bytes as a message of a zone transfer; the records that come out must be ones that the codec takes. */
#include <stdint.h>
#include <stdlib.h>

#include "resolver/net/transfer_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct transfer_message m;
    uint16_t id = len >= 2 ? wire_get_u16(data) : 0;
    unsigned records = 0;
    if (len > UINT16_MAX || transfer_open(&m, data, len, id) != NULL) {
        return 0;
    }
    while (m.left > 0) {
        struct record r;
        if (transfer_next(&m, &r) != FAIL_NONE) {
            break;
        }
        if (name_len(r.owner) > NAME_SIZE || rdata_check_read(r.type, r.rdata, r.len) != FAIL_NONE || ++records > len) {
            abort();
        }
    }
    return 0;
}
