/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra/error.h>

/** @error: (transfer full); the same error in our domain. (transfer full) */
GError *fulcra__error_adopt(GError *error);

/** Adds a request to the stack: @error is of our domain. */
void fulcra__error_push(GError *error, const char *line);

/** @trace: (transfer full) */
void fulcra__error_take_trace(GError *error, char *trace);
