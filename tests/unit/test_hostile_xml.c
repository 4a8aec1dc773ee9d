/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_hostile_xml.c - XML that was written to do harm, given to all that
 * reads XML: as a domain's description, and as the file of a simulated node.
 *
 * Both refuse it with the same words, at the same place, soon, and without
 * much memory; or take it, and nothing happens.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "backends/domain_xml.h"
#include "backends/sim_node.h"
#include "backends/xml_input.h"

#define SOURCE "some/where.xml"

/* Before and behind what a test writes, on line 3: a domain, and a node. */
#define DOMAIN_BEGIN "<domain>\n<name>d</name>\n"
#define DOMAIN_END "\n</domain>\n"
#define NODE_BEGIN "<node>" DOMAIN_BEGIN
#define NODE_END DOMAIN_END "</node>\n"

#define MIB ((size_t)1024 * 1024)

static char folder[] = "/tmp/hvagentx-hostile.XXXXXX";
static char node_path[sizeof(folder) + 16];

/* A text that grows. */
struct text {
    char *octets;
    size_t size;
    size_t room;
};

static void add_octets(struct text *text, const char *octets, size_t size)
{
    while (text->size + size >= text->room) {
        text->room = text->room == 0 ? 4096 : text->room * 2;
        text->octets = realloc(text->octets, text->room);
        assert_non_null(text->octets);
    }
    memcpy(text->octets + text->size, octets, size);
    text->size += size;
    text->octets[text->size] = '\0';
}

static void add(struct text *text, const char *words)
{
    add_octets(text, words, strlen(words));
}

/* The piece so often; a "%zu" in it is the count so far. */
static void add_many(struct text *text, const char *piece, size_t count)
{
    const char *number = strstr(piece, "%zu");
    char digits[32];

    for (size_t i = 0; i < count; i++) {
        if (number == NULL) {
            add(text, piece);
            continue;
        }
        add_octets(text, piece, (size_t)(number - piece));
        snprintf(digits, sizeof(digits), "%zu", i);
        add(text, digits);
        add(text, number + 3);
    }
}

static void clear(struct text *text)
{
    free(text->octets);
    *text = (struct text) { 0 };
}

/* Old enough for nobody to wait for more of it. */
static void write_node(const struct text *text)
{
    const struct timespec times[2] = { { .tv_sec = 1 }, { .tv_sec = 1 } };
    FILE *file = fopen(node_path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text->octets, 1, text->size, file), text->size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(utimensat(AT_FDCWD, node_path, times, 0), 0);
}

/* "SOURCE:LINE: ", without a line where it is 0, and the words. */
static void assert_error(const struct error *error, const char *source, long line,
                         const char *words)
{
    char place[128];

    if (line != 0) {
        snprintf(place, sizeof(place), "%s:%ld: ", source, line);
    } else {
        snprintf(place, sizeof(place), "%s: ", source);
    }
    assert_int_equal(error->status, STATUS_INVALID);
    if (strncmp(error->text, place, strlen(place)) != 0
        || strstr(error->text + strlen(place), words) == NULL) {
        fail_msg("\"%s\" is not \"%s...%s\"", error->text, place, words);
    }
}

static void refuse_domain(const struct text *text, long line, const char *words)
{
    struct domain_xml *domain = NULL;
    struct error error = ERROR_NONE;

    assert_int_equal(
        domain_xml_from_text(SOURCE, text->octets, text->size, &domain, &error),
        STATUS_INVALID);
    assert_null(domain);
    assert_error(&error, SOURCE, line, words);
}

static void refuse_node(const struct text *text, long line, const char *words)
{
    struct sim_node *node = NULL;
    struct error error = ERROR_NONE;

    write_node(text);
    assert_int_equal(sim_node_load(node_path, &node, &error), STATUS_INVALID);
    assert_null(node);
    assert_error(&error, node_path, line, words);
}

static struct domain_xml *take_domain(const struct text *text)
{
    struct domain_xml *domain = NULL;
    struct error error = ERROR_NONE;

    if (domain_xml_from_text(SOURCE, text->octets, text->size, &domain, &error)
        != STATUS_OK) {
        fail_msg("refused: %s", error.text);
    }
    return domain;
}

static struct sim_node *take_node(const struct text *text)
{
    struct sim_node *node = NULL;
    struct error error = ERROR_NONE;

