/* One request on its way from the socket to an operation and back. Internal to the control socket. */
#ifndef CAIRN_SERVER_CONTROL_CALL_H
#define CAIRN_SERVER_CONTROL_CALL_H

#include "resolver/server/control.h"
#include "resolver/server/control_http.h"

struct client;

struct control_call {
    struct client *client; /* NULL: gone, nobody hears the answer */
};

/* A call of `client` (NULL in tests); NULL without memory. Ended by control_reply and its like. */
struct control_call *call_new(struct client *client);

/* Finds the operation of a request, checks its arguments and starts it. */
void call_route(struct control_call *call, const struct http_request *request, const struct control_ops *ops,
                void *ctx);

/* Sends `body` (its reference is taken) and ends the connection when it is out. */
void client_send(struct client *client, int status, json_t *body);

#endif
