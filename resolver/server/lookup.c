#include "resolver/server/lookup.h"

#include <stddef.h>
#include <stdlib.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

enum { SET_MAX = 256 * 1024 }; /* octets of an answer, copied */

struct lookup {
    struct waiter waiter;
    struct mailbox *home;
    uint8_t name[NAME_SIZE];
    uint16_t type;
    lookup_done *done;
    void *ctx;
    struct arena memory; /* of the set */
    struct rrset *set;
};

static void finish(void *arg)
{
    struct lookup *l = arg;
    l->done(l->ctx, l->name, l->set);
    arena_fini(&l->memory);
    free(l);
}

/* On the worker's thread, as what follows. Takes what is of use from an answer (NULL: there is none). */
static void end(struct lookup *l, const struct answer *a)
{
    const struct rrset *set = a != NULL ? rrset_find(a->sections[SECTION_ANSWER], l->name, l->type) : NULL;
    l->set = set != NULL ? rrset_copy(&l->memory, set) : NULL;
    mailbox_post(l->home, finish, l);
}

static void on_answer(struct waiter *w, const struct answer *a)
{
    end((struct lookup *)(void *)((char *)w - offsetof(struct lookup, waiter)), a);
}

static void begin(struct worker *w, void *arg)
{
    struct lookup *l = arg;
    const struct question q = {.name = l->name, .type = l->type, .class = CLASS_IN};
    struct walk *walk;
    switch (worker_walk(w, &q, QUERY_NO_CACHE | QUERY_CD, &l->waiter.asker, &walk)) {
    case WALK_FINISHED:
        end(l, walk_answer(walk));
        walk_release(walk);
        break;
    case WALK_ON:
        if (walk_wait(walk, &l->waiter) != FAIL_NONE) {
            end(l, NULL);
        }
        break;
    case WALK_REFUSED:
        end(l, NULL);
        break;
    }
}

void lookup_start(struct worker *w, struct mailbox *home, const uint8_t *name, uint16_t type, lookup_done *done,
                  void *ctx)
{
    const struct addr self = addr_v4((const uint8_t[]){127, 0, 0, 1}, 0); /* waits as a client of this machine does */
    struct lookup *l = calloc(1, sizeof(*l));
    if (l == NULL) {
        abort();
    }
    *l = (struct lookup){.waiter = {.answer = on_answer, .asker = crowd_asker(&self, true)},
                         .home = home,
                         .type = type,
                         .done = done,
                         .ctx = ctx};
    name_copy(l->name, name);
    arena_init(&l->memory, SET_MAX);
    worker_post(w, begin, l);
}
