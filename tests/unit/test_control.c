#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolver/dns/name.h"
#include "resolver/dns/type.h"
#include "resolver/server/control.h"

enum { PATIENCE_MS = 5000 };

/* A daemon that notes what it was asked and answers with it. */
struct fake {
    struct event_base *base;
    struct control *control;
    char directory[64];
    char path[108];
    char asked[512];
    struct control_call *kept; /* health keeps its call for later */
};

static void note(struct fake *f, struct control_call *call, const char *format, ...) PRINTF_LIKE(3, 4);
static void note(struct fake *f, struct control_call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->asked, sizeof(f->asked), format, args);
    va_end(args);
    control_reply(call, json_pack("{s:s}", "asked", f->asked));
}

static const char *text_of(const uint8_t *name)
{
    static char text[NAME_TEXT_SIZE];
    return name != NULL ? name_text(name, text) : "all";
}

static void fake_status(void *ctx, struct control_call *call)
{
    note(ctx, call, "status");
}

static void fake_health(void *ctx, struct control_call *call)
{
    struct fake *f = ctx;
    f->kept = call;
}

static void fake_reload(void *ctx, struct control_call *call)
{
    (void)ctx;
    control_refuse(call, 422, "wrong", json_pack("[s]", "cairn.yaml:1:1: error: no"));
}

static void fake_cache_get(void *ctx, struct control_call *call, const uint8_t *name, uint16_t type)
{
    note(ctx, call, "get %s %u", text_of(name), type);
}

static void fake_cache_list(void *ctx, struct control_call *call, const uint8_t *under, unsigned limit)
{
    note(ctx, call, "list %s %u", text_of(under), limit);
}

static void fake_cache_flush(void *ctx, struct control_call *call, const struct control_flush *what)
{
    note(ctx, call, "flush %s %u %d", text_of(what->name), what->type, what->subtree);
}

static void fake_cache_stats(void *ctx, struct control_call *call)
{
    note(ctx, call, "cache stats");
}

static void fake_zone_list(void *ctx, struct control_call *call, const uint8_t *name)
{
    note(ctx, call, "zones %s", text_of(name));
}

static void fake_zone_reload(void *ctx, struct control_call *call, const uint8_t *name)
{
    note(ctx, call, "reload %s", text_of(name));
}

static void fake_stats(void *ctx, struct control_call *call)
{
    note(ctx, call, "stats");
}

static void fake_upstreams(void *ctx, struct control_call *call, unsigned limit)
{
    note(ctx, call, "upstreams %u", limit);
}

static void fake_config_show(void *ctx, struct control_call *call, bool effective)
{
    note(ctx, call, "config %d", effective);
}

static void fake_anchor_list(void *ctx, struct control_call *call)
{
    note(ctx, call, "anchors");
}

static void fake_anchor_refresh(void *ctx, struct control_call *call)
{
    note(ctx, call, "refresh");
}

static void fake_nta_list(void *ctx, struct control_call *call)
{
    note(ctx, call, "ntas");
}

static void fake_nta_add(void *ctx, struct control_call *call, const struct control_nta *what)
{
    note(ctx, call, "nta %s %u %s", text_of(what->name), what->seconds, what->reason);
}

static void fake_nta_remove(void *ctx, struct control_call *call, const uint8_t *name)
{
    note(ctx, call, "no nta %s", text_of(name));
}

static const struct control_ops ops = {.status = fake_status,
                                       .health = fake_health,
                                       .reload = fake_reload,
                                       .cache_get = fake_cache_get,
                                       .cache_list = fake_cache_list,
                                       .cache_flush = fake_cache_flush,
                                       .cache_stats = fake_cache_stats,
                                       .zone_list = fake_zone_list,
                                       .zone_reload = fake_zone_reload,
                                       .stats = fake_stats,
                                       .upstreams = fake_upstreams,
                                       .config_show = fake_config_show,
                                       .anchor_list = fake_anchor_list,
                                       .anchor_refresh = fake_anchor_refresh,
                                       .nta_list = fake_nta_list,
                                       .nta_add = fake_nta_add,
                                       .nta_remove = fake_nta_remove};

static int set_up(void **state)
{
    struct fake *f = calloc(1, sizeof(*f));
    snprintf(f->directory, sizeof(f->directory), "/tmp/cairn-control-XXXXXX");
    assert_non_null(mkdtemp(f->directory));
    snprintf(f->path, sizeof(f->path), "%s/run/control.sock", f->directory);
    f->base = event_base_new();
    assert_int_equal(control_open(f->base, f->path, &ops, f, &f->control), FAIL_NONE);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fake *f = *state;
    char directory[80];
    control_close(f->control);
    event_base_free(f->base);
    snprintf(directory, sizeof(directory), "%s/run", f->directory);
    unlink(f->path);
    rmdir(directory);
    rmdir(f->directory);
    free(f);
    return 0;
}

