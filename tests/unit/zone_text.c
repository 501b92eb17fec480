#include "zone_text.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "zones/reply.h"

static void must(bool ok, const char *what)
{
    if (!ok) {
        fprintf(stderr, "test set-up failed: %s\n", what);
        abort();
    }
}

void zone_dir_make(struct zone_dir *d)
{
    snprintf(d->path, sizeof(d->path), "/tmp/cairn-zones-XXXXXX");
    must(mkdtemp(d->path) != NULL, "mkdtemp");
}

void zone_dir_remove(struct zone_dir *d)
{
    DIR *dir = opendir(d->path);
    must(dir != NULL, "opendir");
    for (struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
        if (e->d_name[0] != '.') {
            unlinkat(dirfd(dir), e->d_name, 0);
        }
    }
    closedir(dir);
    must(rmdir(d->path) == 0, "rmdir");
}

const char *zone_dir_write(const struct zone_dir *d, const char *name, const char *text)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", d->path, name);
    FILE *f = fopen(path, "w");
    must(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0, "write a zone file");
    return path;
}

const uint8_t *zone_name(const char *text)
{
    static uint8_t names[16][NAME_SIZE];
    static unsigned next;
    uint8_t *name = names[next++ % 16];
    must(name_from_text(text, strlen(text), NULL, name) == FAIL_NONE, text);
    return name;
}

void problem_lines_add(void *arg, const struct zone_problem *problem)
{
    struct problem_lines *lines = arg;
    const char *slash = strrchr(problem->file, '/');
    int len = snprintf(lines->text + lines->len, sizeof(lines->text) - lines->len, "%s:%u:%u: %s: %s\n",
                       slash != NULL ? slash + 1 : problem->file, problem->line, problem->column,
                       problem->is_warning ? "warning" : "error", problem->message);
    must(len > 0 && (size_t)len < sizeof(lines->text) - lines->len, "too many problems");
    lines->len += (size_t)len;
    *(problem->is_warning ? &lines->warnings : &lines->errors) += 1;
}

static size_t add(char *out, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
static size_t add(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t used = strlen(out);
    vsnprintf(out + used, size - used, format, args);
    va_end(args);
    return strlen(out);
}

static void add_set(char *out, size_t size, const char *section, const struct rrset *set)
{
    char owner[NAME_TEXT_SIZE], type[TYPE_TEXT_SIZE], rdata[4096];
    struct rdata_view view;
    for (size_t at = 0; rdatas_next(&set->data, &at, &view);) {
        rdata_text(set->type, view.bytes, view.len, rdata, sizeof(rdata));
        add(out, size, "%s %s %u %s %s\n", section, name_text(set->owner, owner), set->ttl, type_text(set->type, type),
            rdata);
    }
}

char *zone_reply_lines(const struct zone_set *set, const char *name, const char *type, char *out, size_t size)
{
    static const char *const kinds[] = {"NONE", "ANSWER", "ALIAS", "DELEGATION"};
    static const char *const sections[] = {"AN", "NS", "AD"};
    char rcode[16], target[NAME_TEXT_SIZE];
    struct arena arena;
    struct zone_reply reply;
    uint16_t number;
    arena_init(&arena, 1 << 20);
    must(type_from_text(type, strlen(type), &number) == FAIL_NONE, type);
    enum zone_reply_kind kind = zone_reply(set, zone_name(name), number, &arena, &reply);
    snprintf(out, size, "%s %s", kinds[kind], rcode_text(reply.rcode, rcode));
    add(out, size, "%s%s\n", reply.target != NULL ? " -> " : "",
        reply.target != NULL ? name_text(reply.target, target) : "");
    for (int s = 0; s < SECTION_COUNT; s++) {
        for (const struct rrset *r = reply.sections[s]; r != NULL; r = r->next) {
            add_set(out, size, sections[s], r);
        }
    }
    arena_fini(&arena);
    return out;
}
