/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_record.c - blocks of data that several threads read and nobody changes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "model/record.h"
#include "model/text.h"

struct sample {
    struct record record;
    const char *name;
    const char *nothing;
    long double *numbers; /* of the strictest alignment */
    const char *title;
};

static struct sample *lay_out(struct record_layout *layout, const char *name,
                              const char *title)
{
    struct sample *sample = record_reserve(layout, sizeof(*sample));
    const char *own_name = record_string(layout, name);
    const char *nothing = record_string(layout, NULL);
    long double *numbers = record_reserve(layout, 3 * sizeof(*numbers));
    const char *own_title = record_string(layout, title);

    if (sample != NULL) {
        sample->name = own_name;
        sample->nothing = nothing;
        sample->numbers = numbers;
        sample->title = own_title;
    }
    return sample;
}

static struct sample *sample_new(const char *name, const char *title)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    assert_null(lay_out(&layout, name, title));
    layout.block = record_new(layout.used);
    layout.used = 0;
    assert_non_null(layout.block);
    return lay_out(&layout, name, title);
}

static void test_everything_is_in_one_block(void **state)
{
    struct record_layout measured = { .block = NULL, .used = 0 };
    struct sample *sample = sample_new("odd", "title");
    const char *block = (const char *)sample;

    (void)state;
    lay_out(&measured, "odd", "title");
    assert_string_equal(sample->name, "odd");
    assert_null(sample->nothing);
    assert_string_equal(sample->title, "title");
    assert_int_equal((uintptr_t)sample->numbers % _Alignof(max_align_t), 0);
    assert_true(sample->title > block
                && sample->title + sizeof("title") <= block + measured.used);
    for (size_t i = 0; i < 3; i++) {
        sample->numbers[i] = 1.0L; /* ASan tells when there is no room */
    }
    assert_string_equal(sample->name, "odd");
    assert_string_equal(sample->title, "title");
    record_unref(sample);
}

static void test_strings_are_cleaned_and_cut(void **state)
{
    char longest[2000];
    struct sample *sample;

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    sample = sample_new(longest, "a\nb\xff");
    assert_int_equal(strlen(sample->name), TEXT_MAX);
    assert_string_equal(sample->title, "ab?");
    record_unref(sample);
}

static void test_a_new_block_is_zeroed(void **state)
{
    static const char zeroes[256];
    char *block = record_new(sizeof(struct record) + sizeof(zeroes));

    (void)state;
    assert_non_null(block);
    assert_memory_equal(block + sizeof(struct record), zeroes, sizeof(zeroes));
    record_unref(block);
}

static void test_nothing_can_be_held_and_dropped(void **state)
{
    (void)state;
    assert_null(record_ref(NULL));
    record_unref(NULL);
    record_unref_with(NULL, NULL);
}

static void test_a_size_that_cannot_be_is_refused(void **state)
{
    struct record_layout layout = { .block = NULL, .used = 0 };

    (void)state;
    record_reserve(&layout, sizeof(struct record));
    record_reserve(&layout, SIZE_MAX - 8);
    record_reserve(&layout, 64);
    assert_null(record_new(layout.used));
}

static int destroyed;

static void count_destroyed(void *record)
{
    assert_non_null(record);
    destroyed++;
}

static void test_the_last_one_leaving_destroys(void **state)
{
    struct record *record = record_new(sizeof(*record));

    (void)state;
    destroyed = 0;
    assert_ptr_equal(record_ref(record), record);
    record_unref_with(record, count_destroyed);
    assert_int_equal(destroyed, 0);
    record_unref_with(record, count_destroyed);
    assert_int_equal(destroyed, 1);
}

static void *hold_and_drop(void *argument)
{
    const struct sample *sample = argument;

    for (int i = 0; i < 10000; i++) {
        const struct sample *held = record_ref(sample);

        if (strcmp(held->name, "shared") != 0) {
            return NULL;
        }
        record_unref(held);
    }
    record_unref(sample);
    return argument;
}

static void test_threads_hold_and_drop_at_once(void **state)
{
    struct sample *sample = sample_new("shared", NULL);
    pthread_t threads[4];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, hold_and_drop, record_ref(sample)), 0);
    }
    record_unref(sample);
    for (size_t i = 0; i < 4; i++) {
        void *result;

        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_non_null(result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything_is_in_one_block),
        cmocka_unit_test(test_strings_are_cleaned_and_cut),
        cmocka_unit_test(test_a_new_block_is_zeroed),
        cmocka_unit_test(test_nothing_can_be_held_and_dropped),
        cmocka_unit_test(test_a_size_that_cannot_be_is_refused),
        cmocka_unit_test(test_the_last_one_leaving_destroys),
        cmocka_unit_test(test_threads_hold_and_drop_at_once),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
