/* Master files as tokens (RFC 1035 5.1): a file is read whole, then cut into entries, each a line or several lines held
 * together by parentheses. Tokens point into the text, so a place in a file is a plain pointer until somebody wants to
 * know its line. */
#ifndef CAIRN_ZONES_SCAN_H
#define CAIRN_ZONES_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rdata.h"
#include "zones/blocks.h"

#define SCAN_FILE_MAX   ((size_t)4 << 30) /* octets of one file */
#define SCAN_FILES_MAX  1000  /* files of one zone, each $INCLUDE counted: a file that includes twice may nest */
#define SCAN_TOKENS_MAX 66000 /* tokens of one entry; a TXT of empty strings has 65,535 and its owner */

struct scan_file {
    struct scan_file *next;
    char *path;
    char *text; /* `len` octets and a line end */
    size_t len;
    struct blocks memory; /* of the text */
    struct stat looks;    /* of the file when it was read; zero for scan_files_add */
};

/* Every file of one zone, in the order of reading. Zeroed: none. */
struct scan_files {
    struct scan_file *first, *last;
    size_t count;
};

/* Reads a regular file. FAIL_SYSTEM (errno says why; EISDIR also for what is neither file nor directory), FAIL_LIMIT,
 * FAIL_MEMORY. */
MUST_CHECK int scan_files_read(struct scan_files *files, const char *path, struct scan_file **out);

/* The same with a copy of text that is in memory already. */
MUST_CHECK int scan_files_add(struct scan_files *files, const char *path, const char *text, size_t len,
                              struct scan_file **out);

void scan_files_free(struct scan_files *files);

/* Where `at`, a pointer into the text of one of the files, stands. False when it is none. */
struct scan_place {
    const struct scan_file *file;
    unsigned line, column; /* from 1, in octets */
    const char *line_start;
    size_t line_len; /* without its end */
};
bool scan_files_place(const struct scan_files *files, const char *at, struct scan_place *out);

struct scanner {
    const char *at, *end;
    struct token *tokens; /* of the entry; valid until the next call */
    size_t count, room;
    bool starts_blank; /* the entry began with white space: it has no owner of its own */
    const char *bad;   /* SCAN_BAD: where */
    const char *why;   /* SCAN_BAD: what is wrong, constant */
};

enum scan_result {
    SCAN_ENTRY, /* at least one token */
    SCAN_END,
    SCAN_BAD,   /* `bad` and `why` are set; the next call goes on with the next line */
    SCAN_MEMORY /* no memory for tokens */
};

void scanner_init(struct scanner *s, const struct scan_file *file);
void scanner_fini(struct scanner *s);
enum scan_result scanner_next(struct scanner *s);

/* Where the entry's last token ends, for what is missing behind it. */
const char *scanner_entry_end(const struct scanner *s);

#endif
