/* The state directory (server.state): what the daemon must not lose and cannot learn again. Each kind of state is one
 * small JSON file that is replaced as a whole: written beside the old one, synced, and renamed over it, so that after a
 * crash or a power loss there is the old or the new one. A checksum finds what went wrong below. One daemon at a time.
 * The reasons stand in docs/decisions/state-on-disk.md. */
#ifndef CAIRN_SERVER_DURABLE_H
#define CAIRN_SERVER_DURABLE_H

#include <jansson.h>

#include "resolver/base/fail.h"

struct durable;

#define DURABLE_FILE_MAX (8u << 20) /* octets of one file */

/* Makes the directory when it is missing and its parent is there, and locks it. FAIL_BUSY: another process has it;
 * FAIL_SYSTEM: errno says why. */
MUST_CHECK int durable_open(const char *directory, struct durable **out);
void durable_close(struct durable *d); /* NULL is fine */

/* What was last written of a kind ("trust-anchors"): a new reference in *out, or NULL. Where there is a file that this
 * version did not write whole (damaged, foreign, newer), it is set aside as durable_set_aside does. FAIL_SYSTEM: the
 * file may be whole, but permission or the disk keep it from being read; that is logged. It must not be written over.
 */
MUST_CHECK int durable_read(struct durable *d, const char *kind, json_t **out);

/* Replaces what there is of a kind. FAIL_SYSTEM: the old file is still there, and errno says why. */
MUST_CHECK int durable_write(struct durable *d, const char *kind, const json_t *data);

/* Logs why the file of a kind is of no use, and renames it to KIND.json.bad, for people to look at. */
void durable_set_aside(struct durable *d, const char *kind, const char *why);

#endif
