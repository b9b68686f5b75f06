/* SPDX-License-Identifier: MIT */
/*
 * fuzz-grammar.c - grammars against identifiers, and building against matching
 *
 * Input: a grammar, a line feed, and a text. The text is matched as an
 * identifier, and fills the grammar's slots as data: what can be built matches
 * and yields the same texts.
 */
#include "private/grammar.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_match(const FulcraGrammar *grammar, const char *text)
{
    g_autoptr(FulcraIdentifier) identifier =
            fulcra_host_identifier_parse(text, NULL);
    const char *reason = NULL;
    FulcraArguments slots;

    if (identifier == NULL)
        return;
    fulcra__arguments_init(&slots);
    bool matches = fulcra__grammar_match(
            grammar, identifier, NULL, 0, &slots, &reason);
    g_assert_true(matches || (slots.n == 0 && reason != NULL));
    fulcra__arguments_clear(&slots);
}

static size_t
fill_slots(const FulcraGrammar *grammar, const char *text, FulcraSlot *slots)
{
    size_t n = 0;

    for (size_t i = 0; i < grammar->n_parts; i++)
        if (grammar->parts[i].name != NULL)
            slots[n++] = fulcra_slot_text(grammar->parts[i].name, text);
    for (size_t i = 0; i < grammar->n_arguments; i++)
        if (grammar->arguments[i].slot != NULL)
            slots[n++] = fulcra_slot_text(grammar->arguments[i].slot, text);
    return n;
}

static void
check_build(const FulcraGrammar *grammar, const char *text)
{
    FulcraSlot slots[FULCRA__GRAMMAR_MAX_SLOTS + FULCRA__GRAMMAR_MAX_ARGUMENTS];
    size_t n = fill_slots(grammar, text, slots);
    g_autoptr(FulcraIdentifier) built =
            fulcra_identifier_build(grammar, slots, n, NULL);
    FulcraArguments found;

    if (built == NULL)
        return;
    g_autoptr(FulcraIdentifier) parsed = fulcra_host_identifier_parse(
            fulcra_identifier_get_text(built), NULL);
    g_assert_nonnull(parsed);
    g_assert_true(fulcra_identifier_equal(built, parsed));
    g_assert_true(parsed->scheme == grammar->scheme);
    g_assert_cmpuint(parsed->n_arguments, ==, grammar->n_arguments);

    fulcra__arguments_init(&found);
    g_assert_true(
            fulcra__grammar_match(grammar, parsed, NULL, 0, &found, NULL));
    for (size_t i = 0; i < found.n; i++)
        g_assert_cmpstr(fulcra__arguments_items(&found)[i].text, ==, text);
    fulcra__arguments_clear(&found);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *input =
            g_strndup(size > 0 ? (const char *)data : "", size);
    char *text = strchr(input, '\n');

    if (text != NULL)
        *text++ = '\0';
    g_autoptr(FulcraGrammar) grammar = fulcra_host_grammar_new(input, NULL);
    if (grammar == NULL)
        return 0;
    check_match(grammar, text != NULL ? text : input);
    if (grammar->regex == NULL)
        check_build(grammar, text != NULL ? text : input);
    return 0;
}
