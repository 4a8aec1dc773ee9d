/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_host_walk.c - hrStorageTable as a real snmpd shows it: what is read,
 * when, and when not.
 */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/host_walk.h"

#define DEADLINE_S 30

#define DESCR "1.3.6.1.2.1.25.2.3.1.3"

/* How much later it is than the clock says. */
static time_t later_s;

int __real_clock_gettime(clockid_t id, struct timespec *time);
int __wrap_clock_gettime(clockid_t id, struct timespec *time);

int __wrap_clock_gettime(clockid_t id, struct timespec *time)
{
    int result = __real_clock_gettime(id, time);

    time->tv_sec += later_s;
    return result;
}

/* A snmpd, how it is asked, and who asks it. */
struct lab {
    char folder[256];
    int port;
    pid_t snmpd;
    struct host_agent *agent;
    struct host_walk *walk;
};

static int free_port(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET };
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* Starts snmpd with these lines in its configuration. */
static void start_snmpd(struct lab *lab, const char *lines)
{
    char path[300];
    char log[300];
    FILE *file;

    snprintf(path, sizeof(path), "%s/snmpd.conf", lab->folder);
    snprintf(log, sizeof(log), "%s/log", lab->folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file,
            "agentAddress udp:127.0.0.1:%d\nrocommunity secret 127.0.0.1\n"
            "createUser joe SHA-256 passphrase AES passphrase\nrouser joe auth\n%s",
            lab->port, lines);
    assert_int_equal(fclose(file), 0);
    lab->snmpd = fork();
    assert_true(lab->snmpd >= 0);
    if (lab->snmpd == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("snmpd", "snmpd", "-f", "-Lf", log, "-I", "-smux", "-C", "-c", path,
               (char *)NULL);
        _exit(127);
    }
}

static void stop_snmpd(struct lab *lab)
{
    kill(lab->snmpd, SIGTERM);
    assert_int_equal(waitpid(lab->snmpd, NULL, 0), lab->snmpd);
    lab->snmpd = 0;
}

/* One round of net-snmp's loop, and what comes after it. */
static void serve(struct host_walk *walk)
{
    struct timeval patience = { .tv_usec = 100000 };
    fd_set descriptors;
    int count = 0;
    int block = 0;

    FD_ZERO(&descriptors);
    snmp_select_info(&count, &descriptors, &patience, &block);
    if (select(count, &descriptors, NULL, NULL, &patience) > 0) {
        snmp_read(&descriptors);
    } else {
        snmp_timeout();
    }
    host_walk_check(walk);
}

/* Until what was begun has ended. */
static void finish(struct host_walk *walk)
{
    host_walk_check(walk);
    while (host_walk_is_busy(walk)) {
        serve(walk);
    }
}

/* Asks as the options say, again and again until snmpd is there. */
static const struct host_storage *read_table(struct lab *lab, const char *options)
{
    char line[300];
    struct error error = ERROR_NONE;
    time_t end = time(NULL) + DEADLINE_S;

    snprintf(line, sizeof(line), "%s -t 1 -r 0 127.0.0.1:%d", options, lab->port);
    assert_int_equal(host_agent_parse(line, &lab->agent, &error), STATUS_OK);
    lab->walk = host_walk_new();
    assert_non_null(lab->walk);
    assert_null(host_walk_table(lab->walk));
    host_walk_configure(lab->walk, lab->agent);
    do {
        host_walk_start(lab->walk);
        finish(lab->walk);
    } while (host_walk_table(lab->walk)->count == 0 && time(NULL) < end);
    return host_walk_table(lab->walk);
}

