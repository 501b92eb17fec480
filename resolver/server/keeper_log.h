/* What the log says of followed trust anchors. */
#ifndef CAIRN_SERVER_KEEPER_LOG_H
#define CAIRN_SERVER_KEEPER_LOG_H

#include "resolver/validate/rollover.h"

/* Each key whose state is another than before. */
void keeper_log_keys(const struct rollover *before, const struct rollover *after);

/* A query for keys that was of no use: `reason`, or what was wrong with the keys. */
void keeper_log_failure(const struct rollover *r, const char *reason, const struct fault *why);

#endif
