/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_mib_official.c - the MIB modules that this project restates, against
 * the official ones: VM-MIB says the same, the helpers nothing else.
 *
 * HVX_SOURCE: top of the source tree.  HVX_OFFICIAL_MIBS: folder of the
 * official modules, MODULE.txt each; default: ../shared/mibs beside the source
 * tree.  Without that folder the test is skipped.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/mib_dump.h"

#define PATH_SIZE 4096
#define TEXT_SIZE 100000
#define NAME_SIZE 64

static const char *source(void)
{
    const char *folder = getenv("HVX_SOURCE");

    return folder == NULL ? "." : folder;
}

/* The folder of the official modules; false: there is none. */
static bool official(char folder[static PATH_SIZE])
{
    const char *given = getenv("HVX_OFFICIAL_MIBS");

    if (given != NULL && given[0] != '\0') {
        snprintf(folder, PATH_SIZE, "%s", given);
    } else {
        snprintf(folder, PATH_SIZE, "%s/../shared/mibs", source());
    }
    return access(folder, R_OK | X_OK) == 0;
}

static void load_official(struct mib_dump *ret_dump, const char *module)
{
    char folder[PATH_SIZE];
    char file[PATH_SIZE + NAME_SIZE];

    assert_true(official(folder));
    snprintf(file, sizeof(file), "%s/%s.txt", folder, module);
    if (access(file, R_OK) != 0) {
        fail_msg("there is no official %s in %s to compare with", module, folder);
    }
    mib_dump_load(ret_dump, file, folder, module);
}

/* A module of ours; imports are ours too. */
static void load_ours(struct mib_dump *ret_dump, const char *file, const char *module)
{
    char path[2 * PATH_SIZE];

    snprintf(path, sizeof(path), "%s/mib:%s/mib/helper", source(), source());
    mib_dump_load(ret_dump, file, path, module);
}

static void load_ours_from(struct mib_dump *ret_dump, const char *folder,
                           const char *module)
{
    char file[PATH_SIZE];

    snprintf(file, sizeof(file), "%s/%s/%s.txt", source(), folder, module);
    load_ours(ret_dump, file, module);
}

/* How many lines of `from` are not in `in`; each is shown after `word`. */
static unsigned missing(const struct mib_dump *from, const struct mib_dump *in,
                        const char *word)
{
    unsigned count = 0;

    for (size_t i = 0; i < from->count; i++) {
        if (!mib_dump_has(in, from->lines[i])) {
            count++;
            if (word != NULL) {
                print_error("%s %s\n", word, from->lines[i]);
            }
        }
    }
    return count;
}

static void test_vm_mib_is_the_official_one(void **state)
{
    struct mib_dump theirs;
    struct mib_dump ours;
    unsigned differences;

    (void)state;
    load_official(&theirs, "VM-MIB");
    load_ours_from(&ours, "mib", "VM-MIB");
    differences = missing(&theirs, &ours, "VM-MIB: only the official one has")
                  + missing(&ours, &theirs, "VM-MIB: only ours has");
    assert_true(theirs.count > 0);
    mib_dump_free(&theirs);
    mib_dump_free(&ours);
    assert_int_equal(differences, 0);
}

/* The module of a file MODULE.txt; false: another kind of file. */
static bool module_of(const char *file, char module[static NAME_SIZE])
{
    size_t length = strlen(file);
    const char *end = ".txt";

    if (length <= strlen(end) || length >= NAME_SIZE
        || strcmp(file + length - strlen(end), end) != 0) {
        return false;
    }
    snprintf(module, NAME_SIZE, "%.*s", (int)(length - strlen(end)), file);
    return true;
}

static unsigned compare_helper(const char *module)
{
    struct mib_dump theirs;
    struct mib_dump ours;
    char word[2 * NAME_SIZE];
    unsigned differences;

    load_official(&theirs, module);
    load_ours_from(&ours, "mib/helper", module);
    snprintf(word, sizeof(word), "%s: only ours has", module);
    differences = missing(&ours, &theirs, word);
    assert_true(ours.count > 0);
    mib_dump_free(&theirs);
    mib_dump_free(&ours);
    return differences;
}

static void test_helpers_say_what_the_official_ones_say(void **state)
{
    char folder[PATH_SIZE];
    char module[NAME_SIZE];
    const struct dirent *entry;
    unsigned differences = 0;
    unsigned modules = 0;
    DIR *helpers;

    (void)state;
    snprintf(folder, sizeof(folder), "%s/mib/helper", source());
    helpers = opendir(folder);
    assert_non_null(helpers);
    while ((entry = readdir(helpers)) != NULL) {
        if (module_of(entry->d_name, module)) {
            differences += compare_helper(module);
            modules++;
        }
    }
    closedir(helpers);
    assert_true(modules > 0);
    assert_int_equal(differences, 0);
}

