#include "tests/unit/zone_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/encode.h"
#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/validate/nsec3.h"
#include "tests/unit/proof_text.h"

enum { TEXT_MAX = 16384 };

/* What a name may have. */
static const char *const contents[] = {"A", "MX", "A MX", "CNAME", "NS", "NS DS", "DNAME", "A DNAME"};

static void need(bool is_so, const char *what)
{
    if (!is_so) {
        fprintf(stderr, "zone_model: %s\n", what);
        abort();
    }
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % below;
}

static void fill_universe(struct model *m)
{
    static const char *const labels[] = {"*", "a", "b", "c", "d"};
    char text[32];
    unsigned count = 0;
    m->universe[count++] = m->apex;
    for (int i = 0; i < 5; i++) {
        snprintf(text, sizeof(text), "%s.example.", labels[i]);
        m->universe[count++] = proof_name(&m->a, text);
        for (int j = 0; j < 5; j++) {
            snprintf(text, sizeof(text), "%s.%s.example.", labels[j], labels[i]);
            m->universe[count++] = proof_name(&m->a, text);
            for (int k = 0; k < 5; k++) {
                snprintf(text, sizeof(text), "%s.%s.%s.example.", labels[k], labels[j], labels[i]);
                m->universe[count++] = proof_name(&m->a, text);
            }
        }
    }
    need(count == MODEL_UNIVERSE, "its names");
}

bool model_has(const char *types, const char *type)
{
    size_t len = strlen(type);
    for (const char *at = types; (at = strstr(at, type)) != NULL; at += len) {
        if ((at == types || at[-1] == ' ') && (at[len] == '\0' || at[len] == ' ')) {
            return true;
        }
    }
    return false;
}

static bool is_cut(const char *types)
{
    return model_has(types, "NS") && !model_has(types, "SOA");
}

const char *model_types(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (name_equal(m->owners[i], name)) {
            return m->types[i];
        }
    }
    return NULL;
}

bool model_exists(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (name_is_under(m->owners[i], name)) {
            return true;
        }
    }
    return false;
}

bool model_is_beyond(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        if ((is_cut(m->types[i]) || model_has(m->types[i], "DNAME")) && name_is_under(name, m->owners[i]) &&
            !name_equal(name, m->owners[i])) {
            return true;
        }
    }
    return false;
}

static void add_owner(struct model *m, const uint8_t *name, const char *types)
{
    unsigned at = m->count++;
    for (; at > 0 && name_compare(m->owners[at - 1], name) > 0; at--) {
        m->owners[at] = m->owners[at - 1];
        m->types[at] = m->types[at - 1];
    }
    m->owners[at] = name;
    m->types[at] = types;
}

void model_make(struct model *m, uint32_t seed)
{
    arena_init(&m->a, 1 << 22);
    m->apex = proof_name(&m->a, "example.");
    m->count = 0;
    fill_universe(m);
    add_owner(m, m->apex, "NS SOA DNSKEY");
    for (unsigned tries = 0; tries < MODEL_OWNERS_MAX - 1; tries++) {
        const uint8_t *name = m->universe[1 + draw(&seed, MODEL_UNIVERSE - 1)];
        const char *types = contents[draw(&seed, sizeof(contents) / sizeof(contents[0]))];
        bool ends_zone = model_has(types, "NS") || model_has(types, "DNAME");
        if (model_types(m, name) == NULL && !model_is_beyond(m, name) &&
            !(ends_zone && (model_exists(m, name) || name_is_wildcard(name)))) {
            add_owner(m, name, types);
        }
    }
}

/* ---- The model's answers ---- */

const uint8_t *model_encloser(const struct model *m, const uint8_t *name)
{
    while (!model_exists(m, name)) {
        name = name_parent(name);
    }
    return name;
}

static const uint8_t *wildcard_for(const struct model *m, const uint8_t *name, uint8_t out[NAME_SIZE])
{
    out[0] = 1;
    out[1] = '*';
    name_copy(out + 2, model_encloser(m, name));
    return out;
}

static bool lacks(const struct model *m, const uint8_t *name, uint16_t type)
{
    char text[TYPE_TEXT_SIZE];
    const char *types = model_types(m, name);
    if (types == NULL) {
        return model_exists(m, name);
    }
    bool is_right_side = type == TYPE_DS ? !model_has(types, "SOA") : !is_cut(types);
    return is_right_side && !model_has(types, type_text(type, text)) && !model_has(types, "CNAME");
}

