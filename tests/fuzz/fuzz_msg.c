/* A message that parses, written again, parses to the same sets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/msg.h"

enum { ARENA_CAP = 1 << 20 };

static bool is_same_data(const struct rdatas *a, const struct rdatas *b)
{
    return a->count == b->count && a->len == b->len && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

static void check_same_sets(const struct rrset *a, const struct rrset *b)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        if (!name_equal(a->owner, b->owner) || a->type != b->type || a->ttl != b->ttl) {
            abort();
        }
        /* Names in RDATA take the case of the name they are compressed against, so only their size is certain. */
        if (a->data.count != b->data.count || a->data.len != b->data.len || !is_same_data(&a->sigs, &b->sigs)) {
            abort();
        }
    }
    if (a != b) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t wire[MSG_SIZE_MAX];
    struct arena arena;
    struct msg first, second;
    struct msg_writer m;
    bool has_room = true;
    arena_init(&arena, ARENA_CAP);
    if (len <= MSG_SIZE_MAX && msg_parse(data, len, &arena, &first) == FAIL_NONE) {
        msg_begin(&m, wire, sizeof(wire), first.id, first.flags, first.has_question ? &first.question : NULL);
        for (unsigned s = 0; s < SECTION_COUNT; s++) {
            for (const struct rrset *set = first.sections[s]; set != NULL && has_room; set = set->next) {
                has_room = msg_put_rrset(&m, (enum section)s, set, true) == FAIL_NONE;
            }
        }
        size_t written = msg_finish(&m, false);
        int result = msg_parse(wire, written, &arena, &second);
        if (result == FAIL_WIRE || written == 0) {
            abort();
        }
        for (unsigned s = 0; s < SECTION_COUNT && has_room && result == FAIL_NONE; s++) {
            check_same_sets(first.sections[s], second.sections[s]);
        }
    }
    arena_fini(&arena);
    return 0;
}
