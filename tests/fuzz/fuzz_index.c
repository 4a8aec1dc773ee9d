/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fuzz_index.c - the file of an index store, and what becomes of its keys.
 *
 * The input is the file, but for two things that it could not guess: a boot id
 * of all f is replaced by that of this boot, and where there is no line "end",
 * a right one is put behind.  Afterwards its octets say what is done with the
 * store.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/clock.h"
#include "model/index.h"
#include "model/uuid.h"
#include "tests/fuzz/fuzz.h"

#define PATH "index"
#define CORRUPT_PATH PATH ".corrupt"
#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"
#define THIS_BOOT "ffffffff-ffff-ffff-ffff-ffffffffffff"

/* Steps taken with each store, and keys that they are taken with. */
#define STEPS_MAX 64
#define KEYS 8

/* Parts that a key has at once. */
#define PARTS 4

/* What a store holds: a list of its keys in use. */
struct content {
    struct {
        char key[INDEX_KEY_MAX + 1];
        uint32_t index;
    } * list;
    size_t count;
    size_t room;
    int64_t changed_ns;
};

static uint32_t crc_of(const char *octets, size_t size)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        crc ^= (unsigned char)octets[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

static void put_boot_id(char *text, size_t size)
{
    char *at = memmem(text, size, THIS_BOOT, sizeof(THIS_BOOT) - 1);
    int fd = at == NULL ? -1 : open(BOOT_ID_PATH, O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        FUZZ_PROMISE(read(fd, at, UUID_TEXT_SIZE - 1) == UUID_TEXT_SIZE - 1);
        close(fd);
    }
}

static void write_file(const uint8_t *octets, size_t size)
{
    static const char end_word[] = "\nend ";
    size_t keys = 0;
    char *text = malloc(size + 1);
    FILE *file = fopen(PATH, "w");

    FUZZ_PROMISE(text != NULL && file != NULL);
    memcpy(text, octets, size);
    text[size] = '\0';
    put_boot_id(text, size);
    fwrite(text, 1, size, file);
    if (memmem(text, size, end_word, sizeof(end_word) - 1) == NULL) {
        /* Their lines begin with the index, those of parts with a word. */
        for (size_t i = 1; i < size; i++) {
            keys += text[i - 1] == '\n' && text[i] >= '0' && text[i] <= '9';
        }
        fprintf(file, "end %zu %08" PRIx32 "\n", keys, crc_of(text, size));
    }
    FUZZ_PROMISE(fclose(file) == 0);
    free(text);
}

static void note_key(const char *key, uint32_t index, void *argument)
{
    struct content *content = argument;

    fuzz_check_clean(key, INDEX_KEY_MAX);
    FUZZ_PROMISE(key[0] != '\0');
    FUZZ_PROMISE(index >= 1 && index <= INDEX_KEYS_MAX);
    FUZZ_PROMISE(content->count == 0
                 || content->list[content->count - 1].index < index);
    if (content->count == content->room) {
        content->room = content->room * 2 + 16;
        content->list =
            reallocarray(content->list, content->room, sizeof(*content->list));
        FUZZ_PROMISE(content->list != NULL);
    }
    strcpy(content->list[content->count].key, key);
    content->list[content->count++].index = index;
}

static struct content content_of(const struct index_store *store)
{
    struct content content = { .changed_ns = index_store_changed_ns(store) };

    index_store_visit(store, note_key, &content);
    FUZZ_PROMISE(content.count == index_store_count(store));
    FUZZ_PROMISE(content.changed_ns == CLOCK_NEVER || content.changed_ns >= 0);
    return content;
}

static void assign_parts(struct index_store *store, const char *key, unsigned choice,
                         int64_t now_ns, uint32_t *ret_indices)
{
    static const char *const names[PARTS * 2] = { "vda", "vdb", "vdc", "",
                                                  "vda", "sda", "vdb", "vdd" };
    enum index_part kind = choice % INDEX_PART_COUNT;
    uint32_t again[PARTS];

    FUZZ_PROMISE(index_store_assign_parts(store, key, kind, names + choice % PARTS,
                                          PARTS, now_ns, ret_indices)
                 == STATUS_OK);
    FUZZ_PROMISE(index_store_assign_parts(store, key, kind, names + choice % PARTS,
                                          PARTS, now_ns, again)
                 == STATUS_OK);
    FUZZ_PROMISE(memcmp(again, ret_indices, sizeof(again)) == 0);
    for (size_t i = 0; i < PARTS; i++) {
        FUZZ_PROMISE((ret_indices[i] == 0) == (names[choice % PARTS + i][0] == '\0'));
        for (size_t j = 0; j < i && ret_indices[i] != 0; j++) {
            FUZZ_PROMISE(ret_indices[i] != ret_indices[j]);
        }
    }
}

/* Every key, and every part of it, has the index that it had before. */
static void check_reopened(struct index_store *store, int64_t grace_ns)
{
    struct content before = content_of(store);
    struct index_store *reopened = NULL;
    struct error error = ERROR_NONE;
    struct content after;

    FUZZ_PROMISE(index_store_save(store, &error) == STATUS_OK);
    FUZZ_PROMISE(index_store_open(PATH, grace_ns, &reopened, &error) == STATUS_OK);
    after = content_of(reopened);
    FUZZ_PROMISE(after.changed_ns == before.changed_ns);
    FUZZ_PROMISE(after.count == before.count);
    for (size_t i = 0; i < before.count; i++) {
        FUZZ_PROMISE(after.list[i].index == before.list[i].index);
        FUZZ_PROMISE(strcmp(after.list[i].key, before.list[i].key) == 0);
        for (unsigned choice = 0; choice < PARTS; choice++) {
            uint32_t parts_before[PARTS];
            uint32_t parts_after[PARTS];

            assign_parts(store, before.list[i].key, choice, 0, parts_before);
            assign_parts(reopened, before.list[i].key, choice, 0, parts_after);
            FUZZ_PROMISE(memcmp(parts_before, parts_after, sizeof(parts_after)) == 0);
        }
    }
    free(before.list);
    free(after.list);
    index_store_close(reopened);
}

static uint32_t assign(struct index_store *store, const char *key, int64_t now_ns)
{
    size_t count = index_store_count(store);
    uint32_t index = 0;
    uint32_t again = 0;
    bool is_new = false;
    bool is_new_again = true;

    FUZZ_PROMISE(index_store_assign(store, key, now_ns, &index, &is_new) == STATUS_OK);
    FUZZ_PROMISE(index >= 1 && index <= INDEX_KEYS_MAX);
    FUZZ_PROMISE(index_store_count(store) == count + (is_new ? 1 : 0));
    FUZZ_PROMISE(index_store_assign(store, key, now_ns, &again, &is_new_again)
                 == STATUS_OK);
    FUZZ_PROMISE(again == index && !is_new_again);
    return index;
}

/* Each octet is a step: what, with which key, and how much later. */
static void take_steps(struct index_store *store, const uint8_t *octets, size_t size)
{
    int64_t now_ns = clock_boot_ns();
    char key[16];

    for (size_t i = 0; i < size && i < STEPS_MAX; i++) {
        uint32_t parts[PARTS];
        uint32_t index;

        snprintf(key, sizeof(key), "key %u", octets[i] % KEYS);
        now_ns += CLOCK_NS_PER_S * (octets[i] / 64);
        switch (octets[i] / KEYS % 4) {
        case 0:
            assign(store, key, now_ns);
            break;
        case 1:
            index_store_release(store, key, now_ns);
            break;
        case 2: /* what comes back at once is where it was */
            index = assign(store, key, now_ns);
            assign_parts(store, key, octets[i], now_ns, parts);
            index_store_release(store, key, now_ns);
            FUZZ_PROMISE(assign(store, key, now_ns) == index);
            break;
        default:
            index_store_set_changed_ns(store, now_ns);
            break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t size)
{
    static const int64_t graces_ns[] = { 0, CLOCK_NS_PER_S, INT64_MAX };
    int64_t grace_ns = graces_ns[size % 3];
    struct index_store *store = NULL;
    struct error error = ERROR_NONE;
    enum status status;

    write_file(octets, size);
    status = index_store_open(PATH, grace_ns, &store, &error);
    FUZZ_PROMISE(store != NULL);
    if (status == STATUS_OK) {
        FUZZ_PROMISE(access(PATH, F_OK) == 0);
    } else {
        FUZZ_PROMISE(status == STATUS_INVALID);
        fuzz_check_error(&error, status, PATH);
        FUZZ_PROMISE(index_store_count(store) == 0);
        FUZZ_PROMISE(access(PATH, F_OK) != 0 && access(CORRUPT_PATH, F_OK) == 0);
    }
    check_reopened(store, grace_ns);
    take_steps(store, octets, size);
    check_reopened(store, grace_ns);
    index_store_close(store);
    unlink(PATH);
    unlink(CORRUPT_PATH);
    return 0;
}