bool model_is_no_data(const struct model *m, const uint8_t *name, uint16_t type)
{
    uint8_t wildcard[NAME_SIZE];
    return !model_is_beyond(m, name) && lacks(m, model_exists(m, name) ? name : wildcard_for(m, name, wildcard), type);
}

bool model_is_name_error(const struct model *m, const uint8_t *name)
{
    uint8_t wildcard[NAME_SIZE];
    return !model_is_beyond(m, name) && !model_exists(m, name) && !model_exists(m, wildcard_for(m, name, wildcard));
}

bool model_has_no_closer(const struct model *m, const uint8_t *name, unsigned labels)
{
    unsigned own = name_labels(name);
    return !model_exists(m, name_strip(name, own - labels - 1));
}

enum delegation model_cut(const struct model *m, const uint8_t *name)
{
    const char *types = model_types(m, name);
    if (model_is_beyond(m, name) || (types != NULL && (model_has(types, "DS") || model_has(types, "SOA")))) {
        return DELEGATION_UNPROVEN;
    }
    if (types != NULL && model_has(types, "NS")) {
        return DELEGATION_INSECURE;
    }
    return model_exists(m, name) ? DELEGATION_NO_CUT : DELEGATION_NO_NAME;
}

/* ---- The chains ---- */

struct rrset *model_nsec(struct model *m)
{
    static char lines[TEXT_MAX];
    char owner[NAME_TEXT_SIZE], next[NAME_TEXT_SIZE];
    size_t len = 0;
    for (unsigned i = 0; i < m->count; i++) {
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s NSEC %s %s RRSIG NSEC\n",
                                name_text(m->owners[i], owner), name_text(m->owners[(i + 1) % m->count], next),
                                m->types[i]);
    }
    return proof_text(&m->a, lines);
}

struct hashed {
    uint8_t hash[NSEC3_HASH_SIZE];
    const char *types;
};

static int compare_hashed(const void *a, const void *b)
{
    return memcmp(((const struct hashed *)a)->hash, ((const struct hashed *)b)->hash, NSEC3_HASH_SIZE);
}

static char *hash_text(const uint8_t hash[NSEC3_HASH_SIZE], char out[33])
{
    struct text t;
    text_init(&t, out, 33);
    encode_base32(&t, hash, NSEC3_HASH_SIZE);
    text_finish(&t);
    return out;
}

bool model_is_left_out(const struct model *m, const uint8_t *name)
{
    for (unsigned i = 0; i < m->count; i++) {
        bool is_unsigned = is_cut(m->types[i]) && !model_has(m->types[i], "DS");
        if (name_is_under(m->owners[i], name) && !is_unsigned) {
            return false;
        }
    }
    return true;
}

struct rrset *model_nsec3(struct model *m, struct keyring *keyring, bool is_opt_out)
{
    static char lines[TEXT_MAX];
    struct hashed all[MODEL_UNIVERSE];
    const struct nsec3_params params = {1, 1, (const uint8_t *)"\xab"};
    struct expense e = {.hash_blocks = 10000};
    struct verifier v = {.keyring = keyring, .expense = &e, .caps = CAPS_USUAL};
    unsigned count = 0;
    size_t len = 0;
    for (unsigned i = 0; i < MODEL_UNIVERSE; i++) {
        const char *types = model_types(m, m->universe[i]);
        if (model_exists(m, m->universe[i]) && !(is_opt_out && model_is_left_out(m, m->universe[i]))) {
            all[count].types = types != NULL ? types : "";
            need(nsec3_hash(&v, &params, m->universe[i], all[count++].hash) == FAIL_NONE, "a hash");
        }
    }
    qsort(all, count, sizeof(all[0]), compare_hashed);
    for (unsigned i = 0; i < count; i++) {
        char owner[33], next[33];
        len += (size_t)snprintf(lines + len, sizeof(lines) - len, "%s.example. NSEC3 1 %d 1 ab %s %s\n",
                                hash_text(all[i].hash, owner), is_opt_out, hash_text(all[(i + 1) % count].hash, next),
                                all[i].types);
    }
    return proof_text(&m->a, lines);
}
