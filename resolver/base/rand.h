/* Unpredictable numbers for ids, ports and choices an attacker must not guess. Backed by the system's generator. */
#ifndef CAIRN_BASE_RAND_H
#define CAIRN_BASE_RAND_H

#include <stddef.h>
#include <stdint.h>

/* Fills `len` bytes. Ends the process when the system has no randomness: nothing safe could be sent then. Each thread
 * has a small pool of its own, so a call rarely costs a system call. */
void rand_bytes(void *out, size_t len);

/* Uniform in [0, bound); `bound` > 0. */
uint32_t rand_below(uint32_t bound);

#endif
