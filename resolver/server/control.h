/* The control socket: HTTP with JSON bodies on a unix socket, authorised by the file's mode, for cairnctl and scripts.
 * This module owns the socket, the requests and their arguments; what is asked for comes from the daemon through
 * control_ops. Everything runs on the thread of the event base.
 *
 * One request per connection. Requests and their results (times are seconds since 1970, `ttl` seconds left):
 *   GET  /v1/status         {version, pid, started, uptime_s, config, workers, listen: [text], dnssec, zones, queries,
 *                          reload_failed (null: the last one did not), local_root}
 *   GET  /v1/health         {ok, problems: [text]}; status 503 when not ok
 *   POST /v1/reload         {changes: [{key, from, to, needs_restart}], zones, changed_zones: [name],
 *                          warnings: [text]}
 *   GET  /v1/cache/entries?name=N[&type=T]       {entries: [entry], more}
 *   GET  /v1/cache/list[?under=N][&limit=N]      {entries: [entry], more}
 *   POST /v1/cache/flush    {name, type?, subtree?} -> {removed}
 *   GET  /v1/cache/stats    {name: number}
 *   GET  /v1/zones[?name=N] {zones: [{name, serial, records, file, loaded}]}
 *   POST /v1/zones/reload   {name?} -> as /v1/reload
 *   GET  /v1/stats          {group: {name: number}}
 *   GET  /v1/upstreams[?limit=N] {upstreams: [{address, state, rtt_ms (null: no reply yet), failures, worker}]}
 *   GET  /v1/config[?effective=true]             {file, text}
 *   GET  /v1/anchors        {anchors: [{zone, keys: [{tag, algorithm, state, since, until}], seen_at, query_at}]}
 *   POST /v1/anchors/refresh -> {zones}: asks for the keys of that many zones now
 *   GET  /v1/nta            {ntas: [{name, since, until, reason}]}; null for those of the configuration
 *   POST /v1/nta            {name, seconds?, reason?} -> {until, kept (survives a restart)}
 *   POST /v1/nta/remove     {name} -> {}
 * entry: see control_cache_entry. A failure is {error: text, problems?: [text]} with a status from 400 up. */
#ifndef CAIRN_SERVER_CONTROL_H
#define CAIRN_SERVER_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "cache/cache.h"
#include "resolver/base/fail.h"

struct event_base;
struct control;

/* One request in progress. The operation that got it ends it with exactly one control_reply or control_refuse, at once
 * or later on the same thread; the client may be gone by then, which is no matter. */
struct control_call;

/* Sends `result` with status 200 (or `status`, for control_reply_as); takes the reference. */
void control_reply(struct control_call *call, json_t *result);
void control_reply_as(struct control_call *call, int status, json_t *result);

/* Sends {error: text, problems}; `problems` is an array of texts or NULL, its reference is taken. Statuses in use: 404
 * not there, 409 another one is running, 422 the files are wrong, 500 failed, 503 not now. */
void control_refuse(struct control_call *call, int status, const char *text, json_t *problems);

/* What to remove from the cache. */
struct control_flush {
    const uint8_t *name;
    uint16_t type; /* 0: all types, and what says that the name does not exist */
    bool subtree;  /* all names below, too */
};

/* A negative trust anchor. */
struct control_nta {
    const uint8_t *name;
    uint32_t seconds;
    const char *reason; /* may be empty */
};

/* What the daemon does for the socket. Arguments are valid during the call only. All members are set. */
struct control_ops {
    void (*status)(void *ctx, struct control_call *call);
    void (*health)(void *ctx, struct control_call *call);
    void (*reload)(void *ctx, struct control_call *call);
    void (*cache_get)(void *ctx, struct control_call *call, const uint8_t *name, uint16_t type); /* type 0: all */
    void (*cache_list)(void *ctx, struct control_call *call, const uint8_t *under, unsigned limit);
    void (*cache_flush)(void *ctx, struct control_call *call, const struct control_flush *what);
    void (*cache_stats)(void *ctx, struct control_call *call);
    void (*zone_list)(void *ctx, struct control_call *call, const uint8_t *name);   /* NULL: all */
    void (*zone_reload)(void *ctx, struct control_call *call, const uint8_t *name); /* NULL: all */
    void (*stats)(void *ctx, struct control_call *call);
    void (*upstreams)(void *ctx, struct control_call *call, unsigned limit);
    void (*config_show)(void *ctx, struct control_call *call, bool effective);
    void (*anchor_list)(void *ctx, struct control_call *call);
    void (*anchor_refresh)(void *ctx, struct control_call *call);
    void (*nta_list)(void *ctx, struct control_call *call);
    void (*nta_add)(void *ctx, struct control_call *call, const struct control_nta *what);
    void (*nta_remove)(void *ctx, struct control_call *call, const uint8_t *name);
};

/* Listens on `path`, mode 0660, at most CONTROL_CLIENTS connections at once. A missing parent directory is made (0755);
 * a socket file left by a dead daemon is replaced. FAIL_BUSY: a live daemon listens there. FAIL_SYSTEM: errno says why.
 * FAIL_SPACE: the path is too long for a unix socket. `ops` and `ctx` outlive the result. */
MUST_CHECK int control_open(struct event_base *base, const char *path, const struct control_ops *ops, void *ctx,
                            struct control **out);

/* Stops listening, ends connections, removes the socket file. Calls still open stay valid and are answered into
 * nothing. */
void control_close(struct control *c); /* NULL is fine */

#define CONTROL_NTA_LIFE   3600            /* seconds of a negative trust anchor, unless another time is asked for */
#define CONTROL_NTA_MAX    (7 * 24 * 3600) /* and at most (RFC 7646 2) */
#define CONTROL_REASON_MAX 255             /* octets */
#define CONTROL_CLIENTS    8
#define CONTROL_BODY_SIZE  65536 /* octets of a request's body */
#define CONTROL_LIST_LIMIT 100   /* entries of a list when the request names no limit */
#define CONTROL_LIST_MAX   10000 /* and at most */

/* A cache entry as JSON: {name, type, slot: "answer"|"nxdomain"|"delegation"|"failure", negative, ttl, trust, security,
 * stored, expires, source, transport, records: [{name, type, ttl, data}], error}; `type` is empty where an entry has
 * none, `source` and `transport` are absent where nobody said it, `error` is of failures. NULL without memory. `now` is
 * clock_now. */
json_t *control_cache_entry(const struct cache_entry *e, uint64_t now);

#endif
