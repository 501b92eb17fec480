/* Text that is a name gives, printed and parsed again, the same name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t origin[] = "\7example";
    uint8_t first[NAME_SIZE], second[NAME_SIZE];
    char text[NAME_TEXT_SIZE];
    if (name_from_text((const char *)data, len, origin, first) != FAIL_NONE) {
        return 0;
    }
    name_text(first, text);
    if (strlen(text) >= sizeof(text) || name_from_text(text, strlen(text), origin, second) != FAIL_NONE ||
        name_len(first) != name_len(second) || memcmp(first, second, name_len(first)) != 0 ||
        name_compare(first, second) != 0 || !name_is_under(first, second)) {
        abort();
    }
    return 0;
}
