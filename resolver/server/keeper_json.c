#include "resolver/server/keeper_json.h"

#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/rdata.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/algorithm.h"
#include "resolver/validate/ds.h"

enum { TEXT_SIZE = 2 * DNSKEY_SIZE, TOKENS_MAX = 4, RDATA_MAX = DNSKEY_SIZE };

/* ---- Writing ---- */

static json_t *rdata_json(uint16_t type, struct rdata_view rdata)
{
    char text[TEXT_SIZE];
    rdata_text(type, rdata.bytes, rdata.len, text, sizeof(text));
    return json_string(text);
}

static json_t *key_json(const struct rollover_key *key)
{
    return json_pack("{s:s, s:I, s:I, s:o}", "state", key_state_text(key->state), "since", (json_int_t)key->since,
                     "until", (json_int_t)key->until, "dnskey", rdata_json(TYPE_DNSKEY, key->dnskey));
}

json_t *rollover_json(const struct rollover *r)
{
    json_t *configured = json_array(), *keys = json_array();
    char zone[NAME_TEXT_SIZE];
    struct rdata_view ds;
    for (size_t at = 0; rdatas_next(&r->configured, &at, &ds);) {
        json_array_append_new(configured, rdata_json(TYPE_DS, ds));
    }
    for (unsigned i = 0; i < r->count; i++) {
        json_array_append_new(keys, key_json(&r->keys[i]));
    }
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:I}", "zone", name_text(r->zone, zone), "configured", configured,
                     "keys", keys, "seen_at", (json_int_t)r->seen_at, "query_at", (json_int_t)r->query_at, "retry_s",
                     (json_int_t)r->retry_s);
}

/* ---- Reading ---- */

static bool get_number(const json_t *object, const char *key, uint64_t max, uint64_t *out)
{
    const json_t *value = json_object_get(object, key);
    *out = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && *out <= max;
}

/* The fields of presentation form; base64 and hexadecimal come without blanks from rdata_text. */
static size_t split(const char *text, struct token tokens[TOKENS_MAX])
{
    size_t count = 0;
    for (text += strspn(text, " "); *text != '\0' && count < TOKENS_MAX; count++) {
        tokens[count] = (struct token){.text = text, .len = strcspn(text, " ")};
        text += tokens[count].len;
        text += strspn(text, " ");
    }
    return *text == '\0' ? count : 0;
}

/* Packs the RDATA behind the octets of `w`. */
static bool read_rdata(const json_t *value, uint16_t type, struct arena *a, struct rdata_view *out)
{
    uint8_t bytes[RDATA_MAX];
    struct writer w;
    struct token tokens[TOKENS_MAX];
    struct token_error error;
    const char *text = json_string_value(value);
    size_t count = text != NULL ? split(text, tokens) : 0;
    writer_init(&w, bytes, sizeof(bytes));
    if (count == 0 || rdata_from_text(type, tokens, count, name_root, &w, &error) != FAIL_NONE) {
        return false;
    }
    out->len = (uint16_t)writer_len(&w);
    out->bytes = arena_copy(a, bytes, out->len);
    return out->bytes != NULL && out->len > DNSKEY_FIXED;
}

static bool read_configured(const json_t *list, struct arena *a, struct rdatas *out)
{
    size_t i;
    json_t *value;
    uint8_t *bytes = arena_take(a, json_array_size(list) * (sizeof(uint16_t) + RDATA_MAX));
    *out = (struct rdatas){.bytes = bytes};
    if (bytes == NULL || json_array_size(list) == 0 || json_array_size(list) > CAPS_DS) {
        return false;
    }
    json_array_foreach(list, i, value)
    {
        struct rdata_view ds;
        if (!read_rdata(value, TYPE_DS, a, &ds)) {
            return false;
        }
        out->len += (uint32_t)rdatas_pack(bytes + out->len, ds.bytes, ds.len);
        out->count++;
    }
    return true;
}

static bool read_key(const json_t *data, struct arena *a, struct rollover_key *out)
{
    const char *state = json_string_value(json_object_get(data, "state"));
    return state != NULL && key_state_parse(state, &out->state) && get_number(data, "since", INT64_MAX, &out->since) &&
           get_number(data, "until", INT64_MAX, &out->until) &&
           read_rdata(json_object_get(data, "dnskey"), TYPE_DNSKEY, a, &out->dnskey);
}

