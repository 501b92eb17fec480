#include "address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES (4 << 20) /* the kernel cuts this to net.core.{r,w}mem_max */

bool address_parse(const char *text, struct sockaddr_in *out)
{
    char host[INET_ADDRSTRLEN];
    const char *at = strchr(text, '@');
    if (at == NULL || (size_t)(at - text) >= sizeof host) {
        return false;
    }
    memcpy(host, text, (size_t)(at - text));
    host[at - text] = '\0';
    char *end;
    unsigned long port = strtoul(at + 1, &end, 10);
    *out = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    return *end == '\0' && port > 0 && port < 65536 && inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static int open_socket(int type)
{
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){BUFFER_BYTES}, sizeof(int));
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){BUFFER_BYTES}, sizeof(int));
    }
    return fd;
}

static int keep_or_close(int fd, int result)
{
    if (result == 0) {
        return fd;
    }
    close(fd);
    return -1;
}

int address_listen(const struct sockaddr_in *at, int type)
{
    int fd = open_socket(type);
    if (fd < 0) {
        return -1;
    }
    if (type == SOCK_STREAM) {
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    }
    int result = bind(fd, (const void *)at, sizeof *at);
    if (result == 0 && type == SOCK_STREAM) {
        result = listen(fd, 64);
    }
    return keep_or_close(fd, result);
}

int address_connect(const struct sockaddr_in *to)
{
    int fd = open_socket(SOCK_DGRAM);
    return fd < 0 ? -1 : keep_or_close(fd, connect(fd, (const void *)to, sizeof *to));
}
