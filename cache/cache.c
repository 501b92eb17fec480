#include "cache/cache.h"

#include <string.h>

#include "cache/entry.h"
#include "cache/key.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

/* A clock that was set back leaves entries from the future; up to this much is taken for drift. */
enum { FUTURE_MAX_MS = 10000 };

uint32_t cache_epoch(struct cache_view *v)
{
    return v->backend.epoch(v->backend.ctx);
}

void cache_touch(struct cache_view *v, enum cache_slot slot, const uint8_t *name, uint16_t type)
{
    UNCLEARED uint8_t key[KEY_SIZE];
    if (v->backend.note_use != NULL) {
        v->backend.note_use(v->backend.ctx, key, key_write(key, name, slot, type));
    }
}

uint32_t cache_clamp_ttl(const struct cache_policy *p, uint32_t ttl, bool is_negative)
{
    uint32_t min = is_negative ? p->min_negative_ttl : p->min_ttl;
    uint32_t max = is_negative ? p->max_negative_ttl : p->max_ttl;
    if (ttl < min) {
        ttl = min;
    }
    return ttl > max ? max : ttl;
}

/* ---- Finding ---- */

/* Fetches a value and its header. False: it is absent, unreadable or from the future. */
static bool fetch(struct cache_view *v, const uint8_t *key, size_t key_len, uint64_t now, struct cache_stored *out,
                  struct entry_head *head)
{
    return v->backend.get(v->backend.ctx, key, key_len, out) == FAIL_NONE && out->value != NULL &&
           entry_peek(out->value, out->len, head) == FAIL_NONE && head->stored <= now + FUTURE_MAX_MS;
}

static bool is_live(const struct entry_head *head, uint64_t now)
{
    return now < head->expires && head->expires > head->stored;
}

static int read_hit(struct cache_view *v, const struct cache_stored *s, struct arena *a, const struct cache_entry **hit)
{
    struct cache_entry *e = NULL;
    int result = entry_read(s->key, s->key_len, s->value, s->len, a, &e);
    if (result == FAIL_WIRE && v->backend.note_bad != NULL) {
        v->backend.note_bad(v->backend.ctx);
    }
    *hit = e;
    return result == FAIL_LIMIT ? FAIL_LIMIT : FAIL_NONE;
}

static int find_key(struct cache_view *v, const uint8_t *key, size_t key_len, uint64_t now, uint64_t stale_ms,
                    struct arena *a, const struct cache_entry **hit, bool *is_bare)
{
    struct cache_stored s;
    struct entry_head head;
    *hit = NULL;
    bool is_there = fetch(v, key, key_len, now, &s, &head);
    *is_bare = s.is_bare;
    if (!is_there) {
        return FAIL_NONE;
    }
    bool was_live = head.expires > head.stored;
    if (!is_live(&head, now) && !(was_live && now - head.expires <= stale_ms && stale_ms > 0)) {
        return FAIL_NONE;
    }
    return read_hit(v, &s, a, hit);
}

void cache_name_set(struct cache_name *n, const uint8_t *name)
{
    n->labels_len = key_labels(n->key, name);
    n->is_bare = false;
}

void cache_name_rise(struct cache_name *n)
{
    n->labels_len = key_parent(n->key, n->labels_len);
    n->is_bare = false;
}

int cache_find_slot(struct cache_view *v, struct cache_name *n, enum cache_slot slot, uint16_t type, uint64_t now,
                    struct arena *a, const struct cache_entry **hit)
{
    *hit = NULL;
    if (n->is_bare) {
        return FAIL_NONE;
    }
    return find_key(v, n->key, key_finish(n->key, n->labels_len, slot, type), now, 0, a, hit, &n->is_bare);
}

int cache_find(struct cache_view *v, enum cache_slot slot, const uint8_t *name, uint16_t type, uint64_t now,
               uint64_t stale_ms, struct arena *a, const struct cache_entry **hit)
{
    UNCLEARED uint8_t key[KEY_SIZE];
    bool is_bare;
    return find_key(v, key, key_write(key, name, slot, type), now, stale_ms, a, hit, &is_bare);
}

/* The way up from a name: the deepest delegation found, and the labels of the zone whose delegation it depends on now.
 */
struct backing {
    const struct cache_entry *deepest;
    unsigned backer_labels;
};

/* Takes note of what is stored for the zone of `labels` labels; true when that decides that `deepest` counts. What
 * nobody backs is forgotten. */
static bool take_backing(struct backing *b, const struct cache_entry *found, unsigned labels, uint64_t now)
{
    bool is_backer = b->deepest != NULL && labels == b->backer_labels;
    if (found == NULL) {
        b->deepest = is_backer ? NULL : b->deepest;
        return false;
    }
    if (b->deepest != NULL && !is_backer) {
        return false;
    }
    b->deepest = b->deepest != NULL ? b->deepest : found;
    b->backer_labels = found->backer_labels;
    return found->backed_until == 0 || now < found->backed_until;
}

