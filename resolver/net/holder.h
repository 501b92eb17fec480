/* Says which process holds a port, as far as this process may see it. Linux /proc; slow, for error messages only. */
#ifndef CAIRN_NET_HOLDER_H
#define CAIRN_NET_HOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/base/addr.h"

#define HOLDER_SIZE 96

/* Writes "named (pid 512)", "a process of user 101" or "another process". Returns `out`. */
char *holder_find(const struct addr *address, bool stream, char out[HOLDER_SIZE]);

#endif
