/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/sim_duration.h"

#include <stdlib.h>

#include "backends/xml_node.h"
#include "model/clock.h"

/* What one would expect of a small machine, in milliseconds. */
static const int64_t usual_ms[] = {
    [OPERATION_NONE] = 0,
    [OPERATION_START] = 2000,
    [OPERATION_START_PAUSED] = 1000,
    [OPERATION_SHUTDOWN] = 5000,
    [OPERATION_REBOOT] = 3000,
    [OPERATION_RESET] = 100,
    [OPERATION_POWER_OFF] = 100,
    [OPERATION_PAUSE] = 50,
    [OPERATION_RESUME] = 50,
    [OPERATION_SAVE] = 3000,
    [OPERATION_RESTORE] = 2000,
    [OPERATION_PM_SUSPEND] = 1000,
    [OPERATION_PM_WAKEUP] = 500,
    [OPERATION_SET_AUTOSTART] = 200,
    [OPERATION_SET_VCPUS] = 200,
    [OPERATION_SET_MEMORY] = 200,
    [OPERATION_SET_CPU_WEIGHT] = 200,
    [OPERATION_SET_CPU_CAP] = 200,
    [OPERATION_CORE_DUMP] = 2000,
    [OPERATION_NMI] = 50,
};
_Static_assert(sizeof(usual_ms) / sizeof(usual_ms[0]) == OPERATION_ACTION_COUNT,
               "a duration for each action");

/* The words for action=, and what they mean; "all" is OPERATION_NONE. */
struct words {
    const char *list[OPERATION_ACTION_COUNT + 1];
    enum operation_action actions[OPERATION_ACTION_COUNT];
};

static void fill_words(struct words *words)
{
    int count = 0;

    words->list[count] = "all";
    words->actions[count++] = OPERATION_NONE;
    for (int action = 1; action < OPERATION_ACTION_COUNT; action++) {
        if (usual_ms[action] != 0) { /* no goal */
            words->list[count] = operation_action_name((enum operation_action)action);
            words->actions[count++] = (enum operation_action)action;
        }
    }
    words->list[count] = NULL;
}

static int64_t *new_list(void)
{
    int64_t *list = malloc(OPERATION_ACTION_COUNT * sizeof(*list));

    for (int i = 0; list != NULL && i < OPERATION_ACTION_COUNT; i++) {
        list[i] = CLOCK_NEVER;
    }
    return list;
}

enum status sim_duration_read(const struct sim_xml *xml,
                              struct sim_durations *durations)
{
    static const char *const attributes[] = { "action", "duration", NULL };
    enum status status = sim_xml_check_attributes(xml, attributes);
    int64_t duration_ns = CLOCK_NEVER;
    int64_t *place;
    struct words words;
    int word = 0;

    fill_words(&words);
    if (status == STATUS_OK) {
        status = sim_xml_read_word(xml, "action", words.list, &word);
    }
    if (status == STATUS_OK) {
        status = sim_xml_read_seconds(xml, "duration", &duration_ns);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (duration_ns == CLOCK_NEVER) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "sim:operation has no duration");
    }
    if (durations->by_action_ns == NULL) {
        durations->by_action_ns = new_list();
    }
    if (durations->by_action_ns == NULL) {
        return error_set(xml->error, STATUS_NO_MEMORY, "%s: out of memory",
                         xml->source);
    }
    place = &durations->by_action_ns[words.actions[word]];
    if (*place != CLOCK_NEVER) {
        return xml_node_error(xml->source, xml->element, xml->error,
                              "a second sim:operation action=\"%s\"", words.list[word]);
    }
    *place = duration_ns;
    return STATUS_OK;
}

void sim_durations_clear(struct sim_durations *durations)
{
    free(durations->by_action_ns);
    durations->by_action_ns = NULL;
}

static int64_t find(const struct sim_durations *durations, enum operation_action action)
{
    if (durations->by_action_ns == NULL) {
        return CLOCK_NEVER;
    }
    return durations->by_action_ns[action] != CLOCK_NEVER
               ? durations->by_action_ns[action]
               : durations->by_action_ns[OPERATION_NONE];
}

int64_t sim_duration_ns(enum operation_action action,
                        const struct sim_durations *of_domain,
                        const struct sim_durations *of_node)
{
    int64_t duration_ns = find(of_domain, action);

    if (duration_ns == CLOCK_NEVER) {
        duration_ns = find(of_node, action);
    }
    return duration_ns != CLOCK_NEVER ? duration_ns
                                      : usual_ms[action] * CLOCK_NS_PER_MS;
}
