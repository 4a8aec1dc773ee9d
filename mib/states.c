/* SPDX-License-Identifier: BSD-2-Clause */
#include "mib/states.h"

static const int32_t admin_numbers[] = {
    [DOMAIN_ADMIN_STATE_UNKNOWN] = 0,   [DOMAIN_ADMIN_STATE_RUNNING] = 1,
    [DOMAIN_ADMIN_STATE_SUSPENDED] = 2, [DOMAIN_ADMIN_STATE_PAUSED] = 3,
    [DOMAIN_ADMIN_STATE_SHUTDOWN] = 4,
};
_Static_assert(sizeof(admin_numbers) / sizeof(admin_numbers[0])
                   == DOMAIN_ADMIN_STATE_COUNT,
               "a number for each administrative state");

static const int32_t oper_numbers[] = {
    [DOMAIN_STATE_UNKNOWN] = 1,    [DOMAIN_STATE_OTHER] = 2,
    [DOMAIN_STATE_PREPARING] = 3,  [DOMAIN_STATE_RUNNING] = 4,
    [DOMAIN_STATE_SUSPENDING] = 5, [DOMAIN_STATE_SUSPENDED] = 6,
    [DOMAIN_STATE_RESUMING] = 7,   [DOMAIN_STATE_PAUSED] = 8,
    [DOMAIN_STATE_MIGRATING] = 9,  [DOMAIN_STATE_SHUTTING_DOWN] = 10,
    [DOMAIN_STATE_SHUTDOWN] = 11,  [DOMAIN_STATE_CRASHED] = 12,
};
_Static_assert(sizeof(oper_numbers) / sizeof(oper_numbers[0]) == DOMAIN_STATE_COUNT,
               "a number for each operational state");

int32_t mib_admin_state_number(enum domain_admin_state state)
{
    return admin_numbers[state];
}

enum domain_admin_state mib_admin_state_of(int32_t number)
{
    for (int state = 0; state < DOMAIN_ADMIN_STATE_COUNT; state++) {
        if (admin_numbers[state] == number) {
            return (enum domain_admin_state)state;
        }
    }
    return DOMAIN_ADMIN_STATE_UNKNOWN;
}

int32_t mib_oper_state_number(enum domain_state state)
{
    return oper_numbers[state];
}

bool mib_find_oper_state(int32_t number, enum domain_state *ret_state)
{
    for (int state = 0; state < DOMAIN_STATE_COUNT; state++) {
        if (oper_numbers[state] == number) {
            *ret_state = (enum domain_state)state;
            return true;
        }
    }
    return false;
}
