#include "resolver/server/ops_trust.h"

#include "resolver/base/clock.h"
#include "resolver/server/daemon.h"

_Static_assert(NTA_REASON_SIZE > CONTROL_REASON_MAX && NTA_LIFE_MAX >= CONTROL_NTA_MAX, "what is taken is kept");

void op_anchor_list(void *ctx, struct control_call *call)
{
    struct daemon *d = ctx;
    control_reply(call, keeper_report(d->keeper));
}

void op_anchor_refresh(void *ctx, struct control_call *call)
{
    struct daemon *d = ctx;
    control_reply(call, json_pack("{s:i}", "zones", (int)keeper_refresh(d->keeper)));
}

void op_nta_list(void *ctx, struct control_call *call)
{
    struct daemon *d = ctx;
    control_reply(call, keeper_nta_report(d->keeper, d->settings));
}

void op_nta_add(void *ctx, struct control_call *call, const struct control_nta *what)
{
    struct daemon *d = ctx;
    if (!d->settings->policy.validation) {
        control_refuse(call, 409, "dnssec.validation is off: nothing is validated anywhere", NULL);
        return;
    }
    if (keeper_nta_add(d->keeper, what->name, what->seconds, what->reason) != FAIL_NONE) {
        control_refuse(call, 409, "there are too many negative trust anchors", NULL);
        return;
    }
    control_reply(call, json_pack("{s:I, s:b}", "until", (json_int_t)(clock_wall() + what->seconds), "kept",
                                  (int)keeper_is_kept(d->keeper)));
}

void op_nta_remove(void *ctx, struct control_call *call, const uint8_t *name)
{
    struct daemon *d = ctx;
    if (!keeper_nta_remove(d->keeper, name)) {
        control_refuse(call, 404, "no negative trust anchor of that name was added at run time", NULL);
        return;
    }
    control_reply(call, json_object());
}
