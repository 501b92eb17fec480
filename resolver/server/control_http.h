/* As much of HTTP/1.1 as the control socket needs (RFC 9112): one request with an optional body of known length, one
 * response, then the connection ends. Bytes in, structs out; no sockets here. */
#ifndef CAIRN_SERVER_CONTROL_HTTP_H
#define CAIRN_SERVER_CONTROL_HTTP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define HTTP_HEAD_SIZE   8192 /* octets of request line and header fields */
#define HTTP_METHOD_SIZE 8
#define HTTP_PATH_SIZE   128

struct http_request {
    char method[HTTP_METHOD_SIZE];
    char path[HTTP_PATH_SIZE]; /* without the query */
    json_t *query;             /* object of texts, percent-decoded; NULL until HTTP_READY */
    const char *body;          /* in the parsed bytes */
    size_t body_len;
};

enum http_result {
    HTTP_READY, /* `out` is complete; the caller releases out->query */
    HTTP_MORE,  /* more bytes are needed */
    HTTP_BAD    /* `*status` says what to answer */
};

/* Parses the bytes received so far; a body longer than `body_max` is status 413. */
enum http_result http_parse(const char *bytes, size_t len, size_t body_max, struct http_request *out, int *status);

/* "Not Found" for 404; constant. */
const char *http_reason(int status);

#endif
