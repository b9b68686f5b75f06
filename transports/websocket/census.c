/* SPDX-License-Identifier: MIT */
/*
 * census.c - for whoever administrates: which sockets there are, and sending
 * them away a few at a time
 *
 * A socket is its loop's, so each loop is asked in turn and counts its own.
 */
#include "websocket/socket.h"

#include <string.h>

#define DRAIN_PERIOD_MS 100

/* A loop that hangs must not take who looks for the reason with it. */
#define PATIENCE_MS 2000

/* --- a list --- */

typedef struct {
    FulcraSocketLoop *home;
    FulcraSocketListed each;
    void *user_data;
} Census;

static const char *
state_of(const FulcraWebSocket *self)
{
    if (self->turn == FULCRA_TURN_NEW)
        return "opening";
    if (self->ending || self->wire != FULCRA_WIRE_OPEN)
        return "closing";
    return "open";
}

static void
list_one(Census *census, FulcraWebSocket *self, uint32_t now)
{
    FulcraSocketInfo info = {
        .socket = &self->handle->base,
        .id = self->handle->id,
        .path = fulcra_http_head_get_path(fulcra__socket_head(self)),
        .address = fulcra_http_head_get_remote_host(fulcra__socket_head(self)),
        .state = state_of(self),
        .loop = fulcra_loop_get_index(self->home->loop),
        .age_ms = now - fulcra__socket_opened_ms(self),
        .silent_ms = now - self->heard_ms,
        .waiting = fulcra__inbox_get_length(self->inbox),
        .busy = self->turn != FULCRA_TURN_FREE,
        .paused = self->paused,
        .outbound_bytes = fulcra__outbound_bytes(&self->outbound),
    };

    census->each(&info, census->user_data);
}

static void
list_home(void *data)
{
    Census *self = data;
    uint32_t now = fulcra__socket_now_ms(self->home);

    for (FulcraWebSocket *socket = self->home->sockets; socket != NULL;
            socket = socket->next)
        if (!socket->released)
            list_one(self, socket, now);
}

size_t
fulcra_websockets_list(
        FulcraWebSockets *self, FulcraSocketListed each, void *user_data)
{
    size_t silent = 0;

    for (size_t i = 0; i < self->n_homes; i++) {
        Census census = { &self->homes[i], each, user_data };

        silent += !fulcra_loop_call_within(
                self->homes[i].loop, PATIENCE_MS, list_home, &census);
    }
    return silent;
}

unsigned
fulcra_websockets_count(FulcraWebSockets *self)
{
    pthread_mutex_lock(&self->lock);
    unsigned n = self->n_sockets;
    pthread_mutex_unlock(&self->lock);
    return n;
}

/* --- draining --- */

static bool
can_be_sent_away(const FulcraWebSocket *self)
{
    return self->turn != FULCRA_TURN_NEW && !self->ending;
}

static unsigned
count_open(FulcraSocketLoop *home)
{
    unsigned n = 0;

    for (FulcraWebSocket *self = home->sockets; self != NULL; self = self->next)
        n += can_be_sent_away(self);
    return n;
}

/* How many may still be there now: fewer in step with the time. */
static unsigned
count_to_keep(FulcraSocketLoop *home)
{
    int64_t now_ns = fulcra_loop_now_ns(home->loop);
    int64_t over_ns = home->drain_until_ns - home->drain_from_ns;
    int64_t left_ns = MAX(home->drain_until_ns - now_ns, 0);

    if (over_ns <= 0)
        return 0;
    return (unsigned)(home->drain_sockets *
                              ((double)left_ns / (double)over_ns) +
                      0.5);
}

void
fulcra__drain_run(FulcraTimer *timer)
{
    FulcraSocketLoop *home =
            (FulcraSocketLoop *)((char *)timer -
                                 G_STRUCT_OFFSET(FulcraSocketLoop, drain));
    unsigned open = count_open(home), keep = count_to_keep(home);
    unsigned n = open > keep ? open - keep : 0;

    /* Sockets are taken out of the list at the end of the turn only. */
    for (FulcraWebSocket *self = home->sockets; self != NULL && n > 0;
            self = self->next) {
        if (!can_be_sent_away(self))
            continue;
        fulcra__socket_end(self, FULCRA_CLOSE_RESTART, "server restarts",
                FULCRA_CLOSE_RESTART, true);
        n--;
    }
    fulcra_loop_set_timer(home->loop, &home->drain, DRAIN_PERIOD_MS);
}

typedef struct {
    FulcraSocketLoop *home;
    unsigned over_ms;
} Drain;

static void
drain_home(void *data)
{
    Drain *self = data;

    FulcraSocketLoop *home = self->home;

    home->drain_sockets = count_open(home);
    home->drain_from_ns = fulcra_loop_now_ns(home->loop);
    home->drain_until_ns =
            home->drain_from_ns + (int64_t)self->over_ms * 1000000;
    fulcra__drain_run(&home->drain);
}

void
fulcra_websockets_drain(FulcraWebSockets *self, unsigned over_ms)
{
    pthread_mutex_lock(&self->lock);
    self->draining = true;
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < self->n_homes; i++) {
        Drain drain = { &self->homes[i], over_ms };

        fulcra_loop_call_within(
                self->homes[i].loop, PATIENCE_MS, drain_home, &drain);
    }
}
