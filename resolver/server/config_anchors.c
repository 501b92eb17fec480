/* Trust anchors: DS and DNSKEY records in master file form, one in each item of a list. */
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/server/config_read.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/ds.h"
#include "zones/load.h"

enum {
    TEXT_SIZE = 4096, /* of one item */
    DIGEST_MAX = 64,  /* octets of the longest there is */
    DS_FIXED = 4,
    PROTOCOL = 3,
    FLAG_ZONE = 0x0100,
    FLAG_REVOKE = 0x0080
};

/* ---- One item ---- */

struct item {
    struct reading *r;
    const struct node *n;
    struct config_anchor *out;
    unsigned records;
};

/* Where a column of the item's text is, if the text stands in the file as it is. */
static struct place place_in(const struct node *n, unsigned column)
{
    struct place at = n->place;
    unsigned quote = n->is_plain ? 0 : 1;
    if (column > 0 && at.width == strlen(n->text) + 2 * quote) {
        at.column += column - 1 + quote;
        at.width = 1;
    }
    return at;
}

static void on_problem(void *arg, const struct zone_problem *problem)
{
    struct item *item = arg;
    if (!problem->is_warning) {
        report_error(item->r->report, place_in(item->n, problem->column), NULL, "trust anchor: %s", problem->message);
    }
}

static int take_record(void *arg, const struct load_record *record)
{
    struct item *item = arg;
    uint8_t *zone = read_room(item->r, name_len(record->owner));
    uint8_t *rdata = read_room(item->r, record->len);
    if (zone == NULL || rdata == NULL) {
        return FAIL_LIMIT;
    }
    name_lower(zone, record->owner);
    memcpy(rdata, record->rdata, record->len);
    *item->out = (struct config_anchor){.zone = zone, .type = record->type, .rdata = {rdata, record->len}};
    item->records++;
    return FAIL_NONE;
}

/* Reads the item's text as a master file of one record, which needs no TTL here. */
static bool load(struct item *item)
{
    static const char ttl[] = "$TTL 0\n";
    char text[sizeof(ttl) + TEXT_SIZE];
    size_t len = strlen(item->n->text);
    struct scan_files files = {0};
    struct problems problems = {.report = on_problem, .arg = item, .files = &files};
    struct load_job job = {
        .files = &files, .problems = &problems, .origin = name_root, .sink = take_record, .arg = item};
    if (len > TEXT_SIZE || strchr(item->n->text, '$') != NULL) {
        report_error(item->r->report, item->n->place, NULL,
                     len > TEXT_SIZE ? "trust anchor: too long for a DS or DNSKEY record"
                                     : "trust anchor: directives are not taken here");
        return false;
    }
    memcpy(text, ttl, sizeof(ttl) - 1);
    memcpy(text + sizeof(ttl) - 1, item->n->text, len);
    int result = load_text(&job, "trust anchor", text, sizeof(ttl) - 1 + len);
    problems_end(&problems);
    scan_files_free(&files);
    if (result == FAIL_NONE && problems.errors == 0 && item->records != 1) {
        report_error(item->r->report, item->n->place, NULL, "trust anchor: an item is one record; this has %u",
                     item->records);
    }
    return result == FAIL_NONE && problems.errors == 0 && item->records == 1;
}

/* Octets of a digest; 0: of a type that is not known. */
static unsigned digest_size(uint8_t type)
{
    static const unsigned sizes[] = {[1] = 20, [2] = 32, [3] = 32, [4] = 48};
    return type < sizeof(sizes) / sizeof(*sizes) ? sizes[type] : 0;
}

static bool check_ds(struct item *item, struct rdata_view ds)
{
    unsigned expected = digest_size(ds.bytes[3]);
    unsigned have = ds.len - DS_FIXED;
    bool is_good = expected > 0 ? have == expected : have > 0 && have <= DIGEST_MAX;
    if (!is_good && expected > 0) {
        report_error(item->r->report, item->n->place, NULL, "trust anchor: a digest of type %u has %u octets, not %u",
                     ds.bytes[3], expected, have);
    } else if (!is_good) {
        report_error(item->r->report, item->n->place, NULL, "trust anchor: a digest has 1 to %d octets, not %u",
                     DIGEST_MAX, have);
    }
    return is_good;
}

