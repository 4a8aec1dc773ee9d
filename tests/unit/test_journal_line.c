/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * test_journal_line.c - an operation as a line of the journal, and back: nothing
 * is lost, and nothing comes back from a line that is damaged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/journal_line.h"
#include "model/clock.h"
#include "model/state_file.h"
#include "model/text.h"

/* Words of a line by their positions, the checksum not among them. */
enum {
    WORD_KIND,
    WORD_CLASS,
    WORD_UUID,
    WORD_ID,
    WORD_ACTION,
    WORD_VALUE,
    WORD_EXPECTED,
    WORD_TIMEOUT,
    WORD_DRY_RUN,
    WORD_ORIGIN,
    WORD_INDEX,
    WORD_STATE,
    WORD_ERROR,
    WORD_REMOVED,
    WORD_PROGRESS,
    WORD_ACCEPTED,
    WORD_STARTED,
    WORD_FINISHED,
    WORD_FORGET,
    WORD_TAG,
    WORD_ROLE,
    WORD_NAME,
    WORD_TEXT,
    WORDS
};

/* Each field with a value of its own. */
static struct operation *sample(void)
{
    struct operation *operation = operation_new("ops", "web-1");

    assert_non_null(operation);
    operation->class = OPERATION_CLASS_CONFIG;
    operation->uuid = (struct uuid) { { 0x66, 0x95, [15] = 0x3e } };
    operation->id = 4711;
    operation->action = OPERATION_SET_MEMORY;
    operation->value = 4194304;
    operation->expected = DOMAIN_STATE_PAUSED;
    operation->timeout_s = 12;
    operation->dry_run = true;
    operation->origin = OPERATION_BY_ROW;
    operation->vm_index = 3;
    strcpy(operation->tag, "ticket 815");
    operation->state = OPERATION_EXPIRED;
    operation->progress = 42;
    operation->accepted_ns = 1001;
    operation->started_ns = 1002;
    operation->finished_ns = 1003;
    operation->error = STATUS_TIMEOUT;
    operation->error_text = strdup("its time is over");
    assert_non_null(operation->error_text);
    operation->forget_ns = 1004;
    operation->is_removed = true;
    return operation;
}

static void check_text(const char *one, const char *other)
{
    assert_int_equal(one == NULL, other == NULL);
    if (one != NULL) {
        assert_string_equal(one, other);
    }
}

static void check_equal(const struct operation *one, const struct operation *other)
{
    assert_int_equal(one->class, other->class);
    assert_int_equal(uuid_compare(&one->uuid, &other->uuid), 0);
    assert_int_equal(one->id, other->id);
    assert_int_equal(one->action, other->action);
    assert_int_equal(one->value, other->value);
    assert_int_equal(one->expected, other->expected);
    assert_int_equal(one->timeout_s, other->timeout_s);
    assert_int_equal(one->dry_run, other->dry_run);
    assert_int_equal(one->origin, other->origin);
    assert_int_equal(one->vm_index, other->vm_index);
    assert_int_equal(one->state, other->state);
    assert_int_equal(one->progress, other->progress);
    assert_true(one->accepted_ns == other->accepted_ns);
    assert_true(one->started_ns == other->started_ns);
    assert_true(one->finished_ns == other->finished_ns);
    assert_true(one->forget_ns == other->forget_ns);
    assert_int_equal(one->error, other->error);
    assert_int_equal(one->is_removed, other->is_removed);
    check_text(one->tag, other->tag);
    check_text(one->role, other->role);
    check_text(one->name, other->name);
    check_text(one->error_text, other->error_text);
}

/* Without its newline. */
static void format(const struct operation *operation,
                   char line[static JOURNAL_LINE_SIZE])
{
    size_t length = journal_line_format(operation, line);

    assert_int_equal(length, strlen(line));
    assert_ptr_equal(strchr(line, '\n'), line + length - 1);
    line[length - 1] = '\0';
}

static struct operation *there_and_back(const struct operation *operation)
{
    char line[JOURNAL_LINE_SIZE];
    struct operation *back = NULL;

    format(operation, line);
    for (const char *at = line; *at != '\0'; at++) {
        assert_in_range(*at, ' ', '~');
    }
    assert_int_equal(journal_line_parse(line, &back), STATUS_OK);
    return back;
}

/* Comes back as it was; frees it. */
static void check_round(struct operation *operation)
{
    struct operation *back = there_and_back(operation);

    check_equal(back, operation);
    operation_free(back);
    operation_free(operation);
}

static void test_all_fields_come_back(void **state)
{
    (void)state;
    check_round(sample());
}

