/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Escapes
 *
 * The text form of an identifier is UTF-8 in which some bytes stand for
 * themselves and the others are written %XX. Everywhere escaped: % + @ { },
 * control characters, and bytes that are not UTF-8; so whatever bytes a text
 * holds, its escaped form is one word of valid UTF-8 without structure.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

typedef enum {
    FULCRA_ESCAPE_PATH,    /* no more than the above: "/" and ":" stay */
    FULCRA_ESCAPE_SEGMENT, /* "/" too */
    FULCRA_ESCAPE_TEXT,    /* ":" too: cannot look like "scheme:..." */
} FulcraEscape;

/** How long @length bytes of @text become. */
size_t fulcra__escape_length(FulcraEscape how, const char *text, size_t length);

/** Writes the escaped form without a NUL. Returns: the end of what it wrote */
char *fulcra__escape_write(
        FulcraEscape how, const char *text, size_t length, char *to);

void fulcra__escape_append(
        FulcraEscape how, const char *text, size_t length, GString *to);

/**
 * fulcra__unescape:
 *
 * Returns: (transfer full) (nullable): what @length bytes of @text stand for;
 * NULL where an escape is malformed or stands for NUL
 */
char *fulcra__unescape(const char *text, size_t length, size_t *result_length);

/**
 * fulcra__escape_normalise:
 * @text: what a person wrote: more may be escaped than need be
 * @at: (out): where it is wrong
 *
 * Appends the one escaped form of @text in which all identifiers are compared.
 * An escaped "/" remains one: it is not the separator.
 *
 * Returns: (nullable): NULL, or what is wrong at @at, and then nothing was
 * appended
 */
const char *fulcra__escape_normalise(
        const char *text, size_t length, GString *to, size_t *at);
