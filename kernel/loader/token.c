/* SPDX-License-Identifier: MIT */
/*
 * token.c - words, numbers and texts
 */

#include "token.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define MAX_NUMBER 64u /* characters */

bool
fulcra__scanner_fail(FulcraScanner *self, const char *at, FulcraErrorCode code,
        const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    self->fault->offset = (size_t)(at - self->text);
    self->fault->code = code;
    self->fault->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return false;
}

char *
fulcra__scanner_describe(FulcraScanner *self)
{
    unsigned char c = (unsigned char)*self->at;
    gunichar character;

    if (self->at == self->end)
        return g_strdup("the end of the file");
    if (c == '\n' || c == '\r')
        return g_strdup("the end of the line");
    if (c >= 0x20 && c < 0x7f)
        return g_strdup_printf("'%c'", c);
    character = g_utf8_get_char_validated(self->at, self->end - self->at);
    if (character < 0x110000 && g_unichar_isprint(character))
        return g_strdup_printf("'%.*s'",
                (int)(g_utf8_next_char(self->at) - self->at), self->at);
    return g_strdup_printf("the byte 0x%02x", c);
}

int
fulcra__scanner_word_length(FulcraScanner *self)
{
    int length = 0;

    while (self->at + length < self->end && length < 40 &&
            (g_ascii_isalnum(self->at[length]) || self->at[length] == '_'))
        length++;
    return length;
}

bool
fulcra__scan_word(FulcraScanner *self)
{
    static const struct {
        const char *is, *should;
    } words[] = {
        { "true", NULL },
        { "false", NULL },
        { "null", NULL },
        { "True", "true" },
        { "TRUE", "true" },
        { "yes", "true" },
        { "on", "true" },
        { "False", "false" },
        { "FALSE", "false" },
        { "no", "false" },
        { "off", "false" },
        { "None", "null" },
        { "nil", "null" },
        { "NULL", "null" },
    };
    int length = fulcra__scanner_word_length(self);

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if ((size_t)length != strlen(words[i].is) ||
                memcmp(self->at, words[i].is, (size_t)length) != 0)
            continue;
        if (words[i].should != NULL)
            return fulcra__wrong(self, self->at,
                    "unknown word '%s'; did you mean %s?", words[i].is,
                    words[i].should);
        self->at += length;
        return true;
    }
    return fulcra__wrong(self, self->at,
            "unknown word '%.*s'; a text needs double quotes: \"%.*s\"", length,
            self->at, length, self->at);
}

static bool
is_digit(FulcraScanner *self)
{
    return self->at < self->end && g_ascii_isdigit(*self->at);
}

static bool
scan_digits(FulcraScanner *self, const char *where)
{
    if (!is_digit(self)) {
        g_autofree char *found = fulcra__scanner_describe(self);
        return fulcra__wrong(self, self->at,
                "a number with %s where a digit must follow %s", found, where);
    }
    while (is_digit(self))
        self->at++;
    return true;
}

/* Whether a number, its end now known, fits what will hold it. */
static bool
check_number(FulcraScanner *self, const char *start, bool whole)
{
    char copy[MAX_NUMBER + 1];
    size_t length = (size_t)(self->at - start);

    if (length > MAX_NUMBER)
        return fulcra__scanner_fail(self, start, FULCRA_ERROR_TOO_LARGE,
                "a number of %zu characters; at most %u are allowed", length,
                MAX_NUMBER);
    memcpy(copy, start, length);
    copy[length] = '\0';
    errno = 0;
    if (whole) {
        (void)g_ascii_strtoll(copy, NULL, 10);
        if (errno == ERANGE)
            return fulcra__wrong(self, start,
                    "%s does not fit a signed number of 64 bits", copy);
    } else if (!isfinite(g_ascii_strtod(copy, NULL))) {
        return fulcra__wrong(self, start, "%s is too large for a number", copy);
    }
    return true;
}

static bool
scan_fraction_and_exponent(FulcraScanner *self, bool *whole)
{
    if (self->at < self->end && *self->at == '.') {
        *whole = false;
        self->at++;
        if (!scan_digits(self, "the point"))
            return false;
    }
    if (self->at < self->end && (*self->at == 'e' || *self->at == 'E')) {
        *whole = false;
        self->at++;
        if (self->at < self->end && (*self->at == '+' || *self->at == '-'))
            self->at++;
        if (!scan_digits(self, "the exponent"))
            return false;
    }
    return true;
}