static bool read_keys(const json_t *list, struct arena *a, struct rollover *out)
{
    struct rollover_key *keys = arena_take(a, ROLLOVER_KEYS_MAX * sizeof(*keys));
    if (keys == NULL || !json_is_array(list) || json_array_size(list) > ROLLOVER_KEYS_MAX) {
        return false;
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (!read_key(json_array_get(list, i), a, &keys[i])) {
            return false;
        }
    }
    out->keys = keys;
    out->count = (unsigned)json_array_size(list);
    return true;
}

bool rollover_from_json(const json_t *data, struct arena *a, struct rollover *out)
{
    uint8_t zone[NAME_SIZE];
    uint64_t retry_s;
    const char *text = json_string_value(json_object_get(data, "zone"));
    *out = (struct rollover){0};
    if (text == NULL || name_from_text(text, strlen(text), NULL, zone) != FAIL_NONE) {
        return false;
    }
    out->zone = arena_copy(a, zone, name_lower(zone, zone));
    if (out->zone == NULL || !get_number(data, "seen_at", INT64_MAX, &out->seen_at) ||
        !get_number(data, "query_at", INT64_MAX, &out->query_at) ||
        !get_number(data, "retry_s", UINT32_MAX, &retry_s)) {
        return false;
    }
    out->retry_s = (uint32_t)retry_s;
    return read_configured(json_object_get(data, "configured"), a, &out->configured) &&
           read_keys(json_object_get(data, "keys"), a, out);
}

bool rollovers_are_readable(const json_t *all)
{
    struct arena scratch;
    struct rollover r;
    bool is_good = json_is_array(all);
    arena_init(&scratch, ROLLOVER_STATE_MAX);
    for (size_t i = 0; is_good && i < json_array_size(all); i++) {
        is_good = rollover_from_json(json_array_get(all, i), &scratch, &r);
        arena_reset(&scratch);
    }
    arena_fini(&scratch);
    return is_good;
}

bool rollovers_find(const json_t *all, const uint8_t *zone, struct arena *a, struct rollover *out)
{
    for (size_t i = 0; i < json_array_size(all); i++) {
        if (rollover_from_json(json_array_get(all, i), a, out) && name_equal(out->zone, zone)) {
            return true;
        }
        arena_reset(a);
    }
    return false;
}

/* ---- For people ---- */

static json_t *time_json(uint64_t when)
{
    return when != 0 ? json_integer((json_int_t)when) : json_null();
}

static json_t *report_key(unsigned tag, uint8_t algorithm, const char *state)
{
    char text[ALGORITHM_TEXT_SIZE];
    return json_pack("{s:i, s:s, s:s}", "tag", (int)tag, "algorithm", algorithm_text(algorithm, text), "state", state);
}

/* Keys of configured DS that were never seen. */
static void report_unseen(const struct rollover *r, json_t *keys)
{
    struct rdata_view ds;
    for (size_t at = 0; rdatas_next(&r->configured, &at, &ds);) {
        if (!rollover_has_key(r, ds)) {
            json_array_append_new(keys, report_key(wire_get_u16(ds.bytes), ds.bytes[2], "configured"));
        }
    }
}

json_t *rollover_report(const struct rollover *r)
{
    char zone[NAME_TEXT_SIZE];
    json_t *keys = json_array();
    for (unsigned i = 0; i < r->count; i++) {
        const struct rollover_key *key = &r->keys[i];
        json_t *item = report_key(key_tag(key->dnskey), key->dnskey.bytes[3], key_state_text(key->state));
        json_object_set_new(item, "since", time_json(key->since));
        json_object_set_new(item, "until", time_json(key->until));
        json_array_append_new(keys, item);
    }
    report_unseen(r, keys);
    return json_pack("{s:s, s:o, s:o, s:o}", "zone", name_text(r->zone, zone), "keys", keys, "seen_at",
                     time_json(r->seen_at), "query_at", time_json(r->query_at));
}
