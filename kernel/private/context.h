/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/context.h>

/** The nearest layer that answers for the interned @scheme. (nullable) */
FulcraContext *fulcra__context_find(
        FulcraContext *self, const char *scheme, FulcraSpace **space);
