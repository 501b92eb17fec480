#include "resolver/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "resolver/base/clock.h"
#include "resolver/base/hash.h"

enum { LINE_SIZE = 2048, LIMIT_SLOTS = 64, LIMIT_PER_SECOND = 5 };

static _Atomic enum log_level wanted = LOG_LEVEL_INFO;
static _Atomic enum log_format shape = LOG_FORMAT_LOGFMT;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* Counts of the current second per event, in slots chosen by hash; two events in one slot share its allowance. */
static struct {
    _Atomic uint64_t second;
    _Atomic unsigned count;
} limits[LIMIT_SLOTS];

void log_setup(enum log_level level, enum log_format format)
{
    wanted = level;
    shape = format;
}

bool log_wants(enum log_level level)
{
    return level <= wanted;
}

struct line {
    char text[LINE_SIZE];
    size_t len;
};

static void append(struct line *l, const char *bytes, size_t len)
{
    size_t room = sizeof(l->text) - 2 - l->len; /* '\n' and '}' always fit */
    if (len > room) {
        len = room;
    }
    memcpy(l->text + l->len, bytes, len);
    l->len += len;
}

static void append_text(struct line *l, const char *text)
{
    append(l, text, strlen(text));
}

/* The end of one logfmt value: a quoted string with its escapes, or everything up to the next space. */
static const char *value_end(const char *at)
{
    if (*at != '"') {
        return at + strcspn(at, " ");
    }
    for (at++; *at != '\0' && *at != '"'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            at++;
        }
    }
    return *at == '"' ? at + 1 : at;
}

/* Quoted texts and whole numbers are JSON already; a serial or count must not become a text. */
static bool is_json_value(const char *value, const char *end)
{
    size_t len = (size_t)(end - value);
    size_t digits = strspn(value, "0123456789");
    return *value == '"' || (digits == len && len > 0 && len < 16 && (*value != '0' || len == 1));
}

static void append_json_pairs(struct line *l, const char *pairs)
{
    while (*pairs != '\0') {
        size_t key = strcspn(pairs, "= ");
        if (pairs[key] != '=') {
            pairs += key + (pairs[key] == ' ');
            continue;
        }
        const char *value = pairs + key + 1;
        const char *end = value_end(value);
        append_text(l, ",\"");
        append(l, pairs, key);
        append_text(l, "\":");
        if (is_json_value(value, end)) {
            append(l, value, (size_t)(end - value));
        } else {
            append_text(l, "\"");
            append(l, value, (size_t)(end - value));
            append_text(l, "\"");
        }
        pairs = end + (*end == ' ');
    }
}

static void PRINTF_LIKE(3, 0) write_line(enum log_level level, const char *event, const char *details, va_list args)
{
    char pairs[LINE_SIZE - 128];
    char when[40];
    char head[128];
    struct line l;
    struct timespec now;
    struct tm tm;

    l.len = 0;
    vsnprintf(pairs, sizeof(pairs), details, args);
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    if (shape == LOG_FORMAT_JSON) {
        snprintf(head, sizeof(head), "{\"ts\":\"%s.%03ldZ\",\"level\":\"%s\",\"event\":\"%s\"", when,
                 now.tv_nsec / 1000000, level_names[level], event);
        append_text(&l, head);
        append_json_pairs(&l, pairs);
        l.text[l.len++] = '}';
    } else {
        snprintf(head, sizeof(head), "ts=%s.%03ldZ level=%s event=%s ", when, now.tv_nsec / 1000000, level_names[level],
                 event);
        append_text(&l, head);
        append_text(&l, pairs);
    }
    l.text[l.len++] = '\n';
    /* A full or closed standard error must not stop the resolver. */
    ssize_t written = write(STDERR_FILENO, l.text, l.len);
    (void)written;
}

#define LOG_BODY(level)                                                                                                \
    if (log_wants(level)) {                                                                                            \
        va_list args;                                                                                                  \
        va_start(args, details);                                                                                       \
        write_line(level, event, details, args);                                                                       \
        va_end(args);                                                                                                  \
    }

void log_error(const char *event, const char *details, ...)
{
    LOG_BODY(LOG_LEVEL_ERROR)
}

void log_warn(const char *event, const char *details, ...)
{
    LOG_BODY(LOG_LEVEL_WARN)
}

void log_info(const char *event, const char *details, ...)
{
    LOG_BODY(LOG_LEVEL_INFO)
}

void log_debug(const char *event, const char *details, ...)
{
    LOG_BODY(LOG_LEVEL_DEBUG)
}

static bool within_limit(const char *event)
{
    unsigned slot = (unsigned)(hash_bytes(event, strlen(event)) % LIMIT_SLOTS);
    uint64_t second = clock_ticks() / 1000000000u;
    if (atomic_exchange(&limits[slot].second, second) != second) {
        limits[slot].count = 0;
    }
    return atomic_fetch_add(&limits[slot].count, 1) < LIMIT_PER_SECOND;
}

void log_limited(enum log_level level, const char *event, const char *details, ...)
{
    if (log_wants(level) && within_limit(event)) {
        LOG_BODY(level)
    }
}

char *log_quote(const char *text, char out[LOG_QUOTE_SIZE])
{
    size_t len = 0;
    out[len++] = '"';
    for (; *text != '\0' && len < LOG_QUOTE_SIZE - 8; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            out[len++] = '\\';
            out[len++] = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            len += (size_t)snprintf(out + len, LOG_QUOTE_SIZE - len, "\\u%04x", c);
        } else {
            out[len++] = (char)c;
        }
    }
    out[len++] = '"';
    out[len] = '\0';
    return out;
}
