#include "resolver/iterate/servers.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/dns/name.h"

enum {
    WAYS = 4,       /* rows an address may stand in */
    DEAD_AFTER = 3, /* failures in a row */
    SAME_FAILURE_MS = 100,
    DOUBT_AFTER = 3, /* refusals of a family in a row */
    DOUBT_MS = 60000,
    LOST_AFTER_MS = 60000, /* without any reply over UDP */
    PATHS_GRAIN_MS = 1000
};

struct lame {
    uint64_t key; /* hash of address and zone */
    uint64_t until;
};

struct servers {
    size_t count; /* rows of both tables, a power of two */
    struct server_info *rows;
    struct server_info **last; /* where the row found last is kept: an address is looked up several times in a row */
    struct lame *lame;
    uint64_t lame_until; /* the last mark's end: mostly there is none, and no need to look */
    uint64_t forgiven_at;
    struct servers_paths paths;
    struct {
        uint8_t refusals; /* in a row */
        uint64_t at;
        struct addr silent; /* a server that was silent over UDP since the last reply over it; len 0: none */
    } families[2];          /* IPv4, IPv6 */
};

struct servers *servers_new(size_t count)
{
    size_t size = WAYS;
    while (size < count) {
        size *= 2;
    }
    struct servers *s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return NULL;
    }
    s->count = size;
    s->rows = aligned_alloc(alignof(struct server_info), size * sizeof(*s->rows));
    s->lame = calloc(size, sizeof(*s->lame));
    s->last = malloc(sizeof(struct server_info *));
    if (s->rows == NULL || s->lame == NULL || s->last == NULL) {
        servers_free(s);
        return NULL;
    }
    memset(s->rows, 0, size * sizeof(*s->rows));
    *s->last = s->rows;
    return s;
}

void servers_free(struct servers *s)
{
    if (s != NULL) {
        free(s->rows);
        free(s->last);
        free(s->lame);
        free(s);
    }
}

/* The octets that identify an address: struct padding must not take part. */
static size_t address_key(const struct addr *addr, uint8_t out[18])
{
    memcpy(out, addr->octets, 16);
    memcpy(out + 16, &addr->port, 2);
    return 18;
}

static uint32_t place_of(const struct servers *s, const struct addr *addr)
{
    uint8_t key[18];
    size_t len = address_key(addr, key);
    return (uint32_t)(hash_bytes(key, len) & (s->count - 1) & ~(size_t)(WAYS - 1));
}

void servers_fetch(const struct servers *s, uint32_t place)
{
    __builtin_prefetch(&s->rows[place]);
    __builtin_prefetch(&s->rows[place].replied_at);
}

uint32_t servers_place(const struct servers *s, const struct addr *addr)
{
    uint32_t place = place_of(s, addr);
    servers_fetch(s, place);
    return place;
}

static struct server_info *find_in(const struct servers *s, uint32_t place, const struct addr *addr)
{
    struct server_info *rows = &s->rows[place];
    for (unsigned i = 0; i < WAYS; i++) {
        if (rows[i].addr.len != 0 && addr_equal(&rows[i].addr, addr)) {
            *s->last = &rows[i];
            return &rows[i];
        }
    }
    return NULL;
}

static struct server_info *find(const struct servers *s, const struct addr *addr)
{
    return addr_equal(&(*s->last)->addr, addr) ? *s->last : find_in(s, place_of(s, addr), addr);
}

const struct server_info *servers_find(const struct servers *s, const struct addr *addr)
{
    return find(s, addr);
}

const struct server_info *servers_find_at(const struct servers *s, uint32_t place, const struct addr *addr)
{
    return addr_equal(&(*s->last)->addr, addr) ? *s->last : find_in(s, place, addr);
}

static struct server_info *find_or_add(struct servers *s, const struct addr *addr, uint64_t now)
{
    struct server_info *row = find(s, addr);
    if (row == NULL) {
        struct server_info *rows = &s->rows[place_of(s, addr)];
        row = rows;
        for (unsigned i = 1; i < WAYS; i++) {
            if (rows[i].used < row->used) {
                row = &rows[i];
            }
        }
        *row = (struct server_info){.addr = *addr};
    }
    row->used = now;
    return row;
}

/* RFC 6298 2.2 and 2.3. */
static void smooth(struct server_info *row, uint32_t rtt_us)
{
    if (row->srtt_us == 0) {
        row->srtt_us = rtt_us;
        row->rttvar_us = rtt_us / 2;
        return;
    }
    uint32_t off = rtt_us > row->srtt_us ? rtt_us - row->srtt_us : row->srtt_us - rtt_us;
    row->rttvar_us = (uint32_t)((3ull * row->rttvar_us + off) / 4);
    row->srtt_us = (uint32_t)((7ull * row->srtt_us + rtt_us) / 8);
}

