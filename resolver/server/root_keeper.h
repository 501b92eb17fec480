/* Keeps a copy of the root zone (RFC 8806) where the configuration wants one: fetches it, again when its SOA says so,
 * and gives it up when it is too old. Everything runs on the main thread but the fetching. */
#ifndef CAIRN_SERVER_ROOT_KEEPER_H
#define CAIRN_SERVER_ROOT_KEEPER_H

#include <jansson.h>

#include "resolver/server/mailbox.h"
#include "resolver/server/settings.h"

struct event_base;
struct root_keeper;

/* `changed` is called when root_keeper_settings gives others. Ends the process without memory. */
struct root_keeper *root_keeper_new(struct event_base *base, struct mailbox *home, void (*changed)(void *ctx),
                                    void *ctx);

/* Gives up a fetch that is under way; before the mailbox is emptied for the last time. NULL is fine. */
void root_keeper_stop(struct root_keeper *k);

/* After that. NULL is fine. */
void root_keeper_free(struct root_keeper *k);

/* The settings in force are `s` from now on; fetches at once if their configuration is another and wants a copy. */
void root_keeper_follow(struct root_keeper *k, struct settings *s);

/* `s` with the copy that is there; takes over a user of `s` and gives one. */
struct settings *root_keeper_settings(const struct root_keeper *k, struct settings *s);

/* {serial, records, checked, source, fetched, expires}; {} while there is no copy, null when none is wanted. */
json_t *root_keeper_report(const struct root_keeper *k);

#endif
