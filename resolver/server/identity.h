/* Names of class CH that tell who answers (RFC 4892): id.server and hostname.bind, version.server and version.bind. */
#ifndef CAIRN_SERVER_IDENTITY_H
#define CAIRN_SERVER_IDENTITY_H

#include <stdbool.h>

#include "resolver/dns/msg.h"

/* Finds the text for `q`, a request of class CH. False: not a name of ours, or the configuration keeps it to itself. */
bool identity_find(const struct request *q, const char *identity, const char **text);

/* Writes the answer: a TXT record, or NODATA for other types. Returns the octets without OPT. */
size_t identity_answer(const struct request *q, const char *text, uint8_t *out, size_t limit);

#endif
