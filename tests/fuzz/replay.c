/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * replay.c - gives a fuzz target each of its seeds once, without a fuzzer.
 *
 * Linked with one target, and compiled with the name of its seeds in
 * FUZZ_SEEDS, a folder in $HVX_SOURCE/tests/fuzz/seeds.  Answers in TAP.  So
 * each crash that became a seed is a test of every build, whatever its
 * compiler.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

#define SEED_SIZE_MAX ((size_t)1024 * 1024)
#define PATH_SIZE 4096

/* In memory of exactly its size, so that a sanitizer sees its end. */
static bool replay_file(const char *path)
{
    FILE *file = fopen(path, "re");
    char *room = malloc(SEED_SIZE_MAX);
    uint8_t *octets = NULL;
    size_t size = 0;
    bool done = false;

    if (file == NULL || room == NULL) {
        goto out;
    }
    size = fread(room, 1, SEED_SIZE_MAX, file);
    octets = malloc(size > 0 ? size : 1);
    if (octets == NULL || ferror(file) || !feof(file)) {
        goto out;
    }
    memcpy(octets, room, size);
    done = LLVMFuzzerTestOneInput(octets, size) == 0;
out:
    if (file != NULL) {
        fclose(file);
    }
    free(octets);
    free(room);
    return done;
}

static int not_hidden(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, not_hidden, alphasort);
    int failed = 0;

    if (count <= 0) {
        printf("Bail out! no seeds in %s: %s\n", folder,
               count < 0 ? strerror(errno) : "it is empty");
        return 1;
    }
    printf("1..%d\n", count);
    for (int i = 0; i < count; i++) {
        char path[PATH_SIZE];
        bool done;

        fflush(stdout); /* a crash leaves the name of the last one that was good */
        done = snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name)
                   < PATH_SIZE
               && replay_file(path);
        failed += !done;
        printf("%s %d - %s\n", done ? "ok" : "not ok", i + 1, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return failed;
}

int main(void)
{
    const char *source = getenv("HVX_SOURCE");
    char work[] = "/tmp/hvagentx-replay.XXXXXX";
    char folder[PATH_SIZE];
    int failed;

    if (source == NULL) {
        fprintf(stderr, "replay: HVX_SOURCE is not set; `make check` does it\n");
        return 2;
    }
    snprintf(folder, sizeof(folder), "%s/tests/fuzz/seeds/" FUZZ_SEEDS, source);
    if (mkdtemp(work) == NULL || chdir(work) != 0) {
        perror(work);
        return 2;
    }
    failed = replay_folder(folder);
    if (rmdir(work) != 0) {
        perror(work);
        failed++;
    }
    return failed > 0;
}
