/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * mknode.c - hvagentx-mknode(1): writes the file of a simulated node.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backends/mknode_write.h"

#define EXIT_USAGE 2

/* What a simulated node's file may have: SIM_NODE_SIZE_MAX of sim_node.h. */
#define SIZE_MAX_MIB 64

/* Options with a number, in the order of `limits`. */
enum option_number {
    OPTION_DOMAINS,
    OPTION_VCPUS,
    OPTION_DISKS,
    OPTION_INTERFACES,
    OPTION_SEED,
    OPTION_RUNNING,
};
#define OPTION_COUNT (OPTION_RUNNING + 1)

static const struct option long_options[] = {
    { "domains", required_argument, NULL, 'd' },
    { "vcpus", required_argument, NULL, 'c' },
    { "disks", required_argument, NULL, 'k' },
    { "interfaces", required_argument, NULL, 'i' },
    { "seed", required_argument, NULL, 's' },
    { "running", required_argument, NULL, 'r' },
    { "version", no_argument, NULL, 'V' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};
static const char letters[] = "d:c:k:i:s:r:Vh";

static const struct {
    char letter;
    uint64_t min;
    uint64_t max;
} limits[] = {
    [OPTION_DOMAINS] = { 'd', 0, MKNODE_DOMAINS_MAX },
    [OPTION_VCPUS] = { 'c', 0, MKNODE_VCPUS_MAX },
    [OPTION_DISKS] = { 'k', 0, MKNODE_DISKS_MAX },
    [OPTION_INTERFACES] = { 'i', 0, MKNODE_INTERFACES_MAX },
    [OPTION_SEED] = { 's', 0, UINT64_MAX },
    [OPTION_RUNNING] = { 'r', 0, 100 },
};
_Static_assert(sizeof(limits) / sizeof(limits[0]) == OPTION_COUNT,
               "limits of each option");

static void print_help(void)
{
    puts("Usage: hvagentx-mknode [-d N] [-c N] [-k N] [-i N] [-s SEED] [-r PERCENT]\n"
         "       hvagentx-mknode -V | -h\n"
         "\n"
         "Writes the file of a simulated node to standard output.\n"
         "\n"
         "  -d, --domains N       how many domains (10)\n"
         "  -c, --vcpus N         virtual CPUs of each; 0: as its role has them (0)\n"
         "  -k, --disks N         disks of each, beside a CD drive (2)\n"
         "  -i, --interfaces N    network interfaces of each (1)\n"
         "  -s, --seed SEED       another seed makes another node (1)\n"
         "  -r, --running PERCENT of all domains that run (80)\n"
         "  -V, --version         print the version\n"
         "  -h, --help            print this help\n"
         "\n"
         "See hvagentx-mknode(1) and hvagentx-sim(5).");
}

/* Digits alone, within the limits. */
static bool read_number(const char *text, enum option_number option,
                        uint64_t *ret_number)
{
    unsigned long long number;
    char *end;

    if (text[0] == '\0' || strspn(text, "0123456789") != strlen(text)) {
        return false;
    }
    errno = 0;
    number = strtoull(text, &end, 10);
    if (errno != 0 || number < limits[option].min || number > limits[option].max) {
        return false;
    }
    *ret_number = number;
    return true;
}

/* False, with words on standard error, for what is no option. */
static bool read_option(int letter, uint64_t numbers[static OPTION_COUNT])
{
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (limits[i].letter != letter) {
            continue;
        }
        if (!read_number(optarg, (enum option_number)i, &numbers[i])) {
            fprintf(stderr, "hvagentx-mknode: -%c %s: not a number from %llu to %llu\n",
                    letter, optarg, (unsigned long long)limits[i].min,
                    (unsigned long long)limits[i].max);
            return false;
        }
        return true;
    }
    fputs("hvagentx-mknode --help lists the options.\n", stderr);
    return false;
}

static int write_node(const struct mknode_options *options)
{
    long long octets;

    mknode_write(stdout, options);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "hvagentx-mknode: cannot write to standard output: %s\n",
                strerror(errno));
        return EXIT_FAILURE;
    }
    octets = (long long)ftello(stdout); /* not known of a pipe */
    if (octets > (long long)SIZE_MAX_MIB * 1024 * 1024) {
        fprintf(
            stderr,
            "hvagentx-mknode: the file has %lld octets, more than the %d MiB that a "
            "simulated node may have: ask for fewer domains, disks or interfaces\n",
            octets, SIZE_MAX_MIB);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
    uint64_t numbers[OPTION_COUNT] = {
        [OPTION_DOMAINS] = 10, [OPTION_DISKS] = 2,    [OPTION_INTERFACES] = 1,
        [OPTION_SEED] = 1,     [OPTION_RUNNING] = 80,
    };
    struct mknode_options options;
    int letter;

    while ((letter = getopt_long(argc, argv, letters, long_options, NULL)) != -1) {
        if (letter == 'h') {
            print_help();
            return EXIT_SUCCESS;
        }
        if (letter == 'V') {
            puts("hvagentx-mknode " PACKAGE_VERSION);
            return EXIT_SUCCESS;
        }
        if (!read_option(letter, numbers)) {
            return EXIT_USAGE;
        }
    }
    if (optind != argc) {
        fprintf(stderr, "hvagentx-mknode: \"%s\" is no option\n", argv[optind]);
        return EXIT_USAGE;
    }
    options = (struct mknode_options) {
        .domains = (uint32_t)numbers[OPTION_DOMAINS],
        .vcpus = (uint32_t)numbers[OPTION_VCPUS],
        .disks = (uint32_t)numbers[OPTION_DISKS],
        .interfaces = (uint32_t)numbers[OPTION_INTERFACES],
        .seed = numbers[OPTION_SEED],
        .running_percent = (uint32_t)numbers[OPTION_RUNNING],
    };
    return write_node(&options);
}
