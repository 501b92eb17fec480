/* Any records as proofs. Two octets say what is to be proven, then come the zone and the name, then records: owner, one
 * octet for the type, one for the labels of its signature (255: none), a 16-bit length and the RDATA. Nothing may be
 * proven about a name outside the zone, and no more may be hashed than the expense allows. */
#include <stdint.h>
#include <stdlib.h>

#include "resolver/base/arena.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { BLOCKS = 512, SETS_MAX = 64 };

static struct rdatas pack(struct arena *a, const uint8_t *bytes, uint16_t len)
{
    uint8_t *packed = arena_take(a, len + sizeof(len));
    return packed != NULL ? (struct rdatas){packed, (uint32_t)rdatas_pack(packed, bytes, len), 1} : (struct rdatas){0};
}

static const uint8_t *read_name(struct reader *r, struct arena *a)
{
    uint8_t *name = arena_take(a, NAME_SIZE);
    return name != NULL && reader_name(r, name) > 0 ? name : name_root;
}

static struct rrset *read_set(struct reader *r, struct arena *a)
{
    static const uint16_t types[] = {TYPE_NSEC, TYPE_NSEC3, TYPE_A};
    const uint8_t *owner = read_name(r, a);
    uint16_t type = types[reader_u8(r) % 3];
    const uint8_t sig[] = {0, 0, 13, reader_u8(r)};
    uint16_t rdlength = reader_u16(r);
    const uint8_t *rdata = reader_bytes(r, rdlength);
    struct rrset *set = !r->bad ? arena_take(a, sizeof(*set)) : NULL;
    if (set != NULL) {
        *set = (struct rrset){.owner = owner, .type = type, .data = pack(a, rdata, rdlength)};
        set->sigs = sig[3] != 255 ? pack(a, sig, sizeof(sig)) : (struct rdatas){0};
    }
    return set;
}

static bool prove(struct verifier *v, unsigned question, unsigned detail, const struct rrset *proofs,
                  const uint8_t *zone, const uint8_t *name)
{
    enum denial result;
    switch (question % 4) {
    case 0:
        result = denial_name_error(v, proofs, zone, name);
        break;
    case 1:
        result = denial_no_data(v, proofs, zone, name, (uint16_t)detail);
        break;
    case 2:
        result = denial_wildcard(v, proofs, zone, name, detail);
        break;
    default:
        (void)denial_is_compact_name_error(proofs, name);
        return denial_delegation(v, proofs, zone, name) == DELEGATION_INSECURE;
    }
    return result == DENIAL_SECURE || result == DENIAL_OPT_OUT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct keyring *keyring;
    keyring = keyring != NULL ? keyring : keyring_new(1);
    struct arena a;
    struct reader r;
    struct rrset *proofs = NULL;
    struct expense e = {.hash_blocks = BLOCKS};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    arena_init(&a, 1 << 20);
    reader_init(&r, data, len);
    unsigned question = reader_u8(&r);
    unsigned detail = reader_u8(&r);
    const uint8_t *zone = read_name(&r, &a);
    const uint8_t *name = read_name(&r, &a);
    for (unsigned i = 0; i < SETS_MAX && reader_left(&r) > 0 && !r.bad; i++) {
        struct rrset *set = read_set(&r, &a);
        if (set != NULL) {
            rrset_append(&proofs, set);
        }
    }
    bool is_proven = prove(&v, question, detail, proofs, zone, name);
    if (e.hash_blocks > BLOCKS || (is_proven && !name_is_under(name, zone) && question % 4 < 2)) {
        abort();
    }
    arena_fini(&a);
    return 0;
}
