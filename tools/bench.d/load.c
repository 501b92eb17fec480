/*
 * DNS load over UDP or TCP, cheaper than the servers it measures. Closed loop: every lane (one socket, one port) keeps
 * `window / lanes` questions on the way and asks the next one when an answer comes. Open loop (--rate): questions leave
 * on a schedule, and a latency counts from the moment its question was due to the moment the kernel took its answer
 * from the network, so that a stalling server cannot hide behind the questions it prevented, and an answer does not
 * wait in the figures for a reader that has no processor. Every answer is checked. The result is one JSON object on
 * stdout.
 */
#include "address.h"
#include "batch.h"
#include "histogram.h"
#include "mix.h"
#include "options.h"
#include "pipe.h"
#include "question.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)
#define SWEEP_NS (NS_PER_S / 20)
#define STALL_NS (NS_PER_S / 4000) /* no turn takes so long by itself: a batch is some 100 µs */

/* One question on the way. The id on the wire is the slot's number plus its generation, so a late answer to an
 * abandoned question is not taken for the next one's. */
struct slot {
    const struct pattern *pattern;
    uint64_t index;
    uint64_t due_ns; /* 0: free */
    uint16_t generation;
    bool is_flood;
};

struct lane {
    int fd;           /* UDP */
    struct pipe pipe; /* TCP */
    int free_count;
    uint16_t free[LANE_SLOTS];
    struct slot slot[LANE_SLOTS];
};

struct run {
    const struct options *options;
    struct sequence sequence;
    struct mix mix;
    struct lane lane[LANES_MAX];
    struct batch batch;
    struct histogram latency;
    uint64_t start_ns, end_ns, last_ns; /* first question, when to stop asking, last answer */
    uint64_t seen_ns, stalled_ns;       /* last look at the clock; time without a processor */
    uint64_t sent, answered, lost, stray;
    double flood_due; /* questions of the flood that should have been asked, less those that were */
    uint64_t verdict[VERDICT_COUNT];
    uint64_t rcode[16];
};

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static bool is_stamped(const struct options *o)
{
    return o->rate != 0 && !o->tcp;
}

static void slot_free(struct lane *l, unsigned number)
{
    l->slot[number].due_ns = 0;
    l->slot[number].generation++;
    l->free[l->free_count++] = (uint16_t)number;
}

static bool open_lane(struct lane *l, const struct options *o)
{
    if (o->tcp) {
        return pipe_open(&l->pipe, &o->server);
    }
    l->fd = address_connect(&o->server);
    return l->fd >= 0 && (!is_stamped(o) || setsockopt(l->fd, SOL_SOCKET, SO_TIMESTAMPNS, &(int){1}, sizeof(int)) == 0);
}

static bool open_lanes(struct run *r)
{
    for (int i = 0; i < r->options->lanes; i++) {
        struct lane *l = &r->lane[i];
        if (!open_lane(l, r->options)) {
            return false;
        }
        for (int s = r->options->window / r->options->lanes; s-- > 0;) {
            l->free[l->free_count++] = (uint16_t)s;
        }
    }
    return true;
}

static void take_reply(struct run *r, struct lane *l, const struct datagram *d, uint64_t arrived)
{
    unsigned id = d->len < 4 ? 0 : (unsigned)(d->bytes[0] << 8 | d->bytes[1]);
    struct slot *s = &l->slot[id % LANE_SLOTS];
    if (d->len < 12 || s->due_ns == 0 || id / LANE_SLOTS != s->generation % (65536 / LANE_SLOTS)) {
        r->stray++;
        return;
    }
    r->answered++;
    r->verdict[reply_judge(s->pattern, s->index, r->options->echo, d->bytes, d->len)]++;
    r->rcode[d->bytes[3] & 0x0f]++;
    if (!s->is_flood) {
        histogram_add(&r->latency, arrived > s->due_ns ? arrived - s->due_ns : 0);
    }
    r->last_ns = arrived;
    slot_free(l, id % LANE_SLOTS);
}

