/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <smi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/mib_dump.h"

/* Errors of libsmi from this severity on make the text wrong. */
#define SEVERITY_ERROR 3

#define LINES_MAX 4000

/* libsmi makes a circle of ranges that overlap. */
#define RANGES_MAX 100

#ifdef __SANITIZE_ADDRESS__
/* The parser of libsmi forgets some of its memory. */
const char *__lsan_default_suppressions(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libsmi.so\n";
}
#endif

/* What the parser complains of: it has no argument of ours. */
static unsigned complaints;
static char first_complaint[512];

static void complain(char *path, int line, int severity, char *text, char *tag)
{
    (void)tag;
    if (severity <= SEVERITY_ERROR && complaints++ == 0) {
        snprintf(first_complaint, sizeof(first_complaint), "%s:%d: %s",
                 path == NULL ? "" : path, line, text);
    }
}

/* A line being written; the memory is that of `text`. */
struct line {
    FILE *stream;
    char *text;
    size_t size;
};

static void begin(struct line *line, const char *name, const char *fact)
{
    line->stream = open_memstream(&line->text, &line->size);
    assert_non_null(line->stream);
    fprintf(line->stream, "%s: %s", name, fact);
}

static void end(struct line *line, struct mib_dump *dump)
{
    assert_int_equal(fclose(line->stream), 0);
    assert_true(dump->count < LINES_MAX);
    dump->lines[dump->count++] = line->text;
}

static void add_number(struct mib_dump *dump, const char *name, const char *fact,
                       long number)
{
    struct line line;

    begin(&line, name, fact);
    fprintf(line.stream, " %ld", number);
    end(&line, dump);
}

static void add_text(struct mib_dump *dump, const char *name, const char *fact,
                     const char *text)
{
    struct line line;

    if (text != NULL) {
        begin(&line, name, fact);
        fprintf(line.stream, " \"%s\"", text);
        end(&line, dump);
    }
}

static void print_value(FILE *stream, const SmiValue *value)
{
    switch (value->basetype) {
    case SMI_BASETYPE_UNSIGNED32:
        fprintf(stream, "%lu", (unsigned long)value->value.unsigned32);
        break;
    case SMI_BASETYPE_UNSIGNED64:
        fprintf(stream, "%llu", (unsigned long long)value->value.unsigned64);
        break;
    case SMI_BASETYPE_INTEGER32:
    case SMI_BASETYPE_ENUM:
        fprintf(stream, "%ld", (long)value->value.integer32);
        break;
    case SMI_BASETYPE_OCTETSTRING:
    case SMI_BASETYPE_BITS:
        for (unsigned i = 0; i < value->len; i++) {
            fprintf(stream, "%02x", (unsigned)(unsigned char)value->value.ptr[i]);
        }
        break;
    case SMI_BASETYPE_OBJECTIDENTIFIER:
        for (unsigned i = 0; i < value->len; i++) {
            fprintf(stream, ".%u", (unsigned)value->value.oid[i]);
        }
        break;
    case SMI_BASETYPE_UNKNOWN:
    case SMI_BASETYPE_INTEGER64:
    case SMI_BASETYPE_FLOAT32:
    case SMI_BASETYPE_FLOAT64:
    case SMI_BASETYPE_FLOAT128:
    case SMI_BASETYPE_POINTER:
        fail_msg("a value of a type that SMIv2 does not have");
    }
}

static void print_node(FILE *stream, SmiNode *node)
{
    fprintf(stream, " %s::%s", smiGetNodeModule(node)->name, node->name);
}

/* What a type says itself: ranges, or sizes, and named numbers. */
static void print_restrictions(FILE *stream, SmiType *type)
{
    SmiRange *range = smiGetFirstRange(type);
    unsigned ranges = 0;
    SmiNamedNumber *named = smiGetFirstNamedNumber(type);

    for (fputs(range == NULL ? "" : " ranges", stream); range != NULL;
         range = smiGetNextRange(range)) {
        assert_true(ranges++ < RANGES_MAX);
        fputc(' ', stream);
        print_value(stream, &range->minValue);
        fputs("..", stream);
        print_value(stream, &range->maxValue);
    }
    for (fputs(named == NULL ? "" : " names", stream); named != NULL;
         named = smiGetNextNamedNumber(named)) {
        fprintf(stream, " %s(", named->name);
        print_value(stream, &named->value);
        fputc(')', stream);
    }
}

