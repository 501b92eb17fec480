#include "zones/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_PIECE ((size_t)1 << 18)

/* ---- Files ---- */

static struct scan_file *add_file(struct scan_files *files, const char *path, size_t len)
{
    struct scan_file *f = calloc(1, sizeof(*f));
    if (f == NULL) {
        return NULL;
    }
    f->path = strdup(path);
    f->text = blocks_take(&f->memory, len + 1, 1);
    if (f->path == NULL || f->text == NULL) {
        free(f->path);
        blocks_free(&f->memory);
        free(f);
        return NULL;
    }
    f->len = len;
    f->text[len] = '\n';
    if (files->last != NULL) {
        files->last->next = f;
    } else {
        files->first = f;
    }
    files->last = f;
    files->count++;
    return f;
}

int scan_files_add(struct scan_files *files, const char *path, const char *text, size_t len, struct scan_file **out)
{
    if (len >= SCAN_FILE_MAX || files->count >= SCAN_FILES_MAX) {
        return FAIL_LIMIT;
    }
    *out = add_file(files, path, len);
    if (*out == NULL) {
        return FAIL_MEMORY;
    }
    if (len > 0) {
        memcpy((*out)->text, text, len);
    }
    return FAIL_NONE;
}

/* A file that shrinks while it is read is taken as it is then; one that grows, as it was. It is read in pieces since
 * many a kernel lets nobody else run on the core while a call copies. */
static int read_all(int fd, struct scan_file *f)
{
    size_t done = 0;
    while (done < f->len) {
        size_t left = f->len - done;
        ssize_t got = read(fd, f->text + done, left < READ_PIECE ? left : READ_PIECE);
        if (got < 0 && errno != EINTR) {
            return FAIL_SYSTEM;
        }
        if (got == 0) {
            break;
        }
        done += got > 0 ? (size_t)got : 0;
    }
    f->len = done;
    f->text[done] = '\n';
    return FAIL_NONE;
}

static int read_open(struct scan_files *files, int fd, const char *path, struct scan_file **out)
{
    struct stat looks;
    if (fstat(fd, &looks) != 0) {
        return FAIL_SYSTEM;
    }
    if (!S_ISREG(looks.st_mode)) {
        errno = EISDIR;
        return FAIL_SYSTEM;
    }
    if ((uintmax_t)looks.st_size >= SCAN_FILE_MAX || files->count >= SCAN_FILES_MAX) {
        return FAIL_LIMIT;
    }
    *out = add_file(files, path, (size_t)looks.st_size);
    if (*out == NULL) {
        return FAIL_MEMORY;
    }
    (*out)->looks = looks;
    return read_all(fd, *out);
}

int scan_files_read(struct scan_files *files, const char *path, struct scan_file **out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        return FAIL_SYSTEM;
    }
    int fail = read_open(files, fd, path, out);
    int saved = errno;
    close(fd);
    errno = saved;
    return fail;
}

void scan_files_free(struct scan_files *files)
{
    while (files->first != NULL) {
        struct scan_file *f = files->first;
        files->first = f->next;
        free(f->path);
        blocks_free(&f->memory);
        free(f);
    }
    *files = (struct scan_files){0};
}

static void place_in(const struct scan_file *f, const char *at, struct scan_place *out)
{
    *out = (struct scan_place){.file = f, .line = 1, .line_start = f->text};
    const char *end;
    while ((end = memchr(out->line_start, '\n', (size_t)(at - out->line_start))) != NULL) {
        out->line++;
        out->line_start = end + 1;
    }
    out->column = (unsigned)(at - out->line_start) + 1;
    end = memchr(out->line_start, '\n', (size_t)(f->text + f->len + 1 - out->line_start));
    out->line_len = (size_t)(end - out->line_start);
    if (out->line_len > 0 && out->line_start[out->line_len - 1] == '\r') {
        out->line_len--;
    }
}

bool scan_files_place(const struct scan_files *files, const char *at, struct scan_place *out)
{
    for (const struct scan_file *f = files->first; f != NULL && at != NULL; f = f->next) {
        if (at >= f->text && at <= f->text + f->len) {
            place_in(f, at, out);
            return true;
        }
    }
    return false;
}

/* ---- Tokens ---- */

/* What ends an unquoted token: white space, line end, quote, parentheses, comment; and control characters, which have
 * no place in a master file. */
