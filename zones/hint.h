/* What a person may have meant: the second half of an error message. Every function writes a text that may be empty and
 * returns `out`. */
#ifndef CAIRN_ZONES_HINT_H
#define CAIRN_ZONES_HINT_H

#include <stddef.h>

#include "resolver/dns/rdata.h"

#define HINT_SIZE 160

/* For a token where a record type should stand: " (did you mean 'A' or 'AAAA'?)". */
char *hint_type(const struct token *token, char out[HINT_SIZE]);

/* For a directive that is none. */
char *hint_directive(const struct token *token, char out[HINT_SIZE]);

/* Why a token is not a domain name: "it has an empty label (two dots in a row)". */
const char *hint_name(const struct token *token);

/* The token itself for a message: cut to a readable length, control characters replaced. */
#define HINT_TOKEN_SIZE 68
char *hint_token(const struct token *token, char out[HINT_TOKEN_SIZE]);

#endif
