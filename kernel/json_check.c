/* SPDX-License-Identifier: MIT */

/*
 * json_check.c - whether a text is JSON, as RFC 8259 has it and no other way
 *
 * What comes from a client is looked at here before json-glib sees it: that
 * takes comments, single quotes and more for JSON, recurses for each level, and
 * loses memory on some malformed escapes. The text is UTF-8 without NULs, and
 * ends with one.
 */

#include "private/json.h"
#include <fulcra/error.h>

#include <string.h>

typedef struct {
    const char *text;
    const char *at;
    GError **error;
} Check;

static bool check_value(Check *self, unsigned depth);

static bool
fail(Check *self, const char *right)
{
    g_set_error(self->error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
            "not JSON: character %ld: %s",
            g_utf8_pointer_to_offset(self->text, self->at) + 1, right);
    return false;
}

static void
skip_space(Check *self)
{
    self->at += strspn(self->at, " \t\r\n");
}

/* Whether the next character is @c, which is then behind us. */
static bool
take(Check *self, char c)
{
    if (*self->at != c)
        return false;
    self->at++;
    return true;
}

static bool
check_literal(Check *self, const char *literal)
{
    if (!g_str_has_prefix(self->at, literal))
        return fail(self, "a value would be right");
    self->at += strlen(literal);
    return true;
}

static bool
take_digits(Check *self)
{
    const char *from = self->at;

    while (g_ascii_isdigit(*self->at))
        self->at++;
    return self->at > from;
}

static bool
check_number(Check *self)
{
    take(self, '-');
    if (!take(self, '0') && !take_digits(self))
        return fail(self, "a digit would be right");
    if (take(self, '.') && !take_digits(self))
        return fail(self, "a digit would be right");
    if (*self->at == 'e' || *self->at == 'E') {
        self->at++;
        if (*self->at == '+' || *self->at == '-')
            self->at++;
        if (!take_digits(self))
            return fail(self, "a digit would be right");
    }
    return true;
}

/* After "\u". The code unit, or -1. */
static int
take_unit(Check *self)
{
    int unit = 0;

    for (unsigned i = 0; i < 4; i++, self->at++) {
        if (!g_ascii_isxdigit(*self->at))
            return -1;
        unit = unit * 16 + g_ascii_xdigit_value(*self->at);
    }
    return unit;
}

/* After "\u": one code unit, or the two of a pair. */
static bool
check_unicode_escape(Check *self)
{
    int unit = take_unit(self);

    if (unit < 0)
        return fail(self, "four hexadecimal digits would be right");
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit < 0xdc00 && take(self, '\\') && take(self, 'u')) {
        unit = take_unit(self);
        if (unit >= 0xdc00 && unit <= 0xdfff)
            return true;
    }
    return fail(self, "both halves of a surrogate pair would be right");
}

static bool
check_text(Check *self)
{
    if (!take(self, '"'))
        return fail(self, "a quote would be right");
    while (!take(self, '"')) {
        unsigned char c = (unsigned char)*self->at;

        if (c < 0x20)
            return fail(self, c == 0 ? "the text does not end"
                                     : "a control character must be escaped");
        self->at++;
        if (c != '\\')
            continue;
        c = (unsigned char)*self->at;
        if (c == '\0' || strchr("\"\\/bfnrtu", c) == NULL)
            return fail(self, "there is no such escape");
        self->at++;
        if (c == 'u' && !check_unicode_escape(self))
            return false;
    }
    return true;
}

static bool
check_member(Check *self, unsigned depth)
{
    skip_space(self);
    if (!check_text(self))
        return false;
    skip_space(self);
    if (!take(self, ':'))
        return fail(self, "a colon would be right");
    return check_value(self, depth);
}

/* What stands between brackets: values, or members of an object. */
static bool
check_items(Check *self, char close, unsigned depth)
{
    if (depth > FULCRA__JSON_MAX_DEPTH) {
        g_set_error(self->error, FULCRA_ERROR, FULCRA_ERROR_BAD_ARGUMENT,
                "JSON is nested more than %d deep", FULCRA__JSON_MAX_DEPTH);
        return false;
    }
    self->at++;
    skip_space(self);
    if (take(self, close))
        return true;
    for (;;) {
        bool fine = close == '}' ? check_member(self, depth)
                                 : check_value(self, depth);

        if (!fine)
            return false;
        skip_space(self);
        if (take(self, close))
            return true;
        if (!take(self, ','))
            return fail(self, close == '}' ? "a comma or } would be right"
                                           : "a comma or ] would be right");
    }
}

static bool
check_value(Check *self, unsigned depth)
{
    skip_space(self);
    switch (*self->at) {
    case '{':
        return check_items(self, '}', depth + 1);
    case '[':
        return check_items(self, ']', depth + 1);
    case '"':
        return check_text(self);
    case 't':
        return check_literal(self, "true");
    case 'f':
        return check_literal(self, "false");
    case 'n':
        return check_literal(self, "null");
    default:
        return *self->at == '-' || g_ascii_isdigit(*self->at)
                       ? check_number(self)
                       : fail(self, "a value would be right");
    }
}

bool
fulcra__json_check(const char *text, GError **error)
{
    Check self = { text, text, error };

    if (!check_value(&self, 0))
        return false;
    skip_space(&self);
    return *self.at == '\0' || fail(&self, "nothing more would be right");
}
