#include "resolver/server/control_http.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

/* A piece of the request that is not zero-terminated. */
struct piece {
    const char *at;
    size_t len;
};

/* Cuts `from` at the first `stop`: returns what is before it, leaves what is after it. */
static struct piece cut(struct piece *from, const char *stop)
{
    size_t stop_len = strlen(stop);
    const char *found = memmem(from->at, from->len, stop, stop_len);
    struct piece head = {from->at, found != NULL ? (size_t)(found - from->at) : from->len};
    size_t used = found != NULL ? head.len + stop_len : head.len;
    *from = (struct piece){from->at + used, from->len - used};
    return head;
}

static bool copy(struct piece from, char *out, size_t size)
{
    if (from.len >= size || memchr(from.at, '\0', from.len) != NULL) {
        return false;
    }
    memcpy(out, from.at, from.len);
    out[from.len] = '\0';
    return true;
}

static bool is_text(struct piece p, const char *text)
{
    return p.len == strlen(text) && strncasecmp(p.at, text, p.len) == 0;
}

static int hex_digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* Percent-decodes into `out`, which holds HTTP_HEAD_SIZE; NULL when malformed. */
static json_t *decode(struct piece from, char *out)
{
    size_t len = 0;
    for (size_t i = 0; i < from.len; i++) {
        char c = from.at[i] == '+' ? ' ' : from.at[i];
        if (c == '%') {
            int high = i + 2 < from.len ? hex_digit(from.at[i + 1]) : -1;
            int low = i + 2 < from.len ? hex_digit(from.at[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return NULL;
            }
            c = (char)(high * 16 + low);
            i += 2;
        }
        out[len++] = c;
    }
    return json_stringn(out, len);
}

/* "a=1&b=2" as an object. NULL when malformed or given twice. */
static json_t *parse_query(struct piece query)
{
    char text[HTTP_HEAD_SIZE], key[64];
    json_t *all = json_object();
    while (query.len > 0) {
        struct piece value = cut(&query, "&");
        struct piece name = cut(&value, "=");
        json_t *decoded = decode(value, text);
        if (!copy(name, key, sizeof(key)) || decoded == NULL || json_object_get(all, key) != NULL ||
            json_object_set(all, key, decoded) != 0) {
            json_decref(decoded);
            json_decref(all);
            return NULL;
        }
        json_decref(decoded);
    }
    return all;
}

static bool parse_length(struct piece value, size_t *out)
{
    *out = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.at[i] < '0' || value.at[i] > '9' || *out > SIZE_MAX / 100) {
            return false;
        }
        *out = *out * 10 + (size_t)(value.at[i] - '0');
    }
    return value.len > 0;
}

/* The fields that say how long the body is (RFC 9112 6). 0, or the status to refuse with. */
static int parse_fields(struct piece fields, size_t *body_len)
{
    bool is_known = false;
    while (fields.len > 0) {
        struct piece value = cut(&fields, "\r\n");
        struct piece name = cut(&value, ":");
        while (value.len > 0 && (*value.at == ' ' || *value.at == '\t')) {
            value = (struct piece){value.at + 1, value.len - 1};
        }
        while (value.len > 0 && (value.at[value.len - 1] == ' ' || value.at[value.len - 1] == '\t')) {
            value.len--;
        }
        if (is_text(name, "transfer-encoding")) {
            return 501;
        }
        if (is_text(name, "content-length")) {
            if (is_known || !parse_length(value, body_len)) {
                return 400;
            }
            is_known = true;
        }
    }
    return 0;
}

static int parse_head(struct piece head, struct http_request *out)
{
    struct piece line = cut(&head, "\r\n");
    struct piece method = cut(&line, " ");
    struct piece target = cut(&line, " ");
    struct piece path = cut(&target, "?");
    if (!is_text(line, "HTTP/1.1") && !is_text(line, "HTTP/1.0")) {
        return 400;
    }
    if (!copy(method, out->method, sizeof(out->method))) {
        return 501;
    }
    if (!copy(path, out->path, sizeof(out->path))) {
        return 404;
    }
    int status = parse_fields(head, &out->body_len);
    if (status == 0) {
        out->query = parse_query(target);
        status = out->query != NULL ? 0 : 400;
    }
    return status;
}

enum http_result http_parse(const char *bytes, size_t len, size_t body_max, struct http_request *out, int *status)
{
    struct piece rest = {bytes, len};
    struct piece head = cut(&rest, "\r\n\r\n");
    *out = (struct http_request){0};
    *status = 431;
    if (head.len > HTTP_HEAD_SIZE) {
        return HTTP_BAD;
    }
    if (head.len == len) {
        return HTTP_MORE;
    }
    *status = parse_head(head, out);
    if (*status == 0 && out->body_len > body_max) {
        *status = 413;
    }
    if (*status == 0 && rest.len >= out->body_len) {
        out->body = rest.at;
        return HTTP_READY;
    }
    json_decref(out->query);
    out->query = NULL;
    return *status == 0 ? HTTP_MORE : HTTP_BAD;
}

const char *http_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {{200, "OK"},
                   {400, "Bad Request"},
                   {404, "Not Found"},
                   {405, "Method Not Allowed"},
                   {409, "Conflict"},
                   {413, "Content Too Large"},
                   {422, "Unprocessable Content"},
                   {431, "Request Header Fields Too Large"},
                   {500, "Internal Server Error"},
                   {501, "Not Implemented"},
                   {503, "Service Unavailable"}};
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Status";
}
