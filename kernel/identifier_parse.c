/* SPDX-License-Identifier: MIT */
/*
 * identifier_parse.c - text to identifier
 *
 *   scheme ":" rest ( "+" name "@" value )*
 *
 * Written by people, in definitions and literals, so each refusal says at
 * which character and what would be right. What is accepted is put into normal
 * form. A value that begins with a scheme is a reference; one without any ":"
 * is a text; a ":" in a text must be escaped, so that the two never mix.
 * `data:,TEXT` is a text too, as other systems write it.
 */
#include "private/escape.h"
#include "private/identifier.h"
#include "private/intern.h"

#include <fulcra/error.h>
#include <string.h>

static FulcraIdentifier *parse(
        const char *text, size_t length, unsigned depth, GError **error);

void
fulcra__syntax_error(
        GError **error, const char *text, size_t at, const char *format, ...)
{
    size_t character = 1;
    va_list args;

    for (size_t i = 0; i < at; i++)
        character += ((unsigned char)text[i] & 0xC0) != 0x80;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "character %zu: %s", character, message);
}

/* How much of a text a message quotes: whole characters. */
static int
quoted_length(const char *text, size_t length)
{
    size_t n = MIN(length, 64);

    while (n > 0 && n < length && ((unsigned char)text[n] & 0xC0) == 0x80)
        n--;
    return (int)n;
}

size_t
fulcra__scheme_length(const char *text, size_t length)
{
    size_t n = 0;

    if (length == 0 || !g_ascii_islower(*text))
        return 0;
    while (n < length &&
            (g_ascii_isalnum(text[n]) || text[n] == '.' || text[n] == '-'))
        n++;
    return n < length && n <= FULCRA__NAME_MAX_LENGTH && text[n] == ':' ? n : 0;
}

size_t
fulcra__name_length(const char *text, size_t length)
{
    size_t n = 0;

    if (length == 0 || !(g_ascii_isalpha(*text) || *text == '_'))
        return 0;
    while (n < length && (g_ascii_isalnum(text[n]) || text[n] == '.' ||
                                 text[n] == '-' || text[n] == '_'))
        n++;
    return n <= FULCRA__NAME_MAX_LENGTH ? n : 0;
}

/* The value is another identifier, with one more level of escapes. */
static bool
parse_reference(FulcraArguments *arguments, const char *name, const char *text,
        size_t length, unsigned depth, GError **error)
{
    size_t inner_length;
    g_autofree char *inner = fulcra__unescape(text, length, &inner_length);

    if (inner == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "argument '%s': malformed escape: write %%25 for a percent "
                "sign",
                name);
        return false;
    }
    if (g_str_has_prefix(inner, "data:,")) {
        char *literal = fulcra__unescape(inner + 6, inner_length - 6, NULL);

        if (literal != NULL) {
            fulcra__arguments_append_text(arguments, name, literal);
            return true;
        }
    }
    g_autoptr(FulcraIdentifier) identifier =
            parse(inner, inner_length, depth + 1, error);
    if (identifier == NULL) {
        g_prefix_error(error, "argument '%s': in '%.*s': ", name,
                quoted_length(text, length), text);
        return false;
    }
    fulcra__arguments_append_identifier(arguments, name, identifier);
    return true;
}

bool
fulcra__argument_parse(FulcraArguments *arguments, const char *name,
        const char *text, size_t length, unsigned depth, GError **error)
{
    if (fulcra__scheme_length(text, length) > 0)
        return parse_reference(arguments, name, text, length, depth, error);
    if (memchr(text, ':', length) != NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "argument '%s': '%.*s' is neither an identifier nor a text: "
                "write %%3A for a colon in a text",
                name, quoted_length(text, length), text);
        return false;
    }
    char *literal = fulcra__unescape(text, length, NULL);
    if (literal == NULL) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "argument '%s': malformed escape: write %%25 for a percent "
                "sign, and no %%00",
                name);
        return false;
    }
    fulcra__arguments_append_text(arguments, name, literal);
    return true;
}

