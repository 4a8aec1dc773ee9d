/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * fakenone.c - a shared object that is no backend, for test_module.
 */
int fakenone_answer(void);

int fakenone_answer(void)
{
    return 42;
}
