/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/context.h>

/** Whether some class of layers answers for the interned @scheme. */
bool fulcra__context_is_dynamic(const char *scheme);

/** What stands for the layer that answers for @scheme; 0 where none does.
 * Numbers are never used twice. */
uint64_t fulcra__context_identity_of(FulcraContext *self, const char *scheme);

/** The nearest layer that answers for the interned @scheme. (nullable) */
FulcraContext *fulcra__context_find(
        FulcraContext *self, const char *scheme, FulcraSpace **space);
