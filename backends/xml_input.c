/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/xml_input.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <libxml/xmlreader.h>

#include "backends/xml_guard.h"
#include "model/text.h"

/*
 * libxml2 reads ahead of the element it reports: this much is not held
 * against an element that is just within its bound.
 */
#define XML_INPUT_AHEAD ((size_t)16 * 1024)

/*
 * No XML_PARSE_HUGE: libxml2's own limits on names, text and amplification
 * stay in force.  No XML_PARSE_NOENT, no XML_PARSE_DTDLOAD.  The guard sees
 * UTF-8, so the parser must not see anything else: XML_PARSE_IGNORE_ENC.
 */
#define XML_INPUT_OPTIONS (XML_PARSE_NONET | XML_PARSE_BIG_LINES | XML_PARSE_IGNORE_ENC)

struct xml_input {
    xmlTextReader *reader;
    char source[XML_INPUT_SOURCE_SIZE];
    int fd;           /* -1: a text */
    const char *text; /* NULL: a file */
    size_t text_size;
    size_t size_max;    /* of the whole input */
    size_t read_bytes;  /* handed to libxml2 so far */
    size_t read_max;    /* handing out more than this is refused now */
    size_t element_max; /* named in the refusal; 0: it is size_max */
    bool in_children;
    int level;      /* depth of the element whose children are gone through */
    bool is_hollow; /* that one was entered, and is an empty-element tag */
    struct xml_guard guard;
    struct error failure; /* the first one; later ones only follow from it */
};

static void input_fail(struct xml_input *input, enum status status, int line,
                       const char *reason)
{
    if (input->failure.status != STATUS_OK) {
        return;
    }
    if (line > 0) {
        error_set(&input->failure, status, "%s:%d: %s", input->source, line, reason);
    } else {
        error_set(&input->failure, status, "%s: %s", input->source, reason);
    }
}

static int input_line(struct xml_input *input)
{
    if (input->reader == NULL) {
        return 0;
    }
    return xmlTextReaderGetParserLineNumber(input->reader);
}

static void input_fail_size(struct xml_input *input)
{
    char reason[128];

    if (input->element_max != 0) {
        snprintf(reason, sizeof(reason), "this element is larger than %zu octets",
                 input->element_max);
    } else {
        snprintf(reason, sizeof(reason), "larger than %zu octets", input->size_max);
    }
    input_fail(input, STATUS_INVALID, input_line(input), reason);
}

static ssize_t input_fetch(struct xml_input *input, char *buffer, size_t size)
{
    ssize_t got;

    if (input->text != NULL) {
        if (size > input->text_size - input->read_bytes) {
            size = input->text_size - input->read_bytes;
        }
        memcpy(buffer, input->text + input->read_bytes, size);
        return (ssize_t)size;
    }
    do {
        got = read(input->fd, buffer, size);
    } while (got < 0 && errno == EINTR);
    return got;
}

static int input_read(void *context, char *buffer, int size)
{
    struct xml_input *input = context;
    const char *refusal;
    char reason[128];
    ssize_t got;

    if (size <= 0) {
        return 0;
    }
    got = input_fetch(input, buffer, (size_t)size);
    if (got < 0) {
        snprintf(reason, sizeof(reason), "cannot read: %s", strerror(errno));
        input_fail(input, STATUS_IO, 0, reason);
        return -1;
    }
    if ((size_t)got > input->read_max - input->read_bytes) {
        input_fail_size(input);
        return -1;
    }
    input->read_bytes += (size_t)got;
    refusal = xml_guard_check(&input->guard, buffer, (size_t)got);
    if (refusal != NULL) {
        input_fail(input, STATUS_INVALID, input->guard.line, refusal);
        return -1;
    }
    return (int)got;
}

/* The reader frees what it was given; we do. */
static int input_closed(void *context)
{
    (void)context;
    return 0;
}

#if LIBXML_VERSION >= 21200
static void input_error(void *context, const xmlError *xml_error)
#else
static void input_error(void *context, xmlError *xml_error)
#endif
{
    const char *reason = xml_error->message != NULL ? xml_error->message : "is no XML";

    if (xml_error->level < XML_ERR_ERROR) {
        return;
    }
    if (xml_error->code == XML_ERR_DOCUMENT_END) {
        /* "Extra content" is what libxml2 says to both. */
        reason = "ends too early, or goes on behind its root element";
    } else if (xml_error->code == XML_ERR_INVALID_CHAR) {
        /* libxml2 asks for an encoding declaration, which would not help. */
        reason = "is not in UTF-8, the only encoding that is read, or holds a "
                 "character that XML does not allow";
    }
    input_fail(context, STATUS_INVALID, xml_error->line, reason);
}

/* Nobody above knows of libxml2, so nobody above can do it for us. */
static void input_prepare(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, xmlInitParser);
}

static enum status input_open(struct xml_input *input, const char *source,
                              struct xml_input **ret_input, struct error *error)
{
    input_prepare();
    text_clean(input->source, sizeof(input->source), source);
    input->read_max = input->size_max;
    xml_guard_init(&input->guard);
    input->reader =
        xmlReaderForIO(input_read, input_closed, input, NULL, NULL, XML_INPUT_OPTIONS);
    if (input->reader == NULL) {
        xml_input_close(input);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", source);
    }
    xmlTextReaderSetStructuredErrorHandler(input->reader, input_error, input);
    *ret_input = input;
    return STATUS_OK;
}

