/* Any bytes as keys, DS, signatures and data of a zone. The input is two octets of type, one of settings, and pieces:
 * an octet that says what it is, two of length, RDATA. Most inputs have their key tags and types mended, or nothing
 * behind the look-up of a key would ever be reached. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/type.h"
#include "resolver/dns/wire.h"
#include "resolver/validate/ds.h"
#include "resolver/validate/keyring.h"
#include "resolver/validate/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { PIECE_KEY, PIECE_DS, PIECE_SIGNATURE, PIECE_DATA, PIECE_KINDS };
enum { SETTING_MEND = 1, SETTING_SHA1 = 2, SETTING_SKEW = 4 };
enum { ALGORITHM_AT = 3, BUDGET = 6, SIZE_MAX_KEPT = 8192 };

/* What the pieces make. */
struct input {
    uint8_t bytes[PIECE_KINDS][SIZE_MAX_KEPT];
    struct rdatas pieces[PIECE_KINDS];
    uint16_t type;
    uint8_t settings;
};

/* Makes a signature or DS name the first key. */
static void mend(const struct input *in, unsigned kind, uint8_t *rdata, uint16_t len)
{
    if ((in->settings & SETTING_MEND) == 0 || in->pieces[PIECE_KEY].count == 0) {
        return;
    }
    struct rdata_view key = rdatas_first(&in->pieces[PIECE_KEY]);
    if (kind == PIECE_DS && len >= 4 && key.len > DNSKEY_FIXED) {
        wire_put_u16(rdata, key_tag(key));
        rdata[2] = key.bytes[ALGORITHM_AT];
    } else if (kind == PIECE_SIGNATURE && len >= RRSIG_FIXED && key.len > DNSKEY_FIXED) {
        wire_put_u16(rdata, in->type);
        rdata[2] = key.bytes[ALGORITHM_AT];
        wire_put_u16(rdata + RRSIG_FIXED - 2, key_tag(key));
    }
}

static void add_piece(struct input *in, unsigned kind, const uint8_t *rdata, uint16_t len)
{
    struct rdatas *to = &in->pieces[kind];
    if (to->len + sizeof(len) + len <= SIZE_MAX_KEPT) {
        size_t at = to->len + sizeof(len);
        to->bytes = in->bytes[kind];
        to->len += (uint32_t)rdatas_pack(in->bytes[kind] + to->len, rdata, len);
        to->count++;
        mend(in, kind, in->bytes[kind] + at, len);
    }
}

static void read_input(struct input *in, const uint8_t *data, size_t len)
{
    struct reader r;
    reader_init(&r, data, len);
    in->type = reader_u16(&r);
    in->settings = reader_u8(&r);
    while (reader_left(&r) > 3) {
        unsigned kind = reader_u8(&r) % PIECE_KINDS;
        uint16_t wanted = reader_u16(&r);
        size_t left = reader_left(&r);
        uint16_t got = wanted < left ? wanted : (uint16_t)left;
        add_piece(in, kind, reader_bytes(&r, got), got);
    }
}

static void check_expense(const struct expense *e, enum verdict verdict)
{
    if (e->verifications > BUDGET || e->failures > BUDGET || e->spent != BUDGET - e->verifications ||
        BUDGET - e->failures > e->spent || (verdict == VERDICT_SECURE && e->spent == 0)) {
        abort();
    }
}

static void check_verdict(const struct fault *why, const struct attest *attest, enum verdict verdict)
{
    bool has_reason = why->owner != NULL && why->zone != NULL;
    if (verdict == VERDICT_SECURE ? attest->labels > 127 : !has_reason) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t zone[] = "\4test", owner[] = "\1a\3WWW\4tesT";
    static struct keyring *ring;
    static struct input in;
    memset(&in.pieces, 0, sizeof(in.pieces));
    read_input(&in, data, len);
    ring = ring != NULL ? ring : keyring_new(16);
    if (ring == NULL) {
        return 0;
    }
    struct expense e = {.verifications = BUDGET, .failures = BUDGET};
    struct verifier v = {.keyring = ring,
                         .expense = &e,
                         .caps = CAPS_USUAL,
                         .wall = 1700000000,
                         .skew = in.settings & SETTING_SKEW ? 86400 : 0,
                         .accept_sha1 = (in.settings & SETTING_SHA1) != 0};
    struct rrset set = {
        .owner = owner, .type = in.type, .data = in.pieces[PIECE_DATA], .sigs = in.pieces[PIECE_SIGNATURE]};
    struct attest attest = {0};
    struct fault why = {0};
    enum verdict verdict = signature_verify(&v, &set, zone, &in.pieces[PIECE_KEY], &attest, &why);
    check_expense(&e, verdict);
    check_verdict(&why, &attest, verdict);
    set = (struct rrset){.owner = zone, .type = TYPE_DNSKEY, .data = in.pieces[PIECE_KEY], .sigs = set.sigs};
    e = (struct expense){.verifications = BUDGET, .failures = BUDGET};
    verdict = ds_verify_keys(&v, &set, &in.pieces[PIECE_DS], &attest, &why);
    check_expense(&e, verdict);
    check_verdict(&why, &attest, verdict);
    return 0;
}
