#include "resolver/base/pool.h"

/* AddressSanitizer sees a use after free only of what was freed. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define IS_WATCHED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define IS_WATCHED 1
#endif

#ifdef IS_WATCHED
const unsigned pool_spares_max = 0;
#else
const unsigned pool_spares_max = 256;
#endif

void pool_drain(struct pool *p)
{
    for (struct pool_spare *s; (s = p->spares) != NULL;) {
        p->spares = s->next;
        free(s);
    }
    p->count = 0;
}