/* @at is at a "+"; leaves it behind the argument. */
static bool
parse_argument(FulcraArguments *arguments, const char *text, size_t length,
        size_t *at, unsigned depth, GError **error)
{
    const char *name = text + *at + 1;
    size_t rest = length - *at - 1;
    size_t name_length = fulcra__name_length(name, rest);

    if (name_length == 0 || name_length == rest || name[name_length] != '@') {
        size_t shown = strcspn(name, "+@");

        fulcra__syntax_error(error, text, *at,
                "'+%.*s' is not an argument: write %%2B for a plus sign",
                quoted_length(name, shown), name);
        return false;
    }
    const char *value = name + name_length + 1;
    size_t value_length = strcspn(value, "+@{}");
    char stopper = value[value_length];
    *at = (size_t)(value + value_length - text);
    if (stopper != '\0' && stopper != '+') {
        fulcra__syntax_error(error, text, *at,
                stopper == '@' ? "write %%40 for an at sign"
                               : "an identifier has no slots: write %%7B and "
                                 "%%7D for braces");
        return false;
    }
    return fulcra__argument_parse(arguments,
            fulcra__intern_length(name, name_length), value, value_length,
            depth, error);
}

static bool
parse_base(GString *base, const char *text, size_t scheme_length, size_t end,
        GError **error)
{
    size_t start = scheme_length + 1, at = 0;

    g_string_append_len(base, text, (gssize)start);
    const char *reason =
            fulcra__escape_normalise(text + start, end - start, base, &at);
    if (reason != NULL)
        fulcra__syntax_error(error, text, start + at, "%s", reason);
    return reason == NULL;
}

static FulcraIdentifier *
parse_data(const char *text, size_t length, GError **error)
{
    FulcraArguments none;

    fulcra__arguments_init(&none);
    return fulcra__identifier_new(
            fulcra_intern("data"), text, length, &none, error);
}

static FulcraIdentifier *
parse_parts(const char *text, size_t length, size_t scheme_length,
        unsigned depth, GError **error)
{
    g_autoptr(GString) base = g_string_sized_new(length);
    size_t at = strcspn(text, "+");
    FulcraIdentifier *self = NULL;
    FulcraArguments arguments;
    bool fine;

    fulcra__arguments_init(&arguments);
    fine = parse_base(base, text, scheme_length, at, error);
    while (fine && at < length)
        fine = parse_argument(&arguments, text, length, &at, depth, error);
    if (fine)
        self = fulcra__identifier_new(
                fulcra__intern_length(text, scheme_length), base->str,
                base->len, &arguments, error);
    fulcra__arguments_clear(&arguments);
    return self;
}

/* Whatever else is wrong: texts of identifiers go into logs and documents. */
static bool
check_characters(const char *text, size_t length, GError **error)
{
    const char *bad;

    if (!g_utf8_validate_len(text, length, &bad)) {
        fulcra__syntax_error(error, text, (size_t)(bad - text),
                "this is not UTF-8: write such bytes as %%XX");
        return false;
    }
    for (size_t i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i])) {
            fulcra__syntax_error(error, text, i,
                    "a control character must be written as %%XX");
            return false;
        }
    return true;
}

/* @text is NUL-terminated, its NUL the only one. */
static FulcraIdentifier *
parse(const char *text, size_t length, unsigned depth, GError **error)
{
    size_t scheme_length = fulcra__scheme_length(text, length);

    if (depth > FULCRA__IDENTIFIER_MAX_DEPTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "identifiers nested more than %d deep",
                FULCRA__IDENTIFIER_MAX_DEPTH);
        return NULL;
    }
    if (!check_characters(text, length, error))
        return NULL;
    if (scheme_length == 0) {
        fulcra__syntax_error(error, text, 0,
                "an identifier begins with a scheme in lower case and a "
                "colon, such as res:/path");
        return NULL;
    }
    bool is_data = scheme_length == 4 && memcmp(text, "data", 4) == 0;
    char first = text[scheme_length + 1];
    if (first == '\0' || (first == '+' && !is_data)) {
        fulcra__syntax_error(error, text, scheme_length + 1,
                "something must follow '%.*s'", (int)scheme_length + 1, text);
        return NULL;
    }
    if (is_data)
        return parse_data(text, length, error);
    return parse_parts(text, length, scheme_length, depth, error);
}

FulcraIdentifier *
fulcra_host_identifier_parse(const char *text, GError **error)
{
    g_return_val_if_fail(text != NULL, NULL);

    size_t length = strlen(text);
    if (length > FULCRA__IDENTIFIER_MAX_LENGTH) {
        g_set_error(error, FULCRA_ERROR, FULCRA_ERROR_TOO_LARGE,
                "an identifier of %zu bytes: the limit is %d", length,
                FULCRA__IDENTIFIER_MAX_LENGTH);
        return NULL;
    }
    return parse(text, length, 0, error);
}
