#include "resolver/net/holder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TCP_LISTEN 0x0a /* state column of /proc/net/tcp */

struct entry {
    unsigned long inode;
    unsigned long user;
};

/* /proc/net prints each 32-bit word of the address in host order. */
static void read_octets(const char *hex, size_t words, uint8_t *out)
{
    for (size_t i = 0; i < words; i++) {
        char word[9] = {0};
        memcpy(word, hex + 8 * i, 8);
        uint32_t value = (uint32_t)strtoul(word, NULL, 16);
        memcpy(out + 4 * i, &value, 4);
    }
}

static bool is_wildcard(const struct addr *a)
{
    static const uint8_t zero[16];
    return memcmp(a->octets, zero, sizeof(zero)) == 0;
}

static bool read_local(const char *hex, unsigned port, struct addr *out)
{
    size_t digits = strlen(hex);
    uint8_t octets[16];
    if (digits == 8) {
        read_octets(hex, 1, octets);
        *out = addr_v4(octets, (uint16_t)port);
        return true;
    }
    if (digits == 32) {
        read_octets(hex, 4, octets);
        *out = addr_v6(octets, (uint16_t)port);
        return true;
    }
    return false;
}

/* One line of /proc/net/{tcp,udp}{,6}: is it a socket that keeps us from binding? */
static bool parse_line(const char *line, const struct addr *wanted, bool stream, struct entry *out)
{
    char local[33];
    unsigned port, state;
    if (sscanf(line, " %*u: %32[0-9A-Fa-f]:%x %*s %x %*s %*s %*s %lu %*s %lu", local, &port, &state, &out->user,
               &out->inode) != 5) {
        return false;
    }
    struct addr held;
    if (port != wanted->port || (stream && state != TCP_LISTEN) || !read_local(local, port, &held)) {
        return false;
    }
    return addr_same_host(&held, wanted) || is_wildcard(&held) || is_wildcard(wanted);
}

static bool find_entry(const char *table, const struct addr *wanted, bool stream, struct entry *out)
{
    FILE *f = fopen(table, "re");
    if (f == NULL) {
        return false;
    }
    char line[512];
    bool found = false;
    while (!found && fgets(line, sizeof(line), f) != NULL) {
        found = parse_line(line, wanted, stream, out);
    }
    fclose(f);
    return found;
}

static bool has_socket(const char *pid, unsigned long inode)
{
    char path[300], link[64], wanted[64];
    snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
    snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
    DIR *dir = opendir(path);
    if (dir == NULL) {
        return false;
    }
    bool found = false;
    for (struct dirent *e; !found && (e = readdir(dir)) != NULL;) {
        ssize_t len = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);
        if (len > 0) {
            link[len] = '\0';
            found = strcmp(link, wanted) == 0;
        }
    }
    closedir(dir);
    return found;
}

static void name_process(const char *pid, char out[HOLDER_SIZE])
{
    char path[64], name[64] = "a process";
    snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        if (fgets(name, sizeof(name), f) != NULL) {
            name[strcspn(name, "\n")] = '\0';
        }
        fclose(f);
    }
    snprintf(out, HOLDER_SIZE, "%s (pid %.20s)", name, pid);
}

static bool find_process(unsigned long inode, char out[HOLDER_SIZE])
{
    DIR *dir = opendir("/proc");
    if (dir == NULL) {
        return false;
    }
    bool found = false;
    for (struct dirent *e; !found && (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] >= '1' && e->d_name[0] <= '9' && has_socket(e->d_name, inode)) {
            name_process(e->d_name, out);
            found = true;
        }
    }
    closedir(dir);
    return found;
}

char *holder_find(const struct addr *address, bool stream, char out[HOLDER_SIZE])
{
    const char *v4 = stream ? "/proc/net/tcp" : "/proc/net/udp";
    const char *v6 = stream ? "/proc/net/tcp6" : "/proc/net/udp6";
    struct entry entry = {0};
    snprintf(out, HOLDER_SIZE, "another process");
    if (!find_entry(address->len == 4 ? v4 : v6, address, stream, &entry) &&
        !find_entry(address->len == 4 ? v6 : v4, address, stream, &entry)) {
        return out;
    }
    if (!find_process(entry.inode, out)) {
        snprintf(out, HOLDER_SIZE, "a process of user %lu", entry.user);
    }
    return out;
}
