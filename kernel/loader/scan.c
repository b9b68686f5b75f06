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

#include "token.h"

#include <fulcra/error.h>

#include <string.h>

static bool scan_value(FulcraScanner *self, const char *key);

/* Stops at what is neither white space nor, being refused, a comment. */
static bool
skip_space(FulcraScanner *self)
{
    while (self->at < self->end && strchr(" \t\r\n", *self->at) != NULL &&
            *self->at != '\0')
        self->at++;
    if (self->at < self->end &&
            (*self->at == '#' ||
                    (*self->at == '/' &&
                            (self->at[1] == '/' || self->at[1] == '*'))))
        return fulcra__wrong(
                self, self->at, "a comment; JSON has none, so take it out");
    return true;
}

static bool
scan_key(FulcraScanner *self, GHashTable *seen)
{
    const char *start = self->at;
    g_autoptr(GString) key = NULL;

    if (self->at < self->end && *self->at == '\'')
        return fulcra__wrong(
                self, start, "a single quote; JSON has double quotes only");
    if (self->at == self->end || *self->at != '"') {
        g_autofree char *found = fulcra__scanner_describe(self);
        int length = fulcra__scanner_word_length(self);

        if (length > 0)
            return fulcra__wrong(self, start,
                    "a key needs double quotes: \"%.*s\"", length, start);
        return fulcra__wrong(self, start,
                "%s where a key in double quotes is expected", found);
    }
    key = g_string_new(NULL);
    if (!fulcra__scan_text(self, key))
        return false;
    if (!g_hash_table_add(seen, g_strdup(key->str)))
        return fulcra__wrong(self, start,
                "the key \"%s\" stands twice in one object; keep one of them",
                key->str);
    return true;
}

static bool
scan_member(FulcraScanner *self, GHashTable *seen)
{
    const char *key;

    if (!skip_space(self))
        return false;
    key = self->at;
    if (!scan_key(self, seen) || !skip_space(self))
        return false;
    if (self->at == self->end || *self->at != ':') {
        g_autofree char *found = fulcra__scanner_describe(self);
        return fulcra__wrong(
                self, self->at, "%s where ':' must follow the key", found);
    }
    self->at++;
    return skip_space(self) && scan_value(self, key);
}

static bool
scan_element(FulcraScanner *self)
{
    return skip_space(self) && scan_value(self, NULL);
}

/* What stands between two members or elements. @more: (out): whether there is
 * another one. */
static bool
scan_separator(FulcraScanner *self, char close, bool *more)
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
            return fulcra__wrong(
                    self, comma, "a comma before '%c'; take it out", close);
        return true;
    }
    if (self->at < self->end && *self->at == close) {
        self->at++;
        return true;
    }
    found = fulcra__scanner_describe(self);
    return fulcra__wrong(
            self, self->at, "%s where ',' or '%c' is expected", found, close);
}

static bool
enter(FulcraScanner *self, char close, bool *more)
{
    if (++self->depth > FULCRA_JSON_MAX_DEPTH)
        return fulcra__scanner_fail(self, self->at, FULCRA_ERROR_TOO_LARGE,
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
scan_object(FulcraScanner *self)
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
scan_list(FulcraScanner *self)
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
scan_scalar(FulcraScanner *self)
{
    g_autofree char *found = NULL;
    g_autoptr(GString) decoded = NULL;
    char c = self->at < self->end ? *self->at : '\0';

    if (c == '"') {
        decoded = g_string_new(NULL);
        return fulcra__scan_text(self, decoded);
    }
    if (c == '-' || g_ascii_isdigit(c))
        return fulcra__scan_number(self);
    if (g_ascii_isalpha(c) || c == '_')
        return fulcra__scan_word(self);
    if (c == '\'')
        return fulcra__wrong(
                self, self->at, "a single quote; JSON has double quotes only");
    found = fulcra__scanner_describe(self);
    return fulcra__wrong(self, self->at, "%s where a value is expected", found);
}

static bool
scan_value(FulcraScanner *self, const char *key)
{
    FulcraSpot spot = {
        .key = (uint32_t)((key != NULL ? key : self->at) - self->text),
        .value = (uint32_t)(self->at - self->text),
    };

    if (self->spots->len >= FULCRA_JSON_MAX_VALUES)
        return fulcra__scanner_fail(self, self->at, FULCRA_ERROR_TOO_LARGE,
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
    FulcraScanner self = { text, text, text + length, 0, spots, fault };
    g_autofree char *found = NULL;

    if (length > FULCRA_JSON_MAX_SIZE)
        return fulcra__scanner_fail(&self, text, FULCRA_ERROR_TOO_LARGE,
                "%zu bytes; a document has at most %u", length,
                FULCRA_JSON_MAX_SIZE);
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        return fulcra__wrong(&self, text,
                "a byte order mark; save the file as UTF-8 without one");
    if (!skip_space(&self))
        return false;
    if (self.at == self.end)
        return fulcra__wrong(
                &self, self.at, "nothing but space; a value is expected");
    if (!scan_value(&self, NULL) || !skip_space(&self))
        return false;
    if (self.at == self.end)
        return true;
    found = fulcra__scanner_describe(&self);
    return fulcra__wrong(&self, self.at,
            "%s after the end of the value; a document is one value", found);
}
