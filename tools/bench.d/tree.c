/*
 * The servers of the synthetic tree (answer.h), all in one process: one UDP and one TCP socket on every local address,
 * each reply from the address that was asked. SIGUSR1 prints how many queries each level has had, as one line of JSON.
 */
#include "address.h"
#include "answer.h"
#include "batch.h"
#include "stream.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HELD_MAX       16384 /* replies held back by --delay; what does not fit is lost, as in a router */
#define REPORT_WAIT_MS 50
#define AWAKE_US       10000 /* after the last query and its reply */
#define DELAY_MAX_US   1000000

/* Replies on their way, oldest first: the delay is the same for all, so they leave in the order they came. */
struct held {
    size_t first, count;
    uint64_t due_us[HELD_MAX];
    struct datagram datagram[HELD_MAX];
};

struct service {
    struct tree tree;
    uint64_t delay_us;
    double loss; /* share of queries that get no reply */
    struct held *held;
    struct batch in, out;
};

static volatile sig_atomic_t report_wanted;

static void want_report(int number)
{
    (void)number;
    report_wanted = 1;
}

static void report(const struct tree *t)
{
    report_wanted = 0;
    printf("{\"root\": %" PRIu64 ", \"tld\": %" PRIu64 ", \"zone\": %" PRIu64 "}\n", t->asked[LEVEL_ROOT],
           t->asked[LEVEL_TLD], t->asked[LEVEL_ZONE]);
    fflush(stdout);
}

static uint64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* Writes the reply to datagram i of s->in into `reply`; false if it gets none. */
static bool answer(struct service *s, int i, struct datagram *reply)
{
    const struct datagram *query = &s->in.datagram[i];
    if (s->loss > 0 && drand48() < s->loss) {
        return false;
    }
    reply->peer = query->peer;
    memcpy(reply->control, query->control, sizeof reply->control);
    reply->len = tree_answer(&s->tree, batch_local(&s->in, i), query->bytes, query->len, reply->bytes);
    return reply->len > 0;
}

static void answer_now(struct service *s, int fd, int received)
{
    int n = 0;
    for (int i = 0; i < received; i++) {
        n += answer(s, i, &s->out.datagram[n]);
    }
    batch_send(&s->out, fd, n);
}

static void hold(struct service *s, int received, uint64_t due_us)
{
    struct held *h = s->held;
    for (int i = 0; i < received && h->count < HELD_MAX; i++) {
        size_t last = (h->first + h->count) % HELD_MAX;
        h->due_us[last] = due_us;
        h->count += answer(s, i, &h->datagram[last]);
    }
}

static void send_held(struct service *s, int fd, uint64_t now)
{
    struct held *h = s->held;
    int n = 0;
    while (h->count > 0 && h->due_us[h->first] <= now && n < BATCH_SIZE) {
        s->out.datagram[n++] = h->datagram[h->first];
        h->first = (h->first + 1) % HELD_MAX;
        h->count--;
    }
    batch_send(&s->out, fd, n);
}

/* Stays awake while queries come: waking a process costs the sender, and the sender is what is being measured. */
static void serve(struct service *s, int fd)
{
    uint64_t last_us = 0;
    for (;;) {
        int n = batch_receive(&s->in, fd, MSG_DONTWAIT);
        uint64_t now = now_us();
        if (n < 0) {
            return;
        }
        if (s->held == NULL) {
            answer_now(s, fd, n);
        } else {
            hold(s, n, now + s->delay_us);
            send_held(s, fd, now);
        }
        if (n > 0) {
            last_us = now;
        } else if (now - last_us < AWAKE_US + s->delay_us) {
            sched_yield();
        } else {
            poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, REPORT_WAIT_MS);
        }
        if (report_wanted) {
            report(&s->tree);
        }
    }
}

static bool read_options(struct service *s, uint16_t *port, int argc, char **argv)
{
    static const struct option known[] = {{"port", required_argument, 0, 'p'},
                                          {"hosts", required_argument, 0, 'h'},
                                          {"ttl", required_argument, 0, 't'},
                                          {"delay", required_argument, 0, 'd'},
                                          {"loss", required_argument, 0, 'l'},
                                          {"signed", required_argument, 0, 's'},
                                          {0}};
    int c;
    while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
        switch (c) {
        case 'p':
            *port = (uint16_t)strtoul(optarg, NULL, 10);
            break;
        case 'h':
            s->tree.hosts = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 't':
            s->tree.ttl_s = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'd':
            s->delay_us = (uint64_t)(strtod(optarg, NULL) * 1000);
            break;
        case 'l':
            s->loss = strtod(optarg, NULL) / 100;
            break;
        case 's':
            if (!signed_open(&s->tree.signatures, optarg)) {
                fprintf(stderr, "tree: %s holds no signatures\n", optarg);
                return false;
            }
            break;
        default:
            return false;
        }
    }
    return optind == argc && *port != 0 && s->tree.hosts >= 1 && s->tree.hosts <= 65000 && s->delay_us <= DELAY_MAX_US;
}

int main(int argc, char **argv)
{
    static struct service service = {.tree = {.hosts = 1000, .ttl_s = 86400}};
    uint16_t port = 53;
    if (!read_options(&service, &port, argc, argv)) {
        fprintf(stderr,
                "usage: %s [--port N] [--hosts N] [--ttl S] [--delay MS] [--loss PERCENT] "
                "[--signed FILE]\n",
                argv[0]);
        return 2;
    }
    struct sockaddr_in everywhere = {.sin_family = AF_INET, .sin_port = htons(port)};
    int udp = address_listen(&everywhere, SOCK_DGRAM);
    int tcp = address_listen(&everywhere, SOCK_STREAM);
    if (udp < 0 || tcp < 0 || setsockopt(udp, IPPROTO_IP, IP_PKTINFO, &(int){1}, sizeof(int)) != 0) {
        fprintf(stderr, "tree: port %u: %s\n", port, strerror(errno));
        return 1;
    }
    if (service.delay_us > 0 && (service.held = calloc(1, sizeof *service.held)) == NULL) {
        perror("tree");
        return 1;
    }
    batch_init(&service.in, BATCH_BOTH);
    batch_init(&service.out, BATCH_BOTH);
    /* It may reach the other thread, or this one just before it sleeps: so sleep is never long. */
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = want_report}, NULL);
    if (!stream_serve(tcp, service.tree)) {
        fprintf(stderr, "tree: no thread for TCP\n");
        return 1;
    }
    serve(&service, udp);
    perror("tree");
    return 1;
}
