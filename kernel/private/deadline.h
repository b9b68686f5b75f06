/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Deadlines of requests that nobody waits for on a thread
 */

#include <fulcra-host/sync.h>
#include <glib.h>
#include <stdint.h>

typedef struct _FulcraDeadlines FulcraDeadlines;

/* Embedded in what has the deadline. */
typedef struct _FulcraDeadline FulcraDeadline;
struct _FulcraDeadline {
    int64_t at;     /* monotonic microseconds */
    unsigned place; /* in the heap, from 1; 0: not in it */
};

/** @expired: called on the thread of the deadlines, without locks; @hold is
 * called for the entry under the lock just before, so that it stays alive. */
FulcraDeadlines *fulcra__deadlines_new(void (*hold)(FulcraDeadline *entry),
        void (*expired)(FulcraDeadline *entry));

/** From then on none expires; entries may still be added and removed. */
void fulcra__deadlines_stop(FulcraDeadlines *self);
void fulcra__deadlines_free(FulcraDeadlines *self); /* after it was stopped */

void fulcra__deadlines_add(FulcraDeadlines *self, FulcraDeadline *entry);

/** Whether it was still there: if not, @expired was or will be called. */
bool fulcra__deadlines_remove(FulcraDeadlines *self, FulcraDeadline *entry);
