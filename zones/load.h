/* Master files as records: RFC 1035 5 with $ORIGIN and $INCLUDE, $TTL (RFC 2308 4), BIND's time units (1h30m) and
 * $GENERATE, and the generic form of RFC 3597. Class IN only. */
#ifndef CAIRN_ZONES_LOAD_H
#define CAIRN_ZONES_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/fail.h"
#include "resolver/dns/name.h"
#include "zones/problem.h"
#include "zones/scan.h"

#define LOAD_INCLUDE_DEPTH 10         /* $INCLUDE within $INCLUDE; more is taken for a loop */
#define LOAD_TTL_MAX       2147483647 /* seconds (RFC 2181 8) */

/* One record, valid during the call only but for `at`, which lives as long as the files. */
struct load_record {
    const uint8_t *owner; /* case as in the file */
    uint16_t type;
    uint16_t len;
    uint32_t ttl;         /* seconds */
    const uint8_t *rdata; /* `len` octets, well-formed for its type, names uncompressed */
    const char *at;       /* where the entry's first token stands */
};

/* Takes one record; anything but 0 ends the reading. */
typedef int load_sink(void *arg, const struct load_record *record);

struct load_job {
    struct scan_files *files; /* gets every file that is read; must outlive what the sink keeps of `at` */
    struct problems *problems;
    const uint8_t *origin; /* of relative names until $ORIGIN */
    load_sink *sink;
    void *arg;
};

/* Reads the file at `path` and what it includes. All errors go to job->problems, and reading goes on after each. The
 * result is what the sink returned if that was not 0, FAIL_MEMORY, FAIL_SYNTAX when the file itself cannot be read (it
 * is reported), else FAIL_NONE, also when there were errors. */
MUST_CHECK int load_path(const struct load_job *job, const char *path);

/* The same for text in memory; `path` is what messages call it. */
MUST_CHECK int load_text(const struct load_job *job, const char *path, const char *text, size_t len);

/* Guesses the apex of a zone from its file: the owner of the first SOA when that can be told from the file alone, else
 * the file's name without directory and ".zone" or "db.". FAIL_SYNTAX when neither gives a name. */
MUST_CHECK int load_guess_origin(const char *path, uint8_t out[NAME_SIZE]);

#endif
