/* SPDX-License-Identifier: MIT */

/*
 * flight.c - single flight: of simultaneous misses one evaluates
 *
 * Joining makes one tree of requests wait for another. `graph_lock` guards the
 * lists of what each tree has joined, so that a join that would close a circle
 * is seen; such a request evaluates alone. It is taken inside a shard's lock.
 */

#include "private/flight.h"
#include "private/memory.h"
#include "private/run.h"
#include <fulcra-host/stats.h>
#include <fulcra/error.h>
#include <fulcra/representation.h>

struct _FulcraFlight {
    FulcraFlight *next;
    unsigned hash;         /* of the question; of a group, of its values */
    FulcraRequest *leader; /* alive as long as the flight is */
    GPtrArray *waiters;    /* (nullable) of FulcraRequest, held */
};

static pthread_mutex_t graph_lock = PTHREAD_MUTEX_INITIALIZER;

static FulcraFlight *
flight_new(unsigned hash, FulcraRequest *leader)
{
    FulcraFlight *self = fulcra__block_new(sizeof *self);

    *self = (FulcraFlight){ .hash = hash, .leader = leader };
    return self;
}

static void
flight_free(FulcraFlight *self)
{
    g_clear_pointer(&self->waiters, g_ptr_array_unref);
    fulcra__block_free(self, sizeof *self);
}

static bool
asks_the_same(FulcraRequest *a, FulcraRequest *b)
{
    return a->verb == b->verb && a->wanted == b->wanted &&
           fulcra__request_get_places(a) == fulcra__request_get_places(b) &&
           fulcra_identifier_equal(a->identifier, b->identifier) &&
           fulcra__given_equal(a->given, b->given);
}

static bool
is_above(FulcraRequest *self, FulcraRequest *other)
{
    for (other = other->parent; other != NULL; other = other->parent)
        if (other == self)
            return true;
    return false;
}

/* With the graph's lock: whether what leads @self waits for @root. */
static bool
waits_for(FulcraFlight *self, FulcraRoot *root, int depth)
{
    FulcraRoot *leading = self->leader->root;

    if (leading == root || depth == 0)
        return true;
    for (unsigned i = 0; leading->joined && i < leading->joined->len; i++)
        if (waits_for(g_ptr_array_index(leading->joined, i), root, depth - 1))
            return true;
    return false;
}

/* Whether @request could; then it has. */
static bool
flight_join(FulcraFlight *self, FulcraRequest *request)
{
    FulcraRoot *root = request->root;

    pthread_mutex_lock(&graph_lock);
    bool circle = waits_for(self, root, 32);
    if (!circle) {
        if (self->waiters == NULL)
            self->waiters = g_ptr_array_new();
        g_ptr_array_add(self->waiters, fulcra_request_ref(request));
        if (root->joined == NULL)
            root->joined = g_ptr_array_new();
        g_ptr_array_add(root->joined, self);
        fulcra__request_hasten(self->leader, request);
    }
    pthread_mutex_unlock(&graph_lock);
    return !circle;
}

FulcraCacheVerdict
fulcra__flights_enter(FulcraFlights *self, unsigned hash,
        FulcraRequest *request, bool may_join)
{
    FulcraFlight *flight = self->first;

    while (flight != NULL &&
            (flight->hash != hash || !asks_the_same(flight->leader, request)))
        flight = flight->next;
    if (flight == NULL) {
        flight = flight_new(hash, request);
        request->flight = flight;
        flight->next = self->first;
        self->first = flight;
        return FULCRA__CACHE_EVALUATE;
    }
    if (is_above(flight->leader, request) &&
            flight->leader->context == request->context)
        return FULCRA__CACHE_CIRCLE;
    return may_join && flight_join(flight, request) ? FULCRA__CACHE_JOINED
                                                    : FULCRA__CACHE_EVALUATE;
}

void
fulcra__flights_leave(FulcraFlights *self, FulcraFlight *flight)
{
    FulcraFlight **at = &self->first;

    while (*at != NULL && *at != flight)
        at = &(*at)->next;
    if (*at == flight) /* one that was made at a landing is in no list */
        *at = flight->next;
}

/* --- landing --- */

static void
leave_graph(FulcraFlight *self)
{
    pthread_mutex_lock(&graph_lock);
    for (unsigned i = 0; i < self->waiters->len; i++) {
        FulcraRequest *waiter = g_ptr_array_index(self->waiters, i);

        g_ptr_array_remove_fast(waiter->root->joined, self);
    }
    pthread_mutex_unlock(&graph_lock);
}

