/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_operation.h - operations on the domains of a simulated node.
 *
 * Included by the tests of sim, behind cmocka.h and sim_fixture.h.
 * Everything here fails the test by itself.
 */
#ifndef HVX_TESTS_UNIT_SIM_OPERATION_H
#define HVX_TESTS_UNIT_SIM_OPERATION_H

#include "backends/backend.h"
#include "model/domain.h"

struct uuid uuid_of(struct backend *backend, const char *name);
enum domain_state state_of(struct backend *backend, const char *name);
enum domain_flag autostart_of(struct backend *backend, const char *name);

/* Only its numbers. */
struct domain_config config_of(struct backend *backend, const char *name);

/* When it started. */
int64_t started_ns_of(struct backend *backend, const char *name);

/* As backend_operate_fn; a deadline in the far future. */
enum status operate(struct backend *backend, const char *name,
                    enum operation_action action, uint32_t value, struct error *error);
enum status operate_until(struct backend *backend, const char *name,
                          enum operation_action action, int64_t deadline_ns,
                          struct error *error);
enum status operate_file(struct backend *backend, const char *name, const char *file,
                         struct error *error);

void must_operate(struct backend *backend, const char *name,
                  enum operation_action action, uint32_t value);

/* The domain ends by it, and is not found from then on. */
void operate_and_vanish(struct backend *backend, const char *name,
                        enum operation_action action);

/* It must fail, with this status and these words. */
void refuse_operation(struct backend *backend, const char *name,
                      enum operation_action action, uint32_t value, enum status status,
                      const char *words);

/* An operation on a thread of its own. */
struct running;
struct running *begin_operation(struct backend *backend, const char *name,
                                enum operation_action action, uint32_t value);
/* Waits for its end; what it told of its progress at last must be this. */
enum status end_operation(struct running *running, int progress);

/* Waits until the domain is in that state. */
void wait_for_state(struct backend *backend, const char *name, enum domain_state state);

#endif
