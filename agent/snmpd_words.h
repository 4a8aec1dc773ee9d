/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * snmpd_words.h - the words of snmpd.conf that are understood.  Included by
 * snmpd_conf.c, which finds the lines.
 */
#ifndef HVX_AGENT_SNMPD_WORDS_H
#define HVX_AGENT_SNMPD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/snmpd_conf.h"

/*
 * Copies the next word, which may be "" in quotes, cut to `size`, and moves
 * on.  False: there is none; word is "" then.
 */
bool snmpd_next_word(char **line, char *word, size_t size);

/* Takes a line's first word and the rest of it; unknown words do nothing. */
void snmpd_take_word(struct snmpd_conf *conf, const char *token, char *line);

#endif
