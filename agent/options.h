/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * options.h - the command line of hvagentx(8).
 */
#ifndef HVX_AGENT_OPTIONS_H
#define HVX_AGENT_OPTIONS_H

#include <stdbool.h>

struct options {
    bool foreground;
    bool check_config;
    bool diagnose;
    bool help;
    bool version;
    bool log_given;       /* -L has set where to log */
    const char *config;   /* NULL: net-snmp's search path */
    const char *socket;   /* NULL: as the configuration has it */
    const char *walk_uri; /* NULL: no --walk */
};

/*
 * Reads the command line; the strings stay those of argv.  -L takes effect at
 * once.  False: it is wrong, and a line on stderr has said how.
 */
bool options_parse(int argc, char *const *argv, struct options *ret_options);

/* Prints the usage to stdout. */
void options_print_help(void);

#endif
