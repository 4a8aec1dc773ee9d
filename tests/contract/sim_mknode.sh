#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The backend contract, held against sim on a node that hvagentx-mknode made.
node=$(mktemp) || exit 2
trap 'rm -f "$node"' EXIT
trap 'exit 130' INT TERM
"$HVX_BUILD/hvagentx-mknode" -d 60 -k 4 -i 3 > "$node" || exit 2
"$HVX_BUILD/tests/unit/test_backend_contract" "$HVX_MODULES/sim.so" "sim:$node" \
    "sim:$node.missing"