    write_node(text);
    if (sim_node_load(node_path, &node, &error) != STATUS_OK) {
        fail_msg("refused: %s", error.text);
    }
    return node;
}

/* The document: this in front, this in a domain, and this at the end. */
static struct text wrap(const char *begin, const char *front, const struct text *inside,
                        const char *end, const char *behind)
{
    struct text text = { 0 };

    add(&text, front);
    add(&text, begin);
    add_octets(&text, inside->octets, inside->size);
    add(&text, end);
    add(&text, behind);
    return text;
}

/* Refused by both, whose documents have the same lines.  Frees `inside`. */
static void refuse_text(const char *front, struct text *inside, const char *behind,
                        long line, const char *words)
{
    struct text domain = wrap(DOMAIN_BEGIN, front, inside, DOMAIN_END, behind);
    struct text node = wrap(NODE_BEGIN, front, inside, NODE_END, behind);

    refuse_domain(&domain, line, words);
    refuse_node(&node, line, words);
    clear(&domain);
    clear(&node);
    clear(inside);
}

static void refuse(const char *front, const char *inside, long line, const char *words)
{
    struct text text = { 0 };

    add(&text, inside);
    refuse_text(front, &text, "", line, words);
}

/* Taken by both, with this type of the operating system.  Frees `inside`. */
static void take_text(const char *front, struct text *inside, const char *behind,
                      const char *os_type)
{
    struct text text = wrap(DOMAIN_BEGIN, front, inside, DOMAIN_END, behind);
    struct domain_xml *domain = take_domain(&text);
    struct sim_node *node;

    clear(&text);
    text = wrap(NODE_BEGIN, front, inside, NODE_END, behind);
    node = take_node(&text);
    assert_string_equal(domain->name, "d");
    assert_int_equal(node->domain_count, 1);
    assert_string_equal(node->domains[0].name, "d");
    if (os_type != NULL) {
        assert_string_equal(domain->os_type, os_type);
        assert_string_equal(node->domains[0].config->os_type, os_type);
    }
    domain_xml_free(domain);
    sim_node_unref(node);
    clear(&text);
    clear(inside);
}

static void take(const char *front, const char *inside, const char *behind,
                 const char *os_type)
{
    struct text text = { 0 };

    add(&text, inside);
    take_text(front, &text, behind, os_type);
}

/* Time of this process for a domain, taken or not. */
static double measure(const struct text *text)
{
    struct domain_xml *domain = NULL;
    clock_t begin = clock();
    enum status status =
        domain_xml_from_text(SOURCE, text->octets, text->size, &domain, NULL);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;

    assert_true(status == STATUS_OK || status == STATUS_INVALID);
    domain_xml_free(domain);
    return seconds;
}

/* What an ordinary domain of nearly a MiB costs, with 60,000 elements. */
static double measure_reference(void)
{
    struct text inside = { 0 };
    struct text text;
    double seconds;

    add_many(&inside, "<a b='12345'/>\n", 60000);
    text = wrap(DOMAIN_BEGIN, "", &inside, DOMAIN_END, "");
    domain_xml_free(take_domain(&text));
    seconds = measure(&text);
    clear(&text);
    clear(&inside);
    return seconds;
}

/* At most so many times the reference.  Frees `inside`. */
static void assert_cost(struct text *inside, double factor)
{
    struct text text = wrap(DOMAIN_BEGIN, "", inside, DOMAIN_END, "");
    double reference = measure_reference();
    double seconds = measure(&text);

    if (seconds > factor * reference) {
        fail_msg("%f s, and %f s for as much of the ordinary", seconds, reference);
    }
    clear(&text);
    clear(inside);
}

/* Sanitizers keep freed memory, and shadows of all. */
static bool is_memory_ours(void)
{
    const char *sanitizers = getenv("HVX_SANITIZERS");

    return sanitizers == NULL || strcmp(sanitizers, "no") == 0;
}

static size_t peak_kib(void)
{
    struct rusage usage;

    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return (size_t)usage.ru_maxrss;
}

/* A node file written piece by piece, so that it was never in memory. */
static void write_large_node(const char *begin, const char *piece, size_t size)
{
    struct text empty = { .octets = NULL };
    FILE *file;

    add(&empty, "");
    write_node(&empty);
    clear(&empty);
    file = fopen(node_path, "a");
    assert_non_null(file);
    fputs(begin, file);
    for (size_t written = 0; written < size; written += strlen(piece)) {
        fputs(piece, file);
    }
    assert_int_equal(fclose(file), 0);
}

