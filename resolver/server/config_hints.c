#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/server/config_read.h"
#include "zones/load.h"

enum { HINTS_MAX = 256, HINT_ADDRESSES_MAX = 64 };

/* The file's records, as far as they matter, in the configuration's memory. */
struct hint_file {
    struct reading *r;
    const struct node *n;
    struct hint *hints;
    struct addr *addresses; /* HINT_ADDRESSES_MAX for each hint */
    unsigned count;
};

static struct hint *find(struct hint_file *f, const uint8_t *name)
{
    for (unsigned i = 0; i < f->count; i++) {
        if (name_equal(f->hints[i].name, name)) {
            return &f->hints[i];
        }
    }
    return NULL;
}

/* The first pass takes the root's name servers, so that addresses may come before them in the file. */
static int take_server(void *arg, const struct load_record *record)
{
    struct hint_file *f = arg;
    if (record->type != TYPE_NS || !name_is_root(record->owner) || find(f, record->rdata) != NULL) {
        return 0;
    }
    uint8_t *name = f->count < HINTS_MAX ? read_room(f->r, record->len) : NULL;
    if (name == NULL) {
        return FAIL_LIMIT;
    }
    name_copy(name, record->rdata);
    f->hints[f->count++] = (struct hint){.name = name};
    return 0;
}

static int take_address(void *arg, const struct load_record *record)
{
    struct hint_file *f = arg;
    struct hint *hint = find(f, record->owner);
    if ((record->type != TYPE_A && record->type != TYPE_AAAA) || hint == NULL ||
        hint->address_count == HINT_ADDRESSES_MAX) {
        return 0;
    }
    struct addr *slots = f->addresses + (hint - f->hints) * HINT_ADDRESSES_MAX;
    slots[hint->address_count++] = record->type == TYPE_A ? addr_v4(record->rdata, 0) : addr_v6(record->rdata, 0);
    hint->addresses = slots;
    return 0;
}

static void on_problem(void *arg, const struct zone_problem *problem)
{
    struct hint_file *f = arg;
    if (!problem->is_warning && problem->line > 0) {
        report_error(f->r->report, f->n->place, NULL, "%s:%u:%u: %s", problem->file, problem->line, problem->column,
                     problem->message);
    } else if (!problem->is_warning) {
        report_error(f->r->report, f->n->place, NULL, "%s", problem->message);
    }
}

/* Reads the file once; `report` NULL leaves its problems unsaid. */
static int run(struct hint_file *f, const char *path, load_sink *sink, zone_report *report)
{
    struct scan_files files = {0};
    struct problems problems = {.report = report, .arg = f, .path = path, .files = &files};
    struct load_job job = {.files = &files, .problems = &problems, .origin = name_root, .sink = sink, .arg = f};
    int result = load_path(&job, path);
    problems_end(&problems);
    scan_files_free(&files);
    return result == FAIL_NONE && problems.errors > 0 ? FAIL_SYNTAX : result;
}

void read_hint_file(struct reading *r, const struct node *n)
{
    struct hint_file f = {.r = r, .n = n};
    unsigned reachable = 0;
    const char *path = read_path(r, n->text);
    f.hints = read_room(r, HINTS_MAX * sizeof(*f.hints));
    if (path == NULL || f.hints == NULL || run(&f, path, take_server, on_problem) != FAIL_NONE) {
        return;
    }
    f.addresses = read_room(r, (size_t)f.count * HINT_ADDRESSES_MAX * sizeof(*f.addresses));
    if (f.addresses == NULL || run(&f, path, take_address, NULL) != FAIL_NONE) {
        return;
    }
    /* Servers without an address are of no use to a walk that starts here. */
    for (unsigned i = 0; i < f.count; i++) {
        if (f.hints[i].address_count > 0) {
            f.hints[reachable++] = f.hints[i];
        }
    }
    if (reachable == 0) {
        report_error(r->report, n->place, NULL, "%s holds no name server of the root with an address", path);
        return;
    }
    r->config->recursion.root_hints = CONFIG_HINTS_GIVEN;
    r->config->recursion.hints = f.hints;
    r->config->recursion.hint_count = reachable;
}
