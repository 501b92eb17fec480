/* Special-use names, answered here because no server on the public Internet can say anything useful about them and
 * asking would leak them: localhost (RFC 6761 6.3), test, invalid, local (RFC 6762 12), onion (RFC 7686), alt (RFC
 * 9476), internal, home.arpa (RFC 8375), service.arpa (RFC 9665), resolver.arpa (RFC 9462 4), ipv4only.arpa (RFC 8880),
 * and the reverse zones of private and special addresses (RFC 6303, RFC 7793). An own zone of such a name goes before.
 */
#ifndef CAIRN_ITERATE_SPECIAL_H
#define CAIRN_ITERATE_SPECIAL_H

#include <stdint.h>

#include "resolver/iterate/query.h"

/* LOCAL_ANSWER with everything filled, or LOCAL_NONE for ordinary names and when the arena is full. */
enum local_hit special_find(const uint8_t *name, uint16_t type, struct arena *a, struct local_answer *out);

#endif
