/* SPDX-License-Identifier: BSD-2-Clause */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/queue.h"

struct queue {
    pthread_mutex_t lock;
    int fd;
    unsigned references;
    struct queue_item *first;
    struct queue_item **end;
};

struct queue *queue_new(void)
{
    struct queue *queue = calloc(1, sizeof(*queue));

    if (queue == NULL) {
        return NULL;
    }
    queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (queue->fd < 0) {
        free(queue);
        return NULL;
    }
    pthread_mutex_init(&queue->lock, NULL);
    queue->references = 1;
    queue->end = &queue->first;
    return queue;
}

struct queue *queue_ref(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->references++;
    pthread_mutex_unlock(&queue->lock);
    return queue;
}

void queue_unref(struct queue *queue, void (*free_item)(struct queue_item *item))
{
    unsigned left;

    if (queue == NULL) {
        return;
    }
    pthread_mutex_lock(&queue->lock);
    left = --queue->references;
    pthread_mutex_unlock(&queue->lock);
    if (left > 0) {
        return;
    }
    while (queue->first != NULL) {
        struct queue_item *item = queue->first;

        queue->first = item->next;
        free_item(item);
    }
    close(queue->fd);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

int queue_fd(const struct queue *queue)
{
    return queue->fd;
}

void queue_push(struct queue *queue, struct queue_item *item)
{
    const uint64_t one = 1;
    ssize_t written;

    item->next = NULL;
    pthread_mutex_lock(&queue->lock);
    *queue->end = item;
    queue->end = &item->next;
    /* Fails only when the counter is full, and then it is readable anyway. */
    written = write(queue->fd, &one, sizeof(one));
    (void)written;
    pthread_mutex_unlock(&queue->lock);
}

struct queue_item *queue_take(struct queue *queue)
{
    struct queue_item *first;
    uint64_t count;
    ssize_t got;

    pthread_mutex_lock(&queue->lock);
    got = read(queue->fd, &count, sizeof(count));
    (void)got;
    first = queue->first;
    queue->first = NULL;
    queue->end = &queue->first;
    pthread_mutex_unlock(&queue->lock);
    return first;
}
