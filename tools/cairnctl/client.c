#include "tools/cairnctl/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "resolver/server/config.h"
#include "tools/cairnctl/print.h"

/* A reload reads every zone; nothing else takes long. */
enum { PATIENCE_S = 120 };

static void ignore(void *arg, const struct config_problem *problem)
{
    (void)arg, (void)problem;
}

/* Writes where the daemon should be; false after reporting a configuration that cannot be read. */
static bool find_socket(const struct arguments *a, char *out, size_t size)
{
    const char *path = a->socket != NULL ? a->socket : a->config == NULL ? getenv("CAIRN_SOCKET") : NULL;
    struct config *c = NULL;
    if (path == NULL || path[0] == '\0') {
        c = config_load(a->config, a->config != NULL ? config_print : ignore, stderr);
        if (c == NULL && a->config != NULL) {
            return false;
        }
        c = c != NULL ? c : config_defaults();
        path = c->control.socket;
    }
    snprintf(out, size, "%s", path);
    config_free(c);
    return true;
}

static enum ctl_exit report_connect(const char *path)
{
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTSOCK) {
        fprintf(stderr, "cairnctl: cairnd is not running: nothing answers at %s (%s)\n", path, strerror(errno));
        return CTL_NOT_RUNNING;
    }
    fprintf(stderr, "cairnctl: %s: %s%s\n", path, strerror(errno),
            errno == EACCES ? "; the socket is open to its owner and group" : "");
    return CTL_FAILED;
}

static enum ctl_exit open_socket(const struct arguments *a, int *fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval patience = {PATIENCE_S, 0};
    char path[4096];
    if (!find_socket(a, path, sizeof(path))) {
        return CTL_FAILED;
    }
    if (strlen(path) >= sizeof(address.sun_path)) {
        fprintf(stderr, "cairnctl: %s: longer than a socket's path may be\n", path);
        return CTL_FAILED;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    *fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (*fd < 0) {
        return report_connect(path);
    }
    setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    if (connect(*fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        enum ctl_exit result = report_connect(path);
        close(*fd);
        return result;
    }
    return CTL_OK;
}

/* Percent-encodes everything but unreserved characters (RFC 3986 2.3). */
static void put_encoded(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        bool is_plain =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c) != NULL;
        fprintf(out, is_plain ? "%c" : "%%%02X", c);
    }
}

static void put_query(FILE *out, json_t *arguments)
{
    const char *key;
    json_t *value;
    const char *mark = "?";
    json_object_foreach(arguments, key, value)
    {
        fprintf(out, "%s%s=", mark, key);
        put_encoded(out, json_string_value(value));
        mark = "&";
    }
}

static char *make_request(const char *method, const char *path, json_t *arguments, size_t *len)
{
    char *text = NULL;
    bool has_body = strcmp(method, "POST") == 0 && arguments != NULL;
    char *body = has_body ? json_dumps(arguments, JSON_COMPACT) : NULL;
    FILE *out = open_memstream(&text, len);
    if (out == NULL) {
        free(body);
        return NULL;
    }
    fprintf(out, "%s %s", method, path);
    if (!has_body) {
        put_query(out, arguments);
    }
    fprintf(out, " HTTP/1.1\r\nHost: cairnd\r\n");
    if (body != NULL) {
        fprintf(out, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(body));
    }
    fprintf(out, "\r\n%s", body != NULL ? body : "");
    fclose(out);
    free(body);
    return text;
}

/* Everything up to the end of the connection; NULL with errno. */
static char *read_all(int fd, size_t *len)
{
    char *text = NULL;
    char block[16384];
    ssize_t got;
    FILE *out = open_memstream(&text, len);
    while (out != NULL && (got = read(fd, block, sizeof(block))) > 0) {
        fwrite(block, 1, (size_t)got, out);
    }
    int error = errno;
    if (out == NULL || fclose(out) != 0 || got < 0) {
        free(text);
        errno = error;
        return NULL;
    }
    return text;
}

static bool write_all(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t put = send(fd, text, len, MSG_NOSIGNAL);
        if (put < 0) {
            return false;
        }
        text += put;
        len -= (size_t)put;
    }
    return true;
}

/* "HTTP/1.1 200 ..." and what follows the empty line. */
static int parse_response(const char *text, json_t **body)
{
    int status = 0;
    const char *start = strstr(text, "\r\n\r\n");
    if (start == NULL || sscanf(text, "HTTP/1.%*1d %3d", &status) != 1) {
        return 0;
    }
    *body = json_loads(start + 4, 0, NULL);
    return *body != NULL ? status : 0;
}

static enum ctl_exit exchange(int fd, const char *request, size_t request_len, int *status, json_t **body)
{
    size_t len;
    char *text = write_all(fd, request, request_len) ? read_all(fd, &len) : NULL;
    if (text == NULL) {
        fprintf(stderr, "cairnctl: no answer from the daemon: %s\n",
                errno == EAGAIN ? "it takes too long" : strerror(errno));
        return CTL_FAILED;
    }
    *status = parse_response(text, body);
    free(text);
    if (*status == 0) {
        fprintf(stderr, "cairnctl: the answer is not what cairnd would send\n");
        return CTL_FAILED;
    }
    return CTL_OK;
}

static void report_refusal(const struct arguments *a, json_t *body)
{
    size_t i;
    json_t *problem;
    if (a->json) {
        print_json(body);
        return;
    }
    fprintf(stderr, "cairnctl: %s\n", json_string_value(json_object_get(body, "error")));
    json_array_foreach(json_object_get(body, "problems"), i, problem)
    {
        const char *text = json_string_value(problem);
        size_t len = json_string_length(problem);
        fprintf(stderr, "%s%s", text, len > 0 && text[len - 1] == '\n' ? "" : "\n");
    }
}

static enum ctl_exit ask(const struct arguments *a, const char *method, const char *path, json_t *arguments,
                         json_t **out)
{
    int fd, status;
    size_t len;
    char *request = make_request(method, path, arguments, &len);
    json_t *body = NULL;
    json_decref(arguments);
    *out = NULL;
    enum ctl_exit result = request != NULL ? open_socket(a, &fd) : CTL_FAILED;
    if (result == CTL_OK) {
        result = exchange(fd, request, len, &status, &body);
        close(fd);
    }
    free(request);
    if (result == CTL_OK && json_object_get(body, "error") != NULL) {
        report_refusal(a, body);
        json_decref(body);
        return CTL_FAILED;
    }
    *out = body;
    return result;
}

enum ctl_exit client_get(const struct arguments *a, const char *path, json_t *arguments, json_t **out)
{
    return ask(a, "GET", path, arguments, out);
}

static enum ctl_exit show(const struct arguments *a, const char *method, const char *path, json_t *arguments,
                          client_print_fn *print)
{
    json_t *answer;
    enum ctl_exit result = ask(a, method, path, arguments, &answer);
    if (result != CTL_OK) {
        return result;
    }
    if (a->json) {
        print_json(answer);
    } else {
        print(a, answer);
    }
    json_decref(answer);
    return CTL_OK;
}

enum ctl_exit client_show(const struct arguments *a, const char *path, json_t *arguments, client_print_fn *print)
{
    return show(a, "GET", path, arguments, print);
}

enum ctl_exit client_change(const struct arguments *a, const char *path, json_t *arguments, client_print_fn *print)
{
    return show(a, "POST", path, arguments, print);
}