/* False if the server's port is gone. */
static bool receive(struct run *r, struct lane *l, int *got)
{
    *got = r->options->tcp ? pipe_receive(&l->pipe, &r->batch) : batch_receive(&r->batch, l->fd, MSG_DONTWAIT);
    uint64_t now = now_ns();
    uint64_t ahead = is_stamped(r->options) && *got > 0 ? clock_ns(CLOCK_REALTIME) - now : 0;
    for (int i = 0; i < *got; i++) {
        uint64_t stamp = ahead != 0 ? batch_arrival(&r->batch, i) : 0;
        take_reply(r, l, &r->batch.datagram[i], stamp != 0 ? stamp - ahead : now);
    }
    return *got >= 0;
}

/* How many questions may leave now, over all lanes. */
static uint64_t allowance(const struct run *r, uint64_t now)
{
    const struct options *o = r->options;
    uint64_t left = o->count == 0 ? UINT64_MAX : o->count - r->sent;
    if (now >= r->end_ns) {
        return 0;
    }
    if (o->rate == 0) {
        return left;
    }
    uint64_t due = (uint64_t)((double)(now - r->start_ns) * (double)o->rate / (double)NS_PER_S) + 1;
    uint64_t open = due > r->sent ? due - r->sent : 0;
    return open < left ? open : left;
}

static uint64_t due_time(const struct run *r, uint64_t nth, uint64_t now)
{
    double per_question = r->options->rate == 0 ? 0 : (double)NS_PER_S / (double)r->options->rate;
    return r->options->rate == 0 ? now : r->start_ns + (uint64_t)((double)nth * per_question);
}

/* Chooses what the slot asks. */
static void choose(struct run *r, struct slot *s, uint64_t nth)
{
    r->flood_due += r->options->flood;
    s->is_flood = r->flood_due >= 1;
    r->flood_due -= s->is_flood;
    s->index = s->is_flood ? sequence_flood(&r->sequence) : sequence_next(&r->sequence);
    s->pattern = r->options->mix ? mix_pattern(&r->mix, r->options->skip + nth) : &r->options->pattern;
}

/* Fills one batch from the lane's free slots; false if the server's port is gone. */
static bool ask(struct run *r, struct lane *l, uint64_t allowed, uint64_t now)
{
    int n = l->free_count < BATCH_SIZE ? l->free_count : BATCH_SIZE;
    n = (uint64_t)n < allowed ? n : (int)allowed;
    for (int i = 0; i < n; i++) {
        uint16_t number = l->free[--l->free_count];
        struct slot *s = &l->slot[number];
        choose(r, s, r->sent + (uint64_t)i);
        s->due_ns = due_time(r, r->sent + (uint64_t)i, now);
        uint16_t id = (uint16_t)(s->generation * LANE_SLOTS + number);
        pattern_write(s->pattern, s->index, id, r->batch.datagram[i].bytes);
        r->batch.datagram[i].len = s->pattern->len;
    }
    r->sent += (uint64_t)n;
    if (r->options->tcp) {
        return n == 0 || pipe_send(&l->pipe, &r->batch, n);
    }
    return batch_send(&r->batch, l->fd, n) == n;
}

static unsigned sweep(struct run *r, uint64_t now)
{
    unsigned waiting = 0;
    uint64_t timeout = (uint64_t)r->options->timeout_ms * 1000000;
    for (int i = 0; i < r->options->lanes; i++) {
        struct lane *l = &r->lane[i];
        for (unsigned s = 0; s < (unsigned)(r->options->window / r->options->lanes); s++) {
            if (l->slot[s].due_ns != 0 && now > l->slot[s].due_ns + timeout) {
                r->lost++;
                slot_free(l, s);
            }
            waiting += l->slot[s].due_ns != 0;
        }
    }
    return waiting;
}

/* In an open loop, what the generator does cannot depend on the server: it never waits for it. So where the clock has
 * jumped, another program had the core, and the schedule moves by as much. The questions are asked later, instead of
 * all at once, and what they wait for the generator is not held against the server. */
