#include "zones/load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/rdata.h"
#include "resolver/dns/text.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "zones/generate.h"
#include "zones/hint.h"

enum { GENERATE_FIELDS_MAX = 24 }; /* of one record; more than any type with fixed fields has */

/* Of the last line that had an owner. Lines that belong to a bad one are passed over: it was reported. */
enum owner_state { OWNER_NONE, OWNER_BAD, OWNER_GOOD };

/* What is remembered from one entry to the next. TTLs outlive an $INCLUDE, owner and origin do not (RFC 1035 5.1). */
struct loader {
    const struct load_job *job;
    const struct scan_file *file;
    uint8_t origin[NAME_SIZE];
    uint8_t owner[NAME_SIZE];
    enum owner_state owner_state;
    bool has_default_ttl, has_last_ttl;
    uint32_t default_ttl; /* of $TTL */
    uint32_t last_ttl;    /* of the last record that had one */
    unsigned depth;       /* of $INCLUDE */
    uint8_t *rdata;       /* RDATA_SIZE octets */
};

/* The entry at hand: its tokens, and how many of them are read. */
struct entry {
    const struct token *tokens;
    size_t count;
    size_t next;
    const char *end;   /* behind the last token */
    bool starts_blank; /* no owner of its own */
};

static int read_file(struct loader *l, const struct scan_file *file);
static int read_record(struct loader *l, struct entry *e);

static void bad_name(struct loader *l, const struct token *token)
{
    char shown[HINT_TOKEN_SIZE];
    problem_error(l->job->problems, token->text, "'%s' is not a domain name: %s", hint_token(token, shown),
                  hint_name(token));
}

static int read_name(struct loader *l, const struct token *token, const uint8_t *origin, uint8_t out[NAME_SIZE])
{
    if (token_is(token, "@") && !token->quoted) {
        name_copy(out, origin);
        return FAIL_NONE;
    }
    int fail = name_from_text(token->text, token->len, origin, out);
    if (fail != FAIL_NONE) {
        bad_name(l, token);
    }
    return fail;
}

/* ---- Directives ---- */

static bool has_arguments(struct loader *l, const struct entry *e, size_t least, size_t most, const char *usage)
{
    if (e->count - 1 < least) {
        problem_error(l->job->problems, e->end, "something is missing: %s", usage);
        return false;
    }
    if (e->count - 1 > most) {
        problem_error(l->job->problems, e->tokens[most + 1].text, "nothing more belongs here: %s", usage);
        return false;
    }
    return true;
}

static void set_origin(struct loader *l, const struct entry *e)
{
    uint8_t origin[NAME_SIZE];
    if (has_arguments(l, e, 1, 1, "$ORIGIN NAME") && read_name(l, &e->tokens[1], l->origin, origin) == FAIL_NONE) {
        name_copy(l->origin, origin);
    }
}

static bool read_ttl(struct loader *l, const struct token *token, uint32_t *out)
{
    char shown[HINT_TOKEN_SIZE];
    if (token_period(token, out) != FAIL_NONE) {
        problem_error(l->job->problems, token->text,
                      "'%s' is not a time to live; write seconds or a form like 1h30m (units w, d, h, m, s)",
                      hint_token(token, shown));
        return false;
    }
    if (*out > LOAD_TTL_MAX) {
        problem_error(l->job->problems, token->text, "a time to live is at most %d seconds (RFC 2181 8)", LOAD_TTL_MAX);
        return false;
    }
    return true;
}

static void set_ttl(struct loader *l, const struct entry *e)
{
    if (has_arguments(l, e, 1, 1, "$TTL TIME") && read_ttl(l, &e->tokens[1], &l->default_ttl)) {
        l->has_default_ttl = true;
    }
}

/* A relative path starts at the directory of the file that names it. NULL when memory ran out. */
static char *included_path(const struct scan_file *from, const struct token *token)
{
    const char *slash = token->len > 0 && token->text[0] == '/' ? NULL : strrchr(from->path, '/');
    size_t directory = slash != NULL ? (size_t)(slash - from->path) + 1 : 0;
    char *path = malloc(directory + token->len + 1);
    if (path != NULL) {
        memcpy(path, from->path, directory);
        memcpy(path + directory, token->text, token->len);
        path[directory + token->len] = '\0';
    }
    return path;
}

