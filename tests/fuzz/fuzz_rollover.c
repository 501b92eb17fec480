/* Any history of a zone's keys against a model of RFC 5011: no key is trusted that was neither configured nor seen
 * without a break for thirty days, none that was revoked, and all others are. The input is a list of events, three
 * octets each: what happens and after how many hours, then for each of eight keys whether it is there (or configured),
 * and whether it revokes itself. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/wire.h"
#include "resolver/validate/rollover.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum {
    KEYS = 8,
    KEY_LEN = 20,
    HOUR = 3600,
    HOLD_DOWN = 30 * 24 * HOUR,
    EVENTS_MAX = 200,
    RECONFIGURE = 0x80,
    INSECURE = 0x40
};

static const uint8_t zone[] = "\4test";

struct model {
    bool is_trusted[KEYS];
    bool is_dead[KEYS];
    uint64_t pending_since[KEYS]; /* 0: not seen in the last set */
    uint8_t configured;
};

struct history {
    struct arena memory[2];
    unsigned turn;
    struct rollover state;
    struct model model;
    uint64_t now;
};

static void need(bool is_so)
{
    if (!is_so) {
        abort();
    }
}

static struct rdata_view key(unsigned n)
{
    static uint8_t keys[KEYS][KEY_LEN];
    memset(keys[n], (int)n + 1, KEY_LEN);
    wire_put_u16(keys[n], 0x0101);
    keys[n][2] = 3;
    keys[n][3] = 13;
    return (struct rdata_view){keys[n], KEY_LEN};
}

static struct anchor configured(uint8_t mask)
{
    static uint8_t bytes[KEYS * (2 + DS_SIZE)];
    struct anchor a = {.zone = zone, .ds = {.bytes = bytes}};
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t ds[DS_SIZE];
        if ((mask >> i & 1) != 0) {
            need(ds_from_key(zone, key(i), ds) == DS_SIZE);
            a.ds.len += (uint32_t)rdatas_pack(bytes + a.ds.len, ds, DS_SIZE);
            a.ds.count++;
        }
    }
    return a;
}

/* Memory for the next state; what the state before the last one had is given back. */
static struct arena *turn(struct history *h)
{
    h->turn ^= 1;
    arena_fini(&h->memory[h->turn]);
    return &h->memory[h->turn];
}

static const struct rollover_key *find(const struct rollover *r, unsigned n)
{
    for (unsigned i = 0; i < r->count; i++) {
        if (memcmp(r->keys[i].dnskey.bytes, key(n).bytes, KEY_LEN) == 0) {
            return &r->keys[i];
        }
    }
    return NULL;
}

static void reconfigure(struct history *h, uint8_t mask)
{
    struct model *m = &h->model;
    struct anchor anchor = configured(mask);
    struct rollover next;
    bool is_anew, expected = false;
    for (unsigned i = 0; i < KEYS; i++) {
        expected |= (m->configured >> i & 1) != 0 && (mask >> i & 1) == 0 && !m->is_dead[i];
    }
    need(rollover_resume(&h->state, &anchor, h->now, turn(h), &next, &is_anew) == FAIL_NONE);
    need(is_anew == expected);
    h->state = next;
    for (unsigned i = 0; i < KEYS; i++) {
        bool is_named = (mask >> i & 1) != 0;
        if (is_anew) {
            m->is_trusted[i] = false;
            m->pending_since[i] = 0;
        } else if (is_named && m->pending_since[i] != 0 && !m->is_dead[i]) {
            m->is_trusted[i] = true;
        }
    }
    m->configured = mask;
}

static void model_revoke(struct model *m, uint8_t revoked)
{
    for (unsigned i = 0; i < KEYS; i++) {
        if ((revoked >> i & 1) != 0) {
            m->is_dead[i] |= m->is_trusted[i] || (m->configured >> i & 1) != 0;
            m->is_trusted[i] = false;
            m->pending_since[i] = 0;
        }
    }
}

static void model_see(struct model *m, uint8_t present, uint64_t now)
{
    for (unsigned i = 0; i < KEYS; i++) {
        if ((present >> i & 1) == 0) {
            m->pending_since[i] = 0;
            continue;
        }
        m->pending_since[i] = m->pending_since[i] != 0 ? m->pending_since[i] : now;
        bool is_named = (m->configured >> i & 1) != 0;
        m->is_trusted[i] |= !m->is_dead[i] && (is_named || now - m->pending_since[i] >= HOLD_DOWN);
    }
}

static void see(struct history *h, uint8_t present, uint8_t revoked, bool is_secure)
{
    struct rollover_seen seen[2 * KEYS];
    struct rollover_set set = {.keys = seen, .ttl = HOUR, .expires_in = HOUR};
    struct rollover next;
    for (unsigned i = 0; i < KEYS; i++) {
        if ((revoked >> i & 1) != 0) {
            seen[set.count++] = (struct rollover_seen){key(i), true};
        }
        if ((present >> i & 1) != 0) {
            seen[set.count++] = (struct rollover_seen){key(i), false};
        }
    }
    need(rollover_revoke(&h->state, &set, h->now, turn(h), &next) == FAIL_NONE);
    h->state = next;
    model_revoke(&h->model, revoked);
    if (is_secure) {
        need(rollover_advance(&h->state, &set, h->now, turn(h), &next) == FAIL_NONE);
        h->state = next;
        model_see(&h->model, present & (uint8_t)~revoked, h->now);
    }
}

static void compare(const struct history *h)
{
    struct arena a;
    struct anchor_record records[CAPS_DS];
    unsigned count, expected = 0;
    for (unsigned i = 0; i < KEYS; i++) {
        const struct rollover_key *k = find(&h->state, i);
        bool is_trusted = k != NULL && (k->state == KEY_VALID || k->state == KEY_MISSING);
        bool is_dead = k != NULL && (k->state == KEY_REVOKED || k->state == KEY_REMOVED);
        need(is_trusted == h->model.is_trusted[i]);
        need(is_dead == h->model.is_dead[i]);
        bool is_named = (h->model.configured >> i & 1) != 0;
        expected += is_trusted || (is_named && k == NULL);
    }
    arena_init(&a, ROLLOVER_STATE_MAX);
    need(rollover_records(&h->state, &a, records, &count) == FAIL_NONE);
    need(count == expected);
    arena_fini(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct history h = {.now = 1700000000};
    if (len < 1 || data[0] == 0) {
        return 0;
    }
    arena_init(&h.memory[0], ROLLOVER_STATE_MAX);
    arena_init(&h.memory[1], ROLLOVER_STATE_MAX);
    struct anchor anchor = configured(data[0]);
    need(rollover_begin(&anchor, h.now, turn(&h), &h.state) == FAIL_NONE);
    h.model.configured = data[0];
    for (size_t at = 1; at + 3 <= len && at < 3 * EVENTS_MAX; at += 3) {
        h.now += (data[at] & 0x3fu) * 12 * HOUR;
        if ((data[at] & RECONFIGURE) == 0) {
            see(&h, data[at + 1], data[at + 2], (data[at] & INSECURE) == 0);
        } else if (data[at + 1] != 0) {
            reconfigure(&h, data[at + 1]);
        }
        compare(&h);
    }
    arena_fini(&h.memory[0]);
    arena_fini(&h.memory[1]);
    return 0;
}
