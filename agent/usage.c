/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/usage.h"
#include "model/clock.h"

int64_t usage_memory_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long page_bytes = sysconf(_SC_PAGESIZE);
    long pages;
    int fields;

    if (file == NULL) {
        return -1;
    }
    /* The whole process in pages, then what of it is resident. */
    fields = fscanf(file, "%*d %ld", &pages);
    fclose(file);
    return fields == 1 && pages >= 0 && page_bytes > 0 ? (int64_t)pages * page_bytes
                                                       : -1;
}

static int64_t to_ns(const struct timeval *time)
{
    return (int64_t)time->tv_sec * CLOCK_NS_PER_S
           + (int64_t)time->tv_usec * CLOCK_NS_PER_US;
}

int64_t usage_cpu_time_ns(void)
{
    struct rusage usage;

    if (getrusage(RUSAGE_SELF, &usage) != 0) {
        return -1;
    }
    return to_ns(&usage.ru_utime) + to_ns(&usage.ru_stime);
}
