/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * contract_operate.h - what backends/backend.h asks of operations.
 *
 * The node has a domain "running" and a domain "stopped", which can be started
 * and stopped, and may have "hangs", on which each operation hangs, and
 * "fails", on which each one fails.  Whoever runs the tests sees to it that
 * operations take a moment, and no more.
 */
#ifndef HVX_TESTS_UNIT_CONTRACT_OPERATE_H
#define HVX_TESTS_UNIT_CONTRACT_OPERATE_H

/* The node to operate on. */
extern const char *operate_uri;

/* This one needs no node. */
void test_actions_fit_the_capabilities(void **state);

void test_an_operation_is_seen(void **state);
void test_a_value_is_seen(void **state);
void test_an_unsupported_action_is_refused(void **state);
void test_a_wrong_state_is_refused(void **state);
void test_a_wrong_value_is_refused(void **state);
void test_a_domain_may_be_gone(void **state);
void test_a_failure_is_told(void **state);
void test_what_hangs_ends_at_its_deadline(void **state);
void test_two_domains_are_operated_on_at_once(void **state);

#endif
