/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * states.h - the states of domains by their numbers in VM-MIB (RFC 7666).
 * Included by mib/ alone.
 */
#ifndef HVX_MIB_STATES_H
#define HVX_MIB_STATES_H

#include <stdbool.h>
#include <stdint.h>

#include "model/domain.h"

/* VirtualMachineAdminState; 0, which is none, for an unknown one. */
int32_t mib_admin_state_number(enum domain_admin_state state);

/* The opposite; DOMAIN_ADMIN_STATE_UNKNOWN for any other number. */
enum domain_admin_state mib_admin_state_of(int32_t number);

/* VirtualMachineOperState. */
int32_t mib_oper_state_number(enum domain_state state);

/* The opposite; false: the number is none of them. */
bool mib_find_oper_state(int32_t number, enum domain_state *ret_state);

#endif
