#include "resolver/base/clock.h"

#include <time.h>

static int64_t wall_minus_boot_ms;

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void clock_start(void)
{
    wall_minus_boot_ms = read_ms(CLOCK_REALTIME) - read_ms(CLOCK_BOOTTIME);
}

uint64_t clock_now(void)
{
    return (uint64_t)(read_ms(CLOCK_BOOTTIME) + wall_minus_boot_ms);
}

uint64_t clock_ticks(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int64_t clock_wall(void)
{
    return read_ms(CLOCK_REALTIME) / 1000;
}
