/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_effect.h - what an action does to a simulated domain, and whether it may.
 *
 * Included by sim*.c only.  The overlay's present is changed under its lock.
 */
#ifndef HVX_BACKENDS_SIM_EFFECT_H
#define HVX_BACKENDS_SIM_EFFECT_H

#include "backends/backend.h"
#include "backends/sim_domain.h"
#include "backends/sim_present.h"
#include "model/status.h"

/*
 * May the domain do it now, with this value?  *ret_action, OPERATION_NONE if
 * there is nothing to do, is what it comes to.
 * Errors: STATUS_WRONG_STATE, STATUS_UNSUPPORTED, STATUS_INVALID.
 */
enum status sim_effect_check(const struct sim_domain *domain,
                             const struct sim_present *present,
                             const struct backend_operation *operation,
                             enum operation_action *ret_action,
                             struct error *error) MUST_CHECK;

/* The state while the action is under way; `state` where it shows none. */
enum domain_state sim_effect_transit(enum operation_action action,
                                     enum domain_state state);

/* Does it wait for the guest, which may take longer than anybody waits? */
bool sim_effect_is_of_guest(enum operation_action action);

/*
 * The description with the operation's value in it, for an action that changes
 * it; else NULL.  A reference.
 * Errors: STATUS_NO_MEMORY.
 */
enum status sim_effect_config(const struct sim_present *present,
                              const struct backend_operation *operation,
                              const struct domain_config **ret_config) MUST_CHECK;

/*
 * The action is done, from `state`: so it is with the domain now, and not before.
 * `config` is of sim_effect_config(), and taken over on success.
 * Errors: STATUS_NO_MEMORY; nothing is changed.
 */
enum status
sim_effect_apply(const struct sim_domain *domain, struct sim_present *present,
                 const struct backend_operation *operation, enum domain_state state,
                 const struct domain_config *config, int64_t now_ns) MUST_CHECK;

#endif
