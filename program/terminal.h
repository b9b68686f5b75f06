/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * What may be shown on a terminal: logs and answers hold what clients chose.
 */

#include <glib.h>

G_BEGIN_DECLS

/**
 * fulcra_terminal_append:
 * @c: of valid UTF-8
 *
 * Appends @c, or, where a terminal would take it for a command or it would
 * reorder what stands around it, its number: "\x1b", "\u202e".
 */
void fulcra_terminal_append(GString *line, gunichar c);

G_END_DECLS
