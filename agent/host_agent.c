/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "agent/host_agent.h"

/* Room for one word of the line, with its NUL. */
#define WORD_SIZE 256

/* RFC 3414 section 11.2 */
#define PASSPHRASE_MIN 8

#define TIMEOUT_MAX_S 60
#define RETRIES_MAX 10

#define SYNOPSIS                                                                       \
    "write: hostAgent -v 2c -c COMMUNITY ADDRESS, or hostAgent -v 3 -u USER "          \
    "-l LEVEL -a SHA-256 -A PASSPHRASE -x AES -X PASSPHRASE ADDRESS"

/* The options as they are written; "": not given. */
struct options {
    char version[WORD_SIZE];
    char community[WORD_SIZE];
    char user[WORD_SIZE];
    char level[WORD_SIZE];
    char auth[WORD_SIZE];
    char auth_passphrase[WORD_SIZE];
    char priv[WORD_SIZE];
    char priv_passphrase[WORD_SIZE];
    char context[WORD_SIZE];
    char timeout[WORD_SIZE];
    char retries[WORD_SIZE];
    char address[WORD_SIZE];
};

static const struct {
    char letter;
    size_t offset; /* in struct options */
} option_letters[] = {
    { 'v', offsetof(struct options, version) },
    { 'c', offsetof(struct options, community) },
    { 'u', offsetof(struct options, user) },
    { 'l', offsetof(struct options, level) },
    { 'a', offsetof(struct options, auth) },
    { 'A', offsetof(struct options, auth_passphrase) },
    { 'x', offsetof(struct options, priv) },
    { 'X', offsetof(struct options, priv_passphrase) },
    { 'n', offsetof(struct options, context) },
    { 't', offsetof(struct options, timeout) },
    { 'r', offsetof(struct options, retries) },
};

static char *find_option(struct options *options, char letter)
{
    for (size_t i = 0; i < sizeof(option_letters) / sizeof(option_letters[0]); i++) {
        if (option_letters[i].letter == letter) {
            return (char *)options + option_letters[i].offset;
        }
    }
    return NULL;
}

/* The next word of the line; false: there is none, or it is too long. */
static bool next_word(const char **line, char *word)
{
    if (*line == NULL || **line == '\0') {
        return false;
    }
    *line = copy_nword_const(*line, word, WORD_SIZE);
    return word[0] != '\0' && strlen(word) < WORD_SIZE - 1;
}

/* Takes one option, or the address, from the line. */
static enum status split_next(const char **line, struct options *options, char *word,
                              struct error *error)
{
    char *option = options->address;
    const char *value = word;
    char letter;

    if (!next_word(line, word)) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: a word is empty or longer than %d octets",
                         WORD_SIZE - 2);
    }
    letter = word[0] == '-' ? word[1] : '\0';
    if (letter != '\0') {
        option = find_option(options, letter);
        value = word + 2;
    }
    if (option == NULL) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent has no option -%c: it takes v, c, u, l, a, A, x, "
                         "X, n, t and r of net-snmp's programs",
                         letter >= '!' && letter <= '~' ? letter : '?');
    }
    if (option[0] != '\0' && option == options->address) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent takes one address: put a value with blanks in "
                         "double quotes");
    }
    if (option[0] != '\0') {
        return error_set(error, STATUS_INVALID, "hostAgent has -%c twice", letter);
    }
    if (value[0] == '\0') {
        if (!next_word(line, word)) {
            return error_set(error, STATUS_INVALID, "hostAgent: -%c needs a value",
                             letter);
        }
        value = word;
    }
    memcpy(option, value, strlen(value) + 1);
    return STATUS_OK;
}

static enum status split(const char *line, struct options *options, struct error *error)
{
    enum status status = STATUS_OK;
    char word[WORD_SIZE];

    line = skip_white_const(line);
    while (status == STATUS_OK && line != NULL && *line != '\0') {
        status = split_next(&line, options, word, error);
    }
    explicit_bzero(word, sizeof(word));
    if (status == STATUS_OK && options->address[0] == '\0') {
        status =
            error_set(error, STATUS_INVALID, "hostAgent has no address; " SYNOPSIS);
    }
    return status;
}

/* A number that fills the word; -1 where there is none in the range. */
static int parse_number(const char *word, int least, int most)
{
    char *end;
    long number;

    if (word[0] < '0' || word[0] > '9') {
        return -1;
    }
    number = strtol(word, &end, 10);
    return *end != '\0' || number < least || number > most ? -1 : (int)number;
}

/*
 * HOST[:PORT], or [HOST][:PORT] for IPv6, in place: *ret_host is the host
 * alone, *ret_port the port; false where it is no such thing.
 */
