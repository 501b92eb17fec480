#include "zones/read.h"

#include <stdlib.h>
#include <string.h>

#include "zones/check.h"
#include "zones/draft.h"
#include "zones/load.h"
#include "zones/problem.h"

enum { STAMP_MARGIN_S = 2 };

struct reading {
    struct draft draft;
    struct problems problems;
    int64_t now; /* seconds of wall time; nothing was read before */
};

static int take_record(void *arg, const struct load_record *record)
{
    struct reading *r = arg;
    if (name_is_under(record->owner, r->draft.apex)) {
        return draft_add(&r->draft, record);
    }
    char owner[NAME_TEXT_SIZE], apex[NAME_TEXT_SIZE];
    problem_error(&r->problems, record->at, "'%s' is outside the zone '%s'", name_text(record->owner, owner),
                  name_text(r->draft.apex, apex));
    return FAIL_NONE;
}

/* A write after `now` gives the file another stamp than this one. The kernel's clock for stamps ticks coarsely, and
 * file systems round them, FAT to 2 s. */
static bool is_settled(const struct timespec *stamp, int64_t now)
{
    return stamp->tv_sec < now - STAMP_MARGIN_S;
}

static bool remember_files(struct zone *z, const struct scan_files *files, int64_t now)
{
    struct zone_file **last = &z->files;
    for (const struct scan_file *from = files->first; from != NULL; from = from->next) {
        struct zone_file *file = calloc(1, sizeof(*file));
        if (file == NULL) {
            return false;
        }
        *last = file;
        last = &file->next;
        file->path = strdup(from->path);
        file->device = from->looks.st_dev;
        file->inode = from->looks.st_ino;
        file->size = from->looks.st_size;
        file->modified = from->looks.st_mtim;
        file->changed = from->looks.st_ctim;
        file->is_settled = is_settled(&file->modified, now) && is_settled(&file->changed, now);
        if (file->path == NULL) {
            return false;
        }
    }
    return true;
}

/* NULL when memory ran out or there were errors. */
static struct zone *build(struct reading *r, const struct scan_files *files)
{
    if (r->problems.errors > 0) {
        return NULL;
    }
    struct zone *z = draft_finish(&r->draft, &r->problems);
    if (z != NULL && files != NULL && !remember_files(z, files, r->now)) {
        zone_release(z);
        z = NULL;
    }
    if (z == NULL) {
        problem_error(&r->problems, NULL, "no memory for this zone");
    }
    return z;
}

static struct zone *read_zone(const uint8_t *apex, struct reading *r, const char *text, size_t len)
{
    struct scan_files files = {0};
    r->problems.files = &files;
    draft_init(&r->draft, apex);
    const struct load_job job = {
        .files = &files, .problems = &r->problems, .origin = apex, .sink = take_record, .arg = r};
    int fail = text == NULL ? load_path(&job, r->problems.path) : load_text(&job, r->problems.path, text, len);
    if (fail == FAIL_MEMORY || fail == FAIL_LIMIT) {
        problem_error(&r->problems, NULL, fail == FAIL_LIMIT ? "the text is too large" : "no memory for this zone");
    } else if (fail == FAIL_NONE && !problems_full(&r->problems)) {
        check_zone(&r->draft, r->problems.errors == 0, &r->problems);
    }
    struct zone *z = build(r, text == NULL ? &files : NULL);
    problems_end(&r->problems);
    draft_fini(&r->draft);
    scan_files_free(&files);
    return z;
}

struct zone *zone_read(const uint8_t *apex, const char *path, int64_t now, zone_report *report, void *arg)
{
    struct reading r = {.now = now, .problems = {.report = report, .arg = arg, .path = path}};
    return read_zone(apex, &r, NULL, 0);
}

struct zone *zone_read_text(const uint8_t *apex, const char *path, const char *text, size_t len, zone_report *report,
                            void *arg)
{
    struct reading r = {.problems = {.report = report, .arg = arg, .path = path}};
    return read_zone(apex, &r, text, len);
}
