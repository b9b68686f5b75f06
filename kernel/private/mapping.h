/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/mapping.h>
#include <fulcra-host/sync.h>

extern atomic_uint fulcra__n_mappings;

static inline bool
fulcra__mappings_are_watched(void)
{
    return atomic_load_explicit(&fulcra__n_mappings, memory_order_relaxed) != 0;
}

/** One more, or (@change: -1) one fewer, of what is said to be there. Where
 * fulcra__mappings_are_watched(). @address, @other: (nullable): of which one is
 * enough */
void fulcra__mappings_count_representation(
        uintptr_t address, uintptr_t other, int change);
void fulcra__mappings_count_callback(uintptr_t address, int change);
