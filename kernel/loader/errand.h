/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Errands: code of others, run on a thread of its own, for as long as one is
 * willing to wait
 */

#include <stdbool.h>

typedef struct _FulcraErrand FulcraErrand;

/**
 * fulcra__errand_start:
 * @run: must be able to end after the caller has given up
 *
 * Returns: (transfer full)
 */
FulcraErrand *fulcra__errand_start(void (*run)(void *data), void *data);

/** Whether @self ends within @timeout_ms; 0 to ask only. */
bool fulcra__errand_await(FulcraErrand *self, unsigned timeout_ms);

/** Its thread goes on if it has not ended. NULL: does nothing. */
void fulcra__errand_unref(FulcraErrand *self);
