/* SPDX-License-Identifier: BSD-2-Clause */
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/log.h"

#define LINE_SIZE 1024

/* More lines than this are dropped: the first ones tell enough. */
#define CAPTURED_LINES_MAX 50

/* Destinations that -L can name at once. */
#define DESTINATIONS_MAX 16

struct log_capture {
    netsnmp_log_handler *handler;
    size_t held_back_count;
    netsnmp_log_handler *held_back[DESTINATIONS_MAX];
    unsigned kept;
    bool overflown; /* there were more, or no memory for one */
    char *lines[CAPTURED_LINES_MAX];
};

static void __attribute__((format(printf, 2, 0)))
log_line(int priority, const char *format, va_list arguments)
{
    char line[LINE_SIZE];

    vsnprintf(line, sizeof(line), format, arguments);
    snmp_log(priority, "%s\n", line);
}

void log_error(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_ERR, format, arguments);
    va_end(arguments);
}

void log_warning(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_WARNING, format, arguments);
    va_end(arguments);
}

void log_notice(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_line(LOG_NOTICE, format, arguments);
    va_end(arguments);
}

const char *log_role(const char *context)
{
    return context[0] == '\0' ? "default" : context;
}

static int capture_line(netsnmp_log_handler *handler, int priority, const char *text)
{
    struct log_capture *capture = handler->magic;
    char *line;

    if (priority > LOG_WARNING) {
        return 1;
    }
    line = capture->kept < CAPTURED_LINES_MAX ? strdup(text) : NULL;
    if (line == NULL) {
        capture->overflown = true;
        return 1;
    }
    line[strcspn(line, "\n")] = '\0';
    capture->lines[capture->kept++] = line;
    return 1;
}

/*
 * The one handler for captures, off while there is none.  It is never removed:
 * net-snmp 5.9.3 loses handlers when one is.
 */
static netsnmp_log_handler *capture_handler(void)
{
    for (netsnmp_log_handler *handler = get_logh_head(); handler != NULL;
         handler = handler->next) {
        if (handler->handler == capture_line) {
            return handler;
        }
    }
    return NULL;
}

bool log_init(void)
{
    netsnmp_log_handler *handler =
        netsnmp_register_loghandler(NETSNMP_LOGHANDLER_CALLBACK, LOG_DEBUG);

    if (handler == NULL) {
        return false;
    }
    handler->handler = capture_line;
    handler->enabled = 0;
    return true;
}

struct log_capture *log_capture_begin(void)
{
    struct log_capture *capture = calloc(1, sizeof(*capture));

    if (capture == NULL) {
        return NULL;
    }
    capture->handler = capture_handler();
    if (capture->handler == NULL) {
        free(capture);
        return NULL;
    }
    for (netsnmp_log_handler *other = get_logh_head(); other != NULL;
         other = other->next) {
        if (other != capture->handler && other->enabled != 0
            && capture->held_back_count < DESTINATIONS_MAX) {
            other->enabled = 0;
            capture->held_back[capture->held_back_count++] = other;
        }
    }
    capture->handler->magic = capture;
    capture->handler->enabled = 1;
    return capture;
}

char *log_capture_take(struct log_capture *capture)
{
    if (capture->overflown || capture->kept == 0) {
        return NULL;
    }
    return capture->lines[--capture->kept];
}

void log_capture_end(struct log_capture *capture,
                     void (*visit)(const char *line, void *argument), void *argument)
{
    if (capture == NULL) {
        return;
    }
    capture->handler->enabled = 0;
    capture->handler->magic = NULL;
    for (size_t i = 0; i < capture->held_back_count; i++) {
        capture->held_back[i]->enabled = 1;
    }
    for (unsigned i = 0; i < capture->kept; i++) {
        visit(capture->lines[i], argument);
        free(capture->lines[i]);
    }
    free(capture);
}
