/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_host.c - interfaces and file systems of the host, with real ones: in
 * namespaces of the test's own, where it is allowed to make them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/host.h"

/* --- interfaces --------------------------------------------------------------- */

#define MANY 20000

/* What the host has, if this is not NULL. */
static struct if_nameindex *invented;

struct if_nameindex *__real_if_nameindex(void);
struct if_nameindex *__wrap_if_nameindex(void);
void __real_if_freenameindex(struct if_nameindex *list);
void __wrap_if_freenameindex(struct if_nameindex *list);

struct if_nameindex *__wrap_if_nameindex(void)
{
    return invented != NULL ? invented : __real_if_nameindex();
}

void __wrap_if_freenameindex(struct if_nameindex *list)
{
    if (list != invented) {
        __real_if_freenameindex(list);
    }
}

static void test_interfaces_of_this_host(void **state)
{
    struct host_interfaces *interfaces = host_interfaces_read();
    struct if_nameindex *list = __real_if_nameindex();

    (void)state;
    assert_non_null(interfaces);
    assert_non_null(list);
    assert_int_equal(host_interfaces_find(interfaces, "lo"), if_nametoindex("lo"));
    for (size_t i = 0; list[i].if_index != 0; i++) {
        assert_int_equal(host_interfaces_find(interfaces, list[i].if_name),
                         list[i].if_index);
    }
    __real_if_freenameindex(list);
    host_interfaces_free(interfaces);
}

static void test_interfaces_that_are_not_there(void **state)
{
    static const char *const absent[] = { "",
                                          "l",
                                          "lo0",
                                          "lo ",
                                          "LO",
                                          "0123456789abcde",
                                          "0123456789abcdef",
                                          "a name that is too long" };
    struct host_interfaces *interfaces = host_interfaces_read();

    (void)state;
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(host_interfaces_find(interfaces, absent[i]), 0);
    }
    assert_int_equal(host_interfaces_find(interfaces, NULL), 0);
    assert_int_equal(host_interfaces_find(NULL, "lo"), 0);
    host_interfaces_free(interfaces);
    host_interfaces_free(NULL);
}

static void test_many_interfaces(void **state)
{
    struct if_nameindex *list = calloc(MANY + 1, sizeof(*list));
    struct host_interfaces *interfaces;

    (void)state;
    assert_non_null(list);
    for (unsigned i = 0; i < MANY; i++) {
        char name[IF_NAMESIZE];

        snprintf(name, sizeof(name), "vnet%u", i);
        list[i].if_index = 100000 - i;
        list[i].if_name = strdup(name);
    }
    invented = list;
    interfaces = host_interfaces_read();
    invented = NULL;
    assert_non_null(interfaces);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(host_interfaces_find(interfaces, list[i].if_name), 100000 - i);
        free(list[i].if_name);
    }
    assert_int_equal(host_interfaces_find(interfaces, "vnet20000"), 0);
    assert_int_equal(host_interfaces_find(interfaces, "vnet"), 0);
    free(list);
    host_interfaces_free(interfaces);
}

/* --- in namespaces of their own ---------------------------------------------- */

#define SKIPPED 77

/* What a child does; 0, or the line that failed. */
typedef int child_fn(const char *folder);

#define CHECK(condition)                                                               \
    do {                                                                               \
        if (!(condition)) {                                                            \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                    \
            return 1;                                                                  \
        }                                                                              \
    } while (0)

/* Runs the function in a process whose mounts or interfaces are its own. */
static void run_apart(int namespace, child_fn *function, const char *folder)
{
    pid_t child = fork();
    int result;

    assert_true(child >= 0);
    if (child == 0) {
        if (unshare(namespace) != 0
            || (namespace == CLONE_NEWNS
                && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)) {
            _exit(SKIPPED);
        }
        _exit(function(folder));
    }
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == SKIPPED) {
        skip();
    }
    assert_int_equal(WEXITSTATUS(result), 0);
}

static int look_at_new_interfaces(const char *folder)
{
    struct host_interfaces *interfaces;

    (void)folder;
    if (system("exec 2>/dev/null; PATH=$PATH:/usr/sbin:/sbin; ip link add hvx0 type "
               "dummy || ip link add hvx0 type bridge || ip tuntap add hvx0 mode tap")
        != 0) {
        return SKIPPED;
    }
    interfaces = host_interfaces_read();
    CHECK(interfaces != NULL);
    CHECK(host_interfaces_find(interfaces, "lo") == 1);
    CHECK(host_interfaces_find(interfaces, "hvx0") == if_nametoindex("hvx0"));
    CHECK(host_interfaces_find(interfaces, "hvx0") > 1);
    host_interfaces_free(interfaces);
    return 0;
}

