#include "zones/load.h"

#include <string.h>

#include "resolver/dns/type.h"

enum { STOP_AT_SOA = 1 };

static int take_soa(void *arg, const struct load_record *record)
{
    if (record->type == TYPE_SOA) {
        name_copy(arg, record->owner);
        return STOP_AT_SOA;
    }
    return 0;
}

static int origin_from_path(const char *path, uint8_t out[NAME_SIZE])
{
    static const char *const ends[] = {".zone", ".db", ".txt", ".hosts"};
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    base += strncmp(base, "db.", 3) == 0 ? 3 : 0;
    size_t len = strlen(base);
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t end = strlen(ends[i]);
        if (len > end && strcmp(base + len - end, ends[i]) == 0) {
            len -= end;
            break;
        }
    }
    return len == 0 ? FAIL_SYNTAX : name_from_text(base, len, NULL, out);
}

int load_guess_origin(const char *path, uint8_t out[NAME_SIZE])
{
    struct scan_files files = {0};
    struct problems problems = {.files = &files, .path = path};
    const struct load_job job = {
        .files = &files, .problems = &problems, .origin = name_root, .sink = take_soa, .arg = out};
    out[0] = 0;
    int result = load_path(&job, path);
    scan_files_free(&files);
    if (result == FAIL_MEMORY || (result == STOP_AT_SOA && !name_is_root(out))) {
        return result == FAIL_MEMORY ? result : FAIL_NONE;
    }
    return origin_from_path(path, out);
}
