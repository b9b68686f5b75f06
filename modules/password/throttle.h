/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Throttle: how often somebody may still fail
 *
 * A bounded table of those who failed lately; whoever is not in it has not. A
 * bucket of tokens each: a failure takes one, and they come back evenly. Whose
 * bucket a failure empties has to wait for one token, and twice as long after
 * every further failure, until a success or a long time without any.
 *
 * Attempts that were let in and have not ended yet count as failures, so that
 * many at once are not let in on one token.
 *
 * Not thread-safe. Times are monotonic microseconds, handed in.
 */

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct _Throttle Throttle;

typedef struct {
    unsigned failures; /* within window */
    int64_t window;
    int64_t max_delay;
    unsigned max_entries; /* those asked for longest ago are forgotten */
} ThrottleLimits;

Throttle *throttle_new(void);
void throttle_free(Throttle *self);

/** Begins an attempt of @who. Returns 0, or how long @who has to wait. */
int64_t throttle_begin(Throttle *self, const ThrottleLimits *limits,
        const void *who, size_t length, int64_t now);

/** An attempt has failed, begun before or not. */
void throttle_fail(Throttle *self, const ThrottleLimits *limits,
        const void *who, size_t length, int64_t now);

/** An attempt has ended well. @forgive: what failed before is forgotten. */
void throttle_succeed(
        Throttle *self, const void *who, size_t length, bool forgive);

/** An attempt that was begun is none. */
void throttle_withdraw(Throttle *self, const void *who, size_t length);

unsigned throttle_size(Throttle *self);