static void test_interfaces_of_another_namespace(void **state)
{
    run_apart(CLONE_NEWNET, look_at_new_interfaces, *state);
}

/* --- file systems --------------------------------------------------------------- */

/* A path below the folder of the test, in one of a few places. */
static const char *below(const char *folder, const char *name)
{
    static char paths[8][1024];
    static unsigned next;
    char *path = paths[next++ % 8];

    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static int make_file(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

    return fd < 0 ? -1 : close(fd);
}

/* As df tells it. */
static void ask_df(const char *path, char *mount_point, size_t size)
{
    char command[600];
    FILE *pipe;

    snprintf(command, sizeof(command), "df --output=target '%s' | tail -n 1", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_non_null(fgets(mount_point, (int)size, pipe));
    pclose(pipe);
    mount_point[strcspn(mount_point, "\n")] = '\0';
}

static void test_mount_points_as_df_has_them(void **state)
{
    static const char *const paths[] = { "/",     "/etc/passwd", "/proc/version",
                                         "/proc", "/dev/null",   "/usr/bin" };
    struct host_mounts *mounts = host_mounts_new();
    char expected[512];

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *mount_point = host_mount_point(mounts, paths[i]);

        /* df passes over a device to what is on it. */
        ask_df(strcmp(paths[i], "/dev/null") == 0 ? "/dev" : paths[i], expected,
               sizeof(expected));
        assert_non_null(mount_point);
        assert_string_equal(mount_point, expected);
    }
    host_mounts_free(mounts);
    host_mounts_free(NULL);
}

static void test_symlinks_are_followed(void **state)
{
    const char *folder = *state;
    struct host_mounts *mounts = host_mounts_new();
    const char *link = below(folder, "link");

    assert_int_equal(symlink("/proc/version", link), 0);
    assert_string_equal(host_mount_point(mounts, link), "/proc");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("nowhere", link), 0);
    assert_null(host_mount_point(mounts, link));
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("link", link), 0);
    assert_null(host_mount_point(mounts, link));
    assert_int_equal(unlink(link), 0);
    host_mounts_free(mounts);
}

static void test_what_cannot_be_known(void **state)
{
    const char *folder = *state;
    struct host_mounts *mounts = host_mounts_new();
    char path[5000];

    assert_null(host_mount_point(mounts, NULL));
    assert_null(host_mount_point(mounts, ""));
    assert_null(host_mount_point(mounts, "etc/passwd"));
    assert_null(host_mount_point(mounts, "."));
    assert_null(host_mount_point(mounts, below(folder, "missing")));
    assert_null(host_mount_point(mounts, "/etc/passwd/x"));
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    assert_null(host_mount_point(mounts, path));
    host_mounts_free(mounts);
}

static void test_more_folders_than_the_cache_has(void **state)
{
    const char *folder = *state;
    struct host_mounts *mounts = host_mounts_new();
    char expected[512];
    char name[32];

    ask_df(folder, expected, sizeof(expected));
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 2 * HOST_MOUNTS_FOLDERS_MAX + 1; i++) {
            snprintf(name, sizeof(name), "d%d", i * 7919 % 1000);
            if (round == 0) {
                assert_int_equal(mkdir(below(folder, name), 0700), 0);
            }
            assert_string_equal(host_mount_point(mounts, below(folder, name)),
                                expected);
            assert_string_equal(host_mount_point(mounts, "/proc/version"), "/proc");
        }
    }
    for (int i = 0; i < 2 * HOST_MOUNTS_FOLDERS_MAX + 1; i++) {
        snprintf(name, sizeof(name), "d%d", i * 7919 % 1000);
        assert_int_equal(rmdir(below(folder, name)), 0);
    }
    host_mounts_free(mounts);
}

static bool is_at(struct host_mounts *mounts, const char *path, const char *mount_point)
{
    const char *found = host_mount_point(mounts, path);

    if (found == NULL || strcmp(found, mount_point) != 0) {
        fprintf(stderr, "%s is in %s\n", path, found == NULL ? "NULL" : found);
        return false;
    }
    return true;
}

