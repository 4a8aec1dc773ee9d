/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * host_agent.h - the directive `hostAgent`: how the host's own snmpd is asked
 * as a manager asks it.
 *
 * The options are those of net-snmp's programs.  They are not parsed by
 * snmp_parse_args(), which reads snmp.conf and MIBs, may change the log, and
 * prints what it does not understand.
 *
 * Whoever asks must not wait: so UDP only, which needs no connecting, and only
 * addresses that need no resolver.  Pass phrases are turned into keys and
 * forgotten.  No error repeats a value, since it may be a secret in the wrong
 * place.  SNMP thread only.
 */
#ifndef HVX_AGENT_HOST_AGENT_H
#define HVX_AGENT_HOST_AGENT_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdbool.h>
#include <stddef.h>

#include "model/status.h"

struct host_agent {
    char address[80]; /* for net-snmp and the log, "udp:127.0.0.1:161" */
    bool is_v3;       /* else 2c */
    char *community;  /* of 2c, else NULL */
    /* The rest is for version 3. */
    char *user;
    char *context; /* NULL: the default one */
    int level;     /* SNMP_SEC_LEVEL_* */
    const oid *auth;
    size_t auth_length;
    const oid *priv;
    size_t priv_length;
    u_char auth_key[USM_AUTH_KU_LEN];
    size_t auth_key_length;
    u_char priv_key[USM_PRIV_KU_LEN];
    size_t priv_key_length;
    long timeout_us; /* of one try; -1: net-snmp's default */
    int retries;     /* -1: net-snmp's default */
};

/*
 * Parses what follows the word `hostAgent`, up to the end or a comment:
 *   -v 2c -c COMMUNITY ADDRESS
 *   -v 3 -u USER [-l LEVEL] [-a AUTH -A PASSPHRASE] [-x PRIV -X PASSPHRASE]
 *        [-n CONTEXT] ADDRESS
 * and in both [-t SECONDS] [-r RETRIES].  ADDRESS is [udp:]HOST[:PORT], HOST
 * localhost or IPv4 in digits, or udp6:[IPv6][:PORT].
 * STATUS_OK: *ret_agent is the caller's.
 */
enum status host_agent_parse(const char *options, struct host_agent **ret_agent,
                             struct error *error) MUST_CHECK;

/* Wipes its secrets.  NULL is allowed. */
void host_agent_free(struct host_agent *agent);

#endif
