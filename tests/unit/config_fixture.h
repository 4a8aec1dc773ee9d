/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * config_fixture.h - files that are read as hvagentx.conf, and what is said of
 * them.
 */
#ifndef HVX_TESTS_UNIT_CONFIG_FIXTURE_H
#define HVX_TESTS_UNIT_CONFIG_FIXTURE_H

#include "agent/config.h"

#define CONF_LINES_MAX 80
#define CONF_LINE_SIZE 1200

/*
 * What conf_complain() got since the last conf_write(): config_read() has no
 * argument of ours for it.
 */
extern unsigned conf_line_count;
extern char conf_lines[CONF_LINES_MAX][CONF_LINE_SIZE];

/* The folder of the process's files, and the file that is read. */
extern char conf_folder[256];
extern char conf_path[300];

/*
 * For a group of tests: prepares net-snmp as the agent does at its start, but for
 * what it keeps in the system, and removes the files.
 */
int conf_prepare(void **state);
int conf_clean_up(void **state);

void conf_complain(const char *line);

/* Makes it the whole file. */
void conf_write(const char *text);

/* A configuration that is good; free with config_free(). */
struct config *conf_good(const char *text);

/* A configuration that is refused, with one complaint for the line given: it. */
const char *conf_bad_line(const char *text, unsigned line);

#endif