static void test_a_new_one_comes_back(void **state)
{
    struct operation *operation = operation_new("", "");

    (void)state;
    assert_non_null(operation);
    operation->class = OPERATION_CLASS_POWER;
    operation->id = 1;
    operation->action = OPERATION_START;
    operation->timeout_s = 1;
    operation->origin = OPERATION_BY_COLUMN;
    check_round(operation);
}

static void test_all_actions_states_and_errors_come_back(void **state)
{
    (void)state;
    for (int action = 1; action < OPERATION_ACTION_COUNT; action++) {
        struct operation *operation = sample();

        operation->action = (enum operation_action)action;
        operation->class = operation_class_of(operation->action);
        operation->state =
            (enum operation_state)(1 + action % (OPERATION_STATE_COUNT - 1));
        operation->expected = (enum domain_state)(action % DOMAIN_STATE_COUNT);
        operation->error = (enum status)(action % STATUS_COUNT);
        check_round(operation);
    }
}

static void test_the_ends_of_ranges_come_back(void **state)
{
    struct operation *operation = sample();

    (void)state;
    operation->id = UINT32_MAX;
    operation->value = UINT32_MAX;
    operation->timeout_s = OPERATION_TIMEOUT_MAX_S;
    operation->vm_index = UINT32_MAX;
    operation->progress = 100;
    operation->accepted_ns = INT64_MIN + 1;
    operation->started_ns = INT64_MAX;
    operation->finished_ns = 0;
    operation->forget_ns = CLOCK_NEVER;
    memset(operation->uuid.bytes, 0xff, sizeof(operation->uuid.bytes));
    check_round(operation);
    operation = sample();
    operation->value = 0;
    operation->vm_index = 0;
    operation->progress = OPERATION_PROGRESS_UNKNOWN;
    operation->timeout_s = 1;
    operation->uuid = (struct uuid) { { 0 } };
    check_round(operation);
}

static void give_texts(struct operation *operation, const char *text)
{
    free(operation->role);
    free(operation->name);
    free(operation->error_text);
    operation->role = strdup(text);
    operation->name = strdup(text);
    operation->error_text = strdup(text);
    assert_true(operation->role != NULL && operation->name != NULL
                && operation->error_text != NULL);
    snprintf(operation->tag, sizeof(operation->tag), "%s", text);
}

static void test_odd_words_come_back(void **state)
{
    static const char *const words[] = {
        " ",
        "  two  blanks  ",
        "%",
        "%41",
        "%%20",
        "=",
        "==",
        "100 %",
        "never",
        "Gr\303\274\303\237e",
        "\342\202\254",
        "\360\237\220\247",
        "\"'\\`$",
        "~!",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct operation *operation = sample();

        give_texts(operation, words[i]);
        check_round(operation);
    }
}

static void test_control_characters_do_not_come_back(void **state)
{
    struct operation *operation = sample();
    struct operation *back;

    (void)state;
    give_texts(operation, "a\n\t\001b\033[31m\177\302\205\377");
    back = there_and_back(operation);
    assert_string_equal(back->role, "ab[31m?");
    assert_string_equal(back->name, "ab[31m?");
    assert_string_equal(back->tag, "ab[31m?");
    assert_string_equal(back->error_text, "ab[31m?");
    operation_free(back);
    operation_free(operation);
}

static void test_the_longest_words_fit(void **state)
{
    char text[TEXT_MAX + 1];
    struct operation *operation = sample();

    (void)state;
    /* Each octet takes three. */
    for (size_t i = 0; i < TEXT_MAX; i++) {
        text[i] = '%';
    }
    text[TEXT_MAX] = '\0';
    give_texts(operation, text);
    assert_int_equal(strlen(operation->tag), OPERATION_TAG_SIZE - 1);
    operation->id = UINT32_MAX;
    operation->value = UINT32_MAX;
    operation->vm_index = UINT32_MAX;
    operation->accepted_ns = INT64_MIN + 1;
    operation->started_ns = INT64_MIN + 1;
    operation->finished_ns = INT64_MIN + 1;
    operation->forget_ns = INT64_MIN + 1;
    check_round(operation);
}

static void test_a_text_that_is_too_long_is_cut_at_a_character(void **state)
{
    char text[TEXT_MAX + 3];
    struct operation *operation = sample();
    struct operation *back;

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text + TEXT_MAX - 1, "\303\274", 3);
    give_texts(operation, text);
    back = there_and_back(operation);
    assert_in_range(strlen(back->error_text), TEXT_MAX - 1, TEXT_MAX);
    assert_null(strchr(back->error_text, '\303'));
    operation_free(back);
    operation_free(operation);
}

