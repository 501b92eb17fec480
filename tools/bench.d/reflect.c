/*
 * UDP reflector: returns every datagram with the QR bit set. No DNS at all: what it costs is what the machine takes for
 * one datagram in and one out, the limit no server goes below that sends each answer by itself.
 */
#include "address.h"
#include "batch.h"

#include <stdio.h>
#include <stdlib.h>

static struct batch batch;

int main(int argc, char **argv)
{
    struct sockaddr_in at;
    if (argc != 2 || !address_parse(argv[1], &at)) {
        fprintf(stderr, "usage: %s ADDRESS@PORT\n", argv[0]);
        return 2;
    }
    int fd = address_listen(&at, SOCK_DGRAM);
    if (fd < 0) {
        perror(argv[1]);
        return 1;
    }
    batch_init(&batch, BATCH_PEER);
    for (;;) {
        int n = batch_receive(&batch, fd, MSG_WAITFORONE);
        for (int i = 0; i < n; i++) {
            batch.datagram[i].bytes[2] |= 0x80;
        }
        if (n < 0 || batch_send(&batch, fd, n) < n) {
            perror("reflect");
            return 1;
        }
    }
}
