#include "resolver/dns/name.h"

#include <string.h>

const uint8_t name_root[1] = {0};

/* Length octets are below 'A', so folding every octet of a name leaves them alone. */
static uint8_t fold(uint8_t c)
{
    return (uint8_t)(c + ((uint8_t)(c - 'A') < 26 ? 32 : 0));
}

static bool is_equal_folded(const uint8_t *a, const uint8_t *b, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (fold(a[i]) != fold(b[i])) {
            return false;
        }
    }
    return true;
}

size_t name_len(const uint8_t *name)
{
    const uint8_t *at = name;
    while (*at != 0) {
        at += *at + 1;
    }
    return (size_t)(at - name) + 1;
}

unsigned name_labels(const uint8_t *name)
{
    unsigned labels = 0;
    for (; *name != 0; name += *name + 1) {
        labels++;
    }
    return labels;
}

bool name_is_root(const uint8_t *name)
{
    return *name == 0;
}

bool name_is_wildcard(const uint8_t *name)
{
    return name[0] == 1 && name[1] == '*';
}

const uint8_t *name_strip(const uint8_t *name, unsigned labels)
{
    for (; labels > 0 && *name != 0; labels--) {
        name += *name + 1;
    }
    return name;
}

const uint8_t *name_parent(const uint8_t *name)
{
    return name_strip(name, 1);
}

/* Names that are compared mostly differ in the length or the last octet of their first label: ns1, ns2. */
static bool has_other_label(const uint8_t *a, const uint8_t *b)
{
    return a[0] != b[0] || fold(a[a[0]]) != fold(b[b[0]]);
}

bool name_equal(const uint8_t *a, const uint8_t *b)
{
    if (a == b) {
        return true;
    }
    if (has_other_label(a, b)) {
        return false;
    }
    size_t len = name_len(a);
    return len == name_len(b) && (memcmp(a, b, len) == 0 || is_equal_folded(a, b, len));
}

bool name_is_under(const uint8_t *name, const uint8_t *ancestor)
{
    unsigned have = name_labels(name);
    unsigned want = name_labels(ancestor);
    return have >= want && name_equal(name_strip(name, have - want), ancestor);
}

/* Where each label starts, leftmost first; returns how many. */
static unsigned find_labels(const uint8_t *name, uint8_t starts[NAME_LABELS + 1])
{
    unsigned count = 0;
    for (const uint8_t *at = name; *at != 0; at += *at + 1) {
        starts[count++] = (uint8_t)(at - name);
    }
    return count;
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
    unsigned len = *a < *b ? *a : *b;
    for (unsigned i = 1; i <= len; i++) {
        int diff = fold(a[i]) - fold(b[i]);
        if (diff != 0) {
            return diff;
        }
    }
    return *a - *b;
}

unsigned name_common_labels(const uint8_t *a, const uint8_t *b)
{
    UNCLEARED uint8_t a_starts[NAME_LABELS + 1], b_starts[NAME_LABELS + 1];
    unsigned a_count = find_labels(a, a_starts);
    unsigned b_count = find_labels(b, b_starts);
    unsigned common = 0;
    while (common < a_count && common < b_count &&
           compare_labels(a + a_starts[a_count - 1 - common], b + b_starts[b_count - 1 - common]) == 0) {
        common++;
    }
    return common;
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
    UNCLEARED uint8_t a_starts[NAME_LABELS + 1], b_starts[NAME_LABELS + 1];
    unsigned a_count = find_labels(a, a_starts);
    unsigned b_count = find_labels(b, b_starts);
    for (unsigned i = 1; i <= a_count && i <= b_count; i++) {
        int diff = compare_labels(a + a_starts[a_count - i], b + b_starts[b_count - i]);
        if (diff != 0) {
            return diff;
        }
    }
    return (int)a_count - (int)b_count;
}

size_t name_copy(uint8_t *out, const uint8_t *name)
{
    size_t len = name_len(name);
    memcpy(out, name, len);
    return len;
}

/* fold() on eight octets at once: bit 7 of each octet of `upper` says that it holds 'A' to 'Z'. */
static uint64_t fold_word(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t low = word & ones * 0x7f;
    uint64_t upper = (low + ones * (0x80 - 'A')) & ~(low + ones * (0x7f - 'Z')) & ~word & ones * 0x80;
    return word | upper >> 2;
}

