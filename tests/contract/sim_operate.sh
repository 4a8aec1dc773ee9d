#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The backend contract, held against sim on a node whose domains are operated on.
node="sim:$HVX_SOURCE/tests/data/operate.xml"
exec "$HVX_BUILD/tests/unit/test_backend_contract" "$HVX_MODULES/sim.so" \
    "$node" "sim:/nonexistent/node.xml" "$node"
