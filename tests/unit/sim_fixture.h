/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * sim_fixture.h - node files of a test, and what the simulated node makes of
 * them.
 *
 * Included by the tests of sim, behind cmocka.h.  Everything here fails the
 * test by itself.
 */
#ifndef HVX_TESTS_UNIT_SIM_FIXTURE_H
#define HVX_TESTS_UNIT_SIM_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "backends/backend.h"
#include "model/clock.h"

/* For what has to be soon, on the slowest machine under the slowest tool. */
#define SOON_NS (30 * CLOCK_NS_PER_S)

#define PATH_SIZE 512
#define TEXT_SIZE 8192

#define NODE(inside)                                                                   \
    "<node xmlns:sim='urn:hvagentx:sim:1'"                                             \
    " xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>\n" inside "</node>\n"
#define DOMAIN(name, inside)                                                           \
    "<domain><name>" name "</name><memory unit='MiB'>64</memory>" inside "</domain>\n"
#define METADATA(inside) "<metadata><sim:domain>" inside "</sim:domain></metadata>"

/* What one call to collect brought. */
struct collected {
    enum status status;
    struct error error;
    struct builder *builder;
    struct builder_content content;
};

const struct backend_ops *sim(void);

/* Set-up and tear-down of a group: a folder for its files. */
int make_folder(void **state);
int remove_folder(void **state);

/* Of a file in that folder; valid until the next call. */
const char *path_of(const char *name);

/*
 * As people do who know what they do: a new file, renamed over the old one.
 * Each is of another second long ago, so that nothing has to settle.
 */
void write_octets(const char *name, const char *text, size_t size);
void write_file(const char *name, const char *text);

/* Open a file of the folder, or one with a path from the root. */
enum status open_file(const char *name, struct backend **ret_backend,
                      struct error *error);
struct backend *must_open(const char *name);

/* A file under tests/data/ or docs/ of the source tree. */
struct backend *open_source(const char *path);

/* It must not open, for want of a good file, and say so with these words. */
void refuse(const char *name, const char *words);

struct collected collect(struct backend *backend, enum section section);
struct collected must_collect(struct backend *backend, enum section section);
void drop(struct collected *collected);
size_t count_of(struct backend *backend, enum section section);

/* The status of one call, whatever it brought. */
enum status status_of(struct backend *backend, enum section section);

/* The record of the domain of that name; belongs to the builder. */
const void *record_of(struct backend *backend, const struct collected *collected,
                      const char *name);

bool has_domain(struct backend *backend, const char *name);

/* Without its vcpus. */
struct domain_statistics statistics_of(struct backend *backend, const char *name);

#endif