static int look_at_new_mounts(const char *folder)
{
    struct host_mounts *mounts = host_mounts_new();
    char top[512];

    snprintf(top, sizeof(top), "%s", folder);
    CHECK(mount("tmpfs", top, "tmpfs", 0, "size=1m") == 0);
    CHECK(mkdir(below(top, "images"), 0755) == 0);
    CHECK(mkdir(below(top, "images/deep"), 0755) == 0);
    CHECK(mkdir(below(top, "bound"), 0755) == 0);
    CHECK(mkdir(below(top, "other disk"), 0755) == 0);
    CHECK(make_file(below(top, "images/deep/a.img")) == 0);
    CHECK(mount("tmpfs", below(top, "other disk"), "tmpfs", 0, "size=1m") == 0);
    CHECK(make_file(below(top, "other disk/b.img")) == 0);
    CHECK(symlink("../other disk/b.img", below(top, "images/b.img")) == 0);

    CHECK(is_at(mounts, top, top));
    CHECK(is_at(mounts, below(top, "images"), top));
    CHECK(is_at(mounts, below(top, "images/deep/a.img"), top));
    CHECK(is_at(mounts, below(top, "images/deep/../deep//a.img"), top));
    CHECK(is_at(mounts, below(top, "other disk/b.img"), below(top, "other disk")));
    CHECK(is_at(mounts, below(top, "other disk"), below(top, "other disk")));
    CHECK(is_at(mounts, below(top, "images/b.img"), below(top, "other disk")));

    /* A bind mount below its own file system leads to the top of that one. */
    CHECK(mount(below(top, "images"), below(top, "bound"), NULL, MS_BIND, NULL) == 0);
    CHECK(is_at(mounts, below(top, "bound/deep/a.img"), top));
    /* In another one it is a mount point of its own. */
    CHECK(mkdir(below(top, "other disk/images"), 0755) == 0);
    CHECK(mount(below(top, "images"), below(top, "other disk/images"), NULL, MS_BIND,
                NULL)
          == 0);
    CHECK(is_at(mounts, below(top, "other disk/images/deep/a.img"),
                below(top, "other disk/images")));
    /* So is a file that is mounted. */
    CHECK(mount("/proc/version", below(top, "images/deep/a.img"), NULL, MS_BIND, NULL)
          == 0);
    CHECK(is_at(mounts, below(top, "images/deep/a.img"),
                below(top, "images/deep/a.img")));
    host_mounts_free(mounts);
    return 0;
}

static void test_mounts_of_another_namespace(void **state)
{
    run_apart(CLONE_NEWNS, look_at_new_mounts, *state);
}

static int look_without_permission(const char *folder)
{
    struct host_mounts *mounts = host_mounts_new();
    char closed[512];

    snprintf(closed, sizeof(closed), "%s/closed", folder);
    CHECK(host_mount_point(mounts, folder) != NULL);
    if (geteuid() == 0 && seteuid(65534) != 0) {
        return SKIPPED;
    }
    CHECK(host_mount_point(mounts, below(closed, "file")) == NULL);
    host_mounts_free(mounts);
    return 0;
}

static void test_a_folder_that_nobody_may_enter(void **state)
{
    const char *folder = *state;
    char closed[512];

    snprintf(closed, sizeof(closed), "%s/closed", folder);
    assert_int_equal(mkdir(closed, 0700), 0);
    assert_int_equal(make_file(below(closed, "file")), 0);
    assert_int_equal(chmod(closed, 0), 0);
    run_apart(0, look_without_permission, folder);
    assert_int_equal(chmod(closed, 0700), 0);
    assert_int_equal(unlink(below(closed, "file")), 0);
    assert_int_equal(rmdir(closed), 0);
}

static int make_folder(void **state)
{
    const char *parent = getenv("TMPDIR");
    char name[256];

    snprintf(name, sizeof(name), "%s/hvagentx-host.XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(name) == NULL) {
        return -1;
    }
    *state = realpath(name, NULL);
    return *state == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    int result = rmdir(*state);

    free(*state);
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_interfaces_of_this_host),
        cmocka_unit_test(test_interfaces_that_are_not_there),
        cmocka_unit_test(test_many_interfaces),
        cmocka_unit_test(test_interfaces_of_another_namespace),
        cmocka_unit_test(test_mount_points_as_df_has_them),
        cmocka_unit_test(test_symlinks_are_followed),
        cmocka_unit_test(test_what_cannot_be_known),
        cmocka_unit_test(test_more_folders_than_the_cache_has),
        cmocka_unit_test(test_mounts_of_another_namespace),
        cmocka_unit_test(test_a_folder_that_nobody_may_enter),
    };

    return cmocka_run_group_tests_name("host", tests, make_folder, remove_folder);
}