static bool split_address(char *text, bool is_v6, char **ret_host, int *ret_port)
{
    char *rest = is_v6 ? strchr(text, ']') : text + strcspn(text, ":");

    if (rest == NULL || (is_v6 && text[0] != '[')) {
        return false;
    }
    *ret_host = text;
    if (is_v6) {
        (*ret_host)++;
        *rest++ = '\0';
    }
    *ret_port = SNMP_PORT;
    if (rest[0] == ':') {
        *ret_port = parse_number(rest + 1, 1, 65535);
    }
    if (rest[0] != '\0' && rest[0] != ':') {
        return false;
    }
    rest[0] = '\0';
    return *ret_port > 0;
}

/* net-snmp gets an address in digits, for which it asks no resolver. */
static enum status take_address(struct host_agent *agent, char *word,
                                struct error *error)
{
    unsigned char address[sizeof(struct in6_addr)];
    bool is_v6 = strncasecmp(word, "udp6:", 5) == 0;
    bool has_prefix = strncasecmp(word, "udp:", 4) == 0;
    const char *host;
    char *text;
    int port;

    if (split_address(word + (is_v6 ? 5 : has_prefix ? 4 : 0), is_v6, &text, &port)) {
        host = !is_v6 && strcasecmp(text, "localhost") == 0 ? "127.0.0.1" : text;
        if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host, address) == 1) {
            snprintf(agent->address, sizeof(agent->address),
                     is_v6 ? "udp6:[%s]:%d" : "udp:%s:%d", host, port);
            return STATUS_OK;
        }
    }
    return error_set(error, STATUS_INVALID,
                     "hostAgent: the address is not understood: write localhost, "
                     "127.0.0.1:161 or udp6:[::1]:161, and no name that has to be "
                     "looked up");
}

static enum status take_copy(char **ret_text, const char *word, struct error *error)
{
    if (word[0] != '\0') {
        *ret_text = strdup(word);
        if (*ret_text == NULL) {
            return error_set(error, STATUS_NO_MEMORY, "out of memory");
        }
    }
    return STATUS_OK;
}

static enum status take_patience(struct host_agent *agent,
                                 const struct options *options, struct error *error)
{
    int timeout_s = parse_number(options->timeout, 1, TIMEOUT_MAX_S);

    agent->timeout_us = timeout_s < 0 ? -1 : timeout_s * 1000000L;
    agent->retries = parse_number(options->retries, 0, RETRIES_MAX);
    if (options->timeout[0] != '\0' && timeout_s < 0) {
        return error_set(error, STATUS_INVALID, "hostAgent: -t takes 1 to %d (seconds)",
                         TIMEOUT_MAX_S);
    }
    if (options->retries[0] != '\0' && agent->retries < 0) {
        return error_set(error, STATUS_INVALID, "hostAgent: -r takes 0 to %d",
                         RETRIES_MAX);
    }
    return STATUS_OK;
}

static enum status take_v2c(struct host_agent *agent, const struct options *options,
                            struct error *error)
{
    if (options->community[0] == '\0') {
        return error_set(error, STATUS_INVALID, "hostAgent: -v 2c needs -c COMMUNITY");
    }
    if (options->user[0] != '\0' || options->level[0] != '\0'
        || options->auth[0] != '\0' || options->auth_passphrase[0] != '\0'
        || options->priv[0] != '\0' || options->priv_passphrase[0] != '\0'
        || options->context[0] != '\0') {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: -u, -l, -a, -A, -x, -X and -n need -v 3");
    }
    return take_copy(&agent->community, options->community, error);
}

/* The key of a pass phrase; the protocol of authentication makes both keys. */
static bool make_key(const struct host_agent *agent, const char *passphrase,
                     u_char *key, size_t size, size_t *ret_length)
{
    *ret_length = size;
    return strlen(passphrase) >= PASSPHRASE_MIN
           && generate_Ku(agent->auth, (u_int)agent->auth_length,
                          (const u_char *)passphrase, strlen(passphrase), key,
                          ret_length)
                  == SNMPERR_SUCCESS;
}

static enum status take_auth(struct host_agent *agent, const struct options *options,
                             struct error *error)
{
    if (options->auth[0] == '\0' || options->auth_passphrase[0] == '\0') {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: this level needs -a PROTOCOL and -A PASSPHRASE");
    }
    agent->auth =
        sc_get_auth_oid(usm_lookup_auth_type(options->auth), &agent->auth_length);
    if (agent->auth == NULL) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: -a: net-snmp does not know this protocol: write "
                         "SHA-256 or another one of snmpcmd(1)");
    }
    if (!make_key(agent, options->auth_passphrase, agent->auth_key,
                  sizeof(agent->auth_key), &agent->auth_key_length)) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: no key can be made of the pass phrase of -A: "
                         "write at least %d octets, and a protocol that this "
                         "net-snmp has",
                         PASSPHRASE_MIN);
    }
    return STATUS_OK;
}