/*
 * Our VM-MIB with one change: the first `from` after `anchor` becomes `to`.
 */
static void write_changed(FILE *file, const char *anchor, const char *from,
                          const char *to)
{
    static char text[TEXT_SIZE];
    char name[PATH_SIZE];
    FILE *original;
    const char *at;
    size_t length;

    snprintf(name, sizeof(name), "%s/mib/VM-MIB.txt", source());
    original = fopen(name, "r");
    assert_non_null(original);
    length = fread(text, 1, sizeof(text) - 1, original);
    assert_true(length > 0 && length < sizeof(text) - 1);
    fclose(original);
    text[length] = '\0';
    at = strstr(text, anchor);
    at = at == NULL ? NULL : strstr(at, from);
    if (at == NULL) {
        fail_msg("VM-MIB has no \"%s\" after \"%s\"", from, anchor);
        return;
    }
    fwrite(text, 1, (size_t)(at - text), file);
    fputs(to, file);
    fputs(at + strlen(from), file);
}

/* A change of ours has to show as a difference to ours without it. */
static void check_change(const char *name, const char *anchor, const char *from,
                         const char *to)
{
    struct mib_dump whole;
    struct mib_dump changed;
    FILE *file = fopen(name, "w");
    unsigned differences;

    assert_non_null(file);
    write_changed(file, anchor, from, to);
    assert_int_equal(fclose(file), 0);
    load_ours(&changed, name, "VM-MIB");
    load_ours_from(&whole, "mib", "VM-MIB");
    differences = missing(&whole, &changed, NULL) + missing(&changed, &whole, NULL);
    mib_dump_free(&whole);
    mib_dump_free(&changed);
    if (differences == 0) {
        fail_msg("\"%s\" instead of \"%s\" after \"%s\" is not noticed", to, from,
                 anchor);
    }
}

static int make_file(void **state)
{
    char *name = strdup("/tmp/test_mib_official.XXXXXX");
    int fd = name == NULL ? -1 : mkstemp(name);

    *state = name;
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
    int result = unlink(*state);

    free(*state);
    return result;
}

/* Without it, the tests above could be good because they see nothing. */
static void test_each_kind_of_change_is_noticed(void **state)
{
    static const struct {
        const char *anchor;
        const char *from;
        const char *to;
    } changes[] = {
        { "\nvmName OBJECT-TYPE", "read-only", "read-write" },
        { "\nvmName OBJECT-TYPE", "current", "deprecated" },
        { "\nvmName OBJECT-TYPE", "(0..255)", "(0..254)" },
        { "\nvmName OBJECT-TYPE", "SnmpAdminString", "OCTET STRING" },
        { "\nvmMinMem OBJECT-TYPE", "-1", "-2" },
        { "\nvmCpuTime OBJECT-TYPE", "UNITS       \"", "UNITS       \"milli" },
        { "\nvmCpuTime OBJECT-TYPE", "Counter64", "Counter32" },
        { "\nvmCpuCoreTime OBJECT-TYPE", "vmCpuEntry 2", "vmCpuEntry 3" },
        { "\nVirtualMachineIndex ::=", "\"d\"", "\"x\"" },
        { "\nVirtualMachineAdminState ::=", "running(1),", "running(17)," },
        { "\nvmCpuEntry OBJECT-TYPE", "vmIndex, vmCpuIndex", "vmCpuIndex, vmIndex" },
        { "\nvmCrashed NOTIFICATION-TYPE", "vmName", "vmOSType" },
        { "\nvmCrashed NOTIFICATION-TYPE", "vmName, vmUUID", "vmUUID, vmName" },
        { "\nvmNetworkGroup OBJECT-GROUP", "vmNetworkIfIndex,", "" },
        { "\nvmReadOnlyCompliances ", "vmCpuGroup,", "" },
        { "\nvmReadOnlyCompliances ", "MIN-ACCESS  read-only",
          "MIN-ACCESS  not-accessible" },
        { "\nvmReadOnlyCompliances ", "vmCompliances 2", "vmCompliances 3" },
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        check_change(*state, changes[i].anchor, changes[i].from, changes[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vm_mib_is_the_official_one),
        cmocka_unit_test(test_helpers_say_what_the_official_ones_say),
        cmocka_unit_test_setup_teardown(test_each_kind_of_change_is_noticed, make_file,
                                        remove_file),
    };
    char folder[PATH_SIZE];

    /* cmocka's own way to skip counts as a failure in TAP. */
    if (!official(folder)) {
        printf("1..0 # SKIP no folder %s of the official MIB modules\n", folder);
        return EXIT_SUCCESS;
    }
    return cmocka_run_group_tests_name("mib_official", tests, NULL, NULL);
}
