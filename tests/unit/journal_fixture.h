/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * journal_fixture.h - a journal in a folder of its own, and a disk that fails when
 * it is told to: the program is linked with write(), fsync(), fdatasync() and
 * ftruncate() wrapped.
 */
#ifndef HVX_TESTS_JOURNAL_FIXTURE_H
#define HVX_TESTS_JOURNAL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "agent/journal.h"
#include "agent/journal_line.h"
#include "model/clock.h"

#define KEEP_NS (600 * CLOCK_NS_PER_S)
#define OWN_ID (OPERATION_MANAGER_ID_MAX + 1)

/* How often these calls fail from now on.  write() fails in the middle of a line. */
struct disk {
    atomic_int failing_writes;
    atomic_int failing_fsyncs;
    atomic_int failing_fdatasyncs;
    atomic_int failing_truncates;
    atomic_uint writes; /* calls of what succeeds */
    atomic_ulong longest_write;
    atomic_uint fdatasyncs;
    atomic_long synced; /* size of the file at the last fdatasync() */
    /* While it is held, fdatasync() waits, and says so. */
    pthread_mutex_t hold;
    atomic_bool is_waiting;
};
extern struct disk disk;

/* What a journal_done_fn was told. */
struct told {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned good;
    unsigned bad;
    char words[ERROR_TEXT_SIZE];
    const char *path;
    long size; /* of the file at that moment */
};

struct fixture {
    char folder[64];
    char path[96];
    char corrupt[112];
    char new_path[112];
    struct journal *journal;
    struct operation_table table;
    uint32_t next_id;
    struct error warning;
    struct told told;
};

/* Setup and teardown: the journal is open. */
int journal_setup(void **state);
int journal_teardown(void **state);

/* Opens it; what it remembers is in the table.  Fails the test if it cannot. */
void open_journal(struct fixture *fixture);
void close_journal(struct fixture *fixture);
void open_again(struct fixture *fixture);

/* The domain of all operations. */
extern const struct uuid journal_uuid;

/* An operation of a manager's, or with OWN_ID and above of the agent's. */
struct operation *operation_of(uint32_t id, enum operation_state state);

/* Writes such a one; nobody waits. */
void write_operation(struct fixture *fixture, uint32_t id, enum operation_state state);

/* Writes, and tells fixture->told. */
void write_and_tell(struct fixture *fixture, uint32_t id, enum operation_state state);

/* Waits until somebody has been told so often. */
void wait_told(struct fixture *fixture, unsigned times);

/* Both. */
void write_and_wait(struct fixture *fixture, uint32_t id, enum operation_state state);

/* The one of that id in the table; NULL: none. */
const struct operation *find(const struct fixture *fixture, uint32_t id);

/* -1: there is no such file. */
long size_of(const char *path);

/* The whole file, the caller's; and the opposite. */
char *read_file(const char *path, size_t *ret_size);
void put_file(const char *path, const char *text, size_t size);

/* Begins a file of another boot (journal_line.h), and adds to it. */
FILE *begin_other_boot(const struct fixture *fixture, int64_t offset_ns,
                       uint32_t next_id);
void put_operation(FILE *file, const struct operation *operation);

#endif
