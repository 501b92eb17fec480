#include "resolver/iterate/fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/algorithm.h"

enum { NAME_SHOWN = 60, TIME_TEXT_SIZE = 24 };

static void put(struct ede *e, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends as much as fits. */
static void put(struct ede *e, const char *format, ...)
{
    size_t len = strlen(e->text);
    va_list args;
    va_start(args, format);
    vsnprintf(e->text + len, sizeof(e->text) - len, format, args);
    va_end(args);
}

static void put_name(struct ede *e, const uint8_t *name)
{
    char text[NAME_TEXT_SIZE];
    name_text(name, text);
    put(e, "%.*s%s", NAME_SHOWN, text, strlen(text) > NAME_SHOWN ? ".." : "");
}

/* RRSIG times are serial numbers; for people they are those of this era. */
static const char *time_text(uint32_t seconds, char out[TIME_TEXT_SIZE])
{
    time_t when = seconds;
    struct tm parts;
    strftime(out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &parts));
    return out;
}

static void put_key(struct ede *e, const struct fault *f)
{
    char algorithm[ALGORITHM_TEXT_SIZE];
    if (f->code == EDE_UNSUPPORTED_DS_DIGEST) {
        put(e, ", digest type %u", f->algorithm);
    } else if (f->key_tag != 0) {
        put(e, ", key %u", f->key_tag);
    } else if (f->algorithm != 0) {
        put(e, ", %s", algorithm_text(f->algorithm, algorithm));
    }
    if (f->zone != NULL) {
        put(e, "%s", f->key_tag != 0 ? " of " : ", zone ");
        put_name(e, f->zone);
    }
    if (f->key_tag != 0 && f->algorithm != 0 && f->code != EDE_UNSUPPORTED_DS_DIGEST) {
        put(e, " (%s)", algorithm_text(f->algorithm, algorithm));
    }
}

void fault_describe(const struct fault *f, struct ede *out)
{
    char type[TYPE_TEXT_SIZE], from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    *out = (struct ede){.code = f->code};
    if (f->owner != NULL) {
        put_name(out, f->owner);
        put(out, "%s%s: ", f->type != 0 ? " " : "", f->type != 0 ? type_text(f->type, type) : "");
    }
    put(out, "%s", f->detail != NULL ? f->detail : ede_text(f->code));
    put_key(out, f);
    if (f->inception != 0 || f->expiration != 0) {
        put(out, ", valid %s to %s", time_text(f->inception, from), time_text(f->expiration, to));
    }
}
