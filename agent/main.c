/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/run.h"

int main(int argc, char **argv)
{
    return run(argc, argv);
}
