#include "resolver/server/privileges.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

int privileges_find(const char *user, bool is_given, struct privileges *out)
{
    *out = (struct privileges){.user = user};
    if (geteuid() != 0 || user[0] == '\0') {
        return FAIL_NONE;
    }
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (entry == NULL) {
        out->stays_root = !is_given;
        return is_given ? FAIL_SYSTEM : FAIL_NONE;
    }
    out->must_drop = entry->pw_uid != 0;
    out->uid = entry->pw_uid;
    out->gid = entry->pw_gid;
    return FAIL_NONE;
}

/* What was there before must be a directory, not a file that would be given to the user. */
static int check_directory(const char *path)
{
    struct stat s;
    if (stat(path, &s) != 0) {
        return FAIL_SYSTEM;
    }
    errno = ENOTDIR;
    return S_ISDIR(s.st_mode) ? FAIL_NONE : FAIL_SYSTEM;
}

/* mkdir -p; the last component private. */
static int make_path(const char *directory)
{
    char path[PATH_MAX];
    size_t len = strlen(directory);
    if (len == 0 || len >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return FAIL_SYSTEM;
    }
    memcpy(path, directory, len + 1);
    for (char *at = path + 1; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\0';
            if (mkdir(path, 0755) != 0 && errno != EEXIST) {
                return FAIL_SYSTEM;
            }
            *at = '/';
        }
    }
    if (mkdir(path, 0750) == 0) {
        return FAIL_NONE;
    }
    return errno == EEXIST ? check_directory(path) : FAIL_SYSTEM;
}

int privileges_directory(const struct privileges *p, const char *directory)
{
    if (make_path(directory) != FAIL_NONE) {
        return FAIL_SYSTEM;
    }
    if (p->must_drop && chown(directory, p->uid, p->gid) != 0) {
        return FAIL_SYSTEM;
    }
    return FAIL_NONE;
}

int privileges_drop(const struct privileges *p)
{
    if (p->must_drop && (initgroups(p->user, p->gid) != 0 || setgid(p->gid) != 0 || setuid(p->uid) != 0)) {
        return FAIL_SYSTEM;
    }
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? FAIL_NONE : FAIL_SYSTEM;
}