int cache_find_delegation(struct cache_view *v, const uint8_t *name, uint64_t now, struct arena *a,
                          const struct cache_entry **hit)
{
    UNCLEARED struct cache_name n;
    struct backing b = {.deepest = NULL};
    cache_name_set(&n, name);
    for (unsigned count = name_labels(name);; count--, cache_name_rise(&n)) {
        const struct cache_entry *found = NULL;
        int result = cache_find_slot(v, &n, CACHE_DELEGATION, 0, now, a, &found);
        bool is_settled = take_backing(&b, found, count, now);
        *hit = is_settled ? b.deepest : NULL;
        if (result != FAIL_NONE || is_settled || count == 0) {
            return result;
        }
    }
}

int cache_find_proof(struct cache_view *v, const uint8_t *zone, uint16_t type, const uint8_t *name, uint64_t now,
                     struct arena *a, const struct cache_entry **hit)
{
    UNCLEARED uint8_t key[KEY_SIZE];
    size_t zone_len;
    size_t key_len = key_proof(key, zone, type, name, &zone_len);
    struct cache_stored s = {0};
    struct entry_head head;
    *hit = NULL;
    int result = v->backend.get_before(v->backend.ctx, key, key_len, zone_len, &s);
    if (result == FAIL_NONE && s.value == NULL && type == TYPE_NSEC3) {
        key[zone_len] = UINT8_MAX; /* behind all hashes */
        result = v->backend.get_before(v->backend.ctx, key, zone_len + 1, zone_len, &s);
    }
    if (result != FAIL_NONE || s.value == NULL || entry_peek(s.value, s.len, &head) != FAIL_NONE ||
        head.stored > now + FUTURE_MAX_MS || !is_live(&head, now)) {
        return FAIL_NONE;
    }
    return read_hit(v, &s, a, hit);
}

/* ---- Storing ---- */

static size_t key_of(const struct cache_entry *e, uint8_t key[KEY_SIZE])
{
    size_t zone_len;
    return e->zone != NULL ? key_proof(key, e->zone, e->type, e->name, &zone_len)
                           : key_write(key, e->name, e->slot, e->type);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* The TTL of a proof of absence: of SOA the smaller of its TTL and its minimum field, which stands last in its RDATA
 * (RFC 2308 5), and no more than its NSEC or NSEC3 records allow. Without SOA nothing says how long: 0; but a record in
 * the PROOF slot says so itself. */
static uint32_t negative_ttl(const struct cache_entry *e)
{
    uint32_t ttl = UINT32_MAX;
    bool has_soa = e->slot == CACHE_PROOF;
    const struct rrset *sets = e->sets;
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        ttl = smaller(ttl, set->ttl);
        if (set->type == TYPE_SOA && set->data.count > 0) {
            struct rdata_view soa = rdatas_first(&set->data);
            has_soa = soa.len >= sizeof(uint32_t);
            ttl = has_soa ? smaller(ttl, wire_get_u32(soa.bytes + soa.len - sizeof(uint32_t))) : 0;
        }
    }
    return has_soa ? ttl : 0;
}

static uint32_t delegation_ttl(const struct rrset *sets)
{
    uint32_t ttl = UINT32_MAX;
    bool has_ns = false;
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        if (set->type == TYPE_NS || set->type == TYPE_DS) {
            ttl = smaller(ttl, set->ttl);
            has_ns = has_ns || set->type == TYPE_NS;
        }
    }
    return has_ns ? ttl : 0;
}

static uint32_t smallest_ttl(const struct rrset *sets)
{
    uint32_t ttl = UINT32_MAX;
    for (; sets != NULL; sets = sets->next) {
        ttl = smaller(ttl, sets->ttl);
    }
    return ttl;
}

static void set_expiry(const struct cache_policy *p, struct cache_entry *e)
{
    bool is_negative = e->is_negative || e->slot == CACHE_NXDOMAIN || e->slot == CACHE_PROOF;
    uint32_t ttl;
    if (e->slot == CACHE_FAILURE) {
        return;
    }
    if (is_negative) {
        ttl = negative_ttl(e);
    } else if (e->slot == CACHE_DELEGATION) {
        ttl = delegation_ttl(e->sets);
    } else {
        ttl = smallest_ttl(e->sets);
    }
    bool has_basis = e->sets != NULL && ttl != UINT32_MAX;
    e->expires = e->stored + (has_basis ? (uint64_t)cache_clamp_ttl(p, ttl, is_negative) * 1000 : 0);
}

/* Whether the policy lets it be kept: as cache_put. */
static int check_size(const struct cache_policy *p, const struct rrset *sets)
{
    size_t octets = 0;
    for (const struct rrset *set = sets; set != NULL; set = set->next) {
        octets += (size_t)set->data.len + set->sigs.len;
        if (set->data.count > p->max_records || set->sigs.count > p->max_records) {
            return FAIL_LIMIT;
        }
    }
    return octets > p->max_entry_size ? FAIL_SPACE : FAIL_NONE;
}

static bool has_target(const struct rrset *ns, const uint8_t *name)
{
    struct rdata_view target;
    for (size_t at = 0; rdatas_next(&ns->data, &at, &target);) {
        if (name_equal(target.bytes, name)) {
            return true;
        }
    }
    return false;
}

