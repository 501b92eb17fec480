/* Splits a line of presentation form into tokens, as a master file's reader does. For tests. */
#ifndef CAIRN_TESTS_TOKENS_H
#define CAIRN_TESTS_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

#include "resolver/dns/rdata.h"

/* The end of a token that starts at `at`: the next space, or quote when `quoted`, that no backslash stands before. */
static inline const char *token_end(const char *at, const char *end, bool quoted)
{
    bool inside = false; /* quotes within a word, as in key="a b" */
    for (; at < end; at++) {
        if (*at == '\\' && at + 1 < end) {
            at++;
        } else if (*at == '"') {
            if (quoted) {
                return at;
            }
            inside = !inside;
        } else if (*at == ' ' && !quoted && !inside) {
            return at;
        }
    }
    return end;
}

static inline size_t split_tokens(const char *line, size_t len, struct token *tokens, size_t max)
{
    const char *at = line;
    const char *end = line + len;
    size_t count = 0;
    while (at < end && count < max) {
        if (*at == ' ') {
            at++;
            continue;
        }
        bool quoted = *at == '"';
        const char *start = at + quoted;
        const char *stop = token_end(start, end, quoted);
        tokens[count++] = (struct token){.text = start, .len = (size_t)(stop - start), .quoted = quoted};
        at = stop + (quoted && stop < end);
    }
    return count;
}

#endif