static bool ends_token(char c)
{
    static const uint32_t special[8] = {0xffffffff, /* up to 0x1f */
                                        1u << (' ' - 32) | 1u << ('"' - 32) | 1u << ('(' - 32) | 1u << (')' - 32) |
                                            1u << (';' - 32),
                                        0, 1u << (0x7f - 96)};
    unsigned char octet = (unsigned char)c;
    return (special[octet >> 5] >> (octet & 31) & 1) != 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

void scanner_init(struct scanner *s, const struct scan_file *file)
{
    *s = (struct scanner){.at = file->text, .end = file->text + file->len};
    static const char mark[] = "\xef\xbb\xbf";
    if (file->len >= 3 && memcmp(file->text, mark, 3) == 0) {
        s->at += 3; /* some editors begin UTF-8 files with a byte order mark */
    }
}

void scanner_fini(struct scanner *s)
{
    free(s->tokens);
    *s = (struct scanner){0};
}

const char *scanner_entry_end(const struct scanner *s)
{
    const struct token *last = &s->tokens[s->count - 1];
    return last->text + last->len + (last->quoted != 0);
}

/* The text ends in a line end just behind `end`, so every loop here that stops at one stays inside. */
static const char *line_end(const char *at)
{
    while (*at != '\n') {
        at++;
    }
    return at;
}

static enum scan_result bad(struct scanner *s, const char *at, const char *why)
{
    s->bad = at;
    s->why = why;
    s->at = line_end(at);
    s->at += s->at < s->end;
    return SCAN_BAD;
}

/* Behind the closing quote of a string that begins at `at`, or NULL. */
static const char *skip_string(const char *at)
{
    while (*at != '"' && *at != '\n') {
        at += *at == '\\' && at[1] != '\n' ? 2 : 1;
    }
    return *at == '"' ? at + 1 : NULL;
}

/* Behind an unquoted token. One that ends in "=" goes on with the string behind it: key="value" (RFC 9460 2.1). */
static const char *skip_token(const char *at)
{
    const char *start = at;
    while (at != NULL && !ends_token(*at)) {
        at += *at == '\\' && at[1] != '\n' ? 2 : 1;
        if (*at == '"' && at > start && at[-1] == '=') {
            at = skip_string(at + 1);
        }
    }
    return at;
}

static bool add_token(struct scanner *s, const char *text, size_t len, int quoted)
{
    if (s->count == s->room) {
        size_t room = s->room == 0 ? 64 : s->room * 2;
        struct token *tokens = realloc(s->tokens, room * sizeof(*tokens));
        if (tokens == NULL) {
            return false;
        }
        s->tokens = tokens;
        s->room = room;
    }
    s->tokens[s->count++] = (struct token){.text = text, .len = len, .quoted = quoted};
    return true;
}

/* One token at s->at, where no white space stands. */
static enum scan_result scan_token(struct scanner *s)
{
    const char *start = s->at;
    bool is_quoted = *start == '"';
    const char *end = is_quoted ? skip_string(start + 1) : skip_token(start);
    if (end == NULL) {
        return bad(s, start, "this quoted string does not end on its line; close it with '\"'");
    }
    if (end == start) {
        return bad(s, start, "a control character has no place here; write it as \\DDD");
    }
    if (s->count == SCAN_TOKENS_MAX) {
        return bad(s, start, "too many fields in one record");
    }
    s->at = end;
    bool done = is_quoted ? add_token(s, start + 1, (size_t)(end - start) - 2, 1)
                          : add_token(s, start, (size_t)(end - start), 0);
    return done ? SCAN_ENTRY : SCAN_MEMORY;
}

/* Goes on to the next token of the entry; parentheses hide line ends. SCAN_END: the entry is over. */
static enum scan_result skip_to_token(struct scanner *s, const char **open, unsigned *depth)
{
    for (;;) {
        char c = *s->at;
        if (is_blank(c)) {
            s->at++;
        } else if (c == ';') {
            s->at = line_end(s->at);
        } else if (c == '(') {
            *open = *depth == 0 ? s->at : *open;
            *depth += 1;
            s->at++;
        } else if (c == ')') {
            if (*depth == 0) {
                return bad(s, s->at, "this ')' has no '(' before it");
            }
            *depth -= 1;
            s->at++;
        } else if (c != '\n') {
            return SCAN_ENTRY;
        } else if (s->at >= s->end) {
            return *depth == 0 ? SCAN_END : bad(s, *open, "this '(' is never closed; close it with ')'");
        } else if (*depth == 0) {
            s->at++;
            return SCAN_END;
        } else {
            s->at++;
        }
    }
}

static enum scan_result scan_entry(struct scanner *s)
{
    const char *open = NULL;
    unsigned depth = 0;
    s->count = 0;
    s->starts_blank = is_blank(*s->at);
    enum scan_result result = skip_to_token(s, &open, &depth);
    while (result == SCAN_ENTRY) {
        result = scan_token(s);
        if (result == SCAN_ENTRY) {
            result = skip_to_token(s, &open, &depth);
        }
    }
    return result == SCAN_END ? SCAN_ENTRY : result;
}

enum scan_result scanner_next(struct scanner *s)
{
    while (s->at < s->end) {
        enum scan_result result = scan_entry(s);
        if (result != SCAN_ENTRY || s->count > 0) {
            return result;
        }
    }
    return SCAN_END;
}
