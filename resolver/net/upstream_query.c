#include <ares.h>

#include <string.h>

#include "resolver/net/upstream_private.h"

#define OPT_DO 0x8000

static ares_dns_record_t *make_query(bool use_edns, bool recursion, uint16_t edns_size)
{
    ares_dns_record_t *q = NULL;
    ares_dns_rr_t *opt = NULL;
    unsigned short flags = recursion ? ARES_FLAG_RD : 0;
    bool ok = ares_dns_record_create(&q, 0, flags, ARES_OPCODE_QUERY, ARES_RCODE_NOERROR) == ARES_SUCCESS &&
              ares_dns_record_query_add(q, "", ARES_REC_TYPE_A, ARES_CLASS_IN) == ARES_SUCCESS;
    if (ok && use_edns) {
        ok = ares_dns_record_rr_add(&opt, q, ARES_SECTION_ADDITIONAL, "", ARES_REC_TYPE_OPT, ARES_CLASS_IN, 0) ==
                 ARES_SUCCESS &&
             ares_dns_rr_set_u16(opt, ARES_RR_OPT_UDP_SIZE, edns_size) == ARES_SUCCESS &&
             ares_dns_rr_set_u8(opt, ARES_RR_OPT_VERSION, 0) == ARES_SUCCESS &&
             ares_dns_rr_set_u16(opt, ARES_RR_OPT_FLAGS, OPT_DO) == ARES_SUCCESS;
    }
    if (!ok) {
        ares_dns_record_destroy(q);
        return NULL;
    }
    return q;
}

int queries_make(struct upstream *u)
{
    ares_dns_record_t *made[2][2];
    bool ok = true;
    for (unsigned i = 0; i < 4; i++) {
        made[i / 2][i % 2] = make_query(i / 2, i % 2, u->settings.edns_size);
        ok = ok && made[i / 2][i % 2] != NULL;
    }
    if (ok) {
        queries_free(u);
        memcpy(u->queries, made, sizeof(made));
        return FAIL_NONE;
    }
    for (unsigned i = 0; i < 4; i++) {
        ares_dns_record_destroy(made[i / 2][i % 2]);
    }
    return FAIL_MEMORY;
}

void queries_free(struct upstream *u)
{
    for (unsigned i = 0; i < 4; i++) {
        ares_dns_record_destroy(u->queries[i / 2][i % 2]);
        u->queries[i / 2][i % 2] = NULL;
    }
}