enum status xml_input_open_text(const char *source, const char *text, size_t size,
                                struct xml_input **ret_input, struct error *error)
{
    struct xml_input *input = calloc(1, sizeof(*input));

    if (input == NULL) {
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", source);
    }
    input->fd = -1;
    input->text = text;
    input->text_size = size;
    input->size_max = size;
    return input_open(input, source, ret_input, error);
}

enum status xml_input_open_fd(const char *source, int fd, size_t size_max,
                              struct xml_input **ret_input, struct error *error)
{
    struct xml_input *input = calloc(1, sizeof(*input));
    struct stat status;

    if (input == NULL) {
        close(fd);
        return error_set(error, STATUS_NO_MEMORY, "%s: out of memory", source);
    }
    input->fd = fd;
    input->size_max = size_max;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)
        && (uint64_t)status.st_size > size_max) {
        xml_input_close(input);
        return error_set(error, STATUS_INVALID, "%s: larger than %zu octets", source,
                         size_max);
    }
    return input_open(input, source, ret_input, error);
}

void xml_input_close(struct xml_input *input)
{
    if (input == NULL) {
        return;
    }
    xmlFreeTextReader(input->reader);
    if (input->fd >= 0) {
        close(input->fd);
    }
    free(input);
}

/* The failure that there was. */
static enum status input_status(struct xml_input *input, struct error *error)
{
    if (input->failure.status == STATUS_OK) {
        input_fail(input, STATUS_INVALID, input_line(input), "no well-formed XML");
    }
    if (error != NULL) {
        *error = input->failure;
    }
    return input->failure.status;
}

/*
 * Steps to the next node, over the content of the present one if `skip`.
 * *ret_more is false at the end of the document.
 */
static enum status input_step(struct xml_input *input, bool skip, bool *ret_more,
                              struct error *error)
{
    int more =
        skip ? xmlTextReaderNext(input->reader) : xmlTextReaderRead(input->reader);

    if (more < 0 || input->failure.status != STATUS_OK) {
        return input_status(input, error);
    }
    *ret_more = more > 0;
    return STATUS_OK;
}

enum status xml_input_read_root(struct xml_input *input, const char *name,
                                struct error *error)
{
    enum status status;
    const xmlNode *root;
    char reason[128];
    bool more = false;

    do {
        status = input_step(input, false, &more, error);
        if (status != STATUS_OK) {
            return status;
        }
        if (!more) {
            return input_status(input, error);
        }
    } while (xmlTextReaderNodeType(input->reader) != XML_READER_TYPE_ELEMENT);

    root = xmlTextReaderCurrentNode(input->reader);
    if (root->ns != NULL || strcmp((const char *)root->name, name) != 0) {
        snprintf(reason, sizeof(reason), "the root element is not <%s>", name);
        input_fail(input, STATUS_INVALID, (int)xmlGetLineNo(root), reason);
        return input_status(input, error);
    }
    return STATUS_OK;
}

xmlNode *xml_input_here(const struct xml_input *input)
{
    return xmlTextReaderCurrentNode(input->reader);
}

void xml_input_enter(struct xml_input *input)
{
    input->is_hollow = xmlTextReaderIsEmptyElement(input->reader) == 1;
    if (!input->is_hollow) {
        input->level++;
        input->in_children = false;
    }
}

/* Is the reader at the end of the element that was entered last? */
static bool input_is_left(const struct xml_input *input)
{
    return input->level > 0
           && xmlTextReaderNodeType(input->reader) == XML_READER_TYPE_END_ELEMENT
           && xmlTextReaderDepth(input->reader) == input->level;
}

enum status xml_input_next_child(struct xml_input *input, xmlNode **ret_child,
                                 struct error *error)
{
    enum status status;
    bool more = false;

    *ret_child = NULL;
    if (input->is_hollow) {
        input->is_hollow = false;
        return STATUS_OK;
    }
    do {
        status = input_step(input, input->in_children, &more, error);
        if (status != STATUS_OK) {
            return status;
        }
        input->in_children = true;
        if (!more) {
            return STATUS_OK;
        }
        if (input_is_left(input)) {
            input->level--;
            return STATUS_OK;
        }
    } while (xmlTextReaderNodeType(input->reader) != XML_READER_TYPE_ELEMENT);
    *ret_child = xmlTextReaderCurrentNode(input->reader);
    return STATUS_OK;
}

enum status xml_input_expand(struct xml_input *input, size_t size_max,
                             xmlNode **ret_element, struct error *error)
{
    xmlNode *element;

    if (size_max < SIZE_MAX - XML_INPUT_AHEAD
        && size_max + XML_INPUT_AHEAD < input->size_max - input->read_bytes) {
        input->read_max = input->read_bytes + size_max + XML_INPUT_AHEAD;
        input->element_max = size_max;
    }
    element = xmlTextReaderExpand(input->reader);
    input->read_max = input->size_max;
    input->element_max = 0;
    if (element == NULL || input->failure.status != STATUS_OK) {
        return input_status(input, error);
    }
    *ret_element = element;
    return STATUS_OK;
}

enum status xml_input_finish(struct xml_input *input, struct error *error)
{
    enum status status;
    bool more = true;

    while (more) {
        status = input_step(input, input->in_children, &more, error);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}
