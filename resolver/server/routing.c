#include "resolver/server/routing.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "resolver/base/log.h"
#include "resolver/dns/name.h"

/* More changes than this flush the whole cache: each waits for the writer. */
enum { FLUSHES_MAX = 64 };

static void *check(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

/* ---- Lines ---- */

static void lines_free(struct routing_lines *l)
{
    for (size_t i = 0; i < l->count; i++) {
        free(l->items[i]);
    }
    free(l->items);
    *l = (struct routing_lines){0};
}

static void lines_add(struct routing_lines *l, char *line)
{
    l->items = check(realloc(l->items, (l->count + 1) * sizeof(*l->items)));
    l->items[l->count++] = line;
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void lines_sort(struct routing_lines *l)
{
    if (l->count > 1) {
        qsort(l->items, l->count, sizeof(*l->items), compare_lines);
    }
}

/* "forward corp.example. 10.0.0.2@53 10.0.0.3@53", with "dnssec off" at its end where that is not automatic. */
static char *route_line(const struct route *route)
{
    static const char *const modes[] = {
        [DNSSEC_AUTO] = "", [DNSSEC_REQUIRE] = " dnssec require", [DNSSEC_OFF] = " dnssec off"};
    uint8_t lower[NAME_SIZE];
    char zone[NAME_TEXT_SIZE];
    char *line;
    size_t len;
    FILE *out = check(open_memstream(&line, &len));
    name_lower(lower, route->zone);
    fprintf(out, "%s %s", route->is_forward ? "forward" : "stub", name_text(lower, zone));
    for (unsigned i = 0; i < route->to_count; i++) {
        char text[ADDR_TEXT_SIZE];
        fprintf(out, " %s", addr_text(&route->to[i], text));
    }
    fputs(modes[route->dnssec], out);
    fclose(out);
    return check(line);
}

/* "anchor ." or "no-anchor broken.example." */
static char *anchor_line(const char *word, const uint8_t *name)
{
    char text[NAME_TEXT_SIZE];
    char *line;
    return asprintf(&line, "%s %s", word, name_text(name, text)) > 0 ? line : check(NULL);
}

static struct routing_lines lines_of(const struct policy *p)
{
    struct routing_lines l = {0};
    for (unsigned i = 0; i < p->route_count; i++) {
        lines_add(&l, route_line(&p->routes[i]));
    }
    for (unsigned i = 0; p->validation && i < p->anchors.count; i++) {
        lines_add(&l, anchor_line("anchor", p->anchors.items[i].zone));
    }
    for (unsigned i = 0; p->validation && i < p->anchors.negative_count; i++) {
        lines_add(&l, anchor_line("no-anchor", p->anchors.negative[i]));
    }
    lines_sort(&l);
    return l;
}

static struct routing_lines lines_read(const char *path)
{
    struct routing_lines l = {0};
    char *line = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "r");
    while (in != NULL && getline(&line, &size, in) > 0) {
        line[strcspn(line, "\n")] = '\0';
        lines_add(&l, check(strdup(line)));
    }
    free(line);
    if (in != NULL) {
        fclose(in);
    }
    lines_sort(&l);
    return l;
}

static void log_trouble(const char *path)
{
    char quoted[LOG_QUOTE_SIZE];
    log_warn("routes_not_kept", "file=%s reason=\"%s\"", log_quote(path, quoted), strerror(errno));
}

/* Written anew and renamed. Losing it costs no more than a flush at the next start, so it is not synced. */
static void lines_write(const struct routing_lines *l, const char *path)
{
    char fresh[4096 + 8];
    if (l->count == 0) {
        if (unlink(path) != 0 && errno != ENOENT) {
            log_trouble(path);
        }
        return;
    }
    snprintf(fresh, sizeof(fresh), "%s.new", path);
    FILE *out = fopen(fresh, "w");
    bool ok = out != NULL;
    for (size_t i = 0; ok && i < l->count; i++) {
        ok = fprintf(out, "%s\n", l->items[i]) > 0;
    }
    if (out != NULL) {
        ok = fclose(out) == 0 && ok;
    }
    if (!ok || rename(fresh, path) != 0) {
        log_trouble(path);
        unlink(fresh);
    }
}

/* ---- Changes ---- */

/* The lines of either list that the other lacks, borrowed. */
static struct routing_lines differences(const struct routing_lines *a, const struct routing_lines *b)
{
    struct routing_lines changed = {0};
    size_t i = 0, j = 0;
    while (i < a->count || j < b->count) {
        int order = i == a->count ? 1 : (j == b->count ? -1 : strcmp(a->items[i], b->items[j]));
        if (order != 0) {
            lines_add(&changed, order < 0 ? a->items[i] : b->items[j]);
        }
        i += order <= 0;
        j += order >= 0;
    }
    return changed;
}

/* The zone of a line; the root for one that is not understood, which flushes all. */
static void line_zone(const char *line, uint8_t zone[NAME_SIZE])
{
    const char *start = strchr(line, ' ');
    size_t len = start != NULL ? strcspn(start + 1, " ") : 0;
    if (len == 0 || name_from_text(start + 1, len, NULL, zone) != FAIL_NONE) {
        name_copy(zone, name_root);
    }
}

static void flush(struct disk *d, const struct routing_lines *changed)
{
    uint64_t removed = 0, sum = 0;
    bool is_all = changed->count > FLUSHES_MAX;
    for (size_t i = 0; i < (is_all ? 1 : changed->count); i++) {
        uint8_t zone[NAME_SIZE];
        line_zone(is_all ? "" : changed->items[i], zone);
        struct disk_flush f = {.name = zone, .subtree = true};
        int result = disk_flush(d, &f, &removed);
        if (result != FAIL_NONE) {
            log_error("cache_flush_failed", "reason=\"%s\"", fail_text(result));
        }
        sum += removed;
        removed = 0;
    }
    if (sum > 0) {
        log_info("cache_flushed", "reason=\"routes or trust anchors have changed\" changes=%zu entries=%" PRIu64,
                 changed->count, sum);
    }
}

void routing_init(struct routing *r, const char *directory)
{
    size_t size = strlen(directory) + sizeof("/routes");
    r->path = check(malloc(size));
    snprintf(r->path, size, "%s/routes", directory);
    r->lines = lines_read(r->path);
}

void routing_apply(struct routing *r, struct disk *d, const struct policy *p)
{
    struct routing_lines lines = lines_of(p);
    struct routing_lines changed = differences(&r->lines, &lines);
    if (changed.count > 0) {
        flush(d, &changed);
        lines_write(&lines, r->path);
    }
    free(changed.items);
    lines_free(&r->lines);
    r->lines = lines;
}

void routing_fini(struct routing *r)
{
    lines_free(&r->lines);
    free(r->path);
    r->path = NULL;
}