static int open_file(struct loader *l, const char *path, const char *at, struct scan_file **out)
{
    int fail = scan_files_read(l->job->files, path, out);
    if (fail == FAIL_SYSTEM) {
        problem_error(l->job->problems, at, "cannot read '%s': %s", path,
                      errno == EISDIR ? "it is not a regular file" : strerror(errno));
    } else if (fail == FAIL_LIMIT) {
        problem_error(l->job->problems, at, "cannot read '%s': more than %d files, or a file too large", path,
                      SCAN_FILES_MAX);
    }
    return fail == FAIL_MEMORY || fail == FAIL_NONE ? fail : FAIL_SYNTAX;
}

static int read_included(struct loader *l, const struct entry *e, const uint8_t *origin)
{
    char *path = included_path(l->file, &e->tokens[1]);
    if (path == NULL) {
        return FAIL_MEMORY;
    }
    struct scan_file *file;
    int fail = open_file(l, path, e->tokens[1].text, &file);
    free(path);
    if (fail != FAIL_NONE) {
        return fail == FAIL_MEMORY ? fail : FAIL_NONE;
    }
    struct loader inner = *l;
    name_copy(inner.origin, origin);
    inner.depth++;
    fail = read_file(&inner, file);
    l->has_default_ttl = inner.has_default_ttl;
    l->default_ttl = inner.default_ttl;
    l->has_last_ttl = inner.has_last_ttl;
    l->last_ttl = inner.last_ttl;
    return fail;
}

static int include(struct loader *l, const struct entry *e)
{
    uint8_t origin[NAME_SIZE];
    if (!has_arguments(l, e, 1, 2, "$INCLUDE FILE [ORIGIN]")) {
        return FAIL_NONE;
    }
    name_copy(origin, l->origin);
    if (e->count > 2 && read_name(l, &e->tokens[2], l->origin, origin) != FAIL_NONE) {
        return FAIL_NONE;
    }
    if (l->depth >= LOAD_INCLUDE_DEPTH) {
        problem_error(l->job->problems, e->tokens[0].text,
                      "$INCLUDE is nested over %d deep; does a file include itself?", LOAD_INCLUDE_DEPTH);
        return FAIL_NONE;
    }
    return read_included(l, e, origin);
}

/* One record of $GENERATE: the fields behind the range, with the number filled in. */
static int generate_one(struct loader *l, const struct entry *e, uint32_t number)
{
    char texts[GENERATE_FIELDS_MAX][GENERATE_FIELD_MAX];
    struct token tokens[GENERATE_FIELDS_MAX];
    struct entry made = {.tokens = tokens, .count = e->count - 2};
    for (size_t i = 0; i < made.count; i++) {
        const struct token *from = &e->tokens[i + 2];
        tokens[i] = (struct token){.text = texts[i], .quoted = from->quoted};
        if (generate_fill(from, number, texts[i], &tokens[i].len) != FAIL_NONE) {
            problem_error(l->job->problems, from->text,
                          "bad use of '$': write $ or ${OFFSET,WIDTH,BASE} with BASE d, o, x or X");
            return FAIL_NONE;
        }
    }
    made.end = tokens[made.count - 1].text;
    return read_record(l, &made);
}

static int generate(struct loader *l, const struct entry *e)
{
    struct generate_range range;
    if (!has_arguments(l, e, 4, GENERATE_FIELDS_MAX + 1, "$GENERATE FIRST-LAST[/STEP] OWNER [TTL] TYPE DATA")) {
        return FAIL_NONE;
    }
    int fail = generate_range(&e->tokens[1], &range);
    if (fail != FAIL_NONE) {
        problem_error(l->job->problems, e->tokens[1].text,
                      "write the range as FIRST-LAST or FIRST-LAST/STEP, for at most "
                      "%d records",
                      GENERATE_MAX);
        return FAIL_NONE;
    }
    unsigned errors = l->job->problems->errors;
    l->job->problems->made_from = e->tokens[0].text;
    fail = FAIL_NONE;
    for (uint64_t n = range.first; n <= range.last && fail == FAIL_NONE && errors == l->job->problems->errors;
         n += range.step) {
        fail = generate_one(l, e, (uint32_t)n);
    }
    l->job->problems->made_from = NULL;
    return fail;
}