void servers_replied(struct servers *s, const struct addr *addr, uint32_t rtt_us, bool over_tcp, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    row->failures = 0;
    row->dead_until = 0;
    row->replied_at = now;
    s->families[addr->len == 16].refusals = 0;
    if (!over_tcp && rtt_us > 0) {
        smooth(row, rtt_us);
        row->tcp_until = 0;
        s->paths.heard_at[addr->len == 16] = now;
        s->families[addr->len == 16].silent.len = 0;
    }
}

void servers_failed(struct servers *s, const struct addr *addr, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    if (row->failures > 0 && now - row->failed_at < SAME_FAILURE_MS) {
        return;
    }
    row->failed_at = now;
    if (row->failures < UINT8_MAX) {
        row->failures++;
    }
    if (row->failures >= DEAD_AFTER) {
        row->dead_until = now + SERVERS_REST_MS;
    }
}

void servers_refused(struct servers *s, const struct addr *addr, uint64_t now)
{
    bool family = addr->len == 16;
    if (s->families[family].refusals < DOUBT_AFTER) {
        s->families[family].refusals++;
    }
    s->families[family].at = now;
    servers_failed(s, addr, now);
}

bool servers_family_is_doubtful(const struct servers *s, const struct addr *addr, uint64_t now)
{
    bool family = addr->len == 16;
    return s->families[family].refusals >= DOUBT_AFTER && now - s->families[family].at < DOUBT_MS;
}

void servers_silent_over_udp(struct servers *s, const struct addr *addr, uint64_t now)
{
    bool family = addr->len == 16;
    struct addr *silent = &s->families[family].silent;
    uint64_t heard_at = s->paths.heard_at[family];
    if (heard_at > s->forgiven_at && now - heard_at < LOST_AFTER_MS) {
        return;
    }
    if (silent->len != 0 && !addr_equal(silent, addr)) {
        s->paths.lost_at[family] = now;
    }
    *silent = *addr;
}

bool servers_udp_is_lost(const struct servers *s, const struct addr *addr)
{
    bool family = addr->len == 16;
    return s->paths.lost_at[family] > s->paths.heard_at[family] && s->paths.lost_at[family] > s->forgiven_at;
}

static bool merge(uint64_t *own, uint64_t *others, uint64_t grain)
{
    bool is_news = *own > *others && *own - *others >= grain;
    if (*own < *others) {
        *own = *others;
    } else if (is_news) {
        *others = *own;
    }
    return is_news;
}

bool servers_merge_paths(struct servers *s, struct servers_paths *others)
{
    bool is_news = false;
    for (unsigned i = 0; i < 2; i++) {
        is_news |= merge(&s->paths.heard_at[i], &others->heard_at[i], PATHS_GRAIN_MS);
        is_news |= merge(&s->paths.lost_at[i], &others->lost_at[i], 1);
    }
    return is_news;
}

bool servers_may_try(struct servers *s, const struct addr *addr, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    if (row->probed_at != 0 && now - row->probed_at < SERVERS_TRIAL_MS) {
        return false;
    }
    row->probed_at = now;
    return true;
}

void servers_tried(struct servers *s, const struct addr *addr, bool has_replied, uint32_t rtt_us, uint64_t now)
{
    const struct server_info *row = find(s, addr);
    if (has_replied) {
        servers_replied(s, addr, rtt_us, false, now);
    } else if (!servers_udp_is_lost(s, addr) && (row == NULL || now >= row->tcp_until)) {
        servers_failed(s, addr, now);
    }
}

bool servers_probe(struct servers *s, const struct addr *addr, uint64_t until, uint64_t now)
{
    struct server_info *row = find(s, addr);
    if (row == NULL || row->failures < DEAD_AFTER) {
        return false;
    }
    row->dead_until = until;
    row->used = now;
    return true;
}

bool servers_replied_since(const struct servers *s, const struct addr *addr, uint64_t since)
{
    const struct server_info *row = find(s, addr);
    return row != NULL && row->replied_at > since;
}

bool servers_may_probe(struct servers *s, const struct addr *addr, uint64_t since, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    bool is_early = now < since + SERVERS_REST_MS || now < row->dead_until ||
                    (row->failed_at != 0 && now - row->failed_at < SERVERS_REST_MS) ||
                    (row->probed_at != 0 && now - row->probed_at < SERVERS_REST_MS);
    if (is_early || row->replied_at > since) {
        return false;
    }
    row->probed_at = now;
    if (row->failures >= DEAD_AFTER) {
        row->dead_until = now + SERVERS_REST_MS;
    }
    return true;
}

