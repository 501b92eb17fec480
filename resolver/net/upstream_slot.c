#include <stdlib.h>

#include "resolver/net/upstream_private.h"

#define SLOTS_FIRST 64

static bool grow(struct upstream *u)
{
    int count = u->slot_count == 0 ? SLOTS_FIRST : u->slot_count * 2;
    struct slot *slots = realloc(u->slots, (size_t)count * sizeof(*slots));
    if (slots == NULL) {
        return false;
    }
    for (int i = u->slot_count; i < count; i++) {
        slots[i] = (struct slot){.next_free = i + 1};
    }
    u->slots = slots;
    u->slot_count = count;
    return true;
}

int slot_take(struct upstream *u)
{
    if (u->first_free == u->slot_count && !grow(u)) {
        return -1;
    }
    int slot = u->first_free;
    u->first_free = u->slots[slot].next_free;
    return slot;
}

void slot_release(struct upstream *u, int slot)
{
    uint32_t generation = u->slots[slot].generation + 1;
    u->slots[slot] = (struct slot){.generation = generation, .next_free = u->first_free};
    u->first_free = slot;
}
