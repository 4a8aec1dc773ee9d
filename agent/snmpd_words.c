/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/snmpd_words.h"

/* Most rules of a kind; more are somebody's mistake. */
#define RULES_MAX 10000

bool snmpd_next_word(char **line, char *word, size_t size)
{
    word[0] = '\0';
    if (*line == NULL || **line == '\0') {
        return false;
    }
    *line = copy_nword(*line, word, (int)size);
    return true;
}

/* Room for one more element; NULL: no memory, or too many. */
static void *grow(struct snmpd_conf *conf, void **array, size_t *count, size_t size)
{
    char *grown = *count < RULES_MAX ? realloc(*array, (*count + 1) * size) : NULL;

    if (grown == NULL) {
        conf->incomplete = true;
        return NULL;
    }
    *array = grown;
    memset(grown + *count * size, 0, size);
    return grown + (*count)++ * size;
}

#define GROW(conf, array, count)                                                       \
    grow(conf, (void **)&(conf)->array, &(conf)->count, sizeof(*(conf)->array))

/* ".1.3.6" or "1.3.6"; false: it is something else, such as a name. */
static bool parse_oid(struct snmpd_view *view, const char *text)
{
    view->length = 0;
    text += text[0] == '.';
    while (text[0] >= '0' && text[0] <= '9') {
        char *end;
        unsigned long id;

        errno = 0;
        id = strtoul(text, &end, 10);
        if (errno != 0 || id > UINT32_MAX) {
            return false;
        }
        if (view->length < SNMPD_IDS_MAX) {
            view->ids[view->length++] = (uint32_t)id;
        }
        if (end[0] == '\0') {
            return true;
        }
        if (end[0] != '.') {
            return false;
        }
        text = end + 1;
    }
    return false;
}

static void parse_view(struct snmpd_conf *conf, char *line)
{
    char kind[16];
    char subtree[1024];
    char mask[16];
    struct snmpd_view *view = GROW(conf, views, view_count);

    if (view == NULL) {
        return;
    }
    snmpd_next_word(&line, view->name, sizeof(view->name));
    snmpd_next_word(&line, kind, sizeof(kind));
    view->included = strcasecmp(kind, "included") == 0;
    if (!snmpd_next_word(&line, subtree, sizeof(subtree)) || view->name[0] == '\0') {
        /* Not a line that snmpd takes. */
        conf->view_count--;
        return;
    }
    view->known =
        parse_oid(view, subtree) && !snmpd_next_word(&line, mask, sizeof(mask));
}

static void parse_group(struct snmpd_conf *conf, char *line)
{
    struct snmpd_group *group = GROW(conf, groups, group_count);

    if (group == NULL) {
        return;
    }
    snmpd_next_word(&line, group->name, sizeof(group->name));
    snmpd_next_word(&line, group->model, sizeof(group->model));
    if (!snmpd_next_word(&line, group->security, sizeof(group->security))) {
        conf->group_count--;
    }
}

static void parse_com2sec(struct snmpd_conf *conf, char *line)
{
    char word[TEXT_MAX + 1];
    struct snmpd_community *community = GROW(conf, communities, community_count);

    if (community == NULL) {
        return;
    }
    snmpd_next_word(&line, word, sizeof(word));
    if (strcmp(word, "-Cn") == 0) {
        snmpd_next_word(&line, community->context, sizeof(community->context));
        snmpd_next_word(&line, word, sizeof(word));
    }
    snprintf(community->security, sizeof(community->security), "%.*s",
             SNMPD_NAME_SIZE - 1, word);
    if (word[0] == '\0') {
        conf->community_count--;
    }
}

static void parse_access(struct snmpd_conf *conf, char *line)
{
    char level[16];
    char match[16];
    struct snmpd_access *access = GROW(conf, accesses, access_count);

    if (access == NULL) {
        return;
    }
    access->reader = SNMPD_READER_GROUP;
    snmpd_next_word(&line, access->group, sizeof(access->group));
    snmpd_next_word(&line, access->context, sizeof(access->context));
    snmpd_next_word(&line, access->model, sizeof(access->model));
    snmpd_next_word(&line, level, sizeof(level));
    snmpd_next_word(&line, match, sizeof(match));
    access->prefix = strcasecmp(match, "prefix") == 0;
    if (!snmpd_next_word(&line, access->view, sizeof(access->view))
        || access->view[0] == '\0') {
        conf->access_count--;
    }
}

