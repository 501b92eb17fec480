/* A message that parses, written again, parses to the same sets. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { ARENA_CAP = 1 << 20 };

static bool is_same_data(const struct rdatas *a, const struct rdatas *b)
{
    return a->count == b->count && a->len == b->len && (a->len == 0 || memcmp(a->bytes, b->bytes, a->len) == 0);
}

/* Names in RDATA take the case of the name they are compressed against, and records that differed in case alone become
 * one: that happens the first time a message is written, never again. */
static void check_same_sets(const struct rrset *a, const struct rrset *b, bool is_settled)
{
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        bool is_same = name_equal(a->owner, b->owner) && a->type == b->type && a->ttl == b->ttl &&
                       is_same_data(&a->sigs, &b->sigs) && a->data.count >= b->data.count;
        if (!is_same || (is_settled && !is_same_data(&a->data, &b->data))) {
            abort();
        }
    }
    if (a != b) {
        abort();
    }
}

/* Writes `from` and parses it into `to`. False when it does not fit into a message or into the arena. */
static bool rewrite(const struct msg *from, struct arena *arena, struct msg *to)
{
    static uint8_t wire[MSG_SIZE_MAX];
    struct msg_writer m;
    msg_begin(&m, wire, sizeof(wire), from->id, from->flags, from->has_question ? &from->question : NULL);
    for (unsigned s = 0; s < SECTION_COUNT; s++) {
        for (const struct rrset *set = from->sections[s]; set != NULL; set = set->next) {
            if (msg_put_rrset(&m, (enum section)s, set, true) != FAIL_NONE) {
                return false;
            }
        }
    }
    int result = msg_parse(wire, msg_finish(&m, false), arena, to);
    if (result == FAIL_WIRE) {
        abort();
    }
    return result == FAIL_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct arena arena;
    struct msg first, second, third;
    arena_init(&arena, ARENA_CAP);
    if (len <= MSG_SIZE_MAX && msg_parse(data, len, &arena, &first) == FAIL_NONE && rewrite(&first, &arena, &second) &&
        rewrite(&second, &arena, &third)) {
        for (unsigned s = 0; s < SECTION_COUNT; s++) {
            check_same_sets(first.sections[s], second.sections[s], false);
            check_same_sets(second.sections[s], third.sections[s], true);
        }
    }
    arena_fini(&arena);
    return 0;
}
