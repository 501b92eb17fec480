#include "resolver/server/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "resolver/server/control_call.h"

enum { BACKLOG = 16, SOCKET_MODE = 0660, DIRECTORY_MODE = 0755 };

/* A client that sends or takes its bytes slower than this is given up; an operation may take any time. */
static const struct timeval patience = {10, 0};
static const struct timeval accept_pause = {0, 100000};

struct control {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *resume; /* accept again after the process ran out of descriptors */
    const struct control_ops *ops;
    void *ctx;
    struct client *clients;
    unsigned count;
    char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
};

/* One connection. */
struct client {
    struct control *control;
    struct client *next, **link;
    struct bufferevent *stream;
    struct event *deadline;
    struct control_call *call; /* in progress; NULL before and after */
    bool is_answered;
};

static void client_free(struct client *c)
{
    struct control *owner = c->control;
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    }
    if (c->call != NULL) {
        c->call->client = NULL;
    }
    event_free(c->deadline);
    bufferevent_free(c->stream);
    free(c);
    owner->count--;
    evconnlistener_enable(owner->listener);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    client_free(arg);
}

static void on_event(struct bufferevent *stream, short what, void *arg)
{
    (void)stream, (void)what;
    client_free(arg);
}

static void on_written(struct bufferevent *stream, void *arg)
{
    struct client *c = arg;
    if (c->is_answered && evbuffer_get_length(bufferevent_get_output(stream)) == 0) {
        client_free(c);
    }
}

void client_send(struct client *c, int status, json_t *body)
{
    struct evbuffer *out = bufferevent_get_output(c->stream);
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;
    static const char no_memory[] = "{\"error\":\"out of memory\"}";
    const char *sent = text != NULL ? text : no_memory;
    status = text != NULL ? status : 500;
    c->call = NULL;
    c->is_answered = true;
    evbuffer_add_printf(out,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                        "Connection: close\r\n\r\n%s\n",
                        status, http_reason(status), strlen(sent) + 1, sent);
    event_add(c->deadline, &patience);
    free(text);
    json_decref(body);
}

static void refuse(struct client *c, int status)
{
    client_send(c, status, json_pack("{s:s}", "error", http_reason(status)));
}

static void on_readable(struct bufferevent *stream, void *arg)
{
    struct client *c = arg;
    struct evbuffer *in = bufferevent_get_input(stream);
    struct http_request request;
    int status;
    if (c->call != NULL || c->is_answered) {
        evbuffer_drain(in, evbuffer_get_length(in)); /* one request per connection */
        return;
    }
    size_t len = evbuffer_get_length(in);
    const char *bytes = (const char *)evbuffer_pullup(in, -1);
    switch (http_parse(bytes, len, CONTROL_BODY_SIZE, &request, &status)) {
    case HTTP_MORE:
        return;
    case HTTP_BAD:
        refuse(c, status);
        return;
    case HTTP_READY:
        break;
    }
    event_del(c->deadline);
    c->call = call_new(c);
    if (c->call == NULL) {
        refuse(c, 503);
    } else {
        call_route(c->call, &request, c->control->ops, c->control->ctx);
    }
    json_decref(request.query);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int len, void *arg)
{
    struct control *owner = arg;
    (void)from, (void)len;
    struct client *c = calloc(1, sizeof(*c));
    struct bufferevent *stream = c != NULL ? bufferevent_socket_new(owner->base, fd, BEV_OPT_CLOSE_ON_FREE) : NULL;
    struct event *deadline = stream != NULL ? evtimer_new(owner->base, on_deadline, c) : NULL;
    if (deadline == NULL) {
        if (stream != NULL) {
            bufferevent_free(stream);
        } else {
            close(fd);
        }
        free(c);
        return;
    }
    *c = (struct client){
        .control = owner, .next = owner->clients, .link = &owner->clients, .stream = stream, .deadline = deadline};
    if (c->next != NULL) {
        c->next->link = &c->next;
    }
    owner->clients = c;
    bufferevent_setcb(stream, on_readable, on_written, on_event, c);
    bufferevent_setwatermark(stream, EV_READ, 0, HTTP_HEAD_SIZE + CONTROL_BODY_SIZE + 64);
    bufferevent_enable(stream, EV_READ | EV_WRITE);
    event_add(deadline, &patience);
    if (++owner->count == CONTROL_CLIENTS) {
        evconnlistener_disable(listener); /* the others wait in the backlog */
    }
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    struct control *c = arg;
    (void)fd, (void)what;
    if (c->count < CONTROL_CLIENTS) {
        evconnlistener_enable(c->listener);
    }
}

