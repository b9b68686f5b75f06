/* SPDX-License-Identifier: MIT */
/*
 * scan.c - what is JSON and what is not
 *
 * json-glib is lenient where a definition must not be (comments, single
 * quotes, a key given twice), overflows its stack on deep nesting, and keeps
 * no positions. So this scanner reads the text first and accepts exactly what
 * RFC 8259 does, within limits; what it lets through json-glib can parse. It
 * recurses no deeper than FULCRA_JSON_MAX_DEPTH and allocates nothing that is
 * larger than what it has read.
 *
 * Beyond the RFC it refuses a byte order mark, U+0000, lone surrogates and
 * numbers that neither an int64_t nor a finite double can hold: all of them
 * would silently become something else.
 */

#include "scan.h"

#include <fulcra/error.h>

#include <errno.h>
#include <math.h>
#include <string.h>

#define MAX_NUMBER 64u /* characters */

typedef struct {
    const char *text;
    const char *at;
    const char *end;
    unsigned depth;
    GArray *spots;
    FulcraFault *fault;
} Scanner;

static bool scan_value(Scanner *self, const char *key);

static bool fail(Scanner *self, const char *at, FulcraErrorCode code,
        const char *format, ...) FULCRA_PRINTF(4, 5);

static bool
fail(Scanner *self, const char *at, FulcraErrorCode code, const char *format,
        ...)
{
    va_list arguments;

    va_start(arguments, format);
    self->fault->offset = (size_t)(at - self->text);
    self->fault->code = code;
    self->fault->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return false;
}

#define wrong(self, at, ...)                                                   \
    fail(self, at, FULCRA_ERROR_BAD_ARGUMENT, __VA_ARGS__)

/* What stands at the cursor, for messages. */
static char *
describe(Scanner *self)
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

/* Stops at what is neither white space nor, being refused, a comment. */
static bool
skip_space(Scanner *self)
{
    while (self->at < self->end && strchr(" \t\r\n", *self->at) != NULL &&
            *self->at != '\0')
        self->at++;
    if (self->at < self->end &&
            (*self->at == '#' ||
                    (*self->at == '/' &&
                            (self->at[1] == '/' || self->at[1] == '*'))))
        return wrong(
                self, self->at, "a comment; JSON has none, so take it out");
    return true;
}

/* The word at the cursor, cut to what a message can hold. */
static int
word_length(Scanner *self)
{
    int length = 0;

    while (self->at + length < self->end && length < 40 &&
            (g_ascii_isalnum(self->at[length]) || self->at[length] == '_'))
        length++;
    return length;
}

static bool
scan_word(Scanner *self)
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
    int length = word_length(self);

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if ((size_t)length != strlen(words[i].is) ||
                memcmp(self->at, words[i].is, (size_t)length) != 0)
            continue;
        if (words[i].should != NULL)
            return wrong(self, self->at, "unknown word '%s'; did you mean %s?",
                    words[i].is, words[i].should);
        self->at += length;
        return true;
    }
    return wrong(self, self->at,
            "unknown word '%.*s'; a text needs double quotes: \"%.*s\"", length,
            self->at, length, self->at);
}

static bool
is_digit(Scanner *self)
{
    return self->at < self->end && g_ascii_isdigit(*self->at);
}

static bool
scan_digits(Scanner *self, const char *where)
{
    if (!is_digit(self)) {
        g_autofree char *found = describe(self);
        return wrong(self, self->at,
                "a number with %s where a digit must follow %s", found, where);
    }
    while (is_digit(self))
        self->at++;
    return true;
}

/* Whether a number, its end now known, fits what will hold it. */
static bool
check_number(Scanner *self, const char *start, bool whole)
{
    char copy[MAX_NUMBER + 1];
    size_t length = (size_t)(self->at - start);

    if (length > MAX_NUMBER)
        return fail(self, start, FULCRA_ERROR_TOO_LARGE,
                "a number of %zu characters; at most %u are allowed", length,
                MAX_NUMBER);
    memcpy(copy, start, length);
    copy[length] = '\0';
    errno = 0;
    if (whole) {
        (void)g_ascii_strtoll(copy, NULL, 10);
        if (errno == ERANGE)
            return wrong(self, start,
                    "%s does not fit a signed number of 64 bits", copy);
    } else if (!isfinite(g_ascii_strtod(copy, NULL))) {
        return wrong(self, start, "%s is too large for a number", copy);
    }
    return true;
}

static bool
scan_fraction_and_exponent(Scanner *self, bool *whole)
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

