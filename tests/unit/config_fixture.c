/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <net-snmp/agent/net-snmp-agent-includes.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/log.h"
#include "tests/unit/config_fixture.h"

unsigned conf_line_count;
char conf_lines[CONF_LINES_MAX][CONF_LINE_SIZE];
char conf_folder[256];
char conf_path[300];

void conf_complain(const char *line)
{
    if (conf_line_count < CONF_LINES_MAX) {
        snprintf(conf_lines[conf_line_count], sizeof(conf_lines[0]), "%s", line);
    }
    conf_line_count++;
}

int conf_prepare(void **state)
{
    const char *parent = getenv("TMPDIR");

    (void)state;
    snprintf(conf_folder, sizeof(conf_folder), "%s/hvagentx-config.XXXXXX",
             parent != NULL ? parent : "/tmp");
    if (mkdtemp(conf_folder) == NULL) {
        return -1;
    }
    snprintf(conf_path, sizeof(conf_path), "%s/hvagentx.conf", conf_folder);
    setenv("MIBS", "", 1);
    setenv("SNMPCONFPATH", conf_folder, 1);
    setenv("SNMP_PERSISTENT_DIR", conf_folder, 1);
    if (!log_init()) {
        return -1;
    }
    netsnmp_enable_subagent();
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID,
                           NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    init_agent("hvagentx");
    config_init();
    return 0;
}

int conf_clean_up(void **state)
{
    (void)state;
    unlink(conf_path);
    if (rmdir(conf_folder) != 0) {
        print_error("%s is not empty\n", conf_folder);
        return -1;
    }
    return 0;
}

void conf_write(const char *text)
{
    FILE *file = fopen(conf_path, "w");

    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    conf_line_count = 0;
}

struct config *conf_good(const char *text)
{
    struct config *config = NULL;

    conf_write(text);
    if (config_read(conf_path, conf_complain, &config, NULL) != STATUS_OK
        || conf_line_count != 0) {
        fail_msg("refused: %s: %s", text, conf_lines[0]);
    }
    assert_non_null(config);
    return config;
}

const char *conf_bad_line(const char *text, unsigned line)
{
    static struct config untouched;
    struct config *config = &untouched;
    char place[400];

    conf_write(text);
    if (config_read(conf_path, conf_complain, &config, NULL) == STATUS_OK) {
        config_free(config);
        fail_msg("taken: %s", text);
    }
    assert_ptr_equal(config, &untouched);
    if (conf_line_count != 1) {
        fail_msg("%u complaints of: %s", conf_line_count, text);
    }
    snprintf(place, sizeof(place), "%s: line %u: ", conf_path, line);
    if (strncmp(conf_lines[0], place, strlen(place)) != 0) {
        fail_msg("of '%s' not '%s...' but: %s", text, place, conf_lines[0]);
    }
    assert_null(strchr(conf_lines[0], '\n'));
    return conf_lines[0];
}
