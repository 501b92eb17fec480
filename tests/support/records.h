/* RRsets from presentation form. For tests; what is not well-formed ends the process. */
#ifndef CAIRN_TESTS_RECORDS_H
#define CAIRN_TESTS_RECORDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/rrset.h"
#include "resolver/dns/type.h"
#include "tests/support/tokens.h"

static inline void records_need(int is_good, const char *text)
{
    if (!is_good) {
        fprintf(stderr, "records: %s\n", text);
        abort();
    }
}

/* Appends the RDATA to `to`, which gets new memory from `a`. */
static inline void records_add(struct arena *a, uint16_t type, const char *text, struct rdatas *to)
{
    struct token tokens[64];
    struct token_error error;
    uint8_t rdata[4096];
    struct writer w;
    writer_init(&w, rdata, sizeof(rdata));
    size_t count = split_tokens(text, strlen(text), tokens, sizeof(tokens) / sizeof(tokens[0]));
    records_need(rdata_from_text(type, tokens, count, NULL, &w, &error) == FAIL_NONE, text);
    uint8_t *bytes = arena_take(a, to->len + sizeof(uint16_t) + writer_len(&w));
    records_need(bytes != NULL, "the arena is full");
    if (to->len > 0) {
        memcpy(bytes, to->bytes, to->len);
    }
    to->len += (uint32_t)rdatas_pack(bytes + to->len, rdata, (uint16_t)writer_len(&w));
    to->bytes = bytes;
    to->count++;
}

/* The name in `a`. */
static inline const uint8_t *records_name(struct arena *a, const char *text)
{
    uint8_t name[NAME_SIZE];
    records_need(name_from_text(text, strlen(text), NULL, name) == FAIL_NONE, text);
    return arena_copy(a, name, name_len(name));
}

/* An unsigned set of `count` records, with TTL 3600. */
static inline struct rrset *records_set(struct arena *a, const char *owner, uint16_t type, const char *const *rdata,
                                        size_t count)
{
    struct rrset *set = arena_take(a, sizeof(*set));
    records_need(set != NULL, "the arena is full");
    set->owner = records_name(a, owner);
    set->type = type;
    set->ttl = 3600;
    for (size_t i = 0; i < count; i++) {
        records_add(a, type, rdata[i], &set->data);
    }
    return set;
}

#endif