static int read_directive(struct loader *l, const struct entry *e)
{
    const struct token *word = &e->tokens[0];
    char shown[HINT_TOKEN_SIZE], hint[HINT_SIZE];
    if (token_is(word, "$ORIGIN")) {
        set_origin(l, e);
    } else if (token_is(word, "$TTL")) {
        set_ttl(l, e);
    } else if (token_is(word, "$INCLUDE")) {
        return include(l, e);
    } else if (token_is(word, "$GENERATE")) {
        return generate(l, e);
    } else {
        problem_error(l->job->problems, word->text, "unknown directive '%s'%s", hint_token(word, shown),
                      hint_directive(word, hint));
    }
    return FAIL_NONE;
}

/* ---- Records ---- */

static bool read_owner(struct loader *l, struct entry *e)
{
    if (!e->starts_blank) {
        bool is_good = read_name(l, &e->tokens[e->next++], l->origin, l->owner) == FAIL_NONE;
        l->owner_state = is_good ? OWNER_GOOD : OWNER_BAD;
    } else if (l->owner_state == OWNER_NONE) {
        problem_error(l->job->problems, e->tokens[0].text,
                      "the line starts with white space, so it belongs to the owner before it, but there is none");
    }
    return l->owner_state == OWNER_GOOD;
}

static bool check_class(struct loader *l, const struct token *token, uint16_t class)
{
    if (class == CLASS_IN) {
        return true;
    }
    char shown[HINT_TOKEN_SIZE];
    problem_error(l->job->problems, token->text, "class %s is not served; only IN is", hint_token(token, shown));
    return false;
}

/* What stands between owner and type: a TTL and a class, each or both or none, in either order. */
static bool read_ttl_and_class(struct loader *l, struct entry *e, bool *has_ttl, uint32_t *ttl)
{
    bool has_class = false;
    uint16_t class, type;
    for (; e->next < e->count; e->next++) {
        const struct token *token = &e->tokens[e->next];
        if (token->quoted) {
            return true;
        }
        if (!has_class && class_from_text(token->text, token->len, &class) == FAIL_NONE &&
            type_from_text(token->text, token->len, &type) != FAIL_NONE) {
            has_class = true;
            if (!check_class(l, token, class)) {
                return false;
            }
        } else if (!*has_ttl && token_period(token, ttl) == FAIL_NONE) {
            *has_ttl = true;
            if (!read_ttl(l, token, ttl)) {
                return false;
            }
        } else {
            return true;
        }
    }
    return true;
}

/* An owner in capitals that is a type: hosts are called "ns", but hardly "NS". */
static bool looks_like_type(const struct token *owner)
{
    uint16_t type;
    for (size_t i = 0; i < owner->len; i++) {
        if (owner->text[i] >= 'a' && owner->text[i] <= 'z') {
            return false;
        }
    }
    return type_from_text(owner->text, owner->len, &type) == FAIL_NONE;
}

static void bad_type(struct loader *l, const struct entry *e)
{
    const struct token *token = &e->tokens[e->next];
    char shown[HINT_TOKEN_SIZE], hint[HINT_SIZE];
    if (e->next == 1 && looks_like_type(&e->tokens[0])) {
        snprintf(hint, sizeof(hint), " (a line without an owner must start with white space)");
    } else {
        hint_type(token, hint);
    }
    problem_error(l->job->problems, token->text, "unknown record type '%s'%s", hint_token(token, shown), hint);
}

static bool read_type(struct loader *l, struct entry *e, uint16_t *type)
{
    if (e->next == e->count) {
        problem_error(l->job->problems, e->end, "the record type is missing");
        return false;
    }
    const struct token *token = &e->tokens[e->next];
    if (token->quoted || type_from_text(token->text, token->len, type) != FAIL_NONE) {
        bad_type(l, e);
        return false;
    }
    if (type_is_meta(*type) || *type == 0) {
        char text[TYPE_TEXT_SIZE];
        problem_error(l->job->problems, token->text, "%s cannot stand in a zone; it is for messages only",
                      type_text(*type, text));
        return false;
    }
    e->next++;
    return true;
}

static bool read_rdata(struct loader *l, const struct entry *e, uint16_t type, uint16_t *len)
{
    struct writer w;
    struct token_error error = {0};
    size_t count = e->count - e->next;
    writer_init(&w, l->rdata, RDATA_SIZE);
    int fail = rdata_from_text(type, e->tokens + e->next, count, l->origin, &w, &error);
    *len = (uint16_t)writer_len(&w);
    if (fail == FAIL_NONE) {
        return true;
    }
    char text[TYPE_TEXT_SIZE], shown[HINT_TOKEN_SIZE];
    if (fail != FAIL_SYNTAX) {
        problem_error(l->job->problems, e->tokens[e->next - 1].text, "this %s record is longer than 65535 octets",
                      type_text(type, text));
    } else if (error.bad >= count) {
        problem_error(l->job->problems, e->end, "%s record: %s", type_text(type, text), error.why);
    } else {
        const struct token *token = &e->tokens[e->next + error.bad];
        problem_error(l->job->problems, token->text, "%s record: '%s': %s", type_text(type, text),
                      hint_token(token, shown), error.why);
    }
    return false;
}

