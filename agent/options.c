/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <ctype.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agent/options.h"

/* Options without a letter. */
enum {
    OPTION_CHECK_CONFIG = 0x100,
    OPTION_WALK,
    OPTION_DIAGNOSE,
};

static const struct option long_options[] = {
    { "foreground", no_argument, NULL, 'f' },
    { "config", required_argument, NULL, 'c' },
    { "agentx-socket", required_argument, NULL, 'x' },
    { "log", required_argument, NULL, 'L' },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
    { "diagnose", no_argument, NULL, OPTION_DIAGNOSE },
    { "walk", required_argument, NULL, OPTION_WALK },
    { NULL, 0, NULL, 0 },
};

void options_print_help(void)
{
    puts("Usage: hvagentx [-f] [-c FILE] [-x SOCKET] [-L OPTIONS]\n"
         "       hvagentx [-c FILE] --check-config\n"
         "       hvagentx [-c FILE] [-x SOCKET] --diagnose\n"
         "       hvagentx [-c FILE] --walk URI\n"
         "       hvagentx -V | -h\n"
         "\n"
         "  -f, --foreground            stay in the foreground\n"
         "  -c, --config FILE           read FILE instead of hvagentx.conf\n"
         "  -x, --agentx-socket SOCKET  the AgentX master's address\n"
         "  -L, --log OPTIONS           where to log: e, o, f FILE, s FACILITY\n"
         "      --check-config          check the configuration and end\n"
         "      --diagnose              find out what to mend, and end\n"
         "      --walk URI              print what would be published for URI\n"
         "  -V, --version               print the version\n"
         "  -h, --help                  print this help\n"
         "\n"
         "See hvagentx(8) and hvagentx.conf(5).");
}

/*
 * Directs the log.  The lower-case forms of -L log everything (snmpcmd(1)),
 * also net-snmp's informational messages, which repeat what is logged here as
 * changes of state: they are read as the upper-case forms with level notice.
 */
static bool set_log(const char *text, int argc, char *const *argv)
{
    char with_level[PATH_MAX + 8];
    const char *rest;

    if (text[0] == '\0' || strchr("efos", text[0]) == NULL) {
        snprintf(with_level, sizeof(with_level), "%s", text);
        return snmp_log_options(with_level, argc, argv) >= 0;
    }
    rest = text + 1 + strspn(text + 1, "= ");
    if (rest[0] == '\0' && strchr("fs", text[0]) != NULL) {
        if (optind == argc) {
            return false;
        }
        rest = argv[optind++];
    }
    snprintf(with_level, sizeof(with_level), "%cn%s", toupper(text[0]), rest);
    return snmp_log_options(with_level, argc, argv) >= 0;
}

bool options_parse(int argc, char *const *argv, struct options *ret_options)
{
    struct options options = { .foreground = false };
    int letter;

    while ((letter = getopt_long(argc, argv, "fc:x:L:Vh", long_options, NULL)) != -1) {
        switch (letter) {
        case 'f':
            options.foreground = true;
            break;
        case 'c':
            options.config = optarg;
            break;
        case 'x':
            options.socket = optarg;
            break;
        case 'L':
            if (!set_log(optarg, argc, argv)) {
                fprintf(stderr, "hvagentx: -L%s is not understood; see hvagentx -h\n",
                        optarg);
                return false;
            }
            options.log_given = true;
            break;
        case 'V':
            options.version = true;
            break;
        case 'h':
            options.help = true;
            break;
        case OPTION_CHECK_CONFIG:
            options.check_config = true;
            break;
        case OPTION_DIAGNOSE:
            options.diagnose = true;
            break;
        case OPTION_WALK:
            options.walk_uri = optarg;
            break;
        default:
            fprintf(stderr, "Try 'hvagentx -h'.\n");
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "hvagentx: '%s' is no option; try 'hvagentx -h'\n",
                argv[optind]);
        return false;
    }
    *ret_options = options;
    return true;
}