static void refuse_large_node(long line, const char *words)
{
    struct sim_node *node = NULL;
    struct error error = ERROR_NONE;
    size_t before_kib = peak_kib();

    assert_int_equal(sim_node_load(node_path, &node, &error), STATUS_INVALID);
    assert_error(&error, node_path, line, words);
    if (is_memory_ours()) {
        assert_in_range(peak_kib() - before_kib, 0, 64 * 1024);
    }
}

static void test_a_large_file_needs_no_memory(void **state)
{
    double reference = measure_reference();
    clock_t begin;

    (void)state;
    write_large_node("<node>", "<domain><name>large</name></domain>", 100 * MIB);
    begin = clock();
    refuse_large_node(0, "larger than 67108864 octets");
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC <= reference);
}

static void test_what_has_no_elements_needs_no_memory(void **state)
{
    (void)state;
    write_large_node("<node>", "<!---->", 60 * MIB);
    refuse_large_node(1, "comments");
    write_large_node("", "<?a?>", 60 * MIB);
    refuse_large_node(1, "comments");
    write_large_node("<node>\n", "many words ", 60 * MIB);
    refuse_large_node(2, "text");
    write_large_node("<node>\n<a b='", "many words ", 60 * MIB);
    refuse_large_node(2, "a tag of more than 65536 octets");
}

static void test_a_file_that_grows_is_bounded(void **state)
{
    static const char more[] = "<a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/><a/>";
    struct xml_input *input = NULL;
    struct error error = ERROR_NONE;
    xmlNode *child = NULL;
    enum status status;
    int fd;

    (void)state;
    write_large_node("<node>\n", more, 1);
    fd = open(node_path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(xml_input_open_fd("grows", fd, 100, &input, &error), STATUS_OK);
    write_large_node("<node>\n", more, 1000);
    status = xml_input_read_root(input, "node", &error);
    while (status == STATUS_OK) {
        status = xml_input_next_child(input, &child, &error);
        assert_true(status != STATUS_OK || child != NULL);
    }
    assert_int_equal(status, STATUS_INVALID);
    assert_non_null(strstr(error.text, "grows:"));
    assert_non_null(strstr(error.text, "larger than 100 octets"));
    xml_input_close(input);
}

static void test_a_doctype_is_refused_where_it_is(void **state)
{
    static const char *const declarations[] = {
        "",
        "SYSTEM 'file:///etc/passwd'",
        "PUBLIC '-//x' 'http://127.0.0.1:9/x.dtd'",
        "[<!ENTITY e SYSTEM 'file:///etc/passwd'>]",
        "[<!ENTITY % p SYSTEM 'file:///dev/zero'>\n%p;]",
        "[<!ENTITY % a '&#37;b;'><!ENTITY % b '&#37;a;'>\n%a;]",
        ("[<!ENTITY a 'ha'>\n<!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>\n"
         "<!ENTITY e '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'>]"),
        "[<!ATTLIST domain file CDATA '/etc/passwd'>]",
        "[<!-- ]> -->]",
    };
    char front[512];

    (void)state;
    for (size_t i = 0; i < sizeof(declarations) / sizeof(declarations[0]); i++) {
        snprintf(front, sizeof(front), "<?xml version='1.0'?>\n<!DOCTYPE domain %s>\n",
                 declarations[i]);
        refuse(front, "<title>&e;</title>", 2, "has a DOCTYPE");
    }
    refuse("", "\n<!DOCTYPE domain>", 4, "has a DOCTYPE");
    refuse("", "<!ENTITY a 'ha'>", 3, "neither a comment nor a CDATA section");
    refuse("", "<![cdata[ ]]>", 3, "neither a comment nor a CDATA section");
    refuse("", "<title>&e;</title>", 3, "Entity 'e' not defined");
}

/* One large entity, named often: linear to write, quadratic to expand. */
static void test_a_blow_up_is_refused(void **state)
{
    struct text front = { 0 };
    struct text inside = { 0 };

    (void)state;
    add(&front, "<!DOCTYPE domain [<!ENTITY e '");
    add_many(&front, "x", 100000);
    add(&front, "'>]>\n");
    add(&inside, "<title>");
    add_many(&inside, "&e;", 100000);
    add(&inside, "</title>");
    refuse_text(front.octets, &inside, "", 1, "has a DOCTYPE");
    clear(&front);
}

static void refuse_octets(const char *octets, size_t size, long line, const char *words)
{
    struct text text = { 0 };

    add_octets(&text, octets, size);
    refuse_domain(&text, line, words);
    refuse_node(&text, line, words);
    clear(&text);
}

static void test_a_nul_is_found_anywhere(void **state)
{
    static const char first[] = "\0" DOMAIN_BEGIN DOMAIN_END;
    static const char second[] = " \0" DOMAIN_BEGIN DOMAIN_END;
    static const char last[] = DOMAIN_BEGIN DOMAIN_END;
    static const char *const places[] = {
        "\n", "\n<a>", "\n<a b='", "\n<!-- ", "\n<![CDATA[", "\n<?a ", "\n<a", "\n</",
    };

    (void)state;
    refuse_octets(first, sizeof(first) - 1, 1, "UTF-8");
    refuse_octets(second, sizeof(second) - 1, 1, "NUL");
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        struct text inside = { 0 };

        add(&inside, places[i]);
        add_octets(&inside, "", 1);
        add(&inside, "\n");
        refuse_text("", &inside, "", 4, "NUL");
    }
    refuse_octets(last, sizeof(last), 5, "NUL");
}

