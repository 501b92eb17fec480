/* Zones made at random, and what a plain model says of them: what proofs must agree with. */
#ifndef CAIRN_TESTS_ZONE_MODEL_H
#define CAIRN_TESTS_ZONE_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/denial.h"
#include "resolver/validate/keyring.h"

#define MODEL_OWNERS_MAX 14
#define MODEL_UNIVERSE   (1 + 5 + 25 + 125)

struct model {
    struct arena a;
    const uint8_t *apex;                     /* example. */
    const uint8_t *universe[MODEL_UNIVERSE]; /* names of up to three labels of few kinds below the apex, and that */
    const uint8_t *owners[MODEL_OWNERS_MAX]; /* of these, those that own records, in canonical order, from the apex */
    const char *types[MODEL_OWNERS_MAX];     /* "A MX" */
    unsigned count;
};

/* A zone that follows from `seed`; its memory is m->a. */
void model_make(struct model *m, uint32_t seed);

/* What is there at `name`; NULL: nothing, or an empty non-terminal. */
const char *model_types(const struct model *m, const uint8_t *name);
bool model_has(const char *types, const char *type);

/* `name` owns records, or something below it does. */
bool model_exists(const struct model *m, const uint8_t *name);

/* Below a cut or a DNAME, where this zone has nothing to say. */
bool model_is_beyond(const struct model *m, const uint8_t *name);

/* The deepest name at or above `name` that exists. */
const uint8_t *model_encloser(const struct model *m, const uint8_t *name);

/* The answers that are right. */
bool model_is_name_error(const struct model *m, const uint8_t *name);
bool model_is_no_data(const struct model *m, const uint8_t *name, uint16_t type);
bool model_has_no_closer(const struct model *m, const uint8_t *name, unsigned labels);
enum delegation model_cut(const struct model *m, const uint8_t *name);

/* What opt-out leaves out: unsigned delegations, and empty non-terminals above nothing else. */
bool model_is_left_out(const struct model *m, const uint8_t *name);

/* The whole chain of the zone. */
struct rrset *model_nsec(struct model *m);
struct rrset *model_nsec3(struct model *m, struct keyring *keyring, bool is_opt_out);

#endif
