/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/snmpd_conf.h"
#include "agent/snmpd_words.h"

/* Beyond these limits a file is somebody's mistake. */
#define LINE_MAX_OCTETS 4096
#define FILE_MAX_OCTETS (1024L * 1024)
#define FILES_MAX 64
#define DEPTH_MAX 8

#define SUFFIX ".conf"

/* One file while it is read. */
struct reading {
    struct snmpd_conf *conf;
    const char *path;
    unsigned depth;
    char section[SNMPD_NAME_SIZE]; /* of "[snmpd]"; "": snmpd's */
};

static void read_file(struct snmpd_conf *conf, const char *path, unsigned depth);

static void read_folder(struct snmpd_conf *conf, const char *folder, unsigned depth)
{
    DIR *stream = opendir(folder);
    const struct dirent *entry;
    char path[PATH_MAX];

    if (stream == NULL) {
        conf->incomplete = true;
        return;
    }
    while ((entry = readdir(stream)) != NULL && conf->file_count < FILES_MAX) {
        size_t length = strlen(entry->d_name);

        if (length > strlen(SUFFIX)
            && strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0
            && snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name)
                   < (int)sizeof(path)) {
            read_file(conf, path, depth);
        }
    }
    closedir(stream);
}

/* False: the line includes nothing. */
static bool include(const struct reading *reading, const char *token, char *line)
{
    char word[PATH_MAX];
    char path[2 * PATH_MAX];
    const char *slash = strrchr(reading->path, '/');

    if (strcasecmp(token, "includeSearch") == 0) {
        reading->conf->incomplete = true;
        return true;
    }
    if (strcasecmp(token, "includeFile") != 0 && strcasecmp(token, "includeDir") != 0) {
        return false;
    }
    snmpd_next_word(&line, word, sizeof(word));
    if (word[0] == '/' || slash == NULL) {
        snprintf(path, sizeof(path), "%s", word);
    } else {
        snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - reading->path),
                 reading->path, word);
    }
    if (strcasecmp(token, "includeDir") == 0) {
        read_folder(reading->conf, path, reading->depth + 1);
    } else {
        read_file(reading->conf, path, reading->depth + 1);
    }
    return true;
}

/* "[snmpd]" alone is for all lines after it, before a word for that word. */
static bool is_for_snmpd(struct reading *reading, char *token, size_t size, char **line)
{
    char section[SNMPD_NAME_SIZE];
    size_t length = strlen(token);

    if (token[0] != '[' || token[length - 1] != ']') {
        return reading->section[0] == '\0'
               || strcasecmp(reading->section, "snmpd") == 0;
    }
    snprintf(section, sizeof(section), "%.*s", (int)length - 2, token + 1);
    if (!snmpd_next_word(line, token, size)) {
        memcpy(reading->section, section, sizeof(reading->section));
        return false;
    }
    return strcasecmp(section, "snmpd") == 0;
}

static void read_line(struct reading *reading, char *line)
{
    char token[64];

    line = skip_white(line);
    if (!snmpd_next_word(&line, token, sizeof(token)) || token[0] == '\0'
        || !is_for_snmpd(reading, token, sizeof(token), &line)
        || include(reading, token, line)) {
        return;
    }
    snmpd_take_word(reading->conf, token, line);
}

static void read_lines(struct reading *reading, FILE *stream)
{
    char line[LINE_MAX_OCTETS];
    size_t length = 0;
    long total = 0;
    int octet;

    do {
        octet = getc(stream);
        if (octet != EOF && octet != '\n') {
            if (length < sizeof(line)) {
                /* A NUL is no end: what follows it is told, too. */
                line[length] = octet == '\0' ? '?' : (char)octet;
            }
            length++;
            continue;
        }
        if (length < sizeof(line)) {
            line[length] = '\0';
            read_line(reading, line);
        } else {
            reading->conf->incomplete = true;
        }
        length = 0;
    } while (octet != EOF && total++ < FILE_MAX_OCTETS);
    explicit_bzero(line, sizeof(line));
}

/* NULL: errno says why; a device or a pipe is not waited for. */
static FILE *open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat properties;
    FILE *stream;

    if (fd < 0) {
        return NULL;
    }
    if (fstat(fd, &properties) != 0 || !S_ISREG(properties.st_mode)
        || properties.st_size > FILE_MAX_OCTETS) {
        close(fd);
        errno = S_ISDIR(properties.st_mode) ? EISDIR : EFBIG;
        return NULL;
    }
    stream = fdopen(fd, "r");
    if (stream == NULL) {
        close(fd);
    }
    return stream;
}

static void read_file(struct snmpd_conf *conf, const char *path, unsigned depth)
{
    struct reading reading = { .conf = conf, .path = path, .depth = depth };
    FILE *stream;

    if (depth > DEPTH_MAX || conf->file_count == FILES_MAX) {
        conf->incomplete = true;
        return;
    }
    stream = open_file(path);
    if (stream == NULL) {
        conf->incomplete = conf->incomplete || depth > 0 || errno != ENOENT;
        if (errno != ENOENT && conf->unreadable[0] == '\0') {
            conf->reason = errno;
            snprintf(conf->unreadable, sizeof(conf->unreadable), "%s", path);
        }
        return;
    }
    if (conf->file_count++ == 0) {
        snprintf(conf->first, sizeof(conf->first), "%s", path);
    }
    read_lines(&reading, stream);
    fclose(stream);
}

struct snmpd_conf *snmpd_conf_read(const char *path)
{
    static const char *const names[] = { "snmpd.conf", "snmpd.local.conf" };
    struct snmpd_conf *conf = calloc(1, sizeof(*conf));
    char file[PATH_MAX];

    if (conf == NULL) {
        return NULL;
    }
    conf->timeout_s = -1;
    conf->retries = -1;
    while (path[0] != '\0') {
        size_t length = strcspn(path, ":");

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && length > 0; i++) {
            if (snprintf(file, sizeof(file), "%.*s/%s", (int)length, path, names[i])
                < (int)sizeof(file)) {
                read_file(conf, file, 0);
            }
        }
        path += length + (path[length] == ':');
    }
    return conf;
}

void snmpd_conf_free(struct snmpd_conf *conf)
{
    if (conf == NULL) {
        return;
    }
    free(conf->views);
    free(conf->groups);
    free(conf->communities);
    free(conf->accesses);
    free(conf);
}
