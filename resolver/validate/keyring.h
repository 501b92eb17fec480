/* Public keys ready for use. Decoding a DNSKEY costs about as much as a verification, and the same few keys verify
 * nearly everything, so that a thread keeps those it used last. */
#ifndef CAIRN_VALIDATE_KEYRING_H
#define CAIRN_VALIDATE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

struct keyring;

/* At most `keys` of them. NULL: the system has no memory. A keyring belongs to one thread. */
struct keyring *keyring_new(size_t keys);
void keyring_free(struct keyring *k);

#endif
