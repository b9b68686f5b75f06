/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The path of a request target, made fit to be data in an identifier
 */

#include <glib.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * fulcra__http_path_new:
 * @target: the request target as it was sent, "/a%20b/../c?query"
 * @length: where its path ends
 *
 * Percent-decodes once, then resolves "." and "..". What servers and proxies
 * are known to disagree about is refused, not repaired: a malformed or
 * encoded NUL, an encoded slash, a backslash, control characters, text that is
 * not UTF-8, and ".." above the root.
 *
 * Returns: (transfer full) (nullable): NULL with FULCRA_ERROR_BAD_ARGUMENT
 */
char *fulcra__http_path_new(const char *target, size_t length, GError **error);

G_END_DECLS