static void lower_word(uint8_t *out, const uint8_t *octets)
{
    uint64_t word;
    memcpy(&word, octets, sizeof(word));
    word = fold_word(word);
    memcpy(out, &word, sizeof(word));
}

size_t name_lower(uint8_t *out, const uint8_t *name)
{
    size_t len = name_len(name);
    size_t at = 0;
    for (; len - at >= sizeof(uint64_t); at += sizeof(uint64_t)) {
        lower_word(out + at, name + at);
    }
    if (at > 0 && at < len) { /* some of the last eight again, which does them no harm */
        lower_word(out + len - sizeof(uint64_t), name + len - sizeof(uint64_t));
        return len;
    }
    for (; at < len; at++) {
        out[at] = fold(name[at]);
    }
    return len;
}

int name_replace_suffix(const uint8_t *name, const uint8_t *from, const uint8_t *to, uint8_t out[NAME_SIZE])
{
    size_t kept = name_len(name) - name_len(from);
    size_t added = name_len(to);
    if (kept + added > NAME_SIZE) {
        return FAIL_SPACE;
    }
    memcpy(out, name, kept);
    memcpy(out + kept, to, added);
    return FAIL_NONE;
}

static char *write_octet(char *out, uint8_t c)
{
    if (c <= ' ' || c >= 0x7f) {
        *out++ = '\\';
        *out++ = (char)('0' + c / 100);
        *out++ = (char)('0' + c / 10 % 10);
        *out++ = (char)('0' + c % 10);
        return out;
    }
    if (strchr(".\\\"();@$", c) != NULL) {
        *out++ = '\\';
    }
    *out++ = (char)c;
    return out;
}

char *name_text(const uint8_t *name, char out[NAME_TEXT_SIZE])
{
    char *at = out;
    if (*name == 0) {
        *at++ = '.';
    }
    while (*name != 0) {
        for (unsigned len = *name++; len > 0; len--) {
            at = write_octet(at, *name++);
        }
        *at++ = '.';
    }
    *at = '\0';
    return out;
}

/* One octet of a label, escape resolved; moves *at. Negative: a bad escape. */
static int parse_octet(const char **at, const char *end)
{
    uint8_t c = (uint8_t) * (*at)++;
    if (c != '\\') {
        return c;
    }
    if (*at == end) {
        return -1;
    }
    c = (uint8_t) * (*at)++;
    if (c < '0' || c > '9') {
        return c;
    }
    int value = c - '0';
    for (int i = 0; i < 2; i++) {
        if (*at == end || **at < '0' || **at > '9') {
            return -1;
        }
        value = value * 10 + (*(*at)++ - '0');
    }
    return value <= 255 ? value : -1;
}

/* One label and the dot behind it; moves *at. Returns its length, 0 when it is empty or malformed. */
static size_t parse_label(const char **at, const char *end, uint8_t out[LABEL_SIZE])
{
    size_t len = 0;
    while (*at < end && **at != '.') {
        int c = parse_octet(at, end);
        if (c < 0 || len == LABEL_SIZE) {
            return 0;
        }
        out[len++] = (uint8_t)c;
    }
    return len;
}

int name_from_text(const char *text, size_t len, const uint8_t *origin, uint8_t out[NAME_SIZE])
{
    const char *at = text;
    const char *end = text + len;
    const uint8_t *tail = origin != NULL ? origin : name_root;
    size_t used = 0;
    if (len == 1 && (*text == '.' || *text == '@')) {
        name_copy(out, *text == '.' ? name_root : tail);
        return FAIL_NONE;
    }
    do {
        uint8_t label[LABEL_SIZE];
        size_t label_len = at < end ? parse_label(&at, end, label) : 0;
        if (label_len == 0 || used + label_len + 2 > NAME_SIZE) {
            return FAIL_SYNTAX;
        }
        out[used++] = (uint8_t)label_len;
        memcpy(out + used, label, label_len);
        used += label_len;
        if (at < end && ++at == end) {
            tail = name_root;
        }
    } while (at < end);
    if (used + name_len(tail) > NAME_SIZE) {
        return FAIL_SYNTAX;
    }
    name_copy(out + used, tail);
    return FAIL_NONE;
}