static void test_only_utf8_is_read(void **state)
{
    static const char little[] = "\xff\xfe<\0d\0o\0m\0a\0i\0n\0/\0>\0";
    static const char big[] = "\xfe\xff\0<\0d\0o\0m\0a\0i\0n\0/\0>";
    static const char bare[] = "<\0d\0o\0m\0a\0i\0n\0/\0>\0";
    /* "<?xml?>" in EBCDIC, which libxml2 would know. */
    static const char ebcdic[] = "\x4c\x6f\xa7\x94\x93\x6f\x6e";

    (void)state;
    refuse_octets(little, sizeof(little) - 1, 1, "UTF-8");
    refuse_octets(big, sizeof(big) - 1, 1, "UTF-8");
    refuse_octets(bare, sizeof(bare) - 1, 1, "UTF-8");
    refuse_octets(ebcdic, sizeof(ebcdic) - 1, 1, "UTF-8");
    refuse("<?xml version='1.0' encoding='ISO-8859-1'?>\n", "<title>Z\xfcrich</title>",
           4, "not in UTF-8, the only encoding");
    refuse("", "<title>\xff</title>", 3, "UTF-8");
    refuse("", "<title a='\xe2\x82'/>", 3, "UTF-8");
    refuse("", "<title>\xc0\xbc</title>", 3, "UTF-8");
    refuse("", "<title>\xed\xa0\x80</title>", 3, "UTF-8");
    refuse("", "<title>\x01</title>", 3, "character that XML does not allow");
    /* A declaration that is not true changes nothing: "+ADw-" stays text. */
    take("<?xml version='1.0' encoding='UTF-7'?>\n",
         "<os><type>+ADw-/type+AD4-</type></os>", "", "+ADw-/type+AD4-");
    take("<?xml version='1.0' encoding='UTF-16'?>\n", "<os><type>\xc3\xbc</type></os>",
         "", "\xc3\xbc");
    take("\xef\xbb\xbf<?xml version='1.0' encoding='utf-8'?>\n",
         "<os><type>hvm</type></os>", "", "hvm");
}

static void test_depth_is_bounded(void **state)
{
    struct text text = { 0 };

    (void)state;
    add_many(&text, "<a>", 100000);
    add_many(&text, "</a>", 100000);
    refuse_text("", &text, "", 3, "elements one in the other");
    /* A "/" or ">" in a value ends no element, */
    add_many(&text, "<a b='/>' c=\"/\">", 300);
    add_many(&text, "</a>", 300);
    refuse_text("", &text, "", 3, "more than 256 elements one in the other");
    /* and what was closed does not count. */
    add_many(&text, "<a b='>'><c/><c/></a><c>></c>", 1000);
    take_text("", &text, "", NULL);
    /* Just as deep as can be, where nobody else sets a bound. */
    add(&text, "<node>");
    add_many(&text, "<a>", XML_INPUT_DEPTH_MAX - 1);
    add_many(&text, "</a>", XML_INPUT_DEPTH_MAX - 1);
    add(&text, "</node>");
    sim_node_unref(take_node(&text));
    clear(&text);
}