bool
fulcra__scan_number(FulcraScanner *self)
{
    const char *start = self->at;
    bool whole = true;

    if (*self->at == '-')
        self->at++;
    if (self->at + 1 < self->end && *self->at == '0' &&
            g_ascii_isdigit(self->at[1]))
        return fulcra__wrong(
                self, start, "a number with a leading zero; leave it out");
    if (!scan_digits(self, "the sign"))
        return false;
    if (!scan_fraction_and_exponent(self, &whole))
        return false;
    if (fulcra__scanner_word_length(self) > 0)
        return fulcra__wrong(self, start,
                "a number with '%.*s' behind it; a text needs double quotes",
                fulcra__scanner_word_length(self), self->at);
    return check_number(self, start, whole);
}

/* Four hexadecimal digits, or -1. */
static int
hex4(const char *at, const char *end)
{
    int value = 0;

    for (int i = 0; i < 4; i++) {
        if (at + i >= end || !g_ascii_isxdigit(at[i]))
            return -1;
        value = value * 16 + g_ascii_xdigit_value(at[i]);
    }
    return value;
}

/* The cursor is on the backslash of a \u. */
static bool
scan_unicode_escape(FulcraScanner *self, GString *decoded)
{
    const char *start = self->at;
    int unit = hex4(self->at + 2, self->end);
    int low;
    gunichar character;

    if (unit < 0)
        return fulcra__wrong(self, start, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fulcra__wrong(
                self, start, "\\u0000 in a text; it would end there");
    self->at += 6;
    character = (gunichar)unit;
    if (unit >= 0xd800 && unit < 0xdc00) {
        low = self->end - self->at >= 6 && self->at[0] == '\\' &&
                              self->at[1] == 'u'
                      ? hex4(self->at + 2, self->end)
                      : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return fulcra__wrong(self, start,
                    "half of a surrogate pair; \\udc00 to \\udfff must follow");
        self->at += 6;
        character = 0x10000u + (((gunichar)unit & 0x3ff) << 10) +
                    ((gunichar)low & 0x3ff);
    } else if (unit >= 0xdc00 && unit < 0xe000) {
        return fulcra__wrong(self, start,
                "half of a surrogate pair; \\ud800 to \\udbff must precede it");
    }
    g_string_append_unichar(decoded, character);
    return true;
}

static bool
scan_escape(FulcraScanner *self, GString *decoded)
{
    static const char names[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *name;

    if (self->at + 1 < self->end && self->at[1] == 'u')
        return scan_unicode_escape(self, decoded);
    name = self->at + 1 < self->end && self->at[1] != '\0'
                   ? strchr(names, self->at[1])
                   : NULL;
    if (name == NULL) {
        self->at++;
        g_autofree char *found = fulcra__scanner_describe(self);
        return fulcra__wrong(self, self->at - 1,
                "%s cannot be escaped; write \\\\ for a backslash", found);
    }
    g_string_append_c(decoded, values[name - names]);
    self->at += 2;
    return true;
}

/* One character that is not an escape. */
static bool
scan_character(FulcraScanner *self, const char *start, GString *decoded)
{
    unsigned char c = (unsigned char)*self->at;
    gunichar character;
    const char *next;

    if (c == '\n' || c == '\r')
        return fulcra__wrong(self, start,
                "a text that does not end in its line; close it with a double "
                "quote, write a line break as \\n");
    if (c < 0x20)
        return fulcra__wrong(self, self->at,
                "a control character in a text; write it as \\u%04x", c);
    character = g_utf8_get_char_validated(self->at, self->end - self->at);
    if (character >= 0x110000)
        return fulcra__wrong(self, self->at,
                "the byte 0x%02x is not UTF-8; save the file as UTF-8", c);
    next = g_utf8_next_char(self->at);
    g_string_append_len(decoded, self->at, next - self->at);
    self->at = next;
    return true;
}

bool
fulcra__scan_text(FulcraScanner *self, GString *decoded)
{
    const char *start = self->at++;

    while (self->at < self->end && *self->at != '"') {
        if (decoded->len >= FULCRA_JSON_MAX_TEXT)
            return fulcra__scanner_fail(self, start, FULCRA_ERROR_TOO_LARGE,
                    "a text of more than %u bytes", FULCRA_JSON_MAX_TEXT);
        if (*self->at == '\\' ? !scan_escape(self, decoded)
                              : !scan_character(self, start, decoded))
            return false;
    }
    if (self->at == self->end)
        return fulcra__wrong(
                self, start, "a text without its closing double quote");
    self->at++;
    return true;
}

size_t
fulcra__scan_unit(const char *text, size_t *decoded)
{
    int unit;

    if (*text != '\\') {
        *decoded = (size_t)(g_utf8_next_char(text) - text);
        return *decoded;
    }
    if (text[1] != 'u') {
        *decoded = 1;
        return 2;
    }
    unit = hex4(text + 2, text + 6);
    if (unit >= 0xd800 && unit < 0xdc00) {
        *decoded = 4;
        return 12;
    }
    *decoded = unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    return 6;
}