static int client_connect(const struct fake *f)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

/* Runs the loop until the connection ends or `rounds` have passed; returns what was received. */
static const char *client_read(struct fake *f, int fd, int rounds)
{
    static char text[1 << 17];
    size_t len = 0;
    for (int i = 0; i < rounds; i++) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        event_base_loop(f->base, EVLOOP_NONBLOCK);
        poll(&poll_fd, 1, 1);
        ssize_t got = read(fd, text + len, sizeof(text) - 1 - len);
        if (got == 0) {
            break;
        }
        len += got > 0 ? (size_t)got : 0;
    }
    text[len] = '\0';
    return text;
}

static const char *ask(struct fake *f, const char *request)
{
    int fd = client_connect(f);
    size_t len = strlen(request);
    assert_true(fd >= 0);
    for (size_t sent = 0; sent < len;) {
        ssize_t put = write(fd, request + sent, len - sent);
        if (put < 0 && errno != EAGAIN) {
            break;
        }
        sent += put > 0 ? (size_t)put : 0;
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    const char *text = client_read(f, fd, PATIENCE_MS);
    close(fd);
    return text;
}

static void answers(struct fake *f, const char *request, const char *status, const char *part)
{
    const char *text = ask(f, request);
    if (strncmp(text, status, strlen(status)) != 0 || strstr(text, part) == NULL) {
        fail_msg("%s gave %s", request, text);
    }
}

#define OK "HTTP/1.1 200 OK\r\n"

static void every_route_reaches_its_operation(void **state)
{
    answers(*state, "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n", OK, "{\"asked\":\"status\"}\n");
    answers(*state, "GET /v1/stats HTTP/1.0\r\n\r\n", OK, "\"stats\"");
    answers(*state, "GET /v1/cache/stats HTTP/1.1\r\n\r\n", OK, "\"cache stats\"");
    answers(*state, "GET /v1/cache/entries?name=www.example.com&type=aaaa HTTP/1.1\r\n\r\n", OK,
            "\"get www.example.com. 28\"");
    answers(*state, "GET /v1/cache/entries?name=. HTTP/1.1\r\n\r\n", OK, "\"get . 0\"");
    answers(*state, "GET /v1/cache/list HTTP/1.1\r\n\r\n", OK, "\"list . 100\"");
    answers(*state, "GET /v1/cache/list?under=example&limit=5 HTTP/1.1\r\n\r\n", OK, "\"list example. 5\"");
    answers(*state, "GET /v1/zones HTTP/1.1\r\n\r\n", OK, "\"zones all\"");
    answers(*state, "GET /v1/zones?name=dev.test HTTP/1.1\r\n\r\n", OK, "\"zones dev.test.\"");
    answers(*state, "POST /v1/zones/reload HTTP/1.1\r\n\r\n", OK, "\"reload all\"");
    answers(*state, "GET /v1/upstreams?limit=7 HTTP/1.1\r\n\r\n", OK, "\"upstreams 7\"");
    answers(*state, "GET /v1/config?effective=true HTTP/1.1\r\n\r\n", OK, "\"config 1\"");
    answers(*state, "GET /v1/config HTTP/1.1\r\n\r\n", OK, "\"config 0\"");
    answers(*state,
            "POST /v1/cache/flush HTTP/1.1\r\nContent-Length: "
            "42\r\n\r\n{\"name\":\"a.b\",\"type\":\"A\",\"subtree\":true }  ",
            OK, "\"flush a.b. 1 1\"");
}

/* A POST of `body` to `path`; the answer must begin with `head` and contain `part`. */
static void post(void **state, const char *path, const char *body, const char *head, const char *part)
{
    char request[1024];
    snprintf(request, sizeof(request), "POST %s HTTP/1.1\r\nContent-Length: %zu\r\n\r\n%s", path, strlen(body), body);
    answers(*state, request, head, part);
}

static void trust_anchors_are_routed(void **state)
{
    answers(*state, "GET /v1/anchors HTTP/1.1\r\n\r\n", OK, "\"anchors\"");
    answers(*state, "POST /v1/anchors/refresh HTTP/1.1\r\n\r\n", OK, "\"refresh\"");
    answers(*state, "GET /v1/nta HTTP/1.1\r\n\r\n", OK, "\"ntas\"");
    post(state, "/v1/nta", "{\"name\":\"a.b\"}", OK, "\"nta a.b. 3600 \"");
    post(state, "/v1/nta", "{\"name\":\"a.b\",\"seconds\":604800,\"reason\":\"their \u00a7\"}", OK,
         "\"nta a.b. 604800 their \xc2\xa7\"");
    post(state, "/v1/nta/remove", "{\"name\":\"a.b\"}", OK, "\"no nta a.b.\"");
}

static void negative_trust_anchors_have_a_measure(void **state)
{
    char body[512], reason[CONTROL_REASON_MAX + 2];
    static const char *const wrong[] = {"\"seconds\":0", "\"seconds\":604801", "\"seconds\":-1", "\"seconds\":\"1h\"",
                                        "\"seconds\":1.5"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        snprintf(body, sizeof(body), "{\"name\":\"a\",%s}", wrong[i]);
        post(state, "/v1/nta", body, "HTTP/1.1 400", "'seconds' has a wrong value");
        post(state, "/v1/nta", body, "HTTP/1.1 400", "(expected: a number from 1 to 604800");
    }
    post(state, "/v1/nta", "{\"name\":\"a\",\"reason\":7}", "HTTP/1.1 400", "'reason'");
    post(state, "/v1/nta", "{\"name\":\"a\",\"reason\":\"two\\nlines\"}", "HTTP/1.1 400", "'reason'");
    memset(reason, 'x', sizeof(reason));
    reason[CONTROL_REASON_MAX + 1] = '\0';
    snprintf(body, sizeof(body), "{\"name\":\"a\",\"reason\":\"%s\"}", reason);
    post(state, "/v1/nta", body, "HTTP/1.1 400", "'reason'");
    post(state, "/v1/nta", "{\"seconds\":60}", "HTTP/1.1 400", "'name' is missing");
    post(state, "/v1/nta/remove", "{\"name\":\"a\",\"seconds\":60}", "HTTP/1.1 400", "not an argument");
}

static void names_are_percent_decoded(void **state)
{
    answers(*state, "GET /v1/cache/entries?name=a%5c.b%2Etest HTTP/1.1\r\n\r\n", OK, "\"get a\\\\.b.test. 0\"");
    answers(*state, "GET /v1/cache/entries?name=a%5 HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "");
    answers(*state, "GET /v1/cache/entries?name=a%zz HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "");
}

static void a_long_wrong_value_is_cut_between_characters(void **state)
{
    char request[512], part[256];
    size_t len = (size_t)snprintf(request, sizeof(request), "GET /v1/cache/entries?name=a");
    for (unsigned i = 0; i < 40; i++) {
        len += (size_t)snprintf(request + len, sizeof(request) - len, "%%c3%%bc");
    }
    snprintf(request + len, sizeof(request) - len, "..b HTTP/1.1\r\n\r\n");
    len = (size_t)snprintf(part, sizeof(part), "wrong value: 'a");
    for (unsigned i = 0; i < 31; i++) {
        len += (size_t)snprintf(part + len, sizeof(part) - len, "\xc3\xbc");
    }
    snprintf(part + len, sizeof(part) - len, "' (expected");
    answers(*state, request, "HTTP/1.1 400", part);
}

static void a_refusal_carries_its_problems(void **state)
{
    answers(*state, "POST /v1/reload HTTP/1.1\r\n\r\n", "HTTP/1.1 422 ",
            "{\"error\":\"wrong\",\"problems\":[\"cairn.yaml:1:1: error: no\"]}");
}

static void wrong_requests_get_a_reason(void **state)
{
    answers(*state, "GET /v1/nothing HTTP/1.1\r\n\r\n", "HTTP/1.1 404", "no such resource");
    answers(*state, "POST /v1/status HTTP/1.1\r\n\r\n", "HTTP/1.1 405", "another method");
    answers(*state, "GET /v1/status?x=1 HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "'x' is not an argument here");
    answers(*state, "GET /v1/cache/entries HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "'name' is missing");
    answers(*state, "GET /v1/cache/entries?name=a..b HTTP/1.1\r\n\r\n", "HTTP/1.1 400",
            "'name' has a wrong value: 'a..b' (expected: a domain name");
    answers(*state, "GET /v1/cache/entries?name=a&name=b HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "");
    answers(*state, "GET /v1/cache/entries?name=a&type=XYZ HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "'type'");
    answers(*state, "GET /v1/cache/list?limit=0 HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "'limit'");
    answers(*state, "GET /v1/cache/list?limit=10001 HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "'limit'");
    answers(*state, "GET /v1/config?effective=yes HTTP/1.1\r\n\r\n", "HTTP/1.1 400", "'effective'");
    answers(*state, "POST /v1/cache/flush HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]", "HTTP/1.1 400", "JSON object");
    answers(*state, "POST /v1/cache/flush HTTP/1.1\r\nContent-Length: 18\r\n\r\n{\"name\":1,\"a\":\"b\"}",
            "HTTP/1.1 400", "");
    answers(*state, "garbage\r\n\r\n", "HTTP/1.1 400", "");
    answers(*state, "GET /v1/status HTTP/2.0\r\n\r\n", "HTTP/1.1 400", "");
    answers(*state, "POST /v1/reload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 501", "");
    answers(*state, "POST /v1/reload HTTP/1.1\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400", "");
    answers(*state, "POST /v1/reload HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n{", "HTTP/1.1 400", "");
}

static void large_requests_are_refused(void **state)
{
    char *request = malloc(20000);
    answers(*state, "POST /v1/reload HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", "HTTP/1.1 413", "");
    answers(*state, "POST /v1/reload HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n", "HTTP/1.1 400", "");
    int len = snprintf(request, 20000, "GET /v1/status HTTP/1.1\r\nX: ");
    memset(request + len, 'a', 15000);
    request[len + 15000] = '\0';
    answers(*state, request, "HTTP/1.1 431", "");
    free(request);
}

static void a_request_may_come_in_pieces(void **state)
{
    struct fake *f = *state;
    const char *request = "POST /v1/cache/flush HTTP/1.1\r\nContent-Length: 14\r\n\r\n{\"name\":\"a.b\"}";
    int fd = client_connect(f);
    for (const char *at = request; *at != '\0'; at++) {
        assert_int_equal(write(fd, at, 1), 1);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    assert_non_null(strstr(client_read(f, fd, PATIENCE_MS), "\"flush a.b. 0 0\""));
    close(fd);
}

static void an_operation_may_answer_later(void **state)
{
    struct fake *f = *state;
    int fd = client_connect(f);
    const char request[] = "GET /v1/health HTTP/1.1\r\n\r\n";
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    assert_string_equal(client_read(f, fd, 20), "");
    assert_non_null(f->kept);
    answers(f, "GET /v1/status HTTP/1.1\r\n\r\n", OK, "status");
    control_reply_as(f->kept, 503, json_pack("{s:b}", "ok", 0));
    assert_non_null(strstr(client_read(f, fd, PATIENCE_MS), "HTTP/1.1 503 Service Unavailable\r\n"));
    close(fd);
}

static void a_client_may_leave_before_its_answer(void **state)
{
    struct fake *f = *state;
    int fd = client_connect(f);
    const char request[] = "GET /v1/health HTTP/1.1\r\n\r\n";
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    client_read(f, fd, 20);
    assert_non_null(f->kept);
    close(fd);
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    event_base_loop(f->base, EVLOOP_NONBLOCK);
    control_reply(f->kept, json_object());
    answers(f, "GET /v1/status HTTP/1.1\r\n\r\n", OK, "status");
}

static void a_call_outlives_the_socket(void **state)
{
    struct fake *f = *state;
    int fd = client_connect(f);
    const char request[] = "GET /v1/health HTTP/1.1\r\n\r\n";
    assert_int_equal(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    client_read(f, fd, 20);
    assert_non_null(f->kept);
    control_close(f->control);
    f->control = NULL;
    control_reply(f->kept, json_object());
    assert_string_equal(client_read(f, fd, PATIENCE_MS), "");
    close(fd);
}

static void the_ninth_client_waits_for_a_place(void **state)
{
    struct fake *f = *state;
    int fds[CONTROL_CLIENTS];
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        fds[i] = client_connect(f);
        assert_true(fds[i] >= 0);
        event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    int ninth = client_connect(f);
    const char request[] = "GET /v1/status HTTP/1.1\r\n\r\n";
    assert_int_equal(write(ninth, request, strlen(request)), (ssize_t)strlen(request));
    assert_string_equal(client_read(f, ninth, 50), "");
    close(fds[3]);
    assert_non_null(strstr(client_read(f, ninth, PATIENCE_MS), "\"asked\":\"status\""));
    close(ninth);
    for (int i = 0; i < CONTROL_CLIENTS; i++) {
        if (i != 3) {
            close(fds[i]);
        }
    }
}

static void the_socket_is_for_owner_and_group_only(void **state)
{
    struct fake *f = *state;
    struct stat st;
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
}

static void a_live_socket_is_not_taken_over(void **state)
{
    struct fake *f = *state;
    struct control *second = NULL;
    assert_int_equal(control_open(f->base, f->path, &ops, f, &second), FAIL_BUSY);
    answers(f, "GET /v1/status HTTP/1.1\r\n\r\n", OK, "status");
}

static void a_dead_socket_is_replaced(void **state)
{
    struct fake *f = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    control_close(f->control);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    close(fd);
    assert_int_equal(access(f->path, F_OK), 0);
    assert_int_equal(control_open(f->base, f->path, &ops, f, &f->control), FAIL_NONE);
    answers(f, "GET /v1/status HTTP/1.1\r\n\r\n", OK, "status");
}

static void a_file_that_is_no_socket_is_left_alone(void **state)
{
    struct fake *f = *state;
    struct control *second = NULL;
    control_close(f->control);
    f->control = NULL;
    int fd = open(f->path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_int_equal(control_open(f->base, f->path, &ops, f, &second), FAIL_SYSTEM);
    assert_int_equal(errno, EEXIST);
    assert_int_equal(access(f->path, F_OK), 0);
}

static void the_path_must_fit_and_exist(void **state)
{
    struct fake *f = *state;
    struct control *second = NULL;
    char path[200];
    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(control_open(f->base, path, &ops, f, &second), FAIL_SPACE);
    assert_int_equal(control_open(f->base, "/nonexistent/deep/control.sock", &ops, f, &second), FAIL_SYSTEM);
    assert_int_equal(errno, ENOENT);
}

static void closing_removes_the_file(void **state)
{
    struct fake *f = *state;
    control_close(f->control);
    f->control = NULL;
    assert_int_equal(access(f->path, F_OK), -1);
}

static void an_entry_shows_its_records_and_its_origin(void **state)
{
    (void)state;
    struct arena a;
    uint8_t name[NAME_SIZE];
    const uint8_t octets[4] = {192, 0, 2, 1};
    arena_init(&a, 65536);
    assert_int_equal(name_from_text("www.test", 8, NULL, name), FAIL_NONE);
    struct rrset *set = rrset_single(&a, name, TYPE_A, 300, (struct rdata_view){octets, 4});
    set->expires = 1300000;
    struct cache_entry e = {.name = name,
                            .slot = CACHE_ANSWER,
                            .type = TYPE_A,
                            .trust = TRUST_AUTHORITATIVE,
                            .stored = 1000000,
                            .expires = 1300000,
                            .source = addr_v4(octets, 53),
                            .sets = set};
    json_t *entry = control_cache_entry(&e, 1000500);
    char *text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, "{\"expires\":1300,\"name\":\"www.test.\",\"negative\":false,\"records\":[{\"data\":"
                              "\"192.0.2.1\",\"name\":\"www.test.\",\"ttl\":300,\"type\":\"A\"}],\"security\":"
                              "\"unchecked\",\"slot\":\"answer\",\"source\":\"192.0.2.1@53\",\"stored\":1000,"
                              "\"transport\":\"udp\",\"trust\":\"authoritative\",\"ttl\":300,\"type\":\"A\"}");
    free(text);
    json_decref(entry);
    e = (struct cache_entry){.name = name, .slot = CACHE_FAILURE, .type = TYPE_A, .error = {.code = 22}};
    entry = control_cache_entry(&e, 1000500);
    assert_string_equal(json_string_value(json_object_get(entry, "error")), "No Reachable Authority");
    assert_int_equal(json_integer_value(json_object_get(entry, "ttl")), 0);
    json_decref(entry);
    arena_fini(&a);
}

#define ON_SOCKET(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_SOCKET(every_route_reaches_its_operation),
        ON_SOCKET(trust_anchors_are_routed),
        ON_SOCKET(negative_trust_anchors_have_a_measure),
        ON_SOCKET(names_are_percent_decoded),
        ON_SOCKET(a_long_wrong_value_is_cut_between_characters),
        ON_SOCKET(a_refusal_carries_its_problems),
        ON_SOCKET(wrong_requests_get_a_reason),
        ON_SOCKET(large_requests_are_refused),
        ON_SOCKET(a_request_may_come_in_pieces),
        ON_SOCKET(an_operation_may_answer_later),
        ON_SOCKET(a_client_may_leave_before_its_answer),
        ON_SOCKET(a_call_outlives_the_socket),
        ON_SOCKET(the_ninth_client_waits_for_a_place),
        ON_SOCKET(the_socket_is_for_owner_and_group_only),
        ON_SOCKET(a_live_socket_is_not_taken_over),
        ON_SOCKET(a_dead_socket_is_replaced),
        ON_SOCKET(a_file_that_is_no_socket_is_left_alone),
        ON_SOCKET(the_path_must_fit_and_exist),
        ON_SOCKET(closing_removes_the_file),
        cmocka_unit_test(an_entry_shows_its_records_and_its_origin),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
