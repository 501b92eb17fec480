/* What the control socket can ask about trust anchors; for the table in ops.c. The context is the struct daemon. */
#ifndef CAIRN_SERVER_OPS_TRUST_H
#define CAIRN_SERVER_OPS_TRUST_H

#include "resolver/server/control.h"

void op_anchor_list(void *ctx, struct control_call *call);
void op_anchor_refresh(void *ctx, struct control_call *call);
void op_nta_list(void *ctx, struct control_call *call);
void op_nta_add(void *ctx, struct control_call *call, const struct control_nta *what);
void op_nta_remove(void *ctx, struct control_call *call, const uint8_t *name);

#endif
