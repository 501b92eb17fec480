#include "cache/key.h"

#include <string.h>

#include "resolver/base/hash.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

enum { END = 0x00, ESCAPE = 0x01 };

/* `label` is in lower case. */
static size_t write_label(uint8_t *out, const uint8_t *label, size_t len)
{
    size_t at = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = label[i];
        if (c <= ESCAPE) {
            out[at++] = ESCAPE;
            c++;
        }
        out[at++] = c;
    }
    out[at++] = END;
    return at;
}

size_t key_labels(uint8_t out[KEY_SIZE], const uint8_t *name)
{
    UNCLEARED uint8_t lower[NAME_SIZE];
    UNCLEARED uint8_t starts[NAME_LABELS];
    unsigned count = 0;
    name_lower(lower, name);
    for (unsigned at = 0; lower[at] != 0; at += 1u + lower[at]) {
        starts[count++] = (uint8_t)at;
    }
    size_t len = 0;
    while (count > 0) {
        const uint8_t *label = lower + starts[--count];
        len += write_label(out + len, label + 1, *label);
    }
    return len;
}

size_t key_finish(uint8_t key[KEY_SIZE], size_t labels_len, enum cache_slot slot, uint16_t type)
{
    key[labels_len] = END;
    key[labels_len + 1] = (uint8_t)slot;
    key[labels_len + 2] = (uint8_t)(type >> 8);
    key[labels_len + 3] = (uint8_t)type;
    return labels_len + KEY_TAIL;
}

size_t key_write(uint8_t out[KEY_SIZE], const uint8_t *name, enum cache_slot slot, uint16_t type)
{
    return key_finish(out, key_labels(out, name), slot, type);
}

size_t key_own(size_t key_len)
{
    return key_len - KEY_TAIL + 1;
}

uint64_t key_name_hash(const uint8_t *key, size_t key_len)
{
    return hash_bytes(key, key_len - KEY_TAIL);
}

/* Nobody outside knows the name's hash, so it is enough that tails differ: by the upper half of a product, all of whose
 * bits depend on slot and type. */
uint64_t key_hash(uint64_t name_hash, const uint8_t *key, size_t key_len)
{
    return name_hash ^ (wire_get_u32(key + key_len - KEY_TAIL) * UINT64_C(0x9e3779b97f4a7c15)) >> 32;
}

size_t key_proof(uint8_t out[KEY_SIZE], const uint8_t *zone, uint16_t type, const uint8_t *name, size_t *zone_len)
{
    size_t above = key_labels(out, zone);
    size_t len = key_labels(out, name);
    memmove(out + above + KEY_ZONE, out + above, len - above);
    *zone_len = key_proofs(out, above);
    out[(*zone_len)++] = (uint8_t)type;
    return key_finish(out, len + KEY_ZONE, CACHE_PROOF, type);
}

size_t key_proofs(uint8_t key[KEY_SIZE], size_t labels_len)
{
    key[labels_len] = END;
    key[labels_len + 1] = CACHE_PROOF;
    return labels_len + 2;
}

size_t key_range(uint8_t out[KEY_SIZE], const uint8_t *name, bool subtree)
{
    size_t len = key_labels(out, name);
    if (!subtree) {
        out[len++] = END; /* the marker: no child's key goes on like this */
    }
    return len;
}

bool key_is_proof(const uint8_t *key, size_t len)
{
    return key[len - 3] == CACHE_PROOF && key[len - 1] != TYPE_SOA;
}

bool key_is_covered(const uint8_t *key, size_t len, uint16_t type)
{
    if (type == 0 || len < KEY_TAIL) {
        return true;
    }
    uint16_t own = (uint16_t)(key[len - 2] << 8 | key[len - 1]);
    switch (key[len - 3]) {
    case CACHE_ANSWER:
    case CACHE_FAILURE:
    case CACHE_PROOF:
        return own == type;
    case CACHE_DELEGATION:
        return type == TYPE_NS || type == TYPE_DS;
    default:
        return true;
    }
}

size_t key_parent(const uint8_t *labels, size_t labels_len)
{
    if (labels_len == 0) {
        return 0;
    }
    size_t at = labels_len - 1;
    while (at > 0 && labels[at - 1] != END) {
        at--;
    }
    return at;
}

/* Reads one label at key[at] into out[0..63] as length octet and label; returns the octets of key passed, 0 when bad.
 */
static size_t read_label(const uint8_t *key, size_t len, uint8_t out[1 + LABEL_SIZE])
{
    uint8_t octets = 0;
    size_t at = 0;
    while (at < len && key[at] != END) {
        uint8_t c = key[at++];
        if (c == ESCAPE) {
            if (at == len || key[at] < 1 || key[at] > 2) {
                return 0;
            }
            c = (uint8_t)(key[at++] - 1);
        }
        if (octets == LABEL_SIZE || (c >= 'A' && c <= 'Z')) {
            return 0;
        }
        out[1 + octets++] = c;
    }
    out[0] = octets;
    return at < len && octets > 0 ? at + 1 : 0;
}

/* Reads labels into `name`, in front of what begins at `*start`, since keys start at the root; moves *start. Returns
 * the octets passed: up to a label that would be empty, or all. */
static size_t read_labels(const uint8_t *key, size_t len, uint8_t name[NAME_SIZE], size_t *start)
{
    UNCLEARED uint8_t label[1 + LABEL_SIZE];
    size_t at = 0;
    while (at < len) {
        size_t passed = read_label(key + at, len - at, label);
        if (passed == 0 || *start < 1u + label[0]) {
            break;
        }
        *start -= 1u + label[0];
        memcpy(name + *start, label, 1u + label[0]);
        at += passed;
    }
    return at;
}

/* What divides the key of a proof that ends in `tail`. */
static bool is_division(const uint8_t *at, const uint8_t *tail)
{
    return tail[1] == CACHE_PROOF && tail[2] == 0 && tail - at >= KEY_ZONE && at[0] == END && at[1] == CACHE_PROOF &&
           at[2] == tail[3];
}

int key_read(const uint8_t *key, size_t len, struct key_parts *out)
{
    if (len < KEY_TAIL || len > KEY_SIZE) {
        return FAIL_WIRE;
    }
    const uint8_t *tail = key + len - KEY_TAIL;
    if (tail[0] != END || tail[1] > CACHE_PROOF) {
        return FAIL_WIRE;
    }
    UNCLEARED uint8_t name[NAME_SIZE];
    size_t start = NAME_SIZE - 1;
    name[start] = 0;
    const uint8_t *at = key + read_labels(key, len - KEY_TAIL, name, &start);
    out->zone_len = 0;
    if (is_division(at, tail)) {
        at += KEY_ZONE;
        out->zone_len = (uint8_t)(NAME_SIZE - start);
        at += read_labels(at, (size_t)(tail - at), name, &start);
    }
    if (at != tail) {
        return FAIL_WIRE;
    }
    out->name_len = (uint8_t)(NAME_SIZE - start);
    memcpy(out->name, name + start, out->name_len);
    out->slot = (enum cache_slot)tail[1];
    out->type = (uint16_t)(tail[2] << 8 | tail[3]);
    return FAIL_NONE;
}