static void test_elements_are_bounded(void **state)
{
    struct text text = { 0 };

    (void)state;
    add_many(&text, "<a/>", 70000);
    refuse_text("", &text, "", 3, "more than 65536 elements in one <domain>");
}

static void test_many_disks_are_taken(void **state)
{
    struct text text = { 0 };
    struct text copy = { 0 };

    (void)state;
    add(&text, "<os><type>hvm</type></os><devices>\n");
    for (size_t i = 0; i < 10000; i++) {
        char disk[128];

        snprintf(
            disk, sizeof(disk),
            "<disk type='file'><source file='/v/%zu'/><target dev='v%zu'/></disk>\n", i,
            i);
        add(&text, disk);
    }
    add(&text, "</devices>");
    add_octets(&copy, text.octets, text.size);
    assert_cost(&copy, 20);
    take_text("", &text, "", "hvm");
}

static void test_attributes_are_bounded(void **state)
{
    static const char *const attributes[] = {
        " a%zu=''",
        " a%zu='>'",
        " a%zu=\"'/>\"",
        "\na%zu = '\"'",
    };
    struct text text = { 0 };

    (void)state;
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        bool is_lines = attributes[i][0] == '\n';

        add(&text, "<a");
        add_many(&text, attributes[i], XML_INPUT_ATTRIBUTES_MAX);
        add(&text, "/>");
        take_text("", &text, "", NULL);
        add(&text, "<a");
        add_many(&text, attributes[i], XML_INPUT_ATTRIBUTES_MAX + 1);
        add(&text, "/>");
        refuse_text("", &text, "", is_lines ? 3 + XML_INPUT_ATTRIBUTES_MAX + 1 : 3,
                    "more than 256 attributes in one element");
        add(&text, "<a");
        add_many(&text, attributes[i], 60000);
        add(&text, "/>");
        assert_cost(&text, 1);
    }
}

static void test_what_only_looks_like_attributes_is_taken(void **state)
{
    struct text text = { 0 };

    (void)state;
    add(&text, "<a><!-- <a");
    add_many(&text, " a='b'", 1000);
    add(&text, " --><![CDATA[ <a");
    add_many(&text, " a='b'", 1000);
    add(&text, " ]]> <?a <a");
    add_many(&text, " a='b'", 1000);
    add(&text, "?>");
    add_many(&text, " a='b'", 1000);
    add(&text, "</a>");
    add_many(&text, "<a b='' c=''/>", 1000);
    take_text("", &text, "", NULL);
}

/* As dear as it gets within the bounds: still in proportion to its size. */
static void test_all_within_bounds_is_cheap(void **state)
{
    struct text text = { 0 };

    (void)state;
    for (size_t i = 0; i < 400; i++) {
        add(&text, "<a");
        add_many(&text, " a%zu=''", XML_INPUT_ATTRIBUTES_MAX);
        add(&text, "/>");
    }
    assert_cost(&text, 20);
    for (size_t i = 0; i < 14; i++) {
        add(&text, "<a b='");
        add_many(&text, ">", XML_INPUT_TAG_MAX - 10);
        add(&text, "'/>");
    }
    assert_cost(&text, 20);
    for (size_t i = 0; i < 3; i++) {
        add(&text, "<a/><!--");
        add_many(&text, "->", XML_INPUT_SKIP_MAX / 2 - 10);
        add(&text, "-->");
    }
    assert_cost(&text, 30);
    for (size_t i = 0; i < 4; i++) {
        add(&text, "<a");
        add_many(&text, " xmlns:n%zu='u'", XML_INPUT_NAMESPACES_MAX / 4);
        add(&text, ">");
    }
    add_many(&text, "<n0:a/>", 60000);
    add_many(&text, "</a>", 4);
    assert_cost(&text, 100);
}

static void add_namespaces(struct text *text, size_t count)
{
    for (size_t i = 0; i < count; i += 128) {
        add(text, "<a");
        add_many(text, " xmlns:n%zu='u'", count - i < 128 ? count - i : 128);
        add(text, ">");
    }
    add_many(text, "</a>", (count + 127) / 128);
}

