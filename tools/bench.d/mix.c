#include "mix.h"

enum { TYPE_A = 1, TYPE_AAAA = 28, TYPE_HTTPS = 65, RCODE_NXDOMAIN = 3 };

static const struct {
    const char *name;
    uint8_t rcode;
    unsigned percent;
} kinds[MIX_KINDS] = {{"w.z########.t#", 0, 80}, {"c.z########.t#", 0, 10}, {"x.z########.t#", RCODE_NXDOMAIN, 10}};

static const struct {
    uint16_t type;
    unsigned percent;
} types[MIX_TYPES] = {{TYPE_A, 60}, {TYPE_AAAA, 25}, {TYPE_HTTPS, 15}};

enum { DNSSEC_ONE_IN = 20 };

void mix_init(struct mix *m)
{
    for (unsigned k = 0; k < MIX_KINDS; k++) {
        for (unsigned t = 0; t < MIX_TYPES; t++) {
            for (unsigned dnssec = 0; dnssec < 2; dnssec++) {
                struct pattern *p = &m->pattern[k][t][dnssec];
                pattern_init(p, kinds[k].name, types[t].type, true);
                p->rcode = kinds[k].rcode;
                if (dnssec) {
                    pattern_want_dnssec(p);
                }
            }
        }
    }
}

/* The finaliser of MurmurHash3: neighbours become independent. */
static uint64_t scatter(uint64_t n)
{
    n = (n ^ n >> 33) * UINT64_C(0xff51afd7ed558ccd);
    n = (n ^ n >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return n ^ n >> 33;
}

const struct pattern *mix_pattern(const struct mix *m, uint64_t nth)
{
    uint64_t drawn = scatter(nth + 1);
    unsigned kind = 0;
    unsigned type = 0;
    for (uint64_t left = drawn % 100; left >= kinds[kind].percent; kind++) {
        left -= kinds[kind].percent;
    }
    for (uint64_t left = drawn / 100 % 100; left >= types[type].percent; type++) {
        left -= types[type].percent;
    }
    return &m->pattern[kind][type][drawn / 10000 % DNSSEC_ONE_IN == 0];
}