/* --- damage ------------------------------------------------------------------- */

static void put_checksum(char line[static JOURNAL_LINE_SIZE])
{
    size_t length = strlen(line);

    snprintf(line + length, JOURNAL_LINE_SIZE - length, " %08" PRIx32,
             state_file_crc(0, line));
}

/* The line with another word in a place, and a checksum that is right. */
static void with_word(const char *from, unsigned position, const char *word,
                      char line[static JOURNAL_LINE_SIZE])
{
    size_t used = 0;
    char *copy = strdup(from);
    char *rest = copy;

    assert_non_null(copy);
    *strrchr(copy, ' ') = '\0';
    for (unsigned i = 0; rest != NULL; i++) {
        char *next = strsep(&rest, " ");

        used += (size_t)snprintf(line + used, JOURNAL_LINE_SIZE - used, "%s%s",
                                 i == 0 ? "" : " ", i == position ? word : next);
    }
    free(copy);
    put_checksum(line);
}

static bool is_read(char *line)
{
    struct operation *operation = NULL;
    enum status status = journal_line_parse(line, &operation);

    operation_free(operation);
    assert_true(status == STATUS_OK || status == STATUS_INVALID);
    return status == STATUS_OK;
}

static void test_each_octet_counts(void **state)
{
    struct operation *operation = sample();
    char good[JOURNAL_LINE_SIZE];
    char line[JOURNAL_LINE_SIZE];

    (void)state;
    format(operation, good);
    operation_free(operation);
    for (size_t i = 0; good[i] != '\0'; i++) {
        for (unsigned bit = 0; bit < 7; bit++) {
            strcpy(line, good);
            line[i] ^= (char)(1u << bit);
            assert_false(is_read(line));
        }
    }
    for (size_t length = 0; length < strlen(good); length++) {
        strcpy(line, good);
        line[length] = '\0';
        assert_false(is_read(line));
    }
    strcpy(line, good);
    assert_true(is_read(line));
}

static void test_each_word_is_checked(void **state)
{
    static const struct {
        unsigned position;
        const char *words[7];
    } cases[] = {
        { WORD_KIND, { "run", "Operation", "operations", "" } },
        { WORD_CLASS, { "0", "1", "6", "-1", "x", "", "4294967298" } },
        { WORD_UUID, { "", "0", "66950000-0000-0000-0000-00000000003", "x" } },
        { WORD_ID, { "0", "-1", "4294967296", "x", "", "0x10" } },
        { WORD_ACTION, { "0", "24", "1", "-1", "4294967314", "" } },
        { WORD_VALUE, { "-1", "4294967296", "", "1.5" } },
        { WORD_EXPECTED, { "-1", "12", "", "running" } },
        { WORD_TIMEOUT, { "0", "604801", "-1", "" } },
        { WORD_DRY_RUN, { "2", "", "01", "true" } },
        { WORD_ORIGIN, { "0", "3", "" } },
        { WORD_INDEX, { "-1", "4294967296", "" } },
        { WORD_STATE, { "0", "8", "", "queued" } },
        { WORD_ERROR, { "-1", "12", "999", "" } },
        { WORD_REMOVED, { "2", "", "00" } },
        { WORD_PROGRESS, { "-2", "101", "" } },
        { WORD_ACCEPTED,
          { "", "Never", "9223372036854775808", "-9223372036854775808" } },
        { WORD_STARTED, { "", "nev", "1e9" } },
        { WORD_FINISHED, { "", "x", "1 " } },
        { WORD_FORGET, { "", "x", "99999999999999999999" } },
        { WORD_TAG, { "", "tag", "=%", "=%4", "=%zz", "=%00", "=%4A" } },
        { WORD_ROLE, { "", "role", "=%", "=%4", "=%zz", "=%00" } },
        { WORD_NAME, { "", "name", "=%", "=%4", "=%zz", "=%00" } },
        { WORD_TEXT, { "", "text", "=%", "=%4", "=%zz", "=%00" } },
    };
    struct operation *operation = sample();
    char good[JOURNAL_LINE_SIZE];
    char line[JOURNAL_LINE_SIZE];

    (void)state;
    format(operation, good);
    operation_free(operation);
    assert_int_equal(sizeof(cases) / sizeof(cases[0]), WORDS);
    with_word(good, WORDS, "", line);
    assert_string_equal(line, good);
    for (size_t i = 0; i < WORDS; i++) {
        for (size_t j = 0; j < 7 && cases[i].words[j] != NULL; j++) {
            with_word(good, cases[i].position, cases[i].words[j], line);
            if (is_read(line)) {
                fail_msg("word %u was taken: \"%s\"", cases[i].position,
                         cases[i].words[j]);
            }
        }
    }
}

