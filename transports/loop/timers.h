/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * The timers of one loop: a binary heap of FulcraTimer, earliest first
 *
 * Each timer knows its position, so that one is taken out without a search.
 * The loop's thread only.
 */

#include "loop/loop.h"

typedef struct {
    FulcraTimer **timers; /* 1 .. n; [0] is not used */
    size_t n, allocated;
} FulcraTimers;

void fulcra__timers_set(FulcraTimers *self, FulcraTimer *timer, int64_t due_ns);
void fulcra__timers_clear(FulcraTimers *self, FulcraTimer *timer);
void fulcra__timers_finish(FulcraTimers *self);

/* Fires those that are due at @now_ns. A timer that is set again while they
 * fire waits for the next call, so that none can keep the loop to itself. */
void fulcra__timers_fire(FulcraTimers *self, int64_t now_ns);

/* Until the earliest is due: milliseconds, rounded up; -1 for never. */
int fulcra__timers_timeout(const FulcraTimers *self, int64_t now_ns);
