/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_module.c - which backend serves a URI, and what an operator is told
 * when none does.
 *
 * HVX_MODULES: where sim.so is.  HVX_BUILD: top of the build, where the
 * modules that are refused are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/module.h"

/* A folder of its own for each test. */
struct folder {
    char path[256];
    char module[300];
};

static int setup(void **state)
{
    struct folder *folder = calloc(1, sizeof(*folder));
    const char *parent = getenv("TMPDIR");

    if (folder == NULL) {
        return -1;
    }
    snprintf(folder->path, sizeof(folder->path), "%s/hvagentx-module.XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(folder->path) == NULL) {
        free(folder);
        return -1;
    }
    snprintf(folder->module, sizeof(folder->module), "%s/broken.so", folder->path);
    *state = folder;
    return 0;
}

static int teardown(void **state)
{
    struct folder *folder = *state;

    unlink(folder->module);
    rmdir(folder->path);
    free(folder);
    return 0;
}

static const char *modules(void)
{
    const char *path = getenv("HVX_MODULES");

    if (path == NULL) {
        fail_msg("HVX_MODULES is not set");
    }
    return path;
}

/* Where libtool puts the modules that test_module alone has. */
static const char *fakes(char path[static PATH_MAX])
{
    const char *build = getenv("HVX_BUILD");

    if (build == NULL) {
        fail_msg("HVX_BUILD is not set");
    }
    snprintf(path, PATH_MAX, "%s/tests/unit/.libs", build);
    return path;
}

/* Must fail with this status, and say something; *ret_ops is left alone. */
static void check_refused(const char *directory, const char *uri, enum status expected,
                          struct error *ret_error)
{
    const struct backend_ops *ops = NULL;
    enum status status = module_load(directory, uri, &ops, ret_error);

    if (status != expected || ret_error->status != expected) {
        fail_msg("%s in %s is %s: %s", uri, directory, status_name(status),
                 ret_error->text);
    }
    assert_null(ops);
    assert_string_not_equal(ret_error->text, "");
    assert_null(strchr(ret_error->text, '\n'));
}

static void test_schemes(void **state)
{
    static const struct {
        const char *uri;
        const char *scheme;
    } cases[] = {
        { "sim:/etc/node.xml", "sim" },
        { "sim:", "sim" },
        { "xen:///", "xen" },
        { "qemu+ssh://user@host/system", "qemu" },
        { "b2:x", "b2" },
        { "abcdefghijklmno:x", "abcdefghijklmno" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char scheme[MODULE_SCHEME_SIZE] = "untouched";
        struct error error = ERROR_NONE;

        if (module_scheme(cases[i].uri, scheme, &error) != STATUS_OK) {
            fail_msg("%s: %s", cases[i].uri, error.text);
        }
        assert_string_equal(scheme, cases[i].scheme);
    }
}

static void test_what_has_no_scheme_is_refused(void **state)
{
    static const char *const uris[] = {
        "",
        ":",
        "sim",
        "/etc/node.xml",
        "../sim:x",
        "./sim:x",
        "Sim:x",
        "s m:x",
        "sim/../sim:x",
        "sim\n:x",
        "abcdefghijklmnop:x", /* 16 letters do not fit */
        "s\xc3\xbcm:x",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
        char scheme[MODULE_SCHEME_SIZE] = "untouched";
        struct error error = ERROR_NONE;

        if (module_scheme(uris[i], scheme, &error) != STATUS_INVALID) {
            fail_msg("'%s' has a scheme: %s", uris[i], scheme);
        }
        assert_string_equal(scheme, "untouched");
        assert_string_not_equal(error.text, "");
        check_refused(modules(), uris[i], STATUS_INVALID, &error);
    }
}

static void test_a_good_module_is_loaded(void **state)
{
    const struct backend_ops *ops = NULL;
    const struct backend_ops *again = NULL;
    struct error error = ERROR_NONE;

    (void)state;
    if (module_load(modules(), "sim:/no/such/file", &ops, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    assert_non_null(ops);
    assert_string_equal(ops->name, "sim");
    assert_non_null(ops->software);
    assert_non_null(ops->open);
    assert_non_null(ops->close);
    assert_non_null(ops->collect);
    assert_int_equal(module_load(modules(), "sim+x:y", &again, &error), STATUS_OK);
    assert_ptr_equal(again, ops);
}

static void test_a_missing_module_is_named_with_those_there_are(void **state)
{
    const struct folder *folder = *state;
    struct error error = ERROR_NONE;

    check_refused(modules(), "vmware://host/", STATUS_NOT_FOUND, &error);
    assert_non_null(strstr(error.text, "vmware"));
    assert_non_null(strstr(error.text, modules()));
    assert_non_null(strstr(error.text, "modules there: sim)"));
    /* What to do about it. */
    assert_non_null(strstr(error.text, "--with-vmware"));
    assert_non_null(strstr(error.text, "moduleDir"));

    check_refused(folder->path, "sim:x", STATUS_NOT_FOUND, &error);
    assert_non_null(strstr(error.text, "none"));
    check_refused("/no/such/folder", "sim:x", STATUS_NOT_FOUND, &error);
    assert_non_null(strstr(error.text, "/no/such/folder"));
}

static void test_a_file_that_is_no_module_is_refused(void **state)
{
    const struct folder *folder = *state;
    struct error error = ERROR_NONE;
    FILE *file = fopen(folder->module, "w");

    assert_non_null(file);
    fputs("this is no shared object\n", file);
    assert_int_equal(fclose(file), 0);
    check_refused(folder->path, "broken:x", STATUS_FAILED, &error);
    assert_non_null(strstr(error.text, folder->module));
}

static void test_a_shared_object_that_is_no_backend_is_refused(void **state)
{
    char path[PATH_MAX];
    struct error error = ERROR_NONE;

    (void)state;
    check_refused(fakes(path), "fakenone:x", STATUS_UNSUPPORTED, &error);
    assert_non_null(strstr(error.text, "fakenone.so"));
}

static void test_a_module_of_another_version_is_refused(void **state)
{
    char path[PATH_MAX];
    char abi[16];
    struct error error = ERROR_NONE;

    (void)state;
    check_refused(fakes(path), "fakeabi:x", STATUS_UNSUPPORTED, &error);
    assert_non_null(strstr(error.text, "fakeabi.so"));
    snprintf(abi, sizeof(abi), "ABI %d,", BACKEND_ABI + 1);
    assert_non_null(strstr(error.text, abi));
}

static void test_a_folder_whose_name_is_too_long_is_refused(void **state)
{
    char path[PATH_MAX + 10];
    struct error error = ERROR_NONE;

    (void)state;
    memset(path, 'x', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';
    check_refused(path, "sim:x", STATUS_INVALID, &error);
    assert_non_null(strstr(error.text, "moduleDir"));
}

#define WITH_FOLDER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schemes),
        cmocka_unit_test(test_what_has_no_scheme_is_refused),
        cmocka_unit_test(test_a_good_module_is_loaded),
        WITH_FOLDER(test_a_missing_module_is_named_with_those_there_are),
        WITH_FOLDER(test_a_file_that_is_no_module_is_refused),
        cmocka_unit_test(test_a_shared_object_that_is_no_backend_is_refused),
        cmocka_unit_test(test_a_module_of_another_version_is_refused),
        cmocka_unit_test(test_a_folder_whose_name_is_too_long_is_refused),
    };

    return cmocka_run_group_tests_name("module", tests, NULL, NULL);
}
