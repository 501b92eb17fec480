#include "resolver/net/tcp_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "resolver/base/clock.h"

#define READ_SIZE   16384
#define WRITE_PARTS 16

bool tcp_is_busy(const struct tcp *t)
{
    uint64_t used = atomic_load_explicit(&t->shared->connections, memory_order_relaxed);
    return used * 5 >= (uint64_t)t->settings.connections * 4;
}

bool tcp_conn_is_quiet(const struct tcp_conn *c)
{
    return c->in_flight == 0 && !c->busy && evbuffer_get_length(c->out) == 0;
}

static void touch(struct tcp_conn *c)
{
    c->progress = true;
    c->touched = clock_ticks();
    TAILQ_REMOVE(&c->owner->conns, c, link);
    TAILQ_INSERT_TAIL(&c->owner->conns, c, link);
}

static void release_slot(struct tcp *t, uint32_t index)
{
    struct tcp_slot *slot = &t->slots[index];
    slot->conn = NULL;
    slot->generation++;
    slot->next_free = t->first_free;
    t->first_free = index;
}

static void destroy(struct tcp_conn *c)
{
    struct tcp *t = c->owner;
    event_del(&c->readable);
    event_del(&c->writable);
    event_del(&c->timer);
    evbuffer_free(c->in);
    evbuffer_free(c->out);
    close(c->fd);
    TAILQ_REMOVE(&t->conns, c, link);
    release_slot(t, c->from.slot);
    atomic_fetch_sub_explicit(&t->shared->connections, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&t->shared->clients[c->bucket], 1, memory_order_relaxed);
    free(c);
}

void tcp_conn_close(struct tcp_conn *c)
{
    if (c->busy) {
        c->dead = true;
    } else {
        destroy(c);
    }
}

/* Writes what the socket takes; not evbuffer_write, which would raise SIGPIPE. */
static void flush(struct tcp_conn *c)
{
    while (evbuffer_get_length(c->out) > 0) {
        struct evbuffer_iovec parts[WRITE_PARTS];
        int count = evbuffer_peek(c->out, -1, NULL, parts, WRITE_PARTS);
        struct msghdr h = {.msg_iov = parts, .msg_iovlen = (size_t)(count < WRITE_PARTS ? count : WRITE_PARTS)};
        ssize_t n = sendmsg(c->fd, &h, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            evbuffer_drain(c->out, (size_t)n);
        } else if (errno == EAGAIN) {
            event_add(&c->writable, NULL);
            return;
        } else if (errno != EINTR) {
            c->dead = true;
            return;
        }
    }
}

/* The length of the first message in the buffer, or -1 while it is not complete. */
static int next_message(const struct tcp_conn *c)
{
    uint8_t length[2];
    size_t have = evbuffer_get_length(c->in);
    if (have < 2 || evbuffer_copyout(c->in, length, 2) != 2) {
        return -1;
    }
    size_t len = (size_t)length[0] << 8 | length[1];
    return have - 2 >= len ? (int)len : -1;
}

static bool has_room(const struct tcp_conn *c)
{
    return c->in_flight < c->owner->settings.pipeline && evbuffer_get_length(c->out) < c->owner->settings.write_buffer;
}

/* Hands out the messages that are complete, and sends what was answered at once in one write. */
static void handle_messages(struct tcp_conn *c)
{
    struct tcp *t = c->owner;
    int len;
    c->busy = true;
    while (!c->dead && has_room(c) && (len = next_message(c)) >= 0) {
        const uint8_t *frame = evbuffer_pullup(c->in, 2 + len);
        if (frame == NULL) {
            c->dead = true;
            break;
        }
        c->had_message = true;
        c->in_flight++;
        counter_add(&t->counters.received, 1);
        touch(c);
        t->handler.handle(t->handler.arg, &c->from, frame + 2, (size_t)len);
        evbuffer_drain(c->in, 2 + (size_t)len);
    }
    if (t->handler.batch_end != NULL) {
        t->handler.batch_end(t->handler.arg);
    }
    if (!c->dead) {
        flush(c);
    }
    c->busy = false;
}

static enum tcp_wait what_to_wait_for(const struct tcp_conn *c)
{
    if (evbuffer_get_length(c->out) > 0) {
        return TCP_WAIT_WRITE;
    }
    if (c->in_flight > 0) {
        return TCP_WAIT_NONE;
    }
    return !c->had_message || evbuffer_get_length(c->in) > 0 ? TCP_WAIT_MESSAGE : TCP_WAIT_IDLE;
}