/* RFC 2308 4: a record without TTL has that of $TTL; before that was invented, that of the record before it. An SOA
 * that comes before either lends its MINIMUM, and says so. */
static bool choose_ttl(struct loader *l, const struct entry *e, const struct load_record *record, uint32_t *ttl)
{
    if (l->has_default_ttl) {
        *ttl = l->default_ttl;
    } else if (l->has_last_ttl) {
        *ttl = l->last_ttl;
    } else if (record->type == TYPE_SOA) {
        *ttl = wire_get_u32(record->rdata + record->len - 4);
        problem_warning(l->job->problems, e->tokens[0].text,
                        "no TTL is set; the SOA's last field, %u, is taken (put '$TTL 1h' at the top)", *ttl);
    } else {
        problem_error(l->job->problems, e->tokens[0].text, "no TTL is set; put '$TTL 1h' at the top of the file");
        *ttl = 0;
        l->last_ttl = 0;
        l->has_last_ttl = true; /* one such message is enough */
        return false;
    }
    l->last_ttl = *ttl;
    l->has_last_ttl = true;
    return true;
}

static const char *place_of(const struct loader *l, const struct entry *e)
{
    return l->job->problems->made_from != NULL ? l->job->problems->made_from : e->tokens[0].text;
}

static int read_record(struct loader *l, struct entry *e)
{
    struct load_record record = {.owner = l->owner, .rdata = l->rdata, .at = place_of(l, e)};
    bool has_ttl = false;
    uint32_t ttl = 0;
    if (!read_owner(l, e) || !read_ttl_and_class(l, e, &has_ttl, &ttl) || !read_type(l, e, &record.type) ||
        !read_rdata(l, e, record.type, &record.len)) {
        return FAIL_NONE;
    }
    if (has_ttl) {
        l->last_ttl = ttl;
        l->has_last_ttl = true;
    } else if (!choose_ttl(l, e, &record, &ttl)) {
        return FAIL_NONE;
    }
    record.ttl = ttl;
    return l->job->sink(l->job->arg, &record);
}

static int read_entry(struct loader *l, const struct scanner *s)
{
    struct entry e = {
        .tokens = s->tokens, .count = s->count, .end = scanner_entry_end(s), .starts_blank = s->starts_blank};
    const struct token *first = &e.tokens[0];
    if (!first->quoted && first->text[0] == '$') {
        return read_directive(l, &e);
    }
    return read_record(l, &e);
}

static int read_file(struct loader *l, const struct scan_file *file)
{
    struct scanner s;
    int fail = FAIL_NONE;
    l->file = file;
    scanner_init(&s, file);
    while (fail == FAIL_NONE && !problems_full(l->job->problems)) {
        enum scan_result result = scanner_next(&s);
        if (result == SCAN_END) {
            break;
        }
        if (result == SCAN_ENTRY) {
            fail = read_entry(l, &s);
        } else if (result == SCAN_BAD) {
            problem_error(l->job->problems, s.bad, "%s", s.why);
        } else {
            fail = FAIL_MEMORY;
        }
    }
    scanner_fini(&s);
    return fail;
}

static int run(const struct load_job *job, const char *path, const char *text, size_t len)
{
    struct loader l = {.job = job, .rdata = malloc(RDATA_SIZE)};
    if (l.rdata == NULL) {
        return FAIL_MEMORY;
    }
    name_copy(l.origin, job->origin);
    struct scan_file *file;
    int fail = text == NULL ? open_file(&l, path, NULL, &file) : scan_files_add(job->files, path, text, len, &file);
    if (fail == FAIL_NONE) {
        fail = read_file(&l, file);
    }
    free(l.rdata);
    return fail;
}

int load_path(const struct load_job *job, const char *path)
{
    return run(job, path, NULL, 0);
}

int load_text(const struct load_job *job, const char *path, const char *text, size_t len)
{
    return run(job, path, text, len);
}
