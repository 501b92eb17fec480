#include "stream.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define QUERY_SIZE 4096
#define IDLE_S     2

static struct {
    int fd;
    struct tree tree;
} listener;

static bool read_all(int fd, uint8_t *out, size_t len)
{
    return len == 0 || recv(fd, out, len, MSG_WAITALL) == (ssize_t)len;
}

/* Answers the queries of one connection until it ends, stays idle or sends something strange. */
static void serve_connection(int fd, struct in_addr asked)
{
    static uint8_t query[QUERY_SIZE];
    static uint8_t reply[2 + ANSWER_SIZE];
    uint8_t prefix[2];
    while (read_all(fd, prefix, 2)) {
        size_t len = (size_t)(prefix[0] << 8 | prefix[1]);
        if (len > sizeof query || !read_all(fd, query, len)) {
            return;
        }
        size_t n = tree_answer(&listener.tree, asked, query, len, reply + 2);
        reply[0] = (uint8_t)(n >> 8);
        reply[1] = (uint8_t)n;
        if (n == 0 || send(fd, reply, n + 2, MSG_NOSIGNAL) < 0) {
            return;
        }
    }
}

static void *serve_all(void *unused)
{
    (void)unused;
    for (;;) {
        int fd = accept(listener.fd, NULL, NULL);
        struct sockaddr_in local;
        socklen_t len = sizeof local;
        if (fd >= 0 && getsockname(fd, (void *)&local, &len) == 0) {
            setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = IDLE_S}, sizeof(struct timeval));
            serve_connection(fd, local.sin_addr);
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    return NULL;
}

bool stream_serve(int fd, struct tree tree)
{
    pthread_t thread;
    listener.fd = fd;
    listener.tree = tree;
    return pthread_create(&thread, NULL, serve_all, NULL) == 0;
}