static void excuse_stall(struct run *r, uint64_t now)
{
    uint64_t gap = now - r->seen_ns;
    r->seen_ns = now;
    if (r->options->rate != 0 && gap > STALL_NS) {
        r->start_ns += gap;
        r->end_ns += gap;
        r->stalled_ns += gap;
    }
}

/* One turn over all lanes; *idle if nothing came in. False if the server's port is gone. */
static bool turn(struct run *r, bool *idle)
{
    *idle = true;
    for (int i = 0; i < r->options->lanes; i++) {
        int got;
        if (!receive(r, &r->lane[i], &got)) {
            return false;
        }
        *idle = *idle && got == 0;
        uint64_t now = now_ns();
        excuse_stall(r, now);
        uint64_t allowed = allowance(r, now);
        if (allowed > 0 && !ask(r, &r->lane[i], allowed, now)) {
            return false;
        }
    }
    return true;
}

/* Asks until count or time is used up, then waits for what is still on the way. It never sleeps: waking it would cost
 * the server that answers, and be counted there. */
static bool run_load(struct run *r)
{
    uint64_t swept = r->start_ns = r->last_ns = r->seen_ns = now_ns();
    r->end_ns = r->start_ns + (uint64_t)(r->options->seconds * (double)NS_PER_S);
    for (;;) {
        bool idle;
        if (!turn(r, &idle)) {
            return false;
        }
        uint64_t now = now_ns();
        if (now - swept >= SWEEP_NS || (idle && allowance(r, now) == 0)) {
            swept = now;
            bool done = now >= r->end_ns || (r->options->count != 0 && r->sent == r->options->count);
            if (sweep(r, now) == 0 && done) {
                return true;
            }
        }
        if (idle) {
            sched_yield();
        }
    }
}

static void print_result(const struct run *r)
{
    double seconds = (double)(r->last_ns - r->start_ns) / (double)NS_PER_S;
    const struct histogram *h = &r->latency;
    struct timespec cpu;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    double cpu_us = (double)cpu.tv_sec * 1e6 + (double)cpu.tv_nsec / 1e3;
    printf("{\"sent\": %" PRIu64 ", \"answered\": %" PRIu64 ", \"right\": %" PRIu64 ", \"failed\": %" PRIu64
           ", \"empty\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"stray\": %" PRIu64
           ", \"seconds\": %.6f, \"rate\": %.1f, \"stalled_s\": %.6f, \"load_cpu_us\": %.3f",
           r->sent, r->answered, r->verdict[VERDICT_RIGHT], r->verdict[VERDICT_FAILED], r->verdict[VERDICT_EMPTY],
           r->verdict[VERDICT_WRONG], r->lost, r->stray, seconds, seconds > 0 ? (double)r->answered / seconds : 0.0,
           (double)r->stalled_ns / (double)NS_PER_S, r->sent > 0 ? cpu_us / (double)r->sent : 0.0);
    printf(", \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, \"rcode\": {",
           (double)histogram_quantile(h, .5) / 1e3, (double)histogram_quantile(h, .99) / 1e3,
           (double)histogram_quantile(h, .999) / 1e3, (double)h->max_ns / 1e3);
    const char *comma = "";
    for (int i = 0; i < 16; i++) {
        if (r->rcode[i] > 0) {
            printf("%s\"%d\": %" PRIu64, comma, i, r->rcode[i]);
            comma = ", ";
        }
    }
    printf("}}\n");
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct run run;
    if (!options_parse(&options, argc, argv)) {
        return 2;
    }
    run.options = &options;
    batch_init(&run.batch, is_stamped(&options) ? BATCH_STAMPED : BATCH_CONNECTED);
    mix_init(&run.mix);
    if (!sequence_init(&run.sequence, &options)) {
        fprintf(stderr, "load: no memory for the sequence of names\n");
        return 1;
    }
    bool done = open_lanes(&run) && run_load(&run);
    if (!done) {
        perror("load: the server is gone");
    }
    print_result(&run);
    sequence_fini(&run.sequence);
    return done ? 0 : 1;
}
