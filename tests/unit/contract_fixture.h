/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contract_fixture.h - the backend that is held against the contract, and what
 * it collects.
 *
 * Included by the parts of test_backend_contract, behind cmocka.h.  Everything
 * here fails the test by itself.
 */
#ifndef HVX_TESTS_UNIT_CONTRACT_FIXTURE_H
#define HVX_TESTS_UNIT_CONTRACT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/backend.h"
#include "model/clock.h"

/* For what has to be soon, on the slowest machine under the slowest tool. */
#define SOON_NS (20 * CLOCK_NS_PER_S)

/* Of the module; set before the first test. */
extern const struct backend_ops *ops;

/* What one call to collect brought. */
struct collected {
    enum status status;
    struct error error;
    struct builder *builder;
    struct builder_content content;
};

struct backend *open_backend(const char *uri);

/* Whatever comes of it; of these domains, or of all (count 0). */
struct collected collect_some(struct backend *backend, enum section section,
                              const struct uuid *uuids, size_t count);
/* Of all, without a failure. */
struct collected collect(struct backend *backend, enum section section);
void drop(struct collected *collected);

/* Each record of domains has its UUID in another place. */
const struct uuid *uuid_at(const struct collected *collected, size_t at);
bool has_uuid(const struct collected *collected, const struct uuid *uuid);

/* Does the backend say that it can? */
bool can(enum backend_capability capability);
bool serves(enum section section);

/* Text as it has to be, and an error with words. */
void assert_clean(const char *text);
void assert_words(enum status status, const struct error *error);

#endif
