/*
 * Keys and signatures of a part of the tree, made beforehand (sign.py) and mapped from a file, since signing takes
 * longer than verifying. The file: "cairnsig", the number of zones (32 bits), the lengths of a DNSKEY's RDATA and of a
 * signature (16 bits each), all in the machine's order, and the root's DS. Then one record each for the root, t0 to t9,
 * and z00000000.t0, z00000001.t1 and so on: DNSKEY RDATA, DS RDATA, and the RRSIG RDATA of the zone's DNSKEY, of its DS
 * (by the zone above) and of the address of w, without the signers' names.
 */
#ifndef BENCH_SIGNED_H
#define BENCH_SIGNED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIGNED_DS_LEN = 36, SIGNED_RRSIG_FIXED = 18 };

enum signed_set { SIGNED_DNSKEY, SIGNED_DS, SIGNED_ADDRESS, SIGNED_SETS };

struct signed_tree {
    const uint8_t *records; /* NULL: nothing is signed */
    uint32_t zones;
    size_t key_len, rrsig_len, record_len;
};

/* Data of one zone in the file. */
struct signed_zone {
    const uint8_t *key, *ds;
    const uint8_t *rrsig[SIGNED_SETS]; /* SIGNED_RRSIG_FIXED octets, the place of the signer's name, the signature */
};

/* Maps the file for as long as the process lives; false if it is not of this form. */
bool signed_open(struct signed_tree *t, const char *path);

/* The root, t<number> or z<number> by `labels` 0, 1 or 2; false if it is not signed. */
bool signed_find(const struct signed_tree *t, unsigned labels, uint32_t number, struct signed_zone *out);

#endif
