/* Any bytes as a request on the control socket: every complete one reaches an operation with sound arguments or is
 * refused, and exactly once. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/dns/name.h"
#include "resolver/server/control_call.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void end(void *ctx, struct control_call *call)
{
    (void)ctx;
    control_reply(call, json_object());
}

static void check_name(const uint8_t *name)
{
    if (name != NULL && name_len(name) > NAME_SIZE) {
        abort();
    }
}

static void end_get(void *ctx, struct control_call *call, const uint8_t *name, uint16_t type)
{
    (void)type;
    check_name(name);
    end(ctx, call);
}

static void end_list(void *ctx, struct control_call *call, const uint8_t *under, unsigned limit)
{
    check_name(under);
    if (limit == 0 || limit > CONTROL_LIST_MAX) {
        abort();
    }
    end(ctx, call);
}

static void end_flush(void *ctx, struct control_call *call, const struct control_flush *what)
{
    check_name(what->name);
    end(ctx, call);
}

static void end_zone(void *ctx, struct control_call *call, const uint8_t *name)
{
    check_name(name);
    end(ctx, call);
}

static void end_limit(void *ctx, struct control_call *call, unsigned limit)
{
    end_list(ctx, call, name_root, limit);
}

static void end_flag(void *ctx, struct control_call *call, bool flag)
{
    (void)flag;
    end(ctx, call);
}

static void end_nta(void *ctx, struct control_call *call, const struct control_nta *what)
{
    check_name(what->name);
    if (what->seconds == 0 || what->seconds > CONTROL_NTA_MAX || strlen(what->reason) > CONTROL_REASON_MAX) {
        abort();
    }
    end(ctx, call);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct control_ops ops = {.status = end,
                                           .health = end,
                                           .reload = end,
                                           .cache_get = end_get,
                                           .cache_list = end_list,
                                           .cache_flush = end_flush,
                                           .cache_stats = end,
                                           .zone_list = end_zone,
                                           .zone_reload = end_zone,
                                           .stats = end,
                                           .upstreams = end_limit,
                                           .config_show = end_flag,
                                           .anchor_list = end,
                                           .anchor_refresh = end,
                                           .nta_list = end,
                                           .nta_add = end_nta,
                                           .nta_remove = end_zone};
    struct http_request request;
    int status;
    if (http_parse((const char *)data, len, CONTROL_BODY_SIZE, &request, &status) == HTTP_READY) {
        struct control_call *call = call_new(NULL);
        if (call != NULL) {
            call_route(call, &request, &ops, NULL);
        }
        json_decref(request.query);
    }
    return 0;
}
