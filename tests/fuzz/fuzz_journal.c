/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_journal.c - the file of a journal, and what comes back when what it told
 * is written anew.
 *
 * The input is the file, but for two things that it could not guess: a boot id
 * of all f is replaced by that of this boot, and a line that ends with the word
 * "crc" has its right checksum there instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/journal_parts.h"
#include "model/clock.h"
#include "model/state_file.h"
#include "model/text.h"
#include "tests/fuzz/fuzz.h"

#define PATH "./operations-fuzz.journal"
#define NEW_PATH PATH ".new"
#define THIS_BOOT "ffffffff-ffff-ffff-ffff-ffffffffffff"
#define KEEP_NS (600 * CLOCK_NS_PER_S)

static void put_boot_ids(char *text, size_t size)
{
    const struct uuid boot = state_file_boot_id();
    char id[UUID_TEXT_SIZE];
    char *at = text;

    uuid_format(&boot, id);
    while (
        (at = memmem(at, size - (size_t)(at - text), THIS_BOOT, sizeof(THIS_BOOT) - 1))
        != NULL) {
        memcpy(at, id, sizeof(id) - 1);
    }
}

/* A line without its newline, which has a NUL behind it. */
static void write_line(FILE *file, char *line, size_t size)
{
    static const char word[] = " crc";
    const size_t word_size = sizeof(word) - 1;

    if (size < word_size || memcmp(line + size - word_size, word, word_size) != 0) {
        fwrite(line, 1, size, file);
        return;
    }
    line[size - word_size] = '\0';
    fwrite(line, 1, size - word_size, file);
    fprintf(file, " %08" PRIx32, state_file_crc(0, line));
}

static void write_file(const uint8_t *octets, size_t size)
{
    char *text = malloc(size + 1);
    FILE *file = fopen(PATH, "w");
    size_t at = 0;

    FUZZ_PROMISE(text != NULL && file != NULL);
    memcpy(text, octets, size);
    text[size] = '\0';
    put_boot_ids(text, size);
    while (at < size) {
        char *end = memchr(text + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - text) - at;

        text[at + length] = '\0';
        write_line(file, text + at, length);
        if (end != NULL) {
            fputc('\n', file);
        }
        at += length + 1;
    }
    FUZZ_PROMISE(fclose(file) == 0);
    free(text);
}

static void check_operation(const struct operation *operation)
{
    FUZZ_PROMISE(operation->class >= OPERATION_CLASS_POWER
                 && operation->class < OPERATION_CLASS_COUNT);
    FUZZ_PROMISE(operation->action > OPERATION_NONE
                 && operation->action < OPERATION_ACTION_COUNT);
    FUZZ_PROMISE(operation_class_of(operation->action) == operation->class);
    FUZZ_PROMISE(operation->id > 0 && operation->serial > 0);
    FUZZ_PROMISE(operation->state >= OPERATION_QUEUED
                 && (int)operation->state < OPERATION_STATE_COUNT);
    FUZZ_PROMISE((int)operation->expected < DOMAIN_STATE_COUNT
                 && (int)operation->error < STATUS_COUNT);
    FUZZ_PROMISE(operation->timeout_s >= 1
                 && operation->timeout_s <= OPERATION_TIMEOUT_MAX_S);
    FUZZ_PROMISE(operation->progress >= OPERATION_PROGRESS_UNKNOWN
                 && operation->progress <= 100);
    FUZZ_PROMISE(operation->role != NULL && operation->name != NULL);
    fuzz_check_clean(operation->tag, OPERATION_TAG_SIZE - 1);
    fuzz_check_clean(operation->role, TEXT_MAX);
    fuzz_check_clean(operation->name, TEXT_MAX);
    fuzz_check_clean(operation->error_text, TEXT_MAX);
}

static void check_table(const struct operation_table *table, uint32_t next_id)
{
    size_t rows = 0;

    FUZZ_PROMISE(next_id > OPERATION_MANAGER_ID_MAX);
    for (size_t i = 0; i < table->count; i++) {
        const struct operation *operation = table->operations[i];

        check_operation(operation);
        rows += !operation->is_removed;
        FUZZ_PROMISE(operation_table_find(table, operation->class, &operation->uuid,
                                          operation->id)
                     == operation);
    }
    FUZZ_PROMISE(rows == table->row_count);
}

static void check_text(const char *one, const char *other)
{
    FUZZ_PROMISE((one == NULL) == (other == NULL));
    FUZZ_PROMISE(one == NULL || strcmp(one, other) == 0);
}

static void check_equal(const struct operation *one, const struct operation *other)
{
    FUZZ_PROMISE(one->class == other->class && one->id == other->id
                 && uuid_compare(&one->uuid, &other->uuid) == 0);
    FUZZ_PROMISE(one->action == other->action && one->value == other->value
                 && one->expected == other->expected
                 && one->timeout_s == other->timeout_s && one->dry_run == other->dry_run
                 && one->origin == other->origin && one->vm_index == other->vm_index);
    FUZZ_PROMISE(one->state == other->state && one->progress == other->progress
                 && one->error == other->error && one->is_removed == other->is_removed);
    FUZZ_PROMISE(one->accepted_ns == other->accepted_ns
                 && one->started_ns == other->started_ns
                 && one->finished_ns == other->finished_ns
                 && one->forget_ns == other->forget_ns);
    check_text(one->tag, other->tag);
    check_text(one->role, other->role);
    check_text(one->name, other->name);
    check_text(one->error_text, other->error_text);
}

/* Whether ids have begun anew, so that the highest is not the newest. */
static bool has_wrapped(const struct operation_table *table, uint32_t next_id)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->operations[i]->id >= next_id) {
            return true;
        }
    }
    return false;
}

/* What was loaded and written anew is the same when it is loaded again. */
static void check_rewritten(const struct operation_table *table, uint32_t next_id)
{
    struct journal_file file;
    struct operation_table again;
    struct error error = ERROR_NONE;
    uint32_t next_id_again = 0;
    size_t damaged = 0;

    FUZZ_PROMISE(journal_file_init(&file, ".", "fuzz"));
    FUZZ_PROMISE(journal_file_replace(&file, table, next_id, &error) == STATUS_OK);
    FUZZ_PROMISE(access(NEW_PATH, F_OK) != 0);
    FUZZ_PROMISE(file.fd >= 0 && file.size > 0);
    operation_table_init(&again);
    FUZZ_PROMISE(journal_load(PATH, KEEP_NS, &again, &next_id_again, &damaged, &error)
                 == STATUS_OK);
    FUZZ_PROMISE(damaged == 0 && again.count == table->count);
    for (size_t i = 0; i < table->count; i++) {
        check_equal(table->operations[i], again.operations[i]);
    }
    FUZZ_PROMISE(next_id_again == next_id || has_wrapped(table, next_id));
    operation_table_clear(&again);
    journal_file_close(&file);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    struct operation_table table;
    struct error error = ERROR_NONE;
    uint32_t next_id = 0;
    size_t damaged = 0;

    write_file(octets, size);
    operation_table_init(&table);
    FUZZ_PROMISE(journal_load(PATH, KEEP_NS, &table, &next_id, &damaged, &error)
                 == STATUS_OK);
    check_table(&table, next_id);
    check_rewritten(&table, next_id);
    operation_table_clear(&table);
    unlink(PATH);
    return 0;
}