static void test_namespaces_are_bounded(void **state)
{
    struct text text = { 0 };
    struct text node = { 0 };

    (void)state;
    add_namespaces(&text, XML_INPUT_NAMESPACES_MAX);
    take_text("", &text, "", NULL);
    add_namespaces(&text, XML_INPUT_NAMESPACES_MAX + 1);
    refuse_text("", &text, "", 3, "more than 1024 declarations of namespaces");
    /* Each child of the root has its own. */
    add(&node, "<node xmlns:a='b'>");
    add_namespaces(&node, XML_INPUT_NAMESPACES_MAX);
    add_namespaces(&node, XML_INPUT_NAMESPACES_MAX);
    add(&node, "</node>");
    sim_node_unref(take_node(&node));
    clear(&node);
    /* Words that only contain it are none. */
    add_many(&text, "<a a='xmlns xmlns' bxmlns='1'> xmlns xmlns </a><xmlns/>", 1000);
    take_text("", &text, "", NULL);
}

static void test_length_is_bounded(void **state)
{
    struct text text = { 0 };

    (void)state;
    add(&text, "<a b='");
    add_many(&text, "x", XML_INPUT_TAG_MAX - 10);
    add(&text, "'/>");
    take_text("", &text, "", NULL);
    add(&text, "<a b='");
    add_many(&text, "x", XML_INPUT_TAG_MAX);
    add(&text, "'/>");
    refuse_text("", &text, "", 3, "a tag of more than 65536 octets");
    add(&text, "<a></a");
    add_many(&text, "\n", XML_INPUT_TAG_MAX);
    add(&text, ">");
    refuse_text("", &text, "", 3 + XML_INPUT_TAG_MAX - 1, "a tag of more than");
    add(&text, "<");
    add_many(&text, "n", 60000);
    add(&text, "/>");
    refuse_text("", &text, "", 3, "Name too long");
    add(&text, "<a ");
    add_many(&text, "n", 900000);
    add(&text, "='1'/>");
    refuse_text("", &text, "", 3, "a tag of more than");
}

static void test_comments_are_bounded(void **state)
{
    struct text text = { 0 };

    (void)state;
    add(&text, "<!--");
    add_many(&text, "-> ", XML_INPUT_SKIP_MAX / 3 - 2);
    add(&text, "-->");
    take_text("", &text, "", NULL);
    add(&text, "<!--");
    add_many(&text, "-> ", XML_INPUT_SKIP_MAX / 3);
    add(&text, "-->");
    refuse_text("", &text, "", 3, "more than 262144 octets of comments");
    add(&text, "<a/><![CDATA[");
    add_many(&text, "]> ", XML_INPUT_SKIP_MAX / 3);
    add(&text, "]]>");
    refuse_text("", &text, "", 3, "more than 262144 octets of comments");
    add(&text, "<?a ");
    add_many(&text, "? >", XML_INPUT_SKIP_MAX / 3);
    add(&text, "?>");
    refuse_text("", &text, "", 3, "more than 262144 octets of comments");
}

static void test_what_is_not_closed_is_refused(void **state)
{
    static const char unclosed[] = DOMAIN_BEGIN "<devices>\n<disk>\n";
    static const char comment[] = DOMAIN_BEGIN "<!-- \n" DOMAIN_END;
    static const char section[] = DOMAIN_BEGIN "<a><![CDATA[\n" DOMAIN_END;
    struct text text = { 0 };

    (void)state;
    add(&text, unclosed);
    refuse_domain(&text, 4, "ends too early");
    clear(&text);
    add(&text, comment);
    refuse_domain(&text, 6, "Comment");
    clear(&text);
    add(&text, section);
    refuse_domain(&text, 3, "ends too early");
    clear(&text);
    refuse("", "<devices><disk></devices>", 3, "mismatch: disk");
    refuse("", "</devices>", 3, "mismatch: domain");
    refuse("", "<devices a='b>\n<disk/></devices>", 4, "is a quote missing?");
    refuse("", "<devices a=b/>", 3, "\" or '");
    refuse("", "<devices a/>", 3, "value for attribute a");
}

