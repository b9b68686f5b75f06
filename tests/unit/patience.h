/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Limits of time are stated for a plain build. Sanitizers and valgrind are
 * slower: multiply by patience().
 */

#include <glib.h>
#include <stdint.h>
#include <time.h>

static inline int
patience(void)
{
    const char *sanitizers = g_getenv("FULCRA_SANITIZERS");

    if (g_getenv("FULCRA_VALGRIND") != NULL)
        return 50;
    return sanitizers == NULL || g_str_equal(sanitizers, "no") ? 1 : 10;
}

/* Microseconds that this thread has computed: what others do on the machine
 * meanwhile does not count. */
static inline int64_t
computed(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}
