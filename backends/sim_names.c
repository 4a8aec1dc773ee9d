/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_names.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 16

enum status sim_names_add(struct sim_names *names, const struct sim_xml *xml,
                          const char *text)
{
    struct sim_name *name;

    if (names->count == names->room) {
        size_t room = names->room == 0 ? FIRST_ROOM : names->room * 2;
        struct sim_name *list = reallocarray(names->list, room, sizeof(*list));

        if (list == NULL) {
            goto no_memory;
        }
        names->list = list;
        names->room = room;
    }
    name = &names->list[names->count];
    name->text = strdup(text);
    if (name->text == NULL) {
        goto no_memory;
    }
    name->source = xml->source;
    name->line = xmlGetLineNo(xml->element);
    name->position = names->count++;
    return STATUS_OK;
no_memory:
    return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory", xml->source);
}

static int compare(const void *a, const void *b)
{
    const struct sim_name *first = a;
    const struct sim_name *second = b;
    int order = strcmp(first->text, second->text);

    if (order != 0) {
        return order;
    }
    return (first->position > second->position) - (first->position < second->position);
}

enum status sim_names_check(struct sim_names *names, const char *what,
                            struct error *error)
{
    if (names->count == 0) {
        return STATUS_OK;
    }
    qsort(names->list, names->count, sizeof(*names->list), compare);
    for (size_t i = 1; i < names->count; i++) {
        const struct sim_name *first = &names->list[i - 1];
        const struct sim_name *second = &names->list[i];

        if (strcmp(first->text, second->text) == 0) {
            return error_set(error, STATUS_INVALID,
                             "%s:%ld: a second %s \"%.64s\"; the first is at %s:%ld",
                             second->source, second->line, what, second->text,
                             first->source, first->line);
        }
    }
    return STATUS_OK;
}

void sim_names_clear(struct sim_names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        free(names->list[i].text);
    }
    free(names->list);
    memset(names, 0, sizeof(*names));
}
