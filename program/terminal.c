/* SPDX-License-Identifier: MIT */

/* terminal.c - see terminal.h */

#include "terminal.h"

#include <stdbool.h>

/* Control characters, those beyond ASCII and the separators of lines and
 * paragraphs included, and characters that reorder what stands around them. */
static bool
is_unsafe(gunichar c)
{
    return g_unichar_iscntrl(c) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

void
fulcra_terminal_append(GString *line, gunichar c)
{
    if (is_unsafe(c))
        g_string_append_printf(line, c < 0x80 ? "\\x%02x" : "\\u%04x", c);
    else
        g_string_append_unichar(line, c);
}