/* Out of descriptors: the pending connection stays readable, so trying again at once would spin. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
    struct control *c = arg;
    evconnlistener_disable(listener);
    event_add(c->resume, &accept_pause);
}

/* Removes what a dead daemon left at `address`. FAIL_BUSY: a live one listens; FAIL_SYSTEM: no socket is there. */
static int remove_stale(const struct sockaddr_un *address)
{
    struct stat st;
    if (lstat(address->sun_path, &st) != 0) {
        return errno == ENOENT ? FAIL_NONE : FAIL_SYSTEM;
    }
    if (!S_ISSOCK(st.st_mode)) {
        errno = EEXIST;
        return FAIL_SYSTEM;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return FAIL_SYSTEM;
    }
    int result = connect(fd, (const struct sockaddr *)address, sizeof(*address));
    int error = errno;
    close(fd);
    if (result == 0 || error == EAGAIN) {
        return FAIL_BUSY;
    }
    errno = error;
    return error == ECONNREFUSED && unlink(address->sun_path) == 0 ? FAIL_NONE : FAIL_SYSTEM;
}

static void make_directory(const char *path)
{
    char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
    const char *slash = strrchr(path, '/');
    if (slash != NULL && slash != path) {
        memcpy(directory, path, (size_t)(slash - path));
        directory[slash - path] = '\0';
        /* Whether it existed or may not be made shows when the socket is bound. */
        (void)mkdir(directory, DIRECTORY_MODE);
    }
}

/* A listening descriptor, or a failure code. */
static int bind_socket(const struct sockaddr_un *address)
{
    make_directory(address->sun_path);
    int result = remove_stale(address);
    if (result != FAIL_NONE) {
        return result;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return FAIL_SYSTEM;
    }
    /* The file gets the descriptor's mode less the umask, so it is never open to others; chmod then adds the group. */
    if (fchmod(fd, SOCKET_MODE) == 0 && bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 &&
        chmod(address->sun_path, SOCKET_MODE) == 0 && listen(fd, BACKLOG) == 0) {
        return fd;
    }
    int error = errno;
    close(fd);
    errno = error;
    return error == EADDRINUSE ? FAIL_BUSY : FAIL_SYSTEM;
}

int control_open(struct event_base *base, const char *path, const struct control_ops *ops, void *ctx,
                 struct control **out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return FAIL_SPACE;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = bind_socket(&address);
    if (fd < 0) {
        return fd;
    }
    struct control *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        close(fd);
        return FAIL_MEMORY;
    }
    *c = (struct control){.base = base, .ops = ops, .ctx = ctx};
    memcpy(c->path, address.sun_path, sizeof(c->path));
    c->resume = evtimer_new(base, on_resume, c);
    c->listener = evconnlistener_new(base, on_accept, c, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (c->resume == NULL || c->listener == NULL) {
        close(fd);
        free(c);
        return FAIL_MEMORY;
    }
    evconnlistener_set_error_cb(c->listener, on_accept_error);
    *out = c;
    return FAIL_NONE;
}

void control_close(struct control *c)
{
    if (c == NULL) {
        return;
    }
    while (c->clients != NULL) {
        client_free(c->clients);
    }
    evconnlistener_free(c->listener);
    event_free(c->resume);
    (void)unlink(c->path);
    free(c);
}