/* What net-snmp's own program says is compared with the table. */
static void check_table(const struct lab *lab, const struct host_storage *table)
{
    char command[300];
    char line[1100];
    size_t count = 0;
    FILE *pipe;

    snprintf(command, sizeof(command),
             "snmpbulkwalk -v 2c -c secret -On -OQ 127.0.0.1:%d " DESCR, lab->port);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    while (fgets(line, sizeof(line), pipe) != NULL) {
        unsigned index;
        char path[1024];

        assert_int_equal(sscanf(line, "." DESCR ".%u = \"%1023[^\"]", &index, path), 2);
        if (path[0] == '/') {
            assert_int_equal(host_storage_find(table, path), index);
            count++;
        } else {
            assert_int_equal(host_storage_find(table, path), 0);
        }
    }
    pclose(pipe);
    assert_true(count > 0);
    assert_int_equal(table->count, count);
}

static int set_up(void **state)
{
    const char *parent = getenv("TMPDIR");
    struct lab *lab = calloc(1, sizeof(*lab));

    *state = lab;
    later_s = 0;
    snprintf(lab->folder, sizeof(lab->folder), "%s/hvagentx-walk.XXXXXX",
             parent != NULL ? parent : "/tmp");
    lab->port = free_port();
    return mkdtemp(lab->folder) == NULL
           || setenv("SNMP_PERSISTENT_DIR", lab->folder, 1) != 0;
}

static int clean_up(void **state)
{
    struct lab *lab = *state;
    char command[300];
    int result;

    host_walk_free(lab->walk);
    host_agent_free(lab->agent);
    if (lab->snmpd > 0) {
        stop_snmpd(lab);
    }
    snprintf(command, sizeof(command), "rm -rf '%s'", lab->folder);
    result = system(command);
    free(lab);
    return result;
}

static void test_a_table_of_2c(void **state)
{
    struct lab *lab = *state;

    start_snmpd(lab, "");
    check_table(lab, read_table(lab, "-v 2c -c secret"));
}

static void test_a_table_of_version_3(void **state)
{
    struct lab *lab = *state;

    start_snmpd(lab, "");
    check_table(lab, read_table(lab, "-v 3 -u joe -l authPriv -a SHA-256 -A passphrase "
                                     "-x AES -X passphrase"));
}

static void test_rows_have_a_limit(void **state)
{
    struct lab *lab = *state;
    size_t size = 5000 * 80;
    char *lines = malloc(size);
    size_t length = 0;
    const struct host_storage *table;

    assert_non_null(lines);
    for (int i = 0; i < 5000; i++) {
        int written =
            snprintf(lines + length, size - length,
                     "override " DESCR ".%d octet_str \"/mnt/%d\"\n", 100000 + i, i);

        assert_true(written > 0);
        length += (size_t)written;
    }
    start_snmpd(lab, lines);
    free(lines);
    table = read_table(lab, "-v 2c -c secret");
    assert_true(table->count > HOST_WALK_ROWS_MAX - 100);
    assert_true(table->count <= HOST_WALK_ROWS_MAX);
    assert_int_equal(host_storage_find(table, "/mnt/17"), 100017);
    assert_int_equal(host_storage_find(table, "/mnt/4999"), 0);
}

static void test_it_is_read_again_only_when_asked_and_old(void **state)
{
    struct lab *lab = *state;
    const struct host_storage *table;

    start_snmpd(lab, "override " DESCR ".100000 octet_str \"/mnt\"\n");
    table = read_table(lab, "-v 2c -c secret");
    assert_int_equal(host_storage_find(table, "/mnt"), 100000);
    /* It is young. */
    host_walk_check(lab->walk);
    assert_false(host_walk_is_busy(lab->walk));
    later_s = 59;
    assert_int_equal(host_storage_find(table, "/mnt"), 100000);
    host_walk_check(lab->walk);
    assert_false(host_walk_is_busy(lab->walk));
    /* It is old, but nobody asks. */
    later_s = 3600;
    host_walk_check(lab->walk);
    assert_false(host_walk_is_busy(lab->walk));
    /* Somebody asks, and has the old one. */
    assert_int_equal(host_storage_find(table, "/mnt"), 100000);
    host_walk_check(lab->walk);
    assert_true(host_walk_is_busy(lab->walk));
    assert_int_equal(host_storage_find(host_walk_table(lab->walk), "/mnt"), 100000);
    finish(lab->walk);
    table = host_walk_table(lab->walk);
    assert_int_equal(host_storage_find(table, "/mnt"), 100000);
}

