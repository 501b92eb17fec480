/* Any octets as a master file: never more than problems, and what becomes a zone answers every question about its own
 * names. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/type.h"
#include "zones/draft.h"
#include "zones/read.h"
#include "zones/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int visit(void *arg, const uint8_t *leaf)
{
    const struct zone *z = arg;
    const struct zone_node *node = zone_node_find(z, leaf);
    struct trie_key key;
    struct zone_place place;
    trie_key_from_name(&key, leaf);
    zone_place(z, &key, leaf, &place);
    if (node == NULL || place.node != node || node->set_count == 0) {
        abort();
    }
    const struct zone_rrset *set = zone_node_first(node);
    for (unsigned i = 0; i < node->set_count; i++, set = zone_rrset_after(set)) {
        struct rdatas data = zone_rrset_data(set);
        struct rdata_view rdata;
        unsigned count = 0;
        for (size_t at = 0; rdatas_next(&data, &at, &rdata); count++) {
            if (rdata_check(set->type, rdata.bytes, rdata.len) != FAIL_NONE) {
                abort();
            }
        }
        if (count != set->count || zone_node_set(node, set->type) != set) {
            abort();
        }
    }
    return 0;
}

static void ignore(void *arg, const struct zone_problem *problem)
{
    unsigned *octets = arg;
    *octets += (unsigned)(strlen(problem->message) + strlen(problem->file));
    if ((problem->line == 0) != (problem->column == 0)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t apex[] = "\1x\4test";
    unsigned octets = 0;
    struct zone *z = zone_read_text(apex, "text", (const char *)data, len, ignore, &octets);
    if (z != NULL) {
        trie_each(&z->tree, visit, z);
        zone_release(z);
    }
    return 0;
}
