#include "resolver/server/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char top[64];
static const struct privileges ours = {.must_drop = false};

static int set_up(void **state)
{
    (void)state;
    snprintf(top, sizeof(top), "/tmp/cairn-privileges-XXXXXX");
    return mkdtemp(top) == NULL;
}

static int tear_down(void **state)
{
    static const char *const left[] = {"/a/b/c", "/a/b", "/a", "/file", ""};
    (void)state;
    for (unsigned i = 0; i < sizeof(left) / sizeof(*left); i++) {
        char path[128];
        snprintf(path, sizeof(path), "%s%s", top, left[i]);
        remove(path);
    }
    return 0;
}

static const char *in_top(const char *rest)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s%s", top, rest);
    return path;
}

static mode_t mode_of(const char *path)
{
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    assert_true(S_ISDIR(s.st_mode));
    return s.st_mode & 07777;
}

static void missing_directories_are_made_and_the_last_is_private(void **state)
{
    (void)state;
    mode_t before = umask(022);
    assert_int_equal(privileges_directory(&ours, in_top("/a/b/c")), FAIL_NONE);
    assert_int_equal(mode_of(in_top("/a/b/c")), 0750);
    assert_int_equal(mode_of(in_top("/a/b")), 0755);
    assert_int_equal(privileges_directory(&ours, in_top("/a/b/c/")), FAIL_NONE);
    assert_int_equal(privileges_directory(&ours, in_top("/a//b")), FAIL_NONE);
    umask(before);
}

static void a_directory_that_is_there_keeps_its_mode(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_top("/a"), 0700), 0);
    assert_int_equal(privileges_directory(&ours, in_top("/a")), FAIL_NONE);
    assert_int_equal(mode_of(in_top("/a")), 0700);
}

static void a_directory_that_cannot_be_is_an_error_that_says_why(void **state)
{
    (void)state;
    char path[5000];
    close(open(in_top("/file"), O_CREAT | O_WRONLY, 0600));
    errno = 0;
    assert_int_equal(privileges_directory(&ours, in_top("/file/b")), FAIL_SYSTEM);
    assert_int_equal(errno, ENOTDIR);
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(privileges_directory(&ours, path), FAIL_SYSTEM);
    assert_int_equal(errno, ENAMETOOLONG);
    assert_int_equal(privileges_directory(&ours, ""), FAIL_SYSTEM);
}

static void a_file_in_its_place_is_an_error(void **state)
{
    (void)state;
    close(open(in_top("/file"), O_CREAT | O_WRONLY, 0600));
    assert_int_equal(privileges_directory(&ours, in_top("/file")), FAIL_SYSTEM);
    assert_int_equal(errno, ENOTDIR);
}

static void only_root_has_privileges_to_give_up(void **state)
{
    (void)state;
    struct privileges p;
    bool is_root = geteuid() == 0;
    assert_int_equal(privileges_find("", true, &p), FAIL_NONE);
    assert_false(p.must_drop);
    assert_false(p.stays_root);
    assert_int_equal(privileges_find("no-such-user-here", false, &p), FAIL_NONE);
    assert_int_equal(p.stays_root, is_root);
    assert_false(p.must_drop);
    assert_int_equal(privileges_find("root", true, &p), FAIL_NONE);
    assert_false(p.must_drop);
    assert_int_equal(privileges_find("no-such-user-here", true, &p), is_root ? FAIL_SYSTEM : FAIL_NONE);
    assert_int_equal(privileges_find("nobody", true, &p), FAIL_NONE);
    assert_int_equal(p.must_drop, is_root);
}

/* In a child, as it cannot be undone. The status tells the step that failed. */
static int drop_in_child(const char *user)
{
    pid_t pid = fork();
    if (pid == 0) {
        struct privileges p;
        if (privileges_find(user, true, &p) != FAIL_NONE || privileges_drop(&p) != FAIL_NONE) {
            _exit(1);
        }
        if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
            _exit(2);
        }
        bool is_kept = p.must_drop && (geteuid() != p.uid || getegid() != p.gid || seteuid(0) == 0 || setuid(0) == 0);
        _exit(is_kept ? 3 : 0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void what_is_given_up_cannot_be_had_again(void **state)
{
    (void)state;
    assert_int_equal(drop_in_child(""), 0);
    assert_int_equal(drop_in_child("nobody"), 0);
}

static void the_directory_belongs_to_the_user_who_will_write_it(void **state)
{
    struct privileges p;
    struct stat s;
    (void)state;
    assert_int_equal(privileges_find("nobody", true, &p), FAIL_NONE);
    if (!p.must_drop) {
        skip();
    }
    assert_int_equal(privileges_directory(&p, in_top("/a/b")), FAIL_NONE);
    assert_int_equal(stat(in_top("/a/b"), &s), 0);
    assert_int_equal(s.st_uid, p.uid);
    assert_int_equal(s.st_gid, p.gid);
    assert_int_equal(stat(in_top("/a"), &s), 0);
    assert_int_equal(s.st_uid, 0);
}

#define PRIVILEGES_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PRIVILEGES_TEST(missing_directories_are_made_and_the_last_is_private),
        PRIVILEGES_TEST(a_directory_that_is_there_keeps_its_mode),
        PRIVILEGES_TEST(a_directory_that_cannot_be_is_an_error_that_says_why),
        PRIVILEGES_TEST(a_file_in_its_place_is_an_error),
        PRIVILEGES_TEST(only_root_has_privileges_to_give_up),
        PRIVILEGES_TEST(what_is_given_up_cannot_be_had_again),
        PRIVILEGES_TEST(the_directory_belongs_to_the_user_who_will_write_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
