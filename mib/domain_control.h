/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * domain_control.h - what the tables of hvxControl that augment vmEntry have in
 * common: a column is set to make an operation, tells of one that is pending,
 * and each class has its lock.  Included by mib/ alone.
 *
 * Nothing can be done to a domain without a UUID, or where the connection has no
 * operations: then there is no action, no lock and no id.
 */
#ifndef HVX_MIB_DOMAIN_CONTROL_H
#define HVX_MIB_DOMAIN_CONTROL_H

#include "mib/mib.h"

/*
 * The newest operation on the row's domain that is queued or running and whose
 * action is one from `first` to `last`, which are of one class; no dry run.
 * NULL: there is none.
 */
const struct operation *mib_pending(const struct mib_context *context, size_t row,
                                    enum operation_action first,
                                    enum operation_action last);

/* For getters: the action of that operation, or none(0). */
bool mib_get_pending_action(const struct mib_context *context, size_t row,
                            enum operation_action first, enum operation_action last,
                            struct mib_value *value);

/* For getters: the domain's lock of a class. */
bool mib_get_lock(const struct mib_context *context, size_t row,
                  enum operation_class class, struct mib_value *value);

/* For getters: the id of the last operation on the domain in a class. */
bool mib_get_operation_id(const struct mib_context *context, size_t row,
                          enum operation_class class, struct mib_value *value);

/* A mib_accept_fn: TestAndIncr (RFC 2579). */
enum mib_error mib_accept_lock(const struct mib_value *value);

/* For checks: an operation on the row's domain is wanted.  value: 0 for none. */
enum mib_error mib_check_operation(const struct mib_context *context, size_t row,
                                   enum operation_action action, uint32_t value,
                                   struct mib_change *ret_change);

/* For checks: the lock of a class is set. */
enum mib_error mib_check_lock(const struct mib_context *context, size_t row,
                              enum operation_class class, const struct mib_value *value,
                              struct mib_change *ret_change);

#endif
