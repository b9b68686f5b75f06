/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/space.h>

/** What every scope ends with: data: and conversions. (transfer full) */
FulcraSpace *fulcra__builtins_new(void);