/* The end of rouser and its relatives: [OID | -V VIEW [CONTEXT]]. */
static void parse_what(struct snmpd_conf *conf, struct snmpd_access *access, char *line)
{
    char word[1024];
    struct snmpd_view *view;
    size_t length;

    if (snmpd_next_word(&line, word, sizeof(word)) && strcmp(word, "-V") == 0) {
        snmpd_next_word(&line, access->view, sizeof(access->view));
    } else if (word[0] != '\0' && (view = GROW(conf, views, view_count)) != NULL) {
        /* No line `view` can have a name with a space in front. */
        snprintf(view->name, sizeof(view->name), " %zu", conf->view_count);
        memcpy(access->view, view->name, sizeof(access->view));
        view->included = true;
        view->known = parse_oid(view, word);
    }
    if (!snmpd_next_word(&line, access->context, sizeof(access->context))) {
        access->prefix = true;
        return;
    }
    length = strlen(access->context);
    if (length > 0 && access->context[length - 1] == '*') {
        access->context[length - 1] = '\0';
        access->prefix = true;
    }
}

static void parse_user(struct snmpd_conf *conf, char *line)
{
    char word[64];
    struct snmpd_access *access = GROW(conf, accesses, access_count);

    if (access == NULL) {
        return;
    }
    access->reader = SNMPD_READER_USER;
    snmpd_next_word(&line, word, sizeof(word));
    if (strcmp(word, "-s") == 0) {
        snmpd_next_word(&line, word, sizeof(word));
        snmpd_next_word(&line, word, sizeof(word));
    }
    if (word[0] == '\0') {
        conf->access_count--;
        return;
    }
    snmpd_next_word(&line, word, sizeof(word)); /* the level */
    parse_what(conf, access, line);
    explicit_bzero(word, sizeof(word));
}

static void parse_community(struct snmpd_conf *conf, char *line)
{
    char word[64];
    struct snmpd_access *access = GROW(conf, accesses, access_count);

    if (access == NULL) {
        return;
    }
    access->reader = SNMPD_READER_COMMUNITY;
    if (!snmpd_next_word(&line, word, sizeof(word)) || word[0] == '\0') {
        conf->access_count--;
        return;
    }
    snmpd_next_word(&line, word, sizeof(word)); /* the source */
    parse_what(conf, access, line);
    /* A community leads to one context. */
    access->prefix = false;
    explicit_bzero(word, sizeof(word));
}

static void parse_other_access(struct snmpd_conf *conf, char *line)
{
    (void)line;
    conf->other_access = true;
}

static void parse_master(struct snmpd_conf *conf, char *line)
{
    static const char *const words[] = { "agentx", "all", "yes", "on" };
    char word[16];

    snmpd_next_word(&line, word, sizeof(word));
    conf->master = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        conf->master = conf->master || strcasecmp(words[i], word) == 0;
    }
}

static void parse_socket(struct snmpd_conf *conf, char *line)
{
    snmpd_next_word(&line, conf->socket, sizeof(conf->socket));
}

static void parse_perms(struct snmpd_conf *conf, char *line)
{
    (void)line;
    conf->has_perms = true;
}

static int parse_number(char *line)
{
    char word[16];
    long number;

    snmpd_next_word(&line, word, sizeof(word));
    number = strtol(word, NULL, 10);
    return number < 0 ? 0 : number > INT_MAX ? INT_MAX : (int)number;
}

static void parse_timeout(struct snmpd_conf *conf, char *line)
{
    conf->timeout_s = parse_number(line);
}

static void parse_retries(struct snmpd_conf *conf, char *line)
{
    conf->retries = parse_number(line);
}

static const struct {
    const char *token;
    void (*parse)(struct snmpd_conf *conf, char *line);
} directives[] = {
    { "master", parse_master },
    { "agentXSocket", parse_socket },
    { "agentXPerms", parse_perms },
    { "agentXTimeout", parse_timeout },
    { "agentXRetries", parse_retries },
    { "view", parse_view },
    { "group", parse_group },
    { "com2sec", parse_com2sec },
    { "com2sec6", parse_com2sec },
    { "com2secunix", parse_com2sec },
    { "access", parse_access },
    { "rouser", parse_user },
    { "rwuser", parse_user },
    { "rocommunity", parse_community },
    { "rwcommunity", parse_community },
    { "rocommunity6", parse_community },
    { "rwcommunity6", parse_community },
    { "setaccess", parse_other_access },
    { "authcommunity", parse_other_access },
    { "authuser", parse_other_access },
    { "authgroup", parse_other_access },
    { "authaccess", parse_other_access },
    { "vacmView", parse_other_access },
    { "vacmGroup", parse_other_access },
    { "vacmAccess", parse_other_access },
};

void snmpd_take_word(struct snmpd_conf *conf, const char *token, char *line)
{
    for (size_t i = 0; i < sizeof(directives) / sizeof(directives[0]); i++) {
        if (strcasecmp(directives[i].token, token) == 0) {
            directives[i].parse(conf, line);
            return;
        }
    }
}