static void print_type_name(FILE *stream, SmiType *type)
{
    SmiModule *module = smiGetTypeModule(type);

    fprintf(stream, " %s::%s", module == NULL ? "" : module->name, type->name);
}

/* A type where it is used: a name, or what is said instead of or beside it. */
static void print_type(FILE *stream, SmiType *type)
{
    if (type->name != NULL) {
        print_type_name(stream, type);
        return;
    }
    if (smiGetParentType(type) != NULL) {
        print_type(stream, smiGetParentType(type));
    }
    fprintf(stream, " base %d", (int)type->basetype);
    print_restrictions(stream, type);
}

static void dump_type(struct mib_dump *dump, SmiType *type)
{
    struct line line;

    add_number(dump, type->name, "declared as", type->decl);
    add_number(dump, type->name, "status", type->status);
    add_text(dump, type->name, "display hint", type->format);
    add_text(dump, type->name, "units", type->units);
    begin(&line, type->name, "type");
    if (smiGetParentType(type) != NULL) {
        print_type(line.stream, smiGetParentType(type));
    }
    fprintf(line.stream, " base %d", (int)type->basetype);
    print_restrictions(line.stream, type);
    end(&line, dump);
}

static void dump_index(struct mib_dump *dump, SmiNode *row)
{
    struct line line;

    begin(&line, row->name, "index");
    fprintf(line.stream, " kind %d%s%s:", (int)row->indexkind,
            row->implied ? " implied" : "", row->create ? " create" : "");
    if (smiGetRelatedNode(row) != NULL) {
        print_node(line.stream, smiGetRelatedNode(row));
    }
    for (SmiElement *element = smiGetFirstElement(row); element != NULL;
         element = smiGetNextElement(element)) {
        print_node(line.stream, smiGetElementNode(element));
    }
    end(&line, dump);
}

/* Objects of a notification, whose order matters. */
static void dump_objects(struct mib_dump *dump, SmiNode *notification)
{
    struct line line;

    begin(&line, notification->name, "objects");
    for (SmiElement *element = smiGetFirstElement(notification); element != NULL;
         element = smiGetNextElement(element)) {
        print_node(line.stream, smiGetElementNode(element));
    }
    end(&line, dump);
}

/* Members of a group, mandatory groups of a compliance: a line for each. */
static void dump_members(struct mib_dump *dump, SmiNode *node)
{
    for (SmiElement *element = smiGetFirstElement(node); element != NULL;
         element = smiGetNextElement(element)) {
        struct line line;

        begin(&line, node->name, "has");
        print_node(line.stream, smiGetElementNode(element));
        end(&line, dump);
    }
}

static void dump_compliance(struct mib_dump *dump, SmiNode *node)
{
    for (SmiOption *option = smiGetFirstOption(node); option != NULL;
         option = smiGetNextOption(option)) {
        struct line line;

        begin(&line, node->name, "conditional group");
        print_node(line.stream, smiGetOptionNode(option));
        end(&line, dump);
    }
    for (SmiRefinement *refinement = smiGetFirstRefinement(node); refinement != NULL;
         refinement = smiGetNextRefinement(refinement)) {
        SmiType *type = smiGetRefinementType(refinement);
        SmiType *write_type = smiGetRefinementWriteType(refinement);
        struct line line;

        begin(&line, node->name, "refines");
        print_node(line.stream, smiGetRefinementNode(refinement));
        fprintf(line.stream, " access %d", (int)refinement->access);
        if (type != NULL) {
            fputs(" syntax", line.stream);
            print_type(line.stream, type);
        }
        if (write_type != NULL) {
            fputs(" write syntax", line.stream);
            print_type(line.stream, write_type);
        }
        end(&line, dump);
    }
}