static enum status take_priv(struct host_agent *agent, const struct options *options,
                             struct error *error)
{
    if (options->priv[0] == '\0' || options->priv_passphrase[0] == '\0') {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: -l authPriv needs -x PROTOCOL and -X PASSPHRASE");
    }
    agent->priv =
        sc_get_priv_oid(usm_lookup_priv_type(options->priv), &agent->priv_length);
    if (agent->priv == NULL) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: -x: net-snmp does not know this protocol: write "
                         "AES or another one of snmpcmd(1)");
    }
    if (!make_key(agent, options->priv_passphrase, agent->priv_key,
                  sizeof(agent->priv_key), &agent->priv_key_length)) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: no key can be made of the pass phrase of -X: "
                         "write at least %d octets",
                         PASSPHRASE_MIN);
    }
    return STATUS_OK;
}

static enum status take_v3(struct host_agent *agent, const struct options *options,
                           struct error *error)
{
    static const struct {
        const char *name;
        int level;
    } levels[] = {
        { "", SNMP_SEC_LEVEL_NOAUTH },
        { "noAuthNoPriv", SNMP_SEC_LEVEL_NOAUTH },
        { "authNoPriv", SNMP_SEC_LEVEL_AUTHNOPRIV },
        { "authPriv", SNMP_SEC_LEVEL_AUTHPRIV },
    };
    enum status status;

    agent->is_v3 = true;
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        if (strcasecmp(levels[i].name, options->level) == 0) {
            agent->level = levels[i].level;
        }
    }
    if (options->user[0] == '\0' || options->community[0] != '\0') {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: -v 3 needs -u USER and takes no -c");
    }
    if (agent->level == 0) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: -l takes noAuthNoPriv, authNoPriv or authPriv");
    }
    if ((agent->level < SNMP_SEC_LEVEL_AUTHNOPRIV
         && options->auth_passphrase[0] != '\0')
        || (agent->level < SNMP_SEC_LEVEL_AUTHPRIV
            && options->priv_passphrase[0] != '\0')) {
        return error_set(error, STATUS_INVALID,
                         "hostAgent: a pass phrase would not be used: say "
                         "-l authNoPriv or -l authPriv");
    }
    status = take_copy(&agent->user, options->user, error);
    if (status == STATUS_OK) {
        status = take_copy(&agent->context, options->context, error);
    }
    if (status == STATUS_OK && agent->level >= SNMP_SEC_LEVEL_AUTHNOPRIV) {
        status = take_auth(agent, options, error);
    }
    if (status == STATUS_OK && agent->level >= SNMP_SEC_LEVEL_AUTHPRIV) {
        status = take_priv(agent, options, error);
    }
    return status;
}

static enum status take_version(struct host_agent *agent, const struct options *options,
                                struct error *error)
{
    if (strcasecmp(options->version, "2c") == 0) {
        return take_v2c(agent, options, error);
    }
    if (strcmp(options->version, "3") == 0) {
        return take_v3(agent, options, error);
    }
    return error_set(error, STATUS_INVALID, "hostAgent needs -v 2c or -v 3; " SYNOPSIS);
}

enum status host_agent_parse(const char *options, struct host_agent **ret_agent,
                             struct error *error)
{
    struct options words = { 0 };
    struct host_agent *agent = calloc(1, sizeof(*agent));
    enum status status;

    if (agent == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "out of memory");
    }
    status = split(options, &words, error);
    if (status == STATUS_OK) {
        status = take_version(agent, &words, error);
    }
    if (status == STATUS_OK) {
        status = take_patience(agent, &words, error);
    }
    if (status == STATUS_OK) {
        status = take_address(agent, words.address, error);
    }
    explicit_bzero(&words, sizeof(words));
    if (status == STATUS_OK) {
        *ret_agent = agent;
    } else {
        host_agent_free(agent);
    }
    return status;
}

void host_agent_free(struct host_agent *agent)
{
    if (agent == NULL) {
        return;
    }
    if (agent->community != NULL) {
        explicit_bzero(agent->community, strlen(agent->community));
    }
    free(agent->community);
    free(agent->user);
    free(agent->context);
    explicit_bzero(agent, sizeof(*agent));
    free(agent);
}
