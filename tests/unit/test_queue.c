/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_queue.c - what other threads hand to the SNMP thread arrives once, in
 * order, and wakes it up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "agent/queue.h"

#define THREADS 4
#define ITEMS_EACH 2000

/* Nothing here takes as long on a machine that lives. */
#define DEADLINE_MS 30000

struct thing {
    struct queue_item item;
    unsigned thread;
    unsigned number;
};

static struct thing *thing_new(unsigned thread, unsigned number)
{
    struct thing *thing = calloc(1, sizeof(*thing));

    assert_non_null(thing);
    thing->thread = thread;
    thing->number = number;
    return thing;
}

static void free_thing(struct queue_item *item)
{
    free(item);
}

static bool is_readable(const struct queue *queue, int timeout_ms)
{
    struct pollfd fd = { .fd = queue_fd(queue), .events = POLLIN };

    return poll(&fd, 1, timeout_ms) == 1 && (fd.revents & POLLIN) != 0;
}

/* Takes all there is, which must have these numbers, and frees it. */
static void check_taken(struct queue *queue, unsigned first, unsigned count)
{
    struct queue_item *item = queue_take(queue);

    for (unsigned number = first; number < first + count; number++) {
        struct queue_item *next;

        assert_non_null(item);
        assert_int_equal(((struct thing *)item)->number, number);
        next = item->next;
        free(item);
        item = next;
    }
    assert_null(item);
}

static void test_items_come_in_the_order_they_were_pushed(void **state)
{
    struct queue *queue = queue_new();

    (void)state;
    assert_non_null(queue);
    for (unsigned i = 0; i < 3; i++) {
        queue_push(queue, &thing_new(0, i)->item);
    }
    check_taken(queue, 0, 3);
    queue_push(queue, &thing_new(0, 3)->item);
    check_taken(queue, 3, 1);
    check_taken(queue, 0, 0);
    queue_unref(queue, free_thing);
}

static void test_the_descriptor_is_readable_while_there_is_something(void **state)
{
    struct queue *queue = queue_new();

    (void)state;
    assert_non_null(queue);
    assert_false(is_readable(queue, 0));
    queue_push(queue, &thing_new(0, 0)->item);
    assert_true(is_readable(queue, 0));
    queue_push(queue, &thing_new(0, 1)->item);
    assert_true(is_readable(queue, 0));
    check_taken(queue, 0, 2);
    assert_false(is_readable(queue, 0));
    check_taken(queue, 0, 0);
    assert_false(is_readable(queue, 0));
    queue_unref(queue, free_thing);
}

static void test_the_descriptor_is_not_inherited(void **state)
{
    struct queue *queue = queue_new();

    (void)state;
    assert_non_null(queue);
    assert_int_equal(fcntl(queue_fd(queue), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(queue_fd(queue), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    queue_unref(queue, free_thing);
}

struct counted {
    struct queue_item item;
    unsigned *freed;
};

static void count_freed(struct queue_item *item)
{
    struct counted *counted = (struct counted *)item;

    (*counted->freed)++;
    free(item);
}

static void test_the_last_reference_frees_what_is_left(void **state)
{
    struct queue *queue = queue_new();
    unsigned freed = 0;
    int fd;

    (void)state;
    assert_non_null(queue);
    fd = queue_fd(queue);
    assert_ptr_equal(queue_ref(queue), queue);
    for (int i = 0; i < 3; i++) {
        struct counted *counted = calloc(1, sizeof(*counted));

        assert_non_null(counted);
        counted->freed = &freed;
        queue_push(queue, &counted->item);
    }
    queue_unref(queue, count_freed);
    assert_int_equal(freed, 0);
    assert_true(is_readable(queue, 0));
    queue_unref(queue, count_freed);
    assert_int_equal(freed, 3);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    queue_unref(NULL, count_freed);
}

struct pusher {
    struct queue *queue;
    unsigned thread;
};

/* Pushes, and drops the reference that it was given. */
static void *push_all(void *argument)
{
    const struct pusher *pusher = argument;

    for (unsigned i = 0; i < ITEMS_EACH; i++) {
        struct thing *thing = calloc(1, sizeof(*thing));

        if (thing == NULL) {
            abort();
        }
        thing->thread = pusher->thread;
        thing->number = i;
        queue_push(pusher->queue, &thing->item);
    }
    queue_unref(pusher->queue, free_thing);
    return NULL;
}

static void test_threads_push_while_another_takes(void **state)
{
    struct queue *queue = queue_new();
    struct pusher pushers[THREADS];
    pthread_t threads[THREADS];
    unsigned next[THREADS] = { 0 };
    unsigned taken = 0;

    (void)state;
    assert_non_null(queue);
    for (unsigned i = 0; i < THREADS; i++) {
        pushers[i] = (struct pusher) { queue_ref(queue), i };
        assert_int_equal(pthread_create(&threads[i], NULL, push_all, &pushers[i]), 0);
    }
    while (taken < THREADS * ITEMS_EACH) {
        struct queue_item *item;

        if (!is_readable(queue, DEADLINE_MS)) {
            fail_msg("only %u items in %d ms", taken, DEADLINE_MS);
        }
        item = queue_take(queue);
        /* Readable means that there is something. */
        assert_non_null(item);
        while (item != NULL) {
            struct queue_item *after = item->next;
            const struct thing *thing = (const struct thing *)item;

            assert_int_equal(thing->number, next[thing->thread]++);
            taken++;
            free(item);
            item = after;
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_null(queue_take(queue));
    assert_false(is_readable(queue, 0));
    queue_unref(queue, free_thing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_come_in_the_order_they_were_pushed),
        cmocka_unit_test(test_the_descriptor_is_readable_while_there_is_something),
        cmocka_unit_test(test_the_descriptor_is_not_inherited),
        cmocka_unit_test(test_the_last_reference_frees_what_is_left),
        cmocka_unit_test(test_threads_push_while_another_takes),
    };

    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
