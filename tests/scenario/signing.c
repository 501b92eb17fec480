#include "signing.h"

#include <stdio.h>
#include <stdlib.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "tests/support/signer.h"

enum { ZONES_MAX = 64, STRANGE = 1000, DAY = 86400 };

static struct {
    const uint8_t *name;
    struct signer *signer, *strange; /* NULL: not signed */
} zones[ZONES_MAX];
static unsigned zone_count;

struct signing signing_default(void)
{
    return (struct signing){.from_s = -DAY, .to_s = 30 * DAY, .labels = -1};
}

static int find(const uint8_t *zone)
{
    for (unsigned i = 0; i < zone_count; i++) {
        if (name_equal(zones[i].name, zone)) {
            return (int)i;
        }
    }
    return -1;
}

void signing_add_zone(const uint8_t *zone, uint8_t algorithm)
{
    if (find(zone) >= 0) {
        return;
    }
    if (zone_count == ZONES_MAX) {
        fprintf(stderr, "too many signed zones\n");
        exit(2);
    }
    zones[zone_count].name = zone;
    if (algorithm == 0) {
        zone_count++;
        return;
    }
    zones[zone_count].signer = signer_new(algorithm, SIGNER_KSK, zone_count + 1);
    zones[zone_count].strange = signer_new(algorithm, SIGNER_KSK, zone_count + 1 + STRANGE);
    zone_count++;
}

bool signing_put_key(struct arena *a, const uint8_t *zone, bool is_strange, struct rdatas *out)
{
    int i = find(zone);
    if (i >= 0 && zones[i].signer != NULL) {
        signer_add_key(a, is_strange ? zones[i].strange : zones[i].signer, out);
    }
    return i >= 0 && zones[i].signer != NULL;
}

bool signing_put_ds(struct arena *a, const uint8_t *zone, uint8_t digest, bool is_strange, struct rdatas *out)
{
    int i = find(zone);
    if (i >= 0 && zones[i].signer != NULL) {
        signer_add_ds(a, is_strange ? zones[i].strange : zones[i].signer, zone, digest, out);
    }
    return i >= 0 && zones[i].signer != NULL;
}

/* The parent's side of a cut: a DS, or an NSEC with NS and without SOA. */
static bool is_above_cut(const struct rrset *set)
{
    enum { BIT_NS = 0x20, BIT_SOA = 0x02 };
    if (set->type != TYPE_NSEC) {
        return set->type == TYPE_DS;
    }
    struct rdata_view nsec = rdatas_first(&set->data);
    const uint8_t *first_octet = nsec.bytes + name_len(nsec.bytes) + 2; /* behind window and length */
    return (*first_octet & (BIT_NS | BIT_SOA)) == BIT_NS;
}

/* The deepest zone that holds the set. */
static int zone_of(const struct rrset *set)
{
    int best = -1;
    bool is_above = is_above_cut(set);
    for (unsigned i = 0; i < zone_count; i++) {
        bool holds = name_is_under(set->owner, zones[i].name) && (!is_above || !name_equal(set->owner, zones[i].name));
        if (holds && (best < 0 || name_labels(zones[i].name) > name_labels(zones[best].name))) {
            best = (int)i;
        }
    }
    return best;
}

void signing_sign(struct arena *a, struct rrset *set, const struct signing *how)
{
    int i = how->signer != NULL ? find(how->signer) : zone_of(set);
    if (i < 0 || zones[i].signer == NULL || how->is_off) {
        return;
    }
    struct signer *s = how->is_strange ? zones[i].strange : zones[i].signer;
    struct rrsig fields = signer_fields(s, set, zones[i].name, (uint32_t)(SIGNING_WALL + how->from_s),
                                        (uint32_t)(SIGNING_WALL + how->to_s));
    if (how->labels >= 0) {
        fields.labels = (uint8_t)how->labels;
    }
    unsigned count = how->forged > 0 ? how->forged : 1;
    for (unsigned n = 0; n < count; n++) {
        signer_sign_as(a, s, set, &fields);
        if (how->forged > 0) {
            uint8_t *bytes = arena_copy(a, set->sigs.bytes, set->sigs.len);
            bytes[set->sigs.len - 1] ^= 1;
            set->sigs.bytes = bytes;
        }
    }
}
