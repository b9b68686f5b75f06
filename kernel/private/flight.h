/* SPDX-License-Identifier: MIT */
#pragma once

/*
 * Flights: one evaluates, the others wait
 */

#include "private/cache.h"

/* Those of a shard; guarded by its lock. */
typedef struct {
    FulcraFlight *first;
} FulcraFlights;

/** @request missed: it joins the flight of who asks the same, or leads one. */
FulcraCacheVerdict fulcra__flights_enter(FulcraFlights *self, unsigned hash,
        FulcraRequest *request, bool may_join);

/** Nobody joins @flight any more. */
void fulcra__flights_leave(FulcraFlights *self, FulcraFlight *flight);

/** Gives those who joined what @leader has, where it is theirs; of the others,
 * one for each set of values that matter is given to @again, with a reference,
 * and leads those with the same values. Frees @flight. */
void fulcra__flight_land(FulcraFlight *flight, FulcraRequest *leader,
        void (*again)(FulcraRequest *request));
