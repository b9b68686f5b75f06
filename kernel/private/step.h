/* SPDX-License-Identifier: MIT */
#pragma once

#include <fulcra-host/inspect.h>

/** A FulcraStepped: appends a line to @trace, a GString. */
void fulcra__step_trace(const FulcraStep *step, void *trace);
