/* The two clocks. Only drivers (server, net, tools) read them; the core gets time as an argument. */
#ifndef CAIRN_BASE_CLOCK_H
#define CAIRN_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of TTL time: wall time when clock_start ran plus CLOCK_BOOTTIME since. It survives a restart, counts a
 * suspended machine's sleep, and never steps with the wall clock. clock_start runs once, before any thread. */
void clock_start(void);
uint64_t clock_now(void);

/* Nanoseconds of CLOCK_MONOTONIC, for round-trip times and rates. */
uint64_t clock_ticks(void);

/* Seconds of wall time, for signatures and for people. */
int64_t clock_wall(void);

#endif
