#include "tests/unit/proof_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "tests/support/tokens.h"

static void *check(void *made, const char *what)
{
    if (made == NULL) {
        fprintf(stderr, "proof_text: %s\n", what);
        abort();
    }
    return made;
}

static const uint8_t *read_name(struct arena *a, const char *text, size_t len)
{
    uint8_t *name = check(arena_take(a, NAME_SIZE), "memory");
    return name_from_text(text, len, NULL, name) == FAIL_NONE ? name : check(NULL, text);
}

const uint8_t *proof_name(struct arena *a, const char *text)
{
    return read_name(a, text, strlen(text));
}

static struct rdatas pack(struct arena *a, const uint8_t *rdata, uint16_t len)
{
    uint8_t *bytes = check(arena_take(a, len + sizeof(len)), "memory");
    return (struct rdatas){bytes, (uint32_t)rdatas_pack(bytes, rdata, len), 1};
}

/* An RRSIG of which only the labels matter. */
static struct rdatas signature(struct arena *a, uint16_t covered, uint8_t labels)
{
    uint8_t rdata[20] = {(uint8_t)(covered >> 8), (uint8_t)covered, 13, labels};
    return pack(a, rdata, sizeof(rdata));
}

static struct rrset *read_line(struct arena *a, const char *line, size_t len)
{
    struct token tokens[64];
    struct token_error error;
    struct writer w;
    uint8_t rdata[4096];
    size_t count = split_tokens(line, len, tokens, 64);
    size_t at = 1;
    struct rrset *set = check(arena_take(a, sizeof(*set)), "memory");
    set->owner = read_name(a, tokens[0].text, tokens[0].len);
    set->ttl = 3600;
    unsigned labels = name_labels(set->owner) - (name_is_wildcard(set->owner) ? 1 : 0);
    if (strncmp(tokens[at].text, "labels=", 7) == 0) {
        labels = (unsigned)atoi(tokens[at++].text + 7);
    }
    writer_init(&w, rdata, sizeof(rdata));
    if (type_from_text(tokens[at].text, tokens[at].len, &set->type) != FAIL_NONE ||
        rdata_from_text(set->type, tokens + at + 1, count - at - 1, NULL, &w, &error) != FAIL_NONE) {
        check(NULL, line);
    }
    set->data = pack(a, rdata, (uint16_t)writer_len(&w));
    set->sigs = signature(a, set->type, (uint8_t)labels);
    return set;
}

struct rrset *proof_text(struct arena *a, const char *lines)
{
    struct rrset *list = NULL;
    while (*lines != '\0') {
        size_t len = strcspn(lines, "\n");
        rrset_append(&list, read_line(a, lines, len));
        lines += len + (lines[len] == '\n');
    }
    return list;
}
