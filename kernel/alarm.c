/* SPDX-License-Identifier: MIT */

/*
 * alarm.c - when those who follow look again, though nothing was cut
 *
 * Alarms ring on the thread of their deadlines, without locks.
 */

#include "private/follow.h"
#include "private/run.h"

#define LEAST_US    (G_USEC_PER_SEC / 10) /* between looks for time's sake */
#define CHECK_US    G_USEC_PER_SEC
#define BACKOFF_MS  1000
#define BACKOFF_MAX 30000

static void
alarm_hold(FulcraDeadline *deadline)
{
    FulcraAlarm *self = FULCRA__CONTAINER_OF(deadline, FulcraAlarm, deadline);

    self->hold(self);
}

static void
alarm_ring(FulcraDeadline *deadline)
{
    FulcraAlarm *self = FULCRA__CONTAINER_OF(deadline, FulcraAlarm, deadline);

    self->ring(self);
}

FulcraDeadlines *
fulcra__alarms_new(void)
{
    return fulcra__deadlines_new(alarm_hold, alarm_ring);
}

void
fulcra__alarm_set(FulcraDeadlines *deadlines, FulcraAlarm *self, int64_t in_us)
{
    fulcra__deadlines_remove(deadlines, &self->deadline);
    if (in_us < 0)
        return;
    self->deadline.at = g_get_monotonic_time() + in_us;
    fulcra__deadlines_add(deadlines, &self->deadline);
}

int64_t
fulcra__ledger_next_look(const FulcraLedger *ledger)
{
    int64_t next = ledger->n_checks > 0 ? CHECK_US : -1;

    if (ledger->expires_at != 0) {
        int64_t in = MAX(ledger->expires_at - g_get_real_time(), LEAST_US);

        next = next < 0 ? in : MIN(next, in);
    }
    return next;
}

int64_t
fulcra__backoff(unsigned *milliseconds)
{
    *milliseconds = *milliseconds == 0 ? BACKOFF_MS
                                       : MIN(*milliseconds * 2, BACKOFF_MAX);
    return (int64_t)*milliseconds * 1000;
}