/* Errors that say something of the leader rather than of the resource. */
static bool
is_of_the_leader(const GError *error)
{
    return error->code == FULCRA_ERROR_CANCELLED ||
           error->code == FULCRA_ERROR_TIMEOUT ||
           error->code == FULCRA_ERROR_OVERLOADED;
}

static bool
gives(FulcraRequest *leader, FulcraRequest *waiter)
{
    if (leader->error != NULL ? is_of_the_leader(leader->error)
                              : !leader->kept_answer)
        return false;
    return fulcra__ledger_is_valid(leader->ledger) &&
           fulcra__ledger_matches(leader->ledger, waiter);
}

static void
give(FulcraRequest *leader, FulcraRequest *waiter)
{
    fulcra_host_stats_add(FULCRA_STAT_CACHE_SHARED, 1);
    if (leader->error == NULL) {
        fulcra__cache_give(waiter, fulcra_representation_ref(leader->answer),
                fulcra__ledger_ref(leader->ledger), "shared");
        return;
    }
    pthread_mutex_lock(&waiter->root->lock);
    if (!waiter->ledger->closed)
        fulcra__ledger_merge(waiter->ledger, leader->ledger, NULL);
    pthread_mutex_unlock(&waiter->root->lock);
    fulcra__request_mark_returned(waiter);
    fulcra__request_finish(waiter, NULL, g_error_copy(leader->error));
}

/* --- those who are to evaluate for themselves --- */

/* Lets @self, which waited, evaluate, for @flight if that is not NULL. False
 * where its time was up meanwhile: who ends a request looks under the same
 * lock what it leads. */
static bool
request_lead(FulcraRequest *self, FulcraFlight *flight)
{
    pthread_mutex_lock(&self->root->lock);
    bool pending = atomic_load(&self->phase) == PHASE_PENDING;
    if (pending) {
        self->flight = flight;
        self->evaluated_us = g_get_monotonic_time();
    }
    pthread_mutex_unlock(&self->root->lock);
    return pending;
}

/* The last of those who wait leads from now on; its reference passes. */
static void
flight_pass_lead(FulcraFlight *self)
{
    pthread_mutex_lock(&graph_lock);
    FulcraRequest *next =
            g_ptr_array_steal_index_fast(self->waiters, self->waiters->len - 1);
    g_ptr_array_remove_fast(next->root->joined, self);
    self->leader = next;
    pthread_mutex_unlock(&graph_lock);
}

/* @self is complete: nobody joins it, and it is led by one that waited, whose
 * reference it has. */
static void
flight_start(FulcraFlight *self, void (*again)(FulcraRequest *request))
{
    while (!request_lead(self->leader, self)) {
        fulcra_request_unref(self->leader);
        if (self->waiters == NULL || self->waiters->len == 0) {
            flight_free(self);
            return;
        }
        flight_pass_lead(self);
    }
    again(self->leader);
}

/* Those with the same values are one flight. @waiter: (transfer full) */
static void
regroup(GPtrArray *groups, FulcraRequest *leader, FulcraRequest *waiter,
        void (*again)(FulcraRequest *request))
{
    unsigned values = fulcra__noted_hash(
            leader->ledger->noted, leader->ledger->n_noted, waiter);

    for (unsigned i = 0; i < groups->len; i++) {
        FulcraFlight *group = g_ptr_array_index(groups, i);

        if (group->hash != values)
            continue;
        if (flight_join(group, waiter) || !request_lead(waiter, NULL))
            fulcra_request_unref(waiter); /* the group has one of its own */
        else
            again(waiter);
        return;
    }
    g_ptr_array_add(groups, flight_new(values, waiter));
}

void
fulcra__flight_land(FulcraFlight *self, FulcraRequest *leader,
        void (*again)(FulcraRequest *request))
{
    if (self->waiters == NULL) { /* nobody joins any more: no lock is needed */
        flight_free(self);
        return;
    }
    g_autoptr(GPtrArray) groups = g_ptr_array_new();

    leave_graph(self);
    for (unsigned i = 0; i < self->waiters->len; i++) {
        FulcraRequest *waiter = g_ptr_array_index(self->waiters, i);

        if (atomic_load(&waiter->phase) != PHASE_PENDING) {
            fulcra_request_unref(waiter); /* its time was up */
        } else if (gives(leader, waiter)) {
            give(leader, waiter);
            fulcra_request_unref(waiter);
        } else {
            regroup(groups, leader, waiter, again);
        }
    }
    for (unsigned i = 0; i < groups->len; i++)
        flight_start(g_ptr_array_index(groups, i), again);
    flight_free(self);
}
