/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Interned names, inside the kernel
 *
 * fulcra_intern() for texts that are not NUL-terminated, and a look-up that
 * adds nothing, for names that came from outside.
 */

#include <fulcra/types.h>

/** As fulcra_intern(), for the @length bytes at @name. */
const char *fulcra__intern_length(const char *name, size_t length);

/** The interned copy of @name if there is one; never adds it. (nullable) */
const char *fulcra__intern_find(const char *name, size_t length);
