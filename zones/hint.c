#include "zones/hint.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"

enum { WORD_MAX = 12, FAR = 99 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static char upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
}

/* Insertions, deletions, replacements and swaps of neighbours between two short words, case ignored. */
static unsigned distance(const char *a, size_t a_len, const char *b)
{
    size_t b_len = strlen(b);
    unsigned cost[WORD_MAX + 1][WORD_MAX + 1];
    if (a_len > WORD_MAX || b_len > WORD_MAX) {
        return FAR;
    }
    for (size_t i = 0; i <= a_len; i++) {
        for (size_t j = 0; j <= b_len; j++) {
            if (i == 0 || j == 0) {
                cost[i][j] = (unsigned)(i + j);
                continue;
            }
            unsigned differ = upper(a[i - 1]) != upper(b[j - 1]);
            cost[i][j] = least(least(cost[i - 1][j], cost[i][j - 1]) + 1, cost[i - 1][j - 1] + differ);
            if (i > 1 && j > 1 && upper(a[i - 1]) == upper(b[j - 2]) && upper(a[i - 2]) == upper(b[j - 1])) {
                cost[i][j] = least(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a_len][b_len];
}

static const char *type_word(size_t index)
{
    const struct type_info *row = type_row(index);
    while (row != NULL && row->is_meta) {
        row = type_row(++index);
    }
    return row != NULL ? row->mnemonic : NULL;
}

static const char *directive_word(size_t index)
{
    static const char *const words[] = {"$ORIGIN", "$TTL", "$INCLUDE", "$GENERATE", NULL};
    return words[index];
}

/* The two words that are nearest, if any is near enough. */
static char *suggest(const struct token *token, const char *(*word)(size_t index), char out[HINT_SIZE])
{
    const char *best[2] = {NULL, NULL};
    unsigned nearest = token->len > 3 ? 2 : 1;
    out[0] = '\0';
    for (size_t i = 0; token->len > 1 && word(i) != NULL; i++) {
        unsigned d = distance(token->text, token->len, word(i));
        if (d < nearest || (d == nearest && best[0] == NULL)) {
            nearest = d;
            best[0] = word(i);
            best[1] = NULL;
        } else if (d == nearest && best[1] == NULL && strcmp(best[0], word(i)) != 0) {
            best[1] = word(i);
        }
    }
    if (best[1] != NULL) {
        snprintf(out, HINT_SIZE, " (did you mean '%s' or '%s'?)", best[0], best[1]);
    } else if (best[0] != NULL) {
        snprintf(out, HINT_SIZE, " (did you mean '%s'?)", best[0]);
    }
    return out;
}

static bool is_address(const struct token *token, int family)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t octets[16];
    if (token->len >= sizeof(text)) {
        return false;
    }
    memcpy(text, token->text, token->len);
    text[token->len] = '\0';
    return inet_pton(family, text, octets) == 1;
}

char *hint_type(const struct token *token, char out[HINT_SIZE])
{
    bool is_v4 = is_address(token, AF_INET);
    if (is_v4 || is_address(token, AF_INET6)) {
        snprintf(out, HINT_SIZE, " (an address needs the type %s before it)", is_v4 ? "A" : "AAAA");
        return out;
    }
    return suggest(token, type_word, out);
}

char *hint_directive(const struct token *token, char out[HINT_SIZE])
{
    return suggest(token, directive_word, out);
}

const char *hint_name(const struct token *token)
{
    size_t label = 0, total = 0;
    for (size_t i = 0; i < token->len; i++) {
        char c = token->text[i];
        if (c == '.') {
            if (label == 0 && token->len > 1) {
                return i == 0 ? "it begins with a dot" : "it has an empty label (two dots in a row)";
            }
            label = 0;
            continue;
        }
        if (c == '\\') {
            const char *next = token->text + i + 1;
            size_t left = token->len - i - 1;
            bool is_number = left > 0 && *next >= '0' && *next <= '9';
            if (left == 0 || (is_number && (left < 3 || next[1] < '0' || next[1] > '9' || next[2] < '0' ||
                                            next[2] > '9' || memcmp(next, "255", 3) > 0))) {
                return "a backslash must be followed by one character or by three digits up to 255";
            }
            i += is_number ? 3 : 1;
        }
        label++;
        total++;
        if (label > LABEL_SIZE) {
            return "a label is longer than 63 characters";
        }
    }
    return total == 0 ? "it is empty" : "with its origin it is longer than 255 octets";
}

char *hint_token(const struct token *token, char out[HINT_TOKEN_SIZE])
{
    const size_t room = HINT_TOKEN_SIZE - 4;
    size_t len = token->len < room ? token->len : room;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)token->text[i];
        out[i] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
    }
    memcpy(out + len, "...", 4);
    out[token->len > room ? len + 3 : len] = '\0';
    return out;
}
