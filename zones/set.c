#include "zones/set.h"

#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "zones/blocks.h"
#include "zones/read.h"
#include "zones/reverse.h"
#include "zones/trie.h"
#include "zones/zone.h"

enum { MARK_ZONE = 1 };

struct entry {
    struct zone *zone; /* held */
    bool make_reverse;
};

struct zone_set {
    struct entry *entries; /* `count`, as configured */
    size_t count;
    struct trie names; /* the apexes, all marked */
    struct blocks blocks;
    struct zone *reverse; /* held; NULL when nothing asks for it */
};

static const struct zone *zone_of(const uint8_t *leaf)
{
    return leaf != NULL ? (const struct zone *)(const void *)(leaf - offsetof(struct zone, apex)) : NULL;
}

static const struct zone *find_configured(const struct zone_set *set, const struct trie_key *key, const uint8_t *name)
{
    struct trie_path path;
    trie_walk(&set->names, key, name, &path);
    return zone_of(path.deepest);
}

const struct zone *zone_set_find_key(const struct zone_set *set, const struct trie_key *key, const uint8_t *name)
{
    const struct zone *z = find_configured(set, key, name);
    if (z != NULL || set->reverse == NULL) {
        return z;
    }
    struct zone_place place;
    zone_place(set->reverse, key, name, &place);
    return place.boundary != NULL ? set->reverse : NULL;
}

const struct zone *zone_set_find(const struct zone_set *set, const uint8_t *name)
{
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, name);
    return zone_set_find_key(set, &key, name);
}

size_t zone_set_count(const struct zone_set *set)
{
    return set->count;
}

const struct zone *zone_set_at(const struct zone_set *set, size_t index)
{
    return index < set->count ? set->entries[index].zone : NULL;
}

void zone_set_free(struct zone_set *set)
{
    if (set == NULL) {
        return;
    }
    for (size_t i = 0; i < set->count; i++) {
        zone_release(set->entries[i].zone);
    }
    zone_release(set->reverse);
    blocks_free(&set->blocks);
    free(set->entries);
    free(set);
}

/* ---- Loading ---- */

struct loading {
    struct zone_set *set;
    const struct zone_set *old;
    int64_t now;
    zone_report *report;
    void *arg;
    bool failed;
};

static void report_error(struct loading *l, const char *file, const char *message)
{
    const struct zone_problem problem = {.file = file, .message = message};
    l->failed = true;
    if (l->report != NULL) {
        l->report(l->arg, &problem);
    }
}

/* The zone of the old set that the source would give again, held; or NULL. */
static struct zone *unchanged_zone(const struct loading *l, const struct zone_source *source)
{
    for (size_t i = 0; l->old != NULL && i < l->old->count; i++) {
        struct zone *z = l->old->entries[i].zone;
        if (name_equal(z->apex, source->name)) {
            bool is_same = z->files != NULL && strcmp(z->files->path, source->file) == 0 && zone_files_unchanged(z);
            return is_same ? zone_hold(z) : NULL;
        }
    }
    return NULL;
}

static void load_zone(struct loading *l, const struct zone_source *source, struct entry *entry)
{
    entry->make_reverse = source->make_reverse;
    entry->zone = unchanged_zone(l, source);
    if (entry->zone == NULL) {
        entry->zone = zone_read(source->name, source->file, l->now, l->report, l->arg);
    }
    if (entry->zone == NULL) {
        l->failed = true;
        return;
    }
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, entry->zone->apex);
    const uint8_t *leaf = trie_add(&l->set->names, &l->set->blocks, &key, entry->zone->apex, MARK_ZONE);
    if (leaf == NULL) {
        report_error(l, source->file, "no memory for this zone");
    } else if (leaf != entry->zone->apex) {
        report_error(l, source->file, "there is another zone of the same name; remove one of them");
    }
}

static bool is_configured(const void *arg, const uint8_t *name)
{
    UNCLEARED struct trie_key key;
    trie_key_from_name(&key, name);
    return find_configured(arg, &key, name) != NULL;
}

/* The reverse zone depends on which zones there are and what they hold, so it is kept only when nothing has changed. */
static bool may_keep_reverse(const struct loading *l)
{
    bool is_same = l->old != NULL && l->old->count == l->set->count;
    for (size_t i = 0; is_same && i < l->set->count; i++) {
        const struct entry *a = &l->set->entries[i], *b = &l->old->entries[i];
        is_same = a->zone == b->zone && a->make_reverse == b->make_reverse;
    }
    return is_same;
}

static struct zone *make_reverse(const struct zone_set *set)
{
    struct draft draft;
    struct zone *z = NULL;
    int fail = FAIL_NONE;
    reverse_init(&draft);
    for (size_t i = 0; fail == FAIL_NONE && i < set->count; i++) {
        if (set->entries[i].make_reverse) {
            fail = reverse_add(&draft, set->entries[i].zone, is_configured, set);
        }
    }
    if (fail == FAIL_NONE) {
        z = draft_finish(&draft, NULL);
    }
    draft_fini(&draft);
    return z;
}

static void load_reverse(struct loading *l)
{
    bool is_wanted = false;
    for (size_t i = 0; i < l->set->count; i++) {
        is_wanted |= l->set->entries[i].make_reverse;
    }
    if (!is_wanted) {
        return;
    }
    bool keeps = may_keep_reverse(l);
    l->set->reverse = keeps ? zone_hold(l->old->reverse) : make_reverse(l->set);
    if (l->set->reverse == NULL) {
        report_error(l, "", "no memory for the reverse zone");
    }
}

struct zone_set *zone_set_load(const struct zone_source *sources, size_t count, const struct zone_set *old, int64_t now,
                               zone_report *report, void *arg)
{
    struct loading l = {
        .old = old, .now = now, .report = report, .arg = arg, .set = calloc(1, sizeof(struct zone_set))};
    if (l.set == NULL) {
        return NULL;
    }
    l.set->entries = calloc(count > 0 ? count : 1, sizeof(l.set->entries[0]));
    if (l.set->entries == NULL) {
        zone_set_free(l.set);
        return NULL;
    }
    l.set->count = count;
    for (size_t i = 0; i < count; i++) {
        load_zone(&l, &sources[i], &l.set->entries[i]);
    }
    if (!l.failed) {
        load_reverse(&l);
    }
    if (l.failed) {
        zone_set_free(l.set);
        return NULL;
    }
    return l.set;
}
