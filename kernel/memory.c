/* SPDX-License-Identifier: MIT */

/*
 * memory.c - memory of what is made for each request
 *
 * In a file of its own, so that memset() is called: what the compiler writes
 * in its place for a size that it knows takes three times as long. calloc()
 * goes past the allocator's lists of the thread, so it is no alternative.
 */

#include "private/memory.h"

#include <glib.h>
#include <string.h>

void *
fulcra__zeroed(size_t size)
{
    return memset(g_malloc(size), 0, size);
}
