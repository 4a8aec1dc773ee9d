/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * index_fixture.h - index stores in a folder of their own, and files of them
 * that are right, or wrong.
 *
 * Included by the tests of index stores, behind cmocka.h.  What is not as it
 * must be fails the test that calls.
 */
#ifndef HVX_TESTS_UNIT_INDEX_FIXTURE_H
#define HVX_TESTS_UNIT_INDEX_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/clock.h"
#include "model/index.h"

#define GRACE_NS (100 * CLOCK_NS_PER_S)

/* The first two lines of a file, of another boot. */
#define HEAD                                                                           \
    "hvagentx-index 1\nboot 01234567-89ab-cdef-0123-456789abcdef changed never\n"

/* A folder for each test, gone afterwards with whatever is in it. */
struct scratch {
    char folder[256];
    char path[300];
    char new_path[310];
    char corrupt_path[310];
};

/* For cmocka: *state is the scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* A store whose grace time is GRACE_NS; path NULL: in memory. */
struct index_store *open_at(const char *path);
void save(struct index_store *store);

/* The index of a key; and whether it was not in use before. */
uint32_t assign(struct index_store *store, const char *key, int64_t now_ns);
bool is_new(struct index_store *store, const char *key, int64_t now_ns);

bool exists(const char *path);

/* The whole file, of at most 64 KiB, NUL-terminated; the caller frees it. */
char *read_file(const char *path, size_t *ret_size);
void write_file(const char *path, const void *content, size_t size);

/* CRC-32, bit by bit: what the file format promises, not what the code does. */
uint32_t crc_of(const char *text);

/* A file with a checksum that is right, whatever the rest is. */
void write_sealed(const char *path, const char *body, unsigned count);

/* Of the present boot of the machine, as text. */
const char *boot_id(void);

/*
 * The file at scratch->path must be refused, with `line` among the words, and
 * set aside as it is.
 */
void check_is_refused(const struct scratch *scratch, const char *line);

#endif
