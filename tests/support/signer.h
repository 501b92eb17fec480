/* Keys and signatures of made-up zones. The same seed gives the same key in every run; signatures by ECDSA differ. What
 * fails here ends the test process. */
#ifndef CAIRN_TESTS_SIGNER_H
#define CAIRN_TESTS_SIGNER_H

#include <stddef.h>
#include <stdint.h>

#include "resolver/base/arena.h"
#include "resolver/dns/rrset.h"
#include "resolver/validate/signature.h"

#define SIGNER_ZSK 0x0100
#define SIGNER_KSK 0x0101

struct signer;

/* RSA keys have 1024 bits. Of an algorithm that is not supported, key and signatures are noise. */
struct signer *signer_new(uint8_t algorithm, uint16_t flags, uint32_t seed);
struct signer *signer_new_rsa(uint8_t algorithm, uint16_t flags, unsigned bits, uint32_t seed);

/* Another key with the algorithm and key tag of `with`; it uses reserved bits of the flags to get there. */
struct signer *signer_new_colliding(const struct signer *with, uint32_t seed);

void signer_free(struct signer *s);

/* Its DNSKEY RDATA, as long as the signer lives. Bytes may be changed, before the tag is asked for. */
uint8_t *signer_dnskey(struct signer *s, uint16_t *len);
uint16_t signer_tag(const struct signer *s);

/* Appends its DNSKEY to packed RDATA in `a`. */
void signer_add_key(struct arena *a, const struct signer *s, struct rdatas *keys);

/* Appends a DS of digest type 1, 2 or 4 for it; of other types the digest is noise. */
void signer_add_ds(struct arena *a, const struct signer *s, const uint8_t *zone, uint8_t digest, struct rdatas *ds);

/* Adds to set->sigs a signature by `zone`, valid from `inception` to `expiration`. */
void signer_sign(struct arena *a, struct signer *s, struct rrset *set, const uint8_t *zone, uint32_t inception,
                 uint32_t expiration);

/* The fields that signer_sign would use, to be changed for signer_sign_as, which signs whatever they say. */
struct rrsig signer_fields(const struct signer *s, const struct rrset *set, const uint8_t *zone, uint32_t inception,
                           uint32_t expiration);
void signer_sign_as(struct arena *a, struct signer *s, struct rrset *set, const struct rrsig *fields);

#endif
