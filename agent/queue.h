/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * queue.h - how other threads hand something to the SNMP thread.
 *
 * An unbounded list behind an eventfd: pushing never blocks, and the SNMP
 * thread's select() wakes up.  It stays short because each collection pushes
 * once and collections of the same thing never overlap.
 */
#ifndef HVX_AGENT_QUEUE_H
#define HVX_AGENT_QUEUE_H

/* First member of whatever is pushed. */
struct queue_item {
    struct queue_item *next;
};

struct queue;

/* With one reference; NULL without memory or descriptors. */
struct queue *queue_new(void);
struct queue *queue_ref(struct queue *queue);

/* The last reference closes the eventfd; items still in it are freed with
 * `free_item`. */
void queue_unref(struct queue *queue, void (*free_item)(struct queue_item *item));

/* Becomes readable when something was pushed. */
int queue_fd(const struct queue *queue);

/* Any thread. */
void queue_push(struct queue *queue, struct queue_item *item);

/*
 * Takes all items, oldest first, and makes the descriptor unreadable.
 * NULL when there is none.  The caller owns the items.
 */
struct queue_item *queue_take(struct queue *queue);

#endif