/* Both start with their NS set; records of a set are distinct (RFC 2181 5), so equal counts and inclusion suffice. */
static bool has_same_servers(const struct cache_entry *a, const struct cache_entry *b)
{
    const struct rrset *x = a->sets;
    const struct rrset *y = b->sets;
    if (x == NULL || y == NULL || x->type != TYPE_NS || y->type != TYPE_NS || x->data.count != y->data.count) {
        return false;
    }
    struct rdata_view target;
    for (size_t at = 0; rdatas_next(&x->data, &at, &target);) {
        if (!has_target(y, target.bytes)) {
            return false;
        }
    }
    return true;
}

static bool has_same_data(const struct cache_entry *a, const struct cache_entry *b)
{
    const struct rdatas *x = &a->sets->data;
    const struct rdatas *y = &b->sets->data;
    return x->len == y->len && memcmp(x->bytes, y->bytes, x->len) == 0;
}

/* True when `e` says again what `old` says for at least half as long as `e` would: not worth a write, for negative
 * answers of one zone bring the same few proofs again and again. */
static bool is_repeated(const struct cache_entry *old, const struct cache_entry *e)
{
    return e->slot == CACHE_PROOF && old->expires - e->stored >= (e->expires - e->stored) / 2 && old->sets != NULL &&
           e->sets != NULL && has_same_data(old, e);
}

/* Holds a new entry against the one it would replace: FAIL_BUSY when that one lives and is better. A delegation that is
 * merely repeated ends when it would have ended, or a child could keep itself alive after the parent let it go.
 * `*is_bare`: nothing has its name yet. */
static int weigh_old(struct cache_view *v, const uint8_t *key, size_t key_len, struct cache_entry *e,
                     struct arena *scratch, bool *is_bare)
{
    struct cache_stored old;
    struct entry_head head;
    struct cache_entry *read = NULL;
    int result = FAIL_NONE;
    bool is_there = fetch(v, key, key_len, e->stored, &old, &head);
    *is_bare = old.is_bare;
    if (!is_there || !is_live(&head, e->stored)) {
        return FAIL_NONE;
    }
    if (head.trust > e->trust && e->slot != CACHE_FAILURE && entry_is_intact(key, key_len, old.value, old.len)) {
        return FAIL_BUSY;
    }
    if (e->slot == CACHE_DELEGATION || e->slot == CACHE_PROOF) {
        result = entry_read(key, key_len, old.value, old.len, scratch, &read);
        if (result == FAIL_NONE && is_repeated(read, e)) {
            return FAIL_BUSY;
        }
        if (result == FAIL_NONE && has_same_servers(read, e) && read->expires < e->expires) {
            e->expires = read->expires;
        }
    }
    return result == FAIL_LIMIT ? FAIL_LIMIT : FAIL_NONE;
}

/* An answer disproves that the name does not exist, unless that was known better. */
static void end_nxdomain(struct cache_view *v, const struct cache_entry *e, struct arena *scratch)
{
    UNCLEARED uint8_t key[KEY_SIZE];
    size_t key_len = key_write(key, e->name, CACHE_NXDOMAIN, 0);
    struct cache_stored old;
    struct entry_head head;
    if (!fetch(v, key, key_len, e->stored, &old, &head) || !is_live(&head, e->stored) || head.trust > e->trust) {
        return;
    }
    uint8_t *ended = arena_copy(scratch, old.value, old.len);
    if (ended != NULL) {
        entry_expire(key, key_len, ended, old.len);
        v->backend.put(v->backend.ctx, key, key_len, ended, old.len);
    }
}

int cache_put(struct cache_view *v, const struct cache_entry *e, struct arena *scratch)
{
    struct cache_entry put = *e;
    if (e->epoch != cache_epoch(v)) {
        return FAIL_STORE;
    }
    int result = check_size(v->policy, e->sets);
    result = result == FAIL_NONE ? check_size(v->policy, e->foreign) : result;
    if (result != FAIL_NONE) {
        return result;
    }
    set_expiry(v->policy, &put);
    if (put.expires <= put.stored) {
        return FAIL_NONE;
    }
    UNCLEARED uint8_t key[KEY_SIZE];
    size_t key_len = key_of(&put, key);
    bool is_bare;
    result = weigh_old(v, key, key_len, &put, scratch, &is_bare);
    if (result != FAIL_NONE) {
        return result == FAIL_LIMIT ? FAIL_MEMORY : result;
    }
    size_t bound = entry_bound(&put);
    uint8_t *value = arena_take(scratch, bound);
    if (value == NULL) {
        return FAIL_MEMORY;
    }
    size_t len = entry_write(&put, key, key_len, value, bound);
    if (len == 0 || len > v->policy->max_entry_size) {
        return FAIL_SPACE;
    }
    if (put.slot == CACHE_ANSWER && !is_bare) {
        end_nxdomain(v, &put, scratch);
    }
    return v->backend.put(v->backend.ctx, key, key_len, value, len);
}