static bool
scan_number(Scanner *self)
{
    const char *start = self->at;
    bool whole = true;

    if (*self->at == '-')
        self->at++;
    if (self->at + 1 < self->end && *self->at == '0' &&
            g_ascii_isdigit(self->at[1]))
        return wrong(self, start, "a number with a leading zero; leave it out");
    if (!scan_digits(self, "the sign"))
        return false;
    if (!scan_fraction_and_exponent(self, &whole))
        return false;
    if (word_length(self) > 0)
        return wrong(self, start,
                "a number with '%.*s' behind it; a text needs double quotes",
                word_length(self), self->at);
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
scan_unicode_escape(Scanner *self, GString *decoded)
{
    const char *start = self->at;
    int unit = hex4(self->at + 2, self->end);
    int low;
    gunichar character;

    if (unit < 0)
        return wrong(self, start, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return wrong(self, start, "\\u0000 in a text; it would end there");
    self->at += 6;
    character = (gunichar)unit;
    if (unit >= 0xd800 && unit < 0xdc00) {
        low = self->end - self->at >= 6 && self->at[0] == '\\' &&
                              self->at[1] == 'u'
                      ? hex4(self->at + 2, self->end)
                      : -1;
        if (low < 0xdc00 || low > 0xdfff)
            return wrong(self, start,
                    "half of a surrogate pair; \\udc00 to \\udfff must follow");
        self->at += 6;
        character = 0x10000u + (((gunichar)unit & 0x3ff) << 10) +
                    ((gunichar)low & 0x3ff);
    } else if (unit >= 0xdc00 && unit < 0xe000) {
        return wrong(self, start,
                "half of a surrogate pair; \\ud800 to \\udbff must precede it");
    }
    g_string_append_unichar(decoded, character);
    return true;
}

static bool
scan_escape(Scanner *self, GString *decoded)
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
        g_autofree char *found = describe(self);
        return wrong(self, self->at - 1,
                "%s cannot be escaped; write \\\\ for a backslash", found);
    }
    g_string_append_c(decoded, values[name - names]);
    self->at += 2;
    return true;
}

/* One character that is not an escape. */
static bool
scan_character(Scanner *self, const char *start, GString *decoded)
{
    unsigned char c = (unsigned char)*self->at;
    gunichar character;
    const char *next;

    if (c == '\n' || c == '\r')
        return wrong(self, start,
                "a text that does not end in its line; close it with a double "
                "quote, write a line break as \\n");
    if (c < 0x20)
        return wrong(self, self->at,
                "a control character in a text; write it as \\u%04x", c);
    character = g_utf8_get_char_validated(self->at, self->end - self->at);
    if (character >= 0x110000)
        return wrong(self, self->at,
                "the byte 0x%02x is not UTF-8; save the file as UTF-8", c);
    next = g_utf8_next_char(self->at);
    g_string_append_len(decoded, self->at, next - self->at);
    self->at = next;
    return true;
}

/* A text, the cursor on its first quote; what it says goes to @decoded. */
static bool
scan_text(Scanner *self, GString *decoded)
{
    const char *start = self->at++;

    while (self->at < self->end && *self->at != '"') {
        if (decoded->len >= FULCRA_JSON_MAX_TEXT)
            return fail(self, start, FULCRA_ERROR_TOO_LARGE,
                    "a text of more than %u bytes", FULCRA_JSON_MAX_TEXT);
        if (*self->at == '\\' ? !scan_escape(self, decoded)
                              : !scan_character(self, start, decoded))
            return false;
    }
    if (self->at == self->end)
        return wrong(self, start, "a text without its closing double quote");
    self->at++;
    return true;
}

static bool
scan_key(Scanner *self, GHashTable *seen)
{
    const char *start = self->at;
    g_autoptr(GString) key = NULL;

    if (self->at < self->end && *self->at == '\'')
        return wrong(
                self, start, "a single quote; JSON has double quotes only");
    if (self->at == self->end || *self->at != '"') {
        g_autofree char *found = describe(self);
        int length = word_length(self);

        if (length > 0)
            return wrong(self, start, "a key needs double quotes: \"%.*s\"",
                    length, start);
        return wrong(self, start, "%s where a key in double quotes is expected",
                found);
    }
    key = g_string_new(NULL);
    if (!scan_text(self, key))
        return false;
    if (!g_hash_table_add(seen, g_strdup(key->str)))
        return wrong(self, start,
                "the key \"%s\" stands twice in one object; keep one of them",
                key->str);
    return true;
}

