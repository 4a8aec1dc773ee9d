/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <strings.h>

#include "agent/snmpd_conf.h"

/* Views that snmpd has without a line. */
#define VIEW_ALL "_all_"

static bool is_v1_or_v2c(const char *model)
{
    return strcasecmp(model, "v1") == 0 || strcasecmp(model, "v2c") == 0;
}

static bool context_fits(const struct snmpd_access *access, const char *context)
{
    return access->prefix
               ? strncmp(context, access->context, strlen(access->context)) == 0
               : strcmp(context, access->context) == 0;
}

/* Whether a community of that security name leads into the context. */
static bool community_leads(const struct snmpd_conf *conf, const char *security,
                            const char *context)
{
    for (size_t i = 0; i < conf->community_count; i++) {
        if (strcmp(conf->communities[i].security, security) == 0
            && strcmp(conf->communities[i].context, context) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether somebody of the group gets there: users name a context themselves. */
static bool group_gets(const struct snmpd_conf *conf, const struct snmpd_access *access,
                       const char *context)
{
    for (size_t i = 0; i < conf->group_count; i++) {
        const struct snmpd_group *group = &conf->groups[i];

        if (strcmp(group->name, access->group) == 0
            && (strcasecmp(access->model, "any") == 0
                || strcasecmp(access->model, group->model) == 0)
            && (!is_v1_or_v2c(group->model)
                || community_leads(conf, group->security, context))) {
            return true;
        }
    }
    return false;
}

static bool enters(const struct snmpd_conf *conf, const struct snmpd_access *access,
                   const char *context)
{
    return context_fits(access, context)
           && (access->reader != SNMPD_READER_GROUP
               || group_gets(conf, access, context));
}

enum snmpd_verdict snmpd_conf_enters(const struct snmpd_conf *conf, const char *context,
                                     char ret_view[static SNMPD_NAME_SIZE])
{
    ret_view[0] = '\0';
    for (size_t i = 0; i < conf->access_count; i++) {
        if (enters(conf, &conf->accesses[i], context)) {
            /* A name of our own making is nobody's. */
            if (conf->accesses[i].view[0] != ' ') {
                memcpy(ret_view, conf->accesses[i].view, SNMPD_NAME_SIZE);
            }
            return SNMPD_YES;
        }
    }
    return conf->other_access || conf->incomplete ? SNMPD_PERHAPS : SNMPD_NO;
}

static bool is_prefix(const uint32_t *prefix, size_t prefix_length, const uint32_t *ids,
                      size_t length)
{
    return prefix_length <= length
           && memcmp(prefix, ids, prefix_length * sizeof(*ids)) == 0;
}

/* Whether a view shows anything of a subtree: its longest line decides. */
static enum snmpd_verdict view_shows(const struct snmpd_conf *conf, const char *name,
                                     const uint32_t *root, size_t length)
{
    const struct snmpd_view *longest = NULL;
    bool perhaps = false;

    if (name[0] == '\0' || strcmp(name, VIEW_ALL) == 0) {
        return SNMPD_YES;
    }
    for (size_t i = 0; i < conf->view_count; i++) {
        const struct snmpd_view *view = &conf->views[i];

        if (strcmp(view->name, name) != 0) {
            continue;
        }
        if (!view->known) {
            perhaps = true;
        } else if (is_prefix(view->ids, view->length, root, length)) {
            longest =
                longest == NULL || view->length >= longest->length ? view : longest;
        } else if (view->included && is_prefix(root, length, view->ids, view->length)) {
            return SNMPD_YES;
        }
    }
    if (longest != NULL && longest->included) {
        return SNMPD_YES;
    }
    return perhaps ? SNMPD_PERHAPS : SNMPD_NO;
}

enum snmpd_verdict snmpd_conf_reads(const struct snmpd_conf *conf, const char *context,
                                    const uint32_t *root, size_t length)
{
    enum snmpd_verdict best =
        conf->other_access || conf->incomplete ? SNMPD_PERHAPS : SNMPD_NO;

    for (size_t i = 0; i < conf->access_count && best != SNMPD_YES; i++) {
        if (enters(conf, &conf->accesses[i], context)) {
            enum snmpd_verdict verdict =
                view_shows(conf, conf->accesses[i].view, root, length);

            best = verdict > best ? verdict : best;
        }
    }
    return best;
}

bool snmpd_conf_opens_all(const struct snmpd_conf *conf)
{
    for (size_t i = 0; i < conf->access_count; i++) {
        const struct snmpd_access *access = &conf->accesses[i];

        if (access->reader == SNMPD_READER_USER && access->prefix
            && access->context[0] == '\0') {
            return true;
        }
    }
    return false;
}
