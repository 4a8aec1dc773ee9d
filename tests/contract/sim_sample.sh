#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The backend contract, held against sim on the sample node.
exec "$HVX_BUILD/tests/unit/test_backend_contract" "$HVX_MODULES/sim.so" \
    "sim:$HVX_SOURCE/docs/examples/node.xml" "sim:/nonexistent/node.xml"
