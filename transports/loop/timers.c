/* SPDX-License-Identifier: MIT */

/*
 * timers.c - the heap behind fulcra_loop_set_timer()
 *
 * Invariants: timers[i]->position == i for 1 <= i <= n, and no timer is due
 * before its parent, timers[i / 2].
 */

#include "loop/timers.h"

#include <limits.h>

#define NS_PER_MS 1000000

static void
place(FulcraTimers *self, size_t position, FulcraTimer *timer)
{
    self->timers[position] = timer;
    timer->position = position;
}

static void
sift_up(FulcraTimers *self, size_t position, FulcraTimer *timer)
{
    while (position > 1 && timer->due_ns < self->timers[position / 2]->due_ns) {
        place(self, position, self->timers[position / 2]);
        position /= 2;
    }
    place(self, position, timer);
}

static void
sift_down(FulcraTimers *self, size_t position, FulcraTimer *timer)
{
    for (;;) {
        size_t child = position * 2;

        if (child > self->n)
            break;
        if (child < self->n &&
                self->timers[child + 1]->due_ns < self->timers[child]->due_ns)
            child++;
        if (timer->due_ns <= self->timers[child]->due_ns)
            break;
        place(self, position, self->timers[child]);
        position = child;
    }
    place(self, position, timer);
}

static void
settle(FulcraTimers *self, size_t position, FulcraTimer *timer)
{
    if (position > 1 && timer->due_ns < self->timers[position / 2]->due_ns)
        sift_up(self, position, timer);
    else
        sift_down(self, position, timer);
}

void
fulcra__timers_set(FulcraTimers *self, FulcraTimer *timer, int64_t due_ns)
{
    timer->due_ns = due_ns;
    if (timer->position != 0) {
        settle(self, timer->position, timer);
        return;
    }
    if (self->n + 2 > self->allocated) {
        self->allocated = MAX(64, self->allocated * 2);
        self->timers = g_renew(FulcraTimer *, self->timers, self->allocated);
    }
    self->n++;
    sift_up(self, self->n, timer);
}

void
fulcra__timers_clear(FulcraTimers *self, FulcraTimer *timer)
{
    size_t position = timer->position;

    if (position == 0)
        return;
    g_assert(position <= self->n && self->timers[position] == timer);
    timer->position = 0;

    FulcraTimer *last = self->timers[self->n--];
    if (last != timer)
        settle(self, position, last);
}

void
fulcra__timers_fire(FulcraTimers *self, int64_t now_ns)
{
    /* What is set while timers fire is due later than now_ns, or at once: the
     * count bounds the latter. */
    size_t most = self->n;

    while (most-- > 0 && self->n > 0 && self->timers[1]->due_ns <= now_ns) {
        FulcraTimer *timer = self->timers[1];

        fulcra__timers_clear(self, timer);
        timer->fire(timer);
    }
}

int
fulcra__timers_timeout(const FulcraTimers *self, int64_t now_ns)
{
    if (self->n == 0)
        return -1;

    int64_t left = self->timers[1]->due_ns - now_ns;
    if (left <= 0)
        return 0;
    return (int)MIN((left + NS_PER_MS - 1) / NS_PER_MS, INT_MAX);
}

void
fulcra__timers_finish(FulcraTimers *self)
{
    for (size_t i = 1; i <= self->n; i++)
        self->timers[i]->position = 0;
    g_clear_pointer(&self->timers, g_free);
    self->n = self->allocated = 0;
}