static bool check_dnskey(struct item *item, struct rdata_view key)
{
    unsigned flags = wire_get_u16(key.bytes);
    const char *wrong = key.len > DNSKEY_SIZE        ? "the key is too long"
                        : (flags & FLAG_ZONE) == 0   ? "the key is not a zone's: its flags should be 257 or 256"
                        : (flags & FLAG_REVOKE) != 0 ? "the key is revoked"
                        : key.bytes[2] != PROTOCOL   ? "the protocol of a DNSKEY is 3"
                        : key.len <= DNSKEY_FIXED    ? "the key is empty"
                                                     : NULL;
    if (wrong != NULL) {
        report_error(item->r->report, item->n->place, NULL, "trust anchor: %s", wrong);
    }
    return wrong == NULL;
}

static bool check_item(struct item *item)
{
    const struct config_anchor *anchor = item->out;
    char type[TYPE_TEXT_SIZE];
    if (anchor->type == TYPE_DS) {
        return check_ds(item, anchor->rdata);
    }
    if (anchor->type == TYPE_DNSKEY) {
        return check_dnskey(item, anchor->rdata);
    }
    report_error(item->r->report, item->n->place, NULL, "trust anchor: the record must be DS or DNSKEY, not %s",
                 type_text(anchor->type, type));
    return false;
}

bool read_anchor(struct reading *r, const struct node *n, struct config_anchor *out)
{
    struct item item = {.r = r, .n = n, .out = out};
    return load(&item) && check_item(&item);
}

/* ---- All of them ---- */

static uint8_t algorithm_of(const struct config_anchor *anchor)
{
    return anchor->type == TYPE_DS ? anchor->rdata.bytes[2] : anchor->rdata.bytes[3];
}

static void warn_unsupported(struct reading *r, const struct config_anchor *anchor, struct place place)
{
    bool accepts_sha1 = r->config->dnssec.accept_sha1;
    char zone[NAME_TEXT_SIZE], algorithm[ALGORITHM_TEXT_SIZE];
    if (!support_suffices(algorithm_support(algorithm_of(anchor)), accepts_sha1)) {
        report_warning(r->report, place, "trust anchor of %s: %s is not verified here, so that it secures nothing",
                       name_text(anchor->zone, zone), algorithm_text(algorithm_of(anchor), algorithm));
    } else if (anchor->type == TYPE_DS && !support_suffices(digest_support(anchor->rdata.bytes[3]), accepts_sha1)) {
        report_warning(r->report, place,
                       "trust anchor of %s: digest type %u is not verified here, so that it secures "
                       "nothing",
                       name_text(anchor->zone, zone), anchor->rdata.bytes[3]);
    }
}

static unsigned count_of(const struct config_anchors *anchors, const uint8_t *zone)
{
    unsigned count;
    (void)anchors_builtin(&count);
    count = anchors->builtin && name_is_root(zone) ? count : 0;
    for (unsigned i = 0; i < anchors->count; i++) {
        count += name_equal(anchors->items[i].zone, zone);
    }
    return count;
}

void check_anchors(struct reading *r, struct place place)
{
    const struct config_anchors *anchors = &r->config->dnssec.trust_anchors;
    char text[NAME_TEXT_SIZE];
    unsigned i = 0;
    for (unsigned j = 0; j < anchors->count; j++) {
        warn_unsupported(r, &anchors->items[j], place);
    }
    while (i < anchors->count && count_of(anchors, anchors->items[i].zone) <= CAPS_DS) {
        i++;
    }
    if (i < anchors->count) {
        report_error(r->report, place, NULL, "more than %d trust anchors of %s", CAPS_DS,
                     name_text(anchors->items[i].zone, text));
    }
}