static void test_what_is_harmless_is_taken(void **state)
{
    (void)state;
    take("<!-- <!DOCTYPE a> --><?a <!DOCTYPE a> ?>\n<!---->\n",
         "<!-- > ' \" --><os><!-- - -><a b='-->"
         "<type><!--a-->h<?a?>v<!--b--><![CDATA[m]]><?a > ? ?></type></os><!--c-->",
         "<!-- <domain> --><?a ' ?>\n", "hvm");
    take("", "<os><type><![CDATA[<!DOCTYPE a [<b c='</type>]]]]]></type></os>", "",
         "<!DOCTYPE a [<b c='</type>]]]");
    take("", "<os><type>&lt;!DOCTYPE&#32;a&gt; ]] > \"</type></os>", "",
         "<!DOCTYPE a> ]] > \"");
}

static void test_xinclude_is_not_followed(void **state)
{
    static const char secret[] = "top secret";
    struct text text = { 0 };
    char path[sizeof(folder) + 16];
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/secret", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(secret, file);
    assert_int_equal(fclose(file), 0);
    add(&text, "<os><type>hvm<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' "
               "parse='text' href='");
    add(&text, path);
    add(&text, "'/></type></os>");
    take_text("", &text, "", "hvm");
    unlink(path);
}

static void test_doubles_are_refused(void **state)
{
    static const char names[] = "<node>\n"
                                "<domain><name>a</name></domain>\n"
                                "<domain><name>b</name></domain>\n"
                                "<domain><name>a</name></domain>\n"
                                "</node>";
    static const char uuids[] =
        "<node>\n"
        "<domain><name>a</name><uuid>6695eb01-f6a4-8304-79aa-97f2502e193f</uuid>"
        "</domain>\n\n\n"
        "<domain><name>b</name><uuid>6695EB01F6A4830479AA97F2502E193F</uuid>"
        "</domain>\n"
        "</node>";
    struct text text = { 0 };
    char words[256];

    (void)state;
    add(&text, names);
    snprintf(words, sizeof(words), "\"a\" has the name of domain \"a\" at %s:2",
             node_path);
    refuse_node(&text, 4, words);
    clear(&text);
    add(&text, uuids);
    snprintf(words, sizeof(words), "\"b\" has the UUID of domain \"a\" at %s:2",
             node_path);
    refuse_node(&text, 5, words);
    clear(&text);
}

/* One place would be named as both of them. */
static void test_a_file_read_twice_is_refused(void **state)
{
    char path[sizeof(folder) + 16];
    struct text text = { 0 };
    FILE *file;

    (void)state;
    snprintf(path, sizeof(path), "%s/domain.xml", folder);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs("<domain><name>a</name></domain>", file);
    assert_int_equal(fclose(file), 0);
    add(&text,
        "<node>\n<domain file='domain.xml'/>\n<domain file='domain.xml'/></node>");
    refuse_node(&text, 0, "domain.xml\"> is there twice");
    clear(&text);
    add(&text,
        "<node><domain><name>a</name></domain><domain><name>a</name></domain></node>");
    refuse_node(&text, 1, "has the name of domain");
    clear(&text);
    unlink(path);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(node_path, sizeof(node_path), "%s/node.xml", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(node_path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* What measures memory comes before what uses it. */
        cmocka_unit_test(test_a_large_file_needs_no_memory),
        cmocka_unit_test(test_what_has_no_elements_needs_no_memory),
        cmocka_unit_test(test_a_file_that_grows_is_bounded),
        cmocka_unit_test(test_a_doctype_is_refused_where_it_is),
        cmocka_unit_test(test_a_blow_up_is_refused),
        cmocka_unit_test(test_a_nul_is_found_anywhere),
        cmocka_unit_test(test_only_utf8_is_read),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_elements_are_bounded),
        cmocka_unit_test(test_many_disks_are_taken),
        cmocka_unit_test(test_attributes_are_bounded),
        cmocka_unit_test(test_what_only_looks_like_attributes_is_taken),
        cmocka_unit_test(test_all_within_bounds_is_cheap),
        cmocka_unit_test(test_namespaces_are_bounded),
        cmocka_unit_test(test_length_is_bounded),
        cmocka_unit_test(test_comments_are_bounded),
        cmocka_unit_test(test_what_is_not_closed_is_refused),
        cmocka_unit_test(test_what_is_harmless_is_taken),
        cmocka_unit_test(test_xinclude_is_not_followed),
        cmocka_unit_test(test_doubles_are_refused),
        cmocka_unit_test(test_a_file_read_twice_is_refused),
    };

    return cmocka_run_group_tests_name("hostile XML", tests, set_up, tear_down);
}
