/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Limits of time are stated for a plain build. Sanitizers and valgrind are
 * slower: multiply by patience().
 */

#include <glib.h>

static inline int
patience(void)
{
    const char *sanitizers = g_getenv("FULCRA_SANITIZERS");

    if (g_getenv("FULCRA_VALGRIND") != NULL)
        return 50;
    return sanitizers == NULL || g_str_equal(sanitizers, "no") ? 1 : 10;
}
