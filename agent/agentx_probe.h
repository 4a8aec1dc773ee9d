/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * agentx_probe.h - whether somebody at an address speaks AgentX (RFC 2741):
 * opens a session that registers nothing, and closes it.
 *
 * net-snmp's own way to open one waits without a limit for a master that
 * accepts and never answers.  Main thread only; uses SIGALRM.
 */
#ifndef HVX_AGENT_AGENTX_PROBE_H
#define HVX_AGENT_AGENTX_PROBE_H

#include <stdint.h>

#include "model/status.h"

/*
 * Connects to an address in net-snmp's notation, opens a session and closes
 * it, waiting `patience_ns` for each step.
 * STATUS_OK: *ret_ns is how long the answer took.  STATUS_UNAVAILABLE: nobody
 * takes the connection.  STATUS_TIMEOUT: it was taken, and nothing answered.
 * STATUS_FAILED: what answered is no master, or refused.
 */
enum status agentx_probe(const char *address, int64_t patience_ns, int64_t *ret_ns,
                         struct error *error) MUST_CHECK;

#endif
