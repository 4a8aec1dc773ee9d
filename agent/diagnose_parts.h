/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * diagnose_parts.h - the parts of hvagentx --diagnose, in the order in which
 * they are run.  Included by diagnose*.c alone.  SNMP thread only.
 */
#ifndef HVX_AGENT_DIAGNOSE_PARTS_H
#define HVX_AGENT_DIAGNOSE_PARTS_H

#include <stdbool.h>

#include "agent/config.h"
#include "agent/report.h"

struct diagnosis {
    struct report report;
    const char *file;      /* -c, or NULL */
    struct config *config; /* owned; with errors in the file: the defaults */
    bool session;          /* the master has opened an AgentX session */
};

/* The folders in which net-snmp looks for its files, separated by colons. */
const char *diagnose_search_path(void);

/* Who runs this, which file is read, and who else may read secrets in it. */
void diagnose_files(struct diagnosis *diagnosis);

/* The state folder: there, writable, with room, and who uses it. */
void diagnose_state(struct diagnosis *diagnosis);

/* The way to the master's socket, and a session; sets diagnosis->session. */
void diagnose_master(struct diagnosis *diagnosis);

/* snmpd.conf: how it fits ours, and whether managers may read our objects. */
void diagnose_snmpd(struct diagnosis *diagnosis);

/* Backend modules; takes connections without one out of the configuration. */
void diagnose_modules(struct diagnosis *diagnosis);

/*
 * Asks each connection's hypervisor once; takes over diagnosis->config, which
 * is NULL afterwards.  As agent_free().
 */
bool diagnose_hypervisors(struct diagnosis *diagnosis);

#endif
