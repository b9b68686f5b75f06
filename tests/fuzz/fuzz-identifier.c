/* SPDX-License-Identifier: MIT */
/*
 * fuzz-identifier.c - texts that are parsed, and texts that are only data
 *
 * The same bytes are taken for an identifier, for a path and for the text of
 * an argument. Whatever is accepted has one text form, which reads back as the
 * same; and a path or a text never becomes an argument or a scheme.
 */
#include "private/identifier.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_reads_back(FulcraIdentifier *self)
{
    const char *text = fulcra_identifier_get_text(self);
    g_autoptr(FulcraIdentifier) again =
            fulcra_host_identifier_parse(text, NULL);

    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_nonnull(again);
    g_assert_true(fulcra_identifier_equal(self, again));
    g_assert_true(
            fulcra_identifier_hash(self) == fulcra_identifier_hash(again));
    g_assert_cmpstr(text, ==, fulcra_identifier_get_text(again));
}

static void
check_as_identifier(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(FulcraIdentifier) self =
            fulcra_host_identifier_parse(text, &error);

    g_assert_true((self == NULL) == (error != NULL));
    if (self == NULL) {
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        return;
    }
    check_reads_back(self);
    for (unsigned i = 0; i < self->n_arguments; i++)
        if (self->arguments[i].identifier != NULL)
            check_reads_back(self->arguments[i].identifier);
}

static void
check_as_data(const char *text)
{
    g_autofree char *path = g_strconcat("/", text, NULL);
    g_autoptr(FulcraIdentifier) base =
            fulcra_host_identifier_new_path(fulcra_intern("ws"), path);
    g_autoptr(FulcraIdentifier) self =
            fulcra_host_identifier_with_text_argument(
                    base, fulcra_intern("socketid"), text);
    const char *form = fulcra_identifier_get_text(self);

    if (strlen(form) > FULCRA__IDENTIFIER_MAX_LENGTH)
        return;
    g_autoptr(FulcraIdentifier) again =
            fulcra_host_identifier_parse(form, NULL);
    g_assert_nonnull(again);
    g_assert_true(fulcra_identifier_equal(self, again));
    g_assert_true(fulcra_host_identifier_same_base(again, base));
    g_assert_cmpuint(again->n_arguments, ==, 1);
    g_assert_cmpstr(again->arguments[0].text, ==, text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_strndup(size > 0 ? (const char *)data : "", size);

    check_as_identifier(text);
    check_as_data(text);
    return 0;
}
