/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transaction.h - SETs: what a master has tested, committed, undone or
 * completed (RFC 2741 section 7.2.4).
 *
 * A TestSet checks all varbinds of a request and keeps what they change.
 * Nothing changes before the CommitSet, and all of it does or none.  What is
 * not complete when the session ends, did not happen.
 *
 * A transaction is named by the session, of which only the address is used,
 * and by the number that the master gives it; its context is that of its
 * TestSet, since the other PDUs carry none.  SNMP thread only.
 */
#ifndef HVX_AGENT_TRANSACTION_H
#define HVX_AGENT_TRANSACTION_H

#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>

#include "agent/agent.h"

/* Most transactions at once, and most varbinds of one. */
#define TRANSACTION_MAX 32
#define TRANSACTION_VARBINDS_MAX 500

struct transactions;

/* NULL without memory. */
struct transactions *transactions_new(struct agent *agent);

/* As when all sessions had ended, but without undoing.  NULL is allowed. */
void transactions_free(struct transactions *transactions);

/* Whether one varbind could be set in a context, and what it changes. */
enum mib_error transaction_check(const struct agent *agent,
                                 const struct mib_context *context,
                                 const netsnmp_variable_list *varbind,
                                 struct mib_change *ret_change) MUST_CHECK;

/*
 * TestSet: checks the varbinds in their order, and then together (plan.h).  If
 * all are good the transaction is kept, in place of one of the same name, which
 * is undone.  Else *ret_index, from
 * 1 on, tells the first one that is not, and nothing is kept.
 * MIB_RESOURCE_UNAVAILABLE: too many transactions or varbinds, or no memory.
 */
enum mib_error transaction_test(struct transactions *transactions, const void *session,
                                long number, const struct agent_view *view,
                                const netsnmp_variable_list *varbinds,
                                long *ret_index) MUST_CHECK;

/*
 * CommitSet: accepts all that was tested, in the order of the varbinds; a
 * second time it does nothing.  MIB_COMMIT_FAILED: no such transaction has
 * been tested, its connection is gone, or what the varbind at *ret_index found
 * has changed; then nothing is changed, and the transaction is forgotten.
 */
enum mib_error transaction_commit(struct transactions *transactions,
                                  const void *session, long number,
                                  long *ret_index) MUST_CHECK;

/*
 * UndoSet: puts everything back, if there is such a transaction, and forgets
 * it.  It cannot fail: what is gone needs no putting back.
 */
void transaction_undo(struct transactions *transactions, const void *session,
                      long number);

/*
 * CleanupSet: forgets the transaction, if there is one.  If it was committed, its
 * operations begin now, and not before.
 */
void transaction_complete(struct transactions *transactions, const void *session,
                          long number);

/* The session has ended: undoes all its transactions that are not complete. */
void transactions_end(struct transactions *transactions, const void *session);

#endif
