/* What the daemon trusts from day to day: the trust anchors of the configuration, followed from key to key (RFC 5011),
 * and the negative ones given at run time (RFC 7646). Both live in the state directory. Everything runs on the main
 * thread; what workers use are settings made here. */
#ifndef CAIRN_SERVER_KEEPER_H
#define CAIRN_SERVER_KEEPER_H

#include <jansson.h>
#include <stdbool.h>

#include "resolver/base/fail.h"
#include "resolver/dns/rrset.h"
#include "resolver/server/durable.h"
#include "resolver/server/nta.h"
#include "resolver/server/settings.h"

struct event_base;
struct keeper;

struct keeper_hooks {
    void *ctx;
    void (*ask)(void *ctx, const uint8_t *zone); /* for the zone's DNSKEY set, to be given to keeper_reply */
    void (*changed)(void *ctx);                  /* keeper_settings gives others now */
};

/* Reads the state. `store` (NULL: nothing is kept) outlives it. Ends the process without memory. */
struct keeper *keeper_new(struct event_base *base, struct durable *store, const struct keeper_hooks *hooks);
void keeper_free(struct keeper *k); /* NULL is fine */

/* The configuration is that of `s` from now on. */
void keeper_follow(struct keeper *k, const struct settings *s);

/* `s` with the anchors in force; takes over a user of `s` and gives one. */
struct settings *keeper_settings(struct keeper *k, struct settings *s);

/* The answer to a hooks.ask: the set as it came, or NULL. */
void keeper_reply(struct keeper *k, const uint8_t *zone, const struct rrset *keys);

/* Asks for the keys of all zones now, and says of how many. */
unsigned keeper_refresh(struct keeper *k);

/* {anchors: [rollover_report]}. */
json_t *keeper_report(const struct keeper *k);

/* Validates nothing at and below `name` for `seconds` (up to NTA_LIFE_MAX), in place of an earlier word on it.
 * FAIL_LIMIT: there are too many. */
MUST_CHECK int keeper_nta_add(struct keeper *k, const uint8_t *name, uint32_t seconds, const char *reason);

/* False: none was given at run time. */
bool keeper_nta_remove(struct keeper *k, const uint8_t *name);

/* Whether all of it would survive a restart; and if not, whether it should. */
bool keeper_is_kept(const struct keeper *k);
bool keeper_is_failing(const struct keeper *k);

/* {ntas: [{name, since, until, reason}]}: those given at run time, and those that the configuration of `s` names, with
 * null for times and reason. */
json_t *keeper_nta_report(const struct keeper *k, const struct settings *s);

#endif
