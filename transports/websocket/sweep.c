/* SPDX-License-Identifier: MIT */
/*
 * sweep.c - what time does to sockets, and what too much of everything does
 *
 * One timer for each loop walks all its sockets a few times in the shortest of
 * the limits: ten thousand of them cost 50 microseconds a second, and nothing
 * for each message. Limits are kept to within a quarter of themselves.
 */
#include "websocket/socket.h"

#include <fulcra/log.h>
#include <malloc.h>

/* Budgets are looked at when a loop's debt has moved by this much. */
#define BUDGET_STEP ((int64_t)65536)

static void
sweep_silent(FulcraWebSocket *self, uint32_t now)
{
    FulcraSocketLoop *home = self->home;
    uint32_t silent = now - self->heard_ms;

    if (self->paused || self->turn != FULCRA_TURN_FREE) {
        self->heard_ms = now; /* it is we who do not listen */
        return;
    }
    if (home->limits.ping_ms == 0 ||
            (int32_t)silent < (int32_t)home->limits.ping_ms)
        return;
    if (!self->pinged) {
        self->pinged = true;
        self->heard_ms = now;
        fulcra__outbound_push(&self->outbound, &home->outbound, home->ping);
        if (!self->blocked)
            fulcra__socket_mark_dirty(self);
        return;
    }
    fulcra_host_stats_add(FULCRA_STAT_CLOSED_IDLE, 1);
    fulcra__socket_end(self, FULCRA_CLOSE_GOING_AWAY, "no answer to a ping",
            FULCRA_CLOSE_GOING_AWAY, true);
}

/* Our Close is stuck behind a peer that does not read. It holds no more than
 * one frame now, so it gets the time that silence gets: who was too slow may
 * still learn it. */
static bool
close_is_stuck(FulcraWebSocket *self, uint32_t now)
{
    return self->wire == FULCRA_WIRE_CLOSING && self->blocked &&
           !self->home->stopping &&
           (int32_t)(now - self->ending->deadline_ms) <
                   (int32_t)self->home->limits.ping_ms;
}

static void
sweep_socket(FulcraWebSocket *self, uint32_t now)
{
    if (self->wire == FULCRA_WIRE_OPEN && !self->ending) {
        sweep_silent(self, now);
        if (self->paused && !self->home->choked)
            fulcra__turn_advance(self);
        return;
    }
    if (!self->ending || (int32_t)(now - self->ending->deadline_ms) < 0)
        return;
    if (self->wire == FULCRA_WIRE_OPEN) /* what it waits for takes too long */
        fulcra__wire_begin_close(self);
    else if (self->wire != FULCRA_WIRE_NONE && !close_is_stuck(self, now))
        fulcra__wire_drop(self, true);
}

/* A connection being made takes forty times the memory that its socket keeps,
 * and malloc holds on to it, in holes between the sockets. So it is given back
 * when a burst of handshakes is over, which takes less than a millisecond for
 * ten thousand sockets. */
#define BURST 500

static void
sweep_memory(FulcraSocketLoop *home)
{
    bool quiet = home->n_opened == home->n_opened_before;

    home->n_opened_before = home->n_opened;
    if (!quiet || home->n_opened - home->n_opened_at_trim < BURST)
        return;
    home->n_opened_at_trim = home->n_opened;
    malloc_trim(0);
}

void
fulcra__sweep_run(FulcraTimer *timer)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)timer -
                                 G_STRUCT_OFFSET(FulcraSocketLoop, sweep));
    uint32_t now = fulcra__socket_now_ms(home);

    /* Sockets are taken out of the list at the end of the turn only. */
    for (FulcraWebSocket *self = home->sockets; self != NULL; self = self->next)
        sweep_socket(self, now);
    sweep_memory(home);
    fulcra_loop_set_timer(home->loop, &home->sweep, home->sweep_ms);
}

/* --- budgets --- */

static int64_t
total_inbound(FulcraWebSockets *owner)
{
    int64_t sum = 0;

    for (size_t i = 0; i < owner->n_homes; i++)
        sum += atomic_load_explicit(
                &owner->homes[i].inbound, memory_order_relaxed);
    return sum;
}

int64_t
fulcra__sweep_total_outbound(FulcraWebSockets *owner)
{
    int64_t sum = 0;

    for (size_t i = 0; i < owner->n_homes; i++)
        sum += atomic_load_explicit(
                       &owner->homes[i].outbound.bytes, memory_order_relaxed) +
               atomic_load_explicit(&owner->homes[i].audiences.incoming,
                       memory_order_relaxed);
    return sum;
}

static size_t
debt_inbound(FulcraWebSocket *self)
{
    return self->inbound_counted;
}

static size_t
debt_outbound(FulcraWebSocket *self)
{
    return fulcra__outbound_bytes(&self->outbound);
}

/* Closes the socket of this loop that owes most; false where none does. */
static bool
close_debtor(FulcraSocketLoop *home, size_t (*debt)(FulcraWebSocket *))
{
    FulcraWebSocket *worst = NULL;

    for (FulcraWebSocket *self = home->sockets; self != NULL; self = self->next)
        if (debt(self) > (worst == NULL ? 0 : debt(worst)))
            worst = self;
    if (worst == NULL)
        return false;
    if (worst->ending && worst->ended_here) { /* a Close was not enough */
        fulcra__wire_drop(worst, true);
        return true;
    }
    fulcra_log_warning(NULL,
            "socket %s: closed with %d: it holds most of the "
            "server's budget",
            fulcra__socket_name(worst), FULCRA_CLOSE_TRY_AGAIN);
    fulcra_host_stats_add(FULCRA_STAT_CLOSED_OVERLOADED, 1);
    fulcra_host_stats_add(FULCRA_STAT_MESSAGES_DROPPED,
            fulcra__outbound_drop_waiting(&worst->outbound, &home->outbound));
    fulcra__socket_end(worst, FULCRA_CLOSE_TRY_AGAIN, "server overloaded",
            FULCRA_CLOSE_TRY_AGAIN, true);
    fulcra__message_reader_clear(&worst->reader);
    worst->garbled = true; /* its message was cut */
    fulcra__turn_count_inbound(worst);
    return true;
}

static bool
is_over(int64_t total, size_t limit)
{
    return total > (int64_t)limit;
}

void
fulcra__sweep_budgets(FulcraSocketLoop *home)
{
    FulcraWebSockets *owner = home->owner;
    int64_t in = atomic_load_explicit(&home->inbound, memory_order_relaxed);
    int64_t out =
            atomic_load_explicit(&home->outbound.bytes, memory_order_relaxed);

    if (!home->choked && in < BUDGET_STEP && out < BUDGET_STEP)
        return;
    while (is_over(fulcra__sweep_total_outbound(owner),
                   home->limits.outbound_total) &&
            close_debtor(home, debt_outbound))
        ;
    home->choked = is_over(total_inbound(owner), home->limits.inbound_total);
    if (home->choked && close_debtor(home, debt_inbound))
        home->choked =
                is_over(total_inbound(owner), home->limits.inbound_total);
}
