/* The synthetic tree over TCP, for resolvers that insist: one connection after the other, in a thread of its own. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "answer.h"

#include <stdbool.h>

/* Serves the listening socket `fd` until the process ends. Uses its own copy of the tree. False if there is no thread.
 */
bool stream_serve(int fd, struct tree tree);

#endif