static void test_neither_more_nor_fewer_words(void **state)
{
    struct operation *operation = sample();
    char good[JOURNAL_LINE_SIZE];
    char line[JOURNAL_LINE_SIZE];
    char *at;

    (void)state;
    format(operation, good);
    operation_free(operation);
    with_word(good, WORD_TEXT, "= =", line);
    assert_false(is_read(line));
    with_word(good, WORD_TEXT, "= ", line);
    assert_false(is_read(line));
    strcpy(line, good);
    *strrchr(line, ' ') = '\0';
    while ((at = strrchr(line, ' ')) != NULL) {
        char shorter[JOURNAL_LINE_SIZE];

        *at = '\0';
        strcpy(shorter, line);
        put_checksum(shorter);
        assert_false(is_read(shorter));
    }
}

static void test_words_that_are_too_long(void **state)
{
    struct operation *operation = sample();
    char good[JOURNAL_LINE_SIZE];
    char line[JOURNAL_LINE_SIZE];
    char word[TEXT_MAX + 3] = "=";

    (void)state;
    format(operation, good);
    operation_free(operation);
    memset(word + 1, 'x', TEXT_MAX);
    with_word(good, WORD_NAME, word, line);
    assert_true(is_read(line));
    word[TEXT_MAX + 1] = 'x';
    with_word(good, WORD_NAME, word, line);
    assert_false(is_read(line));
}

/* --- runs --------------------------------------------------------------------- */

static void test_runs_come_back(void **state)
{
    static const struct journal_run runs[] = {
        { { { 1, [15] = 2 } }, INT64_C(1700000000000000000), 2147483648 },
        { { { 0 } }, INT64_MIN + 1, UINT32_MAX },
        { { { 0xff } }, INT64_MAX, 2147483649 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        char line[JOURNAL_LINE_SIZE];
        struct journal_run back;
        size_t length = journal_line_format_run(&runs[i], line);

        assert_int_equal(length, strlen(line));
        assert_int_equal(line[length - 1], '\n');
        line[length - 1] = '\0';
        assert_true(journal_line_parse_run(line, &back));
        assert_int_equal(uuid_compare(&back.boot, &runs[i].boot), 0);
        assert_true(back.date_offset_ns == runs[i].date_offset_ns);
        assert_int_equal(back.next_id, runs[i].next_id);
    }
}

static void test_damaged_runs(void **state)
{
    static const struct {
        unsigned position;
        const char *words[4];
    } cases[] = {
        { 0, { "operation", "", "Run" } },
        { 1, { "", "0", "x" } },
        { 2, { "", "never", "9223372036854775808", "-9223372036854775808" } },
        { 3, { "", "2147483647", "4294967296", "0" } },
        { 3, { "2147483648 1", "2147483648 " } },
    };
    const struct journal_run run = { { { 1 } }, 5, 2147483648 };
    struct journal_run back;
    char good[JOURNAL_LINE_SIZE];
    char line[JOURNAL_LINE_SIZE];
    size_t length = journal_line_format_run(&run, good) - 1;

    (void)state;
    good[length] = '\0';
    for (size_t i = 0; i < length; i++) {
        strcpy(line, good);
        line[i] ^= 1;
        assert_false(journal_line_parse_run(line, &back));
        strcpy(line, good);
        line[i] = '\0';
        assert_false(journal_line_parse_run(line, &back));
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (size_t j = 0; j < 4 && cases[i].words[j] != NULL; j++) {
            with_word(good, cases[i].position, cases[i].words[j], line);
            assert_false(journal_line_parse_run(line, &back));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_fields_come_back),
        cmocka_unit_test(test_a_new_one_comes_back),
        cmocka_unit_test(test_all_actions_states_and_errors_come_back),
        cmocka_unit_test(test_the_ends_of_ranges_come_back),
        cmocka_unit_test(test_odd_words_come_back),
        cmocka_unit_test(test_control_characters_do_not_come_back),
        cmocka_unit_test(test_the_longest_words_fit),
        cmocka_unit_test(test_a_text_that_is_too_long_is_cut_at_a_character),
        cmocka_unit_test(test_each_octet_counts),
        cmocka_unit_test(test_each_word_is_checked),
        cmocka_unit_test(test_neither_more_nor_fewer_words),
        cmocka_unit_test(test_words_that_are_too_long),
        cmocka_unit_test(test_runs_come_back),
        cmocka_unit_test(test_damaged_runs),
    };

    return cmocka_run_group_tests_name("journal_line", tests, NULL, NULL);
}
