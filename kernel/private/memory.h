/* SPDX-License-Identifier: MIT */
#pragma once

#include <stddef.h>

/** As g_malloc0(), faster. For g_free(). */
void *fulcra__zeroed(size_t size);

/** Not initialised; @size > 0. What is small, made for each request, and freed
 * soon; any thread may free it. */
void *fulcra__block_new(size_t size);

void *fulcra__block_new_zeroed(size_t size);

/** @size: that it was made with */
void fulcra__block_free(void *block, size_t size);