/* A deadline stays as it is until the state changes or a message or answer went through: single octets win no time. */
static void set_timer(struct tcp_conn *c)
{
    enum tcp_wait wait = what_to_wait_for(c);
    if (wait == c->wait && (!c->progress || wait == TCP_WAIT_WRITE)) {
        return;
    }
    c->wait = wait;
    c->progress = false;
    if (wait == TCP_WAIT_NONE) {
        event_del(&c->timer);
        return;
    }
    const struct tcp_settings *s = &c->owner->settings;
    uint32_t ms = wait == TCP_WAIT_MESSAGE ? s->message_ms : tcp_idle_ms(c->owner);
    c->is_hurried = wait != TCP_WAIT_MESSAGE && tcp_is_busy(c->owner);
    struct timeval after = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
    event_add(&c->timer, &after);
}

static void set_reading(struct tcp_conn *c)
{
    bool wanted = !c->eof && !c->owner->stopping && has_room(c);
    if (wanted != c->reading) {
        c->reading = wanted;
        if (c->in_flight >= c->owner->settings.pipeline) {
            counter_add(&c->owner->counters.pipeline, 1);
        }
        if (wanted) {
            event_add(&c->readable, NULL);
        } else {
            event_del(&c->readable);
        }
    }
}

void tcp_conn_settle(struct tcp_conn *c)
{
    if (c->busy) {
        return;
    }
    while (!c->owner->stopping && !c->dead && has_room(c) && next_message(c) >= 0) {
        handle_messages(c);
    }
    if (c->dead || ((c->eof || c->owner->stopping) && tcp_conn_is_quiet(c))) {
        destroy(c);
        return;
    }
    set_reading(c);
    set_timer(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct tcp_conn *c = arg;
    int n = evbuffer_read(c->in, fd, READ_SIZE);
    if (n == 0) {
        c->eof = true;
    } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
        c->dead = true;
    }
    tcp_conn_settle(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct tcp_conn *c = arg;
    flush(c);
    if (evbuffer_get_length(c->out) == 0) {
        touch(c);
    }
    tcp_conn_settle(c);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct tcp_conn *c = arg;
    struct tcp *t = c->owner;
    counter_add(&t->counters.timed_out, 1);
    if (c->wait == TCP_WAIT_MESSAGE) {
        counter_add(&t->counters.message_ms, 1);
    } else {
        counter_add(c->is_hurried ? &t->counters.idle_busy_ms : &t->counters.idle_ms, 1);
    }
    destroy(c);
}

void tcp_conn_answer(struct tcp_conn *c, const uint8_t *bytes, size_t len)
{
    if (c->in_flight > 0) {
        c->in_flight--;
    }
    if (bytes != NULL && len <= UINT16_MAX && !c->dead) {
        const uint8_t length[2] = {(uint8_t)(len >> 8), (uint8_t)len};
        if (evbuffer_expand(c->out, len + 2) != 0 || evbuffer_add(c->out, length, 2) != 0 ||
            evbuffer_add(c->out, bytes, len) != 0) {
            c->dead = true; /* half an answer would put the rest of the stream out of step */
        }
        counter_add(&c->owner->counters.sent, 1);
    }
    touch(c);
    if (!c->busy && !c->dead) {
        flush(c);
    }
    tcp_conn_settle(c);
}

static bool take_slot(struct tcp *t, struct tcp_conn *c)
{
    if (t->first_free == t->slot_count) {
        uint32_t count = t->slot_count == 0 ? 64 : t->slot_count * 2;
        struct tcp_slot *slots = realloc(t->slots, count * sizeof(*slots));
        if (slots == NULL) {
            return false;
        }
        for (uint32_t i = t->slot_count; i < count; i++) {
            slots[i] = (struct tcp_slot){.next_free = i + 1};
        }
        t->slots = slots;
        t->slot_count = count;
    }
    uint32_t index = t->first_free;
    t->first_free = t->slots[index].next_free;
    t->slots[index].conn = c;
    c->from.slot = index;
    c->from.generation = t->slots[index].generation;
    return true;
}

struct tcp_conn *tcp_conn_new(struct tcp *t, int fd, const struct tcp_from *from, unsigned bucket)
{
    struct tcp_conn *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    *c = (struct tcp_conn){.owner = t, .fd = fd, .from = *from, .bucket = bucket};
    c->in = evbuffer_new();
    c->out = evbuffer_new();
    if (c->in == NULL || c->out == NULL || !take_slot(t, c)) {
        if (c->in != NULL) {
            evbuffer_free(c->in);
        }
        if (c->out != NULL) {
            evbuffer_free(c->out);
        }
        close(fd);
        free(c);
        return NULL;
    }
    event_assign(&c->readable, t->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(&c->writable, t->base, fd, EV_WRITE, on_writable, c);
    event_assign(&c->timer, t->base, -1, 0, on_timer, c);
    TAILQ_INSERT_TAIL(&t->conns, c, link);
    touch(c);
    tcp_conn_settle(c);
    return c;
}
