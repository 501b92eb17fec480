#include "resolver/validate/zonemd.h"

#include <openssl/evp.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"

enum {
    ZONEMD_FIXED = 6, /* serial, scheme, hash */
    SCHEME_SIMPLE = 1,
    DIGESTS_TRIED = 4
};

static const char *hash_of(uint8_t algorithm)
{
    switch (algorithm) {
    case 1:
        return "SHA384";
    case 2:
        return "SHA512";
    default:
        return NULL;
    }
}

static bool is_apex_type(const struct record *r, const uint8_t *apex, uint16_t type)
{
    return r->type == type && name_equal(r->owner, apex);
}

/* The digest stands for everything but itself and its signatures. */
static bool is_digested(const struct record *r, const uint8_t *apex)
{
    bool is_signature = is_apex_type(r, apex, TYPE_RRSIG) && r->len >= 2 && wire_get_u16(r->rdata) == TYPE_ZONEMD;
    return !is_signature && !is_apex_type(r, apex, TYPE_ZONEMD);
}

static int update(EVP_MD_CTX *ctx, const struct record *r)
{
    uint8_t head[NAME_SIZE + 10];
    size_t len = name_lower(head, r->owner);
    wire_put_u16(head + len, r->type);
    wire_put_u16(head + len + 2, CLASS_IN);
    wire_put_u32(head + len + 4, r->ttl);
    wire_put_u16(head + len + 8, r->len);
    return EVP_DigestUpdate(ctx, head, len + 10) == 1 && EVP_DigestUpdate(ctx, r->rdata, r->len) == 1;
}

/* Returns its octets; 0: the system has no memory, or does not know the hash. */
static unsigned make_digest(const struct record_list *r, const uint8_t *apex, const char *hash, uint8_t *out)
{
    unsigned len = 0;
    EVP_MD *md = EVP_MD_fetch(NULL, hash, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool is_fine = md != NULL && ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1;
    for (size_t i = 0; is_fine && i < r->count; i++) {
        is_fine = !is_digested(&r->items[i], apex) || update(ctx, &r->items[i]);
    }
    if (!is_fine || EVP_DigestFinal_ex(ctx, out, &len) != 1) {
        len = 0;
    }
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(md);
    return len;
}

/* The hash of a record that says something about this very zone; NULL: it does not. */
static const char *usable_hash(const struct record *r, const uint8_t *apex, uint32_t serial)
{
    bool is_usable = is_apex_type(r, apex, TYPE_ZONEMD) && r->len > ZONEMD_FIXED && wire_get_u32(r->rdata) == serial &&
                     r->rdata[4] == SCHEME_SIMPLE;
    return is_usable ? hash_of(r->rdata[5]) : NULL;
}

/* Two of one scheme and hash cancel each other (RFC 8976 4). They follow each other. */
static bool is_single(const struct record_list *r, size_t i, const uint8_t *apex, uint32_t serial)
{
    const char *hash = usable_hash(&r->items[i], apex, serial);
    return (i == 0 || usable_hash(&r->items[i - 1], apex, serial) != hash) &&
           (i + 1 >= r->count || usable_hash(&r->items[i + 1], apex, serial) != hash);
}

enum zonemd zonemd_check(const struct record_list *r, const uint8_t *apex, uint32_t serial)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned tried = 0;
    for (size_t i = 0; i < r->count && tried < DIGESTS_TRIED; i++) {
        const struct record *md = &r->items[i];
        const char *hash = usable_hash(md, apex, serial);
        if (hash == NULL || !is_single(r, i, apex, serial)) {
            continue;
        }
        tried++;
        unsigned len = make_digest(r, apex, hash, digest);
        if (len > 0 && len + ZONEMD_FIXED == md->len && memcmp(digest, md->rdata + ZONEMD_FIXED, len) == 0) {
            return ZONEMD_GOOD;
        }
    }
    return tried > 0 ? ZONEMD_BAD : ZONEMD_NONE;
}
