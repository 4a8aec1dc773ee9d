/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fake_backend.h - a backend whose hypervisor does what a test tells it to:
 * answer, fail, or hang until it is let go.
 *
 * A fake lives in the test and is found by the URI that fake_uri() makes for
 * it, so that a process may have many.  Thread-safe; the test waits for what
 * the agent does, at most FAKE_DEADLINE_NS.
 */
#ifndef HVX_TESTS_FAKE_BACKEND_H
#define HVX_TESTS_FAKE_BACKEND_H

#include <stdbool.h>

#include "backends/backend.h"
#include "model/clock.h"

/* Nothing here takes as long on a machine that lives. */
#define FAKE_DEADLINE_NS (30 * CLOCK_NS_PER_S)

struct fake;

/* The functions of all fakes; all sections and some power actions are supported. */
extern const struct backend_ops fake_ops;

/* The calls of a backend, to be told and counted apart. */
enum fake_call {
    FAKE_NODE = SECTION_NODE,
    FAKE_DOMAINS = SECTION_DOMAINS,
    FAKE_CONFIGS = SECTION_CONFIGS,
    FAKE_STATISTICS = SECTION_STATISTICS,
    FAKE_DEVICES = SECTION_DEVICES,
    FAKE_STORAGE = SECTION_STORAGE,
    FAKE_OPEN,
    FAKE_CLOSE,
    FAKE_OPERATE,
};
#define FAKE_CALL_COUNT (FAKE_OPERATE + 1)

/* A hypervisor with three domains, which answers at once. */
struct fake *fake_new(void);

/* Only after each call on it has returned. */
void fake_free(struct fake *fake);

const char *fake_uri(const struct fake *fake);

/* The calls of that kind from now on return this status, after they delivered. */
void fake_set_status(struct fake *fake, enum fake_call call, enum status status,
                     const char *words);

/* How many domains there are, each with a name and UUID of its own. */
#define FAKE_DOMAINS_MAX 64
void fake_set_domains(struct fake *fake, unsigned count);
struct uuid fake_uuid(unsigned number);

/* The state that all domains are in; running at first.  No operation changes it. */
void fake_set_state(struct fake *fake, enum domain_state state);

/* The domain of that number cannot be read; -1: none. */
void fake_set_failing(struct fake *fake, int number);

/*
 * The calls of that kind from now on deliver the first `delivered` domains,
 * and hang until fake_release(); then they go on as usual.
 */
void fake_hold(struct fake *fake, enum fake_call call, unsigned delivered);
void fake_release(struct fake *fake, enum fake_call call);

/*
 * The domain of that number hangs, from now on, each call of that kind that
 * asks for it, until it is let go.  The calls announce whom they ask.
 */
void fake_hang_domain(struct fake *fake, enum fake_call call, unsigned number);
void fake_release_domain(struct fake *fake, enum fake_call call, unsigned number);

/* How often the domain of that number was asked for, by calls of that kind. */
unsigned fake_asked(struct fake *fake, enum fake_call call, unsigned number);

/*
 * Calls of that kind begun, those of them that are under way, and the most
 * that ever were under way at once.
 */
unsigned fake_begun(struct fake *fake, enum fake_call call);
unsigned fake_running(struct fake *fake, enum fake_call call);
unsigned fake_most_running(struct fake *fake, enum fake_call call);

/* When the newest call of that kind began, on CLOCK_BOOTTIME. */
int64_t fake_begun_ns(struct fake *fake, enum fake_call call);

/* Records that were refused, because nobody waited for them any longer. */
unsigned fake_refused(struct fake *fake);

/* Waits until so many calls of that kind have begun; false: not in time. */
bool fake_wait_begun(struct fake *fake, enum fake_call call, unsigned count);

/* Waits until so many calls of that kind have returned; false: not in time. */
bool fake_wait_returned(struct fake *fake, enum fake_call call, unsigned count);

/* Waits until the caller's is the only thread; false: not in time. */
bool fake_wait_threads(void);

#endif
