#include "question.h"

#include <arpa/inet.h>
#include <string.h>

enum { HEADER = 12, TYPE_A = 1, CLASS_IN = 1, DO_FROM_END = 4 };

/* Appends one label; false if it is empty or too long. */
static bool add_label(struct pattern *p, const char *text, size_t len)
{
    if (len == 0 || len > 63 || p->len + len + 1 > HEADER + 254) {
        return false;
    }
    p->message[p->len++] = (uint8_t)len;
    memcpy(p->message + p->len, text, len);
    p->len += len;
    return true;
}

static void find_digits(struct pattern *p)
{
    uint8_t place = 0;
    for (size_t at = p->end; at-- > HEADER;) {
        bool is_digit = p->message[at] == '#' && at < p->len;
        if (is_digit) {
            p->digit[p->digits] = (uint16_t)at;
            p->place[p->digits++] = place;
        }
        place = is_digit ? place + 1 : 0;
    }
}

static void add_bytes(struct pattern *p, const uint8_t *bytes, size_t len)
{
    memcpy(p->message + p->len, bytes, len);
    p->len += len;
}

bool pattern_init(struct pattern *p, const char *text, uint16_t type, bool edns)
{
    static const uint8_t opt[] = {0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0};
    *p = (struct pattern){.len = HEADER, .type = type, .message = {[2] = 0x01, [5] = 1, [11] = edns}};
    while (*text != '\0' && strcmp(text, ".") != 0) {
        size_t len = strcspn(text, ".");
        if (!add_label(p, text, len)) {
            return false;
        }
        text += len + (text[len] == '.');
    }
    p->end = p->len + 1;
    find_digits(p);
    add_bytes(p, (const uint8_t[]){0, (uint8_t)(type >> 8), (uint8_t)type, 0, CLASS_IN}, 5);
    p->end = p->len;
    if (edns) {
        add_bytes(p, opt, sizeof opt);
    }
    return true;
}

void pattern_want_dnssec(struct pattern *p)
{
    p->message[p->len - DO_FROM_END] |= 0x80;
}

void pattern_write(const struct pattern *p, uint64_t index, uint16_t id, uint8_t *out)
{
    uint64_t rest = index;
    memcpy(out, p->message, p->len);
    out[0] = (uint8_t)(id >> 8);
    out[1] = (uint8_t)id;
    for (size_t i = 0; i < p->digits; i++) {
        rest = p->place[i] == 0 ? index : rest / 10;
        out[p->digit[i]] = (uint8_t)('0' + rest % 10);
    }
}

uint32_t address_of_index(uint64_t index)
{
    return UINT32_C(198) << 24 | UINT32_C(18) << 16 | (uint32_t)(index & 0x1ffff);
}

/* The end of the name at `at`, without following its pointer; 0 if it leaves the message. */
static size_t skip_name(const uint8_t *m, size_t len, size_t at)
{
    while (at < len && m[at] != 0 && m[at] < 0xc0) {
        at += 1U + m[at];
    }
    at += at < len && m[at] >= 0xc0 ? 2 : 1;
    return at <= len ? at : 0;
}

/* The data of the first record of the pattern's type in the answer section; NULL if there is none. */
static const uint8_t *find_data(const struct pattern *p, const uint8_t *m, size_t len, size_t *data_len)
{
    size_t at = p->end;
    for (unsigned left = (unsigned)(m[6] << 8 | m[7]); left > 0; left--) {
        at = skip_name(m, len, at);
        if (at == 0 || len - at < 10) {
            return NULL;
        }
        *data_len = (size_t)(m[at + 8] << 8 | m[at + 9]);
        at += 10;
        if (*data_len > len - at) {
            return NULL;
        }
        if ((m[at - 10] << 8 | m[at - 9]) == p->type) {
            return m + at;
        }
        at += *data_len;
    }
    return NULL;
}

static enum verdict judge_data(const struct pattern *p, uint64_t index, const uint8_t *reply, size_t len)
{
    size_t data_len;
    const uint8_t *data = find_data(p, reply, len, &data_len);
    if (data == NULL) {
        return VERDICT_EMPTY;
    }
    uint32_t address = htonl(address_of_index(index));
    bool is_right = p->type != TYPE_A || (data_len == sizeof address && memcmp(data, &address, sizeof address) == 0);
    return is_right ? VERDICT_RIGHT : VERDICT_WRONG;
}

enum verdict reply_judge(const struct pattern *p, uint64_t index, bool echo, const uint8_t *reply, size_t len)
{
    uint8_t asked[QUESTION_SIZE];
    pattern_write(p, index, 0, asked);
    if (len < p->end || (reply[2] & 0x80) == 0 || memcmp(reply + HEADER, asked + HEADER, p->end - HEADER) != 0) {
        return VERDICT_WRONG;
    }
    if (echo) {
        return VERDICT_RIGHT;
    }
    if ((reply[3] & 0x0f) != p->rcode) {
        return VERDICT_FAILED;
    }
    if ((reply[2] & 0x02) != 0) {
        return VERDICT_EMPTY;
    }
    return p->rcode != 0 ? VERDICT_RIGHT : judge_data(p, index, reply, len);
}