void servers_forgive(struct servers *s, uint64_t now)
{
    for (size_t i = 0; i < s->count; i++) {
        struct server_info *row = &s->rows[i];
        row->failures = 0;
        row->failed_at = row->dead_until = row->probed_at = row->tcp_until = 0;
        row->srtt_us = row->rttvar_us = 0;
    }
    memset(s->lame, 0, s->count * sizeof(*s->lame));
    memset(s->families, 0, sizeof(s->families));
    s->lame_until = 0;
    s->forgiven_at = now;
}

uint64_t servers_forgiven_at(const struct servers *s)
{
    return s->forgiven_at;
}

void servers_saw_edns(struct servers *s, const struct addr *addr, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    row->has_edns = true;
    row->plain_until = 0;
}

void servers_only_plain(struct servers *s, const struct addr *addr, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    if (!row->has_edns) {
        row->plain_until = now + SERVERS_PLAIN_MS;
    }
}

void servers_only_tcp(struct servers *s, const struct addr *addr, bool was_silent, uint64_t now)
{
    struct server_info *row = find_or_add(s, addr, now);
    bool is_ending = now < row->tcp_until && row->tcp_until <= now + SERVERS_TRIAL_MS;
    if (was_silent || is_ending) {
        row->tcp_until = now + SERVERS_TCP_MS;
    }
}

void servers_lost_case(struct servers *s, const struct addr *addr, uint64_t now)
{
    find_or_add(s, addr, now)->case_until = now + SERVERS_CASE_MS;
}

static uint64_t lame_key(const struct addr *addr, const uint8_t *zone)
{
    uint8_t key[18 + NAME_SIZE];
    size_t len = address_key(addr, key);
    len += name_lower(key + len, zone);
    uint64_t hash = hash_bytes(key, len);
    return hash != 0 ? hash : 1;
}

static struct lame *lame_bucket(const struct servers *s, uint64_t key)
{
    return &s->lame[key & (s->count - 1) & ~(size_t)(WAYS - 1)];
}

void servers_set_lame(struct servers *s, const struct addr *addr, const uint8_t *zone, uint64_t now)
{
    uint64_t key = lame_key(addr, zone);
    struct lame *rows = lame_bucket(s, key);
    struct lame *row = rows;
    for (unsigned i = 0; i < WAYS; i++) {
        if (rows[i].key == key) {
            row = &rows[i];
            break;
        }
        if (rows[i].until < row->until) {
            row = &rows[i];
        }
    }
    *row = (struct lame){.key = key, .until = now + SERVERS_LAME_MS};
    s->lame_until = row->until;
}

bool servers_is_lame(const struct servers *s, const struct addr *addr, const uint8_t *zone, uint64_t now)
{
    if (now >= s->lame_until) {
        return false;
    }
    uint64_t key = lame_key(addr, zone);
    const struct lame *rows = lame_bucket(s, key);
    for (unsigned i = 0; i < WAYS; i++) {
        if (rows[i].key == key) {
            return now < rows[i].until;
        }
    }
    return false;
}

/* Marks that are about no server. */
static const struct addr nobody = {.len = 4};

void servers_set_vain(struct servers *s, const uint8_t *name, uint64_t now)
{
    servers_set_lame(s, &nobody, name, now);
}

bool servers_is_vain(const struct servers *s, const uint8_t *name, uint64_t now)
{
    return servers_is_lame(s, &nobody, name, now);
}

uint32_t servers_timeout(const struct servers *s, const struct addr *addr, unsigned tries)
{
    const struct server_info *row = find(s, addr);
    uint64_t ms = SERVERS_TIMEOUT_FIRST_MS;
    if (row != NULL && row->srtt_us > 0) {
        ms = (row->srtt_us + 4ull * row->rttvar_us + 999) / 1000;
        ms = ms < SERVERS_TIMEOUT_MIN_MS ? SERVERS_TIMEOUT_MIN_MS : ms;
    }
    ms <<= tries < 6 ? tries : 6;
    if (tries > 0 && ms < SERVERS_TIMEOUT_FIRST_MS) {
        ms = SERVERS_TIMEOUT_FIRST_MS;
    }
    return ms > SERVERS_TIMEOUT_MAX_MS ? SERVERS_TIMEOUT_MAX_MS : (uint32_t)ms;
}

const struct server_info *servers_row(const struct servers *s, size_t index)
{
    return s->rows[index].addr.len != 0 ? &s->rows[index] : NULL;
}

size_t servers_count(const struct servers *s)
{
    return s->count;
}