static void dump_object(struct mib_dump *dump, SmiNode *node)
{
    struct line line;

    begin(&line, node->name, "syntax");
    print_type(line.stream, smiGetNodeType(node));
    end(&line, dump);
    add_text(dump, node->name, "units", node->units);
    add_text(dump, node->name, "display hint", node->format);
    if (node->value.basetype != SMI_BASETYPE_UNKNOWN) {
        begin(&line, node->name, "default ");
        print_value(line.stream, &node->value);
        end(&line, dump);
    }
}

static void dump_node(struct mib_dump *dump, SmiNode *node)
{
    struct line line;

    begin(&line, node->name, "OID ");
    for (unsigned i = 0; i < node->oidlen; i++) {
        fprintf(line.stream, ".%u", (unsigned)node->oid[i]);
    }
    end(&line, dump);
    add_number(dump, node->name, "kind", (long)node->nodekind);
    add_number(dump, node->name, "declared as", node->decl);
    add_number(dump, node->name, "access", node->access);
    add_number(dump, node->name, "status", node->status);
    switch (node->nodekind) {
    case SMI_NODEKIND_SCALAR:
    case SMI_NODEKIND_COLUMN:
        dump_object(dump, node);
        break;
    case SMI_NODEKIND_ROW:
        dump_index(dump, node);
        break;
    case SMI_NODEKIND_NOTIFICATION:
        dump_objects(dump, node);
        break;
    case SMI_NODEKIND_GROUP:
        dump_members(dump, node);
        break;
    case SMI_NODEKIND_COMPLIANCE:
        dump_members(dump, node);
        dump_compliance(dump, node);
        break;
    default:
        break;
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void dump_module(struct mib_dump *dump, SmiModule *module)
{
    SmiRevision *revision = smiGetFirstRevision(module);
    size_t kept = 0;

    if (revision != NULL) {
        add_number(dump, module->name, "last updated", (long)revision->date);
    }
    for (SmiMacro *macro = smiGetFirstMacro(module); macro != NULL;
         macro = smiGetNextMacro(macro)) {
        add_number(dump, macro->name, "declared as", macro->decl);
    }
    for (SmiType *type = smiGetFirstType(module); type != NULL;
         type = smiGetNextType(type)) {
        dump_type(dump, type);
    }
    for (SmiNode *node = smiGetFirstNode(module, SMI_NODEKIND_ANY); node != NULL;
         node = smiGetNextNode(node, SMI_NODEKIND_ANY)) {
        if (node->name != NULL) {
            dump_node(dump, node);
        }
    }
    qsort(dump->lines, dump->count, sizeof(*dump->lines), compare);
    for (size_t i = 0; i < dump->count; i++) {
        if (kept > 0 && strcmp(dump->lines[kept - 1], dump->lines[i]) == 0) {
            free(dump->lines[i]);
        } else {
            dump->lines[kept++] = dump->lines[i];
        }
    }
    dump->count = kept;
}

void mib_dump_load(struct mib_dump *ret_dump, const char *file, const char *path,
                   const char *module)
{
    static unsigned instances;
    char tag[32];
    const char *name;

    snprintf(tag, sizeof(tag), "mib_dump_%u", instances++);
    assert_int_equal(smiInit(tag), 0);
    complaints = 0;
    smiSetErrorHandler(complain);
    smiSetErrorLevel(SEVERITY_ERROR);
    assert_int_equal(smiSetPath(path), 0);
    name = smiLoadModule(file);
    if (name == NULL || strcmp(name, module) != 0 || complaints > 0) {
        fail_msg("%s cannot be loaded as %s: %s", file, module, first_complaint);
    }
    ret_dump->count = 0;
    ret_dump->lines = calloc(LINES_MAX, sizeof(*ret_dump->lines));
    assert_non_null(ret_dump->lines);
    dump_module(ret_dump, smiGetModule(module));
    smiExit();
}

void mib_dump_free(struct mib_dump *dump)
{
    for (size_t i = 0; i < dump->count; i++) {
        free(dump->lines[i]);
    }
    free(dump->lines);
    dump->lines = NULL;
    dump->count = 0;
}

bool mib_dump_has(const struct mib_dump *dump, const char *line)
{
    return bsearch(&line, dump->lines, dump->count, sizeof(*dump->lines), compare)
           != NULL;
}
