/*
 * The synthetic tree of unlimited size, answered without any stored data:
 *
 *   .                root, on 10.53.0.1 and 10.53.0.2
 *   t0. ... t9.      top-level domains, t<k> on 10.53.1.<k+1> and 10.53.2.<k+1>
 *   z<n>.t<k>.       a zone for every number n of up to nine digits, on two of the `hosts` addresses from 10.54.0.1 on
 *
 * Each zone has two name servers, ns1 and ns2 in the zone itself, with glue. Of the other names right below z<n>.t<k>,
 * x does not exist, c is an alias of w.z<n> in the next top-level domain, and all others have records of types A, AAAA
 * and HTTPS; the address follows from n (address_of_index), so whoever asks can check it. A name in a zone not seen
 * before therefore costs a resolver a referral from the top-level domain and an answer from a zone of its own. Which
 * zones answer is decided by the address that was asked; anything else is REFUSED.
 */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include "signed.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#define ANSWER_SIZE 1232

enum level { LEVEL_ROOT, LEVEL_TLD, LEVEL_ZONE, LEVEL_COUNT };

struct tree {
    uint32_t hosts; /* addresses that serve z<n>.t<k>, 1 to 65,000 */
    uint32_t ttl_s; /* of every record */
    struct signed_tree signatures;
    uint64_t asked[LEVEL_COUNT];
};

/* Writes the reply to `query`, which was sent to `asked`, into `reply` (ANSWER_SIZE octets). Returns its length, or 0
 * if the query deserves none: not a question of one name in class IN, or an address that serves nothing. */
size_t tree_answer(struct tree *t, struct in_addr asked, const uint8_t *query, size_t len, uint8_t *reply);

#endif