static void test_what_cannot_be_read_again_is_dropped(void **state)
{
    struct lab *lab = *state;
    const struct host_storage *table;

    start_snmpd(lab, "");
    table = read_table(lab, "-v 2c -c secret");
    assert_true(table->count > 0);
    stop_snmpd(lab);
    later_s = 61;
    assert_int_equal(host_storage_find(table, "/no/such"), 0);
    finish(lab->walk);
    assert_int_equal(host_walk_table(lab->walk)->count, 0);
}

static void test_without_a_master_there_is_no_table(void **state)
{
    struct lab *lab = *state;

    start_snmpd(lab, "");
    assert_true(read_table(lab, "-v 2c -c secret")->count > 0);
    host_walk_stop(lab->walk);
    host_walk_check(lab->walk);
    assert_false(host_walk_is_busy(lab->walk));
    assert_int_equal(host_walk_table(lab->walk)->count, 0);
    /* While it is being read. */
    host_walk_start(lab->walk);
    host_walk_check(lab->walk);
    assert_true(host_walk_is_busy(lab->walk));
    host_walk_stop(lab->walk);
    host_walk_check(lab->walk);
    assert_false(host_walk_is_busy(lab->walk));
    host_walk_start(lab->walk);
    finish(lab->walk);
    check_table(lab, host_walk_table(lab->walk));
    host_walk_configure(lab->walk, NULL);
    assert_null(host_walk_table(lab->walk));
}

static void test_it_can_end_at_any_moment(void **state)
{
    static const char *const options[] = { "-v 2c -c secret",
                                           "-v 3 -u joe -l authNoPriv -a SHA-256 "
                                           "-A passphrase" };
    struct lab *lab = *state;

    start_snmpd(lab, "");
    for (size_t i = 0; i < 2; i++) {
        assert_true(read_table(lab, options[i])->count > 0);
        for (int rounds = 0; rounds < 6; rounds++) {
            host_walk_start(lab->walk);
            host_walk_check(lab->walk);
            for (int round = 0; round < rounds && host_walk_is_busy(lab->walk);
                 round++) {
                serve(lab->walk);
            }
            host_walk_configure(lab->walk, lab->agent);
            assert_false(host_walk_is_busy(lab->walk));
        }
        finish(lab->walk);
        check_table(lab, host_walk_table(lab->walk));
        host_walk_start(lab->walk);
        host_walk_check(lab->walk);
        host_walk_free(lab->walk);
        host_agent_free(lab->agent);
        lab->walk = NULL;
        lab->agent = NULL;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_table_of_2c, set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_a_table_of_version_3, set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_rows_have_a_limit, set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_it_is_read_again_only_when_asked_and_old,
                                        set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_read_again_is_dropped,
                                        set_up, clean_up),
        cmocka_unit_test_setup_teardown(test_without_a_master_there_is_no_table, set_up,
                                        clean_up),
        cmocka_unit_test_setup_teardown(test_it_can_end_at_any_moment, set_up,
                                        clean_up),
    };
    int result;

    setenv("MIBS", "", 1);
    setenv("SNMPCONFPATH", "/nonexistent", 1);
    if (system("command -v snmpd >/dev/null && command -v snmpbulkwalk >/dev/null")
        != 0) {
        printf("1..0 # SKIP snmpd or snmpbulkwalk is not installed\n");
        return 0;
    }
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    init_snmp("hvagentx");
    result = cmocka_run_group_tests_name("host_walk", tests, NULL, NULL);
    snmp_shutdown("hvagentx");
    return result;
}
