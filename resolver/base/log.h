/* Log lines on standard error: one event with key=value details, as logfmt or JSON. Thread-safe; one write per line. */
#ifndef CAIRN_BASE_LOG_H
#define CAIRN_BASE_LOG_H

#include <stdbool.h>

#include "resolver/base/fail.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_LOGFMT, LOG_FORMAT_JSON };

/* Set before threads start and again on reload. Default: info, logfmt. */
void log_setup(enum log_level level, enum log_format format);
bool log_wants(enum log_level level);

/* `event` is a constant snake_case word; `details` is a printf format that yields logfmt pairs: "zone=%s serial=%u".
 * A value that may hold spaces or quotes is written with log_quote first: "reason=%s". In JSON the pairs become
 * members. Lines that a stranger can cause go through log_limited, which passes at most a few per second for each
 * event. */
void log_error(const char *event, const char *details, ...) PRINTF_LIKE(2, 3);
void log_warn(const char *event, const char *details, ...) PRINTF_LIKE(2, 3);
void log_info(const char *event, const char *details, ...) PRINTF_LIKE(2, 3);
void log_debug(const char *event, const char *details, ...) PRINTF_LIKE(2, 3);
void log_limited(enum log_level level, const char *event, const char *details, ...) PRINTF_LIKE(3, 4);

#define LOG_QUOTE_SIZE 512
/* `text` in double quotes with quotes, backslashes and control characters escaped; cut to fit. Returns `out`. */
char *log_quote(const char *text, char out[LOG_QUOTE_SIZE]);

#endif