static bool
scan_member(Scanner *self, GHashTable *seen)
{
    const char *key;

    if (!skip_space(self))
        return false;
    key = self->at;
    if (!scan_key(self, seen) || !skip_space(self))
        return false;
    if (self->at == self->end || *self->at != ':') {
        g_autofree char *found = describe(self);
        return wrong(self, self->at, "%s where ':' must follow the key", found);
    }
    self->at++;
    return skip_space(self) && scan_value(self, key);
}

static bool
scan_element(Scanner *self)
{
    return skip_space(self) && scan_value(self, NULL);
}

/* What stands between two members or elements. @more: (out): whether there is
 * another one. */
static bool
scan_separator(Scanner *self, char close, bool *more)
{
    const char *comma = self->at;
    g_autofree char *found = NULL;

    if (!skip_space(self))
        return false;
    *more = self->at < self->end && *self->at == ',';
    if (*more) {
        comma = self->at++;
        if (!skip_space(self))
            return false;
        if (self->at < self->end && *self->at == close)
            return wrong(
                    self, comma, "a comma before '%c'; take it out", close);
        return true;
    }
    if (self->at < self->end && *self->at == close) {
        self->at++;
        return true;
    }
    found = describe(self);
    return wrong(
            self, self->at, "%s where ',' or '%c' is expected", found, close);
}

static bool
enter(Scanner *self, char close, bool *more)
{
    if (++self->depth > FULCRA_JSON_MAX_DEPTH)
        return fail(self, self->at, FULCRA_ERROR_TOO_LARGE,
                "nested more than %u deep", FULCRA_JSON_MAX_DEPTH);
    self->at++;
    if (!skip_space(self))
        return false;
    *more = self->at == self->end || *self->at != close;
    if (!*more)
        self->at++;
    return true;
}

static bool
scan_object(Scanner *self)
{
    g_autoptr(GHashTable) seen =
            g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool more;

    if (!enter(self, '}', &more))
        return false;
    while (more)
        if (!scan_member(self, seen) || !scan_separator(self, '}', &more))
            return false;
    self->depth--;
    return true;
}

static bool
scan_list(Scanner *self)
{
    bool more;

    if (!enter(self, ']', &more))
        return false;
    while (more)
        if (!scan_element(self) || !scan_separator(self, ']', &more))
            return false;
    self->depth--;
    return true;
}

static bool
scan_scalar(Scanner *self)
{
    g_autofree char *found = NULL;
    g_autoptr(GString) decoded = NULL;
    char c = self->at < self->end ? *self->at : '\0';

    if (c == '"') {
        decoded = g_string_new(NULL);
        return scan_text(self, decoded);
    }
    if (c == '-' || g_ascii_isdigit(c))
        return scan_number(self);
    if (g_ascii_isalpha(c) || c == '_')
        return scan_word(self);
    if (c == '\'')
        return wrong(
                self, self->at, "a single quote; JSON has double quotes only");
    found = describe(self);
    return wrong(self, self->at, "%s where a value is expected", found);
}

static bool
scan_value(Scanner *self, const char *key)
{
    FulcraSpot spot = {
        .key = (uint32_t)((key != NULL ? key : self->at) - self->text),
        .value = (uint32_t)(self->at - self->text),
    };

    if (self->spots->len >= FULCRA_JSON_MAX_VALUES)
        return fail(self, self->at, FULCRA_ERROR_TOO_LARGE,
                "more than %u values", FULCRA_JSON_MAX_VALUES);
    g_array_append_val(self->spots, spot);
    if (self->at < self->end && *self->at == '{')
        return scan_object(self);
    if (self->at < self->end && *self->at == '[')
        return scan_list(self);
    return scan_scalar(self);
}

bool
fulcra__scan(const char *text, size_t length, GArray *spots, FulcraFault *fault)
{
    Scanner self = { text, text, text + length, 0, spots, fault };
    g_autofree char *found = NULL;

    if (length > FULCRA_JSON_MAX_SIZE)
        return fail(&self, text, FULCRA_ERROR_TOO_LARGE,
                "%zu bytes; a document has at most %u", length,
                FULCRA_JSON_MAX_SIZE);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return wrong(&self, text,
                "a byte order mark; save the file as UTF-8 without one");
    if (!skip_space(&self))
        return false;
    if (self.at == self.end)
        return wrong(&self, self.at, "nothing but space; a value is expected");
    if (!scan_value(&self, NULL) || !skip_space(&self))
        return false;
    if (self.at == self.end)
        return true;
    found = describe(&self);
    return wrong(&self, self.at,
            "%s after the end of the value; a document is one value", found);
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
