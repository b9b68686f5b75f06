/* SPDX-License-Identifier: MIT */

/*
 * ticker.c - see ticker.h
 *
 * Timers belong to the loop's thread: the one that loads modules has it set and
 * clear them.
 */

#include "ticker.h"

#include <stddef.h>

typedef struct {
    FulcraTicker base;
    FulcraLoop *loop;
} LoopTicker;

typedef struct {
    FulcraTimer timer;
    FulcraLoop *loop;
    unsigned milliseconds;
    void (*tick)(void *user_data);
    void *user_data;
} Ticking;

static void
fire(FulcraTimer *timer)
{
    Ticking *self = (Ticking *)((char *)timer - offsetof(Ticking, timer));

    fulcra_loop_set_timer(self->loop, &self->timer, self->milliseconds);
    self->tick(self->user_data);
}

static void
set(void *ticking)
{
    Ticking *self = ticking;

    fulcra_loop_set_timer(self->loop, &self->timer, self->milliseconds);
}

static void
clear(void *ticking)
{
    Ticking *self = ticking;

    fulcra_loop_clear_timer(self->loop, &self->timer);
}

static void *
ticker_start(FulcraTicker *self, unsigned milliseconds,
        void (*tick)(void *user_data), void *user_data)
{
    Ticking *ticking = g_new0(Ticking, 1);

    ticking->timer.fire = fire;
    ticking->loop = ((LoopTicker *)self)->loop;
    ticking->milliseconds = milliseconds;
    ticking->tick = tick;
    ticking->user_data = user_data;
    fulcra_loop_call(ticking->loop, set, ticking);
    return ticking;
}

static void
ticker_stop(FulcraTicker *self, void *ticking)
{
    fulcra_loop_call(((LoopTicker *)self)->loop, clear, ticking);
    g_free(ticking);
}

FulcraTicker *
fulcra_ticker_new(FulcraLoop *loop)
{
    LoopTicker *self = g_new0(LoopTicker, 1);

    self->base.start = ticker_start;
    self->base.stop = ticker_stop;
    self->loop = loop;
    return &self->base;
}

void
fulcra_ticker_free(FulcraTicker *self)
{
    g_free(self);
}
