#include "resolver/server/stats.h"

#include "resolver/dns/msg.h"

void stats_rcode(struct stats *s, unsigned rcode)
{
    static const enum stat_id ids[] = {
        [RCODE_NOERROR] = STAT_noerror,   [RCODE_FORMERR] = STAT_formerr, [RCODE_SERVFAIL] = STAT_servfail,
        [RCODE_NXDOMAIN] = STAT_nxdomain, [RCODE_NOTIMP] = STAT_notimp,   [RCODE_REFUSED] = STAT_refused,
    };
    stats_add(s, rcode < sizeof(ids) / sizeof(*ids) ? ids[rcode] : STAT_other_rcode);
}

const char *stats_name(enum stat_id id)
{
    static const char *const names[] = {
#define STAT_NAME(name, text) #name,
        STAT_TABLE(STAT_NAME)
#undef STAT_NAME
    };
    return names[id];
}

const char *stats_meaning(enum stat_id id)
{
    static const char *const texts[] = {
#define STAT_TEXT(name, text) text,
        STAT_TABLE(STAT_TEXT)
#undef STAT_TEXT
    };
    return texts[id];
}
