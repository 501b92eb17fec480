/* IPv4 socket addresses as the benchmark's command lines write them: 127.0.0.1@53. */
#ifndef BENCH_ADDRESS_H
#define BENCH_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>

/* False unless `text` is ADDRESS@PORT. */
bool address_parse(const char *text, struct sockaddr_in *out);

/* A socket bound to `at` (SOCK_STREAM: listening) with large buffers, or -1 with errno. The caller closes it. */
int address_listen(const struct sockaddr_in *at, int type);

/* A datagram socket connected to `to` with large buffers, or -1 with errno. The caller closes it. */
int address_connect(const struct sockaddr_in *to);

#endif
