/* SPDX-License-Identifier: BSD-2-Clause */
#include "model/connection.h"

const char *connection_state_name(enum connection_state state)
{
    static const char *const names[] = {
        [CONNECTION_CONNECTING] = "connecting",
        [CONNECTION_UP] = "up",
        [CONNECTION_UNRESPONSIVE] = "unresponsive",
        [CONNECTION_DOWN] = "down",
    };
    _Static_assert(sizeof(names) / sizeof(names[0]) == CONNECTION_STATE_COUNT,
                   "a name for each state");

    return names[state];
}
